"""Every dialect but the Danish and the NOAA one, and every way to pack a file."""

import bz2
import csv
import gzip
import json
import math
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ais import _csv_scan as scan
from ais._blocks import Block
from ais.io import pieces, read, refusals_of, sniff
from ais.schema import POSITIONS, STATICS, TOLD
from geo.errors import InputError

AISHUB_RAW = [
    {"ERROR": False, "USERNAME": "AH_TEST", "FORMAT": "AIS", "RECORDS": 2},
    [
        {"MMSI": 244750034, "TIME": "1625826523", "LONGITUDE": 3022815, "LATITUDE": 31476144,
         "COG": 3600, "SOG": 0, "HEADING": 511, "ROT": 128, "NAVSTAT": 8, "IMO": 0,
         "NAME": "CHATEAUROUX", "CALLSIGN": "PH7002", "TYPE": 69, "A": 24, "B": 6, "C": 0, "D": 6,
         "DRAUGHT": 12, "DEST": "", "ETA": 1596},
        {"MMSI": 413811000, "TIME": "1625826524", "LONGITUDE": 71067520, "LATITUDE": 23324900,
         "COG": 3564, "SOG": 1, "HEADING": 116, "ROT": 0, "NAVSTAT": 15, "IMO": 9118824,
         "NAME": "JIN HAI {XIANG}\\", "CALLSIGN": "BVKU", "TYPE": 70, "A": 197, "B": 27, "C": 20,
         "D": 12, "DRAUGHT": 75, "DEST": "CAO,FEI\"DIAN", "ETA": 0},
    ],
]  # fmt: skip
CATCHER = [
    {"class": "AIS", "device": "AIS-catcher", "rxtime": "20210709102843", "rxuxtime": 1625826523,
     "station_id": 7, "channel": "B", "nmea": ["!AIVDM,1,1,,B,3776k`5000a3SLPEKnDQQWpH0000,0*78"],
     "type": 3, "mmsi": 477213600, "status": 5, "status_text": "Moored", "speed": 0.0,
     "lon": 126.605469, "lat": 37.460617, "course": 39.0, "heading": 252},
    {"class": "AIS", "rxuxtime": 1625826524.25, "type": 18, "mmsi": 413000001,
     "speed": 102.300003, "lon": 121.9, "lat": 29.1, "course": 360.0, "heading": 511},
    {"class": "AIS", "rxuxtime": 1625826525, "type": 5, "mmsi": 477213600, "imo": 9074729,
     "shipname": "浙渔 \"1\"", "callsign": "VRXX", "shiptype": 70, "shiptype_text": "Cargo",
     "to_bow": 100, "to_stern": 20, "to_port": 10, "to_starboard": 8, "draught": 7.5},
    {"class": "AIS", "rxuxtime": 1625826526, "type": 8, "mmsi": 477213600, "dac": 1},
    {"class": "AIS", "rxuxtime": 1625826527, "type": 1, "mmsi": 477213601, "speed": 3.0},
    {"class": "AIS", "rxuxtime": 1625826528, "type": 21, "mmsi": 994131001, "name": "QY1",
     "lon": 122.0, "lat": 29.2},
    {"class": "AIS", "rxtime": "20210709102849", "type": 27, "mmsi": 413000002, "lon": 122.5,
     "lat": 29.25, "speed": 5, "course": 90},
]  # fmt: skip


def whole(path: Path, **how) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    batches = list(read(path, **how))
    counts: Counter = Counter()
    for batch in batches:
        assert batch.positions.schema == POSITIONS
        assert batch.statics.schema == STATICS
        assert batch.told.schema == TOLD
        assert batch.counts["rows_in"] == sum(batch.counts.values()) - batch.counts["rows_in"]
        told = dict(batch.told.group_by("reason").agg(pl.col("rows").sum()).iter_rows())
        assert told == {k: n for k, n in batch.counts.items() if n and k != "rows_in"}
        counts.update(batch.counts)
    return (
        pl.concat([b.positions for b in batches]),
        pl.concat([b.statics for b in batches]),
        dict(counts),
    )


