"""Writing layers to files that other programs read."""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError
from pyproj import CRS

from geo.errors import InputError

_SEVERAL = (".gpkg", ".kml", ".kmz")
_ONE = (".parquet", ".geojson", ".csv")
FORMATS = (*_SEVERAL, *_ONE, ".zip")
"""Endings of the files that layers can be written to; ``NAME.geojson.zip`` (or ``.parquet.zip``,
``.csv.zip``) holds one file for each layer."""

# A GeoPackage with a million points opens well; a text of that many chokes what it is made for.
_MOST_IN_TEXT = 200_000
# Finer than a tenth of a millimetre there is nothing but rounding.
_DECIMALS = 9
_FIRST_MULTI = 4  # shapely's type ids: point, line, ring, polygon, then those of many
# A spreadsheet takes text that begins so for a formula, and names of vessels are broadcast by
# whoever likes to (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = r"^([=+\-@\t\r])"


def write_layers(
    path: Path, layers: Mapping[str, pl.DataFrame], *, title: str, notes: Mapping[str, str]
) -> None:
    """Write layers to one file whose format is told by the path's ending.

    The file appears whole or not at all; one that is there already is replaced.

    Parameters
    ----------
    path : Path
        Ends with one of ``FORMATS``.
    layers : mapping of name to DataFrame
        A column ``geometry``, where there is one, holds WKB in EPSG:4326, longitude first.
    title : str
        What the file shows, for formats that have a place for it.
    notes : mapping of str to str
        What must be known with the data (sources, what is made up); it is written into each
        file: GeoPackage metadata, GeoJSON members, KML description, Parquet metadata, and beside
        a CSV the file ``NAME.csv-metadata.json`` (W3C, "Metadata Vocabulary for Tabular Data").

    Raises
    ------
    InputError
        When the ending is unknown or its folder missing, when the format holds one layer and
        there are several, when it cannot hold these rows, or when GDAL could not write them all.
    OSError
        When the system could not write them all.
    """
    ending = path.suffix.lower()
    _check_target(path, ending, layers)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".export-") as folder:
        name = path.with_suffix("").name if ending == ".zip" else path.name
        made = Path(folder) / name
        if ending == ".zip":
            inner = _inner(path)
            home = Path(folder) / "files"
            home.mkdir()
            for layer, frame in layers.items():
                _write_one(home / f"{layer}{inner}", layer, frame, notes)
            made = made.with_name("all.zip")
            _zip(made, {file.name: file for file in sorted(home.iterdir())})
        elif ending == ".gpkg":
            with _by_gdal(path, made):
                _write_geopackage(made, layers, {"title": title, **notes})
        elif ending in {".kml", ".kmz"}:
            made = made.with_suffix(".kml")
            with _by_gdal(path, made):
                _write_kml(made, layers, title, notes)
                _check_whole(made)
            if ending == ".kmz":
                packed = made.with_suffix(".kmz")
                _zip(packed, {"doc.kml": made})
                made = packed
        else:
            ((layer, frame),) = layers.items()
            _write_one(made, layer, frame, notes)
            beside = _metadata_of(made)
            if beside.exists():
                beside.replace(_metadata_of(path))
        made.replace(path)


@contextmanager
def _by_gdal(path: Path, made: Path) -> Iterator[None]:
    """Raise InputError where GDAL cannot write ``made``, which is to become ``path``."""
    try:
        yield
    except (DataSourceError, DataLayerError, FeatureError) as problem:
        told = str(problem).replace(str(made), path.name)
        raise InputError(
            f"it cannot be written whole ({told})",
            where=str(path),
            mend="See that the disk has room, and write it again.",
        ) from problem


