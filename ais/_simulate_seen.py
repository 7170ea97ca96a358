"""What simulated radars, a camera and a satellite see: boats without AIS, others, clutter."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._simulate_dark import unexplained
from ais._simulate_motion import AT_ANCHOR, BRIEF, KNOT, MOORED, OFF, PLANTED, Course, Motion
from ais._simulate_reports import Reports
from ais._simulate_stage import Label, Stage
from ais.schema import DETECTIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_DARK_PER_DAY = 4.0
_CLUTTER_PER_HOUR = 2.0
_LEAST_SEEN = 4
# After so long unseen a sensor begins a new track.
_TRACK_S = 1800.0
# What AIS tells of a vessel under way that is silent for longer does not say where it is.
_MUTE_S = 900.0
# What it does about its sightings counts from this much before the first.
_ABOUT_S = 60.0
_FOLLOWS = True
SIGHTINGS = pl.Schema({"detection_id": pl.String(), "mmsi": pl.UInt32(), "boat": pl.Int64()})


@dataclass(frozen=True)
class Sensor:
    """One sensor: how far and how often it sees, how well, and whether it follows what it sees."""

    name: str
    reach_m: float
    every_s: float
    error_m: float
    seen: float
    follows: bool
    watches: tuple[tuple[float, float], ...]
    """Local hours of the day when it is used."""


SENSORS = (
    Sensor("radar-1", 9000.0, 180.0, 35.0, 0.93, _FOLLOWS, ((19.0, 23.5), (1.0, 4.0))),
    Sensor("radar-2", 9000.0, 180.0, 45.0, 0.9, _FOLLOWS, ((20.0, 23.9), (2.0, 5.0))),
    Sensor("camera-1", 5000.0, 60.0, 18.0, 0.85, _FOLLOWS, ((8.0, 11.0), (14.0, 16.0))),
    Sensor("satellite-1", 60_000.0, 86_400.0, 70.0, 0.9, not _FOLLOWS, ((10.4, 10.45),)),
)


def watch(
    stage: Stage,
    mmsi: NDArray[np.uint32],
    t0_ms: int,
    told: Reports,
    circles: Floats,
    rng: np.random.Generator,
) -> tuple[list[Label], pl.DataFrame, pl.DataFrame]:
    """Return labels of the dark and what they do, the detections, and whom each of them shows.

    ``told`` is what is heard of the vessels that send AIS; ``circles`` (x, y, radius) are the
    known berths and anchorages.
    """
    posts = _posts(stage, rng)
    boats = _dark_boats(stage, posts, rng)
    whole = Motion.of([v.course for v in stage.fleet] + boats, stage.world.duration_s)
    parts = [
        _look(stage, whole, sensor, post, rng) for sensor, post in zip(SENSORS, posts, strict=True)
    ]
    seen = pl.concat([part for part in parts if part.height] or parts[:1])
    if seen.is_empty():
        return [], pl.DataFrame(schema=DETECTIONS), pl.DataFrame(schema=SIGHTINGS)
    seen = seen.sort("t", "sensor", "who", "x").with_row_index("row")
    seen = seen.with_columns(
        part=(pl.col("t").diff().over("sensor", "who") > _TRACK_S)
        .fill_null(value=False)
        .cast(pl.Int64)
        .cum_sum()
        .over("sensor", "who")
    )
    fleet = len(stage.fleet)
    mute = _mute(seen, stage, whole, told)
    labels = _labels(seen, fleet) + [_seen(rows, ordinary=True) for rows in mute]
    spans = [
        (n, float(whole.first[n]), float(whole.last[n])) for n in range(fleet, len(whole.first))
    ]
    spans += [(rows["who"][0], rows["t"][0] - _ABOUT_S, rows["t"][-1] + _ABOUT_S) for rows in mute]
    labels += unexplained(stage, whole, circles, spans)
    return labels, *_tables(seen, stage, mmsi, t0_ms)


def _dark_boats(stage: Stage, posts: list[Floats], rng: np.random.Generator) -> list[Course]:
    """Return the courses of boats without AIS: out from a landing, about, and back."""
    world = stage.world
    few = min(1.0, 3.0 * len(stage.fleet) / 330)
    count = max(2, round(_DARK_PER_DAY * few * world.duration_s / 86_400.0))
    starts = stage.off_shore if len(stage.off_shore) else stage.spots
    courses = []
    for n in range(count if len(starts) and len(stage.spots) else 0):
        sensor, post = SENSORS[n % len(SENSORS)], posts[n % len(SENSORS)]
        order = np.argsort(np.hypot(*(starts - post).T), kind="stable")
        home = starts[order[int(rng.integers(min(3, len(order))))]]
        near = stage.spots[np.argsort(np.hypot(*(stage.spots - post).T), kind="stable")[:8]]
        begin, end = sensor.watches[int(rng.integers(len(sensor.watches)))]
        hour = rng.uniform(begin + 0.1, max(end - 1.3, begin + 0.2))
        if not sensor.follows:
            hour = begin - rng.uniform(0.15, 0.5)
        leave = world.clock(int(rng.integers(world.days)), hour)
        way = world.sea.way(home, near[int(rng.integers(len(near)))], clearance_m=200.0)
        if way is None or not 600.0 < leave < world.duration_s - 3 * 3600.0:
            continue
        course = Course()
        course.begin(leave, home)
        course.go(way, float(rng.uniform(6.0, 22.0)), PLANTED)
        course.stay(course.now + float(rng.uniform(300.0, 2400.0)), PLANTED)
        course.go(np.vstack([course.at, way[::-1]]), float(rng.uniform(8.0, 25.0)), PLANTED)
        courses.append(course)
    return courses


def _posts(stage: Stage, rng: np.random.Generator) -> list[Floats]:
    """Return where the sensors stand: on the shore where landings are most likely."""
    order = np.argsort(-stage.weight, kind="stable")
    places = stage.off_shore[order] if len(order) else stage.spots
    posts: list[Floats] = []
    for _ in SENSORS:
        far = [
            place
            for place in places
            if all(np.hypot(*(place - other)) > 12_000.0 for other in posts)
        ]
        pool = far[:3] or list(places[:1]) or [np.zeros(2)]
        posts.append(pool[int(rng.integers(len(pool)))])
    return posts


def _look(
    stage: Stage, whole: Motion, sensor: Sensor, post: Floats, rng: np.random.Generator
) -> pl.DataFrame:
    """Return all that one sensor sees: who (-1 for clutter), when, where, on which track."""
    world = stage.world
    times = np.concatenate(
        [
            np.arange(world.clock(day, begin), world.clock(day, end), sensor.every_s)
            for day in range(world.days)
            for begin, end in sensor.watches
        ]
    )
    times = times[(times > 60.0) & (times < world.duration_s - 60.0)]
    t = np.repeat(times, len(whole.first))
    who = np.tile(np.arange(len(whole.first)), len(times))
    there = (t > whole.first[who]) & (t < whole.last[who])
    t, who = t[there], who[there]
    xy = whole.place(who, t)
    # Between two moorings with the transponder off it is not known where a vessel is.
    good = (np.hypot(*(xy - post).T) < sensor.reach_m) & (whole.doing(who, t) != OFF)
    beyond = (xy[:, 0] > world.sea.box[0]) & (xy[:, 0] < world.sea.box[2])
    good &= beyond & (rng.random(len(t)) < sensor.seen)
    t, who, xy = t[good], who[good], xy[good]
    hours = len(times) * sensor.every_s / 3600.0 if sensor.follows else len(times)
    count = int(rng.poisson(_CLUTTER_PER_HOUR * hours)) if len(times) else 0
    clutter_t = rng.choice(times, count) if count else np.empty(0)
    angle, far = rng.uniform(0, 2 * np.pi, count), sensor.reach_m * np.sqrt(rng.random(count))
    clutter = post + far[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    wet = world.sea.off_shore_m(clutter) > 0 if count else np.empty(0, dtype=bool)
    velocity = (whole.place(who, t + 15.0) - whole.place(who, t - 15.0)) / 30.0
    every = np.vstack([xy, clutter[wet]])
    place = every + sensor.error_m * rng.normal(size=every.shape)
    speed = np.vstack([velocity, rng.normal(0.0, 3.0, (int(wet.sum()), 2))])
    speed = speed + rng.normal(0.0, 0.4, speed.shape)
    return pl.DataFrame(
        {
            "sensor": [sensor.name] * len(place),
            "follows": [sensor.follows] * len(place),
            "who": np.concatenate([who, np.full(int(wet.sum()), -1)]).astype(np.int64),
            "t": np.concatenate([t, clutter_t[wet]]),
            "x": place[:, 0],
            "y": place[:, 1],
            "true_x": every[:, 0],
            "true_y": every[:, 1],
            "vx": speed[:, 0],
            "vy": speed[:, 1],
            "error_m": np.full(len(place), sensor.error_m),
        }
    )


def _labels(seen: pl.DataFrame, fleet: int) -> list[Label]:
    """Return one label for each track, and each lone plot, of a boat without AIS."""
    dark = seen.filter(pl.col("who") >= fleet)
    return [
        # A boat that is seen but a few times is there, but no case to be found.
        _seen(rows, ordinary=bool(rows["follows"][0]) and rows.height < _LEAST_SEEN)
        for _, rows in _tracks(dark)
    ]


def _tracks(seen: pl.DataFrame) -> list[tuple[tuple[object, ...], pl.DataFrame]]:
    keys = ["who", "sensor", "part"]
    return sorted(seen.partition_by(keys, as_dict=True, maintain_order=True).items())


def _seen(rows: pl.DataFrame, *, ordinary: bool) -> Label:
    """Return the label of some sightings, at the one nearest to half-way in time."""
    t, sensor = rows["t"].to_numpy(), str(rows["sensor"][0])
    k = int(np.argmin(np.abs(t - (t[0] + t[-1]) / 2)))
    at = np.array(rows.select("true_x", "true_y").row(k))
    # Times of truth are whole seconds, those of sightings are not.
    more = 1.0 if ordinary else 0.0
    return Label(
        "dark_target", -1, float(t[0]) - more, float(t[-1]) + more, at,
        ordinary=ordinary, what=sensor,
    )  # fmt: skip


def _mute(seen: pl.DataFrame, stage: Stage, whole: Motion, told: Reports) -> list[pl.DataFrame]:
    """Return the sightings of vessels that have AIS while it does not tell where they are."""
    seen = seen.filter(pl.col("who").is_between(0, len(stage.fleet), closed="left"))
    who, t = seen["who"].to_numpy(), seen["t"].to_numpy()
    key, span = told.vessel * whole.span + told.t, whole.span
    after = np.searchsorted(key, who * span + t)
    heard = np.concatenate([key, [np.inf]])
    since = who * span + t - np.where(after > 0, heard[after - 1], -np.inf)
    dark = (heard[after] - (who * span + t) + since > _MUTE_S) & ~np.isin(
        whole.doing(who, t), [MOORED, AT_ANCHOR, BRIEF]
    )
    for e in stage.effects:
        if e.what in ("shift", "place"):
            dark |= (who == e.vessel) & (t >= e.t0) & (t < e.t1)
    unsaid = []
    for _, rows in _tracks(seen.with_columns(dark=dark)):
        mute = rows["dark"].to_numpy()
        edge = np.flatnonzero(np.diff(np.concatenate([[0], mute.astype(int), [0]])))
        spans = list(zip(edge[::2].tolist(), edge[1::2].tolist(), strict=True))
        if mute.mean() >= 0.5 and not mute.all():
            # It goes for the whole track, too.
            spans.append((0, len(mute)))
        unsaid += [rows[a:b] for a, b in spans]
    return unsaid


def _tables(
    seen: pl.DataFrame,
    stage: Stage,
    mmsi: NDArray[np.uint32],
    t0_ms: int,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    fleet = stage.fleet
    who = seen["who"].to_numpy()
    lon, lat = stage.world.sea.lonlat(seen.select("x", "y").to_numpy())
    length = np.array([v.length_m for v in fleet] + [9] * (int(who.max()) + 1), dtype=float)
    long = np.where(who < 0, 4.0, length[np.maximum(who, 0)])
    # A noise of measurement that is the same for the same row.
    noise = np.random.default_rng([len(who), fleet[0].length_m])
    long = np.maximum(2.0, long * (1.0 + 0.15 * noise.normal(size=len(who))))
    sure = np.clip(np.where(who < 0, 0.3, 0.8) + 0.12 * noise.normal(size=len(who)), 0.05, 0.99)
    speed = np.hypot(seen["vx"].to_numpy(), seen["vy"].to_numpy()) / KNOT
    course = np.degrees(np.arctan2(seen["vx"].to_numpy(), seen["vy"].to_numpy())) % 360.0
    follows = pl.col("follows")
    track = pl.format("{}-{}-{}", "sensor", "who", "part").rank("dense").cast(pl.Int64)
    clutter = pl.col("who") < 0
    detections = seen.select(
        detection_id=pl.format("D{}", pl.col("row") + 1),
        sensor="sensor",
        track_id=pl.when(follows & ~clutter).then(pl.format("T{}", track)),
        t=(t0_ms + (pl.col("t") * 1000).round().cast(pl.Int64)).cast(pl.Datetime("ms", "UTC")),
        lon=pl.Series(lon).round(6),
        lat=pl.Series(lat).round(6),
        cls=pl.Series(np.where(long < 15.0, "small_boat", "vessel")),
        confidence=pl.Series(sure.round(2)),
        length_m=pl.Series(long.round(0)),
        sog_kn=pl.when(follows & ~clutter).then(pl.Series(speed.round(1))),
        cog_deg=pl.when(follows & ~clutter).then(pl.Series(course.round(0) % 360.0)),
        error_m="error_m",
    ).cast(DETECTIONS)
    with_ais = (who >= 0) & (who < len(fleet))
    number = pl.Series(np.where(with_ais, mmsi[np.clip(who, 0, len(mmsi) - 1)], 0))
    boat = np.where(who >= len(fleet), who - len(fleet), -1)
    sightings = pl.DataFrame(
        {
            "detection_id": detections["detection_id"],
            "mmsi": number.set(pl.Series(~with_ais), None),
            "boat": pl.Series(boat).set(pl.Series(boat < 0), None),
        }
    ).cast(SIGHTINGS)
    return detections, sightings
