"""A workspace's coast: traced from land, cut to segments, carried over from the one before."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import polars as pl
import shapely
from sqlalchemy import Connection

from geo.crs import step_lengths
from geo.errors import InputError
from geo.exposure import exposure
from geo.lineage import CHANGES, Carried, carry
from geo.segments import segments
from geo.shoreline import shorelines
from workspace import store
from workspace._import_around import with_around
from workspace._quarantine import quarantine
from workspace.folder import Workspace
from workspace.inheritance import inherit
from workspace.landing import TRAITS, with_landing, with_traits
from workspace.nearness import Ground, water_of
from workspace.placing import Shore
from workspace.placing import shorelines as stored_shorelines

# Less of the older coast than this is left only by another layer, or by a part of it.
_MOST_GONE = 0.5
_GROUND = ["shoreline_id", "from_m", "to_m", "lon", "lat"]


@dataclass(frozen=True)
class Origin:
    """Where a coast came from: file, CRS and SHA-256 of the content, and what was closed of it.

    ``mouths`` has longitude, latitude and width (m) of each river mouth that was closed.
    """

    source: str = ""
    crs: str = ""
    sha256: str = ""
    river_mouth_m: float = 0.0
    mouths: tuple[tuple[float, float, float], ...] = ()


def build_coast(
    ws: Workspace,
    land: gpd.GeoDataFrame,
    *,
    county: gpd.GeoDataFrame | None = None,
    origin: Origin | None = None,
    now: datetime | None = None,
    replace: bool = True,
) -> dict[str, int]:
    """Make repaired land the workspace's coast; all of it holds, or none.

    Where there was a coast before, each stretch that is still the same keeps its id and all that
    hangs on it; the table `lineage` tells what became of the others, `coasts` sums it up.

    Parameters
    ----------
    county : polygons; only the shore inside is governed.
    replace : whether it is taken although more than half of the older coast is not in it.

    Raises
    ------
    InputError
        When it is not taken for that reason; nothing is changed.
    """
    origin, moment = origin or Origin(), now or datetime.now(UTC)
    shores = shorelines(land, county=county)
    carried = _carried(ws, shores)
    if carried is None:
        cut = segments(shores, length_m=ws.config.segment_length_m)
    else:
        if not replace:
            _mostly_there(carried.lineage, origin)
        shores, cut = carried.shorelines, carried.segments
    cut = with_traits(exposure(cut, land), _inherited(ws, carried))
    cut = with_landing(ws, with_around(ws.engine, cut), land=land)
    counts = {
        "land_polygons": len(land),
        "shorelines": len(shores),
        "segments": len(cut),
        "shore_km": round(float(shores["length_m"].sum()) / 1000.0),
        "edge_km": round(max(_round_m(land) - float(shores["length_m"].sum()), 0.0) / 1000.0),
    }
    if carried is not None:
        counts["without_shore_type"] = _without_kind(carried, cut)
        new = Shore.build(shores, cut)
        plain = pl.DataFrame({name: cut[name].to_list() for name in _GROUND})
        older = _older(ws)
        ground = Ground.of(water_of(land), new.index, shores, plain, ws.config.max_snap_m)
    with ws.begin() as connection:
        was = store.read(connection, "segments", columns=["segment_id", "geometry"])
        store.write(connection, "land", land, replace=True)
        store.write(connection, "shorelines", shores, replace=True)
        store.write(connection, "segments", cut, replace=True)
        if carried is not None:
            counts |= changed(carried.lineage)
            moved, lost = inherit(connection, ws.config, carried, new, ground, older)
            counts |= moved
            quarantine(connection, "coast places", Path(origin.source or "coast"), lost, moment)
        number = _noted(connection, origin, counts, moment)
        if carried is not None:
            store.write(connection, "lineage", _rows(connection, number, carried.lineage, was, cut))
    return counts


def _without_kind(carried: Carried, cut: gpd.GeoDataFrame) -> int:
    """Return how many new segments lack the kind of shore that the older ones have."""
    known = pl.Series(cut["shore_type"].to_list(), dtype=pl.String).is_not_null()
    fresh = carried.lineage.filter(pl.col("change") == "new")["new_segment_id"]
    new = pl.Series(cut["segment_id"].to_list(), dtype=pl.String).is_in(fresh.to_list())
    return int((new & ~known).sum()) if known.any() else 0


def _round_m(land: gpd.GeoDataFrame) -> float:
    """Return the length (m) of all rings of land, coast or not."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(land.geometry.values), return_index=True)
    return float(step_lengths(xy, ring).sum())


