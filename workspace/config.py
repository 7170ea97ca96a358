"""The settings of one workspace: a table of names, defaults and meanings, kept in a TOML file."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from geo.errors import InputError

FILE_NAME = "shoregrid.toml"


def _known_zone(name: str) -> str:
    """Return a time zone's name when the machine's tables know it."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"time zone {name!r} is unknown; expected an IANA name such as Asia/Shanghai"
        ) from error
    return name


def _clock_times(starts: tuple[str, ...]) -> tuple[str, ...]:
    """Return shift starts when each is HH:MM and they ascend through one day."""
    for start in starts:
        hour, _, minute = start.partition(":")
        digits = hour.isdigit() and minute.isdigit() and len(start) == len("HH:MM")
        if not digits or int(hour) > 23 or int(minute) > 59:
            raise ValueError(f"shift start {start!r} is expected to be a local time HH:MM")
    if not starts or list(starts) != sorted(set(starts)):
        raise ValueError("shift_starts is expected to hold ascending, different times")
    return starts


def _database_url(url: str) -> str:
    """Return a database address when it is empty (SQLite) or a PostgreSQL one."""
    if url and not url.startswith("postgresql+psycopg://"):
        raise ValueError("database is expected to start with postgresql+psycopg:// or to be empty")
    return url


Zone = Annotated[str, AfterValidator(_known_zone)]
Starts = Annotated[tuple[str, ...], AfterValidator(_clock_times)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]


