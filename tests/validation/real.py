"""Run all behaviours on the real files: ``python -m tests.validation.real FOLDER``.

Prints events per vessel-day by kind, and draws up to ``--most`` of each kind as sheets of maps into
the folder. ``--coast dma_layout=land.gpkg`` gives a file, named by how it begins, a coast.
"""

import argparse
import json
import os
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import polars as pl
from rich.console import Console
from rich.table import Table

from ais import on_land
from ais._arrays import Bools, Floats
from ais.behaviours import Behaviours, behaviours
from ais.io import read
from ais.mapping import Mapping
from ais.schema import KINDS
from geo.io import read_layer
from geo.nearest import ShoreIndex
from geo.segments import segments
from geo.shoreline import repair_land, shorelines
from tests.validation._real_maps import Scene, write_sheets

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SHOREGRID_SHARED", ROOT.parent / "shared" / "data"))
NO_BERTHS = pl.DataFrame(schema={"lon": pl.Float64, "lat": pl.Float64, "radius_m": pl.Float64})
_FILES = (
    "aisdb_test",
    "aishub_world",
    "annot_vessels_input",
    "atlantes_noaa",
    "dma_layout_kattegat",
    "libais_test",
    "noaa_marinecadastre",
    "positions_world",
    "pyais_nmea",
    "uscg_nais",
)
_COASTS = {
    "dma_layout_kattegat": "land_osm_kattegat.gpkg",
    "positions_world": "land_osm_southeast_asia.gpkg",
}
_MAPPINGS = {
    "annot_vessels_input": 'separator = " "\ntime = "unix_s"\nnames = ["id", "lon", "lat", "t"]\n'
    '[columns]\nt = "t"\nlon = "lon"\nlat = "lat"\nmmsi = "id"\n',
    "atlantes_noaa": '[columns]\nt = "send"\nlon = "lon"\nlat = "lat"\nmmsi = "mmsi"\n'
    'sog = "sog"\ncog = "cog"\nheading = "Heading"\nname = "name"\nimo = "IMO"\n'
    'ship_type = "category"\nlength = "Length"\nstatus = "nav"\n',
}
_NUMBERS_FROM = {"annot_vessels_input": 412_000_000}
"""What is added to numbers that are no MMSI."""
_BERTH_M = 250.0
_COAST_ERROR_M = 100.0
_SLOTS_A_DAY = 144


class Run(NamedTuple):
    """What a file shows."""

    name: str
    found: Behaviours
    statics: pl.DataFrame
    land: gpd.GeoDataFrame | None
    berths: pl.DataFrame
    vessel_days: float
    left_out: int
    """Positions too far inside land."""


