"""Whose positions are new in the archive since one of its versions."""

import json
from pathlib import Path

import polars as pl

from ais.schema import POSITIONS
from workspace._archive_errors import told
from workspace._archive_log import files_of, opened

_AGAIN = "/again-"


def changed_since(folder: Path, version: int | None) -> tuple[int, pl.Series | None]:
    """Return the archive's version now, and the MMSIs that had rows added since another.

    None in place of MMSIs stands for all: where ``version`` is None, or the log of that time is
    no longer there. Files that compaction wrote of rows that were there tell nothing new, unless
    they took in files that were. Rows that `retain` took out are no change.
    """
    nobody = pl.Series("mmsi", [], dtype=POSITIONS["mmsi"])
    with told(folder):
        table = opened(folder)
        if table is None:
            return -1, None if version not in (None, -1) else nobody
        now = table.version()
        entries = None if version is None or version > now else _added(folder, version, now)
        if entries is None:
            return now, None
        here = set(files_of(table)["path"])
        fresh = {path for path, new in entries if new}
        looked_at = fresh if fresh <= here else {path for path, _ in entries} & here
        # What compaction found heard again is read no more.
        looked_at |= {path for path, _ in entries if _AGAIN in path} & here
        if not looked_at:
            return now, nobody
        paths = [folder / path for path in sorted(looked_at)]
        rows = pl.scan_parquet(paths, hive_partitioning=False).select(pl.col("mmsi").unique())
        return now, rows.collect()["mmsi"].cast(POSITIONS["mmsi"]).sort()


def identity(folder: Path) -> str:
    """Return the name that the archive's table was given when it was made; empty without one."""
    with told(folder):
        table = opened(folder)
        return "" if table is None else str(table.metadata().id)


def _added(folder: Path, version: int, now: int) -> list[tuple[str, bool]] | None:
    """Return the files put in after a version, and whether their rows were new."""
    added = []
    for number in range(version + 1, now + 1):
        try:
            entry = (folder / "_delta_log" / f"{number:020d}.json").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        for line in entry.splitlines():
            add = json.loads(line).get("add")
            if add is not None:
                added.append((add["path"], bool(add["dataChange"])))
    return added
