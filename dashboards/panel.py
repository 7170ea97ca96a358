"""The right panel: one thing selected, told in the order a chief needs it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html

from dashboards import forecast, places, times
from dashboards.chiefs import people
from dashboards.desk import Desk, level_of, whole
from dashboards.parts import panel_tools
from dashboards.source import Part
from dashboards.tidecurve import data_uri, tide_svg
from dashboards.tokens import SURFACE
from dashboards.words import half, known, listed

_PILLARS = ("threat", "opportunity", "guardianship_deficit")
_SHOWN = 5

#: The indicator that rests on the landing threshold.
_LANDABLE = "landable"


def explained(desk: Desk, told: dict[str, Any], shift_id: str) -> list[Any]:
    """Return what is known of one segment in one shift."""
    score = told["score"]
    level = level_of(score)
    parts: list[Any] = [
        panel_tools(desk),
        html.H2(places.title(desk, told, told.get("section"))),
        html.P(
            " · ".join(
                part for part in (places.detail(desk, told), desk.shift_name(shift_id)) if part
            ),
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
        *forecast.told(
            desk,
            told["segment_id"],
            {_LANDABLE: _basis(desk, "estimate")} if _guessed(told) else {},
        ),
        html.H3(desk.say("tide")),
        *tide(desk, told.get("tide")),
        html.H3(desk.say("due")),
        _due(desk, told.get("due") or []),
        html.H3(desk.say("who")),
        people(desk, told.get("chiefs") or []),
    ]
    if told.get("made"):
        names = [known("what", name, desk.lang) for name in told["made"]]
        unique = list(dict.fromkeys(names))
        parts.append(
            html.P(desk.say("made_long", what=listed(unique, desk.lang)), className="made-note")
        )
    return parts


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


def _guessed(told: dict[str, Any]) -> bool:
    """Return whether its landing windows are an estimate."""
    return (told.get("tide") or {}).get("basis") == "estimate"


def _contributions(desk: Desk, told: dict[str, Any]) -> list[Any]:
    parts = sorted(told["contributions"], key=lambda part: -abs(part["points"]))
    largest = max((abs(part["points"]) for part in parts), default=1.0) or 1.0
    guessed = _guessed(told)
    rows = [
        _contribution(desk, part, largest, guessed=guessed and part["id"] == _LANDABLE)
        for part in parts
    ]
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


def _contribution(desk: Desk, part: dict[str, Any], largest: float, *, guessed: bool) -> html.Div:
    unit = part.get("unit_zh") if desk.lang == "zh" else None
    known_fact = _value(part["raw"], unit or part.get("unit"))
    fact = desk.say("why_prior") if part["missing"] else known_fact
    width = 100 * abs(part["points"]) / largest
    return html.Div(
        [
            html.Span(
                [
                    part[f"label_{desk.lang}"],
                    *(_basis(desk, "estimate") if guessed else []),
                    html.Small(fact, className="fact"),
                ],
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


def tide(desk: Desk, tide: dict[str, Any] | None) -> list[Any]:
    """Return the tide of a shift at a place: when it can be landed on, the curve, whose tide."""
    if not tide:
        return [html.P(desk.say("tide_none"), className="hint")]
    moments = [datetime.fromisoformat(text) for text in tide["times"]]
    windows = [
        (datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in tide["windows"] or []
    ]
    threshold, error_m = tide.get("threshold_m"), tide.get("error_m")
    guessed = tide.get("basis") == "estimate"
    heights = tide["height_m"]
    svg = tide_svg(
        moments,
        heights,
        tz=desk.tz,
        colours=SURFACE[desk.theme],  # type: ignore[index]
        windows=windows,
        threshold_m=threshold,
        error_m=error_m,
        mark=desk.say("estimated") if guessed else "",
    )
    words = _landing(desk, windows, threshold)
    alt = desk.say(
        "tide_alt",
        span=times.span(moments[0], moments[-1], desk.tz),
        lo=f"{min(heights):.1f}",
        hi=f"{max(heights):.1f}",
        windows=listed([words, desk.say("estimated")], desk.lang) if guessed else words,
    )
    marks = _basis(desk, tide.get("basis"))
    facts: list[Part] = [html.Span([html.Strong(words), *marks])]
    if threshold is not None:
        facts.append(html.Span([desk.say("tide_threshold", h=f"{threshold:.1f}"), *marks]))
    return [
        html.P(facts, className="tide-words"),
        html.Img(src=data_uri(svg), alt=alt, className="tide-curve"),
        *([html.P(desk.say("estimated_long"), className="gap-note")] if guessed else []),
        *_tide_notes(desk, tide),
    ]


def _landing(
    desk: Desk, windows: Sequence[tuple[datetime, datetime]], threshold: float | None
) -> str:
    if windows:
        spans = [times.span(a, b, desk.tz) for a, b in windows]
        return desk.say("tide_landable", windows=listed(spans, desk.lang))
    return desk.say("tide_unknown" if threshold is None else "tide_not_landable")


def _basis(desk: Desk, basis: str | None) -> list[Any]:
    """Return the mark that a landing threshold carries where nobody measured the seabed."""
    if basis == "estimate":
        return [
            " ",
            html.Span(
                desk.say("estimated"), className="mark estimate", title=desk.say("estimated_long")
            ),
        ]
    return (
        [" ", html.Span(desk.say("depth_made"), className="mark made")] if basis == "made" else []
    )


def _tide_notes(desk: Desk, tide: dict[str, Any]) -> list[Any]:
    """Return whose tide it is, how far off it may be, and what its owner wants said."""
    station = half(tide.get("note"), desk.lang) or tide["station"]
    lines = [desk.say("tide_station", note=station, datum=known("datum", tide["datum"], desk.lang))]
    if tide.get("caveat"):
        lines.append(half(tide["caveat"], desk.lang))
    return [html.P(line, className="small") for line in lines]


def _due(desk: Desk, items: Sequence[dict[str, Any]]) -> Part:
    if not items:
        # Nothing overdue is known only where facilities are.
        word = "due_unknown" if "facilities" in desk.meta.missing else "due_none"
        return html.P(desk.say(word), className="hint")
    return html.Ul([html.Li(item[f"text_{desk.lang}"]) for item in items], className="due")
