"""Sections on a newer coast: every stretch stays with whom it was, in every version and draft."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import geopandas as gpd
import numpy as np
import polars as pl
from sqlalchemy import Connection, update

from duty.division import CUTS, Division
from duty.sections import assign
from geo.errors import InputError
from geo.lineage import Carried
from workspace import db, store
from workspace._boundaries_drafts import note, read_draft
from workspace._boundaries_held import read_version, write_cuts
from workspace._boundaries_operations import divide, replayed
from workspace.placing import hung

_STILL_M = 0.01


def carry_sections(connection: Connection, carried: Carried, older: pl.DataFrame) -> int:
    """Carry cuts and hangs of every version over, and the drafts that are being worked on.

    Parameters
    ----------
    older : ``segment_id, shoreline_id, from_m, to_m`` of the segments before, and ``length_m,
        is_ring`` of their shorelines.

    Returns
    -------
    How many metres of shore changed section all the same, in the version where most did.
    """
    versions = store.read(connection, "boundary_versions", columns=["version"])["version"]
    onto = _Onto.of(connection, carried, older)
    before = {number: read_version(connection, number).division for number in versions}
    done = {one: onto.carry(one) for one in dict.fromkeys(before.values())}
    _drafts(connection, onto, before, older)
    for number, division in before.items():
        write_cuts(connection, number, *done[division].tables())
    return max((onto.handed_over(one, now) for one, now in done.items()), default=0)


def _drafts(
    connection: Connection, onto: "_Onto", before: Mapping[int, Division], older: pl.DataFrame
) -> None:
    """Turn each open draft into the division that it had come to, on the newer coast."""
    lines = older.select("shoreline_id", "length_m", "is_ring").unique(maintain_order=True)
    table = db.boundary_drafts.c
    open_ = store.read(
        connection,
        "boundary_drafts",
        where=table.state.in_(("draft", "proposed", "approved")) & (table.level == "section"),
    )
    for row in open_.iter_rows(named=True):
        operations = json.loads(row["operations"])
        if not operations:
            continue
        try:
            stood = replayed(before.get(row["based_on"], Division()), operations, lines)
        except InputError:
            continue  # it could not be done before either, and says so when it is opened
        whole = store.as_json([divide(onto.carry(stood))])
        connection.execute(
            update(db.boundary_drafts)
            .where(table.draft_id == row["draft_id"])
            .values(operations=whole, undone="[]", rev=table.rev + 1)
        )
        now = read_draft(connection, row["draft_id"])
        note(connection, now, "carried", user="import", now=datetime.now(UTC))
    store.touch(connection, "boundary_drafts")


@dataclass(frozen=True)
class _Onto:
    """The newer coast, as divisions of the older one are carried over onto it."""

    carried: Carried
    older: pl.DataFrame
    segments: pl.DataFrame
    parents: Mapping[str, str]
    connection: Connection

    @classmethod
    def of(cls, connection: Connection, carried: Carried, older: pl.DataFrame) -> "_Onto":
        columns = ["segment_id", "shoreline_id", "from_m", "to_m", "length_m"]
        parents = parents_of(carried).select("new_segment_id", "segment_id")
        segments = store.read(connection, "segments", columns=columns)
        return cls(carried, older, segments, dict(parents.iter_rows()), connection)

    def owners(self, division: Division) -> Mapping[str, str | None]:
        """Return the section of each older segment."""
        owner = assign(self.older, *division.tables())
        return dict(zip(self.older["segment_id"], owner, strict=True))

    def carry(self, division: Division) -> Division:
        """Return the division that leaves every stretch with whom it was."""
        if not division.cuts:
            return division
        cuts, hangs = division.tables()
        moved = _cuts(self, cuts, self.owners(division))
        hung_on = _hangs(self.carried, hangs, moved, hung(self.connection, moved))
        return replace(Division.of(moved, hung_on), locked=division.locked)

    def handed_over(self, before: Division, now: Division) -> int:
        """Return how many metres of older shore belong to another section than before."""
        if not before.cuts:
            return 0
        owners = self.owners(before)
        was = pl.Series(
            [owners.get(self.parents.get(name, "")) for name in self.segments["segment_id"]],
            dtype=pl.String,
        )
        known = pl.Series([name in self.parents for name in self.segments["segment_id"]])
        changed = (assign(self.segments, *now.tables()) != was).fill_null(value=False)
        return round(float(self.segments.filter(known & changed)["length_m"].sum()))


def _cuts(onto: _Onto, cuts: pl.DataFrame, owners: Mapping[str, str | None]) -> pl.DataFrame:
    """Return the cuts put so that each stretch stays with the section it was in.

    Where shorelines join or part, cuts alone would hand stretches over: a section begins at its
    cut and runs on to the next. So every segment takes the section of the older one it has most
    shore from, new shore that of its neighbour, and a cut goes wherever the section changes: to
    where the older cut stood when that lies there, else between the two segments.
    """
    carried = onto.carried
    lines, at_m = carried.locate(cuts["shoreline_id"].to_list(), cuts["chainage_m"].to_numpy())
    # Where the shore did not move, neither does the cut, not by rounding either.
    still = np.abs(at_m - cuts["chainage_m"].to_numpy()) < _STILL_M
    at_m = np.where(still, cuts["chainage_m"].to_numpy(), at_m)
    stood: dict[tuple[str | None, str], list[float]] = {}
    for line, at, section in zip(lines, at_m.tolist(), cuts["section_id"], strict=True):
        stood.setdefault((line, section), []).append(at)
    cut_lines = set(cuts["shoreline_id"])
    was_on = dict(onto.older.select("segment_id", "shoreline_id").iter_rows())
    rings = dict(
        zip(carried.shorelines["shoreline_id"], carried.shorelines["is_ring"], strict=True)
    )
    rows: list[tuple[str, float, str]] = []
    for line, own in carried.segments.groupby("shoreline_id", sort=False):
        mine = [onto.parents.get(name) for name in own["segment_id"]]
        if not any(was_on.get(name or "") in cut_lines for name in mine):
            continue  # an island that hangs on another shore, before and after
        sections = _spread([owners.get(name or "") for name in mine], ring=rings[line])
        if sections:
            rows += _changes(line, own, sections, stood, ring=rings[line])
    return pl.DataFrame(rows, schema=CUTS, orient="row")


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


def _hangs(
    carried: Carried, before: pl.DataFrame, cuts: pl.DataFrame, nearest: pl.DataFrame
) -> pl.DataFrame:
    """Return each shoreline without a cut hung where it hung before, or on the nearest."""
    if before.is_empty():
        return nearest
    lines, at_m = carried.locate(
        before["onto_shoreline_id"].to_list(), before["onto_chainage_m"].to_numpy()
    )
    kept = before.select(
        "shoreline_id",
        onto=pl.Series(lines, dtype=pl.String),
        at=pl.Series(at_m).fill_nan(None),
    )
    cut = cuts["shoreline_id"].unique().to_list()
    good = pl.col("onto").is_in(cut) & pl.col("at").is_not_null()
    now = nearest.join(kept.filter(good), on="shoreline_id", how="left", maintain_order="left")
    return now.select(
        "shoreline_id",
        onto_shoreline_id=pl.coalesce("onto", "onto_shoreline_id"),
        onto_chainage_m=pl.coalesce("at", "onto_chainage_m"),
    )


def parents_of(carried: Carried) -> pl.DataFrame:
    """Return for each newer segment the older one it has most shore from."""
    return (
        carried.lineage.drop_nulls(["old_segment_id", "new_segment_id"])
        .sort("new_m", "old_segment_id", descending=[True, False])
        .unique("new_segment_id", keep="first", maintain_order=True)
        .select("new_segment_id", segment_id="old_segment_id")
    )
