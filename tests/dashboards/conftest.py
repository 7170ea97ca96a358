"""The application over the double, served on a free port of loopback."""

import asyncio
import importlib.util
import os
import shutil
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import httpx
import pytest
import shapely
import uvicorn

from dashboards.app import create
from dashboards.workspace_source import WorkspaceSource
from tests.dashboards.walk import until
from workspace import folder, runs, users
from workspace.importers import import_file

_HERE = Path(__file__).parent
PASSWORD = "tide-and-time-1"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
_CHROMIUM = Path("/usr/bin/chromium")
_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Names are placed 60 ms after the last move.
_LIES_STILL = """() => {
    const was = window.lay;
    const parts = [...document.querySelectorAll(".leaflet-pane, .label, .panel")];
    window.lay = JSON.stringify(parts.map(el => el.getBoundingClientRect()));
    return window.lay === was;
}"""
_PATIENCE_MS = 30_000


def _double():
    _load("newer")
    _load("feeds")
    _load("happened")
    _load("learnt")
    return _load("double")


def _load(file):
    name = f"shoregrid_tests_{file}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _HERE / f"{file}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def in_thread():
    """Return what runs a coroutine beside the loop that the browser tests leave running."""

    def run(coroutine):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, coroutine).result()

    return run


@pytest.fixture
def source():
    """Return a fresh double of a workspace."""
    return _double().Double()


@pytest.fixture(scope="session")
def app():
    """Return the application over a double of its own."""
    return create(_double().Double())


@contextmanager
def served(app):
    """Serve an application on a free port of loopback; yield its address."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started and time.monotonic() < until:
        thread.join(0.02)
    assert server.started
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def address(app):
    """Serve the application and return its address."""
    with served(app) as at:
        yield at


@pytest.fixture
def anonymous(address):
    """Return a client that has not signed in."""
    with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def client(anonymous):
    """Return a client signed in as the chief of section S02."""
    answer = anonymous.post("/login", data={"name": "chief", "password": "right-horse"})
    assert answer.status_code == 303
    return anonymous


@pytest.fixture(scope="session")
def chromium():
    """Return a headless Chromium; skip where there is none, fail in CI."""
    if not _CHROMIUM.exists():
        message = f"no {_CHROMIUM}: the browser tests are left out; apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import expect, sync_playwright

    # A busy machine is no fault of the page: expectations wait as long as clicks do.
    expect.set_options(timeout=_PATIENCE_MS)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(_CHROMIUM), args=_ARGS)
        yield browser
        browser.close()


class Watched:
    """A page that remembers whatever went wrong on it."""

    def __init__(self, chromium, address, viewport):
        self.address = address
        self.context = chromium.new_context(viewport=viewport, locale="zh-CN")
        self.page = self.context.new_page()
        self.faults = []
        self.outside = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def _heard(self, message):
        if message.type in {"error", "warning"}:
            self.faults.append(message.text)

    def _asked(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.outside.append(request.url)

    def _answered(self, response):
        if response.status >= 500:
            self.faults.append(f"{response.status} {response.url}")

    def sign_in(self, name="chief", query="", password="right-horse"):
        self.page.goto(f"{self.address}/{query}")
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.click("button[type=submit]")
        self.page.wait_for_selector("html[data-map=ready]")
        return self.page

    def idle(self):
        self.page.wait_for_load_state("networkidle")

    def still(self):
        """Wait until all is loaded and the map and its names lie where they lay before."""
        self.idle()
        self.page.evaluate("window.lay = null")
        until(self.page, _LIES_STILL, every_ms=250)

    def close(self):
        self.context.close()
        assert self.outside == []
        assert self.faults == []


@pytest.fixture
def desk(chromium, address):
    watched = Watched(chromium, address, DESK)
    yield watched
    watched.close()


@pytest.fixture
def phone(chromium, address):
    watched = Watched(chromium, address, PHONE)
    yield watched
    watched.close()


@pytest.fixture(scope="session")
def divided(tmp_path_factory):
    """Build a workspace of a small coast in three sections, scored, with accounts."""
    root = tmp_path_factory.mktemp("divided") / "ws"
    with closing(folder.init(root, {"timezone": "Asia/Shanghai", "county_zh": "样县"})) as ws:
        land = shapely.Polygon(
            [
                (121.4, 29.1), (121.9, 29.1), (121.9, 29.2), (121.92, 29.3), (121.8, 29.31),
                (121.7, 29.24), (121.6, 29.31), (121.4, 29.3),
            ]
        )  # fmt: skip
        isle = shapely.box(121.97, 29.2, 121.99, 29.22)
        path = root.parent / "coast.gpkg"
        gpd.GeoDataFrame(geometry=[land, isle], crs=4326).to_file(path)
        import_file(ws, "coast", path)
        table = root.parent / "sections.csv"
        table.write_text(
            "编号,名称,英文名,经度,纬度\nSA,甲段,A,121.615,29.31\nSB,乙段,B,121.91,29.25\n"
            "SC,丙段,C,121.6,29.1\n",
            encoding="utf-8",
        )
        import_file(ws, "sections", table)
        runs.score(ws, datetime.now(UTC).date(), days=3)
        roles = {"planner": "planner", "other": "planner", "boss": "supervisor"}
        roles |= {"analyst": "analyst", "chief": "section_chief"}
        for name, role in roles.items():
            scope = {"section": ["SA"]} if name == "chief" else {}
            users.add(ws, name, PASSWORD, role=role, scope=scope)
    return root


@pytest.fixture
def planners(chromium, divided, tmp_path):
    """Return what opens a browser over a copy of the divided shore, signed in as somebody."""
    shutil.copytree(divided, tmp_path / "ws")
    with served(create(WorkspaceSource(tmp_path / "ws"))) as at:
        opened = []

        def enter(name, query="?page=boundaries", viewport=DESK):
            watched = Watched(chromium, at, viewport)
            opened.append(watched)
            watched.sign_in(name, query, password=PASSWORD)
            return watched.page

        yield enter
        for watched in opened:
            watched.close()