def place(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def rows(table: list[dict]) -> str:
    names = list(dict.fromkeys(name for row in table for name in row))
    lines = [names, *([str(row.get(name, "")) for name in names] for row in table)]
    return "\n".join(",".join(line) for line in lines) + "\n"


def test_positions_without_a_dialect(shared: Path) -> None:
    path = shared / "ais" / "positions_world_20190701_43k.csv.gz"
    assert sniff(path) == "plain"
    positions, _, counts = whole(path, source="satellites")
    raw = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False)
    assert counts == {"rows_in": 42_625, "kept": 42_625}
    assert positions["lon"].to_list() == raw["lon"].cast(pl.Float64).to_list()
    assert positions["lat"].to_list() == raw["lat"].cast(pl.Float64).to_list()
    assert (
        positions["t"].dt.strftime("%Y-%m-%d %H:%M:%S%.3f").to_list() == raw["timestamp"].to_list()
    )
    assert positions["mmsi"].n_unique() == 18_275
    assert set(positions["source"]) == {"satellites"}


def test_aishub_is_the_same_however_it_is_asked(tmp_path: Path) -> None:
    raw = AISHUB_RAW[1]
    human = [
        row
        | {
            "TIME": f"{datetime.fromtimestamp(int(row['TIME']), UTC):%Y-%m-%d %H:%M:%S} GMT",
            "LONGITUDE": row["LONGITUDE"] / 600_000,
            "LATITUDE": row["LATITUDE"] / 600_000,
            **{name: row[name] / 10 for name in ("COG", "SOG", "DRAUGHT")},
        }
        for row in raw
    ]
    quoted = [row | {"DEST": "", "NAME": row["NAME"].replace("\\", "")} for row in raw]
    head = AISHUB_RAW[0] | {"FORMAT": "HUMAN"}
    files = [
        place(tmp_path / "raw.json", json.dumps(AISHUB_RAW)),
        place(tmp_path / "raw.txt", json.dumps(AISHUB_RAW, indent=1)),
        place(tmp_path / "human.json", json.dumps([head, human], ensure_ascii=False)),
        place(tmp_path / "raw.csv", rows(quoted)),
        place(tmp_path / "gmt.csv", rows([
            q | {"TIME": h["TIME"]} for q, h in zip(quoted, human, strict=True)
        ])),
        place(tmp_path / "human.csv", rows([row | {"DEST": ""} for row in human])),
    ]  # fmt: skip
    for path in files:
        assert sniff(path) == "aishub"
        positions, statics, counts = whole(path)
        assert counts == {"rows_in": 2, "kept": 2}, path.name
        first, second = positions.rows(named=True)
        assert first["t"] == datetime(2021, 7, 9, 10, 28, 43, tzinfo=UTC)
        assert (first["lon"], first["lat"]) == (3022815 / 600_000, 31476144 / 600_000)
        assert (first["sog_kn"], first["cog_deg"], first["heading_deg"]) == (0, None, None)
        assert first["status"] == 8
        assert second["status"] is None
        assert second["sog_kn"] == pytest.approx(0.1)
        assert second["cog_deg"] == pytest.approx(356.4)
        assert statics["name"].to_list()[0] == "CHATEAUROUX"
        if path.suffix == ".json":
            assert statics["name"].to_list()[1] == "JIN HAI {XIANG}\\"
        assert statics.select("imo", "ship_type", "length_m", "width_m").rows() == [
            (None, 69, 30, 6), (9118824, 70, 224, 32),
        ]  # fmt: skip
        assert statics["draught_m"].to_list() == pytest.approx([1.2, 7.5])


def test_an_answer_of_aishub_that_is_an_error(tmp_path: Path) -> None:
    said = [{"ERROR": True, "USERNAME": "AH", "FORMAT": "AIS", "ERROR_MESSAGE": "Too frequent!"}]
    with pytest.raises(InputError, match="Too frequent"):
        sniff(place(tmp_path / "x.json", json.dumps(said)))


