"""Where a silent vessel can have been: the table, the tide, the model, and its calibration."""

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ais.reach import (
    CLOSED,
    OPEN,
    REACHED,
    SILENT,
    Choices,
    ReachRule,
    ReachWeights,
    Shore,
    Windows,
    choices,
    fit,
    probabilities,
    reach,
)
from ais.schema import SILENCES, empty
from geo.prism import Passages
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from tests.ais import _gap_mover as mover

T0 = datetime(2026, 11, 2, 4, tzinfo=UTC)
KNOT = 1852 / 3600


def silence(name: str = "a", minutes: float | None = 180.0, **other: object) -> pl.DataFrame:
    """Return a silence off the made island, from its west to its east unless told otherwise."""
    row = {
        "mmsi": 412_000_001,
        "hull": 0,
        "cls": 1,
        "t0": T0,
        "t1": None if minutes is None else T0 + timedelta(minutes=minutes),
        "lon0": 121.94,
        "lat0": 29.0,
        "lon1": None if minutes is None else 122.06,
        "lat1": None if minutes is None else 29.0,
        "plausible_kn": 8.0,
        **other,
    }
    table = pl.DataFrame([{key: row.get(key) for key in SILENCES}], schema=SILENCES)
    return table.with_columns(event_id=pl.lit(name))


@pytest.fixture(scope="module")
def cut() -> gpd.GeoDataFrame:
    island = shapely.box(121.97, 28.98, 122.03, 29.02)
    islet = shapely.box(122.08, 29.06, 122.085, 29.064)
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[island, islet], crs=4326), name="made")
    return segments(shorelines(land)).assign(land=land.geometry.union_all())


@pytest.fixture(scope="module")
def shore(cut: gpd.GeoDataFrame) -> Shore:
    land = gpd.GeoDataFrame(geometry=[cut["land"].iloc[0]], crs=4326).explode(ignore_index=True)
    box = (121.9, 28.9, 122.1, 29.1)
    return Shore.of(Passages.build(land, bounds=box, margin_m=4_000.0), cut)


def test_the_table_says_where_when_and_how_likely(shore: Shore) -> None:
    table = pl.concat([silence(), silence("b", 600.0), silence("c", None)])
    told, found = reach(table, shore)
    assert told.schema == SILENT
    assert found.schema == REACHED
    assert told["event_id"].to_list() == ["a", "b", "c"]
    total = found.group_by("event_id").agg(pl.col("p").sum()).sort("event_id")["p"].to_numpy()
    assert total + told["p_none"].to_numpy() == pytest.approx(1.0)
    assert (found["p"] >= 0).all()
    assert (
        told["segments"].to_list()
        == found["event_id"].value_counts(sort=False).sort("event_id")["count"].to_list()
    )
    closed = found.filter(pl.col("event_id") == "b")
    t1 = T0 + timedelta(minutes=600)
    assert ((closed["earliest"] >= T0) & (closed["latest"] <= t1)).all()
    assert (closed["earliest"] <= closed["latest"]).all()
    # There, and back to the end, at the speed given, is what the times are made of.
    moving_s = (closed["earliest"] - T0 + (t1 - closed["latest"])).dt.total_milliseconds() / 1e3
    way_m = closed["direct_m"] + closed["detour_m"]
    assert (moving_s * 8 * KNOT - way_m).max() < 50.0
    last = found.filter(pl.col("event_id") == "c")
    assert (last["latest"] == T0 + timedelta(hours=12)).all()
    assert last["direct_m"].is_null().all()
    assert told["open"].to_list() == [False, False, True]
    assert told["until"][2] == T0 + timedelta(hours=12)


def test_more_time_reaches_further_and_makes_none_less_likely(shore: Shore) -> None:
    table = pl.concat([silence(f"{k}", minutes) for k, minutes in enumerate((70, 110, 300, 900))])
    told, found = reach(table, shore)
    assert told["segments"].is_sorted()
    assert told["segments"][0] < told["segments"][2]
    assert told["slack_min"].is_sorted()
    assert told["p_none"].is_sorted(descending=True)
    # The near side of the island before the far islet.
    first = found.filter(pl.col("event_id") == "3").sort("p", descending=True)["segment"][0]
    assert np.hypot(shore.places.x[first], shore.places.y[first]) < 5_000.0


