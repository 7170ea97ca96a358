from pathlib import Path

import pytest

from risk.bands import BANDS
from risk.indicators import _FUNCTIONS
from risk.score import FLOOR
from risk.weights import PILLARS, load

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = load((ROOT / "data/weights/default.toml").read_text("utf-8"), where="default.toml")
PAGE = (ROOT / "docs/indicators.md").read_text("utf-8")
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("\n## ")[1:]}


def test_page_set_and_functions_name_the_same_indicators():
    assert list(SECTIONS) == list(WEIGHTS.ids)
    assert set(_FUNCTIONS) == set(WEIGHTS.ids)
    assert list(WEIGHTS.pillars) == list(PILLARS)


@pytest.mark.parametrize("indicator", WEIGHTS.indicators, ids=WEIGHTS.ids)
def test_the_page_states_the_figures_of_the_set(indicator):
    lines = SECTIONS[indicator.id].splitlines()
    assert f"- Unit: {indicator.unit} · {indicator.unit_zh}" in lines
    assert (
        f"- {indicator.label_en} · {indicator.label_zh}; pillar {indicator.pillar}, "
        f"weight {indicator.weight:g}"
    ) in lines
    assert "- Breaks: " + ", ".join(f"{a:g} → {b:g}" for a, b in indicator.breaks) in lines
    assert (
        f"- Prior where missing: {indicator.prior:g} "
        f"({indicator.prior_lo:g}–{indicator.prior_hi:g})"
    ) in lines
    assert f"- Source: {indicator.source}" in lines
    constants = [line for line in lines if line.startswith("- Constants: ")]
    stated = ", ".join(f"{k} {v:g}" for k, v in indicator.params.items())
    assert constants == ([f"- Constants: {stated}"] if indicator.params else [])
    kinds = [line for line in lines if line.startswith("- Events: ")]
    assert kinds == ([f"- Events: {', '.join(indicator.kinds)}"] if indicator.kinds else [])
    row = f"| [{indicator.label_en}](#{indicator.id}) | {indicator.label_zh} |"
    assert row in PAGE


def test_the_score_page_states_pillars_bands_and_base():
    page = (ROOT / "docs/score.md").read_text("utf-8")
    for name, weight in WEIGHTS.pillars.items():
        assert any(
            line.startswith(f"| {name} |") and line.endswith(f"| {weight:.2f} |")
            for line in page.splitlines()
        )
        assert f"{name}^{weight:.2f}" in page
    for b in BANDS:
        assert f"| {b.lo:g}–{b.hi:g} | {b.name_zh} | {b.name_en} |" in page
    assert f"floored at {FLOOR:g}" in page
