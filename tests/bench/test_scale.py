"""The bench of growth, small: it runs, two workers find what one finds, and in full it holds."""

from tests.bench import scale
from tests.bench.scale import Sizes


def test_the_bench_runs_and_at_its_size_holds(full: bool) -> None:
    sizes = scale.SMALL if full else Sizes((100_000, 300_000), 300_000)
    rows = list(scale.rows(sizes, vessels=scale.VESSELS if full else 40))
    assert [row.unit for row in rows] == ["s/M", "GiB", "s/M", "GiB", *["s/M", "GiB"] * full, "s"]
    assert all(row.figure > 0 for row in rows)
    assert all(row.holds for row in rows if row.unit == "GiB")
