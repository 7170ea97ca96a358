"""What a learned model forecasts on the made coast: offered, not offered, or never trained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from workspace._learned import Kept, Watch
from workspace.read import Outlook

AS_OF = datetime(2026, 11, 22, 16, tzinfo=UTC)  # midnight in Shanghai
KEPT = Kept(
    model_id="m1",
    run_id="r1",
    t=AS_OF,
    as_of=AS_OF,
    t1=AS_OF + timedelta(days=30),
    offered=True,
    why_zh="提供：每起比衰减计数多得 +0.30 奈特。",
    why_en="Offered: it gains +0.30 nats per incident over decayed counts.",
    figures={"expected": 2.4},
    spreads={},
    card="",
)
NOT = replace(
    KEPT,
    offered=False,
    why_zh="不提供：无信号。",
    why_en="Not offered: no signal.",
    figures={"expected": None},
)
STEADY = Watch(0.0, 0.1, pl.DataFrame(), False, [("此后案事件 0 起", "incidents since: 0")])
PARTS = [
    ("incidents nearby", "附近以往案事件", "Earlier incidents nearby", 3.1),
    ("landable", "可登滩时长", "Landable hours", 1.6),
    ("camera_cover", "摄像头未覆盖", "Not seen by cameras", 1.2),
    ("shelter", "掩蔽", "Shelter", 0.8),
    ("access", "陆路可达", "Access from land", 1.05),
    ("season", "同季节案事件", "Incidents of this season", 1.01),
]


class Learnt:
    """A forecast that grows along the made coast; ``model`` may be None or one not offered."""

    not_offered = NOT
    model: Kept | None = KEPT

    def forecast(self):
        if self.model is None:
            return None
        ids = self.segments()["segment_id"].tolist() if self.model.offered else []
        at = np.arange(len(ids)) / max(len(ids), 1)
        schema = {"segment_id": pl.String, "expected": pl.Float64, "percentile": pl.Float64}
        rows = pl.DataFrame([ids, 0.02 * at, at], schema=schema)
        return Outlook(self.model, STEADY, rows)

    def forecast_of(self, segment_id):
        found = self.forecast()
        if found is None or segment_id not in found.rows["segment_id"]:
            return None
        row = found.rows.row(by_predicate=pl.col("segment_id") == segment_id, named=True)
        high = row["percentile"] >= 0.8
        parts = [
            {"id": name, "label_zh": zh, "label_en": en, "times": times}
            for name, zh, en, times in PARTS
        ]
        return {
            **row,
            "t0": AS_OF.isoformat(),
            "t1": KEPT.t1.isoformat(),
            "times": float(np.prod([part["times"] for part in parts])) if high else None,
            "contributions": parts if high else None,
        }
