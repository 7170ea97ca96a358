"""What of a workspace is wanted: which shifts, which stretch, which box."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl
import shapely

from geo.errors import InputError
from risk.shifts import Shift, shifts
from workspace._boundaries_held import holding
from workspace._scored import scored_shifts, shift_of
from workspace.folder import Workspace
from workspace.placing import segments

# Around a section's shore, so that the water before it is in the box: 2 km at the equator.
_AROUND_DEG = 0.018


@dataclass(frozen=True)
class Selection:
    """What was asked for: nothing means all of it.

    ``shift`` is a local start ("22:00") or the number of the shift in its day, from 1; ``bbox``
    is (min_lon, min_lat, max_lon, max_lat).
    """

    layers: tuple[str, ...] = ()
    day: date | None = None
    shift: str | None = None
    section: str | None = None
    bbox: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Choice:
    """What that means in this workspace.

    ``shifts`` are the scored shifts wanted, ``shift`` the one that a layer with room for one
    shows; ``t0``..``t1`` limits what happened (None: all of it); ``box`` is that of ``bbox`` or
    section, ``segment_ids`` are the section's.
    """

    shifts: tuple[Shift, ...]
    shift: Shift | None
    t0: datetime | None
    t1: datetime | None
    section: str | None
    segment_ids: frozenset[str] | None
    bbox: tuple[float, float, float, float] | None
    box: tuple[float, float, float, float] | None


def choose(ws: Workspace, selection: Selection, *, now: datetime) -> Choice:
    """Resolve a selection; raise InputError naming what there is where it names nothing."""
    wanted = shifts_wanted(ws, selection, now)
    scored = {shift_id for shift_id, _, _ in scored_shifts(ws)}
    if wanted is None:
        there = [one for name in scored if (one := shift_of(ws, name)) is not None]
        there.sort(key=lambda one: one.t0)
    else:
        there = [one for one in wanted if one.shift_id in scored]
    ids = None if selection.section is None else _section_segments(ws, selection.section)
    box = selection.bbox
    if box is not None:
        _check_box(box)
    elif ids is not None:
        shore = segments(ws)
        bounds = shore[shore["segment_id"].isin(ids)].total_bounds
        west, south, east, north = (float(edge) for edge in bounds)
        box = (west - _AROUND_DEG, south - _AROUND_DEG, east + _AROUND_DEG, north + _AROUND_DEG)
    return Choice(
        shifts=tuple(there),
        shift=_on_duty(there, now),
        t0=wanted[0].t0 if wanted else None,
        t1=wanted[-1].t1 if wanted else None,
        section=selection.section,
        segment_ids=ids,
        bbox=selection.bbox,
        box=box,
    )


def shifts_wanted(ws: Workspace, selection: Selection, now: datetime) -> list[Shift] | None:
    """Return the shifts of the day asked for, or the one of them; None for all days."""
    if selection.day is None and selection.shift is None:
        return None
    day = selection.day or now.astimezone(ws.config.tz).date()
    found = shifts(day, tz=ws.config.tz, starts=ws.config.shift_starts)
    if selection.shift is None:
        return found
    for number, one in enumerate(found, start=1):
        if selection.shift in {str(number), one.shift_id[11:]}:
            return [one]
    names = ", ".join(f"{n} ({one.shift_id[11:]})" for n, one in enumerate(found, start=1))
    raise InputError(
        f"there is no shift {selection.shift!r} on {day}",
        where="--shift",
        mend=f"It has the shifts {names}.",
    )


def _on_duty(there: Sequence[Shift], now: datetime) -> Shift | None:
    """Return the shift on duty, else the next one, else the last."""
    for one in there:
        if one.t1 > now:
            return one
    return there[-1] if there else None


def _section_segments(ws: Workspace, section: str) -> frozenset[str]:
    shore = segments(ws)
    mine = shore.loc[shore["section_id"] == section, "segment_id"]
    if mine.empty:
        known = holding(ws).sections["section_id"]
        raise InputError(
            f"there is no section {section!r}",
            where="--section",
            mend=f"There are {', '.join(known.sort()) or 'none: import sections first'}.",
        )
    return frozenset(mine)


def _check_box(box: tuple[float, float, float, float]) -> None:
    west, south, east, north = box
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError(
            f"the box {', '.join(f'{edge:g}' for edge in box)} is none",
            where="--bbox",
            mend="Give west,south,east,north in degrees, such as 121.5,28.9,122.1,29.4.",
        )


def within(frame: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    """Return the rows of the section and box wanted.

    A row belongs to a section by its ``section_id`` or ``segment_id``; what has neither, by
    its place.
    """
    if choice.section is not None:
        if "section_id" in frame.columns:
            frame = frame.filter(pl.col("section_id") == choice.section)
        elif "segment_id" in frame.columns:
            frame = frame.filter(pl.col("segment_id").is_in(list(choice.segment_ids or ())))
        elif choice.bbox is None:
            return _in_box(frame, choice.box)
    return _in_box(frame, choice.bbox)


def _in_box(frame: pl.DataFrame, box: tuple[float, float, float, float] | None) -> pl.DataFrame:
    if box is None or "geometry" not in frame.columns or frame.is_empty():
        return frame
    return frame.filter(
        pl.Series(
            shapely.intersects(shapely.from_wkb(frame["geometry"].to_list()), shapely.box(*box))
        )
    )
