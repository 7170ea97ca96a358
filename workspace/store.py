"""Whole tables in and out of the database, as polars frames and as layers."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import shapely
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Select,
    Table,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert as insert_on_postgres
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from workspace import db
from workspace.columns import UtcDateTime

Frame = pl.DataFrame | gpd.GeoDataFrame
Target = Engine | Connection
Condition = ColumnElement[bool]
# SQLite takes no more than some hundred values in one condition of old, and a thousand suffice.
_AT_ONCE = 1_000
# PostgreSQL keeps no NUL in a text, and no UTF-8 has half a surrogate pair.
_NUL, _REPLACEMENT = "\0", "\ufffd"
_UNSOUND = re.compile("[\0\ud800-\udfff]")


@contextmanager
def _writing(target: Target) -> Iterator[Connection]:
    """Write inside the caller's transaction, or in one of our own."""
    if isinstance(target, Connection):
        yield target
    else:
        with db.writing(target) as connection:
            yield connection


@contextmanager
def _reading(target: Target) -> Iterator[Connection]:
    if isinstance(target, Connection):
        yield target
    else:
        with target.connect() as connection:
            yield connection


def table_of(name: str) -> Table:
    """Return the table called ``name``; raise KeyError naming those there are."""
    try:
        return db.metadata.tables[name]
    except KeyError:
        known = ", ".join(sorted(db.metadata.tables))
        raise KeyError(f"`table` was {name!r} but is expected to be in {{{known}}}") from None


def _columns_of(frame: Frame, table: Table) -> dict[str, list[Any]]:
    """Return a frame's columns as lists of plain values, checked against the table's.

    Columns that the table lacks raise KeyError; NaN becomes None; geometry becomes WKB; nested
    values become JSON; texts become `sound`; in `segments` the order of the rows is kept as
    `position`.
    """
    columns: dict[str, list[Any]] = {}
    if isinstance(frame, gpd.GeoDataFrame):
        wgs84 = frame if frame.crs is None or frame.crs == 4326 else frame.to_crs(4326)
        for name in wgs84.columns:
            if name == wgs84.geometry.name:
                columns["geometry"] = list(shapely.to_wkb(wgs84.geometry.to_numpy(), byte_order=1))
            else:
                columns[str(name)] = [_plain(value) for value in wgs84[name].tolist()]
    else:
        for series in frame:
            columns[series.name] = _from_polars(series).to_list()
    if table.name == "segments" and "position" not in columns:
        columns["position"] = list(range(len(frame)))
    strangers = set(columns) - set(table.columns.keys())
    if strangers:
        raise KeyError(
            f"`{table.name}` has no column {sorted(strangers)}; it has {table.columns.keys()}"
        )
    return columns


