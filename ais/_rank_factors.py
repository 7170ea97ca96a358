"""Work out the factors that a rank is made of, each between -1 and 1, for whole tables."""

import json
from collections.abc import Collection
from typing import Any

import polars as pl

from ais._plane import METRES_PER_DEGREE
from ais._rank_weights import NAMES, margin, number
from ais.life import CELL_DEG, cell

_FISHING = ("trawling", "netting")
_STAYS = ("stop", "loitering", "drift")
_PLACED = (*_STAYS, "rendezvous", "gap", "shore_approach", "dash")
_QUIET = (*_STAYS, "course_anomaly")
_EVERYDAY = ("stop", "berth_visit")
_COLUMNS = round(360.0 / CELL_DEG)
_STAY_MIN = 20.0
_DOUBTS = 2.0
_FEW = 10
_CONTEXT = {
    "dark": pl.Float64,
    "shore_m": pl.Float64,
    "landing_m": pl.Float64,
    "berth_m": pl.Float64,
    "on_watchlist": pl.Boolean,
}
_READ = {
    "margin_of": pl.Float64,
    "reception_of": pl.Float64,
    "positions_of": pl.Float64,
    "company": pl.Float64,
    "doubts": pl.Float64,
    "stale": pl.Boolean,
    "berthed": pl.Boolean,
    "lay": pl.Float64,
}
_NOTHING = (None,) * len(_READ)
_PRIOR_DAYS = 20.0


def factors(
    events: pl.DataFrame,
    profiles: pl.DataFrame,
    haunts: pl.DataFrame,
    context: pl.DataFrame | None,
    watched: Collection[int],
) -> pl.DataFrame:
    """Return event_id, mmsi, kind and a column for each of ``NAMES``, by event id.

    Null where a factor is not known or has nothing to do with the event.
    """
    row = _joined(events, profiles, context)
    for more in (_rarity(row, profiles), _habits(row, profiles, haunts), _chained(events)):
        row = row.join(more, on="event_id", how="left", maintain_order="left")
    listed = pl.Series(sorted(set(watched)), dtype=pl.UInt32).implode()
    known = {**_of_event(listed), **_of_places(), **_of_patterns()}
    zero = {n: pl.when(v != 0).then(v.cast(pl.Float64).round(4)).alias(n) for n, v in known.items()}
    return row.select("event_id", "mmsi", "kind", *(zero[n] for n in NAMES)).sort("event_id")


def _joined(
    events: pl.DataFrame, profiles: pl.DataFrame, context: pl.DataFrame | None
) -> pl.DataFrame:
    read = [_read(kind, text) for kind, text in events.select("kind", "evidence").iter_rows()]
    found = pl.DataFrame(read, schema=_READ, orient="row")
    row = events.drop("geometry", "evidence", strict=False).hstack(found)
    of = profiles.select(
        "mmsi",
        "pattern",
        "confidence",
        "why",
        "ship_type",
        "length_m",
        "days",
        "end_lon",
        "end_lat",
    )
    other = of.select(
        pl.col("mmsi").alias("other_mmsi"),
        pl.col("pattern").alias("pattern_2"),
        pl.col("confidence").alias("confidence_2"),
        pl.col("ship_type").alias("ship_type_2"),
        pl.col("length_m").alias("length_2_m"),
    )
    row = row.join(of, on="mmsi", how="left").join(other, on="other_mmsi", how="left")
    row = row.with_columns(
        pl.col("pattern").fill_null("unknown"),
        pl.col("confidence", "confidence_2").fill_null(0.0),
        pl.col("days").fill_null(0),
    )
    if context is not None:
        held = [c for c in _CONTEXT if c in context.columns]
        row = row.join(context.select("event_id", *held), on="event_id", how="left")
    lacking = [pl.lit(None, t).alias(c) for c, t in _CONTEXT.items() if c not in row.columns]
    return row.with_columns(lacking).with_columns(pl.col(c).cast(t) for c, t in _CONTEXT.items())


def _read(kind: str, text: str | None) -> tuple[float | None, ...]:
    """Return what the rank takes from a piece of evidence."""
    if kind in _EVERYDAY:
        return _NOTHING
    evidence = facts(text)
    doubts = evidence.get("cautions")
    # Two that waited near each other were not seen to meet.
    unmet = kind == "chain" and evidence.get("meeting") == "loitering_together"
    return (
        margin(kind, evidence),
        _first(evidence, "reception_through", "reception_least", "reception"),
        number(evidence.get("n_positions")),
        _company(evidence),
        _DOUBTS if unmet else float(len(doubts)) if isinstance(doubts, list) else None,
        evidence.get("told_unchanged") is True,
        evidence.get("in_berth") is True,
        _lay(evidence) if kind == "gap" else None,
    )


