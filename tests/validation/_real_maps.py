"""Draw events as small maps, nine to a sheet, to be looked at."""

import hashlib
import html
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import polars as pl
import shapely

from ais import words

_CHROMIUM = "/usr/bin/chromium"
_W, _H = 520, 380
_A_SHEET = 9
_LEAST_M = 400.0
_METRES = 111_195.0
_STEPS = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_STYLE = """body{margin:8px;font:12px/1.3 sans-serif;background:#fff;width:1600px}
div{display:inline-block;width:524px;vertical-align:top;margin:0 6px 10px 0}
p{margin:2px 0;height:5.4em;overflow:hidden}svg{border:1px solid #888;background:#dceaf5}"""


class Scene(NamedTuple):
    """What maps are drawn of; ``circles`` are berths (lon, lat, radius_m)."""

    name: str
    events: pl.DataFrame
    tracks: pl.DataFrame
    vessels: pl.DataFrame
    land: gpd.GeoDataFrame | None
    circles: pl.DataFrame


def write_sheets(scene: Scene, folder: Path, *, most: int, kinds: list[str]) -> None:
    """Write ``KIND_N.png``, of up to ``most`` events of each kind, drawn by lot."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1620, "height": 1000})
        for name, body in _sheets(scene, most, kinds):
            page.set_content(f"<meta charset=utf-8><style>{_STYLE}</style>{body}")
            page.screenshot(path=folder / f"{name}.png", full_page=True)
        browser.close()


def _sheets(scene: Scene, most: int, kinds: list[str]) -> Iterator[tuple[str, str]]:
    for kind in kinds:
        rows = scene.events.filter(pl.col("kind") == kind).to_dicts()
        rows = sorted(rows, key=lambda row: hashlib.md5(row["event_id"].encode()).hexdigest())
        drawn = [_panel(scene, row, n) for n, row in enumerate(rows[:most], 1)]
        for first in range(0, len(drawn), _A_SHEET):
            yield f"{kind}_{first // _A_SHEET + 1}", "".join(drawn[first : first + _A_SHEET])


def _panel(scene: Scene, event: dict[str, Any], number: int) -> str:
    said = html.escape(words.tell(event, "en", tz=ZoneInfo("UTC")))
    start, end = (event[name].strftime("%m-%d %H:%M:%S") for name in ("t0", "t1"))
    about = scene.vessels.filter(pl.col("mmsi") == event["mmsi"])
    who = " ".join(str(v) for v in about.select("name", "ship_type", "length_m").row(0) if v)
    head = f"<b>{number}. {event['mmsi']}</b> {html.escape(who)} {start} to {end}"
    return f"<div><p>{head}<br>{said}</p>{_map(scene, event)}</div>"


class _Plane(NamedTuple):
    """A window onto the water: its middle, metres across half of it, pixels to a metre."""

    lon: float
    lat: float
    half_m: float

    def xy(self, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        """Return pixels."""
        scale = _H / (2 * self.half_m)
        east = (lon - self.lon) * _METRES * np.cos(np.radians(self.lat))
        north = (lat - self.lat) * _METRES
        return np.column_stack([_W / 2 + east * scale, _H / 2 - north * scale])

    def box(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north."""
        high = self.half_m / _METRES
        wide = high * _W / _H / np.cos(np.radians(self.lat))
        return (self.lon - wide, self.lat - high, self.lon + wide, self.lat + high)


def _window(event: dict[str, Any], scene: Scene) -> _Plane:
    xy = shapely.get_coordinates(shapely.from_wkb(event["geometry"]))
    mine = _of(scene, event["mmsi"], event, timedelta(0))
    xy = np.vstack([xy, mine.select("lon", "lat").to_numpy(), [[event["lon"], event["lat"]]]])
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2
    span = xy.max(axis=0) - xy.min(axis=0)
    wide = span[0] * np.cos(np.radians(middle[1])) * _H / _W
    return _Plane(middle[0], middle[1], max(_LEAST_M, 0.75 * _METRES * max(wide, span[1])))


def _of(scene: Scene, mmsi: int, event: dict[str, Any], about: timedelta) -> pl.DataFrame:
    within = pl.col("t").is_between(event["t0"] - about, event["t1"] + about)
    return scene.tracks.filter((pl.col("mmsi") == mmsi) & within).sort("t")


