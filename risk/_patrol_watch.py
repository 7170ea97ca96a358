"""Let cameras watch in spare minutes what other teams visit."""

import numpy as np

from risk._patrol_model import Model, Visits


def watch_again(m: Model, tours: list[Visits]) -> dict[int, list[tuple[int, int]]]:
    """Return for each camera the stops that it watches besides, and when (seconds).

    The stops of another team, the greatest prize first, each in the first gap that is long enough
    within its windows. Cover that overlaps costs nobody a way, and brings no prize twice.
    """
    by_team = {tour.team: tour.options for tour in tours}
    prize = m.inputs.stops["prize"].to_numpy()
    visited = {int(m.stop[o]) for tour in tours if not m.camera[tour.team] for o in tour.options}
    again: dict[int, list[tuple[int, int]]] = {}
    for team in np.flatnonzero(m.camera).tolist():
        busy, now = [], int(m.begins[team])
        for option in by_team.get(team, []):
            start = max(now, int(m.opens[option]))
            now = start + int(m.service[m.stop[option]])
            busy.append((start, now))
        left = int(m.capacity[team]) - sum(end - start for start, end in busy)
        for stop in sorted(visited, key=lambda s: (-prize[s], s)):
            if m.service[stop] > left:
                continue
            at = _first_gap(m, team, stop, busy)
            if at is not None:
                again.setdefault(team, []).append((stop, at))
                busy.append((at, at + int(m.service[stop])))
                left -= int(m.service[stop])
    return again


def _first_gap(m: Model, team: int, stop: int, busy: list[tuple[int, int]]) -> int | None:
    long = int(m.service[stop])
    for option in np.flatnonzero((m.stop == stop) & m.fits[team]).tolist():
        at = max(int(m.begins[team]), int(m.opens[option]))
        for start, end in sorted(busy):
            if at < end and start < at + long:
                at = end
        if at <= min(int(m.closes[option]), int(m.ends[team]) - long):
            return at
    return None
