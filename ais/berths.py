"""Learn where vessels lie from their stops, and tell who lay at which berth."""

import hashlib
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.spatial import KDTree
from scipy.special import pdtrc
from sklearn.cluster import DBSCAN

from ais._arrays import Array, Bools, Floats, Ints
from ais._events import beyond_berths
from ais._plane import METRES_PER_DEGREE, metres_between
from ais._visits import MINUTE_MS, stays_of, visits
from ais.schema import BERTHS, empty

__all__ = ["BerthRule", "learn", "visits"]

_EARTH_M = 6_371_008.8
_ROUND_M = 10_000.0


@dataclass(frozen=True)
class BerthRule:
    """What makes a berth or an anchorage of stops.

    A stop teaches when it is ``least_min`` long, or shorter yet tight (``tight_m``: no boat that
    drifts at slack water holds its place so); at anchor it must last ``anchor_min``. Stops are
    joined within ``berth_eps_m`` (quays and rafts, where half of the stays keep within
    ``quay_spread_m``), what is left and lies as long as at anchor within ``anchor_eps_m`` (ships
    at anchor keep clear of each other), about places with ``least_visits`` of them.

    A circle has to bear its own evidence: ``least_vessels`` that came on as many days, or visits
    begun on ``least_days`` days, or ``residents`` that each lay ``resident_h`` in all. One
    night's meeting of a few boats is none of these. Where fewer than ``least_visits`` lay for
    ``least_min`` some vessel must have come on ``least_days`` days, as a ferry does: where now
    one boat and now another touches the shore for minutes is no berth, but a place to watch. A
    stay that goes on within ``lapse_h``, without a stop elsewhere, is one visit: bad reception is
    no return. And so many visits must not come together by ``chance`` (Poisson) of the others
    within 10 km, at a berth of those only that lie scattered: in a year boats wait everywhere.

    A circle covers ``cover`` of its stays with a margin, and has at most ``berth_most_m`` or
    ``anchor_most_m`` of radius: a cluster too big for one is cut into tiles with one each.
    """

    least_min: float = 30.0
    tight_m: float = 30.0
    quay_spread_m: float = 50.0
    anchor_min: float = 180.0
    berth_eps_m: float = 150.0
    anchor_eps_m: float = 500.0
    least_visits: int = 3
    least_vessels: int = 3
    least_days: int = 5
    residents: int = 4
    resident_h: float = 12.0
    lapse_h: float = 6.0
    chance: float = 1e-4
    cover: float = 0.95
    berth_margin_m: float = 50.0
    anchor_margin_m: float = 100.0
    berth_most_m: float = 300.0
    anchor_most_m: float = 1500.0


def learn(stops: pl.DataFrame, known: pl.DataFrame, rule: BerthRule | None = None) -> pl.DataFrame:
    """Learn the berths and anchorages that no list has, from where vessels lay.

    Parameters
    ----------
    stops : DataFrame
        ``EVENTS`` of kind stop (`ais.stops`), of the time to learn from, in any order.
    known : DataFrame
        Known berths: lon, lat, radius_m. What lies in them teaches nothing.

    Returns
    -------
    DataFrame
        ``BERTHS`` with basis learned, by id. An id goes by the kind and the tile of 300 or
        1500 m that the circle's middle lies in, so that a few more stays change none.
    """
    use = rule or BerthRule()
    stays = stays_of(stops)
    stays = stays.with_columns(pl.Series("comes", _comes(stays, use)))
    outside = beyond_berths(stays["lon"].to_numpy(), stays["lat"].to_numpy(), known) > 0
    stays = stays.filter(pl.Series(outside, dtype=pl.Boolean) & _teaches(use))
    if stays.is_empty():
        return empty(BERTHS)
    label = _clusters(stays, use.berth_eps_m, use)
    # A place where most lie at anchor, or swing, is a crowded anchorage however near they lie.
    mixed = stays.with_columns(pl.Series("cluster", label))
    crowd = mixed.select(
        ((pl.col("state") == "at_anchor").mean() > 0.5).over("cluster")
        | (pl.col("spread_m").median() > use.quay_spread_m).over("cluster")
    ).to_series()
    quay = (label >= 0) & ~crowd.to_numpy()
    berths = _circles(stays.filter(pl.Series(quay)), label[quay], "berth", use)
    wide = ~quay & (stays["duration_min"] >= use.anchor_min).to_numpy()
    rest = stays.filter(pl.Series(wide))
    anchorages = _circles(rest, _clusters(rest, use.anchor_eps_m, use), "anchorage", use)
    return pl.concat([berths, anchorages]).sort("berth_id")


