"""One wharf, risk point or facility with all that is known of it, and what cameras see."""

import json
from datetime import date, datetime
from typing import Any

import geopandas as gpd

from duty.sections import place as section_of
from geo.view import viewsheds as seen
from workspace import db, history, store
from workspace._boundaries_held import holding
from workspace._cache import cached
from workspace.folder import Workspace

#: Tables of places and their keys.
PLACES = {"wharves": "wharf_id", "risk_points": "risk_point_id", "facilities": "facility_id"}


def place(ws: Workspace, table: str, key: str) -> dict[str, Any] | None:
    """Return one place: its columns, ``lon, lat, section_id`` and its ``history``; None if unknown.

    Each entry of the history, the latest first, has ``t, action, changes`` (column → [old, new]),
    ``source`` and ``user``.
    """
    column = store.table_of(table).c[PLACES[table]]
    found = store.read(ws.engine, table, where=column == key)
    past = changes_of(ws, table, key)
    if found.is_empty():
        return None
    at = store.to_layer(found.select("geometry")).geometry.iloc[0]
    held = holding(ws)
    section = None
    if held.cuts.height and found["shoreline_id"][0] is not None:
        section = section_of(found.select("shoreline_id", "chainage_m"), held.cuts, held.hangs)[0]
    row = found.drop("geometry").row(0, named=True)
    return {
        **{name: _plain(value) for name, value in row.items()},
        "lon": at.x,
        "lat": at.y,
        "section_id": section,
        "history": past,
    }


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def changes_of(ws: Workspace, table: str, key: str) -> list[dict[str, Any]]:
    """Return what changed of one row, the latest first; times are ISO 8601 in UTC."""
    return [
        {
            "t": f"{row['t']:%Y-%m-%dT%H:%M:%SZ}",
            "action": row["action"],
            "changes": json.loads(row["changes"] or "{}"),
            "source": row["source"],
            "user": row["user"],
        }
        for row in history.of(ws, table, key).iter_rows(named=True)
    ]


def viewsheds(ws: Workspace) -> gpd.GeoDataFrame:
    """Return what each camera sees of the water; cameras that do not say where they look have none.

    The cameras' columns, with polygons in place of points.
    """
    return cached(ws, "viewsheds", ("facilities", "land"), lambda: _viewsheds(ws))


def _viewsheds(ws: Workspace) -> gpd.GeoDataFrame:
    cameras = store.layer(ws.engine, "facilities", where=db.facilities.c.kind == "camera")
    if cameras.empty:
        return cameras
    covers = seen(cameras, store.layer(ws.engine, "land"))
    return covers[covers.geometry.notna()].reset_index(drop=True)
