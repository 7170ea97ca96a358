"""Who the vessels say they are: every version of it, and what holds now."""

import polars as pl
from sqlalchemy import Connection

from ais.identity import kind_expression
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
_SPAN = (pl.col("seen_from").min(), pl.col("seen_to").max())


def condense(statics: pl.DataFrame) -> pl.DataFrame:
    """Return each version of a vessel's statics once, with when it was seen first and last.

    Columns: mmsi, static_key, the fields, seen_from, seen_to. The order of the rows given, and
    how they are split into batches, makes no difference.
    """
    rounded = statics.select(
        pl.col(name).cast(_WIDE.get(name, statics.schema[name])) for name in ("mmsi", "t", *FIELDS)
    ).with_columns(pl.col("length_m", "width_m", "draught_m").round(2))
    key = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("") for name in FIELDS], separator="|"
    )
    return (
        rounded.with_columns(static_key=key, seen_from=pl.col("t"), seen_to=pl.col("t"))
        .group_by("mmsi", "static_key")
        .agg(pl.col(*FIELDS).first(), *_SPAN)
    )


def span(positions: pl.DataFrame) -> pl.DataFrame:
    """Return each MMSI with when it was heard, and whether only as base station or aid."""
    return (
        positions.group_by("mmsi")
        .agg(
            seen_from=pl.col("t").min(),
            seen_to=pl.col("t").max(),
            only_4=(pl.col("msg_type") == 4).all(),
            only_21=(pl.col("msg_type") == 21).all(),
        )
        .with_columns(pl.col("mmsi").cast(pl.Int64))
    )


def register(
    connection: Connection, versions: list[pl.DataFrame], heard: list[pl.DataFrame]
) -> int:
    """Add what a file told of vessels, and return how many vessels are new.

    ``versions`` are results of `condense`, ``heard`` of `span`. Repeating it changes nothing.
    """
    if not versions and not heard:
        return 0
    known = store.read(connection, "vessel_history")
    fresh = pl.concat(versions) if versions else known.clear()
    touched = pl.concat([frame.select("mmsi") for frame in (*versions, *heard)]).unique()
    history = (
        pl.concat([known.join(touched, on="mmsi", how="semi"), fresh.select(known.columns)])
        .group_by("mmsi", "static_key")
        .agg(pl.col(*FIELDS).first(), *_SPAN)
        .sort("mmsi", "seen_to", "static_key")
    )
    store.upsert(connection, "vessel_history", history)
    # The last known value of each field: parts A and B of a class B report come apart.
    now = history.group_by("mmsi", maintain_order=True).agg(
        pl.col(*FIELDS).drop_nulls().last(), *_SPAN
    )
    old = store.read(connection, "vessels").join(touched, on="mmsi", how="semi")
    times = (
        pl.concat([frame.select("mmsi", "seen_from", "seen_to") for frame in (old, now, *heard)])
        .group_by("mmsi")
        .agg(*_SPAN)
    )
    sent = (
        pl.concat(heard).group_by("mmsi").agg(pl.col("only_4", "only_21").all())
        if heard
        else pl.DataFrame(schema={"mmsi": pl.Int64, "only_4": pl.Boolean, "only_21": pl.Boolean})
    )
    vessels = (
        times.join(now.drop("seen_from", "seen_to"), on="mmsi", how="left")
        .join(sent, on="mmsi", how="left")
        .join(old.select("mmsi", was="kind"), on="mmsi", how="left")
        .with_columns(kind=_kind())
        .select("mmsi", "kind", *FIELDS, "seen_from", "seen_to")
        .sort("mmsi")
    )
    return store.upsert(connection, "vessels", vessels)[0]


def _kind() -> pl.Expr:
    """Return what sends: by what it alone ever sent, else by number and name."""
    told = kind_expression(pl.col("mmsi"), pl.col("name"))
    kind = told
    for flag, name in (("only_4", "base station"), ("only_21", "aid")):
        still = pl.col("was").is_null() | (pl.col("was") == name)
        only = pl.col(flag).fill_null(pl.col("was") == name).fill_null(value=False)
        kind = pl.when(only & still).then(pl.lit(name)).otherwise(kind)
    return kind
