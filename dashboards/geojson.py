"""Layers as compact GeoJSON: rounded, gzipped once, and known by a hash of their content."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from fastapi import Request
from fastapi.responses import Response

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from workspace.read import Coverage

#: 1e-5 degrees is about a metre, finer than any layer that is drawn.
DECIMALS = 5


@dataclass(frozen=True)
class Payload:
    """One answer at rest: its bytes, the same gzipped, and the tag that names its content."""

    body: bytes
    packed: bytes
    etag: str


def payload(body: bytes) -> Payload:
    """Return bytes with their gzip and their tag."""
    tag = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Payload(body, gzip.compress(body, 6, mtime=0), f'"{tag}"')


def collection(
    geometries: Iterable[BaseGeometry], properties: Iterable[Mapping[str, Any]], **extra: object
) -> bytes:
    """Return a GeoJSON feature collection with coordinates rounded to a metre."""
    rounded = shapely.transform(
        np.asarray(list(geometries), dtype=object), lambda xy: np.round(xy, DECIMALS)
    )
    features = [
        {"type": "Feature", "properties": dict(about), "geometry": shapely.geometry.mapping(shape)}
        for shape, about in zip(rounded, properties, strict=True)
    ]
    whole = {"type": "FeatureCollection", "features": features, **extra}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def segments(frame: gpd.GeoDataFrame) -> bytes:
    """Return the segments: id, row, section and chainage, nothing that a shift would change."""
    about = (
        {
            "id": sid,
            "i": i,
            "s": section,
            "a": round(a / 1000, 1),
            "b": round(b / 1000, 1),
            **({} if kind == "mainland" else {"t": kind}),
        }
        for i, (sid, section, a, b, kind) in enumerate(
            zip(
                frame["segment_id"],
                (None if s is None or s != s else s for s in frame["section_id"]),
                frame["from_m"],
                frame["to_m"],
                frame["shoreline_kind"] if "shoreline_kind" in frame else repeat("mainland"),
                strict=False,
            )
        )
    )
    return collection(frame.geometry, about)


def shore(frame: gpd.GeoDataFrame) -> bytes:
    """Return the segments with row, shoreline and chainage in metres, to be cut on."""
    names = list(dict.fromkeys(frame["shoreline_id"]))
    number = {name: n for n, name in enumerate(names)}
    about = (
        {"i": i, "l": number[line], "a": round(a, 1), "b": round(b, 1)}
        for i, (line, a, b) in enumerate(
            zip(frame["shoreline_id"], frame["from_m"], frame["to_m"], strict=True)
        )
    )
    return collection(frame.geometry, about, lines=names)


def changes(frame: gpd.GeoDataFrame) -> bytes:
    """Return what became of a coast, the kept shore first, so that changes are drawn over it."""
    drawn = frame.iloc[np.argsort(frame["stretch"].to_numpy() > 0, kind="stable")]
    names = ("lineage_id", "change", "old_segment_id", "new_segment_id", "stretch")
    lengths = ("old_m", "new_m", "offset_m")
    about = (
        {
            **{
                name: None if value != value else value
                for name, value in zip(names, row, strict=False)
            },
            **{
                name: None if value is None or value != value else round(value, 1)
                for name, value in zip(lengths, row[len(names) :], strict=True)
            },
        }
        for row in drawn[[*names, *lengths]].itertuples(index=False, name=None)
    )
    return collection(drawn.geometry, about)


def coverage(found: Coverage) -> bytes:
    """Return a frame with the sums, then each cell that holds positions as a square."""
    cells, half = found.cells, found.cell_deg / 2
    lon, lat = cells["lon"].to_numpy(), cells["lat"].to_numpy()
    squares = shapely.box(lon - half, lat - half, lon + half, lat + half)
    sums: dict[str, Any] = {
        "frame": 1,
        "cells": cells.height,
        "rows": found.rows,
        "outside": found.outside,
        "deg": found.cell_deg,
    }
    if cells.height:
        fullest = cells.row(int(cells["rows"].arg_max() or 0), named=True)
        sums |= {"most": fullest["rows"], "lon": fullest["lon"], "lat": fullest["lat"]}
    about = ({"r": r, "v": v} for r, v in zip(cells["rows"], cells["vessels"], strict=True))
    return collection([shapely.box(*found.bounds), *squares], [sums, *about])


def nowhere(bounds: tuple[float, float, float, float]) -> bytes:
    """Return a frame without a cell."""
    return collection([shapely.box(*bounds)], [{"frame": 1, "cells": 0, "rows": 0, "outside": 0}])


def land(frame: gpd.GeoDataFrame, *, tolerance_deg: float = 0.0002) -> bytes:
    """Return the land to draw under everything, simplified to some 20 m."""
    shapes = shapely.simplify(frame.geometry.to_numpy(), tolerance_deg, preserve_topology=True)
    shapes = shapes[~shapely.is_empty(shapes)]
    return collection(shapes, ({} for _ in shapes))


class Kept:
    """Keep one payload for as long as the frame it was made from is the same object."""

    def __init__(self, make: Callable[[Any], bytes]) -> None:
        self._make = make
        self._frame: gpd.GeoDataFrame | None = None
        self._payload: Payload | None = None

    def of(self, frame: gpd.GeoDataFrame) -> Payload:
        """Return the frame's payload, made anew only when the frame is a new one."""
        if self._payload is None or frame is not self._frame:
            self._payload = payload(self._make(frame))
            self._frame = frame
        return self._payload


def answer(request: Request, kept: Payload) -> Response:
    """Return a payload, packed where the client can unpack it, or 304 where it has it."""
    headers = {"etag": kept.etag, "cache-control": "private, no-cache", "vary": "accept-encoding"}
    if kept.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    body = kept.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        body = kept.packed
    return Response(body, headers=headers, media_type="application/geo+json")
