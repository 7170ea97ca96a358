"""Weights from what people answer in a table: points, swings, or pairs."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from geo.errors import InputError
from risk.compare import remarks
from risk.elicit import Elicited, Pairwise, direct, pairwise, swing
from risk.weights import PILLARS, Indicator, WeightSet
from workspace._import_columns import Known
from workspace._import_rows import convert, read_rows
from workspace._imported import Options
from workspace._weighed import next_set
from workspace.folder import Workspace

Both = tuple[str, str]
Key = str | tuple[str, str]
Way = Literal["points", "swing", "pairs"]

PILLAR_WORDS: dict[str, Both] = {
    "pillars": ("三个支柱之间", "between the pillars"),
    "threat": ("威胁", "threat"),
    "opportunity": ("机会", "opportunity"),
    "guardianship_deficit": ("防控缺口", "guardianship deficit"),
}
"""The groups within which things are weighed against each other; the pillars' own names too."""
_SAID: dict[Way, Both] = {
    "points": ("直接给分", "points"),
    "swing": ("摆幅给分", "swings"),
    "pairs": ("两两比较", "comparisons in pairs"),
}
_WHOLE = ("全部指标最轻 all its indicators at their least", "全部指标最重 all at their worst")
_ID = Known("id", ("编号",), needed=True)
_COLUMNS: dict[Way, tuple[Known, ...]] = {
    "points": (_ID, Known("points", ("分数", "得分"), "number", needed=True, low=0)),
    "swing": (_ID, Known("points", ("分数", "得分"), "number", needed=True, low=0, high=100)),
    "pairs": (
        Known("first", ("甲",), needed=True),
        Known("second", ("乙",), needed=True),
        Known(
            "more",
            ("谁更要紧",),
            "choice",
            needed=True,
            choices={
                "first": ("甲", "甲更要紧"),
                "second": ("乙", "乙更要紧"),
                "same": ("相同", "一样"),
            },
        ),
        Known("times", ("几倍",), "number", needed=True, low=1, high=9),
    ),
}


@dataclass(frozen=True)
class Answered:
    """A set made from answers, what is to be said of it (zh, en), and each group's answers."""

    weights: WeightSet
    said: list[Both]
    groups: dict[str, Elicited]


