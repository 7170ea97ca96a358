"""The right panel: one thing selected, told in the order a chief needs it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from dashboards import times
from dashboards.desk import Desk, level_of, whole
from dashboards.source import Part
from dashboards.tidecurve import data_uri, tide_svg
from dashboards.tokens import SURFACE
from dashboards.words import half, known, listed

_PILLARS = ("threat", "opportunity", "guardianship_deficit")
_SHOWN = 5


def made_mark(desk: Desk) -> html.Span:
    """Return the mark that goes with everything made up for the example."""
    return html.Span(desk.say("made_one"), className="mark made")


def empty(title: str, mend: str) -> html.Div:
    """Return an empty state: why it is empty, and what to do."""
    return html.Div([html.Strong(title), html.P(mend)], className="empty", role="status")


def explained(desk: Desk, told: dict[str, Any], shift_id: str) -> list[Any]:
    """Return what is known of one segment in one shift."""
    score = told["score"]
    level = level_of(score)
    parts: list[Any] = [
        html.Div(
            [
                html.Button(
                    desk.say("clear"),
                    className="quiet-button back",
                    type="button",
                    **{"data-clear": "1"},
                ),
                html.Button(
                    desk.say("copy_link"),
                    className="quiet-button",
                    type="button",
                    **{"data-copy": desk.say("copied")},
                ),
            ],
            className="panel-tools",
        ),
        html.H2(desk.section_name(told.get("section"))),
        html.P(
            [
                desk.say("chainage", a=_km(told["from_m"]), b=_km(told["to_m"])),
                " · ",
                desk.shift_name(shift_id),
            ],
            className="panel-place",
        ),
        html.P(told[f"sentence_{desk.lang}"], className="sentence"),
        html.Div(
            [
                html.Span(str(whole(score)), className=f"big-score band-{level}"),
                html.Span(
                    [
                        html.Strong(desk.band_name(level)),
                        html.Span(
                            _range(desk, told["lo"], told["hi"]),
                            className="range",
                        ),
                    ],
                    className="score-words",
                ),
                _interval_bar(score, told["lo"], told["hi"], level),
            ],
            className="score-row",
            role="img",
            **{"aria-label": desk.say("score") + " " + desk.say("score_of", score=whole(score))},
        ),
        _pillars(desk, told["pillars"]),
        *_contributions(desk, told),
        html.H3(desk.say("tide")),
        *_tide(desk, told.get("tide")),
        html.H3(desk.say("due")),
        _due(desk, told.get("due") or []),
        html.H3(desk.say("who")),
        _chiefs(desk, told.get("chiefs") or []),
    ]
    if told.get("made"):
        names = [known("what", name, desk.lang) for name in told["made"]]
        unique = list(dict.fromkeys(names))
        parts.append(
            html.P(desk.say("made_long", what=listed(unique, desk.lang)), className="made-note")
        )
    return parts


def overview(
    desk: Desk, *, shift_id: str, top: Sequence[dict[str, Any]], zones: Sequence[dict[str, Any]]
) -> list[Any]:
    """Return what a shift holds before anything is selected: where, how bad, who."""
    rows = [
        html.Li(
            html.Button(
                [
                    html.Span(
                        str(whole(row["score"])), className=f"chip band-{level_of(row['score'])}"
                    ),
                    html.Span(
                        [
                            desk.section_name(row["section_id"]),
                            html.Small(
                                desk.say("chainage", a=_km(row["from_m"]), b=_km(row["to_m"]))
                            ),
                        ],
                        className="row-words",
                    ),
                ],
                type="button",
                className="row-button",
                **{"data-segment": row["segment_id"]},
            )
        )
        for row in top
    ]
    return [
        html.H2(desk.shift_name(shift_id)),
        html.P(desk.say("panel_empty"), className="hint"),
        html.H3(desk.say("top")),
        html.Ol(rows, className="rows") if rows else _no_rows(desk),
        html.Button(
            desk.say("top_all"), type="button", className="quiet-button", **{"data-view": "list"}
        ),
        html.H3(desk.say("zones")),
        _zones(desk, zones),
        *_notes(desk),
    ]


def _no_rows(desk: Desk) -> html.P:
    return html.P(desk.say("list_empty"), className="hint")


def _zones(desk: Desk, zones: Sequence[dict[str, Any]]) -> Part:
    if not zones:
        return html.P(desk.say("zones_none"), className="hint")
    return html.Ol(
        [
            html.Li(
                [
                    html.Button(
                        [
                            html.Span(desk.say("zone", rank=zone["rank"]), className="zone-rank"),
                            html.Span(
                                [
                                    listed(
                                        [desk.section_name(s) for s in zone["section_ids"]],
                                        desk.lang,
                                    ),
                                    html.Small(f"{zone['km']:.1f} km · {zone['reason']}"),
                                ],
                                className="row-words",
                            ),
                        ],
                        type="button",
                        className="row-button",
                        **{"data-bounds": ",".join(f"{x:.5f}" for x in zone["bounds"])},
                    ),
                    *[
                        _call(desk, chief)
                        for chief in (_section_chief(desk, s) for s in zone["section_ids"])
                        if chief
                    ],
                ],
                className="zone",
            )
            for zone in zones
        ],
        className="rows",
    )


def _section_chief(desk: Desk, section_id: str) -> dict[str, Any] | None:
    row = desk.sections.get(section_id)
    if not row or not row.get("chief_name"):
        return None
    return {
        "role": "section_chief",
        "name": row["chief_name"],
        "unit": row.get("chief_unit"),
        "duty_phone": row.get("duty_phone"),
    }


def _notes(desk: Desk) -> list[Any]:
    notes: list[Any] = []
    if desk.meta.simulated:
        notes.append(html.P(desk.say("simulated_long"), className="made-note"))
    if desk.meta.made:
        names = list(dict.fromkeys(known("what", name, desk.lang) for name in desk.meta.made))
        notes.append(
            html.P(desk.say("made_long", what=listed(names, desk.lang)), className="made-note")
        )
    if desk.meta.missing:
        names = list(dict.fromkeys(known("what", name, desk.lang) for name in desk.meta.missing))
        notes.append(
            html.P(desk.say("missing_long", what=listed(names, desk.lang)), className="gap-note")
        )
    return notes


def _range(desk: Desk, lo: float, hi: float) -> str:
    if whole(lo) == whole(hi):
        return desk.say("interval_none")
    return desk.say("interval", lo=whole(lo), hi=whole(hi))


def _interval_bar(score: float, lo: float, hi: float, level: int) -> html.Span:
    return html.Span(
        [
            html.Span(className="iv-range", style={"left": f"{lo}%", "width": f"{hi - lo}%"}),
            html.Span(className=f"iv-dot band-{level}", style={"left": f"{score}%"}),
        ],
        className="iv",
        **{"aria-hidden": "true"},
    )


def _pillars(desk: Desk, pillars: dict[str, float]) -> html.Div:
    rows = []
    for name in _PILLARS:
        share = 100 * pillars[name]
        rows.append(
            html.Div(
                [
                    html.Span(desk.say(f"pillar_{name}"), className="bar-name"),
                    html.Span(
                        html.Span(style={"width": f"{share:.0f}%"}, className=f"fill {name}"),
                        className="bar",
                    ),
                    html.Span(f"{share:.0f}", className="bar-value"),
                ],
                className="bar-row",
            )
        )
    return html.Div(rows, className="pillars", role="group", **{"aria-label": desk.say("pillars")})


def _contributions(desk: Desk, told: dict[str, Any]) -> list[Any]:
    parts = sorted(told["contributions"], key=lambda part: -abs(part["points"]))
    largest = max((abs(part["points"]) for part in parts), default=1.0) or 1.0
    rows = [_contribution(desk, part, largest) for part in parts]
    rest = [
        *rows[_SHOWN:],
        html.Div(
            [
                html.Span(desk.say("why_base"), className="why-name"),
                html.Span(f"{told['base']:+.1f}", className="bar-value"),
            ],
            className="why-row",
        ),
        html.P(desk.say("why_sum"), className="hint"),
    ]
    lacking = [part[f"label_{desk.lang}"] for part in parts if part["missing"]]
    folded = html.Details(
        [html.Summary(desk.say("why_rest", n=len(rows[_SHOWN:]))), *rest], className="fold"
    )
    gaps = (
        [html.P(desk.say("missing_here", what=listed(lacking, desk.lang)), className="gap-note")]
        if lacking
        else []
    )
    return [
        html.H3([desk.say("why"), html.Small(desk.say("why_points"))]),
        html.Div(rows[:_SHOWN], className="whys"),
        folded,
        *gaps,
    ]


def _contribution(desk: Desk, part: dict[str, Any], largest: float) -> html.Div:
    unit = part.get("unit_zh") if desk.lang == "zh" else None
    known_fact = _value(part["raw"], unit or part.get("unit"))
    fact = desk.say("why_prior") if part["missing"] else known_fact
    width = 100 * abs(part["points"]) / largest
    return html.Div(
        [
            html.Span(
                [part[f"label_{desk.lang}"], html.Small(fact, className="fact")],
                className="why-name",
            ),
            html.Span(
                html.Span(style={"width": f"{width:.0f}%"}, className=f"fill {part['pillar']}"),
                className="bar thin",
            ),
            html.Span(f"{part['points']:+.1f}", className="bar-value"),
        ],
        className="why-row" + (" lacking" if part["missing"] else ""),
    )


def _value(raw: float | None, unit: str | None) -> str:
    if raw is None:
        return ""
    number = f"{raw:.0f}" if abs(raw) >= 10 else f"{raw:.1f}"
    return f"{number} {unit or ''}".strip()


def _tide(desk: Desk, tide: dict[str, Any] | None) -> list[Any]:
    if not tide:
        return [html.P(desk.say("tide_none"), className="hint")]
    moments = [datetime.fromisoformat(text) for text in tide["times"]]
    windows = [
        (datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in tide["windows"] or []
    ]
    threshold = tide.get("threshold_m")
    svg = tide_svg(
        moments,
        tide["height_m"],
        tz=desk.tz,
        colours=SURFACE[desk.theme],  # type: ignore[index]
        windows=windows,
        threshold_m=threshold,
    )
    if windows:
        spans = [times.span(a, b, desk.tz) for a, b in windows]
        words = desk.say("tide_landable", windows=listed(spans, desk.lang))
    else:
        words = desk.say("tide_unknown" if threshold is None else "tide_not_landable")
    heights = tide["height_m"]
    alt = desk.say(
        "tide_alt",
        span=times.span(moments[0], moments[-1], desk.tz),
        lo=f"{min(heights):.1f}",
        hi=f"{max(heights):.1f}",
        windows=words,
    )
    facts = [html.Strong(words)]
    if threshold is not None:
        facts.append(html.Span(desk.say("tide_threshold", h=f"{threshold:.1f}")))
    small = desk.say("tide_station", station=tide["station"], datum=tide["datum"])
    note = half(tide.get("note"), desk.lang)
    return [
        html.P(facts, className="tide-words"),
        html.Img(src=data_uri(svg), alt=alt, className="tide-curve"),
        html.P([small, *([" · ", note] if note else [])], className="small"),
    ]


def _due(desk: Desk, items: Sequence[dict[str, Any]]) -> Part:
    if not items:
        return html.P(desk.say("due_none"), className="hint")
    return html.Ul([html.Li(item[f"text_{desk.lang}"]) for item in items], className="due")


def _chiefs(desk: Desk, chiefs: Sequence[dict[str, Any]]) -> Part:
    if not chiefs:
        return html.P(desk.say("who_none"), className="hint")
    return html.Div([_call(desk, chief) for chief in chiefs], className="chiefs")


def _call(desk: Desk, chief: dict[str, Any]) -> html.Div:
    words = html.Span(
        [
            html.Strong(half(chief["name"], desk.lang)),
            html.Small(
                " · ".join(
                    part
                    for part in (
                        known("role", chief["role"], desk.lang),
                        half(chief.get("unit"), desk.lang),
                    )
                    if part
                )
            ),
        ],
        className="row-words",
    )
    phone = chief.get("duty_phone")
    if not phone:
        return html.Div([words], className="chief")
    return html.Div(
        [
            words,
            html.A(
                phone,
                href="tel:" + "".join(c for c in phone if c.isdigit() or c == "+"),
                className="call",
                **{
                    "aria-label": desk.say("call", name=half(chief["name"], desk.lang), phone=phone)
                },
            ),
        ],
        className="chief",
    )


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f}"
