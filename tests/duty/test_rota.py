"""Rotas: cover, rest and fair turns, against every sharing there is in small cases."""

from datetime import date, datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duty._rota_solve import Work, share
from duty.joint import leads
from duty.rota import Rota, load, rota
from geo.errors import InputError

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "duty" / "rota.toml"
TEXT = SHIPPED.read_text(encoding="utf-8")
MONDAY = date(2026, 11, 23)


def _spread(counts: np.ndarray) -> int:
    return int(counts.max() - counts.min())


@pytest.fixture(scope="module")
def month() -> Rota:
    return rota(load(TEXT, where="rota"), first=MONDAY, last=MONDAY + timedelta(days=27))


def test_a_month_is_covered_rested_and_fair(month: Rota) -> None:
    plan = load(TEXT, where="rota")
    assert month.proven
    assert month.fair
    assert month.lacking.is_empty()
    there = {
        (day, shift): people
        for day, shift, people in month.turns.group_by("day", "shift")
        .agg(pl.col("people").sum())
        .iter_rows()
    }
    for n, shift in product(range(28), plan.shifts):
        assert there[MONDAY + timedelta(days=n), shift.id] >= shift.people
    for _, own in month.turns.sort("start").group_by("team"):
        gap = (own["start"].shift(-1) - own["end"]).drop_nulls().min()
        assert gap >= timedelta(hours=plan.rest_hours)
    for _, own in month.fairness.group_by("kind"):
        assert _spread(own["nights"].to_numpy()) <= 1
        assert _spread(own["weekends"].to_numpy()) <= 1


def test_every_minute_is_covered_and_the_handovers_overlap(month: Rota) -> None:
    begin, end = datetime(2026, 11, 24), datetime(2026, 12, 20)
    minutes = pl.select(t=pl.datetime_range(begin, end, "10m", time_unit="ms"))
    out = minutes.join_where(
        month.turns, pl.col("start") <= pl.col("t"), pl.col("end") > pl.col("t")
    )
    for kind in ("foot", "car", "camera"):
        assert out.filter(pl.col("kind") == kind)["t"].n_unique() == minutes.height
    late = out.filter("second_half", pl.col("t").dt.hour() < 6)
    assert late["t"].n_unique() == minutes.filter(pl.col("t").dt.hour() < 6).height
    cars = month.turns.filter(pl.col("kind") == "car").sort("start")
    assert ((cars["end"] - cars["start"].shift(-1)).drop_nulls() == timedelta(minutes=30)).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.lists(
        st.tuples(
            st.integers(1, 5), st.integers(2, 20), st.booleans(), st.booleans(), st.integers(1, 4)
        ),
        min_size=1,
        max_size=4,
    ),
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)),
        min_size=3,
        max_size=3,
    ),
)
def test_no_sharing_lacks_less_and_none_as_full_is_fairer(
    people: list[int],
    turns: list[tuple[int, int, bool, bool, int]],
    before: list[tuple[int, int, int, int]],
) -> None:
    start = np.cumsum([one[0] for one in turns])
    work = Work(
        start=start,
        free=start + np.array([one[1] for one in turns]),
        wanted=np.array([one[4] for one in turns]),
        night=np.array([one[2] for one in turns]),
        weekend=np.array([one[3] for one in turns]),
        people=np.array(people),
        rested=np.array([one[0] for one in before[: len(people)]]),
        had=np.array([one[1:] for one in before[: len(people)]]).T,
    )

    def judged(out: np.ndarray) -> tuple[int, int]:
        lacking = np.maximum(work.wanted - work.people @ out, 0).sum()
        over = [
            max(_spread(out[:, marked].sum(axis=1) + had) - 1, 0)
            for marked, had in ((work.night, work.had[0]), (work.weekend, work.had[1]))
        ]
        return int(lacking), sum(over)

    def rested(out: np.ndarray) -> bool:
        team, turn = np.nonzero(out)
        return bool((start[turn] >= work.rested[team]).all()) and all(
            start[b] >= work.free[a]
            for row in out
            for a, b in zip(*(lambda x: (x, x[1:]))(np.flatnonzero(row)), strict=False)
        )

    best = min(
        judged(out)
        for bits in product((0, 1), repeat=len(people) * len(turns))
        if rested(out := np.array(bits).reshape(len(people), len(turns)))
    )
    out, proven = share(work)
    assert proven
    assert rested(out)
    assert judged(out) == best


