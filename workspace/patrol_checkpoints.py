"""The checkpoints of a shift: on roads behind the shore that risk of the night comes by."""

import polars as pl

from risk.patrol_checkpoints import CHECKPOINTS, checkpoints, near_by_road
from risk.patrol_inputs import Network
from risk.shifts import Shift
from workspace import store
from workspace.folder import Workspace
from workspace.placing import snap

TOLD = pl.Schema(
    {
        "checkpoint_id": pl.String(),
        "name": pl.String(),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        **{name: kind for name, kind in CHECKPOINTS.items() if name != "checkpoint_id"},
    }
)
"""``CHECKPOINTS`` with a place, named by a way that leads there."""
_JUNCTION = 3


def drawn(
    ws: Workspace,
    shift: Shift,
    stops: pl.DataFrame,
    network: Network | None,
    *,
    speed_kmh: float,
    seed: int,
) -> pl.DataFrame:
    """Draw the shift's checkpoints (``TOLD``): always as many, each at a place and time by chance.

    Candidates are the junctions of open roads that lie far enough from the shore, or any place
    of theirs where junctions are too few; by how near the stops of the priority zones are by
    road. There are fewer, or none, only where no more roads lead there.
    """
    number = ws.config.checkpoints
    zones = stops.filter(pl.col("purpose") == "zone")
    if network is None or zones.is_empty() or not number:
        return TOLD.to_frame()
    nodes = near_by_road(network, zones.select("lon", "lat", "prize"), speed_kmh=speed_kmh)
    off = snap(ws, nodes["lon"], nodes["lat"], max_m=ws.config.checkpoint_from_shore_m)
    inland = nodes.filter(off["shoreline_id"].is_null() & (nodes["weight"] > 0.0))
    junctions = inland.filter(pl.col("ways") >= _JUNCTION)
    found = junctions if len(junctions) >= number else inland
    minutes = min(ws.config.checkpoint_minutes, shift.hours * 60.0)
    if found.is_empty():
        return TOLD.to_frame()
    made = checkpoints(
        found["node"],
        found["weight"].to_numpy(),
        number=min(number, len(found)),
        shift=shift,
        seed=seed,
        minutes=minutes,
    )
    return (
        made.join(found, left_on="checkpoint_id", right_on="node", maintain_order="left")
        .with_columns(name=_names(ws, network, made["checkpoint_id"]))
        .select(TOLD.names())
    )


def _names(ws: Workspace, network: Network, nodes: pl.Series) -> pl.Series:
    """Return two names of ways that meet at each node, None where none has one."""
    ways = store.read(ws.engine, "ways", columns=["way_id", "name"]).drop_nulls()
    ends = pl.concat([network.edges.select("way_id", node=end) for end in ("a", "b")]).join(
        ways, on="way_id"
    )
    named = ends.group_by("node").agg(name=pl.col("name").unique().sort().head(2).str.join(" / "))
    return nodes.to_frame("node").join(named, on="node", how="left", maintain_order="left")["name"]


def why_none(ws: Workspace, network: Network | None) -> tuple[str, str] | None:
    """Return why a shift has no checkpoint, in Chinese and English; None where none is wanted."""
    if not ws.config.checkpoints:
        return None
    if network is None:
        return "没有道路数据，未设卡点", "no checkpoints: no ways are imported"
    far = ws.config.checkpoint_from_shore_m
    zh = f"未设卡点：离岸 {far:.0f} 米以外没有与重点区相通的路口"
    return zh, f"no checkpoints: no junction of a road to a zone lies {far:.0f} m off the shore"
