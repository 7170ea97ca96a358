"""Find where nobody answers: posts vacant, holders away, terms that overlap or cannot be."""

from datetime import date

import polars as pl

from duty._steps import clipped, joined, steps

_GROUP = ["role", "object_kind", "object_id"]
GAPS = pl.Schema(
    {
        "gap": pl.String(),
        **dict.fromkeys(_GROUP, pl.String()),
        "first": pl.Date(),
        "last": pl.Date(),
        "post_ids": pl.List(pl.String()),
        "text_zh": pl.String(),
        "text_en": pl.String(),
        "mend_zh": pl.String(),
        "mend_en": pl.String(),
    }
)
# gap → what it is and its mend, zh and en; the order is that in which gaps are told.
WORDS: dict[str, tuple[str, str, str, str]] = {
    "vacant": (
        "任职人数不足",
        "fewer holders in post than wanted",
        "任命人员，并登记其任职起止",
        "Appoint somebody, and import the post with its term",
    ),
    "away": (
        "任职人外出，无人代理",
        "the holder is away and nobody stands in",
        "登记代理岗位（deputy_of 填任职人的岗位编号），或改外出日期",
        "Import a deputy's post (deputy_of is the holder's post), or change the absence",
    ),
    "overlap": (
        "只应一人的岗位同时有多人任职",
        "two holders at once of a role that has one",
        "前任终止日期应在后任起始日期之前；代理人填 deputy_of",
        "End the older term the day before the newer begins; a deputy's post names deputy_of",
    ),
    "reversed": (
        "任期终止早于起始",
        "the term ends before it begins",
        "改正任职起止日期",
        "Correct the term's two dates",
    ),
    "unknown_object": (
        "责任对象不存在",
        "there is no such object",
        "改正对象编号，或先导入该对象",
        "Correct the object's id, or import the object first",
    ),
    "wrong_object": (
        "对象类型与岗位不符",
        "the role is not one of this kind of object",
        "按岗位表改正对象类型或岗位",
        "Correct the kind of object or the role, by the table of roles",
    ),
    "unknown_role": (
        "岗位不在岗位表中",
        "there is no such role",
        "改正岗位，或把它加入工作区的 duty/roles.toml",
        "Correct the role, or add it to the workspace's duty/roles.toml",
    ),
    "unknown_holder": (
        "所代理的岗位不存在",
        "the deputy's holder is not there",
        "改正 deputy_of",
        "Correct deputy_of",
    ),
}


