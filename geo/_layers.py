"""Reading vector layers of every format that coasts come in, guarded and with a CRS."""

import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from geo._likely_crs import likely_crs
from geo._safety import check_json, check_parquet, check_xml, check_zip, unpack
from geo.crs import LONLAT
from geo.errors import InputError

# What a file of each kind begins with: GDAL goes by that alone, and has formats that point to
# other files and to the network.
_MAGIC = {
    ".gpkg": b"SQLite format 3\x00",
    ".fgb": b"fgb",
    ".shp": b"\x00\x00\x27\x0a",
    ".parquet": b"PAR1",
}
_ALIASES = {".json": ".geojson", ".geoparquet": ".parquet", ".kmz": ".zip", ".shz": ".zip"}
_FORMATS = "GeoPackage, zipped Shapefile, GeoJSON, GeoParquet, KML or KMZ, or FlatGeobuf"
_MEND = f"Give a layer as {_FORMATS}."
_SHAPE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_DBF_SAMPLE = 1 << 24
# Each byte is a character in it.
_BYTES = "ISO-8859-1"
# `attrs` holds under this name the features (from 0) with a ring that was closed in reading.
OPEN_RINGS = "open_rings"
_UNREADABLE = (
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
    pyogrio.errors.FeatureError,
    pyogrio.errors.GeometryError,
    pyogrio.errors.FieldError,
    ShapelyError,
    CRSError,
    # What GeoPandas and PyArrow raise on a GeoParquet whose own description is not true.
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    OSError,
)


def read_layer(path: Path, *, layer: str | None = None, crs: str | None = None) -> gpd.GeoDataFrame:
    """Read a vector layer, in the CRS it is in and in two dimensions.

    Parameters
    ----------
    path : .gpkg, .zip (one Shapefile, or one file of another kind), .shp, .geojson or .json,
        .parquet, .kml or .kmz (all folders together), .fgb.
    layer : the layer's name where the file has several; for KML the folder's.
    crs : the CRS (``EPSG:4549``) where the file names none. It cannot change one that is named.

    Returns
    -------
    GeoDataFrame
        With a CRS. Rings that were left open are closed; ``land_of`` tells them (but KML's, which
        GDAL closes unasked). Text of a DBF table without .cpg is read as UTF-8, and as GB 18030
        where it is not that.

    Raises
    ------
    InputError
        When the file is missing, unsafe, no vector layer, empty, or without a CRS; the last
        names the CRSs that the size of the numbers speaks for.
    """
    if not path.is_file():
        raise InputError("there is no such file", where=str(path), mend="Check the path.")
    given = _given_crs(crs, path)
    kind = _kind_of(path.name)
    if kind == ".zip":
        table, stated = _from_zip(path, layer)
    elif kind in _READERS:
        table, stated = _read(path, kind, layer, where=path)
    else:
        raise InputError(
            f"'{path.suffix}' is no kind of vector layer that is read here",
            where=str(path),
            mend=_MEND,
        )
    if table.empty:
        raise InputError("the layer has no features", where=str(path), mend=_MEND)
    return _with_crs(table, given, path, stated=stated)


def _kind_of(name: str) -> str:
    """Return the format that a file's name stands for, as its usual suffix."""
    suffix = PurePosixPath(name).suffix.lower()
    return _ALIASES.get(suffix, suffix)


def _given_crs(crs: str | None, path: Path) -> CRS | None:
    """Return the CRS that was asked for; raise InputError where there is none of that name."""
    if crs is None:
        return None
    try:
        known = CRS.from_user_input(crs)
    except CRSError as problem:
        raise InputError(
            f"--crs {crs!r} is no coordinate reference system",
            where=str(path),
            mend="Give it by its number, such as EPSG:4490 or EPSG:4549.",
        ) from problem
    if not (known.is_geographic or known.is_projected):
        raise InputError(
            f"--crs {crs!r} ({known.name}) has no places on the map",
            where=str(path),
            mend="Give a geographic or projected CRS, such as EPSG:4490 or EPSG:4549.",
        )
    return known


