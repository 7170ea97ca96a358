"""Who answers, and where nobody does: against a count day by day."""

from datetime import date, timedelta
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duty.gaps import GAPS, gaps
from duty.posts import answering, answers
from duty.roles import OBJECT_KINDS, load
from geo.errors import InputError

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "duty" / "roles.toml"
FIRST = date(2026, 3, 1)
SPAN = 12
LAST = FIRST + timedelta(days=SPAN - 1)
DAYS = [FIRST + timedelta(days=n) for n in range(SPAN)]
ROLES = pl.DataFrame(
    {
        "role": ["head", "member", "helper"],
        "object_kind": ["section", "section", "wharf"],
        "least": [1, 2, 0],
        "sole": [True, False, True],
        "deputy": [True, True, False],
    }
)
OBJECTS = pl.DataFrame({"object_kind": ["section", "section"], "object_id": ["S1", "S2"]})
POSTS = {
    **dict.fromkeys(("post_id", "role", "name", "unit", "duty_phone"), pl.String),
    **dict.fromkeys(("object_kind", "object_id"), pl.String),
    **dict.fromkeys(("valid_from", "valid_to"), pl.Date),
    "deputy_of": pl.String,
}
AWAY = {"post_id": pl.String, "away_from": pl.Date, "away_to": pl.Date}
_day = st.one_of(st.none(), st.integers(-3, SPAN + 3).map(lambda n: FIRST + timedelta(days=n)))


def _posts(rows: list[tuple]) -> pl.DataFrame:
    """Return posts from (id, role, kind, object, from, to, deputy_of)."""
    full = [(r[0], r[1], f"n{r[0]}", "u", "t", *r[2:]) for r in rows]
    return pl.DataFrame(full, schema=POSTS, orient="row")


