"""How much time vessels spend where."""

from datetime import datetime

import numba
import numpy as np
import polars as pl

from ais._arrays import Array, Floats
from ais.tracks import tracks
from geo.raster import LonLatGrid


def density(
    positions: pl.DataFrame,
    grid: LonLatGrid,
    *,
    since: datetime | None = None,
    track_gap_s: float = 3600.0,
) -> Floats:
    """Return vessel-hours per km² of each cell, ``grid.shape``.

    Between two positions of a track a vessel is taken to have gone straight and evenly: the hours
    of the leg are shared among the cells it crosses by the length in each. Silence beyond
    ``track_gap_s`` and impossible jumps count nowhere (`ais.tracks`). What lies outside the grid
    is left out.

    Parameters
    ----------
    positions : DataFrame
        With the columns of ``POSITIONS`` that `ais.tracks.tracks` wants: mmsi, t, lon, lat.
    since : datetime
        Legs that end before it are left out, so that an archive can be taken piece by piece,
        each with the positions of the gap before it.
    """
    rows = tracks(positions, track_gap_s=track_gap_s).filter(pl.col("track_id").is_not_null())
    rows = rows.sort("track_id", "t", maintain_order=True)
    track = rows["track_id"].to_numpy()
    leg = np.flatnonzero(track[1:] == track[:-1])
    if since is not None:
        leg = leg[(rows["t"] >= since).to_numpy()[leg + 1]]
    hours = np.diff(rows["t"].dt.epoch("ms").to_numpy()) / 3.6e6
    # Longitudes are counted from the grid's middle, so that ±180 degrees is no edge.
    middle = grid.west + grid.dlon * grid.shape[1] / 2
    lon = (rows["lon"].to_numpy() - middle + 180.0) % 360.0 - 180.0
    col = lon / grid.dlon + grid.shape[1] / 2
    row = (grid.north - rows["lat"].to_numpy()) / grid.dlat
    out = np.zeros(grid.shape)
    _spread(row, col, leg, hours, 360.0 / grid.dlon, out)
    per_km2: Floats = out / grid.areas_km2()[:, None]
    return per_km2


@numba.njit(cache=True)
def _spread(
    row: Floats, col: Floats, leg: Array, hours: Floats, round_world: float, out: Floats
) -> None:
    """Add the hours of each leg to the cells that it crosses, by its length in each."""
    n_row, n_col = out.shape
    for i in leg:
        r0, c0 = row[i], col[i]
        dr, dc = row[i + 1] - r0, col[i + 1] - c0
        if abs(dc) > round_world / 2:
            dc -= np.sign(dc) * round_world
        # The next lines of the grid that the leg meets, and at which share of it.
        line_r = np.floor(r0) + 1 if dr > 0 else np.ceil(r0) - 1
        line_c = np.floor(c0) + 1 if dc > 0 else np.ceil(c0) - 1
        at = 0.0
        while at < 1.0:
            at_r = (line_r - r0) / dr if dr != 0 else np.inf
            at_c = (line_c - c0) / dc if dc != 0 else np.inf
            until = min(at_r, at_c, 1.0)
            middle = (at + until) / 2
            r, c = int(np.floor(r0 + middle * dr)), int(np.floor(c0 + middle * dc))
            if 0 <= r < n_row and 0 <= c < n_col:
                out[r, c] += hours[i] * (until - at)
            if at_r <= until:
                line_r += np.sign(dr)
            if at_c <= until:
                line_c += np.sign(dc)
            at = until