def _lay(evidence: dict[str, Any]) -> float | None:
    """Return how likely a vessel lay while silent: slow before, and still there after."""
    before, far = (number(evidence.get(k)) for k in ("speed_before_kn", "distance_m"))
    found = [
        0.0 if v is None else max(0.0, 1.0 - v / of) for v, of in ((before, 2.0), (far, 1000.0))
    ]
    return max(found[1], 0.5 * found[0])


def _first(evidence: dict[str, Any], *keys: str) -> float | None:
    """Return the first figure known."""
    return next((v for key in keys if (v := number(evidence.get(key))) is not None), None)


def _company(evidence: dict[str, Any]) -> float:
    """Return how far the two of a meeting came and went as company: 1, 0.6 for either, else 0."""
    both = [evidence.get("came_together") is True, evidence.get("left_together") is True]
    if all(both):
        return 1.0
    return 0.6 if any(both) or (number(evidence.get("company_before")) or 0.0) > 0 else 0.0


def facts(text: str | None) -> dict[str, Any]:
    """Return an evidence as a dict; an empty one where it is no JSON object."""
    try:
        found: object = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _of_event(watched: pl.Expr | pl.Series) -> dict[str, pl.Expr]:
    kind = pl.col("kind")
    on_list = pl.col("mmsi").is_in(watched) | pl.col("other_mmsi").is_in(watched)
    doubted = pl.col("why").str.contains("never_fishes|too_fast")
    return {
        "margin": pl.col("margin_of"),
        "rare_kind": pl.col("rare_kind"),
        "rare_own": pl.col("rare_own"),
        "reception": pl.when(kind.is_in(["gap", "dark_target"])).then(
            ((pl.col("reception_of") - 0.9) / 0.1).clip(0.0, 1.0)
        ),
        "few_positions": pl.when(~kind.is_in(["gap", "identity"])).then(
            (1.0 - pl.col("positions_of") / _FEW).clip(0.0, 1.0)
        ),
        "lay_silent": pl.col("lay"),
        "doubtful": (pl.col("doubts") / _DOUBTS).clip(0.0, 1.0),
        "stale_device": pl.col("stale"),
        "watched": (on_list.fill_null(value=False) | pl.col("on_watchlist").fill_null(value=False)),
        "in_chain": pl.col("in_chain"),
        "not_as_said": pl.when(doubted).then(pl.col("confidence")),
    }


def _of_places() -> dict[str, pl.Expr]:
    kind = pl.col("kind")
    comes_ashore = kind.is_in(["shore_approach", "dash", "identity", "spoofing", "chain", "gap"])
    return {
        "dark": pl.col("dark").clip(0.0, 1.0),
        "near_shore": pl.when(~comes_ashore).then((-pl.col("shore_m") / 3000.0).exp()),
        "landing_place": (-pl.col("landing_m") / 1000.0).exp(),
        "strange_place": pl.when(kind.is_in(_PLACED) & ~kind.is_in(_EVERYDAY)).then(
            pl.col("strange_place")
        ),
        "near_berth": pl.when(pl.col("berthed"))
        .then(1.0)
        .when(kind.is_in(_PLACED))
        .then((1.0 - pl.col("berth_m").clip(0.0, None) / 1000.0).clip(0.0, 1.0)),
    }


