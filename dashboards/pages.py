"""What the callbacks answer: the page for an address, and each part of it again after a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl
from dash import html

from dashboards import (
    boundaries,
    changes,
    coastmap,
    data,
    eventlist,
    eventpanel,
    events,
    overview,
    panel,
    placepanel,
    shell,
    zones,
)
from dashboards import day as day_page
from dashboards.address import DEFAULT_LAYERS, DEFAULT_LEAST, KINDS, PLACES, parse
from dashboards.desk import Desk
from dashboards.listing import listing, ordered, pages_of
from dashboards.seen import Door, Seen
from dashboards.source import Part, Person
from dashboards.strip import strip as shifts_strip
from dashboards.words import Lang
from workspace import rights

if TYPE_CHECKING:
    import geopandas as gpd

    from workspace.read import Events

_TOP = 5
_TOP_EVENTS = 3

#: What else a segment's row says, where the coast knows it.
_TOLD = ("shoreline_kind", "lon", "lat")

#: Degrees around a segment that is opened by its address.
_AROUND = 0.03


@dataclass(frozen=True)
class Pages:
    """The page's parts, made from what the source knows; no part computes a risk."""

    door: Door
    tags: Callable[[Seen], dict[str, str]]

    def page(self, search: str | None, person: Person, *, lang: Lang, theme: str) -> Part:
        """Return the whole page that an address asks for."""
        view = parse(search)
        desk = self.desk(person, view.lang or lang, view.theme or theme)
        here = len(desk.source.segments())
        if view.page == "day" and here:
            shift = view.shift if view.shift in desk.shifts else desk.default_shift()
            return day_page.page(
                desk,
                view,
                rows=self.rows(desk, shift, None),
                shift=shift,
                found=self._events(desk, shift, None, KINDS, events.HIGH)[1],
            )
        if view.page == "boundaries":
            return boundaries.page(desk, view, tags=self.tags(desk.source))
        if view.page == "changes":
            return changes.page(desk, view, tags=self.tags(desk.source))
        if view.page == "data":
            return data.page(desk, view, tags=self.tags(desk.source))
        if not here:
            if not rights.whole(person.role, person.scope):
                return _bare(desk, "no_scope_title", "no_scope_mend")
            return _bare(desk, "no_coast_title", "no_coast_mend")
        own = person.section if person.section in desk.sections else None
        mine = own is not None and (view.mine if view.mine is not None else True)
        shift = view.shift if view.shift in desk.shifts else desk.default_shift()
        place = self._thing(desk, *view.place) if view.place else None
        segment = view.segment if not place and view.segment in self._rows_by_id(desk) else None
        day = desk.strip_day(shift)
        chosen = list(view.layers if view.layers is not None else DEFAULT_LAYERS)
        layer = place and _layer_of(view.place, place)
        if view.layers is None and layer and layer not in chosen:
            chosen.append(layer)
        kinds = KINDS if view.kinds is None else view.kinds
        least = view.least or DEFAULT_LEAST
        # A store that holds None counts as changed when it is mounted; an empty text does not.
        state = {
            "shift": shift or "",
            "segment": segment or "",
            "place": "/".join(view.place or ()) if place else "",
            "mine": own if mine else "",
            "own": own or "",
            "day": day.isoformat(),
            "layers": chosen,
            "sort": "-score",
            "bbox": "",
            "lang": desk.lang,
            "theme": desk.theme,
        }
        scope = own if mine else None
        bounds = self._bounds(desk, scope)
        the_map = coastmap.coast_map(
            desk,
            styling=coastmap.hideout(desk, shift_id=shift, mine=scope),
            tags=self.tags(desk.source),
            things=coastmap.layers(
                desk, chosen=chosen, shift_id=shift, bbox="", kinds=kinds, least=least
            ),
            view=view.centre,
            bounds=_place_bounds(place) or self._segment_bounds(desk, segment) or bounds,
        )
        return shell.frame(
            desk,
            state=state,
            the_map=the_map,
            strip=self.strip(desk, scope, day, shift),
            panel=self.panel(desk, segment, shift, scope, place=view.place if place else None),
            listing=self.listed(desk, shift, scope, "-score", 1, segment),
            behaviours=self.events(desk, shift, scope, kinds, least, 1),
            kinds=kinds,
            least=least,
            places=self._places(desk),
            bounds=bounds,
        )

    def warm(self) -> None:
        """Make every part once, so that the first reader does not wait for what is loaded late."""
        nobody = Person("", "", "read_only")
        self.page("", nobody, lang="zh", theme="light")
        self.page("?page=data", Person("", "", "analyst"), lang="zh", theme="light")
        desk = self.desk(nobody, "zh", "light")
        shift = desk.default_shift()
        if shift and len(desk.source.segments()):
            self.panel(desk, desk.source.segments()["segment_id"].iloc[0], shift, None)

    def desk(self, person: Person, lang: Lang, theme: str) -> Desk:
        """Return the desk to answer one callback at."""
        return Desk(self.door(person), person, lang, theme)

    def _bounds(self, desk: Desk, scope: str | None) -> Sequence[float]:
        """Return west, south, east, north of one section, or of the coast."""
        if scope is None:
            return tuple(desk.meta.bounds)
        coast = desk.source.segments()
        return tuple(coast[coast["section_id"] == scope].total_bounds)

    def _segment_bounds(self, desk: Desk, segment: str | None) -> Sequence[float] | None:
        """Return a box of some kilometres around a segment that an address names."""
        if segment is None:
            return None
        coast = desk.source.segments()
        west, south, east, north = coast[coast["segment_id"] == segment].total_bounds
        return west - _AROUND, south - _AROUND, east + _AROUND, north + _AROUND

    def _rows_by_id(self, desk: Desk) -> set[str]:
        return set(desk.source.segments()["segment_id"])

    def strip(self, desk: Desk, scope: str | None, day: date, shift: str | None) -> Part:
        """Return the strip of shifts from a day."""
        return shifts_strip(desk, section_id=scope, day=day, chosen=shift)

    def rows(self, desk: Desk, shift: str | None, scope: str | None) -> pl.DataFrame:
        """Return the segments of a scope with their scores in a shift, in the coast's order."""
        frame = desk.source.scores(shift) if shift else None
        if frame is None:
            return pl.DataFrame()
        coast = desk.source.segments()
        rows = pl.DataFrame(
            {
                "segment_id": coast["segment_id"].tolist(),
                "section_id": [s if isinstance(s, str) else None for s in coast["section_id"]],
                "from_m": coast["from_m"].to_numpy(),
                "to_m": coast["to_m"].to_numpy(),
                **{name: coast[name].to_list() for name in _TOLD if name in coast},
            },
            schema_overrides={"section_id": pl.String},
        ).with_columns(frame["score"], frame["lo"], frame["hi"])
        rows = rows.drop_nulls("score").with_columns(width=pl.col("hi") - pl.col("lo"))
        return rows if scope is None else rows.filter(pl.col("section_id") == scope)

    def panel(
        self,
        desk: Desk,
        segment: str | None,
        shift: str | None,
        scope: str | None,
        *,
        place: tuple[str, str] | None = None,
    ) -> list[Any]:
        """Return the panel: one place, one segment explained, or the shift's overview."""
        if place and place[0] == "events" and desk.may("see_events"):
            return eventpanel.told(desk, desk.source.event(place[1]))
        if place:
            return placepanel.told(desk, place[0], desk.source.place(*place))
        if shift is None:
            return [overview.empty(desk.say("not_scored_title"), desk.say("not_scored_mend"))]
        if segment:
            told = desk.source.explain(segment, shift)
            if told is None:
                return [overview.empty(desk.say("not_scored_title"), desk.say("not_scored_mend"))]
            return panel.explained(desk, told, shift)
        rows = self.rows(desk, shift, scope)
        top = ordered(rows, "-score").head(_TOP).to_dicts() if rows.height else []
        return overview.overview(
            desk,
            shift_id=shift,
            top=top,
            zones=zones.told(desk, "zones", shift, scope),
            gone=zones.told(desk, "zones_gone", shift, scope),
            explored=zones.told(desk, "explored", shift, scope),
            events=self._events(desk, shift, scope, KINDS, events.HIGH)[1][:_TOP_EVENTS],
        )

    def listed(
        self,
        desk: Desk,
        shift: str | None,
        scope: str | None,
        sort: str,
        page: int,
        chosen: str | None,
    ) -> tuple[Part, int]:
        """Return one page of the table of segments, and how many pages there are."""
        if shift is None:
            return overview.empty(desk.say("not_scored_title"), desk.say("not_scored_mend")), 1
        rows = self.rows(desk, shift, scope)
        table = listing(
            desk, rows, shift_id=shift, sort=sort, page=page, chosen=chosen,
            patrols=zones.patrols(desk, shift),
        )  # fmt: skip
        return table, pages_of(rows)

    def events(
        self,
        desk: Desk,
        shift: str | None,
        scope: str | None,
        kinds: Sequence[str],
        least: str,
        page: int,
    ) -> tuple[list[Any], int]:
        """Return one page of the list of events, and how many pages there are."""
        found, rows = self._events(desk, shift, scope, kinds, float(least))
        span = eventlist.span_of(desk, shift)
        told = eventlist.listing(desk, found, rows, span=span, least=float(least), page=page)
        return told, eventlist.pages_of(rows)

    def _events(
        self,
        desk: Desk,
        shift: str | None,
        scope: str | None,
        kinds: Sequence[str],
        least: float,
    ) -> tuple[Events | None, list[dict[str, Any]]]:
        """Return the events of a shift's window, and as rows those nearest to a scope."""
        span = coastmap.window(desk, "behaviours", shift or "")
        if not span or not desk.may("see_events"):
            return None, []
        here = None
        if scope is not None:
            coast = desk.source.segments()
            here = frozenset(coast["segment_id"][coast["section_id"] == scope])
        found = desk.source.events(
            **span, kinds=kinds, least=least, most=coastmap.MOST_EVENTS, within=here
        )
        return found, events.rows_of(found.rows)

    def _thing(self, desk: Desk, table: str, key: str) -> Mapping[str, Any] | None:
        """Return the row of a place or an event that an address names."""
        if table != "events":
            return desk.source.place(table, key)
        if not desk.may("see_events"):
            return None
        found = desk.source.event(key)
        return found and found.row

    def _places(self, desk: Desk) -> list[dict[str, Any]]:
        """Return what the search finds: sections, wharves, risk points, with where they are."""
        found: list[dict[str, str]] = []
        groups: list[tuple[str, list[dict[str, str]]]] = []
        if desk.sections:
            lines = desk.source.layer("sections")
            boxes = dict(zip(lines["section_id"], lines.bounds.to_numpy().tolist(), strict=True))
            for section_id in [name for name in desk.sections if name in boxes]:
                box = ",".join(f"{x:.5f}" for x in boxes[section_id])
                found.append({"value": f"b:{box}", "label": desk.section_name(section_id)})
        groups.append((desk.say("layer_sections"), found))
        for name in PLACES:
            frame = desk.source.layer(name)
            groups.append((desk.say(f"layer_{name}"), _options(desk, name, frame)))
        return [{"group": group, "items": items} for group, items in groups if items]


