"""The page around the offline map: everything it needs, inside it, in both languages."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from xstatic.pkg import leaflet

from dashboards import tokens
from dashboards._offline_layers import (
    BEHAVIOUR_HOURS,
    FOLDER,
    KIND,
    LEAST_RANK,
    MOST_EVENTS,
    Pair,
    both,
    code,
    moment,
)
from dashboards.words import LANGS, half
from workspace.export import marks
from workspace.folder import Workspace

#: Nothing may be fetched, whatever stands in the data.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"


def _json(value: object) -> str:
    """Return a value as a script may hold it: no text in it can end the script."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def head(data: dict[str, Any]) -> list[str]:
    """Return policy, styles and scripts, all of them inside the page."""
    home = Path(leaflet.BASE_DIR)
    style = re.sub(
        r"url\((images/[\w.-]+)\)",
        lambda found: f"url(data:image/png;base64,{_base64(home / found[1])})",
        (home / "leaflet.css").read_text(encoding="utf-8"),
    )
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    script = (home / "leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"//# sourceMappingURL=\S+", "", script)
    signs = (FOLDER.parent / "assets" / "icons.css").read_text(encoding="utf-8").splitlines()
    own = [
        tokens.css(),
        *(line for line in signs if line.startswith(".sign")),
        (FOLDER / "map.css").read_text(encoding="utf-8"),
    ]
    functions = (FOLDER / "map.js").read_text(encoding="utf-8")
    return [
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<style>{style}</style>",
        f"<script>{script}</script>",
        f"<style>{chr(10).join(own)}</style>",
        f"<script>{functions}</script>",
        f"<script>shoregrid.use({_json(data)});</script>",
    ]


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def spans(pair: Pair) -> str:
    """Return a text in both languages as markup; the page's style shows one of them."""
    return "".join(
        f'<span lang="{lang}">{escape(text)}</span>' for lang, text in zip(LANGS, pair, strict=True)
    )


def chrome(ws: Workspace, section_id: str | None, data: dict[str, Any], *, now: datetime) -> str:
    """Return panel and legend."""
    told = marks(ws, now=now)
    badges = [both(name) for name in ("simulated", "made") if name in told]
    exported = moment(now, ws.config.tz)
    about = [
        *([both("simulated_long")] if "simulated" in told else []),
        *([both("made_long", what=[_joined(ws, i) for i in range(2)])] if "made" in told else []),
        *(
            [half(told[name], lang) for lang in LANGS]
            for name in ("estimated", "tide")
            if name in told
        ),
        *([line, line] for line in ws.config.attributions),
        *([_behaviours()] if any(name.startswith(KIND) for name in data["layers"]) else []),
        [f"{a} {b}" for a, b in zip(both("exported"), exported, strict=True)],
        both("use"),
    ]
    credit = [" · ".join([*ws.config.attributions, use]) for use in both("use")]
    bands = "".join(
        f'<li><i style="height:{width}px;background:{colour}"></i>'
        f"<b>{20 * level}–{20 * level + 20}</b>{spans(data['bands'][level])}</li>"
        for level, (colour, width) in reversed(
            list(enumerate(zip(tokens.RISK["light"], tokens.RISK_WIDTH, strict=True)))
        )
    )
    section = data["sections"].get(section_id or "")
    name = [ws.config.county_zh, ws.config.county_en]
    heading = [f"{a} · {b}" for a, b in zip(name, section, strict=True)] if section else name
    return f"""
<section class="panel">
<h1>{spans(heading)}</h1><button id="lang" type="button"></button>
<label for="shift">{spans(both("shifts"))}<select id="shift"></select></label>
<div class="marks">{"".join(f'<span class="mark">{spans(one)}</span>' for one in badges)}</div>
<details><summary>{spans(both("about"))}</summary><div class="scroll">
{"".join(f"<p>{spans(line)}</p>" for line in about)}</div></details>
</section>
<p class="credit">{spans(credit)}</p>
<details class="legend" open><summary>{spans(both("legend"))}</summary>
<ul>{bands}<li><i class="dashed"></i>{spans(both("legend_missing"))}</li></ul></details>
"""


def _behaviours() -> Pair:
    """Return which behaviours are drawn, so that it is known that others are not."""
    return both("behaviours_told", h=BEHAVIOUR_HOURS, least=LEAST_RANK, most=MOST_EVENTS)


def _joined(ws: Workspace, i: int) -> str:
    names = dict.fromkeys(code("what", name)[i] for name in ws.config.made)
    return ("、", ", ")[i].join(names)