def _of_patterns() -> dict[str, pl.Expr]:
    kind, pattern, sure = pl.col("kind"), pl.col("pattern"), pl.col("confidence")
    other, sure_2 = pl.col("pattern_2"), pl.col("confidence_2")
    met = kind == "rendezvous"
    fishes, fishes_2 = pattern.is_in(_FISHING), other.is_in(_FISHING)
    at_end = pl.min_horizontal(*(_off_end(k) for k in (0, 1))) <= 1500.0
    company = pl.col("company")
    tanker = pl.col("ship_type").is_between(80, 89) | pl.col("ship_type_2").is_between(80, 89)
    big = pl.min_horizontal("length_m", "length_2_m") >= 50.0

    def by(name: str) -> pl.Expr:
        """Return how sure it is that either party of a meeting has a pattern."""
        return pl.max_horizontal(
            pl.when(pattern == name).then(sure), pl.when(other == name).then(sure_2)
        )

    return {
        "own_ground": pl.when(fishes & kind.is_in(_QUIET)).then(sure * pl.col("ground")),
        "ferry_line": pl.when((pattern == "ferry") & kind.is_in([*_PLACED, "course_anomaly"]))
        .then(sure * at_end.cast(pl.Float64))
        .otherwise(None),
        "pilotage": pl.when(met | kind.is_in([*_QUIET, "dash", "speed_anomaly"])).then(by("pilot")),
        "pair_trawling": pl.when(met & fishes & fishes_2).then(
            (sure * sure_2).sqrt() * company.clip(0.3, 1.0)
        ),
        "towing": pl.when(met).then(by("working")),
        "in_company": pl.when(met & ~(fishes & fishes_2).fill_null(value=False)).then(company),
        "bunkering": pl.when(met & tanker & big).then(1.0),
        "at_work": pl.when((pattern == "working") & kind.is_in(_QUIET)).then(sure),
        "waiting": pl.when(
            (pattern == "cargo") & (pl.col("length_m") >= 50.0) & kind.is_in(_STAYS)
        ).then(sure),
        "on_duty": pl.when(~kind.is_in(["identity", "spoofing", "gap"])).then(by("government")),
        "own_trade": pl.when(
            (pattern == "passenger") & kind.is_in(["dash", "speed_anomaly", "shore_approach"])
        ).then(sure),
        "at_leisure": pl.when(
            (pattern == "pleasure") & kind.is_in([*_QUIET, "shore_approach", "speed_anomaly"])
        ).then(sure * (1.0 - pl.col("dark").fill_null(0.5))),
    }


def _off_end(k: int) -> pl.Expr:
    """Return metres to one end of a ferry's line."""
    lon, lat = pl.col("end_lon").list.get(k, null_on_oob=True), pl.col("end_lat")
    dy = (pl.col("lat") - lat.list.get(k, null_on_oob=True)) * METRES_PER_DEGREE
    dx = ((pl.col("lon") - lon + 180.0).mod(360.0) - 180.0) * pl.col("lat").radians().cos()
    return (dy**2 + (dx * METRES_PER_DEGREE) ** 2).sqrt()


