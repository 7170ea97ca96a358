from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import InputError
from risk.indicators import evaluate
from risk.inputs import Inputs
from risk.score import score
from risk.shifts import shifts
from risk.weights import load

TEXT = (Path(__file__).resolve().parents[2] / "data" / "weights" / "default.toml").read_text(
    "utf-8"
)
WEIGHTS = load(TEXT, where="default.toml")
SHIFTS = shifts(date(2026, 11, 23), tz=ZoneInfo("UTC"), starts=["00:00", "12:00"])
NOW = SHIFTS[0].t0
LIGHT = pl.DataFrame(
    {"shift_id": [s.shift_id for s in SHIFTS], "dark_share": [1.0, 0.25], "moon": [0.5, 0.0]}
)


def segments(n=3, **columns):
    return pl.DataFrame(
        {
            "segment_id": [f"s{i}" for i in range(n)],
            "shoreline_id": ["A"] * n,
            "from_m": [500.0 * i for i in range(n)],
            "to_m": [500.0 * (i + 1) for i in range(n)],
            "length_m": [500.0] * n,
            "lon": [121.9] * n,
            "lat": [29.5] * n,
            **columns,
        }
    )


def days(*ago):
    return pl.Series([NOW - timedelta(days=a) for a in ago], dtype=pl.Datetime("ms", "UTC"))


def pairs(key, rows):
    return pl.DataFrame(
        rows,
        schema={key: pl.String, "segment": pl.UInt32, "distance_m": pl.Float64},
        orient="row",
    )


def events(kinds, mmsi, ago):
    at = days(*ago)
    return pl.DataFrame(
        {"event_id": [f"e{i}" for i in range(len(kinds))], "kind": kinds, "mmsi": mmsi}
    ).with_columns(t0=at, t1=at)


def raw(name, *, as_of=NOW, weights=WEIGHTS, **sources):
    known = Inputs(segments=sources.pop("segments", segments()), light=LIGHT, **sources)
    found = evaluate(known, SHIFTS, as_of=as_of, weights=weights)
    return found.raw[weights.ids.index(name)]


def test_a_source_that_does_not_exist_is_missing_and_never_zero():
    found = evaluate(Inputs(segments(), LIGHT), SHIFTS, as_of=NOW, weights=WEIGHTS)
    for k, name in enumerate(WEIGHTS.ids):
        assert np.isnan(found.raw[k]).all() == (name != "darkness"), name
    s = score(found, WEIGHTS)
    assert (s.hi - s.lo > 20).all()
    assert np.isfinite(s.score).all()


def test_a_source_with_nothing_in_it_is_known_to_be_empty():
    none = events([], [], []).cast({"event_id": pl.String, "kind": pl.String, "mmsi": pl.UInt32})
    found = raw("loitering_near", events=none, event_pairs=pairs("event_id", []))
    assert (found == 0.0).all()


def test_vessels_count_once_and_fade_with_age_and_distance():
    p = WEIGHTS.indicator("loitering_near").params
    table = events(["loitering", "drift", "loitering", "stop"], [1, 1, 2, 3], [0.0, 3.0, 3.0, 0.0])
    near = pairs(
        "event_id",
        [
            ("e0", 0, 0.0),
            ("e1", 0, 0.0),
            ("e2", 0, p["distance_m"]),
            ("e2", 1, 0.0),
            ("e3", 2, 0.0),
        ],
    )
    found = raw("loitering_near", events=table, event_pairs=near)
    half = 0.5 ** (3.0 / p["half_life_days"])
    assert found[:, 0] == pytest.approx([1.0 + half * np.exp(-1), half, 0.0])
    later = 0.5 ** (0.5 / p["half_life_days"])  # the second shift is half a day on
    assert found[:, 1] == pytest.approx(found[:, 0] * later)


def test_nothing_later_than_known_is_seen():
    table = events(["shore_approach"] * 3, [1, 2, 3], [-0.25, -2.0, 60.0])
    near = pairs("event_id", [("e0", 0, 0.0), ("e1", 1, 0.0), ("e2", 2, 0.0)])
    sources = {"events": table, "event_pairs": near}
    assert (raw("shore_approach", **sources) == 0.0).all()
    # Seen from two days on: only a shift that starts after it knows of it.
    found = raw("shore_approach", as_of=NOW + timedelta(days=3), **sources)
    assert found[0, 0] == 0.0
    assert found[0, 1] > 0.9
    assert (found[1:] == 0.0).all()


