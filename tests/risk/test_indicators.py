from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

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
    given = Inputs(segments=sources.pop("segments", segments()), light=LIGHT, **sources)
    found = evaluate(given, SHIFTS, as_of=as_of, weights=weights)
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


def test_opportunity_reads_tide_light_and_shore():
    h = np.array([[12.0, 3.0], [0.0, np.nan], [6.0, 6.0]])
    assert raw("landable", landable_h=h) == pytest.approx(h / 12.0, nan_ok=True)
    assert raw("darkness")[0] == pytest.approx([0.75, 0.25])
    shore = segments(exposure=[0.0, None, 1.0], settlement_distance_m=[100.0, 2000.0, None])
    assert raw("shelter", segments=shore)[:, 0] == pytest.approx([1.0, np.nan, 0.0], nan_ok=True)
    assert raw("access", segments=shore)[:, 0] == pytest.approx([100, 2000, np.nan], nan_ok=True)


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


def test_what_broke_today_covered_yesterday():
    near = pairs("facility_id", [("a", 0, 0.0)])
    table = facilities(["broken", "working"], [NOW + timedelta(hours=6), NOW])
    sources = {"facilities": table, "facility_pairs": near}
    row = raw("facility_cover", as_of=NOW + timedelta(days=1), **sources)[0]
    assert row == pytest.approx([0.5, 1.0])


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
    expected = [0.5 * (1 - 0.4 * np.exp(-1)), 0.6, 1.0]
    assert raw("facility_cover", **sources)[:, 0] == pytest.approx(expected)
    assert (raw("facility_broken", **sources) == 0.0).all()
    sources["facilities"] = facilities(["working", "broken"], since)
    assert raw("facility_cover", **sources)[:, 0] == pytest.approx([0.5, 1.0, 1.0])
    assert raw("facility_broken", **sources)[1, 0] == pytest.approx(0.75)  # 7 of 14 days
    sources["facilities"] = facilities(["working", "missing"], [None, None])
    assert raw("facility_broken", **sources)[1, 0] == pytest.approx(1.0)


def test_patrols_count_as_passes_of_the_segment():
    effort = pl.DataFrame(
        {"segment_id": ["s0", "s0", "s1", "gone"], "km": [0.5, 0.25, 1.0, 9.0]}
    ).with_columns(shift_start=days(0.0, 3.0, -1.0, 1.0))
    found = raw("patrol_cover", effort=effort)
    assert found[:, 0] == pytest.approx([1.0 + 0.25, 0.0, 0.0])


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
        list(r.uniform(0, 10, 30)),
    )
    incidents = pl.DataFrame(
        {
            "incident_id": [f"i{i}" for i in range(6)],
            "kind": ["x"] * 6,
            "source": ["reported"] * 6,
            "weight": [1.0] * 6,
        }
    ).with_columns(t0=days(*r.uniform(0, 60, 6)))
    shore = r.random((3, n))
    return Inputs(
        segments=segments(n, exposure=shore[0], settlement_distance_m=shore[1] * 9000),
        light=LIGHT,
        events=table,
        event_pairs=near("event_id", 30),
        incidents=incidents,
        incident_pairs=near("incident_id", 6),
        landable_h=np.repeat(shore[2][:, None] * 12, 2, axis=1),
    )


def test_far_segments_change_nothing():
    large = full_inputs(40)
    small = replace(large, segments=large.segments[:12], landable_h=large.landable_h[:12])
    a, b = (score(evaluate(i, SHIFTS, as_of=NOW, weights=WEIGHTS), WEIGHTS) for i in (small, large))
    assert np.array_equal(a.score, b.score[:12])
    assert np.array_equal(a.contributions, b.contributions[:, :12])
    assert b.score.std() > 3


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