def main() -> None:
    """Run, print, and write ``events.csv``, ``real.json`` and the sheets."""
    asked = _arguments()
    asked.out.mkdir(parents=True, exist_ok=True)
    coasts = {name: SHARED / "coast" / layer for name, layer in _COASTS.items()}
    coasts |= {name: Path(layer) for name, layer in (one.split("=", 1) for one in asked.coast)}
    runs = []
    for path in sorted((SHARED / "ais").iterdir()):
        name = next((name for name in _FILES if path.name.startswith(name)), None)
        if name is None or (asked.only and name not in asked.only):
            continue
        runs.append(_run(path, name, coasts.get(name), asked))
        print(name, dict(runs[-1].found.counts))
    Console(width=220).print(_table(runs))
    _write(runs, asked.out)
    if asked.most:
        for run in runs:
            write_sheets(_scene(run), asked.out / run.name, most=asked.most, kinds=asked.kinds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the folder to write into")
    parser.add_argument("--only", nargs="+", choices=_FILES, help="these files alone")
    parser.add_argument("--coast", nargs="+", default=[], metavar="FILE=LAYER")
    parser.add_argument("--berths", type=Path, help="a layer of points: known anchorages")
    parser.add_argument("--box", type=float, nargs=4, metavar=("W", "S", "E", "N"))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--most", type=int, default=20, help="events of a kind to draw; 0: none")
    return parser.parse_args()


def _run(path: Path, name: str, coast: Path | None, asked: argparse.Namespace) -> Run:
    positions, statics = _table_of(path, name, asked.out)
    if asked.box:
        west, south, east, north = asked.box
        inside = pl.col("lon").is_between(west, east) & pl.col("lat").is_between(south, north)
        positions = positions.filter(inside)
    berths = NO_BERTHS if asked.berths is None else _circles(asked.berths)
    slots = positions.select("mmsi", pl.col("t").dt.truncate("10m")).n_unique()
    land, index, ashore, afloat = None, None, None, None
    ids: tuple[str, ...] = ()
    left_out = 0
    if coast is not None:
        land, _ = repair_land(read_layer(coast), name=coast.name)
        ground = on_land.Land.build(land)
        shores = shorelines(land)
        cut = segments(shores)
        index, ids = ShoreIndex.build(shores, cut), tuple(cut["segment_id"])
        judged = on_land.judge(positions, ground, error_m=_COAST_ERROR_M)
        ashore = pl.concat([judged.kept.filter(pl.col("inside_m") > 0), judged.deep])
        positions, left_out = judged.kept.drop("inside_m"), judged.counts["on_land"]

        def afloat(lon: Floats, lat: Floats) -> Bools:
            return ~ground.mask.contains(lon, lat)

    found = behaviours(
        positions, statics, index, berths, segment_ids=ids, ashore=ashore, afloat=afloat
    )
    return Run(name, found, statics, land, berths, slots / _SLOTS_A_DAY, left_out)


def _table_of(path: Path, name: str, folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    mapping = None
    if name in _MAPPINGS:
        written = folder / f"{name}.toml"
        written.write_text(_MAPPINGS[name], encoding="utf-8")
        mapping = Mapping.read(written)
    batches = list(read(path, mapping=mapping))
    raised = pl.col("mmsi") + _NUMBERS_FROM.get(name, 0)
    positions, statics = (
        pl.concat(tables).with_columns(raised.cast(pl.UInt32))
        for tables in ([b.positions for b in batches], [b.statics for b in batches])
    )
    return positions, statics


def _circles(path: Path) -> pl.DataFrame:
    points = read_layer(path).to_crs(4326).geometry
    known = {"lon": points.x.to_numpy(), "lat": points.y.to_numpy()}
    return pl.DataFrame(known).with_columns(radius_m=pl.lit(_BERTH_M))


def _scene(run: Run) -> Scene:
    learned = run.found.judged.berths.select("lon", "lat", "radius_m")
    circles = pl.concat([run.berths, learned])
    return Scene(run.name, run.found.events, run.found.tracks, run.found.vessels, run.land, circles)


def _counts(run: Run) -> dict[str, int]:
    return dict(run.found.events.group_by("kind").len().iter_rows())


def _table(runs: list[Run]) -> Table:
    table = Table(title="events, and per vessel-day heard")
    for heading in ("file", "vessels", "vessel-days", *KINDS):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    for run in runs:
        n = _counts(run)
        each = (f"{n[k]}\n{n[k] / run.vessel_days:.3g}" if k in n else "0" for k in KINDS)
        vessels = str(run.found.counts["vessels"])
        table.add_row(run.name, vessels, f"{run.vessel_days:.1f}", *each)
    return table


def _write(runs: list[Run], folder: Path) -> None:
    told = [
        {
            "file": run.name,
            "vessel_days": run.vessel_days,
            "on_land": run.left_out,
            "coast": run.land is not None,
            "counts": run.found.counts,
            "per_vessel_day": {k: n / run.vessel_days for k, n in sorted(_counts(run).items())},
        }
        for run in runs
    ]
    (folder / "real.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    events = [run.found.events.with_columns(file=pl.lit(run.name)) for run in runs]
    pl.concat(events).drop("geometry").write_csv(folder / "events.csv")


if __name__ == "__main__":
    main()
