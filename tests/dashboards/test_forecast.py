"""The learned forecast is shown where it is offered, and where it is not, why."""

import json

import numpy as np
import pytest

from dashboards import forecast
from dashboards.source import Person
from tests.dashboards.walk import at_desk, every, text

CHIEF = Person("u1", "chief", "section_chief", {"section": ("S02",), "county": ("all",)})


def desk_of(source, lang="en"):
    return at_desk(source, CHIEF, lang)


def test_shades_are_shares_of_the_shore():
    at = np.array([-1.0, 0.0, 0.79, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0])
    assert forecast.shades(at).tolist() == [0, 0, 0, 1, 2, 3, 4, 5, 5]


def test_the_layer_has_the_highest_fifth_in_five_shades(source):
    whole = json.loads(forecast.layer(desk_of(source)))
    shades = [feature["properties"]["g"] for feature in whole["features"]]
    assert len(shades) == 48
    assert set(shades) == {1, 2, 3, 4, 5}
    assert "why" not in whole


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("trained", "zh", "en"),
    [(True, "不提供", "Not offered"), (False, "还没有训练", "No learned model")],
)
def test_where_nothing_is_offered_the_reason_stands_everywhere(source, trained, lang, zh, en):
    source.model = source.not_offered if trained else None
    desk = desk_of(source, lang)
    said = zh if lang == "zh" else en
    whole = json.loads(forecast.layer(desk))
    assert whole["features"] == []
    assert said in whole["why"]
    assert said in text(forecast.overview(desk))
    assert said in text(forecast.told(desk, "seg0230", {}))
    assert forecast.legend(desk) == []


def test_a_high_segment_tells_its_factors_and_a_low_one_that_it_is_low(source):
    desk = desk_of(source)
    high = forecast.told(desk, "seg0239", {})
    words = text(high)
    assert "Within the 1 % of the shore" in words
    assert "5.0 times" in words
    assert "Earlier incidents nearby" in words
    assert "×3.1" in words
    assert "×0.80" in words
    assert "2026-11-23 to 2026-12-22" in words
    bars = [part for part in every(high) if getattr(part, "className", "").startswith("fill")]
    assert bars[0].style == {"width": "100%"}
    assert "Outside the 20 % of the shore" in text(forecast.told(desk, "seg0010", {}))


def test_the_api_hands_out_what_is_offered(client, source):
    told = client.get("/api/forecast").json()
    assert told["offered"]
    assert len(told["rows"]) == 240
    assert told["expected"] == source.model.figures["expected"]
    one = client.get("/api/segments/seg0239/forecast").json()
    assert one["times"] == pytest.approx(np.prod([p["times"] for p in one["contributions"]]))
    assert client.get("/api/segments/none/forecast").status_code == 404
    assert client.get("/api/layers/forecast").json()["features"]


def test_nobody_reads_it_without_a_session(anonymous):
    assert anonymous.get("/api/forecast").status_code == 401
    assert anonymous.get("/api/segments/seg0239/forecast").status_code == 401
