"""Simulate counties with incidents: a shore, what is known of it, and what happened there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from risk.history import HISTORY, Shore

KINDS = ("explained", "unexplained", "flat")
"""Hot places partly explained by what is known; hot places at random and nothing known; neither."""

YEAR_D = 365.25


@dataclass(frozen=True)
class County:
    """A simulated county. ``hot`` says which stretches ever were hot; ``outside`` is how large a
    share of the incidents fell elsewhere."""

    shore: Shore
    incidents: pl.DataFrame
    features: Callable | None
    hot: np.ndarray
    outside: float


def county(seed: int, kind: str, settings: dict) -> County:
    """Simulate one county."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    shore, line, along_km = _shore(rng, settings["shore"])
    n = len(shore)
    start = datetime.fromisoformat(settings["measure"]["start"])
    days = settings["measure"]["years"] * YEAR_D
    known = _Known(rng, line, along_km, settings["features"])
    places = _hot(rng, shore, line, known.ease, settings["hot"], days, kind)
    t, where = _happen(rng, line, places, settings["incidents"], days, flat=kind == "flat")
    known.loiter(rng, t, where, n, days, settings["features"], related=kind == "explained")
    effort = np.exp(rng.normal(0, settings["incidents"]["effort_spread"], n // 40 + 1))[
        np.arange(n) // 40
    ]
    found = rng.random(len(t)) < settings["incidents"]["discovered"]
    # A patrol finds what it is there to see: the others of these stay unknown.
    kept = ~found | (rng.random(len(t)) < np.minimum(1, effort[where]))
    order = np.flatnonzero(kept)[np.argsort(t[kept])]
    table = pl.DataFrame(
        {
            "t": [start + timedelta(days=float(x)) for x in t[order]],
            "segment": where[order],
            "weight": np.ones(len(order)),
            "source": np.where(found[order], "discovered", "reported"),
        }
    ).with_columns(
        pl.col("t").dt.cast_time_unit("ms"),
        pl.col("segment").cast(pl.UInt32),
    )
    hot = np.zeros(n, bool)
    for rows, _, _, _ in places:
        hot[rows] = True
    return County(
        shore,
        table.match_to_schema(HISTORY),
        known.features(start) if kind != "unexplained" else None,
        hot,
        float((~hot[where[order]]).mean()),
    )


def _shore(rng: np.random.Generator, s: dict) -> tuple[Shore, np.ndarray, np.ndarray]:
    """Lay a mainland with islands before it; distance is along the shore, or over water between."""
    lengths = [rng.uniform(*s["mainland_km"])] + [
        rng.uniform(*s["island_km"]) for _ in range(rng.integers(*s["islands"], endpoint=True))
    ]
    step = s["stretch_km"]
    line, along, xy = [], [], []
    for k, length in enumerate(lengths):
        m = (np.arange(int(length / step)) + 0.5) * step
        line.append(np.full(len(m), k))
        along.append(m)
        if k == 0:
            xy.append(np.column_stack([m, np.zeros(len(m))]))
        else:
            radius = len(m) * step / 2 / np.pi
            middle = [
                rng.uniform(0, lengths[0]),
                rng.uniform(*s["offshore_km"]) + radius,
            ]
            angle = m / radius
            xy.append(middle + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
    lines, alongs, places = np.concatenate(line), np.concatenate(along), np.concatenate(xy)
    apart = np.abs(alongs[:, None] - alongs[None])
    round_km = np.bincount(lines)[lines] * step
    apart = np.where((lines > 0)[:, None], np.minimum(apart, round_km[:, None] - apart), apart)
    over = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
    km = np.where(lines[:, None] == lines[None], apart, over)
    a, b = np.nonzero(km * 1000 <= s["pairs_within_m"])
    return Shore(np.full(len(lines), step), a, b, km[a, b] * 1000), lines, alongs


def _field(rng, line, along, reach_km) -> np.ndarray:
    """Draw a smooth field along each shoreline, evenly spread over 0..1."""
    out = np.empty(len(line))
    for k in np.unique(line):
        rows = np.flatnonzero(line == k)
        gap = np.abs(along[rows][:, None] - along[rows][None])
        smooth = np.exp(-0.5 * (gap / reach_km) ** 2)
        out[rows] = smooth @ rng.normal(size=len(rows)) / np.sqrt((smooth**2).sum(1))
    return np.argsort(np.argsort(out)) / (len(out) - 1)


class _Known:
    """What is known of the stretches, by month."""

    def __init__(self, rng, line, along, s) -> None:
        reach = rng.uniform(*s["reach_km"])
        self.landable = _field(rng, line, along, reach)
        self.road = _field(rng, line, along, reach)
        self.ease = self.landable * self.road
        self.unguarded = _field(rng, line, along, s["guardianship_reach_km"])
        self.unguarded[rng.random(len(line)) < s["missing"]] = np.nan
        self.unrelated = [
            _field(rng, line, along, rng.uniform(*s["reach_km"])) for _ in range(s["unrelated"])
        ]
        self.loitering = np.zeros((0, 0))

    def loiter(self, rng, t, where, n, days, s, *, related) -> None:
        """Draw who loitered off each stretch in each month, before some incidents if related."""
        self.loitering = rng.beta(1, 8, (int(days // 30) + 3, n))
        if related:
            chosen = rng.random(len(t)) < s["loitering_before"]
            # Known when the month of the incident begins.
            self.loitering[(t[chosen] // 30).astype(int), where[chosen]] = rng.uniform(
                0.3, 0.9, chosen.sum()
            )

    def features(self, start: datetime) -> Callable:
        names = ["landable", "road", "unguarded", "loitering", "darkness"] + [
            f"unrelated_{k}" for k in range(len(self.unrelated))
        ]

        def at(t0: datetime, t1: datetime) -> tuple[list[str], np.ndarray]:
            middle = (t0 - start) / timedelta(days=1)
            month = int(np.clip(middle // 30, 0, len(self.loitering) - 1))
            dark = 0.5 + 0.2 * np.cos(2 * np.pi * middle / YEAR_D)
            columns = [
                np.clip(self.landable + 0.05 * np.sin(month), 0, 1),
                self.road,
                self.unguarded,
                self.loitering[month],
                np.full(len(self.road), dark),
                *self.unrelated,
            ]
            return names, np.column_stack(columns)

        return at


def _hot(rng, shore, line, ease, s, days, kind) -> list:
    """Choose the hot places: rows, relative rate per km, and the days from and until."""
    places = []
    if kind == "flat":
        return places
    n = len(shore)
    free = np.ones(n, bool)
    wanted = rng.uniform(*s["share"]) * n
    pull = np.exp(s["pull"] * (ease - ease.mean()) / ease.std())
    while (~free).sum() < wanted:
        by_ease = kind == "explained" and rng.random() < s["explained"]
        weight = (pull if by_ease else np.ones(n)) * free
        middle = rng.choice(n, p=weight / weight.sum())
        half = rng.uniform(*s["place_km"]) / shore.length_km[0] / 2
        rows = np.arange(max(0, round(middle - half)), min(n, round(middle + half) + 1))
        rows = rows[(line[rows] == line[middle]) & free[rows]]
        free[rows] = False
        since, until = 0.0, days
        if rng.random() < s["passing"]:
            turn = rng.uniform(0.2, 0.8) * days
            since, until = (turn, days) if rng.random() < 0.5 else (0.0, turn)
        places.append((rows, float(np.exp(rng.normal(0, s["spread"]))), since, until))
    return places


def _happen(rng, line, places, s, days, *, flat) -> tuple[np.ndarray, np.ndarray]:
    """Let incidents happen: days since the start, and the stretch."""
    count = rng.poisson(rng.uniform(*s["a_year"]) * days / YEAR_D)
    # The unknown ones are made up for, so that the year's number is of those that are known.
    count = round(count / (1 - 0.2 * s["discovered"]))
    swing, turn = rng.uniform(*s["season"]), rng.uniform(0, YEAR_D)
    if flat:
        return rng.uniform(0, days, count), rng.integers(0, len(line), count)
    t = np.empty(0)
    while len(t) < count:
        tried = rng.uniform(0, days, 4 * count)
        likely = (1 + swing * np.cos(2 * np.pi * (tried - turn) / YEAR_D)) / (1 + swing)
        t = np.append(t, tried[rng.random(len(tried)) < likely])
    t = t[:count]
    hot = np.zeros(len(line), bool)
    for rows, _, _, _ in places:
        hot[rows] = True
    cold = np.flatnonzero(~hot)
    where = rng.choice(cold, count)
    for k in np.flatnonzero(rng.random(count) >= s["outside"]):
        live = [len(r) * rate * (a <= t[k] < b) for r, rate, a, b in places]
        if sum(live) > 0:
            where[k] = rng.choice(places[rng.choice(len(places), p=np.array(live) / sum(live))][0])
    # Some are followed soon by one like it, nearby. They take the place of others.
    for k in np.flatnonzero(rng.random(count) < s["repeats"]):
        first = rng.integers(count)
        later = t[first] + rng.exponential(s["repeat_days"])
        near = where[first] + rng.integers(-1, 2)
        if later >= days or not 0 <= near < len(line) or line[near] != line[where[first]]:
            continue
        if hot[near] == hot[where[first]]:
            t[k], where[k] = later, near
    return t, where
