"""Chains from a meeting at sea to the shore: made events."""

import json
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais._events import events
from ais.chains import ChainRule, chains
from ais.schema import EVENTS, empty

T0 = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
M_LAT = 6_371_008.8 * np.pi / 180
MOTHER, GO, THIRD, FOURTH = 412000001, 412000002, 412000003, 412000004


def event(
    kind, mmsi, begin, end, x=0.0, y=0.0, *, other=None, half_km=0.0, origin=122.0, **said
) -> pl.DataFrame:
    """Return one event from hour ``begin`` to hour ``end`` (None: not yet) at x, y km.

    Its way goes ``half_km`` to the west and to the east of that place.
    """
    km = 1000 / (M_LAT * np.cos(np.radians(29)))
    lon, lat = np.array([origin + x * km]), np.array([29.0 + y * 1000 / M_LAT])
    ends = (lon + half_km * km * np.array([-1.0, 1.0]) + 180) % 360 - 180
    lon = (lon + 180) % 360 - 180
    east_first = ends[0] > ends[1]
    if half_km and not east_first:
        way = shapely.LineString(np.column_stack([ends, np.repeat(lat, 2)]))
    elif half_km:
        halves = [[(ends[0], lat[0]), (180.0, lat[0])], [(-180.0, lat[0]), (ends[1], lat[0])]]
        way = shapely.MultiLineString(halves)
    else:
        way = shapely.Point(lon[0], lat[0])
    t0 = np.array([T0 + round(begin * 3_600_000)])
    t1 = t0 if end is None else np.array([T0 + round(end * 3_600_000)])
    out = events(
        kind, mmsi=np.array([mmsi], np.uint32), t0=t0, t1=t1, lon=lon, lat=lat,
        wkb=np.array([shapely.to_wkb(way)], dtype=object), evidence=[said], rule="test",
        begun=(lon, lat), other=None if other is None else np.array([other], np.uint32),
    )  # fmt: skip
    return out.with_columns(t1=pl.lit(None, EVENTS["t1"])) if end is None else out


def met(begin=1.0, end=2.0, a=MOTHER, b=GO, x=0.0, y=0.0, **said) -> pl.DataFrame:
    said = {"alongside": True, "together_under_way": False} | said
    return event("rendezvous", min(a, b), begin, end, x, y, other=max(a, b), **said)


def landed(begin=3.0, mmsi=GO, y=12.0) -> pl.DataFrame:
    return event("shore_approach", mmsi, begin, begin + 0.2, 0, y)


def ran(begin=2.5, mmsi=GO, y=11.5) -> pl.DataFrame:
    return event("dash", mmsi, begin, begin + 0.4, 0, y)


def linked(*parts: pl.DataFrame) -> pl.DataFrame:
    out = chains(pl.concat(parts))
    assert out.schema == EVENTS
    assert out["event_id"].is_unique().all()
    for text in out["evidence"]:
        ids = [part["event_id"] for part in json.loads(text)["parts"]]
        assert len(set(ids)) == len(ids)
        assert 0 <= json.loads(text)["score"] <= 1
    return out


def told(out: pl.DataFrame) -> list[dict]:
    return [json.loads(text) for text in out["evidence"]]


def score(*parts: pl.DataFrame) -> float:
    return told(linked(*parts))[0]["score"]


def test_a_mother_ship_a_go_between_and_a_landing_are_one_chain() -> None:
    mother = event("loitering", MOTHER, -2, 4)
    parts = [mother, met(), ran(), landed()]
    out = linked(*parts)
    row = out.row(0, named=True)
    assert out.height == 1
    assert (row["kind"], row["mmsi"], row["other_mmsi"]) == ("chain", GO, MOTHER)
    assert row["t0"] == parts[1]["t0"].item()
    assert row["t1"] == parts[3]["t1"].item()
    assert (row["lon"], row["lat"]) == (parts[3]["lon"].item(), parts[3]["lat"].item())
    line = shapely.from_wkb(row["geometry"])
    assert line.geom_type == "LineString"
    assert line.coords[-1] == (row["lon"], row["lat"])
    said = told(out)[0]
    assert [p["role"] for p in said["parts"]] == ["mother", "meeting", "run", "landing"]
    assert [p["event_id"] for p in said["parts"]] == [p["event_id"].item() for p in parts]
    assert [p["mmsi"] for p in said["parts"]] == [MOTHER, GO, GO, GO]
    assert said["meeting"] == "rendezvous"
    assert said["hours_between"] == 0.5
    assert said["way_m"] == pytest.approx(12_000, rel=0.01)
    assert said["score"] == pytest.approx(np.prod(list(said["score_parts"].values())), abs=0.003)
    assert said["score"] > 0.8


