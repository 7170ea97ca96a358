"""The patrol plan on paper, a page per team, and one team's route as GPX."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from geo.errors import InputError
from risk.patrol_gpx import gpx
from workspace import db, store
from workspace._run import shifts_from
from workspace.folder import Workspace
from workspace.patrols import KINDS, Patrols, patrols_of

_STYLE = """
body{font:14px/1.5 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:16px;
color:#16202a;max-width:860px}
h1{font-size:20px;margin:0 0 4px}h2{font-size:16px;margin:16px 0 4px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{border-bottom:1px solid #8795a1;padding:4px 6px;text-align:left;vertical-align:top}
.en{color:#51606d;font-size:12px}.made{border:1px solid #7a3fa0;color:#7a3fa0;padding:0 4px}
.team{break-after:page}.team:last-child{break-after:auto}svg{width:100%;height:auto;max-height:300px}
nav{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0}
.go{display:inline-flex;align-items:center;box-sizing:border-box;min-height:44px;
padding:8px 12px;border:1px solid #8795a1;
border-radius:8px;color:#16202a;text-decoration:none}.go[aria-current]{background:#16202a;color:#fff}
@media print{nav,.go{display:none}}
@media(max-width:700px){body{font-size:16px}td,th{padding:6px 4px}}
tr,svg{break-inside:avoid}.wide{overflow-x:auto}
@media print{body{margin:0;font-size:12px}}
@page{size:A4;margin:14mm}
"""
Floats = npt.NDArray[np.float64]
_SVG = (800.0, 320.0)
_PAD = 24.0


def write(ws: Workspace, one: Patrols, out: Path, *, team: str | None) -> None:
    """Write a shift's patrols as an HTML file without any outside part, or one team's GPX.

    Raises
    ------
    InputError
        When the ending is neither, the team does not go out, or GPX is wanted of all teams.
    """
    if team is not None:
        one.team(team)
    out_there = one.plan.totals.filter(pl.col("stops") > 0)["team_id"].to_list()
    ending = out.suffix.lower()
    if ending == ".gpx" and (team is not None or len(out_there) == 1):
        text = _gpx(one, team or out_there[0])
    elif ending == ".gpx":
        raise InputError(
            f"a GPX file holds the route of one team, and {len(out_there)} go out",
            where="--team",
            mend=f"Name one of {', '.join(out_there) or 'none'}.",
        )
    elif ending in {".html", ".htm"}:
        text = page(ws, one, [team] if team is not None else out_there)
    else:
        raise InputError(
            f"the ending {ending or 'of nothing'} is not known",
            where=str(out),
            mend="Use .html for the sheet or .gpx for a route.",
        )
    out.write_text(text, encoding="utf-8")


def phone(
    ws: Workspace,
    shift_id: str | None,
    team: str | None,
    *,
    now: datetime,
    teams: frozenset[str] | None = None,
) -> str:
    """Return the sheet as a page to be opened on a phone, with its shifts and teams to choose.

    Without a choice it is the first shift planned that is not over, and its first team. Where
    ``teams`` are named, there are no others.
    """
    day = now.astimezone(ws.config.tz).date()
    there = [
        one
        for one in shifts_from(ws, day - timedelta(days=1), 3)
        if store.count(ws.engine, "patrol_plans", where=db.patrol_plans.c.shift_start == one.t0)
    ]
    wanted = [one for one in there if one.shift_id == shift_id or (not shift_id and one.t1 > now)]
    one = patrols_of(ws, wanted[0]) if wanted else None
    chosen_shift = None if one is None else one.shift.shift_id
    head = '<p><a class="go" href="/">← 地图 · map</a></p><nav>' + "".join(
        _link(shift.shift_id, None, f"{shift.shift_id[5:10]} {shift.label}", chosen_shift)
        for shift in there
    )
    if one is None:
        why = (
            "<h1>巡逻单 <span class=en>patrols</span></h1><p>没有巡逻方案，请先生成 "
            "<span class=en>No patrols are planned; plan them first</span>: "
            "<code>shoregrid plan WS</code></p>"
        )
        return _document("巡逻单 · patrols", f"{head}</nav>{why}")
    out = [
        name
        for name in one.plan.totals.filter(pl.col("stops") > 0)["team_id"]
        if teams is None or name in teams
    ]
    chosen = team if team in out else next(iter(out), None)
    names = dict(one.teams.select("team_id", pl.coalesce("name", "team_id")).iter_rows())
    here = one.shift.shift_id
    choice = "".join(_link(here, name, names[name], chosen) for name in out)
    if chosen is not None:
        choice += (
            f'<a class="go" href="/patrols/route.gpx?shift={here}&amp;team={quote(chosen)}">'
            "GPX ↓</a>"
        )
    told = body(ws, one, [] if chosen is None else [chosen])
    return _document("巡逻单 · patrols", f"{head}</nav><nav>{choice}</nav>{told}")


def route(ws: Workspace, shift_id: str, team: str) -> str | None:
    """Return one team's route as GPX, None where it has none in that shift."""
    try:
        day = date.fromisoformat(shift_id[:10])
    except ValueError:
        return None
    found = [one for one in shifts_from(ws, day, 1) if one.shift_id == shift_id]
    one = patrols_of(ws, found[0]) if found else None
    if one is None or team not in one.plan.routes["team_id"]:
        return None
    return _gpx(one, team)


def _link(shift: str, team: str | None, words: str, chosen: str | None) -> str:
    more = f"&amp;team={quote(team)}" if team else ""
    on = ' aria-current="true"' if chosen == (team or shift) else ""
    return f'<a class="go" href="/patrols?shift={shift}{more}"{on}>{escape(words)}</a>'


def page(ws: Workspace, one: Patrols, teams: list[str]) -> str:
    """Return the sheet of some teams as an HTML page, Chinese first."""
    return _document(f"巡逻单 {one.shift.shift_id[:10]} {one.shift.label}", body(ws, one, teams))


def _document(title: str, inside: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{inside}</body>"
        "</html>\n"
    )


def body(ws: Workspace, one: Patrols, teams: list[str]) -> str:
    """Return what stands on the sheet of some teams."""
    config = ws.config
    mark = '<span class="made">含模拟或虚构数据 · simulated or made up</span>'
    marked = mark if config.simulated or config.made else ""
    when = f"{one.shift.shift_id[:10]} {one.shift.label}"
    told = "".join(_team(ws, one, name, when, marked) for name in teams)
    if not teams:
        why = one.plan.empty or ("没有队伍出动", "no team goes out")
        told = f"<p>{escape(why[0])} <span class=en>{escape(why[1])}</span></p>"
    return told + _checkpoints(ws, one) + _left_out(one)


def _team(ws: Workspace, one: Patrols, team_id: str, when: str, marked: str) -> str:
    team = one.team(team_id)
    total = one.plan.totals.row(by_predicate=pl.col("team_id") == team_id, named=True)
    rows = one.plan.routes.filter(pl.col("team_id") == team_id).to_dicts()
    zone = ws.config.tz

    def clock(t: datetime) -> str:
        return t.astimezone(zone).strftime("%H:%M")

    lines = []
    for n, row in enumerate(rows, start=1):
        if row["stop_id"] is None:
            lines.append(
                f"<tr><td></td><td>{clock(row['start'])}</td><td>返回 <span class=en>back</span>"
                f"</td><td></td><td>{row['km']:.1f}</td></tr>"
            )
            continue
        stop = one.stop(row["stop_id"])
        lines.append(
            f"<tr><td>{n}</td><td>{clock(row['start'])}–{clock(row['leave'])}</td>"
            f"<td>{escape(stop['name'])} <span class=en>{escape(stop['name_en'] or '')}</span><br>"
            f"<span class=en>{stop['lat']:.5f}, {stop['lon']:.5f}</span></td>"
            f"<td>{escape(stop['reason_zh'] or '')}{_windows(stop, clock)}"
            f"<div class=en>{escape(stop['reason_en'] or '')}</div></td>"
            f"<td>{row['km']:.1f}</td></tr>"
        )
    kind = KINDS[team["kind"]]
    basis = {"network": "按道路网 · by roads", "watching": "视频 · watching"}.get(
        total["basis"], "按直线估算 · from straight lines, an estimate"
    )
    leave = "" if total["leave"] is None else f"出发 {clock(total['leave'])} leave · "
    return (
        f'<section class="team"><h1>巡逻单 · {escape(team["name"] or team_id)}</h1>'
        f"<div>{escape(when)} · {kind[0]} <span class=en>{kind[1]}</span> · "
        f"{escape(team['unit'] or '')} {marked}</div>"
        f"<div>{leave}{total['stops']} 点 stops · {total['km']:.0f} km · {basis}</div>"
        f"{_drawing(ws, one, team, rows)}"
        '<div class="wide"><table><thead><tr><th>#</th><th>时间<br><span class=en>time</span></th>'
        "<th>地点<br><span class=en>place</span></th><th>看什么<br><span class=en>what for</span>"
        "</th><th>km</th></tr></thead><tbody>" + "".join(lines) + "</tbody></table></div></section>"
    )


def _windows(stop: dict[str, Any], clock: Callable[[datetime], str]) -> str:
    if not stop["windows"]:
        return ""
    spans = "、".join(f"{clock(one['t0'])}–{clock(one['t1'])}" for one in stop["windows"])
    return f"<div>潮汐时段 <span class=en>tide</span> {spans}</div>"


def _gpx(one: Patrols, team: str) -> str:
    names = dict(one.stops.select("stop_id", "name").iter_rows())
    names |= dict(one.teams.select("team_id", pl.coalesce("name", "team_id")).iter_rows())
    return gpx(one.inputs, one.plan, team, names=names)


def _checkpoints(ws: Workspace, one: Patrols) -> str:
    lines = []
    for row in one.checkpoints.iter_rows(named=True):
        times = "–".join(row[t].astimezone(ws.config.tz).strftime("%H:%M") for t in ("t0", "t1"))
        lines.append(
            f"<tr><td>{times}</td><td>{escape(row['name'] or '')}</td>"
            f"<td>{row['lat']:.5f}, {row['lon']:.5f}</td></tr>"
        )
    if not lines:
        return ""
    head = (
        "<tr><th>时间<br><span class=en>time</span></th><th>道路<br><span class=en>road</span></th>"
        "<th>位置<br><span class=en>place</span></th></tr>"
    )
    return (
        "<h2>卡点 <span class=en>checkpoints</span></h2><p>时间和地点由抽签决定 "
        "<span class=en>place and time are drawn by lot</span></p>"
        f'<div class="wide"><table><thead>{head}</thead><tbody>{"".join(lines)}</tbody></table>'
        "</div>"
    )


def _left_out(one: Patrols) -> str:
    late = one.plan.left_out.filter(pl.col("due"))
    if late.is_empty():
        return ""
    lines = "".join(
        f"<li>{escape(one.stop(row['stop_id'])['name'])}：{row['reason_zh']} "
        f"<span class=en>{row['reason_en']}</span></li>"
        for row in late.iter_rows(named=True)
    )
    return f"<h2>应检未排 <span class=en>due and left out</span></h2><ul>{lines}</ul>"


def _drawing(ws: Workspace, one: Patrols, team: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Return a drawing of the land, the shore and the route, to scale."""
    stops = [one.stop(row["stop_id"]) for row in rows if row["stop_id"] is not None]
    lon = np.array([team["lon"], *(s["lon"] for s in stops)])
    lat = np.array([team["lat"], *(s["lat"] for s in stops)])
    east = float(np.cos(np.radians(lat.mean())))
    wide = max(float(np.ptp(lon)) * east, float(np.ptp(lat)) * _SVG[0] / _SVG[1], 0.02)
    scale = (_SVG[0] - 2 * _PAD) / wide
    mid = ((lon.min() + lon.max()) / 2.0, (lat.min() + lat.max()) / 2.0)
    half = (_SVG[0] / 2.0 / scale / east, _SVG[1] / 2.0 / scale)
    box = shapely.box(mid[0] - half[0], mid[1] - half[1], mid[0] + half[0], mid[1] + half[1])

    def at(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
        return (
            _SVG[0] / 2.0 + (np.asarray(x) - mid[0]) * east * scale,
            _SVG[1] / 2.0 - (np.asarray(y) - mid[1]) * scale,
        )

    land = store.layer(ws.engine, "land").geometry
    near = land[land.intersects(box)].to_numpy()
    cut = shapely.simplify(shapely.intersection(near, box), 1.0 / scale)
    paths = []
    for polygon in shapely.get_parts(cut):
        if polygon.geom_type != "Polygon" or polygon.is_empty:
            continue
        x, y = at(*polygon.exterior.coords.xy)
        paths.append("M" + "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x, y, strict=True)) + "Z")
    x, y = at(lon, lat)
    order = [*range(len(lon)), 0]
    route = " ".join(f"{x[i]:.0f},{y[i]:.0f}" for i in order)
    dots = "".join(
        f'<circle cx="{x[i]:.0f}" cy="{y[i]:.0f}" r="9" fill="#fff" stroke="#16202a"/>'
        f'<text x="{x[i]:.0f}" y="{y[i] + 4:.0f}" text-anchor="middle" font-size="11">{i}</text>'
        for i in range(1, len(lon))
    )
    return (
        f'<svg viewBox="0 0 {_SVG[0]:.0f} {_SVG[1]:.0f}" role="img" aria-label="路线示意 · route">'
        f'<rect width="100%" height="100%" fill="#e4edf3"/>'
        f'<path d="{"".join(paths)}" fill="#f3f1ec" stroke="#8795a1"/>'
        f'<polyline points="{route}" fill="none" stroke="#16202a" stroke-width="2" '
        'stroke-dasharray="6 3"/>'
        f'<rect x="{x[0] - 6:.0f}" y="{y[0] - 6:.0f}" width="12" height="12" fill="#16202a"/>'
        f"{dots}</svg>"
    )
