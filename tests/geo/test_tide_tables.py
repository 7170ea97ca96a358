"""Published tide tables: every layout gives the tide that was printed, bad rows apart."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
import pytest

from geo._secondary_table import read_secondary
from geo._stations import read_stations
from geo.errors import InputError
from geo.tide_tables import read_tide_table
from geo.tides import Station, extremes, heights

DATA = Path(__file__).resolve().parents[2] / "data"
BEGIN, END = np.datetime64("2026-11-01T16:00", "ms"), np.datetime64("2026-11-29T16:00", "ms")
BELOW_M = 3.55


@pytest.fixture(scope="module")
def kanmen() -> Station:
    found = read_stations(DATA / "tide_constituents_china.json")
    return next(one for one in found if "kanmen" in one.station_id)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def local_turns(one: Station) -> pl.DataFrame:
    """Return high and low waters in Beijing time, in cm above the tables' zero."""
    return extremes(one, BEGIN, END).with_columns(
        day=(pl.col("t") + pl.duration(hours=8)).dt.strftime("%Y-%m-%d"),
        hhmm=(pl.col("t") + pl.duration(hours=8)).dt.round("1m").dt.strftime("%H%M"),
        cm=((pl.col("height_m") + BELOW_M) * 100).round().cast(pl.Int64),
    )


def off_by(read: Station, truth: Station, step_min: int = 10) -> np.ndarray:
    times = np.arange(BEGIN, END, np.timedelta64(step_min, "m"))
    return heights(read, times) - heights(truth, times)


# ---- NOAA ----------------------------------------------------------------------------------


def test_noaa_csv_of_six_minutes_is_what_noaa_predicted(
    shared: Path, write: Callable[[str, str], Path]
) -> None:
    truth = pl.read_csv(
        shared / "coast" / "tide_truth_noaa_6min_honolulu_20230829.csv", try_parse_dates=True
    )
    rows = truth.select(pl.col("time_utc").dt.strftime("%Y-%m-%d %H:%M"), "height_m_mllw").rows()
    path = write("h.csv", "Date Time, Prediction\n" + "".join(f"{t},{v:.3f}\n" for t, v in rows))
    one, refused = read_tide_table(path, timezone="UTC", datum="MLLW", unit="m", station="1612340")
    assert refused == []
    assert one.table is not None
    assert one.table.kind == "series"
    at = truth["time_utc"].to_numpy().astype("datetime64[ms]")
    assert np.abs(heights(one, at, datum="MLLW") - truth["height_m_mllw"].to_numpy()).max() < 1e-6
    with pytest.raises(InputError, match="offset between the datums MLLW and MSL"):
        heights(one, at)


def test_the_shared_files_themselves_are_tables(shared: Path) -> None:
    path = shared / "coast" / "tide_truth_noaa_hilo_monterey_2016.csv"
    one, refused = read_tide_table(path)
    assert refused == []
    assert (one.station_id, one.datum, one.kind) == ("9413450", "MLLW", "table")
    assert one.table is not None
    assert one.table.high is not None
    assert one.table.high.tolist() == [False, True, False, True, False, True, False, True]
    constants = next(
        s
        for s in read_stations(shared / "coast" / "tide_constituents_validation.json")
        if "9413450" in s.station_id
    )
    times = np.arange(one.table.times[0], one.table.times[-1], np.timedelta64(6, "m"))
    off = heights(one, times, datum="MLLW") - heights(constants, times, datum="MLLW")
    # Half a cosine between NOAA's own high and low waters, against the curve: a mixed tide.
    assert np.sqrt(np.mean(off**2)) < 0.06


def test_noaa_json_says_neither_zone_nor_unit_nor_datum(
    write: Callable[[str, str], Path],
) -> None:
    answer = {
        "predictions": [
            {"t": "2024-01-01 00:54", "v": "-3.304", "type": "L"},
            {"t": "2024-01-01 08:06", "v": "16.223", "type": "H"},
            {"t": "2024-01-01 13:54", "v": "7.533", "type": "L"},
        ]
    }
    path = write("p.json", json.dumps(answer))
    full = {"timezone": "America/Los_Angeles", "datum": "MLLW", "unit": "ft", "station": "9445719"}
    for left_out, word in (
        ("timezone", "--timezone"),
        ("datum", "--datum"),
        ("unit", "--unit"),
        ("station", "--station"),
    ):
        with pytest.raises(InputError, match=word):
            read_tide_table(path, **{k: v for k, v in full.items() if k != left_out})
    one, _ = read_tide_table(path, **full)
    assert one.table is not None
    assert one.table.times[0] == np.datetime64("2024-01-01T08:54", "ms")
    assert one.table.height_m[1] == pytest.approx(16.223 * 0.3048)