def test_order_and_company_of_the_silences_make_no_difference(shore: Shore) -> None:
    table = pl.concat([silence("b", 240.0), silence("a", None), silence("c", 90.0)])
    together = reach(table, shore)
    turned = reach(table.reverse(), shore)
    assert together.segments.equals(turned.segments)
    assert together.silences.equals(turned.silences)
    alone = reach(table[:1], shore)
    assert alone.segments.equals(together.segments.filter(pl.col("event_id") == "b"))


def test_nothing_silent_gives_empty_tables(shore: Shore) -> None:
    none = empty(SILENCES).with_columns(event_id=pl.lit("", pl.String))
    told, found = reach(none, shore)
    assert told.is_empty()
    assert found.is_empty()
    assert (told.schema, found.schema) == (SILENT, REACHED)


def test_a_vessel_faster_than_plausible_is_given_what_it_made(shore: Shore) -> None:
    told, found = reach(silence(minutes=30.0), shore)
    made = told["direct_m"][0] / 1800 / KNOT
    assert told["speed_kn"][0] == pytest.approx(ReachRule().faster * made)
    assert told["speed_kn"][0] > 12.0
    assert told["p_none"][0] > 0.3
    assert (found["detour_m"] < 2_000.0).all()
    unknown, _ = reach(silence(minutes=300.0, plausible_kn=None), shore)
    assert unknown["speed_kn"][0] == pytest.approx(ReachRule().speed_kn)


def test_a_vessel_that_no_water_leads_from_was_at_none(cut: gpd.GeoDataFrame) -> None:
    basin = shapely.box(121.95, 28.95, 122.05, 29.05) - shapely.box(121.99, 28.99, 122.01, 29.01)
    land, _ = repair_land(gpd.GeoDataFrame(geometry=[basin], crs=4326), name="made")
    water = Passages.build(land, bounds=(121.9, 28.9, 122.1, 29.1), margin_m=2_000.0)
    closed_in = Shore.of(water, segments(shorelines(land)))
    told, found = reach(silence(lon0=122.0, minutes=600.0), closed_in)
    assert found.is_empty()
    assert told["p_none"].to_list() == [1.0]
    assert told["direct_m"].to_list() == [None]


def test_what_lies_ahead_is_likelier_after_the_last_position(shore: Shore) -> None:
    ahead = reach(silence(minutes=None, sog0_kn=6.0, cog0_deg=90.0), shore).segments
    astern = reach(silence(minutes=None, sog0_kn=6.0, cog0_deg=270.0), shore).segments
    assert ahead["p"].sum() > astern["p"].sum()
    still = reach(silence(minutes=None, sog0_kn=0.2, cog0_deg=90.0), shore).segments
    unknown = reach(silence(minutes=None), shore).segments
    assert still.equals(unknown)


spans = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 900), st.integers(1, 80)), max_size=30)


@given(spans=spans, t0=st.integers(-50, 1000), long=st.integers(0, 900))
def test_landable_minutes_are_those_between_the_times(
    spans: list[tuple[int, int, int]], t0: int, long: int
) -> None:
    minute = np.zeros((6, 2_000), dtype=bool)
    for segment, begun, lasting in spans:
        minute[segment, begun + 50 : begun + lasting + 50] = True
    rows = []
    for segment in range(6):
        edge = np.flatnonzero(np.diff(np.r_[False, minute[segment], False]))
        rows += [(segment, a - 50, b - 50) for a, b in edge.reshape(-1, 2)]
    base = int(T0.timestamp() * 1000)
    table = pl.DataFrame(rows, schema=dict.fromkeys("sab", pl.Int64), orient="row").select(
        pl.col("s").cast(pl.UInt32).alias("segment"),
        *(
            (base + pl.col(old) * 60_000).cast(pl.Datetime("ms", "UTC")).alias(new)
            for old, new in (("a", "t_from"), ("b", "t_to"))
        ),
    )
    known = np.array([True, True, True, True, True, False])
    found = Windows.of(table, known).minutes(
        np.arange(6), np.full(6, base + t0 * 60_000), np.full(6, base + (t0 + long) * 60_000)
    )
    truth = minute[:, t0 + 50 : t0 + long + 50].sum(axis=1).astype(float)
    assert found[:5] == pytest.approx(truth[:5])
    assert np.isnan(found[5])


