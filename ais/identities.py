"""Find vessels that change who they say they are, or share a number."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import shapely

from ais._events import events, rounded
from ais._names import FIELDS, keys, same
from ais._plane import KNOT, metres_between
from ais.schema import EVENTS, STATICS, empty
from ais.tracks import CLOCK_SLACK_S

_MINUTE_MS = 60_000
_WHOLE_NAME = 5
_MOST_VALUES = 50
"""A number that tells more names than this is nobody's: one that devices are delivered with."""


@dataclass(frozen=True)
class IdentityRule:
    """What counts as a change of identity.

    Changes told within ``together_min`` are one: static reports come in parts, minutes apart. A
    vessel goes on under another MMSI when that begins at most ``handover_min`` after the first
    one's end and within reach at ``max_kn``, and bears its IMO number, call sign or name (one
    that at most ``namesakes`` bear); two that were heard at once for more than ``at_once_min``
    are two vessels, or one with two transmitters. Two hulls use one MMSI if they are heard at once
    for so long in tracks of ``least_positions``, or by turns; and anew after ``apart_h`` in which
    they were not heard at once. A static report may come ``told_min`` late.
    """

    together_min: float = 30.0
    handover_min: float = 60.0
    max_kn: float = 60.0
    namesakes: int = 5
    at_once_min: float = 10.0
    least_positions: int = 10
    apart_h: float = 12.0
    told_min: float = 6.0


class _Value(NamedTuple):
    """One thing that an MMSI said of one field, and from when to when."""

    mmsi: int
    field: str
    key: str
    told: str
    first: datetime
    last: datetime


