"""Train the learned forecast on the workspace's incidents, test it, and keep what came of it."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from geo.errors import InputError
from risk.gain import JUDGED_SHARE
from risk.history import Floats, Shore, seen_before
from risk.learned import Learned, contributions, digest, expect, spreads, train
from workspace import db, store
from workspace._learned import NAME, Kept, Watch, coast, newest, watch
from workspace._run import Run, need_coast
from workspace.backtesting import shore_of
from workspace.folder import Workspace
from workspace.happened import each_day, features, history, midnight
from workspace.weighting import weight_set

HORIZON = timedelta(days=30)

TOLD_FROM = 0.8
"""Why a stretch is where it is is kept for the fifth of the shore where most is expected."""


class Taught(NamedTuple):
    """What a training run made, and how the model before it had kept until then."""

    run: Run
    kept: Kept
    before: tuple[Kept, Watch] | None


def learn(
    ws: Workspace,
    *,
    since: date | None = None,
    until: date | None = None,
    now: datetime | None = None,
) -> Taught:
    """Train and test a model, and keep its card, its figures and, if it is offered, its forecast.

    The same incidents, coast, weights and days give the same rows, under the same ``model_id``.

    Parameters
    ----------
    since, until : date, optional
        Local days: of the first incident that is learned from, and the one before which the last
        is. By default all there are, and today.

    Raises
    ------
    InputError
        Without a coast, or where the days are no span that lies in the past.
    """
    run = Run("learn", now or datetime.now(UTC))
    need_coast(ws)
    weights = run.weights = weight_set(ws)
    first, end = _span(ws, since, until, run.as_of)
    earlier = newest(ws)
    before = None if earlier is None else (earlier, watch(ws, earlier, run.as_of))
    with run.step("inputs"):
        found, left_out = history(ws, run.as_of)
        seen = seen_before(found, end)
        left_out["later"] = found.height - seen.height
        if first is not None:
            seen = seen.filter(pl.col("t") >= first)
            left_out["earlier"] = found.height - left_out["later"] - seen.height
        left_out = {reason: n for reason, n in left_out.items() if n}
        shore = shore_of(ws)
        names, known = features(weights, each_day(ws, weights))
    with run.step("train"):
        trained = train(shore, seen, end, features=known, rising=names)
    with run.step("forecast"):
        ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
        table = _forecast(trained, seen, ids) if trained.offer.offered else _NOTHING
        kept = _kept(run, trained, seen, first, left_out, table, coast(ws))
    run.counts = {
        "segments": len(shore),
        "incidents": seen.height,
        "tested": trained.tested.incidents,
        "forecasts": table.height,
        **{f"left_out_{reason}": n for reason, n in left_out.items()},
    }
    _store(ws, run, kept, table)
    return Taught(run, kept, before)


def _span(
    ws: Workspace, since: date | None, until: date | None, as_of: datetime
) -> tuple[datetime | None, datetime]:
    end = midnight(ws, until or as_of.astimezone(ws.config.tz).date())
    first = None if since is None else midnight(ws, since)
    if end > as_of or (first is not None and first >= end):
        raise InputError(
            f"from {since or 'the first'} to {until or 'today'} is no span that lies in the past",
            where="learn",
            mend="Let --from be earlier than --to, and --to today or earlier",
        )
    return first, end


_NOTHING = pl.DataFrame(
    schema={
        "segment_id": pl.String,
        "expected": pl.Float64,
        "percentile": pl.Float64,
        "contributions": pl.String,
    }
)


def _forecast(trained: Learned, seen: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Return what is expected of each segment, where that stands on the shore, and why."""
    t0, t1 = trained.until, trained.until + HORIZON
    number = expect(trained, seen, t0, t1)
    place = percentiles(number, trained.ground.shore)
    rows = np.flatnonzero(place >= TOLD_FROM)
    why = contributions(trained, seen, t0, t1, rows=rows)
    told = (
        why.with_columns(pl.col("log_rate").round(4))
        .group_by("segment", maintain_order=True)
        .agg(part=pl.struct("what", "log_rate"))
        .with_columns(
            contributions=pl.col("part").map_elements(
                lambda parts: store.as_json({one["what"]: one["log_rate"] for one in parts}),
                return_dtype=pl.String,
            )
        )
    )
    return (
        pl.DataFrame(
            {
                "segment": np.arange(len(number)),
                "segment_id": ids,
                "expected": number.round(9),
                "percentile": place.round(6),
            }
        )
        .join(told.select("segment", "contributions"), on="segment", how="left")
        .sort("segment")
        .drop("segment")
    )


def percentiles(expected: Floats, shore: Shore) -> Floats:
    """Return the share of the shore's kilometres where less is expected per km, 0..1."""
    rate, place = np.unique(expected / shore.length_km, return_inverse=True)
    km = np.bincount(place, shore.length_km, minlength=len(rate))
    return np.asarray((np.cumsum(km) - km)[place] / km.sum())


def _kept(
    run: Run,
    trained: Learned,
    seen: pl.DataFrame,
    first: datetime | None,
    left_out: dict[str, int],
    table: pl.DataFrame,
    on_coast: str,
) -> Kept:
    """Return the model as it is kept, under a name made from all that it says."""
    tested = trained.tested
    at = tested.by_share.filter(share=JUDGED_SHARE).drop("share", "km")
    each = tested.by_forecaster.join(at, on="forecaster", maintain_order="left")
    figures: dict[str, Any] = {
        "incidents": seen.height,
        "first": None if first is None else first.isoformat(),
        "digest": digest(seen, trained.until),
        "left_out": left_out,
        "tested": tested.incidents,
        "periods": tested.folds.height,
        "verdict": tested.verdict,
        "expected": round(float(table["expected"].sum()), 6) if table.height else None,
        "coast": on_coast,
        "forecasters": [
            {
                name: round(value, 6) if isinstance(value, float) else value
                for name, value in row.items()
            }
            for row in each.with_columns(pl.selectors.float().fill_nan(None)).to_dicts()
        ],
    }
    said = {
        "as_of": trained.until,
        "t1": trained.until + HORIZON,
        "offered": trained.offer.offered,
        "why_zh": trained.offer.reason_zh,
        "why_en": trained.offer.reason,
        "figures": figures,
        "spreads": spreads(trained),
        "card": trained.card,
    }
    name = hashlib.blake2b(f"{said}{table.write_json()}".encode(), digest_size=6).hexdigest()
    return Kept(model_id=name, run_id=run.run_id, t=run.as_of, **said)


def _store(ws: Workspace, run: Run, kept: Kept, table: pl.DataFrame) -> None:
    own = (pl.lit(kept.model_id).alias("model_id"),)
    with ws.begin() as connection:
        store.write(connection, "runs", run.row())
        for name, frame in ((NAME, kept.row()), ("learned_forecasts", table.with_columns(*own))):
            of_it = db.metadata.tables[name].c.model_id == kept.model_id
            store.write(connection, name, frame, replace=True, where=of_it)
