"""The workspace behind the pages: its readers, its accounts and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dashboards.source import Person
from workspace import read, runs, tide, users
from workspace.folder import open_workspace


class WorkspaceSource:
    """Answer the pages from one open workspace."""

    def __init__(self, folder: Path) -> None:
        self._ws = open_workspace(folder)

    def meta(self) -> Any:
        """Return what the workspace says of itself."""
        return read.meta(self._ws)
