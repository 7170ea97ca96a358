"""Tables about the coast into the database: each row kept or refused, and never half an import."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from geo.errors import InputError, Refusal
from workspace import _import_columns as known
from workspace import history, placing, store
from workspace._boundaries_held import Held, newest, publish, read_version
from workspace._import_cells import Value
from workspace._import_detections import DETECTIONS
from workspace._import_places import off_the_earth, onto_shore
from workspace._import_posts import check_absences, check_posts
from workspace._import_registers import check_vessels
from workspace._import_rows import Rows, convert, read_rows, zone
from workspace._import_teams import check_teams
from workspace._imported import Imported, Options
from workspace._quarantine import quarantine
from workspace.folder import Workspace


@dataclass(frozen=True)
class Table:
    """How one kind of file becomes one table."""

    table: str
    key: str
    columns: tuple[known.Known, ...]
    placed: bool = False
    prefix: str = ""


TABLES = {
    "wharves": Table("wharves", "wharf_id", known.WHARVES, placed=True, prefix="W"),
    "risk-points": Table(
        "risk_points", "risk_point_id", known.RISK_POINTS, placed=True, prefix="R"
    ),
    "facilities": Table("facilities", "facility_id", known.FACILITIES, placed=True, prefix="F"),
    "incidents": Table("incidents", "incident_id", known.INCIDENTS, placed=True, prefix="I"),
    "posts": Table("posts", "post_id", known.POSTS, prefix="P"),
    "absences": Table("post_absences", "absence_id", known.ABSENCES, prefix="A"),
    "teams": Table("teams", "team_id", known.TEAMS, prefix="T"),
    "inspections": Table("inspections", "inspection_id", known.INSPECTIONS, prefix="N"),
    "effort": Table("effort", "", known.EFFORT),
    "berths": Table("berths", "berth_id", known.BERTHS, prefix="B"),
    "sections": Table("sections", "", known.SECTIONS),
    "registers": Table("vessel_lists", "list_id", known.REGISTERS, prefix="L"),
    "detections": Table("detections", "detection_id", DETECTIONS, prefix="D"),
}


def import_table(
    ws: Workspace,
    kind: str,
    path: Path,
    options: Options,
    result: Imported,
    *,
    now: datetime,
    user: str | None,
) -> None:
    """Import one table's rows in one transaction.

    A row whose key is there already changes it, in the columns that the file has.
    """
    what = TABLES[kind]
    rows = read_rows(path, what.columns, options, key=what.key, posts=kind == "posts")
    kept, values, refused, places = convert(rows, what.columns, options, tz=zone(ws, options))
    frame = _frame(what, [rows.numbers[at] for at in kept], values)
    if places is not None:
        frame = frame.with_columns(lon=pl.Series(places.lon[kept]), lat=pl.Series(places.lat[kept]))
        result.notes += places.notes
    if rows.ignored:
        result.notes.append(f"columns not used: {', '.join(rows.ignored[:20])}")
    if what.key:
        frame = _with_keys(what, frame)
    frame, more, notes = _checked(ws, kind, rows, frame, options, now=now)
    refused += more
    result.notes += notes
    if kind == "sections" and refused:
        raise InputError(
            "; ".join(f"row {one.row}: {one.detail}" for one in refused[:5]),
            where=str(path),
            mend="Sections replace each other as a whole: correct these rows and import again.",
        )
    with ws.begin() as connection:
        if kind == "sections":
            counts, note = _sections(ws, connection, frame, options, path, now=now, user=user)
            result.notes += note
        elif what.key:
            counts, lacking = _write(connection, what, rows, frame, path, now=now, user=user)
            refused += lacking
        else:
            added, updated = store.upsert(connection, what.table, frame.drop("row"))
            counts = {"added": added, "updated": updated}
        quarantine(connection, kind, path, refused, now)
    result.refused += refused
    result.counts.update(
        {
            "rows_in": len(rows.numbers) + rows.skipped,
            **counts,
            "skipped": rows.skipped,
            "quarantined": len(refused),
        }
    )


def _checked(
    ws: Workspace, kind: str, rows: Rows, frame: pl.DataFrame, options: Options, *, now: datetime
) -> tuple[pl.DataFrame, list[Refusal], list[str]]:
    """Return the rows that go together with each other, the time, the shore and the segments."""
    what = TABLES[kind]
    refused: list[Refusal] = []
    notes: list[str] = []
    for check in (_once, _not_future, _in_order):
        frame, more = check(what, rows, frame, now)
        refused += more
    if "lon" in frame.columns:
        if what.placed or kind == "sections":
            frame, more, notes = onto_shore(ws, kind, rows.file, frame, options)
        else:
            frame, more = off_the_earth(rows.file, frame)
        refused += more
    if kind == "effort":
        frame, more = _on_segments(ws, rows, frame)
        refused += more
    if kind == "teams":
        frame, more = check_teams(ws, rows, frame)
        refused += more
    if kind == "registers":
        frame, more = check_vessels(rows, frame)
        refused += more
    if kind in {"posts", "absences"}:
        frame, more = (check_posts if kind == "posts" else check_absences)(ws, rows, frame)
        refused += more
    return frame, refused, notes


def _write(
    connection: Connection,
    what: Table,
    rows: Rows,
    frame: pl.DataFrame,
    path: Path,
    *,
    now: datetime,
    user: str | None,
) -> tuple[dict[str, int], list[Refusal]]:
    """Add new rows, change those that differ, and write down what changed.

    Columns that the file lacks keep what is stored, and so does an empty cell that a new row would
    have a default in: nobody mended or reopened anything by leaving its status out. A row that is
    new needs all that are needed.
    """
    before = store.read(connection, what.table).join(
        frame.select(what.key), on=what.key, how="semi", maintain_order="left"
    )
    new = ~pl.col(what.key).is_in(before[what.key].to_list())
    lacking = [one.name for one in what.columns if one.needed and one.name not in rows.headers]
    refused: list[Refusal] = []
    if lacking:
        refused = _refuse(
            rows,
            frame.filter(new),
            "unknown_key",
            lambda row: f"`{what.key}` {row[what.key]} is not there yet",
            f"Correct the key; a new row needs {', '.join(lacking)} too.",
        )
        frame = frame.filter(~new)
    frame = _keeping(frame, before, _silent(what, rows, frame), key=what.key).drop("row")
    if "geometry" in frame.columns and "lon" not in before.columns:
        frame = frame.drop("lon", "lat")
    changes = history.changed(before, frame, table=what.table, key=what.key)
    differing = frame.join(changes.select("key"), left_on=what.key, right_on="key", how="semi")
    # What comes from a file is no longer made up.
    stamped = differing.with_columns(made=pl.lit(value=False))
    file = path.name[:200]
    if what.table == "vessel_lists":
        stamped = stamped.with_columns(source=pl.lit(file))
    store.upsert(connection, what.table, stamped)
    history.record(connection, what.table, changes, t=now, source=file, user=user)
    added = int((changes["action"] == "added").sum())
    counts = {
        "added": added,
        "updated": changes.height - added,
        "unchanged": frame.height - changes.height,
    }
    return counts, refused


def _silent(what: Table, rows: Rows, frame: pl.DataFrame) -> dict[str, pl.Series]:
    """Return for each column in which of a frame's rows the file says nothing of it."""
    cells = dict(zip(rows.numbers, rows.cells, strict=True))
    told = [cells[number] for number in frame["row"]]
    return {
        one.name: pl.Series([not row.get(one.name) for row in told], dtype=pl.Boolean)
        for one in what.columns
        if one.name in frame.columns
        and one.name != what.key
        and (one.name not in rows.headers or one.default is not None)
    }


