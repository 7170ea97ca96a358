"""Seabed and land heights from a raster of any size, read only where somebody asks."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import rasterio
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from geo.crs import LONLAT, Bools, Floats, Ints
from geo.datums import MSL, canonical, named_in
from geo.errors import InputError

# A raster's coast and the shoreline never quite agree: cells this near to a known one take its
# height, the nearest of them, so that the first metres off the shore are not blank.
_MARGIN = 2
_FRINGE = sorted(
    (
        (down, right)
        for down, right in product(range(-_MARGIN, _MARGIN + 1), repeat=2)
        if 0 < down**2 + right**2 <= _MARGIN**2
    ),
    key=lambda one: (one[0] ** 2 + one[1] ** 2, one),
)
# Places are taken together by pieces of about a block; this is the least and most of its sides.
_PIECE = (256, 2048)
# One block of more cells than this would have to be unpacked whole (GDAL reads by block).
_MOST_BLOCK_CELLS = 2**26
# No seabed or summit lies beyond (Challenger Deep 10.9 km, Chomolungma 8.8 km). Common marks of
# "no data" that a file forgot to declare either do, or are exactly one of the others.
_LOWEST_M, _HIGHEST_M = -11_100.0, 9_000.0
_UNDECLARED = (-9999.0, 9999.0)
_METRES = {
    "": 1.0, "m": 1.0, "metre": 1.0, "meter": 1.0, "metres": 1.0, "meters": 1.0, "米": 1.0,
    "dm": 0.1, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "foot": 0.3048, "feet": 0.3048,
    "us survey foot": 1200 / 3937, "ftus": 1200 / 3937, "fathom": 1.8288, "fathoms": 1.8288,
}  # fmt: skip
_DATUM_TAGS = ("verticaldatum", "vertdatum", "vdatum", "verticalreference", "verticalref")
_LENGTH = r"\d\s*(?:m|cm|mm|dm|metres?|meters?|ft|feet|米|厘米|毫米)(?![a-z])"
_COLOURS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.palette)
_PROBES = 40
# A sea whose bed rises outwards before so many more shores than it falls is upside down.
_UPSIDE_DOWN = 2.0
_ENOUGH = 5
_SLOPE_M = 0.5


@dataclass(frozen=True)
class Depth:
    """A raster of heights in metres, above local mean sea level once ``zero_m`` is right.

    ``zero_m`` is the height of the raster's zero above local mean sea level. ``datum`` is what
    the file itself says its heights are counted from, None where it does not say; ``made`` tells
    that it is not a survey. No part of the raster is held: ``sample`` reads the pieces it needs.
    """

    path: str
    band: int
    crs: CRS
    to_m: float
    zero_m: float
    datum: str | None
    made: bool

    @classmethod
    def open(
        cls, path: str, *, band: int = 1, positive_down: bool = False, zero_m: float = 0.0
    ) -> "Depth":
        """Look at a GeoTIFF of seabed or land heights.

        Any CRS, rotated or not, whole numbers with scale and offset, any block layout; overviews
        are not used. ``positive_down`` says that depths are positive; a vertical CRS whose axis
        points down says so too.

        Raises
        ------
        InputError
            When it is no GeoTIFF, has no CRS or place, no such band, is a picture, is counted
            in an unknown unit, or is one huge block.
        """
        try:
            with _opened(path) as source:
                crs = _crs(source, path)
                _fit_to_read(source, path, band)
                down = positive_down or _counts_down(crs)
                return cls(
                    path=path,
                    band=band,
                    crs=crs,
                    to_m=_unit_m(source, path, band, crs) * (-1.0 if down else 1.0),
                    zero_m=zero_m,
                    datum=_datum(source, band, crs),
                    made="SYNTHETIC" in _said(source, band).upper(),
                )
        except RasterioIOError as problem:
            raise InputError(
                f"the raster cannot be read: {problem}", where=path, mend="Give a GeoTIFF."
            ) from problem

    def sample(self, lon: Floats, lat: Floats) -> Floats:
        """Return the height (m above mean sea level) of the cell under each lon/lat.

        NaN outside and without data; cells without data that are at most two cells from a known
        one take its height. Only windows around the places are read.
        """
        out = np.full(len(lon), np.nan)
        try:
            with _opened(self.path) as source:
                row, col, inside = self._cells(source, lon, lat)
                for some, window in _pieces(source, self.band, row, col, inside):
                    out[some] = _filled(
                        _block(source, self.band, window, to_m=self.to_m),
                        row[some] - int(window.row_off),
                        col[some] - int(window.col_off),
                    )
        except (RasterioIOError, RasterioError) as problem:
            raise InputError(
                f"the raster is damaged: {problem}",
                where=self.path,
                mend="Copy it again, or write it anew with gdal_translate.",
            ) from problem
        return out + self.zero_m

    def check(self, lon: Floats | None = None, lat: Floats | None = None) -> None:
        """Raise InputError where the raster cannot be the seabed before a shore.

        Parameters
        ----------
        lon, lat : places at sea, [shore, seaward]: rows begin near the shore and go straight out.
            Without them, some of the raster's own cells are looked at.
        """
        with _opened(self.path) as source:
            if lon is None or lat is None:
                lon, lat = (one[:, None] for one in self._probes(source))
            _, _, inside = self._cells(source, lon.ravel(), lat.ravel())
            box = self._box(source)
        if not inside.any():
            raise InputError(
                f"the raster covers lon {box[0]:.3f} to {box[2]:.3f}, lat {box[1]:.3f} to "
                f"{box[3]:.3f}, and no segment of the coast (lon {lon.min():.3f} to "
                f"{lon.max():.3f}, lat {lat.min():.3f} to {lat.max():.3f}) lies in it",
                where=self.path,
                mend="Give the raster of this coast, or check its CRS.",
            )
        found = self.sample(lon.ravel(), lat.ravel()).reshape(lon.shape) - self.zero_m
        if np.isnan(found).all():
            raise InputError(
                "the raster has no data anywhere near the shore",
                where=self.path,
                mend="Check which cells are marked as no data, and the band (--band).",
            )
        rising, falling = _slopes(found)
        mend = (
            "Heights are wanted, negative below the sea: add --positive-down where the raster "
            "holds depths as positive numbers (and leave it out where it does not). "
        )
        if not falling and not (found < 0).any():
            raise InputError(
                f"no cell at sea lies below zero (heights {np.nanmin(found):g} to "
                f"{np.nanmax(found):g} m)",
                where=self.path,
                mend=mend + "A model of the land alone says nothing of the seabed.",
            )
        if rising > _UPSIDE_DOWN * falling and rising >= _ENOUGH:
            raise InputError(
                f"the seabed rises away from the shore before {rising} segments and falls before "
                f"{falling}",
                where=self.path,
                mend=mend,
            )

    def _cells(self, source: DatasetReader, lon: Floats, lat: Floats) -> tuple[Ints, Ints, Bools]:
        """Return row, column of the cell under each place, and whether it is in the raster."""
        x, y = Transformer.from_crs(LONLAT, self.crs, always_xy=True).transform(lon, lat)
        x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        t = source.transform
        if self.crs.is_geographic:  # a raster may count its longitudes from 0 to 360
            west = t.c + min(0.0, t.a * source.width) + min(0.0, t.b * source.height)
            with np.errstate(invalid="ignore"):  # a place without coordinates lies nowhere
                x = west + (x - west) % 360.0
        back = ~t
        col = np.floor(back.a * x + back.b * y + back.c)
        row = np.floor(back.d * x + back.e * y + back.f)
        inside = (col >= 0) & (row >= 0) & (col < source.width) & (row < source.height)
        return (
            np.where(inside, row, 0).astype(np.int64),
            np.where(inside, col, 0).astype(np.int64),
            np.asarray(inside, dtype=bool),
        )

    def _probes(self, source: DatasetReader) -> tuple[Floats, Floats]:
        at = (np.arange(_PROBES) + 0.5) / _PROBES
        col, row = (grid.ravel() for grid in np.meshgrid(at * source.width, at * source.height))
        t = source.transform
        to_lonlat = Transformer.from_crs(self.crs, LONLAT, always_xy=True)
        lon, lat = to_lonlat.transform(t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f)
        return np.asarray(lon), np.asarray(lat)

    def _box(self, source: DatasetReader) -> tuple[float, float, float, float]:
        lon, lat = self._probes(source)
        return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _slopes(found: Floats) -> tuple[int, int]:
    """Return before how many shores the seabed rises, and falls, from its first place to its last.

    Charts count drying flats as negative depths: it takes the slope to see that one is upside
    down.
    """
    known = ~np.isnan(found)
    row = np.arange(len(found))
    near = found[row, known.argmax(axis=1)]
    far = found[row, found.shape[1] - 1 - known[:, ::-1].argmax(axis=1)]
    return int((far - near > _SLOPE_M).sum()), int((far - near < -_SLOPE_M).sum())


def _opened(path: str) -> DatasetReader:
    """Open a GeoTIFF and nothing else: other formats can point at further files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.Env(GTIFF_REPORT_COMPD_CS=True):
            return rasterio.open(path, driver="GTiff")


