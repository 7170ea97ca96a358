"""What the planner's panel tells of sections under the hands: balance, sections, cuts, versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from dash import dcc, html

from dashboards import parts
from dashboards.boundaryapi import told as as_json
from dashboards.desk import Desk
from dashboards.source import Part
from geo.errors import InputError
from workspace._chinese import chinese
from workspace.redrawing import Look, Offer

#: What a page's script sends, and gets back: see assets/sections.js.
Work = Mapping[str, Any]

_EDITABLE = ("", "draft", "proposed", "approved", "rejected")


def look(desk: Desk, work: Work) -> tuple[list[Part], dict[str, Any]]:
    """Return the panel and what the map draws; where an operation cannot be done, only why."""
    live = work.get("live")
    operations = [*work["ops"], *([live] if live else [])]
    try:
        found = desk.source.redrawing.look(work["based_on"], operations)
    except InputError as error:
        return [], {"fault": fault(desk, error), "live": bool(live)}
    names = _names(desk, found)
    drawn = as_json(found)
    drawn = {name: drawn[name] for name in ("order", "owner", "moved", "cuts", "locked")}
    drawn |= {"names": names, "fresh": found.fresh, "chosen": work["chosen"]}
    told = [
        _head(desk, work),
        _balance(desk, found),
        _sections(desk, found, names, work),
        _chosen(desk, found, names, work),
        _cuts(desk, found, names, work),
    ]
    return told, drawn


def fault(desk: Desk, error: InputError) -> str:
    """Return an input error in the reader's language."""
    return chinese(error) if desk.lang == "zh" else str(error)


def _names(desk: Desk, found: Look) -> dict[str, str]:
    return {
        row["section_id"]: desk.named(row) or row["section_id"]
        for row in found.sections.iter_rows(named=True)
    }


def _may_edit(desk: Desk, work: Work) -> bool:
    return desk.may("draft_boundaries") and work["state"] in _EDITABLE


def _button(desk: Desk, act: str, *, on: bool = True, loud: bool = False) -> html.Button:
    return html.Button(
        desk.say(f"cuts_act_{act}"),
        type="button",
        className="plain loud-button" if loud else "plain",
        disabled=not on,
        **{"data-cuts": act},
    )


def _field(desk: Desk, name: str, value: str = "", mode: str = "text") -> html.Label:
    return html.Label(
        [
            html.Span(desk.say(f"cuts_field_{name}")),
            dcc.Input(
                id=f"cuts-{name}", type="text", inputMode=mode, value=value, className="field"
            ),
        ],
        className="labelled",
    )


def _head(desk: Desk, work: Work) -> html.Div:
    """Return the draft's state and what can be done with it."""
    inside: list[Part] = []
    if work["draft"]:
        state = desk.say(f"cuts_state_{work['state']}")
        said = desk.say("cuts_revision", n=work["rev"], who=work["author"])
        inside.append(html.P([html.Span(state, className="mark"), f" {said}"], className="hint"))
        if work["based_on"] != desk.source.redrawing.newest() and work["state"] != "published":
            inside.append(html.P(desk.say("cuts_stale"), className="gap-note"))
    kept = json.dumps(list(work["ops"]), ensure_ascii=False, separators=(",", ":"))
    dirty = kept != work["kept"]
    inside.append(
        html.P(desk.say("cuts_unsaved") if dirty else "", className="hint unsaved", role="status")
    )
    if _may_edit(desk, work):
        if not work["draft"] and dirty:
            inside.append(_field(desk, "name"))
        buttons = [
            _button(desk, "undo", on=bool(work["ops"])),
            _button(desk, "redo", on=bool(work["undone"])),
            _button(desk, "save", on=dirty, loud=dirty),
            *([_button(desk, "drop")] if dirty else []),
        ]
        inside.append(html.Div(buttons, className="plain-row"))
    inside += [] if dirty else _way(desk, work)
    return html.Div(inside, className="cuts-head")


def _way(desk: Desk, work: Work) -> list[Part]:
    """Return the steps that a saved draft can take next."""
    state, steps, fields = work["state"], [], []
    stale = work["based_on"] != desk.source.redrawing.newest()
    if desk.may("draft_boundaries"):
        if state in {"draft", "proposed", "approved"} and stale:
            steps.append(_button(desk, "rebase"))
        if state == "draft" and not stale:
            steps.append(_button(desk, "submit"))
    if desk.may("approve_boundaries"):
        if state == "proposed":
            fields = [_field(desk, "reason")]
            steps += [_button(desk, "approve"), _button(desk, "reject")]
        if state == "approved" and not stale:
            tomorrow = (desk.today + timedelta(days=1)).isoformat()
            fields = [_field(desk, "from", tomorrow), _field(desk, "reason")]
            steps.append(_button(desk, "publish", loud=True))
    return [*fields, html.Div(steps, className="plain-row")] if steps else []


