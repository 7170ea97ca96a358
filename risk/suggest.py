"""Suggest weights from what the indicators show along the shore."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from risk.elicit import Both, Elicited
from risk.weights import PILLAR_LABEL, PILLARS, WeightSet

Floats = npt.NDArray[np.float64]
Method = Literal["entropy", "critic"]
_SAME = 1e-12
_CAVEAT = (
    "这只说明哪些指标在本岸线上差异大，不说明哪些与案事件有关；须经人判断。",
    (
        "This tells which indicators differ along this shore, not which ones matter for incidents; "
        "people must judge it."
    ),
)


def entropy(
    ids: Sequence[str], values: Floats, km: Floats, *, labels: Mapping[str, Both] | None = None
) -> Elicited:
    """Suggest weights by how unevenly each indicator lies along the shore.

    An indicator's share of a kilometre against that kilometre's share of the shore: the
    divergence sum p ln(p / s), which with stretches of one length and nothing missing is
    ln m times 1 - Shannon's entropy / ln m (Shannon 1948; as weights: Hwang & Yoon 1981, Multiple
    Attribute Decision Making, section 2.2). Cutting a stretch in two changes nothing.

    Parameters
    ----------
    ids : sequence of str
        The indicators, in the order of the first axis.
    values : array ``[indicator, segment]`` or ``[indicator, segment, shift]``
        Values of 0 and more, NaN where missing: left out.
    km : array ``[segment]``
        Length of each segment.
    labels : mapping of str to (zh, en), optional
        What the indicators are called in what is said; their ids without.

    Returns
    -------
    Elicited
        Weight 0 for what is the same everywhere or missing, with the reason; all are 0 where
        nothing varies.
    """
    x, share = _cells(values, km)
    known = np.isfinite(x)
    s = np.where(known, share, 0.0)
    s = s / np.maximum(s.sum(axis=1, keepdims=True), _SAME)
    p = s * np.where(known, x, 0.0)
    p = p / np.maximum(p.sum(axis=1, keepdims=True), _SAME)
    part = np.zeros_like(p)
    some = p > 0.0
    part[some] = p[some] * np.log(p[some] / s[some])
    return _by_measure(ids, x, known & (share > 0.0), np.maximum(part.sum(axis=1), 0.0), labels)


def critic(
    ids: Sequence[str], values: Floats, km: Floats, *, labels: Mapping[str, Both] | None = None
) -> Elicited:
    """Suggest weights by how much each indicator varies and how little others tell the same.

    CRITIC (Diakoulaki, Mavrotas & Papayannakis 1995, Computers & Operations Research 22(7)):
    standard deviation after stretching to 0..1, times the sum of 1 - correlation with the others;
    both weighted by kilometres, correlations over what both know (0 where that is nothing).
    Parameters and returns as of `entropy`.
    """
    x, share = _cells(values, km)
    known = np.isfinite(x) & (share > 0.0)
    low = np.where(known, x, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    high = np.where(known, x, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    span = np.where(high - low > _SAME, high - low, 1.0)
    scaled = np.where(known, (np.where(known, x, 0.0) - np.where(known, low, 0.0)) / span, 0.0)
    seen = known.astype(np.float64)
    mass = np.maximum((seen * share).sum(axis=1, keepdims=True), _SAME)
    centred = np.where(known, scaled - (scaled * share).sum(axis=1, keepdims=True) / mass, 0.0)
    deviation = np.sqrt((centred**2 * share).sum(axis=1) / mass[:, 0])
    varies = _varying(x, known)
    apart = 1.0 - _correlation(centred, seen, share)
    apart = np.where(varies[:, None] & varies[None, :], apart, 0.0)
    np.fill_diagonal(apart, 0.0)
    measure = deviation * np.maximum(apart, 0.0).sum(axis=1)
    if not measure.sum() > _SAME:  # a single one that varies, or all tell the same
        measure = varies.astype(np.float64)
    return _by_measure(ids, x, known, measure, labels)


def _correlation(x: Floats, seen: Floats, share: Floats) -> Floats:
    """Return correlations ``[i, j]`` over the cells that both know; 0 where undefined."""
    mass = np.maximum((seen * share) @ seen.T, _SAME)
    mean = (x * share) @ seen.T / mass  # of i, where j is known too
    square = (x**2 * share) @ seen.T / mass - mean**2
    product = (x * share) @ x.T / mass - mean * mean.T
    scale = np.sqrt(np.maximum(square, 0.0) * np.maximum(square.T, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(scale > _SAME, product / scale, 0.0)
    clipped: Floats = np.clip(found, -1.0, 1.0)
    return clipped


def _cells(values: Floats, km: Floats) -> tuple[Floats, Floats]:
    """Return values ``[indicator, cell]`` and each cell's share of all kilometres."""
    cube = values[:, :, None] if values.ndim == 2 else values
    share = np.repeat(km / max(float(km.sum()) * cube.shape[2], _SAME), cube.shape[2])
    return cube.reshape(len(cube), len(share)), share


