"""The example's wharves, risk points, facilities and incidents: made, on the real shore."""

from datetime import datetime, timedelta, tzinfo

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from geo.nearest import ShoreIndex
from workspace._example_coast import Bools, Coast, Floats, Ints, place_names, placed, spread

_WHARF_NAMES = {
    "port": ("货运码头", "cargo wharf"),
    "fishing": ("渔业码头", "fishing wharf"),
    "ferry": ("渡运码头", "ferry wharf"),
    "shipyard": ("船厂码头", "shipyard wharf"),
    "stores": ("物资码头", "stores wharf"),
    "other": ("综合码头", "general wharf"),
}
_RISK_NAMES = {
    "creek": ("河汊", "creek"),
    "slipway": ("滑道", "slipway"),
    "beach": ("滩头", "beach"),
    "sluice": ("水闸", "sluice"),
    "shipyard": ("船厂", "shipyard"),
    "filling_point": ("加注点", "filling point"),
    "barge_pipeline": ("驳船管线", "barge pipeline"),
    "closed_yard": ("停用堆场", "closed yard"),
    "fuel_store": ("油库", "fuel store"),
    "cold_store": ("冷库", "cold store"),
    "goods_store": ("货仓", "goods store"),
}
# Shares of about 50 wharves and 120 risk points; inland: how far behind the shore, metres.
_WHARF_SHARES = {"port": 6, "fishing": 19, "shipyard": 6, "stores": 5, "other": 7}
_RISK_SHARES = {
    "creek": 26,
    "slipway": 18,
    "beach": 22,
    "sluice": 14,
    "shipyard": 8,
    "filling_point": 6,
    "barge_pipeline": 4,
    "closed_yard": 6,
    "fuel_store": 6,
    "cold_store": 5,
    "goods_store": 5,
}
_INLAND_M = {"closed_yard": 120.0, "fuel_store": 180.0, "cold_store": 220.0, "goods_store": 150.0}
# What a wharf of a class is besides: a site of the county's list, by turns; berths from, to.
_CATEGORIES: dict[str, tuple[str | None, ...]] = {
    "port": ("port_wharf",),
    "fishing": (None, None, "filling_point", None, None, None),
    "ferry": (None,),
    "shipyard": ("shipyard",),
    "stores": ("cold_store", "oil_store", "goods_store"),
    "other": ("enforcement_berth", "truck_firm", "crane_firm", "yard", "barge_pipeline", None),
}
_BERTHS = {
    "port": (2, 6),
    "fishing": (4, 30),
    "ferry": (1, 2),
    "shipyard": (1, 3),
    "stores": (1, 3),
    "other": (1, 4),
}
# A height bar's free height by setting: cars pass, lorries pass, all pass.
_CLEARANCE_M = {"low": 2.2, "middle": 3.2, "open": np.nan}
_FERRY_PAIRS = 5
_INCIDENT_KINDS = {
    "goods_landing": 0.36,
    "fuel_landing": 0.18,
    "frozen_goods_landing": 0.14,
    "suspicious_boat": 0.2,
    "illegal_fishing": 0.12,
}
_INCIDENT_SOURCES = {"reported": 0.34, "discovered": 0.4, "external": 0.12, "tip": 0.14}
_NIGHT_HOURS = np.array([19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5])


def hot_stretches(coast: Coast, rng: np.random.Generator) -> Ints:
    """Return the segments about which the example's trouble gathers: quiet, landable, apart."""
    landable = np.isin(coast.shore_type, ["creek", "beach"])
    quiet = (coast.settlement_m > 2500.0) & (coast.settlement_m < 12_000.0)
    open_sea = coast.exposure > 0.02
    weight = (landable & quiet & open_sea).astype(float)
    mainland = spread(coast, weight * coast.mainland, 6, apart_m=11_000.0, rng=rng)
    island = spread(coast, weight * ~coast.mainland, 2, apart_m=11_000.0, rng=rng, taken=mainland)
    return np.concatenate([mainland, island])


def heat(coast: Coast, hot: Ints, *, scale_m: float = 2500.0) -> Floats:
    """Return 0..1 per segment: how near it is to a hot stretch."""
    centres = np.column_stack([coast.x[hot], coast.y[hot]])
    distance, _ = cKDTree(centres).query(np.column_stack([coast.x, coast.y]))
    return np.exp(-np.asarray(distance) / scale_m)


