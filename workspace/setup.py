"""Making a workspace from files."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from geo.errors import InputError
from workspace import folder as folders
from workspace._console import Summary
from workspace._import_coast import read_land
from workspace._imported import Options
from workspace._quarantine import told
from workspace.importers import import_file

_PLAIN = Options()
# China keeps one time for five hours of sun; further off a place is probably another one.
_FAR_H = 4.0


def nautical_zone(lon: float) -> str:
    """Return the zone of whole hours that ships keep at a longitude, as an IANA name.

    15 degrees to an hour, zone 0 centred on Greenwich (IHO/Admiralty nautical standard time).
    The sign of the IANA names is reversed: Etc/GMT-8 is UTC+8.
    """
    hours = round(lon / 15.0)
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}"


def _hours_off(name: str, lon: float) -> float:
    """Return how many hours a known zone's winter time is from the sun's at a longitude."""
    if name not in available_timezones():
        return 0.0
    offset = datetime(2026, 1, 1, tzinfo=ZoneInfo(name)).utcoffset() or timedelta()
    return abs(offset.total_seconds() / 3600.0 - lon / 15.0)


def _check_zone(name: str | None) -> None:
    if name is not None and name not in available_timezones():
        raise InputError(
            f"time zone {name!r} is unknown",
            where="--timezone",
            mend="Give an IANA name such as Asia/Shanghai.",
        )


def make(
    root: Path,
    *,
    coast: Path | None = None,
    tides: Path | None = None,
    depth: Path | None = None,
    name_zh: str | None = None,
    name_en: str | None = None,
    timezone: str | None = None,
    of_coast: Options = _PLAIN,
    of_depth: Options = _PLAIN,
) -> Summary:
    """Make a workspace and read in what is given; when any of it is bad, leave nothing behind.

    ``of_coast`` and ``of_depth`` are what those files do not say of themselves.
    """
    summary = Summary()
    values: dict[str, str] = {}
    if coast is not None:
        land = read_land(coast, of_coast)[0]
        west, south, east, north = land.total_bounds
        summary.lines.append(
            f"岸线位于 · the coast lies at longitude {west:.2f} to {east:.2f}, "
            f"latitude {south:.2f} to {north:.2f}"
        )
        if timezone is not None and _hours_off(timezone, (west + east) / 2) > _FAR_H:
            summary.lines.append(
                f"时区 {timezone} 与该经度相差较大，经纬度是否写反？ · the time zone {timezone} "
                "is far from that longitude: are longitude and latitude swapped?"
            )
        if timezone is None:
            timezone = nautical_zone((west + east) / 2)
            summary.lines.append(
                f"未指定时区，按经度取 {timezone}；可在 shoregrid.toml 中更改 · no --timezone "
                f"given: took {timezone} from the coast's longitude; change it in shoregrid.toml"
            )
    given = {"county_zh": name_zh, "county_en": name_en, "timezone": timezone}
    values.update({name: value for name, value in given.items() if value is not None})
    _check_zone(timezone)
    there = root.exists()
    ws = folders.init(root, values)
    try:
        # The tide comes before the depth, whose datum it may have to explain, and the coast last:
        # it then knows at once when it can be landed on.
        for kind, path, options in (
            ("tides", tides, _PLAIN),
            ("depth", depth, of_depth),
            ("coast", coast, of_coast),
        ):
            if path is None:
                continue
            done = import_file(ws, kind, path, options)
            summary.counts[kind] = dict(done.counts)
            summary.seconds[kind] = sum(done.seconds.values())
            for reason, n in done.quarantined.items():
                summary.quarantined[reason] = summary.quarantined.get(reason, 0) + n
            summary.lines += [told(one) for one in done.refused]
            summary.lines += done.notes
    except BaseException:
        ws.close()
        shutil.rmtree(root)
        if there:
            root.mkdir()
        raise
    ws.close()
    summary.lines.append(f"工作区已建立 · workspace made: {root}")
    return summary