def _comes(stays: pl.DataFrame, rule: BerthRule) -> Bools:
    """Return which stays begin a visit: the vessel lay elsewhere before, or not for some time."""
    before = stays.select(pl.col("lon", "lat", "t1").shift(1).over("mmsi"))
    gone_ms = (stays["t0"] - before["t1"]).dt.total_milliseconds()
    away_m = metres_between(
        *(frame[name].to_numpy() for frame in (stays, before) for name in ("lon", "lat"))
    )
    lapse = (gone_ms > rule.lapse_h * 60 * MINUTE_MS).fill_null(value=True).to_numpy()
    return np.asarray(lapse | (away_m > rule.anchor_eps_m))


def _teaches(rule: BerthRule) -> pl.Expr:
    """Return which stays are worth learning from."""
    minutes = pl.col("duration_min")
    moored = (minutes >= rule.least_min) | (pl.col("spread_m") <= rule.tight_m)
    return (
        pl.when(pl.col("state") == "moored")
        .then(moored)
        .when(pl.col("state") == "at_anchor")
        .then(minutes >= rule.anchor_min)
        .otherwise(pl.lit(value=False))
    )


def _tiles(lon: Array, lat: Array, side_m: float) -> tuple[Ints, Ints]:
    """Return row and column of the tile, of about ``side_m`` each way, that each place is in."""
    side = side_m / METRES_PER_DEGREE
    row = np.floor((lat + 90) / side).astype(np.int64)
    wide = side / np.maximum(np.cos(np.radians((row + 0.5) * side - 90)), 1e-6)
    return row, np.floor(((lon + 180) % 360) / wide).astype(np.int64)


def _clusters(stays: pl.DataFrame, eps_m: float, rule: BerthRule) -> Ints:
    """Return the cluster of each stay, -1 for none.

    Stays are counted by cells of a sixth of ``eps_m`` first, each vessel once a day: a harbour of
    a hundred thousand stops has a few hundred cells.
    """
    if stays.is_empty():
        return np.empty(0, np.int64)
    row, col = _tiles(stays["lon"].to_numpy(), stays["lat"].to_numpy(), eps_m / 6)
    cells = (
        stays.select("mmsi", "lon", "lat", day=pl.col("t0").dt.date())
        .with_columns(pl.Series("row", row), pl.Series("col", col))
        .with_columns(cell=pl.struct("row", "col").rank("dense").cast(pl.Int64) - 1)
    )
    by_cell = (
        cells.group_by("cell")
        .agg(
            pl.col("lon", "lat").sort().mean(),
            pl.struct("mmsi", "day").n_unique().alias("visits"),
        )
        .sort("cell")
    )
    label: Ints = DBSCAN(
        eps=eps_m / _EARTH_M,
        min_samples=rule.least_visits,
        metric="haversine",
        algorithm="ball_tree",
    ).fit_predict(
        np.radians(by_cell.select("lat", "lon").to_numpy()),
        sample_weight=by_cell["visits"].to_numpy(),
    )
    return np.asarray(label[cells["cell"].to_numpy()], dtype=np.int64)


def _circles(stays: pl.DataFrame, label: Ints, kind: str, rule: BerthRule) -> pl.DataFrame:
    """Return a circle for each cluster with evidence enough, more for one too big for one."""
    margin, most, eps = (
        (rule.berth_margin_m, rule.berth_most_m, rule.berth_eps_m)
        if kind == "berth"
        else (rule.anchor_margin_m, rule.anchor_most_m, rule.anchor_eps_m)
    )
    clustered = stays.with_columns(
        pl.Series("cluster", label), row=pl.lit(0, pl.Int64), col=pl.lit(0, pl.Int64)
    )
    whole = clustered.filter(pl.col("cluster") >= 0)
    drawn = _drawn(whole, margin, rule)
    too_big = pl.col("cluster").is_in(drawn.filter(pl.col("radius_m") > most)["cluster"].implode())
    cut = whole.filter(too_big)
    row, col = _tiles(cut["lon"].to_numpy(), cut["lat"].to_numpy(), most)
    cut = cut.with_columns(pl.Series("row", row), pl.Series("col", col))
    drawn = pl.concat([drawn.filter(~too_big), _drawn(cut, margin, rule)]).filter(
        ((pl.col("vessels") >= rule.least_vessels) & (pl.col("days") >= rule.least_vessels))
        | (pl.col("days") >= rule.least_days)
        | (pl.col("residents") >= rule.residents)
    )
    drawn = drawn.filter(
        (pl.col("long") >= rule.least_visits) | (pl.col("loyal") >= rule.least_days)
    )
    # Moored boats outside clusters are strays; ships at anchor elsewhere are what chance brings.
    stray = (pl.col("cluster") < 0) | pl.lit(kind == "anchorage")
    others = clustered.filter(stray & pl.col("comes"))
    chance = _by_chance(drawn, others, eps)
    drawn = drawn.filter(pl.Series(chance < rule.chance, dtype=pl.Boolean))
    return _named(drawn.with_columns(pl.col("radius_m").clip(upper_bound=most)), kind, most)


