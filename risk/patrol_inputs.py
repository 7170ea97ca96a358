"""State what a patrol plan is made of: teams, stops, and the ways between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
KINDS = ("foot", "car", "boat", "camera")
CAMERA = "camera"
DETOUR = 1.33
"""Way over straight distance: an assumption, not measured on any county's roads."""
_TIME = pl.Datetime("ms", "UTC")
TEAMS = pl.Schema(
    {
        "team_id": pl.String(),
        "kind": pl.String(),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "t0": _TIME,
        "t1": _TIME,
        "speed_kmh": pl.Float64(),
        "capacity_minutes": pl.Float64(),
        "range_km": pl.Float64(),
    }
)
"""``lon, lat`` is where a team sets out and comes back to; ``t0, t1`` its shift. Null
``capacity_minutes`` is the whole shift. For a camera the capacity is minutes of watching, and
``range_km`` how far it sees (null: every stop that takes cameras); it needs no speed."""
WINDOWS = pl.List(pl.Struct({"t0": _TIME, "t1": _TIME, "kinds": pl.List(pl.String())}))
STOPS = pl.Schema(
    {
        "stop_id": pl.String(),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "prize": pl.Float64(),
        "service_minutes": pl.Float64(),
        "windows": WINDOWS,
        "due": pl.Boolean(),
        "kinds": pl.List(pl.String()),
    }
)
"""``prize`` is the risk that a stop covers. ``windows``: the whole stop lies inside one of them;
null is any time, an empty list never; a window's own ``kinds`` say who may come in it (on foot at
low water, by boat at high), null whoever may come at all. ``kinds`` null is every kind. ``due``
null is no."""
_OPTIONAL = {"capacity_minutes", "range_km", "speed_kmh", "windows", "due", "kinds"}
_SHOWN = 20


