"""The simulation whose truth is looked at, made once for all its tests."""

import pytest
import shapely
from shapely import STRtree

from ais.simulate import Simulation
from tests.ais._truth import simulated


@pytest.fixture(scope="session")
def sim(full: bool) -> Simulation:
    return simulated(full=full)


@pytest.fixture(scope="session")
def coast(sim: Simulation) -> STRtree:
    return STRtree(shapely.get_rings(sim.noiseless.sea.polygons))
