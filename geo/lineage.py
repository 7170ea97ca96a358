"""Segments that outlive a re-import: what of an older coast a newer one still has."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from geo._matching import Coast, Match, matches, samples
from geo._stretches import SAME_M, Stretch, covering, pieces, stretches
from geo.crs import Floats, Ints, working_crs
from geo.segments import cut_at, interpolate, segment_of, vertex_chainage

CHANGES = ("kept", "moved", "split", "merged", "gone", "new")
LINEAGE = pl.Schema(
    {
        "old_segment_id": pl.String,
        "new_segment_id": pl.String,
        "change": pl.String,
        "old_m": pl.Float64,
        "new_m": pl.Float64,
        "offset_m": pl.Float64,
    }
)

_SAMPLES = 20
_TOUCHING_M = 1e-6
# Segments cut for a length that differs by more than this are cut anew.
_OTHER_LENGTH = 1.1


@dataclass(frozen=True)
class Carried:
    """A newer coast with the older one's ids, and what became of each stretch.

    ``lineage`` has the columns of ``LINEAGE``: one row for each pair of segments that share shore,
    ``old_m`` and ``new_m`` being what they share in the older and the newer drawing, ``offset_m``
    how far these lie apart on average. Over all rows the lengths add up to the two coasts, so that
    every kilometre is accounted for.
    """

    shorelines: gpd.GeoDataFrame
    segments: gpd.GeoDataFrame
    lineage: pl.DataFrame
    matches: tuple[Match, ...]
    old: Coast
    old_ids: tuple[str, ...]
    cuts: tuple[Ints, Floats, Floats]
    by: Ints
    origin_m: Floats
    reach_m: float

    def locate(
        self, shoreline_id: Sequence[str], chainage_m: Floats
    ) -> tuple[list[str | None], Floats]:
        """Return newer shoreline and chainage of places on the older one; None, NaN if gone."""
        rows = {name: row for row, name in enumerate(self.old_ids)}
        line = np.array([rows.get(name, -1) for name in shoreline_id], dtype=np.int64)
        segment = segment_of(*self.cuts, on_line=np.maximum(line, 0), at_m=chainage_m)
        by = np.where(line >= 0, self.by[segment], -1)
        found = np.full(len(line), -1)
        at_m = np.full(len(line), np.nan)
        total_m = self.shorelines["length_m"].to_numpy(dtype=np.float64)
        ring = self.shorelines["is_ring"].to_numpy(dtype=bool)
        # First by the way that the place's own segment was carried, then by any.
        for own in (True, False):
            for number, one in enumerate(self.matches):
                here = (by == number) if own else (by < 0) & (line == one.old)
                at = np.flatnonzero(here & (found < 0))
                there = one.along(chainage_m[at], self.reach_m) - self.origin_m[one.new]
                there = np.mod(there, total_m[one.new]) if ring[one.new] else there
                known = np.isfinite(there)
                found[at[known]] = one.new
                at_m[at[known]] = there[known]
        names = self.shorelines["shoreline_id"].tolist()
        return [names[row] if row >= 0 else None for row in found], at_m

    def stood(self, shoreline_id: Sequence[str], chainage_m: Floats) -> tuple[Floats, Floats]:
        """Return lon, lat of places on the older shore; NaN where there is no such shoreline."""
        rows = {name: row for row, name in enumerate(self.old_ids)}
        line = np.array([rows.get(name, -1) for name in shoreline_id], dtype=np.int64)
        old = self.old
        point = interpolate(
            old.xy, old.line, old.chainage_m, on_line=np.maximum(line, 0), at_m=chainage_m
        )
        point[line < 0] = np.nan
        return point[:, 0], point[:, 1]


def carry(
    old_shores: gpd.GeoDataFrame,
    old_segments: gpd.GeoDataFrame,
    new_shores: gpd.GeoDataFrame,
    *,
    length_m: float,
    tolerance_m: float,
    reach_m: float,
) -> Carried:
    """Cut a newer coast where the older one was cut, and keep the ids of what is still the same.

    A segment whose two cuts are found again keeps its id: as `kept` when the two drawings lie
    within ``tolerance_m`` of each other throughout, as `moved` beyond. One that has become much
    longer is `split`, those that have become too short are `merged`, what is not found within
    ``reach_m`` is `gone`, and shore that nothing older leads to is `new`.

    Parameters
    ----------
    old_shores, new_shores : as ``shorelines`` returns them; ``old_segments`` belong to the former,
        in its order.
    length_m : length that segments aim at. Where the older ones were cut for another length, all
        are cut anew, and the lineage tells how they overlap.
    """
    bounds = np.vstack([old_shores.total_bounds, new_shores.total_bounds])
    crs = working_crs([*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)])
    old, new = Coast.of(old_shores, crs), Coast.of(new_shores, crs)
    step_m = length_m / _SAMPLES
    found = matches(old, new, step_m=step_m, reach_m=reach_m)
    order = {name: row for row, name in enumerate(old_shores["shoreline_id"])}
    owner = np.array([order[name] for name in old_segments["shoreline_id"]], dtype=np.int64)
    from_m = old_segments["from_m"].to_numpy(dtype=np.float64)
    to_m = old_segments["to_m"].to_numpy(dtype=np.float64)

    line, at, by = _found(found, owner, from_m, to_m, reach_m)
    blocks = stretches(
        line,
        at,
        to_m - from_m,
        length_m,
        alone=old.ring[owner] & (np.bincount(owner)[owner] == 1),
        whole=_cut_alike(old, to_m, length_m),
    )
    blocks, origin = covering(blocks, new, _first_cuts(found, reach_m), length_m)
    _leave_still(blocks, from_m, to_m)
    new_shores = _turned(new_shores, origin)
    ids = _shoreline_ids(blocks, owner, old_shores, new_shores)
    new_shores = new_shores.assign(shoreline_id=ids)

    count = np.array([pieces(block, length_m) for block in blocks])
    which = np.repeat(np.arange(len(blocks)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    start = np.array([block.from_m for block in blocks])[which]
    each = np.array([block.length_m for block in blocks])[which] / count[which]
    cut = cut_at(
        new_shores,
        np.array([block.line for block in blocks])[which],
        from_m=start + number * each,
        to_m=start + (number + 1) * each,
    )
    old_ids = old_segments["segment_id"].tolist()
    keeps = [blocks[row].keeps for row in which]
    cut["segment_id"] = _segment_ids(cut["segment_id"].tolist(), keeps, old_ids)
    lineage = _lineage(blocks, which, cut, old_ids, to_m - from_m)
    before = _apart(old, new, owner, from_m, to_m, step_m, reach_m)
    turned = Coast.of(new_shores, crs)
    after = _apart(
        turned,
        old,
        np.array([block.line for block in blocks])[which],
        cut["from_m"].to_numpy(),
        cut["to_m"].to_numpy(),
        step_m,
        reach_m,
    )
    return Carried(
        new_shores,
        cut,
        _judged(lineage, old_ids, before, cut["segment_id"].tolist(), after, tolerance_m),
        tuple(found),
        old,
        tuple(old_shores["shoreline_id"]),
        (owner, from_m, to_m),
        by,
        origin,
        reach_m,
    )


def _cut_alike(old: Coast, to_m: Floats, length_m: float) -> bool:
    """Return whether the older segments aimed at the same length as the newer shall."""
    share = old.total_m.sum() / np.maximum(np.rint(old.total_m / length_m), 1.0).sum()
    mean_m = old.total_m.sum() / len(to_m)
    return bool(max(share, mean_m) <= _OTHER_LENGTH * min(share, mean_m))


def _found(
    found: Sequence[Match], owner: Ints, from_m: Floats, to_m: Floats, reach_m: float
) -> tuple[Ints, Floats, Ints]:
    """Return the newer shoreline of each older segment (or -1), its two ends there, its match."""
    line, by = np.full(len(owner), -1), np.full(len(owner), -1)
    at = np.full((len(owner), 2), np.nan)
    support = np.zeros(len(owner))
    for number, one in enumerate(found):
        rows = np.arange(*np.searchsorted(owner, [one.old, one.old + 1]))
        ends = np.column_stack([one.along(chainage[rows], reach_m) for chainage in (from_m, to_m)])
        seen = np.diff(np.searchsorted(one.old_m, [from_m[rows], to_m[rows]]), axis=0)[0] + 1.0
        better = np.isfinite(ends).all(axis=1) & (seen > support[rows])
        rows = rows[better]
        line[rows], at[rows], support[rows] = one.new, ends[better], seen[better]
        by[rows] = number
    return line, at, by


def _first_cuts(found: Sequence[Match], reach_m: float) -> dict[int, float]:
    """Return where older origins lie on newer shorelines: rings begin there again."""
    first = {}
    for one in sorted(found, key=lambda match: len(match.old_m)):
        there = float(one.along(np.zeros(1), reach_m)[0])
        if np.isfinite(there):
            first[one.new] = there
    return first


def _leave_still(blocks: list[Stretch], from_m: Floats, to_m: Floats) -> None:
    """Leave the cuts of a shoreline that did not move where they are, to the last bit."""
    for _, group in groupby(blocks, key=lambda block: block.line):
        own = list(group)
        rows = [block.keeps for block in own if block.keeps is not None]
        if len(rows) < len(own):
            continue
        ends = np.array([(block.from_m, block.to_m) for block in own])
        apart = np.abs(ends - np.column_stack([from_m[rows], to_m[rows]]))
        # A shoreline of the same length to the micrometre is the same one.
        if apart.max() < SAME_M and apart[-1, 1] < _TOUCHING_M:
            for block, row in zip(own, rows, strict=True):
                block.from_m, block.to_m = float(from_m[row]), float(to_m[row])


def _turned(shores: gpd.GeoDataFrame, origin_m: Floats) -> gpd.GeoDataFrame:
    """Return shorelines whose rings begin at the given chainages."""
    xy, line, chainage = vertex_chainage(shores)
    rows = np.flatnonzero(origin_m > 0)
    geometry = np.asarray(shores.geometry.values, dtype=object).copy()
    begins = interpolate(xy, line, chainage, on_line=rows, at_m=origin_m[rows])
    for row, begin in zip(rows.tolist(), begins, strict=True):
        own = slice(*np.searchsorted(line, [row, row + 1]))
        ring, along = xy[own][:-1], chainage[own][:-1]
        behind = along > origin_m[row] + _TOUCHING_M
        before = along < origin_m[row] - _TOUCHING_M
        geometry[row] = shapely.linestrings(np.vstack([begin, ring[behind], ring[before], begin]))
    turned = shores.set_geometry(gpd.GeoSeries(geometry, index=shores.index, crs=shores.crs))
    _, line, chainage = vertex_chainage(turned)
    ends = np.searchsorted(line, np.arange(len(shores)), side="right") - 1
    return turned.assign(length_m=chainage[ends])


def _shoreline_ids(
    blocks: list[Stretch],
    owner: Ints,
    old_shores: gpd.GeoDataFrame,
    new_shores: gpd.GeoDataFrame,
) -> list[str]:
    """Return the newer shorelines' ids: that of the older one they share most shore with."""
    shared: dict[tuple[int, int], float] = {}
    for block in blocks:
        for row, (a, b) in zip(block.olds, block.spans, strict=True):
            key = (block.line, int(owner[row]))
            shared[key] = shared.get(key, 0.0) + b - a
    names = old_shores["shoreline_id"].tolist()
    ids: list[str | None] = [None] * len(new_shores)
    taken: set[int] = set()
    for (line, old), _ in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if ids[line] is None and old not in taken:
            ids[line] = names[old]
            taken.add(old)
    return _distinct(ids, new_shores["shoreline_id"].tolist(), names)


