"""The bench of the archive, small: it runs, keeps to its memory, and to its budgets in full."""

from tests.bench import archive


def test_the_bench_runs_and_at_its_size_holds(full: bool) -> None:
    rows = archive.rows(20_000_000) if full else archive.rows(100_000, vessels=200)
    assert [row.name for row in rows] == [
        "archive_ingest",
        "archive_compact",
        "archive_vessel_day",
        "archive_box_day",
        "archive_peak",
    ]
    assert all(row.figure > 0 for row in rows)
    assert not full or all(row.holds for row in rows)
