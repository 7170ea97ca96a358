"""The risk palette stays readable: for normal, deutan and protan sight, and in greyscale."""

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from dashboards.address import KINDS
from dashboards.tokens import CHANGE, EVENT, RISK, RISK_INK, RISK_WIDTH, SURFACE, css

ROOM = Path(__file__).parents[2] / "dashboards"

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
# sRGB to XYZ under D65 (IEC 61966-2-1) and the white point that goes with it.
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ @ np.ones(3)
LEAST = {"light": 14.0, "dark": 20.0}


def linear(colour: str) -> np.ndarray:
    v = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(TO_XYZ[1] @ linear(colour))


def contrast(a: str, b: str) -> float:
    hi, lo = sorted((luminance(a), luminance(b)), reverse=True)
    return (hi + 0.05) / (lo + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", list(SIGHT))
def test_neighbouring_bands_stay_apart(theme, sight):
    seen = [lab(SIGHT[sight] @ linear(colour)) for colour in RISK[theme]]
    # The 1976 colour difference, the one that the figures of the palette were chosen by.
    apart = [float(np.linalg.norm(a - b)) for a, b in pairwise(seen)]
    assert round(min(apart), 1) >= LEAST[theme], apart


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", list(SIGHT))
def test_any_two_kinds_of_change_stay_apart(theme, sight):
    seen = [lab(SIGHT[sight] @ linear(colour)) for colour in CHANGE[theme].values()]
    apart = [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    assert min(apart) >= LEAST[theme], apart


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("sight", list(SIGHT))
def test_any_two_groups_of_events_stay_apart(theme, sight):
    seen = [lab(SIGHT[sight] @ linear(colour)) for colour in EVENT[theme].values()]
    apart = [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    assert min(apart) >= LEAST[theme], apart


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["land", "sea"])
def test_events_stand_out_from_land_and_sea(theme, ground):
    shown = {what: contrast(tone, SURFACE[theme][ground]) for what, tone in EVENT[theme].items()}
    assert min(shown.values()) >= 3.0, shown


@pytest.mark.parametrize("kind", [*KINDS, "stop", "berth_visit"])
def test_every_kind_of_event_has_a_form_of_its_own(kind):
    signs = (ROOM / "assets" / "icons.css").read_text("utf-8")
    forms = dict(re.findall(r"[.]sign-([a-z_]+)[{]--c:var[(]--event-[a-z]+[)];--g:(.*)[}]", signs))
    assert [one for one, form in forms.items() if form == forms[kind]] == [kind]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["land", "sea"])
def test_changes_stand_out_from_land_and_sea(theme, ground):
    shown = {kind: contrast(tone, SURFACE[theme][ground]) for kind, tone in CHANGE[theme].items()}
    assert min(shown.values()) >= 3.0, shown


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_luminance_runs_one_way(theme):
    steps = np.diff([luminance(colour) for colour in RISK[theme]])
    assert (steps < 0).all() if theme == "light" else (steps > 0).all()


def test_width_is_the_second_sign():
    assert RISK_WIDTH == (2, 3, 4, 5, 6)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_casing_stands_out_from_land_and_sea(theme):
    surface = SURFACE[theme]
    assert contrast(surface["casing"], surface["land"]) >= 3
    assert contrast(surface["casing"], surface["sea"]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_are_readable_on_every_ground(theme):
    surface = SURFACE[theme]
    pairs = [
        ("ink", "card"),
        ("quiet", "card"),
        ("accent", "card"),
        ("quiet", "page"),
        ("on-accent", "accent"),
        ("made", "made-soft"),
        ("accent", "accent-soft"),
    ]
    for word, ground in pairs:
        assert contrast(surface[word], surface[ground]) >= 4.5, (word, ground)
    for ink, ground in zip(RISK_INK[theme], RISK[theme], strict=True):
        assert contrast(ink, ground) >= 4.5, ground


def test_every_token_has_a_name_in_both_themes():
    assert set(SURFACE["light"]) == set(SURFACE["dark"])
    assert css().count("--risk-5:") == 2
