"""NMEA: every field and every line, against plain pyais and by hand."""

import gzip
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyais import encode_dict
from pyais.exceptions import AISBaseException
from pyais.stream import IterMessages

from ais.io import NOT_REFUSED, read, refusals_of, sniff
from ais.schema import POSITIONS, REFUSED, STATICS
from tests.ais.real import NMEA as FILES

START = datetime(2020, 1, 1, tzinfo=UTC)
SENTENCE = re.compile(rb"![A-Z]{2}VD[MO],[^*]*\*[0-9A-Fa-f]{2}")


def whole(path: Path, **how) -> tuple[pl.DataFrame, pl.DataFrame, Counter, pl.DataFrame]:
    batches = list(read(path, **how))
    for batch in batches:
        assert batch.counts["rows_in"] == sum(batch.counts.values()) - batch.counts["rows_in"]
        assert batch.positions.schema == POSITIONS
        assert batch.statics.schema == STATICS
        assert batch.refused.schema == REFUSED
    counts: Counter = Counter()
    for batch in batches:
        counts.update(batch.counts)
    return (
        pl.concat([b.positions for b in batches]),
        pl.concat([b.statics for b in batches]),
        counts,
        pl.concat([b.refused for b in batches]),
    )


def bytes_of(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def by_pyais(path: Path) -> list:
    """Decode a file the plain way: pyais joins the parts and decodes every message."""
    messages = []
    for sentence in IterMessages(SENTENCE.findall(bytes_of(path))):
        if not sentence.is_valid:
            continue
        try:
            messages.append((sentence.decode(), len(sentence.bv), sentence.frag_cnt))
        except AISBaseException:
            continue
    return messages


def line(sentence: str, tag: str = "") -> bytes:
    """Put a tag block, with its checksum, before a sentence."""
    if not tag:
        return sentence.encode() + b"\n"
    xor = 0
    for c in tag.encode():
        xor ^= c
    return f"\\{tag}*{xor:02X}\\{sentence}\n".encode()


def report(**fields) -> str:
    """Encode a type 1 report with pyais."""
    data = {"type": 1, "mmsi": 412000001, "lon": 121.9, "lat": 29.4, "speed": 7.5, "course": 90.0}
    return encode_dict(data | fields, talker_id="AI")[0]


def place(tmp_path: Path, content: bytes, name: str = "x.nmea") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", FILES)
def test_positions_equal_plain_pyais(shared: Path, name: str) -> None:
    path = shared / "ais" / name
    positions, _, counts, _ = whole(path, start=START)
    ours = Counter(
        (p["msg_type"], p["mmsi"], p["lon"], p["lat"], p["sog_kn"], p["cog_deg"],
         p["heading_deg"], p["status"])
        for p in positions.iter_rows(named=True)
    )  # fmt: skip
    least = {1: 116, 2: 116, 3: 116, 4: 134, 9: 116, 11: 134, 18: 112, 19: 112, 21: 219, 27: 79}
    ends = {
        "course": {1: 128, 2: 128, 3: 128, 9: 128, 18: 124, 19: 124, 27: 94},
        "heading": {1: 137, 2: 137, 3: 137, 18: 133, 19: 133},
    }
    rows = []
    for m, bits, _ in by_pyais(path):
        if bits < least.get(m.msg_type, 10**6) or not 1 <= m.mmsi <= 999_999_999:
            continue
        if not (abs(m.lon) <= 180 and abs(m.lat) <= 90) or (m.lon == 0 and m.lat == 0):
            continue
        speed, course = getattr(m, "speed", None), getattr(m, "course", None)
        heading, status = getattr(m, "heading", None), getattr(m, "status", None)
        speed = speed if bits >= 85 or m.msg_type != 27 else None
        # Of a field that the message does not hold whole pyais gives the bits that are there.
        course = course if bits >= ends["course"].get(m.msg_type, 0) else None
        heading = heading if bits >= ends["heading"].get(m.msg_type, 0) else None
        none = {9: 1023, 27: 63}.get(m.msg_type, 102.3)
        rows.append(
            {
                "msg_type": m.msg_type,
                "mmsi": m.mmsi,
                "lon": m.lon,
                "lat": m.lat,
                "sog_kn": None if speed is None or speed >= none else speed,
                "cog_deg": None if course is None or course >= 360 else course,
                "heading_deg": None if heading is None or heading >= 360 else heading,
                "status": None if status is None or int(status) >= 15 else int(status),
            }
        )
    names = ["msg_type", "mmsi", "lon", "lat", "sog_kn", "cog_deg", "heading_deg", "status"]
    theirs = pl.DataFrame(rows, schema={n: POSITIONS[n] for n in names})
    all_of_them = Counter(theirs.iter_rows())
    assert not ours - all_of_them
    assert sum((all_of_them - ours).values()) <= counts["heard_again"] + counts["no_time"]
    assert len(ours) >= 0.95 * len(all_of_them)
    assert positions.height > 4


@pytest.mark.parametrize("name", FILES)
def test_statics_equal_plain_pyais(shared: Path, name: str) -> None:
    path = shared / "ais" / name
    _, statics, counts, _ = whole(path, start=START)
    ours = Counter(
        statics.select("mmsi", "imo", "name", "callsign", "length_m", "draught_m").iter_rows()
    )
    theirs: Counter = Counter()
    least = {5: 302, 19: 133, 21: 219, 24: 160}
    for m, bits, _ in by_pyais(path):
        if bits < least.get(m.msg_type, 10**6) or not 1 <= m.mmsi <= 999_999_999:
            continue
        name_ = getattr(m, "name" if m.msg_type == 21 else "shipname", None) or ""
        name_ += (m.name_ext or "") if m.msg_type == 21 else ""
        text = [" ".join(t.split("@")[0].split()) or None for t in
                (name_, getattr(m, "callsign", None) or "")]  # fmt: skip
        bow, stern = getattr(m, "to_bow", None), getattr(m, "to_stern", None)
        length = None if bow is None or stern is None else (bow + stern or None)
        draught = pl.Series([getattr(m, "draught", None) or None], dtype=pl.Float32).item()
        theirs[(m.mmsi, getattr(m, "imo", None) or None, *text, length, draught)] += 1
    if "uscg" in name:
        # Stations are interleaved: pyais joins by channel and sequence number alone, mixes
        # up parts of two stations and loses messages. Ours must have all of its sound ones.
        assert counts["incomplete_multipart"] == 0
        assert len(set(theirs) - set(ours)) <= 0.005 * len(theirs)
        assert len(ours) >= len(theirs)
    else:
        assert not ours - theirs
        assert sum((theirs - ours).values()) <= counts["heard_again"] + counts["no_time"]


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_accounted_for(shared: Path, name: str) -> None:
    path = shared / "ais" / name
    _, _, counts, refused = whole(path)
    content = bytes_of(path)
    assert counts["rows_in"] == content.count(b"\n") + (not content.endswith(b"\n"))
    assert set(counts) - NOT_REFUSED == set(refused["reason"].unique())
    assert sum(refusals_of(counts).values()) == sum(
        v for k, v in counts.items() if k not in NOT_REFUSED
    )
    per_reason = refused.group_by("reason").len()
    assert per_reason["len"].max() is None or per_reason["len"].max() <= 100
    assert refused["mend"].str.len_chars().min() is None or refused["mend"].str.len_chars().min()
    dollar = sum(1 for raw in content.split(b"\n") if b"$" in raw and b"!" not in raw)
    if "uscg" in name:
        assert counts["other_sentence"] == dollar


@pytest.mark.parametrize("rows", [50, 997])
def test_block_edges_cut_nothing(shared: Path, rows: int) -> None:
    path = shared / "ais" / "aisdb_test_20211101.nm4"
    positions, statics, counts, refused = whole(path)
    again = whole(path, chunk_rows=rows)
    assert again[0].equals(positions)
    assert again[1].equals(statics)
    assert again[2] == counts
    assert again[3].sort("row").equals(refused.sort("row"))


def test_parts_meet_across_many_blocks(shared: Path) -> None:
    path = shared / "ais" / "uscg_nais_20160728_100k.nm4.gz"
    one = whole(path, chunk_rows=1_000_000)
    many = whole(path, chunk_rows=300)
    assert many[2] == one[2]
    assert many[1].sort(STATICS.names()).equals(one[1].sort(STATICS.names()))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("1469664000 ", "2016-07-28T00:00:00.000"),
        ("1469664000.25,", "2016-07-28T00:00:00.250"),
        ("1469664000123;", "2016-07-28T00:00:00.123"),
        ("2016-07-28T00:00:05Z ", "2016-07-28T00:00:05.000"),
        ("2016-07-28 00:00:05.5,", "2016-07-28T00:00:05.500"),
        ("[2016/07/28 00:00:05] ", "2016-07-28T00:00:05.000"),
        ("2016-07-28T08:00:05+08:00 ", "2016-07-28T00:00:05.000"),
        ("2016-02-29T23:59:59.999Z,rx1,", "2016-02-29T23:59:59.999"),
    ],
)
def test_times_before_the_sentence(tmp_path: Path, before: str, expected: str) -> None:
    path = place(tmp_path, before.encode() + line(report()))
    positions, _, _, _ = whole(path)
    assert positions["t"].dt.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_list() == [expected]