def test_incidents_add_up_by_weight_and_near_repeats_forget_soon():
    table = pl.DataFrame(
        {
            "incident_id": ["a", "b"],
            "t0": days(0.0, 180.0),
            "kind": ["x", "x"],
            "source": ["reported", "tip"],
            "weight": [2.0, None],
        }
    )
    near = pairs("incident_id", [("a", 0, 0.0), ("b", 0, 0.0), ("b", 1, 0.0)])
    sources = {"incidents": table, "incident_pairs": near}
    assert raw("incidents_near", **sources)[:, 0] == pytest.approx([2.5, 0.5, 0.0])
    assert raw("near_repeat", **sources)[:, 0] == pytest.approx([2.0, 0.0, 0.0])


def test_an_incident_counts_from_when_it_was_known():
    """A past day is scored as it could have been then; what was not noted was known at once."""
    table = pl.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "t0": days(10.0, 10.0, 10.0),
            # After both shifts have begun, between their beginnings, and not noted.
            "known": [NOW + timedelta(days=2), NOW + timedelta(hours=6), None],
            "kind": "x",
            "source": "reported",
            "weight": 1.0,
        },
        schema_overrides={"known": pl.Datetime("ms", "UTC")},
    )
    near = pairs("incident_id", [("a", 0, 0.0), ("b", 1, 0.0), ("c", 2, 0.0)])
    sources = {"incidents": table, "incident_pairs": near}
    later = NOW + timedelta(days=30)
    for name in ("incidents_near", "near_repeat"):
        found = raw(name, as_of=later, **sources)
        at_once = raw(name, as_of=later, **{**sources, "incidents": table.drop("known")})
        assert (found > 0.0).tolist() == [[False, False], [False, True], [True, True]]
        assert found[found > 0.0].tolist() == at_once[found > 0.0].tolist()


def test_opportunity_reads_tide_light_and_shore():
    h = np.array([[12.0, 3.0], [0.0, np.nan], [6.0, 6.0]])
    assert raw("landable", landable_h=h) == pytest.approx(h / 12.0, nan_ok=True)
    assert raw("darkness")[0] == pytest.approx([0.75, 0.25])
    shore = segments(exposure=[0.0, None, 1.0], settlement_distance_m=[100.0, 2000.0, None])
    assert raw("shelter", segments=shore)[:, 0] == pytest.approx([1.0, np.nan, 0.0], nan_ok=True)
    # Half the way to a settlement stands for a road that is not known.
    assert raw("access", segments=shore)[:, 0] == pytest.approx([50, 1000, np.nan], nan_ok=True)
    roads = shore.with_columns(road_distance_m=pl.Series([400.0, None, 30.0]))
    assert raw("access", segments=roads)[:, 0] == pytest.approx([400, 1000, 30])


def places(cadence=(7, 7, 7), grade=(3, 1, None)):
    return pl.DataFrame(
        {
            "place_id": ["a", "b", "c"],
            "what": ["wharf", "risk_point", "risk_point"],
            "kind": ["fishing", "creek", "beach"],
            "grade": list(grade),
            "cadence_days": list(cadence),
        }
    )


def test_landing_places_count_the_highest_grade_near():
    near = pairs("place_id", [("a", 0, 800.0), ("b", 0, 0.0), ("c", 1, 0.0)])
    found = raw("landing_place", landing_places=places(), place_pairs=near)
    assert found[:, 0] == pytest.approx([3 * np.exp(-1), 2.0, 0.0])


def test_inspections_are_counted_in_cadences_and_never_is_long():
    near = pairs("place_id", [("a", 0, 0.0), ("b", 0, 0.0), ("c", 1, 0.0)])
    done = pl.DataFrame({"place_id": ["a", "a", "b"]}).with_columns(t=days(14.0, 30.0, 1.0))
    sources = {"landing_places": places(), "place_pairs": near}
    found = raw("inspection_overdue", **sources, inspections=done)
    assert found[:, 0] == pytest.approx([2.0, 3.0, 0.0])
    assert np.isnan(raw("inspection_overdue", **sources)).all()


