"""One vessel: who it says it is and said it was, where it was heard, which lists it is on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from workspace import archive, registers, store
from workspace._cache import cached
from workspace._console import Summary
from workspace._vessels import FIELDS
from workspace.folder import Workspace


@dataclass(frozen=True)
class Vessel:
    """What is known of one MMSI.

    ``why`` has the codes of the reasons for ``kind`` (docs/cleaning.md). ``latest`` has the last
    known imo, name, callsign, ship_type, length_m, width_m and draught_m, and seen_from, seen_to.
    ``history`` has each version of these, by seen_from. ``lists`` are those it is on, as
    `workspace.registers.listed` has them, with in_force. ``days`` has date, source, rows, t0, t1
    of its positions. ``hulls`` is its row of `mmsi_shared`, or empty.
    """

    mmsi: int
    kind: str | None
    why: str | None
    latest: dict[str, Any]
    history: pl.DataFrame
    lists: pl.DataFrame
    days: pl.DataFrame
    hulls: pl.DataFrame


def vessel(ws: Workspace, mmsi: int) -> Vessel | None:
    """Return what is known of an MMSI, None where it was never heard."""
    vessels, versions, shared = (
        store.table_of(name) for name in ("vessels", "vessel_history", "mmsi_shared")
    )
    known = store.read(ws.engine, "vessels", where=vessels.c.mmsi == mmsi)
    if known.is_empty():
        return None
    row = known.row(0, named=True)
    history = (
        store.read(ws.engine, "vessel_history", where=versions.c.mmsi == mmsi)
        .sort("seen_from", "seen_to", "static_key")
        .select(*FIELDS, "seen_from", "seen_to")
    )
    lists = registers.listed(ws).filter(pl.col("mmsi") == mmsi).drop("mmsi")
    today = datetime.now(ws.config.tz).date()
    heard = archive.read(
        ws.positions,
        mmsi=[mmsi],
        t0=row["seen_from"],
        columns=["t", "source"],
    )
    days = (
        heard.group_by(pl.col("t").dt.date().alias("date"), "source")
        .agg(rows=pl.len().cast(pl.Int64), t0=pl.col("t").min(), t1=pl.col("t").max())
        .sort("date", "source")
    )
    return Vessel(
        mmsi,
        row["kind"],
        row["why"],
        {name: row[name] for name in (*FIELDS, "seen_from", "seen_to")},
        history,
        registers.in_force(lists, today),
        days,
        store.read(ws.engine, "mmsi_shared", where=shared.c.mmsi == mmsi),
    )


def vessels_like(ws: Workspace, text: str, *, most: int) -> pl.DataFrame:
    """Return vessels by a part of their number, call sign or any name they bore.

    Columns: mmsi, name, kind, seen_to; those seen last first, ``most`` at most.
    """
    names = cached(ws, "names", ("vessels", "vessel_history"), lambda: _named(ws))
    plain = pl.select(registers.plain_name(pl.lit(text), least=1)).item()
    if not plain:
        return names.head(0).select("mmsi", "name", "kind", "seen_to")
    hit = pl.col("plain").str.contains(plain, literal=True) | (pl.col("call") == plain)
    if plain.isdigit():
        hit = hit | pl.col("mmsi").cast(pl.String).str.starts_with(plain)
    return (
        names.filter(hit)
        .unique("mmsi", keep="first", maintain_order=True)
        .head(most)
        .select("mmsi", "name", "kind", "seen_to")
    )


def _named(ws: Workspace) -> pl.DataFrame:
    """Return every name that each vessel bore, the vessels seen last first."""
    bore = store.read(ws.engine, "vessel_history", columns=["mmsi", "name", "callsign"])
    known = store.read(ws.engine, "vessels", columns=["mmsi", "name", "kind", "seen_to"])
    return (
        known.join(bore.rename({"name": "bore"}).unique(maintain_order=True), on="mmsi", how="left")
        .with_columns(
            plain=registers.plain_name(pl.col("bore"), least=1),
            call=registers.plain_name(pl.col("callsign"), least=1),
        )
        .sort("seen_to", "mmsi", descending=[True, False], nulls_last=True)
    )


def told(found: Vessel) -> Summary:
    """Return what is known of a vessel as text and JSON."""
    latest = {name: _plain(value) for name, value in found.latest.items()}
    summary = Summary(
        {
            "versions": found.history.height,
            "positions": int(found.days["rows"].sum()),
            "days": found.days["date"].n_unique(),
            "lists": found.lists.height,
        }
    )
    shared = found.hulls.drop("mmsi").rows(named=True)
    summary.more |= {
        "mmsi": found.mmsi,
        "kind": found.kind,
        "why": found.why,
        **latest,
        "history": _rows(found.history),
        "lists": _rows(found.lists),
        "days": _rows(found.days),
        "shared": shared[0] if shared else None,
    }
    summary.lines.append(f"MMSI {found.mmsi}: {found.kind} ({found.why})")
    summary.lines.append(_said(found.latest))
    summary.lines += [
        f"  {row['seen_from']:%Y-%m-%d %H:%M} – {row['seen_to']:%Y-%m-%d %H:%M}  {_said(row)}"
        for row in found.history.iter_rows(named=True)
    ]
    summary.lines += [f"共用 shared: {row['hulls']} hulls ({row['why']})" for row in shared]
    summary.lines += [
        f"名册 listed: {registers.told(row)}"
        f"{'' if row['in_force'] else '（已失效 · not in force）'}"
        for row in found.lists.iter_rows(named=True)
    ]
    summary.lines += [
        f"{row['date']} {row['source']}: {row['rows']} positions, "
        f"{row['t0']:%H:%M} – {row['t1']:%H:%M}"
        for row in found.days.iter_rows(named=True)
    ]
    return summary


def _said(row: Mapping[str, Any]) -> str:
    said = [f"{name} {row[name]}" for name in FIELDS if row[name] is not None]
    return ", ".join(said) or "无静态信息 · no static data"


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _rows(frame: pl.DataFrame) -> list[dict[str, object]]:
    return [
        {name: _plain(value) for name, value in row.items()} for row in frame.iter_rows(named=True)
    ]
