"""How a command speaks: progress on a terminal, a plain summary, one JSON line, errors."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geo.errors import InputError

Progress = Callable[[str, int, int], None]


@dataclass
class Summary:
    """What a command did, to be told as text or as JSON; ``more`` goes into the JSON alone."""

    counts: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    quarantined: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def tell(self, *, as_json: bool) -> None:
        """Print the summary; with ``as_json`` the last line of standard output is one object."""
        for line in self.lines:
            print(line if line.isprintable() else _readable(line))
        for name, value in _flat(self.counts):
            print(f"{name:<28} {value:>12}")
        for reason, n in sorted(self.quarantined.items(), key=lambda item: -item[1]):
            print(f"隔离 quarantined {reason:<24} {n:>8}")
        if self.seconds:
            total = sum(self.seconds.values())
            steps = ", ".join(f"{name} {value:.1f}" for name, value in self.seconds.items())
            print(f"{total:.1f} s ({steps})")
        if as_json:
            seconds = {name: round(value, 3) for name, value in self.seconds.items()}
            told = {"counts": self.counts, "seconds": seconds, "quarantined": self.quarantined}
            print(json.dumps(told | self.more, ensure_ascii=False))


def _readable(line: str) -> str:
    """Return a line without what would do something to a terminal; it may quote a file."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in line)


def _flat(counts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in counts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@contextmanager
def progress() -> Iterator[Progress | None]:
    """Yield a function (what, done, total) that draws bars; None where there is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, TaskID] = {}
    with bars:

        def draw(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield draw


def complain(error: "InputError") -> None:
    """Print an input error in Chinese and English, one line each, on standard error."""
    from workspace._chinese import chinese

    print(" ".join(f"错误：{chinese(error)}".split()), file=sys.stderr)
    print(" ".join(f"error: {error}".split()), file=sys.stderr)