def test_an_inspection_counts_from_the_shift_after_it_and_in_no_earlier_one():
    near = pairs("place_id", [("a", 0, 0.0)])
    done = pl.DataFrame({"place_id": ["a", "a"]}).with_columns(t=days(14.0, -0.25))
    sources = {"landing_places": places(), "place_pairs": near, "inspections": done}
    row = raw("inspection_overdue", as_of=NOW + timedelta(days=1), **sources)[0]
    assert row == pytest.approx([2.0, 0.25 / 7])


def test_silence_is_not_peace():
    """A feed that fell silent leaves its indicators unknown, not low."""
    near = pairs("event_id", [("e0", 0, 0.0)])
    sources = {"events": events(["loitering"], [1], [1.0]), "event_pairs": near}
    fortnight = pl.Series([(NOW - timedelta(days=d)).date() for d in range(14)])
    heard = raw("loitering_near", **sources, heard_days=fortnight)
    assert heard == pytest.approx(raw("loitering_near", **sources))
    long_ago = pl.Series([(NOW - timedelta(days=d)).date() for d in range(10, 40)])
    silent = raw("loitering_near", **sources, heard_days=long_ago)
    assert np.isnan(silent[1:]).all()
    assert silent[0] == pytest.approx(heard[0])  # seen all the same, and more than the prior


VIEWS = pl.DataFrame(
    {"facility_id": ["a", "a"], "segment": [0, 1], "share": [1.0, None]},
    schema={"facility_id": pl.String, "segment": pl.UInt32, "share": pl.Float64},
)


def test_what_broke_today_covered_yesterday():
    near = pairs("facility_id", [("a", 0, 0.0)])
    table = facilities(["broken", "working"], [NOW + timedelta(hours=6), NOW])
    sources = {"facilities": table, "facility_pairs": near}
    row = raw("camera_cover", as_of=NOW + timedelta(days=1), camera_views=VIEWS, **sources)[0]
    assert row == pytest.approx([1.0 - 0.7 * 0.9, 1.0])


def facilities(status, since):
    return pl.DataFrame(
        {
            "facility_id": ["a", "b"],
            "kind": ["camera", "gate"],
            "line": ["wharf", "way_out"],
            "status": status,
            "status_since": since,
            "range_m": [500.0, None],
        }
    )


def test_facilities_cover_while_they_work_and_weigh_when_they_do_not():
    near = pairs("facility_id", [("a", 0, 400.0), ("b", 0, 1000.0), ("b", 1, 0.0)])
    since = [date(2026, 11, 16), date(2026, 11, 16)]
    work = facilities(["working", "working"], since)
    sources = {"facilities": work, "facility_pairs": near}
    expected = [1 - 0.4 * np.exp(-1), 0.6, 1.0]
    assert raw("facility_cover", **sources)[:, 0] == pytest.approx(expected)
    assert (raw("facility_broken", **sources) == 0.0).all()
    sources["facilities"] = facilities(["working", "broken"], since)
    assert raw("facility_cover", **sources)[:, 0] == pytest.approx([1.0, 1.0, 1.0])
    assert raw("facility_broken", **sources)[1, 0] == pytest.approx(0.75)  # 7 of 14 days
    sources["facilities"] = facilities(["working", "missing"], [None, None])
    assert raw("facility_broken", **sources)[1, 0] == pytest.approx(1.0)


def test_an_alarm_covers_its_range_and_fades_beyond():
    table = facilities(["working", "broken"], [None, None]).with_columns(kind=pl.lit("alarm"))
    near = pairs("facility_id", [("a", 0, 400.0), ("a", 1, 1500.0)])
    found = raw("facility_cover", facilities=table, facility_pairs=near)[:, 0]
    assert found == pytest.approx([0.6, 1 - 0.4 * np.exp(-1), 1.0])


