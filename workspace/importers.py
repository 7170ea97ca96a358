"""Files about the coast into the database: each row kept or refused, and never half an import."""

import time
from datetime import UTC, datetime
from pathlib import Path

from workspace._import_around import AROUND, import_around
from workspace._import_coast import import_coast
from workspace._import_depth import import_depth
from workspace._import_detections import import_detections
from workspace._import_grids import import_grids
from workspace._import_tables import TABLES, import_table
from workspace._import_tides import import_tides
from workspace._imported import Imported, Options
from workspace._quarantine import quarantine
from workspace.folder import Workspace

__all__ = ["KINDS", "TABLES", "Imported", "Options", "import_file"]

_PLAIN = Options()
KINDS = ("coast", "tides", "depth", "boundaries", *AROUND, *TABLES)


def import_file(
    ws: Workspace,
    kind: str,
    path: Path,
    options: Options = _PLAIN,
    *,
    now: datetime | None = None,
    user: str | None = None,
) -> Imported:
    """Import one file; raise InputError when none of it can be used, with nothing changed.

    Rows that cannot be kept go to quarantine with file, row, reason and mend. Rows whose key is
    there already are updated.
    """
    moment = now or datetime.now(UTC)
    began = time.perf_counter()
    result = Imported()
    if kind == "coast":
        import_coast(ws, path, options, result)
    elif kind == "tides":
        import_tides(ws, path, options, result)
    elif kind == "depth":
        import_depth(ws, path, options, result)
    elif kind == "boundaries":
        import_grids(ws, path, options, result, now=moment, user=user)
    elif kind in AROUND:
        import_around(ws, kind, path, options, result, now=moment)
    elif kind == "detections":
        import_detections(ws, path, options, result, now=moment)
    elif kind in TABLES:
        import_table(ws, kind, path, options, result, now=moment, user=user)
    else:
        raise KeyError(f"`kind` was {kind!r} but is expected to be in {{{', '.join(KINDS)}}}")
    if kind not in {"boundaries", *AROUND, *TABLES}:
        with ws.begin() as connection:
            quarantine(connection, kind, path, result.refused, moment)
    result.seconds["import"] = time.perf_counter() - began
    return result
