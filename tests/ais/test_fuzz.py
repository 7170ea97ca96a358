"""Damaged, random and disordered lines: none is lost, none spoils another, nothing hangs."""

import gzip
import time
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyais import encode_dict

from ais import _nmea_columns as columns
from ais import _nmea_lines as scanning
from ais.io import read
from ais.nmea import OUTCOMES, REASONS, Decoded, Decoder, as_tables, decode
from tests.ais._mutate import Pool, block, checked, rarities
from tests.ais._pyais_truth import by_payload, equal

BLOCK = 50_000
BLOCK_S = 20.0
"""Longer than any block may take; 100 times what one takes on an idle machine."""
LATEST_MS = 253_402_300_800_000
"""The end of the year 9999, beyond which no datetime goes."""
MARK = 987_650_000


@pytest.fixture(scope="module")
def pool(shared: Path) -> Pool:
    """Real lines of all kinds, and lines that are wrong as a whole."""
    folder = shared / "ais"
    uscg = gzip.decompress((folder / "uscg_nais_20160728_100k.nm4.gz").read_bytes()).split(b"\n")
    world = gzip.decompress((folder / "aishub_world_85k.nmea.gz").read_bytes()).split(b"\r\n")
    lines = [
        *uscg[:20_000],
        *world[:20_000],
        *(x for name in ("libais_test.aivdm", "aisdb_test_20211101.nm4", "libais_typeexamples.nmea")
          for x in (folder / name).read_bytes().splitlines()),
    ]  # fmt: skip
    odd = rarities(lines, seed=1)
    return Pool(lines + [x for x in odd if len(x) < 2_000] * 2)


def marked(damaged: bytes) -> tuple[bytes, np.ndarray]:
    """Put a sound report behind every tenth line; return the rows where they stand, from 1."""
    out: list[bytes] = []
    rows: list[int] = []
    for i, line in enumerate(damaged.split(b"\n")[:-1]):
        out.append(line)
        if i % 10 == 9:
            out.append(MARKS[len(rows) % len(MARKS)])
            rows.append(len(out))
    return b"\n".join(out) + b"\n", np.array(rows)


def _mark(k: int) -> bytes:
    data = {"type": 1, "mmsi": MARK + k, "lon": 121 + k / 1_000, "lat": 29.5, "speed": k / 10,
            "course": 0.1 * k, "heading": k % 360, "second": k % 60, "status": 0}  # fmt: skip
    return encode_dict(data, talker_id="AI")[0].encode()


MARKS = [_mark(k) for k in range(600)]


def books_hold(found, decoded: Decoded, n_lines: int) -> None:
    """Check that each line is decoded, passed over or counted under one reason."""
    kinds = np.bincount(found.lines["kind"], minlength=12)
    assert decoded.counts["lines"] == n_lines == kinds.sum()
    passed = kinds[scanning.BLANK] + kinds[scanning.OTHER_SENTENCE]
    in_messages = found.found.n_lines[~np.isin(found.found.outcome, [*OUTCOMES])].sum()
    assert passed + in_messages + sum(decoded.quarantined.values()) == n_lines
    assert kinds[scanning.JOINED] == found.found.n_lines.sum()
    known = {*REASONS.values(), *OUTCOMES.values()}
    assert set(decoded.quarantined) <= known
    assert min(decoded.quarantined.values(), default=1) > 0
    counts = decoded.counts
    assert counts["messages"] == counts["positions"] + counts["statics"] + counts["other"]
    extended = np.count_nonzero(decoded.statics["msg_type"].to_numpy() == 19)
    assert counts["positions"] == decoded.positions.num_rows
    assert counts["statics"] == decoded.statics.num_rows - extended
    assert counts["other"] == decoded.stations.num_rows + decoded.other.num_rows


def sane(decoded: Decoded) -> None:
    """Check that what was decoded lies within what its bits can say, and can be read."""
    for table in (decoded.positions, decoded.statics, decoded.stations, decoded.other):
        table.validate(full=True)
        assert set(table["msg_type"].to_numpy()) <= set(range(columns.LAST_TYPE + 1))
        t_ms = table["t"].cast(pa.int64()).drop_null().to_numpy()
        assert ((t_ms >= 0) & (t_ms < LATEST_MS)).all()
    at = decoded.positions
    for name, low, high in (("lon", -224, 224), ("lat", -112, 112), ("sog_kn", 0, 1022),
                            ("cog_deg", 0, 511), ("heading_deg", 0, 510)):  # fmt: skip
        found = at[name].drop_null().to_numpy()
        assert ((found >= low) & (found <= high)).all(), name


