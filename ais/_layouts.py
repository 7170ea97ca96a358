"""Know the tables that AIS is kept in by the names of their columns.

Sources of the names and units:

- DMA: Danish Maritime Authority, "AIS data" (http://web.ais.dk/aisdata/, 26 columns, UTC).
- NOAA: MarineCadastre.gov, "AIS data dictionary" (CSV of 2015 on, lower-case names with
  underscores from 2025; tables exported from the geodatabases of 2009 to 2014 name x and y).
- AISHub: "Webservice" (https://www.aishub.net/api): with ``format=0`` as AIS encodes them
  (1/10000 minute, tenths of a knot and degree), with ``format=1`` in degrees and knots.
- AIS-catcher: keys of its JSON output (jvde-github/AIS-catcher, ``Source/JSON/Keys.cpp``).
- Global Fishing Watch: ``GlobalFishingWatch/training-data`` (Unix times, knots), and the
  README that its map packs with a downloaded track.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal, NamedTuple

from ais._csv_scan import ANY, DAY_FIRST, ISO
from geo.errors import InputError

Dialect = Literal[
    "nmea", "dma", "noaa", "aishub", "aiscatcher", "gfw", "shoregrid", "plain", "mapped"
]


class Layout(NamedTuple):
    """Which column of a dialect holds what; names as ``plain`` gives them."""

    name: Dialect
    columns: dict[str, tuple[str, ...]]
    """Our column → the names it may have; ``REQUIRED`` ones must be there."""
    shown: str
    marks: tuple[str, ...] = ()
    """Of these names, one must be there too."""
    written: int = ISO
    per: Mapping[str, float] = MappingProxyType({})
    """Our column → how many of the file's units make one of ours."""


class Plan(NamedTuple):
    """How to read the tables of one file."""

    dialect: Dialect
    source: str
    columns: dict[str, str]
    """Our column → the file's; ``t2`` is a second column of the time."""
    written: int = ISO
    time_format: str | None = None
    zone: str | None = None
    """Where times without an offset are local, the IANA zone."""
    per: Mapping[str, float] = MappingProxyType({})
    nothing: tuple[str, ...] = ()
    """Further texts that stand for "not available"."""
    mmsi: int | None = None
    """Whose track the file is, where no column says so."""
    separator: str = ","
    decimal: str = "."
    escaped: bool = False
    """Whether texts bear JSON's backslashes."""
    messages: bool = False
    """Whether a row is one AIS message, of which some have a place and some a name."""


REQUIRED = ("t", "mmsi", "lon", "lat")
NUMBERS = ("lon", "lat", "sog_kn", "cog_deg", "heading_deg")
CODES = ("status", "msg_type", "cls", "source")
STATIC = (
    "imo",
    "name",
    "callsign",
    "ship_type",
    "length_m",
    "width_m",
    "draught_m",
    "to_bow",
    "to_stern",
    "to_port",
    "to_starboard",
)
SEPARATORS = (",", ";", "\t", "|")

_KN_PER = {"kn": 1.0, "m/s": 1852 / 3600, "km/h": 1.852, "0.1kn": 10.0}
_DEG_PER = {"deg": 1.0, "1/600000 deg": 600_000.0, "1/10000 min": 600_000.0}
UNITS = {
    "lon": _DEG_PER,
    "lat": _DEG_PER,
    "sog_kn": _KN_PER,
    "cog_deg": {"deg": 1.0, "0.1deg": 10.0},
    "heading_deg": {"deg": 1.0, "0.1deg": 10.0},
    "length_m": {"m": 1.0, "ft": 1 / 0.3048},
    "width_m": {"m": 1.0, "ft": 1 / 0.3048},
    "draught_m": {"m": 1.0, "0.1m": 10.0, "ft": 1 / 0.3048},
}
"""Units that a mapping may name, and how many of each make one of ours."""

