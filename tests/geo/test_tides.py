"""Tides against what others publish and predict, and what a bad table is told."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geo.errors import InputError
from geo.io import read_stations
from geo.tides import Station, extremes, heights, predict

DATA = Path(__file__).resolve().parents[2] / "data"


def station(path: Path, name: str) -> Station:
    return next(one for one in read_stations(path) if name in one.station_id)


def test_honolulu_six_minutes_within_a_centimetre(shared: Path) -> None:
    one = station(shared / "coast" / "tide_constituents_validation.json", "1612340")
    truth = pl.read_csv(
        shared / "coast" / "tide_truth_noaa_6min_honolulu_20230829.csv", try_parse_dates=True
    )
    times = truth["time_utc"].to_numpy().astype("datetime64[ms]")
    heights = predict(one, times) + one.datums["MSL"] - one.datums["MLLW"]
    rms = np.sqrt(np.mean((heights - truth["height_m_mllw"].to_numpy()) ** 2))
    assert rms <= 0.01


def test_monterey_highs_and_lows_within_six_minutes_and_four_centimetres(shared: Path) -> None:
    one = station(shared / "coast" / "tide_constituents_validation.json", "9413450")
    truth = pl.read_csv(
        shared / "coast" / "tide_truth_noaa_hilo_monterey_2016.csv", try_parse_dates=True
    )
    found = extremes(one, np.datetime64("2016-07-13T06:00"), np.datetime64("2016-07-15T06:00"))
    assert found["kind"].str.slice(0, 1).str.to_uppercase().to_list() == truth["type"].to_list()
    minutes = (
        found["t"].dt.replace_time_zone(None) - truth["time_utc"].cast(pl.Datetime("ms"))
    ).dt.total_seconds() / 60
    heights = found["height_m"] + one.datums["MSL"] - one.datums["MLLW"]
    assert minutes.abs().max() <= 6.0
    assert (heights - truth["height_m_mllw"]).abs().max() <= 0.04


def test_kanmen_half_a_year_within_ten_minutes_and_ten_centimetres(shared: Path) -> None:
    one = station(DATA / "tide_constituents_china.json", "kanmen")
    other = pl.read_csv(
        shared / "coast" / "tide_reference_neaps_kanmen_2027H1.csv", try_parse_dates=True
    )
    found = extremes(one, np.datetime64("2027-01-01"), np.datetime64("2027-07-02"))
    joined = (
        other.select(
            t=pl.col("time_utc")
            .dt.replace_time_zone("UTC", ambiguous="raise")
            .cast(pl.Datetime("ms", "UTC"))
            if other["time_utc"].dtype == pl.Datetime("us")
            else pl.col("time_utc").cast(pl.Datetime("ms", "UTC")),
            height="height_m_msl",
            type="type",
        )
        .sort("t")
        .join_asof(found.with_columns(at=pl.col("t")), on="t", strategy="nearest")
    )
    assert (joined["t"] - joined["at"]).dt.total_seconds().abs().max() <= 600
    assert (joined["height"] - joined["height_m"]).abs().max() <= 0.10
    assert ((joined["type"] == "H") == (joined["kind"] == "high")).all()


def test_san_francisco_half_a_year_against_another_program(shared: Path) -> None:
    one = station(shared / "coast" / "tide_constituents_validation.json", "9414290")
    other = pl.read_csv(
        shared / "coast" / "tide_reference_neaps_sanfrancisco_2027H1.csv", try_parse_dates=True
    ).select(
        t=pl.col("time_utc").cast(pl.Datetime("ms", "UTC")), height="height_m_msl", type="type"
    )
    found = extremes(one, np.datetime64("2026-12-31"), np.datetime64("2027-07-02"))
    joined = other.sort("t").join_asof(
        found.with_columns(at=pl.col("t")), on="t", strategy="nearest"
    )
    assert len(joined) == 700
    assert (joined["t"] - joined["at"]).dt.total_seconds().abs().max() <= 600
    assert (joined["height"] - joined["height_m"]).abs().max() <= 0.05
    assert ((joined["type"] == "H") == (joined["kind"] == "high")).all()


def test_heights_above_any_datum_that_the_station_knows() -> None:
    one = station(DATA / "tide_constituents_china.json", "kanmen")
    times = np.arange(
        np.datetime64("2027-01-01"), np.datetime64("2027-01-02"), np.timedelta64(1, "h")
    )
    times = times.astype("datetime64[ms]")
    # The station's file calls TLT its chart datum: 0.348 m, mean sea level 3.903 m.
    for name in ("CD", "海图基准面", "理论最低潮面"):
        assert np.allclose(heights(one, times, datum=name) - heights(one, times), 3.555)
    assert np.allclose(heights(one, times), predict(one, times))
    with pytest.raises(InputError, match="CN1985"):
        heights(one, times, datum="1985国家高程基准")


def test_a_year_of_predictions_stays_between_the_lowest_and_highest_astronomical_tide() -> None:
    one = station(DATA / "tide_constituents_china.json", "kanmen")
    times = np.arange(
        np.datetime64("2027-01-01"), np.datetime64("2028-01-01"), np.timedelta64(10, "m")
    )
    h = heights(one, times.astype("datetime64[ms]"))
    msl = one.datums["MSL"]
    # HAT and LAT are worked out over 19 years by the makers of the table.
    assert one.datums["LAT"] - msl - 0.1 < h.min() < -2.8
    assert 2.6 < h.max() < one.datums["HAT"] - msl + 0.1


def test_nested_brackets_are_no_table_of_stations(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"stations":' + "[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="nest more than"):
        read_stations(path)


def test_the_annual_constituent_takes_the_argument_of_the_published_tables() -> None:
    sa = pl.DataFrame({"constituent": ["SA"], "amplitude_m": [1.0], "phase_deg": [178.7115]})
    one = Station("x", "x", 0.0, 0.0, sa)
    days = np.arange(np.datetime64("2027-01-01"), np.datetime64("2028-01-01"))
    top = days[np.argmax(predict(one, days.astype("datetime64[ms]")))]
    # h, the sun's mean longitude, is some 280 degrees on 1 January and gains 0.9856 a day.
    expected = np.datetime64("2027-01-01") + int((178.7 - 280.0) % 360 / 0.9856)
    assert abs(int((top - expected) / np.timedelta64(1, "D"))) <= 2


def test_extremes_lie_on_the_curve_and_alternate() -> None:
    one = station(DATA / "tide_constituents_china.json", "kanmen")
    found = extremes(one, np.datetime64("2026-11-01"), np.datetime64("2026-11-29"))
    kinds = found["kind"].to_list()
    assert all(a != b for a, b in pairwise(kinds))
    at = found["t"].dt.replace_time_zone(None).to_numpy().astype("datetime64[ms]")
    assert np.abs(predict(one, at) - found["height_m"].to_numpy()).max() < 0.002


def test_a_missing_phase_is_named_with_file_row_and_constituent(tmp_path: Path) -> None:
    path = tmp_path / "tides.csv"
    path.write_text(
        "station_id,name,lat,lon,constituent,amplitude_m,phase_deg_gmt\n"
        "a,A,29,121,M2,1.5,20\na,A,29,121,S2,0.5,\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_stations(path)
    text = str(caught.value)
    assert "tides.csv, row 3" in text
    assert "S2" in text
    assert "phase_deg_gmt is missing" in text


def test_a_missing_phase_in_json_is_named_with_station_and_constituent(tmp_path: Path) -> None:
    table = json.loads((DATA / "tide_constituents_china.json").read_text(encoding="utf-8"))
    del table["stations"][1]["harmonic_constituents"][2]["phase"]
    path = tmp_path / "tides.json"
    path.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(InputError, match=r"station 2 \(.*\): constituent S2: phase is missing"):
        read_stations(path)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a,b\n1,2\n", "header lacks"),
        ("station_id,constituent,amplitude_m,phase_deg_gmt,lat,lon\na,M2,-1,0,29,121\n", "-1"),
        ("station_id,constituent,amplitude_m,phase_deg_gmt,lat,lon\na,M2,1,0,299,121\n", "299"),
        ("station_id,constituent,amplitude_m,phase_deg_gmt,lat,lon\na,QQ9,1,0,29,121\n", "QQ9"),
        (
            "station_id,constituent,amplitude_m,phase_deg_gmt,lat,lon\n" + 2 * "a,M2,1,0,29,121\n",
            "more than once",
        ),
    ],
)
def test_other_bad_tables_are_refused(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "tides.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=word):
        read_stations(path)


def test_constituents_nobody_can_predict_with_are_left_out_and_named() -> None:
    one = station(DATA / "tide_constituents_china.json", "kanmen")
    assert "3L2" not in one.constituents["constituent"].to_list()
    assert "3L2" in one.note