def _check_whole(path: Path) -> None:
    """Raise DataLayerError where a KML has no end: its driver says nothing of a full disk."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 64, 0))
        end = file.read().rstrip()
    if not end.endswith(b"</kml>"):
        raise DataLayerError(f"it breaks off after {path.stat().st_size:,} bytes")


def _inner(path: Path) -> str:
    """Return the ending of the files inside a zip file."""
    return path.with_suffix("").suffix.lower()


def _check_target(path: Path, ending: str, layers: Mapping[str, pl.DataFrame]) -> None:
    where = str(path)
    if ending not in FORMATS:
        raise InputError(
            f"the ending {ending!r} is no format of export",
            where=where,
            mend=f"End the name with one of {', '.join(FORMATS)}.",
        )
    if ending == ".zip" and _inner(path) not in _ONE:
        raise InputError(
            f"a zip file of {_inner(path) or 'no'!r} files cannot be written",
            where=where,
            mend=f"End the name with one of {', '.join(f'{one}.zip' for one in _ONE)}.",
        )
    if not path.parent.is_dir():
        raise InputError(
            f"there is no folder {path.parent}", where=where, mend="Make it, or name another."
        )
    if ending in _ONE and len(layers) != 1:
        raise InputError(
            f"a {ending} file holds one layer, and {len(layers)} were asked for "
            f"({', '.join(layers)})",
            where=where,
            mend=f"Choose one with --layer, or end the name with .gpkg, .kml or {ending}.zip.",
        )
    for layer, frame in layers.items():
        _check_rows(where, ending if ending != ".zip" else _inner(path), layer, frame)


def _check_rows(where: str, ending: str, layer: str, frame: pl.DataFrame) -> None:
    if ending in {".geojson", ".kml", ".kmz"} and frame.height > _MOST_IN_TEXT:
        raise InputError(
            f"{layer} has {frame.height:,} rows, more than {_MOST_IN_TEXT:,} that {ending} files "
            "are good for",
            where=where,
            mend="Choose less with --date, --section or --bbox, or end the name with .gpkg or "
            ".parquet.",
        )
    if ending in {".kml", ".kmz"} and "geometry" not in frame.columns:
        raise InputError(
            f"{layer} has no places", where=where, mend="End the name with .csv or .gpkg."
        )
    if ending == ".csv" and not _has_point_columns(frame):
        raise InputError(
            f"{layer} has lines or areas, which a .csv file does not hold",
            where=where,
            mend="End the name with .gpkg, .geojson, .parquet or .kml.",
        )


def _has_point_columns(frame: pl.DataFrame) -> bool:
    """Tell whether columns of numbers can say where each row is, or that none has a place."""
    if "geometry" not in frame.columns or {"lon", "lat"} <= set(frame.columns):
        return True
    return bool(np.isin(shapely.get_type_id(_shapes(frame)), [-1, 0]).all())


def _write_one(path: Path, layer: str, frame: pl.DataFrame, notes: Mapping[str, str]) -> None:
    """Write one layer to a file of a format that holds one."""
    if path.suffix == ".parquet":
        _write_parquet(path, frame, notes)
    elif path.suffix == ".geojson":
        _write_geojson(path, layer, frame, notes)
    else:
        _write_csv(path, frame, notes)


def _shapes(frame: pl.DataFrame) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(np.array(frame["geometry"].to_list(), dtype=object)))


def _one_kind(frame: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Return a layer with single shapes as multiple ones where it has both, and its type."""
    shapes = _shapes(frame)
    present = ~shapely.is_missing(shapes)
    kinds = {str(shape.geom_type) for shape in shapes[present]}
    if len(kinds) == 1:
        return frame, kinds.pop()
    plain = {kind.removeprefix("Multi") for kind in kinds}
    if len(plain) != 1:
        return frame, "Unknown"
    single = plain.pop()
    many: dict[str, Callable[..., npt.NDArray[np.object_]]] = {
        "Point": shapely.multipoints,
        "LineString": shapely.multilinestrings,
        "Polygon": shapely.multipolygons,
    }
    alone = np.flatnonzero(present & (shapely.get_type_id(shapes) < _FIRST_MULTI))
    shapes[alone] = many[single](shapes[alone], indices=np.arange(len(alone)))
    wkb = pl.Series("geometry", shapely.to_wkb(shapes).tolist(), dtype=pl.Binary)
    return frame.with_columns(wkb), f"Multi{single}"


def _write_geopackage(
    path: Path, layers: Mapping[str, pl.DataFrame], notes: Mapping[str, str]
) -> None:
    for layer, frame in layers.items():
        # Notes of the whole file would make GDAL write an .aux.xml beside it on every opening.
        common = {
            "layer": layer,
            "driver": "GPKG",
            "append": path.exists(),
            "layer_metadata": notes,
        }
        if "geometry" not in frame.columns:
            pyogrio.write_arrow(frame.to_arrow(), path, geometry_type=None, **common)
            continue
        ready, kind = _one_kind(frame)
        pyogrio.write_arrow(
            ready.to_arrow(),
            path,
            geometry_name="geometry",
            geometry_type=kind,
            crs="EPSG:4326",
            **common,
        )