def _rarity(row: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Return ``rare_kind``: how seldom vessels of that pattern do this, the vessel itself left out.

    From -1, where it is done on each vessel-day, over 0 at one in 10 to 1 at one in 100 or fewer.
    A meeting counts for the two patterns together. Rates shrink to those of all vessels, as if of
    20 more vessel-days.
    """
    days = profiles.group_by("pattern").agg(pl.col("days").sum().cast(pl.Float64))
    held = dict(days.iter_rows())
    both = pl.col("pattern_2").is_not_null() & (pl.col("pattern_2") != pl.col("pattern"))
    span = pl.col("pattern").replace_strict(held, default=0.0, return_dtype=pl.Float64)
    span_2 = pl.col("pattern_2").replace_strict(held, default=0.0, return_dtype=pl.Float64)
    group = pl.concat_list(
        pl.min_horizontal("pattern", "pattern_2"), pl.max_horizontal("pattern", "pattern_2")
    ).list.join("+")
    counted = row.with_columns(
        group.alias("group"), (span + pl.when(both).then(span_2).otherwise(0.0)).alias("span")
    ).with_columns(
        pl.len().over("kind").alias("n"),
        pl.len().over("kind", "group").alias("n_group"),
        pl.len().over("kind", "mmsi").alias("n_own"),
        pl.len().over("kind", "group", "mmsi").alias("n_group_own"),
    )
    total, own = float(sum(held.values())), pl.col("days").cast(pl.Float64)
    overall = (pl.col("n") - pl.col("n_own") + 0.5) / (total - own + 1.0).clip(1.0, None)
    rate = (pl.col("n_group") - pl.col("n_group_own") + _PRIOR_DAYS * overall) / (
        (pl.col("span") - own).clip(0.0, None) + _PRIOR_DAYS
    )
    seldom = pl.when(pl.col("mmsi").is_not_null()).then((-rate.log10() - 1.0).clip(-1.0, 1.0))
    return counted.select("event_id", seldom.alias("rare_kind"))


def _habits(row: pl.DataFrame, profiles: pl.DataFrame, haunts: pl.DataFrame) -> pl.DataFrame:
    """Return ``rare_own``, ``strange_place`` and ``ground`` of each event.

    The first two are 1 for what the vessel never did, or where it never stayed, on its other days,
    0 at one day in three and -1 from two in three on, and shrink where few days are known.
    ``ground`` is 1 where it or several others of its pattern stay on other days.
    """
    when = row.select(
        "event_id", "mmsi", "kind", "pattern", "days", "lon", "lat",
        pl.col("t0").dt.date().alias("d0"),
        pl.coalesce("t1", "t0").dt.date().alias("d1"),
    )  # fmt: skip
    days = when.select("mmsi", "kind", pl.date_ranges("d0", "d1").alias("date")).explode("date")
    done = days.unique().group_by("mmsi", "kind").agg(pl.len().alias("did"))
    spans = (pl.col("d1") - pl.col("d0")).dt.total_days() + 1
    when = when.join(done, on=["mmsi", "kind"], how="left").with_columns(
        (pl.col("days").cast(pl.Int64) - spans).clip(0, None).alias("rest"),
        (pl.col("did").cast(pl.Int64) - spans).clip(0, None).alias("did"),
    )
    been = _stays(when, profiles, haunts)
    when = when.join(been, on="event_id", how="left").with_columns(
        pl.col("stayed", "others").fill_null(0)
    )
    share = (pl.col("stayed") / pl.col("rest")).fill_nan(0.0).clip(0.0, 1.0)
    company = 1.0 - 0.5 ** (pl.col("others") / 2.0)
    known = pl.lit(haunts.height > 0)
    return when.select(
        "event_id",
        _seldom(pl.col("did")).alias("rare_own"),
        pl.when(known).then(_seldom(pl.col("stayed"))).alias("strange_place"),
        pl.when(known)
        .then(pl.max_horizontal((2.0 * share).clip(0.0, 1.0), company))
        .alias("ground"),
    )


def _seldom(times: pl.Expr) -> pl.Expr:
    rest = pl.col("rest")
    return pl.when(rest >= 2).then((1.0 - 3.0 * times / rest).clip(-1.0, 1.0) * rest / (rest + 3.0))


def _stays(when: pl.DataFrame, profiles: pl.DataFrame, haunts: pl.DataFrame) -> pl.DataFrame:
    """Return on how many other days the vessel, and how many others of its pattern, stayed there.

    There is the event's cell and the eight around it; of the others those in the fullest of these
    count.
    """
    stays = haunts.filter(pl.col("minutes") >= _STAY_MIN)
    near = pl.DataFrame({"dr": [-1, -1, -1, 0, 0, 0, 1, 1, 1], "dc": [-1, 0, 1] * 3}).cast(pl.Int32)
    cells = (
        when.filter(~pl.col("kind").is_in(_EVERYDAY))
        .with_columns(*cell(pl.col("lon"), pl.col("lat")))
        .join(near, how="cross")
        .with_columns(pl.col("row") + pl.col("dr"), (pl.col("col") + pl.col("dc")).mod(_COLUMNS))
    )
    own = (
        cells.join(stays, on=["mmsi", "row", "col"])
        .filter((pl.col("date") < pl.col("d0")) | (pl.col("date") > pl.col("d1")))
        .group_by("event_id")
        .agg(pl.col("date").n_unique().alias("stayed"))
    )
    fishers = profiles.filter(pl.col("pattern").is_in(_FISHING)).select("mmsi", "pattern")
    fleet = stays.select("mmsi", "row", "col").unique().join(fishers, on="mmsi")
    boats = fleet.group_by("pattern", "row", "col").agg(pl.len().cast(pl.Int64).alias("boats"))
    itself = pl.col("itself").fill_null(value=False).cast(pl.Int64)
    others = (
        cells.filter(pl.col("kind").is_in(_QUIET))
        .join(boats, on=["pattern", "row", "col"])
        .join(
            fleet.select("mmsi", "row", "col", itself=pl.lit(value=True)),
            on=["mmsi", "row", "col"],
            how="left",
        )
        .group_by("event_id")
        .agg((pl.col("boats") - itself).max().alias("others"))
    )
    return own.join(others, on="event_id", how="full", coalesce=True)


def _chained(events: pl.DataFrame) -> pl.DataFrame:
    """Return ``in_chain``: the score of the best chain that an event is part of."""
    score: dict[str, float] = {}
    for (text,) in events.filter(pl.col("kind") == "chain").select("evidence").iter_rows():
        found = facts(text)
        told = _first(found, "score")
        of_chain = 1.0 if told is None else min(1.0, told)
        parts = found.get("parts")
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, dict) and "event_id" in part:
                name = str(part["event_id"])
                score[name] = max(of_chain, score.get(name, 0.0))
    return pl.DataFrame(
        {"event_id": sorted(score), "in_chain": [score[k] for k in sorted(score)]},
        schema={"event_id": pl.String, "in_chain": pl.Float64},
    )