def test_noaa_water_levels_bring_their_place_and_a_hole_is_refused(
    write: Callable[[str, str], Path],
) -> None:
    data = [
        {"t": f"2024-01-01 0{i // 10}:{i % 10 * 6:02d}", "v": f"{i / 100}", "s": "0.0"}
        for i in range(20)
    ]
    data[5]["v"] = ""
    meta = {"id": "8454000", "name": "Providence", "lat": "41.8071", "lon": "-71.4012"}
    path = write("w.json", json.dumps({"metadata": meta, "data": data}))
    one, refused = read_tide_table(path, timezone="GMT", datum="MSL", unit="m")
    assert (one.station_id, one.name, one.lat, one.lon) == (
        "8454000",
        "Providence",
        41.8071,
        -71.4012,
    )
    assert [(r.row, r.reason) for r in refused] == [(6, "bad_tide_row")]


def test_noaa_says_no_and_so_do_we(write: Callable[[str, str], Path]) -> None:
    path = write("e.json", json.dumps({"error": {"message": "No data was found."}}))
    with pytest.raises(InputError, match="No data was found"):
        read_tide_table(path)
    path = write("e.csv", "Date Time, Prediction, Type\nNo Predictions data was found.\n")
    with pytest.raises(InputError, match="No Predictions data was found"):
        read_tide_table(path)


NOAA_ANNUAL = """NOAA/NOS/CO-OPS
Disclaimer: These data are based upon the latest information available.
Annual Tide Predictions
StationName: EL JOBEAN, MYAKKA RIVER
State: FL
Stationid: 8725769
ReferencedToStationName: St. Petersburg, Tampa Bay
ReferencedToStationId: 8726520
HeightOffsetLow: * 0.83
Prediction Type: Subordinate
From: 20230101 06:35 - 20231231 19:47
Units: Feet and Centimeters
Time Zone: LST_LDT
Datum: MLLW
Interval Type: High/Low

Date \t\tDay\tTime\t\tPred(Ft)\tPred(cm)\tHigh/Low
"""


def test_noaa_annual_text_with_summer_time(write: Callable[[str, str], Path]) -> None:
    rows = [
        "2023/01/01\tSun\t\t06:35 AM\t-0.13\t\t-4\t\tL\n",
        "2023/01/01\tSun\t\t01:17 PM\t0.87\t\t27\t\tH\n",
        "2023/06/01\tThu\t\t02:00 AM\t-0.20\t\t-6\t\tL\n",
        "2023/06/01\tThu\t\t09:00 AM\t1.20\t\t37\t\tH\n",
    ]
    path = write("annual.txt", NOAA_ANNUAL + "".join(rows))
    with pytest.raises(InputError, match="zone of its times"):
        read_tide_table(path)
    one, refused = read_tide_table(path, timezone="America/New_York")
    assert refused == []
    assert one.station_id == "8725769"
    assert one.name == "EL JOBEAN, MYAKKA RIVER"
    assert one.table is not None
    assert one.table.height_m.tolist() == pytest.approx([-0.04, 0.27, -0.06, 0.37])
    assert [str(t)[:16] for t in one.table.times] == [
        "2023-01-01T11:35",
        "2023-01-01T18:17",
        "2023-06-01T06:00",
        "2023-06-01T13:00",
    ]


def test_clocks_set_back_keep_order_and_set_on_lose_an_hour(
    write: Callable[[str, str], Path],
) -> None:
    text = "time,height_m_msl,station\n" + "".join(
        f"2023-11-05 {t},{h},x\n"
        for t, h in [("00:00", 0), ("01:00", 1), ("01:00", 2), ("02:00", 3), ("03:00", 4)]
    )
    one, refused = read_tide_table(write("back.csv", text), timezone="America/New_York")
    assert refused == []
    assert one.table is not None
    assert np.unique(np.diff(one.table.times)) == [np.timedelta64(3_600_000, "ms")]
    text = "time,height_m_msl,station\n" + "".join(f"2023-03-12 0{i}:30,{i},x\n" for i in range(5))
    one, refused = read_tide_table(write("on.csv", text), timezone="America/New_York")
    assert [(r.row, r.reason) for r in refused] == [(4, "bad_time")]


