"""Tell what kind of transmitter an MMSI and what it sends belong to, and why."""

import polars as pl

from ais._plane import METRES_PER_DEGREE

SIGNS = pl.Schema(
    {
        "mmsi": pl.UInt32(),
        "only_4": pl.Boolean(),
        "only_21": pl.Boolean(),
        "drift_lon": pl.Float64(),
        "drift_lat": pl.Float64(),
    }
)
"""Whether all that an MMSI sends is of type 4, or 21; and where it is, if it drifts as net beacons
do (null if not)."""
KINDS = ("vessel", "craft", "handheld", "net beacon", "base station", "aid", "SAR", "group")
MOVERS = ("vessel", "craft", "handheld")
"""Kinds whose movements are somebody's doings: a craft (98MID) belongs to a parent ship."""

BATTERY_NAME = r"(?i)\d\s*%\s*$|\d\s*V\d?\s*$|\d[.,]\d\s*V\b"
"""A name with a battery level at its end."""
NET_NAME = (
    r"(?i)^\s*(FISH(ING)?[\s_-]*)?(NETS?|BUOY|BOUY)[\s_#.-]*(\d|$)"
    r"|^\s*NET[\s_-]*(MARK|BUOY|FISHING)|^\s*WANG\s?(BIAO|WEI)|网|^\s*\d+-\d+\s*$"
)
"""Names that say net or buoy, Chinese too, and no more than a number; or two bare numbers.

Both patterns follow Global Fishing Watch's list of likely gear (Kroodsma et al., "Tracking the
global footprint of fisheries", Science 359, 2018, and their published queries). NET PROFIT and
YEAH BUOY are boats."""

SLOW_KN = 3.0
LONG_H = 12.0
_MIN_REPORTS = 20
_FAST_SHARE = 0.01
_MIN_EXTENT_M = 500.0
_COHERENT = 0.5
_FAMILY = 3
_FAMILY_DIGITS = 100
_FAMILY_DEG = 0.2
_BIG_M = 15.0