def _options(desk: Desk, name: str, frame: gpd.GeoDataFrame) -> list[dict[str, str]]:
    seen: set[str] = set()
    options = []
    for row in frame.to_dict("records"):
        at = row["geometry"]
        value = f"p:{at.x:.5f},{at.y:.5f},{name}/{placepanel.key_of(name, row)}"
        if value not in seen:
            seen.add(value)
            options.append({"value": value, "label": placepanel.title(desk, name, row)})
    return options


def _layer_of(name: tuple[str, str] | None, row: Mapping[str, Any]) -> str:
    """Return the layer in which a place or an event lies."""
    if name is None or name[0] != "events":
        return name[0] if name else ""
    return next(layer for layer, kinds in coastmap.EVENTS.items() if row["kind"] in kinds)


def _place_bounds(place: Mapping[str, Any] | None) -> Sequence[float] | None:
    """Return a box of some kilometres around a place that an address names."""
    if place is None:
        return None
    lon, lat = place["lon"], place["lat"]
    return lon - _AROUND, lat - _AROUND, lon + _AROUND, lat + _AROUND


def _bare(desk: Desk, title: str, mend: str) -> html.Div:
    return html.Div(
        html.Main(overview.empty(desk.say(title), desk.say(mend)), className="bare"),
        className="app",
    )
