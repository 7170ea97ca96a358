"""Files about the coast into the database: each row kept or refused, and never half an import."""

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import shapely
from sqlalchemy import Connection

from geo.errors import InputError, Refusal, refused_table
from geo.io import read_layer, read_stations
from geo.landable import read_depth
from geo.shoreline import repair_land
from workspace import _import_columns as known
from workspace import db, placing, store
from workspace._import_rows import Rows, Value, convert, read_rows
from workspace._imported import Imported, Options
from workspace.folder import Workspace

_FAR_M = 500_000.0


@dataclass(frozen=True)
class _Table:
    """How one kind of file becomes one table."""

    table: str
    key: str
    columns: tuple[known.Known, ...]
    placed: bool = False
    prefix: str = ""


_TABLES = {
    "wharves": _Table("wharves", "wharf_id", known.WHARVES, placed=True, prefix="W"),
    "risk-points": _Table(
        "risk_points", "risk_point_id", known.RISK_POINTS, placed=True, prefix="R"
    ),
    "facilities": _Table("facilities", "facility_id", known.FACILITIES, placed=True, prefix="F"),
    "incidents": _Table("incidents", "incident_id", known.INCIDENTS, placed=True, prefix="I"),
    "posts": _Table("posts", "post_id", known.POSTS, prefix="P"),
    "inspections": _Table("inspections", "inspection_id", known.INSPECTIONS, prefix="N"),
    "effort": _Table("effort", "", known.EFFORT),
    "berths": _Table("berths", "berth_id", known.BERTHS, prefix="B"),
    "sections": _Table("sections", "", known.SECTIONS),
}
_PLAIN = Options()
KINDS = ("coast", "tides", "depth", *_TABLES)


def import_file(
    ws: Workspace,
    kind: str,
    path: Path,
    options: Options = _PLAIN,
    *,
    now: datetime | None = None,
) -> Imported:
    """Import one file; raise InputError when none of it can be used, with nothing changed.

    Rows that cannot be kept go to quarantine with file, row, reason and mend. Rows whose key is
    there already are updated.
    """
    moment = now or datetime.now(UTC)
    began = time.perf_counter()
    result = Imported()
    if kind == "coast":
        _coast(ws, path, options, result)
    elif kind == "tides":
        _tides(ws, path, options, result)
    elif kind == "depth":
        _depth(ws, path, options, result)
    elif kind in _TABLES:
        _rows(ws, kind, path, result, now=moment)
    else:
        raise KeyError(f"`kind` was {kind!r} but is expected to be in {{{', '.join(KINDS)}}}")
    if kind not in _TABLES:
        with ws.begin() as connection:
            _quarantine(connection, kind, path, result.refused, moment)
    result.seconds["import"] = time.perf_counter() - began
    return result


def _quarantine(
    connection: Connection, kind: str, path: Path, refused: Sequence[Refusal], now: datetime
) -> None:
    """Note what was refused, in place of what an earlier import of the file left there."""
    source = f"import {kind} {path.name}"[:200]
    rows = refused_table(refused).with_columns(source=pl.lit(source), t=pl.lit(now))
    store.write(
        connection, "quarantine", rows, replace=True, where=db.quarantine.c.source == source
    )


def _coast(ws: Workspace, path: Path, _options: Options, result: Imported) -> None:
    """Import land polygons: shorelines, segments and exposure anew, places put onto them."""
    from workspace.building import build_coast

    land, refused = repair_land(read_layer(path), name=path.name)
    result.refused += refused
    result.counts.update(build_coast(ws, land))
    if result.counts["cuts_lost"]:
        result.notes.append(
            f"{result.counts['cuts_lost']} 处岸段分界点在新岸线上找不到位置，请重新导入责任岸段 · "
            f"{result.counts['cuts_lost']} section cuts found no shore within "
            f"{ws.config.max_snap_m:.0f} m: import the sections again"
        )


def _tides(ws: Workspace, path: Path, _options: Options, result: Imported) -> None:
    stations = read_stations(path)
    table = pl.DataFrame(
        {
            "station_id": [one.station_id for one in stations],
            "name": [one.name for one in stations],
            "lon": [one.lon for one in stations],
            "lat": [one.lat for one in stations],
            "note": [one.note for one in stations],
            "datums": [store.as_json(dict(one.datums)) for one in stations],
            "constituents": [store.as_json(one.constituents.to_dicts()) for one in stations],
        }
    )
    added, updated = store.upsert(ws.engine, "tide_stations", table)
    result.counts.update(rows_in=len(stations), added=added, updated=updated)
    result.notes += [f"{one.name}: {one.note}" for one in stations if one.note]


