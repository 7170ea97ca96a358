"""One section in one shift: what is due and broken, who stands where, what was found, who comes."""

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from duty.due import due, out_of_order
from duty.sections import place as section_of
from risk.shifts import Shift
from workspace import store
from workspace._boundaries_held import holding
from workspace._duties import chiefs, inspection_words, repair_words
from workspace._run import shifts_from
from workspace.folder import Workspace
from workspace.patrols import KINDS, patrols_of
from workspace.placing import segments
from workspace.staffing import answering

_MOST = 20
_COMES = ("plan", "explore")


def daily(ws: Workspace, section_id: str, shift: Shift, *, now: datetime) -> dict[str, Any]:
    """Return what the people of a section need for a shift, each as a list of rows.

    ``late`` inspections and ``broken`` facilities (``table, key, text_zh, text_en``, the longest
    first); ``people`` who answer for the section, and ``wharves`` with theirs; ``incidents`` since
    the local day before; ``teams`` with their stops in the section; ``checkpoints`` of the county.
    """
    wharves, points, facilities = (
        _inside(ws, name, section_id, shift) for name in ("wharves", "risk_points", "facilities")
    )
    in_use = wharves.filter(pl.col("status") == "in_use")
    columns = ("name", "name_en", "cadence_days")
    places = pl.concat(
        [
            in_use.select(*columns, object_kind=pl.lit("wharf"), object_id="wharf_id"),
            points.select(*columns, object_kind=pl.lit("risk_point"), object_id="risk_point_id"),
        ]
    )
    inspections = store.read(ws.engine, "inspections")
    late = due(places, inspections, shift.day, tz=ws.config.tz).head(_MOST)
    broken = out_of_order(facilities, shift.day).head(_MOST)
    tables = {"wharf": "wharves", "risk_point": "risk_points"}
    shore = segments(ws, shift.day)
    here = set(shore["segment_id"][(shore["section_id"] == section_id).to_numpy(bool)])
    return {
        "late": [
            _told(tables[row["object_kind"]], row["object_id"], inspection_words(row))
            for row in late.iter_rows(named=True)
        ],
        "broken": [
            _told("facilities", row["facility_id"], repair_words(row))
            for row in broken.iter_rows(named=True)
        ],
        "people": chiefs(ws, section_id, shift.day),
        "wharves": _at_wharves(ws, in_use, shift),
        "incidents": _incidents(ws, here, now),
        **_patrols(ws, shift, here),
    }


def shift_of(ws: Workspace, shift_id: str) -> Shift | None:
    """Return the shift of an id, None where there is none."""
    try:
        day = date.fromisoformat(shift_id[:10])
    except ValueError:
        return None
    return next((one for one in shifts_from(ws, day, 1) if one.shift_id == shift_id), None)


def _inside(ws: Workspace, table: str, section_id: str, shift: Shift) -> pl.DataFrame:
    """Return the places of a table that lie on a section."""
    held = holding(ws, shift.day)
    found = store.read(ws.engine, table).drop("geometry").drop_nulls(["shoreline_id", "chainage_m"])
    if held.cuts.is_empty() or found.is_empty():
        return found.clear()
    at = section_of(found.select("shoreline_id", "chainage_m"), held.cuts, held.hangs)
    return found.filter((at == section_id).fill_null(value=False))


def _told(table: str, key: str, words: tuple[str, str]) -> dict[str, Any]:
    return {"table": table, "key": key, "text_zh": words[0], "text_en": words[1]}


def _at_wharves(ws: Workspace, wharves: pl.DataFrame, shift: Shift) -> list[dict[str, Any]]:
    """Return the wharves with who answers there, the first-level chief first."""
    posts = answering(ws, shift.day).filter(pl.col("object_kind") == "wharf")
    order = posts.sort("role", "post_id", descending=[True, False], maintain_order=True)
    told = ("role", "name", "unit", "duty_phone")
    return [
        {
            "wharf_id": row["wharf_id"],
            "name": row["name"],
            "name_en": row["name_en"],
            "people": order.filter(pl.col("object_id") == row["wharf_id"])
            .select(told)
            .sort("role")
            .to_dicts(),
        }
        for row in wharves.sort("chainage_m").iter_rows(named=True)
    ]


def _incidents(ws: Workspace, here: set[str], now: datetime) -> list[dict[str, Any]]:
    """Return what happened on some segments since the local day before began, the latest first."""
    local = now.astimezone(ws.config.tz)
    since = (local - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    found = store.read(
        ws.engine,
        "incidents",
        where=store.table_of("incidents").c.t0 >= since,
        columns=["kind", "t0", "segment_id"],
    )
    mine = found.filter(pl.col("segment_id").is_in(list(here)) & (pl.col("t0") <= now))
    return mine.sort("t0", descending=True).head(_MOST).to_dicts()


def _patrols(ws: Workspace, shift: Shift, here: set[str]) -> dict[str, Any]:
    """Return the teams that come by, each with its stops there, and the shift's checkpoints."""
    one = patrols_of(ws, shift)
    if one is None:
        return {"planned": False, "teams": [], "checkpoints": []}
    about = one.stops.select("stop_id", "name", "name_en", "segment_id", "purpose")
    visits = (
        one.plan.routes.filter(pl.col("part").is_in(_COMES))
        .join(about, on="stop_id", maintain_order="left")
        .filter(pl.col("segment_id").is_in(list(here)))
    )
    teams = []
    for row in one.teams.iter_rows(named=True):
        stops = visits.filter(pl.col("team_id") == row["team_id"]).sort("start")
        if len(stops):
            kind = KINDS[row["kind"]]
            teams.append(
                {
                    "team_id": row["team_id"],
                    "name": row["name"] or row["team_id"],
                    "name_en": row["name_en"] or row["team_id"],
                    "kind_zh": kind[0],
                    "kind_en": kind[1],
                    "stops": stops.select(
                        "name", "name_en", "segment_id", "part", "purpose", "start", "leave"
                    ).to_dicts(),
                }
            )
    points = one.checkpoints.select("name", "lon", "lat", "t0", "t1").to_dicts()
    return {"planned": True, "teams": teams, "checkpoints": points}