# ---- the Chinese tables --------------------------------------------------------------------

HEAD = (
    "站名：坎门  站号：T0601\n纬度：28°05′N  经度：121°17′E  时区：-0800\n"
    "潮高基准面在平均海平面下 355 cm  单位：cm\n"
)


def test_a_date_and_24_hours_in_centimetres(
    kanmen: Station, write: Callable[[str, str], Path]
) -> None:
    times = np.arange(BEGIN, END, np.timedelta64(1, "h"))
    cm = np.rint((heights(kanmen, times) + BELOW_M) * 100).astype(int).reshape(-1, 24)
    rows = [f"{2 + i},{','.join(map(str, day))}\n" for i, day in enumerate(cm)]
    header = "日期," + ",".join(f"{hour}时" for hour in range(24)) + "\n"
    path = write("hours.csv", HEAD + "2026年11月\n" + header + "".join(rows))
    one, refused = read_tide_table(path)
    assert refused == []
    assert (one.station_id, one.name, one.datum) == ("T0601", "坎门", "CD")
    assert one.lat == pytest.approx(28 + 5 / 60)
    assert one.lon == pytest.approx(121 + 17 / 60)
    assert "-0800 = UTC+08:00" in one.note
    off = off_by(one, kanmen)
    # A cubic through hourly heights printed to the centimetre.
    assert np.nanmax(np.abs(off)) < 0.02
    assert np.isnan(off).sum() <= 6


def pairs_beside(turns: pl.DataFrame) -> str:
    lines = ["日期,星期," + ",".join(["潮时,潮高"] * 4)]
    for (day,), part in turns.group_by("day", maintain_order=True):
        cells = [f"{hhmm},{cm}" for hhmm, cm in part.select("hhmm", "cm").rows()]
        lines.append(f"{day},一," + ",".join([*cells, *[","] * (4 - len(cells))]))
    return "\n".join(lines) + "\n"


def pairs_below(turns: pl.DataFrame) -> str:
    lines = ["2026年11月", "日 潮时 潮高"]
    before = ""
    for day, hhmm, cm in turns.select("day", "hhmm", "cm").rows():
        lines.append(f"{int(day[-2:]) if day != before else ''}\t{hhmm}\t{cm}")
        before = day
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("layout", [pairs_beside, pairs_below])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_high_and_low_waters_as_the_national_tables_print_them(
    kanmen: Station, tmp_path: Path, layout: Callable[[pl.DataFrame], str], encoding: str
) -> None:
    turns = local_turns(kanmen)
    path = tmp_path / "turns.csv"
    path.write_text(HEAD + layout(turns), encoding=encoding)
    one, refused = read_tide_table(path)
    assert refused == []
    found = extremes(one, BEGIN, END)
    assert found["kind"].to_list() == turns["kind"].to_list()
    assert (found["height_m"] - turns["height_m"]).abs().max() < 0.006
    assert (found["t"] - turns["t"]).dt.total_seconds().abs().max() <= 30
    off = off_by(one, kanmen)
    # Half cosines between the turns of a nearly pure semidiurnal tide.
    assert np.sqrt(np.nanmean(off**2)) < 0.08


def halves_beside(turns: pl.DataFrame, *, below: bool) -> str:
    """Return days 1 to 15 beside 16 to 30, as printed pages stand them."""
    late = pl.col("day").str.slice(8) > "15"
    halves = (turns.filter(~late), turns.filter(late))
    lines = {}
    for side, part in enumerate(halves):
        own = []
        for (day,), rows in part.group_by("day", maintain_order=True):
            cells = [f"{hhmm},{cm}" for hhmm, cm in rows.select("hhmm", "cm").rows()]
            cells += [","] * (4 - len(cells))
            head = str(int(str(day)[-2:]))
            own += [f"{head if i == 0 else ''},{c}" for i, c in enumerate(cells)] if below else [
                ",".join([head, *cells])
            ]  # fmt: skip
        lines[side] = own
    most, blank = max(map(len, lines.values())), "," * lines[0][0].count(",")
    pairs = 1 if below else 4
    return (
        "2026年11月\n" + ",".join(["日", *["潮时", "潮高"] * pairs] * 2) + "\n"
        + "".join(
            ",".join(own[i] if i < len(own) else blank for own in lines.values()) + "\n"
            for i in range(most)
        )
    )  # fmt: skip