def alike(one: pa.Table, other: pa.Table) -> None:
    """Check that two tables are the same, however their texts are coded."""
    assert one.column_names == other.column_names
    for name in one.column_names:
        a, b = (
            c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c
            for c in (one[name], other[name])
        )
        assert a.equals(b), name


def same_tables(one: Decoded, parts: list[Decoded]) -> None:
    """Check that what was decoded in pieces is what was decoded as a whole."""
    for name in ("positions", "statics", "stations", "other"):
        tables_ = [getattr(d, name) for d in parts]
        alike(getattr(one, name), pa.concat_tables(tables_, promote_options="permissive"))
    for of in ("counts", "quarantined"):
        total: Counter[str] = Counter()
        for d in parts:
            total.update(getattr(d, of))
        assert +total == +Counter(getattr(one, of))


def in_pieces(data: bytes, rng: np.random.Generator, n: int) -> list[Decoded]:
    """Decode in up to ``n`` pieces, cut at random lines."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + 1
    within = ends[ends < len(data)]
    cuts = np.unique([0, *(rng.choice(within, n - 1) if len(within) else ()), len(data)]).tolist()
    decoder = Decoder()
    return [decoder.feed(data[a:b], last=b == len(data)) for a, b in pairwise(cuts)]


def test_no_damage_loses_a_line_or_spoils_another(pool: Pool, full: bool) -> None:
    n = 5_000_000 if full else 50_000
    rng = np.random.default_rng(20261123)
    decode(b"\n".join(MARKS))  # compiled before the clock runs
    reasons: Counter[str] = Counter()
    lines = good = 0
    for turn in range(n // BLOCK):
        data, rows = marked(block(pool, BLOCK, rng))
        begun = time.perf_counter()
        found = Decoder().block(data, last=True)
        decoded = as_tables(found)
        assert time.perf_counter() - begun < BLOCK_S
        books_hold(found, decoded, data.count(b"\n"))
        sane(decoded)
        at = np.flatnonzero(np.isin(decoded.positions["line"].to_numpy(), rows))
        assert len(at) == len(rows)
        alike(decoded.positions.take(at).drop_columns("line"), _sound_marks(len(rows)))
        reasons.update(decoded.quarantined)
        lines += decoded.counts["lines"]
        good += decoded.counts["messages"]
        if turn % 20 == 0:
            same_tables(decoded, in_pieces(data, rng, 7))
    assert lines >= n
    assert good > 0.2 * n
    assert {*REASONS.values(), *OUTCOMES.values()} == set(reasons)


def _sound_marks(n: int) -> pa.Table:
    times = -(-n // len(MARKS))
    content = (b"\n".join(MARKS) + b"\n") * times
    return decode(content).positions.slice(0, n).drop_columns("line")


def test_random_bytes_are_counted(full: bool) -> None:
    rng = np.random.default_rng(7)
    alphabets = (
        np.arange(256),
        np.frombuffer(b"\\!$*,AIVDM01B\n\r:g-s.c9", np.uint8),
        np.arange(32, 127),
    )
    for turn in range(60 if full else 6):
        data = rng.choice(alphabets[turn % 3], 300_000).astype(np.uint8).tobytes()
        found = Decoder().block(data, last=True)
        books_hold(found, as_tables(found), data.count(b"\n") + (not data.endswith(b"\n")))
        same_tables(as_tables(found), in_pieces(data, rng, 5))


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"\r", b"\r\r\r\n", b"\0", b"!", b"\\", b"\\\\\n\\", b"!AIVDM,1,1,,A,",
     b"\xff\xfe", MARKS[0], MARKS[0] + b"\r" + MARKS[1], MARKS[0] * 3, b"\r".join(MARKS[:50]),
     b"\n" * 1_000, b"!AIVDM,9,1,1,A,0,0*20\n" * 3_000, b"\\" * 500_000, b"!" * 500_000,
     b"*" * 500_000,
     b"!AIVDM,1,1,,A," + b"1" * 3_000_000 + b",0*00", b"\\g:1-2-3" * 50_000 + b"\n" + MARKS[0]],
)  # fmt: skip
def test_the_shortest_and_the_longest(content: bytes) -> None:
    begun = time.perf_counter()
    found = Decoder().block(content, last=True)
    books_hold(found, as_tables(found), content.count(b"\n") + (content[-1:] not in (b"", b"\n")))
    assert time.perf_counter() - begun < BLOCK_S


def test_damaged_payloads_decode_as_pyais_does(pool: Pool, full: bool) -> None:
    """Payloads of random bits, or real ones damaged, of any length: what both decode is equal."""
    rng = np.random.default_rng(3)
    armour = np.array([*range(48, 88), *range(96, 120)], np.uint8)
    sentences = [x.split(b",") for x in pool.flat.tobytes().split(b"\n")]
    real = [x[5] for x in sentences if len(x) > 6 and x[:3] == [b"!AIVDM", b"1", b"1"]]
    for _ in range(20 if full else 1):
        lines = []
        for k in range(5_000):
            size = int(rng.integers(1, 90))
            payload = rng.choice(armour, size)
            payload[0] = armour[rng.integers(0, 30)]
            if k % 2:
                payload = np.frombuffer(real[rng.integers(len(real))][:200], np.uint8).copy()
                hit = rng.integers(0, max(len(payload), 1), 2)[: len(payload)]
                payload[hit] = rng.choice(armour, len(hit))
                payload = payload[: rng.integers(1, 90)]
            fill = rng.integers(0, 6)
            if payload[:1].tobytes() == b"H" and 6 * len(payload) - fill < 40:
                continue  # a type 24 without its part's number: pyais takes what bits there are
            body = b"AIVDM,1,1,,A,%s,%d" % (payload.tobytes(), fill)
            lines.append(checked(body))
        content = b"\n".join(lines)
        equal(decode(content), list(by_payload(content)))


_TAG = {
    "n": st.integers(1, 99_999).map(str),
    "d": st.text("abcXYZ09", min_size=1, max_size=8),
    "r": st.integers(0, 99_999).map(str),
    "t": st.text("abc 09;=", max_size=15),
    "x": st.text("abc-09", max_size=5),
}


@given(
    st.fixed_dictionaries({}, optional=_TAG),
    st.none() | st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=15),
    st.none() | st.integers(100_000_000, 4_000_000_000),
    st.randoms(use_true_random=False),
    st.booleans(),
)
def test_tag_blocks_in_any_order(tags, source, epoch, random, split) -> None:
    parts = [f"{k}:{v}" for k, v in tags.items()]
    parts += [f"s:{source}"] * (source is not None) + [f"c:{epoch}"] * (epoch is not None)
    random.shuffle(parts)
    half = random.randint(0, len(parts)) if split else len(parts)
    line = MARKS[5]
    for some in (parts[half:], parts[:half]):
        if some:
            line = _tagged(",".join(some).encode(), line)
    row = decode(line).messages().to_pylist()[0]
    assert row["mmsi"] == MARK + 5
    assert row["source"] == source
    assert (None if row["t"] is None else row["t"].timestamp()) == epoch


def _tagged(tags: bytes, line: bytes) -> bytes:
    """Put a tag block before a line."""
    return checked(b"", tags)[:-4] + line


@given(st.binary(max_size=40))
def test_a_sentence_is_found_behind_any_prefix(before: bytes) -> None:
    clean = before.translate(None, b"!$\\\n#")
    found = decode(clean + MARKS[7] + b"\n" + MARKS[8])
    assert found.positions["mmsi"].to_pylist() == [MARK + 7, MARK + 8]
    assert found.quarantined == {}


def _messages(n: int) -> list[list[bytes]]:
    """Return messages of two to four parts of different senders, sequence numbers and channels."""
    made = []
    for k in range(n):
        text = "".join(chr(65 + (k + i) % 26) for i in range(40 + 60 * (k % 3)))
        data = {"type": 14, "mmsi": MARK + k, "text": text} if k % 2 else {
            "type": 5, "mmsi": MARK + k, "shipname": text[:20], "destination": text[20:40]
        }  # fmt: skip
        lines = encode_dict(data, talker_id="AI", seq_id=k % 10, radio_channel="AB"[k // 10 % 2])
        made.append([x.encode() for x in lines])
    return [m for m in made if len(m) > 1]


MANY = _messages(20)


@given(st.lists(st.sampled_from(range(len(MANY))), unique=True, min_size=1), st.data())
def test_parts_of_many_messages_interleave(which: list[int], data: st.DataObject) -> None:
    waiting = [list(MANY[k]) for k in which]
    lines = []
    while any(waiting):
        pick = data.draw(st.sampled_from([i for i, w in enumerate(waiting) if w]))
        lines.append(waiting[pick].pop(0))
    found = decode(b"\n".join(lines))
    assert found.counts["messages"] == len(which)
    assert found.quarantined == {}
    assert set(found.messages()["mmsi"].to_pylist()) == {_mmsi(MANY[k]) for k in which}


def _mmsi(parts: list[bytes]) -> int:
    return decode(b"\n".join(parts)).messages()["mmsi"][0].as_py()


@given(st.lists(st.sampled_from([x for m in MANY for x in m] + MARKS[:3]), max_size=40), st.data())
def test_parts_in_any_order_make_no_message_up(lines: list[bytes], data: st.DataObject) -> None:
    content = b"\n".join(lines)
    found = Decoder().block(content, last=True)
    books_hold(found, as_tables(found), content.count(b"\n") + (len(lines) > 0 and content != b""))
    got = as_tables(found).messages().to_pylist()
    assert all(_plain(row) in _sound() for row in got)
    cut = data.draw(st.integers(0, max(len(lines) - 1, 0)))
    decoder = Decoder()
    first = decoder.feed(b"".join(x + b"\n" for x in lines[:cut]), last=False)
    second = decoder.feed(b"".join(x + b"\n" for x in lines[cut:]), last=True)
    same_tables(as_tables(found), [first, second])


@cache
def _sound() -> list[dict]:
    parts = [*MANY, *([m] for m in MARKS[:3])]
    return [_plain(decode(b"\n".join(p)).messages().to_pylist()[0]) for p in parts]


def _plain(row: dict) -> dict:
    return {k: v for k, v in row.items() if v is not None and k != "line"}


@pytest.mark.parametrize(
    "before",
    [b"0000-01-01T00:00:00Z ", b"0001-01-01T00:00:00+14:00 ", b"9999-12-31T23:59:60Z ",
     b"9999-12-31T23:59:59-23:59 ", b"9999999999999999999 ", b"99999999999999999999999 "],
)  # fmt: skip
def test_a_time_out_of_all_range_is_none(before: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.nmea"
    path.write_bytes(before + MARKS[0] + b"\n1469664000123456789 " + MARKS[1] + b"\n")
    assert decode(path.read_bytes()).positions["t"].cast(pa.int64()).to_pylist() == [
        None,
        1469664000123,
    ]
    assert _read(path, 10)[2]["rows_in"] == 2


def test_a_damaged_file_reads_the_same_in_any_blocks(pool: Pool, tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    path = tmp_path / "damaged.nmea"
    path.write_bytes(block(pool, 30_000, rng)[:-40])
    whole = _read(path, 10_000_000)
    assert whole[2]["rows_in"] == path.read_bytes().count(b"\n") + 1
    assert whole[2]["kept"] > 1_000
    for rows in (97, 5_000):
        again = _read(path, rows)
        assert again[2] == whole[2]
        # A clock that is off is known from what was read so far, so that times may differ.
        for one, other in zip(again[:2], whole[:2], strict=True):
            told = one.drop("t").columns
            assert one.select(told).sort(told).equals(other.select(told).sort(told))


def _read(path: Path, chunk_rows: int) -> tuple[pl.DataFrame, pl.DataFrame, Counter[str]]:
    batches = list(read(path, chunk_rows=chunk_rows))
    counts: Counter[str] = Counter()
    for batch in batches:
        assert batch.counts["rows_in"] == sum(batch.counts.values()) - batch.counts["rows_in"]
        counts.update(batch.counts)
    return (
        pl.concat([b.positions for b in batches]),
        pl.concat([b.statics for b in batches]),
        +counts,
    )
