from datetime import date
from pathlib import Path

import polars as pl
import pytest

from duty.staffing import load, staffing
from geo.errors import InputError

SHIPPED = Path(__file__).resolve().parents[2] / "data" / "duty" / "staffing.toml"
RULES = load(SHIPPED.read_text(encoding="utf-8"), where="staffing")
DAY = date(2026, 11, 23)
GRIDS = pl.DataFrame(
    {"object_kind": ["grid"] * 3 + ["township"], "object_id": ["G1", "G2", "G3", "T1"]}
)


def _posts(**counts: int) -> pl.DataFrame:
    """Return so many people for each object, with one who has gone and one deputy besides."""
    rows = []
    for thing, count in counts.items():
        kind, role = (
            ("grid", "grid_part_time") if thing[0] == "G" else ("township", "township_patrol")
        )
        for n in range(count + 2):
            last = date(2026, 11, 22) if n == count else None
            holder = f"{thing}0" if n == count + 1 else None
            rows.append((f"{thing}{n}", role, kind, thing, None, last, holder))
    names = ["post_id", "role", "object_kind", "object_id", "valid_from", "valid_to", "deputy_of"]
    schema = dict.fromkeys(names, pl.String) | dict.fromkeys(names[4:6], pl.Date)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _incidents(**years: dict[int, int]) -> pl.DataFrame:
    rows = [("grid", thing, y, n) for thing, of in years.items() for y, n in of.items()]
    schema = {"object_kind": pl.String, "object_id": pl.String} | dict.fromkeys(
        ("year", "incidents"), pl.Int64
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_ten_a_year_over_three_years_want_ten_people_and_fewer_want_five() -> None:
    incidents = _incidents(
        G1={2023: 10, 2024: 20, 2025: 0},
        G2={2023: 10, 2024: 10, 2025: 9, 2026: 500, 2022: 500},
    )
    out = staffing(RULES, _posts(G1=9, G2=5, T1=31), GRIDS, incidents, DAY)
    told = {
        row["object_id"]: (row["incidents"], row["needed"], row["there"], row["lacking"])
        for row in out.iter_rows(named=True)
    }
    assert told == {
        "G1": (30, 10, 9, 1),
        "G2": (29, 5, 5, 0),
        "G3": (0, 5, 0, 5),
        "T1": (0, 30, 31, 0),
    }
    assert out["object_id"].to_list() == ["G3", "G1", "G2", "T1"]
    first = out.filter(pl.col("object_id") == "G1").row(0, named=True)
    assert "2023–2025 年年均 10.0 起" in first["why_zh"]
    assert "2023–2025: 10.0 a year" in first["why_en"]
    assert RULES.rules[0].source_en in first["why_en"]


def test_a_countys_own_rule_is_taken() -> None:
    own = SHIPPED.read_text(encoding="utf-8").replace("least = 30", "least = 32")
    out = staffing(load(own, where="x"), _posts(T1=31), GRIDS, _incidents(), DAY)
    assert out.filter(pl.col("object_id") == "T1")["lacking"].to_list() == [1]


def test_steps_that_do_not_rise_are_refused() -> None:
    bad = SHIPPED.read_text(encoding="utf-8").replace("mean_from = 10", "mean_from = 0")
    with pytest.raises(InputError, match="must begin with 0 and increase"):
        load(bad, where="staffing.toml")
