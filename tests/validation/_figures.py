"""Recall, precision and false alarms per kind, with intervals."""

from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from tests.validation._county import FROZEN

_RULE = FROZEN["figures"]
_Z = 1.959964


@dataclass(frozen=True)
class Figures:
    """What was found of one kind; intervals are (low, high)."""

    kind: str
    planted: int
    near: int
    found: int
    found_near: int
    recall: float
    recall_wilson: tuple[float, float]
    recall_by_seed: tuple[float, float]
    raised: int
    excused: int
    decoys: int
    false: int
    precision: float
    precision_wilson: tuple[float, float]
    precision_by_seed: tuple[float, float]
    precision_at: float | None
    """Precision among the events ranked at least as high as is needed for the recall read at."""
    precision_at_wilson: tuple[float, float] | None
    false_per: float | None
    """False alarms and decoys, per so many vessel-days, among those ranked that high."""

    def as_dict(self) -> dict[str, object]:
        """Return them as a row."""
        return asdict(self)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the Wilson interval of a share."""
    if of == 0:
        return (0.0, 1.0)
    share, z2 = hits / of, _Z**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * np.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return (float(max(middle - half, 0.0)), float(min(middle + half, 1.0)))


def by_seed(hits: dict[int, int], of: dict[int, int]) -> tuple[float, float]:
    """Return the bootstrap interval of a share, drawing whole seeds."""
    seeds = sorted(of)
    top = np.array([hits.get(seed, 0) for seed in seeds], dtype=float)
    low = np.array([of[seed] for seed in seeds], dtype=float)
    if low.sum() == 0:
        return (0.0, 1.0)
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, len(seeds), (_RULE["bootstrap"], len(seeds)))
    total = low[drawn].sum(axis=1)
    share = top[drawn].sum(axis=1)[total > 0] / total[total > 0]
    tail = (1.0 - _RULE["level"]) / 2
    return (float(np.quantile(share, tail)), float(np.quantile(share, 1 - tail)))


def figures(cases: pl.DataFrame, judged: pl.DataFrame, vessel_days: float) -> list[Figures]:
    """Return the figures of each kind; both tables bear the column ``seed``."""
    out = []
    for kind in sorted({*cases["kind"], *judged["kind"]}):
        real = cases.filter(pl.col("kind") == kind)
        raised = judged.filter(pl.col("kind") == kind)
        out.append(_of(kind, real, raised, vessel_days))
    return out


def _of(kind: str, real: pl.DataFrame, raised: pl.DataFrame, vessel_days: float) -> Figures:
    counted = raised.filter(pl.col("outcome") != "excused")
    good = counted.filter(pl.col("outcome") == "true")
    found = int(real["found"].sum())
    at = threshold(real)
    top = counted.filter(pl.col("rank") >= at) if at is not None else None
    wrong = None if top is None else top.filter(pl.col("outcome") != "true").height
    return Figures(
        kind,
        real.height,
        int(real["near"].sum()),
        found,
        int((real["near"] & real["found"]).sum()),
        found / real.height if real.height else float("nan"),
        wilson(found, real.height),
        by_seed(_count(real.filter("found")), _count(real)),
        raised.height,
        raised.height - counted.height,
        counted.filter(pl.col("outcome") == "decoy").height,
        counted.filter(pl.col("outcome") == "false").height,
        good.height / counted.height if counted.height else float("nan"),
        wilson(good.height, counted.height),
        by_seed(_count(good), _count(counted)),
        None if top is None or wrong is None else 1.0 - wrong / max(top.height, 1),
        None if top is None or wrong is None else wilson(top.height - wrong, top.height),
        None
        if wrong is None
        else _RULE["false_alarms_per_vessel_days"] * wrong / max(vessel_days, 1.0),
    )


def threshold(real: pl.DataFrame) -> float | None:
    """Return the rank down to which events are read for the recall read at, None if unreached."""
    need = int(np.ceil(_RULE["recall_read_at"] * real.height - 1e-9))
    ranks = real.filter("found")["rank"].sort(descending=True)
    return float(ranks[need - 1]) if 0 < need <= len(ranks) else None


def _count(rows: pl.DataFrame) -> dict[int, int]:
    return dict(rows.group_by("seed").len().sort("seed").iter_rows())


def decoys_raised(truth: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Return how many decoys of each sort there were, and how many were raised."""
    raised = judged.filter(pl.col("outcome") == "decoy").group_by("kind", "what").len("raised")
    there = truth.filter("decoy").group_by("kind", "what").len("planted")
    return (
        there.join(raised, on=["kind", "what"], how="left")
        .with_columns(pl.col("raised").fill_null(0))
        .sort("kind", "what")
    )