def _segment_ids(
    fresh: Sequence[str], keeps: Sequence[int | None], old_ids: Sequence[str]
) -> list[str]:
    return _distinct([None if row is None else old_ids[row] for row in keeps], fresh, old_ids)


def _distinct(
    kept: Sequence[str | None], fresh: Sequence[str], reserved: Sequence[str]
) -> list[str]:
    """Return kept ids, and fresh ones where none is kept; a fresh one never repeats another."""
    seen = set(reserved)
    out = []
    for keep, own in zip(kept, fresh, strict=True):
        if keep is None:
            plain, again, name = own.split(".", maxsplit=1)[0], 1, own
            while name in seen:
                again += 1
                name = f"{plain}.{again}"
            seen.add(name)
            keep = name
        out.append(keep)
    return out


def _lineage(
    blocks: list[Stretch],
    which: Ints,
    cut: gpd.GeoDataFrame,
    old_ids: Sequence[str],
    old_m: Floats,
) -> pl.DataFrame:
    """Return the rows of ``LINEAGE``, with ``change`` for all but kept and moved."""
    from_m, to_m = cut["from_m"].to_numpy(), cut["to_m"].to_numpy()
    ids = cut["segment_id"].tolist()
    rows: list[tuple[str | None, str | None, str, float | None, float | None]] = []
    gone = np.ones(len(old_ids), dtype=bool)
    for number, own in groupby(range(len(which)), key=lambda piece: int(which[piece])):
        block, parts = blocks[number], list(own)
        gone[block.olds] = False
        rows += _shared(block, parts, from_m, to_m, ids, old_ids, old_m)
    rows += [
        (old_ids[row], None, "gone", float(old_m[row]), None)
        for row in np.flatnonzero(gone).tolist()
    ]
    schema = {name: kind for name, kind in LINEAGE.items() if name != "offset_m"}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _shared(
    block: Stretch,
    parts: list[int],
    from_m: Floats,
    to_m: Floats,
    ids: Sequence[str],
    old_ids: Sequence[str],
    old_m: Floats,
) -> list[tuple[str | None, str | None, str, float | None, float | None]]:
    """Return who shares how much shore within one block."""
    part_m = (to_m - from_m)[parts]
    if not block.olds:
        return [(None, ids[p], "new", None, float(m)) for p, m in zip(parts, part_m, strict=True)]
    spans = np.array(block.spans)
    overlap = np.minimum(spans[:, 1:], to_m[parts]) - np.maximum(spans[:, :1], from_m[parts])
    overlap = np.maximum(overlap, 0.0)
    # A span of no length shares nothing by measure, and yet belongs to the piece it lies on.
    middle = np.clip(spans.mean(axis=1), from_m[parts[0]], to_m[parts[-1]])
    nearest = np.minimum(np.searchsorted(to_m[parts], middle), len(parts) - 1)
    lost = overlap.sum(axis=1) <= 0
    overlap[lost, nearest[lost]] = 1e-9
    bare = overlap.sum(axis=0) <= 0
    old_share = overlap / overlap.sum(axis=1, keepdims=True) * old_m[block.olds][:, None]
    new_share = overlap / np.where(bare, 1.0, overlap.sum(axis=0)) * part_m
    children = (overlap > 0).sum(axis=1)
    rows: list[tuple[str | None, str | None, str, float | None, float | None]] = [
        (None, ids[parts[p]], "new", None, float(part_m[p])) for p in np.flatnonzero(bare)
    ]
    for o, p in zip(*np.nonzero(overlap > 0), strict=True):
        row = block.olds[o]
        longer = children[o] > 1 or part_m[p] > old_m[row]
        change = "kept" if row == block.keeps else "split" if longer else "merged"
        rows.append(
            (old_ids[row], ids[parts[p]], change, float(old_share[o, p]), float(new_share[o, p]))
        )
    return rows


