"""Coasts that the tests of this room share."""

from pathlib import Path

import geopandas as gpd
import pytest

from geo.io import read_layer
from geo.shoreline import repair_land

DATA = Path(__file__).resolve().parents[2] / "data"


@pytest.fixture(scope="session")
def land() -> gpd.GeoDataFrame:
    """Return the shipped coast's land, repaired."""
    table, _ = repair_land(read_layer(DATA / "land_osm.gpkg"), name="land_osm.gpkg")
    return table