def test_what_is_no_chain() -> None:
    cases = {
        "too late": (met(), landed(8.2)),
        "before they met": (met(), landed(0.5)),
        "somebody else's": (met(), landed(mmsi=THIRD)),
        "nobody met": (event("gap", GO, 1, 2), landed()),
        "nobody landed": (met(), event("gap", GO, 2, 3)),
        "loitering alone": (event("loitering", GO, 0, 2), landed()),
    }
    for why, parts in cases.items():
        assert linked(*parts).is_empty(), why
    assert linked(met(), landed(7.9)).height == 1
    assert chains(empty(EVENTS)).equals(empty(EVENTS))


def test_either_of_the_two_may_be_the_go_between() -> None:
    assert linked(met(), landed(mmsi=MOTHER)).select("mmsi", "other_mmsi").rows() == [(MOTHER, GO)]
    both = linked(met(), landed(), landed(3.5, MOTHER))
    assert sorted(both["mmsi"]) == [MOTHER, GO]
    assert all(said["score_parts"]["mother_stays"] < 1 for said in told(both))


def test_two_who_loiter_side_by_side_are_a_weak_meeting() -> None:
    near = event("loitering", MOTHER, 0, 4), event("drift", GO, 0.5, 2, 0.4)
    out = linked(*near, ran(), landed())
    said = told(out)[0]
    assert said["meeting"] == "loitering_together"
    assert [p["role"] for p in said["parts"]] == ["mother", "meeting", "run", "landing"]
    assert said["score"] < score(met(), ran(), landed()) / 2
    far = event("loitering", MOTHER, 0, 4), event("loitering", GO, 0.5, 2, 0.6)
    assert linked(*far, landed()).is_empty()
    later = event("loitering", MOTHER, 1.8, 4), event("loitering", GO, 0.5, 2)
    assert linked(*later, landed()).is_empty()


@pytest.mark.parametrize("origin", [122.0, 179.995])
@pytest.mark.parametrize(("half_km", "near"), [(0.3, False), (0.6, True)])
def test_those_wait_together_whose_ways_come_near(half_km, near, origin) -> None:
    """Their places lie 1.5 km apart."""
    mother = event("loitering", MOTHER, 0, 4, half_km=half_km, origin=origin)
    go = event("loitering", GO, 0.5, 2, 1.5, half_km=half_km, origin=origin)
    ashore = event("shore_approach", GO, 3, 3.2, 0, 12, origin=origin)
    assert linked(mother, go, ashore).height == int(near)


def test_the_more_loiter_together_the_less_one_of_them_says() -> None:
    pair = event("loitering", MOTHER, 0, 4), event("loitering", GO, 0.5, 2, 0.4)
    third = event("loitering", THIRD, 0, 4, 0.2)
    assert score(*pair, third, landed()) == pytest.approx(score(*pair, landed()) / 2, abs=0.002)
    assert linked(*pair, third, landed()).height == 1


def test_a_rendezvous_takes_the_place_of_loitering_together() -> None:
    waits = event("loitering", MOTHER, 0, 4), event("loitering", GO, 0.5, 2, 0.3)
    out = linked(*waits, met(together_under_way=True), landed())
    assert out.height == 1
    assert told(out)[0]["meeting"] == "rendezvous"


def test_several_landings_after_one_meeting_are_one_chain_each_go_between() -> None:
    out = linked(
        met(), landed(), ran(3.6), landed(4.0), met(3, 4, MOTHER, THIRD, x=1), landed(5, THIRD)
    )
    assert sorted(out["mmsi"]) == [GO, THIRD]
    said = dict(zip(out["mmsi"], told(out), strict=True))
    assert [p["role"] for p in said[GO]["parts"]] == ["meeting", "landing", "run", "landing"]
    assert [p["role"] for p in said[THIRD]["parts"]] == ["meeting", "landing"]


