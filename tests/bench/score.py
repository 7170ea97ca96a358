"""Rescoring: from evaluated indicators to scores with their contributions."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from risk.indicators import Evaluated
from risk.score import score
from risk.weights import WeightSet, load
from tests.bench.row import Row, seconds

DATA = Path(__file__).resolve().parents[2] / "data"
SEGMENTS, SHIFTS = 20_000, 6


def coast() -> tuple[WeightSet, Evaluated]:
    """Return the shipped set, and 20,000 segments x 6 shifts with one value in twenty unknown."""
    text = (DATA / "weights" / "default.toml").read_text("utf-8")
    weights = load(text, where="default.toml")
    rng = np.random.default_rng(1)
    value = rng.random((len(weights.ids), SEGMENTS, SHIFTS))
    value[rng.random(value.shape) < 0.05] = np.nan
    return weights, Evaluated(weights.ids, value, value)


def rows() -> Iterator[Row]:
    """Measure rescoring that coast."""
    weights, evaluated = coast()
    time_s, found = seconds(lambda: score(evaluated, weights), turns=5)
    assert found.score.shape == (SEGMENTS, SHIFTS)
    yield Row("rescore", time_s, "s", budget=0.05)
