"""Stretches patrolled jointly with neighbouring counties: whether they are there, and who leads."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from duty._rota_plan import Joint
from geo.errors import InputError

_JOINT = pl.Schema(
    {
        "joint": pl.String(),
        "shoreline_id": pl.String(),
        "from_m": pl.Float64(),
        "to_m": pl.Float64(),
        "our_days": pl.List(pl.Int8()),
        "unit": pl.String(),
        "neighbour_zh": pl.String(),
        "neighbour_en": pl.String(),
    }
)


def check(joint: Sequence[Joint], shorelines: pl.DataFrame, *, where: str) -> None:
    """Raise InputError naming every joint stretch that is not on the county's shore.

    Parameters
    ----------
    shorelines : polars.DataFrame
        ``shoreline_id, length_m, is_ring``; on a ring a stretch may run through the origin, with
        ``from_m`` beyond ``to_m``.
    where : str
        The file that names them.
    """
    shore = {name: (length, ring) for name, length, ring in shorelines.iter_rows()}
    wrong = [f"{one.id}: {told}" for one in joint if (told := _fault(one, shore))]
    if wrong:
        raise InputError(
            f"joint stretches do not lie on the shore: {'; '.join(wrong)}",
            where=where,
            mend="Correct shoreline_id, from_m and to_m; `shoregrid export WS layers` lists the "
            "shorelines.",
        )


def _fault(one: Joint, shore: dict[str, tuple[float, bool]]) -> str:
    """Return what is wrong with a stretch, nothing where nothing is."""
    if one.shoreline_id not in shore:
        return f"there is no shoreline {one.shoreline_id}"
    length, ring = shore[one.shoreline_id]
    # Files tell whole metres.
    beyond = [m for m in (one.from_m, one.to_m) if m > length + 1.0]
    if beyond:
        return f"{one.shoreline_id} is {length:.0f} m long, and {beyond[0]:.0f} m is beyond its end"
    if one.from_m == one.to_m or (one.from_m > one.to_m and not ring):
        return f"from {one.from_m:.0f} to {one.to_m:.0f} m is no stretch of {one.shoreline_id}"
    return ""


def leads(joint: Sequence[Joint], *, first: date, last: date) -> pl.DataFrame:
    """Return who leads on each joint stretch on each day; see `duty.rota.Rota.leads`."""
    rows = [
        (j.id, j.shoreline_id, j.from_m, j.to_m, j.our_days, j.unit, j.neighbour_zh, j.neighbour_en)
        for j in joint
    ]
    ours = pl.col("our_days").list.contains(pl.col("day").dt.weekday())
    return (
        pl.select(day=pl.date_range(first, last))
        .join(pl.DataFrame(rows, schema=_JOINT, orient="row"), how="cross")
        .with_columns(ours=ours)
        .select(
            "day",
            "joint",
            "shoreline_id",
            "from_m",
            "to_m",
            "neighbour_zh",
            "neighbour_en",
            "ours",
            leads_zh=pl.when("ours").then("unit").otherwise("neighbour_zh"),
            leads_en=pl.when("ours").then("unit").otherwise("neighbour_en"),
        )
        .sort("day", "joint")
    )


def touching(led: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Return the joint stretches that some parts of the shore touch.

    Parameters
    ----------
    led : polars.DataFrame
        What `leads` gave of one day.
    parts : polars.DataFrame
        ``zone_id, shoreline_id, from_m, to_m``: the segments of zones, none through an origin.

    Returns
    -------
    polars.DataFrame
        The columns of ``led`` and ``zone_id``, each pair once.
    """
    through = pl.col("from_m") > pl.col("to_m")
    after, before = pl.col("part_to") > pl.col("from_m"), pl.col("part_from") < pl.col("to_m")
    return (
        parts.select("zone_id", "shoreline_id", part_from="from_m", part_to="to_m")
        .join(led, on="shoreline_id")
        .filter(pl.when(through).then(after | before).otherwise(after & before))
        .drop("part_from", "part_to")
        .unique(maintain_order=True)
    )


def words(row: dict[str, object]) -> tuple[str, str]:
    """Say of one row of `touching` with whom the stretch is patrolled, and who leads."""
    zh = "我方" if row["ours"] else "对方"
    en = "we lead this shift" if row["ours"] else "they lead this shift"
    return (
        f"联防：与{row['neighbour_zh']}，本班由{zh}牵头。",
        f"Joint patrol with {row['neighbour_en']}: {en}.",
    )
