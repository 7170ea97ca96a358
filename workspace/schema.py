"""Bring a database to the form that this version of the product knows."""

import time
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from geo.errors import InputError
from workspace import db

HEAD = "0016"
_LOCK = 0x5348_4F52  # any number, the same in every process: PostgreSQL's advisory lock


def current(connection: Connection) -> str | None:
    """Return the version that the database is at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(text("SELECT version_num FROM alembic_version"))


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction that only one process is in."""
    with engine.connect() as connection:
        if current(connection) == HEAD:
            return
    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    with db.writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = current(connection)
        if found != HEAD:
            _upgrade(connection, found)


def _upgrade(connection: Connection, found: str | None) -> None:
    """Run Alembic up to the newest version on a connection that is in a transaction."""
    # Alembic takes a quarter of a second to import, and an up-to-date database needs none of it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        raise InputError(
            f"the database is at version {found}, which this shoregrid does not know",
            where=str(connection.engine.url),
            mend="Use the shoregrid that wrote it, or a newer one.",
        ) from error


def _write_ahead(engine: Engine) -> None:
    """Turn on SQLite's write-ahead log, so that readers and the writer don't wait."""
    deadline = time.monotonic() + db.WAIT_S
    while True:
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode=WAL")
        except Exception as error:
            # The switch ignores the busy timeout when two processes make it at once.
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
