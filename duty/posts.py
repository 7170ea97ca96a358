"""Say who answers for a section, a wharf or a zone on a given day."""

from datetime import date

import polars as pl

CHIEF = "section_chief"
ZONE_CHIEFS = pl.Schema(
    {
        "zone_id": pl.String(),
        "section_id": pl.String(),
        "km": pl.Float64(),
        "post_id": pl.String(),
        "name": pl.String(),
        "unit": pl.String(),
        "duty_phone": pl.String(),
    }
)


def in_force(posts: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return the posts in force on a day; ``valid_to`` is the last day, null means open."""
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    lasting = pl.col("valid_to").is_null() | (pl.col("valid_to") >= day)
    return posts.filter(begun & lasting)


def who(posts: pl.DataFrame, object_kind: str, object_id: str, day: date) -> pl.DataFrame:
    """Return the posts in force for one section or wharf, sorted by role and post.

    Parameters
    ----------
    posts : polars.DataFrame
        ``post_id, role, name, unit, duty_phone, object_kind, object_id, valid_from, valid_to``.
    object_kind : str
        "section" or "wharf".
    object_id : str
        Its id.
    day : date
        The local day.
    """
    own = (pl.col("object_kind") == object_kind) & (pl.col("object_id") == object_id)
    return in_force(posts.filter(own), day).sort("role", "post_id")


def zone_chiefs(
    zones: pl.DataFrame,
    segments: pl.DataFrame,
    section_id: pl.Series,
    posts: pl.DataFrame,
    day: date,
) -> pl.DataFrame:
    """Return the section chiefs whom each zone concerns, the longest share first.

    Parameters
    ----------
    zones : polars.DataFrame
        ``zone_id, rank, segments`` (rows of the segment table), as `risk.zones.zones` gives them.
    segments : polars.DataFrame
        ``length_m``.
    section_id : polars.Series
        The section of each segment.
    posts : polars.DataFrame
        As for `who`.
    day : date
        The local day.

    Returns
    -------
    polars.DataFrame
        ``ZONE_CHIEFS`` in the order of the zones' rank; a section without a chief in force keeps
        its row with the post null, and so does a zone where there are no sections.
    """
    rows = segments.select(
        "length_m", section_id=section_id, segments=pl.int_range(pl.len(), dtype=pl.UInt32)
    )
    shares = (
        zones.select("zone_id", "rank", "segments")
        .explode("segments")
        .join(rows, on="segments")
        .group_by("zone_id", "rank", "section_id")
        .agg(km=pl.col("length_m").sum() / 1000.0)
    )
    chiefs = in_force(posts, day).filter(
        (pl.col("role") == CHIEF) & (pl.col("object_kind") == "section")
    )
    return (
        shares.join(
            chiefs.select("post_id", "name", "unit", "duty_phone", section_id="object_id"),
            on="section_id",
            how="left",
        )
        .sort(["rank", "km", "section_id", "post_id"], descending=[False, True, False, False])
        .select(ZONE_CHIEFS.names())
        .cast(dict(ZONE_CHIEFS))  # type: ignore[arg-type]
    )