@dataclass
class _Answers:
    """The answers of a file by group, each with its row's number, and what is wrong with them."""

    rows: dict[str, dict[Key, tuple[int, float | None]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, group: str, key: Key, number: int, value: float | None) -> None:
        """Keep an answer; one to the same question as an earlier row is wrong."""
        others = self.rows.setdefault(group, {})
        if key in others:
            self.problems.append(f"row {number} answers the same as row {others[key][0]}")
        else:
            others[key] = (number, value)


def write_template(given: WeightSet, way: Way, out: Path) -> None:
    """Write the table of questions on a set's pillars and indicators, to be filled in.

    Raises
    ------
    InputError
        When the file is there already.
    """
    if out.exists():
        raise InputError(
            "there is a file of that name already",
            where=str(out),
            mend="It may be filled in: name another, or remove it first.",
        )
    text = io.StringIO()
    csv.writer(text).writerows(_pair_questions(given) if way == "pairs" else _questions(given, way))
    # Excel takes a CSV for UTF-8 by its mark alone.
    out.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def _groups(given: WeightSet) -> dict[str, dict[str, Indicator | None]]:
    """Return what is weighed against each other: the pillars, and the indicators of each."""
    return {
        "pillars": dict.fromkeys(PILLARS),
        **{p: {one.id: one for one in given.indicators if one.pillar == p} for p in PILLARS},
    }


def _label(name: str, one: Indicator | None) -> str:
    zh, en = PILLAR_WORDS[name] if one is None else (one.label_zh, one.label_en)
    return f"{zh} {en}"


def _questions(given: WeightSet, way: Way) -> list[list[str]]:
    rows = [["组 (group)", "编号 (id)", "名称 (label)"]]
    if way == "swing":
        rows[0] += ["最轻 (least)", "最重 (worst)"]
    rows[0].append("分数 (points)")
    for group, members in _groups(given).items():
        for name, one in members.items():
            ends: list[str] = []
            if way == "swing":
                ends = list(_WHOLE) if one is None else _ends(one)
            rows.append([" ".join(PILLAR_WORDS[group]), name, _label(name, one), *ends, ""])
    return rows


def _ends(one: Indicator) -> list[str]:
    """Return the raw values between which an indicator swings, the least risky first."""
    points = sorted((one.breaks[0], one.breaks[-1]), key=lambda point: point[1])
    return [f"{raw:g} {one.unit_zh} {one.unit}" for raw, _ in points]


def _pair_questions(given: WeightSet) -> list[list[str]]:
    rows = [
        [
            "组 (group)", "甲 (first)", "甲名称 (first label)", "乙 (second)",
            "乙名称 (second label)", "谁更要紧（甲、乙、相同） (more)", "几倍（1–9） (times)",
        ]
    ]  # fmt: skip
    for group, members in _groups(given).items():
        names = list(members)
        for k, a in enumerate(names):
            for b in names[k + 1 :]:
                pair = [a, _label(a, members[a]), b, _label(b, members[b])]
                rows.append([" ".join(PILLAR_WORDS[group]), *pair, "", ""])
    return rows


def elicited(
    ws: Workspace, given: WeightSet, way: Way, path: Path, *, name: str, author: str
) -> Answered:
    """Make a set from a filled-in table, the next version of ``name``; nothing is added.

    A group (the pillars, or the indicators of one) without any answer keeps the weights of
    ``given``.

    Raises
    ------
    InputError
        With every row that cannot be used, or the groups whose answers do not suffice.
    """
    answers = _read(ws, given, way, path)
    by_group: dict[str, Elicited] = {}
    # What a bad row leaves open is no fault of its group.
    if not answers.problems:
        by_group = _weighed(given, way, answers)
    if answers.problems:
        raise InputError(
            f"the answers cannot be used: {'; '.join(answers.problems)}",
            where=str(path),
            mend="Correct these rows; `--template FILE.csv` writes a table with every question.",
        )
    return _made(ws, given, way, path, by_group, name=name, author=author)


def _weighed(given: WeightSet, way: Way, answers: _Answers) -> dict[str, Elicited]:
    """Return the weights of each group that has answers; what is wrong goes to the answers."""
    weigh: Callable[[Mapping[Any, float], list[str]], Elicited] = {
        "points": lambda found, _: direct(found),
        "swing": lambda found, _: swing(found),
        "pairs": lambda found, names: pairwise(names, found),
    }[way]
    by_group: dict[str, Elicited] = {}
    for group, members in _groups(given).items():
        asked = answers.rows.get(group, {})
        found = {key: value for key, (_, value) in asked.items() if value is not None}
        if not found:
            continue
        if way != "pairs":
            answers.problems += [
                f"row {asked[one][0]}: {one} has no points, though others of its group have"
                if one in asked
                else f"{one} has no row, though others of its group have"
                for one in members
                if one not in found
            ]
            if group == "pillars":
                answers.problems += [
                    f"row {asked[one][0]}: a pillar needs more than 0 points"
                    for one, points in found.items()
                    if points == 0.0
                ]
        try:
            by_group[group] = weigh(found, list(members))
        except InputError as error:
            answers.problems.append(f"{group}: {error.what}")
    if not by_group and not answers.problems:
        answers.problems.append("no row is answered")
    return by_group


def _made(
    ws: Workspace,
    given: WeightSet,
    way: Way,
    path: Path,
    by_group: dict[str, Elicited],
    *,
    name: str,
    author: str,
) -> Answered:
    zh, en = _SAID[way]
    shares = {k: v for p in PILLARS if p in by_group for k, v in by_group[p].weights.items()}
    between = by_group["pillars"].weights if "pillars" in by_group else given.pillars
    made = next_set(
        ws,
        given.model_copy(update={"pillars": {p: float(f"{v:.4g}") for p, v in between.items()}}),
        shares,
        name=name,
        author=author,
        reason=(
            f"由 {author} 以{zh}给出（{path.name}）",
            f"Given by {author} by {en} ({path.name})",
        ),
    )
    said = [
        (
            f"{PILLAR_WORDS[group][0]}：{_spoken(a, given, 0)}",
            f"{PILLAR_WORDS[group][1]}: {_spoken(b, given, 1)}",
        )
        for group, found in by_group.items()
        for a, b in found.said
    ]
    kept = [PILLAR_WORDS[group] for group in PILLAR_WORDS if group not in by_group]
    if kept:
        said.append(
            (
                f"未作答，沿用底本：{'、'.join(zh for zh, _ in kept)}。",
                f"Not answered, as in the base: {', '.join(en for _, en in kept)}.",
            )
        )
    return Answered(made, [*said, *remarks(made)], by_group)


def _spoken(text: str, given: WeightSet, language: int) -> str:
    """Return a statement with labels in place of ids."""
    labels = {one.id: (one.label_zh, one.label_en) for one in given.indicators}
    labels |= {p: PILLAR_WORDS[p] for p in PILLARS}
    return re.sub(
        "|".join(rf"\b{re.escape(name)}\b" for name in labels),
        lambda found: labels[found[0]][language],
        text,
        flags=re.ASCII,
    )


def _read(ws: Workspace, given: WeightSet, way: Way, path: Path) -> _Answers:
    known = _COLUMNS[way]
    # The columns must be there; a cell may be left empty.
    optional = [replace(one, needed=False) for one in known]
    rows = read_rows(path, known, Options())
    kept, values, refused, _ = convert(rows, optional, Options(), tz=ws.config.tz)
    found = _Answers(problems=[f"row {one.row}: {one.detail}" for one in refused])
    group_of = {name: group for group, members in _groups(given).items() for name in members}
    for at, row in zip(kept, values, strict=True):
        number = rows.numbers[at]
        if way == "pairs":
            _note_pair(found, group_of, number, row)
        elif row["id"] not in group_of:
            found.problems.append(_unknown(number, row["id"]))
        else:
            found.note(group_of[row["id"]], row["id"], number, row["points"])
    return found


def _unknown(number: int, name: object) -> str:
    return f"row {number}: there is no indicator or pillar {str(name or '')!r} in the base"


def _note_pair(
    found: _Answers, group_of: Mapping[str, str], number: int, row: Mapping[str, Any]
) -> None:
    first, second, more, times = (row[name] for name in ("first", "second", "more", "times"))
    unknown = [_unknown(number, name) for name in (first, second) if name not in group_of]
    if unknown:
        found.problems += unknown
    elif first == second or group_of[first] != group_of[second]:
        found.problems.append(f"row {number}: {first} and {second} are not of one group")
    elif more is None and times is None:
        return
    elif more is None and times != 1:
        found.problems.append(f"row {number}: {times:g} times, but not which of the two")
    elif more == "same" and times not in (None, 1):
        found.problems.append(f"row {number}: the same, yet {times:g} times")
    elif more in ("first", "second") and times is None:
        found.problems.append(f"row {number}: {more}, but not how many times")
    else:
        value = 1.0 / times if more == "second" else float(times or 1)
        if (second, first) in found.rows.get(group_of[first], {}):
            first, second, value = second, first, 1.0 / value
        found.note(group_of[first], (first, second), number, value)


def ratios(answered: Answered) -> dict[str, dict[str, Any]]:
    """Return each group's consistency ratio, unanswered pairs, and the answer to revisit."""
    return {
        group: {
            "ratio": found.ratio,
            "unanswered": found.unanswered,
            "revisit": None if found.revisit is None else vars(found.revisit),
        }
        for group, found in answered.groups.items()
        if isinstance(found, Pairwise)
    }
