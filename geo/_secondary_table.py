"""Reading secondary ports from tables of differences (附港差比数)."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

from geo._tide_text import UNITS, degrees_in, read_json, read_rows, unit_of, words_of
from geo.datums import MSL, canonical
from geo.errors import InputError, Refusal
from geo.secondary import Offsets
from geo.tides import Station

# What a column holds, by its name without its unit.
_COLUMNS = {
    "station_id": {"stationid", "id", "站号", "编号", "附港编号", "序号"},
    "name": {"name", "stationname", "站名", "港名", "地点", "附港", "附港名称"},
    "lon": {"lon", "lng", "longitude", "经度"},
    "lat": {"lat", "latitude", "纬度"},
    "main": {"main", "mainport", "reference", "refstationid", "主港", "主港编号", "主港站号"},
    "time": {"time", "timedifference", "潮时差", "时差"},
    "time_high": {"timehigh", "timeoffsethightide", "高潮时差", "高潮潮时差", "潮时差高潮"},
    "time_low": {"timelow", "timeoffsetlowtide", "低潮时差", "低潮潮时差", "潮时差低潮"},
    "range_ratio": {"rangeratio", "潮差比"},
    "height_ratio": {"heightratio", "ratio", "潮高比"},
    "ratio_high": {"ratiohigh", "高潮潮高比", "高潮比", "高潮潮差比"},
    "ratio_low": {"ratiolow", "低潮潮高比", "低潮比", "低潮潮差比"},
    "correction": {"correction", "改正值", "改正数", "潮高改正值"},
    "add_high": {"addhigh", "高潮潮高差", "高潮改正值"},
    "add_low": {"addlow", "低潮潮高差", "低潮改正值"},
    "msl": {"msl", "meansealevel", "平均海面", "平均海平面", "附港平均海面"},
    "main_msl": {"mainmsl", "主港平均海面", "主港平均海平面"},
    "datum": {"datum", "基准面", "潮高基准面"},
    "main_datum": {"maindatum", "主港基准面", "主港潮高基准面"},
    "offset_high": {"heightoffsethightide"},
    "offset_low": {"heightoffsetlowtide"},
    "adjusted": {"heightadjustedtype"},
}
_MINUTES = {"min", "mins", "minutes", "分", "分钟"}
_SAY_MINUTES = "write 0115, or name the column in minutes: 高潮时差(min), time_high_min"
_MOST_MIN = 720.0
_MOST_RATIO = 10.0
_MOST_M = 20.0
_MEND = (
    "Expected the columns station_id (编号), main (主港), time_high (高潮时差) with time_low "
    "(低潮时差) or one time (潮时差) for both, and one of range_ratio (潮差比), height_ratio "
    "(潮高比), ratio_high with ratio_low, or add_high_m with add_low_m. docs/tides.md shows each "
    "form."
)


def is_secondary(names: Sequence[str]) -> bool:
    """Return whether a header is one of a table of secondary ports."""
    found = {_column(name) for name in names}
    return {"time_high", "time_low"} <= found or {"time", "main"} <= found


def read_secondary(
    path: Path,
    mains: Sequence[Station],
    *,
    station: str | None = None,
    unit: str | None = None,
    sheet: str | None = None,
) -> tuple[list[Station], list[Refusal]]:
    """Read secondary ports whose main ports are among ``mains``, and the rows that are no good.

    CSV or .xlsx with Chinese or English headers, one row a port: differences of time for high and
    low water (minutes, or 0115 and -0:25 for hours and minutes), and for heights one of

    - 潮差比, with the port's 平均海面 above its zero where that is known: the form of the Chinese
      national tide tables, (主港潮高 - 主港平均海面) x 潮差比 + 附港平均海面;
    - 潮高比 (or 潮差比) with 改正值: 主港潮高 x 比 + 改正值, above the two ports' zeros;
    - ``ratio_high, ratio_low`` or ``add_high_m, add_low_m`` (_cm, _ft): NOAA's form, above MLLW
      where ``datum`` says so.

    Or JSON as NOAA's MDAPI answers for ``tidepredoffsets`` (ratios R, or heights F to add). Heights
    in columns whose names bear no unit are centimetres, as the Chinese tables print them. The
    tables' corrections of mean sea level by month are not applied: the main port's own season is
    taken over, scaled with its tide.

    Parameters
    ----------
    station, unit : id of the port, and the unit of F, which NOAA's JSON does not say.

    Raises
    ------
    InputError
        When the file is no such table, or none of its rows can be used.
    """
    if path.suffix.lower() == ".json":
        rows = [(1, _from_mdapi(path, station, unit))]
    else:
        rows = _cells(path, sheet)
    found, refused = [], []
    heads = _heads(rows, mains)
    for number, row in rows:
        try:
            found.append(_station(row, mains, heads))
        except ValueError as problem:
            refused.append(
                Refusal(
                    path.name,
                    number,
                    "bad_secondary_port",
                    f"{row.get('name') or row.get('station_id') or 'it'}: {problem}",
                    "Correct the row; the others were kept.",
                )
            )
    if not found:
        worst = refused[0].detail if refused else "there is none"
        raise InputError(f"no row is a secondary port ({worst})", where=path.name, mend=_MEND)
    return found, refused


def _column(name: str) -> str | None:
    """Return what a column holds by its name, None where it is not known."""
    words = [w for w in words_of(name) if w not in _MINUTES and unit_of([w]) is None]
    key = "".join(words)
    return next((column for column, names in _COLUMNS.items() if key in names), None)


def _cells(path: Path, sheet: str | None) -> list[tuple[int, dict[str, str]]]:
    """Return each row's cells by column; heights in metres, times in minutes, as text."""
    rows = read_rows(path, sheet=sheet)
    start = next((i for i, row in enumerate(rows[:20]) if is_secondary(row.cells)), None)
    if start is None:
        raise InputError(
            "no row names the columns of a table of secondary ports", where=path.name, mend=_MEND
        )
    names = rows[start].cells
    columns = [_column(name) for name in names]
    units = [unit_of(words_of(name)) or "cm" for name in names]
    minutes = [bool(_MINUTES & set(words_of(name))) for name in names]
    found = []
    for row in rows[start + 1 :]:
        cells = {}
        for column, cell, unit, plain in zip(columns, row.cells, units, minutes, strict=False):
            if column is None or not cell:
                continue
            if column in {"correction", "add_high", "add_low", "msl", "main_msl"}:
                cells[f"{column}_unit"] = unit
            # One difference of time holds for high and low water.
            for side in ("time_high", "time_low") if column == "time" else (column,):
                if side in {"time_high", "time_low"} and plain:
                    cells[f"{side}_unit"] = "min"
                cells[side] = cell
        found.append((row.number, cells))
    return found


