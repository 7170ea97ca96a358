"""The words of the layers that are handed out to a GIS."""

OGC: dict[str, tuple[str, str]] = {
    "ogc_segments": ("分段", "Segments"),
    "ogc_segments_about": ("某班次的风险", "with the risk of a shift"),
    "ogc_sections_about": ("段长与值班电话", "with chief and duty phone"),
    "ogc_zones_about": ("某班次的", "of a shift"),
    "ogc_behaviours_about": (
        "不指定时间时为近 {n} 天",
        "of the last {n} days where no time is asked for",
    ),
}
