"""Who answered for any place on any day: the version that held, the section, the posts in force."""

from datetime import date
from typing import Any

import polars as pl

from duty.posts import CHIEF, who
from duty.sections import place as section_of
from geo.errors import InputError
from workspace import store
from workspace._boundaries_held import held, holding, periods, standing
from workspace._places import PLACES
from workspace.folder import Workspace
from workspace.placing import snap

HISTORY = pl.Schema(
    {
        "valid_from": pl.Date,
        "valid_to": pl.Date,
        "version": pl.Int64,
        "section_id": pl.String,
        "name": pl.String,
        "name_en": pl.String,
    }
)


def locate(ws: Workspace, where: str) -> tuple[str, float]:
    """Return shoreline and chainage (m) of a place as a person names it.

    ``LON,LAT`` in degrees, ``SHORELINE:CHAINAGE``, or the id of a wharf, risk point or facility.

    Raises
    ------
    InputError
        When nothing of that name is there, or no shore is near.
    """
    for table, key in PLACES.items():
        found = store.read(
            ws.engine,
            table,
            where=store.table_of(table).c[key] == where,
            columns=["shoreline_id", "chainage_m"],
        ).drop_nulls()
        if found.height:
            return found.row(0)
    shoreline, _, chainage = where.rpartition(":")
    known = store.read(ws.engine, "shorelines", columns=["shoreline_id", "length_m"])
    lengths = dict(known.iter_rows())
    if shoreline in lengths and _number(chainage) is not None:
        at = float(chainage)
        if 0.0 <= at <= lengths[shoreline]:
            return shoreline, at
    lon, _, lat = where.partition(",")
    x, y = _number(lon), _number(lat)
    if x is not None and y is not None and abs(x) <= 180.0 and abs(y) <= 90.0:
        near = snap(ws, pl.Series([x]), pl.Series([y]), max_m=ws.config.max_snap_m)
        if near["shoreline_id"][0] is not None:
            return near["shoreline_id"][0], float(near["chainage_m"][0])
    raise InputError(
        f"{where!r} is no place on the shore",
        where="boundaries",
        mend="Give LON,LAT within reach of the shore, SHORELINE:CHAINAGE on it, or the id of a "
        "wharf, risk point or facility.",
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def history(ws: Workspace, shoreline_id: str, chainage_m: float) -> pl.DataFrame:
    """Return whose a place on the shore was, and is to be, in order of time (``HISTORY``).

    ``valid_to`` is the last day, null while it holds on. Versions that leave the place with whom
    it was are one row, with the first of them.
    """
    rows: list[tuple[Any, ...]] = []
    for begin, until, version in periods(standing(ws.engine, "boundary_versions")):
        section = _section(ws, version, shoreline_id, chainage_m)
        if rows and rows[-1][3:] == section:
            rows[-1] = (rows[-1][0], until, *rows[-1][2:])
        else:
            rows.append((begin, until, version, *section))
    last = pl.col("valid_to").dt.offset_by("-1d")
    return pl.DataFrame(rows, schema=HISTORY, orient="row").with_columns(valid_to=last)


def answering(ws: Workspace, shoreline_id: str, chainage_m: float, day: date) -> dict[str, Any]:
    """Return who answered for a place on the shore on a local day.

    ``version`` (None: no sections yet), ``section_id``, ``name``, ``name_en``, and ``posts``: the
    posts in force at the section, its chief first (``role, name, unit, duty_phone``).
    """
    version = holding(ws, day).version
    section, name, name_en = _section(ws, version, shoreline_id, chainage_m)
    posts = who(store.read(ws.engine, "posts"), "section", section or "", day)
    order = posts.sort(pl.col("role") != CHIEF, "role", "post_id", maintain_order=True)
    return {
        "version": version,
        "section_id": section,
        "name": name,
        "name_en": name_en,
        "posts": order.select("role", "name", "unit", "duty_phone").to_dicts(),
    }


def _section(
    ws: Workspace, version: int | None, shoreline_id: str, chainage_m: float
) -> tuple[str | None, str | None, str | None]:
    found = held(ws, version)
    if found.cuts.is_empty():
        return None, None, None
    at = pl.DataFrame({"shoreline_id": [shoreline_id], "chainage_m": [chainage_m]})
    section = section_of(at, found.cuts, found.hangs)[0]
    named = found.sections.filter(pl.col("section_id") == section).select("name", "name_en")
    return (section, *(named.row(0) if named.height else (None, None)))
