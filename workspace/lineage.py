"""What became of each stretch when a newer coast was imported."""

import geopandas as gpd
import polars as pl

from geo.errors import InputError
from geo.lineage import CHANGES
from workspace import db, store
from workspace._console import Summary
from workspace.folder import Workspace

WORDS = {
    "kept": "保留",
    "moved": "移位",
    "split": "拆分",
    "merged": "合并",
    "gone": "消失",
    "new": "新增",
}


def coasts(ws: Workspace) -> pl.DataFrame:
    """Return the imports of coasts, the first one first: coast_id, t, source, crs, summary."""
    return store.read(ws.engine, "coasts").drop("sha256")


def table(ws: Workspace, coast_id: int | None = None) -> pl.DataFrame:
    """Return one import's lineage, by default the newest's: a row for each pair that shares shore.

    Raises
    ------
    InputError
        When no newer coast was imported, or none of that number.
    """
    return store.read(
        ws.engine,
        "lineage",
        where=db.lineage.c.coast_id == _number(ws, coast_id),
        columns=[c.name for c in db.lineage.columns if c.name != "geometry"],
    )


def layer(ws: Workspace, coast_id: int | None = None) -> gpd.GeoDataFrame:
    """Return one import's lineage as lines: the newer shore, and the older where it is gone."""
    return store.layer(ws.engine, "lineage", where=db.lineage.c.coast_id == _number(ws, coast_id))


def _number(ws: Workspace, coast_id: int | None) -> int:
    numbers = store.read(ws.engine, "lineage", columns=["coast_id"])["coast_id"].unique().sort()
    if numbers.is_empty():
        raise InputError(
            "no newer coast was imported over the first one, so nothing has changed",
            where=str(ws.root),
            mend="Import one with: shoregrid import WS coast FILE",
        )
    if coast_id is None:
        return int(numbers[-1])
    if coast_id not in numbers.to_list():
        raise InputError(
            f"there is no change of the coast number {coast_id}",
            where=str(ws.root),
            mend=f"There are: {', '.join(str(one) for one in numbers)}.",
        )
    return coast_id


def sums(lineage: pl.DataFrame) -> pl.DataFrame:
    """Return per kind of change: change, old and new segments, old and new kilometres, offset_m.

    The offset is the mean over the newer kilometres.
    """
    order = pl.Enum(CHANGES)
    # Of what is gone or new there is no other drawing to be away from.
    weight = pl.when(pl.col("offset_m").is_not_null()).then("new_m")
    return (
        lineage.group_by(pl.col("change").cast(order))
        .agg(
            old_segments=pl.col("old_segment_id").drop_nulls().n_unique(),
            new_segments=pl.col("new_segment_id").drop_nulls().n_unique(),
            old_km=pl.col("old_m").sum() / 1000.0,
            new_km=pl.col("new_m").sum() / 1000.0,
            offset_m=(pl.col("offset_m") * weight).sum() / weight.sum(),
        )
        .with_columns(pl.col("offset_m").fill_nan(None))
        .sort("change")
        .with_columns(pl.col("change").cast(pl.String))
    )


def told(ws: Workspace, lineage: pl.DataFrame) -> Summary:
    """Return what a change of the coast comes to, as a command tells it."""
    number = int(lineage["coast_id"][0])
    one = coasts(ws).filter(pl.col("coast_id") == number).row(0, named=True)
    found = sums(lineage)
    lines = [f"{one['t'].astimezone(ws.config.tz):%Y-%m-%d %H:%M}  {one['source']}  {one['crs']}"]
    lines += [
        f"{WORDS[row['change']]} {row['change']:<7} "
        f"{row['old_segments']:>6} → {row['new_segments']:>6}   "
        f"{row['old_km']:>9.1f} → {row['new_km']:>9.1f} km"
        + ("" if row["offset_m"] is None else f"   {row['offset_m']:.0f} m")
        for row in found.iter_rows(named=True)
    ]
    counts = {
        row["change"]: {
            name: round(row[name], 3)
            for name in ("old_segments", "new_segments", "old_km", "new_km")
        }
        for row in found.iter_rows(named=True)
    }
    return Summary({"coast_id": number, **counts}, lines=lines)
