"""Grids, their villages and posts: a draft changed by operations, and what each one changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import polars as pl
import shapely

from duty.posts import in_force
from geo import grids as geometry
from geo.errors import InputError
from geo.grids import Coverage

POST_KINDS = frozenset({"grid"})
# Shore lies on a grid's edge, and layers of shore and grids part by some hundred metres.
SHORE_WITHIN_M = 500.0
_NEEDED = {
    "draw": ("grid", "polygon", "over"),
    "split": ("grid", "line", "new"),
    "merge": ("grids", "into"),
    "move": ("vertices",),
    "redraw": ("between", "line"),
    "snap": ("tolerance_m",),
    "assign": ("villages", "grid"),
}


@dataclass(frozen=True)
class Grids:
    """A draft of grids: the coverage, and the villages that were assigned by hand.

    ``by_hand`` has the grid of a village id; all other villages go by where they lie.
    """

    coverage: Coverage
    by_hand: Mapping[str, str] = field(default_factory=dict)


def apply(grids: Grids, operation: Mapping[str, object]) -> Grids:
    """Return the draft after one operation, a plain record that can be kept as JSON.

    Parameters
    ----------
    operation : one of, with places as [lon, lat] in degrees,
        ``{"op": "draw", "grid": id, "polygon": [[lon, lat], …], "over": "free" | "neighbours"}``,
        ``{"op": "split", "grid": id, "line": […], "new": id}``,
        ``{"op": "merge", "grids": [id, …], "into": id}``,
        ``{"op": "move", "vertices": [[lon, lat, to_lon, to_lat], …]}``,
        ``{"op": "redraw", "between": [id, id | null], "line": […]}``,
        ``{"op": "snap", "tolerance_m": metres}``,
        ``{"op": "assign", "villages": [id, …], "grid": id | null}`` (null: by where they lie).

    Raises
    ------
    InputError
        When the record is none of these, or cannot be carried out; it says where.
    """
    name = str(operation.get("op"))
    lacking = [one for one in _NEEDED.get(name, ()) if one not in operation]
    if name not in _NEEDED or lacking:
        what = f"lacks {', '.join(lacking)}" if lacking else "is not known"
        raise InputError(
            f"the operation {name!r} {what}",
            where="grids",
            mend=f"Give one of {', '.join(_NEEDED)} with all that docs/grids.md names.",
        )
    if name == "assign":
        return _assigned(grids, operation)
    try:
        changed = _changed(grids.coverage, name, operation)
    except (TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise InputError(
            f"the operation {name!r} cannot be read: {error}",
            where="grids",
            mend="Give places as [lon, lat] in degrees; docs/grids.md has an example of each.",
        ) from error
    by_hand = dict(grids.by_hand)
    if name == "merge":
        gone = set(grids.coverage.ids) - set(changed.ids)
        by_hand = {v: str(operation["into"]) if g in gone else g for v, g in by_hand.items()}
    return Grids(changed, by_hand)


def _changed(grids: Coverage, name: str, operation: Mapping[str, object]) -> Coverage:
    told: Mapping[str, object] = operation
    if name == "draw":
        over: Literal["free", "neighbours"] = "free" if told["over"] == "free" else "neighbours"
        shape = shapely.Polygon(_list(told["polygon"]))
        return geometry.draw(grids, str(told["grid"]), shape, over=over)
    if name == "split":
        line = shapely.LineString(_list(told["line"]))
        return geometry.split(grids, str(told["grid"]), line, new=str(told["new"]))
    if name == "merge":
        ids = [str(one) for one in _list(told["grids"])]
        return geometry.merge(grids, ids, into=str(told["into"]))
    if name == "move":
        vertices = [(float(a), float(b), float(c), float(d)) for a, b, c, d in
                    map(_list, _list(told["vertices"]))]  # fmt: skip
        return geometry.move(grids, vertices)
    if name == "redraw":
        one, two = _list(told["between"])
        pair = (str(one), None if two is None else str(two))
        return geometry.redraw(grids, pair, shapely.LineString(_list(told["line"])))
    return geometry.snap(grids, tolerance_m=float(str(told["tolerance_m"])))


def _list(value: object) -> list[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{value!r} is no list")
    return list(value)


def _assigned(grids: Grids, operation: Mapping[str, object]) -> Grids:
    grid = operation["grid"]
    by_hand = dict(grids.by_hand)
    for village in map(str, _list(operation["villages"])):
        if grid is None:
            by_hand.pop(village, None)
        else:
            grids.coverage.row(str(grid))
            by_hand[village] = str(grid)
    return Grids(grids.coverage, by_hand)


def villages(grids: Grids, places: pl.DataFrame) -> pl.Series:
    """Return the grid of each village: by hand where it was said, else by where it lies.

    ``places`` has ``village_id`` (text), ``lon, lat``; null where it lies in no grid.
    """
    lying = geometry.locate(grids.coverage, places["lon"].to_numpy(), places["lat"].to_numpy())
    found = [
        grids.by_hand.get(village, grid)
        for village, grid in zip(places["village_id"], lying, strict=True)
    ]
    return pl.Series("grid_id", found, dtype=pl.String)


def changes(
    before: Grids,
    after: Grids,
    *,
    places: pl.DataFrame,
    shore: pl.DataFrame,
) -> pl.DataFrame:
    """Return what went from one grid to another: ground, villages and shore.

    Parameters
    ----------
    places : villages: ``village_id, lon, lat``.
    shore : segments: ``lon, lat`` (the middle), ``length_m``; each belongs to the nearest grid
        within ``SHORE_WITHIN_M``.

    Returns
    -------
    polars.DataFrame
        ``from_grid, to_grid`` (null for no grid), ``km2, villages`` (ids), ``shore_km``; the
        most ground first.
    """
    key = ["from_grid", "to_grid"]
    lived = pl.DataFrame(
        {
            "from_grid": villages(before, places),
            "to_grid": villages(after, places),
            "villages": places["village_id"],
        }
    )
    lon, lat = shore["lon"].to_numpy(), shore["lat"].to_numpy()
    held = pl.DataFrame(
        {
            name: pl.Series(
                geometry.locate(one.coverage, lon, lat, within_m=SHORE_WITHIN_M), dtype=pl.String
            )
            for name, one in zip(key, (before, after), strict=True)
        }
    ).with_columns(shore_km=shore["length_m"] / 1000.0)
    other = ~pl.col("from_grid").eq_missing(pl.col("to_grid"))
    people = lived.filter(other).group_by(key).agg(pl.col("villages").sort())
    coast = held.filter(other).group_by(key).agg(pl.col("shore_km").sum())
    ground = geometry.exchanged(before.coverage, after.coverage)
    return (
        ground.join(people, on=key, how="full", coalesce=True, nulls_equal=True)
        .join(coast, on=key, how="full", coalesce=True, nulls_equal=True)
        .with_columns(
            pl.col("km2", "shore_km").fill_null(0.0),
            pl.col("villages").fill_null(pl.lit([], dtype=pl.List(pl.String))),
        )
        .sort(["km2", *key], descending=[True, False, False])
    )


def workloads(grids: Grids, *, places: pl.DataFrame, shore: pl.DataFrame) -> pl.DataFrame:
    """Return per grid its ground, villages and shore.

    Returns
    -------
    polars.DataFrame
        ``grid_id, km2, villages`` (how many), ``shore_km``, in the order of the grids.
    """
    lon, lat = shore["lon"].to_numpy(), shore["lat"].to_numpy()
    near = geometry.locate(grids.coverage, lon, lat, within_m=SHORE_WITHIN_M)
    coast = (
        pl.DataFrame({"grid_id": pl.Series(near, dtype=pl.String), "m": shore["length_m"]})
        .group_by("grid_id")
        .agg(shore_km=pl.col("m").sum() / 1000.0)
    )
    people = villages(grids, places).to_frame().group_by("grid_id").agg(villages=pl.len())
    return (
        pl.DataFrame({"grid_id": list(grids.coverage.ids), "km2": grids.coverage.km2})
        .join(people, on="grid_id", how="left", maintain_order="left")
        .join(coast, on="grid_id", how="left", maintain_order="left")
        .with_columns(pl.col("villages").fill_null(0), pl.col("shore_km").fill_null(0.0))
        .select("grid_id", "km2", "villages", "shore_km")
    )


def without_post(
    grids: Grids, posts: pl.DataFrame, day: date, *, stands: pl.DataFrame | None = None
) -> list[str]:
    """Return the grids that have no post, fixed or mobile, in force on a day.

    Parameters
    ----------
    posts : as for `duty.posts.who`; one of ``object_kind`` grid is the grid's own.
    stands : fixed posts by place: ``lon, lat``; each serves the grid it stands in.
    """
    own = in_force(posts, day).filter(pl.col("object_kind").is_in(list(POST_KINDS)))
    served = set(own["object_id"])
    if stands is not None:
        lon, lat = stands["lon"].to_numpy(), stands["lat"].to_numpy()
        served |= set(geometry.locate(grids.coverage, lon, lat))
    return [grid for grid in grids.coverage.ids if grid not in served]
