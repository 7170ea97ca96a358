"""Draw checkpoints on the roads away from the shore: fixed in number, random in time and place."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk._patrol_travel import HOP_KM, minutes_from, nearest_nodes, open_edges
from risk.patrol_inputs import Network
from risk.shifts import Shift

Floats = npt.NDArray[np.float64]
CHECKPOINTS = pl.Schema(
    {
        "checkpoint_id": pl.String(),
        "t0": pl.Datetime("ms", "UTC"),
        "t1": pl.Datetime("ms", "UTC"),
        "probability": pl.Float64(),
        "place_probability": pl.Float64(),
    }
)
"""``probability`` is that of this place at this time, ``place_probability`` of the place at all."""


def near_by_road(
    network: Network, places: pl.DataFrame, *, speed_kmh: float, halving_minutes: float = 10.0
) -> pl.DataFrame:
    """Return how much risk comes by the nodes of the car's ways.

    Each place's prize counts at a node in full where it lies, and half as much with every
    ``halving_minutes`` by road (an assumption). A place further from every node than a car goes
    off the road counts nowhere.

    Parameters
    ----------
    places : ``lon, lat, prize``.

    Returns
    -------
    DataFrame
        ``node, lon, lat, ways`` (how many open ways meet there), ``weight``.
    """
    mine = pl.col("kind").is_null() | (pl.col("kind") == "car")
    edges = network.edges.filter(mine & ~pl.col("barred").fill_null(value=False))
    ends = pl.concat([edges["a"], edges["b"]])
    nodes = (
        network.nodes.join(
            ends.rename("node").value_counts(name="ways"), on="node", maintain_order="left"
        )
        .select("node", "lon", "lat", pl.col("ways").cast(pl.Int64))
        .with_row_index("row")
    )
    if nodes.is_empty() or places.is_empty():
        return nodes.drop("row").with_columns(weight=pl.lit(0.0))
    near, hop_km = nearest_nodes(nodes, places["lon"].to_numpy(), places["lat"].to_numpy())
    own = pl.col("km") / speed_kmh * 60.0
    timed = edges.with_columns(pl.coalesce("minutes", own).alias("minutes"))
    minutes = minutes_from(open_edges(timed, nodes), len(nodes), near)
    prize = np.where(hop_km <= HOP_KM["car"], places["prize"].to_numpy(), 0.0)
    weight = prize @ np.exp2(-minutes / halving_minutes)
    return nodes.drop("row").with_columns(weight=pl.Series(weight, dtype=pl.Float64))


def inclusion(weights: Floats, number: int) -> Floats:
    """Return the probabilities in proportion to weights that add up to a number, none above 1."""
    p = np.zeros(len(weights))
    sure = np.zeros(len(weights), bool)
    while True:
        rest = ~sure & (weights > 0.0)
        p[rest] = (number - sure.sum()) * weights[rest] / weights[rest].sum()
        over = rest & (p > 1.0)
        if not over.any():
            return p
        sure |= over
        p[sure] = 1.0


def checkpoints(
    candidates: pl.Series,
    weights: Floats,
    *,
    number: int,
    shift: Shift,
    seed: int,
    minutes: float = 60.0,
    slot_weights: Floats | None = None,
) -> pl.DataFrame:
    """Draw ``number`` places of a list, and for each a time within the shift.

    Systematic sampling with probability in proportion to size from a random start (Madow 1949,
    Annals of Mathematical Statistics 20(3)), over the places in random order: always ``number``
    places, each with exactly the probability that is logged. The times are slots of ``minutes``,
    drawn in the same way and dealt to the places at random.

    Parameters
    ----------
    candidates : names of the places.
    weights : 0 or more per place.
    slot_weights : 0 or more per slot of the shift; all alike where not given.

    Returns
    -------
    DataFrame
        ``CHECKPOINTS``, by time.

    Raises
    ------
    InputError
        When there are fewer places of a weight above 0 than checkpoints, weights are not numbers
        of 0 or more or not as many as they weigh, or no slot fits the shift.
    """
    slots = int(shift.hours * 60.0 // minutes) if minutes > 0.0 else 0
    share = np.ones(slots) if slot_weights is None else np.asarray(slot_weights, np.float64)
    problems = []
    for what, given, count in (("weights", weights, len(candidates)), ("slots", share, slots)):
        if len(given) != count or not np.isfinite(given).all() or (given < 0.0).any():
            problems.append(f"{what}: expected {count} numbers of 0 or more")
    if slots == 0 or not share.sum() > 0.0:
        problems.append(f"no slot of {minutes:g} minutes is left in a shift of {shift.hours:g} h")
    if not 1 <= number <= int((weights > 0.0).sum()):
        problems.append(
            f"{number} checkpoints of {int((weights > 0.0).sum())} places with a weight above 0"
        )
    if problems:
        raise InputError(
            "; ".join(problems),
            where="checkpoints",
            mend="Give a weight to each place and slot, and no more checkpoints than places",
        )
    rng = np.random.default_rng(seed)
    p = inclusion(weights, number)
    place = np.repeat(np.arange(len(p)), _systematic(p, rng))
    per_slot = share / share.sum()
    slot = np.repeat(np.arange(slots), _systematic(per_slot * number, rng))
    rng.shuffle(slot)
    begun = [shift.t0 + timedelta(minutes=minutes * int(one)) for one in slot]
    return pl.DataFrame(
        {
            "checkpoint_id": candidates.cast(pl.String).to_numpy()[place],
            "t0": begun,
            "t1": [one + timedelta(minutes=minutes) for one in begun],
            "probability": p[place] * per_slot[slot],
            "place_probability": p[place],
        },
        schema=CHECKPOINTS,
    ).sort("t0", "checkpoint_id")


def _systematic(size: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return how often each is drawn: floor or ceiling of its size, in all the rounded sum."""
    order = rng.permutation(len(size))
    # A sum of whole numbers is one to rounding only; its end must not lose or win a draw.
    steps = np.append(0.0, np.cumsum(size[order]))
    steps[-1] = round(steps[-1])
    counts = np.zeros(len(size), np.int64)
    counts[order] = np.diff(np.floor(steps + rng.random())).astype(np.int64)
    return counts
