"""What was read once, kept until a table that it came from is written again."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from workspace import store
from workspace.folder import Workspace

T = TypeVar("T")
_KEPT = 400
_held: WeakKeyDictionary[Workspace, dict[Hashable, tuple[Any, Any]]] = WeakKeyDictionary()


def cached(ws: Workspace, key: Hashable, tables: Sequence[str], make: Callable[[], T]) -> T:
    """Return ``make()``, or what it returned when the tables were as they are now."""
    version = store.version(ws.engine, *tables)
    kept = _held.setdefault(ws, {})
    held = kept.get(key)
    if held is not None and held[0] == version:
        return held[1]
    value = make()
    while len(kept) >= _KEPT:
        kept.pop(next(iter(kept)), None)
    kept[key] = (version, value)
    return value
