"""What an import may be told, and what it tells."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from geo.errors import Refusal


@dataclass(frozen=True)
class Options:
    """What a file does not say of itself, said by whoever imports it.

    Parameters
    ----------
    layer : the layer, or a workbook's sheet, where a file has several.
    crs : coordinate reference system, where the file names none ("EPSG:4549").
    coordinates : what the degrees are in; gcj02 and bd09 are corrected, wgs84 are kept as given.
    datum : vertical datum of depths and of tide heights.
    county : layer of polygons; only the shore inside is governed.
    river_mouth_m : width (m) at which river mouths are closed.
    land_side : on which side of a coastline the land lies.
    positive_down : whether a raster counts depths, not heights.
    band : a raster's band, from 1.
    timezone : zone of times that bear none.
    station : id of the tide station that a table is of.
    unit : of heights in a tide table that does not state it.
    replace : whether a newer coast is taken although most of the older one is not in it.
    valid_from : local day from which sections or grids hold; today where none is named.
    level : of grids, where the file has no such column.
    repair : whether all mends that are offered for grids are taken.
    """

    layer: str | None = None
    crs: str | None = None
    coordinates: Literal["wgs84", "gcj02", "bd09"] | None = None
    datum: str | None = None
    county: Path | None = None
    river_mouth_m: float | None = None
    land_side: Literal["left", "right"] | None = None
    positive_down: bool = False
    band: int = 1
    timezone: str | None = None
    station: str | None = None
    unit: Literal["m", "cm", "ft"] | None = None
    replace: bool = False
    valid_from: date | None = None
    level: str | None = None
    repair: bool = False


@dataclass
class Imported:
    """What an import did: counts, seconds, what was refused (with samples), and notes."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def quarantined(self) -> Counter[str]:
        """Return how many rows were refused, by reason."""
        return Counter(refusal.reason for refusal in self.refused)
