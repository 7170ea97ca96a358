"""The shipped example: a real coast with made places and simulated AIS, built end to end."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import update

from ais.simulate import Simulation, simulate, write_nmea
from geo.errors import InputError
from geo.io import read_layer
from geo.shoreline import repair_land
from geo.tides import extremes
from workspace import boundaries, db, runs, store, tide, users
from workspace._boundaries_held import Held, publish
from workspace._boundaries_operations import divide
from workspace._boundaries_propose import proposed
from workspace._example_earlier import earlier_survey
from workspace._example_ground import GRIDS, make_ground
from workspace._example_weights import propose_second_set
from workspace._grids_draft import compose
from workspace._grids_held import Level
from workspace._grids_propose import proposed as proposed_grids
from workspace._grids_propose import units_of
from workspace.building import Origin
from workspace.example_places import make_depth, make_places, simulation_places
from workspace.folder import Workspace, init
from workspace.grids import of_places
from workspace.importers import Options, import_file
from workspace.ingest import ingest
from workspace.learning import learn
from workspace.nearness import water_grid
from workspace.placing import segments, shore_index, shorelines
from workspace.shipped import shipped_file

Progress = Callable[[str, int, int], None]

ACCOUNTS_FILE = "example-accounts.json"
_SEED = 20_261_101
_DAYS = 14
_VESSELS = 330
_EARLIER = timedelta(days=3 * 365)
_SECTIONS_SINCE = timedelta(days=400)
_SETTINGS: dict[str, Any] = {
    "county_zh": "示例县：象山港至三门湾",
    "county_en": "Example county: Xiangshan Gang to Sanmen Wan",
    "timezone": "Asia/Shanghai",
    "tide_station": "ticon/kanmen-632a-chn-uhslc_rq",
    "tide_note": "坎门站调和常数，距此约 138 公里，仅为近似 · "
    "Kanmen's constants, some 138 km away: an approximation here",
    "simulated": True,
    "made": (
        "wharves",
        "risk_points",
        "facilities",
        "posts",
        "post_absences",
        "teams",
        "inspections",
        "incidents",
        "effort",
        "sections",
        "grids",
        "ways",
        "earlier_survey",
        "shore_types",
        "depth",
        "events",
        "detections",
    ),
    "attributions": (
        "© OpenStreetMap contributors, ODbL 1.0 (coastline, land)",
        "GeoNames (geonames.org), CC BY 4.0 (place names)",
        "TICON-4: Hart-Davis et al. (2025), doi 10.17882/109129, CC BY 4.0, by Neaps (tide)",
    ),
}
_ROLES = (
    ("chief", "section_chief"),
    ("wharf", "wharf_chief"),
    ("analyst", "analyst"),
    ("planner", "planner"),
    ("liaison", "liaison"),
    ("supervisor", "supervisor"),
    ("admin", "admin"),
)


def build_demo(
    root: Path,
    *,
    progress: Progress | None = None,
    now: datetime | None = None,
    days: int = _DAYS,
    vessels: int = _VESSELS,
    workers: int = 2,
) -> dict[str, Any]:
    """Build the example workspace in a new folder.

    Parameters
    ----------
    progress : called with (step, done, total).
    now : aware time at which the simulated AIS ends; the last full hour by default.
    days, vessels : size of the simulation.

    Returns
    -------
    dict
        ``counts``, ``seconds`` per step, ``quarantined`` by reason, and ``accounts``
        (name, password, role, section). The passwords are drawn anew for each workspace and kept
        in the workspace's ``example-accounts.json``, readable by its owner alone.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError(
            "the folder is not empty",
            where=str(root),
            mend="Name a new folder, or remove this one first.",
        )
    # Built beside its place and moved there whole: a folder of that name is a finished example.
    root.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{root.name}.", dir=root.parent) as beside:
        building = Path(beside) / root.name
        with closing(init(building, _SETTINGS)) as ws:
            built = _build(ws, progress, now or datetime.now(UTC), days, vessels, workers)
        if root.exists():
            root.rmdir()
        building.replace(root)
    return built