def _number(mmsi: pl.Expr) -> tuple[tuple[pl.Expr, str, str], ...]:
    """Return which numbers are of which kind, with the code of the reason (ITU-R M.585-9).

    MID stands for a country's digits, 2.. to 7..: 00712703 has none and is no coast station.
    """

    def mid(of: pl.Expr) -> pl.Expr:
        return of.is_between(200, 799)

    million = mmsi // 1_000_000
    return (
        ((mmsi < 10_000_000) & mid(mmsi // 10_000), "base station", "number_00mid"),
        ((mmsi < 100_000_000) & mid(mmsi // 100_000), "group", "number_0mid"),
        ((million == 111) & mid(mmsi // 1_000 % 1_000), "SAR", "number_111mid"),
        (million.is_in([970, 972, 974]), "SAR", "number_97x"),
        (million.is_between(992, 997), "aid", "number_99mid"),
    )


def _weak_number(mmsi: pl.Expr) -> tuple[tuple[pl.Expr, str, str], ...]:
    """Return what a number tells where the name does not say more."""
    million = mmsi // 1_000_000
    return (
        (million == 979, "net beacon", "number_979"),
        (million.is_between(982, 987), "craft", "number_98mid"),
        (million.is_between(820, 879), "handheld", "number_8mid"),
        (million.is_between(200, 799), "vessel", "number_mid"),
    )


def _verdict(mmsi: pl.Expr, name: pl.Expr, *, why: bool) -> pl.Expr:
    """Return the kind, or the code of the reason for it."""
    rules = (
        *_number(mmsi),
        (name.str.contains(BATTERY_NAME).fill_null(value=False), "net beacon", "name_battery"),
        (name.str.contains(NET_NAME).fill_null(value=False), "net beacon", "name_net"),
        *_weak_number(mmsi),
    )
    said = [pl.when(holds).then(pl.lit(code if why else kind)) for holds, kind, code in rules]
    return pl.coalesce(*said, pl.lit("number_unassigned" if why else "vessel"))


def kind_expression(mmsi: pl.Expr, name: pl.Expr) -> pl.Expr:
    """Return the kind for columns of MMSIs and names (null where unknown).

    A number that no administration gives out is a vessel: it may well be a boat with a device
    set up by hand.
    """
    return _verdict(mmsi, name, why=False)


def why_expression(mmsi: pl.Expr, name: pl.Expr) -> pl.Expr:
    """Return the code of the reason for `kind_expression`; docs/cleaning.md explains each."""
    return _verdict(mmsi, name, why=True)


def kind_of(mmsi: int, name: str | None = None) -> str:
    """Return the kind of one MMSI, one of ``KINDS``."""
    one = pl.select(kind_expression(pl.lit(mmsi, pl.UInt32), pl.lit(name, pl.String)))
    return str(one.item())


def kinds(positions: pl.DataFrame, statics: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each MMSI: ``mmsi, kind, name, ship_type, length_m, why``.

    See `kinds_of`, of all ``signs`` in these positions.
    """
    return kinds_of(signs(positions), statics)


def kinds_of(signs: pl.DataFrame, statics: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each MMSI: ``mmsi, kind, name, ship_type, length_m, why``.

    Beside number and name, what it sends and how it moves count: an MMSI heard only as a base
    station (type 4) or only as an aid (type 21) is one, whatever its number; one that drifts as
    beacons do (`beacon_like`) is one if its number was given by no administration or is one of
    a family, and nothing says that it is a ship (IMO number, 15 m of length). The last known
    value of each field is given. ``why`` has the codes of the reasons, separated by blanks.
    """
    last = (
        statics.sort("t")
        .group_by("mmsi")
        .agg(pl.col("name", "ship_type", "length_m", "imo").drop_nulls().last())
    )
    drifting = beacon_like(signs).rename({"why": "drift"})
    number, name = pl.col("mmsi"), pl.col("name")
    by_number = why_expression(number, name)
    a_ship = pl.col("imo").is_not_null() | (pl.col("length_m") >= _BIG_M).fill_null(value=False)
    suspect = (by_number == "number_unassigned") | pl.col("drift").str.contains("family")
    beacon = suspect & by_number.is_in(["number_unassigned", "number_mid"]) & a_ship.not_()
    drift_beacon = (pl.col("drift").is_not_null() & beacon).fill_null(value=False)
    return (
        signs.select("mmsi", "only_4", "only_21")
        .join(last, on="mmsi", how="left")
        .join(drifting, on="mmsi", how="left")
        .with_columns(
            pl.when(pl.col("only_4"))
            .then(pl.lit("base station"))
            .when(pl.col("only_21"))
            .then(pl.lit("aid"))
            .when(drift_beacon)
            .then(pl.lit("net beacon"))
            .otherwise(kind_expression(number, name))
            .alias("kind"),
            pl.when(pl.col("only_4"))
            .then(pl.lit("only_type_4"))
            .when(pl.col("only_21"))
            .then(pl.lit("only_type_21"))
            .otherwise(pl.concat_str([by_number, "drift"], separator=" ", ignore_nulls=True))
            .alias("why"),
        )
        .select("mmsi", "kind", "name", "ship_type", "length_m", "why")
        .sort("mmsi")
    )


def signs(positions: pl.DataFrame) -> pl.DataFrame:
    """Return what the positions of each MMSI tell of its kind: ``SIGNS``, by mmsi.

    An MMSI drifts as net beacons do that over 12 hours or more is heard as class B only; with 99
    reports in 100 below 3 kn; carried over half a kilometre or more (a boat at its berth is not);
    and with no heading that its course keeps to.
    """
    lon, lat = pl.col("lon"), pl.col("lat")
    east = (lon - lon.first() + 180).mod(360) * lat.mean().radians().cos() * METRES_PER_DEGREE
    turn = (pl.col("cog_deg") - pl.col("heading_deg")).radians().cast(pl.Float64)
    coherence = (turn.sin().mean() ** 2 + turn.cos().mean() ** 2).sqrt()
    quiet = (
        positions.filter((pl.col("cls") == "B").all().over("mmsi"))
        .group_by("mmsi")
        .agg(
            pl.len().alias("n"),
            (pl.col("t").max() - pl.col("t").min()).alias("span"),
            (pl.col("sog_kn") >= SLOW_KN).fill_null(value=False).mean().alias("fast"),
            pl.max_horizontal(
                east.max() - east.min(), (lat.max() - lat.min()) * METRES_PER_DEGREE
            ).alias("extent_m"),
            coherence.alias("coherence"),
            lon.median().alias("drift_lon"),
            lat.median().alias("drift_lat"),
        )
        .filter(
            (pl.col("n") >= _MIN_REPORTS)
            & (pl.col("span") >= pl.duration(minutes=round(60 * LONG_H)))
            & (pl.col("fast") <= _FAST_SHARE)
            & (pl.col("extent_m") >= _MIN_EXTENT_M)
            & (pl.col("coherence").is_null() | (pl.col("coherence") < _COHERENT))
        )
    )
    return (
        positions.group_by("mmsi")
        .agg(
            (pl.col("msg_type") == 4).all().alias("only_4"),
            (pl.col("msg_type") == 21).all().alias("only_21"),
        )
        .join(quiet.select("mmsi", "drift_lon", "drift_lat"), on="mmsi", how="left")
        .cast(SIGNS)
        .sort("mmsi")
    )


def beacon_like(signs: pl.DataFrame) -> pl.DataFrame:
    """Return the MMSIs that behave as net beacons do: ``mmsi, why``, given ``SIGNS``.

    This is a sign and no verdict: a boat may lie to a net for a day. ``why`` is ``drifts``, or
    ``drifts family`` where two more such MMSIs with the same seven first digits are within 0.2
    degrees: makers preset numbers in series.
    """
    lon, lat = pl.col("drift_lon"), pl.col("drift_lat")
    quiet = signs.filter(lon.is_not_null())
    series = quiet.with_columns(pl.col("mmsi") // _FAMILY_DIGITS).with_columns(
        ((lon - lon.median()).abs() <= _FAMILY_DEG / 2).over("mmsi").alias("_lon"),
        ((lat - lat.median()).abs() <= _FAMILY_DEG / 2).over("mmsi").alias("_lat"),
    )
    together = series["_lon"] & series["_lat"]
    size = series.with_columns(together.alias("_in")).select(pl.col("_in").sum().over("mmsi"))
    family = together & (size["_in"] >= _FAMILY)
    return quiet.select(
        "mmsi",
        pl.when(family).then(pl.lit("drifts family")).otherwise(pl.lit("drifts")).alias("why"),
    ).sort("mmsi")
