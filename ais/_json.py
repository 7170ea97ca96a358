"""Read objects of JSON, one a line or in a list, as tables of cells."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from ais import _json_scan as scan
from ais._arrays import Array, Ints
from ais._batch import Batch
from ais._blocks import Block
from ais._layouts import Layout, Plan
from ais._lines import Reader, read_lines


def one_a_line(content: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the objects of a JSON list as lines; the last one may be cut."""
    state = np.zeros(2, np.int64)
    for part in content:
        yield scan.one_a_line(np.frombuffer(part, np.uint8), state).tobytes()


def first_objects(text: str) -> list[dict[str, Any]]:
    """Return the objects that the beginning of a JSON file holds whole."""
    decode = json.JSONDecoder().raw_decode
    found: list[dict[str, Any]] = []
    at = text.find("{")
    while at >= 0:
        try:
            one, end = decode(text, at)
        except ValueError:
            end = text.find("\n", at)
            if end < 0:
                break
        else:
            found.append(one)
        at = text.find("{", end)
    return found


def read_json(
    blocks: Iterator[Block], *, plan: Plan, layout: Layout, file: str, not_after: datetime | None
) -> Iterator[Batch]:
    """Yield the batches of a file with one JSON object a line, one for each block."""
    keys, slots, ranks, ours = _keys(layout)
    find = partial(_find, keys, slots, ranks, len(ours))
    reader = Reader(plan, find, ours, "bad_json")
    return read_lines(blocks, reader=reader, file=file, not_after=not_after)


def without_answer(blocks: Iterator[Block]) -> Iterator[Block]:
    """Pass blocks on without the object that AISHub's service puts before the vessels."""
    for block in blocks:
        first = block.data[: block.data.find(b"\n") + 1]
        if block.row == 1 and b'"ERROR"' in first:
            yield block._replace(data=block.data[len(first) :], row=2, n_rows=block.n_rows - 1)
        else:
            yield block


def _find(
    keys: Array, slots: Ints, ranks: Ints, n_slots: int, buf: Array, n: int
) -> tuple[Array, Array, Array, Ints]:
    return scan.objects(buf, n, keys, slots, ranks, n_slots)


def _keys(layout: Layout) -> tuple[Array, Ints, Ints, dict[str, int]]:
    """Return (hashes, slots, ranks) of the keys to look for, and each of our columns' slot."""
    hashes, slots, ranks = [], [], []
    ours: dict[str, int] = {}
    for slot, (name, options) in enumerate(layout.columns.items()):
        ours[name] = slot
        for rank, option in enumerate(options):
            key = np.frombuffer(option.encode(), np.uint8)
            hashes.append(scan.key_hash(key, 0, len(key)))
            slots.append(slot)
            ranks.append(rank)
    return np.array(hashes, np.uint64), np.array(slots), np.array(ranks), ours
