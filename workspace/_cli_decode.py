"""The command that decodes one file, without a workspace."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from workspace import _console


def decode(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="AIS 文件 · An AIS file.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="X.parquet", help="写出 Parquet · Write the messages as Parquet."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(metavar="X.toml", help="列映射文件 · How to read a table of another make."),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="末行输出 JSON · Print one JSON object as the last line.")
    ] = False,
) -> None:
    """解码 · Decode an AIS file of any known dialect to columns; no workspace needed."""
    from ais.decoding import Told, decode_file
    from ais.mapping import Mapping
    from geo.errors import InputError

    try:
        chosen = None if mapping is None else Mapping.read(mapping)
        with _console.progress() as progress:
            drawn = None if progress is None else (lambda done, of: progress(file.name, done, of))
            told = decode_file(file, out=out, mapping=chosen, progress=drawn).as_dict()
    except InputError as error:
        _console.complain(error)
        if as_json:
            print(json.dumps(Told().as_dict()))
        raise typer.Exit(1) from error
    if not told["messages"]:
        print("没有可用的 AIS 报文 · no AIS message in it", file=sys.stderr)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        reasons, seconds = told.pop("quarantined"), told.pop("seconds")
        _console.Summary(told, {"decode": seconds}, reasons).tell(as_json=False)
    if not told["messages"]:
        raise typer.Exit(1)
