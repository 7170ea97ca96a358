"""A score said in words, from what the workspace holds."""

import json
from datetime import datetime
from typing import Any

from risk.explain import Explanation, explain
from risk.shifts import Shift
from risk.weights import WeightSet
from workspace.evidence import evidence, facts
from workspace.folder import Workspace


def sentence(
    ws: Workspace, weights: WeightSet, row: dict[str, Any], shift: Shift, *, as_of: datetime
) -> Explanation:
    """Explain one row of the table ``scores``, as what was known at ``as_of`` explains it."""
    cells = json.loads(row["contributions"])
    points = {name: cell[0] for name, cell in cells.items()}
    segment_ids = evidence(ws, weights).segments["segment_id"]
    known = facts(
        ws,
        weights,
        segment=segment_ids.to_list().index(row["segment_id"]),
        shift=shift,
        as_of=as_of,
        figures={
            **{name: row[name] for name in ("score", "lo", "hi")},
            "base": row["score"] - sum(points.values()),
        },
        points=points,
        raw={name: cell[2] for name, cell in cells.items() if cell[2] is not None},
        missing=json.loads(row["missing"] or "[]"),
    )
    return explain(known, shift=shift, as_of=as_of, tz=ws.config.tz, weights=weights)