def _write_kml(
    path: Path, layers: Mapping[str, pl.DataFrame], title: str, notes: Mapping[str, str]
) -> None:
    told = "\n".join(f"{name}: {value}" for name, value in notes.items())
    for layer, frame in layers.items():
        # The driver shows a column `name` as the place's; without one a list of places is blank.
        key = pl.col(frame.columns[0]).cast(pl.String)
        named = pl.coalesce("name", key) if "name" in frame.columns else key
        pyogrio.write_arrow(
            frame.filter(pl.col("geometry").is_not_null()).with_columns(name=named).to_arrow(),
            path,
            layer=layer,
            driver="LIBKML",
            append=path.exists(),
            geometry_name="geometry",
            geometry_type="Unknown",
            crs="EPSG:4326",
            NAME=title,
            DESCRIPTION=told,
        )


def _write_parquet(path: Path, frame: pl.DataFrame, notes: Mapping[str, str]) -> None:
    """Write GeoParquet 1.1 (https://geoparquet.org/releases/v1.1.0/), or a plain table."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    extra = {"shoregrid": json.dumps(dict(notes), ensure_ascii=False)}
    if "geometry" in frame.columns:
        shapes = _shapes(frame)
        present = shapes[~shapely.is_missing(shapes)]
        column = {
            "encoding": "WKB",
            "crs": CRS.from_epsg(4326).to_json_dict(),
            "geometry_types": sorted({str(shape.geom_type) for shape in present}),
            **({"bbox": list(shapely.total_bounds(present))} if len(present) else {}),
        }
        about = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
        extra["geo"] = json.dumps(about)
    pyarrow.parquet.write_table(
        table.replace_schema_metadata({**(table.schema.metadata or {}), **extra}),
        path,
        compression="zstd",
    )


def _write_geojson(path: Path, layer: str, frame: pl.DataFrame, notes: Mapping[str, str]) -> None:
    """Write RFC 7946: longitude first, exterior rings counter-clockwise, notes as members."""
    if "geometry" in frame.columns:
        rounded = shapely.transform(_shapes(frame), lambda xy: np.round(xy, _DECIMALS))
        texts = shapely.to_geojson(shapely.orient_polygons(rounded)).tolist()
    else:
        texts = [None] * frame.height
    plain = frame.drop("geometry", strict=False)
    plain = plain.with_columns(
        pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        pl.col(pl.Date).cast(pl.String),
        pl.col(pl.Float32, pl.Float64).fill_nan(None),
    )
    members = {"type": "FeatureCollection", "name": layer, **notes}
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(members, ensure_ascii=False)[:-1] + ', "features": [')
        for number, (row, shape) in enumerate(zip(plain.iter_rows(named=True), texts, strict=True)):
            about = json.dumps(row, ensure_ascii=False, allow_nan=False)
            file.write(
                f'{"," if number else ""}\n{{"type": "Feature", "properties": {about}, '
                f'"geometry": {shape or "null"}}}'
            )
        file.write("\n]}\n")


def _write_csv(path: Path, frame: pl.DataFrame, notes: Mapping[str, str]) -> None:
    """Write UTF-8 with a mark that spreadsheets know it by; places as ``lon`` and ``lat``."""
    table = _without_shapes(frame)
    guarded = table.with_columns(pl.col(pl.String).str.replace(_FORMULA, "'$1"))
    guarded.write_csv(path, include_bom=True, datetime_format="%Y-%m-%dT%H:%M:%S%.3fZ")
    about = {"@context": "http://www.w3.org/ns/csvw", "url": path.name, "notes": [dict(notes)]}
    _metadata_of(path).write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def _metadata_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-metadata.json")


def _without_shapes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose places are columns."""
    if "geometry" not in frame.columns:
        return frame
    bare = frame.drop("geometry")
    if {"lon", "lat"} <= set(bare.columns):
        return bare
    shapes = _shapes(frame)
    return bare.with_columns(
        lon=pl.Series(shapely.get_x(shapes)).fill_nan(None),
        lat=pl.Series(shapely.get_y(shapes)).fill_nan(None),
    )


def _zip(path: Path, files: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            archive.write(file, name)