def test_cameras_cover_what_they_see_as_often_as_they_are_online():
    p = WEIGHTS.indicator("camera_cover").params
    table = facilities(["working", "working"], [None, None]).with_columns(
        kind=pl.lit("camera"), online_rate=pl.Series([0.5, None])
    )
    both = VIEWS.vstack(VIEWS.with_columns(facility_id=pl.lit("b"), share=pl.lit(0.25)))
    sources = {"facilities": table, "facility_pairs": pairs("facility_id", [])}
    found = raw("camera_cover", camera_views=both, **sources)[:, 0]
    a, b = p["notices"] * 0.5, p["notices"] * p["online"] * 0.25
    assert found == pytest.approx([(1 - a) * (1 - b), (1 - a * p["blind_share"]) * (1 - b), 1.0])
    assert np.isnan(raw("camera_cover", **sources)).all()
    assert (raw("camera_cover", camera_views=VIEWS.clear(), **sources) == 1.0).all()


def test_silent_vessels_count_once_by_their_probability_from_their_end_on():
    p = WEIGHTS.indicator("gap_reach").params
    table = events(["gap", "gap", "gap", "loitering"], [1, 1, 2, 3], [0.5, 7.0, 0.25, 0.0])
    table = table.with_columns(t0=pl.col("t0") - pl.duration(hours=6)).with_columns(
        t1=pl.when(pl.col("event_id") == "e2").then(NOW + timedelta(hours=6)).otherwise("t1")
    )
    reach = pl.DataFrame(
        {
            "event_id": ["e0", "e1", "e1", "e2", "e3"],
            "segment": [0, 0, 1, 0, 2],
            "probability": [0.3, 0.2, 0.4, 0.5, 0.9],
        }
    )
    sources = {"events": table, "event_pairs": pairs("event_id", []), "reach": reach}
    half = 0.5 ** (0.5 / p["half_life_days"])
    assert raw("gap_reach", **sources)[:, 0] == pytest.approx([0.3 * half, 0.2, 0.0])
    later = raw("gap_reach", as_of=NOW + timedelta(days=1), **sources)[0, 1]
    assert later == pytest.approx(0.3 * half**2 + 0.5 * half**0.5)
    assert np.isnan(raw("gap_reach", **(sources | {"reach": None}))).all()


def test_dark_targets_count_one_by_one_and_chains_weigh_more():
    table = events(["dark_target", "dark_target", "chain", "dash"], [None, None, 4, 4], [0.0] * 4)
    near = pairs("event_id", [(f"e{i}", 0, 0.0) for i in range(4)])
    sources = {"events": table.cast({"mmsi": pl.UInt32}), "event_pairs": near}
    assert raw("loitering_near", **sources)[0, 0] == pytest.approx(2.0)
    chain = WEIGHTS.indicator("shore_approach").params["chain"]
    assert raw("shore_approach", **sources)[0, 0] == pytest.approx(chain)


def seasonal(t, sources=None):
    return pl.DataFrame(
        {
            "incident_id": pl.Series([f"i{i}" for i in range(len(t))], dtype=pl.String),
            "kind": pl.Series(["x"] * len(t), dtype=pl.String),
            "source": pl.Series(sources or ["reported"] * len(t), dtype=pl.String),
            "weight": pl.Series([1.0] * len(t), dtype=pl.Float64),
            "t0": pl.Series(t, dtype=pl.Datetime("ms", "UTC")),
        }
    )


def season(table, **more):
    found = raw("seasonality", incidents=table, incident_pairs=pairs("incident_id", []), **more)
    return found[0, 0]


def test_the_season_is_that_of_the_same_days_of_earlier_years():
    year = timedelta(days=365.2425)
    now = [NOW - k * year + timedelta(days=d) for k in (1, 2, 3) for d in range(-10, 11)]
    first = [NOW - 4 * year]
    summer = [t - year / 2 for t in now]
    assert season(seasonal(first + now)) > 2.0
    assert season(seasonal(first + summer)) < 0.5
    evenly = [NOW - timedelta(days=d) for d in range(1, 4 * 366, 3)]
    assert season(seasonal(evenly)) == pytest.approx(1.0, abs=0.02)


