from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from duty.due import due, out_of_order
from duty.posts import who, zone_chiefs

DAY = date(2026, 11, 23)
TZ = ZoneInfo("Asia/Shanghai")
POSTS = pl.DataFrame(
    {
        "post_id": ["p1", "p2", "p3"],
        "role": ["section_chief", "section_chief", "area_head"],
        "name": ["示例段长01", "示例段长02", "示例片长01"],
        "unit": ["u"] * 3,
        "duty_phone": ["0574-0000 0101"] * 3,
        "object_kind": ["section"] * 3,
        "object_id": ["S1", "S1", "S1"],
        "valid_from": [date(2025, 1, 1), date(2026, 11, 24), date(2025, 1, 1)],
        "valid_to": [date(2026, 11, 23), None, None],
    }
)


def test_a_handover_leaves_no_day_empty_and_none_double():
    for day, chief in ((DAY, "p1"), (date(2026, 11, 24), "p2")):
        found = who(POSTS, "section", "S1", day)
        assert found.filter(pl.col("role") == "section_chief")["post_id"].to_list() == [chief]
        assert len(found) == 2
    assert who(POSTS, "wharf", "S1", DAY).is_empty()
    assert who(POSTS, "section", "S1", date(2024, 1, 1)).is_empty()


def test_a_zone_names_its_chiefs_longest_share_first_and_says_where_there_is_none():
    zones = pl.DataFrame(
        {"zone_id": ["Z-b", "Z-a"], "rank": [1, 2], "segments": [[0, 1, 2], [3]]},
        schema_overrides={"segments": pl.List(pl.UInt32)},
    )
    segments = pl.DataFrame({"length_m": [500.0, 500.0, 750.0, 400.0]})
    section = pl.Series(["S1", "S1", "S2", None], dtype=pl.String)
    out = zone_chiefs(zones, segments, section, POSTS, DAY)
    assert out.select("zone_id", "section_id", "km", "post_id").rows() == [
        ("Z-b", "S1", 1.0, "p1"),
        ("Z-b", "S2", 0.75, None),
        ("Z-a", None, 0.4, None),
    ]


def test_due_counts_local_days_and_lists_the_never_inspected_first():
    places = pl.DataFrame(
        {
            "object_kind": ["wharf"] * 5,
            "object_id": ["late", "today", "fresh", "never", "uncadenced"],
            "cadence_days": [7, 7, 7, 30, None],
        }
    )
    inspections = pl.DataFrame(
        {
            "object_kind": ["wharf"] * 5,
            "object_id": ["late", "late", "today", "fresh", "never"],
            "t": [
                datetime(2026, 11, 1, tzinfo=UTC),
                datetime(2026, 11, 10, tzinfo=UTC),
                datetime(2026, 11, 15, 17, tzinfo=UTC),  # 01:00 on the 16th in the county
                datetime(2026, 11, 20, tzinfo=UTC),
                datetime(2026, 11, 24, tzinfo=UTC),  # later than the day asked for
            ],
        }
    )
    out = due(places, inspections, DAY, tz=TZ)
    assert out.select("object_id", "days_since", "days_overdue", "state").rows() == [
        ("never", None, None, "never"),
        ("late", 13, 6, "overdue"),
        ("today", 7, 0, "due"),
    ]


def test_out_of_order_counts_days_and_keeps_the_unknown():
    facilities = pl.DataFrame(
        {
            "facility_id": ["a", "b", "c", "d", "e"],
            "status": ["broken", "working", "missing", "broken", "broken"],
            "status_since": [date(2026, 11, 14), None, date(2026, 10, 1), None, date(2026, 12, 1)],
        }
    )
    out = out_of_order(facilities, DAY)
    assert out.select("facility_id", "days_out").rows() == [("c", 53), ("a", 9), ("d", None)]
