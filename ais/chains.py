"""Link meetings at sea with the landings that follow: mother ship, go-between, shore."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from math import prod
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import shapely

from ais._arrays import Floats
from ais._events import events as as_events
from ais._events import rounded
from ais._near import overlapping
from ais._plane import METRES_PER_DEGREE
from ais.schema import EVENTS, empty

LANDINGS = ("dash", "shore_approach")
WAITING = ("loitering", "drift")
_HOUR_MS = 3_600_000
_OPEN_MS = 2**52
"""When what has not ended is taken to end."""


@dataclass(frozen=True)
class ChainRule:
    """What makes a chain, and what its score is made of.

    A rendezvous, or loitering or drift of two vessels for ``weak_min`` at once on ways that come
    within ``weak_m`` of each other (as far apart as meetings are taken to be anywhere: Global
    Fishing Watch's 500 m; those whose ways keep farther apart wait each for itself), and a dash or
    shore approach of one of the two within ``within_h`` after (ends are blurred by ``slack_min``).
    A silence of either counts from ``silence_h`` before.

    The score is the product of factors of 0 to 1: ``meeting`` (``lying`` for a rendezvous that
    was not alongside, ``weak`` for loitering divided by the number of partners; both times
    ``company`` where the two kept company under way); ``soon`` (down to ``late`` at
    ``within_h``); ``way`` (from ``no_way`` up to 1 at ``far_m`` from meeting to landing);
    ``landing`` (``only_dash``, ``only_approach``, or 1 for both); ``mother_stays`` (``both_land``
    where she, too, comes ashore in that time); ``dark`` (``heard`` where there was no silence).
    """

    within_h: float = 6.0
    weak_m: float = 500.0
    weak_min: float = 30.0
    slack_min: float = 15.0
    silence_h: float = 1.0
    lying: float = 0.9
    weak: float = 0.4
    company: float = 0.3
    late: float = 0.5
    far_m: float = 3000.0
    no_way: float = 0.2
    only_dash: float = 0.8
    only_approach: float = 0.7
    both_land: float = 0.6
    heard: float = 0.9


class _Part(NamedTuple):
    event_id: str
    kind: str
    mmsi: int
    other: int | None
    t0: int
    t1: int
    lon: float
    lat: float
    evidence: str
    geometry: bytes


class _Meeting(NamedTuple):
    """A meeting as its go-between sees it; ``mother`` is an event of hers that belongs to it."""

    go: int
    other: int
    part: _Part
    mother: _Part | None
    t0: int
    t1: int
    strength: float
    partners: int


def _parts(found: pl.DataFrame, *kinds: str) -> list[_Part]:
    """Return the events of some kinds, by time; one that has not ended lasts on."""
    rows = (
        found.filter(pl.col("kind").is_in(kinds))
        .sort("t0", "mmsi", "event_id")
        .with_columns(pl.col("t0").dt.epoch("ms"), pl.col("t1").dt.epoch("ms"))
        .with_columns(pl.col("t1").fill_null(_OPEN_MS))
    )
    names = ["event_id", "kind", "mmsi", "other_mmsi", "t0", "t1", "lon", "lat", "evidence"]
    return [_Part(*row) for row in rows.select(*names, "geometry").iter_rows()]


def _by_vessel(parts: list[_Part]) -> dict[int, list[_Part]]:
    out: dict[int, list[_Part]] = defaultdict(list)
    for part in parts:
        out[part.mmsi].append(part)
    return out


def _metres(a: _Part, b: _Part) -> float:
    dx = (b.lon - a.lon + 180.0) % 360.0 - 180.0
    dx *= np.cos(np.radians(0.5 * (a.lat + b.lat)))
    return float(METRES_PER_DEGREE * np.hypot(dx, b.lat - a.lat))


def _between_ways_m(a: _Part, b: _Part) -> float:
    """Return how near the ways of two events come to each other, whenever each was there."""

    def flat(places: Floats) -> Floats:
        dx = (places[:, 0] - a.lon + 180.0) % 360.0 - 180.0
        scale = np.cos(np.radians(a.lat))
        return METRES_PER_DEGREE * np.column_stack([dx * scale, places[:, 1] - a.lat])

    ways = shapely.transform(shapely.from_wkb([a.geometry, b.geometry]), flat)
    return float(shapely.distance(*ways))


def _boxes(waits: list[_Part]) -> tuple[Floats, Floats, Floats, Floats]:
    """Return west, south, east and north of the way of each; east is above 180 where it crosses."""
    lon = np.array([w.lon for w in waits])
    places, of = shapely.get_coordinates(
        shapely.from_wkb([w.geometry for w in waits]), return_index=True
    )
    dx = (places[:, 0] - lon[of] + 180.0) % 360.0 - 180.0
    edges = [np.full(len(waits), far) for far in (np.inf, np.inf, -np.inf, -np.inf)]
    np.minimum.at(edges[0], of, dx)
    np.minimum.at(edges[1], of, places[:, 1])
    np.maximum.at(edges[2], of, dx)
    np.maximum.at(edges[3], of, places[:, 1])
    west = (lon + edges[0] + 180.0) % 360.0 - 180.0
    return west, edges[1], west + edges[2] - edges[0], edges[3]


def _rendezvous(met: list[_Part], rule: ChainRule) -> Iterator[_Meeting]:
    """Yield each rendezvous as either party sees it."""
    for part in met:
        said = json.loads(part.evidence)
        strength = 1.0 if said.get("alongside") else rule.lying
        if said.get("together_under_way"):
            strength *= rule.company
        other = part.mmsi if part.other is None else part.other
        for go, mother in {(part.mmsi, other), (other, part.mmsi)}:
            yield _Meeting(go, mother, part, None, part.t0, part.t1, strength, 1)


def _side_by_side(waits: list[_Part], rule: ChainRule) -> Iterator[tuple[_Part, _Part]]:
    """Yield the pairs of waits of two vessels by each other at once, each pair both ways."""
    waits = [w for w in waits if rule.weak_min * 60_000 <= w.t1 - w.t0 and w.t1 < _OPEN_MS]
    if not waits:
        return
    t0, t1 = np.array([w.t0 for w in waits]), np.array([w.t1 for w in waits])
    times = t1 // _HOUR_MS - t0 // _HOUR_MS + 1
    row = np.repeat(np.arange(len(waits)), times)
    slot = t0[row] // _HOUR_MS + np.arange(len(row)) - np.repeat(np.cumsum(times) - times, times)
    west, south, east, north = (edge[row] for edge in _boxes(waits))
    owner = np.array([w.mmsi for w in waits])[row]
    i, j = overlapping(slot, owner, (west, south, east, north), pad_m=rule.weak_m)
    for a, b in sorted(set(zip(row[i].tolist(), row[j].tolist(), strict=True))):
        one, two = waits[a], waits[b]
        shared = min(one.t1, two.t1) - max(one.t0, two.t0)
        if shared >= rule.weak_min * 60_000 and _between_ways_m(one, two) <= rule.weak_m:
            yield one, two
            yield two, one


def _loitered(
    waits: list[_Part], landings: dict[int, list[_Part]], met: list[_Part], rule: ChainRule
) -> Iterator[_Meeting]:
    """Yield where two loitered together that had no rendezvous then, one of whom landed after."""
    together: dict[str, list[tuple[_Part, _Part]]] = defaultdict(list)
    for own, other in _side_by_side(waits, rule):
        if _between(landings.get(own.mmsi, []), own.t0, own.t1 + _ms(rule.within_h)):
            together[own.event_id].append((own, other))
    known: dict[frozenset[int], list[_Part]] = defaultdict(list)
    for part in met:
        known[frozenset((part.mmsi, part.other or part.mmsi))].append(part)
    for pairs in together.values():
        for own, other in pairs:
            t0, t1 = max(own.t0, other.t0), min(own.t1, other.t1)
            seen = known[frozenset((own.mmsi, other.mmsi))]
            if not any(part.t0 <= t1 and part.t1 >= t0 for part in seen):
                share = rule.weak / len(pairs)
                yield _Meeting(own.mmsi, other.mmsi, own, other, t0, t1, share, len(pairs))


def _ms(hours: float) -> int:
    return round(hours * _HOUR_MS)


def _between(parts: list[_Part], since: int, until: int) -> list[_Part]:
    """Return the parts, sorted by time, that begin after one time and not after the other."""
    first = bisect_right(parts, since, key=lambda part: part.t0)
    return parts[first : bisect_right(parts, until, key=lambda part: part.t0)]


def _soon(meeting: _Meeting, landing: _Part, rule: ChainRule) -> float:
    hours = max(0.0, (landing.t0 - meeting.t1) / _HOUR_MS)
    return 1.0 - (1.0 - rule.late) * hours / rule.within_h


def _links(
    met: Iterable[_Meeting], landings: dict[int, list[_Part]], rule: ChainRule
) -> list[tuple[_Meeting, list[_Part]]]:
    """Return meetings with the landings of their go-between, each landing with one meeting."""
    fit: dict[str, list[tuple[_Meeting, _Part]]] = defaultdict(list)
    for meeting in met:
        since = max(meeting.t0, meeting.t1 - round(rule.slack_min * 60_000) - 1)
        until = meeting.t1 + _ms(rule.within_h)
        for landing in _between(landings.get(meeting.go, []), since, until):
            fit[landing.event_id].append((meeting, landing))
    out: dict[tuple[int, int, str], tuple[_Meeting, list[_Part]]] = {}
    for choices in fit.values():
        meeting, landing = max(choices, key=lambda pair: _likelier(pair[0], pair[1], rule))
        key = (meeting.go, meeting.other, meeting.part.event_id)
        out.setdefault(key, (meeting, []))[1].append(landing)
    return [(m, sorted(ashore, key=lambda x: (x.t0, x.event_id))) for m, ashore in out.values()]


def _likelier(meeting: _Meeting, landing: _Part, rule: ChainRule) -> tuple[Any, ...]:
    fits = meeting.strength * _soon(meeting, landing, rule)
    mother = meeting.mother.event_id if meeting.mother else ""
    return fits, meeting.t1, meeting.part.event_id, meeting.other, mother


def _factors(
    meeting: _Meeting, ashore: list[_Part], others: list[_Part], *, dark: bool, rule: ChainRule
) -> dict[str, float]:
    """Return the factors of the score; ``others`` are the mother's landings in that time."""
    kinds = {part.kind for part in ashore}
    way = min(1.0, _metres(meeting.part, _landed(ashore)) / rule.far_m)
    landing = {"dash": rule.only_dash, "shore_approach": rule.only_approach}
    return {
        "meeting": meeting.strength,
        "soon": _soon(meeting, ashore[0], rule),
        "way": rule.no_way + (1.0 - rule.no_way) * way,
        "landing": 1.0 if len(kinds) > 1 else landing[kinds.pop()],
        "mother_stays": rule.both_land if others else 1.0,
        "dark": 1.0 if dark else rule.heard,
    }


def _landed(ashore: list[_Part]) -> _Part:
    """Return the part that tells the place of the landing: the first approach, else a dash."""
    return min(ashore, key=lambda part: (part.kind == "dash", part.t0, part.event_id))


def _silent(
    gaps: dict[int, list[_Part]], meeting: _Meeting, end: int, rule: ChainRule
) -> list[_Part]:
    since = meeting.t0 - _ms(rule.silence_h)
    both = sorted({meeting.go, meeting.other})
    return [gap for mmsi in both for gap in gaps.get(mmsi, []) if gap.t0 <= end and gap.t1 >= since]


def _roles(
    meeting: _Meeting, ashore: list[_Part], silences: list[_Part], waits: dict[int, list[_Part]]
) -> list[tuple[str, _Part]]:
    """Return the parts of a chain with the role of each, by time; no event twice."""
    out = [("meeting", meeting.part)]
    if meeting.mother:
        out.append(("mother", meeting.mother))
    elif meeting.go != meeting.other:
        own = waits.get(meeting.other, [])
        out += [("mother", w) for w in own if w.t0 <= meeting.t1 and w.t1 >= meeting.t0]
    out += [("silence", gap) for gap in silences]
    out += [("run" if part.kind == "dash" else "landing", part) for part in ashore]
    return sorted(out, key=lambda item: (item[1].t0, item[1].t1, item[1].event_id))


class _Chain(NamedTuple):
    meeting: _Meeting
    roles: list[tuple[str, _Part]]
    landed: _Part
    t1: int
    evidence: dict[str, Any]


def _chain(
    meeting: _Meeting,
    ashore: list[_Part],
    tables: dict[str, dict[int, list[_Part]]],
    rule: ChainRule,
) -> _Chain:
    until = meeting.t1 + _ms(rule.within_h)
    end = max(part.t1 for part in ashore)
    silences = _silent(tables["gaps"], meeting, end, rule)
    others = [] if meeting.go == meeting.other else tables["landings"].get(meeting.other, [])
    others = _between(others, meeting.t1 - round(rule.slack_min * 60_000), until)
    factors = _factors(meeting, ashore, others, dark=bool(silences), rule=rule)
    roles = _roles(meeting, ashore, silences, tables["waits"])
    landed = _landed(ashore)
    parts = [
        {
            "event_id": part.event_id,
            "kind": part.kind,
            "mmsi": meeting.go if role == "meeting" else part.mmsi,
            "t0": datetime.fromtimestamp(part.t0 / 1000, tz=UTC).isoformat(timespec="seconds"),
            "role": role,
            "lon_deg": rounded(part.lon, 5),
            "lat_deg": rounded(part.lat, 5),
        }
        for role, part in roles
    ]
    evidence = {
        "within_h": rule.within_h,
        "parts": parts,
        "meeting": "rendezvous" if meeting.mother is None else "loitering_together",
        "partners": meeting.partners,
        "meeting_min": rounded((meeting.t1 - meeting.t0) / 60_000),
        "hours_between": rounded(max(0.0, (ashore[0].t0 - meeting.t1) / _HOUR_MS), 2),
        "way_m": rounded(_metres(meeting.part, landed)),
        "landing": landed.kind,
        "score": rounded(prod(factors.values()), 3),
        "score_parts": {name: rounded(value, 3) for name, value in factors.items()},
    }
    return _Chain(meeting, roles, landed, end, evidence)


def _line(chain: _Chain) -> shapely.LineString:
    """Return the line through the places of the parts, to the landing.

    It is drawn through what the evidence says: one that changes must not say the same as before.
    """
    told = chain.evidence["parts"]
    places = [(p["lon_deg"], p["lat_deg"]) for p in told if p["role"] != "silence"]
    return shapely.LineString([*places, (chain.landed.lon, chain.landed.lat)])


def chains(found: pl.DataFrame, *, rule: ChainRule | None = None) -> pl.DataFrame:
    """Link rendezvous, and loitering side by side, with the landings that followed.

    Parameters
    ----------
    found : DataFrame
        ``EVENTS``; of kinds rendezvous, loitering, drift, dash, shore_approach and gap.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind ``chain``, from the meeting's beginning to the last landing's end: one
        for each go-between and meeting, whatever the number of landings; a landing is in one chain
        of its vessel, that of the likeliest meeting. ``mmsi`` is the go-between who came ashore,
        ``other_mmsi`` the mother ship; the point is where it landed, the line goes through the
        places of the parts. ``parts`` in the evidence names the events with their roles (mother,
        meeting, silence, run, landing), ``score`` is 0 to 1, the product of ``score_parts`` (see
        ``ChainRule``).
    """
    use = rule or ChainRule()
    met = _parts(found, "rendezvous")
    waits = _parts(found, *WAITING)
    tables = {
        "landings": _by_vessel(_parts(found, *LANDINGS)),
        "waits": _by_vessel(waits),
        "gaps": _by_vessel(_parts(found, "gap")),
    }
    landings = tables["landings"]
    both = chain(_rendezvous(met, use), _loitered(waits, landings, met, use))
    out = [_chain(*link, tables, use) for link in _links(both, landings, use)]
    if not out:
        return empty(EVENTS)
    at = [c.meeting.part for c in out]
    return as_events(
        "chain",
        mmsi=np.array([c.meeting.go for c in out], np.uint32),
        other=np.array([c.meeting.other for c in out], np.uint32),
        t0=np.array([c.meeting.t0 for c in out], np.int64),
        t1=np.array([c.t1 for c in out], np.int64),
        lon=np.array([c.landed.lon for c in out]),
        lat=np.array([c.landed.lat for c in out]),
        wkb=np.asarray(shapely.to_wkb([_line(c) for c in out]), dtype=object),
        evidence=[c.evidence for c in out],
        rule="chain",
        begun=(np.array([p.lon for p in at]), np.array([p.lat for p in at])),
    )
