"""The example's sections, chiefs, inspections and patrols: made, over the whole mainland."""

from datetime import date, datetime, timedelta, tzinfo

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
from scipy.spatial import cKDTree

from workspace._example_coast import Coast, Floats, Ints

_SHIFT_HOURS = (2, 6, 10, 14, 18, 22)
_TIME = pl.Datetime("ms", "UTC")
# A cut may move this share of a section's length to fall where one township meets the next.
_CUT_FREEDOM = 0.3
_EFFORT_DAYS = 30
_ROUNDS_A_DAY = 3
# Roles whose second post on an object is a deputy's.
_DEPUTISED = ("chief_section_head", "area_section_head")


def make_sections(coast: Coast, *, count: int) -> tuple[pl.DataFrame, pl.DataFrame, Ints]:
    """Return sections, their cuts and each segment's section number (-1 off the mainland).

    The mainland's lines are laid end to end and cut into about equal lengths; a cut then moves
    to the nearest place where the nearest settlement changes. Every line begins with a cut at 0,
    so that the sections cover the mainland wholly.
    """
    lengths = coast.shorelines["length_m"].to_numpy(float)
    mainland = np.flatnonzero(coast.shorelines["kind"].to_numpy(str) == "mainland")
    start = dict(zip(mainland, np.cumsum(lengths[mainland]) - lengths[mainland], strict=True))
    total = float(lengths[mainland].sum())
    rows = np.flatnonzero(coast.mainland)
    rows = rows[np.lexsort((coast.chainage_m[rows], coast.shoreline[rows]))]
    along = np.array([start[line] for line in coast.shoreline[rows]]) + coast.chainage_m[rows]
    same_line = coast.shoreline[rows][1:] == coast.shoreline[rows][:-1]
    changes = np.flatnonzero((coast.place[rows][1:] != coast.place[rows][:-1]) & same_line)
    seams = (along[changes] + along[changes + 1]) / 2
    cuts: list[float] = [0.0]
    for n in range(1, count):
        ideal = total * n / count
        near = seams[np.abs(seams - ideal) < _CUT_FREEDOM * total / count]
        near = near[near > cuts[-1]]
        cuts.append(float(near[np.argmin(np.abs(near - ideal))]) if len(near) else ideal)
    number = np.full(coast.size, -1, dtype=np.int64)
    number[rows] = np.searchsorted(np.array(cuts), along, side="right") - 1
    names = _section_names(coast, number, count)
    ids = [f"S{n + 1:02d}" for n in range(count)]
    sections = pl.DataFrame(
        {
            "section_id": ids,
            "name": names[0],
            "name_en": names[1],
            "made": [True] * count,
        }
    )
    shoreline_ids = coast.shorelines["shoreline_id"].to_numpy(str)
    placed_cuts: list[tuple[str, float, str]] = []
    for line in mainland:
        first, end = start[line], start[line] + lengths[line]
        opening = int(np.searchsorted(cuts, first, side="right")) - 1
        placed_cuts.append((str(shoreline_ids[line]), 0.0, ids[opening]))
        placed_cuts += [
            (str(shoreline_ids[line]), cut - first, ids[n])
            for n, cut in enumerate(cuts)
            if first < cut < end
        ]
    table = pl.DataFrame(
        placed_cuts,
        schema={"shoreline_id": pl.String, "chainage_m": pl.Float64, "section_id": pl.String},
        orient="row",
    ).with_columns(made=pl.lit(value=True))
    return sections, table, number


def make_hangs(coast: Coast) -> pl.DataFrame:
    """Return, for every shore off the mainland, the mainland chainage that it hangs on."""
    rows = np.flatnonzero(coast.mainland)
    others = np.flatnonzero(~coast.mainland)
    tree = cKDTree(np.column_stack([coast.x[rows], coast.y[rows]]))
    distance, at = tree.query(np.column_stack([coast.x[others], coast.y[others]]))
    ids = coast.shorelines["shoreline_id"].to_numpy(str)
    return (
        pl.DataFrame(
            {
                "shoreline_id": ids[coast.shoreline[others]],
                "onto_shoreline_id": ids[coast.shoreline[rows[at]]],
                "onto_chainage_m": coast.chainage_m[rows[at]],
                "distance": np.asarray(distance),
            }
        )
        .sort("shoreline_id", "distance", maintain_order=True)
        .unique("shoreline_id", keep="first", maintain_order=True)
        .drop("distance")
        .with_columns(made=pl.lit(value=True))
    )