def _from_mdapi(path: Path, station: str | None, unit: str | None) -> dict[str, str]:
    """Return NOAA's offsets of one subordinate station as a row."""
    cells = {_column(str(key)): str(value) for key, value in read_json(path).items()}
    row = {key: value for key, value in cells.items() if key is not None and value != "None"}
    where = path.name
    missing = {"main", "offset_high", "offset_low", "adjusted"} - row.keys()
    if missing:
        raise InputError(f"it lacks {', '.join(sorted(missing))}", where=where, mend=_MEND)
    if station is None:
        raise InputError(
            "the offsets do not say whose they are", where=where, mend="Give --station ID."
        )
    high, low, adjusted = row.pop("offset_high"), row.pop("offset_low"), row.pop("adjusted")
    form = "ratio" if adjusted == "R" else "add"
    if form == "add" and unit is None:
        raise InputError(
            "the offsets do not say their unit", where=where, mend="Give --unit m, cm or ft."
        )
    sides = {f"{form}_high": high, f"{form}_low": low}
    units = {f"{name}_unit": unit or "m" for name in sides}
    times = {"time_high_unit": "min", "time_low_unit": "min"}
    mllw = {"datum": "MLLW", "main_datum": "MLLW"}
    return {**row, **sides, **units, **times, **mllw, "station_id": station}