def test_a_rota_goes_on_from_the_one_before() -> None:
    plan = load(TEXT.replace("rest_hours = 10", "rest_hours = 20"), where="rota")
    join = MONDAY + timedelta(days=5)
    # The one before reaches beyond the join: what it says of later days is replaced.
    early = rota(plan, first=MONDAY, last=MONDAY + timedelta(days=6))
    kept = early.turns.filter(pl.col("day") < join)

    def least_rest(late: Rota) -> timedelta:
        both = pl.concat([kept, late.turns]).sort("start")
        return min(
            (own["start"].shift(-1) - own["end"]).drop_nulls().min()
            for _, own in both.group_by("team")
        )

    last = join + timedelta(days=4)
    after = rota(plan, first=join, last=last, before=early.turns)
    assert least_rest(after) >= timedelta(hours=plan.rest_hours)
    assert least_rest(rota(plan, first=join, last=last)) < timedelta(hours=plan.rest_hours)
    assert after.fair
    nights = [shift.id for shift in plan.shifts if shift.night]
    had = dict(kept.filter(pl.col("shift").is_in(nights)).group_by("team").len().iter_rows())
    told = after.fairness
    assert told["had_nights"].to_list() == [had.get(team, 0) for team in told["team"]]
    assert told["had_turns"].sum() == kept.height
    for _, own in told.group_by("kind"):
        assert _spread((own["nights"] + own["had_nights"]).to_numpy()) <= 1
        assert _spread((own["weekends"] + own["had_weekends"]).to_numpy()) <= 1


def test_a_new_team_is_not_given_what_the_others_had() -> None:
    plan = load(TEXT, where="rota")
    early = rota(plan, first=MONDAY, last=MONDAY + timedelta(days=6)).turns
    without = early.filter(pl.col("team") != "V4")
    join = MONDAY + timedelta(days=7)
    told = rota(plan, first=join, last=join + timedelta(days=3), before=without).fairness
    cameras = told.filter(pl.col("kind") == "camera")
    mean = cameras.filter(pl.col("team") != "V4")["had_nights"].mean()
    new = cameras.filter(pl.col("team") == "V4")
    assert abs(new["had_nights"][0] - mean) <= 0.5
    assert _spread(cameras["nights"].to_numpy()) <= 2


def test_what_cannot_be_filled_is_named() -> None:
    few = TEXT
    for n in (4, 5, 6, 7):
        few = few.replace(f'id = "F{n}"', f'id = "F{n}"').replace(
            f'id = "F{n}"\nzh = "示例徒步{n}组"\nen = "Example foot team {n}"\nkind = "foot"',
            f'id = "F{n}"\nzh = "示例徒步{n}组"\nen = "Example foot team {n}"\nkind = "camera"',
        )
    found = rota(load(few, where="rota"), first=MONDAY, last=MONDAY + timedelta(days=2))
    assert found.lacking.height > 0
    assert set(found.lacking["kind"]) == {"foot"}
    short = found.lacking["wanted"] - found.lacking["there"]
    assert (short == found.lacking["lacking"]).all()
    # Three teams of four rest 18 hours and a half a turn: 12 people for 16 wanted a day.
    assert found.lacking["lacking"].sum() >= 3 * 4
    none = load(TEXT.replace('kind = "car"\npeople', 'kind = "camera"\npeople'), where="rota")
    nobody = rota(none, first=MONDAY, last=MONDAY).lacking
    assert nobody.rows() == [
        (MONDAY, "car_day", "car", 2, 0, 2),
        (MONDAY, "car_night", "car", 2, 0, 2),
    ]


def test_the_one_who_leads_at_the_border_goes_by_the_weekday() -> None:
    out = leads(load(TEXT, where="rota").joint, first=MONDAY, last=MONDAY + timedelta(days=6))
    assert out["ours"].to_list() == [True, False, True, False, True, False, True]
    assert out["leads_zh"].to_list()[:2] == ["示例单位 / Example unit", "示例邻县"]
    assert out.select("from_m", "to_m").row(0) == (0.0, 5000.0)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("second_half = true", "second_half = false", "marked second_half is out at 00:00"),
        ('start = "23:00"\nhours = 8', 'start = "01:00"\nhours = 8', "is out at 00:00"),
        ('id = "F2"', 'id = "F1"', "ids F1 stand twice"),
        ('start = "09:00"', 'start = "25:00"', "pattern"),
        ("our_days = [1, 3", "our_days = [0, 3", "greater than or equal to 1"),
        ("to_m = 5000", "to_m = -5", "to_m"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(old: str, new: str, told: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=told):
        load(TEXT.replace(old, new), where="rota.toml")


def test_the_day_must_be_out_whole() -> None:
    one = TEXT.split("[[shifts]]")
    late = next(part for part in one if 'id = "foot_late"' in part)
    alone = f"{one[0]}[[shifts]]{late}[[teams]]{TEXT.split('[[teams]]')[1]}"
    with pytest.raises(InputError, match="no shift is out at 07:00"):
        load(alone, where="rota.toml")


def test_a_span_that_is_turned_round_is_refused() -> None:
    with pytest.raises(InputError, match="spans 0 days"):
        rota(load(TEXT, where="rota"), first=MONDAY, last=MONDAY - timedelta(days=1))
