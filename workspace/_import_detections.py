"""What radar, cameras and satellites saw, from files: checked row by row, and no persons."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import polars as pl

from ais.schema import DETECTIONS as COLUMNS
from geo.errors import Refusal
from workspace import _personal, store
from workspace._import_cells import Value
from workspace._import_columns import Known
from workspace._import_places import off_the_earth
from workspace._import_rows import Rows, convert, read_rows, zone
from workspace._imported import Imported, Options
from workspace._quarantine import quarantine
from workspace.folder import Workspace

DETECTIONS = (
    Known("detection_id", ("编号", "目标编号", "探测编号", "id", "plot id")),
    Known(
        "sensor",
        ("传感器", "传感器名称", "设备", "雷达", "雷达站", "摄像头", "卫星", "station", "source"),
        needed=True,
    ),
    Known(
        "track_id",
        ("航迹号", "航迹编号", "批号", "目标批号", "track", "track no", "track number",
         "target id"),
    ),
    Known(
        "t",
        ("时间", "探测时间", "发现时间", "观测时间", "采集时间", "成像时间", "time", "timestamp",
         "datetime", "utc"),
        "time",
        needed=True,
    ),
    Known(
        "cls",
        ("类别", "类型", "目标类型", "目标类别", "识别结果", "class", "type"),
        "choice",
        choices={
            "vessel": ("船舶", "船", "船只", "未知", "不明", "unknown", "ship"),
            "small_boat": ("小艇", "快艇", "摩托艇", "大飞", "舢板", "小船", "橡皮艇", "boat"),
            "fishing": ("渔船", "fishing vessel"),
            "cargo": ("货船", "散货船", "集装箱船", "cargo ship"),
            "tanker": ("油船", "油轮", "液货船", "oil tanker"),
            "passenger": ("客船", "客轮", "渡船", "ferry"),
            "structure": ("固定物", "浮标", "航标", "平台", "礁石", "养殖设施", "buoy", "platform"),
        },
    ),
    Known("confidence", ("置信度", "可信度", "score", "probability"), "share", low=0, high=1),
    Known("length_m", ("船长度", "长度", "目标长度", "估计长度", "length"), "number",
          low=0, high=500, unit="m"),
    Known("sog_kn", ("航速", "速度", "sog", "speed"), "number", low=0, high=120),
    Known("cog_deg", ("航向", "航迹向", "cog", "course"), "number", low=0, high=360, unit="deg"),
    Known(
        "error_m",
        ("误差", "定位误差", "位置误差", "精度", "error", "accuracy", "sigma"),
        "number",
        low=0,
        high=20_000,
        unit="m",
    ),
    Known(
        "lon",
        ("经度", "longitude", "x", "lng", "x坐标", "东坐标", "横坐标", "easting"),
        "degrees",
        needed=True,
        low=-180,
        high=180,
    ),
    Known(
        "lat",
        ("纬度", "latitude", "y", "y坐标", "北坐标", "纵坐标", "northing"),
        "degrees",
        needed=True,
        low=-90,
        high=90,
    ),
)  # fmt: skip
# Pictures may show persons, and plates are their cars': a row that bears one is refused.
PRIVATE = (
    "照片", "人像", "人像照片", "头像", "抓拍", "抓拍图", "抓拍照片", "抓拍图片", "人员照片",
    "人员图片", "face", "face image", "portrait", "photo", "person photo", "person image",
    "headshot", "plate", "plate number", "plate no", "车牌号码", "车辆号牌",
)  # fmt: skip
_PRIVATE = tuple(Known(f"private {word}", (word,)) for word in PRIVATE)
_PERSONS = frozenset(
    {
        "人",
        "人员",
        "行人",
        "人脸",
        "人像",
        "人物",
        "person",
        "people",
        "pedestrian",
        "human",
        "face",
    }
)
# Plates of cars: 浙B·12345, 浙BD12345 (hull numbers have no Latin letter in the second place).
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][\s·•.\-]?"
    r"[A-HJ-NP-Z0-9]{5,6}(?![A-Z0-9])"
)
_KNOTS = {"km/h": 1 / 1.852, "公里/小时": 1 / 1.852, "公里/时": 1 / 1.852, "千米/时": 1 / 1.852,
          "m/s": 3.6 / 1.852, "米/秒": 3.6 / 1.852, "mps": 3.6 / 1.852}  # fmt: skip
_FOLLOWED = ("sensor", "t", "lon", "lat")
_MEND = "Correct the cells named and import the row again."
Test = tuple[pl.Expr, str, Callable[[dict[str, object]], str], str]


def import_detections(
    ws: Workspace, path: Path, options: Options, result: Imported, *, now: datetime
) -> None:
    """Import detections in one transaction; those that are there already are updated.

    Raises
    ------
    InputError
        When the file cannot be read, lacks a needed column, or holds persons' data alone.
    """
    rows, frame, refused, notes = read_detections(ws, path, options, now=now)
    result.notes += notes
    with ws.begin() as connection:
        same = _stored_alike(connection, frame)
        fresh = frame.join(same, on="detection_id", how="anti", maintain_order="left")
        added, updated = store.upsert(
            connection, "detections", fresh.with_columns(made=pl.lit(value=False))
        )
        quarantine(connection, "detections", path, refused, now)
    result.refused += refused
    result.counts.update(
        rows_in=len(rows.numbers) + rows.skipped,
        added=added,
        updated=updated,
        unchanged=same.height,
        skipped=rows.skipped,
        quarantined=len(refused),
    )


def read_detections(
    ws: Workspace, path: Path, options: Options, *, now: datetime
) -> tuple[Rows, pl.DataFrame, list[Refusal], list[str]]:
    """Read a file of detections; nothing is stored.

    Returns
    -------
    The file's rows; those that can be kept, with the columns of ``DETECTIONS`` that the file has;
    what was refused; notes.
    """
    read = read_rows(path, (*DETECTIONS, *_PRIVATE), options)
    rows = replace(
        read,
        private=[
            told or _of_persons(row, read.headers)
            for told, row in zip(read.private, read.cells, strict=True)
        ],
    )
    if all(rows.private):
        raise _personal.refuse(dict.fromkeys(filter(None, rows.private)), str(path))
    tz = zone(ws, options)
    kept, values, refused, places = convert(rows, DETECTIONS, options, tz=tz)
    notes = [] if places is None else [*places.notes]
    if rows.ignored:
        notes.append(f"columns not used: {', '.join(rows.ignored[:20])}")
    frame = _frame(rows, [rows.numbers[at] for at in kept], values)
    if places is not None:
        frame = frame.with_columns(lon=pl.Series(places.lon[kept]), lat=pl.Series(places.lat[kept]))
    frame, swapped = off_the_earth(rows.file, frame)
    refused += swapped
    frame = _with_ids(_in_units(frame, rows.headers, notes))
    for test in _tests(now):
        frame, more = _tested(rows.file, frame, test)
        refused += more
    return rows, frame.drop("row"), refused, notes


def _of_persons(row: dict[str, str], headers: dict[str, str]) -> str | None:
    """Return the header of a picture, a person or a car's plate in a row, None for none."""
    for name, cell in row.items():
        text = unicodedata.normalize("NFKC", cell).strip()
        if not text:
            continue
        private = name.startswith("private ")
        person = name == "cls" and text.lower() in _PERSONS
        if private or person or _PLATE.search(text.upper()):
            return headers.get(name, name)
    return None