def _balance(desk: Desk, found: Look) -> html.Section:
    def pair(now: float, was: float) -> list[Part]:
        shown = "–" if np.isnan(now) else f"{now:.2f}"
        if np.isnan(was) or f"{was:.2f}" == shown:
            return [html.Strong(shown)]
        better = " ▼" if now < was else " ▲"
        return [
            html.Strong(shown + better),
            html.Small(" " + desk.say("cuts_was", x=f"{was:.2f}"), className="hint"),
        ]

    rows = [
        (desk.say("cuts_cv"), pair(found.cv, found.was[0])),
        (desk.say("cuts_max"), pair(found.max_over_mean, found.was[1])),
        (desk.say("cuts_moved"), [html.Strong(f"{found.moved_km:.1f} km")]),
    ]
    facts = [part for name, told in rows for part in (html.Dt(name), html.Dd(told))]
    return html.Section(
        [html.H3(desk.say("cuts_balance")), html.Dl(facts, className="facts")],
        className="cuts-sums",
    )


def _sections(desk: Desk, found: Look, names: Mapping[str, str], work: Work) -> html.Section:
    """Return every section with its figures and what changes, each a button that chooses it."""
    most = float(found.sections["load_h"].max() or 1.0)  # type: ignore[arg-type]
    heads = ["section", "km", "load", "wharves", "points"]
    head = html.Tr(
        [*[html.Th(desk.say(f"col_cuts_{name}"), scope="col") for name in heads], html.Th("")]
    )
    number = {name: n for n, name in enumerate(found.order)}
    edit = _may_edit(desk, work)
    rows = []
    for row in found.sections.iter_rows(named=True):
        section = row["section_id"]
        name = names[section]
        gone = row["km"] is None
        lock = "unlock" if row["locked"] else "lock"
        cells = [
            html.Th(
                html.Button(
                    [
                        html.I(className=f"part part-{number.get(section, -1) % 5 + 1}"),
                        html.Span(name),
                        *([html.Small(desk.say("cuts_gone"))] if gone else []),
                        *([html.Small(desk.say("cuts_new"))] if row.get("state") == "new" else []),
                    ],
                    type="button",
                    className="row-button",
                    disabled=gone,
                    **{
                        "data-cuts": "choose",
                        "data-section": section,
                        "aria-pressed": "true" if work["chosen"] == section else "false",
                    },
                ),
                scope="row",
            ),
            _figure(row, "km", 1),
            _load(row, most),
            _figure(row, "wharves", 0),
            _figure(row, "risk_points", 0),
            html.Td(
                html.Button(
                    parts.icon(lock),
                    type="button",
                    className="round",
                    title=desk.say(f"cuts_act_{lock}", name=name),
                    **{
                        "data-cuts": lock,
                        "data-section": section,
                        "aria-label": desk.say(f"cuts_act_{lock}", name=name),
                    },
                )
                if edit and not gone
                else ""
            ),
        ]
        rows.append(html.Tr(cells, className="chosen" if work["chosen"] == section else ""))
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="list-table cuts-table")
    return html.Section(
        [html.H3(desk.say("cuts_table")), html.Div(table, className="wide", tabIndex="0")]
    )


def _figure(row: Mapping[str, Any], name: str, digits: int) -> html.Td:
    value, change = row[name], row.get(f"{name}_change") or 0.0
    told: list[Part] = ["–" if value is None else f"{value:.{digits}f}"]
    if f"{abs(change):.{digits}f}".strip("0.") != "":
        told.append(html.Small(f" {change:+.{digits}f}", className="change"))
    return html.Td(told, className="number")


def _load(row: Mapping[str, Any], most: float) -> html.Td:
    cell = _figure(row, "load_h", 1)
    share = 100 * (row["load_h"] or 0.0) / most
    bar = html.Span(html.I(style={"width": f"{share:.0f}%"}), className="load-bar")
    cell.children = [html.Span(cell.children), bar]
    return cell