def _from_zip(path: Path, layer: str | None) -> tuple[gpd.GeoDataFrame, bool]:
    """Read the one layer in a zip, or all KML files of a KMZ, from a copy outside the zip."""
    members = [
        one
        for one in check_zip(path)
        if not one.filename.startswith("__MACOSX/")
        and not PurePosixPath(one.filename).name.startswith(".")
    ]
    drawn = [one for one in members if _kind_of(one.filename) in _READERS]
    kmls = [one for one in drawn if _kind_of(one.filename) == ".kml"]
    if kmls and len(kmls) == len(drawn):
        with tempfile.TemporaryDirectory() as folder:
            tables = []
            for number, member in enumerate(kmls):
                target = Path(folder) / f"{number}.kml"
                unpack(path, member, target)
                tables.append(_read(target, ".kml", None, where=path)[0])
            tables = [one for one in tables if not one.empty]
            if layer is not None:
                tables = [one[one["folder"] == layer] for one in tables]
            return _together(tables), False
    stems = sorted({PurePosixPath(one.filename).stem for one in drawn})
    chosen = [one for one in drawn if layer in (None, PurePosixPath(one.filename).stem)]
    if len(drawn) > 1 and (layer is None or len(chosen) != 1):
        raise InputError(
            f"the archive has {len(drawn)} layers ({', '.join(stems[:10])})",
            where=str(path),
            mend="Name the one that is wanted with --layer, or pack it alone.",
        )
    if not drawn:
        names = ", ".join(one.filename for one in members[:10])
        raise InputError(
            f"the archive has no vector layer; it holds {names or 'nothing'}",
            where=str(path),
            mend="Pack the .shp with its .shx, .dbf and .prj.",
        )
    main = drawn[0] if len(drawn) == 1 else chosen[0]
    kind = _kind_of(main.filename)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"layer{kind}"
        for member in _parts_of(main, members):
            unpack(path, member, target.with_suffix(PurePosixPath(member.filename).suffix.lower()))
        if kind != PurePosixPath(main.filename).suffix.lower():
            target.with_suffix(PurePosixPath(main.filename).suffix.lower()).rename(target)
        return _read(target, kind, None if kind == ".shp" else layer, where=path)


