"""Boundaries at rest: versions by day, drafts, two planners at once, who answered when."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import geopandas as gpd
import polars as pl
import pytest
import shapely
from sqlalchemy import insert

from duty.division import Division, difference
from duty.sections import assign, problems
from geo.errors import InputError
from geo.shoreline import repair_land
from workspace import boundaries, db, placing, read, runs, store
from workspace._boundaries_compare import compare, figures_of, located
from workspace._boundaries_held import Held, publish
from workspace._boundaries_operations import clashes, divide, merged
from workspace._boundaries_propose import Limits, proposed, trade_off
from workspace._chinese import chinese
from workspace.boundaries import ConflictError, Draft
from workspace.folder import Workspace, open_workspace

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
TODAY = date(2026, 11, 23)
MAIN = shapely.box(121.00, 29.00, 121.08, 29.05)
ISLET = shapely.box(121.10, 29.00, 121.11, 29.01)
PIER = shapely.box(121.079, 29.0199, 121.0865, 29.0203)
PEOPLE = {"王规划": "planner", "李规划": "planner", "督导": "supervisor", "段长": "section_chief"}
Run = Callable[..., tuple[int, str, str]]


def land(*polygons: shapely.Polygon) -> gpd.GeoDataFrame:
    whole = shapely.segmentize(shapely.union_all(list(polygons)), 0.0015)
    return repair_land(gpd.GeoDataFrame(geometry=[whole], crs=4326), name="x")[0]


def first_version(ws: Workspace) -> str:
    """Divide the main shore into three sections from 2026-01-01; return its id."""
    big = boundaries.lines(ws).sort("length_m")["shoreline_id"][-1]
    cuts = pl.DataFrame(
        {
            "shoreline_id": [big] * 3,
            "chainage_m": [0.0, 8_000.0, 16_000.0],
            "section_id": ["SA", "SB", "SC"],
        }
    )
    table = pl.DataFrame(
        {
            "section_id": ["SA", "SB", "SC"],
            "name": ["甲段", "乙段", "丙段"],
            "name_en": ["A", "B", "C"],
        }
    )
    with ws.begin() as connection:
        publish(
            connection,
            Held(None, table.with_columns(made=False), cuts, placing.hung(connection, cuts)),
            valid_from=date(2026, 1, 1),
            user=None,
            reason="first",
            now=NOW,
            day=TODAY,
        )
        for name, role in PEOPLE.items():
            connection.execute(
                insert(db.users).values(
                    user_id=name, name=name, password_hash="-", role=role, active=True
                )
            )
    return str(big)


@pytest.fixture
def big(ws: Workspace) -> str:
    runs.build_coast(ws, land(MAIN, ISLET), now=NOW)
    return first_version(ws)


@pytest.fixture
def shore(plain_ws: Workspace) -> tuple[Workspace, str]:
    runs.build_coast(plain_ws, land(MAIN, ISLET), now=NOW)
    return plain_ws, first_version(plain_ws)


def move(line: str, at: float, to: float) -> dict[str, Any]:
    return {"op": "move", "shoreline_id": line, "chainage_m": at, "to_m": to}


def owners(ws: Workspace, day: date) -> dict[str, str]:
    cut = placing.segments(ws, day)
    return dict(zip(cut["segment_id"], cut["section_id"], strict=True))


def walked(ws: Workspace, draft_id: str, day: date) -> int:
    """Bring a draft to publication."""
    boundaries.submit(ws, draft_id, user="王规划", now=NOW)
    boundaries.approve(ws, draft_id, user="督导", reason="好", now=NOW)
    return boundaries.publish(ws, draft_id, valid_from=day, user="督导", reason="均衡", now=NOW)


def test_a_version_holds_from_its_day_and_the_past_stays(ws: Workspace, big: str) -> None:
    before = owners(ws, TODAY)
    one = boundaries.create(
        ws, "东移", user="王规划", operations=[move(big, 8_000.0, 10_000.0)], now=NOW
    )
    later = TODAY + timedelta(days=8)
    assert walked(ws, one.draft_id, later) == 2
    assert owners(ws, TODAY) == before
    assert owners(ws, later - timedelta(days=1)) == before
    after = owners(ws, later)
    changed = {name for name in before if before[name] != after[name]}
    assert {(before[name], after[name]) for name in changed} == {("SB", "SA")}
    assert set(owners(ws, date(2025, 12, 31)).values()) == {None}
    spans = boundaries.history(ws, big, 9_000.0)
    assert spans.select("valid_from", "valid_to", "version", "section_id").rows() == [
        (date(2026, 1, 1), later - timedelta(days=1), 1, "SB"),
        (later, None, 2, "SA"),
    ]
    assert boundaries.history(ws, big, 1_000.0).height == 1  # whose it was and stays
    assert boundaries.versions(ws).select("version", "based_on", "draft_id").rows() == [
        (2, 1, one.draft_id),
        (1, None, None),
    ]
    with pytest.raises(InputError, match="published, not approved"):
        boundaries.publish(ws, one.draft_id, valid_from=later, user="督导", reason="再", now=NOW)


def test_what_is_urgent_does_not_bring_forward_what_is_to_come(ws: Workspace, big: str) -> None:
    """A version of next month is taken back, an urgent one published, and the first put after."""
    month = TODAY + timedelta(days=30)
    one = boundaries.create(
        ws, "下月", user="王规划", operations=[move(big, 8_000.0, 10_000.0)], now=NOW
    )
    assert walked(ws, one.draft_id, month) == 2
    two = boundaries.create(
        ws, "急改", user="王规划", operations=[move(big, 16_000.0, 17_000.0)], now=NOW
    )
    with pytest.raises(InputError, match=rf"version 2 .* from {month}.* early: 6.2 km") as no:
        walked(ws, two.draft_id, TODAY)
    assert "SB → SA" in no.value.what
    assert "withdraw 2" in no.value.mend
    assert "第 2 版" in chinese(no.value)

    def back(version: int, user: str = "督导", reason: str = "急") -> Draft | None:
        return boundaries.withdraw(ws, version, user=user, reason=reason, now=NOW)

    for version, user, reason, why in (
        (1, "督导", "急", "holds since"),
        (9, "督导", "急", "no version 9"),
        (2, "段长", "急", "may not do this"),
        (2, "督导", " ", "reason is lacking"),
    ):
        with pytest.raises(InputError, match=why):
            back(version, user, reason)
    again = back(2)
    assert again is not None
    assert (again.draft_id, again.state) == (one.draft_id, "draft")
    assert boundaries.steps(ws, one.draft_id)["step"][-1] == "withdrawn"
    with pytest.raises(InputError, match="no version 2"):
        back(2)
    assert boundaries.history(ws, big, 9_000.0).height == 1
    assert set(owners(ws, month).values()) == {"SA", "SB", "SC"}
    assert owners(ws, month) == owners(ws, TODAY)
    listed = boundaries.versions(ws).select("version", pl.col("withdrawn_at").is_null())
    assert listed.rows() == [(2, False), (1, True)]
    # The urgent draft stood on what was taken back.
    with pytest.raises(ConflictError, match="version 2 was taken back") as stale:
        boundaries.publish(ws, two.draft_id, valid_from=TODAY, user="督导", reason="急", now=NOW)
    assert "第 2 版已撤回" in chinese(stale.value)
    boundaries.rebase(ws, two.draft_id, user="王规划", now=NOW)
    assert walked(ws, two.draft_id, TODAY) == 3
    boundaries.rebase(ws, one.draft_id, user="王规划", now=NOW)
    assert walked(ws, one.draft_id, month) == 4
    for at, whose in ((9_000.0, ["SB", "SA"]), (16_500.0, ["SC", "SB"])):
        spans = boundaries.history(ws, big, at)
        assert spans["section_id"].to_list() == whose
        assert boundaries.answering(ws, big, at, TODAY)["version"] == 3
        assert boundaries.answering(ws, big, at, month)["version"] == 4
    early = NOW - timedelta(days=3)
    with pytest.raises(InputError, match="version 4 was published after it"):
        boundaries.withdraw(ws, 3, user="督导", reason="x", now=early)


def test_a_day_far_ahead_is_mistyped(shore: tuple[Workspace, str]) -> None:
    ws, _ = shore
    one = boundaries.create(ws, "x", user="王规划", now=NOW)
    with pytest.raises(InputError, match="10 years ahead"):
        walked(ws, one.draft_id, date(2062, 1, 1))


def test_a_withdrawal_and_a_publication_at_once(ws: Workspace, big: str, other: Workspace) -> None:
    """Whoever comes second finds what the first did: never a version on one taken back."""
    later = TODAY + timedelta(days=30)
    one = boundaries.create(ws, "下月", user="王规划", operations=[], now=NOW)
    assert walked(ws, one.draft_id, later) == 2
    two = boundaries.create(
        ws, "再改", user="王规划", operations=[move(big, 8_000.0, 9_000.0)], now=NOW
    )
    boundaries.submit(ws, two.draft_id, user="王规划", now=NOW)
    boundaries.approve(ws, two.draft_id, user="督导", reason="好", now=NOW)

    def withdraws() -> object:
        return boundaries.withdraw(ws, 2, user="督导", reason="急", now=NOW)

    def publishes() -> object:
        return boundaries.publish(
            other, two.draft_id, valid_from=later, user="督导", reason="好", now=NOW
        )

    told = both(withdraws, publishes)
    (late,) = [x for x in told if isinstance(x, InputError)]
    standing = boundaries.versions(ws).filter(pl.col("withdrawn_at").is_null())["version"]
    if late is told[0]:
        assert "version 3 was published after it" in late.what
        assert standing.to_list() == [3, 2, 1]
    else:
        assert "version 2 was taken back" in late.what
        assert standing.to_list() == [1]


def test_posts_of_the_day_are_told(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    rows = pl.DataFrame(
        {
            "post_id": ["P1", "P2"],
            "role": "section_chief",
            "name": ["旧", "新"],
            "object_kind": "section",
            "object_id": "SB",
            "valid_from": [date(2026, 1, 1), date(2026, 6, 1)],
            "valid_to": [date(2026, 5, 31), None],
            "made": False,
        }
    )
    store.write(ws.engine, "posts", rows)
    for day, name in ((date(2026, 3, 1), "旧"), (TODAY, "新")):
        found = boundaries.answering(ws, big, 9_000.0, day)
        assert (found["version"], found["section_id"], found["name"]) == (1, "SB", "乙段")
        assert [post["name"] for post in found["posts"]] == [name]
    empty = boundaries.answering(ws, big, 9_000.0, date(2025, 1, 1))
    assert (empty["version"], empty["section_id"], empty["posts"]) == (None, None, [])


def test_places_are_named_three_ways(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    assert boundaries.locate(ws, f"{big}:1200.5") == (big, 1200.5)
    line, _ = boundaries.locate(ws, "121.04,29.0001")
    assert line == big
    row = {"wharf_id": "W1", "shoreline_id": big, "chainage_m": 77.0, "made": False}
    store.write(ws.engine, "wharves", pl.DataFrame([row]))
    assert boundaries.locate(ws, "W1") == (big, 77.0)
    for bad in ("W2", f"{big}:999999", "20,20", "nan,nan", "", "a:b"):
        with pytest.raises(InputError, match="no place on the shore"):
            boundaries.locate(ws, bad)


def test_undo_and_redo_give_back_what_was(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    ops = [move(big, 8_000.0, 9_000.0), move(big, 16_000.0, 17_000.0)]
    one = boundaries.create(ws, "两步", user="王规划", operations=ops, now=NOW)
    full = boundaries.stood(ws, one.draft_id).division
    once = boundaries.undo(ws, one.draft_id, user="王规划", now=NOW)
    assert (list(once.operations), list(once.undone)) == (ops[:1], ops[1:])
    boundaries.undo(ws, one.draft_id, user="王规划", now=NOW)
    assert boundaries.stood(ws, one.draft_id).division == boundaries.division(ws, TODAY)
    with pytest.raises(InputError, match="nothing to undo"):
        boundaries.undo(ws, one.draft_id, user="王规划", now=NOW)
    boundaries.redo(ws, one.draft_id, user="王规划", now=NOW)
    back = boundaries.redo(ws, one.draft_id, user="王规划", now=NOW)
    assert (list(back.operations), back.undone, back.rev) == (ops, (), 5)
    assert boundaries.stood(ws, one.draft_id).division == full
    with pytest.raises(InputError, match="nothing to redo"):
        boundaries.redo(ws, one.draft_id, user="王规划", now=NOW)
    boundaries.undo(ws, one.draft_id, user="王规划", now=NOW)
    new = boundaries.edit(
        ws, one.draft_id, [{"op": "lock", "section_id": "SA"}], user="李规划", now=NOW
    )
    assert new.undone == ()  # what is done anew leaves nothing to put back
    told = boundaries.steps(ws, one.draft_id)
    assert told["step"].to_list()[-2:] == ["undone", "saved"]
    assert told["user"][-1] == "李规划"


def test_nobody_approves_their_own_and_every_way_is_kept(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    one = boundaries.create(ws, "甲", user="王规划", now=NOW)
    boundaries.edit(ws, one.draft_id, [move(big, 8_000.0, 9_000.0)], user="李规划", now=NOW)
    with pytest.raises(InputError, match="draft, not proposed"):
        boundaries.approve(ws, one.draft_id, user="督导", reason="好", now=NOW)
    boundaries.submit(ws, one.draft_id, user="王规划", now=NOW)
    for own in ("王规划", "李规划"):
        with pytest.raises(InputError, match="Somebody else"):
            boundaries.approve(ws, one.draft_id, user=own, reason="好", now=NOW)
    with pytest.raises(InputError, match="may not do this"):
        boundaries.approve(ws, one.draft_id, user="段长", reason="好", now=NOW)
    with pytest.raises(InputError, match="reason is lacking"):
        boundaries.approve(ws, one.draft_id, user="督导", reason=" ", now=NOW)
    boundaries.reject(ws, one.draft_id, user="督导", reason="太远", now=NOW)
    boundaries.edit(ws, one.draft_id, [move(big, 9_000.0, 8_500.0)], user="王规划", now=NOW)
    boundaries.submit(ws, one.draft_id, user="王规划", now=NOW)
    boundaries.approve(ws, one.draft_id, user="督导", reason="好", now=NOW)
    # An edit voids the approval.
    boundaries.edit(ws, one.draft_id, [{"op": "lock", "section_id": "SA"}], user="王规划", now=NOW)
    with pytest.raises(InputError, match="draft, not approved"):
        boundaries.publish(ws, one.draft_id, valid_from=TODAY, user="督导", reason="x", now=NOW)
    with pytest.raises(InputError, match="is past"):
        boundaries.publish(
            ws, one.draft_id, valid_from=date(2026, 11, 22), user="督导", reason="x", now=NOW
        )
    assert boundaries.steps(ws, one.draft_id)["step"].to_list() == [
        "created", "saved", "proposed", "rejected", "saved", "proposed", "approved", "saved",
    ]  # fmt: skip


def both(*work: Callable[[], Any]) -> list[Any]:
    """Do things at the same moment; return what each returned or raised."""
    barrier = Barrier(len(work))

    def one(do: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return do()
        except InputError as error:
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(one, work))


@pytest.fixture
def other(ws: Workspace, big: str) -> Iterator[Workspace]:
    with closing(open_workspace(ws.root)) as second:
        yield second


def test_two_planners_save_one_draft_at_once(ws: Workspace, big: str, other: Workspace) -> None:
    """Over two connections: one is saved, the other told whose work differs and where."""
    first, second = move(big, 8_000.0, 9_000.0), move(big, 16_000.0, 17_000.0)
    one = boundaries.create(ws, "共用", user="王规划", now=NOW)

    def saves(place: Workspace, op: dict[str, Any], user: str) -> Callable[[], Any]:
        return lambda: boundaries.save(place, one.draft_id, [op], rev=1, user=user, now=NOW)

    told = both(saves(ws, first, "王规划"), saves(other, second, "李规划"))
    (late,) = [x for x in told if isinstance(x, ConflictError)]
    (done,) = [x for x in told if not isinstance(x, ConflictError)]
    winner, loser = ("王规划", "李规划") if done is told[0] else ("李规划", "王规划")
    assert winner in late.what
    assert late.rev == 2
    assert late.stretches.filter(pl.col("shoreline_id") == big)["km"].to_list() == [1.0]
    assert late.clashes.is_empty()
    kept = boundaries.draft(ws, one.draft_id)
    assert list(kept.operations) == list(done.operations)
    # What is offered makes both works one.
    whole = boundaries.save(ws, one.draft_id, late.offered, rev=late.rev, user=loser, now=NOW)
    assert sorted(map(str, whole.operations)) == sorted(map(str, (first, second)))
    moved = difference(
        boundaries.division(ws, TODAY),
        boundaries.stood(ws, one.draft_id).division,
        boundaries.lines(ws),
    )
    assert moved.filter(pl.col("shoreline_id") == big)["km"].sum() == pytest.approx(2.0)


def test_the_same_cut_moved_by_two_is_named_as_a_clash(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    one = boundaries.create(ws, "共用", user="王规划", now=NOW)
    boundaries.edit(ws, one.draft_id, [move(big, 8_000.0, 9_000.0)], user="王规划", rev=1, now=NOW)
    over = {"op": "hand_over", "shoreline_id": big, "from_m": 8_200.0, "to_m": 8_700.0}
    with pytest.raises(ConflictError, match="王规划 changed it since revision 1") as found:
        boundaries.edit(
            ws, one.draft_id, [{**over, "section_id": "SC"}], user="李规划", rev=1, now=NOW
        )
    assert found.value.clashes.rows() == [(big, 8_200.0, 8_700.0, "SB", "SC", "SA", 0.5)]
    assert "SB → SA" in found.value.what
    with pytest.raises(ConflictError) as again:
        boundaries.edit(
            ws, one.draft_id, [move(big, 8_000.0, 7_000.0)], user="李规划", rev=1, now=NOW
        )
    assert "no cut at 8000.00 m" in again.value.lost[0]


def test_two_planners_publish_at_once(ws: Workspace, big: str, other: Workspace) -> None:
    """The later draft is based on what is no longer the newest; rebased, both changes hold."""
    ops = {"王规划": move(big, 8_000.0, 9_000.0), "李规划": move(big, 16_000.0, 17_000.0)}
    ids = {}
    for user, op in ops.items():
        one = boundaries.create(ws, user, user=user, operations=[op], now=NOW)
        boundaries.submit(ws, one.draft_id, user=user, now=NOW)
        boundaries.approve(ws, one.draft_id, user="督导", reason="好", now=NOW)
        ids[user] = one.draft_id

    def publishes(place: Workspace, user: str) -> Callable[[], Any]:
        return lambda: boundaries.publish(
            place, ids[user], valid_from=TODAY, user="督导", reason="均衡", now=NOW
        )

    told = both(publishes(ws, "王规划"), publishes(other, "李规划"))
    (late,) = [x for x in told if isinstance(x, ConflictError)]
    assert [x for x in told if x is not late] == [2]
    assert "version 2 (督导, 均衡) was published since" in late.what
    assert late.stretches.filter(pl.col("shoreline_id") == big)["km"].to_list() == [1.0]
    left = ids["王规划" if told[0] is late else "李规划"]
    assert boundaries.drafts(ws).filter(pl.col("stale"))["draft_id"].to_list() == [left]
    given, lost, clashing = boundaries.rebase(ws, left, user="王规划", now=NOW)
    assert (given.based_on, given.state, lost, clashing.height) == (2, "draft", [], 0)
    assert walked(ws, left, TODAY) == 3
    (cuts,) = {boundaries.division(ws, TODAY).cuts}
    assert [cut.chainage_m for cut in cuts] == [0.0, 9_000.0, 17_000.0]


def test_two_changes_make_one_or_clash(shore: tuple[Workspace, str]) -> None:
    """Brute force: the owner at every segment follows who changed it; mine where both did."""
    ws, big = shore
    lines = boundaries.lines(ws)
    old = boundaries.division(ws, TODAY)
    cut = placing.segments(ws, TODAY)
    plain = pl.DataFrame({name: cut[name].to_list() for name in ("shoreline_id", "from_m", "to_m")})

    def changed(*ops: dict[str, Any]) -> Division:
        one = boundaries.create(ws, "x", user="王规划", operations=ops, now=NOW)
        return boundaries.stood(ws, one.draft_id).division

    island = lines.filter(pl.col("shoreline_id") != big)["shoreline_id"][0]
    mine = changed(
        move(big, 8_000.0, 9_500.0),
        {"op": "cut", "shoreline_id": big, "chainage_m": 18_000.0, "section_id": "SD"},
    )
    theirs = changed(
        move(big, 8_000.0, 6_000.0),
        {"op": "merge", "section_id": "SC", "into": "SB"},
        {"op": "hang", "shoreline_id": island, "onto_shoreline_id": big, "onto_chainage_m": 100.0},
    )
    whole = merged(old, mine, theirs, lines)
    was, own, other, now = (
        assign(plain, *one.tables()).to_list() for one in (old, mine, theirs, whole)
    )
    expected = [m if m != o else t for o, m, t in zip(was, own, other, strict=True)]
    on_main = [name == big for name in plain["shoreline_id"]]
    assert [x for x, here in zip(now, on_main, strict=True) if here] == [
        x for x, here in zip(expected, on_main, strict=True) if here
    ]
    assert now[on_main.index(False)] == "SA"  # it hangs where they hung it
    found = clashes(old, mine, theirs, lines)
    rows = found.filter(pl.col("shoreline_id") == big).select("from_m", "mine", "theirs").rows()
    assert rows == [(18_000.0, "SD", "SB")]


def test_a_newer_coast_takes_every_version_and_draft_along(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    one = boundaries.create(
        ws, "东移", user="王规划", operations=[move(big, 8_000.0, 10_000.0)], now=NOW
    )
    walked(ws, one.draft_id, TODAY)
    open_ = boundaries.create(
        ws, "再移", user="王规划", operations=[move(big, 16_000.0, 13_000.0)], now=NOW
    )

    def owner_of(held: Held) -> dict[str, str]:
        cut = store.read(ws.engine, "segments")
        return dict(zip(cut["segment_id"], assign(cut, held.cuts, held.hangs), strict=True))

    references = (1, 2, open_.draft_id)
    before = [owner_of(boundaries.stood(ws, name)) for name in references]
    counts = runs.build_coast(ws, land(MAIN, ISLET, PIER), now=NOW)
    assert counts["section_changed_m"] == 0
    after = [owner_of(boundaries.stood(ws, name)) for name in references]
    for was, now in zip(before, after, strict=True):
        same = set(was) & set(now)
        assert len(same) > 0.8 * len(was)
        assert {name: was[name] for name in same} == {name: now[name] for name in same}
    assert before[0] != before[1] != before[2]
    carried = boundaries.draft(ws, open_.draft_id)
    assert (carried.rev, carried.operations[0]["op"]) == (2, "divide")
    assert boundaries.steps(ws, open_.draft_id)["step"].to_list() == ["created", "carried"]
    assert walked(ws, open_.draft_id, TODAY) == 3


def test_cuts_are_told_with_their_place(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    told = located(ws, boundaries.stood(ws).cuts)
    back = placing.snap(ws, told["lon"], told["lat"], max_m=1.0)
    assert back["shoreline_id"].to_list() == [big] * 3
    assert (back["chainage_m"] - told["chainage_m"]).abs().max() < 0.1


def test_figures_and_comparison_account_for_every_kilometre(shore: tuple[Workspace, str]) -> None:
    ws, big = shore
    runs.plan(ws, TODAY, days=1, now=NOW)
    row = {"shoreline_id": big, "cadence_days": 7, "status": "in_use", "made": False}
    wharves = [{**row, "wharf_id": f"W{n}", "chainage_m": 1_000.0 * n} for n in range(20)]
    store.write(ws.engine, "wharves", pl.DataFrame(wharves))
    one = boundaries.create(
        ws, "东移", user="王规划", operations=[move(big, 8_000.0, 10_400.0)], now=NOW
    )
    now, then = boundaries.stood(ws), boundaries.stood(ws, one.draft_id)
    total = boundaries.lines(ws)["length_m"].sum() / 1000.0
    for held in (now, then):
        found = figures_of(ws, held)
        assert found["km"].sum() == pytest.approx(total, rel=1e-6)
        assert found["wharves"].sum() == 20
        assert found["risk_mean"].is_between(0, 100).all()
    found = compare(ws, now, then)
    on_main = found.stretches.filter(pl.col("shoreline_id") == big)
    (stretch,) = on_main.iter_rows(named=True)
    assert (stretch["from_section"], stretch["to_section"]) == ("SB", "SA")
    assert stretch["km"] == pytest.approx(2.4)
    assert stretch["wharves"] == 3  # at 8, 9 and 10 km
    line = gpd.GeoSeries(shapely.from_wkb([stretch["geometry"]]), crs=4326)
    assert line.to_crs(line.estimate_utm_crs()).length[0] == pytest.approx(2_400, rel=0.01)
    changed = {
        row["section_id"]: row["wharves_change"] for row in found.sections.iter_rows(named=True)
    }
    assert changed == {"SA": 3, "SB": -3, "SC": 0}


def test_proposals_balance_keep_locks_and_become_drafts(shore: tuple[Workspace, str]) -> None:
    ws, _ = shore
    shores = store.read(ws.engine, "shorelines")
    free = proposed(ws, price=0.0)
    kept = proposed(ws, price=1e6)
    assert kept.moved_km == pytest.approx(0.0, abs=1e-6)
    assert free.cv < kept.cv
    five = proposed(ws, chiefs=5, price=0.0, locked=["SB"])
    assert len(five.division.sections) == 5
    one = boundaries.create(ws, "五段", user="王规划", operations=[divide(five.division)], now=NOW)
    held = boundaries.stood(ws, one.draft_id)
    assert problems(held.sections, held.cuts, held.hangs, shores) == []
    assert held.division.cuts == five.division.cuts
    found = trade_off(ws)
    assert len(found) >= 2
    assert [one.moved_km for one in found] == sorted(one.moved_km for one in found)
    with pytest.raises(InputError, match="cannot divide"):
        proposed(ws, limits=Limits(length_km=5.0))
    with pytest.raises(InputError, match="no section SX"):
        proposed(ws, locked=["SX"])


def test_without_sections_the_first_are_proposed(plain_ws: Workspace) -> None:
    runs.build_coast(plain_ws, land(MAIN, ISLET), now=NOW)
    with pytest.raises(InputError, match="--chiefs"):
        proposed(plain_ws)
    found = proposed(plain_ws, chiefs=4)
    assert len(found.division.sections) == 4
    assert found.cv < 0.2


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "fly"},
        {"op": "divide"},
        {"op": "divide", "cuts": [], "hangs": [], "locked": []},
        {"op": "divide", "cuts": [["?", 0.0, "SA"]], "hangs": [], "locked": []},
        {"op": "divide", "cuts": 3, "hangs": [], "locked": []},
    ],
)
def test_what_does_not_divide_the_shore_is_refused(
    shore: tuple[Workspace, str], operation: dict[str, Any]
) -> None:
    ws, _ = shore
    with pytest.raises(InputError):
        boundaries.create(ws, "x", user="王规划", operations=[operation], now=NOW)
    assert boundaries.drafts(ws).is_empty()


def test_the_past_is_not_rewritten_by_an_import(
    shore: tuple[Workspace, str], tmp_path: Path, run: Run
) -> None:
    ws, _ = shore
    csv = tmp_path / "s.csv"
    csv.write_text("编号,名称,经度,纬度\nS1,一,121.04,29.0\n", encoding="utf-8")
    code, _, said = run("import", ws.root, "sections", csv, "--from", "2025-06-01")
    assert code == 1
    assert "2026-01-01" in said
    code, said, _ = run("import", ws.root, "sections", csv, "--from", "2026-06-01")
    assert code == 0
    assert "自 2026-06-01 起生效" in said
    assert set(owners(ws, date(2026, 6, 1)).values()) == {"S1"}
    assert set(owners(ws, date(2026, 5, 31)).values()) == {"SA", "SB", "SC"}
    assert read.sections(ws)["section_id"].to_list() == ["S1"]


def test_the_command_goes_all_the_way(
    shore: tuple[Workspace, str], tmp_path: Path, run: Run
) -> None:
    ws, big = shore

    def told(*words: object) -> dict[str, Any]:
        code, said, complained = run("boundaries", ws.root, *words, "--json")
        assert code == 0, complained
        return dict(json.loads(said.splitlines()[-1]))

    draft_id = told("propose", "--price", "0", "--name", "均衡", "--user", "王规划")["drafts"][0]
    op = json.dumps({"op": "lock", "section_id": "SA"})
    assert told("edit", draft_id, "--op", op, "--user", "王规划")["rev"] == 2
    assert told("undo", draft_id, "--user", "王规划")["rev"] == 3
    assert told("redo", draft_id, "--user", "王规划")["rev"] == 4
    shown = told("show", draft_id)
    assert (shown["state"], shown["operations"][0]["op"]) == ("draft", "divide")
    assert shown["operations"][0]["cuts"] == len(shown["cuts"])
    _, said, _ = run("boundaries", ws.root, "show", draft_id, "--cuts")
    assert said.count("分界 cut") == len(shown["cuts"])
    code, _, said = run(
        "boundaries", ws.root, "edit", draft_id, "--op", op, "--user", "王规划", "--rev", "99"
    )
    assert code == 1
    assert "没有第 99 次修订；最新为第 4 次" in said
    out = tmp_path / "diff.geojson"
    differing = told("diff", "now", draft_id, "--out", out)
    layer = gpd.read_file(out)
    assert len(layer) == differing["counts"]["stretches"] > 0
    assert layer["km"].sum() == pytest.approx(differing["counts"]["km"], abs=0.01)
    assert told("diff", "1", "now")["counts"]["stretches"] == 0
    told("submit", draft_id, "--user", "王规划")
    told("approve", draft_id, "--user", "督导", "--reason", "好")
    tomorrow = (datetime.now(ws.config.tz) + timedelta(days=1)).date()
    version = told("publish", draft_id, "--from", tomorrow, "--user", "督导", "--reason", "均衡")
    assert version["version"] == 2
    assert told("withdraw", 2, "--user", "督导", "--reason", "太早")["draft_id"] == draft_id
    assert "生效前已撤回" in run("boundaries", ws.root, "list")[1]
    again = told("draft", "再来", "--op", op, "--user", "王规划")
    assert (again["rev"], again["state"]) == (1, "draft")
    assert len(told("list")["versions"]) == 2
    code, said, _ = run("boundaries", ws.root, "who", f"{big}:100", "--date", "2020-01-01")
    assert "当日尚无岸段划分" in said
    assert len(told("who", f"{big}:100")["history"]) >= 1
    assert told("who", f"{big}:100", "--date", "2026-03-01")["section_id"] == "SA"
    assert len(told("propose", "--curve")["proposals"]) >= 1
    assert told("show", "2")["version"] == 2
    code, _, said = run("boundaries", ws.root, "edit", draft_id, "--op", "{", "--user", "王规划")
    assert code == 1
    assert "不是 JSON" in said
    code, _, said = run("boundaries", ws.root, "show", "99")
    assert code == 1
    assert "99" in said