def test_the_season_is_told_from_what_was_known():
    year = timedelta(days=365.2425)
    then = [NOW - k * year + timedelta(days=d) for k in (1, 2, 3) for d in range(-10, 11)]
    table = seasonal([NOW - 4 * year, *then])
    never = table.with_columns(known=pl.lit(NOW + timedelta(days=1)).cast(pl.Datetime("ms", "UTC")))
    half = pl.concat([table.head(30).with_columns(known=pl.col("t0")), never.tail(34)])
    later = NOW + timedelta(days=30)
    assert np.isnan(season(never, as_of=later))
    assert season(half, as_of=later) == season(table.head(30), as_of=later)


def test_few_incidents_tell_no_season_and_less_than_a_year_is_unknown():
    year = timedelta(days=365.2425)
    assert 1.0 < season(seasonal([NOW - year])) < 1.2
    assert np.isnan(season(seasonal([NOW - timedelta(days=300)])))
    assert np.isnan(season(seasonal([])))
    assert np.isnan(season(seasonal([NOW + year])))  # in the future
    # The mean over the year is 1 whatever happened: what one season gains another loses.
    table = seasonal([NOW - timedelta(days=d) for d in (370, 380, 400, 500, 720)])
    many = shifts(date(2026, 11, 24), tz=ZoneInfo("UTC"), starts=["00:00"])
    days_ = [
        replace(many[0], shift_id=f"d{d}", t0=many[0].t0 + timedelta(days=d),
                t1=many[0].t1 + timedelta(days=d))
        for d in range(365)
    ]  # fmt: skip
    light = pl.DataFrame({"shift_id": [s.shift_id for s in days_], "dark_share": 0.5, "moon": 0.0})
    given = Inputs(segments(), light, incidents=table, incident_pairs=pairs("incident_id", []))
    found = evaluate(given, days_, as_of=NOW, weights=WEIGHTS)
    assert found.raw[WEIGHTS.ids.index("seasonality"), 0].mean() == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize(
    "t",
    [
        [],
        [None, None],
        [NOW + timedelta(days=9)] * 3,  # all in the future
        [NOW - timedelta(days=d) for d in range(900)],  # all in one place
        [NOW - timedelta(days=500), None, NOW + timedelta(days=500)],
    ],
)
def test_odd_incidents_leave_scores_sound(t):
    table = seasonal(t, ["discovered"] * len(t))
    near = pairs("incident_id", [(f"i{i}", 0, 0.0) for i in range(len(t))])
    base = full_inputs(10)
    found = evaluate(
        replace(base, incidents=table, incident_pairs=near), SHIFTS, as_of=NOW, weights=WEIGHTS
    )
    s = score(found, WEIGHTS)
    assert np.isfinite(s.score).all()
    assert (s.lo <= s.score).all()
    assert (s.score <= s.hi).all()
    assert ((found.value >= 0) & (found.value <= 1) | np.isnan(found.value)).all()


def test_discoveries_count_less_where_patrols_go_more():
    table = seasonal(list(days(1.0, 1.0, 1.0)), ["discovered", "discovered", "reported"])
    near = pairs("incident_id", [("i0", 0, 0.0), ("i1", 1, 0.0), ("i2", 2, 0.0)])
    effort = pl.DataFrame({"segment_id": ["s0", "s2"], "km": [28.0, 28.0]}).with_columns(
        shift_start=days(3.0, 3.0)
    )
    sources = {"incidents": table, "incident_pairs": near}
    plain = raw("incidents_near", **sources)[:, 0]
    assert plain[0] == plain[1] == plain[2]
    fair = raw("incidents_near", effort=effort, **sources)[:, 0]
    assert fair[0] < plain[0] < fair[1]
    assert fair[2] == plain[2]


def test_patrols_count_as_passes_of_the_segment():
    effort = pl.DataFrame(
        {"segment_id": ["s0", "s0", "s1", "gone"], "km": [0.5, 0.25, 1.0, 9.0]}
    ).with_columns(shift_start=days(0.0, 3.0, -1.0, 1.0))
    found = raw("patrol_cover", effort=effort)
    assert found[:, 0] == pytest.approx([1.0 + 0.25, 0.0, 0.0])