_LAT, _LON = ("lat", "latitude"), ("lon", "longitude")
_BEAM = {
    "to_bow": ("tobow", "a"),
    "to_stern": ("tostern", "b"),
    "to_port": ("toport", "c"),
    "to_starboard": ("tostarboard", "d"),
}
DMA = Layout(
    "dma",
    {
        "t": ("timestamp",),
        "mmsi": ("mmsi",),
        "lat": ("latitude",),
        "lon": ("longitude",),
        "sog_kn": ("sog",),
        "cog_deg": ("cog",),
        "heading_deg": ("heading",),
        "status": ("navigationalstatus",),
        "msg_type": ("typeofmobile",),
        "imo": ("imo",),
        "name": ("name",),
        "callsign": ("callsign",),
        "ship_type": ("shiptype",),
        "length_m": ("length",),
        "width_m": ("width",),
        "draught_m": ("draught",),
    },
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,…",
    marks=("typeofmobile", "navigationalstatus", "datasourcetype"),
    written=DAY_FIRST,
)
NOAA = Layout(
    "noaa",
    {
        "t": ("basedatetime",),
        "mmsi": ("mmsi",),
        "lat": (*_LAT, "y"),
        "lon": (*_LON, "x"),
        "sog_kn": ("sog",),
        "cog_deg": ("cog",),
        "heading_deg": ("heading",),
        "status": ("status",),
        "cls": ("transceiverclass", "transcieverclass", "transceiver"),
        "imo": ("imo",),
        "name": ("vesselname", "name"),
        "callsign": ("callsign",),
        "ship_type": ("vesseltype",),
        "length_m": ("length",),
        "width_m": ("width",),
        "draught_m": ("draft",),
    },
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,…",
)
AISHUB = Layout(
    "aishub",
    {
        "t": ("time", "tstamp"),
        "mmsi": ("mmsi",),
        "lat": ("latitude",),
        "lon": ("longitude",),
        "sog_kn": ("sog",),
        "cog_deg": ("cog",),
        "heading_deg": ("heading",),
        "status": ("navstat",),
        "imo": ("imo",),
        "name": ("name",),
        "callsign": ("callsign",),
        "ship_type": ("type",),
        "draught_m": ("draught",),
        **_BEAM,
    },
    "MMSI,TIME,LONGITUDE,LATITUDE,COG,SOG,HEADING,NAVSTAT,IMO,NAME,CALLSIGN,TYPE,A,B,C,D,…",
    marks=("navstat",),
    written=ANY,
)
RAW_PER = {
    "lon": 600_000.0,
    "lat": 600_000.0,
    "sog_kn": 10.0,
    "cog_deg": 10.0,
    "draught_m": 10.0,
}
"""The units of AISHub's ``format=0``."""
AISCATCHER = Layout(
    "aiscatcher",
    {
        "t": ("rxuxtime", "rxtime", "toa"),
        "mmsi": ("mmsi",),
        "lat": ("lat",),
        "lon": ("lon",),
        "sog_kn": ("speed",),
        "cog_deg": ("course",),
        "heading_deg": ("heading",),
        "status": ("status",),
        "msg_type": ("type",),
        "source": ("stationid",),
        "imo": ("imo",),
        "name": ("shipname", "name"),
        "callsign": ("callsign",),
        "ship_type": ("shiptype",),
        "draught_m": ("draught",),
        **{ours: names[:1] for ours, names in _BEAM.items()},
    },
    "rxuxtime,mmsi,type,lat,lon,speed,course,heading,…",
    written=ANY,
)
GFW = Layout(
    "gfw",
    {
        "t": ("timestamp",),
        "mmsi": ("mmsi", "ssvid"),
        "lat": ("lat",),
        "lon": ("lon",),
        "sog_kn": ("speed", "speedknots"),
        "cog_deg": ("course",),
        "heading_deg": ("heading",),
        "name": ("shipname",),
        "callsign": ("callsign",),
        "imo": ("imo",),
        "length_m": ("lengthm",),
    },
    "mmsi,timestamp,distance_from_shore,distance_from_port,speed,course,lat,lon,is_fishing,…",
    marks=("distancefromshore", "distancefromshorem", "ssvid", "segid", "isfishing"),
    written=ANY,
)
SHOREGRID = Layout(
    "shoregrid",
    {
        "t": ("t",),
        "mmsi": ("mmsi",),
        "lat": ("lat",),
        "lon": ("lon",),
        "sog_kn": ("sogkn",),
        "cog_deg": ("cogdeg",),
        "heading_deg": ("headingdeg",),
        "status": ("status",),
        "msg_type": ("msgtype",),
        "cls": ("cls",),
        "source": ("source",),
        "imo": ("imo",),
        "name": ("name",),
        "callsign": ("callsign",),
        "ship_type": ("shiptype",),
        "length_m": ("lengthm",),
        "width_m": ("widthm",),
        "draught_m": ("draughtm",),
    },
    "mmsi,t,lon,lat,sog_kn,cog_deg,heading_deg,status,msg_type,cls,source",
    marks=("sogkn", "cogdeg", "headingdeg", "msgtype", "cls"),
    written=ANY,
)
PLAIN = Layout(
    "plain",
    {
        "t": (
            *("timestamp", "time", "datetime", "t", "ts", "utc", "timestamputc", "timeutc"),
            *("utctime", "datetimeutc", "utctimestamp", "unixtime", "unixtimestamp", "epoch"),
            *("epochtime", "msgtime", "dtutc", "tutc"),
        ),
        "mmsi": ("mmsi", "mmsinumber", "shipmmsi", "vesselmmsi", "sourcemmsi", "ssvid"),
        "lat": (*_LAT, "latdeg", "latitudedeg", "latdd"),
        "lon": (*_LON, "lng", "long", "londeg", "longitudedeg", "londd"),
        "sog_kn": ("sog", "sogkn", "sogknots", "speedkn", "speedknots", "speedoverground"),
        "cog_deg": ("cog", "cogdeg", "courseoverground"),
        "heading_deg": ("heading", "headingdeg", "trueheading", "hdg"),
        "status": ("navstatus", "navigationalstatus", "navstat", "navigationstatus"),
        "imo": ("imo", "imonumber"),
        "name": ("shipname", "vesselname"),
        "callsign": ("callsign",),
        "ship_type": ("shiptype", "vesseltype"),
    },
    "timestamp,mmsi,lat,lon",
    written=ANY,
)
LAYOUTS = (DMA, NOAA, AISHUB, AISCATCHER, GFW, SHOREGRID, PLAIN)


