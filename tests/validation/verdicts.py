"""How often a backtest says "better" or "worse" of forecasts of which none is, on made-up shores.

`python -m tests.validation.verdicts` (about five minutes). Shores of 500 km, 15 to 60 incidents a
year for eight years, five of them tested by steps of 30 days. Without a signal, incidents lie
anywhere, and the forecasts are the baselines. With one, half of them lie on two hot stretches of
25 km each, and the forecasts, as good as each other, name the one or the other, or a part of both.
"""

from collections import Counter
from datetime import timedelta

import numpy as np

from risk.backtest import backtest
from risk.baselines import baselines
from tests.risk._shore import T0, history, straight

_SHORES = 100
_STRETCHES, _HOT = 1000, 50
_YEAR = timedelta(days=365.25)
SHORE = straight(np.full(_STRETCHES, 0.5))


def _named(left):
    """Return a forecast that expects incidents on so many stretches of the one, else the other."""
    rate = np.full(_STRETCHES, 0.01)
    rate[:left] = 1.0
    rate[_HOT + left : 2 * _HOT] = 1.0
    return lambda past, t0, t1: rate


ALIKE = {"decayed": _named(_HOT), "nearly": _named(_HOT - 4), "half": _named(_HOT // 2)} | {
    "other": _named(0)
}


def _said(forecasts, *, hot):
    """Return how often each verdict was given, on each of the shores."""
    said = Counter()
    for seed in range(_SHORES):
        rng = np.random.default_rng(seed)
        count = rng.poisson(rng.uniform(15, 60) * 8)
        segments = rng.integers(_STRETCHES, size=count)
        segments = np.where(rng.random(count) < hot, segments % (2 * _HOT), segments)
        found = backtest(
            SHORE,
            history(rng.uniform(0, 8 * 365.25, count), segments),
            forecasts,
            start=T0 + 3 * _YEAR,
            end=T0 + 8 * _YEAR,
            step_days=30.0,
            horizon_days=30.0,
            seed=seed,
        )
        said[found.verdict] += 1
        rows = found.by_forecaster.select("forecaster", "against_decayed").iter_rows()
        said.update(f"{name}: {verdict}" for name, verdict in rows if name in forecasts)
    return said


if __name__ == "__main__":
    for title, forecasts, hot in (
        ("without a signal", baselines(SHORE), 0.0),
        ("as good as each other", ALIKE, 0.5),
    ):
        print(f"{title}, {_SHORES} shores")
        for verdict, times in sorted(_said(forecasts, hot=hot).items()):
            print(f"  {verdict}: {times}")
