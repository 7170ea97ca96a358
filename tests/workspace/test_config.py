"""Settings: read, refused with reason, written back, and documented; docs name every table."""

import re
from pathlib import Path

import pytest

from geo.errors import InputError
from workspace import config, db, importers
from workspace import shipped as shipped_module
from workspace._import_columns import PERSON_NAMES, PERSONAL
from workspace.config import Config
from workspace.shipped import shipped, shipped_file

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / config.FILE_NAME
    values = {
        "county_zh": '试"县\\',
        "timezone": "Asia/Shanghai",
        "shift_starts": ("00:00", "12:00"),
        "carry_m": {"mud": 10.0},
        "simulated": True,
        "attributions": ("© one", "two"),
        "draught_m": 1.5,
    }
    config.write(path, values)
    found = Config.read(path).model_dump()
    assert {name: found[name] for name in values} == values
    config.write(path, {})
    assert Config.read(path).model_dump() == Config().model_dump()


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / config.FILE_NAME
    path.write_text(
        'county = "x"\ntimezone = "Mars/Base"\nshift_starts = ["22:00", "2:00"]\n'
        'draught_m = -1\ndatabase = "mysql://x"\n'
    )
    with pytest.raises(InputError) as refused:
        Config.read(path)
    text = str(refused.value)
    for part in (
        "`county` is not a setting",
        "Mars/Base",
        "2:00",
        "`draught_m` was -1",
        "postgresql+psycopg://",
        str(path),
    ):
        assert part in text
    path.write_text("draught_m = = 1\n")
    with pytest.raises(InputError, match="line 1"):
        Config.read(path)


def test_the_environment_ranks_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / config.FILE_NAME
    config.write(path, {"draught_m": 2.0})
    assert Config.read(path).draught_m == 2.0
    monkeypatch.setenv("SHOREGRID_DRAUGHT_M", "3.5")
    assert Config.read(path).draught_m == 3.5


def test_settings_are_documented_with_default_and_meaning() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| `(.*?)` \| (.*) \|$", (DOCS / "settings.md").read_text(), re.MULTILINE
    )
    told = {name: meaning for name, _, meaning in rows}
    assert told == {name: field.description for name, field in Config.model_fields.items()}
    for name, default, _ in rows:
        value = Config.model_fields[name].default
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            assert float(default) == value


def test_every_table_and_column_is_documented() -> None:
    page = (DOCS / "workspace.md").read_text()
    for table in db.metadata.tables.values():
        (row,) = re.findall(rf"^\| `{table.name}` \| (.*) \|$", page, re.MULTILINE)
        assert [name.strip("* ") for name in row.split(",")] == table.columns.keys()


def test_every_import_column_header_and_word_is_documented() -> None:
    page = (DOCS / "import.md").read_text()
    for kind in importers.KINDS:
        assert f"`{kind}`" in page
    for table in importers.TABLES.values():
        for column in table.columns:
            assert f"| `{column.name}` | {'、'.join(column.headers)} |" in page
            for code, words in column.choices.items():
                assert f"`{code}` {'/'.join(words)}" in page


def test_no_known_header_but_a_posts_is_a_personal_one() -> None:
    personal = {word.lower() for word in PERSONAL}
    for kind, table in importers.TABLES.items():
        for column in table.columns:
            names = {column.name.replace("_", " "), *column.headers}
            assert not names & personal
            assert kind == "posts" or not names & set(PERSON_NAMES)


def test_shipped_files_are_found_in_a_checkout_and_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shipped_file("weights/default.toml").is_file()
    with pytest.raises(InputError, match=r"nothing\.here"):
        shipped_file("nothing.here")
    package = tmp_path / "site" / "workspace"
    (package / "_shipped").mkdir(parents=True)
    monkeypatch.setattr(shipped_module, "__file__", str(package / "shipped.py"))
    assert shipped() == package / "_shipped"
    (package / "_shipped").rmdir()
    with pytest.raises(InputError, match="missing"):
        shipped()


def test_a_datum_by_its_chinese_name_is_written_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / config.FILE_NAME
    config.write(path, {"datums": {"1985国家高程基准": -0.21}})
    assert Config.read(path).datums == {"1985国家高程基准": -0.21}