def _depth(ws: Workspace, path: Path, _options: Options, result: Imported) -> None:
    """Keep a depth raster and see anew from which tide on each segment can be landed on."""
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    read_depth(str(path))
    depth, fresh = ws.rasters / "depth.tif", ws.rasters / "depth.new.tif"
    shutil.copyfile(path, fresh)
    # Put in place at once: killed at any instant, the raster is the old one or the new one.
    fresh.replace(depth)
    result.counts["rasters"] = 1
    if store.count(ws.engine, "segments"):
        from workspace.building import set_landing

        set_landing(ws)


def _rows(ws: Workspace, kind: str, path: Path, result: Imported, *, now: datetime) -> None:
    """Import one table's rows in one transaction."""
    what = _TABLES[kind]
    posts = kind == "posts"
    rows = read_rows(path, what.columns, posts=posts)
    numbers, values, refused = convert(rows, what.columns, tz=ws.config.tz)
    if rows.ignored:
        result.notes.append(f"columns not used: {', '.join(rows.ignored[:20])}")
    frame = _frame(what, numbers, values)
    if what.key:
        frame = _with_keys(what, frame)
    frame, twice = _once(what, rows, frame)
    frame, late = _not_future(kind, rows, frame, now)
    frame, reversed_ = _in_order(rows, frame)
    refused += [*twice, *late, *reversed_]
    if what.placed or kind == "sections":
        frame, far = _on_the_shore(ws, kind, rows, frame)
        refused += far
    elif kind == "effort":
        frame, lost = _on_segments(ws, rows, frame)
        refused += lost
    if kind == "sections" and refused:
        raise InputError(
            "; ".join(f"row {one.row}: {one.detail}" for one in refused[:5]),
            where=str(path),
            mend="Sections replace each other as a whole: correct these rows and import again.",
        )
    with ws.begin() as connection:
        if kind == "sections":
            added, updated = _sections(connection, frame)
        else:
            added, updated = store.upsert(connection, what.table, frame.drop("row"))
        _quarantine(connection, kind, path, refused, now)
    result.refused += refused
    result.counts.update(
        rows_in=len(rows.numbers), added=added, updated=updated, quarantined=len(refused)
    )


def _frame(what: _Table, numbers: list[int], values: list[dict[str, Value]]) -> pl.DataFrame:
    kinds = {
        "number": pl.Float64,
        "integer": pl.Int64,
        "date": pl.Date,
        "time": pl.Datetime("ms", "UTC"),
    }
    schema = {one.name: kinds.get(one.type, pl.String) for one in what.columns}
    columns = {name: [row[name] for row in values] for name in schema}
    return pl.DataFrame({"row": numbers, **columns}, schema={"row": pl.Int64, **schema})


