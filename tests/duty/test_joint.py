"""Joint stretches: on the shore or named, and touched by zones as metre by metre."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from duty._rota_plan import Joint
from duty.joint import check, leads, touching, words
from geo.errors import InputError

MONDAY = date(2026, 11, 23)
SHORES = pl.DataFrame(
    {"shoreline_id": ["A", "B"], "length_m": [9_000.4, 6_000.0], "is_ring": [False, True]}
)


def joint(name: str, shoreline: str, from_m: float, to_m: float) -> Joint:
    return Joint(
        id=name, neighbour_zh="邻县", neighbour_en="Next county", unit="本县大队",
        shoreline_id=shoreline, from_m=from_m, to_m=to_m, our_days=(1, 3),
    )  # fmt: skip


def test_stretches_off_the_shore_are_all_named() -> None:
    good = [joint("J1", "A", 0, 9_001), joint("J2", "B", 5_000, 1_000)]
    check(good, SHORES, where="rota.toml")
    bad = [joint("J3", "Z", 0, 10), joint("J4", "A", 8_000, 9_500), joint("J5", "A", 50, 20)]
    with pytest.raises(InputError) as told:
        check([*good, *bad], SHORES, where="rota.toml")
    assert told.value.what == (
        "joint stretches do not lie on the shore: J3: there is no shoreline Z; "
        "J4: A is 9000 m long, and 9500 m is beyond its end; "
        "J5: from 50 to 20 m is no stretch of A"
    )
    assert told.value.where == "rota.toml"


@given(
    st.integers(0, 60), st.integers(0, 60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9)), min_size=1, max_size=4),
)  # fmt: skip
def test_a_zone_touches_a_stretch_where_they_share_shore(
    from_m: int, to_m: int, parts: list[tuple[int, int]]
) -> None:
    assume(from_m != to_m)
    at = np.arange(60) + 0.5
    inside = (at > from_m) & (at < to_m) if from_m <= to_m else (at > from_m) | (at < to_m)
    wanted = [n for n, (a, long) in enumerate(parts) if (inside & (at > a) & (at < a + long)).any()]
    table = pl.DataFrame(
        [(str(n), "B", float(a), float(a + long)) for n, (a, long) in enumerate(parts)],
        schema=["zone_id", "shoreline_id", "from_m", "to_m"], orient="row",
    )  # fmt: skip
    led = leads([joint("J", "B", from_m, to_m)], first=MONDAY, last=MONDAY)
    assert sorted(touching(led, table)["zone_id"].to_list()) == [str(n) for n in wanted]


def test_who_leads_is_said_by_the_day() -> None:
    led = leads([joint("J", "A", 0, 5)], first=MONDAY, last=date(2026, 11, 24))
    assert [words(row) for row in led.iter_rows(named=True)] == [
        ("联防：与邻县，本班由我方牵头。", "Joint patrol with Next county: we lead this shift."),
        ("联防：与邻县，本班由对方牵头。", "Joint patrol with Next county: they lead this shift."),
    ]
