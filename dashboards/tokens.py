"""Every colour, width and size of the pages, in one place, for both themes."""

from typing import Literal

Theme = Literal["light", "dark"]

#: Risk from very low to very high. Luminance runs one way in each theme, so that a greyscale
#: print keeps the order; neighbours stay apart for normal, deutan and protan sight
#: (Machado 2009), which tests/dashboards/test_tokens.py checks.
RISK: dict[Theme, tuple[str, str, str, str, str]] = {
    "light": ("#cfd9e0", "#f0c05a", "#e58a2e", "#c43d2b", "#6a0f2a"),
    "dark": ("#3c5068", "#7c7f9c", "#d9683f", "#f9a53a", "#fff3b0"),
}

#: What is written on a patch of each risk colour.
RISK_INK: dict[Theme, tuple[str, str, str, str, str]] = {
    "light": ("#1c2730", "#1c2730", "#1c2730", "#ffffff", "#ffffff"),
    "dark": ("#ffffff", "#10151a", "#10151a", "#10151a", "#10151a"),
}

#: The second sign beside colour: pixels of line width per band.
RISK_WIDTH: tuple[int, int, int, int, int] = (2, 3, 4, 5, 6)

#: What became of the coast. Lines tell it too (assets/stretches.js, page.css); any two stay apart
#: like neighbouring bands of risk, and stand 3:1 against land and sea.
CHANGE: dict[Theme, dict[str, str]] = {
    "light": {
        "moved": "#0b57a0",
        "split": "#b8559f",
        "merged": "#a07400",
        "gone": "#2f3a44",
        "new": "#0e8f5e",
    },
    "dark": {
        "moved": "#6fc3ff",
        "split": "#c062b0",
        "merged": "#d8b33a",
        "gone": "#f1f4f6",
        "new": "#2fb583",
    },
}

#: What a vessel did, by what it may mean; the form of its sign tells the kind (assets/icons.css).
#: Any two stand apart like neighbouring bands of risk, and 3:1 against land and sea.
EVENT: dict[Theme, dict[str, str]] = {
    "light": {
        "shore": "#e0107f",
        "meet": "#358d4f",
        "hide": "#1c2730",
        "lie": "#855f02",
        "move": "#1a2f9a",
        "rest": "#56626b",
    },
    "dark": {
        "shore": "#ca416d",
        "meet": "#0fdb86",
        "hide": "#f4f6f8",
        "lie": "#e9b941",
        "move": "#4980e1",
        "rest": "#a5aeb5",
    },
}

#: Positions or vessels of a cell, from few to many: luminance runs one way, as with risk.
COVER: dict[Theme, tuple[str, str, str, str, str]] = {
    "light": ("#a3cfdc", "#74b0c8", "#4290b1", "#1f688e", "#0b3f62"),
    "dark": ("#28566f", "#2f7191", "#4292b3", "#76bad3", "#c6e8ef"),
}

SURFACE: dict[Theme, dict[str, str]] = {
    "light": {
        "land": "#f3f1ec",
        "sea": "#e4edf3",
        "shore": "#8795a1",
        "casing": "#5f6d79",
        "page": "#f6f8fa",
        "card": "#ffffff",
        "ink": "#1c2730",
        "quiet": "#55626e",
        "line": "#d5dde3",
        "accent": "#0f5f9c",
        "on-accent": "#ffffff",
        "accent-soft": "#e2eef8",
        "select": "#0b4f9c",
        "night": "#24344a",
        "tide": "#2a7d9c",
        "landable": "#b8dcc9",
        "made": "#6b4f9a",
        "made-soft": "#efeaf8",
        "threat": "#8a5a9e",
        "opportunity": "#2a7d9c",
        "guard": "#6f7d2a",
        "track": "#47708f",
        "view": "#9db8c9",
        "wrong": "#7a4300",
        "wrong-soft": "#fbe9cd",
    },
    "dark": {
        "land": "#1f262d",
        "sea": "#14191f",
        "shore": "#6d7b87",
        "casing": "#8e9ba6",
        "page": "#14191f",
        "card": "#1b2229",
        "ink": "#e6ebef",
        "quiet": "#a3b0bb",
        "line": "#33404b",
        "accent": "#6bb6f2",
        "on-accent": "#10151a",
        "accent-soft": "#21384c",
        "select": "#8fd0ff",
        "night": "#05080c",
        "tide": "#5bb3d1",
        "landable": "#2c5a45",
        "made": "#c3aef0",
        "made-soft": "#2d2740",
        "threat": "#c396d6",
        "opportunity": "#5bb3d1",
        "guard": "#b7c56a",
        "track": "#7ea6c4",
        "view": "#4d6a80",
        "wrong": "#f0c27a",
        "wrong-soft": "#40311b",
    },
}

FONTS = (
    'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", '
    '"Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)


def css() -> str:
    """Return the style sheet that gives every token its name, light first."""

    def block(selector: str, theme: Theme) -> str:
        names = {f"risk-{i}": colour for i, colour in enumerate(RISK[theme], 1)}
        names |= {f"risk-ink-{i}": colour for i, colour in enumerate(RISK_INK[theme], 1)}
        names |= {f"change-{kind}": colour for kind, colour in CHANGE[theme].items()}
        names |= {f"event-{what}": colour for what, colour in EVENT[theme].items()}
        names |= {f"cover-{i}": colour for i, colour in enumerate(COVER[theme], 1)}
        names |= SURFACE[theme]
        body = "".join(f"--{name}:{value};" for name, value in names.items())
        return f"{selector}{{color-scheme:{theme};{body}}}"

    return (
        block(":root", "light")
        + block(':root[data-theme="dark"]', "dark")
        + f":root{{--fonts:{FONTS}}}"
    )


def for_map() -> dict[str, dict[str, object]]:
    """Return what the map's styling functions need, per theme."""
    return {
        theme: {
            "risk": list(RISK[theme]),
            "width": list(RISK_WIDTH),
            "change": CHANGE[theme],
            "cover": list(COVER[theme]),
            **SURFACE[theme],
        }
        for theme in ("light", "dark")
    }