def _build(
    ws: Workspace, progress: Progress | None, now: datetime, days: int, vessels: int, workers: int
) -> dict[str, Any]:
    end = now.replace(minute=0, second=0, microsecond=0)
    step = _Steps(progress)
    counts: dict[str, int] = {}
    with step("tide"):
        import_file(ws, "tides", shipped_file("tide_constituents_china.json"))
    with step("coast"):
        _earlier_coast(ws, end)
        counts |= dict(import_file(ws, "coast", shipped_file("land_osm.gpkg")).counts)
    with step("places"):
        made = _make_places(ws, end)
        _store_places(ws, made, end)
    with step("simulate AIS"):
        sim = _simulate(ws, made, end, days=days, vessels=vessels)
        sim.truth.write_csv(ws.exports / "simulated-truth.csv")
        _store_anchorages(ws, sim)
        _store_detections(ws, sim)
    with step("write NMEA") as tell:
        folder = ws.root / "ais"
        folder.mkdir()
        files = write_nmea(sim, folder, workers=workers, progress=tell)
    with step("ingest") as tell:
        taken = ingest(
            ws,
            files,
            workers=workers,
            simulated=True,
            now=end,
            progress=(None if progress is None else lambda _, done, total: tell(done, total)),
        )
        if taken.errors:
            raise taken.errors[0]
    with step("detect") as tell:
        runs.detect(ws, now=end, progress=tell)
    first = end.astimezone(ws.config.tz).date() - timedelta(days=1)
    with step("score"):
        scored = runs.score(ws, first, days=4, now=end)
    with step("learn"):
        learn(ws, now=end)
    with step("accounts"):
        accounts = _accounts(ws, made["sections"])
    with step("grids"):
        _make_ground(ws, end)
    with step("zones"):
        planned = runs.plan(ws, first, days=4, now=end)
    with step("weights"):
        propose_second_set(ws, now=end)
    with step("boundaries"):
        _draft_boundaries(ws, end)
    counts = {
        **{name: counts[name] for name in ("shorelines", "segments", "shore_km")},
        **{
            name: store.count(ws.engine, name)
            for name in ("wharves", "risk_points", "facilities", "incidents", "sections")
        },
        "vessels": store.count(ws.engine, "vessels"),
        "positions": int(taken.counts["added"]),
        "events": dict(
            store.read(ws.engine, "events").group_by("kind").len().sort("kind").iter_rows()
        ),
        "scored_segment_shifts": scored.counts["scores"],
        "zones": planned.counts["zones"],
    }
    return {
        "counts": counts,
        "seconds": step.seconds,
        "quarantined": dict(taken.quarantined),
        "accounts": accounts,
    }


def _earlier_coast(ws: Workspace, end: datetime) -> None:
    """Build an earlier, made survey of the coast first, so that the real one changes something."""
    shipped, _ = repair_land(read_layer(shipped_file("land_osm.gpkg")), name="land_osm.gpkg")
    land, _ = repair_land(earlier_survey(shipped, seed=_SEED), name="earlier survey")
    origin = Origin("示例早期测绘（虚构） · the example's earlier survey (made)", "EPSG:4326")
    runs.build_coast(ws, land, origin=origin, now=end - _EARLIER)