@pytest.mark.parametrize("spaced", [False, True])
def test_ais_catcher_writes_one_message_a_line(tmp_path: Path, *, spaced: bool) -> None:
    how = {} if spaced else {"separators": (",", ":"), "ensure_ascii": False}
    lines = [json.dumps(one, **how) for one in CATCHER]
    bad = ['{"class":"AIS","mmsi":1,', "[]", '{"mmsi":5}}', '{"mmsi" 5}', "nonsense"]
    text = "\r\n".join([*lines, "", *bad])
    path = place(tmp_path / "x.json", text)
    assert sniff(path) == "aiscatcher"
    positions, statics, counts = whole(path)
    assert counts == {
        "rows_in": 13, "kept": 5, "other_type": 1, "no_position": 1, "blank": 1, "bad_json": 5,
    }  # fmt: skip
    assert positions.select("mmsi", "msg_type", "cls", "source").rows() == [
        (477213600, 3, "A", "7"),
        (413000001, 18, "B", "aiscatcher"),
        (994131001, 21, "other", "aiscatcher"),
        (413000002, 27, "A", "aiscatcher"),
    ]
    assert positions["t"].to_list() == [
        datetime(2021, 7, 9, 10, 28, second, ms, tzinfo=UTC)
        for second, ms in ((43, 0), (44, 250_000), (48, 0), (49, 0))
    ]
    assert positions.select("sog_kn", "cog_deg", "heading_deg").row(1) == (None,) * 3
    assert statics.select(pl.exclude("t", "source")).rows() == [
        (477213600, 9074729, '浙渔 "1"', "VRXX", 70, 120, 18, 7.5),
        (994131001, None, "QY1", None, None, None, None, None),
    ]


def test_ais_catcher_as_csv_and_without_what_is_needed(tmp_path: Path) -> None:
    table = place(
        tmp_path / "x.csv",
        "rxuxtime,mmsi,type,lat,lon,speed,course,heading\n"
        "1625826523,477213600,3,37.460617,126.605469,0.0,39.0,252\n",
    )
    assert sniff(table) == "aiscatcher"
    assert whole(table)[0].select("lon", "sog_kn", "cls").row(0) == (126.605469, 0, "A")
    undecoded = {k: CATCHER[0][k] for k in ("class", "rxuxtime", "nmea", "mmsi", "type")}
    with pytest.raises(InputError, match="not decoded"):
        sniff(place(tmp_path / "n.json", json.dumps(undecoded)))
    timeless = {k: v for k, v in CATCHER[0].items() if "time" not in k}
    with pytest.raises(InputError, match="no time"):
        sniff(place(tmp_path / "t.json", json.dumps(timeless)))


def test_global_fishing_watch(tmp_path: Path) -> None:
    training = place(
        tmp_path / "trawlers.csv",
        "mmsi,timestamp,distance_from_shore,distance_from_port,speed,course,lat,lon,is_fishing,"
        "source\n"
        "412345678.0,1327136735.0,0.0,0.0,4.5,230.5,14.865583,-26.853662,-1.0,gfw\n"
        "12639560807591.0,1327136736.0,0.0,0.0,0.0,230.5,14.86,-26.85,-1.0,gfw\n",
    )
    assert sniff(training) == "gfw"
    positions, _, counts = whole(training)
    assert counts == {"rows_in": 2, "kept": 1, "bad_mmsi": 1}
    assert positions.drop("heading_deg", "status", "msg_type").row(0) == (
        412345678, datetime(2012, 1, 21, 9, 5, 35, tzinfo=UTC), -26.853662, 14.865583, 4.5, 230.5,
        "other", "gfw",
    )  # fmt: skip
    export = place(
        tmp_path / "a.csv",
        "ssvid,timestamp,lat,lon,speed_knots,course,seg_id\n"
        "412345678,2020-01-01 00:00:05 UTC,29.1,122.1,3.5,10,412345678-1\n",
    )
    assert sniff(export) == "gfw"
    assert whole(export)[0].select("mmsi", "sog_kn").row(0) == (412345678, 3.5)
    track = "lon,lat,timestamp,speed,course,seg_id\n1,2,2020-01-01T00:00:00Z,1,2,x\n"
    with pytest.raises(InputError, match="MMSI") as told:
        sniff(place(tmp_path / "track.csv", track))
    assert "mapping" in told.value.mend


def test_our_own_tables_come_back_as_they_were(shared: Path, tmp_path: Path) -> None:
    noaa = shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz"
    positions, _, _ = whole(noaa)
    several = positions.with_columns(
        source=pl.when(pl.col("mmsi") % 2 == 0).then(pl.lit("b")).otherwise(pl.lit("a"))
    )
    several.write_parquet(tmp_path / "p")
    several.write_csv(tmp_path / "c")
    for path in (tmp_path / "p", tmp_path / "c"):
        assert sniff(path) == "shoregrid"
        again, none, counts = whole(path, chunk_rows=30_000)
        assert counts == {"rows_in": positions.height, "kept": positions.height}
        assert again.equals(several)
        assert none.is_empty()
        told = pl.concat(b.told for b in read(path))
        assert set(told["source"]) == {"a", "b"}
        assert told["rows"].sum() == positions.height


