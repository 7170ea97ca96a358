"""All behaviours at once: what must not change what is found, and what must change it alike."""

import hashlib
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import polars as pl
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ais.behaviours import Behaviours, Known, behaviours, judge
from ais.schema import KINDS, POSITIONS, STATICS
from ais.watch import together, watch
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines

START = datetime(2026, 3, 1, tzinfo=UTC)
T0 = int(START.timestamp() * 1000)
KNOT_MIN = 1852 / 60
ISLAND = [(-10e3, 0), (10e3, 0), (10e3, 10e3), (-10e3, 10e3)]
ROCK = [(14e3, -6e3), (16e3, -6e3), (16e3, -3e3), (14e3, -3e3)]
SHOAL = -4000.0, -9000.0
DAYS = 5
"""So long boats come back to one place, until it is known for a berth."""
LANE = 14
"""So many boats sail where one falls silent."""
HERE = "positions_sum", "event_id", "segment_id", "chainage_m", "berth_id"
"""Figures that hold for one place on Earth only."""


class Sheet(NamedTuple):
    """Where on Earth metres east and north are laid out, and whether east is west."""

    lon0: float = 122.0
    lat0: float = 29.0
    hand: int = 1

    def at(self, x, y) -> tuple[np.ndarray, np.ndarray]:
        """Return lon, lat: true distances from the middle, on a sphere."""
        plane = pyproj.Proj(proj="aeqd", lon_0=0.0, lat_0=self.lat0, R=6_371_008.8)
        lon, lat = plane(np.asarray(x, float), np.asarray(y, float), inverse=True)
        # Mirrored degrees are mirrored to the last bit.
        return (self.lon0 + self.hand * lon + 180.0) % 360.0 - 180.0, lat

    def course(self, degrees: np.ndarray) -> np.ndarray:
        return degrees % 360.0 if self.hand > 0 else -degrees % 360.0


HOME = Sheet()


class Scene(NamedTuple):
    positions: pl.DataFrame
    statics: pl.DataFrame
    ashore: pl.DataFrame
    berths: pl.DataFrame
    index: ShoreIndex | None
    segment_ids: list[str]


def sailing(mmsi: int, way, sheet: Sheet, *, step_s=60.0, noise_m=4.0, status=0, cls="A", **told):
    """Return positions of one who is at x, y (m) at minute m, for (m, x, y) of ``way``.

    ``told`` replaces what it says of speed, course or heading by a number, and ``off_course`` and
    ``faster`` are added to what is true.
    """
    minute, x, y = np.array(way, float).T
    rng = np.random.default_rng(mmsi)
    t = np.arange(minute[0] + rng.uniform(0, step_s / 60), minute[-1], step_s / 60)
    n = len(t)
    leg = np.clip(np.searchsorted(minute, t, side="right") - 1, 0, len(minute) - 2)
    east, north = np.diff(x)[leg] / np.diff(minute)[leg], np.diff(y)[leg] / np.diff(minute)[leg]
    sog = np.hypot(east, north) / KNOT_MIN + told.get("faster", 0.0)
    cog = np.degrees(np.arctan2(east, north)) + told.get("off_course", 0.0)
    heading = cog if "heading" not in told else np.full(n, told["heading"], float)
    px, py = np.interp(t, minute, x), np.interp(t, minute, y)
    lon, lat = sheet.at(px + rng.normal(0, noise_m, n), py + rng.normal(0, noise_m, n))
    data = {
        "mmsi": [mmsi] * n,
        "t": (T0 + t * 60_000).astype(np.int64),
        "lon": lon,
        "lat": lat,
        "sog_kn": np.abs(np.round(sog + rng.normal(0, 0.05, n), 1)),
        "cog_deg": sheet.course(np.round(cog, 1)),
        "heading_deg": sheet.course(np.round(heading + rng.normal(0, 2, n))),
        "status": [status] * n,
        "msg_type": [1] * n,
        "cls": [cls] * n,
        "source": ["made"] * n,
    }
    return pl.DataFrame(data, strict=False).select(POSITIONS.names()).cast(POSITIONS)


def legs(*points: tuple[float, float], knots: float, begin: float) -> list[tuple[float, ...]]:
    """Return the way through points at a speed."""
    minute, out = begin, [(begin, *points[0])]
    for (x0, y0), (x1, y1) in pairwise(points):
        minute += np.hypot(x1 - x0, y1 - y0) / (knots * KNOT_MIN)
        out.append((minute, x1, y1))
    return out


