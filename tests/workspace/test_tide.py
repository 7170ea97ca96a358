"""Which tide holds where: the station nearest or several, tables and secondary ports among them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geo.crs import ELLIPSOID
from geo.errors import InputError
from geo.tides import extremes, heights
from workspace import folder, store, tide
from workspace._import_tides import import_tides
from workspace._imported import Imported, Options
from workspace._tide_error import rates
from workspace.folder import Workspace

Run = Callable[..., tuple[int, str, str]]
T0, T1 = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
KANMEN = "ticon/kanmen-632a-chn-uhslc_rq"
CHINA = Path(__file__).resolve().parents[2] / "data" / "tide_constituents_china.json"
PLAIN = Options()


def put(ws: Workspace, path: Path, options: Options = PLAIN) -> Imported:
    result = Imported()
    import_tides(ws, path, options, result)
    return result


def segments(ws: Workspace, places: list[tuple[float, float]]) -> None:
    table = pl.DataFrame(
        {
            "segment_id": [f"s{i}" for i in range(len(places))],
            "lon": [lon for lon, _ in places],
            "lat": [lat for _, lat in places],
        }
    )
    store.write(ws.engine, "segments", table, replace=True)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Workspace]:
    def made(**settings: object) -> Workspace:
        return folder.init(tmp_path / "made", {"timezone": "Asia/Shanghai", **settings})

    return made


def place(ws: Workspace, station_id: str) -> tuple[float, float]:
    one = next(s for s in tide.stations(ws) if s.station_id == station_id)
    return one.lon, one.lat


def test_no_station_no_tide(plain_ws: Workspace) -> None:
    segments(plain_ws, [(121.9, 29.2), (122.0, 29.3)])
    ids, weights, error_m, notes = tide.weights(plain_ws)
    assert (ids, weights.shape, notes) == ([], (2, 0), ["", ""])
    assert np.isnan(error_m).all()
    assert tide.station(plain_ws) is None
    assert tide.shift_curve(plain_ws, T0, T1) is None
    times, h = tide.curves(plain_ws, T0, T1)
    assert (len(times), h.shape) == (145, (0, 145))


def test_constants_come_back_as_they_went_in(plain_ws: Workspace) -> None:
    done = put(plain_ws, CHINA)
    assert (done.counts["added"], done.refused) == (5, [])
    one = next(s for s in tide.stations(plain_ws) if s.station_id == KANMEN)
    assert one.datums["CD"] - one.datums["MSL"] == pytest.approx(0.348 - 3.903)
    times, h = tide.curve(one, T0, T1)
    assert (len(times), times[0], times[-1]) == (
        145,
        np.datetime64("2026-11-23", "ms"),
        np.datetime64("2026-11-24", "ms"),
    )
    assert 1.0 < h.max() < 3.4


def test_all_three_kinds_come_back_from_either_database(ws: Workspace, tmp_path: Path) -> None:
    put(ws, CHINA)
    path = tmp_path / "t.csv"
    path.write_text(HEAD + BELOW + printed(ws, "2026-11-01", "2026-11-05"), encoding="utf-8")
    put(ws, path)
    path.write_text(
        "编号,主港,高潮时差,低潮时差,潮差比,平均海面\nA1,坎门站,1,2,1.1,300\nA2,T0601,1,2,1.1,300\n",
        encoding="utf-8",
    )
    done = put(ws, path)
    assert [r.row for r in done.refused] == [2]
    found = {one.station_id: one for one in tide.stations(ws)}
    assert {one.kind for one in found.values()} == {"harmonic", "table", "secondary"}
    assert found["A2"].main is not None
    assert found["A2"].main.station_id == "T0601"
    times = np.arange(np.datetime64("2026-11-02", "ms"), np.datetime64("2026-11-03"), 3_600_000)
    assert np.isfinite(heights(found["A2"], times, datum="CD")).all()


def test_the_nearest_station_within_reach_speaks_for_a_segment(plain_ws: Workspace) -> None:
    put(plain_ws, CHINA)
    lon, lat = place(plain_ws, KANMEN)
    segments(plain_ws, [(121.9, 29.2), (lon, lat), (100.0, 10.0)])
    ids, weights, error_m, notes = tide.weights(plain_ws)
    assert ids == [KANMEN]
    assert weights[:2].tolist() == [[1.0], [1.0]]
    assert np.isnan(weights[2]).all()
    assert error_m[1] == pytest.approx(0.0, abs=1e-6)
    # 137 km away: some half a metre, by how it parts from the stations within 600 km.
    assert 0.4 < error_m[0] < 0.8
    assert np.isnan(error_m[2])
    assert notes[0].startswith("Kanmen 137 km，误差约 ±0.")
    assert " · Kanmen 137 km, error some ±0." in notes[0]
    assert notes[2] == ""


def test_the_stated_error_holds_where_a_station_can_check_it(shared: Path) -> None:
    """Leave each station out and tell its tide from the nearest of the others."""
    from geo.io import read_stations

    known = read_stations(CHINA) + read_stations(
        shared / "coast" / "tide_constituents_validation.json"
    )
    times = np.arange(np.datetime64("2026-03-01", "ms"), np.datetime64("2026-04-01"), 1_800_000)
    held = []
    for one in known:
        others = [other for other in known if other is not one]
        away = [ELLIPSOID.inv(one.lon, one.lat, o.lon, o.lat)[2] / 1000 for o in others]
        nearest = others[int(np.argmin(away))]
        if min(away) > 450:
            continue
        rate, limit = rates([nearest], others)
        stated = min(rate[0] * min(away), limit[0])
        found = np.sqrt(np.mean((heights(one, times) - heights(nearest, times)) ** 2))
        held.append(found / stated)
    # Of the right size and no more: the worst is Boston from New York, across Cape Cod.
    assert len(held) == 10
    assert np.median(held) < 1.3
    assert max(held) < 4.5


def test_interpolated_between_stations_and_all_of_one_at_its_own_place(
    make: Callable[..., Workspace],
) -> None:
    ws = make(tide_method="interpolate", tide_max_km=1000.0)
    put(ws, CHINA)
    lon, lat = place(ws, KANMEN)
    segments(ws, [(121.9, 29.2), (lon, lat)])
    ids, weights, error_m, notes = tide.weights(ws)
    assert len(ids) == 4
    assert np.allclose(weights.sum(axis=1), 1.0)
    assert weights[1].max() == 1.0
    near, other = ids.index(KANMEN), next(i for i in ids if i != KANMEN)
    one = next(s for s in tide.stations(ws) if s.station_id == other)
    away = [ELLIPSOID.inv(121.9, 29.2, *place(ws, name))[2] for name in (KANMEN, one.station_id)]
    share = weights[0, near] / weights[0, ids.index(other)]
    assert share == pytest.approx((away[1] / away[0]) ** 2, rel=1e-6)
    assert "%" in notes[0]
    assert error_m[0] > error_m[1] == pytest.approx(0.0, abs=1e-6)
    times, h = tide.curves(ws, T0, T1)
    mixed = weights[0] @ h
    assert mixed.shape == times.shape
    assert mixed.max() < h[near].max()
    ws.close()


def test_one_station_alone_says_that_its_error_is_not_known(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    table = json.loads(CHINA.read_text(encoding="utf-8"))
    table["stations"] = table["stations"][:1]
    path = tmp_path / "one.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    put(plain_ws, path)
    segments(plain_ws, [(121.9, 29.2)])
    _, weights, error_m, notes = tide.weights(plain_ws)
    assert weights.tolist() == [[1.0]]
    assert np.isnan(error_m[0])
    assert "误差未知 · Kanmen 137 km, error unknown" in notes[0]


def test_the_named_station_counts_wherever_it_is(make: Callable[..., Workspace]) -> None:
    ws = make(tide_station="ticon/xiamen-376a-chn-uhslc_rq", tide_max_km=10.0)
    put(ws, CHINA)
    segments(ws, [(121.9, 29.2)])
    ids, weights, error_m, notes = tide.weights(ws)
    assert (ids, weights.tolist()) == ([ws.config.tide_station], [[1.0]])
    assert error_m[0] > 1.0
    assert notes[0].startswith("Xiamen")
    one = tide.station(ws)
    assert one is not None
    assert one.name == "Xiamen"
    ws.close()


def test_a_named_station_that_is_not_stored_is_told(make: Callable[..., Workspace]) -> None:
    ws = make(tide_station="nowhere")
    put(ws, CHINA)
    segments(ws, [(121.9, 29.2)])
    with pytest.raises(InputError, match=r"tide_station.*nowhere"):
        tide.station(ws)
    ws.close()


# ---- published tables ----------------------------------------------------------------------

HEAD = "站名：石浦  站号：T0601\n纬度：29°12′N  经度：121°57′E  时区：-0800\n"
BELOW = "潮高基准面在平均海平面下 312 cm\n"


def printed(ws: Workspace, begin: str, end: str) -> str:
    """Return Kanmen's tide as if printed for Shipu, in Beijing time and centimetres."""
    one = next(s for s in tide.stations(ws) if s.station_id == KANMEN)
    found = extremes(one, np.datetime64(begin), np.datetime64(end)).with_columns(
        local=pl.col("t") + pl.duration(hours=8), cm=(pl.col("height_m") * 100 + 312).round()
    )
    rows = found.select(
        pl.col("local").dt.strftime("%Y-%m-%d,%H%M"), pl.col("cm").cast(pl.Int64)
    ).rows()
    return "日期,潮时,潮高(cm)\n" + "".join(f"{when},{cm}\n" for when, cm in rows)