def gaps(
    posts: pl.DataFrame,
    absences: pl.DataFrame,
    roles: pl.DataFrame,
    objects: pl.DataFrame,
    *,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Return every gap in who answers, over a span of days.

    Parameters
    ----------
    posts, absences : polars.DataFrame
        As for `duty.posts.answering`.
    roles : polars.DataFrame
        ``role, object_kind, least, sole, deputy`` (`duty.roles`).
    objects : polars.DataFrame
        ``object_kind, object_id`` of the objects that there are. Of a kind that is not among them
        nobody keeps a list: its objects are those that posts name.
    first, last : date
        The span's local days; both count.

    Returns
    -------
    polars.DataFrame
        ``GAPS``, in the order of ``WORDS``. ``vacant``: fewer holders in post than the role's
        ``least``. ``away``: enough of them in post, but too few there or deputised (only of roles
        that want a deputy). ``overlap``: a sole role with two holders. The others tell of posts
        that count for nothing: their days are those of the term within the span, or for
        ``reversed`` the term's own. ``post_ids`` are the posts that are to blame.
    """
    dated = posts.with_columns(first="valid_from", last="valid_to")
    backward = (pl.col("last") < pl.col("first")).fill_null(value=False)
    terms = clipped(dated.filter(~backward), pl.lit(first), pl.lit(last))
    listed = objects.select("object_kind", "object_id").unique()
    kind_of = roles.select("role", kind="object_kind")
    told = terms.join(kind_of, on="role", how="left", maintain_order="left").with_columns(
        counted=pl.col("object_kind").is_in(listed["object_kind"].unique().to_list())
    )
    wrong = {
        "reversed": dated.filter(backward),
        "unknown_role": told.filter(pl.col("kind").is_null()),
        "wrong_object": told.filter(pl.col("kind") != pl.col("object_kind")),
        "unknown_object": told.filter("counted").join(
            listed, on=["object_kind", "object_id"], how="anti"
        ),
        "unknown_holder": told.filter(
            pl.col("deputy_of").is_not_null()
            & ~pl.col("deputy_of").is_in(posts["post_id"].to_list())
        ),
    }
    found = [
        rows.select(*_GROUP, "first", "last", gap=pl.lit(gap), post_ids=pl.concat_list("post_id"))
        for gap, rows in wrong.items()
    ]
    named = told.filter((pl.col("kind") == pl.col("object_kind")) & ~pl.col("counted"))
    everything = pl.concat([listed, named.select("object_kind", "object_id")]).unique()
    groups = everything.join(roles, on="object_kind").with_columns(
        first=pl.lit(first), last=pl.lit(last)
    )
    found += _cover(groups, terms, _absent(absences, first, last))
    order = pl.col("gap").replace_strict(list(WORDS), range(len(WORDS)), return_dtype=pl.Int64)
    return (
        pl.concat([one.select(*GAPS.names()[:7]) for one in found])
        .with_columns(
            pl.col("gap")
            .replace_strict(list(WORDS), [texts[n] for texts in WORDS.values()])
            .alias(name)
            for n, name in enumerate(GAPS.names()[7:])
        )
        .sort(order, "object_kind", "object_id", "role", "first", "post_ids")
        .cast(GAPS)
    )


def _absent(absences: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    days = absences.select("post_id", first="away_from", last="away_to")
    return clipped(days, pl.lit(first), pl.lit(last))


def _cover(groups: pl.DataFrame, terms: pl.DataFrame, away: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the days on which too few hold a role, too few are there, or too many hold it."""
    holders = terms.filter(pl.col("deputy_of").is_null()).join(groups, on=_GROUP, how="semi")
    there = _spans(
        [(terms, "term"), (away.join(terms, on="post_id", how="semi"), "away")], ["post_id"]
    ).filter((pl.col("term") > 0) & (pl.col("away") == 0))
    instead = there.join(
        terms.select("post_id", "deputy_of").drop_nulls(), on="post_id"
    ).with_columns(post_id="deputy_of")
    answered = _spans(
        [
            (holders, "term"),
            (there.join(holders, on="post_id", how="semi"), "there"),
            (instead.join(holders, on="post_id", how="semi"), "instead"),
        ],
        ["post_id"],
    ).filter(pl.col("term") > 0)
    of_group = holders.select("post_id", *_GROUP)
    covered = answered.filter((pl.col("there") > 0) | (pl.col("instead") > 0))
    bare = answered.filter((pl.col("there") == 0) & (pl.col("instead") == 0))
    count = _spans(
        [(groups, "wanted"), (holders, "held"), (covered.join(of_group, on="post_id"), "covered")],
        _GROUP,
    ).join(groups.select(*_GROUP, "least", "sole", "deputy"), on=_GROUP)
    enough = pl.col("held") >= pl.col("least")
    too_few = count.filter(~enough)
    too_many = count.filter(pl.col("sole") & (pl.col("held") > 1))
    gone = count.filter(enough & pl.col("deputy") & (pl.col("covered") < pl.col("least")))
    nobody = holders.clear()
    return [
        _blamed(joined(too_few, _GROUP), nobody, "vacant"),
        _blamed(joined(gone, _GROUP), bare.join(of_group, on="post_id"), "away"),
        _blamed(joined(too_many, _GROUP), holders, "overlap"),
    ]


def _spans(parts: list[tuple[pl.DataFrame, str]], by: list[str]) -> pl.DataFrame:
    """Return the steps of several tables of spans, each counted by its own name."""
    spans = [rows.select(*by, "first", "last", counter=pl.lit(name)) for rows, name in parts]
    return steps(pl.concat(spans), by, [name for _, name in parts])


def _blamed(found: pl.DataFrame, posts: pl.DataFrame, gap: str) -> pl.DataFrame:
    """Return spans with the posts of their group that hold on one of their days."""
    blamed = (
        found.join(posts.select("post_id", *_GROUP, begun="first", ended="last"), on=_GROUP)
        .filter((pl.col("begun") <= pl.col("last")) & (pl.col("ended") >= pl.col("first")))
        .group_by(*_GROUP, "first")
        .agg(post_ids=pl.col("post_id").unique().sort())
    )
    return found.join(blamed, on=[*_GROUP, "first"], how="left").with_columns(
        gap=pl.lit(gap), post_ids=pl.col("post_ids").fill_null([])
    )
