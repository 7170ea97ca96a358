"""Secondary ports: differences of time and height against a main port, as tables print them."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo._secondary_table import is_secondary, read_secondary
from geo._stations import read_stations
from geo._tide_curve import TideTable
from geo.errors import InputError
from geo.secondary import Offsets
from geo.tides import Station, extremes, heights

DATA = Path(__file__).resolve().parents[2] / "data"
KANMEN = next(
    one
    for one in read_stations(DATA / "tide_constituents_china.json")
    if "kanmen" in one.station_id
)
BEGIN, END = np.datetime64("2026-11-01", "ms"), np.datetime64("2026-11-16", "ms")


def at(found: pl.DataFrame) -> np.ndarray:
    return found["t"].dt.replace_time_zone(None).to_numpy().astype("datetime64[ms]")


def port(path: Path, text: str, mains: list[Station] | None = None) -> Station:
    path.write_text(text, encoding="utf-8")
    found, refused = read_secondary(path, mains or [KANMEN])
    assert refused == []
    return found[0]


def test_rainsford_island_from_boston_as_the_tide_tables_teach_it(tmp_path: Path) -> None:
    # NOAA Tide Tables 2004, 19 April; the worked example is printed in a course on piloting
    # (USPS Advanced Piloting, chapter 7): Rainsford Island, +0 and +2 min, ratios 0.95.
    day = np.datetime64("2004-04-19", "ms")
    times = day + np.array(
        [4 * 60 + 56, 11 * 60 + 11, 17 * 60 + 10, 23 * 60 + 22]
    ) * np.timedelta64(60_000, "ms")
    feet = np.array([-0.1, 10.0, 0.5, 10.4])
    table = TideTable("MLLW", times, feet * 0.3048, np.array([False, True, False, True]))
    boston = Station("8443970", "Boston", -71.05, 42.35, datums={"MLLW": 0.0}, table=table)
    one = port(
        tmp_path / "r.csv",
        "station_id,main,time_high_min,time_low_min,ratio_high,ratio_low,datum,main_datum\n"
        "rainsford,Boston,0,2,0.95,0.95,MLLW,MLLW\n",
        [boston],
    )
    found = extremes(one, day, day + np.timedelta64(1, "D"), datum="MLLW")
    assert [str(t)[11:16] for t in at(found)] == ["04:58", "11:11", "17:12", "23:22"]
    assert (found["height_m"] / 0.3048).round(1).to_list() == [-0.1, 9.5, 0.5, 9.9]
    # 14:00 lies 2 h 49 min after high water of a fall of 6 h 1 min from 9.5 to 0.475 ft.
    told = heights(one, np.array(["2004-04-19T14:00"], dtype="datetime64[ms]"), datum="MLLW")
    wanted = 0.475 + 9.025 * (1 + np.cos(np.pi * 169 / 361)) / 2
    assert told[0] / 0.3048 == pytest.approx(wanted, abs=0.001)


def test_range_ratio_about_both_mean_sea_levels(tmp_path: Path) -> None:
    one = port(
        tmp_path / "a.csv",
        "编号,附港,纬度,经度,主港,高潮时差,低潮时差,潮差比,平均海面(cm)\n"
        "A1,石浦,29°12′N,121°57′E,Kanmen,+0125,-0:05,1.10,312\n",
    )
    assert (one.kind, one.name, one.datum) == ("secondary", "石浦", "CD")
    assert (one.lat, one.lon) == pytest.approx((29.2, 121.95))
    main, own = extremes(KANMEN, BEGIN, END), extremes(one, BEGIN, END, datum="潮高基准面")
    high = main.filter(pl.col("kind") == "high").row(3, named=True)
    wanted = high["height_m"] * 1.10 + 3.12
    near = own.filter((pl.col("t") - high["t"]).dt.total_minutes() == 85)
    assert near["height_m"].to_list() == pytest.approx([wanted])
    low = main.filter(pl.col("kind") == "low").row(3, named=True)
    near = own.filter((pl.col("t") - low["t"]).dt.total_minutes() == -5)
    assert near["height_m"].to_list() == pytest.approx([low["height_m"] * 1.10 + 3.12])
    assert heights(one, at(own)[:1])[0] == pytest.approx(own["height_m"][0] - 3.12, abs=0.001)


def test_height_ratio_and_correction_stand_above_the_zeros(tmp_path: Path) -> None:
    one = port(
        tmp_path / "b.csv",
        "站号,主港,高潮时差(min),低潮时差(min),潮高比,改正值,平均海面\nB,Kanmen,10,20,0.9,15,300\n",
    )
    main = extremes(KANMEN, BEGIN, END, datum="CD")
    own = extremes(one, BEGIN, END, datum="CD")
    rows = own.join_asof(main, on="t", strategy="backward", suffix="_main")
    rows = rows.filter(pl.col("kind") == pl.col("kind_main"))
    assert len(rows) > 50
    assert (rows["height_m"] - rows["height_m_main"] * 0.9 - 0.15).abs().max() < 1e-9


def test_noaas_offsets_by_json(tmp_path: Path, shared: Path) -> None:
    mains = read_stations(shared / "coast" / "tide_constituents_validation.json")
    answer = {
        "refStationId": "9414290",
        "type": "S",
        "heightOffsetHighTide": 0.83,
        "heightOffsetLowTide": 0.9,
        "timeOffsetHighTide": 116,
        "timeOffsetLowTide": 98,
        "heightAdjustedType": "R",
    }
    path = tmp_path / "o.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    with pytest.raises(InputError, match="--station"):
        read_secondary(path, mains)
    found, _ = read_secondary(path, mains, station="sub")
    main = extremes(mains[3], BEGIN, END, datum="MLLW").filter(pl.col("kind") == "high")
    own = extremes(found[0], BEGIN, END, datum="MLLW").filter(pl.col("kind") == "high")
    times = main["t"][2] + np.timedelta64(116, "m").astype(object)
    assert own.filter(pl.col("t") == times)["height_m"].to_list() == pytest.approx(
        [main["height_m"][2] * 0.83]
    )
    path.write_text(json.dumps({**answer, "heightAdjustedType": "F"}), encoding="utf-8")
    with pytest.raises(InputError, match="--unit"):
        read_secondary(path, mains, station="sub")
    found, _ = read_secondary(path, mains, station="sub", unit="ft")
    assert found[0].offsets is not None
    assert found[0].offsets.add_high_m == pytest.approx(0.83 * 0.3048)


def mains_of_each_kind() -> list[Station]:
    times = np.arange(BEGIN - 2 * 86_400_000, END + 2 * 86_400_000, np.timedelta64(1, "h"))
    turns = extremes(KANMEN, times[0], times[-1])
    series = TideTable("MSL", times, heights(KANMEN, times))
    table = TideTable(
        "MSL", at(turns), turns["height_m"].to_numpy(), (turns["kind"] == "high").to_numpy()
    )
    plain = replace(KANMEN, constituents=KANMEN.constituents.clear(), datums={"MSL": 0.0})
    return [KANMEN, replace(plain, table=series), replace(plain, table=table)]


def offsets(**given: float) -> Offsets:
    times = {"time_high_min": 0.0, "time_low_min": 0.0}
    sizes = {"ratio_high": 1.0, "ratio_low": 1.0, "add_high_m": 0.0, "add_low_m": 0.0}
    return Offsets("Kanmen", **{**times, **sizes, **given}, main_datum="MSL", datum="MSL")


@pytest.mark.parametrize("main", mains_of_each_kind(), ids=["harmonic", "series", "extremes"])
@given(
    high=st.floats(-200, 200),
    later=st.floats(-200, 200),
    ratio=st.floats(0.2, 3),
    add=st.floats(-2, 2),
)
def test_the_curve_goes_through_its_turns_and_stays_between_them(
    main: Station, high: float, later: float, ratio: float, add: float
) -> None:
    # High and low waters stand some 370 min apart: differences further apart leave no tide.
    low = high + later
    own = Station(
        "s", "s", 0.0, 0.0, datums={"MSL": 0.0}, main=main,
        offsets=offsets(
            time_high_min=high, time_low_min=low, ratio_high=ratio, ratio_low=ratio,
            add_high_m=add, add_low_m=add,
        ),
    )  # fmt: skip
    begin, end = BEGIN + 2 * 86_400_000, BEGIN + 4 * 86_400_000
    turns = extremes(own, begin, end)
    t, h = at(turns), turns["height_m"].to_numpy()
    assert all(a != b for a, b in pairwise(turns["kind"]))
    assert (np.diff(t) > np.timedelta64(0, "ms")).all()
    assert np.abs(heights(own, t) - h).max() < 0.01
    times = np.arange(t[0], t[-1], np.timedelta64(10, "m"))
    left = np.searchsorted(t, times, side="right") - 1
    curve = heights(own, times)
    assert (curve <= np.maximum(h[left], h[left + 1]) + 0.02).all()
    assert (curve >= np.minimum(h[left], h[left + 1]) - 0.02).all()


@given(shift=st.integers(-300, 300), ratio=st.floats(0.3, 2.5))
def test_one_shift_and_one_ratio_move_and_scale_the_whole_curve(shift: int, ratio: float) -> None:
    own = Station(
        "s", "s", 0.0, 0.0, datums={"MSL": 0.0}, main=KANMEN,
        offsets=offsets(
            time_high_min=shift, time_low_min=shift, ratio_high=ratio, ratio_low=ratio
        ),
    )  # fmt: skip
    times = np.arange(BEGIN, BEGIN + 86_400_000, np.timedelta64(20, "m"))
    wanted = heights(KANMEN, times - np.timedelta64(shift, "m")) * ratio
    assert np.abs(heights(own, times) - wanted).max() < 1e-6


def test_a_pair_that_would_change_places_is_left_out() -> None:
    times = BEGIN + np.array([0, 6, 12, 13, 19, 25]) * np.timedelta64(1, "h")
    h = np.array([1.0, -1.0, 0.2, 0.1, 1.0, -1.0])
    high = np.array([True, False, True, False, True, False])
    main = Station("m", "m", 0.0, 0.0, datums={"MSL": 0.0}, table=TideTable("MSL", times, h, high))
    own = Station(
        "s", "s", 0.0, 0.0, datums={"MSL": 0.0}, main=main,
        offsets=offsets(time_high_min=60.0, time_low_min=-60.0),
    )  # fmt: skip
    turns = extremes(own, BEGIN, END)
    assert turns["kind"].to_list() == ["high", "low", "high", "low"]
    assert turns["height_m"].to_list() == [1.0, -1.0, 1.0, -1.0]


def test_a_main_ports_table_ends_and_so_does_the_secondary() -> None:
    main = mains_of_each_kind()[2]
    own = Station("s", "s", 0.0, 0.0, datums={"MSL": 0.0}, main=main, offsets=offsets())
    late = END + np.array([0, 10]) * np.timedelta64(1, "D")
    assert np.isnan(heights(own, late)).tolist() == [False, True]


HEAD = "编号,主港,高潮时差,低潮时差,潮差比,平均海面\n"


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("A,无此港,0100,0100,1.1,300", "无此港"),
        (",Kanmen,0100,0100,1.1,300", "no id"),
        ("A,Kanmen,,0100,1.1,300", "time_high is missing"),
        ("A,Kanmen,1900,0100,1.1,300", "720 min"),
        ("A,Kanmen,0100,0100,110,300", "range_ratio is 110"),
        ("A,Kanmen,0100,0100,1.1,30000", "msl is 300 m"),
        ("A,Kanmen,0100,0100,,300", "潮差比"),
        ("A,Kanmen,x,0100,1.1,300", "x"),
        ("A,Kanmen,0160,0100,1.1,300", "60 minutes"),
        ("A,Kanmen,75,0100,1.1,300", "75 minutes"),
        ("A,Kanmen,0:75,0100,1.1,300", "75 minutes"),
        ("A,Kanmen,12.5,0100,1.1,300", "hours and minutes"),
        ("Kanmen,Kanmen,0000,0000,1.0,348", "main port of this table"),
        (f"{KANMEN.station_id},Kanmen,0000,0000,1.0,348", "main port of this table"),
    ],
)
def test_a_bad_row_is_refused_beside_good_ones(tmp_path: Path, row: str, word: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD}G,Kanmen,0100,0100,1.1,300\n{row}\n", encoding="utf-8")
    found, refused = read_secondary(path, [KANMEN])
    assert [one.station_id for one in found] == ["G"]
    assert [(r.row, r.reason) for r in refused] == [(3, "bad_secondary_port")]
    assert word in refused[0].detail
    path.write_text(f"{HEAD}{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match="no row is a secondary port"):
        read_secondary(path, [KANMEN])


@pytest.mark.parametrize(
    ("cells", "minutes"),
    [((115, -130), (75, -90)), ((25, -5), (25, -5)), ((1000, 0), (600, 0)), (("0115", 7), (75, 7))],
)
def test_a_workbooks_numbers_are_hours_and_minutes_too(
    tmp_path: Path, cells: tuple[object, object], minutes: tuple[int, int]
) -> None:
    for header, wanted in (("时差", minutes), ("时差(min)", None)):
        book = openpyxl.Workbook()
        names = ["编号", "主港", f"高潮{header}", f"低潮{header}", "潮差比", "平均海面"]
        book.active.append(names)
        book.active.append(["A", "Kanmen", *cells, 1.05, 312])
        book.save(tmp_path / "t.xlsx")
        if wanted is None and abs(int(cells[0])) > 720:
            continue
        offsets = read_secondary(tmp_path / "t.xlsx", [KANMEN])[0][0].offsets
        assert offsets is not None
        told = (offsets.time_high_min, offsets.time_low_min)
        assert told == (wanted or tuple(float(cell) for cell in cells))


def test_a_row_that_others_have_as_main_port_is_none(tmp_path: Path) -> None:
    other = replace(KANMEN, station_id="B", name="B")
    path = tmp_path / "t.csv"
    rows = "B,Kanmen,0010,0010,1.0,300\nA,B,0010,0010,1.0,300\nC,Kanmen,0010,0010,1.0,300\n"
    path.write_text(HEAD + rows, encoding="utf-8")
    found, refused = read_secondary(path, [KANMEN, other])
    assert [one.station_id for one in found] == ["A", "C"]
    assert [r.row for r in refused] == [2]
    assert "main port of this table" in refused[0].detail


def test_a_bad_row_that_names_a_good_one_does_not_take_it_along(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD}A,Kanmen,0010,0010,1.0,300\nC,A,0010,0010,1.0,300\n", encoding="utf-8")
    for stored in ([], read_secondary(path, [KANMEN])[0]):
        found, refused = read_secondary(path, [KANMEN, *stored])
        assert [one.station_id for one in found] == ["A"]
        assert [r.row for r in refused] == [3]


def test_a_main_port_goes_before_a_secondary_port_of_its_name(tmp_path: Path) -> None:
    own = port(tmp_path / "t.csv", f"{HEAD}A,Kanmen,0010,0010,1.0,300\n")
    same = replace(own, station_id=f"{KANMEN.station_id}:secondary", name=KANMEN.name)
    again = port(tmp_path / "u.csv", f"{HEAD}B,Kanmen,0010,0010,1.0,300\n", [same, KANMEN])
    assert again.main == KANMEN


def test_a_datum_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    one = port(
        tmp_path / "c.csv",
        "编号,主港,高潮时差,低潮时差,ratio_high,ratio_low\nC,Kanmen,0010,0010,0.9,0.8\n",
    )
    assert np.isfinite(heights(one, np.array([BEGIN]), datum="CD")).all()
    with pytest.raises(InputError, match="CD and MSL"):
        heights(one, np.array([BEGIN]))
    zeroless = replace(KANMEN, datums={"MSL": 0.0})
    path = tmp_path / "d.csv"
    path.write_text(
        "编号,主港,高潮时差,低潮时差,潮高比,改正值\nC,Kanmen,1,1,0.9,5\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match="CD is not known at Kanmen"):
        read_secondary(path, [zeroless])


def test_which_header_is_one_of_secondary_ports() -> None:
    assert is_secondary(HEAD.strip().split(","))
    assert is_secondary(["station_id", "main", "time_high_min", "time_low_min", "range_ratio"])
    assert not is_secondary(["日期", "潮时", "潮高"])


def test_one_difference_of_time_ratio_and_correction_are_enough(tmp_path: Path) -> None:
    """潮时差、潮高比、改正值 alone: mean sea level follows by the same rule."""
    shared_head = "编号,主港,潮时差,潮高比,改正值"
    main = replace(KANMEN, station_id="K", datums={"MSL": 3.5, "CD": 0.0})
    path = tmp_path / "差比.csv"
    path.write_text(f"{shared_head}\nA1,K,0015,0.9,12\n", encoding="utf-8")
    (port,), refused = read_secondary(path, [main])
    assert not refused
    assert port.datums["MSL"] == pytest.approx(0.9 * 3.5 + 0.12)
    t0, t1 = np.datetime64("2026-11-23"), np.datetime64("2026-11-25")
    mine, theirs = (extremes(one, t0, t1, datum="CD") for one in (port, main))
    both = mine.join(
        theirs.with_columns(pl.col("t") + timedelta(minutes=15)), on="t", suffix="_main"
    )
    assert both.height >= 6
    assert (both["height_m"] - (0.9 * both["height_m_main"] + 0.12)).abs().max() < 1e-6
    assert is_secondary(["编号", "主港", "潮时差(高潮)", "潮时差(低潮)", "潮高比"])