def round_about(x, y, radius_m, knots, begin, turns, corners=72) -> list[tuple[float, ...]]:
    angle = np.linspace(0, 2 * np.pi * turns, round(corners * turns) + 1)
    points = [(x + radius_m * np.sin(a), y + radius_m * np.cos(a)) for a in angle]
    return legs(*points, knots=knots, begin=begin)


def dawdling(x, y, begin, minutes, seed) -> list[tuple[float, ...]]:
    """Return the way of one who works to and fro at about 1.2 kn within 400 m."""
    rng = np.random.default_rng(seed)
    out = [(begin, x, y)]
    while out[-1][0] < begin + minutes:
        a, b = x + rng.uniform(-400, 400), y + rng.uniform(-400, 400)
        took = np.hypot(a - out[-1][1], b - out[-1][2]) / (1.2 * KNOT_MIN)
        out.append((out[-1][0] + max(took, 1.0), a, b))
    return out


def without(p: pl.DataFrame, begin: float, end: float) -> pl.DataFrame:
    minute = (pl.col("t").dt.epoch("ms") - T0) / 60_000
    return p.filter((minute < begin) | (minute > end))


def _vessels(sheet: Sheet) -> list[pl.DataFrame]:
    def go(mmsi, way, **rest):
        return sailing(412_000_000 + mmsi, way, sheet, **rest)

    x, y = SHOAL
    stay = [(0, -9e3, -6e3), (54, 0, -6e3), (150, 0, -6e3), (210, 9e3, -6e3)]
    out = [go(1, stay), go(2, dawdling(-6e3, -11e3, 20, 110, 2))]
    # Adrift to the east, its head to the north.
    out.append(go(3, [(0, -2e3, -14e3), (150, 2.5e3, -14e3)], heading=10.0))
    # A mother ship, and the boat that comes to her and runs to the shore.
    out.append(go(4, [(0, x, y), (420, x + 500, y)], noise_m=3))
    meet = [(60, x - 9e3, y - 9e3), (105, x + 150, y + 30), (150, x + 190, y + 30)]
    run = legs((x + 190, y + 30), (x + 1500, -120), knots=26, begin=150)
    away = [(run[-1][0] + 12, x + 1520, -110), (run[-1][0] + 60, x + 9e3, -9e3)]
    out.append(go(5, [*meet, *run[1:], *away], step_s=30))
    # One that falls silent in a lane where others are heard.
    lane = [(0, -14e3, -20e3), (170, 14e3, -20e3), (340, -14e3, -20e3), (480, 9e3, -20e3)]
    out.append(without(go(6, lane), 100, 175))
    for k in range(LANE):
        begin = 0, -14e3 + 24e3 * k / LANE, -20e3 + 500 * (k % 3 - 1)
        out.append(go(30 + k, [begin, *lane[1:]], step_s=50))
    # One that lands away from any wharf.
    out.append(go(12, [(0, 8e3, -7e3), (50, 6e3, -90), (80, 6.02e3, -80), (130, 9e3, -7e3)]))
    # A fishing boat at 20 kn, one that tells 8 kn more than it makes, one a course of its own.
    out.append(go(13, legs((-12e3, -24e3), (12e3, -24e3), knots=20, begin=0)))
    out.append(go(14, legs((-12e3, -26e3), (0, -26e3), knots=7, begin=0), faster=8.0))
    out.append(go(15, legs((-12e3, -28e3), (0, -28e3), knots=9, begin=0), off_course=70.0))
    teeth = [(-12e3 + 1500 * k, -31e3 + 1500 * (k % 2)) for k in range(9)]
    out.append(go(16, legs(*teeth, knots=10, begin=0)))
    back = [(-9e3, -34e3), (0, -34e3), (-9e3, -34e3)]
    out.append(go(17, legs(*back, knots=12, begin=0)))
    out.append(go(18, round_about(7e3, -12e3, 1000, 9, 0, 3.2)))
    # Four positions far off, one at a time.
    honest = go(19, legs((12e3, -10e3), (12e3, -16e3), (12e3, -8e3), knots=6, begin=0))
    at = pl.int_range(pl.len())
    east = 0.3 * sheet.hand
    odd = at.is_in([15, 21, 28, 36])
    jumped = (pl.col("lon") + east + 180.0) % 360.0 - 180.0
    out.append(honest.with_columns(lon=pl.when(odd).then(jumped).otherwise("lon")))
    # Two hulls under one number, and one inside land.
    out.append(go(20, legs((-20e3, -10e3), (-20e3, -25e3), knots=8, begin=0)))
    out.append(go(20, legs((22e3, -25e3), (29e3, -14e3), knots=7, begin=0.4)))
    out.append(go(21, legs((-4e3, 4e3), (4e3, 5e3), knots=8, begin=0)))
    # Boats that lie at one place, day after day.
    for k in range(3):
        x, y = -7e3 + 30 * k, -700
        for begin in 40 + 5 * k + 1440 * np.arange(DAYS):
            trip = [(0, -9e3, -7e3 - 500 * k), (30, x, y), (90, x, y), (120, -9e3, -7e3)]
            out.append(go(22 + k, [(begin + m, *place) for m, *place in trip], step_s=175))
    return out


