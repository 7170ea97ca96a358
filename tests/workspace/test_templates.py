"""Templates: what is filled into them imports without a change to their headers."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from geo.errors import InputError
from workspace import _cli_places, store
from workspace._cli_places import TableKind
from workspace._import_tables import TABLES
from workspace.folder import Workspace
from workspace.importers import import_file
from workspace.templates import Lang, write_template

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LANGS: tuple[Lang, ...] = ("zh", "en")
# What the template's own example does not give, or cannot know.
OWN = {
    "wharf_id": "W9", "risk_point_id": "R9", "facility_id": "F9", "incident_id": "I9",
    "post_id": "P9", "inspection_id": "N9", "berth_id": "B9", "section_id": "S9",
    "list_id": "L9", "detection_id": "D9", "absence_id": "A9", "team_id": "T9",
}  # fmt: skip


def _example(kind: str, lang: Lang, path: Path) -> list[str]:
    """Return the example row of a template."""
    write_template(kind, path, lang=lang)
    with path.open(encoding="utf-8-sig", newline="") as file:
        _, example = csv.reader(file)
    return example


def _filled(kind: str, lang: Lang, ws: Workspace, folder: Path) -> list[str]:
    """Return the example row with a key and whatever else it lacks."""
    row = _example(kind, lang, folder / f"plain-{kind}-{lang}.csv")
    for at, column in enumerate(TABLES[kind].columns):
        if column.name == "segment_id":
            row[at] = str(store.read(ws.engine, "segments")["segment_id"][0])
        elif column.name in OWN:
            row[at] = OWN[column.name]
        elif column.name == "kind" and not row[at]:
            row[at] = "走私"
    return row


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_template_filled_in_imports_as_it_is(
    coast: Workspace, tmp_path: Path, kind: str, lang: Lang, ending: str
) -> None:
    path = tmp_path / f"t.{ending}"
    write_template(kind, path, lang=lang)
    row = _filled(kind, lang, coast, tmp_path)
    if ending == "xlsx":
        book = openpyxl.load_workbook(path)
        for at, value in enumerate(row, start=1):
            book.worksheets[0].cell(3, at, value or None)
        book.save(path)
    else:
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(row)
    if kind == "absences":
        store.write(coast.engine, "posts", pl.DataFrame({"post_id": [OWN["post_id"]]}))
    done = import_file(coast, kind, path, now=NOW)
    assert (done.counts["added"], done.counts["skipped"]) == (1, 1)
    assert done.counts["rows_in"] == 2
    assert not done.refused
    # Sections become a version, and are told from when it holds.
    assert len(done.notes) == (kind == "sections")


@pytest.mark.parametrize("kind", ["wharves", "risk-points", "facilities"])
def test_both_languages_of_a_template_make_the_same_row(
    coast: Workspace, tmp_path: Path, kind: str
) -> None:
    found = []
    for lang in LANGS:
        path = tmp_path / f"{lang}.csv"
        write_template(kind, path, lang=lang)
        with path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(_filled(kind, lang, coast, tmp_path))
        import_file(coast, kind, path, now=NOW)
        table = store.read(coast.engine, TABLES[kind].table)
        found.append(table.drop(["name", *[c for c in table.columns if c.endswith("_unit")]]))
    assert found[0].equals(found[1])


@pytest.mark.parametrize("lang", LANGS)
def test_a_template_left_empty_holds_no_rows(coast: Workspace, tmp_path: Path, lang: Lang) -> None:
    for ending in ("csv", "xlsx"):
        path = tmp_path / f"{lang}.{ending}"
        write_template("wharves", path, lang=lang)
        with pytest.raises(InputError, match="no rows"):
            import_file(coast, "wharves", path, now=NOW)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", TABLES)
def test_choices_drop_down_and_every_column_is_explained(
    tmp_path: Path, kind: str, lang: Lang
) -> None:
    path = tmp_path / "t.xlsx"
    write_template(kind, path, lang=lang)
    book = openpyxl.load_workbook(path)
    table, notes, choices = book.worksheets
    columns = TABLES[kind].columns
    assert choices.sheet_state == "hidden"
    rules = {str(rule.sqref).split(":")[0]: rule for rule in table.data_validations.dataValidation}
    for at, column in enumerate(columns, start=1):
        cell = table.cell(2, at).coordinate
        assert (cell in rules) == bool(column.choices)
        if column.choices:
            offered = [choices.cell(row, at).value for row in range(1, len(column.choices) + 1)]
            assert all(
                word in words if lang == "zh" else word == code
                for word, (code, words) in zip(offered, column.choices.items(), strict=True)
            )
    told = {row[0] for row in notes.iter_rows(values_only=True)}
    assert {one.headers[0] if lang == "zh" else one.name for one in columns} <= told


def test_a_template_overwrites_nothing_and_says_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_template("wharves", path)
    with pytest.raises(InputError, match="already"):
        write_template("wharves", path)
    with pytest.raises(InputError, match="risk-points"):
        write_template("coast", tmp_path / "c.csv")
    with pytest.raises(InputError, match=r"\.xlsx or \.csv"):
        write_template("wharves", tmp_path / "t.xls")
    assert {one.value for one in TableKind} == set(TABLES)


def test_the_command_writes_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "码头.xlsx"
    _cli_places.template(TableKind.WHARVES, path, lang=_cli_places.Lang.EN)
    assert "码头.xlsx" in capsys.readouterr().out
    assert openpyxl.load_workbook(path).worksheets[0]["A1"].value == "wharf_id"