@pytest.mark.parametrize("below", [True, False])
def test_half_a_month_beside_the_other(
    kanmen: Station, write: Callable[[str, str], Path], *, below: bool
) -> None:
    turns = local_turns(kanmen)
    one, refused = read_tide_table(write("t.csv", HEAD + halves_beside(turns, below=below)))
    assert refused == []
    found = extremes(one, BEGIN, END)
    assert found["kind"].to_list() == turns["kind"].to_list()
    assert (found["height_m"] - turns["height_m"]).abs().max() < 0.006
    assert (found["t"] - turns["t"]).dt.total_seconds().abs().max() <= 30


def test_a_bad_day_spoils_neither_the_day_beside_it_nor_the_one_above(
    write: Callable[[str, str], Path],
) -> None:
    text = (
        "2026年11月\n日,潮时,潮高,日,潮时,潮高\n"
        "1,0501,455,16,0431,440\n,1120,135,,1050,150\n"
        "2x,0602,456,17,0532,450\n,1215,144,,1145,140\n"
    )
    one, refused = read_tide_table(write("t.csv", HEAD + text))
    assert one.table is not None
    assert (one.table.times + np.timedelta64(8, "h")).astype("datetime64[D]").astype(
        str
    ).tolist() == [f"2026-11-{day}" for day in ("01", "01", "16", "16", "17", "17")]
    assert [r.row for r in refused] == [8, 9]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("日,潮时,潮高,日,潮时,潮高\n1,0501,455,1,0431,440\n", "2026-11-01 stands in two columns"),
        ("日期,日,潮时,潮高\n2026-11-01,1,0501,455\n", "cannot be told which go together"),
        (
            "日,潮时,潮高,高低,潮时,潮高,潮时,潮高,高低\n1,0501,455,高,1120,135,1745,436,高\n",
            "cannot be told which go together",
        ),
    ],
)
def test_columns_that_repeat_in_another_way_are_refused(
    write: Callable[[str, str], Path], text: str, word: str
) -> None:
    with pytest.raises(InputError, match=word):
        read_tide_table(write("t.csv", HEAD + "2026年11月\n" + text))


def test_each_pair_bears_its_own_mark(write: Callable[[str, str], Path]) -> None:
    text = (
        "日期,潮时,潮高,高低,潮时,潮高,高低\n"
        "2026-11-01,0501,455,高,1120,135,低\n2026-11-02,0602,456,高,1215,144,低\n"
    )
    one, refused = read_tide_table(write("t.csv", HEAD + text))
    assert refused == []
    assert one.table is not None
    assert one.table.high is not None
    assert one.table.high.tolist() == [True, False, True, False]


def test_high_and_low_waters_in_columns_of_their_own(
    write: Callable[[str, str], Path],
) -> None:
    text = (
        "日期,农历,第一高潮潮时,第一高潮潮高,第二高潮潮时,第二高潮潮高,"
        "第一低潮潮时,第一低潮潮高,第二低潮潮时,第二低潮潮高\n"
        "2026-11-01,廿三,0501,455,1745,436,1120,135,2359,150\n"
        "2026-11-02,廿四,0602,456,1851,427,1215,144,,\n"
    )
    one, refused = read_tide_table(write("t.csv", HEAD + text))
    assert refused == []
    assert one.table is not None
    assert one.table.high is not None
    assert one.table.high.tolist() == [True, False, True, False, True, False, True]
    assert one.table.height_m == pytest.approx([4.55, 1.35, 4.36, 1.5, 4.56, 1.44, 4.27])


def test_what_noaas_site_saves_with_predicted_and_verified(
    write: Callable[[str, str], Path],
) -> None:
    text = '"Date","Time (GMT)","Predicted (m)","Preliminary (m)","Verified (m)"\n' + "".join(
        f'"2023/01/01","{h:02d}:00","{h % 4 / 2}","-","9.9"\n' for h in range(12)
    )
    one, refused = read_tide_table(write("w.csv", text), datum="MLLW", station="x")
    assert refused == []
    assert one.table is not None
    assert one.table.height_m.tolist()[:5] == [0.0, 0.5, 1.0, 1.5, 0.0]
    assert one.table.times[0] == np.datetime64("2023-01-01", "ms")


