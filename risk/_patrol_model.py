"""Put a patrol plan to PyVRP as prize-collecting routing with time windows, and read its answer."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pyvrp import (
    Client,
    ClientGroup,
    Depot,
    IteratedLocalSearch,
    IteratedLocalSearchParams,
    Location,
    PenaltyManager,
    PenaltyParams,
    ProblemData,
    RandomNumberGenerator,
    Route,
    Solution,
    VehicleType,
)
from pyvrp.search import OPERATORS, LocalSearch, PerturbationManager, compute_neighbours
from pyvrp.stop import MaxIterations, MaxRuntime, MultipleCriteria, StoppingCriterion

from risk._patrol_travel import Ways, ways
from risk.patrol_inputs import CAMERA, Inputs

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# PyVRP counts in whole numbers: the greatest prize is this many.
_UNITS = 10_000
# Both were tried on counties of 30 teams and 300 stops: they come nearer in as many steps.
_LATE = _UNITS / 100.0
_HISTORY = 50
_ENDLESS = 1 << 40


@dataclass(frozen=True)
class Model:
    """A plan in whole seconds from ``origin_ms``.

    Options are pairs of a stop and a window: ``stop``, ``opens``, ``closes`` (to begin by),
    ``fits`` [teams, options]. ``seconds`` [sorts, places, places] and ``ways`` are by ``sort`` of
    team. ``reason`` says for each stop why no team can ever serve it, "" where one can.
    """

    inputs: Inputs
    origin_ms: int
    begins: Ints
    ends: Ints
    capacity: Ints
    camera: Bools
    sort: Ints
    ways: list[Ways]
    seconds: Ints
    service: Ints
    stop: Ints
    opens: Ints
    closes: Ints
    fits: Bools
    reason: list[str]


@dataclass(frozen=True)
class Visits:
    """One team's tour: options in order, and when it sets out (seconds)."""

    team: int
    options: list[int]
    sets_out: int


def model(inputs: Inputs) -> Model:
    """Return the model of checked inputs with at least one team and one stop."""
    teams, stops = inputs.teams, inputs.stops
    begins_ms = teams["t0"].dt.epoch("ms").to_numpy()
    origin_ms = int(begins_ms.min())
    begins = np.ceil((begins_ms - origin_ms) / 1000.0).astype(np.int64)
    ends = (teams["t1"].dt.epoch("ms").to_numpy() - origin_ms) // 1000
    capacity = np.floor(teams["capacity_minutes"].fill_null(np.inf).to_numpy() * 60.0)
    capacity = np.minimum(capacity, ends - begins).astype(np.int64)
    camera = (teams["kind"] == CAMERA).to_numpy()
    found, sort = ways(inputs)
    seconds = np.stack([_seconds(one) for one in found])
    service = np.ceil(stops["service_minutes"].to_numpy() * 60.0).astype(np.int64)

    stop, opens, closes, kinds = _options(stops, service, origin_ms, int(ends.max()))
    may = np.array([[one is None or k in one for one in kinds] for k in teams["kind"]])
    may = may.reshape(len(teams), len(stop))
    there = seconds[sort][np.arange(len(teams)), np.arange(len(teams)), len(teams) :]
    back = seconds[sort][np.arange(len(teams)), len(teams) :, np.arange(len(teams))]
    trip = np.where((there < _ENDLESS) & (back < _ENDLESS), there + service + back, _ENDLESS)
    way = trip < _ENDLESS
    in_time = way & (trip <= capacity[:, None])
    starts = np.maximum(begins[:, None] + there[:, stop], opens)
    in_window = (starts <= closes) & (starts + (service + back)[:, stop] <= ends[:, None])
    fits = may & in_time[:, stop] & in_window

    reason = [""] * len(stops)
    # Each test is narrower than the one before: the first that no team passes is the reason.
    for s, whole in enumerate(stops["kinds"].to_list()):
        if fits[:, stop == s].any():
            continue
        able = np.array([whole is None or kind in whole for kind in teams["kind"]])
        tests = (("kind", able), ("way", able & way[:, s]), ("far", able & in_time[:, s]))
        reason[s] = next((why for why, passed in tests if not passed.any()), "window")
    keep = fits.any(axis=0)
    return Model(
        inputs, origin_ms, begins, ends, capacity, camera, sort, found, seconds, service,
        stop[keep], opens[keep], closes[keep], fits[:, keep], reason,
    )  # fmt: skip


def _seconds(one: Ways) -> Ints:
    long = np.where(np.isfinite(one.minutes), np.ceil(one.minutes * 60.0), _ENDLESS)
    return np.minimum(long, _ENDLESS).astype(np.int64)


def _options(
    stops: pl.DataFrame, service: Ints, origin_ms: int, end: int
) -> tuple[Ints, Ints, Ints, list[list[str] | None]]:
    stop, opens, closes, kinds = [], [], [], []
    for row, (windows, of_stop) in enumerate(stops.select("windows", "kinds").iter_rows()):
        any_time = [{"t0": None, "t1": None, "kinds": None}]
        for window in any_time if windows is None else windows:
            stop.append(row)
            opens.append(0 if window["t0"] is None else ceil(_since(window["t0"], origin_ms)))
            until = end if window["t1"] is None else floor(_since(window["t1"], origin_ms))
            closes.append(min(until, end) - int(service[row]))
            own = of_stop if window["kinds"] is None else window["kinds"]
            both = own is not None and of_stop is not None
            kinds.append([k for k in own if k in of_stop] if both else own)
    return (
        np.array(stop, np.int64),
        np.maximum(np.array(opens, np.int64), 0),
        np.array(closes, np.int64),
        kinds,
    )