def _apart(
    coast: Coast,
    other: Coast,
    owner: Ints,
    from_m: Floats,
    to_m: Floats,
    step_m: float,
    reach_m: float,
) -> tuple[Floats, Floats]:
    """Return how far each segment lies from the other coast, mean and most (2 ``reach_m``)."""
    here = samples(coast, step_m)
    row = segment_of(owner, from_m, to_m, on_line=here.line, at_m=here.chainage_m)
    away = other.away_m(here.x, here.y, max_m=2 * reach_m)
    count = np.bincount(row, minlength=len(owner))
    most = np.zeros(len(owner))
    np.maximum.at(most, row, away)
    mean = np.bincount(row, weights=away, minlength=len(owner)) / np.maximum(count, 1)
    return mean, most


def _judged(
    lineage: pl.DataFrame,
    old_ids: Sequence[str],
    before: tuple[Floats, Floats],
    new_ids: Sequence[str],
    after: tuple[Floats, Floats],
    tolerance_m: float,
) -> pl.DataFrame:
    """Return the lineage with offsets, and `moved` where two drawings of a stretch part."""
    olds = pl.DataFrame({"old_segment_id": old_ids, "mean": before[0], "most": before[1]})
    news = pl.DataFrame({"new_segment_id": new_ids, "mean_new": after[0], "most_new": after[1]})
    both = lineage.join(olds, on="old_segment_id", how="left", maintain_order="left").join(
        news, on="new_segment_id", how="left", maintain_order="left"
    )
    shared = pl.col("old_segment_id").is_not_null() & pl.col("new_segment_id").is_not_null()
    far = pl.max_horizontal("most", "most_new") > tolerance_m
    return both.select(
        "old_segment_id",
        "new_segment_id",
        pl.when((pl.col("change") == "kept") & far)
        .then(pl.lit("moved"))
        .otherwise("change")
        .alias("change"),
        "old_m",
        "new_m",
        offset_m=pl.when(shared).then(pl.max_horizontal("mean", "mean_new")),
    )
