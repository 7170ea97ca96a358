"""Say who answers for an object or a zone on a day: the holder, or a deputy where away."""

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
ANSWERS = pl.Schema(
    {
        "role": pl.String(),
        "state": pl.String(),
        "post_id": pl.String(),
        "name": pl.String(),
        "unit": pl.String(),
        "duty_phone": pl.String(),
        "stands_in_for": pl.String(),
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


def answering(posts: pl.DataFrame, absences: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return who answers on a day: holders who are there, and deputies of those who are away.

    Parameters
    ----------
    posts : polars.DataFrame
        As for `who`, with ``deputy_of``: null for a holder, else the ``post_id`` of the holder in
        whose place this post stands.
    absences : polars.DataFrame
        ``post_id, away_from, away_to``; both days count, a null end is open.
    day : date
        The local day.

    Returns
    -------
    polars.DataFrame
        The columns of ``posts`` and ``stands_in_for`` (the holder's ``post_id``; null for a
        holder), by role, object and post. Of several deputies the first by ``post_id`` who is
        there stands in. A deputy of nobody in force answers for nothing: that place is vacant.
    """
    held = in_force(posts, day)
    out = in_force(absences.rename({"away_from": "valid_from", "away_to": "valid_to"}), day)
    there = held.join(out, on="post_id", how="anti")
    away = held.filter(pl.col("deputy_of").is_null()).join(out, on="post_id", how="semi")
    holders = there.filter(pl.col("deputy_of").is_null())
    deputies = (
        there.join(away.select(deputy_of="post_id"), on="deputy_of", how="semi")
        .sort("post_id")
        .unique("deputy_of", keep="first", maintain_order=True)
    )
    return pl.concat(
        [
            holders.with_columns(stands_in_for=pl.lit(None, dtype=pl.String)),
            deputies.with_columns(stands_in_for="deputy_of"),
        ]
    ).sort("role", "object_kind", "object_id", "post_id")


def answers(
    posts: pl.DataFrame,
    absences: pl.DataFrame,
    roles: pl.DataFrame,
    *,
    object_kind: str,
    object_id: str,
    day: date,
) -> pl.DataFrame:
    """Return for each role of one object who answers there on a day, in the order of the roles.

    ``roles`` is the table of `duty.roles`; the rest is as for `answering`. The result is
    ``ANSWERS``: ``state`` is holder, deputy or vacant; a vacant role has a row only where at least
    one holder is wanted.
    """
    own = posts.filter((pl.col("object_kind") == object_kind) & (pl.col("object_id") == object_id))
    wanted = roles.filter(pl.col("object_kind") == object_kind).select("role", "least")
    deputised = pl.col("stands_in_for").is_not_null()
    return (
        wanted.join(answering(own, absences, day), on="role", how="left", maintain_order="left")
        .filter((pl.col("least") > 0) | pl.col("post_id").is_not_null())
        .with_columns(
            state=pl.when(pl.col("post_id").is_null())
            .then(pl.lit("vacant"))
            .when(deputised)
            .then(pl.lit("deputy"))
            .otherwise(pl.lit("holder"))
        )
        .select(ANSWERS.names())
        .cast(ANSWERS)
    )


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
        As for `who`; those who answer, as `answering` gives them, so that deputies are named.
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
        .cast(ZONE_CHIEFS)
    )
