"""Test forecasts of incidents on what happened after them, from rolling origins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from geo.errors import InputError
from risk import gain
from risk._backtest_tables import DECAYED, UNIFORM, by_forecaster, by_share, number_interval
from risk._resampling import Tested, resampled
from risk._words import Both
from risk.backtest_words import said
from risk.baselines import decayed, uniform
from risk.history import HISTORY, Floats, Forecast, Ints, Shore, seen_before

FEWEST = 10
"""With fewer incidents in the test periods nothing is said."""

_ONE_PLACE = 0.9


@dataclass(frozen=True)
class Backtest:
    """What forecasts were worth over the test periods.

    Attributes
    ----------
    by_share : ``forecaster, share, km, hit_rate, pai, pei``, these three with ``_lo, _hi``.
    by_forecaster : one row per forecaster: ``expected, happened`` (weights), ``ratio`` (happened
        over expected), ``gain`` (nats per incident over uniform), ``brier``, ``brier_skill``
        (over uniform), ``pai_ratio`` and ``gain_more`` (against decayed counts; PAI at 5 %),
        most with ``_lo, _hi``; ``against_uniform`` and ``against_decayed``: ``better``,
        ``same``, ``worse``, ``unknown`` or ``itself``.
    reliability : ``forecaster`` and the columns of ``risk.gain.reliability``.
    folds : ``origin, until, known`` (incidents seen), ``happened`` (incidents tested on).
    incidents : how many different incidents were tested on.
    verdict : ``signal``, ``no_signal`` or ``too_few``.
    notes : ``note, count``: what was left out, and what to mind.
    """

    by_share: pl.DataFrame
    by_forecaster: pl.DataFrame
    reliability: pl.DataFrame
    folds: pl.DataFrame
    incidents: int
    verdict: str
    notes: pl.DataFrame


def backtest(
    shore: Shore,
    incidents: pl.DataFrame,
    forecasts: Mapping[str, Forecast],
    *,
    start: datetime,
    end: datetime,
    step_days: float,
    horizon_days: float,
    seed: int,
) -> Backtest:
    """Test forecasts on rolling origins.

    From ``start`` on, every ``step_days``, each forecaster is given what had happened, and was
    known, before the origin, and is held to what happened within ``horizon_days`` after it, as
    long as that is not beyond ``end``.

    Parameters
    ----------
    shore : the stretches.
    incidents : ``HISTORY``, in any order; with a column ``known`` (UTC, null: at once) an
        incident is not seen before that time.
    forecasts : by name; ``uniform`` and ``decayed``, what all are held to, are added where they
        are not among them.
    start, end : the first origin and the end of the last test period, with a time zone.
    seed : of the resampling.

    Raises
    ------
    InputError
        When times, incidents or a forecast cannot be used.
    """
    _check(shore, incidents, start, end, step_days, horizon_days)
    told: dict[str, Forecast] = {UNIFORM: uniform(shore), DECAYED: decayed(shore), **forecasts}
    events = _events(incidents)
    folds = _folds(start, end, step_days, horizon_days)
    expected = np.empty((len(told), len(folds), len(shore)))
    happened = np.zeros((len(folds), len(shore)))
    cases, known = [], []
    for row, (t0, t1) in enumerate(folds):
        history = seen_before(events, t0).select(HISTORY.names())
        for number, (name, forecast) in enumerate(told.items()):
            expected[number, row] = _usable(name, forecast(history, t0, t1), len(shore))
        now = events.filter(pl.col("t") >= t0, pl.col("t") < t1)
        segment, weight = now["segment"].to_numpy().astype(np.int64), now["weight"].to_numpy()
        happened[row] = np.bincount(segment, weight, len(shore))
        cases.append((now["row"].to_numpy().astype(np.int64), segment, weight))
        known.append(history.height)
    fold = np.repeat(np.arange(len(folds)), [len(case[0]) for case in cases])
    number_of, segment, weight = (np.concatenate(parts) for parts in zip(*cases, strict=True))
    different, incident = np.unique(number_of, return_inverse=True)
    rng = np.random.default_rng(seed)
    tested = Tested.of(
        (incident, fold, segment, weight),
        expected,
        happened,
        shore.length_km,
        shares=gain.SHARES,
        rng=rng,
    )
    block = _blocks(len(folds), step_days, horizon_days)
    draws = [resampled(tested, group, rng) for group in (block[fold], incident)]
    names, few = tuple(told), len(different) < FEWEST
    forecasters = by_forecaster(
        names,
        tested,
        draws,
        expected,
        happened,
        number_interval=number_interval(tested, expected, happened, block, rng),
        few=few,
    )
    beats = (forecasters["against_uniform"] == "better").any()
    return Backtest(
        by_share=by_share(names, tested, draws, float(shore.length_km.sum())),
        by_forecaster=forecasters,
        reliability=pl.concat(
            gain.reliability(expected[number], happened).select(
                pl.lit(name).alias("forecaster"), pl.all()
            )
            for number, name in enumerate(names)
        ),
        folds=pl.DataFrame(
            {
                "origin": [t0 for t0, _ in folds],
                "until": [t1 for _, t1 in folds],
                "known": known,
                "happened": np.bincount(fold, minlength=len(folds)),
            }
        ),
        incidents=len(different),
        verdict="too_few" if few else "signal" if beats else "no_signal",
        notes=_notes(events, happened, end),
    )


def sentences(result: Backtest) -> list[Both]:
    """Return what a backtest says, as plain sentences in Chinese and in English."""
    return said(result.by_forecaster, result.notes, result.verdict, result.incidents)


def _check(
    shore: Shore,
    incidents: pl.DataFrame,
    start: datetime,
    end: datetime,
    step_days: float,
    horizon_days: float,
) -> None:
    problems = []
    if start.tzinfo is None or end.tzinfo is None:
        problems.append("start or end has no time zone")
    elif not step_days > 0 or not horizon_days > 0:
        problems.append(f"a step of {step_days} and a horizon of {horizon_days} days")
    elif start + timedelta(days=horizon_days) > end:
        problems.append(f"no period of {horizon_days:g} days between {start:%F} and {end:%F}")
    missing = [name for name in HISTORY.names() if name not in incidents.columns]
    if missing:
        problems.append(f"incidents without {', '.join(missing)}")
    else:
        nowhere = int((incidents["segment"].fill_null(len(shore)) >= len(shore)).sum())
        if nowhere:
            problems.append(f"{nowhere} incidents on none of the {len(shore)} stretches")
        timeless = incidents["t"].null_count()
        if timeless:
            problems.append(f"{timeless} incidents without a time")
        weight = incidents["weight"].fill_null(np.nan).to_numpy()
        unweighed = int((~(np.isfinite(weight) & (weight >= 0))).sum())
        if unweighed:
            problems.append(f"{unweighed} incidents whose weight is not 0 or more")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="backtest",
            mend="Mend the incidents or the times",
        )


def _events(incidents: pl.DataFrame) -> pl.DataFrame:
    """Return incidents that count, in one order whatever theirs was, with ``known`` and ``row``."""
    known = pl.col("known") if "known" in incidents.columns else pl.lit(None)
    return (
        incidents.with_columns(pl.col("t").cast(HISTORY["t"]))
        .with_columns(known=pl.max_horizontal(known.cast(HISTORY["t"]).fill_null(pl.col("t")), "t"))
        .filter(pl.col("weight") > 0)
        .sort("t", "segment", "weight", "source", "known")
        .with_row_index("row")
    )


def _folds(
    start: datetime, end: datetime, step_days: float, horizon_days: float
) -> list[tuple[datetime, datetime]]:
    count = int(((end - start).total_seconds() / 86_400.0 - horizon_days) / step_days + 1e-9) + 1
    origins = [start + timedelta(days=step_days * k) for k in range(count)]
    return [(origin, origin + timedelta(days=horizon_days)) for origin in origins]


def _usable(name: str, expected: Floats, n: int) -> Floats:
    if expected.shape != (n,) or not (np.isfinite(expected) & (expected >= 0)).all():
        raise InputError(
            f"the forecast {name!r} is not {n} numbers of 0 or more",
            where="backtest",
            mend="Mend the forecast",
        )
    return expected


def _blocks(folds: int, step_days: float, horizon_days: float) -> Ints:
    """Return the block of neighbouring periods that each period is in.

    As long as the cube root of their number (Hall, Horowitz and Jing 1995, Biometrika 82), and
    as long as periods overlap.
    """
    length = max(round(folds ** (1 / 3)), int(np.ceil(horizon_days / step_days - 1e-9)))
    block: Ints = np.arange(folds, dtype=np.int64) // length
    return block


def _notes(events: pl.DataFrame, happened: Floats, end: datetime) -> pl.DataFrame:
    by_place = happened.sum(axis=0)
    notes = {
        "none": int(events.is_empty()),
        "later": int((events["t"] >= end).sum()),
        "one_place": int(by_place.max() >= _ONE_PLACE * by_place.sum() > 0),
    }
    return pl.DataFrame(
        {"note": list(notes), "count": list(notes.values())},
        schema={"note": pl.String, "count": pl.Int64},
    ).filter(pl.col("count") > 0)