def _since(t: datetime, origin_ms: int) -> float:
    return round(t.timestamp() * 1000.0 - origin_ms) / 1000.0


def search(
    m: Model,
    *,
    price_per_hour: float,
    iterations: int,
    seed: int,
    cap_s: float | None,
    first: list[Visits],
) -> list[Visits]:
    """Return the tours that PyVRP finds; ``first`` are tours to begin from, if any.

    Of ``first`` it takes what can still be kept: a search that begins out of time may never come
    back into it. One that ends out of time is made again from the plan without any stop.
    """
    data = _data(m, price_per_hour)
    rules: list[StoppingCriterion] = [MaxIterations(iterations)]
    if cap_s is not None:
        rules.append(MaxRuntime(cap_s))
    rng = RandomNumberGenerator(seed)
    descent = LocalSearch(data, rng, compute_neighbours(data), PerturbationManager())
    for operator in OPERATORS:
        if operator.supports(data):
            descent.add_operator(operator(data))
    # A minute late costs half a greatest prize at first; more, where plans don't come out in time.
    at_first = ([_LATE] * data.num_load_dimensions, _LATE, _LATE)
    penalties = PenaltyManager(at_first, PenaltyParams(max_penalty=1e6))
    if first:
        begun = Solution(data, [_kept(data, one) for one in first])
    else:
        begun = descent(
            Solution.make_random(data, rng), penalties.max_cost_evaluator(), exhaustive=True
        )
    params = IteratedLocalSearchParams(history_length=_HISTORY)
    for start in (begun, Solution(data, [])):
        best = IteratedLocalSearch(data, penalties, descent, start, params).run(
            MultipleCriteria(rules), collect_stats=False, display=False
        ).best  # fmt: skip
        if best.is_feasible():
            break
    return [
        Visits(
            route.vehicle_type(),
            [one.idx for one in route.schedule() if one.is_client()],
            int(m.begins[route.vehicle_type()])
            if m.camera[route.vehicle_type()]
            else route.start_time(),
        )
        for route in best.routes()
    ]


def _kept(data: ProblemData, tour: Visits) -> Route:
    """Return a tour without the stops that it can no longer come to in time."""
    route = Route(data, [], tour.team)
    kept: list[int] = []
    for option in tour.options:
        longer = Route(data, [*kept, option], tour.team)
        if longer.is_feasible():
            route = longer
            kept.append(option)
    return route


def _data(m: Model, price_per_hour: float) -> ProblemData:
    prize = m.inputs.stops["prize"].to_numpy()
    due = m.inputs.stops["due"].fill_null(value=False).to_numpy()
    unit = _UNITS / max(float(prize.max()), 1e-9)
    # What is worth something is worth a unit at least, however great the greatest.
    worth = np.where(prize > 0.0, np.maximum(np.round(prize * unit), 1.0), 0.0).astype(np.int64)
    # What is due counts for more than all the rest together.
    worth += np.where(due, 1 + worth[~due].sum(), 0)

    n_teams = len(m.sort)
    places = np.concatenate([np.arange(n_teams), n_teams + m.stop])
    far = 2 * int(m.ends.max()) + 1
    # PyVRP's own annotations have no type that an array of NumPy fits.
    distances: list[Any] = []
    durations: list[Any] = []
    for sort in range(len(m.ways)):
        of_sort = np.flatnonzero(m.sort == sort)
        seconds = m.seconds[sort][np.ix_(places, places)]
        closed = np.concatenate([np.zeros(n_teams, bool), ~m.fits[of_sort].any(axis=0)])
        seconds = np.where(closed[None, :] | (seconds > far), far, seconds)
        np.fill_diagonal(seconds, 0)
        durations.append(seconds)
        distances.append(np.round(seconds / 3600.0 * price_per_hour * unit).astype(np.int64))

    place = m.inputs.teams.select("lon", "lat").vstack(m.inputs.stops.select("lon", "lat"))
    xy = place.to_numpy()[places]
    many = np.bincount(m.stop, minlength=len(worth)) > 1
    group_of = np.where(many, np.cumsum(many) - 1, -1)
    groups = [
        ClientGroup(np.flatnonzero(m.stop == s).tolist(), required=False)
        for s in np.flatnonzero(many)
    ]
    clients = [
        Client(
            n_teams + i,
            delivery=[int(m.service[s])],
            service_duration=int(m.service[s]),
            tw_early=int(m.opens[i]),
            tw_late=int(m.closes[i]),
            prize=int(worth[s]),
            required=False,
            group=int(group_of[s]) if many[s] else None,
        )
        for i, s in enumerate(m.stop)
    ]
    vehicles = [
        VehicleType(
            # A camera's capacity is what it watches, another team's is its time away.
            capacity=[int(m.capacity[t]) if m.camera[t] else _ENDLESS],
            start_depot=t,
            end_depot=t,
            tw_early=int(m.begins[t]),
            tw_late=int(m.ends[t]),
            shift_duration=int(m.ends[t] - m.begins[t] if m.camera[t] else m.capacity[t]),
            profile=int(m.sort[t]),
        )
        for t in range(n_teams)
    ]
    return ProblemData(
        [Location(float(x), float(y)) for x, y in xy],
        clients,
        [Depot(t) for t in range(n_teams)],
        vehicles,
        distances,
        durations,
        groups,
    )
