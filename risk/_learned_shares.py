"""Split a learned log rate into what each thing that is known contributes."""

import numpy as np
import polars as pl

from risk._learned_columns import REACHES, history_names
from risk._learned_model import Model
from risk.history import Floats, Ints

DRAWS = 8
"""Orders drawn, each also taken backwards."""

_OWN = f"past {REACHES[0]:g} "


def grouped(columns: tuple[str, ...]) -> dict[str, Ints]:
    """Return which columns belong to each thing that is told of."""
    out: dict[str, list[int]] = {}
    for k, name in enumerate(columns):
        what = name
        if k < len(history_names()) and name not in ("near repeat", "season"):
            what = "incidents here" if name.startswith(_OWN) else "incidents nearby"
        out.setdefault(what, []).append(k)
    return {what: np.array(rows, dtype=np.int64) for what, rows in out.items()}


def shapley(model: Model, x: Floats, even: Floats, rows: Ints, *, seed: int) -> pl.DataFrame:
    """Return ``segment, what, log_rate``: contributions to some stretches' log rates.

    Shapley values by sampled orders, antithetic (Strumbelj and Kononenko 2014; Mitchell et al.
    2022), against an ordinary stretch: the mean of each column by kilometres. They add up exactly
    to the log rate against the ordinary stretch's, whatever was drawn; where only the additive
    part has weight and no products, they are exact.
    """
    known = ~np.isnan(x)
    area = even @ known
    mean = (even[:, None] * np.where(known, x, 0)).sum(axis=0)
    ordinary = np.where(area > 0, mean / np.maximum(area, 1e-12), np.nan)
    scale = model.scale(x, even)
    groups = list(grouped(model.columns).items())
    out = np.zeros((len(rows), len(groups)))
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(groups)) for _ in range(DRAWS)]
    orders += [order[::-1] for order in orders]
    for order in orders:
        now = np.tile(ordinary, (len(rows), 1))
        before = model.log_pool(now, scale)
        for g in order:
            columns = groups[g][1]
            now[:, columns] = x[np.ix_(rows, columns)]
            after = model.log_pool(now, scale)
            out[:, g] += (after - before) / len(orders)
            before = after
    return pl.DataFrame(
        {
            "segment": np.repeat(rows, len(groups)),
            "what": [what for what, _ in groups] * len(rows),
            "log_rate": out.ravel(),
        }
    )
