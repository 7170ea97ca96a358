"""Walking through what a page is made of, and waiting for it."""

from dash.development.base_component import Component

from dashboards.desk import Desk
from dashboards.seen import Door


def every(part):
    """Return a component and all that is in it."""
    if isinstance(part, (list, tuple)):
        for one in part:
            yield from every(one)
    elif isinstance(part, Component):
        yield part
        yield from every(getattr(part, "children", None))
    elif part is not None:
        yield part


def text(part):
    return " ".join(str(one) for one in every(part) if isinstance(one, (str, int)))


def until(page, condition, arg=None, *, every_ms=50):
    """Wait until a JavaScript function holds in a page; fail after 30 s.

    Playwright's own way evaluates text each time it looks again, and the page's security policy
    forbids that: it works only where the first look finds what is wanted.
    """
    page.evaluate(
        f"""arg => new Promise((done, fail) => {{
        const holds = {condition}, end = Date.now() + 30000;
        const look = () => holds(arg) ? done()
          : Date.now() > end ? fail(new Error("not in 30 s")) : setTimeout(look, {every_ms});
        look(); }})""",
        arg,
    )


def at_desk(source, person, lang="zh", theme="light"):
    """Return the desk at which somebody asks."""
    return Desk(Door(source)(person), person, lang, theme)