class _Steps:
    """Time steps and pass their progress on."""

    def __init__(self, progress: Progress | None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def __call__(self, name: str) -> Iterator[Callable[[int, int], None]]:
        def tell(done: int, total: int) -> None:
            if self._progress is not None:
                self._progress(name, done, total)

        begun = time.perf_counter()
        tell(0, 1)
        yield tell
        tell(1, 1)
        self.seconds[name] = round(time.perf_counter() - begun, 2)


def _make_places(ws: Workspace, now: datetime) -> dict[str, Any]:
    return make_places(
        shorelines(ws),
        store.layer(ws.engine, "segments"),
        read_layer(shipped_file("places_geonames.gpkg")),
        shore_index(ws),
        seed=_SEED,
        now=now,
        zone=ws.config.tz,
    )


def _store_places(ws: Workspace, made: dict[str, Any], now: datetime) -> None:
    """Keep the made tables, and a depth that varies with the made kinds of shore."""
    traits: pl.DataFrame = made["segment_traits"]
    with ws.begin() as connection:
        for name, table in made.items():
            if not name.startswith("section") and name != "segment_traits":
                store.write(connection, name, table, replace=True)
        cuts, hangs = (made[name].drop("made") for name in ("section_cuts", "section_hangs"))
        day = now.astimezone(ws.config.tz).date()
        publish(
            connection,
            Held(None, made["sections"], cuts, hangs),
            valid_from=day - _SECTIONS_SINCE,
            user=None,
            reason="示例（虚构） · the example's (made)",
            now=now,
            day=day,
            made=True,
        )
    cut = store.layer(ws.engine, "segments")
    kinds = dict(traits.select("segment_id", "shore_type").iter_rows())
    make_depth(
        shipped_file("depth_synthetic.tif"),
        ws.rasters / "depth.tif",
        cut.assign(shore_type=[kinds[name] for name in cut["segment_id"]]),
        seed=_SEED,
    )
    runs.set_landing(ws, traits.with_columns(made=pl.lit(json.dumps(["shore_types", "depth"]))))


def _simulate(
    ws: Workspace, made: dict[str, Any], end: datetime, *, days: int, vessels: int
) -> Simulation:
    station = tide.station(ws)
    if station is None:
        raise InputError("there is no tide station", where="example", mend="Install it again.")
    start = end - timedelta(days=days)
    turns = extremes(
        station,
        np.datetime64((start - timedelta(days=2)).replace(tzinfo=None)),
        np.datetime64((end + timedelta(days=2)).replace(tzinfo=None)),
    )
    high = turns.filter(pl.col("kind") == "high")["t"].dt.replace_time_zone(None).to_numpy()
    return simulate(
        store.layer(ws.engine, "land"),
        water_grid(ws),
        simulation_places(made, high),
        t0=start,
        days=days,
        vessels=vessels,
        seed=_SEED,
    )


def _store_anchorages(ws: Workspace, sim: Simulation) -> None:
    berths = sim.anchorages.with_columns(
        berth_id=pl.format("A{}", pl.int_range(1, pl.len() + 1)), made=pl.lit(value=True)
    )
    store.write(ws.engine, "berths", berths, replace=True)


def _store_detections(ws: Workspace, sim: Simulation) -> None:
    """Keep what the made sensors saw, and the file that it may be imported from again."""
    sim.detections.write_csv(ws.exports / "simulated-detections.csv")
    store.write(
        ws.engine, "detections", sim.detections.with_columns(made=pl.lit(value=True)), replace=True
    )


def _accounts(ws: Workspace, sections: pl.DataFrame) -> list[dict[str, str]]:
    """Make one account for each kind of user, and note their passwords beside the workspace."""
    section = _busiest(ws) or sections["section_id"][0]
    order = list(dict.fromkeys(segments(ws)["section_id"].dropna()))
    at = order.index(section)
    # A chief sees the neighbours too: what is chased off one shore lands on the next.
    beside = [order[n] for n in (at - 1, at + 1) if 0 <= n < len(order)]
    wharf = store.read(ws.engine, "wharves", columns=["wharf_id"], order=["wharf_id"])
    scopes: dict[str, dict[str, list[str]]] = {
        "section_chief": {"section": [section, *beside]},
        "wharf_chief": {"wharf": wharf["wharf_id"].head(1).to_list()},
    }
    accounts = []
    for name, role in _ROLES:
        scope = scopes.get(role, {})
        password = secrets.token_urlsafe(9)
        users.add(ws, name, password, role=role, scope=scope, by="example")
        own = {kind: ids[0] for kind, ids in scope.items()}
        accounts.append({"name": name, "password": password, "role": role, **own})
    path = ws.root / ACCOUNTS_FILE
    path.touch(mode=0o600)
    path.write_text(json.dumps(accounts, ensure_ascii=False, indent=1), encoding="utf-8")
    return accounts


def _make_ground(ws: Workspace, now: datetime) -> None:
    """Import made townships, villages and roads, and publish the patrol grids that are proposed."""
    layer, roads = make_ground(
        store.layer(ws.engine, "land"), read_layer(shipped_file("places_geonames.gpkg")), seed=_SEED
    )
    day = now.astimezone(ws.config.tz).date()
    with TemporaryDirectory() as folder:
        drawn, ways = Path(folder) / "示例.gpkg", Path(folder) / "ways.gpkg"
        layer.to_file(drawn)
        roads.to_file(ways)
        since = Options(valid_from=day - _SECTIONS_SINCE, repair=True)
        import_file(ws, "boundaries", drawn, since, now=now)
        import_file(ws, "ways", ways, now=now)
    villages = units_of(ws, "patrol")
    (best,) = proposed_grids(ws, "patrol", villages, teams=GRIDS)
    order = _numbered(ws, villages, best.grids)
    into = {
        village: order[grid]
        for village, grid in zip(villages.grids.coverage.ids, best.grids, strict=True)
    }
    one = boundaries.create(
        ws,
        "示例：巡防网格（虚构） · Example: patrol grids (made)",
        user="planner",
        level="patrol",
        operations=[compose(villages.version or 0, into)],
        made=True,
        now=now,
    )
    why = f"均衡负荷 · balance the load: CV {best.cv:.2f}"
    boundaries.submit(ws, one.draft_id, user="planner", reason=why, now=now)
    boundaries.approve(ws, one.draft_id, user="admin", reason=why, now=now)
    boundaries.publish(ws, one.draft_id, valid_from=day, user="admin", reason=why, now=now)
    with ws.begin() as connection:
        for table in (db.grid_versions, db.grids):
            connection.execute(update(table).values(made=True))
            store.touch(connection, table.name)


def _numbered(ws: Workspace, villages: Level, grids: Sequence[str]) -> dict[str, str]:
    """Return numbers of grids, those without a wharf last: no posts are made for the last ones."""
    wharves = store.layer(ws.engine, "wharves").geometry
    here = of_places(villages, pl.Series(wharves.x.tolist()), pl.Series(wharves.y.tolist()))
    into = dict(zip(villages.grids.coverage.ids, grids, strict=True))
    manned = {into[village] for village in here.drop_nulls()}
    order = sorted(dict.fromkeys(grids), key=lambda grid: grid not in manned)
    return {name: f"G{n:02d}" for n, name in enumerate(order, start=1)}


def _draft_boundaries(ws: Workspace, now: datetime) -> None:
    """Let the example's planner propose better balanced sections, so that there is a draft."""
    best = proposed(ws)
    one = boundaries.create(
        ws,
        "示例：均衡岸段（虚构） · Example: balanced sections (made)",
        user="planner",
        operations=[divide(best.division)],
        reason=f"均衡负荷 · balance the load: CV {best.cv:.2f}, {best.moved_km:.1f} km",
        made=True,
        now=now,
    )
    boundaries.submit(ws, one.draft_id, user="planner", reason="请核 · please check", now=now)


def _busiest(ws: Workspace) -> str | None:
    """Return the section with the highest mean of its worst scores: the one worth showing."""
    owner = segments(ws)[["segment_id", "section_id"]]
    table = pl.DataFrame({name: owner[name].to_list() for name in owner.columns})
    top = (
        store.read(ws.engine, "scores", columns=["segment_id", "score"])
        .join(table.drop_nulls(), on="segment_id")
        .group_by("section_id")
        .agg(pl.col("score").max())
        .sort(["score", "section_id"], descending=[True, False])
    )
    return None if top.is_empty() else str(top["section_id"][0])


def example_accounts(root: Path) -> list[dict[str, str]]:
    """Return the example's accounts as they were made; empty for any other workspace."""
    path = root / ACCOUNTS_FILE
    if not path.is_file():
        return []
    found: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return found
