"""Weight sets compared, suggested from data, and elicited in pairs: ``rows()``."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from risk.compare import compare
from risk.elicit import pairwise
from risk.indicators import Evaluated
from risk.score import score
from risk.suggest import suggested
from risk.weights import load, reweighted
from tests.bench.row import Row, seconds

DATA = Path(__file__).resolve().parents[2] / "data"
_SEGMENTS, _SHIFTS = 20_000, 6


def rows() -> Iterator[Row]:
    """Measure 20,000 segments x 6 shifts, one value in twenty unknown, and 8 and 13 items."""
    text = (DATA / "weights" / "default.toml").read_text("utf-8")
    first = load(text, where="default.toml")
    second = reweighted(
        first, {"darkness": 1.0}, name="b", version=1, author="-", reason_zh="-", reason_en="-"
    )
    rng = np.random.default_rng(1)
    value = rng.random((len(first.ids), _SEGMENTS, _SHIFTS))
    value[rng.random(value.shape) < 0.05] = np.nan
    evaluated, km = Evaluated(first.ids, value, value), np.full(_SEGMENTS, 0.5)
    a, b = (score(evaluated, one).score for one in (first, second))
    time_s, found = seconds(lambda: compare(km, a, b))
    assert found.cells.height == a.size
    yield Row("two sets compared", time_s, "s", budget=3.0)
    time_s, _ = seconds(lambda: suggested(first, value, km, method="entropy"))
    yield Row("weights by entropy", time_s, "s", budget=3.0)
    time_s, _ = seconds(lambda: suggested(first, value, km, method="critic"))
    yield Row("weights by CRITIC", time_s, "s", budget=3.0)
    scale = np.concatenate([1.0 / np.arange(2, 10), np.arange(1.0, 10.0)])
    for n in (8, 13):
        ids = [str(k) for k in range(n)]
        answers = {pair: float(rng.choice(scale)) for pair in combinations(ids, 2)}
        time_s, judged = seconds(lambda ids=ids, answers=answers: pairwise(ids, answers))
        assert judged.revisit is not None
        yield Row(f"pairs of {n}, which to revisit", time_s, "s", budget=1.0)
