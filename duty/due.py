"""List what is due: inspections past their cadence, facilities out of order."""

from datetime import date
from zoneinfo import ZoneInfo

import polars as pl


def last_inspected(inspections: pl.DataFrame, day: date, *, tz: ZoneInfo) -> pl.DataFrame:
    """Return the local day of each object's newest inspection up to and on a day.

    ``inspections`` has ``object_kind, object_id, t`` (UTC); the result ``object_kind, object_id,
    last_inspected``.
    """
    local = pl.col("t").cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(tz.key).dt.date()
    return (
        inspections.select("object_kind", "object_id", last_inspected=local)
        .filter(pl.col("last_inspected") <= day)
        .group_by("object_kind", "object_id")
        .agg(pl.col("last_inspected").max())
    )


def due(
    places: pl.DataFrame, inspections: pl.DataFrame, day: date, *, tz: ZoneInfo
) -> pl.DataFrame:
    """Return what is due for inspection on a day, the longest overdue first.

    Parameters
    ----------
    places : polars.DataFrame
        ``object_kind`` (wharf|risk_point), ``object_id, cadence_days``; other columns are kept.
        A place without a cadence is never due.
    inspections : polars.DataFrame
        ``object_kind, object_id, t`` (UTC); later ones than the day are not looked at.
    day : date
        The local day.
    tz : ZoneInfo
        The county's time zone.

    Returns
    -------
    polars.DataFrame
        The places with ``last_inspected``, ``days_since``, ``days_overdue`` (0 is due today) and
        ``state``: overdue, due, or never (no inspection on record; its days are null; first).
    """
    since = (pl.lit(day) - pl.col("last_inspected")).dt.total_days()
    return (
        places.filter(pl.col("cadence_days") > 0)
        .join(
            last_inspected(inspections, day, tz=tz),
            on=["object_kind", "object_id"],
            how="left",
            maintain_order="left",
        )
        .with_columns(days_since=since)
        .with_columns(days_overdue=pl.col("days_since") - pl.col("cadence_days"))
        .filter(pl.col("days_overdue").is_null() | (pl.col("days_overdue") >= 0))
        .with_columns(
            state=pl.when(pl.col("days_overdue").is_null())
            .then(pl.lit("never"))
            .when(pl.col("days_overdue") > 0)
            .then(pl.lit("overdue"))
            .otherwise(pl.lit("due"))
        )
        .sort(
            ["days_overdue", "object_kind", "object_id"],
            descending=[True, False, False],
            nulls_last=False,
        )
    )


def out_of_order(facilities: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return facilities that are broken or missing on a day, the longest first.

    Adds ``days_out``; where nobody knows since when it is null, and those come last.
    """
    since = pl.col("status_since").cast(pl.Date)
    return (
        facilities.filter(
            pl.col("status").is_in(["broken", "missing"]) & (since.is_null() | (since <= day))
        )
        .with_columns(days_out=(pl.lit(day) - since).dt.total_days())
        .sort(["days_out", "facility_id"], descending=[True, False], nulls_last=True)
    )
