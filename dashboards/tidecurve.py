"""The tide of one shift as a small drawing, in SVG and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

_W, _H = 340, 132
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 12, 22


def tide_svg(
    times: Sequence[datetime],
    height_m: Sequence[float],
    *,
    tz: ZoneInfo,
    colours: dict[str, str],
    windows: Sequence[tuple[datetime, datetime]] = (),
    threshold_m: float | None = None,
    error_m: float | None = None,
    mark: str = "",
) -> str:
    """Draw the tide over a shift with its landable windows and the landing threshold.

    Times are UTC and drawn as local; heights are metres in the one datum of the caller. The band
    about the curve is ``error_m`` wide on either side; ``mark`` stands on the threshold.
    """
    t0, t1 = times[0], times[-1]
    known = [h for h in height_m if math.isfinite(h)]
    wanted = [*known, *([threshold_m] if threshold_m is not None else [])]
    off = error_m or 0.0
    low, high = (
        min([*wanted, min(known, default=0.0) - off]),
        max([*wanted, max(known, default=0.0) + off]),
    )
    room = max(0.3, (high - low) * 0.15)
    low, high = low - room, high + room

    def x(t: datetime) -> float:
        share = (t - t0) / (t1 - t0)
        return _LEFT + min(1.0, max(0.0, share)) * (_W - _LEFT - _RIGHT)

    def y(h: float) -> float:
        return _TOP + (high - h) / (high - low) * (_H - _TOP - _BOTTOM)

    floor = _H - _BOTTOM
    parts = [
        f'<rect x="{x(a):.1f}" y="{_TOP}" width="{max(1.0, x(b) - x(a)):.1f}" '
        f'height="{floor - _TOP}" fill="{colours["landable"]}"/>'
        for a, b in windows
        if b > t0 and a < t1
    ]
    parts += [
        (
            f'<path d="M{_LEFT} {y(h):.1f}H{_W - _RIGHT}" stroke="{colours["line"]}"/>'
            f'<text x="{_LEFT - 5}" y="{y(h) + 4:.1f}" text-anchor="end">{h:g}</text>'
        )
        for h in _steps(low, high)
    ]
    parts += [
        f'<text x="{x(t):.1f}" y="{_H - 6}" text-anchor="{anchor}">{label}</text>'
        for t, label, anchor in _hours(t0, t1, tz)
    ]
    if off:
        rim = [(t, h) for t, h in zip(times, height_m, strict=True) if math.isfinite(h)]
        band = [f"{x(t):.1f} {y(h + off):.1f}" for t, h in rim]
        band += [f"{x(t):.1f} {y(h - off):.1f}" for t, h in reversed(rim)]
        parts.append(f'<path d="M{"L".join(band)}Z" fill="{colours["tide"]}" fill-opacity="0.18"/>')
    if threshold_m is not None:
        parts.append(
            f'<path d="M{_LEFT} {y(threshold_m):.1f}H{_W - _RIGHT}" stroke="{colours["ink"]}" '
            'stroke-dasharray="5 4" stroke-width="1.2"/>'
        )
        if mark:
            above = y(threshold_m) - 4
            parts.append(
                f'<text x="{_W - _RIGHT}" y="{above if above > _TOP + 8 else above + 16:.1f}" '
                f'text-anchor="end" fill="{colours["ink"]}" stroke="{colours["card"]}" '
                f'stroke-width="3" paint-order="stroke">{escape(mark)}</text>'
            )
    points = [
        f"{x(t):.1f} {y(h):.1f}" for t, h in zip(times, height_m, strict=True) if math.isfinite(h)
    ]
    parts.append(
        f'<path d="M{"L".join(points)}" fill="none" stroke="{colours["tide"]}" '
        'stroke-width="2.5" stroke-linejoin="round"/>'
    )
    parts.append(f'<text x="2" y="{_TOP - 2}">m</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_W} {_H}" width="{_W}" '
        f'height="{_H}" font-family="sans-serif" font-size="11" fill="{colours["quiet"]}">'
        + "".join(parts)
        + "</svg>"
    )


def data_uri(svg: str) -> str:
    """Return a drawing as an address that an image can show without another request."""
    return "data:image/svg+xml;charset=utf-8," + quote(svg, safe=" =:/,;'()")


def _steps(low: float, high: float) -> list[float]:
    step = next(s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0) if (high - low) / s <= 5 or s == 10)
    first = math.ceil(low / step)
    return [round(i * step, 2) for i in range(first, math.floor(high / step) + 1)]


def _hours(t0: datetime, t1: datetime, tz: ZoneInfo) -> list[tuple[datetime, str, str]]:
    local = t0.astimezone(tz)
    whole = local.replace(minute=0, second=0, microsecond=0)
    marks: list[tuple[datetime, str, str]] = []
    while whole <= t1.astimezone(tz):
        if whole >= local:
            anchor = "start" if whole == local else "end" if whole >= t1 else "middle"
            marks.append((whole, whole.strftime("%H:%M"), anchor))
        whole += timedelta(hours=1)
    return marks
