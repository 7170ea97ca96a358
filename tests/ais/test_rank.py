"""Ranks: stated factors that add up, ordinary life that goes down, and what decisions teach."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ais import life
from ais._rank_weights import LIMITS, margin
from ais.rank import BASE, FACTORS, PARTS, RANKS, Model, RankRule, TooLittle, learn, parts, rank
from ais.schema import EVENTS, KINDS, empty

T0 = datetime(2026, 3, 10, 15, tzinfo=UTC)
LON, LAT = 122.0, 29.0
A, B, C = 412000001, 412000002, 412000003
WEIGHT = {f.name: f.weight for f in FACTORS}


def happened(*rows: dict) -> pl.DataFrame:
    made = []
    for k, row in enumerate(rows):
        own = {
            "event_id": f"e{k:03}", "kind": "loitering", "mmsi": A, "t0": T0, "lon": LON,
            "lat": LAT, "version": 1, "algorithm": "test", "evidence": {"n_positions": 100},
        } | row  # fmt: skip
        own.setdefault("t1", own["t0"] + timedelta(hours=2))
        own["evidence"] = json.dumps(own["evidence"])
        made.append(dict.fromkeys(EVENTS) | own)
    return pl.DataFrame(made, schema=EVENTS)


def known(*rows: tuple) -> pl.DataFrame:
    """Return profiles of (mmsi, pattern, ship type, length), well known over ten days."""
    made = [
        {
            "mmsi": m, "pattern": p, "confidence": 0.9, "why": "", "ship_type": ship,
            "length_m": length, "days": 10, "end_lon": None, "end_lat": None,
        }
        for m, p, ship, length in rows
    ]  # fmt: skip
    return pl.DataFrame(made, schema=life.PROFILES)


UNKNOWN = known((A, "unknown", None, None), (B, "unknown", None, None))


def stays(mmsi: int, days: int, lon: float = LON, lat: float = LAT) -> pl.DataFrame:
    """Return haunts of an hour in one cell on each of some days before."""
    frame = pl.DataFrame(
        {"mmsi": [mmsi] * days, "date": [date(2026, 3, 1 + d) for d in range(days)]}
    )
    return (
        frame.with_columns(lon=pl.lit(lon), lat=pl.lit(lat), minutes=pl.lit(60.0))
        .with_columns(*life.cell(pl.col("lon"), pl.col("lat")))
        .select(life.HAUNTS.names())
        .cast(life.HAUNTS)
    )


def of(ranks: pl.DataFrame, event_id: str = "e000") -> dict[str, float]:
    table = parts(ranks).filter(pl.col("event_id") == event_id)
    return dict(table.select("factor", "effect").iter_rows())


def one(events: pl.DataFrame, profiles: pl.DataFrame = UNKNOWN, **more) -> tuple[float, dict]:
    ranks = rank(events, profiles, **more)
    return ranks["rank"][0], of(ranks)


def context(**columns) -> pl.DataFrame:
    return pl.DataFrame({"event_id": ["e000"]} | {c: [v] for c, v in columns.items()})


# --- what adds up ------------------------------------------------------------------------------


def test_the_parts_add_up_to_the_rank() -> None:
    events = happened(
        {"evidence": {"duration_min": 180, "least_min": 60, "n_positions": 4}},
        {
            "kind": "gap",
            "evidence": {"reception_through": 0.97, "duration_min": 90, "least_min": 30},
        },
        {"kind": "rendezvous", "other_mmsi": B, "evidence": {"company_before": 1}},
        {"kind": "dark_target", "mmsi": None, "evidence": {"cautions": ["poor_reception"]}},
    )
    ranks = rank(events, UNKNOWN, haunts=stays(A, 3), watched=[B])
    assert ranks.schema == RANKS
    table = parts(ranks)
    assert table.schema == PARTS
    odds = table.group_by("event_id").agg(pl.col("effect").sum()).sort("event_id")["effect"]
    assert (1 / (1 + np.exp(-odds.to_numpy()))) == pytest.approx(ranks["rank"].to_numpy())
    weighed = table.filter(pl.col("factor").is_in(list(WEIGHT)))
    expected = weighed["value"] * weighed["factor"].replace_strict(WEIGHT)
    assert weighed["effect"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-4)
    assert of(ranks)["kind"] == BASE["loitering"]


def test_every_kind_has_a_base_and_every_limit_a_kind() -> None:
    assert set(BASE) == set(KINDS)
    assert set(LIMITS) <= set(KINDS)
    assert [f.name for f in FACTORS] == list(dict.fromkeys(f.name for f in FACTORS))


def test_stops_and_visits_rank_below_all_else() -> None:
    events = happened(*({"kind": k} for k in KINDS))
    ranks = rank(events, UNKNOWN)["rank"].to_list()
    assert max(ranks[:2]) < 0.05 < min(ranks[2:])
    assert ranks[KINDS.index("chain")] == max(ranks)


@pytest.mark.parametrize(
    ("kind", "evidence", "value"),
    [
        ("loitering", {"duration_min": 60, "least_min": 60}, 0.0),
        ("loitering", {"duration_min": 120, "least_min": 60}, 0.5),
        ("loitering", {"duration_min": 900, "least_min": 60}, 1.0),
        ("loitering", {"duration_min": 30, "least_min": 60}, 0.0),
        ("loitering", {"duration_min": None, "least_min": 60}, None),
        ("loitering", {"duration_min": "x", "least_min": 60}, None),
        ("loitering", {}, None),
        ("shore_approach", {"min_shore_m": 20, "band_m": 200}, 1.0),
        ("shore_approach", {"min_shore_m": 0, "band_m": 200}, 1.0),
        ("shore_approach", {"min_shore_m": 20, "band_m": 200, "slow_min": 3}, 0.5),
        ("identity", {"duration_min": 60, "least_min": 10}, None),
    ],
)
def test_margin_is_how_far_past_the_thresholds(kind, evidence, value) -> None:
    assert margin(kind, evidence) == (None if value is None else pytest.approx(value))


@pytest.mark.parametrize("text", [None, "", "[]", "3", "{", '{"duration_min": {}}'])
def test_evidence_that_cannot_be_read_counts_neither_way(text: str | None) -> None:
    events = happened({}).with_columns(pl.lit(text, pl.String).alias("evidence"))
    assert set(one(events)[1]) <= {"kind", "rare_kind", "rare_own"}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    events = happened(
        *({"mmsi": A + k % 3, "kind": KINDS[k % len(KINDS)], "lon": LON + k * 0.01,
           "t0": T0 - timedelta(days=k % 5)} for k in range(40))
    )  # fmt: skip
    profiles = known((A, "netting", 30, 12.0), (B, "cargo", 70, 120.0), (C, "unknown", None, None))
    haunts = pl.concat([stays(A, 5), stays(B, 2)])
    dark = pl.DataFrame({"event_id": events["event_id"], "dark": np.linspace(0, 1, 40)})
    shuffled = (f.sample(fraction=1.0, shuffle=True, seed=seed) for f in (events, profiles, haunts))
    first = rank(events, profiles, haunts=haunts, context=dark, watched=[A, B])
    e, p, h = shuffled
    assert first.equals(rank(e, p, haunts=h, context=dark.reverse(), watched=[B, A]))


def test_nothing_ranks_to_nothing() -> None:
    assert rank(empty(EVENTS), empty(life.PROFILES)).schema == RANKS
    assert parts(rank(empty(EVENTS), UNKNOWN)).schema == PARTS
    assert rank(happened({}), empty(life.PROFILES)).height == 1


def test_a_sensors_vessel_without_number_has_no_habits() -> None:
    events = happened({"mmsi": None, "kind": "loitering"}, {"mmsi": None}, {"mmsi": None})
    assert not {"rare_kind", "rare_own", "strange_place"} & set(one(events, haunts=stays(A, 5))[1])


# --- each factor -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "factor", "sign"),
    [
        ({"dark": 1.0}, "dark", 1),
        ({"dark": True}, "dark", 1),
        ({"shore_m": 500.0}, "near_shore", 1),
        ({"landing_m": 100.0}, "landing_place", 1),
        ({"berth_m": -20.0}, "near_berth", -1),
        ({"on_watchlist": True}, "watched", 1),
    ],
)
def test_context_counts_where_it_is_known(columns: dict, factor: str, sign: int) -> None:
    base, none = one(happened({}))
    given_, found = one(happened({}), context=context(**columns))
    assert factor not in none
    assert np.sign(found[factor]) == sign == np.sign(given_ - base)
    unknown = context(**dict.fromkeys(columns)).cast(
        {next(iter(columns)): pl.Float64}, strict=False
    )
    assert one(happened({}), context=unknown)[0] == base


def test_near_the_shore_is_no_news_of_what_comes_ashore() -> None:
    near = context(shore_m=50.0)
    assert "near_shore" in one(happened({"kind": "rendezvous"}), context=near)[1]
    assert "near_shore" not in one(happened({"kind": "shore_approach"}), context=near)[1]


def test_the_other_party_on_the_watch_list_counts_too() -> None:
    met = happened({"kind": "rendezvous", "other_mmsi": B})
    assert one(met, watched=[B])[1]["watched"] == WEIGHT["watched"]
    assert "watched" not in one(met, watched=[C])[1]


def test_parts_of_a_chain_rise() -> None:
    chain = {"kind": "chain", "evidence": {"parts": [{"event_id": "e000"}, {"event_id": "x"}]}}
    found = one(happened({}, chain))
    assert found[1]["in_chain"] == WEIGHT["in_chain"]
    assert found[0] > one(happened({}))[0]


def test_a_weak_chain_and_its_parts_rise_less() -> None:
    def ranked(score: float) -> pl.DataFrame:
        part = [{"event_id": "e000"}, "x", {}]
        return rank(
            happened({}, {"kind": "chain", "evidence": {"parts": part, "score": score}}), UNKNOWN
        )

    weak, strong = ranked(0.2)["rank"], ranked(0.9)["rank"]
    assert (weak < strong).all()


def test_a_gap_in_a_berth_is_near_one() -> None:
    gap = happened({"kind": "gap", "evidence": {"in_berth": True}})
    assert one(gap)[1]["near_berth"] == WEIGHT["near_berth"]


@pytest.mark.parametrize(
    ("evidence", "value"),
    [
        ({"speed_before_kn": 0.1, "distance_m": 0.0}, 1.0),
        ({"speed_before_kn": 0.0, "distance_m": None}, 0.5),
        ({"speed_before_kn": 9.0, "distance_m": 500.0}, 0.5),
        ({"speed_before_kn": 9.0, "distance_m": 18_000.0}, None),
        ({}, None),
    ],
)
def test_who_lay_where_it_fell_silent_falls(evidence: dict, value: float | None) -> None:
    found = one(happened({"kind": "gap", "evidence": evidence}))[1].get("lay_silent")
    assert found == (None if value is None else pytest.approx(value * WEIGHT["lay_silent"]))


def test_what_a_pattern_seldom_does_rises_and_what_it_does_daily_falls() -> None:
    many = [(A + k, "netting", 30, 12.0) for k in range(20)]
    cargo = [(A + 100 + k, "cargo", 70, 120.0) for k in range(20)]
    daily = [
        {"mmsi": A + k, "t0": T0 - timedelta(days=d), "event_id": f"d{k:02}{d}"}
        for k in range(20) for d in range(10)
    ]  # fmt: skip
    events = happened({}, {"mmsi": A + 100}, *daily)
    ranks = rank(events, known(*many, *cargo))
    assert of(ranks)["rare_kind"] == pytest.approx(-0.76, abs=0.1)
    assert of(ranks, "e001")["rare_kind"] > 0.2


def test_a_vessel_does_not_make_itself_ordinary() -> None:
    profiles = known(*((A + k, "unknown", None, None) for k in range(30)))
    again = [{"event_id": f"d{d}", "t0": T0 - timedelta(days=d)} for d in range(9)]
    alone = one(happened({}), profiles)[1]["rare_kind"]
    assert one(happened({}, *again), profiles)[1]["rare_kind"] == pytest.approx(alone, abs=0.02)


def test_what_this_vessel_does_every_day_falls() -> None:
    again = [{"event_id": f"d{d}", "t0": T0 - timedelta(days=d)} for d in range(1, 9)]
    assert one(happened({}))[1]["rare_own"] > 0.4
    assert one(happened({}, *again))[1]["rare_own"] < -0.4
    new = UNKNOWN.with_columns(days=pl.lit(2, pl.UInt32))
    assert "rare_own" not in one(happened({}), new)[1]


def test_a_place_that_it_comes_to_is_not_strange() -> None:
    far = stays(A, 8, lon=LON + 1)
    assert one(happened({}), haunts=far)[1]["strange_place"] > 0.4
    assert one(happened({}), haunts=stays(A, 8))[1]["strange_place"] < -0.4
    assert one(happened({}), haunts=stays(A, 8, lon=LON + life.CELL_DEG))[1]["strange_place"] < -0.4
    assert "strange_place" not in one(happened({}))[1]


def test_the_day_of_the_event_itself_makes_no_haunt() -> None:
    own = stays(A, 1).with_columns(date=pl.lit(date(2026, 3, 10)))
    far = stays(A, 1, lon=LON + 1)
    at = one(happened({}), haunts=pl.concat([own, far]))[1]
    assert at["strange_place"] == one(happened({}), haunts=far)[1]["strange_place"]


def test_haunts_reach_over_the_antimeridian() -> None:
    events = happened({"lon": -179.995})
    assert one(events, haunts=stays(A, 8, lon=179.995))[1]["strange_place"] < -0.4


# --- ordinary life -----------------------------------------------------------------------------

NETS = known((A, "netting", 30, 12.0), (B, "netting", 30, 12.0), (C, "unknown", None, None))


def test_a_netter_on_its_ground_falls_and_elsewhere_does_not() -> None:
    home = one(happened({}), NETS, haunts=stays(A, 8))
    away = one(happened({}), NETS, haunts=stays(A, 8, lon=LON + 1))
    stranger = one(happened({"mmsi": C}), NETS, haunts=stays(C, 8))
    assert home[1]["own_ground"] == pytest.approx(-2.25)
    assert "own_ground" not in away[1]
    assert "own_ground" not in stranger[1]
    assert home[0] < 0.1 < away[0]


def test_the_ground_of_several_others_is_a_ground_too() -> None:
    fleet = known(*((A + k, "netting", 30, 12.0) for k in range(8)))
    others = pl.concat([stays(A + k, 1) for k in range(1, 8)])
    assert one(happened({}), fleet, haunts=others)[1]["own_ground"] < -1.8
    cargo = fleet.with_columns(pattern=pl.lit("cargo"))
    assert "own_ground" not in one(happened({}), cargo, haunts=others)[1]


def test_a_ferry_at_its_pier_falls() -> None:
    ends = {"end_lon": [LON, LON + 0.1], "end_lat": [LAT, LAT]}
    ferry = known((A, "ferry", 60, 40.0)).with_columns(
        **{c: pl.Series([v], dtype=pl.List(pl.Float64)) for c, v in ends.items()}
    )
    assert one(happened({}), ferry)[1]["ferry_line"] == pytest.approx(-2.7)
    assert one(happened({"lon": LON + 0.1}), ferry)[1]["ferry_line"] == pytest.approx(-2.7)
    assert "ferry_line" not in one(happened({"lon": LON + 0.05}), ferry)[1]
    assert "ferry_line" not in one(happened({}), ferry.with_columns(pattern=pl.lit("cargo")))[1]


def test_pairs_of_trawlers_fall_and_more_so_in_company() -> None:
    pair = NETS.with_columns(pattern=pl.when(pl.col("mmsi") != C).then(pl.lit("trawling")))
    both = {"came_together": True, "left_together": True}
    met = {"kind": "rendezvous", "other_mmsi": B}
    close, loose = (one(happened(met | {"evidence": e}), pair)[1] for e in (both, {}))
    assert close["pair_trawling"] == pytest.approx(-2.25)
    assert -1.0 < loose["pair_trawling"] < 0
    stranger = one(happened(met | {"other_mmsi": C, "evidence": both}), pair)[1]
    assert "pair_trawling" not in stranger
    assert stranger["in_company"] == WEIGHT["in_company"]


@pytest.mark.parametrize(
    ("pattern", "kind", "factor"),
    [
        ("pilot", "rendezvous", "pilotage"),
        ("pilot", "dash", "pilotage"),
        ("working", "rendezvous", "towing"),
        ("working", "loitering", "at_work"),
        ("government", "loitering", "on_duty"),
        ("government", "rendezvous", "on_duty"),
        ("passenger", "dash", "own_trade"),
        ("pleasure", "shore_approach", "at_leisure"),
        ("cargo", "drift", "waiting"),
    ],
)
def test_ordinary_work_falls(pattern: str, kind: str, factor: str) -> None:
    event = happened({"kind": kind, "other_mmsi": B if kind == "rendezvous" else None})
    profiles = known((A, pattern, 70, 120.0), (B, "unknown", None, None))
    assert one(event, profiles)[1][factor] < -0.3
    if kind == "rendezvous":
        other = known((B, pattern, 70, 120.0), (A, "unknown", None, None))
        assert one(event, other)[1][factor] < -0.3


def test_nobody_is_excused_for_a_false_name() -> None:
    for kind in ("identity", "spoofing", "gap"):
        profiles = known((A, "government", 55, 30.0))
        assert "on_duty" not in one(happened({"kind": kind}), profiles)[1]


def test_ships_bunker_and_boats_do_not() -> None:
    met = happened({"kind": "rendezvous", "other_mmsi": B})
    ships = known((A, "cargo", 80, 60.0), (B, "cargo", 70, 150.0))
    boats = known((A, "cargo", 80, 60.0), (B, "unknown", None, 12.0))
    assert "bunkering" in one(met, ships)[1]
    assert "bunkering" not in one(met, boats)[1]


def test_who_does_not_act_as_it_says_rises() -> None:
    liar = UNKNOWN.with_columns(why=pl.lit("says_fishing never_fishes"))
    assert one(happened({}), liar)[1]["not_as_said"] == pytest.approx(0.72)


def test_a_device_that_repeats_itself_is_likely_broken() -> None:
    stale = happened({"kind": "speed_anomaly", "evidence": {"told_unchanged": True}})
    assert one(stale)[1]["stale_device"] == WEIGHT["stale_device"]


# --- learning ----------------------------------------------------------------------------------


def reviewed(n: int, weight: dict[str, float], seed: int = 1, sharp: float = 3.0):
    """Return events, their context and decisions of a reviewer with other weights."""
    rng = np.random.default_rng(seed)
    kinds = ["loitering", "rendezvous", "shore_approach"]
    events = happened(
        *({"event_id": f"r{k:04}", "mmsi": A + k % 40, "kind": kinds[k % 3],
           "t0": T0 - timedelta(days=k % 9),
           "evidence": {"duration_min": float(60 * 4 ** rng.random()), "least_min": 60,
                        "n_positions": 100}} for k in range(n))
    )  # fmt: skip
    about = pl.DataFrame(
        {
            "event_id": events["event_id"],
            "dark": rng.random(n),
            "landing_m": rng.random(n) * 4000,
            "berth_m": rng.random(n) * 2000,
        }
    )
    profiles = known(*((A + k, "unknown", None, None) for k in range(40)))
    use = RankRule(weights=WEIGHT | weight)
    value = rank(events, profiles, context=about, rule=use)
    odds = parts(value).group_by("event_id").agg(pl.col("effect").sum()).sort("event_id")["effect"]
    odds = sharp * (odds.to_numpy() - np.median(odds.to_numpy() if n else np.zeros(1)))
    yes = rng.random(n) < 1 / (1 + np.exp(-odds))
    decisions = pl.DataFrame(
        {
            "event_id": value["event_id"],
            "decision": ["confirm" if y else "dismiss" for y in yes],
        }
    )
    return events, profiles, about, decisions


def taught(n: int, weight: dict[str, float], **more) -> Model | TooLittle:
    events, profiles, about, decisions = reviewed(n, weight, **more)
    return learn(decisions, events, profiles, context=about)


def test_too_few_decisions_teach_nothing_and_say_so() -> None:
    for n in (0, 5, 29):
        found = taught(n, {})
        assert isinstance(found, TooLittle)
        assert not found.used
        assert str(n) in found.said("zh")
        assert "30" in found.said("en")
    events, profiles, about, decisions = reviewed(60, {})
    same = decisions.with_columns(decision=pl.lit("confirm"))
    assert isinstance(learn(same, events, profiles, context=about), TooLittle)
    one_vessel = events.with_columns(mmsi=pl.lit(A, pl.UInt32))
    assert isinstance(learn(decisions, one_vessel, profiles, context=about), TooLittle)


def test_it_learns_what_reviewers_look_at() -> None:
    model = taught(400, {"dark": 4.0, "landing_place": 0.0})
    assert isinstance(model, Model)
    assert model.used
    assert model.log_loss < model.log_loss_rules
    assert model.auc > model.auc_rules
    assert model.weights["dark"] > 2 * WEIGHT["dark"]
    assert model.weights["landing_place"] < model.weights["dark"] / 4
    assert "darkness" in model.said("en").split("Counts more")[1]
    assert "天黑" in model.said("zh").split("更看重")[1]


def test_with_little_data_it_stays_near_the_rules() -> None:
    few, many = (taught(n, {"dark": 4.0}) for n in (40, 600))
    assert abs(few.weights["dark"] - WEIGHT["dark"]) < abs(many.weights["dark"] - WEIGHT["dark"])
    for name, weight in WEIGHT.items():
        if name not in ("dark", "landing_place", "near_berth", "margin", "rare_own", "rare_kind"):
            assert few.weights[name] == pytest.approx(weight, abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_coin_tosses_are_not_used(seed: int) -> None:
    events, profiles, about, decisions = reviewed(150, {}, seed=seed)
    toss = np.random.default_rng(seed).random(150) < 0.5
    random = decisions.with_columns(
        decision=pl.Series(np.where(toss, "confirm", "dismiss")).cast(pl.String)
    )
    model = learn(random, events, profiles, context=about)
    assert isinstance(model, Model)
    assert not model.used
    plain = rank(events, profiles, context=about)
    assert rank(events, profiles, context=about, model=model).equals(plain)


def test_no_sign_turns() -> None:
    model = taught(500, {"dark": -4.0, "near_berth": 4.0})
    assert model.weights["dark"] == 0.0
    assert model.weights["near_berth"] == 0.0
    for f in FACTORS:
        assert model.weights[f.name] * f.weight >= 0


def test_a_used_model_ranks_and_its_parts_add_up() -> None:
    events, profiles, about, decisions = reviewed(400, {"dark": 4.0})
    model = learn(decisions, events, profiles, context=about)
    ranks = rank(events, profiles, context=about, model=model)
    sums = parts(ranks).group_by("event_id").agg(pl.col("effect").sum()).sort("event_id")["effect"]
    assert 1 / (1 + np.exp(-sums.to_numpy())) == pytest.approx(ranks["rank"].to_numpy())
    assert of(ranks, "r0000")["decisions"] == model.common
    yes = (decisions["decision"] == "confirm").to_numpy()
    assert ranks["rank"].mean() == pytest.approx(yes.mean(), abs=0.03)


def test_a_model_is_text_the_same_each_time() -> None:
    model = taught(120, {"dark": 4.0})
    told = json.loads(model.to_json())
    assert told["weights"] == pytest.approx(model.weights)
    assert told["used"] is model.used
    assert model.to_json() == taught(120, {"dark": 4.0}).to_json()


def test_the_order_of_decisions_changes_nothing_and_undecided_ones_do_not_count() -> None:
    events, profiles, about, decisions = reviewed(90, {"dark": 4.0})
    model = learn(decisions, events, profiles, context=about)
    more = pl.DataFrame({"event_id": ["r0000", "gone"], "decision": ["watch", "confirm"]})
    mixed = pl.concat([more, decisions.sample(fraction=1.0, shuffle=True, seed=3)])
    assert learn(mixed, events.reverse(), profiles, context=about) == model


def test_the_last_decision_counts_and_contradictions_without_a_time_do_not() -> None:
    events, profiles, about, decisions = reviewed(90, {"dark": 4.0})
    model = learn(decisions, events, profiles, context=about)
    turned = decisions.with_columns(
        decision=pl.when(pl.col("decision") == "confirm")
        .then(pl.lit("dismiss"))
        .otherwise(pl.lit("confirm")),
        t=pl.lit(1),
    )
    late = pl.concat([decisions.with_columns(t=pl.lit(2)), turned])
    assert learn(late, events, profiles, context=about) == model
    both = pl.concat([decisions, turned.drop("t")])
    assert isinstance(learn(both, events, profiles, context=about), TooLittle)


def test_a_chain_whose_meeting_nobody_saw_ranks_below_one_that_was_seen() -> None:
    def chain(meeting: str) -> float:
        evidence = {"meeting": meeting, "score": 0.1, "parts": []}
        return one(happened({"kind": "chain", "evidence": evidence}))[0]

    assert chain("loitering_together") < chain("rendezvous") - 0.05
