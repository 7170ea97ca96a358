"""The data behind the map under /api: the same guard, GeoJSON, tags and gzip."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from threading import Lock
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from dashboards import (
    boundaryapi,
    coastmap,
    dayapi,
    eventpanel,
    events,
    forecast,
    forecastapi,
    geojson,
    patrols,
    zones,
)
from dashboards.address import DEFAULT_LEAST, KINDS, LAYERS, PLACES
from dashboards.desk import Desk
from dashboards.geojson import Kept, Payload
from dashboards.seen import Door, Seen, seen
from dashboards.words import known
from geo.errors import InputError

#: Scopes whose segments are kept as they are served.
_MOST_KEPT = 100

#: How far from today a date may lie that a reader asks to have scored.
_MOST_DAYS = 400

Shift = Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]

FeedName = Annotated[str | None, Query(alias="source", max_length=200)]


class Coast:
    """The geometry that is sent once and then known by its tag."""

    def __init__(self) -> None:
        self._segments: OrderedDict[object, Kept] = OrderedDict()
        self._land = Kept(geojson.land)
        self._changes: dict[int, Kept] = {}
        self._lock = Lock()

    def segments(self, source: Seen) -> Payload:
        """Return the segments as they are served to all who see the same."""
        with self._lock:
            kept = self._segments.setdefault(source.key, Kept(geojson.segments))
            self._segments.move_to_end(source.key)
            while len(self._segments) > _MOST_KEPT:
                self._segments.popitem(last=False)
        return kept.of(source.segments())

    def land(self, source: Seen) -> Payload:
        """Return the land as it is served."""
        return self._land.of(source.land())

    def changes(self, source: Seen, coast_id: int) -> Payload:
        """Return what one import of a coast changed, as it is served."""
        kept = self._changes.setdefault(coast_id, Kept(geojson.changes))
        return kept.of(source.coast_changes(coast_id))

    def tags(self, source: Seen) -> dict[str, str]:
        """Return the tags by which addresses of both are told apart."""
        return {
            "segments": self.segments(source).etag.strip('"'),
            "land": self.land(source).etag.strip('"'),
        }


def add_routes(server: FastAPI, door: Door, coast: Coast) -> None:
    """Add the API's routes."""
    _add_coast(server, door, coast)
    _add_risk(server, door)
    forecastapi.add_routes(server, door)
    dayapi.add_routes(server, door)
    boundaryapi.add_routes(server, door)
    _add_changes(server, door, coast)
    _add_places(server, door)
    _add_data(server, door)
    _add_nothing(server)


def _add_coast(server: FastAPI, door: Door, coast: Coast) -> None:
    @server.get("/api/segments", tags=["coast"])
    def segments(request: Request) -> Response:
        """Return every segment as GeoJSON."""
        return geojson.answer(request, coast.segments(seen(door, request)))

    @server.get("/api/land", tags=["coast"])
    def land(request: Request) -> Response:
        """Return the land, simplified for drawing, as GeoJSON."""
        return geojson.answer(request, coast.land(seen(door, request)))

    @server.get("/api/layers/{name}", tags=["layers"])
    def layer(
        request: Request,
        name: str,
        lang: Literal["zh", "en"] = "zh",
        shift: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")] = None,
        bbox: Annotated[str | None, Query(max_length=100)] = None,
        kinds: Annotated[str | None, Query(max_length=400)] = None,
        least: Annotated[float, Query(ge=0, le=1)] = float(DEFAULT_LEAST),
    ) -> Response:
        """Return one layer of the map as GeoJSON.

        `zones` of a `shift` have `part` "plan", with their `rank`, or "explore": drawn by lot, with
        the `chance`. `behaviours` are limited to `kinds` (parted by commas) and to those that rank
        `least` or higher; `left` tells how many are not sent, being below that or beyond the most
        that are.
        """
        if name not in LAYERS:
            raise HTTPException(404, f"layer {name!r} is not one of {', '.join(LAYERS)}")
        desk = Desk(seen(door, request), request.state.person, lang)
        if name == "tracks":
            return geojson.answer(request, geojson.payload(_tracks(desk, shift, _box(bbox))))
        if name == "forecast":
            return geojson.answer(request, geojson.payload(forecast.layer(desk)))
        if name in coastmap.EVENTS:
            wanted = _kinds(name, kinds)
            ranked = least if name == "behaviours" else 0.0
            return geojson.answer(
                request, geojson.payload(_events(desk, name, shift or "", wanted, ranked))
            )
        shapes, about = _things(desk, name, shift)
        body = geojson.collection(shapes, about, count=len(about))
        return geojson.answer(request, geojson.payload(body))

    @server.get("/api/events/{event_id}", tags=["layers"])
    def event(request: Request, event_id: str, lang: Literal["zh", "en"] = "zh") -> JSONResponse:
        """Return one event: what its layer tells, the vessel's way, and for a gap its reach.

        `reach.rows` has a segment, its probability, a shade 0 to 4 and words; `none` and `rest` are
        the probabilities of no segment and of those that are not kept. An event that later data
        turned into another is that other one.
        """
        desk = Desk(seen(door, request), request.state.person, lang)
        found = desk.source.event(event_id)
        if found is None:
            raise HTTPException(404, f"there is no event {event_id!r}, and never was")
        row = events.clean({name: x for name, x in found.row.items() if name != "geometry"})
        parts = [
            {name: part.get(name) for name in ("event_id", "kind", "role", "t0")}
            for part in events.evidence(row).get("parts") or []
        ]
        told = {**events.tell(desk, row), "parts": parts}
        return JSONResponse(
            {**told, "withdrawn": found.withdrawn is not None, **eventpanel.drawn(desk, found)}
        )


