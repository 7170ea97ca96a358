"""Vessels of the workspace that stand on a list: unregistered, modified, to be watched.

A row of a list means a vessel that bears its MMSI, its IMO number or its call sign, or that
broadcasts its hull number or name. Numbers must be equal; call signs, hull numbers and names must
be once both are in plain form (`plain_name`). There is no guess beyond that.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from workspace import store
from workspace._cache import cached
from workspace.folder import Workspace

BASES = ("mmsi", "imo", "callsign", "hull number", "name")
# What Chinese hull numbers are written with, as vessels broadcast it: AIS has no Chinese letters.
PINYIN = {
    # provinces and cities
    "浙": "ZHE", "闽": "MIN", "苏": "SU", "沪": "HU", "鲁": "LU", "粤": "YUE", "桂": "GUI",
    "琼": "QIONG", "辽": "LIAO", "冀": "JI", "津": "JIN", "皖": "WAN",
    # counties of the Zhejiang coast and their neighbours
    "象": "XIANG", "宁": "NING", "奉": "FENG", "岱": "DAI", "嵊": "SHENG", "普": "PU",
    "定": "DING", "舟": "ZHOU", "台": "TAI", "椒": "JIAO", "三": "SAN", "临": "LIN", "温": "WEN",
    "岭": "LING", "玉": "YU", "路": "LU", "乐": "YUE", "洞": "DONG", "瑞": "RUI", "平": "PING",
    "苍": "CANG", "甬": "YONG", "鄞": "YIN", "慈": "CI", "镇": "ZHEN", "仑": "LUN",
    # kinds
    "渔": "YU", "运": "YUN", "油": "YOU", "货": "HUO", "机": "JI", "养": "YANG", "休": "XIU",
    "冷": "LENG", "辅": "FU", "捕": "BU", "拖": "TUO", "工": "GONG", "供": "GONG", "水": "SHUI",
    "客": "KE", "集": "JI", "驳": "BO", "采": "CAI", "科": "KE", "快": "KUAI", "艇": "TING",
}  # fmt: skip
# A name of one or two letters is borne by anyone.
_LEAST = 4
_SCHEMA = pl.Schema(
    {
        "mmsi": pl.Int64(),
        "list_id": pl.String(),
        "list_name": pl.String(),
        "kind": pl.String(),
        "basis": pl.String(),
        "told": pl.String(),
        "reason": pl.String(),
        "valid_from": pl.Date(),
        "valid_to": pl.Date(),
    }
)


def plain_name(name: pl.Expr, *, least: int = _LEAST) -> pl.Expr:
    """Return a hull number or name in plain form, null where fewer than ``least`` letters are left.

    Full-width characters become half-width, small letters capital; all but letters and digits
    goes, and 号 or 船 at the end; of a text all of whose Chinese characters are in `PINYIN` each
    becomes its syllable (浙象渔12345 → ZHEXIANGYU12345), any other Chinese text stays.
    """
    text = (
        name.str.normalize("NFKC")
        .str.to_uppercase()
        .str.replace_all(r"[^\p{L}\p{N}]", "")
        .str.replace(r"[号船]+$", "")
    )
    spelt = text.str.replace_many(list(PINYIN), list(PINYIN.values()))
    plain = pl.when(spelt.str.contains(r"\p{Han}")).then(text).otherwise(spelt)
    return pl.when(plain.str.len_chars() >= least).then(plain)


def listed(ws: Workspace) -> pl.DataFrame:
    """Return which vessels stand on which list, and by what.

    Columns: mmsi, list_id, list_name, kind (unregistered, modified or watch), basis (of `BASES`;
    each row of a list once a vessel, by the first that holds), told (the number or name that
    both bear), reason, valid_from, valid_to. What a vessel ever broadcast counts.
    """
    tables = ("vessel_lists", "vessels", "vessel_history")
    return cached(ws, "listed vessels", tables, lambda: _listed(ws))


def _listed(ws: Workspace) -> pl.DataFrame:
    rows = store.read(ws.engine, "vessel_lists")
    if rows.is_empty():
        return _SCHEMA.to_frame()
    seen = store.read(ws.engine, "vessels", columns=["mmsi"])
    sent = store.read(
        ws.engine, "vessel_history", columns=["mmsi", "imo", "name", "callsign"]
    ).with_columns(
        call=pl.col("callsign").pipe(plain_name, least=1), plain=pl.col("name").pipe(plain_name)
    )
    wanted = rows.with_columns(
        call=pl.col("callsign").pipe(plain_name, least=1),
        hull=pl.col("hull_number").pipe(plain_name),
        plain=pl.col("name").pipe(plain_name),
    )
    found = [
        seen.join(wanted, on="mmsi").with_columns(told=pl.col("mmsi").cast(pl.String), by=0),
        *(
            sent.select("mmsi", on=theirs, told=pl.col(said).cast(pl.String))
            .drop_nulls("on")
            .unique(["mmsi", "on"], maintain_order=True)
            .join(wanted.drop("mmsi").rename({ours: "on"}), on="on")
            .with_columns(by=by)
            for by, theirs, ours, said in (
                (1, "imo", "imo", "imo"),
                (2, "call", "call", "callsign"),
                (3, "plain", "hull", "name"),
                (4, "plain", "plain", "name"),
            )
        ),
    ]
    columns = [name for name in _SCHEMA if name != "basis"]
    return (
        pl.concat([one.select(*columns, by=pl.col("by").cast(pl.Int64)) for one in found])
        .sort("mmsi", "list_id", "by")
        .unique(["mmsi", "list_id"], keep="first", maintain_order=True)
        .with_columns(basis=pl.col("by").replace_strict(dict(enumerate(BASES))))
        .select(_SCHEMA.names())
    )


def in_force(lists: pl.DataFrame, today: date) -> pl.DataFrame:
    """Return lists with the column ``in_force``: whether they hold on a day, both ends included."""
    holds = (pl.col("valid_from") <= today).fill_null(value=True) & (
        pl.col("valid_to") >= today
    ).fill_null(value=True)
    return lists.with_columns(in_force=holds)


_WORDS = {"unregistered": "三无 unregistered", "modified": "改装 modified", "watch": "关注 watch"}


def told(row: Mapping[str, Any]) -> str:
    """Return one row of `listed` as text."""
    span = f"{row['valid_from'] or ''}–{row['valid_to'] or ''}"
    parts = [
        f"{_WORDS.get(row['kind'], row['kind'])} ({row['basis']} {row['told']})",
        row["list_name"] or row["list_id"],
        row["reason"] or "",
        "" if span == "–" else span,
    ]
    return "; ".join(part for part in parts if part)