@given(st.integers(0, 4_000_000_000_000))
def test_any_iso_time_is_read(tmp_path_factory: pytest.TempPathFactory, ms: int) -> None:
    moment = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    content = f"{moment}.{ms % 1000:03d}Z ".encode() + line(report())
    path = place(tmp_path_factory.mktemp("iso"), content)
    assert whole(path)[0]["t"].dt.epoch("ms").to_list() == [ms]


def test_tag_blocks_tell_time_and_station(tmp_path: Path) -> None:
    content = (
        line(report(mmsi=412000001), "s:alpha,c:1469664000")
        + line(report(mmsi=412000002), "c:1469664000789,s:beta")
        + line(report(mmsi=412000003), "c:1469664000.5")
    )
    positions, _, _, _ = whole(place(tmp_path, content))
    assert positions["t"].dt.epoch("ms").to_list() == [1469664000000, 1469664000789, 1469664000500]
    assert positions["source"].to_list() == ["alpha", "beta", "nmea"]


def test_a_message_in_parts_takes_the_first_parts_time_and_station(tmp_path: Path) -> None:
    data = {"type": 5, "mmsi": 412000009, "shipname": "SHORE 9", "imo": 9074729, "draught": 3.1}
    one, two = encode_dict(data, talker_id="AI", seq_id=1)
    other, another = encode_dict(data | {"mmsi": 412000008}, talker_id="AI", seq_id=1)
    content = (
        line(one, "g:1-2-77,s:alpha,c:1469664000")
        + line(other, "s:beta,c:1469664003")  # another station, the same sequence number
        + line(two, "g:2-2-77")
        + line(another, "s:beta,c:1469664004")
    )
    _, statics, counts, _ = whole(place(tmp_path, content))
    assert statics["mmsi"].to_list() == [412000009, 412000008]
    assert statics["source"].to_list() == ["alpha", "beta"]
    assert statics["t"].dt.epoch("ms").to_list() == [1469664000000, 1469664003000]
    assert counts == {"rows_in": 4, "kept": 4}
    assert statics["draught_m"].round(1).to_list() == pytest.approx([3.1, 3.1])


