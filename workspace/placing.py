"""Places put on the coast of a workspace, and what follows when the coast is imported anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import polars as pl
from numpy.typing import NDArray
from sqlalchemy import Connection

from duty.sections import assign, hang_islands
from geo.nearest import ShoreIndex
from workspace import store
from workspace._boundaries_held import TABLES, holding, today
from workspace._cache import cached
from workspace.folder import Workspace

PLACED = ("wharves", "risk_points", "facilities", "incidents")


def shorelines(ws: Workspace) -> gpd.GeoDataFrame:
    """Return the shorelines in the order in which the segments follow them."""
    return cached(ws, "shorelines", ("shorelines", "segments"), lambda: _shorelines(ws))


def _shorelines(ws: Workspace) -> gpd.GeoDataFrame:
    found = store.layer(ws.engine, "shorelines").set_index("shoreline_id", drop=False)
    order = store.read(ws.engine, "segments", columns=["shoreline_id"]).unique(maintain_order=True)
    return found.loc[order["shoreline_id"].to_list()].reset_index(drop=True)


def segments(ws: Workspace, day: date | None = None) -> gpd.GeoDataFrame:
    """Return the segments in the order of the shore.

    Each has its `section_id` (or None) by the boundaries that hold on a local day, today where
    none is named, and its `shoreline_kind` (mainland, island or inner).
    """
    chosen = day or today(ws)
    tables = ("segments", "shorelines", *TABLES)

    def of_version() -> gpd.GeoDataFrame:
        # Days of one version share what is made of it.
        version = holding(ws, chosen).version
        return cached(ws, ("segments of", version), tables, lambda: _cut(ws, chosen))

    return cached(ws, ("segments", chosen), tables, of_version)


def _cut(ws: Workspace, day: date) -> gpd.GeoDataFrame:
    kinds = dict(store.read(ws.engine, "shorelines", columns=["shoreline_id", "kind"]).iter_rows())
    found = store.layer(ws.engine, "segments")
    found = found.assign(shoreline_kind=[kinds[name] for name in found["shoreline_id"]])
    held = holding(ws, day)
    if held.cuts.is_empty() or found.empty:
        return found.assign(section_id=None)
    plain = store.read(
        ws.engine, "segments", columns=["segment_id", "shoreline_id", "from_m", "to_m"]
    )
    owner = assign(plain, held.cuts, held.hangs)
    return found.assign(section_id=pl.Series(owner).to_list())


@dataclass(frozen=True)
class Shore:
    """A coast's index with the names of what it finds."""

    index: ShoreIndex
    shoreline_ids: pl.Series
    segment_ids: pl.Series
    is_ring: pl.Series

    @classmethod
    def build(cls, shores: gpd.GeoDataFrame, cut: gpd.GeoDataFrame) -> "Shore":
        """Index shorelines and the segments cut from them, in the same order."""
        return cls(
            ShoreIndex.build(shores, cut),
            pl.Series(shores["shoreline_id"].to_list(), dtype=pl.String),
            pl.Series(cut["segment_id"].to_list(), dtype=pl.String),
            pl.Series(shores["is_ring"].to_list(), dtype=pl.Boolean),
        )

    def rows_of(self, shoreline_ids: Sequence[str | None]) -> NDArray[np.int32]:
        """Return the rows of shorelines by id, -1 for None and for unknown ones."""
        rows = {name: row for row, name in enumerate(self.shoreline_ids)}
        return np.array([rows.get(name or "", -1) for name in shoreline_ids], dtype=np.int32)

    def snap(self, lon: pl.Series, lat: pl.Series, *, max_m: float) -> pl.DataFrame:
        """Return shoreline_id, chainage_m, offset_m, segment_id of places; null beyond max_m."""
        near = self.index.nearest(lon.to_numpy(), lat.to_numpy(), max_m=max_m)
        shoreline = pl.Series(near.shoreline, dtype=pl.Int64)
        segment = pl.Series(near.segment, dtype=pl.Int64)
        none = (shoreline < 0).rename("none")
        return pl.DataFrame(
            {
                "shoreline_id": self.shoreline_ids.gather(shoreline.set(none, None)),
                "chainage_m": pl.Series(near.chainage_m).fill_nan(None),
                "offset_m": pl.Series(near.distance_m).set(none, None),
                "segment_id": self.segment_ids.gather(segment.set(none, None)),
            }
        )


def shore_index(ws: Workspace) -> ShoreIndex:
    """Return the index that finds the nearest shore of a position."""
    return shore(ws).index


def shore(ws: Workspace) -> Shore:
    """Return the coast's index with its names."""
    return cached(
        ws,
        "indexed shore",
        ("shorelines", "segments"),
        lambda: Shore.build(shorelines(ws), store.layer(ws.engine, "segments")),
    )


def snap(ws: Workspace, lon: pl.Series, lat: pl.Series, *, max_m: float) -> pl.DataFrame:
    """Return where places lie on the workspace's coast, as ``Shore.snap`` does."""
    return shore(ws).snap(lon, lat, max_m=max_m)


def hung(connection: Connection, cuts: pl.DataFrame) -> pl.DataFrame:
    """Return every shoreline without a cut with the nearest one that has cuts, to hang it on."""
    columns = ["shoreline_id", "from_m", "to_m", "lon", "lat"]
    return hang_islands(store.read(connection, "segments", columns=columns), cuts)