def _statics() -> pl.DataFrame:
    rows = [
        (412_000_000 + k, 0, f"BOAT {k}", 30 if k in (2, 5, 13) else 70, 30.0 + k, 9_000_000 + k)
        for k in range(1, 60)
    ]
    rows.append((412_000_001, 100, "ANOTHER NAME", 70, 31.0, 9_000_001))
    return pl.DataFrame(
        [
            dict.fromkeys(STATICS)
            | {"mmsi": m, "t": START + timedelta(minutes=t), "name": name, "ship_type": kind,
               "length_m": length, "imo": imo, "source": "made"}
            for m, t, name, kind, length, imo in rows
        ],
        schema=STATICS,
    )  # fmt: skip


def _ashore(p: pl.DataFrame) -> pl.DataFrame:
    inland = p.filter(pl.col("mmsi") == 412_000_021)
    return inland.with_columns(inside_m=pl.lit(4000.0, pl.Float32))


@cache
def made(sheet: Sheet = HOME, coast: bool = True) -> Scene:
    p = pl.concat(_vessels(sheet))
    lon, lat = sheet.at(0, -6e3)
    known = pl.DataFrame({"lon": [float(lon)], "lat": [float(lat)], "radius_m": [300.0]})
    if not coast:
        return Scene(p, _statics(), _ashore(p), known, None, [])
    outline = [shapely.segmentize(shapely.Polygon(ring), 500.0) for ring in (ISLAND, ROCK)]
    land = [
        shapely.Polygon(np.column_stack(sheet.at(*shapely.get_coordinates(one).T)))
        for one in outline
    ]
    whole, _ = repair_land(gpd.GeoDataFrame(geometry=land, crs=4326), name="made")
    shore = shorelines(whole)
    cut = segments(shore)
    index = ShoreIndex.build(shore, cut)
    return Scene(p, _statics(), _ashore(p), known, index, list(cut["segment_id"]))


def found(scene: Scene, positions: pl.DataFrame | None = None) -> Behaviours:
    return behaviours(
        scene.positions if positions is None else positions,
        scene.statics,
        scene.index,
        scene.berths,
        segment_ids=scene.segment_ids,
        ashore=scene.ashore,
    )


@cache
def whole(sheet: Sheet = HOME, coast: bool = True) -> Behaviours:
    return found(made(sheet, coast))


def test_one_that_is_heard_on_land_alone_lies_on_water_that_the_coast_lacks() -> None:
    scene = made()
    mine = pl.col("mmsi") == 412_000_021
    told = found(scene).events.filter(mine)
    assert "on_land" in [json.loads(e).get("why") for e in told["evidence"]]
    inland = found(scene, scene.positions.filter(~mine))
    assert inland.events.filter(mine).is_empty()
    assert inland.vessels.filter(mine).height == 1


def digest(b: Behaviours) -> str:
    """Return one number of all that was judged, to the last bit."""
    said = hashlib.sha256()
    for table in (b.events, b.vessels, b.judged.berths, b.judged.profiles, b.judged.silences):
        said.update(
            table.with_columns(pl.selectors.binary().bin.encode("hex")).write_json().encode()
        )
    return said.hexdigest()


def the_same(a: Behaviours, b: Behaviours) -> None:
    for name in ("events", "vessels"):
        assert_frame_equal(getattr(a, name), getattr(b, name))
    for name in ("berths", "profiles", "shared", "silences"):
        assert_frame_equal(getattr(a.judged, name), getattr(b.judged, name))
    for one, other in zip(a.seen, b.seen, strict=True):
        by = [name for name in one.columns if not one.schema[name].is_nested()]
        assert_frame_equal(one.sort(by), other.sort(by))


