"""Which change on the page asks for which part again; no callback holds logic of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from dashboards import boundaries, coastmap, cutpanel, data
from dashboards.address import place_of
from dashboards.desk import Desk
from dashboards.guard import current_person
from dashboards.pages import Pages
from dashboards.source import Part
from dashboards.words import language

_LOOK = (State("lang", "data"), State("theme", "data"))


def register(app: Dash, pages: Pages) -> None:
    """Register every callback of the pages."""
    _register_parts(app, pages)
    _register_data(app, pages)
    _register_boundaries(app, pages)
    _register_client(app)


def _register_parts(app: Dash, pages: Pages) -> None:
    @app.callback(
        Output("root", "children"),
        Input("address", "search"),
    )
    def whole(search: str | None) -> Part:
        """Answer the first call of a page; the browser's own wishes ride in its cookies."""
        lang = language(ctx.cookies.get("shoregrid_lang"))
        theme = "dark" if ctx.cookies.get("shoregrid_theme") == "dark" else "light"
        return pages.page(search, current_person(), lang=lang, theme=theme)

    @app.callback(
        Output("styling", "data"),
        Input("shift", "data"),
        Input("mine", "data"),
        Input("theme", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def repaint(shift: str | None, mine: str | None, theme: str, lang: str) -> dict[str, Any]:
        return coastmap.hideout(
            _desk(pages, lang, theme), shift_id=shift or None, mine=mine or None
        )

    @app.callback(
        Output("panel-body", "children"),
        Input("segment", "data"),
        Input("place", "data"),
        Input("shift", "data"),
        Input("mine", "data"),
        Input("theme", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def panel(
        segment: str | None,
        place: str | None,
        shift: str | None,
        mine: str | None,
        theme: str,
        lang: str,
    ) -> Part:
        return pages.panel(
            _desk(pages, lang, theme),
            segment or None,
            shift or None,
            mine or None,
            place=place_of(place),
        )

    @app.callback(
        Output("strip", "children"),
        Input("day", "data"),
        Input("mine", "data"),
        Input("theme", "data"),
        State("shift", "data"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def strip(day: str, mine: str | None, theme: str, shift: str | None, lang: str) -> Part:
        return pages.strip(_desk(pages, lang, theme), mine or None, date.fromisoformat(day), shift)

    @app.callback(
        *[Output(name, "children") for name in coastmap.GROUPS],
        Input("layers", "data"),
        Input("shift", "data"),
        Input("bbox", "data"),
        Input("theme", "data"),
        Input("kind-boxes", "value"),
        Input("least-choice", "value"),
        State("lang", "data"),
        *[State(name, "children") for name in coastmap.GROUPS],
        prevent_initial_call=True,
    )
    def layers(
        chosen: list[str],
        shift: str | None,
        bbox: str | None,
        theme: str,
        kinds: list[str],
        least: str,
        lang: str,
        *now: Part,
    ) -> Part:
        # Whatever it was called for: a call for another reason may have come to nothing, because
        # the map moved while it was under way.
        groups = coastmap.layers(
            _desk(pages, lang, theme),
            chosen=chosen,
            shift_id=shift or None,
            bbox=bbox,
            kinds=kinds,
            least=least,
        )
        return [
            no_update if _asked(new) == _asked(old) else new
            for new, old in zip(groups.values(), now, strict=True)
        ]

    @app.callback(
        Output("list-body", "children"),
        Output("list-page", "total"),
        Output("list-page", "value"),
        Input("shift", "data"),
        Input("mine", "data"),
        Input("sort", "data"),
        Input("list-page", "value"),
        State("segment", "data"),
        *_LOOK,
        prevent_initial_call=True,
    )
    def listing(
        shift: str | None,
        mine: str | None,
        sort: str,
        page: int | None,
        chosen: str | None,
        lang: str,
        theme: str,
    ) -> Part:
        turned = ctx.triggered_id == "list-page"
        page = page if turned and page else 1
        table, total = pages.listed(
            _desk(pages, lang, theme), shift or None, mine or None, sort, page, chosen
        )
        return table, total, page

    @app.callback(
        Output("events-body", "children"),
        Output("events-page", "total"),
        Output("events-page", "value"),
        Input("shift", "data"),
        Input("mine", "data"),
        Input("kind-boxes", "value"),
        Input("least-choice", "value"),
        Input("events-page", "value"),
        *_LOOK,
        prevent_initial_call=True,
    )
    def behaviours(
        shift: str | None,
        mine: str | None,
        kinds: list[str],
        least: str,
        page: int | None,
        lang: str,
        theme: str,
    ) -> Part:
        turned = ctx.triggered_id == "events-page"
        page = page if turned and page else 1
        told, total = pages.events(
            _desk(pages, lang, theme), shift or None, mine or None, kinds, least, page
        )
        return told, total, page


def _register_data(app: Dash, pages: Pages) -> None:
    """Register what the data page asks for again."""
    look = (State("data-lang", "data"), State("data-theme", "data"))

    @app.callback(
        Output("data-told", "children"),
        Input("data-chosen", "data"),
        *look,
        prevent_initial_call=True,
    )
    def told(chosen: dict[str, str], lang: str, theme: str) -> Part:
        return data.again(_desk(pages, lang, theme), chosen)

    @app.callback(
        Output("data-found", "children"),
        Input("data-search", "value"),
        *look,
        prevent_initial_call=True,
    )
    def found(text: str | None, lang: str, theme: str) -> Part:
        return data.found(_desk(pages, lang, theme), text)


def _register_boundaries(app: Dash, pages: Pages) -> None:
    """Register what the page of boundaries asks for again, and what it does."""
    look = (State("cuts-lang", "data"), State("cuts-theme", "data"))

    @app.callback(
        Output("cuts-told", "children"),
        Output("cuts-drawn", "data"),
        Input("cuts-work", "data"),
        *look,
        prevent_initial_call=True,
    )
    def looked(work: dict[str, Any], lang: str, theme: str) -> Part:
        told, drawn = cutpanel.look(_desk(pages, lang, theme), work)
        return told or no_update, drawn

    @app.callback(
        Output("cuts-work", "data"),
        Output("cuts-dialog", "children"),
        Output("cuts-aside", "children"),
        Output("cuts-which", "children"),
        Output("cuts-said", "data"),
        Input("cuts-ask", "data"),
        *look,
        prevent_initial_call=True,
    )
    def done(ask: dict[str, Any], lang: str, theme: str) -> Part:
        desk = _desk(pages, lang, theme)
        work, dialog, offers, said = boundaries.act(desk, ask)
        aside = cutpanel.aside(desk, offers)
        if work is None:
            return no_update, dialog, aside, no_update, said
        return work, dialog, aside, boundaries.which(desk, work), said


def _register_client(app: Dash) -> None:
    """Register what the browser does by itself, in assets/page.js."""

    def client(name: str, output: Output, *inputs: Input | State, initial: bool = True) -> None:
        app.clientside_callback(
            ClientsideFunction("shoregrid_page", name),
            output,
            *inputs,
            prevent_initial_call=not initial,
        )

    client(
        "remember",
        Output("address-written", "data"),
        *[
            Input(name, "data")
            for name in ("segment", "place", "shift", "layers", "mine", "own", "lang", "theme")
        ],
        *[Input(name, "value") for name in ("kind-boxes", "least-choice")],
    )
    client("layersChosen", Output("layers", "data"), Input("layer-boxes", "value"), initial=False)
    client(
        "mineChosen",
        Output("mine", "data"),
        Input("mine-switch", "checked"),
        State("own", "data"),
        initial=False,
    )
    client("dateChosen", Output("date-asked", "data"), Input("date", "value"), initial=False)
    client("found", Output("search-asked", "data"), Input("search", "value"), initial=False)
    client(
        "themeChosen", Output("mantine", "forceColorScheme"), Input("theme", "data"), initial=False
    )
    client("restyle", Output("styled", "data"), Input("styling", "data"), initial=False)
    client(
        "rememberChanges",
        Output("changes-written", "data"),
        *[Input(f"changes-{name}", "data") for name in ("coast", "stretch", "lang", "theme")],
    )
    client(
        "themeChosen",
        Output("changes-mantine", "forceColorScheme"),
        Input("changes-theme", "data"),
        initial=False,
    )
    client(
        "rememberData",
        Output("data-written", "data"),
        *[Input(f"data-{name}", "data") for name in ("chosen", "lang", "theme")],
    )
    client(
        "themeChosen",
        Output("data-mantine", "forceColorScheme"),
        Input("data-theme", "data"),
        initial=False,
    )
    client(
        "rememberDay",
        Output("day-written", "data"),
        Input("day-lang", "data"),
        Input("day-theme", "data"),
    )
    client(
        "themeChosen",
        Output("day-mantine", "forceColorScheme"),
        Input("day-theme", "data"),
        initial=False,
    )
    client(
        "rememberCuts",
        Output("cuts-written", "data"),
        *[Input(f"cuts-{name}", "data") for name in ("work", "lang", "theme")],
    )
    client("cutsDrew", Output("cuts-seen", "data"), Input("cuts-drawn", "data"), initial=False)
    client(
        "cutsChosen", Output("cuts-opened", "data"), Input("cuts-choice", "value"), initial=False
    )
    client("cutsSaid", Output("cuts-heard", "data"), Input("cuts-said", "data"), initial=False)
    client(
        "themeChosen",
        Output("cuts-mantine", "forceColorScheme"),
        Input("cuts-theme", "data"),
        initial=False,
    )
    for name in ("cuts-land", "changes-land", "changes-lines", "data-land", "data-cells"):
        client(
            "themeOnMap",
            Output(name, "hideout"),
            Input(f"{name.split('-')[0]}-theme", "data"),
            State(name, "hideout"),
            initial=False,
        )
    client(
        "themeOnMap",
        Output("land", "hideout"),
        Input("theme", "data"),
        State("land", "hideout"),
        initial=False,
    )


def _asked(layers: Any) -> list[Any]:  # noqa: ANN401
    """Return what a group's layers ask for and their theme; they come from here or the browser."""
    plain = [x if isinstance(x, dict) else x.to_plotly_json() for x in layers or []]
    return [(layer["props"]["id"], layer["props"]["hideout"]["theme"]) for layer in plain]


def _desk(pages: Pages, lang: str, theme: str) -> Desk:
    return pages.desk(
        current_person(), "en" if lang == "en" else "zh", "dark" if theme == "dark" else "light"
    )
