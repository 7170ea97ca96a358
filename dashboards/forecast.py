"""The learned forecast: a layer of the map and its statement, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from dash import html

from dashboards import geojson
from dashboards.desk import Desk
from dashboards.source import Part

if TYPE_CHECKING:
    from workspace.read import Outlook

#: Per cent of the shore's kilometres, where most is expected, from the faintest shade on.
SHARES = (20, 10, 5, 2, 1)

_SHOWN = 5

#: A factor nearer to 1 than this changes next to nothing.
_LEAST_FACTOR = 1.05
_LEAST = 0.001


def shades(percentile: np.ndarray) -> np.ndarray:
    """Return the shade of each segment, 1 to 5; 0 outside the widest share, or without one."""
    return np.searchsorted([1 - share / 100 for share in SHARES], percentile, side="right")


def layer(desk: Desk) -> bytes:
    """Return the segments of the widest share with their shades; else ``why`` there are none."""
    found = desk.source.forecast()
    if found is None or not found.kept.offered:
        return geojson.collection([], [], why=why_not(desk, found))
    place = found.rows["percentile"].fill_null(-1.0).to_numpy()
    shade = shades(place)
    row = np.flatnonzero(shade)
    shapes = desk.source.segments().geometry.to_numpy()[row]
    return geojson.collection(shapes, ({"g": int(n)} for n in shade[row]))


def why_not(desk: Desk, found: Outlook | None) -> str:
    """Return why no forecast is shown."""
    if found is None:
        return desk.say("forecast_untrained")
    return found.kept.why_zh if desk.lang == "zh" else found.kept.why_en


def overview(desk: Desk) -> list[Any]:
    """Return what is said of the forecast of the whole shore."""
    found = desk.source.forecast()
    if found is None or not found.kept.offered:
        return [_head(desk), html.P(why_not(desk, found), className="hint")]
    number = f"{found.kept.figures['expected']:.1f}"
    return [
        _head(desk, found),
        html.P(desk.say("forecast_whole", n=number)),
        html.P(why_not(desk, found), className="small"),
        *_drift(desk, found),
    ]


def told(desk: Desk, segment_id: str, marks: Mapping[str, list[Any]]) -> list[Any]:
    """Return what is forecast of one segment, and what makes it so, marked where not surveyed."""
    found = desk.source.forecast()
    here = desk.source.forecast_of(segment_id)
    if found is None or here is None:
        return [_head(desk), html.P(why_not(desk, found), className="hint")]
    number = f"{here['expected']:.3f}" if here["expected"] >= _LEAST else f"< {_LEAST}"
    shade = int(shades(np.array([here["percentile"]]))[0])
    if not shade or here["contributions"] is None:
        words = desk.say("forecast_low", share=SHARES[0], n=number)
        return [_head(desk, found), html.P(words, className="hint"), *_drift(desk, found)]
    times = _times(here["times"])
    return [
        _head(desk, found),
        html.P(desk.say("forecast_high", share=SHARES[shade - 1], n=number, times=times)),
        *_parts(desk, here["contributions"], marks),
        *_drift(desk, found),
    ]


def legend(desk: Desk) -> list[Part]:
    """Return the shades, where a forecast is offered; seen while its layer is chosen."""
    found = desk.source.forecast()
    if found is None or not found.kept.offered:
        return []
    rows = [
        html.Li([html.Span(className=f"shade shade-{n}"), desk.say("forecast_step", share=share)])
        for n, share in reversed(list(enumerate(SHARES, 1)))
    ]
    return [
        html.Div(
            [html.Strong(desk.say("forecast_legend")), html.Ul(rows)], className="legend-forecast"
        )
    ]


def _head(desk: Desk, found: Outlook | None = None) -> html.H3:
    if found is None:
        return html.H3(desk.say("layer_forecast"))
    t0 = found.kept.as_of.astimezone(desk.tz).date()
    t1 = (found.kept.t1 - timedelta(seconds=1)).astimezone(desk.tz).date()
    span = desk.say("forecast_span", t0=t0.isoformat(), t1=t1.isoformat())
    return html.H3([desk.say("layer_forecast"), html.Small(span)])


def _drift(desk: Desk, found: Outlook) -> list[Any]:
    """Return why to train it anew, if it should be."""
    if not found.watch.anew:
        return []
    return [html.P(found.watch.sentence(0 if desk.lang == "zh" else 1), className="gap-note")]


def _parts(desk: Desk, parts: list[dict[str, Any]], marks: Mapping[str, list[Any]]) -> list[Any]:
    widest = max(abs(math.log(part["times"])) for part in parts) or 1.0
    rows = [_part(desk, part, widest, marks.get(part["id"], [])) for part in parts]
    felt = sum(abs(math.log(part["times"])) >= math.log(_LEAST_FACTOR) for part in parts)
    first, rest = rows[: min(felt, _SHOWN)], rows[min(felt, _SHOWN) :]
    hint = html.P(desk.say("forecast_product"), className="hint")
    folded = [html.Summary(desk.say("why_rest", n=len(rest))), *rest, hint]
    return [html.Div(first, className="whys"), html.Details(folded, className="fold")]


def _part(desk: Desk, part: dict[str, Any], widest: float, mark: list[Any]) -> html.Div:
    log_rate = math.log(part["times"])
    way = "threat" if log_rate > 0 else "guardianship_deficit"
    return html.Div(
        [
            html.Span([part[f"label_{desk.lang}"], *mark], className="why-name"),
            html.Span(
                html.Span(
                    style={"width": f"{100 * abs(log_rate) / widest:.0f}%"},
                    className=f"fill {way}",
                ),
                className="bar thin",
            ),
            html.Span(f"×{_times(part['times'])}", className="bar-value"),
        ],
        className="why-row",
    )


def _times(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