def test_coast_guard_suffix_tells_time_and_station(shared: Path) -> None:
    positions, _, _, _ = whole(shared / "ais" / "libais_typeexamples.nmea")
    row = positions.row(by_predicate=pl.col("mmsi") == 367033650, named=True)
    assert row["source"] == "r003669946"
    assert row["t"] == datetime.fromtimestamp(1325394060, UTC)


def test_each_fault_has_its_reason(tmp_path: Path) -> None:
    good = line(report(), "s:a,c:1469664000")
    tag = "c:1469664000"
    broken = report()[:-2] + "00"
    body = "AIVDM,1,1,,A,X.Y,0"
    xor = 0
    for c in body.encode():
        xor ^= c
    later = [
        ("bad_checksum", line(broken, tag)),
        ("cut_line", line(report()[:30], tag)),
        ("bad_tag_block", good.replace(b"c:1469664000", b"c:1469664001")),
        ("not_nmea", b"hello\n"),
        ("bad_fields", line(f"!{body}*{xor:02X}", tag)),
        ("no_time", line(report())),
        ("bad_mmsi", line(report(mmsi=0), tag)),
        ("no_position", line(report(lon=181.0, lat=91.0), tag)),
        ("bad_position", line(report(lon=0.0, lat=0.0), tag)),
        ("short_payload", line("!AIVDM,1,1,,B,,0*25", tag)),
        ("future", line(report(), "c:1999999999")),
    ]
    content = b"# a comment\n\n" + good + b"".join(raw for _, raw in later) + b"$GPZDA,1*00\n"
    path = place(tmp_path, content)
    positions, _, counts, refused = whole(path, not_after=datetime(2030, 1, 1, tzinfo=UTC))
    assert positions.height == 1
    assert refusals_of(counts) == {reason: 1 for reason, _ in later}
    assert counts["blank"] == 2
    assert counts["other_sentence"] == 1
    assert dict(refused.select("reason", "row").iter_rows()) == {
        reason: 4 + i for i, (reason, _) in enumerate(later)
    }
    assert set(refused["file"]) == {"x.nmea"}
    assert "--start" in refused.filter(pl.col("reason") == "no_time")["mend"].item()


