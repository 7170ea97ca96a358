"""Vertical datums by name, and the known offsets between them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.errors import InputError

MSL = "MSL"

# Code: what people and files call it. EPSG's names of vertical systems are among them, so that a
# raster's compound system can be looked up by its name. A name stands for one datum only:
# - CD is whatever zero a chart or tide table uses at its place. On Chinese charts and in Chinese
#   tide tables that is, as a rule, the theoretical lowest tide (GB 12319); it is a datum of its
#   own here, equal to TLT only where a station says so.
# - TLT (13 constituents, method of Vladimirsky, GB 12327) and LAT (lowest of 19 years' prediction,
#   IHO resolution 3/1919) differ by centimetres to decimetres: Kanmen 0.348 and 0.356 m.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "MSL": (
        "mean sea level", "MSL height", "local mean sea level", "LMSL",
        "平均海面", "平均海平面", "当地平均海面", "当地平均海平面", "多年平均海面",
    ),
    "CD": (
        "chart datum", "CD height", "chart datum height", "tide table datum",
        "海图基准面", "海图深度基准面", "深度基准面", "潮高基准面", "潮高起算面",
    ),
    "TLT": (
        "theoretical lowest tide", "lowest theoretical tide", "theoretical depth datum", "TLLW",
        "理论最低潮面", "理论最低低潮面", "理论深度基准面", "理论基准面",
    ),
    "LAT": ("lowest astronomical tide", "LAT height", "最低天文潮面", "最低天文潮位"),
    "HAT": ("highest astronomical tide", "HAT height", "最高天文潮面", "最高天文潮位"),
    "MLLW": ("mean lower low water", "MLLW height", "平均低低潮面", "平均低低潮位"),
    "MLW": ("mean low water", "MLW height", "平均低潮面", "平均低潮位"),
    "MHW": ("mean high water", "MHW height", "平均高潮面", "平均高潮位"),
    "MHHW": ("mean higher high water", "MHHW height", "平均高高潮面", "平均高高潮位"),
    "MLWS": ("mean low water springs", "MLWS height", "平均大潮低潮面", "大潮平均低潮面"),
    "MHWS": ("mean high water springs", "MHWS height", "平均大潮高潮面", "大潮平均高潮面"),
    "MTL": ("mean tide level", "平均潮面", "半潮面"),
    "STND": ("station datum", "水尺零点", "验潮零点"),
    "NAVD88": ("NAVD", "NAVD88 height", "North American Vertical Datum of 1988"),
    "CN1985": (
        "Yellow Sea 1985", "Yellow Sea 1985 height", "National Height Datum 1985", "NHD85",
        "1985国家高程基准", "1985年国家高程基准", "1985国家高程", "国家85高程", "国家高程基准",
        "1985高程", "85高程", "85高程基准", "85国家高程基准", "1985黄海高程",
    ),
    "CN1956": (
        "Yellow Sea 1956", "Yellow Sea 1956 height",
        "黄海高程", "1956黄海高程", "1956年黄海高程", "1956年黄海高程系", "1956黄海高程系",
        "56黄海高程", "黄海高程系",
    ),
    "WUSONG": ("Wusong", "Woosung", "吴淞高程", "吴淞高程系", "吴淞高程基准", "吴淞零点"),
}  # fmt: skip

# NOAA's lists of datums hold ranges, inequalities and intervals beside the levels
# (https://tidesandcurrents.noaa.gov/datum_options.html); a height above one of them is nonsense.
_NO_LEVELS = frozenset({"GT", "MN", "DHQ", "DLQ", "HWI", "LWI", "LAT_DATE", "HAT_DATE"})

# The origin at Qingdao stands 72.260 m above the 1985 and 72.289 m above the 1956 zero (State
# Bureau of Surveying and Mapping, notice of 26 May 1987): one offset for the whole net, which
# local levelling may miss by some centimetres.
_NATIONAL: Mapping[str, float] = {"CN1956": 0.0, "CN1985": 0.029}


def _key(name: str) -> str:
    return "".join(part for part in name.casefold() if part.isalnum())


_CODES = {_key(name): code for code, names in _NAMES.items() for name in (code, *names)}


def canonical(name: str) -> str:
    """Return the code of a datum for any of its Chinese or English names.

    A name that is not known here stands for itself, in capitals: an offset may be known for it.
    """
    return _CODES.get(_key(name), name.strip().upper())


def named_in(text: str) -> set[str]:
    """Return the codes of all datums that a text names.

    Codes count in capitals only (``lat`` is a latitude), except ``msl``.
    """
    plain = text.replace("_", " ")
    found = {"MSL"} if re.search(r"\bmsl\b", plain, re.IGNORECASE) else set()
    for code, names in _NAMES.items():
        phrases = [name for name in names if not (name.isascii() and name.isupper())]
        capitals = [code, *(name for name in names if name not in phrases)]
        if _stands(capitals, plain) or _stands(phrases, plain, re.IGNORECASE):
            found.add(code)
    return found


def _stands(names: Sequence[str], text: str, flags: int = 0) -> bool:
    """Return whether any of some names stands in a text, Latin ones as whole words."""
    latin = r"(?<![A-Za-z0-9])(?:{})(?![A-Za-z0-9])"
    return any(
        re.search(latin.format(re.escape(name)) if name.isascii() else re.escape(name), text, flags)
        for name in names
    )


@dataclass(frozen=True)
class Datums:
    """The datums whose offsets are known at one place.

    ``groups`` holds heights (m) of datums' zeros, each group above a level of its own: datums of
    two groups cannot be compared. ``where`` says for messages whose datums these are.
    """

    groups: tuple[Mapping[str, float], ...]
    where: str

    @classmethod
    def of(cls, *sources: Mapping[str, float], where: str) -> "Datums":
        """Join lists of datums, such as a station's and the settings', by what they share.

        Parameters
        ----------
        sources : heights (m) of levels by any of their names, each list above one zero of its
            own. Where two lists hold a datum, the earlier one's height stands; they are joined
            at mean sea level where both have it.
        """
        groups: list[dict[str, float]] = []
        for source in (*sources, _NATIONAL):
            frame = {
                canonical(name): float(height)
                for name, height in source.items()
                if name.strip().upper() not in _NO_LEVELS
            }
            if not frame:
                continue
            linked = [group for group in groups if group.keys() & frame.keys()]
            groups = [group for group in groups if not any(group is one for one in linked)]
            joined = linked[0] if linked else {}
            for other in (frame, *linked[1:]):
                joined = _joined(joined, other)
            groups.insert(0, joined)
        return cls(tuple(groups), where)

    def between(self, given: str, wanted: str) -> float:
        """Return what to add to heights above ``given`` to have them above ``wanted``, in metres.

        Raises
        ------
        InputError
            When the offset between the two is not known; names what is.
        """
        a, b = canonical(given), canonical(wanted)
        if a == b:
            return 0.0
        for group in self.groups:
            if a in group and b in group:
                return group[a] - group[b]
        raise InputError(
            f"the offset between the datums {_said(given, a)} and {_said(wanted, b)} is not known",
            where=self.where,
            mend=f"Known to each other are: {self._listed()}. Give the missing one in the setting "
            "`datums`, as the height in metres of its zero above local mean sea level.",
        )

    def knows(self, given: str, wanted: str = MSL) -> bool:
        """Return whether heights can be brought from one datum to the other."""
        a, b = canonical(given), canonical(wanted)
        return a == b or any(a in group and b in group for group in self.groups)

    def above_msl(self) -> dict[str, float]:
        """Return the heights (m) of all zeros above mean sea level that are known; it is one."""
        for group in self.groups:
            if MSL in group:
                return {name: height - group[MSL] for name, height in group.items()}
        return {MSL: 0.0}

    def _listed(self) -> str:
        known = [" and ".join(sorted(group)) for group in self.groups if len(group) > 1]
        return "; ".join(known) or "none"


def from_settings(datums: Mapping[str, float]) -> dict[str, float]:
    """Return the setting `datums` (zeros' heights above local mean sea level) as a list."""
    return {**datums, MSL: 0.0}


def _joined(base: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return two lists as one above the zero of ``base``, whose own heights stand."""
    if not base:
        return dict(other)
    shared = MSL if MSL in base and MSL in other else next(n for n in base if n in other)
    lift = base[shared] - other[shared]
    return {**{name: height + lift for name, height in other.items()}, **base}


def _said(name: str, code: str) -> str:
    return code if name == code else f"{name} ({code})"
