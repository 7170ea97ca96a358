"""What every run shares: its record, and the shifts it is about."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl
from sqlalchemy import Connection, Table, delete

from geo.errors import InputError
from risk.shifts import Shift, shifts
from risk.weights import WeightSet
from workspace import store
from workspace.folder import Workspace

Progress = Callable[[int, int], None]


@dataclass
class Run:
    """What a run did: counts, seconds per step, the weight set where it scored, what to tell."""

    kind: str
    as_of: datetime
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    weights: WeightSet | None = None
    lines: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begun, 2)

    def row(self) -> pl.DataFrame:
        """Return the run as a row of the table ``runs``."""
        made_with = self.weights
        return pl.DataFrame(
            {
                "run_id": [self.run_id],
                "kind": [self.kind],
                "started": [self.started],
                "finished": [datetime.now(UTC)],
                "as_of": [self.as_of],
                "counts": [json.dumps(self.counts)],
                "seconds": [json.dumps(self.seconds)],
                "weights_name": pl.Series([made_with and made_with.name], dtype=pl.String),
                "weights_version": pl.Series([made_with and made_with.version], dtype=pl.Int64),
            }
        )


def need_coast(ws: Workspace) -> None:
    """Raise InputError when the workspace has no coast."""
    if not store.count(ws.engine, "segments"):
        raise InputError(
            "the workspace has no coast yet",
            where=str(ws.root),
            mend="Import land polygons first: shoregrid import WS coast FILE",
        )


def shifts_from(ws: Workspace, day: date, days: int) -> list[Shift]:
    """Return the shifts that start on a local day and those after it."""
    return [
        shift
        for number in range(days)
        for shift in shifts(
            day + timedelta(days=number), tz=ws.config.tz, starts=ws.config.shift_starts
        )
    ]


def clear_shifts(connection: Connection, table: Table, wanted: Sequence[Shift]) -> None:
    """Take out what a table holds of these shifts, whichever run wrote it."""
    starts = [shift.t0 for shift in wanted]
    connection.execute(delete(table).where(table.c.shift_start.in_(starts)))
