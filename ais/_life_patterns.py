"""Judge which pattern a vessel's days show, against what it says that it is."""

from dataclasses import dataclass

import polars as pl

_WORK = ("slow_h", "trawl_h", "way_h", "fast_h", "rush_h")
_MOVE = _WORK[1:]

PATTERNS = (
    "trawling",
    "netting",
    "ferry",
    "pilot",
    "working",
    "cargo",
    "passenger",
    "pleasure",
    "government",
    "unknown",
)
REASONS = (
    "tows_for_hours",
    "works_slowly",
    "same_two_berths",
    "meets_many_ships",
    "keeps_a_ships_pace",
    "says_fishing",
    "says_pilot",
    "says_working",
    "says_cargo",
    "says_passenger",
    "says_pleasure",
    "says_government",
    "says_nothing",
    "never_fishes",
    "too_fast",
    "little_seen",
)


@dataclass(frozen=True)
class LifeRule:
    """What makes a pattern.

    Trawling: on a day at least ``tow_h`` in stretches at 2 to 5 kn of 45 min or more, these being
    ``tow_share`` of all the time that the vessel moved. Netting: ``slow_h`` of a day at 0.5 to
    2 kn, ``slow_share`` of the time it moved. Both on ``days_mute`` days where a vessel says no
    type. Ferry: ``trips`` passages between the same two berths, ``trip_share`` of all its passages
    (where it does not say that it carries passengers, ``trips_a_day`` on each day that it moved)
    and hardly any slow work (``ferry_slow`` of the time it moved). Pilot: short meetings with
    ``pilot_ships`` different ships. A vessel that says that it is slow (fishing, working, cargo)
    and makes more than 20 kn for ``rush_h`` is not believed; one that says fishing is not after
    ``out_h`` of moving with less than ``fish_share`` of it below 5 kn. The confidence grows with
    the days on which a pattern showed: half of it after ``half_days``.
    """

    tow_h: float = 1.5
    tow_share: float = 0.25
    slow_h: float = 1.5
    slow_share: float = 0.25
    trips: int = 4
    trip_share: float = 0.6
    ferry_slow: float = 0.4
    days_mute: int = 3
    trips_a_day: float = 2.0
    fish_share: float = 0.15
    pilot_ships: int = 4
    rush_h: float = 0.2
    out_h: float = 6.0
    half_days: float = 2.0


def judged(row: pl.DataFrame, rule: LifeRule) -> pl.DataFrame:
    """Return the vessels with ``pattern``, ``confidence`` and ``why``.

    ``row`` has ship_type, the hours of ``DAYS`` summed up, days, out_days, tow_days, slow_days,
    trips, most_trips, ships and meetings.
    """
    pattern, sure, why = _judgement()
    shown = (
        pl.when(pl.col("pattern") == "trawling")
        .then("tow_days")
        .when(pl.col("pattern") == "netting")
        .then("slow_days")
        .otherwise("days")
    )
    return (
        row.with_columns(_says(pl.col("ship_type")))
        .with_columns(*_signs(rule))
        .with_columns(pattern.alias("pattern"), sure.alias("sure"), why.alias("why"))
        .with_columns((1.0 - 0.5 ** (shown / rule.half_days)).alias("shown"))
        .with_columns((pl.col("sure") * pl.col("shown")).round(3).alias("confidence"))
    )


def _says(ship_type: pl.Expr) -> pl.Expr:
    """Return the pattern that a ship type of ITU-R M.1371-5 (table 53) stands for."""
    tens = ship_type // 10
    return (
        pl.when(ship_type == 30)
        .then(pl.lit("fishing"))
        .when(ship_type == 50)
        .then(pl.lit("pilot"))
        .when(ship_type.is_in([35, 51, 55]))
        .then(pl.lit("government"))
        .when(ship_type.is_in([31, 32, 33, 34, 52, 53, 54]))
        .then(pl.lit("working"))
        .when(ship_type.is_in([36, 37]))
        .then(pl.lit("pleasure"))
        .when(tens.is_in([4, 6]))
        .then(pl.lit("passenger"))
        .when(tens.is_in([7, 8]))
        .then(pl.lit("cargo"))
        .otherwise(pl.lit("nothing"))
        .alias("says")
    )


