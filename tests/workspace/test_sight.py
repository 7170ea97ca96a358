"""What each kind of scope shows of a workspace, and that a day's boundaries move it."""

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import polars as pl
import pytest
import shapely
from sqlalchemy import insert

from geo.errors import InputError
from workspace import boundaries, db, read, rights, runs, users
from workspace.folder import Workspace
from workspace.importers import Options, import_file
from workspace.placing import segments
from workspace.sight import Sight, sight

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
PASSWORD = "tide-and-time-1"
FILES = {
    "sections": "编号,名称,经度,纬度\nSA,甲段,121.615,29.31\nSB,乙段,121.91,29.25\n",
    "wharves": "wharf_id,name,lon,lat,cadence_days,owner_unit,operator_unit\n"
    "W1,东门码头,121.914,29.27,7,海运公司,\nW2,西门码头,121.61,29.31,7,,渔业社\n",
    "risk-points": "编号,名称,类别,经度,纬度\nR1,东风险点,creek,121.912,29.26\n"
    "R2,西风险点,creek,121.55,29.305\n",
    "facilities": "编号,名称,类别,状态,起始日期,经度,纬度\nF1,东探头,监控,正常,,121.914,29.27\n",
    "posts": "岗位编号,职务,姓名,单位,值班电话,对象类型,对象编号\n"
    "P1,段长,甲,东门所,0574-1,岸段,SB\nP2,一级码长,乙,西门所,0574-2,码头,W2\n",
    "teams": "编号,名称,类型,单位,经度,纬度\nT1,一队,车巡,东门所,121.60,29.31\n"
    "T3,三队,船巡,海警,121.85,29.20\n",
}


@pytest.fixture
def county(coast: Workspace, tmp_path: Path) -> Workspace:
    for kind, text in FILES.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text(text, encoding="utf-8")
        assert not import_file(coast, kind, path, now=NOW).refused, kind
    halves = [shapely.box(121.4, 29.1, 121.7, 29.32), shapely.box(121.7, 29.1, 121.93, 29.32)]
    for level, ids in (("乡镇", ["TW", "TE"]), ("巡防网格", ["GW", "GE"])):
        layer = gpd.GeoDataFrame({"网格编号": ids, "级别": level}, geometry=halves, crs=4326)
        layer.to_file(tmp_path / "grids.gpkg")
        import_file(
            coast, "boundaries", tmp_path / "grids.gpkg", Options(valid_from=NOW.date()), now=NOW
        )
    return coast


def told(ws: Workspace, role: str = "section_chief", **scope: str) -> Sight:
    return sight(ws, role, rights.parsed(f"{kind}={ids}" for kind, ids in scope.items()))


def at(ws: Workspace, found: Sight) -> tuple[float, float]:
    shore = segments(ws)
    lon = shore["lon"][shore["segment_id"].isin(found.segments or ())]
    return float(lon.min()), float(lon.max())


def test_the_county_is_seen_by_who_is_of_it(county: Workspace) -> None:
    assert told(county, "analyst").segments is None
    assert told(county, county="all").segments is None
    nothing = told(county)
    assert nothing.segments == frozenset()
    assert not any(nothing.places.values())


def test_a_section_shows_its_shore_and_what_stands_there(county: Workspace) -> None:
    found = told(county, section="SB")
    shore = segments(county)
    assert found.segments == set(shore["segment_id"][shore["section_id"] == "SB"])
    assert (found.sections, found.whole_sections) == ({"SB"}, {"SB"})
    assert found.places == {"wharves": {"W1"}, "risk_points": {"R1"}, "facilities": {"F1"}}
    both = told(county, section="SA,SB")
    assert both.segments == set(shore["segment_id"][shore["section_id"].notna()])


@pytest.mark.parametrize(("kind", "ids"), [("township", "TW"), ("grid", "GW")])
def test_ground_shows_the_shore_that_lies_on_it(county: Workspace, kind: str, ids: str) -> None:
    found = told(county, "township_officer", **{kind: ids})
    west, east = at(county, found)
    assert (west, east) == pytest.approx((121.4, 121.7), abs=0.02)
    assert found.places == {"wharves": {"W2"}, "risk_points": {"R2"}, "facilities": set()}
    assert found.whole_sections < found.sections | {"SA", "SB"}


def test_a_wharf_shows_itself_and_the_shore_on_which_it_stands(county: Workspace) -> None:
    found = told(county, "wharf_chief", wharf="W1")
    assert found.places == {"wharves": {"W1"}, "risk_points": set(), "facilities": set()}
    assert len(found.segments or ()) == 1
    assert at(county, found)[0] == pytest.approx(121.914, abs=0.01)
    assert (found.sections, found.whole_sections) == ({"SB"}, frozenset())


