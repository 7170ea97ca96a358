"""Write a patrol route as GPX 1.1, for a receiver or a phone."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from geo.errors import InputError
from risk.patrol import Inputs, Plan

_GPX = "http://www.topografix.com/GPX/1/1"


def gpx(inputs: Inputs, made: Plan, team_id: str, *, names: Mapping[str, str] | None = None) -> str:
    """Return one team's route as GPX 1.1 text: its start, its stops in order, and back.

    Each point has the time at which the stop begins (UTC) and the minutes there. A route
    (``rte``), not a track: the receiver finds the ways itself. ``names`` are what to call the team
    and the stops; those without one go by their ids.

    Raises
    ------
    InputError
        When the plan has no route of that team.
    """
    rows = [row for row in made.routes.iter_rows(named=True) if row["team_id"] == team_id]
    if not rows:
        raise InputError(
            f"the plan has no route of team {team_id}",
            where="GPX",
            mend="Name a team that goes out; the totals show which do",
        )
    called = names or {}
    places = {s["stop_id"]: s for s in inputs.stops.iter_rows(named=True)}
    team = next(t for t in inputs.teams.iter_rows(named=True) if t["team_id"] == team_id)
    total = next(t for t in made.totals.iter_rows(named=True) if t["team_id"] == team_id)
    register_namespace("", _GPX)
    root = Element(f"{{{_GPX}}}gpx", version="1.1", creator="Shoregrid")
    route = SubElement(root, f"{{{_GPX}}}rte")
    SubElement(route, f"{{{_GPX}}}name").text = called.get(team_id, team_id)
    points = [(team, total["leave"], "出发 · start", "")]
    for row in rows:
        minutes = (row["leave"] - row["start"]).total_seconds() / 60.0
        at_stop = row["stop_id"] is not None
        name = called.get(row["stop_id"], row["stop_id"]) if at_stop else "返回 · back"
        place = places[row["stop_id"]] if at_stop else team
        points.append((place, row["start"], name, f"{minutes:.0f} min" if at_stop else ""))
    for place, t, name, desc in points:
        lat, lon = f"{place['lat']:.6f}", f"{place['lon']:.6f}"
        point = SubElement(route, f"{{{_GPX}}}rtept", lat=lat, lon=lon)
        # The schema has an order: time, name, desc.
        SubElement(point, f"{{{_GPX}}}time").text = f"{t:%Y-%m-%dT%H:%M:%SZ}"
        SubElement(point, f"{{{_GPX}}}name").text = name
        if desc:
            SubElement(point, f"{{{_GPX}}}desc").text = desc
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"
