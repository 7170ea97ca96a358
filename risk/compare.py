"""Lay two weight sets side by side: what changes band, by how much, and whether they agree."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from geo.errors import InputError
from risk.bands import BANDS, band_index
from risk.weights import PILLAR_LABEL, WeightSet, effective

Floats = npt.NDArray[np.float64]
Both = tuple[str, str]
TOP = 0.05
_CONTRADICT = -0.3
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Comparison:
    """How the scores of two sets, first and second, differ.

    ``cells`` has a row per segment and shift (``segment``, ``shift``: rows from 0; ``first``,
    ``second``, ``change`` in points, ``band_first``, ``band_second`` 0..4), the largest change
    first. ``bands`` has the kilometres of each band under either set, mean over shifts, and
    ``moved`` the kilometres that went from one band to another (``band_first``,
    ``band_second``, ``km``). ``changed`` is the share of kilometres that changes band.
    ``rank_correlation`` is Spearman's, weighted by kilometres, None where a set gives one score
    to all; ``top_overlap`` is the share of the top 5 % of kilometres that both sets name, 0.05
    by chance. Both are means over the shifts, each shift ranked by itself.
    """

    cells: pl.DataFrame
    bands: pl.DataFrame
    moved: pl.DataFrame
    changed: float
    rank_correlation: float | None
    top_overlap: float
    said: tuple[Both, ...]


def compare(km: Floats, first: Floats, second: Floats) -> Comparison:
    """Compare two sets' scores of the same segments and shifts.

    Parameters
    ----------
    km : array ``[segment]``
        Length of each segment.
    first, second : arrays ``[segment, shift]``
        Scores 0..100 by either set.

    Raises
    ------
    InputError
        When the shapes differ, a figure is not finite, or there is nothing to compare.
    """
    _check(km, first, second)
    bands = band_index(first), band_index(second)
    weight = np.repeat(km[:, None] / first.shape[1], first.shape[1], axis=1)
    n = first.shape
    cells = pl.DataFrame(
        {
            "segment": np.repeat(np.arange(n[0]), n[1]),
            "shift": np.tile(np.arange(n[1]), n[0]),
            "km": weight.ravel() * n[1],
            "first": first.ravel(),
            "second": second.ravel(),
            "change": (second - first).ravel(),
            "band_first": bands[0].ravel(),
            "band_second": bands[1].ravel(),
        }
    ).sort(pl.col("change").abs(), "km", descending=True, maintain_order=True)
    moved = (
        cells.filter(pl.col("band_first") != pl.col("band_second"))
        .group_by("band_first", "band_second")
        .agg(km=pl.col("km").sum() / n[1])
        .sort("km", "band_first", "band_second", descending=[True, False, False])
    )
    by_band = pl.DataFrame(
        {
            "band": [b.index for b in BANDS],
            "km_first": np.bincount(bands[0].ravel(), weight.ravel(), len(BANDS)),
            "km_second": np.bincount(bands[1].ravel(), weight.ravel(), len(BANDS)),
        }
    )
    found = [_spearman(a, b, km) for a, b in zip(first.T, second.T, strict=True)]
    told = [r for r in found if r is not None]
    correlation = float(np.mean(told)) if told else None
    overlap = float(np.mean([_overlap(a, b, km) for a, b in zip(first.T, second.T, strict=True)]))
    changed = float(moved["km"].sum() / km.sum())
    said = _words(cells, changed, correlation, overlap)
    return Comparison(cells, by_band, moved, changed, correlation, overlap, tuple(said))


def _check(km: Floats, first: Floats, second: Floats) -> None:
    problems = []
    if first.shape != second.shape or first.shape[:1] != km.shape:
        problems.append(f"the shapes are {km.shape}, {first.shape} and {second.shape}")
    elif first.size == 0 or not km.sum() > 0.0:
        problems.append("there are no segments or shifts to compare on")
    if not all(np.isfinite(one).all() for one in (km, first, second)):
        problems.append("a score or a length is not finite")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="comparison of weight sets",
            mend="Score the same segments and shifts with both sets",
        )


def _spearman(a: Floats, b: Floats, km: Floats) -> float | None:
    """Return the rank correlation weighted by length; None where one of them is constant."""
    x, y = _ranks(a, km), _ranks(b, km)
    share = km / km.sum()
    x, y = x - share @ x, y - share @ y
    scale = np.sqrt((share @ x**2) * (share @ y**2))
    return float(np.clip(share @ (x * y) / scale, -1.0, 1.0)) if scale > 1e-12 else None


def _ranks(values: Floats, km: Floats) -> Floats:
    """Return where each stands (share of kilometres below it, ties at their middle)."""
    _, group = np.unique(values, return_inverse=True)
    length = np.bincount(group, km)
    ranks: Floats = ((np.cumsum(length) - length / 2.0) / km.sum())[group]
    return ranks


def _overlap(a: Floats, b: Floats, km: Floats) -> float:
    both = np.minimum(_top(a, km), _top(b, km))
    return float((both * km).sum() / (TOP * km.sum()))


def _top(values: Floats, km: Floats) -> Floats:
    """Return how much of each segment is in the top 5 % of kilometres; equals share the rest."""
    _, group = np.unique(-values, return_inverse=True)
    length = np.bincount(group, km)
    before = np.cumsum(length) - length
    left = np.clip(TOP * km.sum() - before, 0.0, length)
    part: Floats = (left / np.maximum(length, 1e-12))[group]
    return part


def _words(
    cells: pl.DataFrame, changed: float, correlation: float | None, overlap: float
) -> list[Both]:
    rises = cells["band_second"].to_numpy() > cells["band_first"].to_numpy()
    up = float(np.average(rises, weights=cells["km"].to_numpy()))
    said = [
        (
            (
                f"{changed:.1%} 的岸线换级（升 {up:.1%}，降 {changed - up:.1%}）；最高 5 % 岸线有 "
                f"{overlap:.0%} 相同（碰巧为 5 %）。"
            ),
            (
                f"{changed:.1%} of the shore changes band ({up:.1%} up, {changed - up:.1%} down); "
                f"the top 5 % are the same for {overlap:.0%} of their length (5 % by chance)."
            ),
        )
    ]
    if correlation is None:
        said.append(
            (
                "两套权重之一给各处同样的分数，排序无从比较。",
                "One of the sets gives the same score everywhere; there is no order to compare.",
            )
        )
    elif correlation < _CONTRADICT:
        said.append(
            (
                (
                    "两套权重互相矛盾：一套排在前面的，另一套排在后面"
                    f"（秩相关 {correlation:.2f}）。须由人取舍，不可折中。"
                ),
                (
                    "The two sets contradict each other: what one puts first the other puts last "
                    f"(rank correlation {correlation:.2f}). Choose one; do not average them."
                ),
            )
        )
    return said


def side_by_side(first: WeightSet, second: WeightSet) -> tuple[pl.DataFrame, list[Both]]:
    """Lay the weights of two sets beside each other, and say whether they contradict.

    Returns
    -------
    tuple of DataFrame, list
        Columns ``indicator, pillar, first, second`` (shares of the whole, null where a set
        lacks it) and ``defined_alike`` (same breaks, priors and constants; null where one lacks
        it), in the first set's order; and statements (zh, en).
    """
    a, b = effective(first), effective(second)
    rows = [
        {
            "indicator": name,
            "pillar": (first if name in a else second).indicator(name).pillar,
            "first": a.get(name),
            "second": b.get(name),
            "defined_alike": _alike(first, second, name) if name in a and name in b else None,
        }
        for name in dict.fromkeys((*a, *b))
    ]
    table = pl.DataFrame(rows, infer_schema_length=None)
    said = []
    both = table.drop_nulls(["first", "second"])
    other = [first.indicator(name) for name in both.filter(~pl.col("defined_alike"))["indicator"]]
    if other:
        said.append(
            (
                f"断点或常数不同：{'、'.join(one.label_zh for one in other)}。",
                f"Breaks or constants differ: {', '.join(one.label_en for one in other)}.",
            )
        )
    r = _spearman(both["first"].to_numpy(), both["second"].to_numpy(), np.ones(both.height))
    if r is not None and both.height > 2 and r < _CONTRADICT:
        said.append(
            (
                f"两套权重的取向相反：一套最看重的，另一套最不看重（秩相关 {r:.2f}）。",
                (
                    "The two sets weigh the other way round: what one counts most the other counts "
                    f"least (rank correlation {r:.2f})."
                ),
            )
        )
    return table, said


def _alike(first: WeightSet, second: WeightSet, name: str) -> bool:
    told = {"weight", "label_zh", "label_en", "source"}
    a, b = (given.indicator(name).model_dump(exclude=told) for given in (first, second))
    return a == b


def remarks(weights: WeightSet) -> list[Both]:
    """Say where a set rests on one indicator or one pillar nearly alone (90 % and more)."""
    said = []
    share = effective(weights)
    for pillar, whole in weights.pillars.items():
        zh, en = PILLAR_LABEL[pillar]
        if whole >= _NEARLY_ALL:
            said.append(
                (
                    f"“{zh}”一个支柱占 {whole:.0%}：分数几乎只看它。",
                    f"{en} alone has {whole:.0%}: the score is next to nothing else.",
                )
            )
    for one in weights.indicators:
        part = share[one.id] / weights.pillars[one.pillar]
        zh, en = PILLAR_LABEL[one.pillar]
        if part >= _NEARLY_ALL:
            said.append(
                (
                    f"“{one.label_zh}”占“{zh}”的 {part:.0%}：缺了它，该支柱无从判断。",
                    (
                        f"{one.label_en} has {part:.0%} of {en}: without data on it that "
                        "pillar tells nothing."
                    ),
                )
            )
    return said
