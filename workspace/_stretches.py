"""What became of the coast, told by stretches: neighbouring rows of one kind of change as one."""

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workspace import lineage, store
from workspace._boundaries_held import TABLES
from workspace._cache import cached
from workspace.folder import Workspace
from workspace.placing import segments

# Lines that were cut at one place end within a tenth of a metre of it.
_SAME_PLACE_DEG = 1e-6


def coasts(ws: Workspace) -> pl.DataFrame:
    """Return the imports of coasts, the newest first.

    Columns: coast_id, t, source, crs, before (the id of the coast that it took the place of; null
    for the first that was written down), changed (whether its changes were).
    """
    return cached(ws, "coasts", ("coasts", "lineage"), lambda: _coasts(ws))


def _coasts(ws: Workspace) -> pl.DataFrame:
    found = lineage.coasts(ws).sort("coast_id")
    told = store.read(ws.engine, "lineage", columns=["coast_id"])["coast_id"].unique()
    return (
        found.select("coast_id", "t", "source", "crs")
        .with_columns(
            before=pl.col("coast_id").shift(), changed=pl.col("coast_id").is_in(told.to_list())
        )
        .reverse()
    )


def coast_changes(ws: Workspace, coast_id: int) -> gpd.GeoDataFrame:
    """Return one import's lineage as lines, each with the ``stretch`` that it is part of.

    A stretch is a run of lines of one kind of change that meet end to end; it is named by the
    lowest ``lineage_id`` in it, and 0 for what was kept.

    Raises
    ------
    InputError
        When there is no change of that number.
    """
    return cached(ws, ("coast changes", coast_id), ("lineage",), lambda: _changes(ws, coast_id))


def _changes(ws: Workspace, coast_id: int) -> gpd.GeoDataFrame:
    lines = lineage.layer(ws, coast_id)
    told = (lines["change"] != "kept").to_numpy()
    stretch = np.zeros(len(lines), dtype=np.int64)
    if told.any():
        stretch[told] = _joined(lines[told])
    return lines.assign(stretch=stretch)


def _joined(lines: gpd.GeoDataFrame) -> np.ndarray:
    """Return for each line the lowest lineage_id of those it is joined with."""
    ends = np.stack(
        [shapely.get_coordinates(shapely.get_point(lines.geometry, at)) for at in (0, -1)]
    )
    cells = np.round(ends / _SAME_PLACE_DEG).astype(np.int64).reshape(-1, 2)
    kind = np.tile(pd.factorize(lines["change"])[0], 2)
    _, node = np.unique(np.column_stack([cells, kind]), axis=0, return_inverse=True)
    a, b = node.reshape(2, -1)
    n = int(node.max()) + 1
    _, part = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(n, n)))
    ids = lines["lineage_id"].to_numpy()
    lowest = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(lowest, part[a], ids)
    return np.asarray(lowest[part[a]])


def stretches(ws: Workspace, coast_id: int) -> pl.DataFrame:
    """Return the stretches that changed, the longest first.

    Columns: stretch, change, pieces, old_m, new_m, offset_m (mean over the newer metres; null
    where there are none), old_ids and new_ids (lists), segment_id (one of today's segments on it;
    null where there is none), section_id and shoreline_kind (of today's nearest segment), west,
    south, east, north.
    """
    tables = ("lineage", "segments", "shorelines", *TABLES)
    return cached(ws, ("stretches", coast_id), tables, lambda: _stretches(ws, coast_id))


def _stretches(ws: Workspace, coast_id: int) -> pl.DataFrame:
    changed = coast_changes(ws, coast_id)
    changed = changed[changed["stretch"] > 0]
    box = shapely.bounds(changed.geometry.to_numpy()).reshape(-1, 4)
    names = ("old_segment_id", "new_segment_id")
    rows = pl.DataFrame(
        {
            "stretch": changed["stretch"].to_numpy(),
            "change": changed["change"].to_list(),
            **{
                name: pl.Series(
                    [one if isinstance(one, str) else None for one in changed[name]],
                    dtype=pl.String,
                )
                for name in names
            },
            **{name: changed[name].to_numpy() for name in ("old_m", "new_m", "offset_m")},
            **dict(zip(("west", "south", "east", "north"), box.T, strict=True)),
        },
        nan_to_null=True,
    )
    shore = segments(ws)
    own = pl.col("new_segment_id").is_in(shore["segment_id"].to_list())
    known = pl.col("offset_m").is_not_null()
    found = (
        rows.group_by("stretch", maintain_order=True)
        .agg(
            pl.col("change").first(),
            pieces=pl.len(),
            # A segment that was split is told once for each piece, with its share of its metres.
            old_m=pl.col("old_m").sum(),
            new_m=pl.col("new_m").sum(),
            offset_m=(pl.col("offset_m") * pl.col("new_m")).sum()
            / pl.col("new_m").filter(known).sum(),
            old_ids=pl.col("old_segment_id").drop_nulls().unique(maintain_order=True),
            new_ids=pl.col("new_segment_id").drop_nulls().unique(maintain_order=True),
            segment_id=pl.col("new_segment_id").filter(own).first(),
            west=pl.col("west").min(),
            south=pl.col("south").min(),
            east=pl.col("east").max(),
            north=pl.col("north").max(),
        )
        .with_columns(pl.col("offset_m").fill_nan(None))
    )
    middle = shapely.points(
        found.select((pl.col("west") + pl.col("east")) / 2, (pl.col("south") + pl.col("north")) / 2)
        .to_numpy()
        .reshape(-1, 2)
    )
    at = shore.sindex.nearest(middle, return_all=False)[1] if len(shore) and found.height else []
    near = shore.iloc[at]
    return found.with_columns(
        section_id=pl.Series(
            [one if isinstance(one, str) else None for one in near["section_id"]], dtype=pl.String
        ),
        shoreline_kind=pl.Series(near["shoreline_kind"].to_list(), dtype=pl.String),
    ).sort(pl.max_horizontal("old_m", "new_m"), "stretch", descending=[True, False])
