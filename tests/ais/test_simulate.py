"""The simulated traffic: counts, spacing, speeds, water, truth, and the way through pyais."""

import gzip
from datetime import timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pyais
import pytest
from pyais.encode import encode_dict

from ais.schema import POSITIONS, STATICS
from ais.simulate import TRUTH, Places, Simulation, simulate, write_nmea
from geo.errors import InputError
from geo.land import LandMask
from geo.water import WaterGrid
from tests.ais._truth import T0, high_waters, made_coast

KINDS = {
    "stop", "berth_visit", "loitering", "drift", "rendezvous", "gap", "shore_approach", "dash",
    "speed_anomaly", "course_anomaly", "identity", "spoofing", "dark_target", "chain",
}  # fmt: skip


def to_land_m(water, lon, lat):
    row, col, inside = water.cells(lon, lat)
    return np.where(inside, water.to_land_m[row, col], np.inf)


def planted(sim: Simulation) -> pl.DataFrame:
    return sim.truth.filter(~pl.col("decoy") & ~pl.col("ordinary"))


@pytest.fixture(scope="module")
def coast() -> tuple[gpd.GeoDataFrame, WaterGrid, pl.DataFrame, pl.DataFrame]:
    return made_coast(landings_every=60)


def run(coast: tuple, *, days: int, vessels: int, seed: int = 7) -> Simulation:
    land, water, wharves, landings = coast
    places = Places(wharves, landings, high_waters(days))
    return simulate(land, water, places, t0=T0, days=days, vessels=vessels, seed=seed)


@pytest.fixture(scope="module")
def sim(coast: tuple, full: bool) -> Simulation:
    return run(coast, days=14 if full else 3, vessels=330 if full else 66)


@pytest.fixture(scope="module")
def kinds(sim: Simulation) -> pl.DataFrame:
    named = sim.statics.filter(pl.col("name").is_not_null()).unique("mmsi")
    return named.select("mmsi", kind=pl.col("name").str.extract("^(?:SIM )?([A-Z]+)"))


def test_tables_have_the_schemas_and_the_span(sim: Simulation) -> None:
    assert sim.positions.schema == POSITIONS
    assert sim.statics.schema == STATICS
    assert sim.truth.schema == TRUTH
    assert sim.positions["t"].min() >= T0
    assert sim.positions["t"].max() <= T0 + timedelta(days=14)
    assert sim.positions["t"].is_sorted()
    assert set(sim.positions["source"]) == {"sim"}
    assert not sim.positions.select(pl.struct("mmsi", "t").is_duplicated()).to_series().any()


def test_counts_are_those_asked_for(sim: Simulation, full: bool) -> None:
    if full:
        assert 1_500_000 <= sim.positions.height <= 1_600_000
        assert sim.positions["mmsi"].n_unique() >= 300
        assert planted(sim)["kind"].n_unique() == len(KINDS)
        count = dict(planted(sim)["kind"].value_counts().iter_rows())
        assert count["loitering"] >= 40
        assert count["shore_approach"] >= 40
        assert min(count.values()) >= 10
    else:
        assert 0.7 < sim.positions.height / (336 * 66 * 3) < 1.3
        assert sim.positions["mmsi"].n_unique() >= 55