def test_a_workbook_with_titles_dates_and_times_of_its_own(kanmen: Station, tmp_path: Path) -> None:
    turns = local_turns(kanmen)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["坎门潮汐表"])
    sheet.append(["站号", "T0601", "时区", "东八区"])
    sheet.append(["潮高基准面", "平均海平面下355厘米"])
    sheet.append(["日期", "潮时", "潮高(cm)"])
    for t, cm in turns.select("t", "cm").rows():
        local = t.replace(tzinfo=None) + np.timedelta64(8, "h").astype(object)
        local = local.replace(second=0, microsecond=0)
        sheet.append([local.date(), local.time(), cm])
    path = tmp_path / "t.xlsx"
    book.save(path)
    one, refused = read_tide_table(path)
    assert refused == []
    assert (one.station_id, one.datum) == ("T0601", "CD")
    found = extremes(one, BEGIN, END)
    assert len(found) >= len(turns) - 1
    assert (found["height_m"][:50] - turns["height_m"][:50]).abs().max() < 0.006


def test_a_mistyped_height_and_a_missing_row_spoil_no_neighbours(
    kanmen: Station, write: Callable[[str, str], Path]
) -> None:
    turns = local_turns(kanmen)
    cm = turns["cm"].to_list()
    high = next(i for i, kind in enumerate(turns["kind"]) if kind == "high" and i > 20)
    cm[high] = 3
    broken = turns.with_columns(cm=pl.Series(cm)).filter(pl.int_range(pl.len()) != 50)
    one, refused = read_tide_table(write("t.csv", HEAD + pairs_beside(broken)))
    assert [r.reason for r in refused] == ["no_turn"]
    assert "3 is no high or low water" in refused[0].detail
    off = off_by(one, kanmen)
    # Nothing is drawn across what is missing; what is drawn is right.
    assert np.nanmax(np.abs(off)) < 0.3
    assert 2 * 12 * 6 - 6 < np.isnan(off).sum() < (2 * 12.6 + 2 * 6.5) * 6


def test_a_mistyped_hour_is_refused_alone(
    kanmen: Station, write: Callable[[str, str], Path]
) -> None:
    times = np.arange(BEGIN, END, np.timedelta64(1, "h"))
    h = heights(kanmen, times)
    h[100] += 1.0
    text = "time_utc,height_m_msl,station\n" + "".join(
        f"{t}Z,{v:.2f},k\n" for t, v in zip(times.astype("datetime64[s]"), h, strict=True)
    )
    text = text.replace(f"{times[200].astype('datetime64[s]')}Z,", "sometime,")
    one, refused = read_tide_table(write("t.csv", text))
    assert sorted((r.row, r.reason) for r in refused) == [(102, "spike"), (202, "bad_tide_row")]
    assert np.nanmax(np.abs(off_by(one, kanmen))) < 0.02


def test_a_row_that_cannot_be_read_is_not_repeated_but_for_numbers_and_times(
    write: Callable[[str, str], Path],
) -> None:
    text = "日期,潮时,潮高\n" + "".join(
        f"2026-11-{day:02d},{hhmm},{cm}\n"
        for day in (1, 2, 3)
        for hhmm, cm in (("0501", 455), ("1120", 135), ("1745", 436))
    )
    stray = (
        "观测员,张三,13800138000,330225198001011248\n2026-11-04,张三,13800138000\n"
        "2026-11-05,0501,330225198001011248张\n2026-11-05,1120,李四\n2026-11-05,2561,135\n"
    )
    one, refused = read_tide_table(write("t.csv", HEAD + text + stray))
    assert one.table is not None
    assert len(one.table.times) == 9
    assert [(r.row, r.reason) for r in refused] == [(n, "bad_tide_row") for n in range(14, 19)]
    told = " ".join(r.detail + r.mend for r in refused)
    assert not any(one in told for one in ("张", "李", "13800138000", "3302251980"))
    assert "2026-11-05, 2561, 135" in refused[-1].detail
    with pytest.raises(InputError, match="it begins") as caught:
        read_tide_table(write("x.csv", "a,13800138000\n330225198001011248,1\n"))
    assert "13800138000" not in str(caught.value)


