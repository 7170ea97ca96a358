"""MovingPandas by itself: ``_movingpandas.py POSITIONS.csv TURNS GAP_MIN ACROSS_M STOP_MIN``.

Runs in the peers' environment. Prints one JSON object: the version (null where MovingPandas is not
installed), seconds of the best turn for making trajectories of the table, for splitting them where
silent for longer, and for finding stops (so long within a place so far across); the number of rows;
the parts as [mmsi, begin], and the stops as [mmsi, begin, end], in epoch milliseconds.
"""

import json
import sys
import time
import warnings
from datetime import timedelta
from importlib.metadata import version

try:
    import geopandas as gpd
    import movingpandas as mpd
    import pandas as pd
except ImportError:
    print(json.dumps({"version": None}))
    sys.exit()

warnings.simplefilter("ignore")
frame = pd.read_csv(sys.argv[1], parse_dates=["t"])
turns, gap_min, across_m, stop_min = map(int, sys.argv[2:])
best: dict[str, float] = {}
found: dict[str, list] = {}


def _ms(moment: pd.Timestamp) -> int:
    return round(moment.timestamp() * 1000)


def _mmsi(part: str) -> int:
    """Return whose a part is: its id is the MMSI and a number."""
    return int(part.split("_")[0])


for _ in range(turns):
    begun = time.perf_counter()
    points = gpd.GeoDataFrame(
        frame[["mmsi", "t"]], geometry=gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326
    )
    tracks = mpd.TrajectoryCollection(points, "mmsi", t="t")
    made = time.perf_counter()
    parts = mpd.ObservationGapSplitter(tracks).split(gap=timedelta(minutes=gap_min))
    split = time.perf_counter()
    stops = mpd.TrajectoryStopDetector(parts).get_stop_points(
        max_diameter=across_m, min_duration=timedelta(minutes=stop_min)
    )
    ended = time.perf_counter()
    steps = (("make_s", made - begun), ("split_s", split - made), ("stops_s", ended - split))
    for name, took in steps:
        best[name] = min(took, best.get(name, took))
    spans = zip(stops["traj_id"], stops["start_time"], stops["end_time"], strict=True)
    found = {
        "parts": [[_mmsi(part.id), _ms(part.df.index[0])] for part in parts],
        "stops": [[_mmsi(part), _ms(begin), _ms(end)] for part, begin, end in spans],
    }
print(json.dumps({"version": version("movingpandas"), "rows": len(frame), **best, **found}))