def _drawn(placed: pl.DataFrame, margin_m: float, rule: BerthRule) -> pl.DataFrame:
    """Return the circle about each cluster's tile, and what was seen there."""
    part = ("cluster", "row", "col")
    tail = (1 - rule.cover) / 2
    # From one place of the cluster, so that one on both sides of 180 degrees has its middle there.
    lon = (pl.col("lon") - pl.col("lon").min().over("cluster") + 180) % 360 - 180
    off = placed.with_columns(
        east=lon + pl.col("lon").min().over("cluster"),
        begun=pl.when("comes").then(pl.col("t0").dt.date()),
        own_days=pl.col("t0").dt.date().n_unique().over(*part, "mmsi"),
        hours=pl.col("duration_min").sum().over(*part, "mmsi") / 60,
    )
    middle = off.with_columns(
        (0.5 * (pl.col(name).quantile(tail, "linear") + pl.col(name).quantile(1 - tail, "linear")))
        .over(part)
        .alias(f"middle_{name}")
        for name in ("east", "lat")
    )
    away_m = metres_between(
        *(middle[name].to_numpy() for name in ("east", "lat", "middle_east", "middle_lat"))
    )
    return (
        middle.with_columns(pl.Series("away_m", away_m) + pl.col("spread_m").fill_null(0))
        .group_by(part)
        .agg(
            ((pl.col("middle_east").first() + 180) % 360 - 180).alias("lon"),
            pl.col("middle_lat").first().alias("lat"),
            (pl.col("away_m").quantile(rule.cover, "higher") + margin_m).alias("radius_m"),
            pl.col("mmsi").n_unique().alias("vessels"),
            pl.col("comes").sum().alias("stays"),
            (pl.col("duration_min") >= rule.least_min).sum().alias("long"),
            pl.col("own_days").max().alias("loyal"),
            pl.col("begun").drop_nulls().n_unique().alias("days"),
            pl.col("mmsi").filter(pl.col("hours") >= rule.resident_h).n_unique().alias("residents"),
        )
    )


def _by_chance(drawn: pl.DataFrame, others: pl.DataFrame, eps_m: float) -> Floats:
    """Return how likely so many stays come together of as many others as lie around them."""
    if drawn.is_empty() or others.is_empty():
        return np.zeros(drawn.height)
    tree = KDTree(_on_sphere(others))
    around = tree.query_ball_point(_on_sphere(drawn), _ROUND_M / _EARTH_M, return_length=True)
    mine = others.group_by("cluster").agg(pl.len().alias("mine")).filter(pl.col("cluster") >= 0)
    own = drawn.join(mine, on="cluster", how="left", maintain_order="left")["mine"].fill_null(0)
    share = (np.maximum(drawn["radius_m"].to_numpy(), eps_m) / _ROUND_M) ** 2
    expected = np.maximum(around - own.to_numpy(), 0) * share
    return np.asarray(pdtrc(drawn["stays"].to_numpy() - 1.0, expected))


def _on_sphere(places: pl.DataFrame) -> Floats:
    """Return places as points of the unit sphere: near ones are as far apart as on the ground."""
    lon, lat = (np.radians(places[name].to_numpy()) for name in ("lon", "lat"))
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def _named(drawn: pl.DataFrame, kind: str, side_m: float) -> pl.DataFrame:
    """Return circles as ``BERTHS``; those of one tile are told apart by how much was seen there."""
    row, col = _tiles(drawn["lon"].to_numpy(), drawn["lat"].to_numpy(), side_m)
    order = ("row", "col", "stays", "lat", "lon")
    tiled = (
        drawn.with_columns(pl.Series("row", row), pl.Series("col", col))
        .sort(order, descending=[False, False, True, False, False])
        .with_columns(turn=pl.int_range(pl.len()).over("row", "col"))
    )
    keys = tiled.select("row", "col", "turn").iter_rows()
    ids = [
        "learned-" + hashlib.blake2b(f"{kind}|{r}|{c}|{k}".encode(), digest_size=6).hexdigest()
        for r, c, k in keys
    ]
    return tiled.with_columns(
        pl.Series("berth_id", ids, dtype=pl.String),
        kind=pl.lit(kind),
        basis=pl.lit("learned"),
    ).select(pl.col(name).cast(dtype) for name, dtype in BERTHS.items())
