"""What was read once, kept until a table that it came from is written again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from workspace import store
from workspace.folder import Workspace

T = TypeVar("T")
_KEPT = 400


@dataclass
class _Place:
    """One thing kept, with the versions of its tables; made by one thread while others wait."""

    version: tuple[int, ...] | None = None
    value: Any = None
    making: RLock = field(default_factory=RLock)


_held: WeakKeyDictionary[Workspace, OrderedDict[Hashable, _Place]] = WeakKeyDictionary()
_shelves = Lock()


def cached(ws: Workspace, key: Hashable, tables: Sequence[str], make: Callable[[], T]) -> T:
    """Return ``make()``, or what it returned when the tables were as they are now."""
    version = store.version(ws.engine, *tables)
    with _shelves:
        shelf = _held.setdefault(ws, OrderedDict())
        place = shelf.setdefault(key, _Place())
        shelf.move_to_end(key)
        while len(shelf) > _KEPT:
            shelf.popitem(last=False)
    with place.making:
        if place.version != version:
            place.value = make()
            place.version = version
        value: T = place.value
    return value
