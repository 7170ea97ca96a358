"""The planner's page: sections by dragging or typing cuts, with the balance at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import dash_leaflet as dl
import dash_mantine_components as dmc
import polars as pl
from dash import dcc, html

from dashboards import coastmap, overview, parts, tokens
from dashboards.address import View
from dashboards.cutpanel import Work, aside, fault, look
from dashboards.desk import Desk
from dashboards.source import Part
from dashboards.words import listed
from geo.errors import InputError
from workspace.boundaries import ConflictError, Draft
from workspace.redrawing import Offer


def page(desk: Desk, view: View, *, tags: dict[str, str]) -> Part:
    """Return the page for the draft that an address asks for, else for the newest version."""
    if not desk.may("see_boundaries"):
        return _bare(desk, "cuts_denied_title", "cuts_denied_mend")
    at = desk.source.redrawing
    if at.newest() is None:
        return _bare(desk, "cuts_none_title", "cuts_none_mend")
    known = view.draft in at.drafts()["draft_id"]
    work = work_of(desk, view.draft if known else None)
    told, drawn = look(desk, work)
    the_map = html.Div(
        [
            _map(desk, view.centre, drawn, tags),
            html.Div(html.P(desk.say("cuts_legend")), className="legend cuts-legend"),
            coastmap.credit(desk),
            parts.zoom(desk),
            parts.notices(desk),
        ],
        className="map-box",
        role="region",
        **{"aria-label": listed([desk.say("cuts_map"), desk.say("cuts_map_help")], desk.lang)},
    )
    panel = [
        html.H2(desk.say("cuts")),
        html.Div(which(desk, work), id="cuts-which"),
        html.Div("", id="cuts-dialog", role="alert"),
        html.Div(told, id="cuts-told"),
        html.Div(aside(desk), id="cuts-aside"),
    ]
    return _frame(
        desk,
        html.Main(the_map, className="main"),
        parts.sheet(desk, panel, "cuts_panel"),
        work=work,
        drawn=drawn,
    )


def _frame(desk: Desk, *inside: Part, work: Work, drawn: Mapping[str, Any]) -> Part:
    stores = {
        "cuts-work": work,
        "cuts-drawn": drawn,
        # A store that holds None counts as changed when it is mounted.
        "cuts-ask": "",
        "cuts-lang": desk.lang,
        "cuts-theme": desk.theme,
        **dict.fromkeys(
            ("cuts-written", "cuts-said", "cuts-seen", "cuts-opened", "cuts-heard"), ""
        ),
    }
    app = html.Div(
        [
            *[dcc.Store(id=name, data=value) for name, value in stores.items()],
            parts.header(desk),
            parts.rail(desk, "boundaries"),
            *inside,
            *parts.reader(desk),
        ],
        id="app",
        className="app app-changes app-cuts",
        **parts.attributes(desk, home="boundaries", bounds=desk.meta.bounds, selected=True),
    )
    return parts.provider(desk, app, name="cuts-mantine")


def _bare(desk: Desk, title: str, mend: str) -> Part:
    empty = [
        overview.empty(desk.say(title), desk.say(mend)),
        html.P(html.A(desk.say("not_found_mend"), href="/")),
    ]
    return _frame(desk, html.Main(html.Div(empty), className="bare"), work={}, drawn={})


def _map(
    desk: Desk,
    view: tuple[float, float, float] | None,
    drawn: Mapping[str, Any],
    tags: dict[str, str],
) -> dl.Map:
    hideout = {
        "theme": desk.theme,
        "tokens": tokens.for_map(),
        "drawn": drawn,
        "may": desk.may("draft_boundaries"),
        "point": desk.say("cuts_point", a="{a}", b="{b}"),
        "nobody": desk.say("cuts_nobody"),
    }
    return coastmap.bare_map(
        [
            dl.Pane(
                coastmap.land(desk, tags, name="cuts-land"), name="land", style={"zIndex": 250}
            ),
            dl.GeoJSON(
                id="cuts-lines",
                url="/api/boundaries/shore",
                style=coastmap.script("cutStyle"),
                onEachFeature=coastmap.script("eachCut"),
                hideout=hideout,
            ),
            dl.ScaleControl(imperial=False, position="bottomleft"),
        ],
        name="cuts-map",
        view=view,
        bounds=desk.meta.bounds,
    )


def work_of(desk: Desk, draft_id: str | None) -> dict[str, Any]:
    """Return what the page works on: a draft, or nothing yet on the newest version."""
    at = desk.source.redrawing
    if not draft_id:
        return {
            "draft": "", "name": "", "based_on": at.newest(), "rev": 0, "state": "", "author": "",
            "ops": [], "undone": [], "kept": "[]", "live": None, "chosen": "", "open": False,
        }  # fmt: skip
    return draft_work(at.draft(draft_id))


def draft_work(one: Draft) -> dict[str, Any]:
    """Return a draft as the page works on it."""
    ops = [dict(op) for op in one.operations]
    return {
        "draft": one.draft_id, "name": one.name, "based_on": one.based_on, "rev": one.rev,
        "state": one.state, "author": one.author, "ops": ops,
        "undone": [dict(op) for op in one.undone],
        "kept": json.dumps(ops, ensure_ascii=False, separators=(",", ":")),
        "live": None, "chosen": "", "open": False,
    }  # fmt: skip


def which(desk: Desk, work: Work) -> Part:
    """Return the choice of version or draft."""
    at = desk.source.redrawing
    options = [{"value": "", "label": desk.say("cuts_version", n=at.newest())}]
    options += [
        {
            "value": row["draft_id"],
            "label": f"{row['name']} · {desk.say('cuts_state_' + row['state'])}",
        }
        for row in at.drafts().iter_rows(named=True)
    ]
    return dmc.Select(
        id="cuts-choice",
        data=options,
        value=work["draft"],
        label=desk.say("cuts_which"),
        allowDeselect=False,
        size="sm",
    )


#: What a press leads to: the work after it (None where it is left as it is), what is said beside
#: it, proposals, and a notice.
Answer = tuple[dict[str, Any] | None, list[Part], list[Offer], str]


def act(desk: Desk, ask: Work) -> Answer:
    """Do what a press asks for."""
    work = {**ask["work"], "live": None}
    try:
        after, dialog, offers, notice = _ACTS[ask["do"]](desk, ask, work)
    except ConflictError as error:
        return None, _conflict(desk, error, work, ask["do"]), [], ""
    except InputError as error:
        return None, [html.P(fault(desk, error), className="gap-note")], [], ""
    if after is not None:
        after |= {"chosen": work["chosen"], "open": work["open"]}
    return after, dialog, offers, notice


def _open(desk: Desk, ask: Work, work: Work) -> Answer:  # noqa: ARG001
    return work_of(desk, ask.get("draft")), [], [], ""


def _offer(desk: Desk, ask: Work, work: Work) -> Answer:  # noqa: ARG001
    chiefs = int(ask["chiefs"]) if ask.get("chiefs") else None
    return None, [], desk.source.redrawing.offers(chiefs, list(ask.get("locked") or ())), ""


def _save(desk: Desk, ask: Work, work: Work) -> Answer:
    at = desk.source.redrawing
    if work["draft"] and ask["do"] == "save":
        return _saved(desk, at.save(work["draft"], work["ops"], work["undone"], rev=work["rev"]))
    return _saved(desk, at.create(str(ask.get("name") or work["name"]), work["ops"]))


def _mine(desk: Desk, ask: Work, work: Work) -> Answer:
    """Save what a conflict offered, on the revision that it was offered for."""
    at = desk.source.redrawing
    return _saved(desk, at.save(work["draft"], ask["offered"], [], rev=ask["rev"]))


def _saved(desk: Desk, given: Draft) -> Answer:
    return draft_work(given), [], [], desk.say("cuts_saved", name=given.name, n=given.rev)


def _publish(desk: Desk, ask: Work, work: Work) -> Answer:
    day = _day(str(ask.get("from") or ""))
    version = desk.source.redrawing.publish(work["draft"], day, _reason(ask))
    return work_of(desk, None), [], [], desk.say("cuts_done_publish", n=version, day=day)


def _withdraw(desk: Desk, ask: Work, work: Work) -> Answer:  # noqa: ARG001
    number = int(ask["version"])
    back = desk.source.redrawing.withdraw(number, _reason(ask))
    after = draft_work(back) if back else work_of(desk, None)
    return after, [], [], desk.say("cuts_done_withdraw", n=number)


def _rebase(desk: Desk, ask: Work, work: Work) -> Answer:  # noqa: ARG001
    given, lost = desk.source.redrawing.rebase(work["draft"])
    told: list[Part] = [
        html.P(desk.say("cuts_lost", what=one), className="gap-note") for one in lost
    ]
    return draft_work(given), told, [], desk.say("cuts_done_rebase")


def _step(desk: Desk, ask: Work, work: Work) -> Answer:
    at, do = desk.source.redrawing, ask["do"]
    if do == "submit":
        given = at.submit(work["draft"])
    elif do == "approve":
        given = at.approve(work["draft"], _reason(ask))
    else:
        given = at.reject(work["draft"], _reason(ask))
    return draft_work(given), [], [], desk.say(f"cuts_done_{do}")


_ACTS: dict[str, Callable[[Desk, Work, dict[str, Any]], Answer]] = {
    "open": _open, "ask": _offer, "save": _save, "apart": _save, "mine": _mine,
    "publish": _publish, "withdraw": _withdraw, "rebase": _rebase,
    **dict.fromkeys(("submit", "approve", "reject"), _step),
}  # fmt: skip


def _reason(ask: Work) -> str:
    return str(ask.get("reason") or "")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(
            f"{text!r} is no day", where="valid_from", mend="Write it as 2027-01-31."
        ) from None


def _conflict(desk: Desk, error: ConflictError, work: Work, do: str) -> list[Part]:
    """Return the choice of whoever saves after somebody else did."""
    if do == "publish":
        return [html.P(fault(desk, error), className="gap-note")]
    steps = desk.source.redrawing.steps(work["draft"]).filter(pl.col("rev") > work["rev"])
    who = listed(steps["user"].unique(maintain_order=True).to_list(), desk.lang)
    told: list[Part] = [
        html.H3(desk.say("cuts_conflict")),
        html.P(desk.say("cuts_conflict_who", who=who, a=work["rev"], b=error.rev)),
        _stretches(desk, error.stretches, "from_section", "to_section"),
    ]
    if error.clashes.height:
        told += [
            html.Strong(desk.say("cuts_conflict_both")),
            _stretches(desk, error.clashes, "mine", "theirs"),
        ]
    if error.lost:
        told += [
            html.Strong(desk.say("cuts_conflict_lost")),
            html.Ul([html.Li(one) for one in error.lost], className="plain-list"),
        ]
    extra = {"data-offered": json.dumps(error.offered), "data-rev": str(error.rev)}
    told.append(
        html.Div(
            [
                html.Button(
                    desk.say(f"cuts_conflict_{name}"),
                    type="button",
                    className="plain",
                    **{"data-cuts": name, **more},
                )
                for name, more in (("mine", extra), ("theirs", {}), ("apart", {}))
            ],
            className="plain-row",
            **{"data-name": desk.say("cuts_conflict_name", name=work["name"])},
        )
    )
    return [html.Div(told, className="cuts-conflict")]


def _stretches(desk: Desk, table: pl.DataFrame, a: str, b: str) -> html.Ul:
    """Return stretches of shore by whose they were and whose they are, those of a pair as one."""
    sums: dict[tuple[str, str], float] = {}
    for row in table.iter_rows(named=True):
        pair = tuple(
            desk.section_name(row[name]) if row[name] in desk.sections
            else row[name] or desk.say("cuts_nobody")
            for name in (a, b)
        )  # fmt: skip
        sums[pair] = sums.get(pair, 0.0) + (row["to_m"] - row["from_m"]) / 1000
    rows = [
        html.Li(desk.say("cuts_stretch", a=one, b=other, km=f"{km:.1f}"))
        for (one, other), km in sums.items()
    ]
    return html.Ul(rows, className="plain-list")
