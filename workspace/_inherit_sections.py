"""Sections on a newer coast: every stretch stays with whom it was."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import polars as pl
from sqlalchemy import Connection

from duty.sections import assign
from geo.lineage import Carried
from workspace import store
from workspace.placing import hang

_STILL_M = 0.01
_CUTS = pl.Schema({"shoreline_id": pl.String, "chainage_m": pl.Float64, "section_id": pl.String})


def carry_sections(connection: Connection, carried: Carried, older: pl.DataFrame) -> int:
    """Carry cuts and hangs over; return how many metres of shore changed section all the same.

    Parameters
    ----------
    older : ``segment_id, shoreline_id, section_id`` of the segments before.
    """
    owners = dict(older.select("segment_id", "section_id").iter_rows())
    _cuts(connection, carried, older, owners)
    _hangs(connection, carried)
    return _handed_over(connection, carried, owners)


def _cuts(
    connection: Connection,
    carried: Carried,
    older: pl.DataFrame,
    owners: Mapping[str, str | None],
) -> None:
    """Put the cuts between sections so that each stretch stays with the section it was in.

    Where shorelines join or part, cuts alone would hand stretches over: a section begins at its
    cut and runs on to the next. So every segment takes the section of the older one it has most
    shore from, new shore that of its neighbour, and a cut goes wherever the section changes: to
    where the older cut stood when that lies there, else between the two segments.
    """
    cuts = store.read(connection, "section_cuts")
    if cuts.is_empty():
        return
    lines, at_m = carried.locate(cuts["shoreline_id"].to_list(), cuts["chainage_m"].to_numpy())
    # Where the shore did not move, neither does the cut, not by rounding either.
    still = np.abs(at_m - cuts["chainage_m"].to_numpy()) < _STILL_M
    at_m = np.where(still, cuts["chainage_m"].to_numpy(), at_m)
    stood: dict[tuple[str | None, str], list[float]] = {}
    for line, at, section in zip(lines, at_m.tolist(), cuts["section_id"], strict=True):
        stood.setdefault((line, section), []).append(at)
    cut_lines = set(cuts["shoreline_id"])
    was_on = dict(older.select("segment_id", "shoreline_id").iter_rows())
    parents = dict(parents_of(carried).select("new_segment_id", "segment_id").iter_rows())
    rings = dict(
        zip(carried.shorelines["shoreline_id"], carried.shorelines["is_ring"], strict=True)
    )
    rows: list[tuple[str, float, str]] = []
    for line, own in carried.segments.groupby("shoreline_id", sort=False):
        mine = [parents.get(name) for name in own["segment_id"]]
        if not any(was_on.get(name or "") in cut_lines for name in mine):
            continue  # an island that hangs on another shore, before and after
        sections = _spread([owners.get(name or "") for name in mine], ring=rings[line])
        if sections:
            rows += _changes(line, own, sections, stood, ring=rings[line])
    moved = pl.DataFrame(rows, schema=_CUTS, orient="row")
    store.write(connection, "section_cuts", moved, replace=True)


def _spread(sections: list[str | None], *, ring: bool) -> list[str]:
    """Return the sections along a shoreline, those of new shore taken from the stretch before."""
    known = [name for name in sections if name is not None]
    if not known:
        return []
    last = known[-1] if ring else known[0]
    out = []
    for name in sections:
        last = name or last
        out.append(last)
    return out


def _changes(
    line: str,
    own: gpd.GeoDataFrame,
    sections: list[str],
    stood: Mapping[tuple[str | None, str], list[float]],
    *,
    ring: bool,
) -> list[tuple[str, float, str]]:
    """Return the cuts of one shoreline: (shoreline_id, chainage_m, section_id)."""
    from_m, to_m = own["from_m"].to_numpy(), own["to_m"].to_numpy()
    middle, total = (from_m + to_m) / 2, float(to_m[-1])
    rows: list[tuple[str, float, str]] = []
    for row, section in enumerate(sections):
        before = sections[row - 1] if row or ring else None
        if section == before:
            continue
        # Between the middles of two segments a cut leaves both where they belong.
        low = middle[row - 1] if row else middle[-1] - total
        near = [at - wrap for at in stood.get((line, section), ()) for wrap in (0.0, total)]
        here = [at for at in near if low < at <= middle[row]]
        at = min(here, key=lambda m: abs(m - from_m[row])) if here else float(from_m[row])
        rows.append((line, at % total if ring else max(at, 0.0), section))
    if not rows:
        at = next(iter(stood.get((line, sections[0]), [0.0])))
        rows.append((line, at, sections[0]))
    if not ring:
        # An open line's shore before its first cut would belong to nobody.
        rows[0] = (line, 0.0, sections[0])
    return rows


def _hangs(connection: Connection, carried: Carried) -> None:
    """Hang every shoreline without a cut: where it hung before, or on the nearest."""
    before = store.read(connection, "section_hangs")
    hang(connection)
    if before.is_empty():
        return
    lines, at_m = carried.locate(
        before["onto_shoreline_id"].to_list(), before["onto_chainage_m"].to_numpy()
    )
    kept = before.select(
        "shoreline_id",
        onto=pl.Series(lines, dtype=pl.String),
        at=pl.Series(at_m).fill_nan(None),
    )
    cut = store.read(connection, "section_cuts", columns=["shoreline_id"])["shoreline_id"].unique()
    good = pl.col("onto").is_in(cut.to_list()) & pl.col("at").is_not_null()
    now = store.read(connection, "section_hangs").join(
        kept.filter(good), on="shoreline_id", how="left", maintain_order="left"
    )
    hung = now.select(
        "shoreline_id",
        onto_shoreline_id=pl.coalesce("onto", "onto_shoreline_id"),
        onto_chainage_m=pl.coalesce("at", "onto_chainage_m"),
    )
    store.write(connection, "section_hangs", hung, replace=True)


def _handed_over(connection: Connection, carried: Carried, owners: Mapping[str, str | None]) -> int:
    """Return how many metres of older shore belong to another section than before."""
    cuts = store.read(connection, "section_cuts")
    if cuts.is_empty():
        return 0
    columns = ["segment_id", "shoreline_id", "from_m", "to_m", "length_m"]
    now = store.read(connection, "segments", columns=columns)
    owner = assign(now, cuts, store.read(connection, "section_hangs"))
    parents = parents_of(carried)
    told = now.with_columns(owner=owner).join(
        parents, left_on="segment_id", right_on="new_segment_id", suffix="_old"
    )
    before = pl.Series([owners.get(name) for name in told["segment_id_old"]], dtype=pl.String)
    return round(
        float(told.filter((told["owner"] != before).fill_null(value=False))["length_m"].sum())
    )


def parents_of(carried: Carried) -> pl.DataFrame:
    """Return for each newer segment the older one it has most shore from."""
    return (
        carried.lineage.drop_nulls(["old_segment_id", "new_segment_id"])
        .sort("new_m", "old_segment_id", descending=[True, False])
        .unique("new_segment_id", keep="first", maintain_order=True)
        .select("new_segment_id", segment_id="old_segment_id")
    )
