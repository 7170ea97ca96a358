"""OGC API - Features: the layers as people put them into their GIS.

After OGC API - Features - Part 1: Core corrigendum (OGC 17-069r4), the classes core and geojson.
Coordinates are longitude and latitude (CRS84). Who asks sees what the pages show them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

import numpy as np
import shapely
from fastapi import FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from dashboards import geojson
from dashboards.desk import Desk
from dashboards.events import clean
from dashboards.seen import Door, seen
from dashboards.words import LANGS, t

if TYPE_CHECKING:
    import geopandas as gpd

MOST = 10_000
USUAL = 1_000
CONFORMS = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
#: Events are those of so many days, where no time is asked for.
EVENT_DAYS = 30

Shift = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Collection:
    """One layer: its words, the column that names a feature, and where its rows come from."""

    title: str
    about: str
    key: str
    read: Callable[[Desk, str | None, Span], gpd.GeoDataFrame]
    act: str = "see_coast"
    time: tuple[str, str] | None = None


def _layer(name: str) -> Callable[[Desk, str | None, Span], gpd.GeoDataFrame]:
    return lambda desk, _shift, _span: desk.source.layer(name)


def _of_shift(name: str) -> Callable[[Desk, str | None, Span], gpd.GeoDataFrame]:
    return lambda desk, shift, _span: desk.source.layer(name, shift_id=shift)


def _segments(desk: Desk, shift: str | None, _span: Span) -> gpd.GeoDataFrame:
    frame = desk.source.segments()
    scores = desk.source.scores(shift) if shift else None
    if scores is None:
        return frame
    names = ("score", "lo", "hi", "threat", "opportunity", "guardianship_deficit")
    return frame.assign(shift=shift, **{name: scores[name].to_numpy() for name in names})


def _events(desk: Desk, _shift: str | None, span: Span) -> gpd.GeoDataFrame:
    # Without a time those of the last days: an archive holds years of them.
    since = span[0] or (span[1] or desk.now) - timedelta(days=EVENT_DAYS)
    return desk.source.layer("events", t0=since, t1=span[1] or desk.now)


COLLECTIONS = {
    "segments": Collection("ogc_segments", "ogc_segments_about", "segment_id", _segments),
    "sections": Collection(
        "layer_sections", "ogc_sections_about", "section_id", _layer("sections")
    ),
    "wharves": Collection("layer_wharves", "", "wharf_id", _layer("wharves")),
    "risk_points": Collection("layer_risk_points", "", "risk_point_id", _layer("risk_points")),
    "facilities": Collection("layer_facilities", "", "facility_id", _layer("facilities")),
    "incidents": Collection(
        "layer_incidents", "", "incident_id", _layer("incidents"), time=("t0", "t0")
    ),
    "zones": Collection("layer_zones", "ogc_zones_about", "zone_id", _of_shift("zones")),
    "events": Collection(
        "layer_behaviours", "ogc_behaviours_about", "event_id", _events, "see_events", ("t0", "t1")
    ),
}

Name = Annotated[str, Path(max_length=40)]


def add_routes(server: FastAPI, door: Door) -> None:
    """Add the landing page, the collections and their items."""
    _add_pages(server, door)
    _add_items(server, door)


def _add_pages(server: FastAPI, door: Door) -> None:
    @server.get("/ogc", tags=["ogc"])
    def landing(request: Request) -> JSONResponse:
        """Return the landing page."""
        meta = seen(door, request).meta()
        links = [
            _link(request, "/ogc", "self", "this document"),
            _link(request, "/openapi.json", "service-desc", "the API",
                  "application/vnd.oai.openapi+json;version=3.1"),
            _link(request, "/ogc/conformance", "conformance", "conformance classes"),
            _link(request, "/ogc/collections", "data", "collections"),
        ]  # fmt: skip
        credit = "; ".join(meta.attributions)
        title = f"{meta.county_zh} · {meta.county_en}"
        return JSONResponse({"title": title, "description": credit, "links": links})

    @server.get("/ogc/conformance", tags=["ogc"])
    def conformance() -> JSONResponse:
        """Return the conformance classes."""
        return JSONResponse({"conformsTo": list(CONFORMS)})

    @server.get("/ogc/collections", tags=["ogc"])
    def collections(request: Request) -> JSONResponse:
        """Return the collections that one may see."""
        desk = _desk(door, request)
        told = [
            _told(request, desk, name) for name, one in COLLECTIONS.items() if desk.may(one.act)
        ]
        links = [_link(request, "/ogc/collections", "self", "this document")]
        return JSONResponse({"links": links, "collections": told})

    @server.get("/ogc/collections/{name}", tags=["ogc"])
    def collection(request: Request, name: Name) -> JSONResponse:
        """Return what is to be known of one collection."""
        desk = _desk(door, request)
        _known(name)
        return JSONResponse(_told(request, desk, name))


def _add_items(server: FastAPI, door: Door) -> None:
    @server.get("/ogc/collections/{name}/items", tags=["ogc"])
    def items(
        request: Request,
        name: Name,
        limit: Annotated[int, Query(ge=1, le=MOST)] = USUAL,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        bbox: Annotated[str | None, Query(max_length=200)] = None,
        datetime: Annotated[str | None, Query(max_length=80)] = None,
        shift: Shift = None,
    ) -> Response:
        """Return features as GeoJSON, page by page.

        `bbox` is west,south,east,north in degrees, `datetime` an instant or an interval of RFC 3339
        (`..` where it is open), `shift` of segments and zones the shift, that of now by default.
        """
        one = _known(name)
        desk = _desk(door, request)
        span = _span(datetime)
        found = _within(one.read(desk, shift or desk.default_shift(), span), bbox, one, span)
        page = found.iloc[offset : offset + limit]
        here, query = request.url.path, dict(request.query_params)
        links = [_link(request, here, "self", "this page", _GEOJSON, query)]
        if offset + limit < len(found):
            onward = {**query, "offset": offset + limit, "limit": limit}
            links.append(_link(request, here, "next", "the next page", _GEOJSON, onward))
        body = {
            "type": "FeatureCollection",
            "numberMatched": len(found),
            "numberReturned": len(page),
            "features": _features(page, one),
            "links": links,
        }
        return _answer(request, body)

    @server.get("/ogc/collections/{name}/items/{key:path}", tags=["ogc"])
    def item(request: Request, name: Name, key: str, shift: Shift = None) -> Response:
        """Return one feature as GeoJSON."""
        one = _known(name)
        desk = _desk(door, request)
        found = one.read(desk, shift or desk.default_shift(), _EVER)
        mine = found[found[one.key].astype(str) == key] if len(found) else found
        if not len(mine):
            raise HTTPException(404, f"there is no {key!r} in {name}")
        links = [
            _link(request, request.url.path, "self", "this feature", _GEOJSON),
            _link(request, f"/ogc/collections/{name}", "collection", "its collection"),
        ]
        return _answer(request, {**_features(mine, one)[0], "links": links})


_GEOJSON = "application/geo+json"
_EVER: Span = (datetime(1970, 1, 1, tzinfo=UTC), None)


def _known(name: str) -> Collection:
    if name not in COLLECTIONS:
        raise HTTPException(404, f"{name!r} is not one of {', '.join(COLLECTIONS)}")
    return COLLECTIONS[name]


def _desk(door: Door, request: Request) -> Desk:
    return Desk(seen(door, request), request.state.person)


def _link(
    request: Request,
    path: str,
    rel: str,
    title: str,
    kind: str = "application/json",
    query: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    href = str(request.base_url).rstrip("/") + path + (f"?{urlencode(query)}" if query else "")
    return {"href": href, "rel": rel, "type": kind, "title": title}


def _told(request: Request, desk: Desk, name: str) -> dict[str, Any]:
    one = COLLECTIONS[name]
    path = f"/ogc/collections/{name}"
    return {
        "id": name,
        "title": _both(one.title),
        "description": _both(one.about) if one.about else "",
        "extent": {"spatial": {"bbox": [list(desk.meta.bounds)], "crs": CRS84}},
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            _link(request, path, "self", "this document"),
            _link(request, f"{path}/items", "items", "features", _GEOJSON),
        ],
    }


def _both(word: str) -> str:
    return " · ".join(t(word, lang, n=EVENT_DAYS) for lang in LANGS)


def _within(
    found: gpd.GeoDataFrame, bbox: str | None, one: Collection, span: Span
) -> gpd.GeoDataFrame:
    if bbox is not None:
        found = found[shapely.intersects(found.geometry.to_numpy(), shapely.box(*_box(bbox)))]
    if one.time is None or not len(found):
        return found
    begin, end = (found[name] for name in one.time)
    inside = np.ones(len(found), bool)
    if span[1] is not None:
        inside &= np.asarray([_moment(x) <= span[1] for x in begin])
    if span[0] is not None:
        ends = [b if e is None or e != e else e for b, e in zip(begin, end, strict=True)]
        inside &= np.asarray([_moment(x) >= span[0] for x in ends])
    return found[inside]


def _moment(value: Any) -> datetime:  # noqa: ANN401
    moment: datetime = value.to_pydatetime() if hasattr(value, "to_pydatetime") else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        parts = [float(part) for part in text.split(",")]
    except ValueError:
        parts = []
    flat = parts if len(parts) == 4 else [*parts[:2], *parts[3:5]]
    if len(parts) not in {4, 6} or not np.isfinite(flat).all():
        raise HTTPException(422, f"bbox {text!r} is not west,south,east,north in degrees")
    west, south, east, north = flat
    return west, south, east, north


def _span(text: str | None) -> Span:
    if text is None:
        return None, None
    begin, slash, end = text.partition("/")
    try:
        first = _instant(begin)
        return (first, _instant(end)) if slash else (first, first)
    except ValueError:
        raise HTTPException(
            422, f"datetime {text!r} is no instant and no interval of RFC 3339"
        ) from None


def _instant(text: str) -> datetime | None:
    if text in {"", ".."}:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _features(found: gpd.GeoDataFrame, one: Collection) -> list[dict[str, Any]]:
    shapes = shapely.transform(found.geometry.to_numpy(), lambda xy: np.round(xy, geojson.DECIMALS))
    rows = found.drop(columns="geometry").to_dict("records")
    return [
        {
            "type": "Feature",
            "id": row[one.key],
            "geometry": None if shape is None else shapely.geometry.mapping(shape),
            "properties": {name: _plain(value) for name, value in clean(row).items()},
        }
        for shape, row in zip(shapes, rows, strict=True)
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value as JSON has it."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    return value


def _answer(request: Request, body: Mapping[str, Any]) -> Response:
    packed = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode()
    return geojson.answer(request, geojson.payload(packed))