def test_the_scene_shows_every_kind_that_ais_alone_shows() -> None:
    kinds = whole().events["kind"]
    assert set(kinds) == set(KINDS) - {"dark_target"}
    assert whole().judged.berths.height >= 1
    why = whole().events["evidence"].str.json_path_match("$.why").drop_nulls()
    assert {"circle", "jumps", "on_land", "over_type", "told_speed", "told_course"} <= set(why)
    assert {"zigzag", "reversal", "shared", "changed"} <= set(why)


# --- what changes nothing --------------------------------------------------------------------


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("coast", [True, False])
def test_the_order_of_rows_changes_nothing(coast: bool, seed: int) -> None:
    scene = made(coast=coast)
    mixed = scene._replace(
        statics=scene.statics.sample(fraction=1.0, shuffle=True, seed=seed % 1000),
        ashore=scene.ashore.sample(fraction=1.0, shuffle=True, seed=seed % 1000),
    )
    rows = scene.positions.sample(fraction=1.0, shuffle=True, seed=seed)
    the_same(found(mixed, rows), whole(coast=coast))


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 1.0))
def test_duplicates_change_nothing(seed: int, share: float) -> None:
    scene = made()
    again = scene.positions.sample(fraction=share, seed=seed)
    rows = pl.concat([scene.positions, again.with_columns(source=pl.lit("another"))])
    twice = found(scene, rows.sample(fraction=1.0, shuffle=True, seed=seed))
    the_same(twice, whole())
    assert twice.counts["duplicate"] == again.height


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 26))
@pytest.mark.parametrize("coast", [True, False])
def test_watching_in_turns_is_watching_at_once(coast: bool, seed: int, parts: int) -> None:
    scene = made(coast=coast)
    rng = np.random.default_rng(seed)
    vessels = scene.positions["mmsi"].unique(maintain_order=True)
    turn = dict(zip(vessels, rng.integers(0, parts, len(vessels)).tolist(), strict=True))
    watched = []
    for k in rng.permutation(parts):
        mine = pl.col("mmsi").replace_strict(turn, default=-1) == int(k)
        watched.append(
            watch(
                scene.positions.filter(mine),
                scene.statics.filter(mine),
                scene.index,
                scene.berths,
                segment_ids=scene.segment_ids,
                ashore=scene.ashore.filter(mine),
            ).watched
        )
    seen = together(watched)
    horizon = scene.positions.select(pl.col("t").max()).item()
    judged = judge(seen, Known(scene.statics, scene.berths, scene.index), horizon=horizon)
    once = whole(coast=coast)
    counts = {name: n for name, n in once.counts.items() if name in judged.counts}
    assert judged.counts == counts
    the_same(once._replace(events=judged.events, vessels=judged.vessels, seen=seen, judged=judged),
             once)  # fmt: skip


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/St_Johns", "Pacific/Kiritimati"])
def test_the_time_zone_of_the_machine_changes_nothing(zone: str) -> None:
    done = subprocess.run(
        [sys.executable, __file__],
        env=os.environ | {"TZ": zone, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    assert done.stdout.split() == [str(-time_zone_h(zone)), digest(whole())]


def time_zone_h(zone: str) -> float:
    offset = START.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset.total_seconds() / 3600


# --- what changes it alike -------------------------------------------------------------------


def times(b: Behaviours, **more: pl.Expr) -> pl.DataFrame:
    """Return kind, vessels and times of the events, in an order that no place has a part in."""
    why = pl.col("evidence").str.json_path_match("$.why").alias("why")
    told = b.events.select("kind", "mmsi", "other_mmsi", "t0", "t1", why, **more)
    return told.sort("kind", "mmsi", "t0", "t1", "other_mmsi", "why", nulls_last=True)


def mirrored(name: str, value: object, about: float) -> object:
    """Return what a figure of the evidence is in a mirror."""
    if isinstance(value, dict):
        return {k: mirrored(k, v, about) for k, v in value.items() if k not in HERE}
    if isinstance(value, list):
        return [mirrored("", v, about) for v in value]
    if name == "hand":
        return {"left": "right", "right": "left"}[str(value)]
    if name in ("told_lon", "start_lon_deg", "end_lon_deg"):
        return (2 * about - float(str(value)) + 180) % 360 - 180
    if name == "course_before_deg" and value is not None:
        return -float(str(value)) % 360
    return value


def differences(one: object, other: object, name: str = "") -> list[tuple[str, object, object]]:
    """Return the figures that differ by more than their last digit as told."""
    if isinstance(one, dict) and isinstance(other, dict):
        if set(one) != set(other):
            return [(name, one, other)]
        return [d for k in one for d in differences(one[k], other[k], f"{name}.{k}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return [d for a, b in pairs for d in differences(a, b, f"{name}[]")]
    if isinstance(one, float) and isinstance(other, float):
        return [] if other == pytest.approx(one, rel=2e-3, abs=0.11) else [(name, one, other)]
    return [] if one == other else [(name, one, other)]


@pytest.mark.parametrize("coast", [True, False])
@pytest.mark.parametrize("lon0", [122.0, 10.0, -122.0])
def test_a_mirrored_scene_mirrors_what_is_found(lon0: float, coast: bool) -> None:
    right, left = (whole(Sheet(lon0, hand=hand), coast) for hand in (1, -1))
    place = {"lon": pl.col("lon"), "lat": pl.col("lat"), "evidence": pl.col("evidence")}
    a, b = times(right, **place), times(left, **place)
    assert_frame_equal(a.select("kind", "mmsi", "other_mmsi", "t0", "t1", "why"),
                       b.select("kind", "mmsi", "other_mmsi", "t0", "t1", "why"))  # fmt: skip
    assert 2 * lon0 - a["lon"].to_numpy() == pytest.approx(b["lon"].to_numpy(), abs=2e-6)
    assert a["lat"].to_numpy() == pytest.approx(b["lat"].to_numpy(), abs=2e-6)
    odd = [
        (kind, mmsi, d)
        for kind, mmsi, one, other in zip(a["kind"], a["mmsi"], a["evidence"], b["evidence"],
                                          strict=True)
        for d in differences(mirrored("", json.loads(one), lon0), here(json.loads(other)))
    ]  # fmt: skip
    assert odd == []


def here(value: object) -> object:
    if isinstance(value, dict):
        return {k: here(v) for k, v in value.items() if k not in HERE}
    return [here(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("coast", [True, False])
@pytest.mark.parametrize(
    "sheet", [Sheet(lat0=75.0), Sheet(lat0=-75.0), Sheet(lat0=0.0), Sheet(-70.0, -41.0)]
)
def test_other_latitudes_show_the_same(sheet: Sheet, coast: bool) -> None:
    assert_frame_equal(times(whole(sheet, coast)), times(whole(coast=coast)))


@pytest.mark.parametrize(
    "sheet", [Sheet(180.0), Sheet(-179.95), Sheet(179.9, 75.0), Sheet(180.0, 29.0, -1)]
)
def test_the_antimeridian_is_a_line_like_any_other(sheet: Sheet) -> None:
    there = whole(sheet, coast=False)
    lon = made(sheet, coast=False).positions["lon"]
    assert (lon < -179).any()
    assert (lon > 179).any()
    home = whole(sheet._replace(lon0=122.0), coast=False)
    assert_frame_equal(times(there), times(home))


def _one_of_each() -> list[object]:
    """Return kind, why and longitude of one event of each sort."""
    place = {"lon": pl.col("lon")}
    rows = times(whole(coast=False), **place).unique(["kind", "why"], maintain_order=True)
    return [
        pytest.param(
            r["kind"], r["lon"], id=f"{r['kind']} {r['why'] or ''}",
        )
        for r in rows.iter_rows(named=True)
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "lon"), _one_of_each())
def test_each_kind_can_lie_across_the_antimeridian(kind: str, lon: float) -> None:
    east = 180.00001 - lon
    home, there = whole(coast=False), found(made(Sheet(122.0 + east), coast=False))
    of_kind = pl.col("kind") == kind
    a, b = (times(w, lon=pl.col("lon")).filter(of_kind) for w in (home, there))
    assert_frame_equal(a.drop("lon"), b.drop("lon"))
    assert b["lon"].is_between(-180.0, 180.0).all()
    gone = (b["lon"] - a["lon"] - east + 180.0) % 360.0 - 180.0
    assert gone.to_numpy() == pytest.approx(0.0, abs=2e-6)


def test_a_way_over_the_antimeridian_is_drawn_the_short_way() -> None:
    ways = shapely.from_wkb(whole(Sheet(180.0), coast=False).events["geometry"].to_list())
    west, _, east, _ = shapely.bounds(shapely.get_parts(ways)).T
    assert (east - west).max() < 1.0


if __name__ == "__main__":
    print(time.timezone / 3600, digest(whole()))