def _gaps(r):
    table = events(["gap"] * 10, r.integers(1, 9, 10), list(r.uniform(-3, 10, 10)))
    return table.with_columns(
        event_id=pl.Series([f"g{i}" for i in range(10)]),
        t0=pl.col("t0") - pl.duration(hours=3),
    )


def full_inputs(n, seed=4):
    """Build every source at random over the first eight segments of n."""
    r = np.random.default_rng(seed)

    def near(key, count):
        return pairs(
            key,
            [
                (f"{key[0]}{i}", int(r.integers(0, 8)), float(r.uniform(0, 3000)))
                for i in range(count)
                for _ in range(3)
            ],
        )

    table = events(
        list(r.choice(["loitering", "shore_approach", "dash"], 30)),
        r.integers(1, 9, 30),
        list(r.uniform(-2, 10, 30)),
    )
    incidents = pl.DataFrame(
        {
            "incident_id": [f"i{i}" for i in range(6)],
            "kind": ["x"] * 6,
            "source": ["reported", "discovered"] * 3,
            "weight": [1.0] * 6,
        }
    ).with_columns(t0=days(*r.uniform(0, 60, 6)))
    table = pl.concat([table, _gaps(r)])
    shore = r.random((3, n))
    walked = pl.DataFrame(
        {"segment_id": [f"s{i}" for i in r.integers(0, 8, 60)], "km": r.uniform(0, 1, 60)}
    ).with_columns(shift_start=days(*r.uniform(-1, 40, 60)))
    done = pl.DataFrame({"place_id": list(r.choice(["p0", "p1", "p2"], 9))}).with_columns(
        t=days(*r.uniform(-1, 40, 9))
    )
    return Inputs(
        segments=segments(n, exposure=shore[0], settlement_distance_m=shore[1] * 9000),
        light=LIGHT,
        events=table,
        event_pairs=near("event_id", 30),
        incidents=incidents,
        incident_pairs=near("incident_id", 6),
        reach=pl.DataFrame(
            {
                "event_id": [f"g{i % 10}" for i in range(40)],
                "segment": [i % 8 for i in range(40)],
                "probability": r.uniform(0, 0.2, 40),
            }
        ),
        landing_places=places().with_columns(place_id=pl.Series(["p0", "p1", "p2"])),
        place_pairs=near("place_id", 3),
        inspections=done,
        facilities=facilities(["working", "broken"], list(days(3.0, 2.0))).with_columns(
            facility_id=pl.Series(["f0", "f1"])
        ),
        facility_pairs=near("facility_id", 2),
        camera_views=pl.DataFrame(
            {"facility_id": ["f0"] * 3, "segment": [0, 1, 2], "share": [1.0, 0.5, None]}
        ),
        effort=walked,
        landable_h=np.repeat(shore[2][:, None] * 12, 2, axis=1),
    )


def test_far_segments_change_nothing():
    large = full_inputs(40)
    small = replace(large, segments=large.segments[:12], landable_h=large.landable_h[:12])
    a, b = (score(evaluate(i, SHIFTS, as_of=NOW, weights=WEIGHTS), WEIGHTS) for i in (small, large))
    assert np.array_equal(a.score, b.score[:12])
    assert np.array_equal(a.contributions, b.contributions[:, :12])
    assert b.score.std() > 3


def _known(table, column, until):
    return None if table is None else table.filter(pl.col(column) <= until)


def test_what_is_not_yet_known_changes_nothing():
    """All rows after the first shift's start are taken away: its values stay to the last digit."""
    given = full_inputs(12, seed=8)
    later = NOW + timedelta(days=3)
    cut = replace(
        given,
        events=given.events.filter(
            pl.when(pl.col("kind") == "gap").then("t1").otherwise("t0") <= NOW
        ),
        incidents=_known(given.incidents, "t0", NOW),
        inspections=_known(given.inspections, "t", NOW),
        effort=_known(given.effort, "shift_start", NOW),
    )
    assert cut.effort.height < given.effort.height
    assert cut.events.height < given.events.height
    full, part = (evaluate(i, SHIFTS, as_of=later, weights=WEIGHTS).raw for i in (given, cut))
    assert np.array_equal(full[:, :, 0], part[:, :, 0], equal_nan=True)
    assert not np.array_equal(full[:, :, 1], part[:, :, 1], equal_nan=True)