def _heads(rows: Sequence[tuple[int, dict[str, str]]], mains: Sequence[Station]) -> set[str]:
    """Return the ids and names of the rows' main ports, as the rows and the stations have them."""
    heads = {}
    for name in {row.get("main", "") for _, row in rows}:
        found = _called(name, mains)
        if found and found[0].kind != "secondary":
            heads[name] = found[0].station_id
    return {*heads, *heads.values()}


def _station(row: dict[str, str], mains: Sequence[Station], heads: set[str]) -> Station:
    """Return one row as a station; raise ValueError where it cannot be.

    Tables print the main port itself above its secondary ports (0000, 1.00): it is none of them.
    """
    station_id = row.get("station_id") or row.get("name")
    if not station_id:
        raise ValueError("it has no id (编号)")
    if station_id in heads or row.get("name") == row.get("main", ""):
        raise ValueError("it is the main port of this table, and stays as it is")
    main = _main(row.get("main", ""), mains)
    offsets, datums = _offsets(row, main)
    return Station(
        station_id=station_id,
        name=row.get("name") or station_id,
        lon=_place(row.get("lon"), 180.0),
        lat=_place(row.get("lat"), 90.0),
        datums=datums,
        note=f"附港，主港 {main.name} · secondary port of {main.name}",
        offsets=offsets,
        main=main,
    )


def _called(name: str, mains: Sequence[Station]) -> list[Station]:
    """Return the stations of an id or name: by id before name, secondary ports last."""
    found = [
        one
        for one in mains
        if name and (name in (one.station_id, one.name) or one.station_id.endswith(f"/{name}"))
    ]
    return sorted(
        found, key=lambda one: (one.kind == "secondary", one.station_id != name, one.kind)
    )


def _main(name: str, mains: Sequence[Station]) -> Station:
    found = _called(name, mains)
    if found and found[0].kind == "secondary":
        raise ValueError(f"its main port {name!r} is a secondary port itself")
    if found:
        return found[0]
    known = ", ".join(one.station_id for one in mains) or "none"
    raise ValueError(f"its main port {name!r} is not known; there are {known}")


def _offsets(row: dict[str, str], main: Station) -> tuple[Offsets, dict[str, float]]:
    """Return a port's offsets in the one form that holds them all, and its datums."""
    datum = canonical(row.get("datum", "CD"))
    main_datum = canonical(row.get("main_datum", "CD"))
    msl_m = _metres(row, "msl")
    datums = {datum: 0.0} if msl_m is None else {datum: 0.0, MSL: msl_m}
    ratio = _ratio(row, "range_ratio") or _ratio(row, "height_ratio")
    correction_m = _metres(row, "correction")
    ratios = (_ratio(row, "ratio_high"), _ratio(row, "ratio_low"))
    adds = (_metres(row, "add_high"), _metres(row, "add_low"))
    if "range_ratio" in row and ratio is not None and correction_m is None:
        # About mean sea level on both sides: the main port's zero does not come in.
        add_m = 0.0 if msl_m is None else msl_m
        datum, datums = (MSL, {MSL: 0.0}) if msl_m is None else (datum, datums)
        main_datum = MSL
        if not main.known_datums().knows(main.datum):
            main_msl_m = _metres(row, "main_msl")
            if main_msl_m is None:
                raise ValueError(f"mean sea level at {main.name} is not known: give 主港平均海面")
            main_datum, add_m = main.datum, add_m - ratio * main_msl_m
        ratios, adds = (ratio, ratio), (add_m, add_m)
    elif ratio is not None:
        ratios, adds = (ratio, ratio), (correction_m or 0.0, correction_m or 0.0)
        if msl_m is None and main.known_datums().knows(MSL, main_datum):
            # The same rule that makes the port's heights makes its mean sea level.
            main_msl_m = main.known_datums().between(MSL, main_datum)
            datums[MSL] = round(ratio * main_msl_m + adds[0], 4)
    elif not _whole(ratios) or not _whole(adds) or (ratios[0] is None and adds[0] is None):
        raise ValueError("it has no 潮差比, 潮高比, ratio_high with ratio_low, or heights to add")
    if not main.known_datums().knows(main.datum, main_datum):
        raise ValueError(f"the datum {main_datum} is not known at {main.name}")
    high, low = (1.0 if one is None else one for one in ratios)
    add_high_m, add_low_m = (0.0 if one is None else one for one in adds)
    return (
        Offsets(
            main=main.station_id,
            time_high_min=_minutes(row, "time_high"),
            time_low_min=_minutes(row, "time_low"),
            ratio_high=high,
            ratio_low=low,
            add_high_m=add_high_m,
            add_low_m=add_low_m,
            main_datum=main_datum,
            datum=datum,
        ),
        datums,
    )