def test_lost_parts_are_counted_by_line(tmp_path: Path) -> None:
    one, two = encode_dict(
        {"type": 5, "mmsi": 412000009, "shipname": "A"}, talker_id="AI", seq_id=1
    )
    tag = "s:a,c:1469664000"
    late = "s:a,c:1469664100"
    content = line(two, tag) + line(one, tag) + line(one, tag) + line(two, late)
    _, statics, counts, _ = whole(place(tmp_path, content))
    assert statics.is_empty()
    assert counts == {"rows_in": 4, "kept": 0, "incomplete_multipart": 4}


def test_start_gives_times_and_base_stations_move_them_on(tmp_path: Path) -> None:
    base = encode_dict(
        {"type": 4, "mmsi": 4121234, "lon": 121.0, "lat": 29.0, "year": 2020, "month": 1,
         "day": 1, "hour": 0, "minute": 5, "second": 0},
        talker_id="AI",
    )[0]  # fmt: skip
    wild = encode_dict(
        {"type": 4, "mmsi": 4121235, "lon": 121.0, "lat": 29.0, "year": 2031, "month": 1,
         "day": 1, "hour": 0, "minute": 5, "second": 0},
        talker_id="AI",
    )[0]  # fmt: skip
    sent = (report(second=60, mmsi=412000001), wild, report(second=60, mmsi=412000002), base)
    other = encode_dict(
        {"type": 4, "mmsi": 4121236, "lon": 121.0, "lat": 29.0, "year": 2020, "month": 1,
         "day": 1, "hour": 0, "minute": 5, "second": 0},
        talker_id="AI",
    )[0]  # fmt: skip
    again = (other, report(second=3), report(second=58))
    path = place(tmp_path, b"".join(line(s) for s in (*sent, *again)))
    positions, _, counts, _ = whole(path, start=START)
    assert counts == {"rows_in": 7, "kept": 7}
    seconds = (positions["t"] - START).dt.total_seconds().to_list()
    # One station is not believed to jump five minutes, two that agree are.
    assert seconds == [0, 0, 0, 0, 300, 303, 298]
    none = whole(place(tmp_path, line(report()), "none.nmea"))[2]
    assert none == {"rows_in": 1, "kept": 0, "no_time": 1}