def test_a_unit_shows_what_it_answers_for_owns_and_sends(county: Workspace) -> None:
    station = told(county, "responsible_unit", unit="东门所")
    assert station.whole_sections == {"SB"}
    assert station.teams == {"T1"}
    assert told(county, "responsible_unit", unit="西门所").places["wharves"] == {"W2"}
    assert told(county, "responsible_unit", unit="海运公司").places["wharves"] == {"W1"}
    assert told(county, "responsible_unit", unit="渔业社").places["wharves"] == {"W2"}
    boats = told(county, "joint_response", unit="海警")
    assert (boats.teams, boats.segments) == ({"T3"}, frozenset())


def test_a_cut_that_is_moved_moves_what_a_chief_sees(county: Workspace) -> None:
    before = told(county, section="SB").segments
    with county.begin() as connection:
        for name in ("a", "b"):
            row = {"user_id": name, "name": name, "password_hash": "-"}
            connection.execute(insert(db.users).values(**row, role="planner", active=True))
    cut = boundaries.stood(county).cuts.filter(pl.col("section_id") == "SB").row(0, named=True)
    move = {"op": "move", "shoreline_id": cut["shoreline_id"]}
    move |= {"chainage_m": cut["chainage_m"], "to_m": cut["chainage_m"] + 3000.0}
    one = boundaries.create(county, "移", user="a", operations=[move], now=NOW)
    boundaries.submit(county, one.draft_id, user="a", now=NOW)
    boundaries.approve(county, one.draft_id, user="b", reason="对", now=NOW)
    day = datetime.now(county.config.tz).date()
    day = max(day, NOW.date())
    boundaries.publish(county, one.draft_id, valid_from=day, user="b", reason="对", now=NOW)
    after = told(county, section="SB").segments
    assert after is not None
    assert before is not None
    assert after < before


def test_events_are_found_where_they_are_or_may_have_been(county: Workspace) -> None:
    shore = segments(county)["segment_id"].to_list()
    with county.begin() as connection:
        for n, segment in enumerate(shore[:3]):
            connection.execute(
                insert(db.events).values(
                    event_id=f"E{n}", kind="gap", mmsi=1, t0=NOW, t1=NOW, lon=1.0, lat=1.0,
                    segment_id=segment, rank=0.5, version=1,
                )
            )  # fmt: skip
        reach = {"event_id": "E2", "segment_id": shore[9], "probability": 0.2}
        connection.execute(insert(db.event_reach).values(**reach))
    span = {"t0": NOW, "t1": datetime(2026, 11, 24, tzinfo=UTC), "kinds": ["gap"]}

    def ids(*within: str) -> set[str]:
        return set(read.events(county, **span, within=frozenset(within)).rows["event_id"])

    assert ids(shore[0]) == {"E0"}
    assert ids(shore[9]) == {"E2"}
    assert ids(shore[1], shore[9]) == {"E1", "E2"}
    assert ids() == set()
    assert len(read.events(county, **span).rows) == 3


def test_the_strip_is_of_the_segments_that_are_seen(county: Workspace) -> None:
    runs.score(county, NOW.date(), days=1, now=NOW)
    found = told(county, wharf="W1")
    strip = read.strip(county, "SB", NOW.date(), found.segments)
    (segment,) = found.segments or ()
    for row in strip.filter(pl.col("max_score").is_not_null()).iter_rows(named=True):
        table = read.scores(county, row["shift_id"])
        assert table is not None
        own = table.filter(pl.col("segment_id") == segment)["score"][0]
        assert row["max_score"] == own
    assert strip["max_score"].count() == 6
    assert read.strip(county, None, NOW.date(), frozenset())["max_score"].count() == 0


def test_an_account_names_only_what_there_is(county: Workspace) -> None:
    wrong = {"section": ["S9"], "wharf": ["W9"], "unit": ["无"], "township": ["T9"], "moon": ["x"]}
    wrong |= {"county": ["half"], "grid": []}
    with pytest.raises(InputError) as refused:
        users.add(county, "some", PASSWORD, role="wharf_chief", scope=wrong)
    for part in ("'S9'", "'W9'", "'无'", "'T9'", "'moon'", "'half'", "names no grid"):
        assert part in str(refused.value)
    with pytest.raises(InputError, match="needs a scope"):
        users.add(county, "some", PASSWORD, role="wharf_chief")
    made = users.add(county, "some", PASSWORD, role="wharf_chief", scope={"wharf": "W1"})
    assert made.scope == {"wharf": ("W1",)}
    token, user = users.sign_in(county, "some", PASSWORD)
    assert user == made
    assert users.who(county, token) == made
