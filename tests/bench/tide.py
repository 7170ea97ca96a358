"""Landing windows of a whole coast for a month, and the tide that they come from."""

import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from geo.depth import Depth
from geo.io import read_layer, read_stations
from geo.landable import landable_windows, landing_seabed, profiles
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.tides import heights
from tests.bench.row import Row, seconds

DATA = Path(__file__).resolve().parents[2] / "data"
_START = np.datetime64("2026-11-01T00:00", "ms")
_TEN_MIN = np.timedelta64(600_000, "ms")
_DAYS = 30
_SOME = 200


def rows() -> Iterator[Row]:
    """Measure the prediction of a year, and the windows of every segment over 30 days."""
    stations = read_stations(DATA / "tide_constituents_china.json")
    year = _START + np.arange(365 * 144) * _TEN_MIN
    time_s, _ = seconds(lambda: heights(stations[0], year), turns=1)
    yield _predicted(len(year) / time_s, stations[0], year)

    land, _ = repair_land(read_layer(DATA / "land_osm.gpkg"), name="land_osm.gpkg")
    cut = segments(shorelines(land))
    profile = profiles(cut, Depth.open(str(DATA / "depth_synthetic.tif")))
    seabed = landing_seabed(profile, np.full(len(cut), 80.0))
    times = _START + np.arange(_DAYS * 144 + 1) * _TEN_MIN
    weights = np.random.default_rng(1).dirichlet(np.ones(3), len(cut))

    def ours() -> pl.DataFrame:
        curves = np.vstack([heights(one, times) for one in stations[:3]])
        return landable_windows(
            seabed,
            draughts_m=(1.0,),
            margin_m=0.3,
            weights=weights,
            times=times,
            heights_m=curves,
        )

    time_s, found = seconds(ours)
    curves_s, curves = seconds(lambda: np.vstack([heights(one, times) for one in stations[:3]]))
    peer_s, known = _one_by_one(seabed[:_SOME], weights[:_SOME], curves, times)
    assert found.filter(pl.col("segment") < _SOME).height == known > 0
    peer_s = curves_s + peer_s * len(cut) / _SOME
    yield Row("landable", time_s, "s", "NumPy, one by one", peer_s, budget=5.0)


def _one_by_one(seabed: np.ndarray, weights: np.ndarray, curves: np.ndarray, times: np.ndarray):
    """Return the time, and the number of windows, of the plain way: a segment after another."""
    t = times.astype(np.int64).astype(float)
    begun = time.perf_counter()
    n = 0
    for level, weight in zip(seabed + 1.3, weights, strict=True):
        tide = weight @ curves
        above = tide >= level
        turn = np.flatnonzero(above[1:] != above[:-1])
        share = (level - tide[turn]) / (tide[turn + 1] - tide[turn])
        cross = t[turn] + share * (t[turn + 1] - t[turn])
        edges = np.r_[t[:1] if above[0] else [], cross, t[-1:] if above[-1] else []]
        n += int((edges[1::2] - edges[0::2] >= 1.0).sum())
    return time.perf_counter() - begun, n


def _predicted(rate: float, station, year: np.ndarray) -> Row:
    if find_spec("utide") is None:
        return Row("tide_heights", rate, "heights/s")
    from utide import reconstruct
    from utide._ut_constants import ut_constants
    from utide.utilities import Bunch

    table = station.constituents
    known = {name: row for row, name in enumerate(ut_constants["const"]["name"])}
    rows_ = [row for row in table.iter_rows() if row[0].upper() in known]
    lind = np.array([known[row[0].upper()] for row in rows_])
    coef = Bunch(
        name=np.array([row[0].upper() for row in rows_]),
        A=np.array([row[1] for row in rows_]),
        g=np.array([row[2] for row in rows_]),
        mean=0.0,
        slope=0.0,
        aux=Bunch(
            lind=lind,
            frq=ut_constants["const"]["freq"][lind],
            lat=station.lat,
            reftime=0.0,
            opt=Bunch(
                twodim=False, notrend=True, nodsatlint=False, nodsatnone=False,
                gwchlint=False, gwchnone=False, prefilt=[], epoch="python", nodiagn=True,
            ),
        ),
    )  # fmt: skip
    peer_s, _ = seconds(lambda: reconstruct(year, coef, verbose=False), turns=1)
    return Row("tide_heights", rate, "heights/s", "UTide", len(year) / peer_s)
