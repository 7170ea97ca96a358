"""Sections while a cut is dragged, and a proposal for 100 chiefs: ``rows()``."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from duty.cutting import replay
from duty.division import Cut, Division, Hang
from duty.figures import against, figures
from duty.proposal import Limits, propose
from duty.workload import Shore
from tests.bench.row import Row, seconds

_MAINLAND, _ISLANDS, _SECTIONS, _PLACES = 18_000, 500, 100, 2_000


def rows() -> Iterator[Row]:
    """Measure 20,000 segments: a mainland and 500 islands of four, 100 sections, 2,000 places."""
    shorelines, shore = _county()
    division = _today(shore)
    cut = next(cut for cut in division.cuts if cut.section_id == "S50")
    move = {
        "op": "move", "shoreline_id": "M", "chainage_m": cut.chainage_m,
        "to_m": cut.chainage_m + 700.0,
    }  # fmt: skip
    before = figures(shore, division)
    time_s, told = seconds(
        lambda: against(figures(shore, replay(division, [move], shorelines)), before), turns=10
    )
    assert set(told["state"]) == {"changed", "same"}
    yield Row("figures after a cut moves", time_s, "s", budget=0.03)

    names = {
        "proposal, 100 sections": (100, 0.0, Limits()),
        "proposal, priced": (100, 0.1, Limits()),
        "proposal, priced, 3 fewer": (97, 5.0, Limits()),
        "proposal, priced, limits": (100, 1.0, Limits(length_km=140.0, crossing_h=5.0)),
    }
    for name, (k, price, limits) in names.items():
        ask = {"order": ["M"], "limits": limits, "price_h_per_km": price}
        time_s, found = seconds(lambda k=k, ask=ask: propose(shore, division, k, **ask))
        assert len(found.division.sections) == k
        yield Row(name, time_s, "s", budget=2.0)

    shorelines, shore = _county(ring=True)
    ask = {"order": ["M"], "price_h_per_km": 0.1}
    time_s, found = seconds(lambda: propose(shore, division, _SECTIONS, **ask))
    assert len(found.division.sections) == _SECTIONS
    yield Row("proposal, priced, the mainland a ring", time_s, "s")


def _county(*, ring: bool = False) -> tuple[pl.DataFrame, Shore]:
    rng = np.random.default_rng(7)
    names = ["M", *(f"I{n}" for n in range(_ISLANDS))]
    count = np.array([_MAINLAND, *[4] * _ISLANDS])
    line = np.repeat(np.arange(len(names)), count)
    length = rng.uniform(400.0, 600.0, len(line))
    to_m = np.cumsum(length)
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    to_m -= np.repeat(to_m[start] - length[start], count)
    # Risk and the shore's run change slowly: what is dangerous here is so nearby.
    wave = np.convolve(rng.normal(size=len(line)), np.ones(60) / 60.0, "same")
    segments = pl.DataFrame(
        {
            "shoreline_id": np.array(names)[line],
            "from_m": to_m - length,
            "to_m": to_m,
            "length_m": length,
            "lon": 121.0 + np.arange(len(line)) * 5e-4,
            "lat": 29.0 + wave,
            "risk": np.clip(30.0 + 120.0 * wave + rng.normal(0.0, 5.0, len(line)), 2.0, 100.0),
            "township_id": [f"T{row // 300}" for row in range(len(line))],
        }
    )
    shorelines = (
        segments.group_by("shoreline_id", maintain_order=True)
        .agg(length_m=pl.col("to_m").max())
        .with_columns(is_ring=(pl.col("shoreline_id") != "M") | ring)
    )
    row = rng.integers(0, len(line), _PLACES)
    places = pl.DataFrame(
        {
            "object_kind": rng.choice(["wharf", "risk_point"], _PLACES),
            "shoreline_id": segments["shoreline_id"].gather(row),
            "chainage_m": segments["from_m"].gather(row) + 100.0,
            "cadence_days": rng.choice([7.0, 14.0, 30.0], _PLACES),
        }
    )
    return shorelines, Shore.of(segments, shorelines, places)


def _today(shore: Shore) -> Division:
    """Return sections of uneven length, as they come from townships."""
    rng = np.random.default_rng(8)
    share = np.cumsum(rng.uniform(0.4, 1.6, _SECTIONS))
    at = np.searchsorted(shore.from_m[:_MAINLAND], share / share[-1] * shore.length_m[0])
    begins = [0.0, *shore.from_m[at[:-1]].tolist()]
    hangs = [
        Hang(name, "M", float(rng.uniform(0.0, shore.length_m[0]))) for name in shore.names[1:]
    ]
    cuts = [Cut("M", begin, f"S{n}") for n, begin in enumerate(begins)]
    return Division(tuple(sorted(cuts)), tuple(sorted(hangs)))