def _crs(source: DatasetReader, path: str) -> CRS:
    if source.crs is None or source.transform.is_identity:
        missing = "CRS" if source.crs is None else "place (its transform is the identity)"
        raise InputError(
            f"the raster has no {missing}",
            where=path,
            mend="Give it one: gdal_edit -a_srs EPSG:4490 -a_ullr WEST NORTH EAST SOUTH FILE.",
        )
    try:
        crs = CRS.from_wkt(source.crs.to_wkt())
        Transformer.from_crs(LONLAT, crs, always_xy=True)
    except CRSError as problem:
        raise InputError(
            f"the raster's CRS {source.crs.to_string()[:80]!r} is not one of the earth",
            where=path,
            mend="Warp it to a known one: gdalwarp -t_srs EPSG:4490.",
        ) from problem
    return crs


def _fit_to_read(source: DatasetReader, path: str, band: int) -> None:
    if not 1 <= band <= source.count:
        raise InputError(
            f"there is no band {band}; the raster has {source.count}",
            where=path,
            mend=f"Take --band 1{f' to {source.count}' if source.count > 1 else ''}.",
        )
    if source.colorinterp[band - 1] in _COLOURS or source.dtypes[band - 1].startswith("complex"):
        raise InputError(
            f"band {band} holds colours or complex numbers, not heights",
            where=path,
            mend="Give the raster of heights that the picture was drawn from.",
        )
    rows, cols = source.block_shapes[band - 1]
    if rows * cols > _MOST_BLOCK_CELLS:
        raise InputError(
            f"the raster is stored in blocks of {rows} x {cols} cells, too large to unpack",
            where=path,
            mend="Write it in tiles: gdal_translate -co TILED=YES.",
        )


