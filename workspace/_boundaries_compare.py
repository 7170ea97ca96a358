"""What the sections of a version or draft hold and ask, and what differs between two of them."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from shapely.ops import substring

from duty.division import CHANGED_HANDS, difference
from duty.figures import against, figures
from duty.workload import Shore
from geo.segments import interpolate, vertex_chainage
from workspace import db, store
from workspace._boundaries_drafts import lines
from workspace._boundaries_held import Held, today
from workspace._cache import cached
from workspace._scored import runs_of
from workspace.folder import Workspace
from workspace.grids import TABLES as GROUNDS
from workspace.grids import holding, of_places
from workspace.placing import segments, shorelines

DIFFERING = pl.Schema(
    {**CHANGED_HANDS, "risk_km": pl.Float64, "wharves": pl.Int64, "geometry": pl.Binary}
)


@dataclass(frozen=True)
class Comparison:
    """What differs between two divisions of the shore.

    ``stretches`` (``DIFFERING``) are those that changed hands, ``sections`` the figures of the
    second with what changed against the first (`duty.figures.against`).
    """

    stretches: pl.DataFrame
    sections: pl.DataFrame


def shore_of(ws: Workspace) -> Shore:
    """Return the shore laid out for figures and proposals, with the risk of the newest scores.

    The risk of a segment is its mean over the shifts of the run that scored last; a segment
    without a score has the mean of the others. Wharves that are not in use are left out. A
    segment's township is today's in which its middle lies, or the nearest.
    """
    tables = ("segments", "shorelines", "scores", "runs", "wharves", "risk_points", *GROUNDS)
    return cached(ws, ("workload shore", today(ws)), tables, lambda: _shore(ws))


def _shore(ws: Workspace) -> Shore:
    columns = ["segment_id", "shoreline_id", "from_m", "to_m", "length_m", "lon", "lat"]
    cut = store.read(ws.engine, "segments", columns=columns)
    towns = holding(ws, "township")
    if towns.version is not None:
        cut = cut.with_columns(township_id=of_places(towns, cut["lon"], cut["lat"]))
    risk = _risk(ws)
    if risk.height:
        cut = cut.join(risk, on="segment_id", how="left", maintain_order="left").with_columns(
            pl.col("risk").fill_null(pl.col("risk").mean())
        )
    return Shore.of(cut.drop("segment_id"), lines(ws), _places(ws))


def _risk(ws: Workspace) -> pl.DataFrame:
    runs = runs_of(ws, "scores")
    finished = dict(store.read(ws.engine, "runs", columns=["run_id", "finished"]).iter_rows())
    last = max(set(runs.values()), key=lambda run: (finished[run], run), default="")
    found = store.read(
        ws.engine,
        "scores",
        where=db.scores.c.run_id == last,
        columns=["segment_id", "score"],
        order=["segment_id"],
    )
    return found.drop_nulls().group_by("segment_id").agg(risk=pl.col("score").mean())


def _places(ws: Workspace) -> pl.DataFrame:
    columns = ["shoreline_id", "chainage_m", "cadence_days"]
    wharves, points = db.wharves.c, db.risk_points.c
    found = [
        store.read(ws.engine, name, where=where, columns=columns).with_columns(
            object_kind=pl.lit(kind)
        )
        for name, kind, where in (
            (
                "wharves",
                "wharf",
                wharves.shoreline_id.is_not(None) & wharves.status.is_distinct_from("closed"),
            ),
            ("risk_points", "risk_point", points.shoreline_id.is_not(None)),
        )
    ]
    return pl.concat(found)


def figures_of(ws: Workspace, held: Held) -> pl.DataFrame:
    """Return what each section of a version or draft holds and asks: `duty.figures.figures`.

    With ``name, name_en`` after the id.
    """
    found = figures(shore_of(ws), held.division)
    named = held.sections.select("section_id", "name", "name_en")
    return named.join(found, on="section_id", maintain_order="left").sort("section_id")


def located(ws: Workspace, cuts: pl.DataFrame) -> pl.DataFrame:
    """Return cuts with ``lon, lat``, degrees."""
    shore = shorelines(ws)
    row_of = {name: row for row, name in enumerate(shore["shoreline_id"])}
    at = interpolate(
        *vertex_chainage(shore),
        on_line=np.array([row_of[name] for name in cuts["shoreline_id"]], dtype=np.int64),
        at_m=cuts["chainage_m"].to_numpy(),
    )
    return cuts.with_columns(lon=pl.Series(at[:, 0]), lat=pl.Series(at[:, 1]))


def compare(ws: Workspace, first: Held, second: Held) -> Comparison:
    """Return what differs between two versions or drafts."""
    stretches = difference(first.division, second.division, lines(ws))
    sections = pl.DataFrame()
    if first.cuts.height and second.cuts.height:
        shore = shore_of(ws)
        sections = against(figures(shore, second.division), figures(shore, first.division))
    return Comparison(_told(ws, stretches), sections)


def _told(ws: Workspace, stretches: pl.DataFrame) -> pl.DataFrame:
    """Return stretches with their risk x km, wharves and line."""
    shore, laid = segments(ws), shore_of(ws)
    row_of = {name: row for row, name in enumerate(laid.names)}
    line, from_m, to_m = laid.line, laid.from_m, laid.to_m
    # `laid` keeps the segments by shoreline and chainage, as the order of the shore does.
    shapes = shore.geometry.to_numpy()
    rows = []
    for one in stretches.iter_rows(named=True):
        number = row_of[one["shoreline_id"]]
        here = (line == number) & (to_m > one["from_m"]) & (from_m < one["to_m"])
        at = np.flatnonzero(here)
        begin = np.maximum(one["from_m"], from_m[at])
        end = np.minimum(one["to_m"], to_m[at])
        share = (end - begin) / (to_m[at] - from_m[at])
        risk = float((laid.risk[at] * laid.km[at] * share).sum())
        on = (laid.place_line == number) & (laid.place_kind == 0)
        wharves = on & (laid.place_m >= one["from_m"]) & (laid.place_m < one["to_m"])
        pieces = [
            substring(shapes[a], lo, hi, normalized=True)
            for a, lo, hi in zip(
                at,
                (begin - from_m[at]) / (to_m[at] - from_m[at]),
                (end - from_m[at]) / (to_m[at] - from_m[at]),
                strict=True,
            )
        ]
        drawn = shapely.line_merge(shapely.multilinestrings(pieces))
        rows.append(
            (
                *(one[name] for name in CHANGED_HANDS),
                risk if np.isfinite(risk) else None,
                int(wharves.sum()),
                shapely.to_wkb(drawn, byte_order=1),
            )
        )
    return pl.DataFrame(rows, schema=DIFFERING, orient="row")


def scored_at(ws: Workspace) -> datetime | None:
    """Return when the newest scores were made, None where there are none."""
    runs = set(runs_of(ws, "scores").values())
    found = store.read(ws.engine, "runs", columns=["run_id", "finished"])
    done = found.filter(pl.col("run_id").is_in(list(runs)))["finished"].max()
    return done if isinstance(done, datetime) else None