@st.composite
def _tables(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, away = [], []
    for n in range(draw(st.integers(0, 7))):
        role = draw(st.sampled_from(["head", "member", "helper", "nobody"]))
        kind = draw(st.sampled_from(["section", "section", "section", "wharf"]))
        thing = draw(st.sampled_from(["S1", "S2", "S9"]))
        holder = draw(st.sampled_from([None, None, "p0", "p1", "p99"]))
        holder = None if holder == f"p{n}" else holder
        rows.append((f"p{n}", role, kind, thing, draw(_day), draw(_day), holder))
        for _ in range(draw(st.integers(0, 2))):
            begin, end = draw(_day), draw(_day)
            if begin and (end is None or begin <= end):
                away.append((f"p{n}", begin, end))
    return _posts(rows), pl.DataFrame(away, schema=AWAY, orient="row")


def _holds(row: dict, day: date, first: str = "valid_from", last: str = "valid_to") -> bool:
    return (row[first] is None or row[first] <= day) and (row[last] is None or row[last] >= day)


def _wrong(post: dict, post_ids: list[str]) -> list[str]:
    """Return why a post counts for nothing."""
    kinds = dict(ROLES.select("role", "object_kind").iter_rows())
    own = kinds.get(post["role"])
    faults = {
        "unknown_role": own is None,
        "wrong_object": own is not None and own != post["object_kind"],
        "unknown_object": post["object_kind"] == "section" and post["object_id"] == "S9",
        "unknown_holder": post["deputy_of"] is not None and post["deputy_of"] not in post_ids,
    }
    return [name for name, wrong in faults.items() if wrong]


def _short(role: dict, own: list[dict], here: list[dict], gone: set[str]) -> list[str]:
    """Return what lacks in one role of one object on one day, of its holders."""
    instead = {p["deputy_of"] for p in here if p["post_id"] not in gone}
    covered = [p for p in own if p["post_id"] not in gone or p["post_id"] in instead]
    faults = {
        "vacant": len(own) < role["least"],
        "away": role["deputy"] and len(covered) < role["least"] <= len(own),
        "overlap": role["sole"] and len(own) > 1,
    }
    return [name for name, wrong in faults.items() if wrong]


def _day_by_day(posts: pl.DataFrame, absences: pl.DataFrame) -> set[tuple]:
    """Return (gap, role, kind, object, day) for every day, counted one by one."""
    found = set()
    people = posts.to_dicts()
    wharves = {
        ("helper", "wharf", p["object_id"])
        for p in people
        if (p["role"], p["object_kind"]) == ("helper", "wharf") and any(_holds(p, d) for d in DAYS)
    }
    sections = set(product(["head", "member"], ["section"], ["S1", "S2"]))
    rules = {role["role"]: role for role in ROLES.to_dicts()}
    for day in DAYS:
        here = [p for p in people if _holds(p, day)]
        gone = _gone(absences, day)
        for p in here:
            where = (p["role"], p["object_kind"], p["object_id"], day)
            found |= {(gap, *where) for gap in _wrong(p, posts["post_id"].to_list())}
        for group in sections | wharves:
            own = [
                p
                for p in here
                if (p["role"], p["object_kind"], p["object_id"]) == group and p["deputy_of"] is None
            ]
            found |= {(gap, *group, day) for gap in _short(rules[group[0]], own, here, gone)}
    return found


def _gone(absences: pl.DataFrame, day: date) -> set[str]:
    rows = absences.to_dicts()
    return {a["post_id"] for a in rows if _holds(a, day, "away_from", "away_to")}


@settings(max_examples=120, deadline=None, derandomize=True)
@given(_tables())
def test_gaps_are_those_of_a_count_day_by_day(tables: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    posts, absences = tables
    out = gaps(posts, absences, ROLES, OBJECTS, first=FIRST, last=LAST)
    told = set()
    for row in out.filter(pl.col("gap") != "reversed").iter_rows(named=True):
        assert row["text_zh"]
        assert row["mend_en"]
        days = {day for day in DAYS if row["first"] <= day <= row["last"]}
        assert len(days) == (row["last"] - row["first"]).days + 1
        told |= {(row["gap"], row["role"], row["object_kind"], row["object_id"], d) for d in days}
    assert told == _day_by_day(posts, absences)
    turned = posts.filter(pl.col("valid_to") < pl.col("valid_from"))["post_id"].to_list()
    blamed = out.filter(pl.col("gap") == "reversed")["post_ids"].explode().to_list()
    assert sorted(blamed) == turned


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_tables(), st.sampled_from(DAYS))
def test_holders_answer_or_their_deputies(
    tables: tuple[pl.DataFrame, pl.DataFrame], day: date
) -> None:
    posts, absences = tables
    here = [p for p in posts.to_dicts() if _holds(p, day)]
    gone = _gone(absences, day)
    wanted = set()
    for p in here:
        if p["deputy_of"] is None and p["post_id"] not in gone:
            wanted.add((p["post_id"], None))
        elif p["deputy_of"] is None:
            in_turn = sorted(
                d["post_id"]
                for d in here
                if d["deputy_of"] == p["post_id"] and d["post_id"] not in gone
            )
            wanted |= {(one, p["post_id"]) for one in in_turn[:1]}
    told = answering(posts, absences, day).select("post_id", "stands_in_for").rows()
    assert len(told) == len(wanted)
    assert set(told) == wanted


def test_a_deputy_stands_in_while_the_head_is_away_and_then_steps_back() -> None:
    posts = _posts(
        [
            ("p1", "head", "section", "S1", FIRST, None, None),
            ("p2", "head", "section", "S1", FIRST, None, "p1"),
        ]
    )
    absences = pl.DataFrame([("p1", DAYS[3], DAYS[4])], schema=AWAY, orient="row")
    for n, state, post in ((2, "holder", "p1"), (3, "deputy", "p2"), (5, "holder", "p1")):
        out = answers(posts, absences, ROLES, object_kind="section", object_id="S1", day=DAYS[n])
        assert out.select("role", "state", "post_id").rows() == [
            ("head", state, post),
            ("member", "vacant", None),
        ]
    none = gaps(posts, absences, ROLES, OBJECTS.head(1), first=FIRST, last=LAST)
    assert none["role"].to_list() == ["member"]
    alone = gaps(posts.head(1), absences, ROLES, OBJECTS.head(1), first=FIRST, last=LAST)
    away = alone.filter(pl.col("gap") == "away")
    assert away.select("first", "last", "post_ids").rows() == [(DAYS[3], DAYS[4], ["p1"])]


def test_no_posts_at_all_leave_every_wanted_role_vacant() -> None:
    out = gaps(_posts([]), pl.DataFrame(schema=AWAY), ROLES, OBJECTS, first=FIRST, last=LAST)
    assert out.select("gap", "role", "object_id", "first", "last").rows() == [
        ("vacant", role, thing, FIRST, LAST)
        for thing in ("S1", "S2")
        for role in ("head", "member")
    ]
    assert out.schema == GAPS


def test_the_shipped_roles_are_those_of_the_two_schemes() -> None:
    roles = load(SHIPPED.read_text(encoding="utf-8"), where="roles").table()
    assert set(roles["object_kind"]) <= set(OBJECT_KINDS)
    four = roles.filter(pl.col("role").str.starts_with("wharf_chief"))
    assert four.select("object_kind", "least", "sole").rows() == [("wharf", 1, True)] * 4
    assert set(roles.filter(pl.col("scheme") == "1+3+N")["role"]) == {
        "grid_head", "grid_full_time", "grid_part_time", "grid_guide", "grid_daily_manager",
    }  # fmt: skip
    assert {"chief_section_head", "area_section_head", "section_chief", "daily_manager"} <= set(
        roles.filter(pl.col("scheme") == "1+4+N")["role"]
    )


def test_roles_that_cannot_be_are_named_together() -> None:
    entry = 'zh="x"\nen="x"\nscheme="s"\nleast={}\nsole=true\ndeputy=false\n'
    head = 'source_zh="a"\nsource_en="a"\n'
    role = f'[[roles]]\nid="a"\nobject_kind="moon"\n{entry.format(1)}'
    with pytest.raises(InputError, match=r"object_kind.*least") as caught:
        load(f"{head}{role}[[roles]]\nid='b'\nobject_kind='grid'\n{entry.format(-1)}", where="r")
    assert "roles.0" in str(caught.value)
    assert "roles.1" in str(caught.value)
    good = f"[[roles]]\nid='b'\nobject_kind='grid'\n{entry.format(1)}"
    with pytest.raises(InputError, match="ids b stand twice"):
        load(head + good + good, where="r")
    with pytest.raises(InputError, match="sole roles b want more than one"):
        load(head + good.replace("least=1", "least=2"), where="r")
    with pytest.raises(InputError, match="not TOML"):
        load("[[roles", where="r")
