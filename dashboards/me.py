"""The side of the page that is about the reader: account, display, sources, keys."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboards import times
from dashboards.desk import Desk
from dashboards.words import known, listed


def freshness(desk: Desk) -> html.Span:
    """Return how old the newest position is."""
    newest = desk.meta.newest_position
    if newest is None:
        return html.Span(["● ", desk.say("freshness_none")], className="fresh stale")
    unit, n = times.ago(newest, desk.now)
    old = unit != "minutes" or n > 15
    words = desk.say("freshness", n=n, unit=desk.say(f"unit_{unit}"))
    return html.Span(
        [
            html.Span("●", className="dot", **{"aria-hidden": "true"}),
            html.Span(words, className="fresh-long"),
            html.Span(f"{n} {desk.say(f'unit_{unit}')}", className="fresh-short"),
        ],
        className="fresh" + (" stale" if old else ""),
        title=f"{newest:%Y-%m-%d %H:%M} UTC",
    )


def about_me(desk: Desk) -> list[Any]:
    """Return who has signed in, how the page looks to them, and where its data is from."""
    person = desk.person
    rows: list[Any] = [
        html.P(html.Strong(person.name), className="me-name"),
        html.P(desk.say("me_role", role=known("role", person.role, desk.lang))),
    ]
    own = desk.sections.get(person.section or "")
    if own:
        rows += [
            html.H3(desk.say("me_section")),
            html.P(desk.named(own)),
            html.P(desk.say("me_km", km=f"{own['km']:.0f}", n=own["n_segments"]), className="hint"),
        ]
    rows += [
        html.P(html.A(desk.say("patrol_sheet"), href="/patrols", className="plain")),
        html.H3(desk.say("display")),
        html.Div(
            [
                html.Button(
                    desk.say("lang_other"),
                    type="button",
                    className="plain",
                    **{"data-lang": "en" if desk.lang == "zh" else "zh"},
                ),
                html.Button(
                    desk.say("theme_dark" if desk.theme == "light" else "theme_light"),
                    type="button",
                    className="plain",
                    **{"data-theme-switch": "1"},
                ),
                html.Button(
                    desk.say("keys"),
                    type="button",
                    className="plain keys-button",
                    **{"data-keys": "1"},
                ),
            ],
            className="plain-row",
        ),
        html.H3(desk.say("about")),
        html.P(freshness(desk)),
    ]
    if desk.meta.simulated:
        rows.append(html.P(desk.say("simulated_long"), className="made-note"))
    if desk.meta.made:
        names = list(dict.fromkeys(known("what", name, desk.lang) for name in desk.meta.made))
        rows.append(
            html.P(desk.say("made_long", what=listed(names, desk.lang)), className="made-note")
        )
    rows += [
        html.H3(desk.say("attribution")),
        html.Ul([html.Li(line) for line in desk.meta.attributions], className="small"),
        html.Form(
            html.Button(desk.say("sign_out"), type="submit", className="plain"),
            action="/logout",
            method="POST",
        ),
    ]
    return rows


def keys(desk: Desk) -> html.Dialog:
    """Return the keys and what they do."""
    rows = (
        ("← →", "key_arrows"),
        ("Esc", "key_esc"),
        ("/", "key_search"),
        ("L", "key_list"),
        ("?", "key_help"),
    )
    return html.Dialog(
        [
            html.H2(desk.say("keys")),
            html.Dl(
                [
                    part
                    for key, word in rows
                    for part in (html.Dt(html.Kbd(key)), html.Dd(desk.say(word)))
                ]
            ),
            html.Form(html.Button(desk.say("close"), className="plain"), method="dialog"),
        ],
        id="keys",
        **{"aria-label": desk.say("keys")},
    )
