"""Turn what people answer into weights: outright, by swings, or by pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Both = tuple[str, str]
# Mean consistency index of random reciprocal matrices of 1 to 15 items, Saaty 1980, The Analytic
# Hierarchy Process, table 1-4 (random index).
RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip
ACCEPTABLE = 0.10
_SCALE = np.concatenate([1.0 / np.arange(9, 1, -1), np.arange(1.0, 10.0)])


@dataclass(frozen=True)
class Elicited:
    """Weights (they add up to 1, in the order asked) and what to say of them (zh, en)."""

    weights: dict[str, float]
    said: tuple[Both, ...] = ()


@dataclass(frozen=True)
class Revisit:
    """The answer to ask again: of `first` over `second`, given, better, and the ratio then."""

    first: str
    second: str
    given: float
    better: float
    ratio: float


@dataclass(frozen=True)
class Pairwise(Elicited):
    """Weights from comparisons in pairs; `ratio` is the consistency ratio, 0 where all agree.

    ``unanswered`` counts the pairs without an answer, ``revisit`` is None where no single change
    on Saaty's scale would make the answers agree better.
    """

    ratio: float = 0.0
    unanswered: int = 0
    revisit: Revisit | None = None


def direct(points: Mapping[str, float]) -> Elicited:
    """Turn points given outright into weights, each in proportion to its points.

    Raises
    ------
    InputError
        When points are not finite, below 0, or all 0.
    """
    return _shares(points, "direct weights", most=np.inf)


def swing(points: Mapping[str, float]) -> Elicited:
    """Turn swing points into weights.

    Everybody imagines the stretch where all indicators are at their best, and asks which single
    one matters most when it goes from its best to its worst; that swing has 100 points, the
    others are judged against it (von Winterfeldt & Edwards 1986, Decision Analysis and
    Behavioral Research, chapter 8). Weights are in proportion to points.

    Raises
    ------
    InputError
        When points are not within 0..100, or all 0.
    """
    found = _shares(points, "swing weights", most=100.0)
    highest = max(points.values())
    if highest == 100.0:
        return found
    said = (
        f"最大的摆幅应为 100 分，这里是 {highest:g} 分；权重不变，但请核对其余各项是否与它比过。",
        (
            f"The largest swing should have 100 points and has {highest:g}; the weights are the "
            "same, but check that the others were judged against it."
        ),
    )
    return Elicited(found.weights, (*found.said, said))


def _shares(points: Mapping[str, float], where: str, *, most: float) -> Elicited:
    wrong = [f"{name} has {v!r} points" for name, v in points.items() if not 0.0 <= v <= most]
    wrong += [f"{name} has {v!r} points" for name, v in points.items() if v == np.inf]
    total = sum(points.values())
    if not wrong and not total > 0.0:
        wrong.append("no indicator has any points")
    if wrong:
        allowed = "0 or more" if most == np.inf else f"0 to {most:g}"
        raise InputError(
            "; ".join(wrong), where=where, mend=f"Give {allowed}, and more than 0 to one at least"
        )
    none = [name for name, v in points.items() if v == 0.0]
    said = [(f"{name}：0 分，不计入。", f"{name}: no points, does not count.") for name in none]
    return Elicited({name: v / total for name, v in points.items()}, tuple(said))


def pairwise(ids: Sequence[str], answers: Mapping[tuple[str, str], float]) -> Pairwise:
    """Turn comparisons in pairs into weights, and tell how far the answers agree.

    The weights are the principal eigenvector of the matrix of answers (Saaty 1980, The Analytic
    Hierarchy Process). Unanswered pairs are left to it as Harker 1987 does (Mathematical
    Modelling 9(11), "Incomplete pairwise comparisons in the analytic hierarchy process"): 0 in
    the matrix, and their number in a row added to its diagonal. The consistency ratio is
    (lambda - n) / (n - 1) over Saaty's random index, which falls with the share of pairs beyond a
    spanning tree that is unanswered (Ágoston & Csató 2022, Omega 108, 102576: nearly linear). The
    answer to revisit is the one whose change to some value of Saaty's scale (1/9..9) lowers the
    ratio most; every answer and value is tried.

    Parameters
    ----------
    ids : sequence of str
        What is compared, 1 to 15 items.
    answers : mapping of (first, second) to float
        How many times as important the first is, 1/9..9; a pair once, in either order.

    Raises
    ------
    InputError
        With all answers that cannot be used, or the groups that no answer ties together.
    """
    matrix = _matrix(ids, answers)
    n = len(ids)
    given = np.triu(matrix > 0.0, 1)
    unanswered = n * (n - 1) // 2 - int(given.sum())
    largest, vector = _principal(matrix)
    index = _random_index(n, unanswered)
    ratio = _ratio(largest, n, index)
    revisit = _revisit(ids, matrix, given, index) if ratio > 0.0 else None
    weights = dict(zip(ids, vector.tolist(), strict=True))
    said = tuple(_of_pairs(ratio, unanswered, index, n, revisit))
    return Pairwise(weights, said, ratio=ratio, unanswered=unanswered, revisit=revisit)


def _matrix(ids: Sequence[str], answers: Mapping[tuple[str, str], float]) -> Floats:
    """Return the reciprocal matrix of answers, 0 where there is none; refuse what cannot be."""
    n = len(ids)
    problems = []
    if not 1 <= n <= len(RANDOM_INDEX):
        problems.append(f"{n} items are compared, expected 1 to {len(RANDOM_INDEX)}")
    if len(set(ids)) < n:
        problems.append(f"an item stands twice among {', '.join(ids)}")
    matrix = np.eye(n)
    at = {name: k for k, name in enumerate(ids)}
    for (first, second), value in answers.items():
        if first not in at or second not in at or first == second:
            problems.append(f"{first} over {second} is not a pair of the items")
        elif not 1.0 / 9.0 - 1e-9 <= value <= 9.0 + 1e-9:
            problems.append(f"{first} over {second} is {value!r}")
        elif matrix[at[first], at[second]] > 0.0:
            problems.append(f"{first} and {second} are compared twice")
        else:
            matrix[at[first], at[second]] = value
            matrix[at[second], at[first]] = 1.0 / value
    groups = [] if problems else _groups(matrix > 0.0)
    if len(groups) > 1:
        parts = " | ".join(", ".join(ids[k] for k in group) for group in groups)
        problems.append(f"no answer ties these together: {parts}")
    if problems:
        raise InputError(
            "; ".join(problems),
            where="pairwise answers",
            mend="Answer each pair once with 1/9 to 9, and enough of them to tie all items",
        )
    return matrix


def _groups(joined: npt.NDArray[np.bool_]) -> list[list[int]]:
    """Return the connected groups of items."""
    reach = np.linalg.matrix_power(joined.astype(np.float64), len(joined)) > 0.0
    return [list(group) for group in sorted({tuple(np.flatnonzero(row).tolist()) for row in reach})]


def _harker(matrix: Floats) -> Floats:
    """Return matrices ``[..., n, n]`` with the unanswered pairs of each row on the diagonal."""
    lacking = (matrix == 0.0).sum(axis=-1)
    out: Floats = matrix + lacking[..., None] * np.eye(matrix.shape[-1])
    return out


def _principal(matrix: Floats) -> tuple[float, Floats]:
    values, vectors = np.linalg.eig(_harker(matrix))
    largest = int(values.real.argmax())
    vector = np.abs(vectors[:, largest].real)
    return float(values[largest].real), vector / vector.sum()


def _random_index(n: int, unanswered: int) -> float:
    """Return the random index; 0 where no answer checks another."""
    beyond_tree = (n - 1) * (n - 2) // 2
    if beyond_tree == 0:
        return 0.0
    return RANDOM_INDEX[n - 1] * (1.0 - unanswered / beyond_tree)


def _ratio(largest: float, n: int, index: float) -> float:
    if index <= 0.0:
        return 0.0
    ratio = (largest - n) / (n - 1) / index
    return ratio if ratio > 1e-9 else 0.0


def _revisit(
    ids: Sequence[str], matrix: Floats, given: npt.NDArray[np.bool_], index: float
) -> Revisit | None:
    """Return the one answer whose change helps most, by trying each with the whole scale."""
    n = len(ids)
    rows, columns = np.nonzero(given)
    tried = np.tile(matrix, (len(rows), len(_SCALE), 1, 1))
    which = np.arange(len(rows))[:, None]
    step = np.arange(len(_SCALE))[None, :]
    tried[which, step, rows[:, None], columns[:, None]] = _SCALE
    tried[which, step, columns[:, None], rows[:, None]] = 1.0 / _SCALE
    largest = np.linalg.eigvals(_harker(tried)).real.max(axis=-1).round(9)
    answer, value = np.unravel_index(int(largest.argmin()), largest.shape)
    i, j, better = int(rows[answer]), int(columns[answer]), float(_SCALE[value])
    before = _ratio(_principal(matrix)[0], n, index)
    after = _ratio(float(largest[answer, value]), n, index)
    if after >= before - 1e-6:
        return None
    if matrix[i, j] < 1.0:  # said the way round in which the one given matters more
        i, j, better = j, i, 1.0 / better
    return Revisit(ids[i], ids[j], float(matrix[i, j]), better, after)


def _of_pairs(
    ratio: float, unanswered: int, index: float, n: int, revisit: Revisit | None
) -> list[Both]:
    if n > 2 and index <= 0.0:
        return [
            (
                "回答数量刚够得出权重，没有一个能核对另一个；请再比较一两对。",
                (
                    "The answers just suffice for weights and none checks another; compare a pair "
                    "or two more."
                ),
            )
        ]
    good = ratio <= ACCEPTABLE
    verdict = (
        ("可以接受（不超过 0.10）", "acceptable (0.10 at most)")
        if good
        else ("超过 0.10，回答互相矛盾", "above 0.10: the answers contradict")
    )
    said = [
        (
            f"一致性比率 {ratio:.2f}，{verdict[0]}。",
            f"Consistency ratio {ratio:.2f}, {verdict[1]}.",
        )
    ]
    if revisit is not None and not good:
        r = revisit
        to = _spoken(r.better)
        said.append(
            (
                (
                    f"请先重新考虑“{r.first} 比 {r.second}”：回答是 {_spoken(r.given)}，"
                    f"其余回答更支持 {to}；改后一致性比率为 {r.ratio:.2f}。"
                ),
                (
                    f"Revisit {r.first} over {r.second} first: you said {_spoken(r.given)}, the "
                    f"other answers speak for {to}; the ratio would be {r.ratio:.2f}."
                ),
            )
        )
    if unanswered:
        said.append(
            (
                f"有 {unanswered} 对未比较，由其余回答推定（Harker 1987）。",
                f"{unanswered} pairs were not compared and follow from the others (Harker 1987).",
            )
        )
    return said


def _spoken(value: float) -> str:
    return f"{value:.3g}" if value >= 1.0 else f"1/{1.0 / value:.3g}"
