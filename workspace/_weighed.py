"""Try weight sets on what the workspace knows: compare two, or suggest one from the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from risk.compare import Both, Comparison, compare, remarks, side_by_side
from risk.indicators import Evaluated, evaluate
from risk.score import score
from risk.shifts import Shift
from risk.suggest import Method, suggested
from risk.weights import WeightSet, reweighted
from workspace import store
from workspace._run import need_coast, shifts_from
from workspace.evidence import inputs
from workspace.folder import Workspace
from workspace.weighting import listed, shipped_set

_WORDS = {
    "entropy": ("熵权法", "entropy"),
    "critic": ("CRITIC 法", "CRITIC"),
}


@dataclass(frozen=True)
class Tried:
    """Two sets on one day: their weights, their scores, and what is to be said (zh, en).

    ``weights`` is the table of `risk.compare.side_by_side`; ``scores.cells`` bears the segments
    as rows of the shore's order, named by ``segment_ids``, and shifts named by ``shift_ids``.
    """

    weights: pl.DataFrame
    scores: Comparison
    segment_ids: list[str]
    shift_ids: list[str]
    said: list[Both]


def compared(
    ws: Workspace,
    first: WeightSet,
    second: WeightSet,
    *,
    day: date | None = None,
    now: datetime | None = None,
) -> Tried:
    """Score the shifts of one local day (today) with two sets, and lay them side by side."""
    moment = now or datetime.now(UTC)
    wanted = _shifts(ws, day, moment)
    a, b = (score(_evaluated(ws, one, wanted, moment), one).score for one in (first, second))
    segments = _segments(ws)
    found = compare(segments["length_m"].to_numpy() / 1000.0, a, b)
    table, said = side_by_side(first, second)
    said = [*found.said, *said, *remarks(first), *remarks(second)]
    return Tried(
        weights=table,
        scores=found,
        segment_ids=segments["segment_id"].to_list(),
        shift_ids=[shift.shift_id for shift in wanted],
        said=list(dict.fromkeys(said)),
    )


def suggest(
    ws: Workspace,
    given: WeightSet,
    method: Method,
    *,
    name: str,
    author: str,
    day: date | None = None,
    now: datetime | None = None,
) -> tuple[WeightSet, list[Both]]:
    """Suggest weights within the pillars of a set, from one local day's shifts (today).

    Returns the suggestion as a set of its own, the next version of ``name``, and what is to be
    said of it (zh, en).
    """
    moment = now or datetime.now(UTC)
    wanted = _shifts(ws, day, moment)
    values = _evaluated(ws, given, wanted, moment).value
    km = _segments(ws)["length_m"].to_numpy() / 1000.0
    found = suggested(given, values, km, method=method)
    zh, en = _WORDS[method]
    days = wanted[0].shift_id[:10]
    made = reweighted(
        given,
        found.weights,
        name=name,
        version=_next_version(ws, name),
        author=author,
        reason_zh=f"按 {days} 各指标的数据用{zh}建议，以 {given.name} 第 {given.version} 版为底。",
        reason_en=f"Suggested by {en} from the indicators of {days}, on the base of {given.name} "
        f"version {given.version}.",
    )
    return made, [*found.said, *remarks(made)]


def _next_version(ws: Workspace, name: str) -> int:
    if name == shipped_set().name:
        return shipped_set().version + 1
    known = listed(ws).filter(pl.col("name") == name)["version"]
    return 1 + max(known.to_list(), default=0)


def _shifts(ws: Workspace, day: date | None, moment: datetime) -> list[Shift]:
    need_coast(ws)
    return shifts_from(ws, day or moment.astimezone(ws.config.tz).date(), 1)


def _evaluated(
    ws: Workspace, weights: WeightSet, wanted: Sequence[Shift], moment: datetime
) -> Evaluated:
    return evaluate(inputs(ws, weights, wanted), wanted, as_of=moment, weights=weights)


def _segments(ws: Workspace) -> pl.DataFrame:
    return store.read(ws.engine, "segments", columns=["segment_id", "length_m"], order=["position"])
