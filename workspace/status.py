"""What a workspace holds, how fresh it is, and what was refused."""

import json
from collections.abc import Mapping
from datetime import date

import polars as pl

from geo.errors import REFUSED, InputError, Refusal
from workspace import archive, registers, store
from workspace._boundaries_held import holding
from workspace._console import Summary
from workspace._coverage import coverage, drawn
from workspace._feeds import feed_days
from workspace._learned import forecast
from workspace._quarantine import told
from workspace.folder import Workspace

_TABLES = (
    "shorelines", "segments", "sections", "wharves", "risk_points", "facilities", "posts",
    "inspections", "incidents", "effort", "berths", "tide_stations", "vessels", "events",
    "scores", "zones", "users", "vessel_lists", "mmsi_shared",
)  # fmt: skip
# Lines of days and of listed vessels that are printed; --json has all of them.
_SHOWN = 40
_FILES = 20
# More positions than these are not looked through for a map of them: the newest day's are.
_MAPPED = 20_000_000
_HEAD = (
    f"{'来源 source':<18} {'日 day (UTC)':<12} {'rows':>11} {'vessels':>8} {'delay':>8} "
    f"{'clock':>7}  隔离 quarantined"
)


def status(ws: Workspace, *, source: str | None = None, day: date | None = None) -> Summary:
    """Return counts per table, what came from each source and day, coverage and quarantine.

    Parameters
    ----------
    source, day : only of this source, only of this UTC day.
    """
    rows, oldest, newest = archive.summary(ws.positions)
    summary = Summary({name: store.count(ws.engine, name) for name in _TABLES})
    summary.counts["sections"] = holding(ws).sections.height
    summary.counts["positions"] = rows
    summary.counts["rasters"] = int(ws.depth is not None)
    config = ws.config
    summary.lines.append(f"{config.county_zh} · {config.county_en} ({config.timezone})")
    if config.simulated:
        summary.lines.append("AIS 为模拟数据 · the AIS is simulated")
    if config.made:
        summary.lines.append(f"以下为虚构 · made up: {', '.join(config.made)}")
    if newest is not None:
        summary.lines.append(f"AIS {oldest:%Y-%m-%d %H:%M} – {newest:%Y-%m-%d %H:%M} UTC")
        summary.counts["positions_by_day"] = {
            str(day): n for day, n in archive.by_day(ws.positions).iter_rows()
        }
    chosen = source is not None or day is not None
    if not chosen:
        _files(ws, summary)
    _feeds(ws, summary, source, day)
    if newest is not None:
        mapped = newest.date() if day is None and rows > _MAPPED else day
        _map(ws, summary, mapped, source)
    if chosen:
        return summary
    _lists(ws, summary)
    _learned(ws, summary)
    samples = store.read(ws.engine, "quarantine")
    imports = samples.filter(pl.col("source").str.starts_with("import "))
    _add(summary.quarantined, dict(imports["reason"].value_counts().iter_rows()))
    for row in samples.group_by("reason", maintain_order=True).first().iter_rows(named=True):
        one = Refusal(**{name: row[name] for name in REFUSED})
        summary.lines.append(f"隔离 quarantined {one.reason}: {told(one)}")
    return summary


def _files(ws: Workspace, summary: Summary) -> None:
    files = store.read(ws.engine, "ingests").sort("finished")
    if files.height > _FILES:
        summary.lines.append(f"… {files.height - _FILES} 个更早的文件 · earlier files")
    for row in files.tail(_FILES).iter_rows(named=True):
        summary.lines.append(
            f"{row['name']} ({row['dialect']}): {row['rows_in']} rows in, {row['added']} added, "
            f"{row['finished']:%Y-%m-%d %H:%M} UTC"
        )
    summary.counts["files"] = files.height
    counted = store.read(ws.engine, "feed_reasons", columns=["sha256"])["sha256"].unique()
    older = files.filter(~pl.col("sha256").is_in(counted.implode())).height
    if older:
        summary.lines.append(
            f"{older} 个文件由旧版读入，未按来源和日期计数 · {older} files were read by an earlier "
            "release and are not counted by source and day"
        )
    for text in files["quarantined"]:
        _add(summary.quarantined, json.loads(text or "{}"))