def _kinds(name: str, text: str | None) -> Sequence[str]:
    """Return the kinds that are asked for of a layer."""
    if name != "behaviours":
        return coastmap.EVENTS[name]
    if text is None:
        return KINDS
    wanted = [one for one in text.split(",") if one]
    strange = [one for one in wanted if one not in KINDS]
    if strange:
        raise HTTPException(422, f"kinds {strange} are not of {', '.join(KINDS)}")
    return wanted


def _add_risk(server: FastAPI, door: Door) -> None:
    @server.get("/api/shifts", tags=["risk"])
    def shifts(request: Request) -> Response:
        """Return the shifts that are scored."""
        return JSONResponse(
            [
                {"shift_id": sid, "t0": t0.isoformat(), "t1": t1.isoformat()}
                for sid, t0, t1 in seen(door, request).scored_shifts()
            ]
        )

    @server.get("/api/scores", tags=["risk"])
    def scores(request: Request, shift: Shift) -> Response:
        """Return the scores of one shift, a row per segment."""
        frame = seen(door, request).scores(shift)
        if frame is None:
            raise HTTPException(404, f"no scores for shift {shift!r}; see /api/shifts")
        return Response(frame.write_json(), media_type="application/json")

    @server.get("/api/segments/{segment_id}/explanation", tags=["risk"])
    def explanation(request: Request, segment_id: str, shift: Shift) -> Response:
        """Return why a segment has its score in a shift."""
        told = seen(door, request).explain(segment_id, shift)
        if told is None:
            raise HTTPException(404, f"no scored segment {segment_id!r} in shift {shift!r}")
        return JSONResponse(told)

    @server.post("/api/scores/{day}", tags=["risk"])
    def score_day(request: Request, day: date) -> Response:
        """Score a date that is not scored yet, and say which shifts it has."""
        source = seen(door, request)
        if abs((day - source.now().date()).days) > _MOST_DAYS:
            raise HTTPException(422, f"{day} is more than {_MOST_DAYS} days from today")
        try:
            source.ensure_scored(day)
        except InputError as error:
            raise HTTPException(409, str(error)) from error
        last = (day + timedelta(days=1)).isoformat()
        return JSONResponse(
            [sid for sid, _, _ in source.scored_shifts() if day.isoformat() <= sid < last]
        )


def _add_changes(server: FastAPI, door: Door, coast: Coast) -> None:
    @server.get("/api/coasts", tags=["coast"])
    def coasts(request: Request) -> Response:
        """Return the imports of coasts, the newest first."""
        rows = (
            seen(door, request).coasts().with_columns(pl.col("t").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        )
        return JSONResponse(rows.to_dicts())

    @server.get("/api/coasts/{coast_id}/changes", tags=["coast"])
    def changes(request: Request, coast_id: int) -> Response:
        """Return what one import changed as GeoJSON: the newer shore, the older where it is gone.

        `old_m` and `new_m` are metres of the older and the newer drawing, `offset_m` how far they
        lie apart; lines that belong together share a `stretch`, which is 0 for what was kept.
        """
        source = seen(door, request)
        known = source.coasts().filter(pl.col("changed"))["coast_id"].to_list()
        if coast_id not in known:
            told = ", ".join(str(one) for one in known) or "none"
            raise HTTPException(404, f"coast {coast_id} has no changes; those that have: {told}")
        return geojson.answer(request, coast.changes(source, coast_id))


def _add_data(server: FastAPI, door: Door) -> None:
    @server.get("/api/data/coverage", tags=["data"])
    def coverage(request: Request, day: date | Literal["none"], feed: FeedName = None) -> Response:
        """Return the positions of a UTC day by cell as GeoJSON, of one source or of all.

        The first feature is the frame that is looked at: `rows` positions, of which `outside` lie
        beyond it. Each other one is a cell with `r` positions of `v` vessels. Rows whose day is
        not known (`none`) are no positions.
        """
        source = seen(door, request)
        if isinstance(day, date):
            body = geojson.coverage(source.coverage(day, feed))
        else:
            body = geojson.nowhere(source.meta().bounds)
        return geojson.answer(request, geojson.payload(body))


def _add_places(server: FastAPI, door: Door) -> None:
    @server.get("/api/places/{table}/{key:path}/history", tags=["places"])
    def history(request: Request, table: str, key: str) -> Response:
        """Return what changed of one place, the latest first: column → [old, new]."""
        if table not in PLACES:
            raise HTTPException(404, f"{table!r} is not one of {', '.join(PLACES)}")
        source = seen(door, request)
        past = source.place_history(table, key)
        if not past and source.place(table, key) is None:
            raise HTTPException(404, f"there is no {key!r} in {table}, and never was")
        return JSONResponse(past)


def _add_nothing(server: FastAPI) -> None:
    @server.get("/api/{rest:path}", include_in_schema=False)
    def nothing(rest: str) -> Response:
        return JSONResponse(
            {"error": "not_found", "message": f"no /api/{rest}; see /openapi.json"}, 404
        )


def _box(text: str | None) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in (text or "").split(","))
    except ValueError:
        raise HTTPException(422, f"bbox {text!r} is not west,south,east,north in degrees") from None
    return west, south, east, north


