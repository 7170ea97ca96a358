"""What an import of tides leaves as it was: stations of other kinds, and all where it fails."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from geo.tides import Station, heights
from workspace import folder, store, tide
from workspace._import_tides import import_tides
from workspace._imported import Imported, Options
from workspace.folder import Workspace

T0, T1 = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
BEGIN = np.datetime64("2026-01-01", "ms")
HEADER = "编号,附港,纬度,经度,主港,高潮时差,低潮时差,潮差比,平均海面(cm)\n"


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Imported]:
    def done(ws: Workspace, text: str, **given: str) -> Imported:
        path, result = tmp_path / "t.csv", Imported()
        path.write_text(text, encoding="utf-8")
        import_tides(ws, path, Options(**given), result)
        return result

    return done


def constants(name: str, lon: float = 121.3, lat: float = 29.0) -> str:
    head = "station_id,name,lon,lat,constituent,amplitude_m,phase_deg_gmt\n"
    place = f"{name},{name},{lon},{lat}"
    return f"{head}{place},M2,1.5,270\n{place},S2,0.5,300\n"


def hourly(name: str, begin: str, *, datum: str = "msl", add_m: float = 0.0) -> str:
    times = np.datetime64(begin, "m") + np.arange(240) * np.timedelta64(1, "h")
    level = 2 * np.cos(2 * np.pi * np.arange(240) / 12.42) + add_m
    rows = zip(np.char.replace(times.astype(str), "T", " "), level, strict=True)
    return f"station,time_utc,height_m_{datum}\n" + "".join(
        f"{name},{t},{h:.3f}\n" for t, h in rows
    )


def turns(name: str, begin: str, n: int = 80) -> str:
    times = np.datetime64(begin, "m") + np.arange(n) * np.timedelta64(373, "m")
    rows = enumerate(np.char.replace(times.astype(str), "T", " "))
    return "station,time_utc,height_m_msl,type\n" + "".join(
        f"{name},{t},{-2 if i % 2 else 2},{'HL'[i % 2]}\n" for i, t in rows
    )


def stored(ws: Workspace) -> dict[str, Station]:
    return {one.station_id: one for one in tide.stations(ws)}


def segments(ws: Workspace) -> None:
    table = pl.DataFrame({"segment_id": ["s"], "lon": [121.06], "lat": [29.02]})
    store.write(ws.engine, "segments", table, replace=True)


def test_heights_and_turns_of_one_station_are_both_kept_and_continued(
    plain_ws: Workspace, put: Callable[..., Imported]
) -> None:
    put(plain_ws, hourly("X", "2026-01-01"))
    done = put(plain_ws, turns("X", "2026-07-01"))
    assert "X:turns" in " ".join(done.notes)
    put(plain_ws, turns("X", "2026-08-01"))
    put(plain_ws, hourly("X", "2026-01-10"))
    found = stored(plain_ws)
    assert sorted(found) == ["X", "X:turns"]
    spans = {name: one.table.span for name, one in found.items() if one.table is not None}
    assert str(spans["X"][0])[:10] == "2026-01-01"
    assert str(spans["X"][1])[:10] == "2026-01-19"
    assert str(spans["X:turns"][0])[:10] == "2026-07-01"
    assert str(spans["X:turns"][1])[:10] == "2026-08-21"


@pytest.mark.parametrize(
    ("first", "second", "own"),
    [
        ("table", "constants", "X:constants"),
        ("constants", "table", "X:table"),
        ("constants", "secondary", "X:secondary"),
        ("table", "secondary", "X:secondary"),
        ("secondary", "constants", "X:constants"),
        ("secondary", "table", "X:table"),
    ],
)
def test_no_kind_of_station_takes_the_place_of_another(
    plain_ws: Workspace, put: Callable[..., Imported], first: str, second: str, own: str
) -> None:
    texts = {
        "table": hourly("X", "2026-01-01"),
        "constants": constants("X"),
        "secondary": f"{HEADER}X,石浦,29.0,121.3,M,0020,0025,1.05,312\n",
    }
    put(plain_ws, constants("M", 121.2, 28.1))
    put(plain_ws, texts[first])
    before = stored(plain_ws)["X"]
    times = BEGIN + np.arange(48) * np.timedelta64(1, "h")
    # A second time it finds its own place again.
    for counted in (("added", 1), ("updated", 1)):
        done = put(plain_ws, texts[second])
        assert done.counts[counted[0]] == counted[1]
        assert own in " ".join(done.notes)
        found = stored(plain_ws)
        assert sorted(found) == sorted(["M", "X", own])
        assert found["X"].kind == before.kind
        assert np.array_equal(heights(found["X"], times), heights(before, times))


def test_a_table_above_another_zero_is_brought_to_the_one_that_is_stored(
    plain_ws: Workspace, put: Callable[..., Imported]
) -> None:
    above = "潮高基准面在平均海平面下 {} cm  站号：X 时区：UTC 单位：m\n"
    put(plain_ws, above.format(312) + hourly("X", "2026-01-01", datum="", add_m=3.12))
    done = put(plain_ws, above.format(325) + hourly("X", "2026-01-11", datum="", add_m=3.25))
    one = stored(plain_ws)["X"]
    assert one.known_datums().between("CD", "MSL") == pytest.approx(-3.12)
    assert one.table is not None
    for part in (one.table.height_m[:240], one.table.height_m[240:]):
        assert part.mean() == pytest.approx(3.12, abs=0.1)
        assert part.max() == pytest.approx(5.12, abs=0.002)
    assert "-0.13 m" in " ".join(done.notes)


def test_a_table_above_a_zero_that_cannot_be_compared_is_refused(
    put: Callable[..., Imported], tmp_path: Path
) -> None:
    ws = folder.init(tmp_path / "w", {"timezone": "UTC", "datums": {"MLLW": -1.0, "LAT": -1.2}})
    put(ws, hourly("X", "2026-01-01", datum="mllw"))
    before = stored(ws)
    with pytest.raises(InputError, match=r"above LAT, and those .* X above MLLW") as caught:
        put(ws, hourly("X", "2026-02-01", datum="lat"))
    assert "an id of its own" in caught.value.mend
    after = stored(ws)
    assert after.keys() == before.keys()
    put(ws, hourly("Y", "2026-02-01", datum="lat"))
    assert sorted(stored(ws)) == ["X", "Y"]
    ws.close()


def test_a_main_port_at_the_head_of_its_table_stays_what_it_is(
    plain_ws: Workspace, put: Callable[..., Imported]
) -> None:
    put(plain_ws, constants("K"))
    segments(plain_ws)
    row = "K,坎门,29.0,121.3,K,0000,0000,1.00,348\n"
    done = put(plain_ws, f"{HEADER}{row}A1,石浦,29°12′N,121°57′E,K,0020,0025,1.05,312\n")
    assert [r.row for r in done.refused] == [2]
    found = stored(plain_ws)
    assert {name: one.kind for name, one in found.items()} == {"A1": "secondary", "K": "harmonic"}
    assert len(found["K"].constituents) == 2
    assert tide.shift_curve(plain_ws, T0, T1) is not None
    with pytest.raises(InputError, match="main port of this table"):
        put(plain_ws, HEADER + row)


@pytest.mark.parametrize("method", ["nearest", "interpolate"])
def test_a_table_beside_constants_does_not_take_their_tide_away(
    put: Callable[..., Imported], tmp_path: Path, method: str
) -> None:
    values = {"timezone": "UTC", "tide_method": method}
    ws = folder.init(tmp_path / "w", values)
    segments(ws)
    put(ws, constants("K"))
    put(ws, constants("J", lat=29.5))
    before = tide.weights(ws)
    done = put(ws, turns("K", "2026-01-01"))
    # Another publisher's, a few hundred metres off.
    put(ws, "经度：121.302 纬度：29.001\n" + turns("Z", "2026-01-01"))
    after = tide.weights(ws)
    assert sorted(stored(ws)) == ["J", "K", "K:table", "Z"]
    assert after[0] == before[0]
    assert np.array_equal(after[1], before[1])
    assert np.isfinite(after[1] @ tide.curves(ws, T0, T1)[1]).all()
    assert "name it in tide_station" in " ".join(done.notes)
    ws.close()
    path = ws.root / "shoregrid.toml"
    path.write_text('tide_station = "K:table"\n' + path.read_text(encoding="utf-8"), "utf-8")
    named = folder.open_workspace(ws.root)
    assert tide.weights(named)[0] == ["K:table"]
    named.close()


def test_of_tables_in_one_place_the_one_that_lasts_longest_counts(
    plain_ws: Workspace, put: Callable[..., Imported]
) -> None:
    segments(plain_ws)
    place = "经度：121.3 纬度：29.0\n"
    put(plain_ws, place + hourly("X", "2026-01-01"))
    assert tide.weights(plain_ws)[0] == ["X"]
    done = put(plain_ws, turns("X", "2026-07-01"))
    assert tide.weights(plain_ws)[0] == ["X:turns"]
    assert any(note.startswith("X 处另有一站") for note in done.notes)
    put(plain_ws, constants("X"))
    assert tide.weights(plain_ws)[0] == ["X:constants"]


def test_an_import_that_fails_stores_nothing(
    put: Callable[..., Imported], coast: Workspace
) -> None:
    path = coast.root / "shoregrid.toml"
    path.write_text('tide_station = "B"\n' + path.read_text(encoding="utf-8"), "utf-8")
    ws = folder.open_workspace(coast.root)
    before = store.read(ws.engine, "segments")
    with pytest.raises(InputError, match="tide_station"):
        put(ws, constants("A"))
    assert stored(ws) == {}
    assert store.read(ws.engine, "segments").equals(before)
    put(ws, constants("B"))
    assert list(stored(ws)) == ["B"]
    kept = store.read(ws.engine, "segments")["tide_weights"]
    assert (kept == '[["B",1.0]]').all()
    ws.close()


def test_a_table_that_a_setting_ties_far_from_mean_sea_level_is_not_taken(
    put: Callable[..., Imported], tmp_path: Path
) -> None:
    ws = folder.init(tmp_path / "w", {"timezone": "UTC", "datums": {"MLLW": -0.03}})
    with pytest.raises(InputError, match=r"\+3\.11 m from mean sea level on the average"):
        put(ws, hourly("X", "2026-01-01", datum="mllw", add_m=3.12))
    assert stored(ws) == {}
    put(ws, hourly("X", "2026-01-01", datum="mllw", add_m=0.03))
    assert list(stored(ws)) == ["X"]
    ws.close()
