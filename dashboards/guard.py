"""One door in front of everything: deny by default, and refuse what another site sends."""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from threading import Lock
from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.source import Person, Source
from dashboards.words import t

COOKIE = "shoregrid_session"

#: The only paths that answer without a session.
OPEN_PATHS = frozenset({"/login", "/login.css"})

#: Where programs may sign in with each request, by HTTP Basic (RFC 7617). They are never asked to:
#: a browser that was would send the password along with what other sites make it ask for.
BASIC_PATHS = ("/api/", "/ogc")

_MOST_TOKENS = 200

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_person: ContextVar[Person | None] = ContextVar("shoregrid_person", default=None)


def current_person() -> Person:
    """Return whoever sent the request being answered."""
    person = _person.get()
    if person is None:
        raise PermissionError("no one is signed in on this request")
    return person


def session_token(scope: Scope) -> str | None:
    """Return the session cookie of a request, if it brought one."""
    raw = _header(scope, b"cookie")
    if raw is None:
        return None
    try:
        morsel = SimpleCookie(raw).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def same_origin(scope: Scope) -> bool:
    """Tell whether a request comes from our own pages.

    Browsers send Origin with every request that changes something, and Sec-Fetch-Site with
    every request; a client that sends neither is no browser and carries no one's cookies.
    """
    site = _header(scope, b"sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = _header(scope, b"origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc == (_header(scope, b"host") or "")


class Guard:
    """Wrap an ASGI application: a session for every route, its own origin for every change."""

    def __init__(self, app: ASGIApp, source: Source, policy: Callable[[], str]) -> None:
        self.app = app
        self._source = source
        self._tokens: OrderedDict[bytes, str] = OrderedDict()
        self._lock = Lock()
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on with the person who sent it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        send = self._with_headers(send)
        if scope["method"] not in _SAFE_METHODS and not same_origin(scope):
            await refusal(403, "cross_origin")(scope, receive, send)
            return
        person = await self._who(scope)
        if person is None and scope["path"] not in OPEN_PATHS:
            await _ask_to_sign_in(scope)(scope, receive, send)
            return
        scope.setdefault("state", {})["person"] = person
        token = _person.set(person)
        try:
            await self.app(scope, receive, send)
        finally:
            _person.reset(token)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin_known = _header(scope, b"origin") is not None and same_origin(scope)
        if await self._who(scope) is None or not origin_known:
            await receive()
            await send({"type": "websocket.close", "code": 4401, "reason": "sign in first"})
            return
        await self.app(scope, receive, send)

    async def _who(self, scope: Scope) -> Person | None:
        # In a thread: a database that is slow for one request must not hold up the others.
        token = session_token(scope)
        if token:
            return await to_thread.run_sync(self._source.person, token)
        given = _header(scope, b"authorization")
        if given and scope["path"].startswith(BASIC_PATHS):
            return await to_thread.run_sync(self._signed_in, given)
        return None

    def _signed_in(self, given: str) -> Person | None:
        """Return who signs in with each request (HTTP Basic), as a GIS does; one session serves."""
        pair = _pair(given)
        if pair is None:
            return None
        key = hashlib.sha256(given.encode()).digest()
        with self._lock:
            token = self._tokens.get(key)
        person = self._source.person(token) if token else None
        if person is not None:
            return person
        answer = self._source.sign_in(*pair)
        if isinstance(answer, str):
            return None
        with self._lock:
            self._tokens[key] = answer[0]
            while len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)
        return answer[1]

    def _with_headers(self, send: Send) -> Send:
        extra = [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=(self)"),
            (b"content-security-policy", self._policy().encode()),
        ]

        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                named = {name.lower() for name, _ in headers}
                headers += [pair for pair in extra if pair[0] not in named]
                if b"cache-control" not in named:
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        return sender


def _pair(given: str) -> tuple[str, str] | None:
    """Return name and password of an Authorization header, None where it is another kind."""
    kind, _, code = given.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(code, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def refusal(status: int, reason: str) -> Response:
    """Return why something is refused, in both languages."""
    words = {"message_zh": t(f"refused_{reason}", "zh"), "message": t(f"refused_{reason}", "en")}
    return JSONResponse({"error": reason, **words}, status)


def _ask_to_sign_in(scope: Scope) -> Response:
    wants_page = scope["method"] == "GET" and "text/html" in (_header(scope, b"accept") or "")
    if not wants_page:
        return refusal(401, "sign_in")
    here = scope["path"]
    if scope.get("query_string"):
        here += "?" + scope["query_string"].decode("latin-1")
    return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)
