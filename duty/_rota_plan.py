"""The settings of a duty rota: teams, shifts of the day, joint stretches."""

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from duty._toml import Frozen, once

Kind = Literal["foot", "car", "camera"]
KINDS: dict[Kind, tuple[str, str]] = {
    "foot": ("徒步", "foot"),
    "car": ("车巡", "car"),
    "camera": ("视频", "camera"),
}
DAY_MIN = 1440
# The second half of the night: midnight to six, minutes of the day.
LATE = (0, 360)
_Text = Annotated[str, Field(min_length=1)]
_Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
_Weekday = Annotated[int, Field(ge=1, le=7)]


class Team(Frozen):
    """A team that goes out as one: its kind, how many people it is, its unit."""

    id: _Text
    zh: _Text
    en: _Text
    kind: Kind
    people: Annotated[int, Field(ge=1)]
    unit: _Text


class Shift(Frozen):
    """A shift of every day: its kind of patrol, when it begins, how many people it wants.

    ``night`` shifts are shared out evenly; ``second_half`` marks those of the second half of the
    night (后半夜班).
    """

    id: _Text
    zh: _Text
    en: _Text
    kind: Kind
    start: _Clock
    hours: Annotated[float, Field(gt=0, le=24)]
    people: Annotated[int, Field(ge=1)]
    night: bool = False
    second_half: bool = False

    @property
    def start_min(self) -> int:
        """Return the minute of the day at which the shift begins."""
        hour, minute = self.start.split(":")
        return int(hour) * 60 + int(minute)

    @property
    def minutes(self) -> int:
        """Return how long the shift is, without the handover."""
        return round(self.hours * 60)

    def minutes_of_day(self) -> set[int]:
        """Return the minutes of the day in which the shift is out."""
        return {m % DAY_MIN for m in range(self.start_min, self.start_min + self.minutes)}


class Joint(Frozen):
    """A stretch patrolled jointly with a neighbouring county, and on which days we lead.

    ``our_days`` are weekdays from Monday, 1; on the others the neighbour leads.
    """

    id: _Text
    neighbour_zh: _Text
    neighbour_en: _Text
    unit: _Text
    shoreline_id: _Text
    from_m: Annotated[float, Field(ge=0)]
    to_m: Annotated[float, Field(ge=0)]
    our_days: tuple[_Weekday, ...]


class Plan(Frozen):
    """Everything that a rota is made from; ``made`` says that it is a specimen.

    A team stays ``handover_min`` after its shift's end, while the next is out already, and then
    rests for ``rest_hours`` at least. Every minute of the day has a shift out, and a shift of the
    second half of the night is out on foot or by car from midnight to six.
    """

    made: bool = False
    handover_min: Annotated[int, Field(ge=0, le=240)]
    rest_hours: Annotated[float, Field(ge=0, le=72)]
    shifts: Annotated[tuple[Shift, ...], Field(min_length=1)]
    teams: Annotated[tuple[Team, ...], Field(min_length=1)]
    joint: tuple[Joint, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        once([shift.id for shift in self.shifts])
        once([team.id for team in self.teams])
        once([stretch.id for stretch in self.joint])
        bare = _bare(self.shifts, 0, DAY_MIN)
        if bare:
            raise ValueError(f"no shift is out at {bare}; the shifts must cover the whole day")
        late = tuple(one for one in self.shifts if one.second_half and one.kind != "camera")
        bare = _bare(late, *LATE)
        if bare:
            raise ValueError(
                f"no foot or car shift marked second_half is out at {bare}; "
                "the second half of the night, 00:00 to 06:00, wants one"
            )
        return self


def _bare(shifts: tuple[Shift, ...], first: int, last: int) -> str:
    """Return the first time of the day between two minutes at which no shift is out."""
    out = set().union(*(shift.minutes_of_day() for shift in shifts))
    bare = np.setdiff1d(np.arange(first, last), np.array(sorted(out), dtype=int))
    return f"{bare[0] // 60:02d}:{bare[0] % 60:02d}" if len(bare) else ""
