"""Reading tide stations from tables of harmonic constants."""

import math
from pathlib import Path
from typing import Any

import polars as pl

from geo._tide_limits import AMPLITUDE_M, AMPLITUDES_M, check_zeros
from geo._tide_text import read_json
from geo.errors import InputError
from geo.tides import CONSTITUENTS, Station, known

# Constituents that pyTMD has no argument for are left out, and named in the station's note, while
# they hold no more than this share of all amplitudes (Kanmen 0.1 %, Anchorage 2 %).
_LEFT_OUT_SHARE = 0.05
_STATIONS_MEND = (
    "Expected an object with a list 'stations', each with id, name, latitude, longitude and "
    "'harmonic_constituents' (name, amplitude, phase)."
)


def read_stations(path: Path) -> list[Station]:
    """Read tide stations from a table of harmonic constants.

    JSON as the Neaps tide database writes it (``stations`` with ``harmonic_constituents``,
    ``datums`` and ``chart_datum``, which of them the charts use), or CSV with ``station_id, name,
    lat, lon, constituent, amplitude_m, phase_deg_gmt``. Phases are Greenwich lags in degrees,
    amplitudes metres.

    Raises
    ------
    InputError
        When the file is neither, or a constant is missing, no number or larger than any tide's;
        names file, row (CSV) or station (JSON), and constituent.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    try:
        if path.suffix.lower() == ".json":
            return _stations_from_json(path)
        return _stations_from_csv(path)
    except UnicodeDecodeError as problem:
        raise InputError(
            f"it is not UTF-8 text ({problem.reason})",
            where=str(path),
            mend="Save the table as UTF-8.",
        ) from problem


def _stations_from_json(path: Path) -> list[Station]:
    stations = read_json(path).get("stations")
    if not isinstance(stations, list) or not stations:
        raise InputError(
            "it is not a table of tide stations ('stations' is no list, or an empty one)",
            where=str(path),
            mend=_STATIONS_MEND,
        )
    out = []
    for number, entry in enumerate(stations, start=1):
        _shape_of_station(entry, f"{path}, station {number}")
        name = str(entry.get("name", entry.get("id", number)))
        where = f"{path}, station {number} ({name})"
        rows = [
            (
                str(c.get("name")),
                _number(c.get("amplitude"), "amplitude", str(c.get("name")), where, low=0.0),
                _number(c.get("phase"), "phase", str(c.get("name")), where),
            )
            for c in entry.get("harmonic_constituents", [])
        ]
        constituents, note = _checked(rows, where)
        out.append(
            Station(
                station_id=str(entry.get("id", name)),
                name=name,
                lon=_number(entry.get("longitude"), "longitude", "-", where, low=-180, high=180),
                lat=_number(entry.get("latitude"), "latitude", "-", where, low=-90, high=90),
                constituents=constituents,
                note=note,
                datums=_datums(entry, where),
            )
        )
    return _each_once(out, path)


def _datums(entry: dict[str, Any], where: str) -> dict[str, float]:
    """Return a station's datums, with CD for the one that it names as its chart datum."""
    found = {
        name: _number(value, f"datum {name}", "-", where)
        for name, value in entry.get("datums", {}).items()
    }
    check_zeros(found, where=where)
    chart = found.get(str(entry.get("chart_datum")))
    return found if chart is None else {"CD": chart, **found}


def _shape_of_station(entry: object, where: str) -> None:
    """Raise InputError where a station is not built as the Neaps database builds one."""
    parts = entry if isinstance(entry, dict) else {}
    constituents = parts.get("harmonic_constituents")
    if not (
        isinstance(constituents, list)
        and all(isinstance(one, dict) for one in constituents)
        and isinstance(parts.get("datums", {}), dict)
    ):
        raise InputError(
            "the station is not an object with a list 'harmonic_constituents' of objects "
            "(and 'datums', an object, where there are any)",
            where=where,
            mend=_STATIONS_MEND,
        )


def _each_once(stations: list[Station], path: Path) -> list[Station]:
    """Return the stations; raise InputError where two bear one id."""
    ids = [one.station_id for one in stations]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise InputError(
            f"the station id {', '.join(twice)} stands more than once",
            where=str(path),
            mend="Keep one station for each id.",
        )
    return stations