def test_the_tide_moves_the_likelihood_to_where_a_boat_can_land(
    shore: Shore, cut: gpd.GeoDataFrame
) -> None:
    north = (cut["lat"] > 29.0).to_numpy()
    table = pl.DataFrame(
        {
            "segment": np.flatnonzero(north).astype(np.uint32),
            "t_from": [T0] * int(north.sum()),
            "t_to": [T0 + timedelta(hours=20)] * int(north.sum()),
        }
    ).with_columns(pl.col("t_from", "t_to").cast(pl.Datetime("ms", "UTC")))
    dry = reach(silence(minutes=400.0), shore)
    wet = reach(
        silence(minutes=400.0), shore, windows=Windows.of(table, np.ones(len(cut), dtype=bool))
    )
    share = [
        one.segments.filter(pl.col("segment").is_in(np.flatnonzero(north).tolist()))["p"].sum()
        / one.segments["p"].sum()
        for one in (dry, wet)
    ]
    assert share[1] > share[0]
    assert dry.segments["landable_min"].is_null().all()
    within = wet.segments["latest"] - wet.segments["earliest"]
    landed = wet.segments["segment"].is_in(np.flatnonzero(north).tolist())
    minutes = wet.segments["landable_min"]
    assert (minutes.filter(~landed) == 0).all()
    truth = within.filter(landed).dt.total_milliseconds() / 60_000
    assert minutes.filter(landed).to_numpy() == pytest.approx(truth.to_numpy())
    nobody = reach(
        silence(minutes=400.0), shore, windows=Windows.of(table[:0], np.zeros(len(cut), bool))
    )
    assert nobody.segments["landable_min"].is_null().all()


def made_choices(seed: int, count: int = 1_500) -> Choices:
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 12, count)
    start = np.concatenate([[0], np.cumsum(size)])
    segment = np.arange(start[-1]) - np.repeat(start[:-1], size)
    about = rng.normal(0.0, 1.0, (start[-1], 7))
    return Choices(start, segment, about, rng.normal(0.0, 1.0, count))


def test_fit_finds_the_weights_that_made_the_cases() -> None:
    truth = ReachWeights(-0.5, 0.6, 0.7, -1.0, -0.5, 1.0, 0.3, -0.4, 0.8, 0.2)
    of = made_choices(3)
    p, p_none = probabilities(of, truth)
    rng = np.random.default_rng(4)
    touched = np.full(len(p_none), -1)
    for k in range(len(touched)):
        own = p[of.start[k] : of.start[k + 1]]
        picked = rng.choice(len(own) + 1, p=np.r_[own, 1.0 - own.sum()])
        touched[k] = picked if picked < len(own) else -1
    found = fit(of, touched, CLOSED, ridge=0.0)
    assert np.array(list(vars(found).values())) == pytest.approx(
        np.array(list(vars(truth).values())), abs=0.3
    )


def test_a_silence_whose_segment_is_no_choice_and_one_without_choices_count_for_nothing() -> None:
    of = made_choices(3, 200)
    touched = np.where(np.arange(200) % 2 == 0, of.segment[of.start[:-1]], -1)
    plain = fit(of, touched, CLOSED)
    more = Choices(
        np.concatenate([of.start, [of.start[-1], of.start[-1] + 1]]),
        np.append(of.segment, 0),
        np.vstack([of.about, np.zeros(7)]),
        np.append(of.log_spare, [0.0, 0.0]),
    )
    again = fit(more, np.append(touched, [-1, 99]), CLOSED)
    assert list(vars(again).values()) == pytest.approx(list(vars(plain).values()), abs=1e-3)


