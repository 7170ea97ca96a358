"""Random counties for patrol plans: teams of four kinds, stops along a crooked shore, tides."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from risk.patrol_inputs import STOPS, TEAMS, Inputs

T0 = datetime(2026, 11, 23, 14, tzinfo=UTC)
_SPEED = {"foot": 4.5, "car": 35.0, "boat": 22.0, "camera": None}


def county(
    seed: int,
    *,
    teams: int,
    stops: int,
    cameras: bool = True,
    hours: float = 4.0,
    length_km: float = 120.0,
    service: tuple[float, float] = (5.0, 30.0),
) -> Inputs:
    """Return teams and stops: a third of the stops within tide windows, a twentieth due."""
    rng = np.random.default_rng(seed)
    along = rng.random(stops + teams) * length_km
    lat = 30.0 + along / 111.0
    lon = 122.0 + 0.15 * np.sin(along / 9.0) + rng.normal(0.0, 0.02, stops + teams)
    kinds = ["car", "foot", "boat", "car", "camera"] if cameras else ["car", "foot", "boat"]
    of_team = [kinds[i % len(kinds)] for i in range(teams)]
    team_rows = [
        {
            "team_id": f"T{i}",
            "kind": kind,
            "lon": lon[stops + i],
            "lat": lat[stops + i],
            "t0": T0 + timedelta(minutes=int(rng.integers(0, 4)) * 15),
            "t1": T0 + timedelta(hours=hours),
            "speed_kmh": _SPEED[kind],
            "capacity_minutes": 60.0 if kind == "camera" else None,
            "range_km": 8.0 if kind == "camera" else None,
        }
        for i, kind in enumerate(of_team)
    ]
    stop_rows = []
    for i in range(stops):
        windows = None
        if rng.random() < 0.35:
            low = T0 + timedelta(minutes=float(rng.uniform(0.0, 60.0 * hours - 60.0)))
            high = low + timedelta(minutes=float(rng.uniform(60.0, 150.0)))
            windows = [
                {"t0": low, "t1": low + timedelta(minutes=75), "kinds": ["foot", "camera"]},
                {"t0": high, "t1": high + timedelta(minutes=90), "kinds": None},
            ]
        allowed = None if rng.random() < 0.6 else [str(k) for k in rng.permutation(kinds)[:2]]
        stop_rows.append(
            {
                "stop_id": f"S{i:03d}",
                "lon": lon[i],
                "lat": lat[i],
                "prize": float(np.round(100.0 * rng.beta(1.2, 3.0), 2)),
                "service_minutes": float(np.round(rng.uniform(*service))),
                "windows": windows,
                "due": bool(rng.random() < 0.05),
                "kinds": allowed,
            }
        )
    return Inputs(pl.DataFrame(team_rows, schema=TEAMS), pl.DataFrame(stop_rows, schema=STOPS))
