"""A workspace's layers, tables and rasters as files for other programs."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from geo.errors import InputError
from geo.io import write_layers
from workspace import _export_layers, _export_raster, store
from workspace._export_choice import Choice, Selection, choose
from workspace._export_layers import LAYERS, layer, vessel_names, zones
from workspace.folder import Workspace

__all__ = [
    "LAYERS",
    "TABLES",
    "Choice",
    "Exported",
    "Selection",
    "choose",
    "export",
    "layer",
    "marks",
    "vessel_names",
    "zones",
]

TABLES = ("layers", "events", "scores", "zones", "positions", "quarantine", "density", "risk")
"""What can be exported; ``map`` is drawn by the pages (`dashboards.offline_map`)."""

CELL_M = 250.0
REACH_M = 1_000.0


@dataclass(frozen=True)
class Exported:
    """What went out: rows by layer, seconds per step, and what must be said of it."""

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def export(
    ws: Workspace,
    what: str,
    out: Path,
    selection: Selection | None = None,
    *,
    cell_m: float = CELL_M,
    reach_m: float = REACH_M,
    now: datetime | None = None,
) -> Exported:
    """Write one of ``TABLES`` to a file whose format is told by its ending.

    Parameters
    ----------
    out : Path
        .gpkg, .parquet, .geojson, .kml, .kmz, .csv, or a zip file of one of those that hold one
        layer (``NAME.geojson.zip``); .tif for ``density`` and ``risk``.
    cell_m : size of a raster's cells.
    reach_m : how far from the shore the risk surface goes.
    now : the clock, for the shift on duty and for the mark of when it was exported.

    Raises
    ------
    InputError
        When nothing of that name is there, or the format cannot hold it.
    """
    begun, moment = time.perf_counter(), now or datetime.now(UTC)
    wanted = selection or Selection()
    choice = choose(ws, wanted, now=moment)
    notes = marks(ws, now=moment)
    if what in {"density", "risk"}:
        counts = (
            _export_raster.density(ws, out, choice, cell_m=cell_m, notes=notes)
            if what == "density"
            else _export_raster.risk(ws, out, choice, cell_m=cell_m, reach_m=reach_m, notes=notes)
        )
        return _told(out, counts, {"raster": time.perf_counter() - begun}, [])
    frames, said = _frames(ws, what, wanted, choice)
    read_s = time.perf_counter() - begun
    title = f"{ws.config.county_zh} · {ws.config.county_en}"
    write_layers(out, frames, title=title, notes=notes)
    seconds = {"read": read_s, "write": time.perf_counter() - begun - read_s}
    return _told(out, {name: frame.height for name, frame in frames.items()}, seconds, said)


def _told(
    out: Path, counts: dict[str, int], seconds: dict[str, float], notes: list[str]
) -> Exported:
    return Exported({**counts, "bytes": out.stat().st_size}, seconds, notes)


def _frames(
    ws: Workspace, what: str, wanted: Selection, choice: Choice
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Return the frames to write by name, and what the reader should know."""
    if what == "layers":
        return _layers(ws, wanted, choice)
    if wanted.layers:
        raise InputError(
            f"--layer was given with {what}, which is one layer",
            where="--layer",
            mend="Leave it out, or export `layers`.",
        )
    if what in {"scores", "zones"} and not choice.shifts:
        raise InputError(
            "there are no scores for the time chosen",
            where=str(ws.root),
            mend="Score and plan the day first: shoregrid score WS --date DAY, then plan.",
        )
    if what == "scores":
        found = _export_layers.scores(ws, choice)
    elif what == "zones":
        found = _export_layers.planned(ws, list(choice.shifts), choice)
    elif what == "events":
        found = _export_layers.events(ws, choice)
    elif what == "positions":
        found = _export_layers.positions(ws, choice)
    elif what == "quarantine":
        found = _export_layers.quarantine(ws, choice)
    else:
        raise InputError(
            f"`{what}` is not something to export",
            where="export",
            mend=f"Name one of map, {', '.join(TABLES)}.",
        )
    return {what: found}, []


def _layers(
    ws: Workspace, wanted: Selection, choice: Choice
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Return the layers named, or all that are not empty."""
    strangers = [name for name in wanted.layers if name not in LAYERS]
    if strangers:
        raise InputError(
            f"there is no layer {', '.join(strangers)}",
            where="--layer",
            mend=f"There are {', '.join(LAYERS)}.",
        )
    found = {name: _export_layers.layer(ws, name, choice) for name in wanted.layers or LAYERS}
    empty = [name for name, frame in found.items() if frame.is_empty()]
    if not wanted.layers:
        found = {name: frame for name, frame in found.items() if name not in empty}
    if not found:
        raise InputError(
            "nothing lies in what was chosen",
            where=str(ws.root),
            mend="Choose more, or import a coast first: shoregrid import WS coast FILE.",
        )
    said = [f"空图层 · empty: {', '.join(empty)}"] if empty else []
    if "segments" in found and choice.shift is None:
        said.append("没有评分 · the segments bear no scores: none for the time chosen")
    return found, said


def marks(ws: Workspace, *, now: datetime) -> dict[str, str]:
    """Return what goes into every file that leaves: whose it is, and what in it is not real."""
    config = ws.config
    estimated = (
        store.read(ws.engine, "segments", columns=["landing_basis"])["landing_basis"] == "estimate"
    ).sum()
    found = {
        "county": f"{config.county_zh} · {config.county_en}",
        "exported": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "simulated": "AIS 为模拟数据 · the AIS is simulated" if config.simulated else "",
        "made": f"编造的示例 · made up: {', '.join(config.made)}" if config.made else "",
        "estimated": (
            f"{estimated} 个岸段的登滩水深为估算 · landing of {estimated} segments is estimated"
            if estimated
            else ""
        ),
        "tide": config.tide_note,
        "attributions": "; ".join(config.attributions),
        "use": "不得用于航行 · not for navigation",
    }
    return {name: value for name, value in found.items() if value}