def changed(lineage: pl.DataFrame) -> dict[str, int]:
    """Return how many segments were kept, moved, split, merged, gone and new, and metres of each.

    Of what is new the newer segments count, else the older ones.
    """
    counts = {}
    for name in CHANGES:
        rows = lineage.filter(pl.col("change") == name)
        side = "new" if name == "new" else "old"
        counts[name] = rows[f"{side}_segment_id"].n_unique()
        counts[f"{name}_m"] = round(float(rows[f"{side}_m"].sum()))
    return counts


def _carried(ws: Workspace, shores: gpd.GeoDataFrame) -> Carried | None:
    """Return the newer shores with the older coast's ids; None where there is no older one."""
    if not store.count(ws.engine, "segments"):
        return None
    return carry(
        stored_shorelines(ws),
        store.layer(ws.engine, "segments"),
        shores,
        length_m=ws.config.segment_length_m,
        tolerance_m=ws.config.shore_tolerance_m,
        reach_m=ws.config.shore_reach_m,
    )


def _mostly_there(lineage: pl.DataFrame, origin: Origin) -> None:
    """Raise InputError where most of the older coast is gone: that is another layer, or a part."""
    gone_km = float(lineage.filter(pl.col("change") == "gone")["old_m"].sum()) / 1000.0
    all_km = float(lineage["old_m"].sum()) / 1000.0
    if gone_km > _MOST_GONE * all_km:
        raise InputError(
            f"{gone_km:.0f} of the {all_km:.0f} km of the coast so far are not in this layer",
            where=origin.source,
            mend="Give the whole coast; where so much is gone indeed, say so with --replace.",
        )


def _older(ws: Workspace) -> pl.DataFrame:
    """Return the segments before, each with its shoreline and that one's length and form."""
    lines = ["shoreline_id", "length_m", "is_ring"]
    names = ["segment_id", "shoreline_id", "from_m", "to_m"]
    return store.read(ws.engine, "segments", columns=names).join(
        store.read(ws.engine, "shorelines", columns=lines), on="shoreline_id", maintain_order="left"
    )


def _inherited(ws: Workspace, carried: Carried | None) -> pl.DataFrame:
    """Return the traits of the newer segments: those of the one each has most shore from."""
    traits = store.read(ws.engine, "segments", columns=["segment_id", *TRAITS])
    if carried is None:
        return traits
    parents = (
        carried.lineage.drop_nulls(["old_segment_id", "new_segment_id"])
        .sort("new_m", "old_segment_id", descending=[True, False])
        .unique("new_segment_id", keep="first", maintain_order=True)
        .select("new_segment_id", segment_id="old_segment_id")
    )
    return (
        parents.join(traits, on="segment_id")
        .drop("segment_id")
        .rename({"new_segment_id": "segment_id"})
    )


def _noted(connection: Connection, origin: Origin, counts: dict[str, int], now: datetime) -> int:
    """Note an import of a coast; return its number."""
    numbers = store.read(connection, "coasts", columns=["coast_id"])["coast_id"]
    number = int(numbers.max() or 0) + 1
    row = {
        "coast_id": number,
        "t": now,
        "source": origin.source,
        "crs": origin.crs,
        "sha256": origin.sha256,
        "summary": store.as_json(
            {**counts, "river_mouth_m": origin.river_mouth_m, "mouths": origin.mouths}
        ),
    }
    store.write(connection, "coasts", pl.DataFrame([row]))
    return number


def _rows(
    connection: Connection,
    coast: int,
    lineage: pl.DataFrame,
    was: pl.DataFrame,
    cut: gpd.GeoDataFrame,
) -> pl.DataFrame:
    """Return the lineage as it is kept: each row with its newer shore, or what is gone."""
    last = store.read(connection, "lineage", columns=["lineage_id"])["lineage_id"].max() or 0
    shapes = pl.DataFrame(
        {
            "new_segment_id": cut["segment_id"].to_list(),
            "now": list(shapely.to_wkb(cut.geometry.to_numpy(), byte_order=1)),
        },
        schema={"new_segment_id": pl.String, "now": pl.Binary},
    )
    return (
        lineage.join(shapes, on="new_segment_id", how="left", maintain_order="left")
        .join(
            was.rename({"segment_id": "old_segment_id", "geometry": "was"}),
            on="old_segment_id",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            geometry=pl.coalesce("now", "was"),
            coast_id=pl.lit(coast),
            lineage_id=int(last) + 1 + pl.int_range(pl.len()),
        )
        .drop("now", "was")
    )