def test_nothing_is_told_beyond_a_table(kanmen: Station, write: Callable[[str, str], Path]) -> None:
    one, _ = read_tide_table(write("t.csv", HEAD + pairs_beside(local_turns(kanmen))))
    assert one.table is not None
    first, last = one.table.span
    at = np.array([first - 1, first, last, last + 1])
    assert np.isnan(heights(one, at)).tolist() == [True, False, False, True]
    assert extremes(one, last + 1, last + np.timedelta64(9, "D")).is_empty()


ROWS = "".join(f"2026-11-01 {h:02d}:00,{h % 5}\n" for h in range(24))


@pytest.mark.parametrize(
    ("text", "given", "word"),
    [
        ("a,b\n1,2\n", {}, "no row names columns"),
        ("时区：-9900\ntime,height_m_msl\n" + ROWS, {"station": "x"}, "'-9900' is not known"),
        ("时区：东三十区\ntime,height_m_msl\n" + ROWS, {"station": "x"}, "is not known"),
        ("time,height_m_msl\n" + ROWS, {"station": "x", "timezone": "../x"}, "is not known"),
        ("time,height(m)\n" + ROWS, {"datum": "MSL", "station": "x"}, "--timezone"),
        (
            "时区：+0800\ntime,height_m_msl\n" + ROWS,
            {"station": "x", "timezone": "UTC"},
            "--timezone says UTC",
        ),
        (
            "时区：+0800\ntime,height_m_msl\n" + ROWS,
            {"station": "x"},
            "may be UTC\\+8 or, as navigators write it, UTC-8",
        ),
        (
            "时区：-0800 经度：10°E\ntime,height_m_msl\n" + ROWS,
            {"station": "x"},
            "may be UTC-8",
        ),
        (
            "Time zone: -0800\ntime,height_m_msl\n" + ROWS,
            {"station": "x"},
            "may be UTC-8 or, as navigators write it, UTC\\+8",
        ),
        (
            "Datum: MLLW\ntime_utc,height_m\n" + ROWS,
            {"datum": "MSL", "station": "x"},
            "says datum MLLW, and --datum says MSL",
        ),
        (
            "time_utc,height_m_msl\n" + ROWS.replace(",", ",9"),
            {"station": "x"},
            "24 of 24 heights are beyond 15 m",
        ),
        (
            "time_utc,height_m_msl\n"
            + "".join(f"2026-11-01 {h:02d}:00,{h % 5}\n" for h in range(0, 24, 3)),
            {"station": "x"},
            "180 min apart",
        ),
        ("time_utc,height_m_msl\n" + "x,y\n1,2\n", {"station": "x"}, "no row holds"),
    ],
)
def test_what_a_table_does_not_say_is_asked_for(
    write: Callable[[str, str], Path], text: str, given: dict[str, str], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        read_tide_table(write("t.csv", text), **given)


def test_of_several_stations_in_a_file_one_is_taken(write: Callable[[str, str], Path]) -> None:
    text = "station,time_utc,height_m_msl\n" + "".join(
        f"{name},2026-11-01 {h:02d}:00,{level}\n"
        for h in range(5)
        for name, level in (("a", h), ("b", -h))
    )
    path = write("two.csv", text)
    with pytest.raises(InputError, match=r"2 stations \(a, b\)"):
        read_tide_table(path)
    one, refused = read_tide_table(path, station="b")
    assert refused == []
    assert one.table is not None
    assert (one.station_id, one.table.height_m.tolist()) == ("b", [0.0, -1.0, -2.0, -3.0, -4.0])


@pytest.mark.parametrize(
    ("zone", "option", "begin"),
    [
        ("时区：-08:00", None, "2026-10-31T16"),
        ("时区：-0800", None, "2026-10-31T16"),
        ("时区：东八区", None, "2026-10-31T16"),
        ("时间：北京标准时", None, "2026-10-31T16"),
        ("Time zone: UTC+8", None, "2026-10-31T16"),
        ("Time zone: GMT", None, "2026-11-01T00"),
        ("Time zone: -08:00", None, "2026-11-01T08"),
        ("x", "-08:00", "2026-11-01T08"),
        ("x", "Asia/Shanghai", "2026-10-31T16"),
        ("Time zone: -0800", "UTC+8", "2026-10-31T16"),
        ("时区：+0800", "UTC+8", "2026-10-31T16"),
        ("时区：+0800", "UTC-8", "2026-11-01T08"),
        ("时区：+0800 经度：121°57′E", None, "2026-10-31T16"),
        ("时区：+0800 经度：122°28′W", None, "2026-11-01T08"),
        ("时区：-0800 经度：122°28′W", None, "2026-11-01T08"),
        ("时区：UTC＋8", None, "2026-10-31T16"),
        ("时区：GMT+8", None, "2026-10-31T16"),
    ],
)
def test_a_zone_is_read_as_it_is_meant(
    write: Callable[[str, str], Path], zone: str, option: str | None, begin: str
) -> None:
    path = write("t.csv", f"{zone}\ntime,height_m_msl\n{ROWS}")
    one, _ = read_tide_table(path, station="x", timezone=option)
    assert one.table is not None
    assert str(one.table.times[0])[:13] == begin


def test_an_english_zone_with_the_navigators_sign_is_told_by_longitude(
    write: Callable[[str, str], Path],
) -> None:
    head = "Lon: {}\nTime zone: -0800\ntime,height_m_msl\n"
    begins = []
    for lon in ("121.9", "-122.4"):
        one, _ = read_tide_table(write("t.csv", head.format(lon) + ROWS), station="x")
        assert one.table is not None
        begins.append(str(one.table.times[0])[:13])
    assert begins == ["2026-10-31T16", "2026-11-01T08"]


# ---- what no tide is ------------------------------------------------------------------------

DAY = [210, 265, 330, 395, 440, 455, 430, 375, 300, 225, 165, 135]
DAY += [140, 185, 250, 325, 390, 430, 435, 405, 345, 270, 200, 155]


def days(*, below: str = "312 cm", scale: float = 1.0, shift: float = 0.0, n: int = 3) -> str:
    """Return n days of a tide of 3.2 m, in centimetres, and how far its zero is below the sea."""
    zero = f"潮高基准面在平均海平面下 {below}" if below else ""
    row = ",".join(f"{h * scale + shift:g}" for h in DAY)
    return (
        f"站名：石浦 站号：T0601 时区：东八区 {zero} 单位：cm\n2026年11月\n日期,"
        + ",".join(map(str, range(24)))
        + "\n"
        + "".join(f"{day},{row}\n" for day in range(1, n + 1))
    )


@pytest.mark.parametrize(
    ("text", "given", "word"),
    [
        (days(below="312 m"), {}, "zero of CD stands 312 m from mean sea level; 15 m is the most"),
        (days(below="3.12 cm"), {}, r"\+2\.99 m from mean sea level on the average"),
        (days(below="3.12 cm", n=1), {}, r"\+2\.99 m from mean sea level on the average"),
        (days(below=""), {"datum": "MSL"}, r"\+3\.02 m from mean sea level on the average"),
        (days(scale=0.01), {}, "within 3.2 cm of each other, in cm"),
        (days(scale=100), {}, "72 of 72 heights are beyond 18.12 m"),
        (days(below="", scale=10), {"datum": "CD"}, "of 72 heights are beyond 20 m"),
        (days(), {"station": "X9"}, "says station T0601, and --station says X9"),
    ],
)
def test_a_wrong_unit_datum_or_station_is_seen(
    write: Callable[[str, str], Path], text: str, given: dict[str, str], word: str
) -> None:
    with pytest.raises(InputError, match=word):
        read_tide_table(write("t.csv", text), **given)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (days(), {"station": "T0601"}),
        (days(), {"station": "石浦"}),
        (days(below=""), {"datum": "CD"}),
        (days(below="", shift=-302), {"datum": "MSL"}),
        # A storm's day stands metres high; a table of it is one all the same.
        (days(below="", n=1, shift=-150), {"datum": "MSL"}),
    ],
)
def test_the_greatest_tides_and_honest_tables_are_taken(
    write: Callable[[str, str], Path], text: str, given: dict[str, str]
) -> None:
    one, refused = read_tide_table(write("t.csv", text), **given)
    assert refused == []
    assert one.table is not None
    assert len(one.table.times) % 24 == 0
    assert one.station_id == "T0601"


