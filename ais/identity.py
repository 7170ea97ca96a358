"""Tell what kind of transmitter an MMSI and its name belong to."""

import polars as pl

KINDS = ("vessel", "net beacon", "base station", "aid", "SAR", "group")

NET_BEACON_NAME = (
    r"(?i)(\d\s*%$)|(\d\s*V$)|^\s*(FISH\s*)?NET\b|^\s*NET\s*(MARK|BUOY)|^\s*BUOY\b"
    r"|^\s*WANG\s?(BIAO|WEI)|网"
)
"""Names that fishing-net beacons broadcast: a battery level in % or V at the end, NET, BUOY,
or the Chinese for it. The level is what Global Fishing Watch tells gear from boats by
(Kroodsma et al., "Tracking the global footprint of fisheries", Science 359, 2018,
supplementary materials)."""


def kind_expression(mmsi: pl.Expr, name: pl.Expr) -> pl.Expr:
    """Return the kind for columns of MMSIs and names (null where unknown).

    The ranges are ITU-R M.585-9's: 00MIDxxxx coast stations, 0MIDxxxxx groups of ships,
    111MIDxxx aircraft on search and rescue, 970/972/974 locating devices, 99MIDxxxx aids.
    Any other number is a vessel: one that no administration gives out may well be a boat
    with a device set up by hand. A craft with a parent ship (98MIDxxxx) is a vessel, too.
    """
    beacon = name.str.contains(NET_BEACON_NAME).fill_null(value=False)
    million = mmsi // 1_000_000
    return (
        pl.when(mmsi < 10_000_000)
        .then(pl.lit("base station"))
        .when(mmsi < 100_000_000)
        .then(pl.lit("group"))
        .when((million == 111) | million.is_in([970, 972, 974]))
        .then(pl.lit("SAR"))
        .when(million.is_between(990, 999))
        .then(pl.lit("aid"))
        .when(beacon)
        .then(pl.lit("net beacon"))
        .otherwise(pl.lit("vessel"))
    )


def kind_of(mmsi: int, name: str | None = None) -> str:
    """Return the kind of one MMSI, one of ``KINDS``."""
    one = pl.select(kind_expression(pl.lit(mmsi, pl.UInt32), pl.lit(name, pl.String)))
    return str(one.item())


def kinds(positions: pl.DataFrame, statics: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each MMSI: ``mmsi, kind, name, ship_type, length_m``.

    Beside number and name, what it sends counts: an MMSI heard only as a base station (type
    4) or only as an aid (type 21) is one, whatever its number. The last known value of each
    field is given.
    """
    sends = positions.group_by("mmsi").agg(
        (pl.col("msg_type") == 4).all().alias("only_4"),
        (pl.col("msg_type") == 21).all().alias("only_21"),
    )
    last = (
        statics.sort("t")
        .group_by("mmsi")
        .agg(pl.col("name", "ship_type", "length_m").drop_nulls().last())
    )
    return (
        sends.join(last, on="mmsi", how="left")
        .with_columns(
            pl.when(pl.col("only_4"))
            .then(pl.lit("base station"))
            .when(pl.col("only_21"))
            .then(pl.lit("aid"))
            .otherwise(kind_expression(pl.col("mmsi"), pl.col("name")))
            .alias("kind")
        )
        .select("mmsi", "kind", "name", "ship_type", "length_m")
        .sort("mmsi")
    )
