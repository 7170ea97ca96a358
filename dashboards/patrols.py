"""The patrol plan: a layer of the map, and on a phone the sheet of a team with its GPX."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response

from dashboards import events, times
from dashboards.desk import Desk
from dashboards.seen import Door, seen

ShiftId = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]


def add_routes(server: FastAPI, door: Door) -> None:
    """Add the page and the route as a file."""

    @server.get("/patrols", include_in_schema=False)
    def sheet(
        request: Request,
        shift: ShiftId | None = None,
        team: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        return HTMLResponse(seen(door, request).patrol_sheet(shift, team))

    @server.get("/patrols/route.gpx", include_in_schema=False)
    def route(
        request: Request, shift: ShiftId, team: Annotated[str, Query(max_length=200)]
    ) -> Response:
        text = seen(door, request).patrol_route(shift, team)
        if text is None:
            raise HTTPException(404, f"team {team!r} has no route in the shift {shift}")
        return Response(
            text,
            media_type="application/gpx+xml",
            headers={"content-disposition": 'attachment; filename="route.gpx"'},
        )


def layer(desk: Desk, shift: str | None) -> tuple[Iterable[Any], list[dict[str, Any]]]:
    """Return the shapes of a shift's routes, stops and checkpoints, and what each says."""
    if shift is None:
        return [], []
    frame = desk.source.layer("patrols", shift_id=shift)
    rows = frame.drop(columns="geometry").to_dict("records")
    return frame.geometry, [_told(desk, events.clean(row)) for row in rows]


def _told(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    when = [events.moment(row[name]) for name in ("t0", "t1") if row.get(name)]
    span = times.span(when[0], when[1], desk.tz) if len(when) > 1 else ""
    name = desk.named(row)
    if row["part"] == "checkpoint":
        return {"label": desk.say("checkpoint"), "sub": f"{span} · {name}", "k": "checkpoint"}
    team = desk.named({"name": row["team"], "name_en": row["team_en"]}) or row["team_id"]
    if row["part"] == "stop":
        number = int(row["number"])
        mark = f" · {desk.say('day_explore')}" if row["purpose"] == "explore" else ""
        return {"label": f"{number} {name}", "sub": f"{team} · {span}{mark}", "k": "stop"}
    facts = desk.say("patrol_route", n=int(row["number"]), km=f"{row['km']:.0f}")
    kind = row[f"kind_{desk.lang}"]
    return {"label": team, "sub": f"{kind} · {span} · {facts}", "k": "route"}