def _signs(rule: LifeRule) -> tuple[pl.Expr, ...]:
    """Return what the movements show, as columns of true and false."""
    worked = pl.sum_horizontal(_WORK)
    moved = pl.sum_horizontal(_MOVE)
    slow = pl.col("says").is_in(["fishing", "working", "cargo"])
    days = pl.when(pl.col("says") == "nothing").then(rule.days_mute).otherwise(1)
    regular = (pl.col("says") == "passenger") | (
        pl.col("most_trips") >= rule.trips_a_day * pl.col("out_days")
    )
    below_5 = pl.col("slow_h") + pl.col("trawl_h")
    return (
        ((pl.col("tow_days") >= days) & (pl.col("tow_h") >= rule.tow_share * worked)).alias("tows"),
        ((pl.col("slow_days") >= days) & (pl.col("slow_h") >= rule.slow_share * worked)).alias(
            "nets"
        ),
        (below_5 >= rule.fish_share * worked).alias("dallies"),
        (
            (pl.col("most_trips") >= rule.trips)
            & (pl.col("most_trips") >= rule.trip_share * pl.col("trips"))
            & regular
            & (below_5 <= rule.ferry_slow * worked)
        ).alias("shuttles"),
        ((pl.col("ships") >= rule.pilot_ships) & (pl.col("ships") * 2 > pl.col("meetings"))).alias(
            "pilots"
        ),
        (slow & (pl.col("rush_h") >= rule.rush_h)).alias("too_fast"),
        (moved >= rule.out_h).alias("seen_out"),
        (moved > 0).alias("moved"),
    )


def _judgement() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return pattern, how sure it would be of a vessel heard for long, and the reasons."""
    says, mute = pl.col("says"), pl.col("says") == "nothing"
    fishing = says == "fishing"
    may_fish = fishing | mute
    said = pl.lit("says_") + says
    rules: tuple[tuple[pl.Expr, pl.Expr | str, float | pl.Expr, pl.Expr | str], ...] = (
        (pl.col("too_fast"), "unknown", 0.8, said + " too_fast"),
        (says == "government", "government", 0.8, said),
        (
            says == "pilot",
            "pilot",
            0.8,
            said + pl.when("pilots").then(pl.lit(" meets_many_ships")).otherwise(pl.lit("")),
        ),
        (
            pl.col("shuttles") & ~fishing,
            "ferry",
            pl.when(says == "passenger").then(1.0).otherwise(0.5),
            said + " same_two_berths",
        ),
        (pl.col("pilots") & mute, "pilot", 0.6, said + " meets_many_ships"),
        (
            pl.col("tows") & may_fish,
            "trawling",
            pl.when(fishing).then(1.0).otherwise(0.5),
            said + " tows_for_hours",
        ),
        (
            pl.col("nets") & may_fish,
            "netting",
            pl.when(fishing).then(0.9).otherwise(0.3),
            said + " works_slowly",
        ),
        (
            fishing & pl.col("seen_out") & ~pl.col("dallies"),
            "unknown",
            0.8,
            said + " never_fishes",
        ),
        (~may_fish & pl.col("moved"), says, 0.8, said + " keeps_a_ships_pace"),
        (~may_fish, says, 0.4, said + " little_seen"),
    )
    pattern, sure, why = pl.lit("unknown"), pl.lit(0.0), said + " little_seen"
    for holds, what, how_sure, reason in reversed(rules):
        pattern = (
            pl.when(holds)
            .then(what if isinstance(what, pl.Expr) else pl.lit(what))
            .otherwise(pattern)
        )
        sure = pl.when(holds).then(how_sure).otherwise(sure)
        why = pl.when(holds).then(reason).otherwise(why)
    return pattern, sure, why