@given(st.integers(0, 2**16), st.integers(0, 7), st.floats(0.0, 3000.0), st.floats(0.0, 20.0))
@settings(max_examples=25, deadline=None)
def test_more_of_what_is_risky_never_lowers_a_value(seed, segment, distance, ago):
    """One more event, incident, silence or broken camera: no value of its indicators falls."""
    base = full_inputs(10, seed=seed)
    more = replace(
        base,
        events=pl.concat(
            [
                base.events,
                events(["dash", "loitering", "gap"], [77, 78, 79], [ago] * 3)
                .with_columns(event_id=pl.Series(["n0", "n1", "n2"]))
                .cast(base.events.schema),
            ]
        ),
        event_pairs=base.event_pairs.vstack(
            pairs("event_id", [("n0", segment, distance), ("n1", segment, distance)])
        ),
        reach=base.reach.vstack(
            pl.DataFrame({"event_id": ["n2"], "segment": [segment], "probability": [0.3]})
        ),
        incidents=pl.concat(
            [
                base.incidents,
                seasonal(list(days(ago)))
                .with_columns(incident_id=pl.lit("n"))
                .select(base.incidents.columns),
            ]
        ),
        incident_pairs=base.incident_pairs.vstack(pairs("incident_id", [("n", segment, distance)])),
        facilities=base.facilities.with_columns(status=pl.lit("broken")),
    )
    a, b = (evaluate(i, SHIFTS, as_of=NOW, weights=WEIGHTS) for i in (base, more))
    rows = [k for k, name in enumerate(WEIGHTS.ids) if name != "seasonality"]
    low, high = (np.nan_to_num(one.value[rows]) for one in (a, b))
    assert (high >= low - 1e-12).all()
    assert (high > low + 1e-12).any()


def test_inputs_are_not_changed():
    given = full_inputs(20)
    before = [t.clone() for t in (given.segments, given.events, given.event_pairs)]
    h = given.landable_h.copy()
    evaluate(given, SHIFTS, as_of=NOW, weights=WEIGHTS)
    for now, then in zip((given.segments, given.events, given.event_pairs), before, strict=True):
        assert now.equals(then)
    assert np.array_equal(h, given.landable_h)


def test_wrong_inputs_are_listed_at_once():
    with pytest.raises(InputError) as error:
        Inputs(
            segments=segments().drop("length_m"),
            light=LIGHT,
            events=events(["drift"], [1], [1]),
            incident_pairs=pairs("incident_id", [("a", 7, 1.0)]),
            landable_h=np.zeros((2, 2)),
        )
    for part in ("lacks the columns length_m", "without event_pairs", "not within the 3", "(2, 2)"):
        assert part in str(error.value)
    with pytest.raises(InputError, match=r"landable_h has shape \(3, 5\)"):
        raw("landable", landable_h=np.zeros((3, 5)))


def test_an_unknown_indicator_or_a_lost_constant_is_named():
    strange = load(TEXT.replace('id = "shelter"', 'id = "omens"'), where="w")
    with pytest.raises(InputError, match="'omens' is not one of"):
        raw("darkness", weights=strange)
    lost = load(TEXT.replace("params = { moon_relief = 0.5 }", ""), where="w")
    with pytest.raises(InputError, match="lacks the constants moon_relief"):
        raw("darkness", weights=lost)


def test_three_days_of_a_whole_coast_are_sound(full):
    """Evaluate 4,400 segments x 18 shifts (a tenth of the segments at the small size)."""
    n = 4400 if full else 440
    begin = date(2026, 11, 23)
    many = [s for d in range(3) for s in shifts(begin + timedelta(days=d), tz=ZoneInfo("UTC"))]
    light = pl.DataFrame({"shift_id": [s.shift_id for s in many], "dark_share": 0.5, "moon": 0.0})
    given = replace(full_inputs(n), light=light, landable_h=np.full((n, len(many)), 2.0))
    s = score(evaluate(given, many, as_of=NOW, weights=WEIGHTS), WEIGHTS)
    assert s.score.shape == (n, 18)
    assert np.abs(s.base + s.contributions.sum(axis=0) - s.score).max() < 1e-9