def _tracks(desk: Desk, shift: str | None, box: tuple[float, float, float, float]) -> bytes:
    span = coastmap.window(desk, "tracks", shift or "")
    if not span:
        return geojson.collection([], [])
    frame, thinned = desk.source.tracks(**span, bbox=box, max_points=coastmap.MAX_TRACK_POINTS)
    about = (
        {
            "label": row.get("name") or desk.say("vessel", mmsi=row["mmsi"]),
            "sub": f"MMSI {row['mmsi']}",
            **events.vessel_of(desk, events.clean(row)),
        }
        for row in frame.drop(columns="geometry").to_dict("records")
    )
    extra = {"thinned": coastmap.MAX_TRACK_POINTS} if thinned else {}
    return geojson.collection(frame.geometry, about, **extra)


def _things(desk: Desk, name: str, shift: str | None) -> tuple[Iterable[Any], list[dict[str, Any]]]:
    if name == "zones":
        return zones.layer(desk, shift)
    if name == "patrols":
        return patrols.layer(desk, shift)
    frame = desk.source.layer(name)
    tell = _TELL[name]
    rows = frame.drop(columns="geometry").to_dict("records")
    return frame.geometry, [{**tell(desk, row), **_made(row)} for row in rows]


def _events(desk: Desk, name: str, shift: str, kinds: Sequence[str], least: float) -> bytes:
    """Return the events of a window by rank, and how many are left out for which reason."""
    span = coastmap.window(desk, name, shift)
    if not span:
        return geojson.collection([], [], count=0)
    most = coastmap.MOST_EVENTS if name == "behaviours" else coastmap.MOST_ORDINARY
    found = desk.source.events(**span, kinds=kinds, least=least, most=most)
    about = [
        {**events.tell(desk, row), **_made(row), **({"reach": sums} if sums else {})}
        for row in events.rows_of(found.rows)
        for sums in [found.reach.get(row["event_id"])]
    ]
    left = {"below": found.below, "beyond": found.beyond, "least": least}
    return geojson.collection(events.places(found.rows), about, count=len(about), left=left)


def _made(row: dict[str, Any]) -> dict[str, int]:
    return {"made": 1} if row.get("made") is True else {}


def _wharf(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    kind = known("kind", row["wharf_class"], desk.lang)
    return {
        "label": desk.named(row),
        "sub": f"{desk.say('layer_wharves')} · {kind}",
        "k": "wharf",
        "p": f"wharves/{row['wharf_id']}",
    }


def _risk_point(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    grade = _whole(row.get("grade_confirmed")) or _whole(row.get("grade_derived"))
    kind = known("kind", row["kind"], desk.lang)
    parts = [kind, *([desk.say("grade", n=grade)] if grade else [])]
    return {
        "label": desk.named(row),
        "sub": " · ".join(parts),
        "k": "risk",
        "g": grade or 1,
        "p": f"risk_points/{row['risk_point_id']}",
    }


def _facility(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    status = known("status", row["status"], desk.lang)
    kind = known("kind", row["kind"], desk.lang)
    ok = row["status"] == "working"
    return {
        "label": desk.named(row) or kind,
        "sub": f"{kind} · {status}",
        "k": "ok" if ok else "bad",
        "p": f"facilities/{row['facility_id']}",
    }


def _viewshed(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    camera = _facility(desk, row)
    return {**camera, "sub": f"{desk.say('layer_viewsheds')} · {camera['sub']}"}


def _incident(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    day = events.moment(row["t0"]).astimezone(desk.tz).date()
    kind = known("kind", row["kind"], desk.lang)
    return {
        "label": desk.say("layer_incidents"),
        "sub": f"{kind} · {day.isoformat()}",
        "k": "incident",
    }


def _section(desk: Desk, row: dict[str, Any]) -> dict[str, Any]:
    odd = list(desk.sections).index(row["section_id"]) % 2
    name = row["section_id"]
    return {"label": desk.section_name(name), "sub": "", "odd": odd, "id": name}


_TELL: dict[str, Callable[[Desk, dict[str, Any]], dict[str, Any]]] = {
    "wharves": _wharf,
    "risk_points": _risk_point,
    "facilities": _facility,
    "viewsheds": _viewshed,
    "incidents": _incident,
    "sections": _section,
}


def _whole(value: float | None) -> int | None:
    return None if value is None or value != value else int(value)
