"""Over which seabed, and when, each segment of a workspace can be landed on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from geo.datums import MSL
from geo.errors import InputError
from geo.landable import OFFSETS_M
from risk.explain import explain
from risk.shifts import shifts
from workspace import evidence, landing, store
from workspace._import_depth import import_depth
from workspace._imported import Imported, Options
from workspace.folder import Workspace
from workspace.importers import import_file
from workspace.weighting import weight_set

DATA = Path(__file__).resolve().parents[2] / "data"
T0 = datetime(2026, 11, 27, 14, tzinfo=UTC)
T1 = T0 + timedelta(hours=48)
STEP = 0.005


def raster(path: Path, bed: float = -3.0, *, west: float = 121.2, tags=None, **options) -> Path:
    """A seabed of one height under all of the small coast."""
    shape = (100, 220)
    with rasterio.open(
        path, "w", count=1, height=shape[0], width=shape[1], dtype="float32",
        transform=from_origin(west, 29.5, STEP, STEP), crs="EPSG:4490",
        **{"driver": "GTiff", **options},
    ) as target:  # fmt: skip
        target.write(np.full((1, *shape), bed, dtype="float32"))
        target.update_tags(**(tags or {}))
    return path


def sounded(ws: Workspace, path: Path, **options) -> Imported:
    result = Imported()
    import_depth(ws, path, Options(**options), result)
    return result


def kinds(ws: Workspace, *names: str | None) -> None:
    """Give the segments kinds of shore in turn."""
    ids = store.read(ws.engine, "segments", columns=["segment_id"])["segment_id"]
    landing.set_landing(
        ws,
        pl.DataFrame(
            {
                "segment_id": ids,
                "shore_type": [names[row % len(names)] for row in range(len(ids))],
                "settlement_distance_m": [float(row) for row in range(len(ids))],
                "made": ['["shore_types"]'] * len(ids),
            },
            schema_overrides={"shore_type": pl.String},
        ),
    )


def told(ws: Workspace) -> pl.DataFrame:
    names = [
        "segment_id", "shore_type", "landing_seabed_m", "landing_basis", "profile_m",
        "tide_weights", "tide_error_m", "tide_note", "settlement_distance_m", "made",
    ]  # fmt: skip
    return store.read(ws.engine, "segments", columns=names)


def set_to(ws: Workspace, **settings: object) -> Workspace:
    return replace(ws, config=ws.config.model_copy(update=settings))


@pytest.fixture
def tidal(coast: Workspace) -> Workspace:
    """The small coast with tide stations, the nearest 110 to 160 km off."""
    near = set_to(coast, tide_max_km=200.0)
    import_file(near, "tides", DATA / "tide_constituents_china.json")
    return near


def test_a_survey_decides_where_it_reaches(tidal, tmp_path) -> None:
    kinds(tidal, "mud", "beach", None)
    made = sounded(tidal, raster(tmp_path / "d.tif"), datum="平均海面")
    found = told(tidal)
    known = found.drop_nulls("shore_type")
    assert made.counts["rasters"] == 1
    assert made.counts["segments_sounded"] == len(known) > 100
    assert (known["landing_seabed_m"] == -3.0).all()
    assert set(known["landing_basis"]) == {"survey"}
    # Without a kind of shore nobody knows how far goods are carried; the profile stands.
    unknown = found.filter(pl.col("shore_type").is_null())
    assert unknown["landing_seabed_m"].null_count() == len(unknown) > 50
    assert unknown["landing_basis"].null_count() == len(unknown)
    profile = np.array(found["profile_m"].str.json_decode(pl.List(pl.Float64)).to_list())
    assert profile.shape == (len(found), len(OFFSETS_M))
    assert (profile == -3.0).all()
    kept = store.read(tidal.engine, "rasters").row(0, named=True)
    assert (kept["name"], kept["source"], kept["datum"], kept["zero_m"]) == (
        "depth", "d.tif", MSL, 0.0,
    )  # fmt: skip
    # Traits came along, and the segments kept their order.
    assert found["settlement_distance_m"].to_list() == [float(n) for n in range(len(found))]
    assert set(found["made"]) == {'["shore_types"]'}


@pytest.mark.parametrize("surveyed", [True, False])
def test_water_behind_a_dike_is_not_the_shores(tidal, tmp_path, surveyed) -> None:
    if surveyed:
        sounded(tidal, raster(tmp_path / "d.tif"), datum="MSL")
    kinds(tidal, "rock")
    cut = store.layer(tidal.engine, "segments")
    row = int(cut["facing_deg"].sub(90.0).abs().argmin())
    one = cut.iloc[row]
    # A dike 60 m out to sea, all along a shore that looks east.
    lon = one["lon"] + np.array([60.0, 80.0]) / 111_320.0 / np.cos(np.radians(one["lat"]))
    dike = shapely.box(lon[0], one["lat"] - 0.003, lon[1], one["lat"] + 0.003)
    before = landing.with_landing(tidal, cut).iloc[row]
    land = store.layer(tidal.engine, "land")
    more = gpd.GeoDataFrame(land.drop(columns="geometry").iloc[:1], geometry=[dike], crs=4326)
    after = landing.with_landing(
        tidal, cut, land=gpd.GeoDataFrame(pd.concat([land, more]), crs=4326)
    ).iloc[row]
    assert after["landing_basis"] == before["landing_basis"]
    known = [z is not None for z in after["profile_m"]]
    assert known == [out <= 60.0 for out in OFFSETS_M]
    assert all(z is not None for z in before["profile_m"])


def test_a_synthetic_raster_is_made_and_no_survey(tidal, tmp_path) -> None:
    kinds(tidal, "beach")
    sounded(tidal, raster(tmp_path / "d.tif", tags={"TITLE": "SYNTHETIC, m above mean sea level"}))
    assert set(told(tidal)["landing_basis"]) == {"made"}


def test_where_nobody_measured_the_kind_of_shore_gives_an_estimate(tidal, tmp_path) -> None:
    kinds(tidal, "mud", "rock", None)
    found = told(tidal)
    by_kind = {
        name: part["landing_seabed_m"].mean()
        for (name,), part in found.drop_nulls("shore_type").group_by("shore_type")
    }
    assert set(found.drop_nulls("shore_type")["landing_basis"]) == {"estimate"}
    # Kanmen's M2 and S2 make springs of 2.6 m: 50 m of mud, 15 m of rock below that.
    assert by_kind["mud"] == pytest.approx(2.6 - 0.05, abs=0.25)
    assert by_kind["rock"] == pytest.approx(2.6 - 3.0, abs=0.25)
    assert found.filter(pl.col("shore_type").is_null())["landing_basis"].null_count() > 50
    # A raster that ends half-way leaves the rest estimated.
    half = raster(tmp_path / "half.tif", west=121.8)
    made = sounded(tidal, half, datum="MSL")
    assert made.counts["segments_sounded"] > 20
    assert made.counts["segments_estimated"] > 20
    assert set(told(tidal)["landing_basis"]) == {"survey", "estimate", None}
    # Who wants no estimates has none.
    landing.set_landing(set_to(tidal, estimate_landing=False))
    assert set(told(tidal)["landing_basis"]) == {"survey", None}


def test_without_a_tide_there_is_no_estimate_and_no_window(coast) -> None:
    kinds(coast, "beach")
    assert told(coast)["landing_seabed_m"].null_count() == len(told(coast))
    assert np.isnan(landing.landable_share(coast, T0, T1)).all()
    assert landing.segment_tide(coast, 0, T0, T1) is None
    with pytest.raises(InputError, match="no tide station"):
        landing.landable(coast, T0, T1, draughts=(1.0,))


def test_what_lies_beyond_every_station_has_no_tide(tidal) -> None:
    kinds(tidal, "beach")
    everywhere = landing.landable(tidal, T0, T1, draughts=(1.0,))
    nearer = set_to(tidal, tide_max_km=140.0)
    landing.set_landing(nearer)
    found = told(tidal)
    lost = found.filter(pl.col("tide_weights").is_null())
    assert 0 < len(lost) < len(found)
    assert lost["landing_basis"].null_count() == len(lost)
    assert found["tide_error_m"].is_not_null().sum() == len(found) - len(lost)
    some = landing.landable(nearer, T0, T1, draughts=(1.0,))
    assert set(some["segment_id"]) == set(everywhere["segment_id"]) - set(lost["segment_id"])


def test_heights_never_change_their_datum_silently(tidal, tmp_path) -> None:
    kinds(tidal, "beach")
    silent = raster(tmp_path / "silent.tif")
    with pytest.raises(
        InputError, match=r"does not say what its heights are counted from.*--datum"
    ):
        sounded(tidal, silent)
    with pytest.raises(InputError, match="WUSONG"):
        sounded(tidal, silent, datum="吴淞高程")
    says = raster(tmp_path / "says.tif", tags={"VERTICAL_DATUM": "CN1985"})
    with pytest.raises(InputError, match=r"counted from CN1985, --datum says MSL"):
        sounded(tidal, says, datum="MSL")
    assert tidal.depth is None
    assert store.count(tidal.engine, "rasters") == 0
    assert set(told(tidal)["landing_basis"]) == {"estimate"}
    # The zero of the 1985 datum stands 0.25 m above local mean sea level here.
    here = set_to(tidal, datums={"1985国家高程基准": 0.25})
    made = sounded(here, says)
    assert made.notes == ["CN1985 → MSL +0.250 m (`datums`)"]
    assert (told(tidal)["landing_seabed_m"] == -2.75).all()
    # What was said at the import still holds when landing is worked out again.
    landing.set_landing(here)
    assert (told(tidal)["landing_seabed_m"] == -2.75).all()
    # A station's levels are used too, and named with how far off it is.
    lat = sounded(tidal, raster(tmp_path / "lat.tif"), datum="最低天文潮面")
    assert lat.notes[0].startswith("LAT → MSL -3.")
    assert "Kanmen" in lat.notes[0]
    assert "km" in lat.notes[0]


def test_one_order_of_datums_and_no_contradiction(tidal, tmp_path) -> None:
    kinds(tidal, "beach")
    lat = raster(tmp_path / "lat.tif")
    sounded(tidal, lat, datum="LAT")
    own = store.read(tidal.engine, "rasters")["zero_m"][0]
    # The station's own offset comes before the settings', which may say the same.
    here = set_to(tidal, datums={"最低天文潮面": own + 0.04, "CN1985": 0.25})
    assert "Kanmen" in sounded(here, lat, datum="LAT").notes[0]
    assert store.read(tidal.engine, "rasters")["zero_m"][0] == own
    told_off = set_to(tidal, datums={"LAT": own + 0.62})
    with pytest.raises(
        InputError, match=rf"LAT stands {own:+.3f} m .*Kanmen.* {own + 0.62:+.3f} m"
    ):
        sounded(told_off, lat, datum="LAT")
    # What only the settings know still comes from there.
    assert sounded(here, lat, datum="CN1956").notes[0].endswith("(`datums`)")


def test_an_import_that_fails_at_the_landing_leaves_all_as_it_was(
    tidal, tmp_path, monkeypatch
) -> None:
    kinds(tidal, "beach")
    sounded(tidal, raster(tmp_path / "d.tif"), datum="MSL")
    before = told(tidal)
    kept = (tidal.rasters / "depth.tif").read_bytes()

    def damaged(*_: object) -> None:
        raise InputError("the raster is damaged: block", where="d", mend="Copy it again.")

    monkeypatch.setattr(landing.shore, "profiles", damaged)
    with pytest.raises(InputError, match="damaged"):
        sounded(tidal, raster(tmp_path / "e.tif", -5.0), datum="MSL")
    assert store.read(tidal.engine, "rasters")["source"].to_list() == ["d.tif"]
    assert [path.name for path in tidal.rasters.iterdir()] == ["depth.tif"]
    assert (tidal.rasters / "depth.tif").read_bytes() == kept
    assert told(tidal).equals(before)


def test_depths_counted_downwards_want_to_be_told_so(tidal, tmp_path) -> None:
    kinds(tidal, "beach")
    deep = raster(tmp_path / "deep.tif", 3.0)
    with pytest.raises(InputError, match="--positive-down"):
        sounded(tidal, deep, datum="MSL")
    assert tidal.depth is None
    sounded(tidal, deep, datum="MSL", positive_down=True)
    assert (told(tidal)["landing_seabed_m"] == -3.0).all()
    landing.set_landing(tidal)
    assert (told(tidal)["landing_seabed_m"] == -3.0).all()


def test_a_raster_that_is_refused_leaves_the_one_before(tidal, tmp_path) -> None:
    kinds(tidal, "beach")
    sounded(tidal, raster(tmp_path / "d.tif"), datum="MSL")
    far = raster(tmp_path / "far.tif", -9.0, west=100.0)
    with pytest.raises(InputError, match="no segment of the coast"):
        sounded(tidal, far, datum="MSL")
    # A world file beside it would stay behind.
    lean = raster(tmp_path / "lean.tif", -9.0)
    with rasterio.open(lean) as source:
        t = source.transform
        bed = source.read()
    plain = tmp_path / "plain.tif"
    with rasterio.open(
        plain, "w", driver="GTiff", count=1, height=100, width=220, dtype="float32",
        crs="EPSG:4490", tfw="yes", profile="BASELINE", transform=t,
    ) as target:  # fmt: skip
        target.write(bed)
    if not list(tmp_path.glob("plain.tfw")):
        pytest.fail("the world file was not written")
    with pytest.raises(InputError, match="files beside it"):
        sounded(tidal, plain, datum="MSL")
    assert (told(tidal)["landing_seabed_m"] == -3.0).all()
    assert [path.name for path in tidal.rasters.iterdir()] == ["depth.tif"]
    assert store.read(tidal.engine, "rasters")["source"].to_list() == ["d.tif"]


def test_a_cloud_optimised_raster_is_kept_too(tidal, tmp_path) -> None:
    kinds(tidal, "beach")
    sounded(tidal, raster(tmp_path / "cog.tif", -4.0, driver="COG"), datum="MSL")
    assert (told(tidal)["landing_seabed_m"] == -4.0).all()


def test_windows_of_all_segments_agree_with_each_segments_own(tidal) -> None:
    kinds(tidal, "beach", "rock", None)
    found = landing.landable(tidal, T0, T1, draughts=(1.0, 2.0))
    assert found.columns == [
        "segment_id", "shoreline_id", "from_m", "to_m", "draught_m", "t_from", "t_to", "basis",
        "tide_error_m", "tide_note",
    ]  # fmt: skip
    assert set(found["basis"]) == {"estimate"}
    assert found["tide_note"].str.contains("km").all()
    share = landing.landable_share(tidal, T0, T1)
    seconds = (T1 - T0).total_seconds()
    for row in (0, 1, 2, 40):
        own = landing.segment_tide(tidal, row, T0, T1)
        name = told(tidal)["segment_id"][row]
        mine = found.filter(pl.col("segment_id") == name, pl.col("draught_m") == 1.0)
        if own.windows is None:
            assert mine.is_empty()
            assert np.isnan(share[row])
            continue
        assert own.basis == "estimate"
        assert own.windows == list(mine.select("t_from", "t_to").iter_rows())
        inside = sum((b - a).total_seconds() for a, b in own.windows)
        assert 0 < inside < seconds
        assert share[row] == pytest.approx(inside / seconds, abs=1e-6)
        first = (own.windows[0][0] - T0).total_seconds() / 600
        at = np.interp(first, np.arange(len(own.times)), own.height_m)
        assert first == 0 or at == pytest.approx(own.threshold_m, abs=1e-3)
    # The deeper boat has less time.
    hours = (
        found.group_by("draught_m")
        .agg(h=(pl.col("t_to") - pl.col("t_from")).sum())
        .sort("draught_m")
    )
    assert hours["h"][1] < hours["h"][0]


def test_a_score_hears_of_the_segments_own_tide_and_of_the_estimate(tidal) -> None:
    kinds(tidal, "beach", None)
    shift = shifts(T0.date(), tz=tidal.config.tz)[-1]
    hours = evidence.landable_hours(tidal, [shift])
    assert hours.shape == (len(told(tidal)), 1)
    assert np.isnan(hours[1::2]).all()
    assert 0.0 < hours[::2].min() <= hours[::2].max() <= 4.0

    def said(row: int) -> str:
        known = evidence.facts(
            tidal,
            weight_set(tidal),
            segment=row,
            shift=shift,
            as_of=T0,
            figures={"score": 50.0, "lo": 50.0, "hi": 50.0, "base": 2.0},
            points={"landable": 10.0},
            raw={},
            missing=() if row == 0 else ("landable",),
        )
        told_so = explain(
            known, shift=shift, as_of=T0, tz=tidal.config.tz, weights=weight_set(tidal)
        )
        return told_so.sentence_zh + told_so.sentence_en

    assert "估算" in said(0)
    assert "(estimated)" in said(0)
    assert "估算" not in said(1)


@pytest.mark.parametrize(
    ("t1", "draughts", "message"),
    [
        (T0, (1.0,), "is not later than --from"),
        (T0 + timedelta(days=401), (1.0,), "401 days are asked for; 400 are the most"),
        (T1, (), "no draught is given"),
        (T1, (1.0, -2.0), r"draught -2 is not between 0 and 20 m"),
    ],
)
def test_what_cannot_be_asked_is_refused(tidal, t1, draughts, message) -> None:
    with pytest.raises(InputError, match=message):
        landing.landable(tidal, T0, t1, draughts=draughts)