def test_a_landing_belongs_to_one_chain_of_its_vessel() -> None:
    out = linked(met(0, 1, GO, THIRD, y=-3), met(1.5, 2.2, GO, MOTHER), landed())
    assert out.select("mmsi", "other_mmsi").rows() == [(GO, MOTHER)]
    again = linked(event("loitering", MOTHER, -1, 9), met(), landed(), met(4, 5), landed(6))
    assert again.height == 2
    assert [len(said["parts"]) for said in told(again)] == [3, 3]


def test_the_score_follows_what_makes_a_chain_likely() -> None:
    best = score(met(), ran(), landed(), event("gap", GO, 2, 2.4))
    assert best > score(met(), ran(), landed())
    assert score(met(), ran(), landed()) > score(met(), ran()) > score(met(), landed())
    assert score(met(), landed()) > score(met(), landed(6))
    assert score(met(), landed()) > score(met(alongside=False), landed())
    assert score(met(), landed()) > score(met(), landed(), landed(4, MOTHER))
    assert score(met(), landed()) > 2 * score(met(together_under_way=True), landed())
    assert score(met(), landed()) > 2 * score(met(), landed(y=0.4))


def test_a_silence_that_has_not_ended_counts() -> None:
    said = told(linked(met(), landed(), event("gap", MOTHER, 1.5, None)))[0]
    assert said["score_parts"]["dark"] == 1
    assert [p["role"] for p in said["parts"]] == ["meeting", "silence", "landing"]
    said = told(linked(met(), landed(), event("gap", MOTHER, -3, -1)))[0]
    assert said["score_parts"]["dark"] == ChainRule().heard


def test_hulls_of_one_mmsi() -> None:
    out = linked(met(1, 2, GO, GO), landed())
    assert out.select("mmsi", "other_mmsi").rows() == [(GO, GO)]
    assert told(out)[0]["score_parts"]["mother_stays"] == 1


@given(st.integers(0, 10_000))
def test_the_order_of_events_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    crew = [MOTHER, GO, THIRD, FOURTH]
    parts = []
    for _ in range(14):
        a, b = rng.choice(crew, 2, replace=False).tolist()
        begin, x, y = rng.integers(0, 12) / 2, rng.uniform(-2, 2), rng.uniform(-2, 2)
        kind = rng.choice(["loitering", "drift", "dash", "shore_approach", "gap", "rendezvous"])
        if kind == "rendezvous":
            parts.append(met(begin, begin + 0.5, a, b, x, y))
        else:
            parts.append(event(str(kind), a, begin, begin + rng.uniform(0.3, 3), x, y))
    table = pl.concat(parts).unique("event_id", maintain_order=True)
    out = linked(table)
    assert chains(table.sample(fraction=1, shuffle=True, seed=seed)).equals(out)
    landings = [
        part["event_id"]
        for said in told(out)
        for part in said["parts"]
        if part["role"] in ("run", "landing")
    ]
    assert len(set(landings)) == len(landings)


def test_a_fishing_fleet_is_linked_in_time() -> None:
    rng = np.random.default_rng(3)
    n = 1500
    lon, lat = rng.uniform(122, 122.6, n), rng.uniform(29, 29.5, n)
    hour = np.sort(rng.integers(0, 24 * 30, n))
    boat = rng.integers(0, 200, n).astype(np.uint32) + 412000000
    tables = [
        events(
            kind, mmsi=boat, t0=T0 + (hour + after) * 3_600_000,
            t1=T0 + (hour + after + 3) * 3_600_000, lon=lon, lat=lat,
            wkb=np.asarray(shapely.to_wkb(shapely.points(lon, lat))), evidence=[{}] * n,
            rule="test", begun=(lon, lat),
        )
        for kind, after in (("loitering", 0), ("shore_approach", 5))
    ]  # fmt: skip
    out = linked(*(table.unique("event_id", maintain_order=True) for table in tables))
    assert out.height > 0
    assert all(said["score"] < 0.3 for said in told(out))