def _keeping(
    frame: pl.DataFrame, before: pl.DataFrame, silent: dict[str, pl.Series], *, key: str
) -> pl.DataFrame:
    """Return a frame in which rows that are stored keep what it is ``silent`` of."""
    stored = before.select(key, *(pl.col(name).alias(f"{name} stored") for name in silent))
    stored = stored.with_columns(here=pl.lit(value=True))
    return (
        frame.with_columns(none.alias(f"{name} silent") for name, none in silent.items())
        .join(stored, on=key, how="left", maintain_order="left")
        .with_columns(
            pl.when(pl.col("here") & pl.col(f"{name} silent"))
            .then(pl.col(f"{name} stored"))
            .otherwise(name)
            .alias(name)
            for name in silent
        )
        .select(frame.columns)
    )


def _frame(what: Table, numbers: list[int], values: list[dict[str, Value]]) -> pl.DataFrame:
    kinds = {
        "number": pl.Float64,
        "share": pl.Float64,
        "integer": pl.Int64,
        "date": pl.Date,
        "time": pl.Datetime("ms", "UTC"),
    }
    schema = {
        one.name: kinds.get(one.type, pl.String) for one in what.columns if one.type != "degrees"
    }
    columns = {name: [row.get(name) for row in values] for name in schema}
    return pl.DataFrame({"row": numbers, **columns}, schema={"row": pl.Int64, **schema})


