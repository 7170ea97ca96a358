"""Count on every day at once what overlaps: spans of days as steps, without a loop over days."""

import polars as pl

_DAY = pl.duration(days=1)


def steps(spans: pl.DataFrame, by: list[str], counters: list[str]) -> pl.DataFrame:
    """Return how many spans of each kind hold, for every stretch of days in which none changes.

    Parameters
    ----------
    spans : polars.DataFrame
        ``by``, ``counter`` (one of ``counters``), ``first``, ``last`` (dates; both days count).
    by : list of str
        Columns that tell groups apart.
    counters : list of str
        The kinds that are counted, each into a column of its name.

    Returns
    -------
    polars.DataFrame
        ``by, first, last`` and ``counters``; from a group's first day to its last, no gap between.
    """
    ends = [
        spans.select(*by, "counter", first="first", change=pl.lit(1, dtype=pl.Int64)),
        spans.select(*by, "counter", first=pl.col("last") + _DAY, change=pl.lit(-1, pl.Int64)),
    ]
    return (
        pl.concat(ends)
        .group_by(*by, "first")
        .agg(
            pl.col("change").filter(pl.col("counter") == counter).sum().alias(counter)
            for counter in counters
        )
        .sort(*by, "first")
        .with_columns(
            pl.col(counters).cum_sum().over(by),
            last=pl.col("first").shift(-1).over(by) - _DAY,
        )
        .drop_nulls("last")
        .select(*by, "first", "last", *counters)
    )


def joined(found: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Return ``by, first, last`` with spans that follow each other day on day made one."""
    return (
        found.sort(*by, "first")
        .with_columns(
            run=(pl.col("first") != pl.col("last").shift(1) + _DAY)
            .fill_null(value=True)
            .cum_sum()
            .over(by)
        )
        .group_by(*by, "run")
        .agg(pl.col("first").min(), pl.col("last").max())
        .sort(*by, "first")
        .drop("run")
    )


def clipped(spans: pl.DataFrame, first: pl.Expr, last: pl.Expr) -> pl.DataFrame:
    """Return spans within two days; an open end (null) reaches to them, what is outside goes."""
    return spans.with_columns(
        first=pl.max_horizontal(pl.col("first").fill_null(first), first),
        last=pl.min_horizontal(pl.col("last").fill_null(last), last),
    ).filter(pl.col("first") <= pl.col("last"))
