"""What the ordinary traffic does that takes two, or a shore: meetings, approaches, and chains."""

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from ais._simulate_motion import AT_ANCHOR, BRIEF, KNOT, MOORED, OFF, Motion
from ais._simulate_stage import Label, Stage

Floats = NDArray[np.float64]

_STEP_S = 150.0
# A twentieth on either side of a definition is nobody's error.
_SLACK = 1.05
_MEET_M, _MEET_KN, _MEET_S = 200.0, 2.0, 1200.0
_SHORE_M, _SHORE_KN, _AT_SHORE_DEG = 200.0, 5.0, 60.0
_CHAIN_S = 6 * 3600.0


def meetings(stage: Stage, motion: Motion, circles: Floats, kinds: tuple[str, ...]) -> list[Label]:
    """Return when two vessels (not of ``kinds``) are slow beside each other outside berths."""
    slow = [
        _slow(n, motion, circles, stage.world.duration_s)
        for n, v in enumerate(stage.fleet)
        if v.course.t and v.kind not in kinds
    ]
    rows = pl.concat(slow) if slow else pl.DataFrame()
    if rows.is_empty():
        return []
    cell = _SLACK * _MEET_M
    rows = rows.with_columns(
        cx=(pl.col("x") / cell).floor().cast(pl.Int64),
        cy=(pl.col("y") / cell).floor().cast(pl.Int64),
    )
    pairs = pl.concat(
        [
            rows.join(
                rows.with_columns(cx=pl.col("cx") + dx, cy=pl.col("cy") + dy), on=["k", "cx", "cy"]
            )
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
        ]
    ).filter(
        (pl.col("n") < pl.col("n_right"))
        & (
            (pl.col("x") - pl.col("x_right")) ** 2 + (pl.col("y") - pl.col("y_right")) ** 2
            < cell**2
        )
    )
    runs = (
        pairs.sort("n", "n_right", "k")
        .with_columns(
            part=(pl.col("k").diff() > 3).fill_null(value=True).cum_sum().over("n", "n_right")
        )
        .group_by("n", "n_right", "part", maintain_order=True)
        .agg(a=pl.col("k").min(), b=pl.col("k").max(), x=pl.col("x").mean(), y=pl.col("y").mean())
        .filter((pl.col("b") - pl.col("a") + 2) * _STEP_S >= _MEET_S)
    )
    return [
        Label(
            "rendezvous", n, a * _STEP_S, (b + 1) * _STEP_S, np.array([x, y]),
            other=m, ordinary=True, what="side_by_side",
        )
        for n, m, a, b, x, y in runs.select("n", "n_right", "a", "b", "x", "y").iter_rows()
    ]  # fmt: skip


def _slow(n: int, motion: Motion, circles: Floats, duration: float) -> pl.DataFrame:
    first = np.ceil(max(motion.first[n], 0.0) / _STEP_S)
    k = np.arange(first, np.floor(min(motion.last[n], duration) / _STEP_S)).astype(np.int64)
    who, t = np.full(len(k), n), np.asarray(k * _STEP_S, dtype=np.float64)
    xy, doing = motion.place(who, t), motion.doing(who, t)
    ahead = motion.place(who, t + 30.0)
    free = (doing != OFF) & (np.hypot(*(ahead - xy).T) / 30.0 < _SLACK * _MEET_KN * KNOT)
    for x, y, radius in circles:
        free &= (xy[:, 0] - x) ** 2 + (xy[:, 1] - y) ** 2 >= radius**2
    return pl.DataFrame({"n": who[free], "k": k[free], "x": xy[free, 0], "y": xy[free, 1]})


def approaches(
    stage: Stage,
    motion: Motion,
    circles: Floats,
    vessel: NDArray[np.int64],
    t: Floats,
    mode: NDArray[np.int8],
    most_s: float = np.inf,
) -> list[Label]:
    """Return when vessels come within reach of a shore, slowly or heading at it.

    ``most_s``: for how long one label tells, at the place where the vessel is meanwhile.
    """
    xy = motion.place(vessel, t)
    rows = np.flatnonzero(~np.isin(mode, [MOORED, AT_ANCHOR, BRIEF]))
    rows = rows[_about_shore(stage, xy[rows])]
    for x, y, radius in circles:
        rows = rows[(xy[rows, 0] - x) ** 2 + (xy[rows, 1] - y) ** 2 >= (radius - 20.0) ** 2]
    if not len(rows):
        return []
    near, shore = stage.nearest(xy[rows])
    close = near <= _SLACK * _SHORE_M + 20.0
    rows, shore = rows[close], shore[close]
    step = motion.place(vessel[rows], t[rows] + 10.0) - motion.place(vessel[rows], t[rows] - 10.0)
    to_shore = shore - xy[rows]
    turn = np.arctan2(*step.T) - np.arctan2(*to_shore.T)
    at_it = np.abs(np.degrees((turn + np.pi) % (2 * np.pi) - np.pi)) < _AT_SHORE_DEG
    rows = rows[at_it | (np.hypot(*step.T) / 20.0 < _SLACK * _SHORE_KN * KNOT)]
    apart = (np.diff(vessel[rows]) != 0) | (np.diff(t[rows]) > 600.0)
    cuts = np.flatnonzero(apart | (np.diff(t[rows] // most_s) != 0)) + 1
    return [
        Label(
            "shore_approach", int(vessel[run[0]]), t[run[0]] - 60.0, t[run[-1]] + 60.0,
            xy[run].mean(axis=0), ordinary=True, what="close_by",
        )
        for run in np.split(rows, cuts)
        if len(run)
    ]  # fmt: skip


def _about_shore(stage: Stage, xy: Floats) -> NDArray[np.bool_]:
    """Return which places may be near a shore, of islets too small for the water grid as well."""
    grid = stage.world.sea.water
    marked = np.zeros(grid.water.shape, dtype=bool)

    def cells(places: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        where = (places - np.array([grid.x0, grid.y0])) / grid.cell_m
        last = np.array(marked.shape[::-1]) - 1
        col, row = np.clip(where, 0, last).astype(np.int64).T
        return row, col

    shore = shapely.get_coordinates(shapely.segmentize(stage.coast.geometries, grid.cell_m))
    marked[cells(shore)] = True
    marked = binary_dilation(marked, np.ones((3, 3), dtype=bool), iterations=2)
    return np.asarray(marked[cells(xy)], dtype=bool)


def chains(labels: list[Label]) -> list[Label]:
    """Return what makes a chain by accident: a meeting, and hours later one of the two ashore."""
    ashore = [
        label for label in labels if label.kind in ("dash", "shore_approach") and not label.decoy
    ]
    found = []
    for met in labels:
        if met.kind != "rendezvous" or met.decoy:
            continue
        pair = (met.vessel, met.other)
        for run in ashore:
            late = run.t0 - met.t1
            if run.vessel in pair and -600.0 <= late <= _SLACK * _CHAIN_S:
                found.append(
                    Label(
                        "chain", met.vessel, met.t0, run.t1, run.xy,
                        other=met.other, ordinary=True, what="by_accident",
                    )
                )  # fmt: skip
    return found