def make_posts(
    sections: pl.DataFrame,
    wharves: gpd.GeoDataFrame,
    *,
    grids: int,
    townships: int,
    today: date,
) -> pl.DataFrame:
    """Return all roles of 1+4+N and 1+3+N, with one wharf lacking its third-level chief.

    The county's and the areas' heads have deputies. There is no list of areas in the example:
    these posts name some. Posts on grids name G01 and so on, on townships T1 and so on. Names are
    numbers and telephones do not exist: nobody can take them for real ones.
    """
    rows = [
        _post("section_chief", "段长", "chief", n, ("section", section), 100 + n)
        for n, section in enumerate(sections["section_id"], start=1)
    ]
    for n, wharf in enumerate(wharves["wharf_id"], start=1):
        thing = ("wharf", str(wharf))
        phone = 1000 + n * 10
        rows += [
            _post(f"wharf_chief_{at}", "码长", "wharf chief", n, thing, phone + at, level=at)
            for at in range(1, 5)
        ]
        rows.append(_post("daily_manager", "管理员", "daily manager", n, thing, phone + 5))
    rows += _of_the_county() + _of_the_grids(grids, townships)
    columns = ["role", "name", "unit", "duty_phone", "object_kind", "object_id"]
    in_use = wharves.loc[wharves["status"] == "in_use", "wharf_id"]
    vacant = (pl.col("role") == "wharf_chief_3") & (pl.col("object_id") == str(in_use.iloc[-1]))
    posts = (
        pl.DataFrame(rows, schema=columns, orient="row")
        .with_columns(
            post_id=pl.format("P{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(4)),
            valid_from=pl.lit(today - timedelta(days=400)),
            valid_to=pl.lit(None, dtype=pl.Date),
            made=pl.lit(value=True),
        )
        .filter(~vacant)
    )
    group = ["role", "object_kind", "object_id"]
    deputy = pl.col("role").is_in(_DEPUTISED) & ~pl.struct(group).is_first_distinct()
    holder = pl.col("post_id").first().over(group)
    return posts.with_columns(deputy_of=pl.when(deputy).then(holder)).select(
        "post_id", *columns, "valid_from", "valid_to", "made", "deputy_of"
    )


def make_teams(wharves: gpd.GeoDataFrame) -> pl.DataFrame:
    """Return patrol teams that set out from wharves spread along the shore.

    There are cars, walkers, boats and one camera; at night only cars and a boat go out.
    """
    kinds = ["car", "foot", "car", "boat", "car", "foot", "camera", "boat"]
    words = {"car": "车巡", "foot": "步巡", "boat": "船巡", "camera": "视频巡查"}
    day = "06:00,10:00,14:00"
    shifts = [None, day, None, None, None, day, None, day]
    spread = np.linspace(0, len(wharves) - 1, len(kinds)).round().astype(int)
    starts = wharves.sort_values(["shoreline_id", "chainage_m"]).geometry.iloc[spread]
    return pl.DataFrame(
        {
            "team_id": [f"T{n}" for n in range(1, len(kinds) + 1)],
            "name": [f"{words[kind]}{n}队" for n, kind in enumerate(kinds, start=1)],
            "name_en": [f"{kind.capitalize()} team {n}" for n, kind in enumerate(kinds, start=1)],
            "kind": kinds,
            "unit": "示例联防队",
            "lon": starts.x.to_numpy(),
            "lat": starts.y.to_numpy(),
            "capacity_minutes": [60.0 if kind == "camera" else None for kind in kinds],
            "range_km": [5.0 if kind == "camera" else None for kind in kinds],
            "shifts": shifts,
            "made": True,
        }
    )


def make_absences(posts: pl.DataFrame, *, today: date) -> pl.DataFrame:
    """Return two absences: the county's head, who has a deputy, and a section chief, who has none.

    ``posts`` is as `make_posts` gives them.
    """
    head = posts.filter(pl.col("role") == "chief_section_head")["post_id"][0]
    chief = posts.filter(pl.col("role") == "section_chief")["post_id"][-1]
    return pl.DataFrame(
        {
            "absence_id": ["A0001", "A0002"],
            "post_id": [head, chief],
            "away_from": [today - timedelta(days=1), today + timedelta(days=2)],
            "away_to": [today + timedelta(days=3), today + timedelta(days=6)],
            "cause": ["business", "leave"],
            "made": [True, True],
        }
    )


def _post(
    role: str,
    zh: str,
    en: str,
    n: int,
    thing: tuple[str, str],
    phone: int,
    *,
    level: int = 0,
) -> tuple[str, str, str, str, str, str]:
    """Return one made post: role, name, unit, duty phone, kind and id of its object."""
    number = f"{n:02d}-{level}" if level else f"{n:02d}"
    offices = {"section": ("岸段办", "section office"), "wharf": ("码头办", "wharf office")}
    office = offices.get(thing[0], ("值守办", "duty office"))
    return (
        role,
        f"示例{zh}{number} / Example {en} {number}",
        f"示例{office[0]} {n:02d} / Example {office[1]} {n:02d}",
        f"0574-0000 {phone:04d}",
        *thing,
    )


def _of_the_county() -> list[tuple[str, str, str, str, str, str]]:
    """Return the county's head and the areas', each followed by a deputy."""
    county, areas = ("county", "county"), [("area", f"A{n}") for n in (1, 2)]
    rows = [
        _post("chief_section_head", "总段长", "chief section head", 1, county, 10),
        _post("chief_section_head", "副总段长", "deputy chief section head", 1, county, 11),
    ]
    for n, area in enumerate(areas, start=1):
        rows += [
            _post("area_section_head", "片区段长", "area section head", n, area, 20 + n),
            _post("area_section_head", "副片区段长", "deputy area section head", n, area, 30 + n),
        ]
    return rows


def _of_the_grids(grids: int, townships: int) -> list[tuple[str, str, str, str, str, str]]:
    """Return the teams of the example's grids, and of its townships."""
    team = (
        ("grid_head", "网格长", "grid head", 1),
        ("grid_full_time", "专职网格员", "full-time grid member", 2),
        ("grid_part_time", "兼职网格员", "part-time grid member", 2),
        ("grid_guide", "网格指导员", "guiding grid member", 1),
        ("grid_daily_manager", "网格管理员", "daily manager of a grid", 1),
    )
    rows = []
    for n in range(1, grids + 1):
        place = 0
        for role, zh, en, count in team:
            for _ in range(count):
                place += 1
                rows.append(
                    _post(
                        role, zh, en, n, ("grid", f"G{n:02d}"), 2000 + n * 10 + place, level=place
                    )
                )
    for n in range(1, townships + 1):
        thing = ("township", f"T{n}")
        rows.append(_post("township_officer", "镇街专干", "township officer", n, thing, 3000 + n))
    return rows


def make_inspections(
    places: pl.DataFrame, *, now: datetime, zone: tzinfo, rng: np.random.Generator
) -> pl.DataFrame:
    """Return 90 days of checks at about each place's cadence; one place in six has been let go.

    ``places`` has ``object_kind, object_id, cadence_days``.
    """
    rows: list[tuple[str, str, datetime, str]] = []
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for kind, name, cadence in places.iter_rows():
        neglected = rng.random() < 0.16
        back = cadence * (rng.uniform(1.2, 2.6) if neglected else rng.uniform(0.05, 0.95))
        while back < 90.0:
            hour = int(rng.integers(8, 18))
            day = (midnight - timedelta(days=int(back) + 1)).replace(hour=hour)
            rows.append((kind, name, day, "ok" if rng.random() < 0.88 else "defect"))
            back += cadence * rng.uniform(0.8, 1.25)
    rows.sort(key=lambda row: (row[2], row[0], row[1]))
    return pl.DataFrame(
        {
            "inspection_id": [f"N{n + 1:04d}" for n in range(len(rows))],
            "object_kind": [row[0] for row in rows],
            "object_id": [row[1] for row in rows],
            "t": pl.Series([row[2] for row in rows]).dt.convert_time_zone("UTC").cast(_TIME),
            "result": [row[3] for row in rows],
            "made": [True] * len(rows),
        }
    )


def make_effort(
    coast: Coast, section: Ints, *, now: datetime, zone: tzinfo, rng: np.random.Generator
) -> pl.DataFrame:
    """Return 30 days of patrols: a few rounds a day in each section, mostly near the townships."""
    local = now.astimezone(zone)
    rows: list[np.ndarray] = []
    starts: list[datetime] = []
    kms: list[Floats] = []
    length = coast.segments["length_m"].to_numpy(float)
    members = [np.flatnonzero(section == n) for n in range(int(section.max()) + 1)]
    for back in range(1, _EFFORT_DAYS + 1):
        day = local - timedelta(days=back)
        for mine in members:
            lure = np.exp(-coast.settlement_m[mine] / 4000.0) + 0.05
            for hour in rng.choice(
                _SHIFT_HOURS, _ROUNDS_A_DAY, replace=False, p=[0.08, 0.2, 0.24, 0.24, 0.14, 0.1]
            ):
                first = int(rng.choice(len(mine), p=lure / lure.sum()))
                walked = mine[first : first + int(rng.integers(8, 26))]
                rows.append(walked)
                kms.append(length[walked] / 1000.0)
                start = day.replace(hour=int(hour), minute=0, second=0, microsecond=0)
                starts += [start] * len(walked)
    km = np.concatenate(kms)
    return (
        pl.DataFrame(
            {
                "segment_id": coast.segments["segment_id"].to_numpy(str)[np.concatenate(rows)],
                "shift_start": pl.Series(starts).dt.convert_time_zone("UTC").cast(_TIME),
                "km": km,
                "hours": km / 15.0,
            }
        )
        .group_by("segment_id", "shift_start", maintain_order=True)
        .agg(pl.col("km", "hours").sum().round(3))
        .sort("shift_start", "segment_id")
        .with_columns(made=pl.lit(value=True))
    )


def _section_names(coast: Coast, number: Ints, count: int) -> tuple[list[str], list[str]]:
    zh, en = coast.places["name_zh"].to_list(), coast.places["name"].to_list()
    names_zh: list[str] = []
    names_en: list[str] = []
    for n in range(count):
        tally = pd.Series(coast.place[number == n]).value_counts(sort=True)
        ranked = sorted(tally.items(), key=lambda item: (-item[1], item[0]))
        free = [p for p, _ in ranked if f"示例·{str(zh[p]).split(';')[0]}段" not in names_zh]
        place = (free or [ranked[0][0]])[0]
        names_zh.append(f"示例·{str(zh[place]).split(';')[0]}段")
        names_en.append(f"Example {str(en[place]).replace('’', chr(39))} section")
    return names_zh, names_en
