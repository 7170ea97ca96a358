"""Say what a measure is and what it brings, in Chinese and in English."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from risk import _words as words
from risk._words import Both
from risk.inputs import Inputs


def in_words(found: pl.DataFrame, inputs: Inputs, *, names: Mapping[str, Both]) -> pl.DataFrame:
    """Return effects with ``text_zh`` and ``text_en``, one sentence each.

    "修好 X 码头的限高杆：近处 2.5 km 岸线风险下降 12 %（全县 0.3 %）". The interval follows where
    it is wider than a tenth of the fall.

    Parameters
    ----------
    found : polars.DataFrame
        Rows of ``EFFECTS``: those that are to be shown.
    inputs : Inputs
        For the kind and line of facilities, and where segments lie.
    names : mapping of str to (zh, en)
        Names of facilities, places and segments by id; one that is not there shows its id, a
        segment its kilometres.
    """
    shown = {**_stretches(inputs), **names}
    facilities: dict[str, dict[str, Any]] = {}
    if inputs.facilities is not None:
        table = inputs.facilities.select(pl.col("facility_id").cast(pl.String), "kind", "line")
        facilities = {row["facility_id"]: row for row in table.iter_rows(named=True)}
    texts = [
        tuple(
            f"{what}{mark}{fall}"
            for what, mark, fall in zip(
                _what(row, facilities, shown), ("：", ": "), _fall(row), strict=True
            )
        )
        for row in found.iter_rows(named=True)
    ]
    zh, en = zip(*texts, strict=True) if texts else ((), ())
    return found.with_columns(
        text_zh=pl.Series(zh, dtype=pl.String), text_en=pl.Series(en, dtype=pl.String)
    )


def _stretches(inputs: Inputs) -> dict[str, Both]:
    rows = inputs.segments.select(
        pl.col("segment_id").cast(pl.String), "shoreline_id", "from_m", "to_m"
    )
    return {
        name: (f"{shore} {a / 1000:.1f}–{b / 1000:.1f} km",) * 2
        for name, shore, a, b in rows.iter_rows()
    }


def _what(
    row: Mapping[str, Any], facilities: Mapping[str, Mapping[str, Any]], names: Mapping[str, Both]
) -> Both:
    targets: list[str] = row["targets"]
    zh, en = names.get(targets[0], (targets[0],) * 2)
    if row["what"] == "inspect":
        return f"巡查 {zh}", f"Inspect {en}"
    if row["what"] == "patrol":
        if len(targets) > 1:
            last = names.get(targets[-1], (targets[-1],) * 2)
            zh, en = f"{zh} 至 {last[0]}", f"{en} to {last[1]}"
        return f"沿 {zh} 巡逻一趟", f"Patrol once along {en}"
    if row["what"] == "add":
        kind = words.FACILITY.get(row["kind"], ("设施", "facility"))
        return f"在 {zh} 新设{kind[0]}", f"Put a new {kind[1]} at {en}"
    if len(targets) > 1:
        every = [names.get(t) or _facility(t, facilities, (t, t)) for t in targets]
        return (
            f"一并修好 {'、'.join(n[0] for n in every)}（{len(targets)} 处）",
            f"Mend {', '.join(n[1] for n in every)} together",
        )
    zh, en = _facility(targets[0], facilities, (zh, en))
    return f"修好 {zh}", f"Mend {en}"


def _facility(target: str, facilities: Mapping[str, Mapping[str, Any]], called: Both) -> Both:
    """Return a facility as its name or id with its kind and line."""
    facility = facilities.get(target, {})
    kind = words.FACILITY.get(str(facility.get("kind")), ("设施", "facility"))
    line = words.LINE.get(str(facility.get("line")), ("", ""))
    return f"{called[0]} {line[0]}{kind[0]}", f"the {kind[1]}{line[1]} ({called[1]})"


def _fall(row: Mapping[str, Any]) -> Both:
    if row["drop"] <= 0.0:
        return "风险不下降", "risk does not fall"
    near, county = _percent(row["near_share"]), _percent(row["share"])
    km = f"{row['near_km']:.1f} km"
    zh = f"近处 {km} 岸线风险下降 {near}（全县 {county}）"
    en = f"risk falls by {near} on {km} of shore near ({county} of the county's)"
    if row["drop_hi"] - row["drop_lo"] > 0.1 * row["drop"]:
        per = row["near_share"] / row["drop"]
        lo, hi = _percent(per * row["drop_lo"]), _percent(per * row["drop_hi"])
        zh += f"，缺少的资料补齐后可为 {lo}–{hi}"
        en += f"; between {lo} and {hi} once what is missing is known"
    return zh, en


def _percent(share: float) -> str:
    percent = 100.0 * share
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.2g} %"
