"""Tell what reception there was on the ways that a silent vessel may have taken."""

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

from ais._arrays import Array, Bools, Floats, Ints
from ais._reception import SLOT_MS, reckon
from ais.reception import Answers, Reception

_MOMENTS = 12
_LEAST_MISSED = 0.001
_UNDER_WAY_KN = 0.5

Afloat = Callable[[Floats, Floats], Bools]
"""Tells of places (lon, lat) whether a vessel can be there."""


class Fallen(NamedTuple):
    """Vessels that fell silent: where and how they went, where they were heard again (or NaN)."""

    mmsi: Array
    cls: Array
    t0: Ints
    """ms since 1970, UTC, of the last position."""
    lon0: Floats
    lat0: Floats
    lon1: Floats
    lat1: Floats
    sog_kn: Floats
    cog_deg: Floats
    minutes: Floats


class Heard:
    """What reception the places asked for have, and the fewest others that any rests on."""

    def __init__(self, reception: Reception, fallen: Fallen) -> None:
        self.reception, self.mmsi, self.cls = reception, fallen.mmsi, fallen.cls
        n = len(fallen.t0)
        self.least, self.total, self.missed = np.ones(n), np.zeros(n), np.zeros(n)
        self.asked = np.zeros(n, np.int64)
        self.vessels, self.slots = np.full(n, 1 << 30), np.full(n, np.inf)

    def at(self, t: Ints, lon: Floats, lat: Floats) -> Answers:
        """Return reception at one place of each."""
        return self.reception.probability(self.mmsi, self.cls, t, lon, lat)

    def ask(self, t: Ints, lon: Floats, lat: Floats, of: Bools) -> Bools:
        """Take in one place of some of them, and return of whose enough is known."""
        told = self.at(t, lon, lat)
        use = of & told.enough
        self.least = np.where(use, np.minimum(self.least, told.p), self.least)
        self.total += np.where(use, told.p, 0.0)
        self.missed += np.where(use, np.log(np.maximum(1 - told.p, _LEAST_MISSED)), 0.0)
        self.asked += use
        self.vessels = np.where(use, np.minimum(self.vessels, told.vessels), self.vessels)
        self.slots = np.where(use, np.minimum(self.slots, told.slots), self.slots)
        return use

    def mean(self) -> Floats:
        """Return the mean reception of the places taken in."""
        return self.total / np.maximum(self.asked, 1)

    def chance(self, minutes: Floats) -> Floats:
        """Return how likely one that transmits stays unheard for so long at such places."""
        return np.asarray(np.exp(self.missed / np.maximum(self.asked, 1) * minutes / 10.0))


class Ways(NamedTuple):
    """How far the ways that vessels may have taken are known."""

    before: Floats
    """Reception at the last position, NaN where too little is known."""
    back: Bools
    """Enough is known of the last position, and of the straight way of one heard again."""
    known_min: Floats
    """For how long enough is known of the way on, at most the time it was followed for."""
    whole: Bools
    """Enough is known of all the way on, and coverage does not end one cell beyond it."""


def followed(heard: Heard, fallen: Fallen, afloat: Afloat | None, *, judged_min: float) -> Ways:
    """Follow the way on, at the last speed and course, and the straight way, slot by slot."""
    t0, lon0, lat0 = fallen.t0, fallen.lon0, fallen.lat0
    place = np.array([lon0, lat0])
    afloat_yet = np.ones(len(t0), np.bool_)
    here = heard.ask(t0, lon0, lat0, afloat_yet)
    before = np.where(here, heard.least, np.nan)
    on, back, known_min = here, here, np.zeros(len(t0))
    closed = ~np.isnan(fallen.lon1)
    last_ms = judged_min * 60_000
    for step in [*np.arange(SLOT_MS, last_ms, SLOT_MS), last_ms]:
        at = t0 + np.int64(step)
        place, afloat_yet = _onward(fallen, place, afloat_yet, np.full(len(t0), step / 1e3), afloat)
        on = heard.ask(at, place[0], place[1], on)
        known_min = np.where(on, step / 60_000, known_min)
        straight = _straight(fallen, step / (fallen.minutes * 60_000))
        there = heard.ask(at, straight[0], straight[1], back & closed)
        back = back & (there | ~closed)
    under_way = fallen.sog_kn >= _UNDER_WAY_KN
    cell_s = heard.reception.cell_deg * 60.0 / np.where(under_way, fallen.sog_kn, np.inf) * 3600.0
    farther, _ = _onward(fallen, place, afloat_yet, judged_min * 60.0 + cell_s, afloat)
    place = np.where(under_way, farther, place)
    return Ways(before, back, known_min, on & heard.at(t0, place[0], place[1]).inside)


def all_through(heard: Heard, fallen: Fallen) -> Floats:
    """Return the mean reception at a dozen moments of each silence, on its straight way."""
    total = np.zeros(len(fallen.t0))
    for share in (np.arange(_MOMENTS) + 0.5) / _MOMENTS:
        at = fallen.t0 + (share * fallen.minutes * 60_000).astype(np.int64)
        lon, lat = _straight(fallen, np.full(len(total), share))
        total += heard.at(at, lon, lat).p
    return total / _MOMENTS


def _straight(fallen: Fallen, share: Floats) -> Array:
    """Return places on the straight way, the last position where it was not heard again."""
    east = (np.nan_to_num(fallen.lon1 - fallen.lon0) + 180.0) % 360.0 - 180.0
    north = np.nan_to_num(fallen.lat1 - fallen.lat0)
    return np.array([fallen.lon0 + share * east, fallen.lat0 + share * north])


def _onward(
    fallen: Fallen, place: Array, ahead: Bools, seconds: Floats, afloat: Afloat | None
) -> tuple[Array, Bools]:
    """Return where each would be next, or where it was where that is on land, and who goes on."""
    there = _reckoned(fallen.lon0, fallen.lat0, fallen.sog_kn, fallen.cog_deg, seconds)
    if afloat is not None:
        ahead = ahead & afloat(there[0], there[1])
    return np.where(ahead, there, place), ahead


@numba.njit(cache=True, nogil=True)
def _reckoned(lon: Floats, lat: Floats, kn: Floats, cog: Floats, seconds: Floats) -> Array:
    out = np.empty((2, len(lon)))
    for i in range(len(lon)):
        out[0, i], out[1, i] = reckon(lon[i], lat[i], kn[i], cog[i], seconds[i])
    return out
