"""The application: pages and API in one ASGI app, with the guard around all of it."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dash import Dash, dcc, html
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message

from dashboards import api, boundaryapi, callbacks, ogc, patrols, signin, tokens
from dashboards.guard import Guard, refusal
from dashboards.pages import Pages
from dashboards.seen import DeniedError, Door
from dashboards.source import Person, Source
from dashboards.words import language, t
from geo.errors import InputError
from workspace._chinese import chinese
from workspace.boundaries import ConflictError

# What the browser's own callbacks write to; Dash wants every callback to have an output.
_NOTES = ("address-written", "date-asked", "search-asked", "styling", "styled")

_INDEX = """<!doctype html>
<html lang="zh-CN" data-theme="light"><head>{%metas%}
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<title>{%title%}</title><link rel="icon" href="data:,"><style>__TOKENS__</style>{%css%}</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""


def create(source: Source | None = None) -> Guard:
    """Return the ASGI application for the workspace that SHOREGRID_WORKSPACE names.

    Parameters
    ----------
    source
        What to serve instead of that workspace, such as a test's double.
    """
    if source is None:
        source = _workspace_source()
    server = FastAPI(title="Shoregrid", docs_url=None, redoc_url=None)
    coast, door = api.Coast(), Door(source)
    _add_refusal(server)
    signin.add_routes(server, source)
    patrols.add_routes(server, door)
    api.add_routes(server, door, coast)
    ogc.add_routes(server, door)
    pages = Pages(door, coast.tags)
    dash = _dash(server, pages)
    _add_not_found(server)
    server.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    server.state.source = source
    guard = Guard(server, source, policy=lambda: policy)
    policy = _policy(dash)
    _warm(server, pages)
    return guard


def _dash(server: FastAPI, pages: Pages) -> Dash:
    app = Dash(
        "dashboards",
        server=server,
        title="Shoregrid",
        update_title="",
        assets_folder=str(Path(__file__).parent / "assets"),
        index_string=_INDEX.replace("__TOKENS__", tokens.css()),
        suppress_callback_exceptions=True,
        serve_locally=True,
        add_log_handler=False,
    )
    # No callback goes over a websocket; without this every page would still open one.
    app.backend.websocket_capability = False
    # The first callback fills in what the address asks for.
    app.layout = html.Div(
        [
            dcc.Location(id="address", refresh=False),
            *[dcc.Store(id=name) for name in _NOTES],
            html.Div(html.Div(className="opening"), id="root"),
        ]
    )
    callbacks.register(app, pages)
    return app


def _add_refusal(server: FastAPI) -> None:
    """Answer 403 where rights do not allow what is asked for, 422 and 409 where input does not."""

    @server.exception_handler(DeniedError)
    def denied(request: Request, error: DeniedError) -> Response:  # noqa: ARG001
        return refusal(403, "role")

    @server.exception_handler(InputError)
    def refused(request: Request, error: InputError) -> Response:  # noqa: ARG001
        told = {"message_zh": chinese(error), "message": str(error)}
        if isinstance(error, ConflictError):
            return JSONResponse({"error": "conflict", **told, **boundaryapi.conflict(error)}, 409)
        return JSONResponse({"error": "input", **told}, 422)


def _add_not_found(server: FastAPI) -> None:
    """Answer 404 where nothing is; Dash would answer any path with its index page."""

    @server.get("/{path:path}", include_in_schema=False)
    def not_found(request: Request, path: str) -> Response:  # noqa: ARG001
        lang = language(request.cookies.get("shoregrid_lang"))
        text = (
            f'<!doctype html><meta charset="utf-8"><title>404</title>'
            f'<link rel="stylesheet" href="/login.css"><main><h1>{t("not_found", lang)}</h1>'
            f'<p><a href="/">{t("not_found_mend", lang)}</a></p></main>'
        )
        return HTMLResponse(text, 404)


def _policy(dash: Dash) -> str:
    """Return the content security policy: nothing from elsewhere, inline scripts by hash only."""
    scripts = " ".join(dash.csp_hashes())
    return (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


def _warm(server: FastAPI, pages: Pages) -> None:
    """Answer the first requests at once, before any thread can (plotly/dash #3971)."""
    pages.warm()
    person = Person("warm", "warm", "read_only")
    # In a thread of its own: the server that calls the factory has a loop running already.
    with ThreadPoolExecutor(1) as pool:
        for path in ("/", "/_dash-layout", "/_dash-dependencies"):
            status = pool.submit(asyncio.run, _get(server, path, person)).result()
            if status != 200:
                raise RuntimeError(f"{path} answered {status} while warming up")


async def _get(server: FastAPI, path: str, person: Person) -> int:
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        "state": {"person": person},
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await server(scope, receive, send)
    return statuses[0]


def _workspace_source() -> Source:
    from dashboards.workspace_source import WorkspaceSource

    folder = os.environ.get("SHOREGRID_WORKSPACE")
    if not folder:
        raise RuntimeError(
            "SHOREGRID_WORKSPACE is not set; start the pages with `shoregrid serve WS`"
        )
    return WorkspaceSource(Path(folder))
