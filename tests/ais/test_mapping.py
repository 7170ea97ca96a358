"""Tables in no dialect, read with a mapping file."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ais.io import read, sniff
from ais.mapping import Mapping
from geo.errors import InputError


def mapped(tmp_path: Path, text: str) -> Mapping:
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    return Mapping.read(path)


def whole(path: Path, mapping: Mapping, **how) -> tuple[pl.DataFrame, pl.DataFrame, dict]:
    batches = list(read(path, mapping=mapping, **how))
    assert len(batches) == 1
    return batches[0].positions, batches[0].statics, batches[0].counts


def test_a_table_unlike_any_other(tmp_path: Path) -> None:
    mapping = mapped(
        tmp_path,
        """
        source = "harbour radar"
        separator = ";"
        decimal = ","
        time = "%d.%m.%Y %H:%M:%S"
        zone = "Asia/Shanghai"
        not_available = ["-", -999]
        [columns]
        t = "Zeit"
        mmsi = "Kennung"
        lon = "Länge"
        lat = "Breite"
        sog = "Fahrt"
        cog = "Kurs"
        name = "Schiff"
        length = "L"
        ship_type = "Art"
        [units]
        sog = "km/h"
        length = "ft"
        """,
    )
    path = tmp_path / "x.csv"
    path.write_bytes(
        "Kennung;Zeit;Länge;Breite;Fahrt;Kurs;Schiff;L;Art\r\n"
        "412000001;09.07.2021 18:28:43;122,5;29,25;18,52;-999;浙渔;100;fishing\r\n"
        "412000002;09.07.2021 07:00:00;-999;29,25;1;2;-;-999;-\r\n"
        "412000003;2021-07-09 07:00:00;122,5;29,25;1;2;-;-999;-\r\n".encode("gb18030")
    )
    assert sniff(path, mapping=mapping) == "mapped"
    positions, statics, counts = whole(path, mapping)
    assert counts == {"rows_in": 3, "kept": 1, "no_position": 1, "bad_time": 1}
    row = positions.row(0, named=True)
    assert row["t"] == datetime(2021, 7, 9, 10, 28, 43, tzinfo=UTC)
    assert (row["lon"], row["lat"], row["source"]) == (122.5, 29.25, "harbour radar")
    assert row["sog_kn"] == pytest.approx(10)
    assert row["cog_deg"] is None
    assert statics.select("name", "ship_type").row(0) == ("浙渔", 30)
    assert statics["length_m"][0] == pytest.approx(30.48)
    assert whole(path, mapping, source="other")[0]["source"].to_list() == ["other"]


@pytest.mark.parametrize(
    ("units", "lon", "lat", "sog"),
    [
        ('lon = "1/600000 deg"\nlat = "1/10000 min"\nsog = "0.1kn"', 73500000, 17550000, 100),
        ('sog = "m/s"', 122.5, 29.25, 18520 / 3600),
        ("", 122.5, 29.25, 10),
    ],
)
@pytest.mark.parametrize(
    ("time", "text"),
    [
        ('time = "unix_s"', "1625826523"),
        ('time = "unix_ms"', "1625826523000"),
        ('time = "iso"', "2021-07-09T12:28:43+02:00"),
        ('zone = "Asia/Shanghai"', "2021-07-09 18:28:43"),
        ('zone = "UTC"', "2021-07-09 10:28:43"),
        ('time = "%m/%d/%y %I:%M:%S %p"', "07/09/21 10:28:43 AM"),
        ('time = "%Y-%m-%dT%H:%M:%S%z"', "2021-07-09T12:28:43+0200"),
    ],
)
def test_units_and_times(tmp_path: Path, units, lon, lat, sog, time, text) -> None:
    mapping = mapped(
        tmp_path,
        f'mmsi = 412345678\n{time}\n[columns]\nt = "w"\nlon = "x"\nlat = "y"\nsog = "v"\n'
        f"[units]\n{units}\n",
    )
    path = tmp_path / "x"
    path.write_text(f"w,x,y,v\n{text},{lon},{lat},{sog}\n")
    pl.DataFrame({"w": [text], "x": [lon], "y": [lat], "v": [sog]}).write_parquet(tmp_path / "p")
    for one in (path, tmp_path / "p"):
        positions, _, counts = whole(one, mapping)
        assert counts == {"rows_in": 1, "kept": 1}
        row = positions.row(0, named=True)
        assert row["mmsi"] == 412345678
        assert row["t"] == datetime(2021, 7, 9, 10, 28, 43, tzinfo=UTC)
        assert (row["lon"], row["lat"]) == (122.5, 29.25)
        assert row["sog_kn"] == pytest.approx(10)


def test_a_date_and_a_time_of_day_in_two_columns(tmp_path: Path) -> None:
    mapping = mapped(
        tmp_path,
        'zone = "Europe/Berlin"\ntime = "%d.%m.%Y %H:%M"\n'
        '[columns]\nt = ["d", "h"]\nlon = "x"\nlat = "y"\nmmsi = "m"\n',
    )
    path = tmp_path / "x"
    rows = ["09.07.2021,12:28", "31.10.2021,02:30", "28.03.2021,02:30", "31.10.2021,03:30"]
    path.write_text("d,h,x,y,m\n" + "".join(f"{row},12,34,412000001\n" for row in rows))
    positions, _, counts = whole(path, mapping)
    # 02:30 came twice on one of these days, and not at all on another.
    assert counts == {"rows_in": 4, "kept": 2, "bad_time": 2}
    assert positions["t"].to_list() == [
        datetime(2021, 7, 9, 10, 28, tzinfo=UTC),
        datetime(2021, 10, 31, 2, 30, tzinfo=UTC),
    ]


def test_one_vessels_track(shared: Path, tmp_path: Path) -> None:
    greek = mapped(
        tmp_path,
        'separator = " "\ntime = "unix_s"\nnames = ["id", "lon", "lat", "t"]\n'
        '[columns]\nt = "t"\nlon = "lon"\nlat = "lat"\n'
        'mmsi = "id"\n',
    )
    path = shared / "ais" / "annot_vessels_input.csv"
    positions, _, counts = whole(path, greek)
    names = ["id", "lon", "lat", "t"]
    raw = pl.read_csv(path, separator=" ", has_header=False, new_columns=names)
    assert counts == {"rows_in": raw.height, "kept": raw.height}
    assert positions["lon"].equals(raw["lon"])
    assert positions["t"].dt.epoch("s").to_list() == raw["t"].to_list()
    atlantes = mapped(
        tmp_path,
        '[columns]\nt = "send"\nlon = "lon"\nlat = "lat"\nmmsi = "mmsi"\nsog = "sog"\n'
        'name = "name"\nimo = "IMO"\nship_type = "category"\nlength = "Length"\n',
    )
    track = shared / "ais" / "atlantes_noaa_track.csv"
    with pytest.raises(InputError, match="no AIS dialect"):
        sniff(track)
    positions, statics, counts = whole(track, atlantes)
    assert counts["kept"] == positions.height == 999
    assert statics.select("mmsi", "imo", "name", "ship_type", "length_m").row(0) == (
        212049000, 9393163, "TUFTY", 70, 185,
    )  # fmt: skip


def test_every_problem_of_a_mapping_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        mapped(
            tmp_path,
            'seperator = ","\nzone = "Asia/Shanghia"\nmmsi = 0\ntime = "d/m/y"\ndecimal = "x"\n'
            'separator = "//"\nnot_available = "-"\nnames = 3\n'
            '[columns]\nlat = "y"\nlong = "x"\nsog = 3\n[units]\nsog = "mph"\nspeed = "kn"\n',
        )
    for said in (
        "'seperator', did you mean 'separator'?", "did you mean 'Asia/Shanghai'?", "mmsi is 0",
        "time is 'd/m/y'", "decimal is 'x'", "separator is '//'", "not_available is '-'",
        "'long', did you mean 'lon'?", "column sog is 3", "for 't'", "for 'lon'", "unit 'mph'",
        "told for 'speed'", "names is 3",
    ):  # fmt: skip
        assert said in told.value.what, said
    assert str(tmp_path / "m.toml") in told.value.where


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("= 1", "not TOML"),
        ("columns = 3", "columns is no table"),
        ("source = 3\n[columns]", "source is 3"),
        ('[columns]\nt = "a"\nlon = "b"\nlat = "c"', "MMSIs or one mmsi"),
        ('mmsi = 4120\n[columns]\nt = "a"\nlon = "b"\nlat = "c"\nmmsi = "m"', "MMSIs or one mmsi"),
    ],
)
def test_a_mapping_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        mapped(tmp_path, text)


def test_a_mapping_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        Mapping.read(tmp_path / "none")


def test_columns_that_the_table_lacks(tmp_path: Path) -> None:
    mapping = mapped(
        tmp_path, 'mmsi = 412345678\n[columns]\nt = "Zeitt"\nlon = "x"\nlat = "Hoch"\n'
    )
    path = tmp_path / "x"
    path.write_text("Zeit;x;y\n1;2;3\n")
    with pytest.raises(InputError) as told:
        next(read(path, mapping=mapping))
    assert "'Zeitt', did you mean 'Zeit'?, 'Hoch'; it has Zeit, x, y" in told.value.what
    assert "m.toml" in told.value.mend
