"""Divide the shore among section chiefs by cut points, so that nothing gaps or overlaps."""

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.spatial import cKDTree

from geo.errors import InputError, Refusal

_SAME_PLACE_M = 1e-6


def place(places: pl.DataFrame, cuts: pl.DataFrame, hangs: pl.DataFrame) -> pl.Series:
    """Return the section of each place on the shore.

    From a cut up to the next one along the shoreline the shore belongs to the cut's section; on a
    ring the last cut reaches over the origin to the first. A shoreline that hangs on another
    belongs whole to the section at that chainage.

    Parameters
    ----------
    places : polars.DataFrame
        ``shoreline_id``, ``chainage_m``.
    cuts : polars.DataFrame
        ``shoreline_id, chainage_m, section_id``.
    hangs : polars.DataFrame
        ``shoreline_id, onto_shoreline_id, onto_chainage_m``.

    Returns
    -------
    polars.Series
        ``section_id`` per row; null only where there are no cuts at all.

    Raises
    ------
    InputError
        When a place's shoreline has neither a cut nor a hang that leads to one.
    """
    if cuts.is_empty():
        return pl.Series("section_id", [None] * len(places), dtype=pl.String)
    resolved = places.select("shoreline_id", "chainage_m").join(
        hangs.unique("shoreline_id", keep="first", maintain_order=True),
        on="shoreline_id",
        how="left",
        maintain_order="left",
    )
    hung = pl.col("onto_shoreline_id").is_not_null()
    shoreline = resolved.select(
        pl.when(hung).then("onto_shoreline_id").otherwise("shoreline_id").alias("shoreline_id"),
        pl.when(hung).then("onto_chainage_m").otherwise("chainage_m").alias("chainage_m"),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    found: npt.NDArray[np.object_] = np.full(len(places), None, dtype=object)
    lost: list[str] = []
    by_shoreline = cuts.sort("shoreline_id", "chainage_m").partition_by(
        "shoreline_id", as_dict=True
    )
    for (shoreline_id,), rows in shoreline.partition_by("shoreline_id", as_dict=True).items():
        own = by_shoreline.get((shoreline_id,))
        if own is None:
            lost.append(str(shoreline_id))
            continue
        after = np.searchsorted(
            own["chainage_m"].to_numpy(), rows["chainage_m"].to_numpy(), side="right"
        )
        # Before a ring's first cut runs the last one's section: index -1.
        found[rows["row"].to_numpy()] = own["section_id"].to_numpy()[after - 1]
    if lost:
        raise InputError(
            f"{len(lost)} shorelines have no section: {', '.join(sorted(lost)[:5])}",
            where="sections",
            mend="Cut each of them, or hang it on a shoreline that is cut",
        )
    return pl.Series("section_id", found.tolist(), dtype=pl.String)


def assign(segments: pl.DataFrame, cuts: pl.DataFrame, hangs: pl.DataFrame) -> pl.Series:
    """Return the section of each segment, by its midpoint.

    ``segments`` needs ``shoreline_id, from_m, to_m``; the rest is as for `place`.
    """
    middles = segments.select("shoreline_id", chainage_m=(pl.col("from_m") + pl.col("to_m")) / 2.0)
    return place(middles, cuts, hangs)


def stats(segments: pl.DataFrame, section_id: pl.Series, *, wharves: pl.Series) -> pl.DataFrame:
    """Return per section its kilometres, segments and wharves.

    Parameters
    ----------
    segments : polars.DataFrame
        ``length_m``.
    section_id : polars.Series
        Of each segment, as `assign` gives it.
    wharves : polars.Series
        The section of each wharf, as `place` gives it.

    Returns
    -------
    polars.DataFrame
        ``section_id, km, n_segments, wharves``.
    """
    counted = wharves.alias("section_id").to_frame().group_by("section_id").agg(wharves=pl.len())
    return (
        segments.select("length_m", section_id=section_id)
        .filter(pl.col("section_id").is_not_null())
        .group_by("section_id")
        .agg(km=pl.col("length_m").sum() / 1000.0, n_segments=pl.len())
        .join(counted, on="section_id", how="left")
        .with_columns(pl.col("wharves").fill_null(0))
        .sort("section_id")
    )


def hang_islands(segments: pl.DataFrame, cuts: pl.DataFrame) -> pl.DataFrame:
    """Hang every shoreline without a cut on the nearest one that has cuts.

    Nearest goes by the straight line between the middles of segments, which can pass another
    island but not the shoreline it ends on.

    Parameters
    ----------
    segments : polars.DataFrame
        ``shoreline_id, from_m, to_m, lon, lat`` (the middle).
    cuts : polars.DataFrame
        ``shoreline_id, chainage_m, section_id``.

    Returns
    -------
    polars.DataFrame
        ``shoreline_id, onto_shoreline_id, onto_chainage_m``, sorted.
    """
    cut = pl.col("shoreline_id").is_in(cuts["shoreline_id"].unique().to_list())
    firm, loose = segments.filter(cut), segments.filter(~cut)
    schema = pl.Schema(
        {
            "shoreline_id": pl.String(),
            "onto_shoreline_id": pl.String(),
            "onto_chainage_m": pl.Float64(),
        }
    )
    if firm.is_empty() or loose.is_empty():
        return pl.DataFrame(schema=schema)
    distance, nearest = cKDTree(_unit(firm)).query(_unit(loose))
    middle = (firm["from_m"] + firm["to_m"]) / 2.0
    return (
        loose.select(
            "shoreline_id",
            onto_shoreline_id=firm["shoreline_id"].gather(nearest),
            onto_chainage_m=middle.gather(nearest),
            distance=pl.Series(distance),
        )
        .sort("shoreline_id", "distance", "onto_shoreline_id", "onto_chainage_m")
        .unique("shoreline_id", keep="first", maintain_order=True)
        .drop("distance")
        .cast(schema)
    )


def problems(
    sections: pl.DataFrame, cuts: pl.DataFrame, hangs: pl.DataFrame, shorelines: pl.DataFrame
) -> list[Refusal]:
    """Return everything that keeps cuts and hangs from dividing the whole shore.

    ``sections`` needs ``section_id``; ``shorelines`` needs ``shoreline_id, length_m, is_ring``;
    an empty list means that the sections cover every shoreline without gap or overlap. Row
    numbers count rows of the table named in ``file``, from 1.
    """
    lengths = dict(shorelines.select("shoreline_id", "length_m").iter_rows())
    cut_on = set(cuts["shoreline_id"])
    return [
        *_cut_problems(cuts, set(sections["section_id"]), lengths),
        *_hang_problems(hangs, cut_on, lengths),
        *_shore_problems(sections, cuts, hangs, shorelines),
    ]


def _cut_problems(cuts: pl.DataFrame, known: set[str], lengths: dict[str, float]) -> list[Refusal]:
    found: list[Refusal] = []
    seen: set[tuple[str, float]] = set()
    for row, cut in enumerate(cuts.iter_rows(named=True), start=1):
        shoreline, at, section = cut["shoreline_id"], cut["chainage_m"], cut["section_id"]

        def refuse(reason: str, detail: str, mend: str, row: int = row) -> None:
            found.append(Refusal("section_cuts", row, reason, detail, mend))

        if section not in known:
            refuse(
                "unknown_section", f"section {section!r} does not exist", "Add the section first"
            )
        if shoreline not in lengths:
            refuse(
                "unknown_shoreline", f"shoreline {shoreline!r} does not exist", "Name one that does"
            )
        elif at is None or not 0.0 <= at < lengths[shoreline]:
            refuse(
                "off_the_shoreline",
                f"chainage {at} m is not within 0–{lengths[shoreline]:.0f} m",
                "Move the cut onto the shoreline",
            )
        if (shoreline, at) in seen:
            refuse("two_cuts", f"two cuts at {at} m of {shoreline!r}", "Keep one of them")
        seen.add((shoreline, at))
    return found


def _hang_problems(
    hangs: pl.DataFrame, cut_on: set[str], lengths: dict[str, float]
) -> list[Refusal]:
    found: list[Refusal] = []
    seen: set[str] = set()
    for row, hang in enumerate(hangs.iter_rows(named=True), start=1):
        own, onto = hang["shoreline_id"], hang["onto_shoreline_id"]

        def refuse(reason: str, detail: str, mend: str, row: int = row) -> None:
            found.append(Refusal("section_hangs", row, reason, detail, mend))

        if own not in lengths:
            refuse("unknown_shoreline", f"shoreline {own!r} does not exist", "Name one that does")
        if own in cut_on:
            refuse("cut_and_hung", f"shoreline {own!r} has cuts of its own", "Remove cuts or hang")
        if own in seen:
            refuse("hung_twice", f"shoreline {own!r} hangs twice", "Keep one of them")
        if onto not in cut_on:
            refuse("hung_on_nothing", f"shoreline {onto!r} has no cuts", "Hang it on one that has")
        elif not 0.0 <= hang["onto_chainage_m"] <= lengths.get(onto, np.inf):
            refuse(
                "off_the_shoreline",
                f"chainage {hang['onto_chainage_m']} m is not on {onto!r}",
                "Move it onto the shoreline",
            )
        seen.add(own)
    return found


def _shore_problems(
    sections: pl.DataFrame, cuts: pl.DataFrame, hangs: pl.DataFrame, shorelines: pl.DataFrame
) -> list[Refusal]:
    found: list[Refusal] = []
    first = dict(cuts.group_by("shoreline_id").agg(pl.col("chainage_m").min()).iter_rows())
    hung = set(hangs["shoreline_id"])
    for row, shore in enumerate(shorelines.iter_rows(named=True), start=1):
        own = shore["shoreline_id"]
        if own not in first and own not in hung:
            found.append(
                Refusal("shorelines", row, "no_section", f"shoreline {own!r} has no section",
                        "Cut it, or hang it on a shoreline that is cut")
            )  # fmt: skip
        elif own in first and not shore["is_ring"] and first[own] > _SAME_PLACE_M:
            found.append(
                Refusal("shorelines", row, "no_first_cut",
                        f"open shoreline {own!r} begins without a cut (the first is at "
                        f"{first[own]:.0f} m)", "Put a cut at 0")
            )  # fmt: skip
    used = set(cuts["section_id"])
    for row, section in enumerate(sections["section_id"], start=1):
        if section not in used:
            found.append(
                Refusal("sections", row, "no_shore", f"section {section!r} has no cut",
                        "Give it a cut, or remove it")
            )  # fmt: skip
    return found


def _unit(table: pl.DataFrame) -> npt.NDArray[np.float64]:
    lon, lat = np.radians(table["lon"].to_numpy()), np.radians(table["lat"].to_numpy())
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
