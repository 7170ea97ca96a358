"""Sensitivity while a slider moves, and the measures that would help: ``rows()``."""

from collections.abc import Iterator

import numpy as np

from risk.remedy import candidates, choose, effects
from risk.score import score
from risk.sensitivity import draw, roles, standing
from risk.sensitivity_flip import smallest_flip
from tests.bench.row import Row, seconds
from tests.bench.score import SEGMENTS, coast
from tests.risk._remedy_county import KINDS, NOW, SHIFTS, WEIGHTS, county

_DRAWS = 200


def rows() -> Iterator[Row]:
    """Measure 20,000 segments x 6 shifts x 200 draws, and measures on 2,000 segments."""
    weights, evaluated = coast()
    km = np.full(SEGMENTS, 0.5)
    draws = draw(weights, n=_DRAWS)
    time_s, _ = seconds(lambda: standing(evaluated, weights, km, draws=draws))
    # One whole rescoring per draw is what one would do without this.
    peer_s, _ = seconds(lambda: score(evaluated, weights))
    yield Row(
        "top 5 %, 200 draws", time_s, "s",
        peer="score() per draw", peer_figure=peer_s * _DRAWS, budget=3.0,
    )  # fmt: skip
    time_s, _ = seconds(lambda: roles(evaluated, weights, km), turns=2)
    yield Row("role of each factor", time_s, "s", budget=2.0)
    time_s, _ = seconds(lambda: smallest_flip(evaluated, weights, first=1, second=2, shift=0))
    yield Row("least change that flips a pair", time_s, "s", budget=1.0)

    inputs, shore = county(n=2000, things=600)
    measures = candidates(inputs, as_of=NOW, kinds=KINDS, near=shore)
    known = {"as_of": NOW, "weights": WEIGHTS}
    time_s, found = seconds(lambda: effects(inputs, SHIFTS, measures, **known), turns=2)
    yield Row("1,000 remedies", time_s / len(found) * 1e3, "s", budget=2.0)
    time_s, _ = seconds(lambda: choose(inputs, SHIFTS, measures, k=10, **known), turns=1)
    yield Row("ten remedies together", time_s, "s", budget=20.0)
