"""The patrol plan on a phone: the sheet of a team, to be chosen by shift, and its GPX."""

from typing import Annotated

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse, Response

from dashboards.source import Source

ShiftId = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]


def add_routes(server: FastAPI, source: Source) -> None:
    """Add the page and the route as a file."""

    @server.get("/patrols", include_in_schema=False)
    def sheet(
        shift: ShiftId | None = None, team: Annotated[str | None, Query(max_length=200)] = None
    ) -> Response:
        return HTMLResponse(source.patrol_sheet(shift, team))

    @server.get("/patrols/route.gpx", include_in_schema=False)
    def route(shift: ShiftId, team: Annotated[str, Query(max_length=200)]) -> Response:
        text = source.patrol_route(shift, team)
        if text is None:
            raise HTTPException(404, f"team {team!r} has no route in the shift {shift}")
        return Response(
            text,
            media_type="application/gpx+xml",
            headers={"content-disposition": 'attachment; filename="route.gpx"'},
        )
