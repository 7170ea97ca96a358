"""Datums by name: no height changes its zero without a known offset."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.datums import Datums, canonical, from_settings
from geo.errors import InputError

HEIGHTS = st.floats(-20, 20, allow_nan=False)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("msl", "MSL"),
        ("平均海平面", "MSL"),
        ("Chart Datum", "CD"),
        ("潮高基准面", "CD"),
        ("理论最低潮面", "TLT"),
        ("1985 国家高程基准", "CN1985"),
        ("Yellow Sea 1985 height", "CN1985"),
        ("1956年黄海高程系", "CN1956"),
        ("吴淞高程", "WUSONG"),
        ("navd88", "NAVD88"),
        ("Lowest Astronomical Tide", "LAT"),
        ("town gauge", "TOWN GAUGE"),
    ],
)
def test_a_datum_has_one_code_for_all_its_names(name: str, code: str) -> None:
    assert canonical(name) == code


def test_chart_datum_theoretical_lowest_and_astronomical_lowest_are_three_things() -> None:
    names = ["海图基准面", "理论最低潮面", "最低天文潮面"]
    assert len({canonical(name) for name in names}) == 3


def test_offsets_as_noaa_publishes_them(shared: Path) -> None:
    table = json.loads((shared / "coast" / "tide_constituents_validation.json").read_text())
    honolulu = next(one for one in table["stations"] if one["id"] == "noaa/1612340")
    datums = Datums.of(honolulu["datums"], where="Honolulu")
    # NOAA, station 1612340: MSL 1.412, MLLW 1.161, MHHW 1.741 m above station datum.
    assert datums.between("MSL", "MLLW") == pytest.approx(0.251)
    assert datums.between("MHHW", "MSL") == pytest.approx(0.329)
    with pytest.raises(InputError, match="HWI"):
        datums.between("MSL", "HWI")


def test_1985_and_1956_are_29_mm_apart_wherever_one_of_them_is_known() -> None:
    assert Datums.of(where="x").between("1985国家高程基准", "黄海高程") == pytest.approx(0.029)
    tied = Datums.of(from_settings({"1985国家高程基准": -0.25}), where="x")
    # 30 m above the 1985 zero are 30.029 m above that of 1956 (Qingdao: 72.260 and 72.289 m).
    assert 30 + tied.between("CN1985", "CN1956") == pytest.approx(30.029)
    assert tied.between("CN1956", "MSL") == pytest.approx(-0.279)


def test_an_unknown_offset_is_refused_and_the_known_ones_are_named() -> None:
    datums = Datums.of({"MSL": 2.2, "CD": 0.0}, where="station Shipu")
    with pytest.raises(InputError) as caught:
        datums.between("1985国家高程基准", "MSL")
    text = str(caught.value)
    assert "station Shipu" in text
    assert "1985国家高程基准 (CN1985)" in text
    assert "CD and MSL" in text
    assert "`datums`" in text
    assert not datums.knows("CN1985")
    assert datums.knows("潮高基准面")


def test_a_tables_own_zero_is_not_the_countys() -> None:
    station, settings = {"CD": 0.0, "MSL": 2.2}, from_settings({"CD": -2.8, "CN1985": -0.2})
    at_station = Datums.of(station, settings, where="x")
    assert at_station.between("CD", "MSL") == pytest.approx(-2.2)
    assert at_station.between("CD", "CN1985") == pytest.approx(-2.0)
    at_county = Datums.of(settings, station, where="x")
    assert at_county.between("CD", "MSL") == pytest.approx(-2.8)


def test_a_list_without_mean_sea_level_is_tied_by_another() -> None:
    loose = {"MLLW": 0.0, "MHHW": 1.6}
    assert not Datums.of(loose, where="x").knows("MHHW", "MSL")
    tied = Datums.of(loose, from_settings({"MLLW": -0.9}), where="x")
    assert tied.between("MHHW", "MSL") == pytest.approx(0.7)
    assert tied.above_msl()["MHHW"] == pytest.approx(0.7)


@given(st.dictionaries(st.sampled_from(["MSL", "CD", "LAT", "HAT", "CN1985", "X"]), HEIGHTS))
def test_there_and_back_is_nothing_and_ways_add_up(levels: dict[str, float]) -> None:
    datums = Datums.of(levels, where="x")
    names = list(levels)
    for a in names:
        for b in names:
            assert datums.between(a, b) == pytest.approx(-datums.between(b, a), abs=1e-9)
            for c in names:
                assert datums.between(a, b) + datums.between(b, c) == pytest.approx(
                    datums.between(a, c), abs=1e-9
                )
