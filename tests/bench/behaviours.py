"""Behaviours: stops and gap splits beside MovingPandas, and everything over many positions.

``python -m tests.bench.behaviours --rows 1_000_000 10_000_000 --vessels 500`` measures other sizes,
each in a process of its own, in memory; `tests.bench.scale` goes by way of the archive.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from ais._events import Sailed, sailed
from ais.behaviours import Known, judge
from ais.io import read
from ais.schema import STATICS, empty
from ais.stops import StopRule, Stops, find_stops
from ais.tracks import tracks
from ais.watch import Watched, together, watch
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from tests.bench._fleet import hours
from tests.bench.row import Row, seconds

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SHOREGRID_SHARED", ROOT.parent / "shared" / "data")) / "ais"
PEERS = Path(sys.prefix) / "peers" / "bin" / "python"
# Few vessels over three days, and many over half an hour.
_FILES = ("dma_layout_kattegat_202511_52k.csv.gz", "noaa_marinecadastre_20220103_100k.csv.gz")
_TURN = 1_500_000
_GAP_MIN, _ACROSS_M, _STOP_MIN = 60, 200, 10
# Whether a vessel that stays also moves about under power is no question to MovingPandas.
_STAYS = StopRule(moored_m=_ACROSS_M / 2, moored_min=_STOP_MIN, holding_share=0.0)
_ALIKE = 0.7
_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})


def rows(positions: int = 10_000_000, vessels: int = 5_000) -> Iterator[Row]:
    """Measure stops and gap splits beside a peer, and all behaviours over a made fleet."""
    if SHARED.is_dir() and PEERS.is_file():
        yield from _beside_movingpandas()
    else:
        print(f"movingpandas not measured: no {SHARED} or {PEERS}", file=sys.stderr)
    whole = apart(positions, vessels)
    yield Row("behaviours_10m", whole["seconds"], "s", budget=30.0)
    yield Row("behaviours_10m_gib", whole["peak_gib"], "GiB", budget=4.0)


def _beside_movingpandas() -> Iterator[Row]:
    """Take the same real table, in memory, to tracks cut at gaps of an hour, and to stops.

    Both begin at the table: MovingPandas' making of trajectories counts, as our sorting does. Ours
    cuts at jumps and tells hulls apart, too, and looks for ships at anchor besides.
    """
    batches = [batch for name in _FILES for batch in read(SHARED / name)]
    table = pl.concat(batch.positions for batch in batches)
    statics = pl.concat(batch.statics for batch in batches)
    peer = _movingpandas(table)
    if peer["version"] is None:
        for one in ("gap_split", "stops"):
            yield Row(f"{one}_vs_movingpandas", 0.0, "rows/s", peer="movingpandas, not installed")
        return
    name = f"movingpandas {peer['version']}"
    n = table.height
    assert peer["rows"] == n
    split_s, cut = seconds(lambda: _split(table), turns=10)
    stops_s, (sea, lain) = seconds(lambda: _stops(table, statics), turns=10)
    _compare_parts(cut, peer["parts"])
    _compare_stops(sea, lain, peer["stops"])
    their_split_s = peer["make_s"] + peer["split_s"]
    yield Row(
        "gap_split_vs_movingpandas", n / split_s, "rows/s", peer=name,
        peer_figure=n / their_split_s, ratio_budget=1000.0,
    )  # fmt: skip
    yield Row(
        "stops_vs_movingpandas", n / stops_s, "rows/s", peer=name,
        peer_figure=n / (their_split_s + peer["stops_s"]), ratio_budget=1000.0,
    )  # fmt: skip


def _movingpandas(table: pl.DataFrame) -> dict[str, Any]:
    """Return what MovingPandas found in the table, and how fast, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "positions.csv"
        table.select("mmsi", pl.col("t").dt.replace_time_zone(None), "lon", "lat").write_csv(path)
        script = Path(__file__).parent / "_movingpandas.py"
        limits = map(str, (1, _GAP_MIN, _ACROSS_M, _STOP_MIN))
        done = subprocess.run(
            [PEERS, "-W", "ignore", "-P", script, path, *limits],
            check=False,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _split(table: pl.DataFrame) -> pl.DataFrame:
    return tracks(table, track_gap_s=_GAP_MIN * 60.0)


def _stops(table: pl.DataFrame, statics: pl.DataFrame) -> tuple[Sailed, Stops]:
    sea = sailed(_split(table))
    return sea, find_stops(sea, statics, _STAYS)


def _compare_parts(cut: pl.DataFrame, theirs: list[list[int]]) -> None:
    """See that parts begin where our tracks do, but for few: of tracks of two positions and more.

    A single position is no trajectory to MovingPandas; two hulls under a number are one.
    """
    mine = cut.filter(pl.col("track_id").is_not_null()).group_by("track_id")
    begun = mine.agg(pl.col("mmsi").first(), pl.col("t").first().dt.epoch("ms"), pl.len())
    begun = begun.filter(pl.col("len") > 1)
    met = len(set(begun.select("mmsi", "t").iter_rows()) & {(mmsi, t) for mmsi, t in theirs})
    print(
        f"gap split: {begun.height} tracks, movingpandas {len(theirs)} parts, {met} begin alike",
        file=sys.stderr,
    )
    assert met >= 0.95 * max(len(theirs), begun.height)


def _compare_stops(sea: Sailed, lain: Stops, theirs: list[list[int]]) -> None:
    """See that most of our stops are among theirs, and most of theirs among ours.

    A circle about a running mean and a rectangle that grows with each position cut a slow drift
    into stops at other places; two reports far apart in time are a stop to MovingPandas, though
    both tell 8 knots.
    """
    ours = pl.DataFrame(
        {"mmsi": sea.mmsi[lain.first], "t0": sea.t[lain.first], "t1": sea.t[lain.last]}
    ).with_row_index("ours")
    peer = pl.DataFrame(theirs, schema=["mmsi", "t0", "t1"], orient="row").with_row_index("theirs")
    both = ours.join(peer.cast(dict(ours.drop("ours").schema)), on="mmsi").filter(
        (pl.col("t0") <= pl.col("t1_right")) & (pl.col("t1") >= pl.col("t0_right"))
    )
    met = [both[name].n_unique() for name in ("ours", "theirs")]
    print(
        f"stops: {ours.height}, {met[0]} of them among movingpandas's {peer.height}, "
        f"of which {met[1]} are among ours",
        file=sys.stderr,
    )
    assert met[0] >= _ALIKE * ours.height > 0
    assert met[1] >= _ALIKE * peer.height > 0


def apart(positions: int, vessels: int) -> dict[str, float]:
    """Measure everything in a process of its own; return its figures."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.behaviours", "--one", str(positions), str(vessels)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _one(positions: int, vessels: int) -> dict[str, float]:
    """Take a made fleet from positions in memory to events, a share of the vessels at a time.

    Reading is not in the time (the bench of the archive has it), compiling is not either.
    """
    land, _ = repair_land(read_layer(ROOT / "data" / "land_osm.gpkg"), name="land_osm.gpkg")
    shores = shorelines(land)
    cut = segments(shores)
    known = Known(empty(STATICS), _BERTHS, ShoreIndex.build(shores, cut))
    ids = tuple(cut["segment_id"])
    _pass(pl.concat(hours(50, 20_000)), known, ids, turns=1)
    table = pl.concat(hours(vessels, positions)).sort("mmsi", "t")
    begun = time.perf_counter()
    found = _pass(table, known, ids, turns=max(1, -(-positions // _TURN)))
    took = time.perf_counter() - begun
    peak = int(
        next(
            line.split()[1]
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
    )
    return {"seconds": took, "peak_gib": peak / 2**20, "events": found, "rows": table.height}


def _pass(table: pl.DataFrame, known: Known, ids: tuple[str, ...], *, turns: int) -> int:
    def take(turn: int) -> Watched:
        mine = table.filter(pl.col("mmsi") % turns == turn)
        return watch(mine, known.statics, known.index, known.berths, segment_ids=ids).watched

    with ThreadPoolExecutor(2) as pool:
        seen = list(pool.map(take, range(turns)))
    return judge(together(seen), known, horizon=table["t"].max()).events.height


def main() -> None:
    """Print the figures of the sizes asked for."""
    ask = argparse.ArgumentParser()
    ask.add_argument("--one", nargs=2, type=int, metavar=("ROWS", "VESSELS"))
    ask.add_argument("--rows", nargs="+", type=int, default=[1_000_000, 10_000_000])
    ask.add_argument("--vessels", type=int, default=500)
    said = ask.parse_args()
    if said.one:
        print(json.dumps(_one(*said.one)))
        return
    for size in said.rows:
        found = apart(size, said.vessels)
        print(f"{size:>12,} {found['seconds']:8.1f} s  {1e6 * found['seconds'] / size:6.2f} s/M  "
              f"{found['peak_gib']:.2f} GiB  {found['events']:.0f} events")  # fmt: skip


if __name__ == "__main__":
    main()
