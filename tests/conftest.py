"""What every test may ask for: the shared data, and the size of the run."""

import copy
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from argon2 import PasswordHasher
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from workspace import users
from workspace.demo import build_demo

settings.register_profile("small", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("full", derandomize=True, deadline=None, max_examples=500)

EXAMPLE_NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
# What takes longest comes first, so that no worker is left alone with it at the end.
_LONGEST = (
    "tests/test_notebooks.py",
    "tests/workspace/test_demo.py",
    "tests/workspace/test_kattegat.py",
    "tests/dashboards/test_browser.py",
    "tests/ais/test_matching.py",
    "tests/workspace/test_detect_split.py",
    "tests/dashboards/test_data_browser.py",
    "tests/dashboards/test_changes_browser.py",
    "tests/ais/test_whole.py",
    "tests/ais/test_reach.py",
    "tests/workspace/test_archive_kill.py",
    "tests/bench/test_scale.py",
    "tests/ais/test_anomalies.py",
    "tests/workspace/test_archive_commit.py",
    "tests/geo/test_rivers.py",
    "tests/ais/test_truth.py",
    "tests/workspace/test_landing.py",
)
# These work on one and the same example, so they share a worker, which builds it once.
_OF_THE_EXAMPLE = (
    "tests/workspace/test_demo.py",
    "[2_tracks_and_scores]",
    "[6_what_vessels_do]",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the sizes that the issues state")


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("full" if config.getoption("--full") else "small")


def _place(item: pytest.Item) -> int:
    file = item.nodeid.split("::", maxsplit=1)[0]
    return _LONGEST.index(file) if file in _LONGEST else len(_LONGEST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


class _Scheduling(LoadScopeScheduling):
    """Give a worker a module at a time, but a tutorial at a time."""

    def _split_scope(self, nodeid: str) -> str:
        if any(part in nodeid for part in _OF_THE_EXAMPLE):
            return "example"
        return nodeid if "test_notebooks.py" in nodeid else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return _Scheduling(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Return whether the stated sizes are asked for (``make test-full``)."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real data beside the checkout; skip without it, fail in CI."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SHOREGRID_SHARED", beside))
    if not folder.is_dir():
        message = f"the shared data is not at {folder}; set SHOREGRID_SHARED to its folder"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return folder


@pytest.fixture(scope="session", autouse=True)
def shipped_hasher() -> Iterator[PasswordHasher]:
    """Hash passwords with little work in tests; return what the product hashes with."""
    with pytest.MonkeyPatch.context() as patch:
        shipped = users._hasher
        patch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield shipped


class Example(NamedTuple):
    """The shipped example at the size of this run, to be copied and not to be touched."""

    root: Path
    built: dict[str, Any]
    size: dict[str, Any]

    def copy(self, to: Path) -> dict[str, Any]:
        """Copy it into a new folder, and return what building it returned."""
        shutil.copytree(self.root, to)
        return copy.deepcopy(self.built)

    def build(self, root: Path, **said: Any) -> dict[str, Any]:
        """Build the example as ``build_demo`` does: a copy of this one, if it is of its size."""
        size = {name: value for name, value in said.items() if name != "workers"}
        return self.copy(root) if size == self.size else build_demo(root, **said)


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory, full: bool) -> Example:
    """Return the shipped example, built once for all who work on it."""
    size = {"now": EXAMPLE_NOW, **({} if full else {"days": 2, "vessels": 60})}
    root = tmp_path_factory.mktemp("example") / "example"
    return Example(root, build_demo(root, **size), size)
