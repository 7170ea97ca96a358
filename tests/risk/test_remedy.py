from dataclasses import replace
from datetime import timedelta
from functools import partial

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from risk.indicators import Evaluated, evaluate
from risk.remedy import EFFECTS, Measures, apply, candidates, choose, effects, in_words
from risk.score import score
from tests.risk._remedy_county import KINDS, NOW, SHIFTS, WEIGHTS, county

INPUTS, SHORE = county()
MEASURES = candidates(INPUTS, as_of=NOW, kinds=KINDS, near=SHORE)
HOURS = np.array([s.hours for s in SHIFTS])
KM = INPUTS.segments["length_m"].to_numpy() / 1000.0
KNOWN = {"as_of": NOW, "weights": WEIGHTS}


def scored(inputs):
    return score(evaluate(inputs, SHIFTS, **KNOWN), WEIGHTS)


def risk(inputs):
    return float((scored(inputs).score * KM[:, None] * HOURS).sum())


@pytest.fixture(scope="module")
def found():
    return effects(INPUTS, SHIFTS, MEASURES, **KNOWN)


def test_every_measure_is_what_a_whole_evaluation_says(found):
    assert set(MEASURES.table["what"]) == {"mend", "inspect", "add", "patrol"}
    assert len(found) == len(MEASURES)
    assert found.schema == EFFECTS
    before = risk(INPUTS)
    whole = {
        m: before - risk(apply(INPUTS, MEASURES.only([m]), as_of=NOW)) for m in found["measure"]
    }
    assert found["drop"].to_list() == pytest.approx(list(whole.values()), abs=1e-7)
    assert (found["drop"] >= 0).all()
    assert (found["drop"].head(5) > 1).all()
    assert found["drop"].is_sorted(descending=True)
    assert found["share"].to_list() == pytest.approx([d / before for d in whole.values()])


def test_a_measure_changes_the_tables_as_one_would_by_hand():
    broken = INPUTS.facilities.filter(pl.col("status") == "broken")["facility_id"][0]
    measure = MEASURES.only([f"mend:{broken}"])
    by_hand = INPUTS.facilities.with_columns(
        status=pl.when(pl.col("facility_id") == broken).then(pl.lit("working")).otherwise("status")
    )
    assert apply(INPUTS, measure, as_of=NOW).facilities.equals(by_hand)
    late = MEASURES.table.filter(pl.col("what") == "inspect")["targets"][0][0]
    seen = apply(INPUTS, MEASURES.only([f"inspect:{late}"]), as_of=NOW).inspections
    assert seen.filter(pl.col("t") == NOW)["place_id"].to_list() == [late]
    walk = MEASURES.table.filter(pl.col("what") == "patrol").row(0, named=True)
    effort = apply(INPUTS, MEASURES.only([walk["measure"]]), as_of=NOW).effort
    walked = effort.filter(pl.col("shift_start") == NOW)
    assert walked["segment_id"].to_list() == walk["targets"]
    assert walked["km"].to_list() == pytest.approx(KM[: len(walked)])
    lamp = MEASURES.only(["add:camera:p0"])
    new = apply(INPUTS, lamp, as_of=NOW)
    assert new.facilities.row(-1, named=True)["range_m"] == KINDS["camera"]
    assert len(new.facility_pairs) == len(INPUTS.facility_pairs) + len(lamp.reach)


def test_the_fall_lies_in_its_interval_whatever_the_missing_turn_out_to_be(found):
    assert (found["drop_lo"] <= found["drop"] + 1e-9).all()
    assert (found["drop"] <= found["drop_hi"] + 1e-9).all()
    assert (found["drop_hi"] - found["drop_lo"] > 0.1).any()
    rng = np.random.default_rng(1)
    some = found.group_by("what").first().sort("measure")
    base = evaluate(INPUTS, SHIFTS, **KNOWN)
    lo, hi = (
        np.array([getattr(i, at) for i in WEIGHTS.indicators])[:, None, None]
        for at in ("prior_lo", "prior_hi")
    )
    for row in some.iter_rows(named=True):
        after = evaluate(apply(INPUTS, MEASURES.only([row["measure"]]), as_of=NOW), SHIFTS, **KNOWN)
        for _ in range(20):
            guess = np.where(rng.random(base.value.shape) < 0.5, lo, hi)
            falls = [
                score(Evaluated(e.ids, e.raw, np.where(np.isnan(e.value), guess, e.value)), WEIGHTS)
                for e in (base, after)
            ]
            fall = float(((falls[0].score - falls[1].score) * KM[:, None] * HOURS).sum())
            assert row["drop_lo"] - 1e-7 <= fall <= row["drop_hi"] + 1e-7