def _varying(x: Floats, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    low = np.where(known, x, np.inf).min(axis=1, initial=np.inf)
    high = np.where(known, x, -np.inf).max(axis=1, initial=-np.inf)
    found: npt.NDArray[np.bool_] = high - low > _SAME
    return found


def _by_measure(
    ids: Sequence[str],
    x: Floats,
    known: npt.NDArray[np.bool_],
    measure: Floats,
    labels: Mapping[str, Both] | None,
) -> Elicited:
    varies = _varying(x, known)
    measure = np.where(varies, measure, 0.0)
    seen = [bool(row.any()) for row in known]
    called = [(labels or {}).get(name, (name, name)) for name in ids]
    said = [
        (f"{zh}：各处都缺数据，权重 0。", f"{en}: missing everywhere, weight 0.")
        if not heard
        else (f"{zh}：各处相同，权重 0。", f"{en}: the same everywhere, weight 0.")
        for (zh, en), heard, differs in zip(called, seen, varies, strict=True)
        if not differs
    ]
    if not varies.any():
        said.append(
            (
                "没有任何指标在岸线上有差异，数据不能提出权重。",
                "No indicator differs along the shore, so the data suggest no weights.",
            )
        )
    total = measure.sum() or 1.0
    return Elicited(dict(zip(ids, (measure / total).tolist(), strict=True)), tuple(said))


def suggested(weights: WeightSet, values: Floats, km: Floats, *, method: Method) -> Elicited:
    """Suggest the weights within each pillar of a set from what its indicators show.

    The pillars' own weights are not touched. An indicator that is missing everywhere keeps the
    share it has, since the data cannot tell; so does a whole pillar in which nothing varies.

    Parameters
    ----------
    weights : WeightSet
        The set that the values were evaluated with.
    values, km : arrays
        As of `entropy`, in the order of ``weights.ids``.
    method : {'entropy', 'critic'}
        Which of the two.

    Returns
    -------
    Elicited
        Weights that add up to 1 within each pillar.
    """
    measure = {"entropy": entropy, "critic": critic}[method]
    found: dict[str, float] = {}
    said: list[Both] = []
    heard = [bool(np.isfinite(one).any()) for one in values]
    labels = {one.id: (one.label_zh, one.label_en) for one in weights.indicators}
    for pillar in PILLARS:
        own = [k for k, one in enumerate(weights.indicators) if one.pillar == pillar]
        total = sum(weights.indicators[k].weight for k in own)
        share = {weights.ids[k]: weights.indicators[k].weight / total for k in own}
        told = [k for k in own if heard[k]]
        by = measure([weights.ids[k] for k in told], values[told], km, labels=labels)
        said += [
            (f"{zh}：各处都缺数据，保留原权重。", f"{en}: missing everywhere, keeps its weight.")
            for zh, en in (labels[weights.ids[k]] for k in own if not heard[k])
        ]
        if any(by.weights.values()):
            free = sum(share[name] for name in by.weights)
            share |= {name: free * v for name, v in by.weights.items()}
            said += by.said
        else:
            said.append(
                (
                    f"{PILLAR_LABEL[pillar][0]}：本支柱没有指标有差异，权重不变。",
                    f"{PILLAR_LABEL[pillar][1]}: none of its indicators differs, its weights stay.",
                )
            )
        found |= share
    return Elicited({name: found[name] for name in weights.ids}, (*said, _CAVEAT))
