"""Nothing answers without a session, and nothing changes at another site's word."""

import re

import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from dashboards.app import create
from dashboards.guard import COOKIE, OPEN_PATHS

FILLED = {
    "package_name": "dash_leaflet",
    "fingerprinted_path:path": "dash_leaflet.js",
    "path:path": "nowhere",
    "rest:path": "nowhere",
    "segment_id": "seg0001",
    "day": "2026-11-23",
    "name": "wharves",
}


def flat(routes):
    """Return every (method, path) that the application knows, mounts and sockets included."""
    for route in routes:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/page.css"
        elif isinstance(route, WebSocketRoute) or not hasattr(route, "methods"):
            continue
        elif isinstance(route, Route) or hasattr(route, "path"):
            path = re.sub(r"\{([^}]+)\}", lambda m: FILLED.get(m[1], "x"), route.path)
            for method in sorted(route.methods or {"GET"}):
                yield method, path


def test_every_route_denies_an_anonymous_caller(app, anonymous):
    known = list(flat(app.app.routes))
    paths = {path for _, path in known}
    assert {"/", "/_dash-layout", "/_dash-dependencies", "/_dash-update-component"} <= paths
    assert {"/api/segments", "/openapi.json", "/assets/page.css"} <= paths
    assert len(known) > 20
    for method, path in known:
        if path in OPEN_PATHS:
            continue
        answer = anonymous.request(method, path)
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert "Sign in" in answer.text or method == "HEAD"


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/assets/../app.py", "//", "/login/"])
def test_what_does_not_exist_denies_too(anonymous, path):
    assert anonymous.get(path).status_code == 401


def test_a_page_asked_for_leads_to_the_sign_in_and_back(anonymous):
    answer = anonymous.get("/?shift=2026-11-23T22:00", headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2F%3Fshift%3D2026-11-23T22%3A00"
    page = anonymous.get(answer.headers["location"])
    assert 'value="/?shift=2026-11-23T22:00"' in page.text


def test_the_sign_in_page_needs_nothing_else(anonymous):
    page = anonymous.get("/login")
    asked = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
    assert {path.partition("?")[0] for path in asked} <= OPEN_PATHS
    assert anonymous.get("/login.css").status_code == 200


def test_a_forged_or_ended_session_opens_nothing(client):
    token = client.cookies[COOKIE]
    assert client.get("/api/shifts").status_code == 200
    assert client.post("/logout").status_code == 303
    client.cookies.set(COOKIE, token)
    assert client.get("/api/shifts").status_code == 401
    client.cookies.set(COOKIE, "x" * 43)
    assert client.get("/api/shifts").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(anonymous):
    answer = anonymous.post("/login", data={"name": "chief", "password": "right-horse"})
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_change_from_elsewhere_is_refused(client, headers):
    for path in ("/_dash-update-component", "/api/scores/2026-11-23", "/logout", "/login"):
        answer = client.post(path, headers=headers, json={})
        assert answer.status_code == 403, path
    assert client.get("/api/shifts").status_code == 200


def test_a_change_from_our_own_page_is_taken(client, address):
    headers = {"origin": address, "sec-fetch-site": "same-origin"}
    assert client.post("/api/scores/2026-11-23", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", [None, b"http://testserver", b"http://evil.example"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_the_socket_denies_too(app, client, in_thread, signed_in, origin):
    headers = [(b"host", b"testserver")]
    if signed_in:
        headers.append((b"cookie", f"{COOKIE}={client.cookies[COOKIE]}".encode()))
    if origin:
        headers.append((b"origin", origin))
    scope = {
        "type": "websocket",
        "path": "/_dash-ws-callback",
        "raw_path": b"/_dash-ws-callback",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "subprotocols": [],
        "scheme": "ws",
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
    }
    sent = []
    incoming = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1000}])

    async def receive():
        return next(incoming)

    async def send(message):
        sent.append(message["type"])

    in_thread(app(scope, receive, send))
    opened = signed_in and origin == b"http://testserver"
    assert sent[0] == ("websocket.accept" if opened else "websocket.close")


def test_every_answer_carries_the_policy(client):
    for path in ("/", "/login", "/api/segments", "/api/nowhere"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/logout"]
)
def test_the_sign_in_leads_nowhere_else(anonymous, onward):
    answer = anonymous.post(
        "/login", data={"name": "chief", "password": "right-horse", "next": onward}
    )
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("name", "password", "status", "words"),
    [
        ("chief", "wrong", 401, "账号或密码不对"),
        ("nobody", "right-horse", 401, "账号或密码不对"),
        ("locked", "x", 429, "暂时锁定"),
        ("", "", 401, "请填写"),
        ('"><script>alert(1)</script>', "x", 401, "&lt;script&gt;"),
    ],
)
def test_a_wrong_sign_in_says_what_to_do(anonymous, name, password, status, words):
    data = {"name": name, "password": password, "lang": "zh"}
    answer = anonymous.post("/login", data=data)
    assert answer.status_code == status
    assert words in answer.text
    assert "<script>" not in answer.text
    assert COOKIE not in answer.headers.get("set-cookie", "")


def test_the_workspace_must_be_named(monkeypatch):
    monkeypatch.delenv("SHOREGRID_WORKSPACE", raising=False)
    with pytest.raises(RuntimeError, match="SHOREGRID_WORKSPACE is not set"):
        create()