@pytest.fixture(scope="module")
def simulated(full: bool) -> tuple[pl.DataFrame, np.ndarray, Shore, Windows]:
    world = mover.World.build()
    # Neither seed nor boats are those that the weights were fitted on.
    table, touched, _ = mover.gaps(world, seed=20_261, boats=300 if full else 80)
    water = Passages.build(world.land, bounds=mover.BOX, margin_m=3_000.0)
    windows = Windows.of(world.windows(), np.ones(len(world.cut), dtype=bool))
    return table, touched, Shore.of(water, world.cut), windows


def test_of_segments_given_a_probability_that_share_was_touched(
    simulated: tuple[pl.DataFrame, np.ndarray, Shore, Windows], full: bool
) -> None:
    table, touched, shore, windows = simulated
    told, found = reach(table, shore, windows=windows)
    ids = told["event_id"].to_list()
    assert ids == table["event_id"].to_list()
    row = found["event_id"].replace_strict(ids, np.arange(len(ids)), return_dtype=pl.Int64)
    p, hit = found["p"].to_numpy(), found["segment"].to_numpy() == touched[row.to_numpy()]
    for low, high in ((0.0, 0.01), (0.01, 0.05), (0.05, 0.12), (0.12, 0.3), (0.3, 0.6), (0.6, 1)):
        bin_ = (p >= low) & (p < high)
        said, seen = p[bin_].mean(), hit[bin_].mean()
        chance = 3.0 * np.sqrt(said * (1.0 - said) / bin_.sum())
        assert abs(seen - said) <= 0.25 * said + chance, (low, high, said, seen, bin_.sum())
    p_none = told["p_none"].to_numpy()
    assert p_none.mean() == pytest.approx((touched < 0).mean(), abs=0.06 if full else 0.1)

    # Log score: the probability that was given to what happened.
    given_ = np.where(touched < 0, p_none, 1e-6)
    np.add.at(given_, row.to_numpy()[hit], p[hit])
    count = told["segments"].to_numpy()
    rate = (touched >= 0).mean()
    uniform = np.where(touched < 0, 1.0 - rate, rate / np.maximum(count, 1))
    for own in (told["open"].to_numpy(), ~told["open"].to_numpy()):
        assert np.log(given_[own]).mean() > np.log(uniform[own]).mean() + 0.1


def test_what_was_touched_lay_in_reach(
    simulated: tuple[pl.DataFrame, np.ndarray, Shore, Windows],
) -> None:
    table, touched, shore, windows = simulated
    of = choices(table, shore, windows=windows)
    inside = [
        touched[k] in of.segment[of.start[k] : of.start[k + 1]]
        for k in np.flatnonzero(touched >= 0)
    ]
    assert np.mean(inside) >= 0.99


def test_fitting_again_on_other_boats_gives_much_the_same_probabilities(
    simulated: tuple[pl.DataFrame, np.ndarray, Shore, Windows],
) -> None:
    table, touched, shore, windows = simulated
    closed = table["t1"].is_not_null()
    of = choices(table.filter(closed), shore, windows=windows)
    again = fit(of, touched[closed.to_numpy()], CLOSED)
    ours, none = probabilities(of, CLOSED)
    theirs, none_again = probabilities(of, again)
    assert np.corrcoef(none, none_again)[0, 1] > 0.8
    assert np.corrcoef(ours, theirs)[0, 1] > 0.9


def test_the_shipped_weights_have_the_signs_that_they_should() -> None:
    for one in (CLOSED, OPEN):
        assert one.near_end + one.at_end > 0
        assert one.landable >= 0
        assert one.choice > 0
        assert one.detour_share + one.detour < 0
