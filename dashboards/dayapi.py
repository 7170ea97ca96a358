"""A section's shift under /api: what its page tells, as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response

from dashboards.seen import Door, seen

Shift = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]


def add_routes(server: FastAPI, door: Door) -> None:
    """Add the route."""

    @server.get("/api/sections/{section_id}/daily", tags=["duty"])
    def daily(request: Request, section_id: str, shift: Shift) -> Response:
        """Return what the people of a section need for a shift: duties, patrols, who answers."""
        source = seen(door, request)
        there = section_id in source.sections()["section_id"]
        told = source.daily(section_id, shift) if there else None
        if told is None:
            raise HTTPException(404, f"no section {section_id!r}, or no shift {shift!r}")
        return JSONResponse(jsonable_encoder(told))