def _parts_of(main: zipfile.ZipInfo, members: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """Return the files that make up a layer: of a Shapefile those of its name, once each."""
    if _kind_of(main.filename) != ".shp":
        return [main]
    stem = str(PurePosixPath(main.filename).with_suffix("")).lower()
    parts: dict[str, zipfile.ZipInfo] = {}
    for one in members:
        name = PurePosixPath(one.filename)
        if str(name.with_suffix("")).lower() == stem and name.suffix.lower() in _SHAPE_PARTS:
            parts.setdefault(name.suffix.lower(), one)
    return list(parts.values())


def _read(
    path: Path, kind: str, layer: str | None, *, where: Path
) -> tuple[gpd.GeoDataFrame, bool]:
    """Return a file's layer, and whether the file itself says in which CRS it is.

    ``where`` is the file that the user gave.
    """
    if kind in _MAGIC:
        with path.open("rb") as stream:
            begins = stream.read(len(_MAGIC[kind]))
        if begins != _MAGIC[kind]:
            raise InputError(
                f"it is no {kind} inside (it begins with {begins!r})", where=str(where), mend=_MEND
            )
    try:
        with warnings.catch_warnings():
            # GDAL warns of what is mended or named below.
            warnings.simplefilter("ignore")
            return _READERS[kind](path, layer, where)
    except _UNREADABLE as problem:
        told = str(problem).replace(str(path), where.name)[:300]
        raise InputError(
            f"it cannot be read as a vector layer ({told})", where=str(where), mend=_MEND
        ) from problem


def _read_geojson(path: Path, layer: str | None, where: Path) -> tuple[gpd.GeoDataFrame, bool]:
    check_json(path)
    with path.open("rb") as stream:
        # Without "crs" the numbers are WGS 84 by RFC 7946, which nobody has stated.
        head = stream.read(1 << 16)
    return _ogr(path, layer, where), b'"crs"' in head


def _read_ogr(path: Path, layer: str | None, where: Path) -> tuple[gpd.GeoDataFrame, bool]:
    return _ogr(path, layer, where), True


def _read_shape(path: Path, layer: str | None, where: Path) -> tuple[gpd.GeoDataFrame, bool]:
    if layer not in (None, path.stem):
        raise _no_layer(layer, [path.stem], where)
    return _ogr(path, None, where, encoding=_dbf_encoding(path)), True


def _read_parquet(path: Path, layer: str | None, where: Path) -> tuple[gpd.GeoDataFrame, bool]:
    if layer not in (None, path.stem):
        raise _no_layer(layer, [path.stem], where)
    check_parquet(path, where=where)
    return _flat(gpd.read_parquet(path)), True


def _read_kml(path: Path, layer: str | None, where: Path) -> tuple[gpd.GeoDataFrame, bool]:
    """Read all folders of a KML together; ``folder`` says which one a feature is from."""
    check_xml(path, root="kml")
    names = [str(name) for name, _ in pyogrio.list_layers(path)]
    if layer is not None and layer not in names:
        raise _no_layer(layer, names, where)
    tables = []
    for name in [layer] if layer is not None else names:
        table = _shapes(path, name, where)
        if not table.empty:
            tables.append(table.assign(folder=name))
    return _together(tables), False


_READERS = {
    ".gpkg": _read_ogr,
    ".fgb": _read_ogr,
    ".shp": _read_shape,
    ".geojson": _read_geojson,
    ".parquet": _read_parquet,
    ".kml": _read_kml,
}


def _together(tables: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return tables in lon/lat as one, which is empty where there is none."""
    if not tables:
        return gpd.GeoDataFrame({"folder": []}, geometry=[], crs=LONLAT)
    # A folder's column without a value would be dropped with a warning.
    full = [one.dropna(axis="columns", how="all") for one in tables]
    starts = np.cumsum([0, *(len(one) for one in tables)])
    opened = [
        int(start) + row
        for start, one in zip(starts[:-1], tables, strict=True)
        for row in one.attrs.get(OPEN_RINGS, [])
    ]
    for one in full:
        one.attrs = {}
    out = gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=LONLAT)
    out.attrs = {OPEN_RINGS: opened} if opened else {}
    return out


def _ogr(
    path: Path, layer: str | None, where: Path, *, encoding: str | None = None
) -> gpd.GeoDataFrame:
    """Return the layer called ``layer``, or the only one that has shapes."""
    layers = pyogrio.list_layers(path)
    drawn = [str(name) for name, kind in layers if kind is not None]
    names = drawn or [str(name) for name, _ in layers]
    if not names:
        raise InputError("it has no layer", where=str(where), mend=_MEND)
    if layer is not None and layer not in names:
        raise _no_layer(layer, names, where)
    if layer is None and len(names) > 1:
        raise InputError(
            f"the file has {len(names)} layers ({', '.join(names[:10])})",
            where=str(where),
            mend="Name the one that is wanted with --layer, or save it to a file of its own.",
        )
    return _shapes(path, layer or names[0], where, encoding=encoding)


def _shapes(
    path: Path, layer: str, where: Path, *, encoding: str | None = None
) -> gpd.GeoDataFrame:
    """Return a layer with rings that were left open closed, and their features in ``attrs``."""

    def read(how: str) -> gpd.GeoDataFrame:
        try:
            table = pyogrio.read_dataframe(
                path, layer=layer, encoding=encoding, on_invalid=how, force_2d=True
            )
        except UnicodeDecodeError as cut:
            table = pyogrio.read_dataframe(
                path, layer=layer, encoding=_BYTES, on_invalid=how, force_2d=True
            )
            _decode(table, cut.encoding)
        if not isinstance(table, gpd.GeoDataFrame):
            raise InputError("the layer has no geometry", where=str(where), mend=_MEND)
        return table

    try:
        return read("raise")
    except ShapelyError:
        table, without = read("fix"), read("ignore")
        fixed = table.geometry.notna() & without.geometry.isna()
        table.attrs[OPEN_RINGS] = np.flatnonzero(fixed).tolist()
        return table


def _decode(table: pd.DataFrame, encoding: str) -> None:
    """Turn names and texts that were read byte by byte into what they are.

    A DBF keeps ten bytes of a name, and the last character may be cut: it is left out.
    """

    def whole(text: str) -> str:
        return text.encode(_BYTES).decode(encoding, errors="ignore")

    table.columns = pd.Index([whole(name) for name in table.columns])
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name]):
            table[name] = table[name].map(whole, na_action="ignore")


def _no_layer(layer: str | None, names: Sequence[str], where: Path) -> InputError:
    return InputError(
        f"it has no layer {layer!r}; it has {', '.join(names[:10])}",
        where=str(where),
        mend="Name one of those with --layer.",
    )


def _flat(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a table without heights, which no reader of a layer asks for."""
    return table.set_geometry(table.geometry.force_2d()) if table.has_z.any() else table


def _dbf_encoding(path: Path) -> str | None:
    """Return how a DBF table's text is written; None where a .cpg says so, or there is no table.

    Most Chinese tables have no .cpg: newer ones are UTF-8, older ones GBK, which GB 18030 holds.
    """
    table = path.with_suffix(".dbf")
    if path.with_suffix(".cpg").is_file() or not table.is_file():
        return None
    with table.open("rb") as stream:
        text = stream.read(_DBF_SAMPLE)
    # A field may be cut within a character, so that the fewest errors tell.
    errors = {name: text.decode(name, "replace").count("\ufffd") for name in ("utf-8", "gb18030")}
    return min(errors, key=lambda name: errors[name])


def _with_crs(
    table: gpd.GeoDataFrame, given: CRS | None, path: Path, *, stated: bool
) -> gpd.GeoDataFrame:
    """Return a table in its own CRS, or in the given one where it names none."""
    own = table.crs
    known = own is not None and (own.is_geographic or own.is_projected or own.is_compound)
    if known and own.equals(given, ignore_axis_order=True):
        return table
    if given is not None:
        if known and stated:
            raise InputError(
                f"the layer says that it is in {own.to_string()[:60]}, and --crs {given.srs}",
                where=str(path),
                mend="Leave --crs out, or take the wrong CRS out of the file (its .prj).",
            )
        return table.set_crs(given, allow_override=True)
    if known:
        return table
    raise InputError(
        "the layer has no coordinate reference system",
        where=str(path),
        mend=likely_crs(table.total_bounds),
    )
