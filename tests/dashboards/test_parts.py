"""The small pure parts: addresses, times, the tide's drawing, GeoJSON."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from dashboards import coastmap, geojson, times
from dashboards.address import LAYERS, View, parse
from dashboards.desk import level_of
from dashboards.listing import ordered
from dashboards.source import Person
from dashboards.tidecurve import data_uri, tide_svg
from dashboards.tokens import SURFACE
from tests.dashboards.walk import at_desk

SHANGHAI = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_an_address_is_read_whole():
    view = parse(
        "?segment=seg1&shift=2026-11-23T22:00&layers=tracks,zones&view=29.2,121.9,11"
        "&lang=en&theme=dark&mine=0"
    )
    assert view == View(
        "seg1",
        "2026-11-23T22:00",
        ("zones", "tracks"),
        (29.2, 121.9, 11.0),
        "en",
        "dark",
        mine=False,
    )


def test_no_layers_is_a_choice_and_no_word_is_none():
    assert parse("?layers=").layers == ()
    assert parse("?lang=en").layers is None
    assert parse("?segment=&place=&coast=&mine=") == View(segment="")


def test_an_address_of_another_page_is_read():
    view = parse("?page=changes&coast=2&stretch=17&place=wharves/W001")
    assert (view.page, view.coast, view.stretch) == ("changes", 2, 17)
    assert view.place == ("wharves", "W001")
    assert parse("?page=elsewhere&coast=two&stretch=-1") == View()


@given(st.text(max_size=200))
def test_any_address_is_read_without_a_fault(text):
    view = parse("?" + text)
    assert view.layers is None or set(view.layers) <= set(LAYERS)


@pytest.mark.parametrize(
    "search",
    [
        "?shift=2026-13-40T22:00",
        "?shift=x",
        "?view=1,2",
        "?view=nan,1,2",
        "?view=99,1,2",
        "?lang=fr",
        "?theme=pink",
        "?mine=yes",
    ],
)
def test_what_cannot_be_read_counts_as_not_said(search):
    assert parse(search) == View()


def test_times_are_local_and_dated_where_not_today():
    assert times.span(T0, T0 + timedelta(hours=4), SHANGHAI) == "22:00–02:00"
    assert times.when(T0, SHANGHAI, date(2026, 11, 23), "zh") == "22:00"
    assert times.when(T0, SHANGHAI, date(2026, 11, 24), "zh") == "11月23日 22:00"
    assert times.when(T0, SHANGHAI, date(2026, 11, 24), "en") == "23 Nov 22:00"
    assert times.day_name(date(2026, 11, 23), "zh") == "11月23日 周一"
    assert times.day_name(date(2026, 11, 23), "en") == "Mon 23 Nov"


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(0), ("minutes", 0)),
        (timedelta(minutes=119), ("minutes", 119)),
        (timedelta(hours=3), ("hours", 3)),
        (timedelta(days=9), ("days", 9)),
        (timedelta(hours=-1), ("minutes", 0)),
    ],
)
def test_age_has_a_human_step(age, said):
    assert times.ago(T0 - age, T0) == said


def tide(heights, **more):
    moments = [T0 + timedelta(minutes=10 * i) for i in range(len(heights))]
    svg = tide_svg(moments, heights, tz=SHANGHAI, colours=SURFACE["light"], **more)
    return svg, ET.fromstring(svg)


def test_the_tide_is_drawn_with_its_window_and_threshold():
    heights = list(2 * np.sin(np.linspace(0, 3, 25)))
    window = (T0 + timedelta(hours=1), T0 + timedelta(hours=2))
    svg, root = tide(heights, windows=[window], threshold_m=1.0)
    space = "{http://www.w3.org/2000/svg}"
    boxes = root.findall(f"{space}rect")
    assert len(boxes) == 1
    assert float(boxes[0].get("width")) == pytest.approx(298 / 4, abs=0.2)
    hours = [text.text for text in root.findall(f"{space}text")]
    assert hours[-2] == "02:00"
    assert "22:00" in hours
    assert "stroke-dasharray" in svg
    assert unquote(data_uri(svg)).endswith("</svg>")


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=60), st.none() | st.floats(-9, 9))
def test_any_tide_is_drawn_inside_its_box(heights, threshold):
    _, root = tide(heights, threshold_m=threshold)
    path = root.findall("{http://www.w3.org/2000/svg}path")[-1].get("d")
    points = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path)]
    assert len(points) == len(heights)
    assert all(0 <= x <= 340 and 0 <= y <= 132 for x, y in points)


def test_segments_are_sent_without_what_a_shift_changes():
    frame = gpd.GeoDataFrame(
        {
            "segment_id": ["a", "b"],
            "section_id": ["S1", None],
            "from_m": [0.0, 500.0],
            "to_m": [500.0, 1000.0],
        },
        geometry=[
            LineString([(121.123456789, 29), (121.2, 29.1)]),
            LineString([(121.2, 29.1), (121.3, 29.2)]),
        ],
        crs=4326,
    )
    kept = geojson.Kept(geojson.segments)
    first = kept.of(frame)
    whole = json.loads(first.body)
    assert [f["properties"]["id"] for f in whole["features"]] == ["a", "b"]
    assert whole["features"][1]["properties"]["s"] is None
    assert whole["features"][0]["geometry"]["coordinates"][0][0] == 121.12346
    assert kept.of(frame) is first
    assert kept.of(frame.copy()).etag == first.etag


def test_land_is_simplified_and_no_piece_is_lost():
    square = Polygon([(0, 0), (0.5, 0.00001), (1, 0), (1, 1), (0, 1)])
    islet = Polygon([(2, 2), (2.0001, 2), (2.0001, 2.0001)])
    body = geojson.land(gpd.GeoDataFrame(geometry=[square, islet], crs=4326))
    shapes = json.loads(body)["features"]
    assert len(shapes) == 2
    assert len(shapes[0]["geometry"]["coordinates"][0]) == 5


def test_the_list_sorts_by_every_column():
    rows = pl.DataFrame(
        {
            "section_id": ["S2", "S1", None],
            "from_m": [0.0, 900.0, 400.0],
            "score": [10.0, 90.0, 50.0],
            "width": [5.0, 1.0, 9.0],
        }
    )
    assert ordered(rows, "-score")["score"].to_list() == [90, 50, 10]
    assert ordered(rows, "place")["from_m"].to_list() == [0, 400, 900]
    assert ordered(rows, "section")["section_id"].to_list() == ["S1", "S2", None]
    assert ordered(rows, "-range")["width"].to_list() == [9, 5, 1]
    assert ordered(rows, "-nonsense")["score"].to_list() == [90, 50, 10]


def test_what_lacks_data_is_dashed_and_scores_are_cut_to_their_band(source):
    desk = at_desk(source, Person("a", "a", "analyst"), "zh", "light")
    styling = coastmap.hideout(desk, shift_id="2026-11-23T22:00", mine="S02")
    scores = source.scores("2026-11-23T22:00")["score"].to_list()
    assert styling["scores"] == [int(score) for score in scores]
    assert [level_of(score) for score in scores] == [
        min(5, cut // 20 + 1) for cut in styling["scores"]
    ]
    assert styling["lacking"].count("1") == 36
    assert len(json.dumps(styling)) < 6_000
    assert coastmap.hideout(desk, shift_id=None, mine=None)["scores"] == []
