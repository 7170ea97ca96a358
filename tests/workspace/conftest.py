"""A small made-up coast, and a throw-away PostgreSQL for those tests that want one."""

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import psycopg
import pytest
import shapely
from sqlalchemy import make_url

from workspace import cli, folder
from workspace.folder import Workspace
from workspace.importers import import_file


def _no_server(message: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Start a PostgreSQL cluster on a socket in a temporary folder; return its address."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        _no_server("PostgreSQL is not installed (apt install postgresql postgresql-15-postgis-3)")
    programs = found[-1].parent
    home = Path(tempfile.mkdtemp(prefix="shoregrid-pg-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # initdb refuses to run as root
        shutil.chown(home, "postgres", "postgres")
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = home / "data"

    def run(*command: object) -> None:
        subprocess.run(
            [*as_owner, *map(str, command)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=home,
            timeout=120,
        )

    try:
        run(
            programs / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        run(programs / "pg_ctl", "-D", data, "-l", home / "log", "-o", options, "-w", "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={home}"
        finally:
            run(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """Return the address of a new, empty database."""
    url = make_url(postgres_server)
    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(
        user="postgres", dbname="postgres", host=url.query["host"], autocommit=True
    ) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ws(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """Return an empty workspace, once on SQLite and once on PostgreSQL."""
    values = {"timezone": "Asia/Shanghai"}
    if request.param == "postgres":
        values["database"] = request.getfixturevalue("postgres_url")
    opened = folder.init(tmp_path / "ws", values)
    yield opened
    opened.close()


@pytest.fixture
def plain_ws(tmp_path: Path) -> Iterator[Workspace]:
    """Return an empty workspace on SQLite."""
    opened = folder.init(tmp_path / "ws", {"timezone": "Asia/Shanghai"})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def small_land() -> gpd.GeoDataFrame:
    """Return a mainland of some 60 x 30 km with a bay, and two islands before it."""
    mainland = shapely.Polygon(
        [
            (121.4, 29.1),
            (121.9, 29.1),
            (121.9, 29.2),
            (121.92, 29.3),
            (121.8, 29.31),
            (121.7, 29.24),
            (121.6, 29.31),
            (121.4, 29.3),
        ]
    )
    islands = [shapely.box(121.97, 29.2, 121.99, 29.22), shapely.box(122.02, 29.26, 122.05, 29.28)]
    return gpd.GeoDataFrame(geometry=[mainland, *islands], crs=4326)


@pytest.fixture(scope="session")
def coast_file(small_land: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small coast as a GeoPackage."""
    path = tmp_path_factory.mktemp("coast") / "coast.gpkg"
    small_land.to_file(path, layer="land", engine="pyogrio")
    return path


@pytest.fixture(scope="session")
def _built(coast_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("built") / "ws"
    built = folder.init(root, {"timezone": "Asia/Shanghai"})
    import_file(built, "coast", coast_file)
    built.close()
    return root


@pytest.fixture
def coast(_built: Path, tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace on SQLite that holds the small coast."""
    shutil.copytree(_built, tmp_path / "ws")
    opened = folder.open_workspace(tmp_path / "ws")
    yield opened
    opened.close()


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that runs the command and gives its exit code and what it printed."""

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["shoregrid", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return call
