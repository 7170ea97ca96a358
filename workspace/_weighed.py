"""Try weight sets on what the workspace knows: compare two, or suggest one from the data."""

from collections.abc import Mapping, Sequence
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
    wanted = day_shifts(ws, day, moment)
    a, b = (score(evaluated(ws, one, wanted, moment), one).score for one in (first, second))
    shore = lengths(ws)
    found = compare(shore["length_m"].to_numpy() / 1000.0, a, b)
    table, said = side_by_side(first, second)
    said = [*found.said, *said, *remarks(first), *remarks(second)]
    return Tried(
        weights=table,
        scores=found,
        segment_ids=shore["segment_id"].to_list(),
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
    wanted = day_shifts(ws, day, moment)
    values = evaluated(ws, given, wanted, moment).value
    km = lengths(ws)["length_m"].to_numpy() / 1000.0
    found = suggested(given, values, km, method=method)
    zh, en = _WORDS[method]
    days = wanted[0].shift_id[:10]
    made = next_set(
        ws,
        given,
        found.weights,
        name=name,
        author=author,
        reason=(
            f"按 {days} 各指标的数据用{zh}建议",
            f"Suggested by {en} from the indicators of {days}",
        ),
    )
    return made, [*found.said, *remarks(made)]


def next_set(
    ws: Workspace,
    given: WeightSet,
    shares: Mapping[str, float],
    *,
    name: str,
    author: str,
    reason: Both,
) -> WeightSet:
    """Return a set with other weights, the next version of its name; the reason names its base."""
    zh, en = reason
    return reweighted(
        given,
        shares,
        name=name,
        version=_next_version(ws, name),
        author=author,
        reason_zh=f"{zh}，以 {given.name} 第 {given.version} 版为底。",
        reason_en=f"{en}, on the base of {given.name} version {given.version}.",
    )


def _next_version(ws: Workspace, name: str) -> int:
    if name == shipped_set().name:
        return shipped_set().version + 1
    known = listed(ws).filter(pl.col("name") == name)["version"]
    return 1 + max(known.to_list(), default=0)


def day_shifts(ws: Workspace, day: date | None, moment: datetime) -> list[Shift]:
    """Return the shifts of one local day (today); raise InputError where there is no coast."""
    need_coast(ws)
    return shifts_from(ws, day or moment.astimezone(ws.config.tz).date(), 1)


def evaluated(
    ws: Workspace, weights: WeightSet, wanted: Sequence[Shift], moment: datetime
) -> Evaluated:
    """Return the indicators of all segments in these shifts, as known at the moment."""
    return evaluate(inputs(ws, weights, wanted), wanted, as_of=moment, weights=weights)


def lengths(ws: Workspace) -> pl.DataFrame:
    """Return ``segment_id, length_m`` in the order of the shore."""
    return store.read(ws.engine, "segments", columns=["segment_id", "length_m"], order=["position"])
