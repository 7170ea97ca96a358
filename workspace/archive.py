"""The archive of positions: a Delta table by UTC day and bucket, one sorted file in each.

A commit of the table is one small file put in place at once, so a process killed at any instant
leaves either all of an append or none of it; files without a commit are never read. A position
is kept once by (mmsi, t, lon, lat), the better row of two, so that appends may be repeated and
come in any order. An append writes files of its own; `compact` makes them one, with the vessels
of one place side by side. A day has one bucket until it is large, then n, by mmsi % n.
"""

from workspace._archive_append import append
from workspace._archive_compact import Compacted, compact, needs_compaction, retain
from workspace._archive_log import KEY
from workspace._archive_news import changed_since, identity
from workspace._archive_read import (
    buckets,
    by_day,
    by_source,
    coverage,
    read,
    summary,
    touched,
)

__all__ = [
    "KEY",
    "Compacted",
    "append",
    "buckets",
    "by_day",
    "by_source",
    "changed_since",
    "compact",
    "coverage",
    "identity",
    "needs_compaction",
    "read",
    "retain",
    "summary",
    "touched",
]