def plain(column: str) -> str:
    """Return a column's name without case, blanks and signs: ``# Timestamp`` → timestamp."""
    return "".join(c for c in column.lower() if c.isalnum())


def layout_of(names: Sequence[str]) -> Layout | None:
    """Return the layout that a table's column names belong to, None when it is no known one."""
    have = {plain(name) for name in names}
    for layout in LAYOUTS:
        if all(have.intersection(layout.columns[ours]) for ours in REQUIRED) and (
            not layout.marks or have.intersection(layout.marks)
        ):
            return layout
    return None


def plan_of(layout: Layout, names: Sequence[str], *, where: str) -> Plan:
    """Return how to read a table in a known layout.

    A name that comes twice keeps its first column.

    Raises
    ------
    InputError
        Where more than one column of a table in no dialect could be the time or the place.
    """
    by_plain = {plain(name): name for name in reversed(names)}
    columns = {}
    for ours, options in layout.columns.items():
        found = [by_plain[option] for option in options if option in by_plain]
        if layout is PLAIN and ours in REQUIRED and len(found) > 1:
            raise InputError(
                f"the columns {', '.join(found)} could each be {ours!r}",
                where=where,
                mend="Say which one it is in a mapping file (--mapping).",
            )
        if found:
            columns[ours] = found[0]
    messages = layout is AISCATCHER and "msg_type" in columns
    return Plan(
        layout.name, layout.name, columns, layout.written, per=layout.per, messages=messages
    )


def nearest(word: str, known: Sequence[str]) -> str:
    """Return a hint at the known word that is most like another, empty where none is."""
    found = get_close_matches(word, known, 1)
    return f", did you mean {found[0]!r}?" if found else ""