def _whole(pair: tuple[float | None, float | None]) -> bool:
    """Return whether both are there, or none."""
    return (pair[0] is None) == (pair[1] is None)


def _number(text: str) -> float:
    number = float(text.replace("−", "-").replace("－", "-").replace("＋", "+").lstrip("*× "))
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number


def _ratio(row: dict[str, str], column: str) -> float | None:
    if column not in row:
        return None
    ratio = _number(row[column])
    if not 0 < ratio <= _MOST_RATIO:
        raise ValueError(f"{column} is {ratio:g}; above 0 and up to {_MOST_RATIO:g} are allowed")
    return ratio


def _metres(row: dict[str, str], column: str) -> float | None:
    if column not in row:
        return None
    height_m = _number(row[column]) * UNITS[row[f"{column}_unit"]]
    if abs(height_m) > _MOST_M:
        raise ValueError(f"{column} is {height_m:g} m; up to {_MOST_M:g} m are allowed")
    return round(height_m, 6)


def _minutes(row: dict[str, str], column: str) -> float:
    """Return a difference of time in minutes from +0115, 115, -0:25 or 1 15; from 75 by its unit.

    Workbooks keep 0115 as the number 115: without a unit the last two digits are the minutes.
    """
    if column not in row:
        raise ValueError(f"{column} is missing")
    text = row[column].replace("−", "-").replace("－", "-").replace("＋", "+").strip()
    match = re.fullmatch(r"([+-]?)\s*(\d{1,2})(?:[:： ]|[h时])\s*(\d{1,2})(?::00|[m分])?", text)
    if match is None and f"{column}_unit" not in row:
        match = re.fullmatch(r"([+-]?)\s*(\d{0,2}?)(\d{1,2})(?:\.0+)?", text)
        if match is None:
            raise ValueError(f"{column} {text!r} is no hours and minutes; {_SAY_MINUTES}")
    if match:
        if int(match[3]) > 59:
            raise ValueError(f"{column} {text!r} has {match[3]} minutes; {_SAY_MINUTES}")
        found = (int(match[2] or 0) * 60 + int(match[3])) * (-1.0 if match[1] == "-" else 1.0)
    else:
        found = _number(text)
    if abs(found) > _MOST_MIN:
        raise ValueError(f"{column} is {found:g} min; up to {_MOST_MIN:g} min are allowed")
    return found


def _place(text: str | None, most: float) -> float:
    if not text:
        return math.nan
    degrees = degrees_in(text)
    if abs(degrees) > most:
        raise ValueError(f"{degrees:g} degrees; up to {most:g} are allowed")
    return degrees
