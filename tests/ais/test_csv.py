"""The Danish and the NOAA CSV, whole real files and rows made by hand."""

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ais.io import read, refusals_of, sniff
from ais.schema import POSITIONS, REFUSED, STATICS
from geo.errors import InputError

DMA_HEADER = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type,A,B,C,D"
)
NOAA_HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,"
    "Width,Draft,Cargo,TransceiverClass"
)


def whole(path: Path, **how) -> tuple[pl.DataFrame, pl.DataFrame, Counter, pl.DataFrame]:
    batches = list(read(path, **how))
    counts: Counter = Counter()
    for batch in batches:
        assert batch.counts["rows_in"] == sum(batch.counts.values()) - batch.counts["rows_in"]
        assert batch.positions.schema == POSITIONS
        assert batch.statics.schema == STATICS
        assert batch.refused.schema == REFUSED
        counts.update(batch.counts)
    return (
        pl.concat([b.positions for b in batches]),
        pl.concat([b.statics for b in batches]),
        counts,
        pl.concat([b.refused for b in batches]),
    )


def place(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def dma(**cells: str) -> str:
    names = DMA_HEADER.split(",")
    row = {"# Timestamp": "01/11/2025 00:00:00", "Type of mobile": "Class A", "MMSI": "219000001",
           "Latitude": "57.1", "Longitude": "11.5"} | cells  # fmt: skip
    return ",".join(row.get(n, "") for n in names)


def test_kattegat_whole(shared: Path) -> None:
    path = shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz"
    assert sniff(path) == "dma"
    positions, statics, counts, _ = whole(path)
    raw = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False)
    assert counts == {"rows_in": raw.height, "kept": raw.height}
    assert positions["mmsi"].n_unique() == 356
    assert positions["lat"].to_list() == raw["Latitude"].cast(pl.Float64).to_list()
    assert positions["lon"].to_list() == raw["Longitude"].cast(pl.Float64).to_list()
    assert positions["sog_kn"].equals(raw["SOG"].cast(pl.Float32).alias("sog_kn"))
    said = raw["# Timestamp"].to_list()
    assert positions["t"].dt.strftime("%d/%m/%Y %H:%M:%S").to_list() == said
    assert positions["t"].min() == datetime(2025, 11, 1, tzinfo=UTC)
    assert statics["ship_type"].null_count() == 0
    small = whole(path, chunk_rows=1000)
    assert small[0].equals(positions)
    assert small[2] == counts


def test_noaa_whole(shared: Path) -> None:
    path = shared / "ais" / "noaa_marinecadastre_20220103_100k.csv.gz"
    assert sniff(path) == "noaa"
    positions, statics, counts, refused = whole(path, chunk_rows=20_000)
    raw = pl.read_csv(gzip.decompress(path.read_bytes()), infer_schema=False)
    mmsi = raw["MMSI"].cast(pl.Int64)
    assert counts == {
        "rows_in": raw.height,
        "kept": raw.filter(mmsi <= 999_999_999).height,
        "bad_mmsi": raw.filter(mmsi > 999_999_999).height,
    }
    assert refused["row"].to_list() == (raw.filter(mmsi > 999_999_999).height and [
        i + 2 for i, m in enumerate(mmsi.to_list()) if m > 999_999_999
    ])  # fmt: skip
    ok = raw.filter(mmsi <= 999_999_999)
    assert (
        positions["heading_deg"].null_count()
        == ok.filter(pl.col("Heading").cast(pl.Float64) >= 360).height + ok["Heading"].null_count()
    )
    assert (
        positions["cog_deg"].null_count()
        == ok.filter(
            (pl.col("COG").cast(pl.Float64) >= 360) | (pl.col("COG").cast(pl.Float64) < 0)
        ).height
        + ok["COG"].null_count()
    )
    assert set(positions["cls"].unique()) <= {"A", "B", "other"}
    eagle = statics.row(by_predicate=(pl.col("mmsi") == 367379190) & (pl.col("t") == pl.lit(
        datetime(2022, 1, 3, tzinfo=UTC)).cast(STATICS["t"])), named=True)  # fmt: skip
    assert eagle["imo"] == 8207721
    assert eagle["name"] == "EAGLE"
    assert eagle["draught_m"] == pytest.approx(3.3)
    assert statics["imo"].min() > 0


def test_what_dma_writes_for_nothing_is_null(tmp_path: Path) -> None:
    text = "\n".join(
        [
            DMA_HEADER,
            dma(SOG="102.3", COG="360", Heading="511", Name="Unknown", IMO="Unknown",
                **{"Navigational status": "Unknown value", "Ship type": "Undefined"}),
            dma(SOG="0", COG="0", Heading="0", Name='"KARLA, OF HALS"', IMO="9074729",
                **{"Navigational status": "Moored", "Ship type": "Fishing", "Length": "14"}),
            dma(**{"Type of mobile": "Base Station"}),
            dma(**{"Type of mobile": "AtoN"}),
        ]
    )  # fmt: skip
    positions, statics, counts, _ = whole(place(tmp_path, text))
    assert counts == {"rows_in": 4, "kept": 4}
    assert positions.select("sog_kn", "cog_deg", "heading_deg", "status").row(0) == (None,) * 4
    assert positions.select("sog_kn", "cog_deg", "heading_deg", "status").row(1) == (0, 0, 0, 5)
    assert positions["cls"].to_list() == ["A", "A", "other", "other"]
    assert positions["msg_type"].to_list() == [0, 0, 4, 21]
    assert statics.select("imo", "name", "ship_type", "length_m").rows() == [
        (9074729, "KARLA, OF HALS", 30, 14.0)
    ]


