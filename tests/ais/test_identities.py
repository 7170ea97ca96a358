"""Changes of identity: made static reports, and real ones."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais.clean import clean
from ais.hulls import assign, shared
from ais.identities import IdentityRule, changes
from ais.identity import MOVERS, kind_of
from ais.io import read
from ais.schema import EVENTS, POSITIONS, STATICS, TIME, empty
from ais.tracks import tracks

T0 = datetime(2026, 3, 1, tzinfo=UTC)
A, B = 412000001, 412000002
NO_SHARED = shared(assign(tracks(empty(POSITIONS))))
PLACES = pl.Schema(
    {"mmsi": pl.UInt32, "t0": TIME, "t1": TIME}
    | dict.fromkeys(("lon0", "lat0", "lon1", "lat1"), pl.Float64)
    | {"n": pl.UInt32}
)
KM_LON = 1 / (111.195 * np.cos(np.radians(29)))


def told(minute: float, mmsi: int = A, **fields) -> dict:
    return dict.fromkeys(STATICS) | {"mmsi": mmsi, "t": T0 + timedelta(minutes=minute)} | fields


def history(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=STATICS, strict=False)


def way(
    from_min: float, to_min: float, km0: float = 0.0, km1: float = 0.0, mmsi: int = A, n: int = 30
) -> dict:
    """Return a track along 29° N, so many km east of 122° E."""
    return {
        "mmsi": mmsi,
        "t0": T0 + timedelta(minutes=from_min),
        "t1": T0 + timedelta(minutes=to_min),
        "lon0": 122 + km0 * KM_LON,
        "lat0": 29.0,
        "lon1": 122 + km1 * KM_LON,
        "lat1": 29.0,
        "n": n,
    }


def places(*rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=PLACES)


HERE = places(way(0, 600))


def found(said: pl.DataFrame, where: pl.DataFrame = HERE, both=NO_SHARED) -> list[dict]:
    out = changes(said, where, both)
    assert out.schema == EVENTS
    assert out["kind"].unique().to_list() in ([], ["identity"])
    rows = out.drop("geometry").rows(named=True)
    return [row | json.loads(row["evidence"]) for row in rows]


# --- what is told changes --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("name", "MIN YU 1", "ZHE LING YU"),
        ("name", "ZHELINGYU 12345", "ZHELINGYU 12346"),
        ("name", "SEA STAR I", "SEA STAR II"),
        ("name", "浙岭渔12345", "浙岱渔12345"),
        ("callsign", "BIAB7", "BIAB8"),
        ("imo", 9074729, 9022180),
        ("ship_type", 30, 70),
        ("length_m", 30.0, 45.0),
        ("length_m", 20.0, 25.5),
    ],
)
def test_something_else_is_a_change(field: str, old, new) -> None:
    (event,) = found(history(told(5, **{field: old}), told(65, **{field: new})))
    assert event["why"] == "changed"
    assert event["fields"] == [field]
    (step,) = event["changes"]
    assert (step["from"], step["to"]) == (str(old), str(new))
    assert (step["last_told"], step["first_told"]) == (
        "2026-03-01T00:05:00Z",
        "2026-03-01T01:05:00Z",
    )
    assert event["t0"] == event["t1"] == T0 + timedelta(minutes=65)
    assert not step["told_again"]


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("name", "MIN YU 1", "minyu-1"),
        ("name", "MIN YU 1", "MIN YU 1@@@@@@"),
        ("name", "MIN YU 1@XY", "MIN YU 1"),
        ("name", "FORTUNA", "FORTUNE"),
        ("name", "NETTER O08", "NETTER 008"),
        ("name", "ATLANTIC EXPLORER", "ATLANTIC EXPLORER OF"),
        ("name", "NET 7-81%", "NET 7-63%"),
        ("name", "NET 7 12.5V", "NET 7 11.9V"),
        ("name", "Ｆ１２", "F12"),
        ("name", None, "MIN YU 1"),
        ("name", "MIN YU 1", None),
        ("name", "412000001", "MIN YU 1"),
        ("name", "UNKNOWN", "MIN YU 1"),
        ("callsign", "B0AB", "BOAB"),
        ("callsign", "0", "BIAB7"),
        ("imo", None, 9074729),
        ("imo", 9074729, 9074720),
        ("imo", 9074729, 1234567),
        ("ship_type", 70, 79),
        ("ship_type", 90, 30),
        ("ship_type", 0, 30),
        ("ship_type", 52, 31),
        ("ship_type", 36, 37),
        ("length_m", 100.0, 119.0),
        ("length_m", 10.0, 15.0),
        ("length_m", 0.0, 45.0),
        ("length_m", 45.0, 1022.0),
    ],
)
def test_what_says_the_same_or_nothing_is_no_change(field: str, old, new) -> None:
    assert found(history(told(5, **{field: old}), told(65, **{field: new}))) == []


def test_what_is_told_together_changes_together() -> None:
    old = {"name": "OLD", "callsign": "BIAB7", "ship_type": 30, "length_m": 30.0}
    a = told(100, name="NEW", ship_type=None)
    b = told(106, callsign="BXYZ8", ship_type=70, length_m=90.0)
    (event,) = found(history(told(0, **old), a, b))
    assert event["fields"] == ["name", "callsign", "length_m", "ship_type"]
    assert event["t0"] == T0 + timedelta(minutes=100)
    apart = found(history(told(0, **old), a, b | {"t": T0 + timedelta(minutes=140)}))
    assert [event["fields"] for event in apart] == [
        ["name"],
        ["callsign", "length_m", "ship_type"],
    ]


def test_going_back_is_no_second_change_and_is_said() -> None:
    rows = [told(m, name=n) for m, n in [(0, "OLD"), (60, "NEW"), (120, "OLD"), (180, "NEW")]]
    (event,) = found(history(*rows))
    assert event["changes"][0]["told_again"]
    versions = history(rows[0], rows[1]).with_columns(seen_to=pl.lit(T0 + timedelta(minutes=180)))
    (same,) = found(versions)
    assert {k: v for k, v in same.items() if k != "evidence"} == {
        k: v for k, v in event.items() if k != "evidence"
    }


def test_the_third_name_is_from_the_second() -> None:
    rows = [told(m, name=n) for m, n in [(0, "OLD"), (100, "OTHER"), (200, "THIRD")]]
    assert [e["changes"][0]["from"] for e in found(history(*rows))] == ["OLD", "OTHER"]


def test_it_is_shown_at_the_place_nearest_in_time() -> None:
    where = places(way(0, 100, 0, 10), way(130, 300, 12, 30), way(0, 90, 500, 500, mmsi=B))
    (event,) = found(history(told(0, name="OLD"), told(125, name="NEW")), where)
    assert event["lon"] == pytest.approx(122 + 12 * KM_LON)
    assert event["place_off_min"] == 5
    assert found(history(told(0, name="OLD"), told(125, name="NEW")), places()) == []


def test_a_number_with_a_hundred_names_is_nobodys() -> None:
    assert found(history(*(told(m, name=f"BOAT {m}") for m in range(100)))) == []


@given(st.permutations(range(8)), st.integers(1, 3))
def test_order_and_repeats_make_no_difference(order: list[int], times: int) -> None:
    rows = [
        told(
            40 * m, mmsi=(A, B)[m % 2], name=("OLD", "NEW", "THIRD", "OLD")[m // 2], length_m=m * 9
        )
        for m in range(8)
    ]
    where = places(way(0, 400), way(0, 400, 300, 300, mmsi=B))
    straight = changes(history(*rows), where, NO_SHARED)
    mixed = changes(history(*[rows[k] for k in order] * times), where[::-1], NO_SHARED)
    assert straight.height == 4 + 2
    assert mixed.equals(straight)


# --- the number changes ----------------------------------------------------------------------


BORNE = {"imo": 9074729, "name": "FORTUNA", "callsign": "BIAB7"}


def handed(silent_min: float, km: float, *, fields=BORNE, extra=(), b_fields=None) -> list[dict]:
    said = history(told(3, **fields), told(90 + silent_min, mmsi=B, **(b_fields or fields)))
    begin = 60 + silent_min
    where = places(way(0, 60, 0, 20), way(begin, begin + 200, 20 + km, 60, mmsi=B), *extra)
    return [e for e in found(said, where) if e["why"] == "handed_over"]


def test_a_vessel_that_goes_on_under_another_number() -> None:
    (event,) = handed(20, 8)
    assert (event["mmsi"], event["other_mmsi"]) == (A, B)
    assert event["fields"] == ["callsign", "imo", "name"]
    assert event["silent_min"] == 20
    assert event["distance_m"] == pytest.approx(8000, rel=0.01)
    assert event["needed_kn"] == pytest.approx(8 / 1.852 * 3, rel=0.02)
    assert event["t0"] == T0 + timedelta(minutes=60)
    assert event["t1"] == T0 + timedelta(minutes=80)
    assert event["lon"] == pytest.approx(122 + 28 * KM_LON)


def test_one_mark_is_enough() -> None:
    for field, value in BORNE.items():
        assert handed(20, 8, fields={field: value})[0]["fields"] == [field]
    assert handed(20, 8, fields={"name": "F12"}) == []
    assert handed(20, 8, fields={"imo": 9074720}) == []
    assert handed(20, 8, b_fields={"name": "ANDIAMO"}) == []


@pytest.mark.parametrize(
    ("silent_min", "km", "is_one"),
    [
        (50, 8, True),
        (59, 30, True),
        (62, 8, False),
        (70, 8, False),
        (20, 30, True),
        (20, 45, False),
    ],
)
def test_time_and_reach_bound_it(silent_min: float, km: float, is_one: bool) -> None:
    assert len(handed(silent_min, km)) == is_one


def test_a_jump_within_the_last_track_is_no_end() -> None:
    away = way(20, 40, 200, 200)
    assert handed(20, 8, extra=[away]) == handed(20, 8)
    after = way(90, 120, 200, 200, mmsi=B)
    assert handed(20, 8, extra=[away, after]) == handed(20, 8)


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(1, 60)), max_size=4))
def test_what_lies_within_a_track_changes_no_handover(inner: list[tuple[int, int]]) -> None:
    extra = [way(a, min(a + long, 60), 90, 90) for a, long in inner]
    assert handed(20, 8, extra=extra) == handed(20, 8)


def test_two_vessels_of_one_name_are_two() -> None:
    # Heard at once before; the first goes on; the other was there all along; a common name.
    assert handed(20, 8, extra=[way(-300, -200, -90, -90, mmsi=B), way(-250, -150)]) == []
    assert handed(20, 8, extra=[way(100, 200, 20, 30)]) == []
    assert handed(20, 8, extra=[way(0, 75, 28, 28, mmsi=B)]) == []
    said = history(*(told(0, mmsi=A + k, name="FREEDOM") for k in range(6)))
    where = places(way(0, 60), *(way(70, 100, mmsi=A + k) for k in range(1, 6)))
    assert found(said, where) == []
    assert len(found(said.head(5), where)) == 4


# --- two hulls share a number ----------------------------------------------------------------


def test_a_shared_number_is_one_event_with_its_names() -> None:
    both = pl.DataFrame(
        {"mmsi": [A, B], "hulls": [2, 2], "overlap_s": [5400.0, 0.0], "distance_km": [40.0, None],
         "why": ["at_once", "in_turn"]},
        schema=NO_SHARED.schema,
    )  # fmt: skip
    rows = [told(m, name=("OLD", "NEW")[m // 20 % 2]) for m in range(0, 200, 20)]
    where = places(
        way(0, 100, 0, 5), way(30, 90, 40, 45), way(180, 220, 7, 9), way(200, 280, 50, 50)
    )
    (event,) = found(history(*rows), where, both)
    assert event["why"] == "shared"
    assert event["mmsi"] == A
    assert event["names"] == ["OLD", "NEW"] or event["names"] == ["NEW", "OLD"]
    assert event["at_once_min"] == 80
    assert event["t0"] == T0 + timedelta(minutes=30)
    assert event["t1"] == T0 + timedelta(minutes=220)
    assert event["lon"] == pytest.approx(122 + 40 * KM_LON)
    # What was given up for good is a change all the same.
    given_up = history(told(0, name="OLD"), told(60, name="NEW"))
    assert [e["why"] for e in found(given_up, where, both)] == ["shared", "changed"]


def test_a_number_shared_again_days_later_is_another_event() -> None:
    both = pl.DataFrame([[A, 2, 5400.0, 40.0, "at_once"]], schema=NO_SHARED.schema, orient="row")
    day = 24 * 60
    where = places(
        way(0, 5 * day), way(30, 90, 40, 45), way(180, 220, 40, 45), way(3 * day, 3 * day + 60, 40)
    )
    first, second = found(history(told(0, name="OLD")), where, both)
    assert (first["at_once_min"], second["at_once_min"]) == (100, 60)
    assert first["t1"] == T0 + timedelta(minutes=220)
    assert second["t0"] == T0 + timedelta(days=3)
    # Too short to be one by itself.
    short = places(way(0, 5 * day), way(30, 90, 40, 45), way(3 * day, 3 * day + 9, 40))
    assert len(found(history(told(0, name="OLD")), short, both)) == 1


def test_a_few_positions_far_off_are_no_hull_that_was_known_at_another_time() -> None:
    both = pl.DataFrame([[A, 2, 5400.0, 40.0, "at_once"]], schema=NO_SHARED.schema, orient="row")
    few, day = way(300, 330, 90, 90, n=6), 24 * 60
    true = [way(0, 5 * day), way(3 * day, 3 * day + 60, 40)]
    (event,) = found(history(told(0, name="OLD")), places(*true, few), both)
    assert event["t0"] == T0 + timedelta(days=3)


def test_hulls_heard_by_turns_for_minutes_share_a_number() -> None:
    both = pl.DataFrame([[A, 3, 200.0, 900.0, "in_turn"]], schema=NO_SHARED.schema, orient="row")
    where = places(way(0, 4, n=9), way(0.5, 3, 900, 900, n=4), way(1, 3.5, 1500, n=3))
    (event,) = found(history(told(0, name="OLD"), told(1, name="NEW"), told(2, name="OLD")), where,
                     both)  # fmt: skip
    assert (event["why"], event["hulls"]) == ("shared", 3)
    assert (event["t0"], event["t1"]) == (
        T0 + timedelta(seconds=30), T0 + timedelta(seconds=210)
    )  # fmt: skip


def test_a_change_is_one_though_another_hull_tells_the_like_of_the_old_later() -> None:
    both = pl.DataFrame([[A, 2, 5400.0, 40.0, "at_once"]], schema=NO_SHARED.schema, orient="row")
    rows = [told(0, length_m=14.0), told(60, length_m=37.0), told(400, length_m=12.0),
            told(420, length_m=37.0)]  # fmt: skip
    where = places(way(0, 600), way(380, 500, 40, 45))
    changed = [e for e in found(history(*rows), where, both) if e["why"] == "changed"]
    assert [e["changes"][0]["to"] for e in changed] == ["37.0"]


def test_what_is_told_in_a_jump_is_no_second_hull() -> None:
    both = pl.DataFrame([[A, 2, 3600.0, 40.0, "at_once"]], schema=NO_SHARED.schema, orient="row")
    where = places(way(0, 200, 0, 9), way(30, 90, 40, 45))
    jump = pl.DataFrame([told(30)], schema=STATICS).select("mmsi", t0="t")
    jump = jump.with_columns(t1=pl.col("t0") + timedelta(minutes=60))
    said = history(told(0, name="OLD"))
    assert changes(said, where, both).height == 1
    assert changes(said, where, both, jumps=jump).is_empty()
    assert changes(said, where, both, jumps=jump.with_columns(mmsi=pl.lit(B, pl.UInt32))).height


# --- real ones -------------------------------------------------------------------------------


def of(path: Path) -> pl.DataFrame:
    batches = list(read(path))
    rows = tracks(clean(pl.concat([b.positions for b in batches])).kept)
    where = (
        rows.drop_nulls("track_id")
        .group_by("mmsi", "track_id")
        .agg(
            t0=pl.col("t").min(), t1=pl.col("t").max(),
            lon0=pl.col("lon").first(), lat0=pl.col("lat").first(),
            lon1=pl.col("lon").last(), lat1=pl.col("lat").last(), n=pl.len(),
        )
    )  # fmt: skip
    said = pl.concat([b.statics for b in batches])
    return changes(said, where, shared(assign(rows, said)), IdentityRule())


def test_america_shows_only_transmitters_of_one_name(shared: Path) -> None:
    out = of(shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz")
    why = [json.loads(e) for e in out["evidence"]]
    assert [e["why"] for e in why] == ["handed_over", "handed_over"]
    assert [e["borne"][-1] for e in why] == ["FORTUNA", "GRAN FINALE"]


def test_only_marks_at_sea_change_their_names_within_half_a_minute(shared: Path) -> None:
    out = of(shared / "ais" / "uscg_nais_20160728_100k.nm4.gz")
    assert not {kind_of(m) for m in out["mmsi"]} & set(MOVERS)


def test_kattegat_has_types_only_and_other_is_no_type(shared: Path) -> None:
    assert of(shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz").is_empty()