def make_wharves(coast: Coast, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return about 50 wharves: near settlements, on sheltered shore, ferries facing each other."""
    near = np.exp(-coast.settlement_m / 3500.0)
    sheltered = 1.0 - 0.8 * np.clip(coast.exposure, 0, 1)
    dry = np.where(coast.fold < 0.2, 0.1, 1.0)
    weights = {
        "port": near**0.5 * sheltered,
        "fishing": near * sheltered,
        "shipyard": near**0.5 * sheltered,
        "stores": near * sheltered,
        "other": near,
    }
    rows = _ferry_pairs(coast, rng)
    classes = ["ferry"] * len(rows)
    for wharf_class, count in _WHARF_SHARES.items():
        new = spread(coast, weights[wharf_class] * dry, count, apart_m=1800.0, rng=rng, taken=rows)
        rows = np.concatenate([rows, new])
        classes += [wharf_class] * len(new)
    columns, points = placed(coast, rows)
    names = _names(coast, rows, classes, _WHARF_NAMES)
    closed = rng.random(len(rows)) < 0.08
    closed &= np.array(classes) != "ferry"
    cadence = {"port": 7, "ferry": 7, "fishing": 14}
    berths = [int(rng.integers(*_BERTHS[c], endpoint=True)) for c in classes]
    operated = rng.random(len(rows)) < 0.6
    return gpd.GeoDataFrame(
        {
            "wharf_id": [f"W{n + 1:03d}" for n in range(len(rows))],
            "name": names[0],
            "name_en": names[1],
            "wharf_class": classes,
            "category": _by_turns(classes),
            "owner_unit": [
                f"示例单位 {n % 17 + 1:02d} / Example unit {n % 17 + 1:02d}"
                for n in range(len(rows))
            ],
            "operator_unit": [
                f"示例经营单位 {n % 11 + 1:02d} / Example operator {n % 11 + 1:02d}"
                if own
                else None
                for n, own in enumerate(operated)
            ],
            "berths": berths,
            "status": np.where(closed, "closed", "in_use"),
            "cadence_days": [cadence.get(c, 30) for c in classes],
            **columns,
            "made": True,
        },
        geometry=points,
    )


def _by_turns(classes: list[str]) -> list[str | None]:
    """Return each wharf's category, those of its class in turn."""
    seen: dict[str, int] = {}
    out = []
    for one in classes:
        turn = seen[one] = seen.get(one, -1) + 1
        out.append(_CATEGORIES[one][turn % len(_CATEGORIES[one])])
    return out


def make_risk_points(
    coast: Coast, hot: Ints, wharf_xy: Floats, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return about 120 risk points, each kind where it could be, more where it is hot."""
    near = np.exp(-coast.settlement_m / 3000.0)
    hotness = 0.25 + 3.0 * heat(coast, hot)
    to_wharf, _ = cKDTree(wharf_xy).query(np.column_stack([coast.x, coast.y]))
    away = (np.asarray(to_wharf) > 900.0).astype(float)
    on = {name: (coast.shore_type == name).astype(float) for name in np.unique(coast.shore_type)}
    none = np.zeros(coast.size)
    creek, beach = on.get("creek", none), on.get("beach", none)
    weights = {
        "creek": creek * hotness * away,
        "beach": beach * hotness * away,
        "slipway": (on.get("built", none) + 0.3 * on.get("mud", none)) * (0.1 + near) * away,
        "sluice": (creek + on.get("mud", none)) * (0.05 + near),
        "shipyard": near * (1 - coast.exposure),
    }
    rows = np.empty(0, dtype=np.int64)
    kinds: list[str] = []
    for kind, count in _RISK_SHARES.items():
        new = spread(
            coast, weights.get(kind, near + 0.02), count, apart_m=650.0, rng=rng, taken=rows
        )
        rows = np.concatenate([rows, new])
        kinds += [kind] * len(new)
    inland = np.array([_INLAND_M.get(kind, 0.0) for kind in kinds])
    columns, points = placed(coast, rows, offset_m=inland * rng.uniform(0.5, 1.2, len(rows)))
    names = _names(coast, rows, kinds, _RISK_NAMES)
    base = np.array([0.5 if kind in ("creek", "beach", "slipway") else 0.25 for kind in kinds])
    danger = base + 0.5 * heat(coast, hot)[rows] + rng.normal(0, 0.1, len(rows))
    grade = np.digitize(danger, [0.42, 0.66]) + 1
    confirmed = np.clip(grade + rng.choice([-1, 0, 0, 0, 0, 1], len(rows)), 1, 3)
    return gpd.GeoDataFrame(
        {
            "risk_point_id": [f"R{n + 1:03d}" for n in range(len(rows))],
            "name": names[0],
            "name_en": names[1],
            "kind": kinds,
            "grade_derived": grade.astype(np.int64),
            "grade_confirmed": pd.array(
                [
                    pd.NA if skip else int(g)
                    for g, skip in zip(confirmed, rng.random(len(rows)) < 0.3, strict=True)
                ],
                dtype="Int64",
            ),
            "cadence_days": np.choose(grade - 1, [30, 15, 7]).astype(np.int64),
            **columns,
            "made": True,
        },
        geometry=points,
    )


def make_facilities(
    coast: Coast, sites: Ints, *, count: int, now: datetime, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return prevention facilities at wharves and risk points (``sites``: their segments)."""
    shares = {
        "camera": 55,
        "height_bar": 20,
        "width_bar": 8,
        "gate": 14,
        "wall": 8,
        "alarm": 12,
        "light": 18,
        "sign": 15,
    }
    kinds = rng.choice(list(shares), count, p=np.array(list(shares.values())) / 150.0)
    rows = rng.choice(sites, count)
    line = np.where(
        np.isin(kinds, ["height_bar", "width_bar"]),
        "bar",
        rng.choice(["wharf", "wharf", "way_out"], count),
    )
    inland = np.where(line == "wharf", 15.0, np.where(line == "bar", 90.0, 240.0))
    columns, points = placed(coast, rows, offset_m=inland * rng.uniform(0.6, 1.3, count))
    status = rng.choice(["working", "broken", "missing"], count, p=[0.82, 0.12, 0.06])
    age = np.where(status == "working", rng.integers(60, 900, count), rng.integers(1, 75, count))
    is_camera = kinds == "camera"
    heading = np.round((coast.facing_deg[rows] + rng.normal(0, 35, count)) % 360, 0)
    return gpd.GeoDataFrame(
        {
            "facility_id": [f"F{n + 1:03d}" for n in range(count)],
            "kind": kinds,
            "line": line,
            "status": status,
            "status_since": [(now - timedelta(days=int(d))).date() for d in age],
            "heading_deg": np.where(is_camera, heading, np.nan),
            "fov_deg": np.where(is_camera, rng.choice([60.0, 90.0, 360.0], count), np.nan),
            "range_m": np.where(is_camera, rng.choice([800.0, 1500.0, 3000.0], count), np.nan),
            **_kept_up(kinds, status, rng),
            **columns,
            "made": True,
        },
        geometry=points,
    )


def _kept_up(kinds: np.ndarray, status: np.ndarray, rng: np.random.Generator) -> dict[str, object]:
    """Return what is known of cameras' masts and links and of height bars' settings."""
    count = len(kinds)
    is_camera, is_bar = kinds == "camera", kinds == "height_bar"
    works = status == "working"
    online = np.where(works, rng.uniform(0.82, 1.0, count), rng.uniform(0.0, 0.4, count))
    bar_type = rng.choice(["T", "H", "F"], count, p=[0.5, 0.3, 0.2])
    setting = rng.choice(["low", "middle", "open"], count, p=[0.6, 0.25, 0.15])
    tamper = np.where(works, rng.choice(["normal", "alarm"], count, p=[0.94, 0.06]), "unknown")
    return {
        "height_m": np.where(is_camera, rng.choice([6.0, 12.0, 20.0], count), np.nan),
        "online_rate": np.where(is_camera, np.round(online, 2), np.nan),
        "bar_type": np.where(is_bar, bar_type, None),
        "bar_setting": np.where(is_bar, setting, None),
        "clearance_m": np.where(is_bar, [_CLEARANCE_M[one] for one in setting], np.nan),
        "tamper": np.where(is_bar, tamper, None),
    }


def make_incidents(
    coast: Coast,
    hot: Ints,
    index: ShoreIndex,
    *,
    count: int,
    now: datetime,
    zone: tzinfo,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Return incidents of three years: most near a hot stretch and at night, some repeats."""
    warm = np.where(coast.usable, heat(coast, hot, scale_m=1800.0), 0.0)
    anywhere = coast.usable / coast.usable.sum()
    pick = 0.68 * warm / warm.sum() + 0.32 * anywhere
    rows = rng.choice(coast.size, count, p=pick)
    days = rng.triangular(0.0, 0.0, 3 * 365.0, count)
    repeat = np.flatnonzero(rng.random(count) < 0.2)
    repeat = repeat[repeat > 0]
    rows[repeat] = rows[repeat - 1]
    days[repeat] = np.maximum(days[repeat - 1] - rng.uniform(1, 12, len(repeat)), 0.5)
    half = (coast.segments["to_m"].to_numpy(float) - coast.segments["from_m"].to_numpy(float)) / 2
    chainage = coast.chainage_m[rows] + half[rows] * rng.uniform(-0.95, 0.95, count)
    lon, lat = index.locate(coast.shoreline[rows], chainage)
    at_night = rng.random(count) < 0.75
    hour = np.where(at_night, rng.choice(_NIGHT_HOURS, count), rng.integers(6, 19, count))
    starts: list[datetime] = []
    for day, h, minute in zip(days, hour, rng.integers(0, 60, count), strict=True):
        local = (now - timedelta(days=float(day))).astimezone(zone)
        start = local.replace(hour=int(h), minute=int(minute), second=0, microsecond=0)
        starts.append(start if start < now else start - timedelta(days=1))
    lasted = rng.integers(20, 150, count)
    known_end = rng.random(count) < 0.8
    order = np.argsort(np.array([s.timestamp() for s in starts]), kind="stable")
    ids = coast.shorelines["shoreline_id"].to_numpy(str)
    table = (
        gpd.GeoDataFrame(
            {
                "t0": pd.to_datetime(pd.Series(starts), utc=True),
                "t1": pd.to_datetime(
                    pd.Series(
                        [
                            s + timedelta(minutes=int(m)) if known else None
                            for s, m, known in zip(starts, lasted, known_end, strict=True)
                        ]
                    ),
                    utc=True,
                ),
                "lon": np.round(lon, 6),
                "lat": np.round(lat, 6),
                "segment_id": coast.segments["segment_id"].to_numpy(str)[rows],
                "kind": _draw(_INCIDENT_KINDS, count, rng),
                "source": _draw(_INCIDENT_SOURCES, count, rng),
                "weight": rng.choice([1.0, 2.0, 3.0], count, p=[0.6, 0.3, 0.1]),
                "made": True,
                "shoreline_id": ids[coast.shoreline[rows]],
                "chainage_m": chainage,
            },
            geometry=gpd.points_from_xy(lon, lat),
            crs="EPSG:4326",
        )
        .iloc[order]
        .reset_index(drop=True)
    )
    table.insert(0, "incident_id", [f"I{n + 1:03d}" for n in range(count)])
    return table


def _draw(shares: dict[str, float], count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.choice(list(shares), count, p=np.array(list(shares.values())))


def _ferry_pairs(coast: Coast, rng: np.random.Generator) -> Ints:
    """Return segments in pairs: an island's shore and the nearest other shore across the water."""
    lengths = coast.shorelines["length_m"].to_numpy(float)
    islands = [
        int(line)
        for line in np.argsort(-lengths, kind="stable")
        if lengths[line] > 6000.0
        and (coast.usable & ~coast.mainland & (coast.shoreline == line)).any()
    ]
    pairs: list[int] = []
    for line in islands:
        mine = np.flatnonzero(coast.usable & (coast.shoreline == line))
        other = np.flatnonzero(coast.usable & coast.mainland & _faces(coast, mine))
        if len(other) == 0 or len(pairs) >= 2 * _FERRY_PAIRS:
            continue
        tree = cKDTree(np.column_stack([coast.x[other], coast.y[other]]))
        distance, at = tree.query(np.column_stack([coast.x[mine], coast.y[mine]]))
        # Not the very narrowest place: where people live, among crossings of 1.5 to 15 km.
        cost = np.asarray(distance) + coast.settlement_m[mine] + coast.settlement_m[other[at]]
        cost = np.where((distance > 1500.0) & (distance < 15_000.0), cost, np.inf)
        best = int(np.argmin(cost + rng.uniform(0, 500, len(cost))))
        if np.isfinite(cost[best]):
            pairs += [int(mine[best]), int(other[at[best]])]
    return np.array(pairs, dtype=np.int64)


def _faces(coast: Coast, mine: Ints) -> Bools:
    """Return the segments whose sea side looks towards the middle of ``mine``."""
    east = coast.x[mine].mean() - coast.x
    north = coast.y[mine].mean() - coast.y
    bearing = np.degrees(np.arctan2(east, north))
    return np.asarray(np.cos(np.radians(bearing - np.nan_to_num(coast.facing_deg))) > 0.2)


def _names(
    coast: Coast, rows: Ints, kinds: list[str], words: dict[str, tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """Return names like 「示例·鹤浦渔业码头2」 and "Example Hepu fishing wharf 2"."""
    zh, en = place_names(coast, rows)
    seen: dict[tuple[str, str], int] = {}
    names_zh, names_en = [], []
    for kind, place_zh, place_en in zip(kinds, zh, en, strict=True):
        number = seen[kind, place_en] = seen.get((kind, place_en), 0) + 1
        names_zh.append(f"示例·{place_zh}{words[kind][0]}{number}")
        names_en.append(f"Example {place_en} {words[kind][1]} {number}")
    return names_zh, names_en
