"""The command `remedies`."""

from typing import TYPE_CHECKING

from workspace._cli_options import AsJson, Csv, Day, Root, Top, opened
from workspace._console import Summary

if TYPE_CHECKING:
    from workspace.remedies import Remedies

_SOURCES = {
    "facilities": ("设施", "facilities"),
    "inspections": ("巡查记录", "inspections"),
    "effort": ("巡逻记录", "patrols"),
}


def remedies(
    root: Root, day: Day = None, top: Top = 10, out: Csv = None, *, as_json: AsJson = False
) -> None:
    """什么措施最有用 · Which mending, inspection, camera or patrol lowers risk most, and where."""
    import polars as pl

    from workspace.remedies import remedies as rank

    with opened(root) as ws:
        found = rank(ws, None if day is None else day.date(), top=top)
        zone = ws.config.tz
    if out is not None:
        found.every.with_columns(pl.col("targets").list.join(" ")).write_csv(out)
    since, n = found.as_of.astimezone(zone), len(found.shifts)
    lines = [
        f"{since:%Y-%m-%d %H:%M} 起 {n} 个班次 · {n} shifts from then on",
        "依次采取，每项是在前面各项之后的效果 · one after the other, each on top of those before",
        *_lines(found),
    ]
    more = {
        "as_of": found.as_of.isoformat(),
        "shifts": [shift.shift_id for shift in found.shifts],
        "lacking": list(found.lacking),
        "plan": found.plan.to_dicts(),
    }
    Summary({"measures": found.every.height}, lines=lines, more=more).tell(as_json=as_json)


def _lines(found: "Remedies") -> list[str]:
    lines = []
    for number, row in enumerate(found.plan.iter_rows(named=True), start=1):
        where = (
            f"{row['section_id'] or '–'} {row['shoreline_id']} {row['chainage_m'] / 1000:.1f} km"
        )
        lines.append(f"{number:>3}. [{where}] {row['text_zh']} · {row['text_en']}")
    if found.plan.height:
        together = found.plan["together"][-1]
        lines.append(
            f"以上合计：全县风险下降 {together:.2%} · all of these: the county's risk falls by "
            f"{together:.2%}"
        )
    else:
        lines.append("没有能降低分数的措施 · nothing was found that lowers the score")
    if found.lacking:
        zh = "、".join(_SOURCES[name][0] for name in found.lacking)
        en = ", ".join(_SOURCES[name][1] for name in found.lacking)
        lines.append(
            f"工作区没有{zh}，相应措施的效果不明 · without {en} in the workspace, what they "
            "would change is unknown"
        )
    return lines