def test_with_nothing_missing_the_interval_is_the_fall():
    whole = replace(
        INPUTS,
        segments=INPUTS.segments.with_columns(exposure=pl.lit(0.5)),
        landable_h=np.full((len(KM), 2), 6.0),
    )
    sure = [i for i in WEIGHTS.indicators if i.pillar != "threat" and i.id != "access"]
    sure += [WEIGHTS.indicator("near_repeat")]
    weights = WEIGHTS.model_copy(update={"indicators": tuple(sure)})
    none = pl.DataFrame(
        schema={"incident_id": pl.String, "t0": pl.Datetime("ms"), "kind": pl.String,
                "source": pl.String, "weight": pl.Float64}
    )  # fmt: skip
    pairs = pl.DataFrame(
        schema={"incident_id": pl.String, "segment": pl.UInt32, "distance_m": pl.Float64}
    )
    whole = replace(whole, incidents=none, incident_pairs=pairs)
    found = effects(whole, SHIFTS, MEASURES, as_of=NOW, weights=weights)
    assert found["drop_lo"].to_list() == found["drop"].to_list() == found["drop_hi"].to_list()


def test_nine_tenths_of_the_fall_lie_within_the_distance_said(found):
    row = found.filter(pl.col("what") == "add").row(0, named=True)
    one = MEASURES.only([row["measure"]])
    fall = (scored(INPUTS).score - scored(apply(INPUTS, one, as_of=NOW)).score) * HOURS
    fall = fall.sum(axis=1) * KM
    reach = one.reach.filter(pl.col("distance_m") <= row["within_m"])["segment"].to_numpy()
    closer = one.reach.filter(pl.col("distance_m") < row["within_m"])["segment"].to_numpy()
    assert fall[reach].sum() >= 0.9 * row["drop"] - 1e-9
    assert fall[closer].sum() < 0.9 * row["drop"]
    assert row["near_km"] == pytest.approx(KM[reach].sum())
    risk_near = ((scored(INPUTS).score * HOURS).sum(axis=1) * KM)[reach].sum()
    assert row["near_share"] == pytest.approx(fall[reach].sum() / risk_near)


def test_kilometres_that_leave_the_high_bands():
    """Raised until high bands are there; the figure is that of a whole evaluation."""
    loud = replace(INPUTS, landable_h=np.full((len(KM), 2), 12.0))
    weights = WEIGHTS.model_copy(
        update={
            "indicators": tuple(
                i.model_copy(update={"prior": i.prior_hi}) for i in WEIGHTS.indicators
            )
        }
    )
    found = effects(loud, SHIFTS, MEASURES, as_of=NOW, weights=weights)

    def high(inputs):
        s = score(evaluate(inputs, SHIFTS, as_of=NOW, weights=weights), weights).score
        return ((s >= 60) * KM[:, None] * HOURS).sum() / HOURS.sum()

    assert found["high_km"].max() > 0.1
    for row in found.head(4).iter_rows(named=True):
        after = apply(loud, MEASURES.only([row["measure"]]), as_of=NOW)
        assert row["high_km"] == pytest.approx(high(loud) - high(after))


def test_choosing_one_by_one_is_greedy_by_whole_evaluations():
    few = MEASURES.only(MEASURES.table["measure"].to_list()[:14])
    chosen = choose(INPUTS, SHIFTS, few, k=3, **KNOWN)
    now, left = INPUTS, few
    for row in chosen.iter_rows(named=True):
        falls = {
            m: risk(now) - risk(apply(now, left.only([m]), as_of=NOW))
            for m in left.table["measure"]
        }
        assert row["drop"] == pytest.approx(max(falls.values()), abs=1e-7)
        assert falls[row["measure"]] == pytest.approx(row["drop"], abs=1e-7)
        now, left = (
            apply(now, left.only([row["measure"]]), as_of=NOW),
            left.without([row["measure"]]),
        )
    assert chosen["together"][-1] == pytest.approx(1 - risk(now) / risk(INPUTS))
    assert len(chosen) == 3


