from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duty.sections import assign, hang_islands, place, problems, stats
from geo.errors import InputError

NO_HANGS = pl.DataFrame(
    schema={
        "shoreline_id": pl.String,
        "onto_shoreline_id": pl.String,
        "onto_chainage_m": pl.Float64,
    }
)


def cuts_of(rows):
    return pl.DataFrame(
        rows,
        schema={"shoreline_id": pl.String, "chainage_m": pl.Float64, "section_id": pl.String},
        orient="row",
    )


def segments_of(shorelines, step=500.0):
    rows = []
    for s, length in shorelines.select("shoreline_id", "length_m").iter_rows():
        n = max(1, round(length / step))
        ends = np.linspace(0, length, n + 1)
        rows += [(s, a, b, b - a) for a, b in pairwise(ends)]
    return pl.DataFrame(rows, schema=["shoreline_id", "from_m", "to_m", "length_m"], orient="row")


@st.composite
def coasts(draw):
    """A mainland and islands, each ring or open, cut anywhere; the rest hung on the mainland."""
    n = draw(st.integers(1, 4))
    shorelines = pl.DataFrame(
        {
            "shoreline_id": [f"L{i}" for i in range(n)],
            "length_m": [float(draw(st.integers(200, 20_000))) for _ in range(n)],
            "is_ring": [draw(st.booleans()) for _ in range(n)],
        }
    )
    rows, hangs = [], []
    for i, (s, length, ring) in enumerate(shorelines.iter_rows()):
        if i and draw(st.booleans()):
            hangs.append((s, "L0", draw(st.floats(0, 1)) * shorelines["length_m"][0]))
            continue
        at = draw(st.lists(st.integers(0, int(length) - 1), min_size=1, max_size=5, unique=True))
        if not ring:
            at[0] = 0
        rows += [(s, float(x), f"S{draw(st.integers(0, 3))}") for x in sorted(set(at))]
    return shorelines, cuts_of(rows), pl.DataFrame(hangs, schema=NO_HANGS.schema, orient="row")


def extents(cuts, hangs, shorelines):
    """Return each section's stretches, from cut to cut, hung shorelines whole.

    ``shorelines`` needs ``shoreline_id, length_m``. On a ring the stretch through the origin
    comes as two rows. Together the rows cover every cut or hung shoreline once.
    """
    length = dict(shorelines.select("shoreline_id", "length_m").iter_rows())
    rows: list[tuple[str, str, float, float]] = []
    for (shoreline_id,), own in (
        cuts.sort("shoreline_id", "chainage_m").partition_by("shoreline_id", as_dict=True).items()
    ):
        at, ids = own["chainage_m"].to_list(), own["section_id"].to_list()
        ends = [*at[1:], length[shoreline_id]]
        if at[0] > 0.0:
            rows.append((ids[-1], str(shoreline_id), 0.0, at[0]))
        rows += [
            (section, str(shoreline_id), a, b)
            for section, a, b in zip(ids, at, ends, strict=True)
            if b > a
        ]
    if len(cuts):
        whole = hangs.filter(pl.col("shoreline_id").is_in(shorelines["shoreline_id"].to_list()))
        section = place(whole.select("shoreline_id", chainage_m=pl.lit(0.0)), cuts, hangs)
        rows += [
            (of, hung, 0.0, length[hung])
            for of, hung in zip(section, whole["shoreline_id"], strict=True)
        ]
    return pl.DataFrame(
        rows, schema=["section_id", "shoreline_id", "from_m", "to_m"], orient="row"
    ).sort("section_id", "shoreline_id", "from_m")


@given(coasts())
def test_sections_partition_the_shore(coast):
    shorelines, cuts, hangs = coast
    sections = cuts.select("section_id").unique()
    assert problems(sections, cuts, hangs, shorelines) == []
    parts = extents(cuts, hangs, shorelines)
    for s, length, _ in shorelines.iter_rows():
        own = parts.filter(pl.col("shoreline_id") == s).sort("from_m")
        assert own["from_m"][0] == 0.0
        assert own["to_m"][-1] == length
        assert own["to_m"][:-1].to_list() == own["from_m"][1:].to_list()
    segments = segments_of(shorelines)
    given_to = assign(segments, cuts, hangs)
    assert given_to.null_count() == 0
    middles = segments.select(
        "shoreline_id", m=(pl.col("from_m") + pl.col("to_m")) / 2, section=given_to
    )
    for s, m, section in middles.iter_rows():
        inside = (pl.col("shoreline_id") == s) & (pl.col("from_m") <= m) & (m < pl.col("to_m"))
        assert parts.filter(inside)["section_id"].to_list() == [section]
    km = stats(segments, given_to, wharves=given_to.clear())["km"].sum()
    assert km == pytest.approx(shorelines["length_m"].sum() / 1000)