def test_parquet_in_the_layout_of_a_csv(shared: Path, tmp_path: Path) -> None:
    noaa = shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz"
    raw = gzip.decompress(noaa.read_bytes())
    positions, statics, counts = whole(noaa)
    for at, how in enumerate(({"infer_schema": False}, {"try_parse_dates": True})):
        table = pl.read_csv(raw, **how)
        path = tmp_path / f"{at}.bin"
        table.write_parquet(path)
        assert sniff(path) == "noaa"
        same, told, again = whole(path)
        assert again == counts
        assert same.equals(positions)
        key = ["mmsi", "t", "name"]
        assert told.sort(key).equals(statics.sort(key))
    cut = tmp_path / "cut"
    cut.write_bytes((tmp_path / "0.bin").read_bytes()[:-100])
    with pytest.raises(InputError, match="Parquet"):
        next(read(cut))
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "other")
    with pytest.raises(InputError, match="columns a"):
        sniff(tmp_path / "other")


def _zst(raw: bytes) -> bytes:
    half = len(raw) // 2
    codec = pa.Codec("zstd")
    return b"".join(codec.compress(part, asbytes=True) for part in (raw[:half], raw[half:]))


def _noaa(n: int = 3_000) -> bytes:
    lines = (
        f"{366_000_001 + k % 97},2022-01-03T00:{k // 60 % 60:02d}:{k % 60:02d},"
        f"30.{k * 7919 % 9973},-90.{k * 104_729 % 9967},{k % 20}.5,{k % 360},90,船 {k % 97},,,70,\n"
        for k in range(n)
    )
    head = "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status\n"
    return (head + "".join(lines)).encode()


@pytest.mark.parametrize(
    "pack",
    [
        lambda raw: raw,
        gzip.compress,
        lambda raw: gzip.compress(raw[:999]) + gzip.compress(raw[999:]) + b"\0" * 512,
        bz2.compress,
        lambda raw: bz2.compress(raw[:999]) + bz2.compress(raw[999:]),
        _zst,
        lambda raw: raw.decode().encode("gb18030"),
        lambda raw: raw.decode().encode("utf-16"),
        lambda raw: gzip.compress(raw.decode().encode("utf-16-be")),
        lambda raw: b"\xef\xbb\xbf" + raw.replace(b"\n", b"\r\n"),
        lambda raw: raw.replace(b",", b";").replace(b".", b","),
        lambda raw: raw.replace(b",", b"\t"),
        lambda raw: raw.replace(b",", b"|"),
    ],
    ids=[
        "plain",
        "gz",
        "gz2",
        "bz2",
        "bz2x2",
        "zst",
        "gb",
        "utf16",
        "gz16",
        "bom",
        ";",
        "tab",
        "|",
    ],
)
def test_however_it_is_packed_it_is_the_same(tmp_path: Path, pack) -> None:
    packed = pack(_noaa())
    if packed[:2] == b"\x1f\x8b" and gzip.decompress(packed)[:1] == b"\0":
        packed = gzip.compress(b"\xfe\xff" + gzip.decompress(packed))
    plain, other = tmp_path / "a", tmp_path / "b"
    plain.write_bytes(_noaa())
    other.write_bytes(packed)
    expected, found = whole(plain), whole(other)
    assert sniff(other) == "noaa"
    assert found[0].equals(expected[0])
    assert found[1].equals(expected[1])
    assert found[1]["name"][5] == "船 5"
    assert found[2] == expected[2]


def test_each_member_of_a_zip_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.mkdir("day")
        packed.writestr("day/a.csv", _noaa(100) + b"1,2\n")
        packed.writestr("b.json", json.dumps(AISHUB_RAW), zipfile.ZIP_STORED)
        packed.writestr("c.csv", _noaa(50), zipfile.ZIP_BZIP2)
    positions, _, counts = whole(path)
    assert counts == {"rows_in": 153, "kept": 152, "bad_row": 1}
    assert Counter(positions["source"]) == {"noaa": 150, "aishub": 2}
    refused = pl.concat(b.refused for b in read(path))
    assert refused.select("file", "row").rows() == [("x.dat/day/a.csv", 102)]
    done = [b.bytes_done for b in read(path)]
    assert done == sorted(done)
    assert done[-1] <= path.stat().st_size
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("more.zip", path.read_bytes())
        packed.writestr("readme.txt", "hello")
    positions, _, counts = whole(path)
    assert counts == {"rows_in": 155, "kept": 152, "bad_row": 1, "not_ais": 2}
    assert positions.height == 152
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("more.zip", b"PK\x03\x04 and so on")
        packed.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match=r"more\.zip.*readme\.txt"):
        next(read(path))


