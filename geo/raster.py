"""Grids in longitude and latitude, and writing them as cloud-optimised GeoTIFF."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
import rasterio.shutil
from rasterio.transform import Affine

from geo.crs import ELLIPSOID, Floats
from geo.errors import InputError

_MOST_CELLS = 25_000_000
_BLOCK = 256
_METRES_PER_DEGREE = 111_195.0  # of a great circle on the mean Earth (IUGG, 6,371,008.8 m)


@dataclass(frozen=True)
class LonLatGrid:
    """Cells of a box in EPSG:4326; row 0 is the northernmost, sizes are in degrees."""

    west: float
    north: float
    dlon: float
    dlat: float
    shape: tuple[int, int]

    @classmethod
    def over(cls, bounds: Sequence[float], *, cell_m: float) -> "LonLatGrid":
        """Lay a grid over (min_lon, min_lat, max_lon, max_lat), square at its middle latitude.

        Raises
        ------
        InputError
            When the cells are more than 25 million.
        """
        west, south, east, north = bounds
        dlat = cell_m / _METRES_PER_DEGREE
        dlon = dlat / np.cos(np.radians((south + north) / 2))
        shape = (
            max(1, int(np.ceil((north - south) / dlat))),
            max(1, int(np.ceil((east - west) / dlon))),
        )
        if shape[0] * shape[1] > _MOST_CELLS:
            raise InputError(
                f"{shape[0]:,} x {shape[1]:,} cells of {cell_m:g} m are more than {_MOST_CELLS:,}",
                where="--cell",
                mend="Take larger cells, or a smaller box with --bbox or --section.",
            )
        return cls(float(west), float(north), float(dlon), float(dlat), shape)

    @property
    def transform(self) -> Affine:
        """Return the transform from column, row to longitude, latitude."""
        return Affine(self.dlon, 0.0, self.west, 0.0, -self.dlat, self.north)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return (min_lon, min_lat, max_lon, max_lat)."""
        rows, cols = self.shape
        return (
            self.west,
            self.north - rows * self.dlat,
            self.west + cols * self.dlon,
            self.north,
        )

    def centres(self) -> tuple[Floats, Floats]:
        """Return the longitudes of the columns and the latitudes of the rows."""
        rows, cols = self.shape
        lon: Floats = self.west + (np.arange(cols, dtype=np.float64) + 0.5) * self.dlon
        lat: Floats = self.north - (np.arange(rows, dtype=np.float64) + 0.5) * self.dlat
        return lon, lat

    def areas_km2(self) -> Floats:
        """Return the area of one cell of each row, on the WGS 84 ellipsoid.

        Half of a² Δλ (q₂ − q₁), q from Snyder, "Map projections: a working manual" (1987), 3-12.
        """
        edges = np.radians(self.north - np.arange(self.shape[0] + 1) * self.dlat)
        e2, e = ELLIPSOID.es, np.sqrt(ELLIPSOID.es)
        sine = np.sin(edges)
        q = (1 - e2) * (
            sine / (1 - e2 * sine**2) - np.log((1 - e * sine) / (1 + e * sine)) / (2 * e)
        )
        area: Floats = ELLIPSOID.a**2 * np.radians(self.dlon) * -np.diff(q) / 2 / 1e6
        return area


def write_cog(
    path: Path,
    bands: npt.NDArray[np.float32],
    grid: LonLatGrid,
    *,
    names: Sequence[str],
    unit: str,
    notes: Mapping[str, str],
) -> None:
    """Write bands as one cloud-optimised GeoTIFF: tiled, with overviews and statistics.

    The file appears whole or not at all; one that is there already is replaced.

    Parameters
    ----------
    path : Path
        Ends with .tif.
    bands : (k, rows, cols) float32, NaN where nothing is known
    names, unit : the bands' descriptions, and what their numbers count
    notes : what must be known with the data; kept as tags of the file.

    Raises
    ------
    InputError
        When the ending is another, or its folder missing.
    """
    if path.suffix.lower() not in {".tif", ".tiff"}:
        raise InputError(
            f"a raster is written as GeoTIFF, and the ending is {path.suffix!r}",
            where=str(path),
            mend="End the name with .tif.",
        )
    if not path.parent.is_dir():
        raise InputError(
            f"there is no folder {path.parent}", where=str(path), mend="Make it, or name another."
        )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
        plain, made = Path(folder) / "plain.tif", Path(folder) / "cog.tif"
        with rasterio.open(
            plain,
            "w",
            driver="GTiff",
            width=grid.shape[1],
            height=grid.shape[0],
            count=len(bands),
            dtype="float32",
            crs="EPSG:4326",
            transform=grid.transform,
            nodata=np.nan,
        ) as target:
            target.write(bands)
            target.update_tags(**notes)
            for number, name in enumerate(names, start=1):
                target.set_band_description(number, name)
                target.set_band_unit(number, unit)
        rasterio.shutil.copy(
            plain,
            made,
            driver="COG",
            BLOCKSIZE=_BLOCK,
            COMPRESS="DEFLATE",
            PREDICTOR="YES",
            OVERVIEWS="AUTO",
            OVERVIEW_RESAMPLING="AVERAGE",
            STATISTICS="YES",
        )
        made.replace(path)
