"""Test forecasts of incidents on what happened after them, from rolling origins."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from geo.errors import InputError
from risk import gain
from risk._resampling import LEVEL, Resampled, Tested, interval, resampled
from risk.baselines import decayed, uniform
from risk.history import HISTORY, Floats, Forecast, Ints, Shore

UNIFORM, DECAYED = "uniform", "decayed"
"""What every forecast is held to; added where it is not among those given."""

JUDGED_SHARE = 0.05
"""Share of the kilometres at which forecasts are judged."""

FEWEST = 10
"""With fewer incidents in the test periods nothing is said."""

_ONE_PLACE = 0.9
_ROUNDING = 1e-9


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
    forecasts : by name.
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
        history = events.filter(pl.col("t") < t0, pl.col("known") < t0).select(HISTORY.names())
        for number, (name, forecast) in enumerate(told.items()):
            expected[number, row] = _usable(name, forecast(history, t0, t1), len(shore))
        now = events.filter(pl.col("t") >= t0, pl.col("t") < t1)
        segment, weight = now["segment"].to_numpy().astype(np.int64), now["weight"].to_numpy()
        happened[row] = np.bincount(segment, weight, len(shore))
        cases.append((now["row"].to_numpy().astype(np.int64), segment, weight))
        known.append(history.height)
    fold = np.repeat(np.arange(len(folds)), [len(case[0]) for case in cases])
    row_, segment, weight = (np.concatenate(parts) for parts in zip(*cases, strict=True))
    different, incident = np.unique(row_, return_inverse=True)
    rng = np.random.default_rng(seed)
    tested = Tested.of(
        (incident, fold, segment, weight),
        expected,
        happened,
        shore.length_km,
        shares=gain.SHARES,
        rng=rng,
    )
    draws = [
        resampled(tested, group, rng)
        for group in (_blocks(tested.fold, len(folds), step_days, horizon_days), incident)
    ]
    names = tuple(told)
    few = len(different) < FEWEST
    forecasters = _by_forecaster(names, tested, draws, expected, happened, few=few)
    return Backtest(
        by_share=_by_share(names, tested, draws, shore),
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
        verdict=_verdict(forecasters, few=few),
        notes=_notes(events, happened, end),
    )


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


def _blocks(fold: Ints, folds: int, step_days: float, horizon_days: float) -> Ints:
    """Return blocks of neighbouring periods.

    As long as the cube root of their number (Hall, Horowitz and Jing 1995, Biometrika 82), and
    as long as periods overlap.
    """
    length = max(round(folds ** (1 / 3)), int(np.ceil(horizon_days / step_days - 1e-9)))
    return fold // length


def _by_share(
    names: tuple[str, ...], tested: Tested, draws: list[Resampled], shore: Shore
) -> pl.DataFrame:
    total = tested.weight.sum()
    share = np.array(gain.SHARES)
    tables = []
    rate = np.einsum("c,cfs->fs", tested.weight, tested.hit)
    rate = rate / total if total > 0 else np.full_like(rate, np.nan)
    lo, hi = interval([draw.hits / draw.total[:, None, None] for draw in draws], rate)
    most = tested.most / total if total > 0 else np.full(len(share), np.nan)
    for number, name in enumerate(names):
        columns: dict[str, Floats] = {"share": share, "km": share * shore.length_km.sum()}
        for kind, by in (("hit_rate", np.ones(len(share))), ("pai", share), ("pei", most)):
            columns[kind] = rate[number] / by
            columns[f"{kind}_lo"] = lo[number] / by
            columns[f"{kind}_hi"] = hi[number] / by
        columns["pei_hi"] = np.minimum(columns["pei_hi"], 1.0)
        tables.append(pl.DataFrame({"forecaster": [name] * len(share), **columns}))
    return pl.concat(tables).fill_nan(None)


def _by_forecaster(
    names: tuple[str, ...],
    tested: Tested,
    draws: list[Resampled],
    expected: Floats,
    happened: Floats,
    *,
    few: bool,
) -> pl.DataFrame:
    at = gain.SHARES.index(JUDGED_SHARE)
    plain, old = names.index(UNIFORM), names.index(DECAYED)
    total = tested.weight.sum()
    nothing = np.full(len(names), np.nan)
    mean_gain = tested.weight @ tested.gained / total if total > 0 else nothing
    hits = tested.weight @ tested.hit[:, :, at]
    pai = hits / total / JUDGED_SHARE if total > 0 else nothing
    pai_ratio = hits / hits[old] if hits[old] > 0 else nothing
    gain_lo, gain_hi = interval([draw.gained for draw in draws], mean_gain)
    ratio_lo, ratio_hi = interval(
        [draw.hits[:, :, at] / draw.rival[:, old, at, None] for draw in draws], pai_ratio
    )
    more_lo, more_hi = interval(
        [draw.gained - draw.gained[:, old, None] for draw in draws], mean_gain - mean_gain[old]
    )
    # Bonferroni: of many forecasts without worth, one in twenty would beat uniform.
    level = LEVEL / max(len(names) - 1, 1)
    sure_gain = interval([draw.gained for draw in draws], mean_gain, level=level)
    sure_pai = interval(
        [draw.hits[:, :, at] / draw.total[:, None] / JUDGED_SHARE for draw in draws],
        pai,
        level=level,
    )
    brier = np.array([gain.brier(one, happened) for one in expected])
    against_uniform = np.select(
        [
            (sure_gain[0] > _ROUNDING) | (sure_pai[0] > 1 + _ROUNDING),
            (sure_gain[1] < -_ROUNDING) | (sure_pai[1] < 1 - _ROUNDING),
        ],
        ["better", "worse"],
        "same",
    )
    against_decayed = np.select([ratio_lo > 1, ratio_hi < 1], ["better", "worse"], "same")
    if few:
        against_uniform[:] = against_decayed[:] = "unknown"
    against_uniform[plain] = against_decayed[old] = "itself"
    count, told = happened.sum(), expected.sum(axis=(1, 2))
    return pl.DataFrame(
        {
            "forecaster": names,
            "expected": told,
            "happened": np.full(len(names), count),
            "gain": mean_gain,
            "gain_lo": gain_lo,
            "gain_hi": gain_hi,
            "brier": brier,
            "brier_skill": 1.0 - brier / brier[plain] if brier[plain] > 0 else nothing,
            "pai_ratio": pai_ratio,
            "pai_ratio_lo": ratio_lo,
            "pai_ratio_hi": ratio_hi,
            "gain_more": mean_gain - mean_gain[old],
            "gain_more_lo": more_lo,
            "gain_more_hi": more_hi,
            "against_uniform": against_uniform,
            "against_decayed": against_decayed,
        }
    ).with_columns(pl.selectors.float().fill_nan(None))


def _verdict(forecasters: pl.DataFrame, *, few: bool) -> str:
    if few:
        return "too_few"
    beats = (forecasters["against_uniform"] == "better").any()
    return "signal" if beats else "no_signal"


def _notes(events: pl.DataFrame, happened: Floats, end: datetime) -> pl.DataFrame:
    later = int((events["t"] >= end).sum())
    by_place = happened.sum(axis=0)
    one = by_place.max() >= _ONE_PLACE * by_place.sum() > 0
    notes = {
        "none": int(events.is_empty()),
        "later": later,
        "one_place": int(one),
    }
    return pl.DataFrame(
        {"note": list(notes), "count": list(notes.values())},
        schema={"note": pl.String, "count": pl.Int64},
    ).filter(pl.col("count") > 0)
