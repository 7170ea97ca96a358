"""Rank what would help most: which facility, inspection, camera or patrol lowers risk, where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk import _remedy_kernels as kernels
from risk._remedy_measures import MEASURES, REACH, Measures, candidates
from risk._remedy_tables import apply, explode
from risk._remedy_words import in_words
from risk.bands import BREAKS
from risk.indicators import evaluate
from risk.inputs import Inputs
from risk.score import pillar_means
from risk.shifts import Shift
from risk.weights import WeightSet, as_arrays

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = [
    "EFFECTS", "MEASURES", "REACH", "Measures", "apply", "candidates", "choose", "effects",
    "in_words",
]  # fmt: skip

EFFECTS = pl.Schema(
    {
        "measure": pl.String(),
        "what": pl.String(),
        "kind": pl.String(),
        "targets": pl.List(pl.String()),
        "drop": pl.Float64(),
        "drop_lo": pl.Float64(),
        "drop_hi": pl.Float64(),
        "share": pl.Float64(),
        "within_m": pl.Float64(),
        "near_km": pl.Float64(),
        "near_share": pl.Float64(),
        "high_km": pl.Float64(),
    }
)
"""One row per measure, the greatest fall first. ``drop`` is the fall of the sum of score x km x
hours, ``drop_lo``..``drop_hi`` what it may be when the missing values are known, ``share`` the
fall as a share of that sum over the whole county. Nine tenths of it lie within ``within_m``
metres: on ``near_km`` kilometres of shore, whose sum falls by ``near_share``. ``high_km`` are the
kilometres that leave the high bands (60 and more), as a mean over the hours."""

_HIGH = BREAKS[3]
_MOST = 0.9  # of the fall lies within `within_m`
_CELLS_AT_ONCE = 2_000_000


@dataclass
class _State:
    """Where things stand: inputs, values of the indicators, and means of the pillars."""

    inputs: Inputs
    value: Floats
    mean: Floats


@dataclass(frozen=True)
class _Context:
    shifts: tuple[Shift, ...]
    hours: Floats
    km: Floats
    as_of: datetime
    weights: WeightSet


def effects(
    inputs: Inputs,
    shifts: Sequence[Shift],
    measures: Measures,
    *,
    as_of: datetime,
    weights: WeightSet,
) -> pl.DataFrame:
    """Tell by how much each measure alone would lower risk, if it were taken at ``as_of``.

    Only the indicators that a measure touches are evaluated again, only on the segments that it
    reaches, for all measures at once.

    Parameters
    ----------
    inputs : Inputs
        What is known.
    shifts : sequence of Shift
        The shifts over which risk is summed: those of ``inputs``, none begun before ``as_of``.
    measures : Measures
        What might be done, as `risk.remedy.candidates` lists it.
    as_of : datetime
        The aware instant of the measures.
    weights : WeightSet
        The set.

    Returns
    -------
    polars.DataFrame
        ``EFFECTS``; a measure that reaches no segment is in it with 0.

    Raises
    ------
    InputError
        When a shift has begun or none is given, or as `risk.indicators.evaluate`.
    """
    state, context = _begin(inputs, shifts, as_of, weights)
    total = _total(state, context)
    return _ranked(_effects(state, context, measures), total)


def choose(
    inputs: Inputs,
    shifts: Sequence[Shift],
    measures: Measures,
    *,
    k: int,
    as_of: datetime,
    weights: WeightSet,
) -> pl.DataFrame:
    """Choose measures one after the other, each the best after those before it.

    After each choice the measures that share a segment with it are evaluated again, so that each
    fall is what the measure adds. The sum of falls is not submodular (of two broken facilities at
    one place the second to be mended may do all the good, and breaks may be convex), so greedy
    has no bound of 63 % (Nemhauser, Wolsey & Fisher 1978, Mathematical Programming 14); measures
    that mend several facilities at once are there for the plainest of these cases.

    Parameters
    ----------
    inputs, shifts, measures, as_of, weights
        As in `effects`.
    k : int
        How many at most; fewer where nothing more helps.

    Returns
    -------
    polars.DataFrame
        ``EFFECTS`` in the order of choice, with ``together``, the fall of all so far as a share
        of the county's sum at first.

    Raises
    ------
    InputError
        As `effects`.
    """
    state, context = _begin(inputs, shifts, as_of, weights)
    total = _total(state, context)
    found = _effects(state, context, measures)
    chosen: list[pl.DataFrame] = []
    while len(chosen) < k:
        best = _ranked(found, total).head(1)
        if best.is_empty() or best["drop"][0] <= 1e-9 * max(total, 1.0):
            break
        chosen.append(best)
        done = measures.only([best["measure"][0]])
        _take(state, context, done)
        near = done.reach["segment"].unique().to_list()
        again = measures.reach.filter(pl.col("segment").is_in(near))["measure"].unique().to_list()
        measures = measures.without(done.table["measure"].to_list())
        kept = found.filter(pl.col("measure").is_in(measures.table["measure"].to_list()))
        changed = measures.only(again)
        found = pl.concat(
            [
                kept.filter(~pl.col("measure").is_in(again)),
                _effects(state, context, changed),
            ]
        )
    table = pl.concat(chosen) if chosen else _ranked(found, total).clear()
    return table.with_columns(together=pl.col("share").cum_sum())


def _begin(
    inputs: Inputs, shifts: Sequence[Shift], as_of: datetime, weights: WeightSet
) -> tuple[_State, _Context]:
    begun = [s.shift_id for s in shifts if s.t0 < as_of]
    if begun or not shifts:
        told = f"{len(begun)} of the {len(shifts)} shifts began before {as_of:%Y-%m-%d %H:%M %Z}"
        raise InputError(
            f"{told}: {', '.join(begun)}" if begun else "no shift is given",
            where="remedies",
            mend="Give shifts that are still to come, and inputs made for just these",
        )
    context = _Context(
        shifts=tuple(shifts),
        hours=np.array([s.hours for s in shifts], dtype=np.float64),
        km=inputs.segments["length_m"].cast(pl.Float64).to_numpy() / 1000.0,
        as_of=as_of,
        weights=weights,
    )
    value = evaluate(inputs, shifts, as_of=as_of, weights=weights).value
    return _State(inputs, value, pillar_means(value, weights)[0]), context


def _total(state: _State, context: _Context) -> float:
    exponent = as_arrays(context.weights)[2]
    n = len(context.km)
    nothing = np.zeros((3, n, len(context.hours)))
    rows = kernels.falls(
        state.mean, np.arange(n), nothing, exponent, context.hours, _HIGH
    )  # fmt: skip
    return float(rows[:, 3] @ context.km)


def _new_values(
    state: _State, context: _Context, measures: Measures
) -> list[tuple[pl.DataFrame, dict[int, Floats]]]:
    """Return, by kind of measure, the reach and what the touched indicators are there then."""
    found = []
    for rows, changed, ids in explode(state.inputs, measures, as_of=context.as_of):
        touched = tuple(i for i in context.weights.indicators if i.id in ids)
        if not touched or rows.is_empty():
            continue
        value = evaluate(
            changed,
            context.shifts,
            as_of=context.as_of,
            weights=context.weights.model_copy(update={"indicators": touched}),
        ).value
        at = {context.weights.ids.index(i.id): value[q] for q, i in enumerate(touched)}
        found.append((rows, at))
    return found


def _changes(state: _State, context: _Context, rows: Ints, at: dict[int, Floats]) -> Floats:
    pillar, within, _ = as_arrays(context.weights)
    change = np.zeros((3, len(rows), len(context.hours)))
    for k, value in at.items():
        change[pillar[k]] += within[k] * np.nan_to_num(value - state.value[k, rows], nan=0.0)
    return change


def _effects(state: _State, context: _Context, measures: Measures) -> pl.DataFrame:
    exponent = as_arrays(context.weights)[2]
    tables = []
    step = max(1, _CELLS_AT_ONCE // len(context.hours))
    for part in measures.parts(step):
        for rows, at in _new_values(state, context, part):
            segment = rows["segment"].to_numpy().astype(np.int64)
            change = _changes(state, context, segment, at)
            out = kernels.falls(state.mean, segment, change, exponent, context.hours, _HIGH)
            out *= context.km[segment][:, None]
            tables.append(
                rows.select("measure", "distance_m").with_columns(
                    km=pl.Series(context.km[segment]),
                    **{name: pl.Series(out[:, q]) for q, name in enumerate(_COLUMNS)},
                )
            )
    cells = pl.concat(tables) if tables else _NO_CELLS
    hours = float(context.hours.sum())
    running = pl.col("drop").cum_sum().over("measure")
    total = pl.col("drop").sum().over("measure")
    # What lies within the distance of the row that brings the running sum to nine tenths.
    cells = cells.sort("measure", "distance_m").with_columns(
        limit=pl.when(running >= _MOST * total * (1 - 1e-12))
        .then(pl.col("distance_m"))
        .min()
        .over("measure")
    )
    near = pl.col("distance_m") <= pl.col("limit")
    sums = cells.group_by("measure").agg(
        pl.col("drop", "drop_lo", "drop_hi").sum(),
        within_m=pl.col("limit").first(),
        near_km=pl.col("km").filter(near).sum(),
        near_share=pl.col("drop").filter(near).sum() / pl.col("before").filter(near).sum(),
        high_km=pl.col("high").sum() / hours,
    )
    return measures.table.select("measure", "what", "kind", "targets").join(
        sums, on="measure", how="left"
    )


_COLUMNS = ("drop", "drop_lo", "drop_hi", "before", "high")
_NO_CELLS = pl.DataFrame(
    schema={
        "measure": pl.String,
        **dict.fromkeys(("distance_m", "km", *_COLUMNS), pl.Float64),
    }
)


def _ranked(found: pl.DataFrame, total: float) -> pl.DataFrame:
    numbers = [name for name, kind in EFFECTS.items() if kind == pl.Float64]
    return (
        found.with_columns(share=pl.col("drop") / max(total, 1e-12))
        .with_columns(pl.col(numbers).fill_null(0.0).fill_nan(0.0))
        .select(EFFECTS.names())
        # To twelve digits, so that what is equal keeps the order of its names.
        .sort(pl.col("drop").round_sig_figs(12), "measure", descending=[True, False])
    )


def _take(state: _State, context: _Context, measure: Measures) -> None:
    """Change the state as if a measure had been taken."""
    for rows, at in _new_values(state, context, measure):
        segment = rows["segment"].to_numpy().astype(np.int64)
        state.mean[:, :, segment] += _changes(state, context, segment, at)[None]
        for k, value in at.items():
            state.value[k, segment] = value
    state.inputs = apply(state.inputs, measure, as_of=context.as_of)
