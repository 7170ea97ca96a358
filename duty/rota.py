"""Share out the shifts of some weeks among teams: cover, rest and fair turns."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from duty._rota_plan import KINDS, Plan, Shift, Team
from duty._rota_solve import Work, share
from duty._toml import parse
from duty.joint import leads
from geo.errors import InputError

__all__ = ["LACKING", "TURNS", "Plan", "Rota", "load", "rota"]

_MOST_DAYS = 92
TURNS = pl.Schema(
    {
        "day": pl.Date(),
        "shift": pl.String(),
        "kind": pl.String(),
        "team": pl.String(),
        "unit": pl.String(),
        "people": pl.Int64(),
        "start": pl.Datetime("ms"),
        "end": pl.Datetime("ms"),
        "second_half": pl.Boolean(),
    }
)
LACKING = pl.Schema(
    {
        "day": pl.Date(),
        "shift": pl.String(),
        "kind": pl.String(),
        "wanted": pl.Int64(),
        "there": pl.Int64(),
        "lacking": pl.Int64(),
    }
)


@dataclass(frozen=True)
class Rota:
    """A rota: who is out when, which shifts lack whom, how fair it is, who leads at the border.

    Attributes
    ----------
    turns : polars.DataFrame
        ``day, shift, kind, team, unit, people, start, end`` (local wall-clock; ``end`` with the
        handover), ``second_half``, in order of their beginning.
    lacking : polars.DataFrame
        ``day, shift, kind, wanted, there, lacking`` (people): shifts that no sharing could fill.
    fairness : polars.DataFrame
        ``team, kind, turns, nights, weekends, hours``, one row a team, and what it had before:
        ``had_turns, had_nights, had_weekends``.
    leads : polars.DataFrame
        ``day, joint, shoreline_id, from_m, to_m, neighbour_zh, neighbour_en, ours`` and who leads,
        ``leads_zh, leads_en``.
    fair : bool
        Whether nights and weekends, with those had before, are equal within 1 among the teams of
        each kind.
    proven : bool
        Whether the solver proved that no rota lacks less, and none as full is fairer.
    """

    turns: pl.DataFrame
    lacking: pl.DataFrame
    fairness: pl.DataFrame
    leads: pl.DataFrame
    fair: bool
    proven: bool


def load(text: str, *, where: str) -> Plan:
    """Read teams, shifts and joint stretches from TOML; raise InputError naming every problem."""
    return parse(Plan, text, where=where)


def rota(plan: Plan, *, first: date, last: date, before: pl.DataFrame | None = None) -> Rota:
    """Share out every shift from the first day to the last among the teams of its kind.

    Kinds don't mix, so each is a mixed-integer programme of its own, solved by HiGHS
    (`scipy.optimize.milp`): first the fewest people lacking, then nights and weekends as equal as
    can be (the widest difference beyond 1 is least), then turns in all equal within as little as
    can be, with the fewest of them. Weekend turns are those that begin on a Saturday or Sunday. A
    team's turns are at least ``rest_hours`` apart from the end with the handover.

    ``before`` are the turns of the rota that this one goes on from (``TURNS``): of them those that
    begin before the first day count, for the rest after them and for what is fair. A team that had
    none of them counts as having had as many as the mean of the others.

    Raises
    ------
    InputError
        When the span is turned round or longer than 92 days.
    """
    days = (last - first).days + 1
    if not 1 <= days <= _MOST_DAYS:
        raise InputError(
            f"the rota spans {days} days, expected 1 to {_MOST_DAYS}",
            where=f"{first} – {last}",
            mend="Give a first day not after the last, and three months at most.",
        )
    kinds = [kind for kind in KINDS if any(shift.kind == kind for shift in plan.shifts)]
    past = TURNS.to_frame() if before is None else before.filter(pl.col("day") < first)
    parts = [_of_kind(plan, kind, first, days, past) for kind in kinds]
    return Rota(
        turns=pl.concat([part.turns for part in parts]).sort("start", "shift", "team"),
        lacking=pl.concat([part.lacking for part in parts]).sort("day", "shift"),
        fairness=pl.concat([part.fairness for part in parts]),
        leads=leads(plan.joint, first=first, last=last),
        fair=all(part.fair for part in parts),
        proven=all(part.proven for part in parts),
    )


def _of_kind(plan: Plan, kind: str, first: date, days: int, past: pl.DataFrame) -> Rota:
    """Share out the shifts of one kind."""
    shifts = [shift for shift in plan.shifts if shift.kind == kind]
    teams = [team for team in plan.teams if team.kind == kind]
    dates = [first + timedelta(days=n) for n in range(days)]
    due = [(day, shift) for day in dates for shift in shifts]
    start = np.array([n * 1440 + s.start_min for n in range(days) for s in shifts])
    length = np.array([s.minutes for _, s in due])
    rested, had = _before(plan, [team.id for team in teams], past, first)
    work = Work(
        start=start,
        free=start + length + plan.handover_min + round(plan.rest_hours * 60),
        wanted=np.array([s.people for _, s in due]),
        night=np.array([s.night for _, s in due]),
        weekend=np.array([day.isoweekday() >= 6 for day, _ in due]),
        people=np.array([team.people for team in teams], dtype=int),
        rested=rested,
        had=had,
    )
    out, proven = share(work)
    there = work.people @ out
    missing = np.flatnonzero(there < work.wanted)
    team, turn = np.nonzero(out)
    return Rota(
        turns=_turns(plan, [(due[t], teams[m]) for m, t in zip(team, turn, strict=True)]),
        lacking=pl.DataFrame(
            [
                (
                    due[n][0],
                    due[n][1].id,
                    kind,
                    int(work.wanted[n]),
                    int(there[n]),
                    int(work.wanted[n] - there[n]),
                )
                for n in missing
            ],
            schema=LACKING,
            orient="row",
        ),
        fairness=pl.DataFrame(
            {
                "team": pl.Series([one.id for one in teams], dtype=pl.String),
                "kind": pl.Series([kind] * len(teams), dtype=pl.String),
                "turns": out.sum(axis=1).astype(np.int64),
                "nights": out[:, work.night].sum(axis=1).astype(np.int64),
                "weekends": out[:, work.weekend].sum(axis=1).astype(np.int64),
                "hours": (out @ length) / 60.0,
                "had_turns": had[2],
                "had_nights": had[0],
                "had_weekends": had[1],
            }
        ),
        leads=pl.DataFrame(),
        fair=_is_fair(out[:, work.night].sum(axis=1) + had[0])
        and _is_fair(out[:, work.weekend].sum(axis=1) + had[1]),
        proven=proven,
    )


def _before(
    plan: Plan, teams: list[str], past: pl.DataFrame, first: date
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return from which minute each team may begin, and its nights, weekends and turns till then.

    What had none of the turns is new, and takes the mean of the others.
    """
    nights = [shift.id for shift in plan.shifts if shift.night]
    midnight = datetime.combine(first, time())
    counted = past.group_by("team").agg(
        rested=(pl.col("end").max() - midnight).dt.total_minutes() + round(plan.rest_hours * 60),
        nights=pl.col("shift").is_in(nights).sum(),
        weekends=(pl.col("day").dt.weekday() >= 6).sum(),
        turns=pl.len(),
    )
    mine = pl.DataFrame({"team": teams}, schema={"team": pl.String}).join(
        counted, on="team", how="left", maintain_order="left"
    )
    sums = ["nights", "weekends", "turns"]
    full = mine.with_columns(pl.col(sums).fill_null(pl.col(sums).mean().round()).fill_null(0))
    had = full.select(pl.col(sums).cast(pl.Int64)).to_numpy().T
    return mine["rested"].fill_null(0).cast(pl.Int64).to_numpy(), had


def _is_fair(counts: npt.NDArray[np.int64]) -> bool:
    return not counts.size or int(counts.max() - counts.min()) <= 1


def _turns(plan: Plan, given: list[tuple[tuple[date, Shift], Team]]) -> pl.DataFrame:
    rows = []
    for (day, shift), team in given:
        begins = datetime.combine(day, time()) + timedelta(minutes=shift.start_min)
        ends = begins + timedelta(minutes=shift.minutes + plan.handover_min)
        rows.append(
            (
                day,
                shift.id,
                shift.kind,
                team.id,
                team.unit,
                team.people,
                begins,
                ends,
                shift.second_half,
            )
        )
    return pl.DataFrame(rows, schema=TURNS, orient="row")
