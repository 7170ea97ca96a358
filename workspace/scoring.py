"""Scores per segment and shift, from all that the workspace knows."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from risk.indicators import Evaluated, evaluate
from risk.score import Scores
from risk.score import score as score_cells
from risk.shifts import Shift
from workspace import db, store
from workspace._run import Run, clear_shifts, need_coast, shifts_from
from workspace.evidence import inputs
from workspace.folder import Workspace
from workspace.weighting import weight_set


def score(
    ws: Workspace, day: date | None = None, *, days: int = 3, now: datetime | None = None
) -> Run:
    """Score every segment in the shifts that start on ``days`` local days from ``day`` on.

    ``day`` is today by default. Scores of the same shifts by earlier runs are replaced.

    Raises
    ------
    InputError
        When the workspace has no coast.
    """
    run = Run("score", now or datetime.now(UTC))
    wanted = shifts_from(ws, day or run.as_of.astimezone(ws.config.tz).date(), days)
    need_coast(ws)
    weights = run.weights = weight_set(ws)
    with run.step("inputs"):
        given = inputs(ws, weights, wanted)
    with run.step("score"):
        evaluated = evaluate(given, wanted, as_of=run.as_of, weights=weights)
        scored = score_cells(evaluated, weights)
    with run.step("store"):
        table = _score_rows(run.run_id, given.segments["segment_id"], wanted, evaluated, scored)
        run.counts = {"segments": len(given.segments), "shifts": len(wanted), "scores": len(table)}
        with ws.begin() as connection:
            clear_shifts(connection, db.scores, wanted)
            store.write(connection, "scores", table)
            store.write(connection, "runs", run.row())
    return run


def _score_rows(
    run_id: str,
    segment_ids: pl.Series,
    wanted: Sequence[Shift],
    evaluated: Evaluated,
    scored: Scores,
) -> pl.DataFrame:
    """Return one row per segment and shift; contributions as [points, value, raw] by indicator."""
    shape = scored.score.shape
    tables = []
    for column, shift in enumerate(wanted):
        cells = [
            pl.concat_list(
                *(
                    pl.Series(np.round(np.broadcast_to(part[k], shape)[:, column], 4)).fill_nan(
                        None
                    )
                    for part in (scored.contributions, evaluated.value, evaluated.raw)
                )
            ).alias(name)
            for k, name in enumerate(scored.ids)
        ]
        lacks = [
            pl.when(pl.Series(np.broadcast_to(scored.missing[k], shape)[:, column]))
            .then(pl.lit(name))
            .alias(name)
            for k, name in enumerate(scored.ids)
        ]
        frame = pl.DataFrame({"segment_id": segment_ids})
        tables.append(
            frame.select(
                run_id=pl.lit(run_id),
                shift_start=pl.lit(shift.t0).cast(pl.Datetime("ms", "UTC")),
                segment_id="segment_id",
                score=pl.Series(scored.score[:, column]),
                lo=pl.Series(scored.lo[:, column]),
                hi=pl.Series(scored.hi[:, column]),
                threat=pl.Series(scored.threat[:, column]),
                opportunity=pl.Series(scored.opportunity[:, column]),
                guardianship_deficit=pl.Series(scored.guardianship_deficit[:, column]),
                contributions=pl.struct(cells).struct.json_encode(),
                missing=pl.concat_list(lacks).list.drop_nulls(),
            )
        )
    return pl.concat(tables)
