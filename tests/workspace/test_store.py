"""Tables in and out, the same on both databases."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
import shapely
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from geo.errors import InputError
from workspace import db, folder, schema, store
from workspace.folder import Workspace

T = datetime(2026, 11, 23, 22, 15, 30, 125_000, tzinfo=UTC)


def test_what_is_written_is_read(ws: Workspace) -> None:
    frame = pl.DataFrame(
        {
            "event_id": ["b", "a"],
            "kind": ["loitering", None],
            "mmsi": pl.Series([412_000_001, 999_999_999], dtype=pl.UInt32),
            "t0": [T, T.astimezone(timezone(timedelta(hours=8))).replace(microsecond=0)],
            "lon": [121.123456789012, np.nan],
            "geometry": [shapely.to_wkb(shapely.LineString([(0, 0), (1, 2)]), byte_order=1), None],
            "evidence": [{"speed": 1.5, "词": "徘徊"}, {"speed": None, "词": '"'}],
            "version": pl.Series([1, 2], dtype=pl.UInt16),
            "made": [True, False],
        },
        schema_overrides={"t0": pl.Datetime("ms", "UTC")},
    )
    assert store.write(ws.engine, "events", frame) == 2
    back = store.read(ws.engine, "events", columns=frame.columns)
    assert back["event_id"].to_list() == ["a", "b"]
    assert back["t0"].to_list() == [T.replace(microsecond=0), T]
    assert back["lon"].to_list() == [None, 121.123456789012]
    assert back["geometry"].to_list() == frame["geometry"].to_list()[::-1]
    assert back["evidence"].str.json_decode(
        pl.Struct({"speed": pl.Float64, "词": pl.String})
    ).to_list() == [{"speed": None, "词": '"'}, {"speed": 1.5, "词": "徘徊"}]
    assert back["made"].to_list() == [False, True]
    assert back["mmsi"].to_list() == [999_999_999, 412_000_001]


def test_a_layer_comes_back_in_the_order_of_the_shore(ws: Workspace) -> None:
    lines = [shapely.LineString([(121, 29 + n), (122, 29 + n)]) for n in range(3)]
    layer = gpd.GeoDataFrame(
        {
            "segment_id": ["z", "a", "m"],
            "fetch_m": [np.arange(2.0)] * 3,
            "exposure": [0.1, None, 1],
        },
        geometry=lines,
        crs=4326,
    )
    store.write(ws.engine, "segments", layer)
    back = store.layer(ws.engine, "segments")
    assert back["segment_id"].tolist() == ["z", "a", "m"]
    assert back.crs == 4326
    assert back.geometry.tolist() == lines
    assert back["fetch_m"].tolist() == ["[0.0,1.0]"] * 3
    assert np.isnan(back["exposure"].iloc[1])


def test_replace_is_whole_or_not_at_all(ws: Workspace) -> None:
    store.write(ws.engine, "berths", pl.DataFrame({"berth_id": ["1"], "lon": [1.0]}))
    twice = pl.DataFrame({"berth_id": ["2", "2"], "lon": [2.0, 3.0]})
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write(ws.engine, "berths", twice, replace=True)
    assert store.read(ws.engine, "berths")["berth_id"].to_list() == ["1"]
    store.write(ws.engine, "berths", twice.head(1), replace=True)
    assert store.read(ws.engine, "berths")["berth_id"].to_list() == ["2"]


def test_upsert_adds_and_updates(ws: Workspace) -> None:
    first = pl.DataFrame({"berth_id": ["1", "2"], "lon": [1.0, 2.0], "lat": [5.0, 6.0]})
    assert store.upsert(ws.engine, "berths", first) == (2, 0)
    second = pl.DataFrame({"berth_id": ["2", "3"], "lon": [9.0, 3.0]})
    assert store.upsert(ws.engine, "berths", second) == (1, 1)
    back = store.read(ws.engine, "berths")
    assert back["lon"].to_list() == [1.0, 9.0, 3.0]
    assert back["lat"].to_list() == [5.0, 6.0, None]


def test_versions_tell_that_a_table_was_written(ws: Workspace) -> None:
    assert store.version(ws.engine, "berths", "zones") == (0, 0)
    store.write(ws.engine, "berths", pl.DataFrame({"berth_id": ["1"]}))
    store.upsert(ws.engine, "berths", pl.DataFrame({"berth_id": ["1"], "lon": [1.0]}))
    assert store.version(ws.engine, "berths", "zones") == (2, 0)


def test_unknown_tables_and_columns_are_named(ws: Workspace) -> None:
    with pytest.raises(KeyError, match=r"wharfs.*wharves"):
        store.read(ws.engine, "wharfs")
    with pytest.raises(KeyError, match=r"no column \['colour'\]"):
        store.write(ws.engine, "berths", pl.DataFrame({"berth_id": ["1"], "colour": ["red"]}))


def test_texts_become_such_as_both_databases_keep(ws: Workspace) -> None:
    rows = pl.DataFrame({"source": ["s"] * 2, "detail": ["a\0b\0", None], "file": ["f\0", "g"]})
    store.write(ws.engine, "quarantine", rows)
    back = store.read(ws.engine, "quarantine", columns=["file", "detail"])
    assert back.rows() == [("f\ufffd", "a\ufffdb\ufffd"), ("g", None)]
    store.upsert(ws.engine, "vessels", pl.DataFrame({"mmsi": [1], "name": ["A\0"]}))
    assert store.read(ws.engine, "vessels")["name"].to_list() == ["A\ufffd"]
    layer = gpd.GeoDataFrame(
        {"settlement_id": [1], "name": pd.Series(["村\ud800\0"], dtype=object)},
        geometry=[shapely.Point(121, 29)],
        crs=4326,
    )
    store.write(ws.engine, "settlements", layer)
    assert store.read(ws.engine, "settlements")["name"].to_list() == ["村\ufffd\ufffd"]


@pytest.mark.postgres
def test_what_the_server_refuses_is_told_as_an_error_of_the_database(
    postgres_url: str, tmp_path: Path
) -> None:
    opened = folder.init(tmp_path / "ws", {"database": postgres_url})
    berth, huge = pl.DataFrame({"berth_id": ["1"]}), pl.DataFrame({"mmsi": [2**40]})
    with pytest.raises(DataError, match="out of range"):
        store.write(opened.engine, "vessels", huge)
    store.write(opened.engine, "berths", berth)
    with pytest.raises(IntegrityError):
        store.write(opened.engine, "berths", berth)
    opened.close()


def test_a_time_without_zone_is_refused(ws: Workspace) -> None:
    row = pl.DataFrame({"run_id": ["r"], "started": [datetime(2026, 1, 1)]})
    with pytest.raises(Exception, match="no zone"):
        store.write(ws.engine, "runs", row)


def test_dates_stay_dates(ws: Workspace) -> None:
    row = pl.DataFrame({"post_id": ["p"], "valid_from": [date(2026, 2, 28)]})
    store.write(ws.engine, "posts", row)
    assert store.read(ws.engine, "posts")["valid_from"].to_list() == [date(2026, 2, 28)]


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_the_migrations_make_just_the_tables_of_the_models(ws: Workspace) -> None:
    with ws.engine.connect() as connection:
        assert schema.current(connection) == schema.HEAD
        found = compare_metadata(MigrationContext.configure(connection), db.metadata)
    # PostGIS's own table, and its indexes, which SQLite has no like of.
    names = [getattr(difference[1], "name", "") or "" for difference in found]
    assert [n for n in names if n != "spatial_ref_sys" and not n.endswith("_geometry")] == []


def test_a_database_from_the_future_is_left_alone(ws: Workspace) -> None:
    with ws.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="9999"):
        folder.open_workspace(ws.root)


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        folder.init(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(InputError, match="not a workspace"):
        folder.open_workspace(tmp_path)


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://nobody@/none?host={tmp_path}"
    with pytest.raises(InputError, match="does not answer"):
        folder.init(tmp_path / "ws", {"database": url})