def test_each_bad_row_has_its_reason(tmp_path: Path) -> None:
    bad = [
        ("bad_row", dma() + ",,"),
        ("bad_row", "01/11/2025 00:00:00,Class A"),
        ("bad_time", dma(**{"# Timestamp": "2025-11-01 00:00:00"})),
        ("bad_time", dma(**{"# Timestamp": "31/02/2025 00:00:00"})),
        ("bad_mmsi", dma(MMSI="0")),
        ("bad_mmsi", dma(MMSI="here")),
        ("no_position", dma(Latitude="91", Longitude="181")),
        ("no_position", dma(Latitude="")),
        ("bad_position", dma(Latitude="95")),
        ("bad_position", dma(Latitude="0", Longitude="0")),
        ("future", dma(**{"# Timestamp": "01/11/2035 00:00:00"})),
    ]
    text = "\n".join([DMA_HEADER, dma(), *(row for _, row in bad), ""])
    positions, _, counts, refused = whole(
        place(tmp_path, text), not_after=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert positions.height == 1
    assert refusals_of(counts) == dict(Counter(reason for reason, _ in bad))
    assert dict(refused.select("row", "reason").iter_rows()) == {
        3 + i: reason for i, (reason, _) in enumerate(bad)
    }
    assert counts["rows_in"] == 12


def test_noaa_layouts_of_other_years(tmp_path: Path) -> None:
    new = (
        "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,"
        "vessel_type,status,length,width,draft,cargo,transceiver\n"
        "338148873,2025-01-03 00:00:00,-117.9,33.6,0.0,280.0,511,CAZADOR,,,37,,14,,,,B\n"
    )
    old = NOAA_HEADER.rsplit(",", 1)[0] + "\n" + (
        "338148873,2016-01-03T00:00:00,33.6,-117.9,0.0,-49.6,511.0,,IMO0000000,,1025,,,,,\n"
    )  # fmt: skip
    for text, name in ((new, "CAZADOR"), (old, None)):
        positions, statics, counts, _ = whole(place(tmp_path, text))
        assert counts == {"rows_in": 1, "kept": 1}
        assert positions.select("lon", "lat").row(0) == (-117.9, 33.6)
        assert (statics["name"].to_list() or [None])[0] == name


def test_a_truncated_csv_keeps_its_rows(shared: Path, tmp_path: Path) -> None:
    raw = (shared / "ais" / "dma_layout_kattegat_202511_52k.csv.gz").read_bytes()
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(raw[: len(raw) // 2])
    positions, _, counts, refused = whole(path)
    assert refusals_of(counts) == {"truncated_gz": 1}
    assert positions.height == counts["kept"] == counts["rows_in"] - 1 > 10_000
    assert refused["row"].item() == counts["rows_in"] + 1


def test_what_is_no_ais_file_is_an_error(shared: Path, tmp_path: Path) -> None:
    other = shared / "ais" / "atlantes_noaa_track.csv"
    with pytest.raises(InputError, match="BaseDateTime") as wrong:
        sniff(other)
    assert "mmsi,send,lat,lon" in str(wrong.value)
    assert "# Timestamp,Type of mobile" in str(wrong.value)
    assert "--mapping" in str(wrong.value)
    assert other.name in str(wrong.value)


def test_statuses_in_words_and_numbers(tmp_path: Path) -> None:
    rows = ["under way using engine", "Moored", "5", "5.0", "15", "not defined", ""]
    text = "\n".join(
        ["MMSI,BaseDateTime,X,Y,Status"]
        + [f"366000001,2016-01-03T00:00:0{n},-90,30,{said}" for n, said in enumerate(rows)]
    )
    positions, _, counts, _ = whole(place(tmp_path, text))
    assert counts["kept"] == len(rows)
    assert positions["status"].to_list() == [0, 5, 5, 5, None, None, None]


def test_quotes_and_blank_lines(tmp_path: Path) -> None:
    head = "MMSI,BaseDateTime,LAT,LON,VesselName\n"
    rows = [
        '366000001,2016-01-03T00:00:00,30,-90,"A ""B"", C"',
        '"366000001","2016-01-03T00:00:01","30"," -90 ","D"',
        '366000001,2016-01-03T00:00:02,30,-90,E "F"',
        "",
        '366000001,2016-01-03T00:00:03,30,-90,"G',
        "  ",
    ]
    _, statics, counts, refused = whole(place(tmp_path, head + "\r\n".join(rows)))
    assert counts == {"rows_in": 6, "kept": 3, "blank": 2, "bad_row": 1}
    assert statics["name"].to_list() == ['A "B", C', "D", 'E "F"']
    assert refused["row"].to_list() == [6]