def test_lines_of_nmea_are_given_as_they_are(shared: Path, tmp_path: Path) -> None:
    raw = gzip.decompress((shared / "ais" / "uscg_nais_20160728_100k.nm4.gz").read_bytes())
    path = tmp_path / "x"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.csv", _noaa(100))
        packed.writestr("b.nm4", raw)
    done: list[int] = []
    found = list(pieces(path, progress=lambda at, _: done.append(at), chunk_rows=10_000))
    blocks = [one for one in found if isinstance(one, Block)]
    assert b"".join(block.data for block in blocks) == raw
    assert [block.last for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert len(blocks) > 5
    assert found[0].positions.height == 100
    assert done == sorted(done)


def test_a_damaged_member_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2):
        with zipfile.ZipFile(path, "w", method) as packed:
            packed.writestr("a.csv", _noaa(3_000))
            packed.writestr("b.csv", _noaa(10))
            size = packed.getinfo("a.csv").compress_size
        raw = bytearray(path.read_bytes())
        raw[35 + size - 9] ^= 0x01
        path.write_bytes(bytes(raw))
        _, _, counts = whole(path)
        assert counts["damaged_zip"] == 1
        assert counts["kept"] >= 10
    path.write_bytes(bytes(raw[: len(raw) // 2]))
    with pytest.raises(InputError, match="cut off"):
        sniff(path)


@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("time,timestamp,mmsi,lat,lon", "1,2,3,4,5", "could each be 't'"),
        ("date_time,mmsi,lat,latitude,lon", "2020-01-01 00:00,3,4,4,5", "could each be 'lat'"),
        ("time,mmsi,lat,lon", "03/04/2021 10:00,412000001,29,122", "more than one way"),
        ("when,mmsi,lat,lon", "2020-01-01,412000001,29,122", "no AIS dialect"),
    ],
)
def test_what_is_not_sure_is_not_guessed(tmp_path: Path, header, row, said) -> None:
    with pytest.raises(InputError, match=said) as told:
        sniff(place(tmp_path / "x.csv", f"{header}\n{row}\n"))
    assert "mapping" in told.value.mend


@pytest.mark.parametrize(
    "text",
    ["2021-07-09T10:28:43Z", "2021-07-09 10:28:43", "2021-07-09 12:28:43.000+02:00", "1625826523",
     "1625826523.0", "1625826523000", "20210709102843", "2021/07/09 10:28:43 UTC"],
)  # fmt: skip
def test_times_as_people_write_them(tmp_path: Path, text: str) -> None:
    path = place(tmp_path / "x.csv", f"Date_Time,MMSI,Lng,Lat\n{text},412000001,122.5,29.25\n")
    positions, _, _ = whole(path)
    assert positions.select("t", "lon", "lat").row(0) == (
        datetime(2021, 7, 9, 10, 28, 43, tzinfo=UTC), 122.5, 29.25,
    )  # fmt: skip


def test_what_became_of_the_rows_by_day(tmp_path: Path) -> None:
    path = place(
        tmp_path / "x.csv",
        "t,mmsi,lon,lat,cls,source\n"
        "2021-07-09T23:59:59Z,412000001,122,29,A,east\n"
        "2021-07-10T00:00:00Z,412000001,122,29,A,east\n"
        "2021-07-10T00:00:01Z,412000001,122,29,A,\n"
        "2021-07-10T00:00:02Z,412000001,182,29,A,east\n"
        "then,412000001,122,29,A,east\n"
        "1,2,3\n\n",
    )
    told = pl.concat(b.told for b in read(path))
    assert sorted(told.rows(), key=str) == sorted(
        [
            ("east", datetime(2021, 7, 9).date(), "kept", 1),
            ("east", datetime(2021, 7, 10).date(), "kept", 1),
            ("shoregrid", datetime(2021, 7, 10).date(), "kept", 1),
            ("east", datetime(2021, 7, 10).date(), "bad_position", 1),
            ("east", None, "bad_time", 1),
            ("shoregrid", None, "bad_row", 1),
            ("shoregrid", None, "blank", 1),
        ],
        key=str,
    )


def _cell(text: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    raw = np.frombuffer(text.encode() or b" ", np.uint8)
    return raw, np.zeros(1, np.int64), np.array([len(text.encode())])


NUMBER = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"[+-]?[0-9]{0,20}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.text("0123456789.-+eE ", max_size=12),
)


@given(NUMBER)
def test_numbers_are_what_python_reads(text: str) -> None:
    buf, starts, ends = _cell(text)
    values, hard = (found[0] for found in scan.numbers(buf, starts[None], ends[None], 46))
    try:
        expected = float(text)
    except ValueError:
        assert math.isnan(values[0])
        assert not hard[0]
        return
    assert hard[0] or values[0] == expected


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),
    st.integers(-15 * 60, 15 * 60),
    st.sampled_from([" ", "T"]),
)
def test_times_are_what_python_reads(moment: datetime, east_min: int, mark: str) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    since = (moment - datetime(1970, 1, 1)) // timedelta(milliseconds=1)
    iso = moment.isoformat(mark, "milliseconds")
    sign, (hours, minutes) = "-+"[east_min >= 0], divmod(abs(east_min), 60)
    assert scan.times(*_cell(iso), scan.ISO, 46)[0] == since
    assert scan.times(*_cell(iso + "Z"), scan.ANY, 46)[0] == since
    assert scan.times(*_cell(iso), scan.ISO_LOCAL, 46)[0] == since
    there = f"{iso}{sign}{hours:02d}:{minutes:02d}"
    assert scan.times(*_cell(there), scan.ISO, 46)[0] == since - east_min * 60_000
    assert scan.times(*_cell(there), scan.ISO_LOCAL, 46)[0] == scan.NO_TIME
    danish = f"{moment:%d/%m/}{moment.year:04d}{moment:%H:%M:%S}"
    danish = danish[:10] + " " + danish[10:]
    assert scan.times(*_cell(danish), scan.DAY_FIRST, 46)[0] == since // 1000 * 1000


