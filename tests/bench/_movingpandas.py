"""MovingPandas in a process of its own: ``python _movingpandas.py POSITIONS.csv TURNS``.

Runs in the peers' environment. Prints one JSON object: seconds of the best turn for making
trajectories of the table, for splitting them at gaps of an hour, and for finding stops (within a
circle of 200 m across for 10 minutes), and how many rows, trajectories, parts and stops there are.
"""

import json
import sys
import time
import warnings
from datetime import timedelta
from importlib.metadata import version

import geopandas as gpd
import movingpandas as mpd
import pandas as pd

warnings.simplefilter("ignore")
frame = pd.read_csv(sys.argv[1], parse_dates=["t"])
best: dict[str, float] = {}
found: dict[str, int] = {}
for _ in range(int(sys.argv[2])):
    begun = time.perf_counter()
    points = gpd.GeoDataFrame(
        frame[["mmsi", "t"]], geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326
    )
    tracks = mpd.TrajectoryCollection(points, "mmsi", t="t")
    made = time.perf_counter()
    parts = mpd.ObservationGapSplitter(tracks).split(gap=timedelta(hours=1))
    split = time.perf_counter()
    stops = mpd.TrajectoryStopDetector(parts).get_stop_points(
        max_diameter=200, min_duration=timedelta(minutes=10)
    )
    ended = time.perf_counter()
    for name, took in (("make", made - begun), ("split", split - made), ("stops", ended - split)):
        best[name] = min(took, best.get(name, took))
    found = {"tracks": len(tracks), "parts": len(parts), "stops": len(stops)}
print(json.dumps({"version": version("movingpandas"), "rows": len(frame), **best, "found": found}))
