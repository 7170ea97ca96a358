"""The column types that SQLite and PostgreSQL share: geometry, UTC times, nested values."""

import json
import struct
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

_EWKB_SRID = 0x20000000


class _Postgis(UserDefinedType[str]):
    """Name PostGIS's type in DDL; its values go and come as hexadecimal EWKB.

    GeoAlchemy2 would do as much, but its listeners fail on a column type with two faces.
    """

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type as DDL."""
        return "geometry(Geometry,4326)"


class Geometry(TypeDecorator[bytes]):
    """Keep WKB (EPSG:4326): as it is on SQLite, as a PostGIS geometry on PostgreSQL."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the column type of the dialect at hand."""
        kind = _Postgis() if dialect.name == "postgresql" else LargeBinary()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | str | None:
        """Return little-endian WKB as the dialect wants it."""
        if value is None or dialect.name != "postgresql":
            return value
        (kind,) = struct.unpack_from("<I", value, 1)
        return value[:1].hex() + struct.pack("<II", kind | _EWKB_SRID, 4326).hex() + value[5:].hex()

    def process_result_value(self, value: bytes | str | None, dialect: Dialect) -> bytes | None:
        """Return what the dialect keeps as little-endian WKB."""
        if value is None or dialect.name != "postgresql":
            return value
        data = bytes.fromhex(value)
        (kind,) = struct.unpack_from("<I", data, 1)
        return data[:1] + struct.pack("<I", kind & ~_EWKB_SRID) + data[9:]


class UtcDateTime(TypeDecorator[datetime]):
    """Keep aware times in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @staticmethod
    def as_text(value: datetime | None) -> str | None:
        """Return what SQLite keeps of a time, without SQLAlchemy's three calls for each."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} bears no zone; expected an aware time")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC, without zone where the dialect has none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} bears no zone; expected an aware time")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time as an aware UTC one."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[str]):
    """Keep nested values as JSON text; text is taken as JSON already and read back as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Return the value as compact JSON."""
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
