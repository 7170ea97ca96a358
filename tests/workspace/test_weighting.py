"""Weight sets at rest: who may do what, which is in force when, and what scores are made with."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from geo.errors import InputError
from risk.weights import PILLARS, dump, load
from tests.workspace._sets import people
from tests.workspace._sets import text as set_text
from workspace import read, runs, store, users, weighting
from workspace._example_weights import propose_second_set
from workspace._scored import newest_runs
from workspace._weighed import compared, suggest
from workspace.folder import Workspace

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 23)
Run = Callable[..., tuple[int, str, str]]


def _walk(ws: Workspace, text: str, *, now: datetime = NOW) -> None:
    """Bring a set all the way into force."""
    given = weighting.add(ws, text, where="a.toml", user="王研判", now=now)
    weighting.propose(ws, given, user="王研判", now=now)
    weighting.approve(ws, given, user="李研判", reason="核对过", now=now)
    weighting.use(ws, given, user="boss", reason="十二月起", now=now)


def test_without_any_the_shipped_set_is_in_force(ws: Workspace) -> None:
    shipped = weighting.shipped_set()
    assert weighting.weight_set(ws) == shipped
    found = weighting.listed(ws)
    assert found.select("name", "version", "state", "in_force").rows() == [
        ("default", shipped.version, "approved", True)
    ]
    assert weighting.named(ws, "default") == shipped
    assert weighting.named(ws, f"default:{shipped.version}") == shipped
    assert weighting.in_force(ws).is_empty()


def test_a_set_goes_its_way_and_every_step_is_kept(ws: Workspace) -> None:
    people(ws)
    text = set_text(darkness=0.6)
    given = weighting.add(ws, text, where="a.toml", user="王研判", now=NOW)
    assert store.read(ws.engine, "weight_sets")["toml"].to_list() == [text]
    assert weighting.listed(ws)["state"].to_list() == ["approved", "draft"]
    weighting.propose(ws, given, user="王研判", reason="请核", now=NOW)
    assert weighting.listed(ws)["state"].to_list() == ["approved", "proposed"]
    weighting.approve(ws, given, user="李研判", reason="核对过", now=NOW)
    assert weighting.weight_set(ws).name == "default"
    weighting.use(ws, given, user="boss", reason="十二月起", now=NOW + timedelta(days=1))
    assert weighting.weight_set(ws) == given == load(text, where="x")
    assert weighting.listed(ws)["in_force"].to_list() == [False, True]
    weighting.use(ws, weighting.shipped_set(), user="boss", reason="试毕", now=NOW)
    assert weighting.weight_set(ws) == weighting.shipped_set()
    weighting.use(ws, given, user="boss", reason="再用", now=NOW)
    assert weighting.in_force(ws).select("name", "user", "reason").rows() == [
        ("夜间", "boss", "再用"),
        ("default", "boss", "试毕"),
        ("夜间", "boss", "十二月起"),
    ]
    assert weighting.listed(ws)["in_force"].sum() == 1
    assert weighting.steps(ws, "夜间", 1).select("step", "user", "reason").rows() == [
        ("proposed", "王研判", "请核"),
        ("approved", "李研判", "核对过"),
        ("in_force", "boss", "十二月起"),
        ("in_force", "boss", "再用"),
    ]
    audit = users.trail(ws)
    assert audit["action"].to_list()[:3] == [
        "weight set added",
        "weight set proposed",
        "weight set approved",
    ]
    assert set(audit["object"]) == {"夜间:1", f"default:{weighting.shipped_set().version}"}


def test_nobody_approves_their_own(plain_ws: Workspace) -> None:
    people(plain_ws)
    given = weighting.add(plain_ws, set_text(), where="a.toml", user="李研判", now=NOW)
    weighting.propose(plain_ws, given, user="李研判", now=NOW)
    for own in ("王研判", "李研判"):  # its author by the file, and who added and proposed it
        with pytest.raises(InputError, match="Somebody else"):
            weighting.approve(plain_ws, given, user=own, reason="好", now=NOW)
    for other in ("chief", "gone", "nobody"):
        with pytest.raises(InputError, match=r"may not do this|no account"):
            weighting.approve(plain_ws, given, user=other, reason="好", now=NOW)
    with pytest.raises(InputError, match="reason is lacking"):
        weighting.approve(plain_ws, given, user="boss", reason=" ", now=NOW)
    assert weighting.listed(plain_ws)["state"].to_list() == ["approved", "proposed"]
    weighting.approve(plain_ws, given, user="boss", reason="好", now=NOW)


def test_a_rejected_set_stays_rejected_and_its_next_version_goes_on(ws: Workspace) -> None:
    people(ws)
    given = weighting.add(ws, set_text(), where="a.toml", user="王研判", now=NOW)
    with pytest.raises(InputError, match="draft, not proposed"):
        weighting.reject(ws, given, user="boss", reason="x", now=NOW)
    weighting.propose(ws, given, user="王研判", now=NOW)
    with pytest.raises(InputError, match="reason is lacking"):
        weighting.reject(ws, given, user="boss", reason=" ", now=NOW)
    with pytest.raises(InputError, match="may not do this"):
        weighting.reject(ws, given, user="chief", reason="不妥", now=NOW)
    weighting.reject(ws, given, user="boss", reason="断点不对", now=NOW)
    assert weighting.listed(ws)["state"].to_list() == ["approved", "rejected"]
    assert weighting.steps(ws, "夜间", 1).select("step", "user", "reason").rows() == [
        ("proposed", "王研判", None),
        ("rejected", "boss", "断点不对"),
    ]
    assert users.trail(ws)["action"][-1] == "weight set rejected"
    for again in (
        lambda: weighting.propose(ws, given, user="王研判", now=NOW),
        lambda: weighting.approve(ws, given, user="boss", reason="x", now=NOW),
        lambda: weighting.reject(ws, given, user="boss", reason="x", now=NOW),
        lambda: weighting.use(ws, given, user="boss", reason="x", now=NOW),
    ):
        with pytest.raises(InputError, match="was rejected"):
            again()
    second = weighting.add(ws, set_text(version=2), where="a.toml", user="王研判", now=NOW)
    weighting.propose(ws, second, user="王研判", now=NOW)
    weighting.reject(ws, second, user="王研判", reason="撤回", now=NOW)  # its author withdraws it
    assert weighting.listed(ws)["state"].to_list() == ["approved", "rejected", "rejected"]


def test_no_step_is_left_out_or_made_twice(plain_ws: Workspace) -> None:
    people(plain_ws)
    given = weighting.add(plain_ws, set_text(), where="a.toml", user="王研判", now=NOW)
    with pytest.raises(InputError, match="draft, not proposed"):
        weighting.approve(plain_ws, given, user="boss", reason="好", now=NOW)
    with pytest.raises(InputError, match="draft, not approved"):
        weighting.use(plain_ws, given, user="boss", reason="好", now=NOW)
    weighting.propose(plain_ws, given, user="王研判", now=NOW)
    with pytest.raises(InputError, match="proposed, not draft"):
        weighting.propose(plain_ws, given, user="王研判", now=NOW)
    with pytest.raises(InputError, match="proposed, not approved"):
        weighting.use(plain_ws, given, user="boss", reason="好", now=NOW)
    weighting.approve(plain_ws, given, user="boss", reason="好", now=NOW)
    weighting.use(plain_ws, given, user="boss", reason="好", now=NOW)
    with pytest.raises(InputError, match="in force already"):
        weighting.use(plain_ws, given, user="boss", reason="好", now=NOW)
    with pytest.raises(InputError, match="approved, not draft"):
        weighting.propose(plain_ws, weighting.shipped_set(), user="王研判", now=NOW)


def test_sets_are_never_changed(plain_ws: Workspace) -> None:
    people(plain_ws)
    weighting.add(plain_ws, set_text(version=2), where="a.toml", user="王研判", now=NOW)
    for version in (1, 2):
        with pytest.raises(InputError, match="is not above 2"):
            weighting.add(plain_ws, set_text(version=version), where="b", user="王研判", now=NOW)
    newer = weighting.add(
        plain_ws, set_text(version=3, darkness=0.9), where="b", user="王研判", now=NOW
    )
    assert weighting.named(plain_ws, "夜间") == newer
    assert weighting.named(plain_ws, "夜间:2").version == 2
    for name in ("default", "a:1", " a"):
        with pytest.raises(InputError, match="cannot be given"):
            weighting.add(plain_ws, set_text(name=name), where="b", user="王研判", now=NOW)
    with pytest.raises(InputError, match="may not do this"):
        weighting.add(plain_ws, set_text(name="b"), where="b", user="chief", now=NOW)
    with pytest.raises(InputError, match="no weight set 夜间:7"):
        weighting.named(plain_ws, "夜间:7")
    with pytest.raises(InputError, match="no weight set x"):
        weighting.named(plain_ws, "x")


def test_a_set_that_cannot_be_evaluated_is_not_added(coast: Workspace) -> None:
    people(coast)
    unknown = set_text().replace('id = "shelter"', 'id = "rumours"')
    lacking = set_text().replace("moon_relief", "moon_belief")
    for text, said in ((unknown, "'rumours' is not one"), (lacking, "'darkness' lacks")):
        with pytest.raises(InputError, match=said):
            weighting.add(coast, text, where="a.toml", user="王研判", now=NOW)
    assert store.count(coast.engine, "weight_sets") == 0
    weighting.add(coast, set_text(), where="a.toml", user="王研判", now=NOW)


def _lone() -> str:
    """Return a set of three indicators, one a pillar, nearly all of it on one pillar."""
    keep = ("loitering_near", "darkness", "patrol_cover")
    shipped = weighting.shipped_set()
    made = shipped.model_copy(
        update={
            "name": "三项",
            "version": 1,
            "indicators": tuple(shipped.indicator(name) for name in keep),
            "pillars": dict(zip(PILLARS, (0.01, 0.98, 0.01), strict=True)),
        }
    )
    return dump(made)


def test_scores_say_which_set_they_were_made_with(coast: Workspace) -> None:
    people(coast)
    first = runs.score(coast, DAY, days=1, now=NOW)
    told = store.read(coast.engine, "runs").row(0, named=True)
    assert told["weights_name"] == "default"
    assert told["weights_version"] == weighting.shipped_set().version
    _walk(coast, _lone())
    shift = f"{DAY}T22:00"
    segment = store.read(coast.engine, "segments")["segment_id"][0]
    before = read.explain(coast, segment, shift, now=NOW)
    assert before is not None
    assert before["weights"] == f"default {weighting.shipped_set().version}"
    assert len(before["contributions"]) == len(weighting.shipped_set().ids)
    runs.plan(coast, DAY, days=1, now=NOW)
    run = runs.score(coast, DAY, days=1, now=NOW + timedelta(hours=1))
    assert run.run_id != first.run_id
    assert weighting.weight_set_of(coast, run.run_id).name == "三项"
    assert weighting.weight_set_of(coast, first.run_id).name == "default"
    assert set(newest_runs(coast).values()) == {run.run_id}
    runs.plan(coast, DAY, days=1, now=NOW + timedelta(hours=2))
    after = read.explain(coast, segment, shift, now=NOW)
    assert after is not None
    assert after["weights"] == "三项 1"
    assert {part["id"] for part in after["contributions"]} == set(
        weighting.named(coast, "三项").ids
    )
    assert after["base"] + sum(p["points"] for p in after["contributions"]) == pytest.approx(
        after["score"]
    )


def test_two_sets_are_compared_on_the_same_day(coast: Workspace) -> None:
    people(coast)
    night = weighting.add(coast, set_text(darkness=5.0), where="a", user="王研判", now=NOW)
    found = compared(coast, weighting.shipped_set(), night, day=DAY, now=NOW)
    n = store.count(coast.engine, "segments")
    assert found.scores.cells.height == 6 * n
    assert len(found.segment_ids) == n
    km = store.read(coast.engine, "segments")["length_m"].sum() / 1000
    assert found.scores.bands["km_second"].sum() == pytest.approx(km)
    assert found.scores.cells["change"].abs().max() > 1.0
    share = found.weights.filter(pl.col("indicator") == "darkness").row(0, named=True)
    assert share["second"] > share["first"]
    same = compared(coast, night, night, day=DAY, now=NOW)
    assert same.scores.changed == 0.0
    lone = load(_lone(), where="x")
    said = compared(coast, weighting.shipped_set(), lone, day=DAY, now=NOW).said
    assert any("opportunity alone has 98%" in en for _, en in said)


def test_the_examples_second_set_waits_for_approval_and_differs(coast: Workspace) -> None:
    people(coast)
    propose_second_set(coast, now=NOW)
    second = weighting.listed(coast).row(-1, named=True)
    assert (second["state"], second["in_force"], second["user"]) == ("proposed", False, "analyst")
    given = weighting.named(coast, second["name"])
    found = compared(coast, weighting.shipped_set(), given, day=DAY, now=NOW)
    assert found.scores.cells["change"].abs().max() > 1.0
    weighting.approve(coast, given, user="boss", reason="比较过", now=NOW)


def test_a_suggestion_is_a_set_that_can_be_added(coast: Workspace) -> None:
    people(coast)
    for method in ("entropy", "critic"):
        made, said = suggest(
            coast,
            weighting.weight_set(coast),
            method,
            name="数据",
            author="王研判",
            day=DAY,
            now=NOW,
        )
        assert said
        given = weighting.add(coast, dump(made), where="a", user="王研判", now=NOW)
        assert given == weighting.named(coast, "数据")
    assert given.version == 2


def test_by_command(run: Run, coast: Workspace, tmp_path: Path) -> None:
    people(coast)
    path = tmp_path / "n.toml"
    path.write_text(set_text(darkness=5.0), encoding="utf-8")
    root = coast.root

    def told(*words: object) -> dict:
        code, out, err = run("weights", root, *words, "--json")
        assert code == 0, err
        return json.loads(out.splitlines()[-1])

    told("add", path, "--user", "王研判")
    told("propose", "夜间", "--user", "王研判")
    code, _, err = run("weights", root, "approve", "夜间", "--user", "王研判", "--reason", "好")
    assert code == 1
    assert err.splitlines()[0].startswith("错误：")
    told("approve", "夜间:1", "--user", "boss", "--reason", "好")
    told("use", "夜间", "--user", "boss", "--reason", "用")
    listed = told("list")
    assert [(s["name"], s["in_force"]) for s in listed["sets"]] == [
        ("default", False),
        ("夜间", True),
    ]
    assert listed["in_force"][0]["user"] == "boss"
    shown = told("show", "夜间", "--out", tmp_path / "out.toml")
    assert [step["step"] for step in shown["steps"]] == ["proposed", "approved", "in_force"]
    assert load((tmp_path / "out.toml").read_text("utf-8"), where="x") == weighting.named(
        coast, "夜间"
    )
    found = told("compare", "default", "夜间", "--date", str(DAY), "--top", "3")
    assert len(found["movers"]) == 3
    assert found["said"]
    made = tmp_path / "s.toml"
    told(
        "suggest", "--method", "critic", "--name", "数据", "--author", "李研判",
        "--out", made, "--date", str(DAY),
    )  # fmt: skip
    told("add", made, "--user", "李研判")
    assert run("weights", root, "show", "nothing")[0] == 1
    assert run("weights", root, "add", tmp_path / "none.toml", "--user", "王研判")[0] == 1
