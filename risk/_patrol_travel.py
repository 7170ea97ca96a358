"""Work out how long the ways between places take, for each sort of team."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse as sp
from scipy.sparse.csgraph import csgraph_from_dense, dijkstra, shortest_path
from scipy.spatial import KDTree

from geo.crs import ELLIPSOID, to_metres, working_crs
from risk.patrol_inputs import CAMERA, Floats, Inputs, Network

Ints = npt.NDArray[np.int64]
HOP_KM = {"car": 1.0, "foot": 3.0, "boat": 5.0}
"""How far from the ways' nearest node a place may lie, by kind: assumptions. A car goes no further
off the road, so that none is sent to an island; walkers cross fields, boats open water."""


@dataclass(frozen=True)
class Ways:
    """The ways of one sort of team: ``minutes``, ``km`` [places, places], infinite where none is.

    Places are the teams' starts, then the stops. ``basis`` says where they come from.
    """

    minutes: Floats
    km: Floats
    basis: str


def ways(inputs: Inputs) -> tuple[list[Ways], Ints]:
    """Return the ways of each sort of team, and the sort of each team.

    Teams of a kind and speed are of one sort. Each camera is of its own: it sees what is within
    its range at once, and nothing else.
    """
    lon = np.concatenate([inputs.teams["lon"], inputs.stops["lon"]])
    lat = np.concatenate([inputs.teams["lat"], inputs.stops["lat"]])
    straight_km = _straight_km(lon, lat)
    found: dict[tuple[str, float, int], Ways] = {}
    sort = []
    for row, team in enumerate(inputs.teams.iter_rows(named=True)):
        kind, speed = team["kind"], team["speed_kmh"]
        key = (kind, 0.0, row) if kind == CAMERA else (kind, speed, -1)
        if key not in found:
            if kind == CAMERA:
                found[key] = _seen(straight_km[row], team["range_km"])
            else:
                found[key] = _of_kind(inputs, kind, speed, straight_km, lon, lat)
        sort.append(list(found).index(key))
    return list(found.values()), np.array(sort, np.int64)


def _straight_km(lon: Floats, lat: Floats) -> Floats:
    n = len(lon)
    a, b = np.triu_indices(n, 1)
    km = np.zeros((n, n))
    if len(a):
        km[a, b] = ELLIPSOID.inv(lon[a], lat[a], lon[b], lat[b])[2] / 1000.0
    return km + km.T


def _seen(km: Floats, range_km: float | None) -> Ways:
    near = np.ones(len(km), bool) if range_km is None else km <= range_km
    minutes = np.where(near[:, None] & near[None, :], 0.0, np.inf)
    return Ways(minutes, np.zeros_like(minutes), "watching")


def _of_kind(
    inputs: Inputs, kind: str, speed_kmh: float, straight_km: Floats, lon: Floats, lat: Floats
) -> Ways:
    if kind in inputs.minutes:
        direct = inputs.minutes[kind].astype(np.float64)
        graph = csgraph_from_dense(direct, null_value=np.nan, nan_null=True, infinity_null=True)
        # Where no way is given, or a longer one, one goes by another place.
        given = shortest_path(graph)
        return Ways(given, given * speed_kmh / 60.0, "given minutes")
    if inputs.network is not None:
        edges = inputs.network.edges.filter(pl.col("kind").is_null() | (pl.col("kind") == kind))
        if len(edges):
            open_ways = Network(inputs.network.nodes, edges)
            return _by_network(open_ways, kind, speed_kmh, inputs.detour, lon, lat)
    km = straight_km * inputs.detour
    return Ways(km / speed_kmh * 60.0, km, f"straight line x {inputs.detour:g}")


def _by_network(
    network: Network, kind: str, speed_kmh: float, detour: float, lon: Floats, lat: Floats
) -> Ways:
    """Return the quickest ways; from a place to its nearest node one goes straight (x detour).

    No way leads to a place that is further than ``HOP_KM`` from every node.
    """
    used = network.edges["a"].append(network.edges["b"]).unique()
    nodes = network.nodes.filter(pl.col("node").is_in(used.implode())).with_row_index("row")
    near, hop_km = nearest_nodes(nodes, lon, lat)
    access_km = np.where(hop_km <= HOP_KM[kind], hop_km * detour, np.inf)

    own = pl.col("km") / speed_kmh * 60.0
    edges = network.edges.with_columns(pl.coalesce(pl.col("minutes"), own).alias("minutes"))
    minutes, km = _quickest(open_edges(edges, nodes), len(nodes), near)
    access_minutes = access_km / speed_kmh * 60.0
    minutes = minutes + access_minutes[:, None] + access_minutes[None, :]
    km = km + access_km[:, None] + access_km[None, :]
    np.fill_diagonal(minutes, 0.0)
    np.fill_diagonal(km, 0.0)
    return Ways(minutes, km, "network")


def nearest_nodes(nodes: pl.DataFrame, lon: Floats, lat: Floats) -> tuple[Ints, Floats]:
    """Return the row of the node nearest to each place, and the kilometres to it."""
    node_lon, node_lat = nodes["lon"].to_numpy(), nodes["lat"].to_numpy()
    crs = working_crs([lon.min(), lat.min(), lon.max(), lat.max()])
    tree = KDTree(np.column_stack(to_metres(crs, node_lon, node_lat)))
    near = np.asarray(tree.query(np.column_stack(to_metres(crs, lon, lat)))[1], np.int64)
    return near, ELLIPSOID.inv(lon, lat, node_lon[near], node_lat[near])[2] / 1000.0


def minutes_from(edges: pl.DataFrame, n: int, sources: Ints) -> Floats:
    """Return the minutes of the quickest ways from some of ``n`` nodes to every node."""
    weight = np.maximum(edges["minutes"].to_numpy(), 1e-9)
    graph = sp.csr_array((weight, (edges["a"].to_numpy(), edges["b"].to_numpy())), shape=(n, n))
    source, back = np.unique(sources, return_inverse=True)
    return np.asarray(dijkstra(graph, indices=source)[back], np.float64)


def open_edges(edges: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """Return both directions of what is not barred, the quickest of parallel edges."""
    rows = dict(zip(nodes["node"], nodes["row"], strict=True))
    there = edges.filter(~pl.col("barred").fill_null(value=False)).select(
        pl.col("a", "b").replace_strict(rows, return_dtype=pl.Int64), "minutes", "km"
    )
    both = pl.concat([there, there.select(a="b", b="a", minutes="minutes", km="km")])
    return both.sort("minutes", "km").unique(["a", "b"], keep="first", maintain_order=True)


def _quickest(edges: pl.DataFrame, n: int, near: Ints) -> tuple[Floats, Floats]:
    """Return minutes and km of the quickest ways between nodes ``near`` of ``n``."""
    a, b = edges["a"].to_numpy(), edges["b"].to_numpy()
    # scipy reads a stored 0 as an edge in csgraph, but drops it in some conversions.
    weight = np.maximum(edges["minutes"].to_numpy(), 1e-9)
    source, back = np.unique(near, return_inverse=True)
    minutes, before = dijkstra(
        sp.csr_array((weight, (a, b)), shape=(n, n)), indices=source, return_predecessors=True
    )
    # The kilometres to each node add up along its predecessors, twice as many at each turn.
    first = before < 0
    step = np.where(first, np.arange(n)[None, :], before).astype(np.int64)
    length = sp.csr_array((edges["km"].to_numpy(), (a, b)), shape=(n, n))
    km = np.asarray(length[step.ravel(), np.tile(np.arange(n), len(source))]).reshape(step.shape)
    km = np.where(first, 0.0, km)
    while True:
        further = np.take_along_axis(step, step, axis=1)
        if (further == step).all():
            break
        km = km + np.take_along_axis(km, step, axis=1)
        step = further
    pick = np.ix_(back, near)
    return minutes[pick], np.where(np.isfinite(minutes[pick]), km[pick], np.inf)
