"""The words of the page that tells what a newer coast changed."""

COAST: dict[str, tuple[str, str]] = {
    "nav_changes": ("岸线变化", "Changes"),
    "changes": ("岸线变化", "Coast changes"),
    "changes_lead": (
        "新岸线与前一版逐段对照：编号保留的岸段不受影响，变了的列在下面。",
        "The newer coast beside the one before: what kept its place is left out of the list below.",
    ),
    "changes_map": ("岸线变化地图", "Map of coast changes"),
    "changes_map_help": (
        "地图上的变化在右侧清单里都有，可用键盘操作。",
        "The list beside the map holds the same, and works by keyboard.",
    ),
    "changes_panel": ("岸线变化说明", "What changed"),
    "changes_none_title": ("还没有可比较的新岸线", "There is no newer coast yet"),
    "changes_none_mend": (
        "再导入一版岸线，这里就会逐段列出变化：请管理员运行 shoregrid import 工作区 coast 文件。",
        (
            "Import a newer coast and its changes are listed here stretch by stretch: "
            "an administrator can run shoregrid import WS coast FILE."
        ),
    ),
    "changes_denied_title": ("你的角色看不到岸线变化", "Your role does not see coast changes"),
    "changes_denied_mend": (
        "规划员、研判员、督导和管理员可以看。需要时请管理员调整你的角色。",
        (
            "Planners, analysts, supervisors and administrators do. "
            "Ask an administrator if you need it."
        ),
    ),
    "changes_all_kept": (
        "两版岸线处处相符，没有变化的岸段。",
        "The two coasts agree throughout: no stretch has changed.",
    ),
    "coast_made_sign": ("虚构", "(made)"),
    "coast_made": ("编造的岸线", "made coast"),
    "change_kept": ("保留", "kept"),
    "change_moved": ("移位", "moved"),
    "change_split": ("拆分", "split"),
    "change_merged": ("合并", "merged"),
    "change_gone": ("消失", "gone"),
    "change_new": ("新增", "new"),
    "coast_newer": ("新岸线", "Newer coast"),
    "coast_older": ("前一版", "The one before"),
    "coast_unrecorded": ("没有留下记录", "not recorded"),
    "coast_of": ("{t}导入，{crs}", "imported {t}, {crs}"),
    "coast_land_newer": (
        "底图是现行岸线的陆地，不是这一版的。",
        "The land under the lines is today's, not that of this import.",
    ),
    "coast_imports": ("其他版本（{n}）", "Other imports ({n})"),
    "coast_crs_unknown": ("坐标系未注明", "CRS not stated"),
    "sums": ("总账", "Sums"),
    "sums_caption": (
        "各类变化的岸段单元数、长度与平均偏移；点类别名可隐藏或显示",
        ("Segments, length and mean offset per kind of change; press a kind to hide or show it"),
    ),
    "sums_change": ("变化", "Change"),
    "sums_segments": ("单元 旧→新", "Segments old→new"),
    "sums_km": ("km 旧→新", "Km old→new"),
    "sums_offset": ("偏移 m", "Offset m"),
    "sums_all": ("合计", "All"),
    "changes_legend": ("变化", "Change"),
    "stretches": ("变了的岸段", "Stretches that changed"),
    "stretches_count": ("{n} 处，从长到短", "{n}, the longest first"),
    "stretches_more": (
        "每类只列最长的 {most} 处，另 {n} 处只在图上。全表：shoregrid changes 工作区 --out 文件。",
        (
            "The longest {most} of each kind are listed; {n} more are on the map alone. "
            "The whole table: shoregrid changes WS --out FILE."
        ),
    ),
    "stretch_offset": ("偏移 {m} m", "{m} m off"),
    "stretch_open": ("在风险地图上看", "See it on the risk map"),
    "refused_role": (
        "你的角色无权查看，请找管理员。",
        "Your role may not see this; ask an administrator.",
    ),
}