def changes(
    history: pl.DataFrame,
    places: pl.DataFrame,
    shared: pl.DataFrame,
    rule: IdentityRule | None = None,
    *,
    jumps: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Find changes of identity: of what is told, of the MMSI, and MMSIs of two hulls at once.

    Parameters
    ----------
    history : DataFrame
        ``STATICS``, every report or every version of them at the time when it was first told; with
        ``seen_to``, when it was last told, what was told in turn is known from what was given up.
    places : DataFrame
        mmsi, t0, t1, lon0, lat0, lon1, lat1 and n (positions) of tracks. A vessel that has none
        has no events.
    shared : DataFrame
        As ``ais.hulls.shared`` and ``ais.spoofing.by_turns`` return it.
    jumps : DataFrame, optional
        ``EVENTS`` of ``ais.spoofing.jumps``: what is told in one is no second hull's.

    Returns
    -------
    DataFrame
        ``EVENTS`` of kind identity; ``why`` is ``changed``, ``handed_over`` (``other_mmsi`` goes
        on) or ``shared`` (one event for each time that two hulls use an MMSI at once, from the
        first to the last that both were heard; shown where the second one was then). Another value
        that is no slip of spelling, and that this MMSI never told before, is a change; what is
        told for the first time is none, and an IMO number whose check digit is wrong is no IMO
        number. What two hulls of one MMSI tell in turn belongs to the sharing.
    """
    use = rule or IdentityRule()
    told = _told(history)
    several = shared.with_columns(pl.col("mmsi").cast(pl.UInt32))
    found = [
        _changed(told, places, set(several["mmsi"].to_list()), use),
        _handed_over(told, places, use),
        _shared(several, places, told, empty(EVENTS) if jumps is None else jumps, use),
    ]
    return pl.concat(found).sort("t0", "mmsi", "event_id")


def _told(history: pl.DataFrame) -> pl.DataFrame:
    """Return what each MMSI said: mmsi, field, key, told (as written first), first, last."""
    until = "seen_to" if "seen_to" in history.columns else "t"
    said = keys()
    parts = [
        history.select(
            "mmsi",
            pl.lit(field).alias("field"),
            said[field].alias("key"),
            pl.col(field).cast(pl.String).alias("told"),
            first="t",
            last=pl.max_horizontal("t", pl.col(until).cast(STATICS["t"])),
        )
        for field in FIELDS
    ]
    return (
        pl.concat(parts)
        .drop_nulls("key")
        .sort("mmsi", "field", "first", "told")
        .group_by("mmsi", "field", "key", maintain_order=True)
        .agg(pl.col("told", "first").first(), pl.col("last").max())
        .sort("mmsi", "field", "first", "key")
    )


def _changed(
    told: pl.DataFrame, places: pl.DataFrame, two_hulls: set[int], rule: IdentityRule
) -> pl.DataFrame:
    """Return what MMSIs told anew, one event for what changed together."""
    several = told.filter(pl.len().over("mmsi", "field").is_between(2, _MOST_VALUES))
    values = [_Value(*row) for row in several.iter_rows()]
    steps = []
    for (mmsi, _), group in groupby(values, key=lambda v: (v.mmsi, v.field)):
        steps += [s for s in _steps(list(group)) if mmsi not in two_hulls or not s["told_again"]]
    steps.sort(key=lambda s: (s["mmsi"], s["at"], s["field"]))
    batches: list[list[dict[str, Any]]] = []
    for step in steps:
        begun = batches[-1][0] if batches else None
        together = begun is not None and begun["mmsi"] == step["mmsi"]
        if together and step["at"] - batches[-1][0]["at"] <= timedelta(minutes=rule.together_min):
            batches[-1].append(step)
        else:
            batches.append([step])
    if not batches:
        return empty(EVENTS)
    when = pl.DataFrame(
        {"mmsi": [b[0]["mmsi"] for b in batches], "t": [b[0]["at"] for b in batches]},
        schema={"mmsi": pl.UInt32, "t": STATICS["t"]},
    )
    placed = _placed(when, places)
    evidence = [
        {
            "why": "changed",
            "fields": [step["field"] for step in batch],
            "changes": [
                {name: step[name] for name in _STEP if step[name] is not None} for step in batch
            ],
            "place_off_min": rounded(off),
            "together_min": rule.together_min,
            "n_positions": 1,
        }
        for batch, off in zip(batches, placed["off_min"], strict=True)
        if off is not None
    ]
    placed = placed.drop_nulls("off_min")
    t = placed["t"].dt.epoch("ms").to_numpy()
    lon, lat = placed["lon"].to_numpy(), placed["lat"].to_numpy()
    return events(
        "identity",
        mmsi=placed["mmsi"].to_numpy(),
        t0=t,
        t1=t,
        lon=lon,
        lat=lat,
        wkb=np.asarray(shapely.to_wkb(shapely.points(lon, lat))),
        evidence=evidence,
        rule="identity changed",
        begun=(lon, lat),
    )


_STEP = ("field", "from", "to", "last_told", "first_told", "told_again")


def _steps(values: list[_Value]) -> list[dict[str, Any]]:
    """Return the changes among what one MMSI told of one field, in order of when first told."""
    things: list[list[_Value]] = []
    steps: list[tuple[_Value, list[_Value], datetime]] = []
    for value in values:
        known = next((th for th in things if same(value.field, th[0].key, value.key)), None)
        if known is not None:
            known.append(value)
            continue
        if things:
            until = [max(min(v.last, value.first) for v in thing) for thing in things]
            latest = max(range(len(things)), key=lambda k: (until[k], k))
            steps.append((value, things[latest], until[latest]))
        things.append([value])
    return [
        {
            "mmsi": to.mmsi,
            "at": to.first,
            "field": to.field,
            "from": before[0].told,
            "to": to.told,
            "last_told": _iso(until),
            "first_told": _iso(to.first),
            # What is first told later is not told again, however like it is to what was before.
            "told_again": any(v.first <= to.first < v.last for v in before),
        }
        for to, before, until in steps
    ]


def _iso(t: datetime) -> str:
    return t.isoformat(timespec="seconds").replace("+00:00", "Z")


def _placed(when: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Return rows of mmsi, t with the lon, lat told nearest in time, and how far off that is."""
    known = pl.concat(
        places.select("mmsi", at=pl.col(f"t{end}"), lon=f"lon{end}", lat=f"lat{end}")
        for end in (0, 1)
    ).with_columns(pl.col("mmsi").cast(pl.UInt32))
    return (
        when.with_row_index("order")
        .sort("t")
        .join_asof(
            known.sort("at", "mmsi", "lon", "lat"),
            left_on="t",
            right_on="at",
            by="mmsi",
            strategy="nearest",
            check_sortedness=False,
        )
        .with_columns(
            off_min=(pl.col("t") - pl.col("at")).abs().dt.total_milliseconds() / _MINUTE_MS
        )
        .sort("order")
    )


def _namesakes(told: pl.DataFrame, rule: IdentityRule) -> pl.DataFrame:
    """Return pairs of MMSIs (a, b, in both orders) that bore one IMO, call sign or name."""
    marks = told.filter(
        pl.col("field").is_in(["imo", "callsign"])
        | ((pl.col("field") == "name") & (pl.col("key").str.len_chars() >= _WHOLE_NAME))
    ).filter(pl.len().over("field", "key").is_between(2, rule.namesakes))
    one = marks.select("field", "key", a="mmsi", by="told", a_first="first")
    other = marks.select("field", "key", b="mmsi", b_first="first")
    return one.join(other, on=["field", "key"]).filter(pl.col("a") != pl.col("b"))


def _handed_over(told: pl.DataFrame, places: pl.DataFrame, rule: IdentityRule) -> pl.DataFrame:
    """Return vessels that went on under another MMSI."""
    pairs = _namesakes(told, rule)
    hour = pl.duration(minutes=rule.handover_min)
    ways = places.with_columns(pl.col("mmsi").cast(pl.UInt32))
    heard = _heard(ways, hour)
    begun = heard.select("t0", "lon0", "lat0", b="mmsi")
    ended = heard.select("t1", "lon1", "lat1", a="mmsi")
    steps = (
        pairs.select("a", "b")
        .unique()
        .join(begun, on="b")
        .sort("t0", "a", "b")
        .join_asof(
            ended.sort("t1", "a"),
            left_on="t0",
            right_on="t1",
            by="a",
            strategy="backward",
            tolerance=timedelta(minutes=rule.handover_min),
            check_sortedness=False,
        )
        .drop_nulls("t1")
    )
    steps = _apart(steps, ways, rule)
    off_m = metres_between(*(steps[name].to_numpy() for name in ("lon0", "lat0", "lon1", "lat1")))
    seconds = (steps["t0"] - steps["t1"]).dt.total_milliseconds().to_numpy() / 1000
    steps = steps.with_columns(pl.Series("off_m", off_m)).filter(
        pl.Series(off_m <= rule.max_kn * KNOT * (seconds + CLOCK_SLACK_S), dtype=pl.Boolean)
    )
    late = pl.duration(minutes=rule.told_min)
    found = (
        steps.join(pairs, on=["a", "b"])
        .filter(pl.col("a_first") <= pl.col("t1") + late)
        .sort("t0", "a", "b", "field", "key")
        .group_by("t0", "a", "b", maintain_order=True)
        .agg(pl.col("field", "by"), pl.exclude("field", "by", "key").first())
    )
    return _handover_events(found, rule)


def _heard(ways: pl.DataFrame, lapse: pl.Expr) -> pl.DataFrame:
    """Return when and where each MMSI began and ended to be heard, with no longer silence between.

    A track may lie within another: a jump is no end.
    """
    silent = pl.col("t0") - pl.col("t1").cum_max().shift(1).over("mmsi") > lapse
    return (
        ways.sort("mmsi", "t0", "t1", "lon0", "lat0")
        .with_columns(spell=silent.fill_null(value=True).cum_sum())
        .group_by("mmsi", "spell", maintain_order=True)
        .agg(
            pl.col("t0", "lon0", "lat0").first(),
            pl.col("t1").max(),
            pl.col("lon1", "lat1").get(pl.col("t1").arg_max()),
        )
    )


def _apart(steps: pl.DataFrame, ways: pl.DataFrame, rule: IdentityRule) -> pl.DataFrame:
    """Return the steps between MMSIs that were never heard at once for long."""
    spans = ways.select("t0", "t1", mmsi="mmsi")
    both = (
        steps.select("a", "b")
        .unique()
        .join(spans.rename({"mmsi": "a"}), on="a")
        .join(spans.rename({"mmsi": "b", "t0": "u0", "t1": "u1"}), on="b")
        .with_columns(
            both=pl.min_horizontal("t1", "u1") - pl.max_horizontal("t0", "u0"),
        )
        .filter(pl.col("both") > pl.duration(minutes=rule.at_once_min))
    )
    return steps.join(both, on=["a", "b"], how="anti", maintain_order="left")


def _handover_events(found: pl.DataFrame, rule: IdentityRule) -> pl.DataFrame:
    """Return events from the end under one MMSI to the begin under the other, shown there."""
    silent_s = (found["t0"] - found["t1"]).dt.total_milliseconds() / 1000
    evidence = [
        {
            "why": "handed_over",
            "fields": row["field"],
            "borne": row["by"],
            "silent_min": rounded(seconds / 60),
            "distance_m": rounded(row["off_m"]),
            "needed_kn": rounded(row["off_m"] / (seconds + CLOCK_SLACK_S) / KNOT),
            "handover_min": rule.handover_min,
            "max_kn": rule.max_kn,
            "n_positions": 2,
        }
        for row, seconds in zip(found.iter_rows(named=True), silent_s, strict=True)
    ]
    lon1, lat1, lon0, lat0 = (found[name].to_numpy() for name in ("lon1", "lat1", "lon0", "lat0"))
    way = np.stack([np.column_stack([lon1, lat1]), np.column_stack([lon0, lat0])], axis=1)
    return events(
        "identity",
        mmsi=found["a"].to_numpy(),
        other=found["b"].to_numpy(),
        t0=found["t1"].dt.epoch("ms").to_numpy(),
        t1=found["t0"].dt.epoch("ms").to_numpy(),
        lon=lon0,
        lat=lat0,
        wkb=np.asarray(shapely.to_wkb(shapely.linestrings(way))),
        evidence=evidence,
        rule="identity handed_over",
        begun=(lon1, lat1),
    )


def _shared(
    several: pl.DataFrame,
    places: pl.DataFrame,
    told: pl.DataFrame,
    jumps: pl.DataFrame,
    rule: IdentityRule,
) -> pl.DataFrame:
    """Return an event for each time that two hulls use one MMSI at once."""
    names = told.filter(pl.col("field") == "name").group_by("mmsi").agg(names="told")
    begins, ended = pl.col("t0").arg_min(), pl.min_horizontal("t1", "until").cum_max()
    both = (
        places.with_columns(pl.col("mmsi").cast(pl.UInt32))
        .join(several, on="mmsi")
        # As many as tell one hull from another (`ais.hulls`): a few far off are none.
        .filter((pl.col("why") == "in_turn") | (pl.col("n") >= rule.least_positions))
        .sort("mmsi", "t0", "t1", "lon0", "lat0")
        .with_columns(until=pl.col("t1").cum_max().shift(1).over("mmsi"))
        .filter(pl.col("t0") < pl.col("until"))
        .with_row_index("piece")
        .with_columns(
            overlap=pl.min_horizontal("t1", "until") - pl.col("t0"),
            spell=(pl.col("t0") - ended.shift(1) > pl.duration(hours=rule.apart_h))
            .fill_null(value=False)
            .cum_sum()
            .over("mmsi"),
        )
    )
    jumped = both.join(jumps.select("mmsi", j0="t0", j1="t1"), on="mmsi").filter(
        (pl.col("j0") <= pl.col("t0")) & (pl.col("j1") >= pl.col("t1"))
    )
    lasts = pl.col("overlap").sum().over("mmsi", "spell") >= pl.duration(minutes=rule.at_once_min)
    found = (
        both.join(jumped, on="piece", how="anti", maintain_order="left")
        .filter((pl.col("why") == "in_turn") | lasts)
        .group_by("mmsi", "spell", maintain_order=True)
        .agg(
            pl.col("lon0", "lat0", "hulls", "distance_km").get(begins),
            pl.col("overlap").sum(),
            pl.col("t0").min(),
            pl.min_horizontal("t1", "until").max().alias("t1"),
        )
        .join(names, on="mmsi", how="left", maintain_order="left")
    )
    evidence = [
        {
            "why": "shared",
            "hulls": row["hulls"],
            "at_once_min": rounded(row["overlap"].total_seconds() / 60),
            "distance_km": None if row["distance_km"] is None else rounded(row["distance_km"], 2),
            "names": row["names"] or [],
            "n_positions": 1,
        }
        for row in found.iter_rows(named=True)
    ]
    lon, lat = found["lon0"].to_numpy(), found["lat0"].to_numpy()
    return events(
        "identity",
        mmsi=found["mmsi"].to_numpy(),
        t0=found["t0"].dt.epoch("ms").to_numpy(),
        t1=found["t1"].dt.epoch("ms").to_numpy(),
        lon=lon,
        lat=lat,
        wkb=np.asarray(shapely.to_wkb(shapely.points(lon, lat))),
        evidence=evidence,
        rule="identity shared",
        begun=(lon, lat),
    )
