"""Two drawings of one coast laid side by side: which chainages belong together."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from scipy.spatial import cKDTree

from geo._chain import longest_rise
from geo._edges import EdgeGrid, edge_grid, nearest_edge, nearest_edge_along
from geo.crs import Bools, Floats, Ints, to_metres
from geo.segments import interpolate, vertex_chainage

# Samples of one shoreline, at least; a small island has few vertices and is wanted all the same.
_LEAST_SAMPLES = 16
# The way that the shore runs is taken over this many samples to either side, and on a small
# island over no more than this share of its round.
_WAY_SAMPLES, _WAY_SHARE = 1.6, 0.125
# A pair of samples agrees when looking back ends within this many times their distance.
_BACK = 2.0
_BACK_SAMPLES = 4.0
# Islands count as one and the same when their rounds are alike by this factor.
_ALIKE = 2.5
_CELL_M = 500.0
_EDGE_M = 0.01


class Coast(NamedTuple):
    """Shorelines ready for comparison: vertices with chainage, and edges (metres) in a grid."""

    xy: Floats
    line: Ints
    chainage_m: Floats
    total_m: Floats
    ring: Bools
    edge_vertex: Ints
    grid: EdgeGrid
    crs: CRS

    @classmethod
    def of(cls, shores: gpd.GeoDataFrame, crs: CRS) -> "Coast":
        """Prepare shorelines as ``geo.shoreline.shorelines`` returns them."""
        xy, line, chainage = vertex_chainage(shores)
        x, y = to_metres(crs, xy[:, 0], xy[:, 1])
        a = np.flatnonzero((line[1:] == line[:-1]) & (np.hypot(np.diff(x), np.diff(y)) > 0))
        return cls(
            xy,
            line,
            chainage,
            chainage[np.searchsorted(line, np.arange(len(shores)), side="right") - 1],
            shores["is_ring"].to_numpy(dtype=bool),
            a,
            edge_grid(x[a], y[a], x[a + 1], y[a + 1], cell_m=_CELL_M),
            crs,
        )

    def at(self, line: Ints, chainage_m: Floats) -> tuple[Floats, Floats]:
        """Return x, y (metres) of chainages; rings go round, open lines end."""
        total = self.total_m[line]
        round_m = np.where(self.ring[line], np.mod(chainage_m, total), chainage_m)
        point = interpolate(self.xy, self.line, self.chainage_m, on_line=line, at_m=round_m)
        return to_metres(self.crs, point[:, 0], point[:, 1])

    def on(self, edge: NDArray[np.int32], share: Floats) -> tuple[Ints, Floats]:
        """Return shoreline and chainage of a place on an edge; -1, NaN where there is none."""
        a = self.edge_vertex[np.maximum(edge, 0)]
        start = self.chainage_m[a]
        there = start + share * (self.chainage_m[a + 1] - start)
        return np.where(edge >= 0, self.line[a], -1), np.where(edge >= 0, there, np.nan)

    def away_m(self, x: Floats, y: Floats, *, max_m: float) -> Floats:
        """Return how far places (metres) lie from the nearest shore, ``max_m`` at most."""
        return np.minimum(nearest_edge(self.grid, x, y, max_m)[1], max_m)


class Samples(NamedTuple):
    """Places along a coast at about equal steps, in the order of the shore."""

    line: Ints
    chainage_m: Floats
    x: Floats
    y: Floats


def samples(coast: Coast, step_m: float) -> Samples:
    """Sample each shoreline every ``step_m``, a small one more closely."""
    count = np.maximum(np.ceil(coast.total_m / step_m).astype(np.int64), _LEAST_SAMPLES)
    line = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    chainage = (number + 0.5) * (coast.total_m / count)[line]
    return Samples(line, chainage, *coast.at(line, chainage))


class Match(NamedTuple):
    """How one older shoreline runs along one newer: chainages that belong together, rising."""

    old: int
    new: int
    old_m: Floats
    new_m: Floats

    def along(self, chainage_m: Floats, reach_m: float) -> Floats:
        """Return where older chainages lie on the newer shoreline, NaN where none is near.

        What is returned may run beyond a ring's end or before its origin.
        """
        inside = (chainage_m >= self.old_m[0] - _EDGE_M) & (chainage_m <= self.old_m[-1] + _EDGE_M)
        k = np.clip(np.searchsorted(self.old_m, chainage_m) - 1, 0, len(self.old_m) - 2)
        gap = self.old_m[k + 1] - self.old_m[k]
        jump = self.new_m[k + 1] - self.new_m[k]
        known = inside & (gap <= reach_m) & (jump <= 2 * reach_m)
        share = (chainage_m - self.old_m[k]) / np.where(gap > 0, gap, 1.0)
        return np.where(known, self.new_m[k] + share * jump, np.nan)


def matches(old: Coast, new: Coast, *, step_m: float, reach_m: float) -> list[Match]:
    """Return how the older shorelines run along the newer ones.

    Each sample of the older shore looks for the nearest newer shore within ``reach_m`` that runs
    the same way, so that the two banks of a creek are not taken for one another; the find looks
    back, and the pair counts when it comes back to about where it set out. Of each pair of
    shorelines the longest run of finds that rises along both is kept.
    """
    here = samples(old, step_m)
    half = np.minimum(_WAY_SAMPLES * step_m, _WAY_SHARE * old.total_m[here.line])
    ahead = old.at(here.line, here.chainage_m + half)
    back = old.at(here.line, here.chainage_m - half)
    ux, uy = ahead[0] - back[0], ahead[1] - back[1]
    edge, away_m, share = nearest_edge_along(new.grid, here.x, here.y, ux, uy, reach_m)
    line, at_m = new.on(edge, share)
    hit = np.flatnonzero(edge >= 0)
    g = new.grid
    x = g.ax[edge[hit]] + share[hit] * (g.bx[edge[hit]] - g.ax[edge[hit]])
    y = g.ay[edge[hit]] + share[hit] * (g.by[edge[hit]] - g.ay[edge[hit]])
    again, _, again_share = nearest_edge_along(old.grid, x, y, ux[hit], uy[hit], reach_m)
    home, home_m = old.on(again, again_share)
    apart = np.abs(home_m - here.chainage_m[hit])
    total = old.total_m[here.line[hit]]
    apart = np.where(old.ring[here.line[hit]], np.minimum(apart, total - apart), apart)
    agrees = (home == here.line[hit]) & (apart <= _BACK * away_m[hit] + _BACK_SAMPLES * step_m)
    hit = hit[agrees]

    pair = here.line[hit] * len(new.total_m) + line[hit]
    order = np.argsort(pair, kind="stable")
    found = []
    for rows in np.split(hit[order], np.flatnonzero(np.diff(pair[order])) + 1):
        if len(rows) > 1:
            a, b = int(here.line[rows[0]]), int(line[rows[0]])
            found.append(_rise(a, b, here.chainage_m[rows], at_m[rows], old, new))
    done = {match.old for match in found}, {match.new for match in found}
    found += _islets(old, new, *done, reach_m)
    return [match for match in found if len(match.old_m) > 1]


def _rise(a: int, b: int, old_m: Floats, new_m: Floats, old: Coast, new: Coast) -> Match:
    """Return the longest run of pairs that rises along both shorelines."""
    if new.ring[b]:
        length = new.total_m[b]
        step = np.mod(np.diff(new_m) + length / 2, length) - length / 2
        new_m = new_m[0] + np.concatenate([[0.0], np.cumsum(step)])
    rise = longest_rise(new_m)
    old_m, new_m = old_m[rise], new_m[rise]
    if new.ring[b]:
        within = new_m - new_m[0] < new.total_m[b]
        old_m, new_m = old_m[within], new_m[within]
    if old.ring[a] and new.ring[b]:
        # Once round the older ring is once round the newer.
        turn = np.array([old.total_m[a], new.total_m[b]])
        old_m = np.concatenate([old_m[-1:] - turn[0], old_m, old_m[:1] + turn[0]])
        new_m = np.concatenate([new_m[-1:] - turn[1], new_m, new_m[:1] + turn[1]])
    elif not old.ring[a]:
        # An open line ends half a sample beyond its outermost ones.
        ends = new_m[[0, -1]] + [-old_m[0], old.total_m[a] - old_m[-1]]
        if not new.ring[b]:
            ends = np.clip(ends, 0.0, new.total_m[b])
        old_m = np.concatenate([[0.0], old_m, [old.total_m[a]]])
        new_m = np.concatenate([ends[:1], new_m, ends[1:]])
    return Match(a, b, old_m, new_m)


def _islets(
    old: Coast, new: Coast, old_done: set[int], new_done: set[int], reach_m: float
) -> list[Match]:
    """Match rings too small to run any way, by their middles: each the other's nearest."""
    mine, theirs = (
        np.array([row for row in np.flatnonzero(coast.ring) if row not in done], dtype=np.int64)
        for coast, done in ((old, old_done), (new, new_done))
    )
    if not len(mine) or not len(theirs):
        return []
    middles = []
    for coast, rows in ((old, mine), (new, theirs)):
        x, y = to_metres(coast.crs, coast.xy[:, 0], coast.xy[:, 1])
        n = np.bincount(coast.line, minlength=len(coast.total_m))
        middle = [np.bincount(coast.line, weights=v, minlength=len(n)) / n for v in (x, y)]
        middles.append(np.column_stack(middle)[rows])
    away_m, there = cKDTree(middles[1]).query(middles[0], distance_upper_bound=reach_m)
    _, home = cKDTree(middles[0]).query(middles[1])
    found = []
    for row in np.flatnonzero(np.isfinite(away_m)):
        a, b = int(mine[row]), int(theirs[there[row]])
        alike = max(old.total_m[a], new.total_m[b]) / min(old.total_m[a], new.total_m[b])
        if home[there[row]] == row and alike <= _ALIKE:
            first = old.xy[old.line == a][0]
            ring = np.flatnonzero(new.line == b)
            nearest = ring[np.hypot(*(new.xy[ring] - first).T).argmin()]
            ends = np.array([0.0, 0.5, 1.0])
            there_m = new.chainage_m[nearest] + ends * new.total_m[b]
            found.append(Match(a, b, ends * old.total_m[a], there_m))
    return found