def test_the_tide_of_the_bay_of_fundy_is_taken(write: Callable[[str, str], Path]) -> None:
    """16 m of range, its charts' zero 8.1 m below mean sea level."""
    zero = "潮高基准面在平均海平面下 810 cm 站号：B 单位：m\n"
    rows = [
        f"2026-11-{1 + h // 24:02d} {h % 24:02d}:00,{8.1 + 8 * np.cos(h * 0.5059):.2f}\n"
        for h in range(72)
    ]
    one, refused = read_tide_table(write("t.csv", zero + "time_utc,height_m\n" + "".join(rows)))
    assert refused == []
    assert one.table is not None
    assert np.ptp(one.table.height_m) == pytest.approx(16.0, abs=0.05)


def test_a_sea_that_hardly_moves_is_taken_in_metres(write: Callable[[str, str], Path]) -> None:
    rows = [f"2026-11-0{1 + h // 24} {h % 24:02d}:00,{0.02 * np.sin(h / 2):.3f}" for h in range(72)]
    text = "station,time_utc,height_m_msl\n" + "".join(f"x,{row}\n" for row in rows)
    one, _ = read_tide_table(write("t.csv", text))
    assert one.table is not None
    assert np.ptp(one.table.height_m) == pytest.approx(0.04, abs=0.002)


