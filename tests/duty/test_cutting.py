import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duty.cutting import fresh_id, replay
from duty.division import Hang, difference
from duty.figures import against, figures
from duty.sections import assign, problems
from duty.workload import Pace, Shore
from geo.errors import InputError
from tests.duty._county import NO_PLACES, PLAIN, division_of, segments_of, shore_of, shorelines_of

# An open mainland, a ring and an islet; 100 m each segment.
LENGTHS = {"M": [100] * 20, "R": [100] * 8, "I": [100] * 2}
SHORELINES = shorelines_of(LENGTHS, ("R", "I"))
BASE = division_of(
    ("M", 0.0, "S1"), ("M", 500.0, "S2"), ("M", 1200.0, "S3"), ("R", 300.0, "S4"),
    ("R", 600.0, "S3"), hangs=[Hang("I", "M", 700.0)],
)  # fmt: skip
PLACES = pl.DataFrame(
    {
        "object_kind": ["wharf", "wharf", "risk_point"],
        "shoreline_id": ["M", "I", "R"],
        "chainage_m": [500.0, 50.0, 0.0],
        "cadence_days": [7.0, 14.0, None],
    }
)

chainages = st.sampled_from([0.0, 100.0, 250.0, 300.0, 500.0, 600.0, 700.0, 1200.0, 1900.0, 2000.0])
names = st.sampled_from(["S1", "S2", "S3", "S4", "N1", "N2"])
shorelines = st.sampled_from(["M", "R", "I", "X"])
operations = st.one_of(
    st.builds(lambda s, a, b: {"op": "move", "shoreline_id": s, "chainage_m": a, "to_m": b},
              shorelines, chainages, chainages),
    st.builds(lambda s, a, n: {"op": "cut", "shoreline_id": s, "chainage_m": a, "section_id": n},
              shorelines, chainages, names),
    st.builds(lambda n, m: {"op": "merge", "section_id": n, "into": m}, names, names),
    st.builds(
        lambda s, a, b, n: {
            "op": "hand_over", "shoreline_id": s, "from_m": a, "to_m": b, "section_id": n
        },
        shorelines, chainages, chainages, names,
    ),
    st.builds(
        lambda s, o, a: {
            "op": "hang", "shoreline_id": s, "onto_shoreline_id": o, "onto_chainage_m": a
        },
        shorelines, shorelines, chainages,
    ),
    st.builds(lambda s: {"op": "unhang", "shoreline_id": s}, shorelines),
    st.builds(lambda o, n: {"op": o, "section_id": n}, st.sampled_from(["lock", "unlock"]), names),
)  # fmt: skip


def owners(division, shorelines=LENGTHS):
    return assign(segments_of(shorelines), *division.tables()).to_list()


@given(st.lists(operations, max_size=60))
def test_whatever_is_done_the_shore_stays_divided_and_locked_sections_stay(tried):
    division, done = BASE, []
    for operation in tried:
        before = division
        try:
            division = replay(before, [operation], SHORELINES)
        except InputError:
            continue
        done.append(operation)
        cuts, hangs = division.tables()
        sections = pl.DataFrame({"section_id": division.sections})
        assert problems(sections, cuts, hangs, SHORELINES) == []
        changed = {
            name
            for pair in zip(owners(before), owners(division), strict=True)
            if pair[0] != pair[1]
            for name in pair
        }
        assert not changed & before.locked
    assert replay(BASE, json.loads(json.dumps(done)), SHORELINES) == division
    moved = difference(BASE, division, SHORELINES)
    for name in {*BASE.sections, *division.sections}:
        gained = moved.filter(pl.col("to_section") == name)["km"].sum()
        lost = moved.filter(pl.col("from_section") == name)["km"].sum()
        assert held(division, name) - held(BASE, name) == pytest.approx(gained - lost)


def held(division, name):
    """Return the kilometres of a section, stretch by stretch."""
    nobody = division_of()
    table = difference(nobody, division, SHORELINES)
    return table.filter(pl.col("to_section") == name)["km"].sum()


def after(*done):
    return replay(BASE, done, SHORELINES)


