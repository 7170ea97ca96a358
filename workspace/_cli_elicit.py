"""The commands that make weights from answers: `points`, `swing`, `pairs`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from workspace._cli_options import AsJson, Base, opened
from workspace._console import Summary

_ABOUT = {
    "points": "直接给分 · Weights from points, in proportion to importance; nothing is added.",
    "swing": "摆幅给分 · Weights from swing points: 100 for the swing that matters most.",
    "pairs": "两两比较 · Weights from comparisons in pairs (AHP), with the consistency ratio.",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of `weights`."""
    for way, about in _ABOUT.items():
        app.command(way, help=about)(_elicit(way))


def _elicit(way: str) -> Callable[..., None]:
    def command(
        context: typer.Context,
        file: Annotated[
            Path | None,
            typer.Argument(metavar="FILE", help="填好的表 · The table filled in: .csv or .xlsx."),
        ] = None,
        name: Annotated[str | None, typer.Option(help="新方案名称 · Name of the new set.")] = None,
        author: Annotated[str | None, typer.Option(help="作者 · Author to be named.")] = None,
        out: Annotated[
            Path | None, typer.Option(metavar="FILE.toml", help="写出文件 · TOML file to write.")
        ] = None,
        template: Annotated[
            Path | None,
            typer.Option(metavar="OUT.csv", help="写出待填的表 · Write the table to fill in."),
        ] = None,
        base: Base = None,
        *,
        as_json: AsJson = False,
    ) -> None:
        from risk.weights import dump, effective
        from workspace import eliciting, weighting

        with opened(context.obj) as ws:
            given = weighting.weight_set(ws) if base is None else weighting.named(ws, base)
            if template is not None:
                eliciting.write_template(given, way, template)
                Summary(lines=[f"已写出 · written: {template}"]).tell(as_json=as_json)
                return
            if file is None or name is None or author is None or out is None:
                raise typer.BadParameter(
                    "须给出 FILE、--name、--author、--out，或 --template · give FILE, --name, "
                    "--author and --out, or --template"
                )
            found = eliciting.elicited(ws, given, way, file, name=name, author=author)
        made = found.weights
        out.write_text(dump(made), encoding="utf-8")
        share = effective(made)
        lines = [
            f"{pillar:<24} {w:>7.1%} {eliciting.PILLAR_WORDS[pillar][0]}"
            for pillar, w in made.pillars.items()
        ]
        lines += [f"  {k.id:<22} {share[k.id]:>7.1%} {k.label_zh}" for k in made.indicators]
        lines += [f"{zh} {en}" for zh, en in found.said] + [f"已写出 · written: {out}"]
        more = {
            "said": [{"zh": zh, "en": en} for zh, en in found.said],
            "pillars": made.pillars,
            "weights": {k.id: k.weight for k in made.indicators},
            "consistency": eliciting.ratios(found),
        }
        Summary({"indicators": len(made.ids)}, lines=lines, more=more).tell(as_json=as_json)

    return command