@given(coasts(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(coast, random):
    shorelines, cuts, hangs = coast
    order = list(range(len(cuts)))
    random.shuffle(order)
    segments = segments_of(shorelines)
    assert assign(segments, cuts[order], hangs).equals(assign(segments, cuts, hangs))


def test_a_segment_astride_a_cut_goes_by_its_middle():
    segments = pl.DataFrame(
        {"shoreline_id": ["A", "A"], "from_m": [0.0, 500.0], "to_m": [500.0, 1000.0]}
    )
    cuts = cuts_of([("A", 0.0, "S1"), ("A", 700.0, "S2")])
    assert assign(segments, cuts, NO_HANGS).to_list() == ["S1", "S2"]


def test_a_shoreline_without_a_section_is_an_error_and_no_cuts_are_none():
    places = pl.DataFrame({"shoreline_id": ["A", "B"], "chainage_m": [1.0, 1.0]})
    with pytest.raises(InputError, match=r"1 shorelines have no section: B.*hang it"):
        place(places, cuts_of([("A", 0.0, "S1")]), NO_HANGS)
    assert place(places, cuts_of([]), NO_HANGS).to_list() == [None, None]


def test_every_problem_is_listed_with_its_row():
    shorelines = pl.DataFrame(
        {
            "shoreline_id": ["A", "B", "C"],
            "length_m": [1000.0, 1000.0, 1000.0],
            "is_ring": [True, False, True],
        }
    )
    sections = pl.DataFrame({"section_id": ["S1", "S9"]})
    cuts = cuts_of(
        [
            ("A", 10.0, "S1"),
            ("A", 10.0, "S1"),
            ("A", 2000.0, "S1"),
            ("B", 5.0, "S2"),
            ("X", 0.0, "S1"),
        ]
    )
    hangs = pl.DataFrame(
        [("A", "B", 0.0), ("Y", "Q", 0.0), ("Y", "B", 1e6)], schema=NO_HANGS.schema, orient="row"
    )
    found = {(p.file, p.row, p.reason) for p in problems(sections, cuts, hangs, shorelines)}
    assert found == {
        ("section_cuts", 2, "two_cuts"),
        ("section_cuts", 3, "off_the_shoreline"),
        ("section_cuts", 4, "unknown_section"),
        ("section_cuts", 5, "unknown_shoreline"),
        ("section_hangs", 1, "cut_and_hung"),
        ("section_hangs", 2, "unknown_shoreline"),
        ("section_hangs", 2, "hung_on_nothing"),
        ("section_hangs", 3, "unknown_shoreline"),
        ("section_hangs", 3, "hung_twice"),
        ("section_hangs", 3, "off_the_shoreline"),
        ("shorelines", 2, "no_first_cut"),
        ("shorelines", 3, "no_section"),
        ("sections", 2, "no_shore"),
    }
    assert all(p.mend for p in problems(sections, cuts, hangs, shorelines))


def test_islands_hang_on_the_nearest_cut_shore():
    segments = pl.DataFrame(
        {
            "shoreline_id": ["A", "A", "I", "I"],
            "from_m": [0.0, 500.0, 0.0, 500.0],
            "to_m": [500.0, 1000.0, 500.0, 1000.0],
            "lon": [121.0, 121.1, 121.3, 121.2],
            "lat": [29.0, 29.0, 29.0, 29.0],
        }
    )
    hangs = hang_islands(segments, cuts_of([("A", 0.0, "S1"), ("A", 500.0, "S2")]))
    assert hangs.rows() == [("I", "A", 750.0)]
    assert hang_islands(segments, cuts_of([])).is_empty()


def test_stats_count_kilometres_segments_and_wharves():
    segments = pl.DataFrame({"length_m": [100.0, 300.0, 500.0]})
    section = pl.Series(["S1", "S1", "S2"])
    out = stats(segments, section, wharves=pl.Series(["S1", "S1"]))
    assert out.rows() == [("S1", 0.4, 2, 2), ("S2", 0.5, 1, 0)]