class Config(BaseSettings):
    """Hold one workspace's settings; ``description`` is what docs/settings.md must say."""

    model_config = SettingsConfigDict(
        env_prefix="SHOREGRID_", extra="forbid", frozen=True, toml_file=None
    )

    county_zh: str = Field("未命名岸线", description="Name of the coast, in Chinese.")
    county_en: str = Field("Unnamed coast", description="Name of the coast, in English.")
    timezone: Zone = Field("UTC", description="IANA time zone in which shifts and pages are told.")
    shift_starts: Starts = Field(
        ("02:00", "06:00", "10:00", "14:00", "18:00", "22:00"),
        description="Local times at which a shift begins; each lasts until the next.",
    )
    database: DatabaseUrl = Field(
        "",
        description="PostgreSQL address (postgresql+psycopg://…) of a server; "
        "empty means the SQLite file in the folder.",
    )
    segment_length_m: float = Field(
        500.0, ge=50, le=20_000, description="Length that segments aim at, in metres."
    )
    shore_tolerance_m: float = Field(
        50.0,
        gt=0,
        le=1_000,
        description="How far, in metres, a stretch of shore may be drawn elsewhere in a newer "
        "coast and still count as kept.",
    )
    shore_reach_m: float = Field(
        500.0,
        gt=0,
        le=5_000,
        description="How far off, in metres, a stretch of the older coast is looked for in a "
        "newer one; beyond it the stretch is gone, and new.",
    )
    river_mouth_m: float = Field(
        0.0,
        ge=0,
        le=5_000,
        description="River mouths narrower than this, in metres, are closed when a coast is "
        "imported; 0 leaves every creek open.",
    )
    draught_m: float = Field(
        1.0, gt=0, le=20, description="Draught, in metres, for which landing is judged."
    )
    margin_m: float = Field(0.3, ge=0, le=5, description="Water wanted under the keel, in metres.")
    carry_m: dict[str, float] = Field(
        {"mud": 50.0, "beach": 80.0, "rock": 15.0, "creek": 30.0, "built": 10.0},
        description="How far, in metres, goods are carried from a boat to firm shore, "
        "by shore type.",
    )
    estimate_landing: bool = Field(
        default=True,
        description="Whether landing is estimated from the shore type where no depth is known; "
        "an estimate is labelled as one wherever it shows.",
    )
    tide_station: str = Field(
        "", description="Id of the tide station to use; empty means the nearest one stored."
    )
    tide_method: str = Field(
        "nearest",
        pattern="^(nearest|interpolate)$",
        description="Tide of a segment: `nearest` takes the nearest station, `interpolate` weighs "
        "those in reach.",
    )
    tide_max_km: float = Field(
        150.0,
        gt=0,
        le=1_000,
        description="Farthest that a tide station may be, in kilometres, to speak for a segment "
        "unless it is named.",
    )
    datums: dict[str, float] = Field(
        {},
        description="Heights, in metres above local mean sea level, of the zeros of datums that "
        "the stations do not give, by name (such as CN1985).",
    )
    tide_note: str = Field(
        "", description="What must be said wherever the tide shows, such as that it is borrowed."
    )
    max_snap_m: float = Field(
        2_000.0,
        gt=0,
        description="Farthest that a wharf, risk point or facility may stand from the shore, "
        "in metres; beyond it goes to quarantine.",
    )
    reach_m: float = Field(
        10_000.0,
        gt=0,
        description="Farthest over water, in metres, that a behaviour or incident counts "
        "for a segment.",
    )
    loitering_preset: str = Field(
        "coastal",
        pattern="^(coastal|gfw|starboard|zhoushan)$",
        description="Definition of loitering: coastal, gfw, starboard or zhoushan.",
    )
    rendezvous_preset: str = Field(
        "coastal",
        pattern="^(coastal|skylight|gfw)$",
        description="Definition of a rendezvous: coastal, skylight or gfw.",
    )
    patrol_km: float = Field(
        40.0, gt=0, description="Kilometres of shore that one shift can patrol (priority zones)."
    )
    shift_km: dict[str, Annotated[float, Field(ge=0)]] = Field(
        {},
        description="Kilometres of those shifts that can patrol more or less than `patrol_km`, "
        "by their start; 0 is a shift without a patrol.",
    )
    max_zones: int = Field(
        12, ge=1, le=200, description="Most priority zones that one shift is given."
    )
    zone_stay_points: float = Field(
        2.0,
        ge=0,
        le=100,
        description="Zones stay where they were the day before, unless moving them gains more "
        "than so many points for each kilometre that changes.",
    )
    explore_share: float = Field(
        0.15,
        ge=0.10,
        le=0.20,
        description="Share of a shift's kilometres, 0.1 to 0.2, kept for stretches drawn by lot.",
    )
    checkpoints: int = Field(
        2, ge=0, le=50, description="Checkpoints on the roads that are drawn for each shift."
    )
    checkpoint_minutes: float = Field(
        60.0, ge=15, le=480, description="Minutes for which a checkpoint stands."
    )
    checkpoint_from_shore_m: float = Field(
        1_000.0,
        ge=0,
        le=50_000,
        description="How far from the shore a checkpoint stands at least, metres.",
    )
    session_hours: float = Field(
        12.0, gt=0, le=720, description="Hours after which a sign-in ends, used or not."
    )
    idle_hours: float = Field(
        2.0, gt=0, le=720, description="Hours without use after which a sign-in ends."
    )
    lockout_failures: int = Field(
        5, ge=1, le=100, description="Wrong passwords in a row that lock an account."
    )
    lockout_minutes: float = Field(
        15.0, gt=0, le=1_440, description="Minutes for which a locked account stays locked."
    )
    coast_error_m: float = Field(
        100.0,
        ge=0,
        le=5_000,
        description="How far the coast may be off, metres: positions more than this and 300 m "
        "inside land are left out of behaviours.",
    )
    keep_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days of positions that `shoregrid compact` keeps before today (UTC); "
        "0 keeps all of them.",
    )
    simulated: bool = Field(
        default=False,
        description="Whether the AIS in this workspace is simulated; every page says so.",
    )
    made: tuple[str, ...] = Field(
        (), description="Names of the tables whose rows are made up; every page says so."
    )
    attributions: tuple[str, ...] = Field(
        (), description="Lines of credit that the map and its exports show."
    )

    @field_validator("shift_km")
    @classmethod
    def _of_a_shift(cls, by_start: dict[str, float], known: ValidationInfo) -> dict[str, float]:
        """Return kilometres by start of shift when there is such a shift."""
        # Starts that are no starts are a complaint of their own.
        starts = known.data.get("shift_starts", tuple(by_start))
        strangers = [start for start in by_start if start not in starts]
        if strangers:
            raise ValueError(f"no shift starts at {', '.join(strangers)}; see shift_starts")
        return by_start

    def shift_budget_km(self, shift_id: str) -> float:
        """Return the kilometres that a shift can patrol."""
        return self.shift_km.get(shift_id[11:], self.patrol_km)

    @property
    def tz(self) -> ZoneInfo:
        """Return the workspace's time zone."""
        return ZoneInfo(self.timezone)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic calls by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the sources: arguments, then environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the settings in ``path``; raise InputError listing every problem at once."""
        try:
            tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(
                f"there is no {path.name}, so this is not a workspace",
                where=str(path.parent),
                mend="Make one with: shoregrid init DIR",
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"the settings are not TOML: {error}", where=str(path), mend="Mend that line."
            ) from error
        source = type(
            cls.__name__, (cls,), {"model_config": {**cls.model_config, "toml_file": path}}
        )
        try:
            values = source().model_dump()
        except ValidationError as error:
            raise InputError(
                "; ".join(_problem(item) for item in error.errors()),
                where=str(path),
                mend="docs/settings.md lists every setting with what it may be.",
            ) from error
        return cls.model_construct(**values)


def _problem(item: Mapping[str, Any]) -> str:
    """Return one pydantic complaint as a clause that names the setting and its value."""
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"`{name}` is not a setting"
    return f"`{name}` was {item['input']!r}: {item['msg']}"


def write(path: Path, values: dict[str, Any]) -> None:
    """Write settings that differ from their defaults as TOML, each below its meaning."""
    Config(**values)
    lines = ["# Shoregrid workspace. docs/settings.md tells every setting.", ""]
    tables = []
    for name, field in Config.model_fields.items():
        if name not in values or values[name] == field.default:
            continue
        value = values[name]
        if isinstance(value, dict):
            tables += ["", f"# {field.description}", f"[{name}]"]
            tables += [f"{_toml(key)} = {_toml(item)}" for key, item in value.items()]
        else:
            lines += [f"# {field.description}", f"{name} = {_toml(value)}"]
    path.write_text("\n".join([*lines, *tables, ""]), encoding="utf-8")


def _toml(value: object) -> str:
    """Return one value as TOML text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return repr(value)
