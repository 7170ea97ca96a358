"""The learned model that is kept: what it forecasts, why, and whether to train it anew."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from sqlalchemy import and_

from risk.history import Floats
from risk.learned import Spread, digest, moved, since
from risk.shifts import shifts
from risk.weights import WeightSet
from workspace import db, store
from workspace._cache import cached
from workspace._scored import newest_runs
from workspace.folder import Workspace
from workspace.happened import history
from workspace.weighting import weight_set, weight_set_of

NAME = "learned_models"

Both = tuple[str, str]

_OF_THE_PAST: dict[str, Both] = {
    "incidents here": ("本段以往案事件", "earlier incidents here"),
    "incidents nearby": ("附近以往案事件", "earlier incidents nearby"),
    "near repeat": ("近期近处重复", "near-repeats"),
    "season": ("同季节案事件", "incidents of this season"),
}


@dataclass(frozen=True)
class Kept:
    """A model as the database keeps it.

    It was learned from what happened before ``as_of``; its forecast, if it is ``offered``, runs
    from there to ``t1``. ``figures`` are plain numbers, ``spreads`` how its features lay.
    """

    model_id: str
    run_id: str
    t: datetime
    as_of: datetime
    t1: datetime
    offered: bool
    why_zh: str
    why_en: str
    figures: dict[str, Any]
    spreads: dict[str, Spread]
    card: str

    def row(self) -> pl.DataFrame:
        """Return the model as a row of its table."""
        nested = {
            "figures": store.as_json(self.figures),
            "spreads": store.as_json({name: asdict(one) for name, one in self.spreads.items()}),
        }
        return pl.DataFrame({**{name: [x] for name, x in vars(self).items()}, **nested})


@dataclass(frozen=True)
class Watch:
    """Whether a model is still like what it was learned from.

    ``said`` are phrases in Chinese and English; ``anew`` tells whether one of them asks for
    training; ``features`` has how far each moved (``risk.learned.moved``), none where there are no
    scores to take them from.
    """

    happened: float
    expected: float
    features: pl.DataFrame
    anew: bool
    said: list[Both]

    def sentence(self, language: int) -> str:
        """Return all of it as one sentence: 0 Chinese, 1 English."""
        head = (
            ("需要重新训练：", "Train it anew: ")
            if self.anew
            else ("暂不必重新训练：", "It need not be trained anew yet: ")
        )[language]
        return (
            head + ("；", "; ")[language].join(one[language] for one in self.said) + "。."[language]
        )

    def told(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "anew": self.anew,
            "said_zh": self.sentence(0),
            "said_en": self.sentence(1),
            "happened": self.happened,
            "expected": self.expected,
            "features": self.features.to_dicts(),
        }


class Outlook(NamedTuple):
    """What the pages are told: the model, how it keeps, and its forecast.

    ``rows`` are ``segment_id, expected, percentile`` in the shore's order, null where a segment
    has none; no rows where nothing is offered.
    """

    kept: Kept
    watch: Watch
    rows: pl.DataFrame


def newest(ws: Workspace) -> Kept | None:
    """Return the model that was trained last, None where none was."""
    return cached(ws, "learned model", (NAME,), lambda: _newest(ws))


def _newest(ws: Workspace) -> Kept | None:
    rows = store.read(ws.engine, NAME, order=["t", "model_id"]).tail(1).to_dicts()
    if not rows:
        return None
    row = rows[0]
    found = {
        name: Spread(**{k: tuple(v) if isinstance(v, list) else v for k, v in one.items()})
        for name, one in json.loads(row["spreads"]).items()
    }
    return Kept(**{**row, "figures": json.loads(row["figures"]), "spreads": found})


def forecast(ws: Workspace, now: datetime | None = None) -> Outlook | None:
    """Return the newest model with its forecast, None where none was trained."""
    kept = newest(ws)
    if kept is None:
        return None
    moment = now or datetime.now(UTC)
    watched = cached(
        ws,
        ("learned watch", kept.model_id, moment.date()),
        (NAME, "incidents", "segments", "scores", "runs", "weight_steps"),
        lambda: watch(ws, kept, moment),
    )
    rows = cached(
        ws, "learned forecast", (NAME, "learned_forecasts", "segments"), lambda: _rows(ws, kept)
    )
    return Outlook(kept, watched, rows)


def _rows(ws: Workspace, kept: Kept) -> pl.DataFrame:
    table = db.learned_forecasts
    found = store.read(
        ws.engine,
        "learned_forecasts",
        where=table.c.model_id == kept.model_id,
        columns=["segment_id", "expected", "percentile"],
        order=["segment_id"],
    )
    order = store.read(ws.engine, "segments", columns=["segment_id"])
    if found.is_empty():
        order = order.clear()
    return order.join(found, on="segment_id", how="left", maintain_order="left")


def forecast_of(ws: Workspace, segment_id: str) -> dict[str, Any] | None:
    """Return what is forecast of one segment and why; None where nothing is offered.

    Keys: segment_id, t0, t1 (ISO 8601, UTC), expected (incidents), percentile (share of the
    shore's kilometres with less), times (its rate against an ordinary stretch's) and
    contributions, the strongest first: id, label_zh, label_en and times, which multiply to the
    whole. The last two are None outside the highest fifth of the shore.
    """
    kept = newest(ws)
    if kept is None or not kept.offered:
        return None
    table = db.learned_forecasts.c
    found = store.read(
        ws.engine,
        "learned_forecasts",
        where=and_(table.model_id == kept.model_id, table.segment_id == segment_id),
    ).to_dicts()
    if not found:
        return None
    row = found[0]
    why = json.loads(row["contributions"]) if row["contributions"] else None
    weights = weight_set_of(ws, kept.run_id)
    return {
        "segment_id": segment_id,
        "t0": kept.as_of.isoformat(),
        "t1": kept.t1.isoformat(),
        "expected": row["expected"],
        "percentile": row["percentile"],
        "times": None if why is None else float(np.exp(sum(why.values()))),
        "contributions": None if why is None else _parts(why, weights),
    }


def _parts(why: dict[str, float], weights: WeightSet) -> list[dict[str, Any]]:
    parts = []
    for name, log_rate in sorted(why.items(), key=lambda one: (-abs(one[1]), one[0])):
        zh, en = _label(name, weights)
        times = float(np.exp(log_rate))
        parts.append({"id": name, "label_zh": zh, "label_en": en, "times": times})
    return parts


def _label(name: str, weights: WeightSet) -> Both:
    if name in _OF_THE_PAST:
        return _OF_THE_PAST[name]
    one = next((one for one in weights.indicators if one.id == name), None)
    return (name, name) if one is None else (one.label_zh, one.label_en)


def watch(ws: Workspace, kept: Kept, now: datetime) -> Watch:
    """Compare what is known now with what a model was learned from."""
    found, _ = history(ws, now)
    first = kept.figures["first"]
    if first is not None:
        found = found.filter(pl.col("t") >= datetime.fromisoformat(first))
    number = since(found, kept.as_of, now).row(0, named=True)
    weights = weight_set_of(ws, kept.run_id)
    values = _scored_values(ws, weights, now)
    features = moved(kept.spreads, values or {}).filter(pl.lit(values is not None))
    far = [_label(name, weights) for name in features.filter(state="far")["feature"]]
    counts = f"{number['happened']:g}", f"{number['expected']:.1f}"
    said: list[Both] = [
        (
            f"此后案事件 {counts[0]} 起，预计 {counts[1]} 起",
            f"incidents since: {counts[0]}, expected: {counts[1]}",
        )
    ]
    asks: list[Both] = []
    if number["state"] == "far":
        asks.append(("件数超出偶然", "their number is beyond chance"))
    if far:
        names = [sep.join(one[k] for one in far) for k, sep in enumerate(("、", ", "))]
        asks.append((f"特征变动很大：{names[0]}", f"features have moved far: {names[1]}"))
    if coast(ws) != kept.figures["coast"]:
        asks.append(("岸线已重建", "the coast was built anew"))
    elif digest(found, kept.as_of) != kept.figures["digest"]:
        asks.append(
            ("训练所用的案事件后来有增改", "the incidents it was learned from have changed since")
        )
    if weight_set(ws) != weights:
        asks.append(("现行权重方案已换", "another weight set is in force"))
    if now >= kept.t1:
        asks.append(("预测期已过", "the time it forecasts is over"))
    if values is None:
        said.append(
            ("特征未比较：没有近日评分", "features are not compared: no scores of these days")
        )
    elif not far:
        said.append(("特征没有大的变动", "features have not moved far"))
    return Watch(number["happened"], number["expected"], features, bool(asks), [*asks, *said])


def coast(ws: Workspace) -> str:
    """Return by what the segments are known again."""
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    return hashlib.blake2b("\n".join(ids).encode(), digest_size=8).hexdigest()


def _scored_values(ws: Workspace, weights: WeightSet, now: datetime) -> dict[str, Floats] | None:
    """Return each indicator's mean value of each segment on the last local day that is over.

    As the newest scores have them; None where that day, and the one before, was not scored with
    these weights.
    """
    runs = newest_runs(ws)
    today = now.astimezone(ws.config.tz).date()
    for back in (1, 2):
        starts = _starts(ws, today - timedelta(days=back))
        made = {runs.get(start) for start in starts}
        if None not in made and all(weight_set_of(ws, str(run)) == weights for run in made):
            return _means(ws, starts, sorted(map(str, made)), weights)
    return None


def _starts(ws: Workspace, day: date) -> list[datetime]:
    return [one.t0 for one in shifts(day, tz=ws.config.tz, starts=ws.config.shift_starts)]


def _means(
    ws: Workspace, starts: list[datetime], made: list[str], weights: WeightSet
) -> dict[str, Floats]:
    table = db.scores.c
    rows = store.read(
        ws.engine,
        "scores",
        where=and_(table.shift_start.in_(starts), table.run_id.in_(made)),
        columns=["segment_id", "contributions"],
        order=["segment_id"],
    )
    parts = pl.Struct(dict.fromkeys(weights.ids, pl.List(pl.Float64)))
    means = (
        rows.select("segment_id", pl.col("contributions").str.json_decode(parts))
        .unnest("contributions")
        .group_by("segment_id")
        .agg(
            pl.when(pl.col(name).list.get(1).is_not_null().all())
            .then(pl.col(name).list.get(1).mean().round(6))
            .alias(name)
            for name in weights.ids
        )
    )
    return {name: means[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in weights.ids}
