"""What vessels did on the made coast: one event of each kind, told as a workspace tells it."""

import json
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import polars as pl
from shapely.geometry import LineString, Point

from workspace.read import Event, Events

NOW = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)  # 23:40 on the 23rd in Shanghai
T0 = NOW - timedelta(hours=5)
WAY = LineString([(122.0, 29.2), (122.01, 29.21), (122.0, 29.22)])
PARTS = json.dumps(
    [
        {"factor": "kind", "value": 1.0, "effect": -0.6},
        {"factor": "dark", "value": 1.0, "effect": 0.8},
        {"factor": "near_berth", "value": 1.0, "effect": -1.2},
    ]
)
CHAIN = {
    "parts": [
        {"event_id": "e-rendezvous", "kind": "rendezvous", "mmsi": 412000002,
         "t0": T0.isoformat(), "role": "meeting"},
        {"event_id": "e-shore_approach", "kind": "shore_approach", "mmsi": 412000002,
         "t0": NOW.isoformat(), "role": "landing"},
    ],
    "score": 0.8,
}  # fmt: skip
# kind, vessel, other vessel, place, rank, evidence, segment
_EVENTS = [
    ("loitering", 412000001, None, (122.0, 29.2), 0.62,
     {"mean_speed_kn": 1.9, "reach_m": 375.4, "duration_min": 300.0}, "seg0096"),
    ("shore_approach", 412000002, None, (121.97, 29.33), 0.81,
     {"why": ["slow", "heading"], "min_shore_m": 31.0}, "seg0158"),
    ("gap", 412000001, None, (122.1, 29.1), 0.45, {"duration_min": 90.0}, "seg0048"),
    ("rendezvous", 412000002, 412000003, (122.1, 29.15), 0.55, {"closest_m": 40.0}, "seg0070"),
    ("chain", 412000002, 412000003, (122.12, 29.16), 0.9, CHAIN, "seg0070"),
    ("dark_target", None, None, (122.12, 29.4), 0.7, {"sensor": "radar-1"}, None),
    ("dash", 412000002, None, (122.12, 29.33), 0.66,
     {"before": {"event_id": "e-gap", "kind": "gap", "hours": 0.2}}, "seg0158"),
    ("drift", 412000003, None, (122.14, 29.3), 0.3, {}, None),
    ("speed_anomaly", 412000003, None, (122.15, 29.3), 0.3, {}, None),
    ("course_anomaly", 412000003, None, (122.16, 29.3), 0.25, {}, None),
    ("identity", 412000003, None, (122.16, 29.31), 0.5, {}, None),
    ("spoofing", 412000003, None, (122.16, 29.32), 0.5, {}, None),
    ("stop", 412000003, None, (121.98, 29.36), 0.01, {"state": "at_anchor"}, None),
    ("berth_visit", 412000003, None, (121.98, 29.37), 0.01, {"berth_kind": "berth"}, None),
]  # fmt: skip


def _row(kind, mmsi, other, at, rank, evidence, segment):
    revised = kind == "loitering"
    return {
        "event_id": f"e-{kind}",
        "kind": kind,
        "mmsi": mmsi,
        "other_mmsi": other,
        "t0": T0,
        "t1": NOW,
        "lon": at[0],
        "lat": at[1],
        "evidence": json.dumps(evidence),
        "version": 2 if revised else 1,
        "segment_id": segment,
        "rank": rank,
        "parts": PARTS,
        "said_zh": None,
        "said_en": None,
        "revised": NOW if revised else None,
        "changes": json.dumps(
            {
                "t1": ["2026-11-23T13:40:00+00:00", "2026-11-23T15:40:00+00:00"],
                "duration_min": [180.0, 300.0],
                "open": [True, False],
                "odd_figure": [1, 2],
            }
        )
        if revised
        else None,
        "made": True,
        "geometry": WAY if kind in {"loitering", "gap"} else Point(at),
    }


ROWS = {row["event_id"]: row for row in (_row(*one) for one in _EVENTS)}
LOW = {**ROWS["e-loitering"], "event_id": "e-low", "rank": 0.1, "lon": 122.2}


def reach_of(event_id):
    """Return the reach of the gap: two segments, none and rest."""
    rows = [
        ("seg0048", T0, T0 + timedelta(hours=1), 500.0, 42.0, 0.3),
        ("seg0049", T0 + timedelta(minutes=9), T0 + timedelta(hours=1), 600.0, 0.0, 0.015),
        ("none", None, None, None, None, 0.46),
        ("rest", None, None, None, None, 0.225),
    ]
    names = ["segment_id", "earliest", "latest", "detour_m", "landable_min", "probability"]
    frame = pl.DataFrame(
        rows, schema=names, schema_overrides={"detour_m": pl.Float64}, orient="row"
    )
    return frame if event_id == "e-gap" else frame.clear()


class Happened:
    """Answer for events as a workspace would."""

    def events(self, *, t0, t1, kinds, least, most, within=None):
        found = [
            row
            for row in [*ROWS.values(), LOW]
            if row["kind"] in kinds and row["t0"] < t1 and row["t1"] >= t0
            if within is None or row["segment_id"] in within
        ]
        kept = sorted((r for r in found if r["rank"] >= least), key=lambda r: -r["rank"])
        frame = gpd.GeoDataFrame(kept or [LOW], geometry="geometry", crs=4326).head(
            min(len(kept), most)
        )
        sums = {"e-gap": {"none": 0.46, "rest": 0.225}}
        return Events(frame, len(found) - len(kept), max(0, len(kept) - most), sums)

    def event(self, event_id):
        if event_id == "e-gone":
            return Event(ROWS["e-loitering"], reach_of(""), NOW - timedelta(hours=1))
        row = ROWS.get(event_id)
        return row and Event(row, reach_of(event_id))

    def vessel_events(self, mmsi, most):
        mine = [r for r in ROWS.values() if mmsi in {r["mmsi"], r["other_mmsi"]}]
        rows = sorted(
            (r for r in mine if r["kind"] not in {"stop", "berth_visit"}), key=lambda r: -r["rank"]
        )
        table = [{k: v for k, v in row.items() if k != "geometry"} for row in rows]
        return pl.DataFrame(table[:most], infer_schema_length=None), len(rows)

    def vessel_pattern(self, mmsi):
        return {"pattern": "netting", "confidence": 0.7, "why": "says_fishing works_slowly"}