def test_base_stations_that_agree_stand_for_a_start(tmp_path: Path) -> None:
    stations = [
        encode_dict(
            {"type": 4, "mmsi": 4121230 + i, "lon": 121.0, "lat": 29.0, "year": year, "month": 1,
             "day": 1, "hour": 0, "minute": 5, "second": 10 * i},
            talker_id="AI",
        )[0]
        for i, year in enumerate((2031, 2020, 2020, 2019))
    ]  # fmt: skip
    content = b"".join(line(s) for s in (report(second=8), *stations, report(second=25)))
    positions, _, counts, _ = whole(place(tmp_path, content))
    assert counts == {"rows_in": 6, "kept": 6}
    assert sum(batch.inferred for batch in read(tmp_path / "x.nmea")) == 6
    own = positions.filter(pl.col("msg_type") == 1)["t"]
    assert (own - START).dt.total_seconds().to_list() == [308, 325]


def test_a_truncated_gz_keeps_its_good_rows(shared: Path, tmp_path: Path) -> None:
    raw = (shared / "ais" / "uscg_nais_20160728_100k.nm4.gz").read_bytes()
    path = place(tmp_path, raw[: len(raw) // 3], "cut.nm4.gz")
    full, _, _, _ = whole(shared / "ais" / "uscg_nais_20160728_100k.nm4.gz")
    positions, _, counts, refused = whole(path)
    assert counts["truncated_gz"] == 1
    assert 5_000 < positions.height < full.height
    assert full.head(positions.height - 10).equals(positions.head(positions.height - 10))
    row = refused.filter(pl.col("reason") == "truncated_gz").row(0, named=True)
    assert row["row"] == counts["rows_in"]
    assert "again" in row["mend"]


def test_damage_inside_a_gz_is_said(shared: Path, tmp_path: Path) -> None:
    raw = bytearray((shared / "ais" / "uscg_nais_20160728_100k.nm4.gz").read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 64] = b"\xff" * 64
    _, _, counts, _ = whole(place(tmp_path, bytes(raw), "hurt.gz"))
    assert counts.get("damaged_gz", 0) + counts.get("truncated_gz", 0) == 1


def test_gz_of_several_members_is_one_file(tmp_path: Path) -> None:
    one, two = (line(report(mmsi=412000000 + i), f"c:{1469664000 + i}") for i in (1, 2))
    path = place(tmp_path, gzip.compress(one) + gzip.compress(two) + b"\0" * 512, "two.gz")
    positions, _, counts, _ = whole(path)
    assert positions["mmsi"].to_list() == [412000001, 412000002]
    assert counts == {"rows_in": 2, "kept": 2}
    assert sniff(path) == "nmea"


def test_progress_reaches_the_end(shared: Path) -> None:
    path = shared / "ais" / "aishub_world_85k.nmea.gz"
    seen: list[tuple[int, int]] = []
    for _ in read(path, chunk_rows=20_000, progress=lambda done, of: seen.append((done, of))):
        pass
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)
    assert seen == sorted(seen)


def test_a_thin_feed_is_refused_rather_than_folded(tmp_path: Path) -> None:
    thin = b"".join(line(report(second=10 * n % 60, mmsi=412000001 + n)) for n in range(200))
    _, _, counts, _ = whole(place(tmp_path, thin), start=START)
    assert counts["no_time"] >= 185
    dense = b"".join(line(report(second=n // 2 % 60, mmsi=412000001 + n)) for n in range(7_200))
    positions, _, counts, _ = whole(place(tmp_path, dense), start=START, chunk_rows=700)
    assert counts == {"rows_in": 7_200, "kept": 7_200}
    error_s = (positions["t"] - START).dt.total_seconds() - pl.Series(range(7_200)) // 2
    assert error_s.abs().max() == 0