@given(st.text("0123456789-/:T .Z+", max_size=24))
def test_no_time_is_made_up(text: str) -> None:
    found = scan.times(*_cell(text), scan.ISO, 46)[0]
    if found != scan.NO_TIME:
        again = datetime(1970, 1, 1) + timedelta(milliseconds=int(found))
        assert abs(again.year - int(text.strip()[:4])) <= 1


@given(
    st.lists(
        st.lists(st.text('ab,"; \t', max_size=5), min_size=3, max_size=3), min_size=1, max_size=6
    ),
    st.sampled_from(",;\t"),
)
def test_cells_are_what_the_csv_module_wrote(table: list[list[str]], separator: str) -> None:
    class Lines(list):
        write = list.append

    out = Lines()
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(table)
    raw = "".join(out).encode()
    buf = np.frombuffer(raw, np.uint8)
    starts, ends, verdict, lines = scan.cells(buf, len(table), ord(separator), 3, np.arange(3))
    assert (verdict == scan.WHOLE).all()
    assert lines[-1] == len(raw)
    found = [
        [raw[starts[c, k] : ends[c, k]].decode().replace('""', '"') for c in range(3)]
        for k in range(len(table))
    ]
    assert found == table


def test_not_available_is_null_in_every_dialect(tmp_path: Path) -> None:
    path = place(
        tmp_path / "x.csv",
        "timestamp,mmsi,lat,lon,sog,cog,heading,navstatus\n"
        "2021-07-09T10:28:43Z,412000001,29,122,102.3,360,511,15\n"
        "2021-07-09T10:28:43Z,412000001,91,181,1,1,1,1\n"
        "2021-07-09T10:28:43Z,412000001,,,1,1,1,1\n"
        "2021-07-09T10:28:43Z,412000001,nan,inf,1,1,1,1\n",
    )
    positions, _, counts = whole(path)
    assert refusals_of(counts) == {"no_position": 3}
    assert positions.select("sog_kn", "cog_deg", "heading_deg", "status").row(0) == (None,) * 4
