"""Read a weight set: which indicators count, how much, and the frozen breaks of each."""

import json
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pillar = Literal["threat", "opportunity", "guardianship_deficit"]
PILLARS: tuple[Pillar, ...] = ("threat", "opportunity", "guardianship_deficit")
PILLAR_LABEL: dict[str, tuple[str, str]] = {
    "threat": ("威胁", "threat"),
    "opportunity": ("机会", "opportunity"),
    "guardianship_deficit": ("防控缺口", "guardianship deficit"),
}
_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Text = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Indicator(_Frozen):
    """One indicator: its place in the score, its transform, and what it is taken for unknown.

    ``breaks`` are points (raw, value) of a piecewise-linear, monotone transform to 0..1, flat
    beyond its ends; 1 is the risky end. ``prior`` stands in where the raw value is missing and
    ``prior_lo``..``prior_hi`` is what it may be. ``params`` are the constants of the indicator's
    function (half-lives, reaches), ``kinds`` the kinds of event that it counts.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    pillar: Pillar
    weight: Annotated[float, Field(gt=0.0)]
    label_zh: _Text
    label_en: _Text
    unit: _Text
    unit_zh: _Text
    breaks: Annotated[tuple[tuple[float, _Share], ...], Field(min_length=2)]
    prior: _Share
    prior_lo: _Share
    prior_hi: _Share
    source: _Text
    params: dict[str, Annotated[float, Field(gt=0.0)]] = {}
    kinds: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        raw = [point[0] for point in self.breaks]
        value = [point[1] for point in self.breaks]
        if any(a >= b for a, b in pairwise(raw)):
            raise ValueError(f"the raw values of breaks {raw} must increase")
        if value != sorted(value) and value != sorted(value, reverse=True):
            raise ValueError(f"the values of breaks {value} must run one way")
        if not self.prior_lo <= self.prior <= self.prior_hi:
            raise ValueError("prior must lie within prior_lo..prior_hi")
        return self

    def transform(self, raw: Floats) -> Floats:
        """Return raw values on the 0..1 scale; NaN stays NaN."""
        x, y = zip(*self.breaks, strict=True)
        values: Floats = np.interp(raw, x, y)
        return values


class WeightSet(_Frozen):
    """A named, versioned set of indicators and pillar weights (shares of the whole)."""

    name: _Text
    version: Annotated[int, Field(ge=1)]
    author: _Text
    reason_zh: _Text
    reason_en: _Text
    pillars: dict[Pillar, Annotated[float, Field(gt=0.0)]]
    indicators: Annotated[tuple[Indicator, ...], Field(alias="indicator", min_length=1)]

    @field_validator("pillars")
    @classmethod
    def _all_pillars(cls, given: dict[Pillar, float]) -> dict[Pillar, float]:
        if set(given) != set(PILLARS):
            raise ValueError(f"pillars must name exactly {', '.join(PILLARS)}")
        total = sum(given.values())
        return {name: given[name] / total for name in PILLARS}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        ids = [i.id for i in self.indicators]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"indicators named twice: {', '.join(twice)}")
        bare = [p for p in PILLARS if all(i.pillar != p for i in self.indicators)]
        if bare:
            raise ValueError(f"pillars without an indicator: {', '.join(bare)}")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the indicators' ids in the set's order, which all arrays follow."""
        return tuple(i.id for i in self.indicators)

    def indicator(self, indicator_id: str) -> Indicator:
        """Return one indicator by its id."""
        return self.indicators[self.ids.index(indicator_id)]


def load(text: str, *, where: str) -> WeightSet:
    """Read a weight set from TOML text.

    Parameters
    ----------
    text : str
        The file's content.
    where : str
        The file's name, for messages.

    Raises
    ------
    InputError
        With every problem of the file listed at once.
    """
    try:
        return WeightSet.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", where=where, mend="Correct that line") from error
    except ValidationError as error:
        found = "; ".join(
            f"{'.'.join(str(part) for part in e['loc']) or 'weight set'}: {e['msg']}"
            for e in error.errors()
        )
        raise InputError(
            found, where=where, mend="docs/indicators.md says what each entry means"
        ) from error


def dump(weights: WeightSet) -> str:
    """Write a weight set as the TOML text that `load` reads."""
    head = ("name", "version", "author", "reason_zh", "reason_en")
    lines = [f"{name} = {_toml(getattr(weights, name))}" for name in head]
    lines += ["", "[pillars]", *(f"{name} = {_toml(v)}" for name, v in weights.pillars.items())]
    for one in weights.indicators:
        fields = one.model_dump(exclude_defaults=True)
        lines += ["", "[[indicator]]", *(f"{name} = {_toml(v)}" for name, v in fields.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str):
        # A TOML string escapes as JSON does, and DEL besides.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return repr(value)


def reweighted(
    given: WeightSet,
    shares: Mapping[str, float],
    *,
    name: str,
    version: int,
    author: str,
    reason_zh: str,
    reason_en: str,
) -> WeightSet:
    """Return a set with the same indicators, breaks and pillars, and other weights.

    Indicators whose share is 0 are left out; shares are kept to four significant figures.

    Raises
    ------
    InputError
        When a share names no indicator of the set or is not a finite figure of 0 or more, or a
        pillar has nothing left.
    """
    problems = [f"there is no indicator {one!r}" for one in shares if one not in given.ids]
    problems += [
        f"{one} has the weight {v!r}" for one, v in shares.items() if not 0.0 <= v < np.inf
    ]
    kept = [one for one in given.indicators if shares.get(one.id, one.weight) > 0.0]
    bare = [p for p in PILLARS if all(one.pillar != p for one in kept)]
    problems += [f"the pillar {p} has no weight left" for p in bare]
    if problems:
        raise InputError(
            "; ".join(problems),
            where=f"weight set {name!r} version {version}",
            mend="Give every pillar at least one indicator of the set with a weight above 0",
        )
    weighed = [
        one.model_copy(update={"weight": float(f"{shares.get(one.id, one.weight):.4g}")})
        for one in kept
    ]
    return given.model_copy(
        update={
            "name": name,
            "version": version,
            "author": author,
            "reason_zh": reason_zh,
            "reason_en": reason_en,
            "indicators": tuple(weighed),
        }
    )


def effective(weights: WeightSet) -> dict[str, float]:
    """Return each indicator's share of the whole: its share of its pillar times the pillar's."""
    pillar, within, between = as_arrays(weights)
    return dict(zip(weights.ids, (within * between[pillar]).tolist(), strict=True))


def as_arrays(weights: WeightSet) -> tuple[Ints, Floats, Floats]:
    """Return each indicator's pillar, its weight in the pillar, and the pillars' weights."""
    pillar = np.array([PILLARS.index(i.pillar) for i in weights.indicators])
    weight = np.array([i.weight for i in weights.indicators])
    within = weight / np.bincount(pillar, weight)[pillar]
    between = np.array([weights.pillars[p] for p in PILLARS])
    return pillar, within, between / between.sum()