def _with_keys(what: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill keys that the file leaves empty with one that the same row gets again next time."""
    rows = frame.drop("row", what.key).iter_rows(named=True)
    made = [
        key if key is not None else _digest(what.prefix, row)
        for key, row in zip(frame[what.key], rows, strict=True)
    ]
    return frame.with_columns(pl.Series(what.key, made, dtype=pl.String))


def _digest(prefix: str, row: dict[str, object]) -> str:
    # Of what the row holds alone: a column that a later version adds changes no key.
    told = repr([(name, value) for name, value in sorted(row.items()) if value is not None])
    return f"{prefix}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


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


def _once(
    what: Table, rows: Rows, frame: pl.DataFrame, _now: datetime
) -> tuple[pl.DataFrame, list[Refusal]]:
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
    what: Table, rows: Rows, frame: pl.DataFrame, now: datetime
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse what is said to have happened later than now."""
    refused: list[Refusal] = []
    for column in {"incidents": ("t0", "known"), "inspections": ("t",)}.get(what.table, ()):
        late = (pl.col(column) > now).fill_null(value=False)
        refused += _refuse(
            rows,
            frame.filter(late),
            "future",
            lambda row, column=column: f"`{column}` {row[column]} lies in the future",
            "Correct the time; without a zone it is taken in the workspace's own.",
        )
        frame = frame.filter(~late)
    return frame, refused


def _in_order(
    _what: Table, rows: Rows, frame: pl.DataFrame, _now: datetime
) -> tuple[pl.DataFrame, list[Refusal]]:
    """Refuse what ends before it begins."""
    refused: list[Refusal] = []
    for begin, end in (
        ("t0", "t1"),
        ("t0", "known"),
        ("valid_from", "valid_to"),
        ("away_from", "away_to"),
    ):
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


def _sections(
    ws: Workspace,
    connection: Connection,
    frame: pl.DataFrame,
    options: Options,
    path: Path,
    *,
    now: datetime,
    user: str | None,
) -> tuple[dict[str, int], list[str]]:
    """Publish a version with the sections whose cut points the file gives; return its number too.

    A section begins at its cut and runs to the next one along the shoreline. The first cut of an
    open shoreline is put at its beginning; shorelines without a cut hang on the nearest one.
    """
    if frame.is_empty():
        return {"added": 0, "updated": 0}, []
    store.touch(connection, "boundary_versions")
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
    before = read_version(connection, newest(connection))
    sections = frame.unique("section_id", keep="first", maintain_order=True).select(
        "section_id", "name", "name_en"
    )
    day = now.astimezone(ws.config.tz).date()
    begin = options.valid_from or day
    version = publish(
        connection,
        Held(before.version, sections, cuts, placing.hung(connection, cuts)),
        valid_from=begin,
        user=user,
        reason=f"导入 · imported: {path.name[:200]}",
        now=now,
        day=day,
    )
    updated = sections.join(before.sections, on="section_id", how="semi").height
    note = f"岸段第 {version} 版自 {begin} 起生效 · version {version} holds from {begin}"
    return {"added": sections.height - updated, "updated": updated}, [note]