def _feeds(ws: Workspace, summary: Summary, source: str | None, day: date | None) -> None:
    """Tell what came from each source on each day."""
    wanted = [pl.col(name) == value for name, value in (("source", source), ("date", day)) if value]
    every = feed_days(ws)
    days = every.filter(*wanted)
    if wanted and days.is_empty():
        raise InputError(
            "nothing came from this source on this day",
            where=" ".join(str(one) for one in (source, day) if one is not None),
            mend=f"There is {', '.join(every['source'].unique().sort().to_list()) or 'nothing'}.",
        )
    held = set(archive.by_day(ws.positions)["date"])
    for row in days["quarantined"] if wanted else ():
        _add(summary.quarantined, {one["reason"]: one["rows"] for one in row})
    summary.more["sources"] = [
        {
            "source": row["source"],
            "date": None if row["date"] is None else str(row["date"]),
            **{
                name: row[name]
                for name in ("rows", "kept", "passed", "positions", "vessels", "delay_s", "skew_s")
            },
            "quarantined": {one["reason"]: one["rows"] for one in row["quarantined"]},
            "in_archive": row["date"] in held,
        }
        for row in days.iter_rows(named=True)
    ]
    if days.is_empty():
        return
    summary.lines.append(_HEAD)
    latest = days.sort("date", "rows", "source", descending=[True, True, False], nulls_last=True)
    for row in latest.head(_SHOWN).iter_rows(named=True):
        refused = ", ".join(f"{one['reason']} {one['rows']}" for one in row["quarantined"])
        summary.lines.append(
            f"{row['source']:<18} {row['date'] or '-'!s:<12} {row['rows']:>11} "
            f"{row['vessels']:>8} {_long(row['delay_s']):>8} {_skew(row['skew_s']):>7}  {refused}"
            + ("" if row["date"] in held or not row["positions"] else " 船位已清理 · let go")
        )
    if days.height > _SHOWN:
        summary.lines.append(f"… {days.height - _SHOWN} more: --source NAME, --day D, --json")


def _long(seconds: float | None) -> str:
    """Return a time span in the unit that fits it."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _skew(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:+.1f} s"


def _map(ws: Workspace, summary: Summary, day: date | None, source: str | None) -> None:
    """Tell where positions are known from."""
    found = coverage(ws, day, source)
    summary.more["coverage"] = {
        "day": None if day is None else str(day),
        "source": source,
        "cell_deg": found.cell_deg,
        "rows": found.rows,
        "outside": found.outside,
        "cells": [list(cell) for cell in found.cells.iter_rows()],
    }
    of = " ".join(str(one) for one in (source, day) if one is not None) or "全部 all"
    summary.lines.append(
        f"覆盖 coverage, {of}: {found.rows} positions, {found.outside} beyond the map"
    )
    summary.lines += drawn(ws, found)


def _lists(ws: Workspace, summary: Summary) -> None:
    """Tell which vessels stand on a list."""
    found = registers.listed(ws)
    summary.counts["listed_vessels"] = found["mmsi"].n_unique()
    for row in found.head(_SHOWN).iter_rows(named=True):
        summary.lines.append(f"名册 listed {row['mmsi']}: {registers.told(row)}")
    if found.height > _SHOWN:
        summary.lines.append(f"… {found.height - _SHOWN} more: shoregrid vessel WS MMSI")


def _learned(ws: Workspace, summary: Summary) -> None:
    """Tell whether the learned model is offered, and whether to train it anew."""
    told = forecast(ws)
    if told is None:
        return
    kept, watch, _ = told
    summary.more["learned"] = {"offered": kept.offered, **watch.told()}
    summary.lines += [
        f"学习模型（训练至 {kept.as_of:%Y-%m-%d}）{kept.why_zh} {watch.sentence(0)}",
        f"learned model, until {kept.as_of:%Y-%m-%d}: {kept.why_en} {watch.sentence(1)}",
    ]


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for reason, n in more.items():
        total[reason] = total.get(reason, 0) + n