@dataclass(frozen=True)
class Network:
    """Ways: ``nodes`` has ``node, lon, lat``; ``edges`` has ``a, b, minutes, km, kind, barred``.

    An edge goes both ways. ``minutes`` null is at the team's own speed. ``kind`` is the kind of
    team whose minutes these are, null for all; ``barred`` edges are not used.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame


@dataclass(frozen=True)
class Inputs:
    """What a plan is made of.

    ``teams`` and ``stops`` have the columns of ``TEAMS`` and ``STOPS``. Minutes between places
    come, for each kind of team, from ``minutes`` (kind to [places, places]: the teams' starts in
    their order, then the stops in theirs; NaN is no direct way, and one goes by other places),
    else from ``network``, else from the straight distance x ``detour`` at the team's speed.
    """

    teams: pl.DataFrame
    stops: pl.DataFrame
    network: Network | None = None
    minutes: Mapping[str, Floats] = field(default_factory=dict)
    detour: float = DETOUR


def checked(inputs: Inputs) -> Inputs:
    """Return the inputs with every column of its type, or say all that is wrong with them.

    Raises
    ------
    InputError
        With each problem's table, row (from 1) and name.
    """
    problems: list[str] = []
    teams = _typed(inputs.teams, TEAMS, "teams", problems)
    stops = _typed(inputs.stops, STOPS, "stops", problems)
    if not problems:
        problems += [*_teams(teams), *_stops(stops), *_minutes(inputs), *_network(inputs.network)]
        if not (np.isfinite(inputs.detour) and inputs.detour >= 1.0):
            problems.append(f"the detour factor is {inputs.detour:g}, expected 1 or more")
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise InputError(
            "; ".join(problems[:_SHOWN]) + more,
            where="patrol plan",
            mend="Correct each row that is named, or leave it out",
        )
    return replace(inputs, teams=teams, stops=stops)


def _typed(table: pl.DataFrame, schema: pl.Schema, name: str, problems: list[str]) -> pl.DataFrame:
    missing = [one for one in schema if one not in table.columns and one not in _OPTIONAL]
    if missing:
        problems.append(f"{name} lack the columns {', '.join(missing)}")
        return table
    columns = []
    for column, kind in schema.items():
        if column not in table.columns:
            columns.append(pl.lit(None, dtype=kind).alias(column))
            continue
        found = table.schema[column]
        if kind == _TIME and isinstance(found, pl.Datetime) and found.time_zone is None:
            problems.append(f"{name}: {column} has no time zone")
        columns.append(pl.col(column).cast(kind))
    try:
        return table.select(columns)
    except pl.exceptions.PolarsError as error:
        problems.append(f"{name}: {str(error).splitlines()[0]}")
        return table


def _teams(teams: pl.DataFrame) -> Iterator[str]:
    yield from _doubles(teams["team_id"], "teams")
    for row, team in enumerate(teams.iter_rows(named=True), start=1):
        who = f"teams row {row} ({team['team_id']})"
        if not _place(team):
            yield f"{who} has no start: lon {team['lon']}, lat {team['lat']}"
        if team["t0"] is None or team["t1"] is None or team["t0"] >= team["t1"]:
            yield f"{who}: the shift ends at {team['t1']}, not after it begins at {team['t0']}"
        yield from _unknown([team["kind"]], who)
        if team["kind"] != CAMERA and not _above_0(team["speed_kmh"]):
            yield f"{who}: the speed is {team['speed_kmh']} km/h, expected more than 0"
        for column in ("capacity_minutes", "range_km"):
            if team[column] is not None and not _above_0(team[column]):
                yield f"{who}: {column} is {team[column]}, expected more than 0"


def _stops(stops: pl.DataFrame) -> Iterator[str]:
    yield from _doubles(stops["stop_id"], "stops")
    for row, stop in enumerate(stops.iter_rows(named=True), start=1):
        what = f"stops row {row} ({stop['stop_id']})"
        if not _place(stop):
            yield f"{what} has no place: lon {stop['lon']}, lat {stop['lat']}"
        for column in ("prize", "service_minutes"):
            if stop[column] is None or not (np.isfinite(stop[column]) and stop[column] >= 0.0):
                yield f"{what}: {column} is {stop[column]}, expected 0 or more"
        yield from _unknown(stop["kinds"] or (), what)
        for window in stop["windows"] or ():
            if window is None:
                yield f"{what}: a window is null, expected t0 and t1"
                continue
            t0, t1 = window["t0"], window["t1"]
            if t0 is None or t1 is None or t0 > t1:
                yield f"{what}: a window ends at {t1}, before it begins at {t0}"
            yield from _unknown(window["kinds"] or (), what)


def _minutes(inputs: Inputs) -> Iterator[str]:
    n = len(inputs.teams) + len(inputs.stops)
    yield from _unknown(inputs.minutes, "minutes")
    for kind, minutes in inputs.minutes.items():
        if minutes.shape != (n, n):
            yield (
                f"minutes for {kind} are {minutes.shape}, expected ({n}, {n}): "
                f"{len(inputs.teams)} teams, then {len(inputs.stops)} stops"
            )
        elif (bad := np.argwhere(minutes < 0.0)).size:
            a, b = bad[0]
            yield f"minutes for {kind} are {minutes[a, b]:g} at [{a}, {b}], expected 0 or more"


def _network(network: Network | None) -> Iterator[str]:
    if network is None:
        return
    yield from _doubles(network.nodes["node"], "nodes")
    for row, node in enumerate(network.nodes.iter_rows(named=True), start=1):
        if not _place(node):
            yield f"nodes row {row} ({node['node']}) has no place"
    known = set(network.nodes["node"])
    for row, edge in enumerate(network.edges.iter_rows(named=True), start=1):
        what = f"edges row {row} ({edge['a']} to {edge['b']})"
        if not {edge["a"], edge["b"]} <= known:
            yield f"{what} names a node that is not there"
        for column in ("minutes", "km"):
            if edge[column] is None and column == "minutes":
                continue
            if edge[column] is None or not (np.isfinite(edge[column]) and edge[column] >= 0.0):
                yield f"{what}: {column} is {edge[column]}, expected 0 or more"
        if edge["kind"] is not None:
            yield from _unknown([edge["kind"]], what)


def _doubles(names: pl.Series, table: str) -> Iterator[str]:
    rows: dict[object, int] = {}
    for row, name in enumerate(names, start=1):
        if name is None:
            yield f"{table} row {row} has no name"
        elif rows.setdefault(name, row) != row:
            yield f"{table} row {row}: the name {name} is that of row {rows[name]} too"


def _unknown(kinds: Sequence[str | None] | Mapping[str, object], where: str) -> Iterator[str]:
    for kind in kinds:
        if kind not in KINDS:
            yield f"{where}: the kind is {kind}, expected one of {', '.join(KINDS)}"


def _place(row: Mapping[str, float | None]) -> bool:
    lon, lat = row["lon"], row["lat"]
    return lon is not None and lat is not None and abs(lon) <= 180.0 and abs(lat) <= 90.0


def _above_0(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value)) and value > 0.0
