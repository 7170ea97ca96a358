"""Walking through what a page is made of."""

from dash.development.base_component import Component


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
