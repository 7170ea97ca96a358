"""What simulated vessels say of who they are."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ais._simulate_stage import Said
from ais._simulate_world import Vessel
from ais.schema import STATICS

_EVERY_S = 5400


def names(fleet: list[Vessel]) -> tuple[list[str], list[str | None]]:
    """Return the usual name and call sign of each vessel; a beacon has neither."""
    count: dict[str, int] = {}
    told: list[str] = []
    signs: list[str | None] = []
    for vessel in fleet:
        number = count[vessel.kind] = count.get(vessel.kind, 0) + 1
        told.append(f"SIM {vessel.kind.upper()} {number:03d}")
        signs.append(f"SIM{len(told):04d}" if vessel.kind != "beacon" else None)
    return told, signs


def statics(
    fleet: list[Vessel],
    mmsi: NDArray[np.uint32],
    t0_ms: int,
    positions: pl.DataFrame,
    said: list[Said],
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Return the static reports: class A in one message, class B in two (name; the rest).

    ``positions`` bear the columns ``vessel`` and ``number``, the vessel and whose MMSI it sends. A
    vessel sends them every hour or two while it is heard at all, and about when they change. A net
    beacon's name carries its battery, which runs down.
    """
    # Each vessel has its own moment in the hour and a half.
    own = pl.col("vessel") * 2593 % _EVERY_S
    # Two vessels that share a number say the same name: only its owner's reports are made.
    sent = positions.filter(
        (pl.col("vessel") == pl.col("number")) | (pl.col("number") >= len(fleet))
    )
    seen = sent.with_columns(slot=(pl.col("t").dt.epoch("s") + own) // _EVERY_S).unique(
        ["mmsi", "slot"], keep="first", maintain_order=True
    )
    told, signs = names(fleet)
    changes: dict[int, list[Said]] = {}
    for each in sorted(said, key=lambda s: s.t):
        changes.setdefault(each.vessel, []).append(each)
    delay = rng.integers(1, 3, seen.height)
    moments = list(
        zip(
            seen["vessel"].to_list(),
            seen["mmsi"].to_list(),
            (seen["t"].dt.epoch("ms").to_numpy() + 1000 * delay).tolist(),
            strict=True,
        )
    )
    for each in said:
        number = _number_at(positions, mmsi, each.vessel, t0_ms + round(each.t) * 1000)
        moments += [
            (each.vessel, number, t0_ms + round(each.t + late) * 1000) for late in (-50.0, 50.0)
        ]
    rows: list[tuple[object, ...]] = []
    for k, number, t in moments:
        vessel = fleet[k]
        name, callsign, kind = told[k], signs[k], vessel.ship_type
        length = float(vessel.length_m)
        for change in changes.get(k, ()):
            if t0_ms + change.t * 1000 <= t:
                name, callsign = change.name or name, change.callsign or callsign
                kind = change.ship_type or kind
                length = float(change.length_m or length)
        if vessel.kind == "beacon":
            name = f"NET MARK {max(5, vessel.battery - int((t - t0_ms) // 43_200_000))}%"
        size = (length, float(vessel.width_m))
        if vessel.cls == "A":
            rows.append((number, t, None, name, callsign, kind, *size, vessel.draught_m))
        else:
            rows.append((number, t, None, name, None, None, None, None, None))
            rows.append((number, t, None, None, callsign, kind, *size, None))
    columns = [name for name in STATICS if name != "source"]
    table = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    return (
        table.with_columns(
            pl.col("t").cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"), source=pl.lit("sim")
        )
        .cast(STATICS)
        .select(list(STATICS))
        .sort("t", "mmsi", maintain_order=True)
    )


def _number_at(positions: pl.DataFrame, mmsi: NDArray[np.uint32], vessel: int, t_ms: int) -> int:
    """Return the MMSI that a vessel sends at a time."""
    mine = positions.filter(pl.col("vessel") == vessel)
    row = int(mine["t"].dt.epoch("ms").search_sorted(t_ms))
    return int(mine["mmsi"][min(row, mine.height - 1)]) if mine.height else int(mmsi[vessel])
