"""Draw one of several near-best patrol plans, so that routes can't be learned, and explore."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import brentq

from geo.errors import InputError
from risk.explore import explore, kilometres
from risk.patrol import ITERATIONS, PRICE_PER_HOUR, Inputs, Plan, plan, said
from risk.patrol_inputs import Floats, checked

_NOISE = 0.15
"""Standard deviation of the logarithm of a prize, from plan to plan."""
_TRIALS = 4
# Where next to nothing that is drawn fits, more of it does not help.
_LEAST = 0.25
EXPLORED_STOPS = pl.Schema(
    {
        "stop_id": pl.String(),
        "part": pl.String(),
        "probability": pl.Float64(),
        "chosen": pl.Boolean(),
    }
)
"""One row per stop that a team can reach: what the plan has (``plan``, probability 1), and what
it leaves out (``explore``) with the chance that it is drawn and whether it is."""


@dataclass(frozen=True)
class Mix:
    """Plans, their values, and with what probability each is to be drawn."""

    plans: list[Plan]
    value: Floats
    probability: Floats

    def draw(self, seed: int) -> tuple[int, float]:
        """Return which plan a seed draws, and its probability (to log)."""
        one = int(np.random.default_rng(seed).choice(len(self.plans), p=self.probability))
        return one, float(self.probability[one])


@dataclass(frozen=True)
class Entropy:
    """How hard a mix is to learn, in bits.

    ``plans`` is of the plan drawn; ``routes`` the mean over teams of the entropy of the team's
    order of stops; ``stop_hours`` the mean over all pairs of a stop and an hour (UTC) that some
    plan has, of the entropy of "is anybody there in that hour": 1 is a coin, 0 is known.
    """

    plans: float
    routes: float
    stop_hours: float


def mix(
    inputs: Inputs,
    *,
    number: int = 12,
    give_up: float = 0.05,
    seed: int = 0,
    iterations: int = ITERATIONS,
    price_per_hour: float = PRICE_PER_HOUR,
) -> Mix:
    """Return near-best plans and the most even way to draw among them.

    The first plan is of the prizes as they are, each other of prizes with noise, and begins from
    nothing. Their values count with the true prizes. Of all ways to draw whose mean value is at
    least (1 - ``give_up``) of the best, it takes the one of greatest entropy: probability in
    proportion to exp(t x value) with the least t >= 0 that holds (Jaynes 1957, Physical Review
    106(4)). Plans that are the same count once; those with fewer of the stops due are dropped.

    Raises
    ------
    InputError
        When ``number`` is below 1, or ``give_up`` not within 0 to 0.5; and as `plan` does.
    """
    if number < 1 or not 0.0 <= give_up <= 0.5:
        raise InputError(
            f"number is {number} and give_up {give_up:g}, expected 1 or more and 0 to 0.5",
            where="patrol mix",
            mend="Ask for one plan at least, and give up at most half of the risk covered",
        )
    inputs = checked(inputs)
    rng = np.random.default_rng(seed)
    true = inputs.stops["prize"]
    found: dict[tuple[tuple[str, str | None], ...], Plan] = {}
    for turn in range(number):
        noise = np.exp(rng.normal(0.0, _NOISE if turn else 0.0, len(true)))
        noisy = replace(inputs, stops=inputs.stops.with_columns(prize=true * noise))
        made = plan(
            noisy, price_per_hour=price_per_hour, iterations=iterations, seed=seed + turn
        )  # fmt: skip
        found.setdefault(_key(made), _with_true(made, inputs))
    served = [_due_served(one, inputs) for one in found.values()]
    plans = [one for one, n in zip(found.values(), served, strict=True) if n == max(served)]
    value = np.array([_value(one, price_per_hour) for one in plans])
    return Mix(plans, value, _most_even(value, give_up))


def _key(made: Plan) -> tuple[tuple[str, str | None], ...]:
    return tuple(made.routes.filter(pl.col("part") != "again").select("team_id", "stop_id").rows())


def _with_true(made: Plan, inputs: Inputs) -> Plan:
    """Return a plan with the true prizes in its tables."""
    true = inputs.stops.select("stop_id", true="prize")

    def put(table: pl.DataFrame) -> pl.DataFrame:
        paid = pl.col("prize") > 0.0
        return table.join(true, on="stop_id", how="left", maintain_order="left").with_columns(
            prize=pl.when(paid).then("true").otherwise(0.0)
        ).drop("true")  # fmt: skip

    routes = put(made.routes)
    per_team = routes.group_by("team_id").agg(pl.col("prize").sum())
    totals = made.totals.drop("prize").join(
        per_team, on="team_id", how="left", maintain_order="left"
    )
    totals = totals.with_columns(pl.col("prize").fill_null(0.0)).select(made.totals.columns)
    return Plan(routes, put(made.left_out), totals, made.empty)


def _due_served(made: Plan, inputs: Inputs) -> int:
    due = inputs.stops.filter(pl.col("due").fill_null(value=False))["stop_id"]
    return len(set(due) & set(made.routes["stop_id"]))


def _value(made: Plan, price_per_hour: float) -> float:
    """Return a plan's prizes less its ways."""
    return made.prize - price_per_hour * float(made.totals["travel_minutes"].sum()) / 60.0


