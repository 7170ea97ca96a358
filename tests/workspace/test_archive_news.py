"""Whose positions are new: appended, compacted, taken out; and where the log tells no more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from ais.schema import POSITIONS
from workspace import archive

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def rows(*mmsi: int, hour: int = 0) -> pl.DataFrame:
    none = dict.fromkeys(POSITIONS)
    data = [
        none
        | {
            "mmsi": one, "t": DAY + timedelta(hours=hour), "lon": 121.9, "lat": 29.1,
            "msg_type": 1, "cls": "A", "source": "test",
        }
        for one in mmsi
    ]  # fmt: skip
    return pl.DataFrame(data, schema=POSITIONS)


def news(folder: Path, since: int | None) -> list[int] | None:
    found = archive.changed_since(folder, since)[1]
    return None if found is None else found.to_list()


def now(folder: Path) -> int:
    return archive.changed_since(folder, None)[0]


def test_appends_name_their_vessels_and_compaction_none(tmp_path: Path) -> None:
    assert now(tmp_path / "p") == -1
    assert news(tmp_path / "p", None) == []
    archive.append(tmp_path / "p", rows(1, 2, 3))
    begun = now(tmp_path / "p")
    assert news(tmp_path / "p", None) is None
    assert news(tmp_path / "p", begun) == []
    archive.append(tmp_path / "p", rows(2, 4, hour=1))
    archive.append(tmp_path / "p", rows(5, hour=30))
    assert news(tmp_path / "p", begun) == [2, 4, 5]
    seen = now(tmp_path / "p")
    archive.compact(tmp_path / "p")
    assert now(tmp_path / "p") > seen
    assert news(tmp_path / "p", seen) == []
    # What came in and was compacted since cannot be told apart from what was in those files.
    assert set(news(tmp_path / "p", begun)) >= {2, 4, 5}


def test_repeating_an_append_is_no_news_and_a_better_row_is(tmp_path: Path) -> None:
    archive.append(tmp_path / "p", rows(1, 2))
    begun = now(tmp_path / "p")
    archive.append(tmp_path / "p", rows(1, 2))
    assert news(tmp_path / "p", begun) == []
    archive.append(tmp_path / "p", rows(2).with_columns(sog_kn=pl.lit(3.0, pl.Float32)))
    assert news(tmp_path / "p", begun) == [2]


def test_a_version_that_is_not_of_this_archive_makes_everybody_news(tmp_path: Path) -> None:
    archive.append(tmp_path / "p", rows(1))
    assert news(tmp_path / "p", now(tmp_path / "p") + 7) is None
