"""The segments in reach of a gap, beside the distances alone by SciPy on cells as fine."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from ais.reach import Shore, reach
from ais.schema import SILENCES
from geo.io import read_layer
from geo.prism import Passages, prism
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from geo.water import WaterGrid
from tests.bench.row import Row, seconds

DATA = Path(__file__).resolve().parents[2] / "data"
_KNOT = 1852 / 3600
_T0 = datetime(2026, 11, 2, tzinfo=UTC)
# Hours, and the two ends (none: a last position): short ones, a long one, and the whole coast.
_GAPS = (
    (1.0, (121.95, 29.20), (121.98, 29.15)),
    (3.0, (122.20, 29.20), (122.10, 29.30)),
    (6.0, (122.20, 29.20), (121.80, 29.15)),
    (12.0, (122.30, 28.90), (122.10, 29.60)),
    (12.0, (122.20, 29.20), None),
)
_KNOTS = 12.0


def rows() -> Iterator[Row]:
    """Measure the worst of some gaps, both distance fields, probabilities and table included."""
    land, _ = repair_land(read_layer(DATA / "land_osm.gpkg"), name="land_osm.gpkg")
    cut = segments(shorelines(land))
    water_s, water = seconds(lambda: Passages.build(land), turns=1)
    yield Row("reach_water", water_s, "s")
    shore = Shore.of(water, cut)
    ours = [seconds(lambda gap=gap: reach(_silence(*gap), shore))[0] for gap in _GAPS]
    worst = _GAPS[int(np.argmax(ours))]
    grid = WaterGrid.build(land, cell_m=_cell_m(shore, worst))
    graph = _graph(grid)
    peer_s, _ = seconds(lambda: _by_scipy(graph, grid, worst), turns=1)
    yield Row("reach", max(ours), "s", "SciPy's Dijkstra", peer_s, budget=0.2)


def _silence(
    hours: float, one: tuple[float, float], other: tuple[float, float] | None
) -> pl.DataFrame:
    row = {
        "mmsi": 412_000_001,
        "hull": 0,
        "cls": 1,
        "t0": _T0,
        "t1": _T0 + timedelta(hours=hours) if other else None,
        "lon0": one[0],
        "lat0": one[1],
        "lon1": other[0] if other else None,
        "lat1": other[1] if other else None,
        "plausible_kn": _KNOTS,
    }
    table = pl.DataFrame([{name: row.get(name) for name in SILENCES}], schema=SILENCES)
    return table.with_columns(event_id=pl.lit("gap"))


def _cell_m(shore: Shore, gap) -> float:
    """Return how fine the net is that a gap is searched on."""
    hours, (lon0, lat0), other = gap
    lon1, lat1 = other or (None, None)
    found = prism(
        shore.water,
        shore.places,
        lon0=lon0,
        lat0=lat0,
        lon1=lon1,
        lat1=lat1,
        seconds=hours * 3600,
        speed_mps=_KNOTS * _KNOT,
    )
    return found.cell_m


def _graph(grid: WaterGrid):
    """Return the grid's water cells as a sparse graph with the same 16 moves."""
    number = np.where(grid.water, np.arange(grid.water.size).reshape(grid.water.shape), -1)
    source, target, length = [], [], []
    n_row, n_col = grid.water.shape
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1)):
        a = number[: n_row - dr, max(-dc, 0) : n_col - max(dc, 0)]
        b = number[dr:, max(dc, 0) : n_col - max(-dc, 0)]
        wet = (a >= 0) & (b >= 0)
        source.append(a[wet])
        target.append(b[wet])
        length.append(np.full(int(wet.sum()), np.hypot(dr, dc) * grid.cell_m))
    parts = (np.concatenate(length), (np.concatenate(source), np.concatenate(target)))
    return coo_array(parts, shape=(number.size, number.size)).tocsr()


def _by_scipy(graph, grid: WaterGrid, gap) -> np.ndarray:
    hours, *ends = gap
    limit_m = hours * 3600 * _KNOTS * _KNOT
    lon, lat = np.array([end for end in ends if end]).T
    row, col, _ = grid.cells(lon, lat)
    return dijkstra(graph, directed=False, indices=row * grid.water.shape[1] + col, limit=limit_m)
