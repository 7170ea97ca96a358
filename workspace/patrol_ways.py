"""The network that patrols go by: the ways of a workspace, with minutes for each kind of team."""

import numpy as np
import polars as pl
import shapely

from geo.network import Lines
from geo.network import network as joined
from risk.patrol_inputs import Network
from workspace import store
from workspace._cache import cached
from workspace.folder import Workspace

_KINDS = ("foot", "car", "boat")


def network(ws: Workspace) -> Network | None:
    """Return the ways that patrols take, None where none are imported.

    Its edges have ``way_id`` too, so that a way can be barred. A way that names no kind is one by
    land, for foot and car. Its speed is for the kind that it names, for cars where it names none;
    without one, teams go at their own (minutes are null).
    """
    return cached(ws, "patrol network", ["ways"], lambda: _network(ws))


def apart(ws: Workspace) -> list[str]:
    """Tell what of the ways is not joined to the main part, kind by kind, with a place of each."""
    lines = []
    for kind, net in cached(ws, "patrol ways", ["ways"], lambda: _by_kind(ws)).items():
        rest = net.parts[1:]
        if len(rest):
            places = "; ".join(
                f"{lon:.4f}, {lat:.4f} ({km:.1f} km)"
                for km, lon, lat in rest[:5].select("km", "lon", "lat").iter_rows()
            )
            lines.append(
                f"{kind}：有 {len(rest)} 处道路不与主网相连 · {kind}: {len(rest)} parts of the "
                f"ways are not joined to the main one: {places}"
            )
    return lines


def _usable(ways: pl.DataFrame, kind: str) -> pl.DataFrame:
    by_land = pl.col("kind").is_null() & pl.lit(kind != "boat")
    found = ways.filter((pl.col("kind") == kind) | by_land)
    shapes = shapely.from_wkb(found["geometry"].to_numpy())
    # Joining takes lines one by one, and a way may have several.
    parts, row = shapely.get_parts(shapes, return_index=True)
    return found[row].with_columns(shape=pl.Series(list(parts), dtype=pl.Object))


def _by_kind(ws: Workspace) -> dict[str, Lines]:
    ways = store.read(ws.engine, "ways")
    return {kind: _joined(_usable(ways, kind)) for kind in _KINDS}


def _joined(ways: pl.DataFrame) -> Lines:
    return joined(np.array(ways["shape"].to_list(), dtype=object), level=ways["level"].to_numpy())


def _network(ws: Workspace) -> Network | None:
    ways = store.read(ws.engine, "ways")
    if ways.is_empty():
        return None
    nodes, edges = [], []
    for kind in _KINDS:
        mine = _usable(ways, kind)
        net = _joined(mine)
        named = pl.concat_str([pl.lit(f"{kind} "), pl.col("node").cast(pl.String)])
        nodes.append(net.nodes.select(named.alias("node"), "lon", "lat"))
        row = net.edges["line"]
        speed = pl.col("speed_kmh")
        if kind == "foot":
            speed = pl.when(pl.col("kind") == kind).then(speed)
        about = mine.select("way_id", "barred", speed_kmh=speed)[row]
        edges.append(
            pl.concat([net.edges, about], how="horizontal").select(
                pl.concat_str([pl.lit(f"{kind} "), pl.col("a").cast(pl.String)]).alias("a"),
                pl.concat_str([pl.lit(f"{kind} "), pl.col("b").cast(pl.String)]).alias("b"),
                (pl.col("km") / pl.col("speed_kmh") * 60.0).alias("minutes"),
                "km",
                pl.lit(kind).alias("kind"),
                "barred",
                "way_id",
            )
        )
    return Network(pl.concat(nodes), pl.concat(edges))