def test_one_mistyped_height_beyond_all_tides_is_refused_alone(
    write: Callable[[str, str], Path],
) -> None:
    one, refused = read_tide_table(write("t.csv", days().replace(",455,", ",4555,", 1)))
    assert [(r.row, r.reason) for r in refused] == [(4, "bad_height")]
    assert one.table is not None
    assert len(one.table.times) == 71
    few = "station,time_utc,height_m_msl\n" + "".join(
        f"x,2026-11-01 0{h}:00,{400 if h == 2 else h}\n" for h in range(5)
    )
    _, refused = read_tide_table(write("few.csv", few))
    assert [(r.row, r.reason) for r in refused] == [(4, "bad_height")]


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([("M2", 180.0), ("S2", 60.0)], "the amplitude of M2 is 180 m; 10 m is the most"),
        ([("M2", 9.5), ("S2", 6.0), ("N2", 5.0)], "add up to 20.5 m; 20 m is the most"),
    ],
)
def test_constants_larger_than_any_tide_are_refused(
    write: Callable[[str, str], Path], rows: list[tuple[str, float]], word: str
) -> None:
    head = "station_id,name,lat,lon,constituent,amplitude_m,phase_deg_gmt\n"
    text = head + "".join(f"K,k,28,121,{name},{m},22\n" for name, m in rows)
    with pytest.raises(InputError, match=word):
        read_stations(write("c.csv", text))


def test_a_stations_levels_further_than_tides_reach_are_refused(
    write: Callable[[str, str], Path],
) -> None:
    table = json.loads((DATA / "tide_constituents_china.json").read_text(encoding="utf-8"))
    one = table["stations"][0]
    # Its own zero may be anywhere.
    one["datums"] = {name: height + 100.0 for name, height in one["datums"].items()}
    assert len(read_stations(write("far.json", json.dumps(table)))) == 5
    one["datums"]["LAT"] = one["datums"]["MSL"] - 355.0
    with pytest.raises(InputError, match="zero of LAT stands 355 m from mean sea level"):
        read_stations(write("cm.json", json.dumps(table)))


def test_every_shared_file_of_tides_is_read(shared: Path) -> None:
    for path in sorted((shared / "coast").glob("tide_constituents*")):
        assert len(read_stations(path)) >= 5
    tables = sorted((shared / "coast").glob("tide_[rt]*.csv"))
    assert len(tables) == 4
    for path in tables:
        one, refused = read_tide_table(path)
        assert (one.kind, refused) == ("table", [])


def blocks() -> list[tuple[list[str], str]]:
    """Return the tables that the docs show, with the options they show beside them."""
    text = (DATA.parent / "docs" / "tides.md").read_text(encoding="utf-8")
    found = re.findall(r"```csv(.*?)\n(.*?)```", text, re.DOTALL)
    return [(head.split(), body) for head, body in found]


@pytest.mark.parametrize(("options", "text"), blocks())
def test_every_table_in_the_docs_is_read(
    kanmen: Station, write: Callable[[str, str], Path], options: list[str], text: str
) -> None:
    path = write("docs.csv", text)
    if options == ["secondary"]:
        ports, refused = read_secondary(path, [kanmen])
        assert len(ports) == 1
    else:
        given = dict(zip(options[::2], options[1::2], strict=True))
        one, refused = read_tide_table(
            path, **{name.removeprefix("--"): value for name, value in given.items()}
        )
        assert one.table is not None
        assert len(one.table.times) >= 2
    assert refused == []
