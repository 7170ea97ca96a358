"""What the double says of a newer coast, and of places with a past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import polars as pl

from workspace.lineage import sums

NOW = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)


def lineage_of(cut) -> gpd.GeoDataFrame:
    """Return a newer coast that moved, split, joined, dropped and added stretches of the older."""
    kinds = {10: "moved", 20: "split", 30: "merged", 40: "new"}
    change, stretch = ["kept"] * len(cut), [0] * len(cut)
    for first, kind in kinds.items():
        for i in range(first, first + 3):
            change[i], stretch[i] = kind, first
    ids = cut["segment_id"].tolist()
    rows = gpd.GeoDataFrame(
        {
            "lineage_id": range(1, len(cut) + 1),
            "old_segment_id": [None if k == "new" else n for k, n in zip(change, ids, strict=True)],
            "new_segment_id": ids,
            "change": change,
            "old_m": [None if kind == "new" else 500.0 for kind in change],
            "new_m": 500.0,
            "offset_m": [None if k == "new" else 2.0 if k == "kept" else 130.0 for k in change],
            "stretch": stretch,
        },
        geometry=cut.geometry.to_list(),
        crs=4326,
    )
    gone = rows.iloc[[200]].assign(
        lineage_id=len(cut) + 1, old_segment_id="old0001", new_segment_id=None, change="gone",
        old_m=820.0, new_m=None, offset_m=None, stretch=201,
    )  # fmt: skip
    gone = gone.set_geometry(gone.geometry.translate(-0.02))
    return gpd.GeoDataFrame(pd.concat([rows, gone], ignore_index=True), crs=4326)


_WHARF = {
    "wharf_id": "wharves8",
    "name": "示例码头",
    "name_en": "Example wharf",
    "wharf_class": "fishing",
    "category": "port_wharf",
    "owner_unit": "示例单位",
    "operator_unit": "示例公司",
    "berths": 3,
    "status": "in_use",
    "cadence_days": 7,
}
_BAR = {
    "facility_id": "facilities8",
    "name": None,
    "name_en": None,
    "kind": "height_bar",
    "line": "bar",
    "status": "broken",
    "status_since": "2026-11-20",
    "bar_type": "H",
    "bar_setting": "middle",
    "clearance_m": 2.5,
    "tamper": "alarm",
    "online_rate": None,
    "height_m": None,
    "live_link": None,
}
_PAST = [
    {
        "t": "2026-11-22T06:00:00Z",
        "action": "changed",
        "changes": {"clearance_m": [2.2, 2.5], "tamper": [None, "alarm"]},
        "source": "bars.csv",
        "user": "planner",
    },
    {
        "t": "2026-11-01T06:00:00Z",
        "action": "added",
        "changes": {},
        "source": "first.xlsx",
        "user": None,
    },
]


class NewerCoast:
    """The part of the double that answers for coasts and places."""

    def place(self, table, key):
        at = {"lon": 121.95, "lat": 29.2, "section_id": "S02", "offset_m": 12.0, "made": True}
        past = self.place_history(table, key)
        if table == "wharves" and key == "wharves8":
            return {**at, **_WHARF, "history": past}
        if table == "facilities" and key == "facilities8":
            return {**at, **_BAR, "history": past}
        if key in {f"{table}{n}" for n in range(8, 240, 24)}:
            return {**at, "name": key, "kind": "creek", "history": past}
        return None

    def place_history(self, table, key):
        return _PAST if (table, key) == ("facilities", "facilities8") else []

    def coasts(self):
        table = pl.DataFrame(
            {
                "coast_id": [2, 1],
                "t": [NOW - timedelta(days=2), NOW - timedelta(days=900)],
                "source": ["newer.gpkg", "示例早期测绘（虚构） · an earlier survey (made)"],
                "crs": ["EPSG:4490", "EPSG:4326"],
                "before": [1, None],
                "changed": [True, False],
            }
        )
        return table if self.newer else table.tail(1)

    def coast_changes(self, coast_id):
        assert coast_id == 2
        return self._lineage

    def coast_sums(self, coast_id):
        assert coast_id == 2
        return sums(pl.from_pandas(pd.DataFrame(self._lineage.drop(columns="geometry"))))

    def stretches(self, coast_id):
        assert coast_id == 2
        rows = self._lineage[self._lineage["stretch"] > 0]
        groups = [(stretch, part) for stretch, part in rows.groupby("stretch")]
        return pl.DataFrame(
            [
                {
                    "stretch": int(stretch),
                    "change": part["change"].iloc[0],
                    "old_m": float(part["old_m"].sum()),
                    "new_m": float(part["new_m"].sum()),
                    "offset_m": None if stretch in {40, 201} else 130.0,
                    "segment_id": None if stretch == 201 else part["new_segment_id"].iloc[0],
                    "section_id": "S01",
                    "shoreline_kind": "mainland",
                    **dict(zip(("west", "south", "east", "north"), part.total_bounds, strict=True)),
                }
                for stretch, part in groups
            ]
        ).sort(pl.max_horizontal("old_m", "new_m"), "stretch", descending=[True, False])