def _most_even(value: Floats, give_up: float) -> Floats:
    best = float(value.max())
    scale = max(float(np.ptp(value)), 1e-12)

    def at(t: float) -> Floats:
        weight: Floats = np.exp(t * (value - best) / scale)
        return np.asarray(weight / weight.sum())

    def short(t: float) -> float:
        return float(at(t) @ value) - (best - give_up * abs(best))

    if short(0.0) >= 0.0:
        return at(0.0)
    top = 1.0
    while short(top) < 0.0:
        if top > 1e6:
            return np.asarray((value == best) / (value == best).sum())
        top *= 2.0
    return at(brentq(short, top / 2.0 if top > 1.0 else 0.0, top))


def entropy(mixed: Mix) -> Entropy:
    """Return how many bits a mix's plan, routes and stops by the hour hold."""
    p = mixed.probability
    teams = mixed.plans[0].totals["team_id"].to_list()
    routes = []
    for team in teams:
        shares: Counter[tuple[str | None, ...]] = Counter()
        for one, share in zip(mixed.plans, p.tolist(), strict=True):
            mine = one.routes.filter(pl.col("team_id") == team)
            shares[tuple(mine["stop_id"].to_list())] += share
        routes.append(_bits(np.array(list(shares.values()))))
    there: Counter[tuple[str, object]] = Counter()
    for one, share in zip(mixed.plans, p.tolist(), strict=True):
        visits = one.routes.filter(pl.col("stop_id").is_not_null())
        hours = visits.select("stop_id", pl.col("start").dt.truncate("1h")).unique()
        for pair in hours.iter_rows():
            there[pair] += share
    q = np.clip(np.array(list(there.values())), 0.0, 1.0)
    coin = [_bits(np.array([one, 1.0 - one])) for one in q]
    return Entropy(
        _bits(p), float(np.mean(routes)) if routes else 0.0, float(np.mean(coin)) if coin else 0.0
    )


def _bits(p: npt.NDArray[np.float64]) -> float:
    p = p[p > 0.0]
    return abs(float(-(p * np.log2(p)).sum()))


def base_inputs(inputs: Inputs, *, share: float) -> Inputs:
    """Return the inputs with a share of every team's time kept back for exploration.

    Raises
    ------
    InputError
        When the share is not 10 to 20 %.
    """
    inputs = checked(inputs)
    shift = (pl.col("t1") - pl.col("t0")).dt.total_seconds() / 60.0
    whole = pl.min_horizontal(pl.col("capacity_minutes").fill_null(shift), shift)
    kept, _ = kilometres(1.0, share=share)
    return replace(inputs, teams=inputs.teams.with_columns(capacity_minutes=whole * kept))


def without(base: Plan, stop_ids: Collection[str]) -> Plan:
    """Return a plan without some of its stops, to plan on from; its times are those of before."""
    gone = pl.col("stop_id").is_in(list(stop_ids))
    dropped = base.routes.filter(gone & (pl.col("part") != "again")).select(
        "stop_id", "prize", due=pl.lit(value=False), reason=pl.lit("prize")
    )
    return replace(
        base,
        routes=base.routes.filter(~gone | gone.is_null()),
        left_out=pl.concat([base.left_out, said(dropped)]),
    )


