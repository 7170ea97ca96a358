"""Rescoring: from evaluated indicators to scores with their contributions."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from risk.indicators import Evaluated
from risk.score import score
from risk.weights import load
from tests.bench.row import Row, seconds

DATA = Path(__file__).resolve().parents[2] / "data"
_SEGMENTS, _SHIFTS = 20_000, 6


def rows() -> Iterator[Row]:
    """Measure 20,000 segments x 6 shifts, one value in twenty unknown."""
    text = (DATA / "weights" / "default.toml").read_text("utf-8")
    weights = load(text, where="default.toml")
    rng = np.random.default_rng(1)
    value = rng.random((len(weights.ids), _SEGMENTS, _SHIFTS))
    value[rng.random(value.shape) < 0.05] = np.nan
    evaluated = Evaluated(weights.ids, value, value)
    time_s, found = seconds(lambda: score(evaluated, weights), turns=5)
    assert found.score.shape == (_SEGMENTS, _SHIFTS)
    yield Row("rescore", time_s, "s", budget=0.05)