def _vertical(crs: CRS) -> CRS | None:
    """Return the vertical part of a compound CRS."""
    parts = crs.sub_crs_list if crs.is_compound else []
    return next((part for part in parts if part.is_vertical), None)


def _counts_down(crs: CRS) -> bool:
    vertical = _vertical(crs)
    return vertical is not None and vertical.axis_info[0].direction == "down"


def _said(source: DatasetReader, band: int) -> str:
    """Return all that the file says of itself in words, a sentence for each tag."""
    tags: Mapping[str, str] = {**source.tags(), **source.tags(band)}
    told = [f"{key} {value}" for key, value in tags.items()]
    return "; ".join([*told, source.descriptions[band - 1] or ""])


def _datum(source: DatasetReader, band: int, crs: CRS) -> str | None:
    """Return what the heights are counted from, by the file's own words.

    None where it does not say, or names several: a description that names two datums tells, as a
    rule, how far they are apart.
    """
    vertical = _vertical(crs)
    if vertical is not None:
        return str(vertical.name).removesuffix(" height").removesuffix(" depth")
    tags = {
        re.sub(r"[^a-z]", "", key.lower()): value
        for key, value in {**source.tags(), **source.tags(band)}.items()
    }
    given = [tags[key].strip() for key in _DATUM_TAGS if tags.get(key, "").strip()]
    if given:
        return given[0] if len({canonical(name) for name in given}) == 1 else None
    said = _said(source, band)
    if named_in(said) != {MSL}:
        return None
    # "MSL is 1.02 m above it" names what the heights are not counted from.
    about = [part for part in re.split(r"[.;。；](?!\d)", said) if named_in(part)]
    return None if any(re.search(_LENGTH, part, re.IGNORECASE) for part in about) else MSL


def _unit_m(source: DatasetReader, path: str, band: int, crs: CRS) -> float:
    """Return how many metres one unit of the band is."""
    unit = (source.units[band - 1] or "").strip().lower()
    vertical = _vertical(crs)
    if not unit and vertical is not None:
        return float(vertical.axis_info[0].unit_conversion_factor)
    if unit not in _METRES:
        raise InputError(
            f"the raster's unit {unit!r} is not known",
            where=path,
            mend="Set it to m (gdal_edit -units m) once the heights are metres.",
        )
    return _METRES[unit]


def _pieces(
    source: DatasetReader, band: int, row: Ints, col: Ints, inside: Bools
) -> list[tuple[Ints, Window]]:
    """Return the places of each piece of the raster with the window that holds them."""
    rows, cols = (int(np.clip(size, *_PIECE)) for size in source.block_shapes[band - 1])
    places = np.flatnonzero(inside)
    if not places.size:
        return []
    piece = (row[places] // rows) * (source.width // cols + 1) + col[places] // cols
    order = np.argsort(piece, kind="stable")
    parts = np.split(places[order], np.flatnonzero(np.diff(piece[order])) + 1)
    found = []
    for part in parts:
        r0, r1 = max(int(row[part].min()) - _MARGIN, 0), int(row[part].max()) + _MARGIN + 1
        c0, c1 = max(int(col[part].min()) - _MARGIN, 0), int(col[part].max()) + _MARGIN + 1
        window = Window(c0, r0, min(c1, source.width) - c0, min(r1, source.height) - r0)
        found.append((part, window))
    return found


def _block(source: DatasetReader, band: int, window: Window, *, to_m: float) -> Floats:
    """Read one window as metres above the raster's zero; NaN where there is no data."""
    read = source.read(band, window=window, masked=True).astype(np.float64)
    raw = np.ma.filled(read, np.nan)
    height = (raw * source.scales[band - 1] + source.offsets[band - 1]) * to_m
    known = (height > _LOWEST_M) & (height < _HIGHEST_M) & ~np.isin(raw, _UNDECLARED)
    return np.where(known, height, np.nan)


def _filled(block: Floats, row: Ints, col: Ints) -> Floats:
    """Return a block's values at cells; unknown ones take the nearest known one close by."""
    values: Floats = block[row, col]
    for down, right in _FRINGE:
        blank = np.flatnonzero(np.isnan(values))
        if not blank.size:
            break
        r, c = row[blank] + down, col[blank] + right
        there = (r >= 0) & (c >= 0) & (r < block.shape[0]) & (c < block.shape[1])
        values[blank[there]] = block[r[there], c[there]]
    return values
