"""What of persons a file holds: Shoregrid keeps none of it, but for those on duty."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from geo.errors import InputError
from workspace._import_columns import (
    OF_A_UNIT,
    PERSON_NAMES,
    PERSONAL,
    PERSONAL_PARTS,
    plain,
)

MEND = "Remove it from the row and import again. 请删除后重新导入。"
# What stands between the groups of a number. Dots and commas stand in decimals and in lists too.
_GAP = r"[\s\-‐-―−_/\\()~·•\u200b-\u200d\ufeff]{0,3}"
# In threes and fours the groups may be apart by anything; other groups by the same sign alone.
_MOBILE = re.compile(
    rf"(?<!\d)(?<!\d\.)(?:(?:\+|00)?86{_GAP})?\(?(?:"
    rf"1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}}"
    r"|1[3-9]\d([.,])\d{4}\1\d{4}"
    r"|1[3-9]\d([\s\-—_/.])\d{3}\2\d{5}"
    r"|1[3-8]\d\d([\s\-—_/.])(?:\d{4}\3\d{3}|\d{3}\3\d{4})"
    r")(?!\.?\d)"
)
_IDENTITY = re.compile(
    rf"(?<!\d)(?<!\d\.)[1-8]\d{{5}}{_GAP}\d{{4}}{_GAP}\d\d{_GAP}\d\d{_GAP}\d{{3}}{_GAP}[\dXx](?!\d)"
)
_BORN = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
# The form until 1999, without century and check digit: of a province that there is, and of those
# born from 1920 on.
_OLD_IDENTITY = re.compile(
    r"(?<!\d)(?<!\d\.)(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])\d{4}"
    rf"{_GAP}[2-9]\d{_GAP}(?:0[1-9]|1[0-2]){_GAP}(?:0[1-9]|[12]\d|3[01]){_GAP}\d{{3}}(?!\d)"
)
_HIDDEN = "***"
# A mobile number has 11 digits, in any writing; no shorter cell holds a number of a person.
_SHORTEST = 11
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PERSONAL = frozenset(plain(word) for word in PERSONAL)
_NAMES = frozenset(plain(word) for word in PERSON_NAMES)


def personal_columns(
    headers: Iterable[str], *, known: Collection[str] = (), posts: bool = False
) -> list[str]:
    """Return those headers, Chinese or English, that stand over persons' data.

    Parameters
    ----------
    known : plain headers of the table's own columns, which are none.
    posts : whether the table is that of the posts, which bear names.
    """
    forbidden = _PERSONAL if posts else _PERSONAL | _NAMES
    return [
        header
        for header in headers
        if (word := plain(header)) not in known
        and (
            word in forbidden
            or (not word.endswith(OF_A_UNIT) and any(p in f" {word} " for p in PERSONAL_PARTS))
        )
    ]


def refuse(columns: Iterable[str], where: str, *, posts: bool = False) -> InputError:
    """Return the error for a file of which nothing is left without persons' data."""
    kept = "role, name, unit and duty phone" if posts else "no person at all"
    return InputError(
        f"the columns {', '.join(columns)} hold personal data (个人信息), which Shoregrid "
        "does not take: identity numbers, private phones, homes, names of persons",
        where=where,
        mend=f"Remove these columns and import again; this table keeps {kept}. 请删除这些列。",
    )


def refuse_personal_columns(columns: Iterable[str], where: str) -> None:
    """Raise InputError where a layer bears columns of persons' data."""
    found = personal_columns(columns)
    if found:
        raise refuse(found, where)


def private_column(
    row: Mapping[str, str | None], personal: Collection[str], *, offices: Collection[str] = ()
) -> str | None:
    """Return the column of a row's first cell that is a person's, None where there is none.

    Parameters
    ----------
    personal : columns whose every value is a person's.
    offices : columns in which a telephone is that of an office.
    """
    for name, cell in row.items():
        if not cell or (len(cell) < _SHORTEST and name not in personal):
            continue
        text = unicodedata.normalize("NFKC", cell).strip()
        if not text:
            continue
        if name in personal or _bears_identity(text):
            return name
        if name not in offices and _MOBILE.search(text):
            return name
    return None


def masked(text: str) -> str:
    """Return a text without what may be an identity number or a mobile number in it.

    More is taken for one than a row is refused for: a message loses little by it.
    """
    plain_text = unicodedata.normalize("NFKC", text)
    found = _IDENTITY.sub(lambda one: _hidden(one[0]), plain_text)
    found = _OLD_IDENTITY.sub(_HIDDEN, found)
    found = _MOBILE.sub(_HIDDEN, found)
    return text if found == plain_text else found


def _hidden(number: str) -> str:
    return _HIDDEN if _BORN.match(_bare(number), 6) else number


def _bears_identity(text: str) -> bool:
    return _OLD_IDENTITY.search(text) is not None or any(
        _is_identity(_bare(match[0])) for match in _IDENTITY.finditer(text)
    )


def _is_identity(number: str) -> bool:
    """Return whether 18 characters are an identity number: they bear a date of birth.

    And pass the check of GB 11643-1999; or they end in 000, as a spreadsheet that keeps 15 digits
    leaves such a number; or a grown-up was born then, and a digit is wrong. Numbers of files,
    too, are of a district, a date and a serial number: those of this century's second decade and
    later stay.
    """
    if not _BORN.match(number, 6):
        return False
    total = sum(int(d) * w for d, w in zip(number[:17], _IDENTITY_WEIGHTS, strict=True))
    sound = "10X98765432"[total % 11] == number[17].upper()
    return sound or number.endswith("000") or number[6:9] <= "200"


def _bare(number: str) -> str:
    return re.sub(r"[^\dXx]", "", number)
