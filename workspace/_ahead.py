"""Work in a thread beside: the next item made beforehand, the last one put away behind."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_END = object()


def ahead(items: Iterable[T]) -> Iterator[T]:
    """Yield what ``items`` yields, one made beforehand; its errors come through.

    The thread ends with the iterator, also where the one who uses it stops half-way.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, source, _END)
        while (item := coming.result()) is not _END:
            coming = thread.submit(next, source, _END)
            yield item  # type: ignore[misc]


class Behind(Generic[T, R]):
    """Do work on items one after the other in a thread, one at a time and one waiting at most."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self._work = work
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._results: list[R] = []
        self._under_way: Future[R] | None = None

    def put(self, item: T) -> None:
        """Hand over an item; wait for the one before it, whose error comes through here."""
        self._wait()
        self._under_way = self._thread.submit(self._work, item)

    def done(self) -> list[R]:
        """Return what the work returned, once all of it is done."""
        self._wait()
        return self._results

    def _wait(self) -> None:
        if self._under_way is not None:
            self._results.append(self._under_way.result())
            self._under_way = None

    def __enter__(self) -> "Behind[T, R]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=True)
