"""Opening a workspace: once, twice at a time, and on a server."""

import multiprocessing
from pathlib import Path

import pytest

from workspace import config, db, folder, schema, store


def _open(root: Path, gate: str) -> int:
    """Open a workspace when all are ready, and return how many tables it has."""
    Path(gate, str(multiprocessing.current_process().pid)).touch()
    while len(list(Path(gate).iterdir())) < 3:
        pass
    ws = folder.open_workspace(root)
    known = sum(store.count(ws.engine, name) == 0 for name in ("wharves", "scores", "users"))
    ws.close()
    return known


@pytest.mark.parametrize("server", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_three_processes_open_a_new_workspace_at_once(
    tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    root, gate = tmp_path / "ws", tmp_path / "gate"
    root.mkdir()
    gate.mkdir()
    url = request.getfixturevalue("postgres_url") if server == "postgres" else ""
    config.write(root / config.FILE_NAME, {"database": url})
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.starmap(_open, [(root, str(gate))] * 3) == [3, 3, 3]
    ws = folder.open_workspace(root)
    with ws.engine.connect() as connection:
        assert schema.current(connection) == schema.HEAD
    ws.close()


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    ws = folder.init(tmp_path / "ws")
    with ws.begin() as connection:
        connection.execute(db.berths.insert().values(berth_id="1", made=False))
        assert store.count(connection, "berths") == 1
        assert store.count(ws.engine, "berths") == 0
    assert store.count(ws.engine, "berths") == 1
    ws.close()


def test_a_workspace_is_a_folder_that_can_be_copied(tmp_path: Path) -> None:
    ws = folder.init(tmp_path / "ws", {"county_zh": "试"})
    ws.close()
    (tmp_path / "ws").rename(tmp_path / "elsewhere")
    moved = folder.open_workspace(tmp_path / "elsewhere")
    assert moved.config.county_zh == "试"
    assert moved.depth is None
    assert sorted(p.name for p in moved.root.iterdir() if "shoregrid.db" not in p.name) == [
        "exports",
        "rasters",
        "shoregrid.toml",
    ]
    moved.close()
