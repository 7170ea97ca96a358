"""A workspace: one folder that holds one coast's settings, database, archive and rasters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from geo.errors import InputError
from workspace import config as settings
from workspace import db, schema
from workspace.config import Config


@dataclass(frozen=True, eq=False)
class Workspace:
    """One open workspace; ``begin`` opens the transaction that writes."""

    root: Path
    config: Config
    engine: Engine

    @property
    def positions(self) -> Path:
        """Return the folder of the archive of positions (a Delta table)."""
        return self.root / "positions"

    @property
    def rasters(self) -> Path:
        """Return the folder of rasters; the depth is ``rasters/depth.tif``."""
        return self.root / "rasters"

    @property
    def depth(self) -> Path | None:
        """Return the depth raster, or None where there is none."""
        path = self.rasters / "depth.tif"
        return path if path.is_file() else None

    @property
    def exports(self) -> Path:
        """Return the folder that exports go to."""
        return self.root / "exports"

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one transaction that writes; all of it holds, or none of it."""
        with db.writing(self.engine) as connection:
            yield connection

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()


def init(root: Path, values: dict[str, Any] | None = None) -> Workspace:
    """Make the folder with its settings and an empty database, and open it.

    ``values`` are settings that differ from their defaults. A folder that is a workspace
    already, or that holds anything else, is refused.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError(
            "the folder is not empty",
            where=str(root),
            mend="Name a new folder, or remove this one first.",
        )
    for folder in (root, root / "rasters", root / "exports"):
        folder.mkdir(parents=True, exist_ok=True)
    settings.write(root / settings.FILE_NAME, values or {})
    return open_workspace(root)


def open_workspace(root: str | Path) -> Workspace:
    """Open a workspace and bring its database to today's form.

    Two processes may open it at once: the first one migrates, the other waits.
    """
    folder = Path(root).resolve()
    config = Config.read(folder / settings.FILE_NAME)
    url = config.database or f"sqlite:///{folder / 'shoregrid.db'}"
    engine = db.connect(url)
    try:
        schema.migrate(engine)
    except InputError:
        engine.dispose()
        raise
    except OperationalError as error:
        engine.dispose()
        raise InputError(
            f"the database does not answer: {error.orig}",
            where="shoregrid.toml, setting `database`" if config.database else str(folder),
            mend="See that the server runs and that the address and account are right.",
        ) from error
    return Workspace(folder, config, engine)
