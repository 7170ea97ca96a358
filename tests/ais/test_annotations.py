"""Gaps, stops and slow motion by another program's thresholds, against its labels.

The labels are those of M3-Archimedes/AIS-trajectory-annotation (`annot_vessels_expected.csv`):
a state machine over one position after another. docs/annotations.md explains what differs.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from ais._events import Sailed, sailed
from ais._plane import KNOT, metres
from ais._slow import slow_rows, slow_runs
from ais.clean import clean
from ais.gaps import silences
from ais.schema import POSITIONS, STATICS, empty
from ais.stops import DEFAULT_LENGTH_M, StopRule, find_stops
from ais.tracks import tracks

ALL_ONE_TRACK_S = 30 * 86_400.0
"""Their stops outlast a silence, so that ours may not be cut by one."""


class Spans(NamedTuple):
    """Times of vessels, in seconds: from ``a`` to ``b``, both their own."""

    vessel: np.ndarray
    a: np.ndarray
    b: np.ndarray

    def touching(self, other: "Spans") -> np.ndarray:
        """Return for each of ours with which of the others it has time in common."""
        same = self.vessel[:, None] == other.vessel
        return same & (self.a[:, None] <= other.b) & (self.b[:, None] >= other.a)

    def only(self, which: np.ndarray) -> "Spans":
        return Spans(self.vessel[which], self.a[which], self.b[which])


NOBODY = Spans(*np.empty((3, 0), dtype=np.int64))


class Scene(NamedTuple):
    s: Sailed
    vessel: np.ndarray
    seconds: np.ndarray
    step_kn: np.ndarray
    """The speed made good since the position before."""
    labels: pl.DataFrame
    thresholds: dict[str, float]
    stops: Spans
    """Ours: lying still within their distance and below their speed."""
    held: Spans
    """Ours: within their distance, yet faster than that on the mean."""


@pytest.fixture(scope="module")
def scene(shared: Path) -> Scene:
    folder = shared / "ais"
    default = json.loads((folder / "annot_params.json").read_text())["Default"]
    read = {"separator": " ", "has_header": False, "new_columns": ["mmsi", "lon", "lat", "t"]}
    told = pl.read_csv(folder / "annot_vessels_input.csv", **read)
    told = told.with_columns(
        pl.col("mmsi") + 237_000_000, pl.col("t") * 1000, msg_type=1, cls=pl.lit("A")
    )
    rest = [pl.lit(None).alias(name) for name in POSITIONS if name not in told.columns]
    rows = told.with_columns(rest).select(POSITIONS.names()).cast(POSITIONS)
    cut = tracks(clean(rows).kept, track_gap_s=ALL_ONE_TRACK_S)
    assert cut.height == 18_834
    assert not cut["impossible"].any()
    s = sailed(cut)
    step = np.full(len(s.t), np.nan)
    for i in np.flatnonzero(np.diff(s.vessel, prepend=-1) == 0):
        way = metres(s.lon[i - 1], s.lat[i - 1], s.lon[i], s.lat[i])
        step[i] = way / ((s.t[i] - s.t[i - 1]) / 1000) / KNOT
    labels = pl.read_csv(folder / "annot_vessels_expected.csv", separator=" ")
    labels = labels.with_columns(pl.col("annotation").str.split(";")).explode("annotation")
    vessel, seconds = s.mmsi.astype(np.int64) - 237_000_000, s.t // 1000
    rest = Scene(s, vessel, seconds, step, labels, default, NOBODY, NOBODY)
    lain, held = stops(rest, default["DISTANCE_THRESHOLD"])
    return rest._replace(stops=lain, held=held)


def stops(scene: Scene, near_m: float) -> tuple[Spans, Spans]:
    """Return our stops, and the times that vessels kept their place, but moved too fast."""
    rule = StopRule(
        moored_m=near_m,
        moored_min=1.0,
        anchor_m=near_m - 2 * DEFAULT_LENGTH_M,
        anchor_min=1.0,
        still_kn=scene.thresholds["NO_SPEED_THRESHOLD"],
        outliers=0,
        smooth_s=0.0,
    )
    lain = find_stops(scene.s, empty(STATICS), rule)
    every = Spans(scene.vessel[lain.first], scene.seconds[lain.first], scene.seconds[lain.last])
    return every.only(lain.still), every.only(~lain.still)


def times(scene: Scene, vessel: int, label: str) -> np.ndarray:
    which = (pl.col("id") == vessel) & (pl.col("annotation") == label)
    return np.sort(scene.labels.filter(which)["t"].to_numpy())


def theirs(scene: Scene, kind: str) -> Spans:
    """Return their times of a kind: to its end, or where none is told to the last gap before.

    A gap that a stop outlasts does not end it, one that anything else does is told as its end.
    """
    found = []
    for vessel in range(1, 6):
        starts, ends, gaps = (
            times(scene, vessel, label) for label in (f"{kind}_START", f"{kind}_END", "GAP_START")
        )
        for t, following in zip(starts, [*starts[1:], 1 << 60], strict=True):
            within = ends[(ends >= t) & (ends < following)]
            silent = gaps[(gaps >= t) & (gaps <= following)]
            found.append((vessel, t, within[0] if len(within) else silent[-1]))
    return Spans(*np.array(found).T)


def slow_stretch(scene: Scene, row: int) -> tuple[int, int]:
    """Return the rows about one between which no step is faster than their slow motion."""
    a = b = row
    limit = scene.thresholds["LOW_SPEED_THRESHOLD"]
    while scene.step_kn[a] < limit:
        a -= 1
    while b + 1 < len(scene.step_kn) and scene.step_kn[b + 1] < limit:
        b += 1
    return a, b


def crept(scene: Scene, spans: Spans) -> np.ndarray:
    """Return during which a vessel crept farther than their distance, all the time slow.

    Away from where it first was slower than their speed of a stop: they take back its start.
    """
    out = np.zeros(len(spans.a), dtype=bool)
    for k, (vessel, t, _) in enumerate(zip(*spans, strict=True)):
        row = np.flatnonzero((scene.vessel == vessel) & (scene.seconds == t))[0]
        a, b = slow_stretch(scene, int(row))
        lying = scene.step_kn[a + 1 : b + 1] < scene.thresholds["NO_SPEED_THRESHOLD"]
        begin = a + int(np.argmax(lying))
        lon, lat = scene.s.lon, scene.s.lat
        far = max(metres(lon[begin], lat[begin], lon[j], lat[j]) for j in range(begin, b + 1))
        out[k] = far > scene.thresholds["DISTANCE_THRESHOLD"]
    return out


def test_gaps_are_the_same_silences(scene: Scene) -> None:
    ours = silences(scene.s, least_min=scene.thresholds["GAP_PERIOD"] / 60)
    mine = {
        (row["mmsi"] - 237_000_000, *(row[c] and int(row[c].timestamp()) for c in ("t0", "t1")))
        for row in ours.select("mmsi", "t0", "t1").iter_rows(named=True)
    }
    said: set[tuple[int, int, int | None]] = set()
    for vessel in range(1, 6):
        begun, ended = (times(scene, vessel, f"GAP_{end}").tolist() for end in ("START", "END"))
        # Their first GAP_END is the first position of all; no gap ends after the last start.
        said |= set(zip([vessel] * len(begun), begun, [*ended[1:], None], strict=True))
    assert mine <= said
    missed = [(vessel, t0, t1) for vessel, t0, t1 in said - mine if t1 is not None]
    assert (len(said), len(mine)) == (111, 111 - len(missed))
    assert len(missed) <= 10
    # To us a silence begins as the next report was due.
    usual_s = {v: float(np.median(np.diff(scene.seconds[scene.vessel == v]))) for v in range(1, 6)}
    least_s = scene.thresholds["GAP_PERIOD"]
    assert all(t1 - t0 < least_s + 1.05 * usual_s[v] for v, t0, t1 in missed)


def test_stops(scene: Scene) -> None:
    said, ours, held = theirs(scene, "STOP"), scene.stops, scene.held
    both = said.touching(ours)
    missed = said.only(~both.any(axis=1))
    more = ours.only(~both.any(axis=0))
    brief = more.b - more.a < 60
    counts = {
        "theirs": len(said.a),
        "found": both.any(axis=1).sum(),
        "found, one of ours each": (both.sum(axis=1) == 1).sum(),
        "missed: faster on the mean": missed.touching(held).any(axis=1).sum(),
        "missed": len(missed.a),
        "ours": len(ours.a),
        "confirmed": both.any(axis=0).sum(),
        "more: less than a minute from first to last": brief.sum(),
        "more: crept": crept(scene, more.only(~brief)).sum(),
        "more": len(more.a),
    }
    assert counts == {
        "theirs": 108,
        "found": 106,
        "found, one of ours each": 104,
        "missed: faster on the mean": 2,
        "missed": 2,
        "ours": 142,
        "confirmed": 109,
        "more: less than a minute from first to last": 2,
        "more: crept": 31,
        "more": 33,
    }


def test_stops_begin_and_end_with_theirs(scene: Scene) -> None:
    said, ours = theirs(scene, "STOP"), scene.stops
    both = said.touching(ours)
    i, j = np.nonzero(both & (both.sum(axis=1) == 1)[:, None])
    early, late = said.a[i] - ours.a[j], said.b[i] - ours.b[j]
    assert len(i) == 104
    # They begin with the position that ends the first slow step, we with the first in the circle.
    assert early.min() == 0
    assert np.median(early) == 120
    silent = [
        any(a <= t <= b for t in times(scene, vessel, "GAP_END")[1:])
        for vessel, a, b in zip(said.vessel[i], ours.a[j], said.a[i], strict=True)
    ]
    assert (early > 420).sum() == 4
    assert np.array(silent)[early > 420].all()
    assert (late == 0).sum() == 66
    assert abs(late).max() == 152


def test_a_wide_circle_takes_in_the_approach(scene: Scene) -> None:
    """Vessel 2 by the distance of high speed craft, which it is said to be."""
    said = theirs(scene, "STOP")
    said = said.only(said.vessel == 2)
    lain, held = stops(scene, 150.0)
    found, slid = (said.touching(spans).any(axis=1) for spans in (lain, held))
    assert (len(said.a), found.sum(), (~found & slid).sum()) == (57, 41, 16)


def test_slow_motion(scene: Scene) -> None:
    s, limit = scene.s, scene.thresholds["LOW_SPEED_THRESHOLD"] * KNOT
    untold = np.full(len(s.t), np.nan, np.float32)
    silence_ms = round(scene.thresholds["GAP_PERIOD"] * 1000)
    slow = slow_rows(s.track, s.t, s.lon, s.lat, untold, limit, silence_ms)
    first, last, *_ = slow_runs(
        s.track, s.t, s.lon, s.lat, untold, slow, limit, silence_ms, 0, 1
    )  # fmt: skip
    ours = Spans(scene.vessel[first], scene.seconds[first], scene.seconds[last])
    said, lying = theirs(scene, "SLOW_MOTION"), theirs(scene, "STOP")
    both = said.touching(ours)
    missed = said.only(~both.any(axis=1))
    rest = ours.only(~both.any(axis=0))
    lay = rest.touching(lying).any(axis=1)
    neither = rest.only(~lay)
    taken_back = scene.stops.only(~scene.stops.touching(lying).any(axis=1))
    counts = {
        "theirs": len(said.a),
        "found": both.any(axis=1).sum(),
        "missed, of one step": (missed.b - missed.a).tolist(),
        "ours": len(ours.a),
        "confirmed": both.any(axis=0).sum(),
        "more: a stop to them": lay.sum(),
        "more: a stop that they took back": neither.touching(taken_back).any(axis=1).sum(),
        "more: neither": len(neither.a),
    }
    assert counts == {
        "theirs": 81,
        "found": 80,
        "missed, of one step": [63],
        "ours": 142,
        "confirmed": 75,
        "more: a stop to them": 51,
        "more: a stop that they took back": 16,
        "more: neither": 16,
    }


def test_hours_at_rest(scene: Scene) -> None:
    step_s = np.diff(scene.seconds, prepend=0)
    heard = np.flatnonzero(~np.isnan(scene.step_kn) & (step_s <= scene.thresholds["GAP_PERIOD"]))
    middle = scene.seconds[heard] - step_s[heard] / 2
    steps = Spans(scene.vessel[heard], middle, middle)
    said, ours = (
        steps.touching(spans).any(axis=1) for spans in (theirs(scene, "STOP"), scene.stops)
    )
    more = scene.stops.only(~scene.stops.touching(theirs(scene, "STOP")).any(axis=1))
    crept_on = steps.touching(more).any(axis=1)
    times_of = (said | True, said, ours, said & ours, crept_on)
    hours = [which @ step_s[heard] / 3600 for which in times_of]
    assert hours == pytest.approx([466.4, 276.3, 330.7, 275.6, 51.4], abs=0.05)