def _stations_from_csv(path: Path) -> list[Station]:
    needed = ["station_id", "constituent", "amplitude_m", "phase_deg_gmt"]
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as problem:
        raise InputError(
            f"it is not a CSV table ({problem})",
            where=str(path),
            mend=f"Expected the columns {', '.join(needed)}.",
        ) from problem
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise InputError(
            f"the header lacks {', '.join(missing)}; it has {', '.join(table.columns[:12])}",
            where=f"{path}, row 1",
            mend=f"Expected the columns {', '.join(needed)} (and name, lat, lon).",
        )
    if table.is_empty():
        raise InputError(
            "the table has a header and no rows", where=str(path), mend="Add the constituents."
        )
    out = []
    rows = table.with_row_index("row", offset=2)
    nameless = rows.filter(pl.col("station_id").fill_null("").str.strip_chars() == "")["row"]
    if len(nameless):
        raise InputError(
            "station_id is missing", where=f"{path}, row {nameless[0]}", mend="Fill it in."
        )
    for (station_id,), part in rows.group_by(["station_id"], maintain_order=True):
        constants = []
        for row in part.iter_rows(named=True):
            where = f"{path}, row {row['row']} (station {station_id})"
            name = str(row["constituent"])
            constants.append(
                (
                    name,
                    _number(row["amplitude_m"], "amplitude_m", name, where, low=0.0),
                    _number(row["phase_deg_gmt"], "phase_deg_gmt", name, where),
                )
            )
        first: dict[str, Any] = part.row(0, named=True)
        where = f"{path}, row {first['row']} (station {station_id})"
        constituents, note = _checked(constants, where)
        out.append(
            Station(
                station_id=str(station_id),
                name=str(first.get("name") or station_id),
                lon=_number(first.get("lon"), "lon", "-", where, low=-180, high=180),
                lat=_number(first.get("lat"), "lat", "-", where, low=-90, high=90),
                constituents=constituents,
                note=note,
            )
        )
    return out


def _number(
    value: object,
    column: str,
    constituent: str,
    where: str,
    *,
    low: float = -math.inf,
    high: float = math.inf,
) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if math.isfinite(number) and low <= number <= high:
        return number
    found = "missing" if value is None or value == "" else f"{value!r}"
    what = (
        f"constituent {constituent}: {column} is {found}"
        if constituent != "-"
        else (f"{column} is {found}")
    )
    raise InputError(
        what,
        where=where,
        mend="Fill it in from the published table, or take the row out; nothing was stored.",
    )


def _checked(rows: list[tuple[str, float, float]], where: str) -> tuple[pl.DataFrame, str]:
    """Return the constituents that can be predicted with, and a note on those left out."""
    names = [row[0].upper() for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"constituent {', '.join(twice)} stands more than once",
            where=where,
            mend="Keep one row for each constituent.",
        )
    left_out = [row for row in rows if not known(row[0])]
    lost_m, all_m = sum(row[1] for row in left_out), sum(row[1] for row in rows)
    if lost_m > _LEFT_OUT_SHARE * all_m or len(left_out) == len(rows):
        raise InputError(
            f"no known constituents hold enough of the tide "
            f"({', '.join(row[0] for row in left_out) or 'there are none'} unknown)",
            where=where,
            mend="Use the names of NOAA's or TICON's tables (M2, S2, K1, ...).",
        )
    note = (
        ""
        if not left_out
        else (
            f"left out, unknown to the predictor: {', '.join(row[0] for row in left_out)} "
            f"({lost_m * 1000:.0f} mm together)"
        )
    )
    kept = [row for row in rows if row not in left_out]
    _check_amplitudes(kept, where)
    return pl.DataFrame(kept, schema=CONSTITUENTS, orient="row"), note


def _check_amplitudes(rows: list[tuple[str, float, float]], where: str) -> None:
    """Raise InputError where constituents are larger than on any coast, alone or together."""
    name, most_m, _ = max(rows, key=lambda row: row[1])
    mend = "Give amplitudes in metres; see whether these are centimetres or feet."
    if most_m > AMPLITUDE_M:
        raise InputError(
            f"the amplitude of {name} is {most_m:g} m; {AMPLITUDE_M:g} m is the most",
            where=where,
            mend=mend,
        )
    all_m = sum(row[1] for row in rows)
    if all_m > AMPLITUDES_M:
        raise InputError(
            f"the amplitudes add up to {all_m:.1f} m; {AMPLITUDES_M:g} m is the most",
            where=where,
            mend=mend,
        )