def _frame(rows: Rows, numbers: list[int], values: list[dict[str, Value]]) -> pl.DataFrame:
    """Return values in the types of ``DETECTIONS``, of the columns that the file has."""
    columns = {
        one.name: pl.Series(
            one.name,
            [row.get(one.name) for row in values],
            dtype=pl.Float64 if COLUMNS[one.name].is_float() else COLUMNS[one.name],
        )
        for one in DETECTIONS
        if one.type != "degrees" and (one.name in rows.headers or one.name == "detection_id")
    }
    return pl.DataFrame({"row": pl.Series(numbers, dtype=pl.Int64), **columns})


def _in_units(frame: pl.DataFrame, headers: dict[str, str], notes: list[str]) -> pl.DataFrame:
    """Return speeds in knots, by the unit in their header, and a course of 360 as 0."""
    header = unicodedata.normalize("NFKC", headers.get("sog_kn", "")).lower()
    times = next((by for unit, by in _KNOTS.items() if unit in header), None)
    if times is not None:
        frame = frame.with_columns(sog_kn=pl.col("sog_kn") * times)
        notes.append(f"{headers['sog_kn']} 已换算为节 · speeds turned into knots")
    if "cog_deg" in frame.columns:
        frame = frame.with_columns(cog_deg=pl.col("cog_deg") % 360.0)
    return frame


def _with_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Fill ids that the file leaves empty, from sensor, time and place (to the metre)."""
    made = [
        given if given is not None else _digest(str(sensor), t, lon, lat)
        for given, sensor, t, lon, lat in frame.select("detection_id", *_FOLLOWED).iter_rows()
    ]
    return frame.with_columns(detection_id=pl.Series(made, dtype=pl.String))


def _digest(sensor: str, t: datetime, lon: float, lat: float) -> str:
    told = f"{sensor}|{round(t.timestamp() * 1000)}|{lon:.5f}|{lat:.5f}"
    return f"D-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _tests(now: datetime) -> tuple[Test, ...]:
    """Return what refuses a row: where it does, the reason, the detail and the mend."""
    return (
        (
            (pl.col("lon") == 0) & (pl.col("lat") == 0),
            "bad_position",
            lambda _row: "the place is 0° N 0° E, which a sensor without a fix gives",
            _MEND,
        ),
        (
            pl.col("t") > now,
            "future",
            lambda row: f"`t` {row['t']} lies in the future",
            "Correct the time; without a zone it is taken in the workspace's own.",
        ),
        (
            ~pl.col("detection_id").is_first_distinct(),
            "duplicate_key",
            lambda row: f"`detection_id` {row['detection_id']} is there before",
            "Give each row its own id, or remove the one that is not wanted.",
        ),
    )


def _tested(file: str, frame: pl.DataFrame, test: Test) -> tuple[pl.DataFrame, list[Refusal]]:
    wrong, reason, detail, mend = test
    refused = [
        Refusal(file, int(row["row"]), reason, detail(row), mend)
        for row in frame.filter(wrong).iter_rows(named=True)
    ]
    return frame.filter(~wrong), refused


def _stored_alike(target: store.Target, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the ids of detections that are stored as they are read."""
    if not frame.height:
        return frame.select("detection_id")
    table = store.table_of("detections")
    span = table.c.t.between(frame["t"].min(), frame["t"].max())
    # What was made up is no longer so once a file says the same.
    stored = store.read(target, "detections", where=span & table.c.made.is_(other=False))
    names = frame.columns
    return frame.join(
        stored.select(names).cast(dict(frame.schema)), on=names, how="semi", nulls_equal=True
    ).select("detection_id")
