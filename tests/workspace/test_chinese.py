"""Every error that a reader can meet is told in Chinese too."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo.errors import InputError
from workspace._chinese import chinese
from workspace._chinese_mend import MEND
from workspace._chinese_what import WHAT

ROOT = Path(__file__).resolve().parents[2]
# What these find wrong is a programme's doing, not a file's or a command's.
NOT_FOR_READERS = {"_example_depth.py", "example_places.py", "water.py"}
VALUE = "1a"


def _text(node: ast.expr | None) -> str | None:
    """Return a message with a value in each place of one; None where it is not written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [one.value if isinstance(one, ast.Constant) else VALUE for one in node.values]
        return "".join(map(str, parts)) if len(parts) > 1 else None
    return None


def _messages() -> Iterator[tuple[str, str | None, str | None]]:
    for room in ("geo", "workspace"):
        for path in sorted((ROOT / room).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                called = getattr(node, "func", None)
                if not isinstance(called, ast.Name) or called.id != "InputError":
                    continue
                mend = next((one.value for one in node.keywords if one.arg == "mend"), None)
                yield path.name, _text(node.args[0]), _text(mend)


def test_every_message_is_known() -> None:
    found = [one for one in _messages() if one[0] not in NOT_FOR_READERS]
    assert len(found) > 100
    unknown = [
        f"{name}: {text}"
        for name, what, mend in found
        for text, told in (
            (what, chinese(InputError(what or "", where="", mend=""))),
            (mend, chinese(InputError("there is no such file", where="", mend=mend or ""))),
        )
        if text and ("输入不能使用" in told or told.endswith(text))
    ]
    assert unknown == []


@pytest.mark.parametrize("table", [WHAT, MEND], ids=["what", "mend"])
def test_every_rendering_takes_the_values_of_its_message(
    table: tuple[tuple[str, str], ...],
) -> None:
    for english, own in table:
        count = english.count("{}")
        assert re.search("[一-鿿]", own), own
        assert own.format(*("x" * count)), own
        named = {int(number) for number in re.findall(r"\{(\d)\}", own)}
        assert own.count("{}") <= count, english
        assert not named or named <= set(range(count)), english
    assert len({english for english, _ in table}) == len(table)