def test_no_vessel_can_be_taken_for_a_real_one(sim: Simulation) -> None:
    assert (sim.positions["mmsi"] // 1_000_000 == 415).all()
    names = sim.statics["name"].drop_nulls()
    assert (names.str.starts_with("SIM ") | names.str.starts_with("NET MARK ")).all()


def test_positions_lie_over_water_but_for_their_noise(sim: Simulation, coast: tuple) -> None:
    mask = LandMask.build(coast[0])
    wet = ~mask.contains(sim.positions["lon"].to_numpy(), sim.positions["lat"].to_numpy())
    assert wet.mean() > 0.997


def test_speeds_are_those_of_each_kind(sim: Simulation, kinds: pl.DataFrame) -> None:
    table = sim.positions.join(kinds, on="mmsi")
    fastest = {
        "NET": 3,
        "ANCHORED": 10,
        "TRAWLER": 12,
        "NETTER": 11,
        "CARGO": 16,
        "TANKER": 16,
        "FERRY": 32,
        "TUG": 12,
        "PILOT": 18,
        "BUNKER": 16,
        "DREDGER": 10,
        "PLEASURE": 16,
        "PATROL": 22,
        "SMALL": 19,
        "RUNNER": 32,
        "FISHER": 29,
        "COASTER": 33,
    }
    # Some change their name, or mis-spell it.
    table = table.filter(pl.col("kind").is_in(list(fastest)))
    for (kind,), rows in table.partition_by("kind", as_dict=True).items():
        assert rows["sog_kn"].max() <= fastest[kind], kind
    moving = table.filter((pl.col("kind") == "CARGO") & (pl.col("sog_kn") > 5))
    assert 8 < moving["sog_kn"].median() < 14
    towing = table.filter(pl.col("status") == 7)
    assert 2 < towing["sog_kn"].median() < 4.5


def test_reported_speed_agrees_with_the_way_made(sim: Simulation) -> None:
    # But for what tells falsehoods on purpose.
    false = sim.truth.filter(pl.col("kind").is_in(["spoofing", "identity", "speed_anomaly"]))
    liars = pl.concat([false["mmsi"], false["other_mmsi"]]).drop_nulls()
    table = (
        sim.positions.filter(~pl.col("mmsi").is_in(liars.implode()))
        .sort("mmsi", "t")
        .with_columns(
            dt=pl.col("t").diff().over("mmsi").dt.total_milliseconds() / 1000,
            north=pl.col("lat").diff().over("mmsi") * 111_320,
            east=pl.col("lon").diff().over("mmsi") * 111_320 * np.cos(np.radians(29.35)),
        )
    )
    steps = table.filter(pl.col("dt").is_between(30, 1800))
    implied = (steps["north"] ** 2 + steps["east"] ** 2).sqrt() / steps["dt"] / 0.514444
    assert implied.max() < 34
    close = steps.filter(pl.col("dt") < 90).with_columns(
        gap=(
            (pl.col("north") ** 2 + pl.col("east") ** 2).sqrt() / pl.col("dt") / 0.514444
            - pl.col("sog_kn")
        ).abs()
    )
    assert close["gap"].median() < 0.6


def test_spacing_is_a_minute_near_shore_and_minutes_elsewhere(
    sim: Simulation, coast: tuple
) -> None:
    shared = sim.truth.filter(pl.col("what") == "two_hulls")["mmsi"]
    table = (
        sim.positions.filter(~pl.col("mmsi").is_in(shared.implode()))
        .sort("mmsi", "t")
        .with_columns(dt=pl.col("t").diff().over("mmsi").dt.total_seconds())
    )
    moving = table.filter((pl.col("sog_kn") > 2) & pl.col("dt").is_not_null())
    off = to_land_m(coast[1], moving["lon"].to_numpy(), moving["lat"].to_numpy())
    gap = moving["dt"].to_numpy()
    assert np.median(gap[off < 1500]) <= 65
    assert 170 <= np.median(gap[(off > 4000) & (gap > 100) & (gap < 900)]) <= 370
    assert table["dt"].min() >= 50


def test_some_values_are_missing_as_on_a_real_feed(sim: Simulation) -> None:
    lacking = sim.positions.select(pl.col("sog_kn", "cog_deg", "heading_deg").null_count())
    assert all(value > 0 for value in lacking.row(0))
    class_b = sim.positions.filter(pl.col("cls") == "B")
    assert class_b["heading_deg"].null_count() == class_b.height
    assert set(class_b["msg_type"]) == {18}


def test_same_seed_same_world_and_another_seed_another(coast: tuple, tmp_path: Path) -> None:
    one, two = (run(coast, days=1, vessels=24) for _ in range(2))
    assert one.positions.equals(two.positions)
    assert one.statics.equals(two.statics)
    assert one.truth.equals(two.truth)
    assert one.detections.equals(two.detections)
    assert one.sightings.equals(two.sightings)
    assert not run(coast, days=1, vessels=24, seed=8).positions.equals(one.positions)
    folders = [tmp_path / "a", tmp_path / "b"]
    files = []
    for folder, world, workers in zip(folders, (one, two), (1, 2), strict=True):
        folder.mkdir()
        files.append(write_nmea(world, folder, workers=workers))
    assert [f.read_bytes() for f in files[0]] == [f.read_bytes() for f in files[1]]


def test_nmea_decodes_to_what_was_simulated(coast: tuple, tmp_path: Path) -> None:
    world = run(coast, days=1, vessels=24)
    steps: list[tuple[int, int]] = []
    files = write_nmea(world, tmp_path, workers=1, progress=lambda a, b: steps.append((a, b)))
    assert steps[-1][0] == steps[-1][1] == len(files)
    fixes, names = [], set()
    held: list[bytes] = []
    for file in files:
        for line in gzip.decompress(file.read_bytes()).split():
            tag, sentence = line[1:].split(b"\\", 1)
            body, check = tag.split(b"*")
            assert int(check, 16) == int(np.bitwise_xor.reduce(np.frombuffer(body, np.uint8)))
            held.append(sentence)
            if sentence.split(b",")[1] != sentence.split(b",")[2]:
                continue
            message = pyais.decode(*held, error_if_checksum_invalid=True)
            held = []
            if message.msg_type in (1, 3, 18):
                fixes.append(
                    (
                        message.mmsi,
                        int(body.split(b"c:")[1]),
                        message.lon,
                        message.lat,
                        message.speed,
                        message.course,
                        message.heading,
                        getattr(message, "status", None),
                        message.msg_type,
                    )
                )
            elif message.msg_type == 5 or message.partno == 0:
                names.add((message.mmsi, message.shipname))
    got = pl.DataFrame(
        fixes,
        orient="row",
        schema=["mmsi", "s", "lon", "lat", "sog", "cog", "head", "status", "kind"],
    ).sort("s", "mmsi")
    want = world.positions.sort("t", "mmsi")
    assert got["mmsi"].to_list() == want["mmsi"].to_list()
    assert got["s"].to_list() == want["t"].dt.epoch("s").to_list()
    for mine, theirs, missing in (
        ("lon", "lon", 181),
        ("lat", "lat", 91),
        ("sog_kn", "sog", 102.3),
        ("cog_deg", "cog", 360),
        ("heading_deg", "head", 511),
    ):
        expected = want[mine].cast(pl.Float64).fill_null(missing).to_numpy()
        np.testing.assert_allclose(got[theirs].to_numpy(), expected, atol=1e-5)
    assert got["kind"].to_list() == want["msg_type"].to_list()
    said = world.statics.drop_nulls("name")
    assert names == set(zip(said["mmsi"], said["name"], strict=True))


def test_sentences_are_those_that_pyais_writes_itself(coast: tuple, tmp_path: Path) -> None:
    world = run(coast, days=1, vessels=12)
    text = gzip.decompress(write_nmea(world, tmp_path, workers=1)[0].read_bytes())
    line = (
        next(
            line
            for line in text.split()
            if line.split(b",")[2] == b"1" and pyais.decode(line.split(b"\\")[2]).msg_type == 18
        )
        .split(b"\\")[2]
        .decode()
    )
    fields = pyais.decode(line).asdict()
    fields.update(speed=fields["speed"] + 1e-6, course=fields["course"] + 1e-6)
    again = encode_dict(fields, talker_id="AI", sentence_type="VDM", radio_channel=line[12])
    assert again == [line]


def test_bad_arguments_are_named(coast: tuple) -> None:
    land, water, wharves, landings = coast
    places = Places(wharves, landings, high_waters(1))
    with pytest.raises(InputError, match="time zone"):
        simulate(land, water, places, t0=T0.replace(tzinfo=None), days=1, vessels=5, seed=1)
    with pytest.raises(InputError, match="high waters"):
        simulate(land, water, places, t0=T0, days=20, vessels=5, seed=1)
    inland = wharves.with_columns(lon=pl.lit(121.40), lat=pl.lit(29.40))
    with pytest.raises(InputError, match="wharf"):
        simulate(
            land, water, Places(inland, landings, high_waters(1)), t0=T0, days=1, vessels=5, seed=1
        )
