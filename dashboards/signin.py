"""The sign-in page: plain HTML with its own style, so that it needs nothing behind the guard."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from dashboards import tokens
from dashboards.guard import COOKIE, session_token
from dashboards.source import Source
from dashboards.words import Lang, language, t

_CSS = tokens.css() + (Path(__file__).parent / "public" / "login.css").read_text("utf-8")

_FAULTS = {"wrong": "sign_in_wrong", "locked": "sign_in_locked", "empty": "sign_in_empty"}


def add_routes(server: FastAPI, source: Source) -> None:
    """Add the sign-in page, its style and the way out."""

    @server.get("/login", include_in_schema=False)
    def login_page(request: Request, next: str = "/", lang: str | None = None) -> Response:  # noqa: A002
        if request.state.person is not None:
            return RedirectResponse(_inside(next), 303)
        chosen = _lang(request, lang)
        return HTMLResponse(page(source, chosen, onward=_inside(next)))

    @server.get("/login.css", include_in_schema=False)
    def login_css() -> Response:
        return PlainTextResponse(
            _CSS, media_type="text/css", headers={"cache-control": "public, max-age=600"}
        )

    @server.post("/login", include_in_schema=False)
    def login(
        request: Request,
        name: Annotated[str, Form(max_length=200)] = "",
        password: Annotated[str, Form(max_length=1000)] = "",
        next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
        lang: Annotated[str, Form(max_length=2)] = "",
    ) -> Response:
        chosen = _lang(request, lang)
        onward = _inside(next)
        answer = source.sign_in(name.strip(), password) if name and password else "empty"
        if isinstance(answer, str):
            text = page(source, chosen, onward=onward, fault=answer, name=name)
            return HTMLResponse(text, 429 if answer == "locked" else 401)
        token, _ = answer
        response = RedirectResponse(onward, 303)
        response.set_cookie(
            COOKIE,
            token,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
            path="/",
        )
        response.set_cookie("shoregrid_lang", chosen, max_age=31_536_000, samesite="lax", path="/")
        return response

    @server.post("/logout", include_in_schema=False)
    def logout(request: Request) -> Response:
        token = session_token(request.scope)
        if token:
            source.sign_out(token)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, path="/")
        return response


def page(source: Source, lang: Lang, *, onward: str, fault: str = "", name: str = "") -> str:
    """Return the sign-in page; it names the county and says what is simulated."""
    meta = source.meta()
    county = meta.county_zh if lang == "zh" else meta.county_en
    other = "en" if lang == "zh" else "zh"
    switch = f"/login?lang={other}&amp;next={quote(onward, safe='')}"
    wrong = ""
    if fault:
        text = html.escape(t(_FAULTS.get(fault, "sign_in_wrong"), lang))
        wrong = f'<p class="wrong" role="alert" id="fault">{text}</p>'
    marks = f'<p class="marks">{t("simulated_long", lang)}</p>' if meta.simulated else ""
    title = html.escape(t("app_title", lang, county=county))
    described = ' aria-describedby="fault" aria-invalid="true"' if fault else ""
    return f"""<!doctype html>
<html lang="{"zh-CN" if lang == "zh" else "en"}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{t("sign_in", lang)} · {title}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/login.css"></head>
<body><div class="sea"></div><main>
<header><h1>{title}</h1><a class="lang" lang="{other}" href="{switch}">{t("lang_other", lang)}</a>
</header>
<div class="bands" aria-hidden="true"><i class="b1"></i><i class="b2"></i><i class="b3"></i>\
<i class="b4"></i><i class="b5"></i></div>
<p>{t("sign_in_lead", lang)}</p>
<form method="post" action="/login">{wrong}
<input type="hidden" name="next" value="{html.escape(onward)}">
<input type="hidden" name="lang" value="{lang}">
<label for="name">{t("user_name", lang)}</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" required autofocus
 value="{html.escape(name)}"{described}>
<label for="password">{t("password", lang)}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required
{described}>
<button type="submit">{t("sign_in", lang)}</button></form>
<p class="how">{t("sign_in_how", lang)}</p>{marks}</main></body></html>"""


def _inside(onward: str) -> str:
    """Return a path of ours to go on to, never another site's address."""
    unsafe = any(ord(letter) <= ord(" ") or letter == "\\" for letter in onward)
    if unsafe or not onward.startswith("/") or onward.startswith(("//", "/login", "/logout")):
        return "/"
    return onward


def _lang(request: Request, wish: str | None) -> Lang:
    return language(wish or request.cookies.get("shoregrid_lang"))