def calibrated(
    inputs: Inputs,
    base: Plan,
    *,
    share: float,
    seed: int,
    only: Collection[str] | None = None,
    iterations: int = ITERATIONS,
    price_per_hour: float = PRICE_PER_HOUR,
) -> float:
    """Return how many times as much to draw, so that what is visited has the share.

    Stops drawn need ways too: where time is short they push planned ones out, and some do not fit
    themselves. A few draws show how much. They have seeds of their own, so that the chances which
    the real draw logs stay exact. With the shares of minutes pushed out and not fitting, p and u,
    p in proportion to what is drawn, the share comes out at 1 / (1 - u + p) times as much.
    """
    minutes = dict(inputs.stops.select("stop_id", "service_minutes").iter_rows())
    planned = sum(minutes[one] for one in _visited(base))
    wanted = pushed = unfit = 0.0
    for trial in np.random.SeedSequence(seed).generate_state(_TRIALS).tolist():
        drawn = explored(inputs, base, share=share, seed=trial, only=only)
        night = with_explored(
            inputs,
            base,
            drawn,
            iterations=iterations,
            price_per_hour=price_per_hour,
            seed=trial // 2,
        )
        there = set(_visited(night))
        for stop, part in drawn.filter("chosen").select("stop_id", "part").iter_rows():
            if part == "explore":
                wanted += minutes[stop]
                unfit += minutes[stop] * (stop not in there)
            else:
                pushed += minutes[stop] * (stop not in there)
    p = pushed / (_TRIALS * planned) if planned else 0.0
    u = unfit / wanted if wanted else 0.0
    return 1.0 / max(1.0 - u + p, _LEAST)


def _visited(made: Plan) -> list[str]:
    return made.routes["stop_id"].drop_nulls().to_list()


def explored(
    inputs: Inputs,
    base: Plan,
    *,
    share: float,
    seed: int,
    only: Collection[str] | None = None,
    rate: float = 1.0,
) -> pl.DataFrame:
    """Draw the stops to visit beside a plan; each that it leaves out has the same chance.

    Of the minutes spent at stops, those at stops drawn are ``share`` on average: the measure is
    service minutes, as `risk.explore.explore` has kilometres. Stops that no team can reach are not
    drawn, and are not in the table. ``only`` are the stops that may be drawn, None for all;
    ``rate`` times as much is drawn, as `calibrated` says.

    Returns
    -------
    DataFrame
        ``EXPLORED_STOPS``.
    """
    never = base.left_out.filter(pl.col("reason") != "prize")["stop_id"]
    stops = inputs.stops.filter(~pl.col("stop_id").is_in(never.implode()))
    if only is not None:
        stops = stops.filter(pl.col("stop_id").is_in([*only, *_visited(base)]))
    planned = stops["stop_id"].is_in(base.routes["stop_id"].implode()).to_numpy()
    minutes = stops["service_minutes"].to_numpy()
    visited = float(minutes[planned].sum())
    _, extra = kilometres(visited / (1.0 - share), share=share)
    drawn = explore(planned, minutes, explore_km=extra * rate, seed=seed)
    return drawn.select(stops["stop_id"], "part", "probability", "chosen").cast(EXPLORED_STOPS)


def with_explored(
    inputs: Inputs,
    base: Plan,
    drawn: pl.DataFrame,
    *,
    iterations: int = ITERATIONS,
    price_per_hour: float = PRICE_PER_HOUR,
    seed: int = 0,
) -> Plan:
    """Plan again with the stops drawn, in the whole shift; they come first, like what is due.

    Only the base plan's stops and those drawn are candidates, so that the share of exploration is
    what was drawn. A stop drawn that still doesn't fit is in ``left_out``: log it as not visited.
    """
    chosen = drawn.filter("chosen")["stop_id"]
    names = drawn.filter(pl.col("chosen") & (pl.col("part") == "explore"))["stop_id"].to_list()
    row = inputs.stops["stop_id"].is_in(chosen.implode())
    n_teams = len(inputs.teams)
    places = np.concatenate([np.arange(n_teams), n_teams + np.flatnonzero(row.to_numpy())])
    tonight = replace(
        inputs,
        stops=inputs.stops.filter(row),
        minutes={kind: table[np.ix_(places, places)] for kind, table in inputs.minutes.items()},
    )
    return plan(
        tonight,
        price_per_hour=price_per_hour,
        iterations=iterations,
        seed=seed,
        first=base if len(base.routes) else None,
        explored=names,
    )
