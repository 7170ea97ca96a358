"""A made coast that answers the pages as a workspace would: small, fixed, and quick."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import polars as pl
import shapely
from shapely.geometry import LineString, Point, Polygon
from shoregrid_tests_feeds import Feeds
from shoregrid_tests_happened import Happened
from shoregrid_tests_learnt import Learnt
from shoregrid_tests_newer import NewerCoast, lineage_of

from dashboards.source import Person
from risk.shifts import shifts
from workspace import rights
from workspace.read import Meta
from workspace.sight import Sight

TZ = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)  # 23:40 on the 23rd in Shanghai
FIRST_DAY = date(2026, 11, 23)
SECTIONS = {"S01": ("石浦段", "Shipu"), "S02": ("鹤浦段", "Hepu"), "S03": ("高塘段", "Gaotang")}
N = 240


def _shore() -> np.ndarray:
    u = np.linspace(0, 1, N + 1)
    lat = 29.0 + 0.5 * u
    lon = 121.9 + 0.05 * np.sin(9 * u) + 0.02 * np.sin(31 * u) + 0.006 * np.sin(90 * u)
    return np.column_stack([lon, lat])


def _segments() -> gpd.GeoDataFrame:
    shore = _shore()
    sections = list(SECTIONS)
    return gpd.GeoDataFrame(
        {
            "segment_id": [f"seg{i:04d}" for i in range(N)],
            "shoreline_id": "main",
            "from_m": [500.0 * i for i in range(N)],
            "to_m": [500.0 * (i + 1) for i in range(N)],
            "length_m": 500.0,
            # The last ten segments lie where no depth is known.
            "landing_basis": ["estimate" if i >= N - 10 else "made" for i in range(N)],
            "shoreline_kind": ["island" if i == N - 1 else "mainland" for i in range(N)],
            "section_id": [sections[3 * i // N] for i in range(N)],
        },
        geometry=[LineString(shore[i : i + 2]) for i in range(N)],
        crs=4326,
    )


def _ids(segments: gpd.GeoDataFrame, first: int, last: int) -> str:
    return json.dumps(segments["segment_id"].iloc[first:last].tolist())


def _land() -> gpd.GeoDataFrame:
    shore = _shore()
    ring = [*shore, (121.5, 29.5), (121.5, 29.0)]
    isle = Point(122.05, 29.3).buffer(0.02)
    return gpd.GeoDataFrame(geometry=[Polygon(ring), isle], crs=4326)


#: A chief who answers for one section and sees the county.
OWN = {"section": ("S02",), "county": ("all",)}


@dataclass
class Double(NewerCoast, Feeds, Happened, Learnt):
    """Three sections of a made coast with three days of scores and two accounts."""

    days: int = 3
    simulated: bool = True
    newer: bool = True
    sessions: dict[str, Person] = field(default_factory=dict)
    scored_days: list[date] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._segments = _segments()
        self._land = _land()
        self._lineage = lineage_of(self._segments)
        self.scored_days = [FIRST_DAY + timedelta(days=n) for n in range(self.days)]
        self.accounts = {
            "chief": (
                "right-horse",
                Person("u1", "chief", "section_chief", {"section": ("S02",), "county": ("all",)}),
            ),
            "planner": ("right-horse", Person("u3", "planner", "planner", {})),
            "analyst": ("right-horse", Person("u2", "analyst", "analyst", {})),
            "liaison": ("right-horse", Person("u4", "liaison", "liaison", {})),
        }

    def sight(self, role, scope):
        """See sections and wharves by their id, as a workspace would."""
        if rights.whole(role, scope):
            return Sight()
        shore, named = self._segments, set(scope.get("section", ()))
        wharves = set(scope.get("wharf", ()))
        at = list(range(8, N, 24))
        inside = shore["section_id"].isin(named).to_numpy().copy()
        held = {n for n in at if inside[n]}
        inside[[n for n in at if f"wharves{n}" in wharves]] = True
        parts = ("wharves", "risk_points", "facilities")
        places = {name: frozenset(f"{name}{n}" for n in held) for name in parts}
        return Sight(
            tuple(sorted((kind, tuple(ids)) for kind, ids in scope.items())),
            frozenset(shore["segment_id"][inside]),
            frozenset(shore["section_id"][inside]),
            frozenset(named),
            places | {"wharves": places["wharves"] | wharves},
            frozenset({"T1"} if "示例艇队" in scope.get("unit", ()) else ()),
        )

    @property
    def redrawing(self):
        return SimpleNamespace(
            versions=lambda: pl.DataFrame({"version": [1]}),
            drafts=lambda: pl.DataFrame({"draft_id": ["D1"]}),
            newest=lambda: 1,
        )

    def now(self) -> datetime:
        return NOW

    def meta(self):
        return Meta(
            county_zh="样县",
            county_en="Sample County",
            timezone="Asia/Shanghai",
            bounds=tuple(self._segments.total_bounds),
            newest_position=NOW - timedelta(minutes=3),
            simulated=self.simulated,
            made=["wharves", "incidents", "earlier_survey"],
            attributions=["© OpenStreetMap contributors (ODbL)"],
            tide_note="",
            missing=["effort"],
        )

    def segments(self):
        return self._segments

    def land(self):
        return self._land

    def sections(self):
        return pl.DataFrame(
            {
                "section_id": list(SECTIONS),
                "name": [zh for zh, _ in SECTIONS.values()],
                "name_en": [en for _, en in SECTIONS.values()],
                "km": [40.0] * 3,
                "n_segments": [80] * 3,
                "chief_name": [f"示例段长0{n}" for n in (1, 2, 3)],
                "chief_unit": ["示例派出所"] * 3,
                "duty_phone": [f"0574-0000 010{n}" for n in (1, 2, 3)],
                "made": [True] * 3,
            }
        )

    def _all(self):
        return [s for day in sorted(self.scored_days) for s in shifts(day, tz=TZ)]

    def scored_shifts(self):
        return [(s.shift_id, s.t0, s.t1) for s in self._all()]

    def scores(self, shift_id):
        ids = [s.shift_id for s in self._all()]
        if shift_id not in ids:
            return None
        k = ids.index(shift_id)
        i = np.arange(N)
        score = 50 + 42 * np.sin(i / 17 + k) * np.cos(i / 53) + 6 * np.sin(i * 1.7)
        score = np.clip(score, 3, 97)
        return pl.DataFrame(
            {
                "segment_id": self._segments["segment_id"].tolist(),
                "score": score,
                "lo": np.clip(score - np.where(i % 40 < 6, 9, 0), 0, 100),
                "hi": np.clip(score + np.where(i % 40 < 6, 11, 0), 0, 100),
                "threat": score / 100,
                "opportunity": score / 110,
                "guardianship_deficit": score / 120,
            }
        )

    def strip(self, section_id, day, within=None):
        wanted = [s for n in range(3) for s in shifts(day + timedelta(days=n), tz=TZ)]
        inside = (self._segments["section_id"] == section_id).to_numpy() if section_id else True
        if within is not None:
            inside = inside & self._segments["segment_id"].isin(within).to_numpy()
        tops = []
        for s in wanted:
            table = self.scores(s.shift_id)
            values = None if table is None else table["score"].to_numpy()
            tops.append(None if values is None else float(np.max(np.where(inside, values, -1))))
        return pl.DataFrame(
            {
                "shift_id": [s.shift_id for s in wanted],
                "t0": [s.t0 for s in wanted],
                "t1": [s.t1 for s in wanted],
                "max_score": pl.Series(tops, dtype=pl.Float64),
                "dark_share": [1.0, 0.5, 0.0, 0.0, 0.7, 1.0] * 3,
                "landable_share": [0.4, 0.1, 0.0, 0.7, 0.3, 0.6] * 3,
                "landable_estimated": [0.04, 0.1, 0.0, 0.0, 0.03, 0.001] * 3,
            }
        )

    def explain(self, segment_id, shift_id):
        table = self.scores(shift_id)
        row = None if table is None else table.filter(pl.col("segment_id") == segment_id)
        if row is None or row.is_empty():
            return None
        at = self._segments[self._segments["segment_id"] == segment_id].iloc[0]
        score = float(row["score"][0])
        t0, t1 = next((a, b) for s, a, b in self.scored_shifts() if s == shift_id)
        moments, heights = self.tide(t0, t1)
        points = np.array([0.34, 0.22, 0.14, 0.12, 0.09, 0.06, 0.03]) * (score - 2.0)
        labels = [
            ("外海徘徊", "Loitering offshore", "threat", 2.0, "次"),
            ("可登滩时长", "Landable hours", "opportunity", 2.3, "h"),
            ("夜间", "Darkness", "opportunity", 100.0, "%"),
            ("距上次巡查", "Days since the last check", "guardianship_deficit", 12.0, "d"),
            ("近两年案事件", "Incidents of two years", "threat", 1.4, ""),
            ("摄像覆盖", "Camera cover", "guardianship_deficit", None, ""),
            ("掩蔽", "Shelter", "opportunity", 0.6, ""),
        ]
        return {
            "segment_id": segment_id,
            "shoreline_id": "main",
            "from_m": at["from_m"],
            "to_m": at["to_m"],
            "section": at["section_id"],
            "sentence_zh": "今晚 22:00–02:00 高风险：23:10–01:30 可登滩（吃水 1 m）；"
            "本周两船在外 3 km 徘徊。",
            "sentence_en": "High risk tonight 22:00–02:00: a boat of 1 m draught can land "
            "23:10–01:30; two vessels loitered 3 km off this week.",
            "score": score,
            "lo": float(row["lo"][0]),
            "hi": float(row["hi"][0]),
            "band": 3,
            "pillars": {"threat": 0.71, "opportunity": 0.64, "guardianship_deficit": 0.38},
            "base": 2.0,
            "contributions": [
                {
                    "id": "landable" if n == 1 else f"c{n}",
                    "label_zh": zh,
                    "label_en": en,
                    "pillar": pillar,
                    "raw": raw,
                    "unit": unit,
                    "value": 0.5,
                    "points": float(p),
                    "missing": raw is None,
                }
                for n, ((zh, en, pillar, raw, unit), p) in enumerate(
                    zip(labels, points, strict=True)
                )
            ],
            "tide": {
                "times": [m.isoformat() for m in moments],
                "height_m": heights,
                "datum": "MSL",
                "threshold_m": 0.8,
                "windows": [
                    [
                        (t0 + timedelta(minutes=70)).isoformat(),
                        (t0 + timedelta(minutes=210)).isoformat(),
                    ]
                ],
                "basis": at["landing_basis"],
                "station": "坎门",
                "error_m": 0.4,
                "note": "坎门 87 km，误差约 ±0.40 m · Kanmen 87 km, error some ±0.40 m",
                "caveat": "",
            },
            "due": [
                {
                    "text_zh": "石浦渔码头 3 天未巡查",
                    "text_en": "Shipu wharf 3 days overdue",
                    "days": 3,
                }
            ],
            "chiefs": [
                {
                    "role": "section_chief",
                    "name": "示例段长02",
                    "unit": "示例派出所",
                    "duty_phone": "0574-0000 0102",
                }
            ],
            "made": ["wharves", "posts"],
        }

    def tide(self, t0, t1):
        n = int((t1 - t0).total_seconds() // 600) + 1
        moments = [t0 + timedelta(minutes=10 * k) for k in range(n)]
        return moments, [
            1.8 * math.sin((m - NOW).total_seconds() / 44714 * 2 * math.pi) for m in moments
        ]

    def layer(self, name, **choice):
        shore = _shore()
        if name == "viewsheds":
            eye = Point(*shore[8])
            return gpd.GeoDataFrame(
                {
                    "facility_id": ["facilities8"],
                    "name": [None],
                    "name_en": [None],
                    "kind": ["camera"],
                    "status": ["working"],
                    "made": [True],
                },
                geometry=[eye.buffer(0.02)],
                crs=4326,
            )
        if name in {"wharves", "risk_points", "facilities"}:
            at = range(8, N, 24)
            key = {"wharves": "wharf_id", "risk_points": "risk_point_id"}.get(name, "facility_id")
            return gpd.GeoDataFrame(
                {
                    key: [f"{name}{i}" for i in at],
                    "name": [f"示例{name}{i}" for i in at],
                    "name_en": [f"Example {name} {i}" for i in at],
                    "wharf_class": "fishing",
                    "kind": "camera" if name == "facilities" else "creek",
                    "grade_derived": [1 + i % 3 for i in at],
                    "grade_confirmed": None,
                    "status": ["working" if i % 3 else "broken" for i in at],
                    "made": True,
                },
                geometry=[Point(*shore[i]) for i in at],
                crs=4326,
            )
        if name == "sections":
            lines = [
                shapely.line_merge(shapely.multilinestrings(part.geometry.to_list()))
                for _, part in self._segments.groupby("section_id")
            ]
            return gpd.GeoDataFrame({"section_id": list(SECTIONS)}, geometry=lines, crs=4326)
        if name == "zones":
            if choice.get("shift_id") not in {s.shift_id for s in self._all()}:
                return gpd.GeoDataFrame({"rank": []}, geometry=[], crs=4326)
            return gpd.GeoDataFrame(
                {
                    "rank": [1, 2],
                    "segment_ids": [_ids(self._segments, 100, 109), _ids(self._segments, 30, 35)],
                    "km": [4.5, 3.0],
                    "reason_zh": ["徘徊与可登滩重合", "设施缺失"],
                    "reason_en": ["loitering meets a landable shore", "facilities missing"],
                    "section_ids": [json.dumps(["S02"]), json.dumps(["S01"])],
                },
                geometry=[LineString(shore[100:110]), LineString(shore[30:36])],
                crs=4326,
            )
        if name in {"zones_gone", "explored"}:
            if choice.get("shift_id") not in {s.shift_id for s in self._all()}:
                return gpd.GeoDataFrame(geometry=[], crs=4326)
            gone = name == "zones_gone"
            return gpd.GeoDataFrame(
                {
                    "km": [2.5],
                    "segment_ids": [_ids(self._segments, 60, 65)],
                    "probability": [0.015],
                    "reason_zh": [
                        "因为均分比 11 月 22 日降 9 分" if gone else "探索：按 1.5 % 抽中"
                    ],
                    "reason_en": [
                        "because its mean score fell" if gone else "Exploration: drawn with 1.5 %"
                    ],
                    "section_ids": [json.dumps(["S01"])],
                },
                geometry=[LineString(shore[60:66])],
                crs=4326,
            )
        if name == "patrols":
            team = {"team_id": "T1", "team": "车巡1队", "team_en": "Car team 1", "km": 12.0}
            team |= {"kind_zh": "车巡", "kind_en": "by car", "t0": NOW, "t1": NOW}
            stop = {
                "segment_id": "seg0100",
                "number": 1,
                "name": "重点区1-1",
                "name_en": "Zone 1-1",
                "purpose": "zone",
            }
            post = {"part": "checkpoint", "name": "省道", "name_en": None, "t0": NOW, "t1": NOW}
            rows = [team | {"part": "route", "number": 1}, team | stop | {"part": "stop"}, post]
            shapes = [LineString(shore[[40, 100, 40]]), Point(*shore[100]), Point(121.8, 29.2)]
            return gpd.GeoDataFrame(rows, geometry=shapes, crs=4326)
        t = NOW - timedelta(hours=5)
        if name == "incidents":
            return gpd.GeoDataFrame(
                {
                    "kind": ["smuggling", "theft"],
                    "t0": t,
                    "made": True,
                    "segment_id": ["seg0096", "seg0158"],
                },
                geometry=[Point(122.0, 29.2), Point(121.97, 29.33)],
                crs=4326,
            )
        raise KeyError(name)

    def tracks(self, *, t0, t1, bbox, max_points):
        line = LineString(
            np.column_stack([122.0 + 0.03 * np.sin(np.arange(60) / 5), np.linspace(29.0, 29.5, 60)])
        )
        frame = gpd.GeoDataFrame(
            {"mmsi": [412000001], "name": ["SIM 1"], "kind": ["vessel"], "n": [60]},
            geometry=[line],
            crs=4326,
        )
        return frame, True

    def daily(self, section_id, shift_id):
        n = {"S01": 1, "S02": 2, "S03": 3}[section_id]
        late = {"table": "wharves", "key": "wharves8", "text_zh": "示例码头：巡查逾期 3 天"}
        broken = {"table": "facilities", "key": "facilities8", "text_zh": "示例探头：损坏 7 天"}
        stop = {
            "name": "重点区1-1",
            "name_en": "Zone 1-1",
            "segment_id": "seg0100",
            "part": "plan",
            "purpose": "zone",
            "start": NOW,
            "leave": NOW + timedelta(minutes=15),
        }
        team = {"team_id": "T1", "name": "车巡1队", "name_en": "Car team 1", "kind_zh": "车巡"}
        person = {"role": "section_chief", "name": f"示例段长0{n} / Example chief 0{n}"}
        person |= {"unit": None, "duty_phone": f"0574-0000 010{n}"}
        wharf = {"wharf_id": "W1", "name": "示例码头", "name_en": "Example wharf"}
        return {
            "late": [late | {"text_en": "Example wharf: inspection 3 days overdue"}],
            "broken": [broken | {"text_en": "Example camera: broken for 7 days"}],
            "people": [person],
            "wharves": [wharf | {"people": [person | {"role": "wharf_chief_1"}]}],
            "incidents": [{"kind": "smuggling", "t0": NOW, "segment_id": "seg0100"}],
            "planned": True,
            "teams": [team | {"kind_en": "by car", "stops": [stop]}] if n == 2 else [],
            "checkpoints": [{"name": "省道", "lon": 121.8, "lat": 29.2, "t0": NOW, "t1": NOW}],
        }

    def patrol_sheet(self, shift_id, team, teams=None):
        return f"<p>{shift_id} {team if teams is None or team in teams else None}</p>"

    def patrol_route(self, shift_id, team):
        return "<gpx/>" if team == "T1" else None

    def ensure_scored(self, day):
        self.scored_days = sorted({*self.scored_days, day})

    def sign_in(self, name, password):
        known = self.accounts.get(name)
        if name == "locked":
            return "locked"
        if known is None or known[0] != password:
            return "wrong"
        token = f"token-{name}-{len(self.sessions)}"
        self.sessions[token] = known[1]
        return token, known[1]

    def person(self, token):
        return self.sessions.get(token)

    def sign_out(self, token):
        self.sessions.pop(token, None)
