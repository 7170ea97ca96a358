"""Who the vessels say they are: every version of it, and what holds now."""

import polars as pl
from sqlalchemy import Connection

from ais.identity import kind_expression, why_expression
from workspace import store

FIELDS = ("imo", "name", "callsign", "ship_type", "length_m", "width_m", "draught_m")
_WIDE = {
    "mmsi": pl.Int64,
    "imo": pl.Int64,
    "ship_type": pl.Int64,
    "length_m": pl.Float64,
    "width_m": pl.Float64,
    "draught_m": pl.Float64,
}
_METRES = ("length_m", "width_m", "draught_m")
_NAMED = 1_000
_SPAN = (pl.col("seen_from").min(), pl.col("seen_to").max())
_ONLY = (("only_4", "base station", "only_type_4"), ("only_21", "aid", "only_type_21"))
_FACTS = ("only_4", "only_21")


def condense(statics: pl.DataFrame) -> pl.DataFrame:
    """Return each version of a vessel's statics once, with when it was seen first and last.

    Columns: mmsi, the fields, seen_from, seen_to. The order of the rows given, and how they are
    split into batches, makes no difference.
    """
    return versions_together(
        statics.select(
            *(
                pl.col(name).cast(_WIDE.get(name, statics.schema[name]))
                for name in ("mmsi", *FIELDS)
            ),
            seen_from="t",
            seen_to="t",
        ).with_columns(pl.col(_METRES).round(2))
    )


def versions_together(versions: pl.DataFrame) -> pl.DataFrame:
    """Return results of ``condense`` as one."""
    return versions.group_by("mmsi", *FIELDS).agg(*_SPAN)


def _keyed(versions: pl.DataFrame) -> pl.DataFrame:
    """Add ``static_key``: the fields as text, in which a version differs from all others."""
    key = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in FIELDS], separator="|"
    )
    return versions.with_columns(static_key=key)


def lock(connection: Connection) -> None:
    """Keep others from changing `vessels` until the transaction ends; they may read on.

    What a row becomes depends on what it was, so that two who read it at once would each undo
    what the other wrote. SQLite's writers are alone from their first statement.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql('LOCK TABLE "vessels" IN SHARE ROW EXCLUSIVE MODE')


def register(connection: Connection, fresh: pl.DataFrame | None, heard: pl.DataFrame) -> int:
    """Add what a file told of vessels, and return how many vessels are new.

    ``fresh`` is a result of `condense`, ``heard`` has mmsi, seen_from, seen_to, only_4 and
    only_21 (whether all positions it sent are of these types). Repeating it changes nothing, nor
    does the order of files. Others who call it wait from here on until the transaction ends.
    """
    lock(connection)
    named = heard if fresh is None else pl.concat([heard.select("mmsi"), fresh.select("mmsi")])
    touched = named["mmsi"].unique()
    if touched.is_empty():
        return 0
    known = _of(connection, "vessel_history", touched)
    told = known.clear() if fresh is None else _keyed(store.sound(fresh)).select(known.columns)
    history = (
        pl.concat([known, told])
        .group_by("mmsi", "static_key")
        .agg(pl.col(*FIELDS).first(), *_SPAN)
        .sort("mmsi", "seen_to", "static_key")
    )
    store.upsert(connection, "vessel_history", history)
    # The last known value of each field: parts A and B of a class B report come apart.
    now = history.group_by("mmsi", maintain_order=True).agg(
        pl.col(*FIELDS).drop_nulls().last(), *_SPAN
    )
    old = _of(connection, "vessels", touched)
    nothing = [pl.lit(None, pl.Boolean).alias(name) for name in _FACTS]
    times = (
        pl.concat(
            frame.select("mmsi", "seen_from", "seen_to", *_FACTS)
            for frame in (old, now.with_columns(nothing), heard)
        )
        .group_by("mmsi")
        .agg(*_SPAN, pl.col(_FACTS).min())
    )
    vessels = (
        times.join(now.drop("seen_from", "seen_to"), on="mmsi", how="left")
        .join(old.select("mmsi", was="kind", was_for="why"), on="mmsi", how="left")
        .with_columns(_judged(whole=False), _judged(whole=True))
        .select("mmsi", "kind", "why", *_FACTS, *FIELDS, "seen_from", "seen_to")
        .sort("mmsi")
    )
    return store.upsert(connection, "vessels", vessels)[0]


def _of(connection: Connection, name: str, mmsi: pl.Series) -> pl.DataFrame:
    """Read what a table has of some vessels; past a thousand the whole table is read sooner."""
    where = None
    if len(mmsi) <= _NAMED:
        where = store.table_of(name).c.mmsi.in_(mmsi.to_list())
    return store.read(connection, name, where=where).filter(pl.col("mmsi").is_in(mmsi.implode()))


def _judged(*, whole: bool) -> pl.Expr:
    """Return what sends (``kind``), or with ``whole`` the codes of why it is held for that.

    What all positions that it ever sent are of goes first; what detection found by how it moves
    stays; else number and name tell.
    """
    number, name = pl.col("mmsi"), pl.col("name")
    by_name = (why_expression if whole else kind_expression)(number, name)
    drifts = pl.col("was_for").str.contains("drifts").fill_null(value=False)
    verdict = pl.when(drifts).then("was_for" if whole else "was").otherwise(by_name)
    for flag, kind, code in _ONLY:
        only = pl.col(flag).fill_null(value=False)
        verdict = pl.when(only).then(pl.lit(code if whole else kind)).otherwise(verdict)
    return verdict.alias("why" if whole else "kind")
