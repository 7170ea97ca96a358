"""Sum the figures of a backtest up in tables, and judge by them."""

import numpy as np
import numpy.typing as npt
import polars as pl

from risk import gain
from risk._resampling import (
    LEVEL,
    REPEATS,
    Resampled,
    Tested,
    interval,
    mean_weight,
    ratio_interval,
)
from risk.history import Floats, Ints

Bools = npt.NDArray[np.bool_]

UNIFORM, DECAYED = "uniform", "decayed"
_AT = gain.SHARES.index(gain.JUDGED_SHARE)
# Forecasts that are uniform's, or decayed counts', may differ from them by this much.
_ROUNDING = 1e-9


def by_share(
    names: tuple[str, ...], tested: Tested, draws: list[Resampled], shore_km: float
) -> pl.DataFrame:
    """Return hit rate, PAI and PEI by forecaster and share; null where nothing happened."""
    total = _or_nan(tested.weight.sum())
    share = np.array(gain.SHARES)
    rate = np.einsum("c,cfs->fs", tested.weight, tested.hit) / total
    lo, hi = interval([draw.hits / draw.total[:, None, None] for draw in draws], rate)
    tables = []
    for number, name in enumerate(names):
        columns: dict[str, Floats] = {"share": share, "km": share * shore_km}
        # The best that could be had is held as it was: PEI's interval is the hit rate's.
        for kind, by in (("hit_rate", 1.0), ("pai", share), ("pei", tested.most / total)):
            columns[kind] = rate[number] / by
            columns[f"{kind}_lo"] = lo[number] / by
            columns[f"{kind}_hi"] = hi[number] / by
        columns["pei_hi"] = np.minimum(columns["pei_hi"], 1.0)
        tables.append(pl.DataFrame({"forecaster": [name] * len(share), **columns}))
    return pl.concat(tables).with_columns(pl.selectors.float().fill_nan(None))


def by_forecaster(
    names: tuple[str, ...],
    tested: Tested,
    draws: list[Resampled],
    expected: Floats,
    happened: Floats,
    *,
    number_interval: tuple[Floats, Floats],
    few: bool,
) -> pl.DataFrame:
    """Return one row per forecaster; see ``risk.backtest.Backtest``."""
    plain, old = names.index(UNIFORM), names.index(DECAYED)
    total = _or_nan(tested.weight.sum())
    gained = tested.weight @ tested.gained / total
    hits = tested.weight @ tested.hit[:, :, _AT]
    pai_ratio = hits / _or_nan(hits[old])
    gain_lo, gain_hi = interval([draw.gained for draw in draws], gained)
    ratio_lo, ratio_hi = ratio_interval(draws, pai_ratio, rival=old, share=_AT)
    more = gained - gained[old]
    more_lo, more_hi = interval([draw.gained - draw.gained[:, old, None] for draw in draws], more)
    brier = np.array([gain.brier(one, happened) for one in expected])
    told = expected.sum(axis=(1, 2))
    against_uniform = _against_uniform(draws, gained, hits / total / gain.JUDGED_SHARE)
    # Better than counts that are themselves worth nothing is no merit, and worse no fault.
    worth = np.array(against_uniform) == "better"
    against_decayed = _judged(
        worth & (ratio_lo > 1 + _ROUNDING), worth[old] & (ratio_hi < 1 - _ROUNDING)
    )
    if few:
        against_uniform = against_decayed = ["unknown"] * len(names)
    against_uniform, against_decayed = list(against_uniform), list(against_decayed)
    against_uniform[plain] = against_decayed[old] = "itself"
    return pl.DataFrame(
        {
            "forecaster": names,
            "expected": told,
            "happened": np.full(len(names), happened.sum()),
            "ratio": happened.sum() / np.where(told > 0, told, np.nan),
            "ratio_lo": number_interval[0],
            "ratio_hi": number_interval[1],
            "gain": gained,
            "gain_lo": gain_lo,
            "gain_hi": gain_hi,
            "brier": brier,
            "brier_skill": 1.0 - brier / _or_nan(brier[plain]),
            "pai_ratio": pai_ratio,
            "pai_ratio_lo": ratio_lo,
            "pai_ratio_hi": ratio_hi,
            "gain_more": more,
            "gain_more_lo": more_lo,
            "gain_more_hi": more_hi,
            "against_uniform": against_uniform,
            "against_decayed": against_decayed,
        }
    ).with_columns(pl.selectors.float().fill_nan(None))


def number_interval(
    tested: Tested, expected: Floats, happened: Floats, block: Ints, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return the 95 % interval of incidents happened over expected, ``[forecasters]``.

    The wider of Garwood's for a Poisson count and that of resampled blocks of periods;
    ``block`` is the block of each fold.
    """
    told = expected.sum(axis=(1, 2))
    told = np.where(told > 0, told, np.nan)
    weight = mean_weight(tested)
    low, high = gain.poisson_interval(float(tested.weight.sum()) / weight)
    by_block = np.array([np.bincount(block, one) for one in expected.sum(axis=2)])
    drawn = rng.standard_exponential((REPEATS, by_block.shape[1]))
    means = drawn @ by_block.T
    ratio = (drawn @ np.bincount(block, happened.sum(axis=1)))[:, None] / np.where(
        means > 0, means, np.nan
    )
    lo, hi = interval([ratio], happened.sum() / told)
    return np.fmin(lo, low * weight / told), np.fmax(hi, high * weight / told)


def _against_uniform(draws: list[Resampled], gained: Floats, pai: Floats) -> list[str]:
    """Judge by either figure, at a level for as many forecasts as there are.

    Bonferroni: of twenty forecasts without worth, one would else beat uniform.
    """
    level = LEVEL / max(len(gained) - 1, 1)
    lo, hi = interval([draw.gained for draw in draws], gained, level=level)
    pai_lo, pai_hi = interval(
        [draw.hits[:, :, _AT] / draw.total[:, None] / gain.JUDGED_SHARE for draw in draws],
        pai,
        level=level,
    )
    return _judged(
        (lo > _ROUNDING) | (pai_lo > 1 + _ROUNDING), (hi < -_ROUNDING) | (pai_hi < 1 - _ROUNDING)
    )


def _judged(better: Bools, worse: Bools) -> list[str]:
    return list(np.select([better, worse], ["better", "worse"], "same"))


def _or_nan(divisor: float) -> float:
    return divisor if divisor > 0 else np.nan