def test_each_operation_does_what_it_says():
    moved = after({"op": "move", "shoreline_id": "M", "chainage_m": 500.0, "to_m": 800.0})
    assert difference(BASE, moved, SHORELINES).rows() == [
        ("M", 500.0, 800.0, "S2", "S1", pytest.approx(0.3)),
        ("I", 0.0, 200.0, "S2", "S1", pytest.approx(0.2)),
    ]
    over = after({"op": "move", "shoreline_id": "R", "chainage_m": 600.0, "to_m": 100.0})
    assert difference(BASE, over, SHORELINES).rows() == [
        ("R", 0.0, 100.0, "S3", "S4", pytest.approx(0.1)),
        ("R", 600.0, 800.0, "S3", "S4", pytest.approx(0.2)),
    ]
    cut = after({"op": "cut", "shoreline_id": "M", "chainage_m": 600.0, "section_id": "N"})
    assert difference(BASE, cut, SHORELINES).rows() == [
        ("M", 600.0, 1200.0, "S2", "N", pytest.approx(0.6)),
        ("I", 0.0, 200.0, "S2", "N", pytest.approx(0.2)),
    ]
    merged = after({"op": "merge", "section_id": "S2", "into": "S3"})
    assert merged.cuts == division_of(
        ("M", 0.0, "S1"), ("M", 500.0, "S3"), ("R", 300.0, "S4"), ("R", 600.0, "S3")
    ).cuts  # fmt: skip
    through = {"op": "hand_over", "shoreline_id": "R", "from_m": 700, "to_m": 100}
    handed = after({**through, "section_id": "S1"})
    assert [cut[1:] for cut in handed.cuts if cut.shoreline_id == "R"] == [
        (100.0, "S3"), (300.0, "S4"), (600.0, "S3"), (700.0, "S1"),
    ]  # fmt: skip
    own = after({"op": "unhang", "shoreline_id": "I"})
    assert difference(BASE, own, SHORELINES).is_empty()
    assert ("I", 0.0, "S2") in own.cuts


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "tear"}, "'tear' is not an operation. It is one of move"),
        ({"op": "cut", "shoreline_id": "M"}, "chainage_m, section_id is missing"),
        ({"op": "cut", "shoreline_id": "M", "chainage_m": True, "section_id": "N"}, "m is missing"),
        ({"op": "cut", "shoreline_id": "M", "chainage_m": 9, "section_id": "\0"}, "section_id is"),
        (
            {"op": "cut", "shoreline_id": "M", "chainage_m": 9, "section_id": "N", "name": {}},
            "name is missing or not of its kind",
        ),
        ({"op": "move", "shoreline_id": "M", "chainage_m": 0, "to_m": 50}, "stays at 0 m"),
        ({"op": "move", "shoreline_id": "M", "chainage_m": 510, "to_m": 50}, "is at 500.00 m"),
        ({"op": "move", "shoreline_id": "M", "chainage_m": 500, "to_m": 1300}, "not between"),
        ({"op": "move", "shoreline_id": "M", "chainage_m": 500, "to_m": 9e9}, "not within 0–2000"),
        ({"op": "move", "shoreline_id": "X", "chainage_m": 500, "to_m": 1}, "'X' does not exist"),
        ({"op": "merge", "section_id": "S1", "into": "S4"}, "do not touch. S1 touches S2"),
        ({"op": "merge", "section_id": "S3", "into": "S2"}, "S2 is locked. Unlock it first"),
        ({"op": "cut", "shoreline_id": "M", "chainage_m": 700, "section_id": "N"}, "S2 is locked"),
        ({"op": "cut", "shoreline_id": "M", "chainage_m": 7, "section_id": "S3"}, "there already"),
        ({"op": "cut", "shoreline_id": "I", "chainage_m": 7, "section_id": "N"}, "Unhang it first"),
        ({"op": "hang", "shoreline_id": "R", "onto_shoreline_id": "M", "onto_chainage_m": 50},
         "S4 would be left without shore"),
        ({"op": "hang", "shoreline_id": "M", "onto_shoreline_id": "R", "onto_chainage_m": 50},
         "hung on by others"),
        ({"op": "hang", "shoreline_id": "I", "onto_shoreline_id": "M", "onto_chainage_m": 50},
         "S2 is locked"),
        ({"op": "unhang", "shoreline_id": "M"}, "does not hang"),
        ({"op": "lock", "section_id": "S9"}, "'S9' does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_number_and_mend(operation, said):
    with pytest.raises(InputError, match="operation 2") as told:
        after({"op": "lock", "section_id": "S2"}, operation)
    assert said in str(told.value)


def test_fresh_ids_are_not_taken():
    assert fresh_id(["S1", "S1-2"], "S1") == "S1-3"


def test_figures_by_hand():
    pace = Pace(patrol_kmh=5.0, rounds_per_week=7.0, wharf_min=60.0, travel_kmh=30.0)
    risk = pl.Series([10.0] * 20 + [40.0] * 8 + [10.0] * 2)
    shore = shore_of(LENGTHS, ("R", "I"), PLACES, pace, risk=risk, road_m=pl.Series([200.0] * 30))
    told = {row["section_id"]: row for row in figures(shore, BASE).iter_rows(named=True)}
    mean = (2.2 * 10 + 0.8 * 40) / 3.0
    two = told["S2"]
    assert two["km"] == pytest.approx(0.9)
    assert (two["wharves"], two["risk_points"], told["S3"]["risk_points"]) == (2, 0, 1)
    assert two["patrol_h"] == pytest.approx(0.9 / 5 * 7)
    assert two["inspection_h"] == pytest.approx(1.0 + 0.5)
    assert two["load_h"] == pytest.approx((0.9 / 5 * 7 + 1.5) * 10 / mean)
    assert [told["S4"][name] for name in ("risk_mean", "risk_peak")] == pytest.approx([40.0] * 2)
    assert told["S4"]["risk_km"] == pytest.approx(12.0)
    # By road 200 m for each 100 m, and the islet two degrees of latitude off, there and back.
    assert two["road_min"] == pytest.approx(7 * 0.2 / 30 * 60)
    assert two["straight_min"] == pytest.approx(2 * 2 * 111.195 / 30 * 60, rel=1e-3)
    # S3 lies on the mainland and through the ring's origin: one hop, not one more to the origin.
    assert told["S3"]["straight_min"] == pytest.approx(111.195 / 30 * 60, rel=1e-3)
    assert told["S3"]["travel_min"] == pytest.approx(
        told["S3"]["straight_min"] + 13 * 0.2 / 30 * 60
    )


@given(st.lists(operations, max_size=30))
def test_figures_add_up_whatever_is_done(tried):
    shore = shore_of(LENGTHS, ("R", "I"), PLACES, PLAIN)
    division = BASE
    for operation in tried:
        try:
            division = replay(division, [operation], SHORELINES)
        except InputError:
            continue
    told, before = figures(shore, division), figures(shore, BASE)
    assert told["km"].sum() == pytest.approx(3.0)
    assert told["wharves"].sum() == 2
    assert told["section_id"].to_list() == list(division.sections)
    owned = pl.Series(owners(division)).value_counts()
    counted = {name: n / 10 for name, n in owned.iter_rows()}
    for name, km in told.select("section_id", "km").iter_rows():
        assert km == pytest.approx(counted.get(name, 0.0))
    change = against(told, before)
    assert change["km_change"].sum() == pytest.approx(0.0)
    new = set(division.sections) - set(BASE.sections)
    assert set(change.filter(pl.col("state") == "new")["section_id"]) == new
    if division.cuts == BASE.cuts and division.hangs == BASE.hangs:
        assert set(change["state"]) == {"same"}


def test_a_shore_that_cannot_be_laid_out_lists_everything():
    segments = segments_of({"M": [100, 100], "X": [100]}, risk=pl.Series([None, 120.0, 3.0]))
    places = pl.DataFrame(
        {
            "object_kind": ["wharf", "buoy"],
            "shoreline_id": ["M", None],
            "chainage_m": [0.0, 0.0],
            "cadence_days": [0.0, 7.0],
        }
    )
    with pytest.raises(InputError) as told:
        Shore.of(segments, SHORELINES, places, pace=Pace(patrol_kmh=0.0))
    for said in (
        "segments row 3: no shoreline 'X'", "places row 2: no shoreline None",
        "segments row 1: risk None", "segments row 2: risk 120.0", "kind 'buoy'",
        "cadence of 0.0 days", "patrol_kmh is 0",
    ):  # fmt: skip
        assert said in str(told.value)


def test_a_shore_without_a_section_is_named():
    shore = shore_of(LENGTHS, ("R", "I"), NO_PLACES)
    with pytest.raises(InputError, match="2 shorelines have no section: R, I"):
        figures(shore, division_of(("M", 0.0, "S1")))
