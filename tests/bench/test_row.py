"""What the bench's lines say of themselves."""

import pytest

from tests.bench.row import Row, seconds


@pytest.mark.parametrize(
    ("row", "ratio", "holds"),
    [
        (Row("a", 2.0, "s", "peer", 6.0, budget=2.0), 3.0, True),
        (Row("a", 2.1, "s", "peer", 2.1, budget=2.0), 1.0, False),
        (Row("a", 50.0, "rows/s", "peer", 25.0, budget=40.0), 2.0, True),
        (Row("a", 30.0, "rows/s", "peer", 60.0, budget=40.0), 0.5, False),
        (Row("a", 9.0, "s"), None, True),
        (Row("a", 3.0, "GiB", budget=4.0), None, True),
        (Row("a", 5.0, "GiB", budget=4.0), None, False),
        (Row("a", 4.0, "s/M", "at less", 5.0, ratio_budget=1.0), 1.25, True),
        (Row("a", 5.0, "s/M", "at less", 4.0, ratio_budget=1.0), 0.8, False),
        (Row("a", 60.0, "rows/s", "peer", 3.0, budget=40.0, ratio_budget=20.0), 20.0, True),
        (Row("a", 60.0, "rows/s", "peer", 4.0, budget=40.0, ratio_budget=20.0), 15.0, False),
        (Row("a", 30.0, "rows/s", "peer", 1.0, budget=40.0, ratio_budget=20.0), 30.0, False),
        (Row("a", 60.0, "rows/s", "peer, not installed", ratio_budget=1.0), None, True),
    ],
)
def test_less_time_and_more_per_second_are_better(row, ratio, holds) -> None:
    assert row.ratio == ratio
    assert row.holds is holds
    assert list(row.as_dict()) == [
        "name", "figure", "unit", "peer", "peer_figure", "ratio", "budget", "ratio_budget",
        "holds",
    ]  # fmt: skip


def test_the_shortest_turn_counts_and_the_first_only_warms_up() -> None:
    turns = []
    time_s, last = seconds(lambda: turns.append(1) or len(turns), turns=2)
    assert last == len(turns) == 3
    assert 0 <= time_s < 1
