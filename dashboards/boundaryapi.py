"""The boundaries under /api: versions, drafts and their way, and what operations would make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from fastapi import FastAPI, HTTPException, Path, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from dashboards import geojson
from dashboards.geojson import Kept
from dashboards.seen import Door, seen
from dashboards.seen_redrawing import SeenRedrawing
from workspace.boundaries import ConflictError, Draft
from workspace.redrawing import Look

DraftId = Annotated[str, Path(max_length=40)]
Operations = Annotated[list[dict[str, Any]], Field(max_length=2_000)]


class Work(BaseModel):
    """Operations on a version, as `duty.cutting` has them."""

    based_on: Annotated[int | None, Field(ge=1, le=2**31)] = None
    operations: Operations = []


class NewDraft(BaseModel):
    """A draft that is to begin from the version published last."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    operations: Operations = []


class Saved(BaseModel):
    """A draft's operations over the revision that one had read."""

    rev: Annotated[int, Field(ge=1, le=2**31)]
    operations: Operations
    undone: Operations = []


class Judged(BaseModel):
    """Why, and for a publication from which local day on."""

    reason: Annotated[str, Field(max_length=2_000)] = ""
    valid_from: date | None = None


def add_routes(server: FastAPI, door: Door) -> None:
    """Add the routes of the boundaries."""
    _add_looks(server, door)
    _add_drafts(server, door)
    _add_steps(server, door)


def _add_looks(server: FastAPI, door: Door) -> None:
    shore = Kept(geojson.shore)

    @server.get("/api/boundaries", tags=["boundaries"])
    def listed(request: Request) -> Response:
        """Return the published versions and the drafts of the sections, the newest first."""
        at = _at(door, request)
        told = {
            "newest": at.newest(),
            "versions": _rows(at.versions()),
            "drafts": _rows(at.drafts()),
        }
        return JSONResponse(jsonable_encoder(told))

    @server.get("/api/boundaries/shore", tags=["boundaries"])
    def lines(request: Request) -> Response:
        """Return the segments as GeoJSON: shoreline (`l`) and chainage (`a` to `b`), metres."""
        _at(door, request)
        return geojson.answer(request, shore.of(seen(door, request).segments()))

    @server.post("/api/boundaries/look", tags=["boundaries"])
    def look(request: Request, work: Work) -> Response:
        """Return how the sections would stand after some operations on a version."""
        return JSONResponse(told(_at(door, request).look(work.based_on, work.operations)))


def _add_drafts(server: FastAPI, door: Door) -> None:
    @server.get("/api/boundaries/drafts/{draft_id}", tags=["boundaries"])
    def draft(request: Request, draft_id: DraftId) -> Response:
        """Return a draft with its operations and what was done with it."""
        at = _at(door, request)
        one = _known(at, draft_id)
        return _draft(one, steps=_rows(at.steps(draft_id)))

    @server.post("/api/boundaries/drafts", tags=["boundaries"], status_code=201)
    def create(request: Request, new: NewDraft) -> Response:
        """Begin a draft."""
        return _draft(_at(door, request).create(new.name, new.operations), status=201)

    @server.put("/api/boundaries/drafts/{draft_id}", tags=["boundaries"])
    def save(request: Request, draft_id: DraftId, work: Saved) -> Response:
        """Save a draft; 409 with what differs where somebody saved a newer revision."""
        at = _at(door, request)
        _known(at, draft_id)
        return _draft(at.save(draft_id, work.operations, work.undone, rev=work.rev))


def _add_steps(server: FastAPI, door: Door) -> None:
    @server.post("/api/boundaries/drafts/{draft_id}/{step}", tags=["boundaries"])
    def step(
        request: Request,
        draft_id: DraftId,
        step: Literal["submit", "approve", "reject", "publish", "rebase"],
        judged: Judged,
    ) -> Response:
        """Bring a draft one step on: submit, approve or reject, publish from a day; or rebase."""
        at = _at(door, request)
        _known(at, draft_id)
        if step == "submit":
            return _draft(at.submit(draft_id))
        if step == "rebase":
            given, lost = at.rebase(draft_id)
            return _draft(given, lost=lost)
        if step != "publish":
            act = at.approve if step == "approve" else at.reject
            return _draft(act(draft_id, judged.reason))
        if judged.valid_from is None:
            raise HTTPException(422, "valid_from is lacking: the local day from which it holds")
        version = at.publish(draft_id, judged.valid_from, judged.reason)
        return JSONResponse({"version": version, "valid_from": judged.valid_from.isoformat()})

    @server.post("/api/boundaries/versions/{version}/withdraw", tags=["boundaries"])
    def withdraw(
        request: Request, version: Annotated[int, Path(ge=1, le=2**31)], judged: Judged
    ) -> Response:
        """Take back the version published last before it holds."""
        at = _at(door, request)
        if version not in at.versions()["version"]:
            raise HTTPException(404, f"there is no version {version}")
        given = at.withdraw(version, judged.reason)
        return JSONResponse({"draft_id": given and given.draft_id})


def told(found: Look) -> dict[str, Any]:
    """Return a look as JSON has it."""
    return {
        "based_on": found.based_on,
        "order": list(found.order),
        "owner": found.owner.tolist(),
        "moved": np.flatnonzero(found.moved).tolist(),
        "sections": _rows(found.sections),
        "cuts": _rows(found.cuts),
        "balance": [_number(found.cv), _number(found.max_over_mean)],
        "was": [_number(one) for one in found.was],
        "moved_km": found.moved_km,
        "locked": sorted(found.locked),
    }


def conflict(error: ConflictError) -> dict[str, Any]:
    """Return what a conflict carries, beside its words."""
    return {
        "rev": error.rev,
        "offered": error.offered,
        "lost": error.lost,
        "stretches": _rows(error.stretches),
        "clashes": _rows(error.clashes),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    plain = table.drop([name for name in ("geometry",) if name in table.columns])
    rows: list[dict[str, Any]] = jsonable_encoder(plain.to_dicts())
    return rows


def _at(door: Door, request: Request) -> SeenRedrawing:
    return seen(door, request).redrawing


def _known(at: SeenRedrawing, draft_id: str) -> Draft:
    if draft_id not in at.drafts()["draft_id"]:
        raise HTTPException(404, f"there is no draft {draft_id!r}")
    return at.draft(draft_id)


def _draft(one: Draft, *, status: int = 200, **more: Any) -> Response:  # noqa: ANN401
    body: Mapping[str, Any] = {**vars(one), **more}
    return JSONResponse(
        jsonable_encoder(body), status, headers={"etag": f'"{one.draft_id}-{one.rev}-{one.state}"'}
    )
