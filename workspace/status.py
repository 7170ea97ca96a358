"""What a workspace holds, how fresh it is, and what was refused."""

import json
from collections.abc import Mapping

import polars as pl

from geo.errors import REFUSED, Refusal
from workspace import archive, store
from workspace._console import Summary
from workspace._quarantine import told
from workspace.folder import Workspace

_TABLES = (
    "shorelines", "segments", "sections", "wharves", "risk_points", "facilities", "posts",
    "inspections", "incidents", "effort", "berths", "tide_stations", "vessels", "events",
    "scores", "zones", "users",
)  # fmt: skip


def status(ws: Workspace) -> Summary:
    """Return counts per table, positions per day, sources, and quarantine by reason."""
    rows, oldest, newest = archive.summary(ws.positions)
    summary = Summary({name: store.count(ws.engine, name) for name in _TABLES})
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
    files = store.read(ws.engine, "ingests").sort("finished")
    for row in files.tail(20).iter_rows(named=True):
        summary.lines.append(
            f"{row['name']} ({row['dialect']}): {row['rows_in']} rows in, {row['added']} added, "
            f"{row['finished']:%Y-%m-%d %H:%M} UTC"
        )
    summary.counts["files"] = files.height
    for text in files["quarantined"]:
        _add(summary.quarantined, json.loads(text or "{}"))
    samples = store.read(ws.engine, "quarantine")
    imports = samples.filter(pl.col("source").str.starts_with("import "))
    _add(summary.quarantined, dict(imports["reason"].value_counts().iter_rows()))
    for row in samples.group_by("reason", maintain_order=True).first().iter_rows(named=True):
        one = Refusal(**{name: row[name] for name in REFUSED})
        summary.lines.append(f"隔离 quarantined {one.reason}: {told(one)}")
    return summary


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for reason, n in more.items():
        total[reason] = total.get(reason, 0) + n