def _chosen(desk: Desk, found: Look, names: Mapping[str, str], work: Work) -> html.Section | html.P:
    """Return what can be done with the section that is chosen."""
    row = next(
        (r for r in found.sections.iter_rows(named=True) if r["section_id"] == work["chosen"]), None
    )
    if not _may_edit(desk, work):
        return html.P("")
    if row is None or row["km"] is None:
        return html.P(desk.say("cuts_choose_help"), className="hint")
    section = row["section_id"]
    merges = [
        html.Button(
            desk.say("cuts_merge", name=names[beside]),
            type="button",
            className="plain",
            **{"data-cuts": "merge", "data-section": section, "data-into": beside},
        )
        for beside in row["touches"]
    ]
    return html.Section(
        [
            html.H3(desk.say("cuts_chosen", name=names[section])),
            html.Div(
                [
                    _field(desk, "split_at", mode="decimal"),
                    _field(desk, "split_name"),
                    html.Button(
                        desk.say("cuts_split"),
                        type="button",
                        className="plain",
                        **{"data-cuts": "split", "data-section": section},
                    ),
                ],
                className="plain-row cuts-split",
            ),
            html.Div(merges, className="plain-row"),
        ],
        className="cuts-chosen",
    )


def _cuts(desk: Desk, found: Look, names: Mapping[str, str], work: Work) -> html.Details:
    """Return every cut with a field for its chainage: the map's twin for the keyboard."""
    edit = _may_edit(desk, work)
    rows = []
    for n, cut in enumerate(found.cuts.iter_rows(named=True)):
        before = names.get(cut["before"]) if cut["before"] else desk.say("cuts_begin")
        words = desk.say("cuts_point", a=before or "", b=names[cut["section_id"]])
        at = f"{cut['chainage_m'] / 1000:.3f}"
        fixed = cut["before"] is None or not edit
        rows.append(
            html.Li(
                html.Label(
                    [
                        html.Span(words),
                        html.Span(f"{at} km")
                        if fixed
                        else dcc.Input(
                            id=f"cut-{n}",
                            type="text",
                            inputMode="decimal",
                            value=at,
                            className="field",
                        ),
                    ],
                    className="labelled cut-row",
                )
            )
        )
    return html.Details(
        [
            html.Summary(desk.say("cuts_points", n=len(rows))),
            html.P(desk.say("cuts_points_help") if edit else "", className="hint"),
            html.Ul(rows, className="cut-rows"),
        ],
        id="cuts-fold",
        open=work["open"],
        className="fold",
    )


def aside(desk: Desk, offers: Sequence[Offer] = ()) -> list[Part]:
    """Return proposals to choose from, and the versions."""
    told: list[Part] = []
    if desk.may("draft_boundaries"):
        rows = [
            html.Li(
                [
                    html.Span(
                        desk.say(
                            "cuts_offer", n=one.chiefs, km=f"{one.moved_km:.1f}",
                            cv=f"{one.cv:.2f}", top=f"{one.max_over_mean:.2f}",
                        )
                    ),
                    html.Button(
                        desk.say("cuts_take"),
                        type="button",
                        className="plain",
                        **{
                            "data-cuts": "take",
                            "data-operation": json.dumps(one.operation, ensure_ascii=False),
                        },
                    ),
                ],
                className="cuts-offer",
            )
            for one in offers
        ]  # fmt: skip
        told.append(
            html.Details(
                [
                    html.Summary(desk.say("cuts_offers")),
                    html.P(desk.say("cuts_offers_lead"), className="hint"),
                    html.Div(
                        [_field(desk, "chiefs", mode="decimal"), _button(desk, "ask")],
                        className="plain-row",
                    ),
                    html.Ul(rows, className="plain-list"),
                ],
                open=bool(offers),
                className="fold",
            )
        )
    return [*told, _versions(desk)]


def _versions(desk: Desk) -> html.Details:
    at = desk.source.redrawing
    newest = at.newest()
    rows = []
    for row in at.versions().iter_rows(named=True):
        marks: list[Part] = []
        if row["withdrawn_at"] is not None:
            marks.append(desk.say("cuts_taken_back"))
        elif row["holds"]:
            marks.append(desk.say("cuts_holds"))
        elif row["valid_from"] > desk.today:
            marks.append(desk.say("cuts_to_come"))
        said = desk.say(
            "cuts_version_row", n=row["version"], day=row["valid_from"], who=row["user"] or "–"
        )
        back = (
            row["version"] == newest
            and row["valid_from"] > desk.today
            and desk.may("approve_boundaries")
        )
        act = html.Button(
            desk.say("cuts_withdraw"),
            type="button",
            className="plain",
            **{"data-cuts": "withdraw", "data-version": str(row["version"])},
        )
        rows.append(
            html.Li(
                [
                    html.Span([said, *[html.Span(one, className="mark") for one in marks]]),
                    html.Small(row["reason"] or "", className="hint"),
                    *([_field(desk, "why"), act] if back else []),
                ]
            )
        )
    return html.Details(
        [html.Summary(desk.say("cuts_versions")), html.Ul(rows, className="plain-list")],
        className="fold",
    )
