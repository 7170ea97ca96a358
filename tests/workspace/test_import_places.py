"""Where a table's rows stand: degrees, metres, swapped, shifted, mixed, and far away."""

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Transformer

from geo.crs import ELLIPSOID
from geo.errors import InputError
from geo.gcj02 import to_bd09, to_gcj02
from workspace import folder, store
from workspace._import_cells import angle
from workspace._import_coordinates import places
from workspace.folder import Workspace
from workspace.importers import Imported, Options, import_file

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DATA = Path(__file__).resolve().parents[2] / "data"
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def wharves(shared: Path) -> tuple[Floats, Floats]:
    """Return where ships really lie along the shipped coast: 309 places at its shore."""
    points = gpd.read_file(shared / "coast" / "wharf_candidates.gpkg").geometry
    return points.x.to_numpy(), points.y.to_numpy()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace with the shipped coast."""
    ws = folder.init(tmp_path_factory.mktemp("real") / "ws", {"timezone": "Asia/Shanghai"})
    import_file(ws, "coast", DATA / "land_osm.gpkg", now=NOW)
    yield ws
    ws.close()


@pytest.fixture
def given_as(real: Workspace, tmp_path: Path) -> object:
    """Return a function that imports two columns of numbers as wharves."""

    def give(
        x: Floats, y: Floats, *, headers: tuple[str, str] = ("经度", "纬度"), **options: str
    ) -> Imported:
        store.clear(real.engine, "wharves")
        rows = [
            f"W{at},码头{at},{a!r},{b!r}"
            for at, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True))
        ]
        path = tmp_path / "w.csv"
        path.write_text(
            "\n".join([f"编号,名称,{headers[0]},{headers[1]}", *rows]), encoding="utf-8"
        )
        return import_file(real, "wharves", path, Options(**options), now=NOW)

    return give


def _apart_m(ws: Workspace, lon: Floats, lat: Floats) -> float:
    """Return how far the stored wharves are at most from where they ought to be."""
    kept = store.layer(ws.engine, "wharves").set_index("wharf_id")
    kept = kept.loc[[f"W{at}" for at in range(len(lon))]].geometry
    return float(ELLIPSOID.inv(lon, lat, kept.x.to_numpy(), kept.y.to_numpy())[2].max())


def test_places_as_they_are(given_as, wharves, real: Workspace) -> None:
    done = given_as(*wharves)
    assert done.counts["added"] == len(wharves[0])
    assert done.notes == []
    assert _apart_m(real, *wharves) < 0.001


@pytest.mark.parametrize(("system", "shift"), [("gcj02", to_gcj02), ("bd09", to_bd09)])
def test_a_shifted_table_is_found_out_and_corrected_or_kept_as_one_says(
    given_as, wharves, real: Workspace, system: str, shift
) -> None:
    shifted = shift(*wharves)
    before = store.count(real.engine, "history")
    with pytest.raises(InputError) as told:
        given_as(*shifted)
    assert store.count(real.engine, "wharves") == 0
    assert store.count(real.engine, "history") == before
    assert f"--coordinates {system}" in told.value.mend
    assert "--coordinates wgs84" in told.value.mend
    assert "309 places lie" in told.value.what
    done = given_as(*shifted, coordinates=system)
    assert done.counts["added"] == len(wharves[0])
    assert "309 places corrected" in done.notes[0]
    assert _apart_m(real, *wharves) < 0.01
    done = given_as(*shifted, coordinates="wgs84")
    assert _apart_m(real, *shifted) < 0.001
    assert done.notes == []


def test_the_shift_is_told_of_in_small_tables_and_not_where_there_is_none(
    given_as, wharves
) -> None:
    rng = np.random.default_rng(3)
    for size in (5, 20, 60):
        rows = rng.choice(len(wharves[0]), size, replace=False)
        given_as(wharves[0][rows], wharves[1][rows])
        if size == 60:
            with pytest.raises(InputError, match="GCJ-02"):
                given_as(*to_gcj02(wharves[0][rows], wharves[1][rows]))


def test_a_mixture_of_systems_is_asked_about_and_its_rows_are_named(
    given_as, wharves, real: Workspace
) -> None:
    rows = np.arange(0, 309, 3)
    x, y = (one.copy() for one in wharves)
    x[rows], y[rows] = to_gcj02(x[rows], y[rows])
    with pytest.raises(InputError, match="two systems") as told:
        given_as(x, y)
    named = told.value.what.split("(rows ")[1].split(" …")[0]
    assert {int(one) - 2 for one in named.split(", ")} <= set(rows.tolist())
    assert "--coordinates gcj02" in told.value.mend
    assert store.count(real.engine, "wharves") == 0
    assert given_as(x, y, coordinates="wgs84").counts["added"] == len(x)


def test_places_too_few_to_be_tested_are_told_of(given_as, wharves) -> None:
    x, y = to_gcj02(wharves[0][:4], wharves[1][:4])
    (note,) = given_as(x, y).notes
    assert "not tested for GCJ-02" in note
    assert "未检验" in note


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_a_correction_that_leads_away_from_the_shore_is_refused(
    given_as, wharves, real: Workspace, system: str
) -> None:
    with pytest.raises(InputError, match="probably not in"):
        given_as(*wharves, coordinates=system)
    assert store.count(real.engine, "wharves") == 0
    few = wharves[0][:4], wharves[1][:4]
    assert "see whether they were in" in given_as(*few, coordinates=system).notes[-1]
    other = {"gcj02": to_bd09, "bd09": to_gcj02}[system]
    with pytest.raises(InputError, match="probably not in"):
        given_as(*other(*wharves), coordinates=system)


def test_swapped_places_say_so_and_their_neighbours_are_kept(
    given_as, wharves, real: Workspace
) -> None:
    x, y = wharves[0][:20].copy(), wharves[1][:20].copy()
    x[3:5], y[3:5] = y[3:5].copy(), x[3:5].copy()
    done = given_as(x, y)
    assert [(one.row, one.reason) for one in done.refused] == [
        (5, "swapped_lonlat"), (6, "swapped_lonlat"),
    ]  # fmt: skip
    assert "change places" in done.refused[0].detail
    assert (done.refused[0].lon, done.refused[0].lat) == (wharves[0][3], wharves[1][3])
    assert done.counts["added"] == 18


def test_swapped_berths_and_swapped_layers(coast: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    path.write_text("lon,lat\n29.25,121.9\n121.9,29.25\n", encoding="utf-8")
    done = import_file(coast, "berths", path, now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(2, "swapped_lonlat")]
    layer = gpd.GeoDataFrame(
        {"name": ["a"]}, geometry=gpd.points_from_xy([29.25], [121.91]), crs=4326
    )
    layer.to_file(tmp_path / "w.gpkg")
    done = import_file(coast, "wharves", tmp_path / "w.gpkg", now=NOW)
    assert [(one.row, one.reason) for one in done.refused] == [(1, "swapped_lonlat")]


# Of Web Mercator's two numbers nothing tells which is the northing: x comes first there.
@pytest.mark.parametrize(
    ("crs", "north_first"),
    [
        *((crs, first) for crs in (4549, 4550, 4528, 32651) for first in (True, False)),
        (3857, False),
    ],
)
def test_metres_of_a_grid(given_as, wharves, real: Workspace, crs: int, north_first: bool) -> None:
    east, north = Transformer.from_crs(4490, crs, always_xy=True).transform(*wharves)
    first, second = (north, east) if north_first else (east, north)
    done = given_as(first, second, headers=("X", "Y"), crs=f"EPSG:{crs}")
    assert done.counts["added"] == len(wharves[0])
    assert _apart_m(real, *wharves) < 0.01
    assert ("X 读作北坐标" in "".join(done.notes)) == north_first


def test_named_eastings_are_never_turned(given_as, wharves) -> None:
    east, north = Transformer.from_crs(4490, 4549, always_xy=True).transform(*wharves)
    given_as(east, north, headers=("东坐标", "北坐标"), crs="EPSG:4549")
    with pytest.raises(InputError, match="outside the area"):
        given_as(north, east, headers=("东坐标", "北坐标"), crs="EPSG:4549")


def test_metres_of_nobody_knows_which_grid_name_those_that_they_may_be(given_as, wharves) -> None:
    east, north = Transformer.from_crs(4490, 4549, always_xy=True).transform(*wharves)
    with pytest.raises(InputError, match=r"metres.*--crs EPSG:4534 to EPSG:4554"):
        given_as(north, east, headers=("X", "Y"))
    with pytest.raises(InputError, match=r"outside the area.*EPSG:4528"):
        given_as(north, east + 40e6, headers=("X", "Y"), crs="EPSG:4549")
    with pytest.raises(InputError, match="'EPSG:1' is not known"):
        given_as(north, east, crs="EPSG:1")


def test_metres_and_degrees_in_one_table(given_as, wharves, real: Workspace) -> None:
    x, y = wharves[0][:20].copy(), wharves[1][:20].copy()
    east, north = Transformer.from_crs(4490, 4549, always_xy=True).transform(x, y)
    x[2], y[2] = east[2], north[2]
    done = given_as(x, y)
    assert [(one.row, one.reason) for one in done.refused] == [(4, "bad_value")]
    assert "metres, while other rows are in degrees" in done.refused[0].detail
    east[7], north[7] = wharves[0][7], wharves[1][7]
    done = given_as(east, north, crs="EPSG:4549")
    assert [(one.row, one.reason) for one in done.refused] == [(9, "bad_value")]
    assert "degrees, while EPSG:4549 is in metres" in done.refused[0].detail
    assert done.counts["added"] == 19


def test_an_older_geographic_crs_is_transformed(given_as, wharves, real: Workspace) -> None:
    x, y = Transformer.from_crs(4326, 4214, always_xy=True).transform(*wharves)
    given_as(x, y, crs="EPSG:4214", coordinates="wgs84")
    assert _apart_m(real, *wharves) < 2.0


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("121.91", 121.91), (" 121.91° ", 121.91), ("东经121.91", 121.91), ("１２１．９１", 121.91),
        ("121°54′36″", 121.91), ("121°54'36\"E", 121.91), ("121度54分36秒", 121.91),
        ("N29°15.0′", 29.25), ("北纬29度15分", 29.25), ("南纬29度15分", -29.25),
        ("29°15′S", -29.25), ("29°", 29.0),
    ],
)  # fmt: skip
def test_degrees_as_people_write_them(text: str, degrees: float) -> None:
    assert angle("lon", text) == pytest.approx(degrees, abs=1e-9)


@pytest.mark.parametrize(
    "text", ["x", "121°75′", "N29°15′S", "nan", "inf", "29 15 0", "1e999", "°"]
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="`lon` was"):
        angle("lon", text)


@given(st.floats(-179.99, 179.99), st.floats(-89.99, 89.99))
def test_degrees_minutes_and_seconds_there_and_back(lon: float, lat: float) -> None:
    def told(value: float, sides: str) -> str:
        whole = round(abs(value) * 3600, 3)
        minutes, seconds = divmod(whole, 60)
        degrees, minutes = divmod(int(minutes), 60)
        return f"{degrees}°{minutes}′{seconds:.3f}″{sides[value < 0]}"

    cells = [{"lon": told(lon, "EW"), "lat": told(lat, "NS")}]
    found = places(cells, headers={"lon": "lon", "lat": "lat"}, where="x")
    assert found.faults == [[]]
    assert abs(found.lon[0] - lon) < 2e-7
    assert abs(found.lat[0] - lat) < 2e-7
