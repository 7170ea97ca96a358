"""Tell what a name, call sign, IMO number, type or size says from how it is written."""

import re

import polars as pl

FIELDS = ("imo", "name", "callsign", "ship_type", "length_m")
_NOTHING = ("", "0", "NA", "NONE", "NIL", "NULL", "UNKNOWN", "NONAME", "TEST", "DEFAULT", "VESSEL")
_BATTERY = r"\d+([.,]\d+)?\s*[%V]\d?\s*$"
_PLACEHOLDER_IMO = 1_234_567
_LONGEST_M = 460.0
"""The longest ship ever was 458 m."""
_ROMAN = re.compile(r"(?<=[^IVX])[IVX]+$")
_CUT_SHORT = 8
_LOOKS = str.maketrans("OI", "01")
_SLIPS, _SLIP_SHARE = 2, 0.25
_LONGER_SHARE, _LONGER_M = 0.20, 5.0
# Types that are told for one another: towing and tugs; sailing and pleasure craft.
_ALIKE = {31: 52, 32: 52, 36: 37}


def valid_imo(imo: pl.Expr) -> pl.Expr:
    """Return whether an IMO number's last digit is right: the sum of the others by 7, 6, ... 2."""
    digits = [imo.cast(pl.Int64) // 10**place % 10 for place in range(7)]
    total = pl.sum_horizontal(digits[place] * (place + 1) for place in range(1, 7))
    seven = imo.is_between(1_000_000, 9_999_999) & (imo != _PLACEHOLDER_IMO)
    holds: pl.Expr = seven & (total % 10 == digits[0])
    return holds


def plain(text: pl.Expr) -> pl.Expr:
    """Return a name or call sign without what carries no meaning; null for none.

    Case, width of letters, blanks, punctuation, padding ("@" and what follows it) and a battery
    level at the end carry none.
    """
    cut = text.str.replace(r"@.*$", "").str.normalize("NFKC").str.to_uppercase()
    bare = cut.str.replace(_BATTERY, "").str.replace_all(r"[^\p{L}\p{N}]", "")
    return pl.when(~bare.is_in(_NOTHING)).then(bare)


def keys() -> dict[str, pl.Expr]:
    """Return what each field says, as text; null where that is nothing."""
    name, sign = plain(pl.col("name")), plain(pl.col("callsign"))
    type_ = pl.col("ship_type").cast(pl.Int64)
    length = pl.col("length_m").cast(pl.Float64)
    # A device sent out without a name often tells its number.
    named = name != pl.col("mmsi").cast(pl.String)
    signed = (sign.str.len_chars() >= 3) & sign.str.contains(r"\p{L}")
    ten = pl.when(type_.is_between(30, 59)).then(type_.replace(_ALIKE)).otherwise(type_ // 10 * 10)
    said = {
        "imo": pl.when(valid_imo(pl.col("imo"))).then(pl.col("imo").cast(pl.Int64)),
        "name": pl.when(named).then(name),
        "callsign": pl.when(signed).then(sign),
        # "Other" (90 to 99) tells no more than nothing does.
        "ship_type": pl.when(type_.is_between(20, 89)).then(ten),
        "length_m": pl.when((length > 0) & (length <= _LONGEST_M)).then(length.round(1)),
    }
    return {field: expr.cast(pl.String) for field, expr in said.items()}


def same(field: str, one: str, other: str) -> bool:
    """Return whether two keys of a field may be one thing, written in two ways."""
    if one == other:
        return True
    if field == "name":
        return _same_name(one, other)
    if field == "callsign":
        return one.translate(_LOOKS) == other.translate(_LOOKS)
    if field == "length_m":
        a_m, b_m = float(one), float(other)
        off = abs(a_m - b_m)
        return off <= _LONGER_M or off <= _LONGER_SHARE * min(a_m, b_m)
    return False


def _same_name(one: str, other: str) -> bool:
    """Return whether two names differ by slips of spelling, or one is cut short.

    Numbers, Roman ones at the end too, must be the same: ZHELINGYU 12345 and 12346 are two boats
    (and 1O and 10 are one).
    """
    if one.translate(_LOOKS) == other.translate(_LOOKS):
        return True
    numbers = [(re.findall(r"\d+", name), _ROMAN.findall(name)) for name in (one, other)]
    if numbers[0] != numbers[1]:
        return False
    short, long = sorted((one, other), key=len)
    if len(short) >= _CUT_SHORT and long.startswith(short):
        return True
    letters = sum(letter.isalpha() for letter in short)
    most = min(_SLIPS, int(_SLIP_SHARE * letters))
    return len(long) - len(short) <= most and _edits(one, other) <= most


def _edits(one: str, other: str) -> int:
    """Return the least number of letters to change, leave out or put in (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, another in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != another))
    return row[-1]
