"""What is due near one segment, and who answers there."""

from datetime import date
from typing import Any

import polars as pl

from duty.due import due, out_of_order
from duty.posts import CHIEF, who
from risk.weights import WeightSet
from workspace._import_columns import FACILITIES
from workspace.evidence import evidence, near
from workspace.folder import Workspace
from workspace.staffing import answering

_NEAR_M = 1_000.0
_MOST = 8
# What facilities without a name go by: the first Chinese word that imports know for their kind.
_KINDS = next(one.choices for one in FACILITIES if one.name == "kind") or {}
_STATUS = {"broken": ("损坏", "broken"), "missing": ("缺失", "missing")}


def dues(ws: Workspace, weights: WeightSet, segment: int, day: date) -> list[dict[str, Any]]:
    """Return what is overdue or out of order near a segment (its row), the longest first.

    Each has `text_zh`, `text_en` and `days` (null where nobody knows since when).
    """
    known = evidence(ws, weights)
    found: list[dict[str, Any]] = []
    places = near(known.landing_places, known.place_pairs, "place_id", segment, _NEAR_M)
    if not places.is_empty():
        named = places.rename({"what": "object_kind", "place_id": "object_id"})
        late = due(named, known.inspections, day, tz=ws.config.tz)
        found += [_inspection(row) for row in late.iter_rows(named=True)]
    facilities = near(known.facilities, known.facility_pairs, "facility_id", segment, _NEAR_M)
    if not facilities.is_empty():
        out = out_of_order(facilities, day)
        for row in out.iter_rows(named=True):
            zh, en = repair_words(row)
            found.append({"text_zh": zh, "text_en": en, "days": row["days_out"]})
    found.sort(key=lambda item: -(item["days"] if item["days"] is not None else 10_000))
    return found[:_MOST]


def _inspection(row: dict[str, Any]) -> dict[str, Any]:
    zh, en = inspection_words(row)
    return {"text_zh": zh, "text_en": en, "days": row["days_overdue"]}


def inspection_words(row: dict[str, Any]) -> tuple[str, str]:
    """Return what is to be said of a row of `duty.due.due`, in Chinese and English."""
    zh, en, days = row["name"], row["name_en"] or row["name"], row["days_overdue"]
    if row["state"] == "never":
        return f"{zh}：没有巡查记录", f"{en}: no inspection on record"
    if row["state"] == "due":
        return f"{zh}：今天应巡查", f"{en}: inspection due today"
    unit = "day" if days == 1 else "days"
    return f"{zh}：巡查逾期 {days} 天", f"{en}: inspection {days} {unit} overdue"


def repair_words(row: dict[str, Any]) -> tuple[str, str]:
    """Return what is to be said of a row of `duty.due.out_of_order`, in Chinese and English."""
    zh = row["name"] or f"{_KINDS.get(row['kind'], ('设施',))[0]} {row['facility_id']}"
    en = (
        row["name_en"]
        or row["name"]
        or f"{str(row['kind']).replace('_', ' ')} {row['facility_id']}"
    )
    days = row["days_out"]
    state = _STATUS[row["status"]]
    if days is None:
        return f"{zh}：{state[0]}（起始日期不详）", f"{en}: {state[1]}, nobody noted since when"
    unit = "day" if days == 1 else "days"
    return f"{zh}：{state[0]} {days} 天", f"{en}: {state[1]} for {days} {unit}"


def chiefs(ws: Workspace, section_id: str | None, day: date) -> list[dict[str, Any]]:
    """Return who answers for a section on a day, its chief first."""
    if section_id is None:
        return []
    posts = who(answering(ws, day), "section", section_id, day)
    order = posts.sort(pl.col("role") != CHIEF, "role", "post_id", maintain_order=True)
    return order.select("role", "name", "unit", "duty_phone").to_dicts()