def test_two_broken_ones_at_one_place_can_be_mended_together():
    place = pl.DataFrame({"facility_id": ["f0", "f1"], "segment": [0, 0], "distance_m": [0.0, 0.0]})
    both = INPUTS.facilities.head(2).with_columns(
        kind=pl.lit("sign"), line=pl.lit("way_out"), status=pl.lit("broken"),
        status_since=pl.lit(NOW - timedelta(days=20)),
    )  # fmt: skip
    inputs = replace(INPUTS, facilities=both, facility_pairs=place)
    found = effects(inputs, SHIFTS, candidates(inputs, as_of=NOW), **KNOWN).filter(
        pl.col("what") == "mend"
    )
    one = found.filter(pl.col("measure") == "mend:f0")["drop"][0]
    assert found["measure"][0] == "mend:f0+f1"
    assert found["drop"][0] > 5 * one > 0
    told = in_words(found.head(1), inputs, names={"f1": ("沙港牌", "Sha sign")}).row(0, named=True)
    assert told["text_zh"].startswith("一并修好 f0 唯一出口的警示牌、沙港牌（2 处）：")
    assert told["text_en"].startswith("Mend the sign at the only way out (f0), Sha sign together: ")


def test_what_rests_on_no_source_is_left_out():
    bare = replace(INPUTS, facilities=None, facility_pairs=None, inspections=None, effort=None)
    measures = candidates(bare, as_of=NOW, kinds=KINDS, near=SHORE)
    assert len(measures) == 0
    assert effects(bare, SHIFTS, measures, **KNOWN).is_empty()
    assert choose(bare, SHIFTS, measures, k=3, **KNOWN).is_empty()


def test_a_measure_out_of_reach_of_everything_does_nothing():
    lone = Measures(MEASURES.table.head(1), MEASURES.reach.clear())
    row = effects(INPUTS, SHIFTS, lone, **KNOWN).row(0, named=True)
    assert row["drop"] == row["share"] == row["near_share"] == 0.0


def test_shifts_that_have_begun_are_named():
    what = rf"1 of the 2 shifts began before .* UTC: {SHIFTS[0].shift_id}\. .*still to come"
    for method in (effects, partial(choose, k=1)):
        with pytest.raises(InputError, match=what):
            method(INPUTS, SHIFTS, MEASURES, as_of=NOW + timedelta(hours=3), weights=WEIGHTS)
        with pytest.raises(InputError, match="no shift is given"):
            method(INPUTS, (), MEASURES, as_of=NOW, weights=WEIGHTS)


def test_shifts_that_are_over_cannot_be_helped():
    with pytest.raises(InputError, match="still to come"):
        effects(INPUTS, SHIFTS, MEASURES, as_of=NOW + timedelta(days=3), weights=WEIGHTS)


def test_the_table_says_it_in_words(found):
    rows = in_words(
        found.group_by("what").first().sort("what"), INPUTS, names={"p0": ("沙港", "Sha")}
    )
    named = in_words(
        found.filter(pl.col("measure") == "add:camera:p0"), INPUTS, names={"p0": ("沙港", "Sha")}
    ).row(0, named=True)
    assert named["text_zh"].startswith("在 沙港 新设摄像头：近处 ")
    assert named["text_en"].startswith("Put a new camera at Sha: risk falls by ")
    for row, start in zip(
        rows.iter_rows(named=True), ("Put", "Inspect", "Mend", "Patrol"), strict=True
    ):
        assert row["text_en"].startswith(start)
        assert "None" not in row["text_en"] + row["text_zh"]
        assert "全县" in row["text_zh"] or row["drop"] <= 0
    bar = INPUTS.facilities.filter(
        (pl.col("line") == "way_out") & (pl.col("status") != "working")
    ).row(0, named=True)
    said = in_words(
        found.filter(pl.col("measure") == f"mend:{bar['facility_id']}"), INPUTS, names={}
    ).row(0, named=True)
    assert said["text_zh"].startswith(f"修好 {bar['facility_id']} 唯一出口的")
    assert f"{100 * said['near_share']:.2g} %" in said["text_zh"].replace(".0 %", " %")
    nothing = in_words(found.clear(), INPUTS, names={})
    assert nothing.columns[-2:] == ["text_zh", "text_en"]


def test_measures_on_a_source_that_does_not_exist_change_nothing():
    without = replace(INPUTS, effort=None, inspections=None, facilities=None, facility_pairs=None)
    found = effects(without, SHIFTS, MEASURES, as_of=NOW, weights=WEIGHTS)
    assert len(found) == len(MEASURES)
    assert (found["drop"] == 0.0).all()