def sound(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose texts are as the databases keep them: U+FFFD for each NUL."""
    return frame.with_columns(_sound_text(one) for one in frame if one.dtype == pl.String)


def sound_text(text: str) -> str:
    """Return a text with U+FFFD for each NUL and each half of a surrogate pair."""
    return _UNSOUND.sub(_REPLACEMENT, text)


def _sound_text(series: pl.Series) -> pl.Series:
    # Looking is five times faster than replacing, and there is next to never anything to replace.
    if not series.str.contains(_NUL, literal=True).any():
        return series
    return series.str.replace_all(_NUL, _REPLACEMENT, literal=True)


def _from_polars(series: pl.Series) -> pl.Series:
    """Return a column with NaN as null, sound texts and nested values as JSON text."""
    if series.dtype.is_float():
        return series.fill_nan(None)
    if series.dtype == pl.String:
        return _sound_text(series)
    if not series.dtype.is_nested():
        return series
    if isinstance(series.dtype, pl.Array):
        series = series.arr.to_list()
    # Encoding a whole column inside a struct is ten times faster than value by value.
    text = pl.struct(series.alias("v")).struct.json_encode()
    wrapped = pl.select(text.str.slice(5, text.str.len_chars() - 6)).to_series()
    return wrapped.set(series.is_null(), None)


def _insert(
    connection: Connection,
    table: Table,
    columns: dict[str, list[Any]],
    *,
    into: str | None = None,
) -> None:
    """Insert rows given by column, into a table of this form that may have another name."""
    name_of = into or table.name
    # Past SQLAlchemy's dictionary per row: half the time on SQLite, a quarter on PostgreSQL.
    for column in table.columns:
        if column.name in columns:
            if isinstance(column.type, UtcDateTime) and connection.dialect.name == "sqlite":
                columns[column.name] = [UtcDateTime.as_text(v) for v in columns[column.name]]
                continue
            bind = column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
            if bind is not None:
                columns[column.name] = [bind(value) for value in columns[column.name]]
        elif column.default is not None and column.default.is_scalar:
            columns[column.name] = [column.default.arg] * len(next(iter(columns.values())))
    names = ",".join(f'"{name}"' for name in columns)
    rows = zip(*columns.values(), strict=True)
    if connection.dialect.name == "postgresql":
        _copy(connection, f'COPY "{name_of}" ({names}) FROM STDIN', rows)
        return
    marks = ",".join("?" * len(columns))
    connection.exec_driver_sql(f'INSERT INTO "{name_of}" ({names}) VALUES ({marks})', list(rows))


def _copy(connection: Connection, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Hand rows to PostgreSQL's COPY; an error of the driver becomes SQLAlchemy's like of it."""
    error_of_driver = connection.dialect.loaded_dbapi.Error
    try:
        with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except error_of_driver as error:
        raise DBAPIError.instance(
            statement, None, error, error_of_driver, dialect=connection.dialect
        ) from error


def _plain(value: object) -> object:
    """Return a pandas cell as a plain Python value."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, str):
        return sound_text(value)
    if value is None or isinstance(value, (bool, int, list, dict, bytes)):
        return value
    if value is pd.NA or value != value:
        return None
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def write(
    target: Target,
    name: str,
    frame: Frame,
    *,
    replace: bool = False,
    where: Condition | None = None,
) -> int:
    """Add a frame's rows to a table and return how many there were.

    With ``replace`` the table is emptied first, or those of its rows that fit ``where`` (a
    SQLAlchemy condition), in the same transaction.
    """
    table = table_of(name)
    columns = _columns_of(frame, table)
    with _writing(target) as connection:
        if replace:
            statement = delete(table)
            connection.execute(statement if where is None else statement.where(where))
        if len(frame):
            _insert(connection, table, columns)
        touch(connection, name)
    return len(frame)


def clear(target: Target, name: str, *, where: Condition | None = None) -> None:
    """Take out a table's rows, or those that fit ``where``."""
    statement = delete(table_of(name))
    with _writing(target) as connection:
        connection.execute(statement if where is None else statement.where(where))
        touch(connection, name)


def forget(target: Target, name: str, column: str, ids: Sequence[str]) -> None:
    """Take out the rows of a table that bear one of some ids, however many."""
    for start in range(0, len(ids), _AT_ONCE):
        clear(target, name, where=table_of(name).c[column].in_(ids[start : start + _AT_ONCE]))


def upsert(target: Target, name: str, frame: Frame) -> tuple[int, int]:
    """Add rows, or update those whose key is there already; return (added, updated)."""
    table = table_of(name)
    if not len(frame):
        return 0, 0
    keys = [column.name for column in table.primary_key]
    columns = _columns_of(frame, table)
    if not isinstance(frame, pl.DataFrame) or frame.select(keys).n_unique() < frame.height:
        columns = _last_of_each(columns, keys)
    with _writing(target) as connection:
        before = connection.scalar(select(func.count()).select_from(table)) or 0
        _merge(connection, table, columns, keys)
        after = connection.scalar(select(func.count()).select_from(table)) or 0
        touch(connection, name)
    added = after - before
    return added, len(frame) - added


def _last_of_each(columns: dict[str, list[Any]], keys: list[str]) -> dict[str, list[Any]]:
    """Return the columns with the last row of each key alone."""
    told = zip(*(columns[key] for key in keys), strict=True)
    rows = sorted({key: row for row, key in enumerate(told)}.values())
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def _merge(
    connection: Connection, table: Table, columns: dict[str, list[Any]], keys: list[str]
) -> None:
    """Insert rows beside the table and take them over at once, five times faster."""
    beside = "_upsert"
    if connection.dialect.name == "postgresql":
        like = f'CREATE TEMP TABLE "{beside}" (LIKE "{table.name}" INCLUDING DEFAULTS)'
    else:
        like = f'CREATE TEMP TABLE "{beside}" AS SELECT * FROM "{table.name}" WHERE 0'
    connection.exec_driver_sql(like)
    _insert(connection, table, columns, into=beside)
    names = ",".join(f'"{name}"' for name in columns)
    changed = [f'"{name}"=excluded."{name}"' for name in columns if name not in keys]
    action = f"UPDATE SET {','.join(changed)}" if changed else "NOTHING"
    key = ",".join(f'"{name}"' for name in keys)
    connection.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "{beside}" WHERE true '
        f"ON CONFLICT ({key}) DO {action}"
    )
    connection.exec_driver_sql(f'DROP TABLE "{beside}"')