@pytest.fixture
def shipu(plain_ws: Workspace, tmp_path: Path) -> Workspace:
    put(plain_ws, CHINA)
    path = tmp_path / "shipu.csv"
    path.write_text(HEAD + BELOW + printed(plain_ws, "2026-11-01", "2026-12-01"), encoding="utf-8")
    done = put(plain_ws, path)
    assert done.refused == []
    assert done.counts["rows_in"] > 100
    return plain_ws


def test_a_published_table_is_a_station_like_any_other(shipu: Workspace) -> None:
    segments(shipu, [(121.95, 29.2)])
    one = tide.station(shipu)
    assert one is not None
    assert (one.station_id, one.kind, one.datum) == ("T0601", "table", "CD")
    curve = tide.shift_curve(shipu, T0, T1)
    assert curve is not None
    kanmen = next(s for s in tide.stations(shipu) if s.station_id == KANMEN)
    assert np.abs(curve[1] - heights(kanmen, curve[0])).max() < 0.25
    ids, weights, error_m, _ = tide.weights(shipu)
    assert (ids, weights.tolist()) == (["T0601"], [[1.0]])
    assert error_m[0] < 0.05
    assert one.note.startswith("石浦 0 km")


def test_where_a_table_ends_there_is_no_tide(shipu: Workspace) -> None:
    segments(shipu, [(121.95, 29.2)])
    late = datetime(2027, 1, 1, tzinfo=UTC)
    assert tide.shift_curve(shipu, late, late.replace(hour=4)) is None
    _, h = tide.curves(shipu, late, late.replace(hour=4))
    assert np.isnan(h).all()
    with pytest.raises(InputError, match="its table runs from 2026-11-01"):
        tide.table(shipu.root, "T0601", late, late.replace(hour=4))


