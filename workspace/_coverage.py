"""Where positions are known from: counts by cell, and a map of them in characters."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
import shapely

from workspace import archive, store
from workspace._cache import cached
from workspace.folder import Workspace

_LADDER = tuple(n * unit for unit in (0.01, 0.1, 1.0, 10.0) for n in (1, 2, 3, 5, 8))
_COLUMNS, _ROWS = 72, 24
_MARGIN_DEG = 0.1
"""Water beyond the shore's own box that is looked at too, about ten kilometres."""
_SHADES = "░▒▓█"
_LAND = "·"


@dataclass(frozen=True)
class Coverage:
    """Positions by cell. ``day`` and ``source`` None: all of them.

    ``bounds`` are west, south, east, north, at whole cells; ``cells`` has lon, lat (centres),
    rows and vessels of the cells with positions, by lat and lon. Of the ``rows`` positions
    looked at ``outside`` lie beyond the bounds.
    """

    day: date | None
    source: str | None
    cell_deg: float
    bounds: tuple[float, float, float, float]
    cells: pl.DataFrame
    rows: int
    outside: int


def coverage(ws: Workspace, day: date | None = None, source: str | None = None) -> Coverage:
    """Count positions and vessels by cell over the water off the shore.

    The box is that of the segments and 0.1° more, or where there is no coast that of the
    positions; the cell is the least of 0.01, 0.02, 0.03, 0.05, 0.08, 0.1 … degrees that gives
    72 × 48 cells at most.
    """
    key = ("coverage", day, source, archive.summary(ws.positions))
    return cached(ws, key, ("segments",), lambda: _coverage(ws, day, source))


def _coverage(ws: Workspace, day: date | None, source: str | None) -> Coverage:
    held = archive.buckets(ws.positions).group_by("date").agg(pl.col("n").max()).sort("date")
    parts = [(at, k, n) for at, n in held.rows() if day in {None, at} for k in range(n)]
    bounds = _bounds(ws, parts)
    for cell in _LADDER:
        west, south = (math.floor(edge / cell) for edge in bounds[:2])
        east, north = (math.ceil(edge / cell) for edge in bounds[2:])
        if east - west <= _COLUMNS and north - south <= 2 * _ROWS:
            break
    found = pl.concat(
        [
            pl.DataFrame(
                schema={"x": pl.Int32, "y": pl.Int32, "mmsi": pl.UInt32, "rows": pl.UInt32}
            ),
            *(_cells_of(ws, one, source, cell) for one in parts),
        ]
    )
    inside = found.filter(
        pl.col("x").is_between(west, east, closed="left"),
        pl.col("y").is_between(south, north, closed="left"),
    )
    cells = (
        inside.group_by("y", "x")
        .agg(pl.col("rows").cast(pl.Int64).sum(), vessels=pl.col("mmsi").n_unique().cast(pl.Int64))
        .sort("y", "x")
        .select(
            lon=((pl.col("x") + 0.5) * cell).round(6),
            lat=((pl.col("y") + 0.5) * cell).round(6),
            rows="rows",
            vessels="vessels",
        )
    )
    rows = int(found["rows"].sum())
    box = tuple(round(n * cell, 6) for n in (west, south, east, north))
    return Coverage(
        day, source, cell, (box[0], box[1], box[2], box[3]), cells, rows,
        rows - int(cells["rows"].sum()),
    )  # fmt: skip


Part = tuple[date, int, int]
"""A day and a bucket of its vessels (k, n): so much of the archive is in memory at a time."""


def _of(ws: Workspace, part: Part, columns: list[str]) -> pl.DataFrame:
    day, k, n = part
    t0 = datetime.combine(day, time(), UTC)
    return archive.read(
        ws.positions, t0=t0, t1=t0 + timedelta(days=1), bucket=(k, n), columns=columns
    )


def _cells_of(ws: Workspace, part: Part, source: str | None, cell: float) -> pl.DataFrame:
    """Return x, y, mmsi and rows of one part."""
    found = _of(ws, part, ["lon", "lat", "mmsi", "source"])
    if source is not None:
        found = found.filter(pl.col("source") == source)
    return found.group_by(
        (pl.col("lon") / cell).floor().cast(pl.Int32).alias("x"),
        (pl.col("lat") / cell).floor().cast(pl.Int32).alias("y"),
        "mmsi",
    ).agg(rows=pl.len())


def _bounds(ws: Workspace, parts: list[Part]) -> tuple[float, float, float, float]:
    shore = store.read(ws.engine, "segments", columns=["lon", "lat"])
    margin = _MARGIN_DEG
    if shore.is_empty():
        margin = 0.0
        shore = pl.concat(
            [
                pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64}),
                *(
                    _of(ws, part, ["lon", "lat"]).select(
                        pl.concat_list(pl.col(name).min(), pl.col(name).max()).explode()
                        for name in ("lon", "lat")
                    )
                    for part in parts
                ),
            ]
        ).drop_nulls()
    if shore.is_empty():
        return (-180.0, -90.0, 180.0, 90.0)
    # The box holds its own north-eastern corner.
    lon, lat = shore["lon"], shore["lat"]
    eps = 1e-9
    return (
        max(-180.0, float(lon.min()) - margin),  # type: ignore[arg-type]
        max(-90.0, float(lat.min()) - margin),  # type: ignore[arg-type]
        min(180.0, float(lon.max()) + margin) + eps,  # type: ignore[arg-type]
        min(90.0, float(lat.max()) + margin) + eps,  # type: ignore[arg-type]
    )


def drawn(ws: Workspace, found: Coverage) -> list[str]:
    """Return a coverage as lines of characters, north up, with a line that explains them.

    A character is one cell wide and two high; darker ones hold more positions (each shade ten
    times as many), dots are land, blanks water without a position.
    """
    west, south, east, north = found.bounds
    cell = found.cell_deg
    columns, rows = round((east - west) / cell), math.ceil(round((north - south) / cell) / 2)
    counts = np.zeros((rows, columns), dtype=np.int64)
    x = np.floor((found.cells["lon"].to_numpy() - west) / cell).astype(int)
    y = np.floor((found.cells["lat"].to_numpy() - south) / cell).astype(int) // 2
    np.add.at(counts, (y, x), found.cells["rows"].to_numpy())
    lon = west + (np.arange(columns) + 0.5) * cell
    lat = south + (np.arange(rows) * 2 + 1) * cell
    mesh = np.meshgrid(lon, lat)
    land = np.zeros(counts.shape, dtype=bool)
    shapes = store.layer(ws.engine, "land").geometry.to_numpy()
    if len(shapes):
        points = shapely.points(mesh[0].ravel(), mesh[1].ravel())
        dry, _ = shapely.STRtree(shapes).query(points, predicate="within")
        land.flat[dry] = True
    most = max(1, int(counts.max(initial=1)))
    # The darkest shade is the busiest cell's own power of ten.
    power = np.floor(np.log10(np.maximum(counts, 1))) - math.floor(math.log10(most))
    shade = np.clip(len(_SHADES) - 1 + power, 0, len(_SHADES) - 1).astype(int)
    glyphs = np.where(counts > 0, np.array(list(_SHADES))[shade], np.where(land, _LAND, " "))
    least = 10 ** max(0, math.floor(math.log10(most)) - len(_SHADES) + 1)
    lines = ["".join(row).rstrip() for row in glyphs[::-1]]
    legend = (
        f"{_SHADES} 每格位置数，逐级十倍 · positions a cell, ten times a shade, from {least}; "
        f"{_LAND} 陆地 land; {west:g}–{east:g}°E {south:g}–{north:g}°N"
    )
    return [*lines, legend]