def read(
    target: Target,
    name: str,
    *,
    where: Condition | None = None,
    columns: Sequence[str] | None = None,
    order: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Read a table, or those rows that fit ``where`` (a SQLAlchemy condition).

    Times are UTC with milliseconds, geometry is WKB, nested values are JSON text. Rows come in
    the order of the key (segments: along the shore), so that two databases answer alike.
    """
    table = table_of(name)
    chosen = [table.c[column] for column in (columns or table.columns.keys())]
    if name == "segments" and columns is None:
        chosen = [column for column in chosen if column.name != "position"]
    statement: Select[Any] = select(*chosen)
    if where is not None:
        statement = statement.where(where)
    by = [table.c[column] for column in order or _order(name, table)]
    with _reading(target) as connection:
        rows = connection.execute(statement.order_by(*by)).fetchall()
    schema = {column.name: _dtype(column.type) for column in chosen}
    # Column by column is three times faster in polars than row by row.
    values = list(zip(*rows, strict=True)) if rows else [[] for _ in chosen]
    return pl.DataFrame(
        [
            pl.Series(key, list(column), dtype=dtype, strict=False)
            for (key, dtype), column in zip(schema.items(), values, strict=True)
        ]
    )


def _order(name: str, table: Table) -> list[str]:
    return ["position"] if name == "segments" else [column.name for column in table.primary_key]


def layer(
    target: Target,
    name: str,
    *,
    where: Condition | None = None,
    columns: Sequence[str] | None = None,
    order: Sequence[str] | None = None,
) -> gpd.GeoDataFrame:
    """Read a table that has a place, as a layer in EPSG:4326."""
    return to_layer(read(target, name, where=where, columns=columns, order=order))


def to_layer(frame: pl.DataFrame) -> gpd.GeoDataFrame:
    """Return a frame with a WKB column `geometry` as a layer in EPSG:4326."""
    rest = {column: frame[column].to_list() for column in frame.columns if column != "geometry"}
    shapes = shapely.from_wkb(np.array(frame["geometry"].to_list(), dtype=object))
    numeric = {
        column: frame[column].to_numpy() for column in rest if frame[column].dtype.is_numeric()
    }
    return gpd.GeoDataFrame({**rest, **numeric}, geometry=shapes, crs=4326)


def count(target: Target, name: str, *, where: Condition | None = None) -> int:
    """Count a table's rows, or those that fit ``where``."""
    statement = select(func.count()).select_from(table_of(name))
    with _reading(target) as connection:
        return int(connection.scalar(statement if where is None else statement.where(where)) or 0)


def version(target: Target, *names: str) -> tuple[int, ...]:
    """Return how often each table was written; a cache of them is stale when it differs."""
    statement = select(db.versions.c.name, db.versions.c.version)
    with _reading(target) as connection:
        known: Mapping[str, int] = dict(connection.execute(statement).all())
    return tuple(known.get(name, 0) for name in names)


def touch(connection: Connection, name: str) -> None:
    """Note that a table is written; others who write it wait until this transaction ends.

    Called first thing, it makes writers take their turns: each sees what the one before wrote.
    """
    on_postgres = connection.dialect.name == "postgresql"
    statement: Any = (insert_on_postgres if on_postgres else insert_on_sqlite)(db.versions)
    connection.execute(
        statement.values(name=name, version=1).on_conflict_do_update(
            index_elements=["name"], set_={"version": db.versions.c.version + 1}
        )
    )


def as_json(value: object) -> str:
    """Return nested values as the JSON text that the tables keep."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _dtype(kind: TypeEngine[Any]) -> pl.DataType | type[pl.DataType]:
    """Return the polars type of a column."""
    inner = getattr(kind, "impl", kind)
    for base, dtype in (
        (Boolean, pl.Boolean),
        (Integer, pl.Int64),
        (Float, pl.Float64),
        (Date, pl.Date),
        (DateTime, pl.Datetime("ms", "UTC")),
        (LargeBinary, pl.Binary),
    ):
        if isinstance(inner, base):
            return dtype
    return pl.String