def _map(scene: Scene, event: dict[str, Any]) -> str:
    plane = _window(event, scene)
    parts = [
        *_land(scene.land, plane),
        *_circles(scene.circles, plane),
        *_others(scene, event, plane),
    ]
    for mmsi, before, now in (
        (event["other_mmsi"], "#d9a441", "#e07b00"),
        (event["mmsi"], "#7a7a7a", "#d40000"),
    ):
        if mmsi is not None:
            parts += _way(scene, mmsi, event, plane, before, now)
    x, y = plane.xy(np.array([event["lon"]]), np.array([event["lat"]]))[0]
    parts.append(f'<path d="M{x - 8:.0f} {y:.0f}h16M{x:.0f} {y - 8:.0f}v16" stroke="#000"/>')
    parts += _scale(plane)
    return f'<svg width="{_W}" height="{_H}">{"".join(parts)}</svg>'


def _way(
    scene: Scene, mmsi: int, event: dict[str, Any], plane: _Plane, before: str, now: str
) -> Iterator[str]:
    lasted = event["t1"] - event["t0"]
    about = min(max(lasted, timedelta(minutes=30)), timedelta(hours=6))
    rows = _of(scene, mmsi, event, about)
    xy = plane.xy(rows["lon"].to_numpy(), rows["lat"].to_numpy())
    yield _line(xy, before, 1)
    during = rows["t"].is_between(event["t0"], event["t1"]).to_numpy()
    yield _line(xy[during], now, 1.6)
    wrong = rows["impossible"].to_numpy() if "impossible" in rows.columns else ~during & during
    for (x, y), inside, bad in zip(xy.tolist(), during, wrong, strict=True):
        colour = "#a0f" if bad else now if inside else before
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{2.2 if inside else 1.3}" fill="{colour}"/>'


def _line(xy: np.ndarray, colour: str, width: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in xy.tolist())
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _land(land: gpd.GeoDataFrame | None, plane: _Plane) -> Iterator[str]:
    if land is None:
        return
    box = plane.box()
    near = land.geometry.iloc[land.sindex.intersection(box)]
    for shape in shapely.get_parts(shapely.clip_by_rect(near.values, *box)):
        rings = (shapely.get_coordinates(ring) for ring in shapely.get_rings(shape))
        d = "".join(
            "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in plane.xy(*ring.T).tolist()) + "Z"
            for ring in rings
        )
        yield f'<path d="{d}" fill="#e9e2cc" stroke="#907" stroke-width=".6" fill-rule="evenodd"/>'


def _circles(circles: pl.DataFrame, plane: _Plane) -> Iterator[str]:
    west, south, east, north = plane.box()
    near = circles.filter(
        pl.col("lon").is_between(west, east) & pl.col("lat").is_between(south, north)
    )
    for lon, lat, radius_m in near.select("lon", "lat", "radius_m").iter_rows():
        x, y = plane.xy(np.array([lon]), np.array([lat]))[0]
        r = radius_m * _H / (2 * plane.half_m)
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="none" stroke="#070"/>'


def _others(scene: Scene, event: dict[str, Any], plane: _Plane) -> Iterator[str]:
    """Draw where others were in the middle of the event."""
    west, south, east, north = plane.box()
    middle = event["t0"] + (event["t1"] - event["t0"]) / 2
    about = timedelta(minutes=10)
    near = scene.tracks.filter(
        pl.col("t").is_between(middle - about, middle + about)
        & pl.col("lon").is_between(west, east)
        & pl.col("lat").is_between(south, north)
        & ~pl.col("mmsi").is_in([event["mmsi"], event["other_mmsi"] or 0])
    ).unique("mmsi")
    for x, y in plane.xy(near["lon"].to_numpy(), near["lat"].to_numpy()).tolist():
        yield f'<rect x="{x - 2:.1f}" y="{y - 2:.1f}" width="4" height="4" fill="#06c"/>'


def _scale(plane: _Plane) -> list[str]:
    step = max(s for s in _STEPS if s <= max(plane.half_m / 2, _STEPS[0]))
    px = step * _H / (2 * plane.half_m)
    said = f"{step} m" if step < 1_000 else f"{step // 1_000} km"
    return [
        f'<path d="M10 {_H - 10}h{px:.0f}" stroke="#000" stroke-width="3"/>',
        f'<text x="10" y="{_H - 16}">{said}</text>',
    ]
