"""Learn the weights of a rank from reviewers' decisions, drawn to the rules' weights."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from ais import _words_rank as words
from ais._arrays import Bools, Floats, Ints
from ais._rank_weights import FACTORS, NAMES

MIN_DECISIONS = 30
MIN_EACH = 8
MIN_VESSELS = 5
FORMAT = 1
_PRIOR_SD = 0.6
_COMMON_SD = 5.0
_SLOPE_SD = 0.5
_FOLDS = 5
_NUDGE = 0.1
_SIGMAS = 1.645


@dataclass(frozen=True)
class TooLittle:
    """Too few decisions to learn from: the rules go on."""

    confirmed: int
    dismissed: int
    vessels: int
    used: bool = False

    def said(self, lang: str) -> str:
        """Say how many decisions there are and how many it takes, in "zh" or "en"."""
        return words.say(
            "too_little",
            lang,
            n=self.confirmed + self.dismissed,
            confirmed=self.confirmed,
            dismissed=self.dismissed,
            vessels=self.vessels,
            least=MIN_DECISIONS,
            each=MIN_EACH,
            least_vessels=MIN_VESSELS,
        )


@dataclass(frozen=True)
class Model:
    """What was learned.

    ``base``, ``weights`` and ``common`` (what reviewers confirm more or less of everything) are in
    log-odds; ``spread`` is the standard error of each weight, ``rules`` what the rules have. The
    figures are of vessels left out in turn. ``used`` tells whether it is better than the rules.
    """

    base: dict[str, float]
    weights: dict[str, float]
    common: float
    spread: dict[str, float]
    rules: dict[str, float]
    confirmed: int
    dismissed: int
    vessels: int
    auc: float
    auc_rules: float
    log_loss: float
    log_loss_rules: float
    used: bool

    def to_json(self) -> str:
        """Return the model as JSON: the same model, the same text."""
        return json.dumps({"format": FORMAT} | asdict(self), sort_keys=True, allow_nan=False)

    def said(self, lang: str) -> str:
        """Say what was learned, and whether it is used, in "zh" or "en"."""
        more: list[str] = []
        less: list[str] = []
        for name in NAMES:
            rule, is_, spread = self.rules[name], self.weights[name], self.spread[name]
            low, high = is_ - _SIGMAS * spread, is_ + _SIGMAS * spread
            if low <= rule <= high:
                continue
            heavier = abs(is_) > abs(rule)
            (more if heavier else less).append(words.weight(name, is_, low, high, rule, lang))
        learned = [
            words.say(key, lang, what=words.listed(names, lang))
            for key, names in (("more", more), ("less", less))
            if names
        ]
        first = words.say(
            "learned_from", lang, n=self.confirmed + self.dismissed, confirmed=self.confirmed,
            vessels=self.vessels,
        )  # fmt: skip
        last = words.say(
            "used" if self.used else "not_used", lang, auc=f"{100 * self.auc:.0f}",
            auc_rules=f"{100 * self.auc_rules:.0f}", loss=f"{self.log_loss:.2f}",
            loss_rules=f"{self.log_loss_rules:.2f}",
        )  # fmt: skip
        return words.sentences([first, *(learned or [words.say("as_rules", lang)]), last], lang)


def too_little(judged: pl.DataFrame) -> TooLittle | None:
    """Tell whether events with a column ``confirmed`` are too few to learn from."""
    y = judged["confirmed"]
    yes, no, vessels = int(y.sum()), int((~y).sum()), len(set(_vessels(judged).tolist()))
    enough = yes + no >= MIN_DECISIONS and min(yes, no) >= MIN_EACH and vessels >= MIN_VESSELS
    return None if enough else TooLittle(yes, no, vessels)


def _vessels(judged: pl.DataFrame) -> Ints:
    """Return a number for each vessel; what a sensor followed has no MMSI: each is its own."""
    of = judged.select(pl.coalesce(pl.col("mmsi").cast(pl.String), "event_id")).to_series()
    return of.rank("dense").cast(pl.Int64).to_numpy()


def fitted(
    judged: pl.DataFrame, *, base: Mapping[str, float], weights: Mapping[str, float]
) -> Model:
    """Fit the weights to factors with a column ``confirmed``, one row an event, by event id."""
    y, vessel = judged["confirmed"].to_numpy(), _vessels(judged)
    yes, no, vessels = int(y.sum()), int((~y).sum()), len(set(vessel.tolist()))
    kinds = sorted(set(judged["kind"]))
    x = np.column_stack(
        [
            *(judged["kind"].to_numpy() == k for k in kinds),
            judged.select(pl.col(NAMES).fill_null(0.0)).to_numpy(),
            np.ones(len(y)),
        ]
    ).astype(np.float64)
    centre = np.array([*(base.get(k, 0.0) for k in kinds), *(weights[n] for n in NAMES), 0.0])
    sd = np.array([_PRIOR_SD] * (len(kinds) + len(NAMES)) + [_COMMON_SD])
    signs = np.array([0.0] * len(kinds) + [math.copysign(1.0, f.weight) for f in FACTORS] + [0.0])
    w, spread = _fit(x, y, centre, sd, signs)
    learned, ruled = _left_out(x, y, vessel, centre, sd, signs)
    gain = _loss(ruled, y) - _loss(learned, y)
    auc, auc_rules = _auc(learned, y), _auc(ruled, y)
    better = gain.mean() > _error(gain, vessel) and auc >= auc_rules
    at = len(kinds)
    return Model(
        base=dict(zip(kinds, _rounded(w[:at]), strict=True)),
        weights=dict(zip(NAMES, _rounded(w[at:-1]), strict=True)),
        common=round(float(w[-1]), 4),
        spread=dict(zip(NAMES, _rounded(spread[at:-1]), strict=True)),
        rules={n: weights[n] for n in NAMES},
        confirmed=yes,
        dismissed=no,
        vessels=vessels,
        auc=round(auc, 4),
        auc_rules=round(auc_rules, 4),
        log_loss=round(float(_loss(learned, y).mean()), 4),
        log_loss_rules=round(float(_loss(ruled, y).mean()), 4),
        used=bool(better),
    )


def _fit(x: Floats, y: Bools, centre: Floats, sd: Floats, signs: Floats) -> tuple[Floats, Floats]:
    """Return weights and their standard errors, with a normal prior about ``centre``.

    scikit-learn draws weights to zero only. The prior is given as data instead (Bedrick,
    Christensen & Johnson, JASA 91, 1996): for each weight a row with so small a value that the
    likelihood of its two outcomes is a normal one about the centre. A weight whose sign would
    turn is held at nothing and the others fitted again.
    """
    from sklearn.linear_model import LogisticRegression  # a second to import: only who learns pays

    free = np.ones(len(centre), np.bool_)
    while True:
        at = np.flatnonzero(free)
        share = 1.0 / (1.0 + np.exp(-_NUDGE * centre[at]))
        mass = 1.0 / (sd[at] ** 2 * _NUDGE**2 * share * (1.0 - share))
        nudges = np.eye(len(at)) * _NUDGE
        model = LogisticRegression(
            C=np.inf, fit_intercept=False, solver="newton-cg", tol=1e-7, max_iter=200
        ).fit(
            np.vstack([x[:, at], nudges, nudges]),
            np.concatenate([y, np.ones(len(at), np.bool_), np.zeros(len(at), np.bool_)]),
            sample_weight=np.concatenate([np.ones(len(y)), mass * share, mass * (1.0 - share)]),
        )
        w = np.zeros(len(centre))
        w[at] = model.coef_[0]
        turned = free & (signs != 0) & (w * signs < 0)
        if not turned.any():
            break
        free &= ~turned
    p = 1.0 / (1.0 + np.exp(-x @ w))
    bend = (x[:, at].T * (p * (1.0 - p))) @ x[:, at] + np.diag(1.0 / sd[at] ** 2)
    spread = np.zeros(len(centre))
    spread[at] = np.sqrt(np.diag(np.linalg.inv(bend)))
    return w, spread


def _left_out(
    x: Floats, y: Bools, vessel: Ints, centre: Floats, sd: Floats, signs: Floats
) -> tuple[Floats, Floats]:
    """Return the log-odds that the model and the rules give to vessels not learned from.

    The rules' log-odds may be shifted and stretched by what the others' decisions tell: what is
    compared is what they know, not how sure they sound.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    ruled = x @ centre
    scaled = np.column_stack([ruled, np.ones(len(y))])
    prior = (np.array([1.0, 0.0]), np.array([_SLOPE_SD, _COMMON_SD]), np.array([1.0, 0.0]))
    out, plain = np.empty(len(y)), np.empty(len(y))
    for train, test in StratifiedGroupKFold(_FOLDS).split(x, y, vessel):
        w, _ = _fit(x[train], y[train], centre, sd, signs)
        out[test] = x[test] @ w
        line, _ = _fit(scaled[train], y[train], *prior)
        plain[test] = scaled[test] @ line
    return out, plain


def _loss(odds: Floats, y: Bools) -> Floats:
    return np.logaddexp(0.0, np.where(y, -odds, odds))


def _auc(odds: Floats, y: Bools) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, odds))


def _error(gain: Floats, vessel: Ints) -> float:
    """Return the standard error of the mean gain; decisions on one vessel are one."""
    _, of = np.unique(vessel, return_inverse=True)
    sums = np.bincount(of, gain - gain.mean())
    n = len(sums)
    return float(np.sqrt(n / (n - 1) * (sums**2).sum()) / len(gain))


def _rounded(values: Floats) -> list[float]:
    return [round(float(v), 4) for v in values]
