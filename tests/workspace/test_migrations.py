"""A database of the release before becomes today's, with all that was in it."""

from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, inspect

from workspace import config, db, folder, schema, store
from workspace._boundaries_held import holding
from workspace.folder import Workspace


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder of a workspace whose database is of the release before."""
    root = tmp_path / "ws"
    root.mkdir()
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    config.write(root / config.FILE_NAME, {"database": url})
    engine = db.connect(url or f"sqlite:///{root / 'shoregrid.db'}")
    settings = Config()
    settings.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with db.writing(engine) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0002")
        old = MetaData()
        old.reflect(connection, only=["vessels", "ingests", "sections", "section_cuts"])
        for mmsi in (412_000_001, 412_000_002):
            connection.execute(
                old.tables["vessels"].insert().values(mmsi=mmsi, kind="vessel", name=f"N{mmsi}")
            )
        connection.execute(old.tables["vessels"].insert().values(mmsi=4_121, kind="base station"))
        connection.execute(
            old.tables["ingests"].insert().values(sha256="a", rows_in=3, simulated=False)
        )
        row = {"section_id": "S1", "name": "一", "version": 4, "made": True}
        connection.execute(old.tables["sections"].insert().values(row))
        cut = {"shoreline_id": "L", "chainage_m": 0.0, "section_id": "S1"}
        connection.execute(old.tables["section_cuts"].insert().values(cut))
    engine.dispose()
    return root


def _content(ws: Workspace) -> dict[str, int]:
    with ws.engine.connect() as connection:
        names = inspect(connection).get_table_names()
    return {name: store.count(ws.engine, name) for name in names if name in db.metadata.tables}


def test_a_database_of_the_release_before_keeps_what_it_has(before: Path) -> None:
    ws = folder.open_workspace(before)
    with ws.engine.connect() as connection:
        assert schema.current(connection) == schema.HEAD == "0016"
    counts = _content(ws)
    assert {name: n for name, n in counts.items() if n} == {
        "vessels": 3, "ingests": 1, "sections": 1, "section_cuts": 1, "boundary_versions": 1,
    }  # fmt: skip
    # What was there before versions has held for as long as anybody knows.
    held = holding(ws, date(2001, 2, 3))
    assert (held.version, held.sections.row(0)) == (4, ("S1", "一", None, True))
    assert held.cuts.row(0) == ("L", 0.0, "S1")
    assert store.read(ws.engine, "boundary_versions")["made"].to_list() == [True]
    assert set(counts) == set(db.metadata.tables)
    found = store.read(ws.engine, "vessels")
    assert found["name"].to_list() == [None, "N412000001", "N412000002"]
    assert found["why"].to_list() == [None] * 3
    assert found["only_4"].to_list() == [True, False, False]
    assert found["only_21"].to_list() == [False] * 3
    assert store.read(ws.engine, "ingests")["options"].to_list() == [None]
    ws.close()