def test_segments_that_lean_on_a_table_are_counted(coast: Workspace, tmp_path: Path) -> None:
    put(coast, CHINA)
    before = tide.weights(coast)[0]
    path = tmp_path / "t.csv"
    path.write_text(HEAD + BELOW + printed(coast, "2026-11-01", "2026-11-03"), encoding="utf-8")
    done = put(coast, path)
    n = store.count(coast.engine, "segments")
    assert (before, tide.weights(coast)[0]) == ([KANMEN], ["T0601"])
    assert f"{n} segments take their tide from this table" in done.notes[-1]
    assert "after 2026-11-02 they have none" in done.notes[-1]
    kept = store.read(coast.engine, "segments", columns=["tide_weights", "tide_note"])
    assert json.loads(kept["tide_weights"][0]) == [["T0601", 1.0]]
    assert kept["tide_note"].str.starts_with("石浦").all()


def test_the_next_table_continues_the_one_before(shipu: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "december.csv"
    path.write_text(HEAD + BELOW + printed(shipu, "2026-11-30", "2027-01-01"), encoding="utf-8")
    done = put(shipu, path)
    assert (done.counts["added"], done.counts["updated"]) == (0, 1)
    one = next(s for s in tide.stations(shipu) if s.station_id == "T0601")
    assert one.table is not None
    assert one.table.span[0] < np.datetime64("2026-11-02")
    assert one.table.span[1] > np.datetime64("2026-12-31")
    assert (np.diff(one.table.times) > np.timedelta64(0, "ms")).all()
    assert "2026-11-01–2026-12-31" in one.note
    times = np.arange(np.datetime64("2026-11-29", "ms"), np.datetime64("2026-12-02"), 600_000)
    assert np.isfinite(heights(one, times)).all()


def test_a_table_of_a_station_with_constants_stands_beside_them(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    put(plain_ws, CHINA)
    text = printed(plain_ws, "2026-11-01", "2026-11-10").replace("(cm)", "")
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    short = KANMEN.removeprefix("ticon/")
    given = Options(station=short, timezone="Asia/Shanghai", datum="CD", unit="cm")
    done = put(plain_ws, path, given)
    one = next(s for s in tide.stations(plain_ws) if s.kind == "table")
    assert one.station_id == f"{KANMEN}:table"
    assert (one.lon, one.lat) == place(plain_ws, KANMEN)
    # The constants' own chart datum, 3.555 m below mean sea level, ties the table.
    assert one.known_datums().between("CD", "MSL") == pytest.approx(-3.555)
    assert "tide_station" in " ".join(done.notes)


def test_a_table_whose_datum_nobody_knows_is_not_taken(
    make: Callable[..., Workspace], tmp_path: Path
) -> None:
    ws = make()
    put(ws, CHINA)
    path = tmp_path / "t.csv"
    path.write_text(
        HEAD + "基准面：1985国家高程基准\n" + printed(ws, "2026-11-01", "2026-11-10"),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="CN1985 and MSL") as caught:
        put(ws, path)
    assert "`datums`" in caught.value.mend
    assert len(tide.stations(ws)) == 5
    ws.close()
    tied = folder.init(tmp_path / "tied", {"datums": {"CN1985": -3.0}})
    put(tied, path)
    one = tide.stations(tied)[0]
    assert one.known_datums().between("CN1985", "MSL") == pytest.approx(-3.0)
    tied.close()


def test_a_table_without_a_place_is_used_where_it_is_named(
    make: Callable[..., Workspace], tmp_path: Path
) -> None:
    ws = make(tide_station="T0601")
    put(ws, CHINA)
    path = tmp_path / "t.csv"
    text = "站号：T0601\n时区：东八区\n" + BELOW + printed(ws, "2026-11-01", "2026-12-01")
    path.write_text(text, encoding="gb18030")
    done = put(ws, path)
    assert "tide_station" in " ".join(done.notes)
    segments(ws, [(121.95, 29.2)])
    ids, weights, error_m, notes = tide.weights(ws)
    assert (ids, weights.tolist()) == (["T0601"], [[1.0]])
    assert np.isnan(error_m[0])
    assert notes[0].startswith("T0601 ? km，误差未知")
    assert tide.shift_curve(ws, T0, T1) is not None
    ws.close()


def test_secondary_ports_find_their_main_port_among_what_is_stored(
    plain_ws: Workspace, tmp_path: Path
) -> None:
    put(plain_ws, CHINA)
    path = tmp_path / "附港.csv"
    path.write_text(
        "编号,附港,纬度,经度,主港,高潮时差,低潮时差,潮差比,平均海面(cm)\n"
        "A1,石浦,29°12′N,121°57′E,Kanmen,0020,0025,1.05,312\n"
        "A2,无主,29°12′N,121°57′E,没有这个港,0020,0025,1.05,312\n",
        encoding="utf-8",
    )
    done = put(plain_ws, path)
    assert [(r.row, r.reason) for r in done.refused] == [(3, "bad_secondary_port")]
    assert (done.counts["rows_in"], done.counts["added"]) == (2, 1)
    segments(plain_ws, [(121.95, 29.2)])
    one = tide.station(plain_ws)
    assert one is not None
    assert (one.station_id, one.kind) == ("A1", "secondary")
    curve = tide.shift_curve(plain_ws, T0, T1)
    assert curve is not None
    kanmen = next(s for s in tide.stations(plain_ws) if s.station_id == KANMEN)
    assert np.ptp(curve[1]) == pytest.approx(1.05 * np.ptp(heights(kanmen, curve[0])), rel=0.03)
    text = tide.table(plain_ws.root, "A1", T0, T1, extremes_only=True, datum="潮高基准面")
    told = pl.read_csv(StringIO(text))
    assert told.columns == ["t", "height_m", "kind"]
    assert told["height_m"].min() > 0.0


def test_the_command_takes_a_datum_by_any_name(run: Run, tmp_path: Path) -> None:
    told = []
    for datum in ("MSL", "潮高基准面", "TLT", "最低天文潮面"):
        out = tmp_path / "t.csv"
        span = ("--from", "2026-11-23", "--to", "2026-11-23T06:00:00", "--step", "1h")
        code, text, _ = run(
            "tides", CHINA, "--station", "Kanmen", *span, "--datum", datum, "--out", out
        )
        assert (code, text) == (0, "")
        told.append(pl.read_csv(out)["height_m"].to_numpy())
    # Kanmen: MSL 3.903, its chart datum and theoretical lowest tide 0.348, LAT 0.356 m.
    assert np.allclose(told[1] - told[0], 3.555, atol=0.0011)
    assert np.allclose(told[2], told[1])
    assert np.allclose(told[3] - told[0], 3.547, atol=0.0011)
    code, _, err = run("tides", CHINA, "--station", "Kanmen", *span, "--datum", "85高程")
    assert code == 1
    assert "85高程 (CN1985) and MSL" in err or "MSL and 85高程 (CN1985)" in err


def test_a_file_that_says_all_of_itself_needs_no_workspace(shared: Path) -> None:
    path = shared / "coast" / "tide_truth_noaa_hilo_monterey_2016.csv"
    begin, end = datetime(2016, 7, 13, tzinfo=UTC), datetime(2016, 7, 15, tzinfo=UTC)
    text = tide.table(path, "9413450", begin, end, extremes_only=True, datum="mllw")
    told = pl.read_csv(StringIO(text))
    assert told["height_m"].to_list()[:2] == [0.439, 0.936]
    with pytest.raises(InputError, match="MLLW and MSL"):
        tide.table(path, "9413450", begin, end)


def test_more_heights_than_one_answer_holds_are_not_begun() -> None:
    t0, century = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    for more in ({"step": "1s"}, {"step": "1min"}, {"extremes_only": True}):
        with pytest.raises(InputError, match="heights are asked for; 600,000 are the most"):
            tide.table(CHINA, "Kanmen", t0, century, **more)
    assert len(tide.table(CHINA, "Kanmen", t0, t0 + timedelta(hours=1), step="1s")) > 3600 * 20