def _with_keys(what: _Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill keys that the file leaves empty with one that the same row gets again next time."""
    made = [
        key if key is not None else _digest(what.prefix, row)
        for key, row in zip(frame[what.key], frame.drop("row").iter_rows(), strict=True)
    ]
    return frame.with_columns(pl.Series(what.key, made, dtype=pl.String))


def _digest(prefix: str, row: tuple[object, ...]) -> str:
    return f"{prefix}-{hashlib.sha256(repr(row).encode()).hexdigest()[:12]}"


def _refuse(
    rows: Rows,
    frame: pl.DataFrame,
    reason: str,
    detail: Callable[[dict[str, object]], str],
    mend: str,
) -> list[Refusal]:
    return [
        Refusal(rows.file, int(row["row"]), reason, detail(row), mend)
        for row in frame.iter_rows(named=True)
    ]


def _once(what: _Table, rows: Rows, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
    """Keep the first of the rows with one key."""
    key = (
        [what.key]
        if what.key
        else (
            ["segment_id", "shift_start"]
            if what.table == "effort"
            else ["section_id", "lon", "lat"]
        )
    )
    first = pl.struct(key).is_first_distinct()
    refused = _refuse(
        rows,
        frame.filter(~first),
        "duplicate_key",
        lambda row: f"{', '.join(f'`{name}` {row[name]}' for name in key)} is there before",
        "Give each row its own key, or remove the one that is not wanted.",
    )
    return frame.filter(first), refused


def _not_future(
    kind: str, rows: Rows, frame: pl.DataFrame, now: datetime
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse what is said to have happened later than now."""
    column = {"incidents": "t0", "inspections": "t"}.get(kind)
    if column is None:
        return frame, []
    late = pl.col(column) > now
    refused = _refuse(
        rows,
        frame.filter(late),
        "future",
        lambda row: f"`{column}` {row[column]} lies in the future",
        "Correct the time; without a zone it is taken in the workspace's own.",
    )
    return frame.filter(~late), refused


def _in_order(rows: Rows, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse what ends before it begins."""
    refused: list[Refusal] = []
    for begin, end in (("t0", "t1"), ("valid_from", "valid_to")):
        if end not in frame.columns:
            continue
        wrong = (pl.col(end) < pl.col(begin)).fill_null(value=False)
        refused += _refuse(
            rows,
            frame.filter(wrong),
            "bad_value",
            lambda row, begin=begin, end=end: (
                f"`{end}` {row[end]} lies before `{begin}` {row[begin]}"
            ),
            "Correct the cells named and import the row again.",
        )
        frame = frame.filter(~wrong)
    return frame, refused


def _on_the_shore(
    ws: Workspace, kind: str, rows: Rows, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Give places their shoreline and chainage; refuse those too far from any shore."""
    if not store.count(ws.engine, "segments"):
        raise InputError(
            "the workspace has no coast yet, so nothing can be placed on it",
            where=rows.file,
            mend="First: shoregrid import WS coast FILE",
        )
    limit = ws.config.reach_m if kind == "incidents" else ws.config.max_snap_m
    place = placing.snap(ws, frame["lon"], frame["lat"], max_m=limit)
    near = place["shoreline_id"].is_not_null()
    lost = frame.filter(~near)
    apart = placing.snap(ws, lost["lon"], lost["lat"], max_m=_FAR_M)["offset_m"]
    refused = _refuse(
        rows,
        lost.with_columns(apart_m=apart),
        "far_from_shore",
        lambda row: (
            f"{row['lon']:.5f}, {row['lat']:.5f} is {_distance(row['apart_m'])} from the nearest "
            f"shore, more than {limit / 1000:g} km"
        ),
        "Check longitude and latitude (swapped? another datum such as GCJ-02?); the limit is "
        f"the setting {'reach_m' if kind == 'incidents' else 'max_snap_m'}.",
    )
    columns = place.columns if kind == "incidents" else place.columns[:3]
    kept = frame.filter(near).with_columns(place.filter(near).select(columns))
    if kind == "sections":
        return kept, refused
    points = shapely.points(kept["lon"].to_numpy(), kept["lat"].to_numpy())
    kept = kept.with_columns(
        geometry=pl.Series(list(shapely.to_wkb(points, byte_order=1)), dtype=pl.Binary)
    )
    return kept if kind == "incidents" else kept.drop("lon", "lat"), refused


def _distance(metres: object) -> str:
    return f"{metres / 1000:.1f} km" if isinstance(metres, float) else "more than 500 km"


def _on_segments(
    ws: Workspace, rows: Rows, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse effort on segments that are not there."""
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    here = pl.col("segment_id").is_in(ids.to_list())
    refused = _refuse(
        rows,
        frame.filter(~here),
        "unknown_segment",
        lambda row: f"there is no segment {row['segment_id']}",
        "Take the ids from the layer of segments.",
    )
    return frame.filter(here), refused


def _sections(connection: Connection, frame: pl.DataFrame) -> tuple[int, int]:
    """Replace all sections by those whose cut points the file gives.

    A section begins at its cut and runs to the next one along the shoreline. The first cut of an
    open shoreline is put at its beginning; shorelines without a cut hang on the nearest one.
    """
    if frame.is_empty():
        return 0, 0
    rings = store.read(connection, "shorelines", columns=["shoreline_id", "is_ring"])
    first = pl.col("chainage_m") == pl.col("chainage_m").min().over("shoreline_id")
    cuts = (
        frame.unique(["shoreline_id", "chainage_m"], keep="first", maintain_order=True)
        .join(rings, on="shoreline_id", how="left", maintain_order="left")
        .with_columns(
            chainage_m=pl.when(first & ~pl.col("is_ring")).then(0.0).otherwise("chainage_m")
        )
        .select("shoreline_id", "chainage_m", "section_id")
    )
    before = store.read(connection, "sections", columns=["section_id", "version"])
    version = int(before["version"].max() or 0) + 1
    sections = frame.unique("section_id", keep="first", maintain_order=True).select(
        "section_id", "name", "name_en", version=pl.lit(version)
    )
    store.write(connection, "sections", sections, replace=True)
    store.write(connection, "section_cuts", cuts, replace=True)
    placing.hang(connection)
    updated = sections.join(before, on="section_id", how="semi").height
    return sections.height - updated, updated
