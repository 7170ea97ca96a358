"""What the double says of its AIS: sources and days, coverage, refused rows, vessels."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from workspace.read import Coverage, Vessel

TODAY = date(2026, 11, 23)
DAYS = 20
SAMPLE = {"file": "tower.nmea", "mend": "Mend it."}
SHARED, LISTED, PLAIN = 412000001, 412000002, 412000003
NAMES = {SHARED: "SIM 1", LISTED: "ZHEXIANGYU 12345", PLAIN: None}


def row(source, day, **more):
    """Return a day of a source with which nothing is wrong."""
    at = None if day is None else datetime.combine(day, time(), UTC)
    return {
        "source": source,
        "date": day,
        "rows": 12_000,
        "kept": 11_000,
        "passed": 950,
        "positions": 10_500,
        "vessels": 38,
        "t0": at,
        "t1": at and at + timedelta(hours=23, minutes=59),
        "delay_s": at and 3600.0,
        "skew_s": at and 0.0,
        "quarantined": [{"reason": "bad_checksum", "rows": 50}],
    } | more


def _days():
    days = [TODAY - timedelta(days=n) for n in range(DAYS)]
    rows = [row("harbour", day) for day in days]
    rows += [row("tower", day, rows=3000, kept=2990, passed=0) for day in days if day.day != 21]
    for one in rows:
        if one["source"] != "tower":
            continue
        if one["date"] == TODAY:
            many = [{"reason": "bad_checksum", "rows": 400}, {"reason": "truncated_gz", "rows": 1}]
            one |= {"rows": 3391, "quarantined": many}
        if one["date"] == TODAY - timedelta(days=1):
            one |= {"skew_s": 7.0}
        if one["date"] == TODAY - timedelta(days=3):
            one |= {"delay_s": 200_000.0}
    undated = row("recorder", None, rows=455, kept=0, passed=0, positions=0, vessels=0)
    rows.append(undated | {"quarantined": [{"reason": "no_time", "rows": 455}]})
    schema = {
        "source": pl.String, "date": pl.Date,
        **dict.fromkeys(("rows", "kept", "passed", "positions", "vessels"), pl.Int64),
        "t0": pl.Datetime("ms", "UTC"), "t1": pl.Datetime("ms", "UTC"),
        "delay_s": pl.Float64, "skew_s": pl.Float64,
        "quarantined": pl.List(pl.Struct({"reason": pl.String, "rows": pl.Int64})),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema).sort("source", "date", nulls_last=True)


def _version(name, since, until, **more):
    plain = {"imo": None, "callsign": "BPQQ", "ship_type": 30, "length_m": 24.0, "width_m": 6.0}
    return plain | {"draught_m": 2.1, "name": name, "seen_from": since, "seen_to": until} | more


def _vessel(mmsi):
    since = datetime(2026, 11, 20, 1, 2, tzinfo=UTC)
    until = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    versions = [_version(NAMES[mmsi], since, until)] if NAMES[mmsi] else []
    if mmsi == SHARED:
        turn = since + timedelta(days=1)
        versions = [
            _version("OLD NAME", since, turn),
            _version("SIM 1", turn, until, length_m=31.0),
        ]
    latest = (
        versions[-1]
        if versions
        else _version(
            None, since, until, callsign=None, ship_type=None, length_m=None, draught_m=None
        )
    )
    lists = pl.DataFrame(
        [
            (
                "W1",
                "2026 关注名单",
                "watch",
                "hull number",
                "浙象渔12345",
                "夜间抵岸",
                None,
                None,
                True,
            ),
            (
                "M1",
                "改装船",
                "modified",
                "mmsi",
                str(mmsi),
                None,
                date(2024, 1, 1),
                date(2025, 1, 1),
                False,
            ),
        ]
        if mmsi == LISTED
        else [],
        schema={
            **dict.fromkeys(("list_id", "list_name", "kind", "basis", "told", "reason"), pl.String),
            "valid_from": pl.Date,
            "valid_to": pl.Date,
            "in_force": pl.Boolean,
        },
        orient="row",
    )
    days = pl.DataFrame(
        {
            "date": [TODAY - timedelta(days=1), TODAY],
            "source": ["harbour", "tower"],
            "rows": [1200, 340],
            "t0": [since + timedelta(days=2), since + timedelta(days=3)],
            "t1": [since + timedelta(days=2, hours=3), until],
        }
    )
    hulls = pl.DataFrame(
        [(mmsi, 2, 7200.0, 310.4, "at_once")] if mmsi == SHARED else [],
        schema={
            "mmsi": pl.Int64,
            "hulls": pl.Int64,
            "overlap_s": pl.Float64,
            "distance_km": pl.Float64,
            "why": pl.String,
        },
        orient="row",
    )
    history = pl.DataFrame(versions, infer_schema_length=None)
    return Vessel(mmsi, "vessel", "number_mid", latest, history, lists, days, hulls)


class Feeds:
    """Three sources: one well, one with something wrong each day, one without times."""

    def feed_days(self):
        return _days()

    def coverage(self, day, source):
        cells = pl.DataFrame(
            {
                "lon": [121.95, 121.97, 121.99],
                "lat": [29.15, 29.25, 29.35],
                "rows": [7, 1500, 42],
                "vessels": [1, 60, 3],
            }
        ).head(0 if source == "tower" and day.day == 21 else 3)
        bounds = (121.7, 28.9, 122.2, 29.6)
        return Coverage(day, source, 0.02, bounds, cells, int(cells["rows"].sum()) + 5, 5)

    def refused(self, source, day):
        rows = [
            {"reason": "bad_checksum", **SAMPLE, "row": n, "detail": f"!AIVDM,1,1,,A,{n}*00"}
            for n in range(3)
        ]
        if day is None:
            rows = [{"reason": "no_time", **SAMPLE, "row": None, "detail": "!AIVDM,1,1,,A,9*00"}]
        return pl.DataFrame(rows)

    def vessel(self, mmsi):
        return _vessel(mmsi) if mmsi in NAMES else None

    def vessels_like(self, text):
        found = [
            (mmsi, name, "vessel", datetime(2026, 11, 23, tzinfo=UTC))
            for mmsi, name in NAMES.items()
            if text.upper() in (name or "") or str(mmsi).startswith(text)
        ]
        schema = {
            "mmsi": pl.Int64,
            "name": pl.String,
            "kind": pl.String,
            "seen_to": pl.Datetime("ms", "UTC"),
        }
        return pl.DataFrame(found, schema=schema, orient="row")
