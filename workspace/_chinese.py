"""What the command says in Chinese where an input cannot be used."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geo.errors import InputError

# (English, Chinese): ``{}`` is a value, and stands in the same order on both sides.
_WHAT = (
    ("there is no such file", "没有这个文件"),
    ("the folder is not empty", "文件夹不是空的"),
    ("there is no {}, so this is not a workspace", "没有 {}，这不是工作区"),
    ("the system says: {}", "系统报告：{}"),
    ("the database does not answer: {}", "数据库没有应答：{}"),
    ("time zone {} is unknown", "不认识时区 {}"),
    ("this is a directory", "这是文件夹，不是文件"),
    ("the file is empty", "文件是空的"),
    ("the file is empty, or its first row is", "文件是空的，或首行是空的"),
    ("nothing can be unpacked from this gzip file", "这个 gzip 文件解不出任何一行"),
    ("this is a {} file", "这是 {} 文件"),
    ("this is a binary file, not text", "这是二进制文件，不是文本"),
    ("this is a workbook", "这是电子表格工作簿"),
    ("the text is UTF-16", "文本是 UTF-16 编码"),
    ("the text is neither UTF-8 nor GB 18030", "文本既不是 UTF-8 也不是 GB 18030 编码"),
    ("it is not UTF-8 text ({})", "不是 UTF-8 文本（{}）"),
    ("the lines end with a carriage return alone", "行尾只有回车符（CR）"),
    ("the columns are not separated by commas", "各列不是用逗号分隔的"),
    ("no AIS dialect begins with the line {}", "没有哪种 AIS 格式以这一行开头：{}"),
    ("the file has {} MB", "文件有 {} MB"),
    ("the file has {} layers ({})", "文件里有 {} 个图层（{}）"),
    ("it cannot be read as a vector layer ({})", "不能作为矢量图层读取（{}）"),
    ("the layer has no geometry", "图层没有几何"),
    ("the layer has no features", "图层没有要素"),
    ("the layer has no coordinate reference system", "图层没有坐标参考系"),
    ("no land polygon is left; the features are {}", "没有可用的陆地面；要素是 {}"),
    ("the polygon has an edge across more than 180 degrees of longitude",
     "这个面有一条边跨过 180 度以上的经度"),
    ("the coordinates run from {} to {}, beyond lon/lat", "坐标范围 {} 至 {}，超出经纬度"),
    ("the coordinates run from {} to {}, more than 180 degrees of longitude",
     "坐标范围 {} 至 {}，跨过 180 度以上的经度"),
    ("it is not a table of tide stations ({})", "不是潮位站表（{}）"),
    ("the station is not an object with a list 'harmonic_constituents' of objects {}",
     "潮位站不是带有 harmonic_constituents 列表的对象 {}"),
    ("the station id {} stands more than once", "站号 {} 出现不止一次"),
    ("station_id is missing", "缺 station_id"),
    ("it is not a CSV table ({})", "不是 CSV 表（{}）"),
    ("constituent {} stands more than once", "分潮 {} 出现不止一次"),
    ("constituent {}: {} is missing", "分潮 {}：缺 {}"),
    ("constituent {}: {} is {}", "分潮 {}：{} 是 {}"),
    ("no known constituents hold enough of the tide ({})", "认识的分潮不足以推算潮汐（{}）"),
    ("there is no station {}", "没有潮位站 {}"),
    ("the datum {} is not known", "不认识基准面 {}"),
    ("the step {} is not understood", "不懂步长 {}"),
    ("the raster cannot be read: {}", "栅格读不出来：{}"),
    ("the raster's CRS is {}", "栅格的坐标系是 {}"),
    ("no cell lies below mean sea level", "没有一个格低于平均海面"),
    ("the settings are not TOML: {}", "设置不是 TOML：{}"),
    ("the database says: {}", "数据库报告：{}"),
    ("the header lacks {}; it has {}", "表头缺 {}；现有 {}"),
    ("the columns {} hold personal data (个人信息), {}",
     "{} 列含个人信息，本平台不收（身份证号、私人电话、住址、姓名）{}"),
    ("the columns {} and {} both mean {}", "{} 和 {} 两列是同一个意思：{}"),
    ("the columns {} stand twice in the header", "表头中 {} 出现两次"),
    ("the table cannot be read: {}", "表读不出来：{}"),
    ("the table has a header and no rows", "表只有表头，没有数据行"),
    ("the workspace has no coast yet, so nothing can be placed on it",
     "工作区还没有岸线，无处落点"),
    ("the workspace has no coast yet{}", "工作区还没有岸线{}"),
)  # fmt: skip
_MEND = (
    ("Check the path.", "请核对路径。"),
    ("Name the files in it.", "请写出其中的文件名。"),
    ("Name a new folder, or remove this one first.", "请换一个新文件夹，或先移走这一个。"),
    ("Make one with: shoregrid init DIR", "请先建立：shoregrid init DIR"),
    ("Fetch the file again.", "请重新获取文件。"),
    ("Unpack it, or pack it with gzip.", "请解压，或改用 gzip 压缩。"),
    ("Save the table as CSV.", "请另存为 CSV。"),
    ("Save the sheet as CSV (UTF-8).", "请把工作表另存为 CSV（UTF-8）。"),
    ("Save it as UTF-8{}.", "请另存为 UTF-8{}。"),
    ("Save the table as UTF-8.", "请另存为 UTF-8。"),
    ("Save it with line feeds (LF or CR LF).", "请以换行符（LF 或 CR LF）保存。"),
    ("Save the table with commas between columns and points in numbers.",
     "请以逗号分列、以小数点写数后保存。"),
    ("Known are NMEA 0183 {}", "可读 NMEA 0183 和以下表头的 CSV：{}"),
    ("Import at most 200 MB at a time.", "每次最多导入 200 MB。"),
    ("Save the layer that is wanted to a file of its own.", "请把要用的图层另存为单独的文件。"),
    ("Give a GeoPackage, GeoJSON, zipped Shapefile or GeoParquet layer.",
     "请给出 GeoPackage、GeoJSON、压缩的 Shapefile 或 GeoParquet 图层。"),
    ("Save it with its CRS (EPSG:4326, or CGCS2000 EPSG:4490), or add the .prj file.",
     "请带坐标系保存（EPSG:4326，或 CGCS2000 EPSG:4490），或补上 .prj 文件。"),
    ("Give a layer of land polygons that covers the coast.", "请给出覆盖这段海岸的陆地面图层。"),
    ("Longitude and latitude are probably swapped; longitude comes first.",
     "经度、纬度可能写反了；经度在前。"),
    ("Cut the land at the antimeridian, give one side, and keep within -180 to 180.",
     "请在 180 度经线处切开，只给一侧，经度在 -180 至 180 之间。"),
    ("Where it crosses the antimeridian, cut it at 180 degrees and give one side.",
     "如跨 180 度经线，请在该处切开，只给一侧。"),
    ("Give one coast; where it lies on both sides of the antimeridian, one side of it.",
     "请只给一段海岸；如在 180 度经线两侧，只给一侧。"),
    ("The layer's CRS is probably wrong; set the projected CRS that it is in.",
     "图层的坐标系可能不对；请设为它所用的投影坐标系。"),
    ("Give an IANA name such as Asia/Shanghai.", "请写 IANA 名称，如 Asia/Shanghai。"),
    ("Fill it in from the published table, or take the row out; nothing was stored.",
     "请按公布的表补上，或删去该行；未存入任何数据。"),
    ("Fill it in.", "请补上。"),
    ("Keep one row for each constituent.", "每个分潮只留一行。"),
    ("Keep one station for each id.", "每个站号只留一站。"),
    ("Keep one of {}.", "请只留一个。"),
    ("Expected an object with a list 'stations'{}.", "应为含 stations 列表的对象{}。"),
    ("Expected the columns {}.", "应有这些列：{}。"),
    ("There are: {}.", "现有：{}。"),
    ("Known are: {}.", "可用：{}。"),
    ("Write 6min or 1h.", "请写 6min 或 1h。"),
    ("Swap them.", "请对调。"),
    ("Give a GeoTIFF.", "请给出 GeoTIFF。"),
    ("Warp it to EPSG:4326 first {}.", "请先变换到 EPSG:4326 {}。"),
    ("Elevations are wanted, negative below the sea; turn depths' sign first.",
     "需要高程，海面以下为负；水深请先变号。"),
    ("Mend that line.", "请改正该行。"),
    ("See that the database is whole and answers; a backup helps where it is damaged.",
     "请核对数据库完好、有应答；如已损坏，请用备份恢复。"),
    ("Remove these columns and import again; {}", "请删除这些列后重新导入。"),
    ("Add these columns; docs/import.md lists the headers that are understood.",
     "请补上这些列；docs/import.md 列出认识的表头。"),
    ("Add the rows.", "请补上数据行。"),
    ("Begin with a row of column names.", "请以列名一行开头。"),
    ("See that every row has as many cells as the header, and that quotes close.",
     "请核对每行的列数与表头相同、引号成对。"),
    ("Sections replace each other as a whole: correct these rows and import again.",
     "责任岸段整体替换：请改正这些行后重新导入。"),
    ("First: shoregrid import WS coast FILE", "请先：shoregrid import WS coast FILE"),
    ("See that the path may be read or written, and that the disk has room.",
     "请核对路径可读写、磁盘有空间。"),
    ("See that the server runs and that the address and account are right.",
     "请核对服务器在运行、地址和账户正确。"),
    ("docs/settings.md lists every setting with what it may be.",
     "docs/settings.md 列出每项设置的取值。"),
)  # fmt: skip
_OTHERWISE = "输入不能使用"
_PLACES = ((r", row (\d+)", r"，第 \1 行"), (r", station (\d+)", r"，第 \1 站"),
           (r", feature (\d+)", r"，第 \1 个要素"))  # fmt: skip


def chinese(error: "InputError") -> str:
    """Return an input error in Chinese: where, what and what to do.

    What has no rendering is told as an input that cannot be used, with the English words.
    """
    where = error.where
    for english, own in _PLACES:
        where = re.sub(english, own, where)
    what = _rendered(error.what, _WHAT) or f"{_OTHERWISE}：{error.what}"
    mend = _rendered(error.mend, _MEND) or error.mend
    return f"{where}：{what}。{mend}"


def _rendered(text: str, table: tuple[tuple[str, str], ...]) -> str | None:
    """Return the Chinese of the first pattern that fits the whole text, None where none does."""
    for english, own in table:
        pattern = "(.*?)".join(re.escape(part) for part in english.split("{}"))
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return own.format(*match.groups()).strip()
    return None
