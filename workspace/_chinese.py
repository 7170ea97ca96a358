"""What the command says in Chinese where an input cannot be used."""

import re
from typing import TYPE_CHECKING

from workspace._chinese_mend import MEND
from workspace._chinese_parts import PARTS
from workspace._chinese_what import WHAT

if TYPE_CHECKING:
    from geo.errors import InputError

_OTHERWISE = "输入不能使用"
_PLACES = ((r", row (\d+)", r"，第 \1 行"), (r", station (\d+)", r"，第 \1 站"),
           (r"^operation (\d+) \((\w+)\)$", r"第 \1 步（\2）"),
           (r", feature (\d+)", r"，第 \1 个要素"))  # fmt: skip


def chinese(error: "InputError") -> str:
    """Return an input error in Chinese: where, what and what to do.

    Lists within a message are rendered part by part. What has no rendering is told as an input
    that cannot be used, with the English words.
    """
    where = error.where
    for english, own in _PLACES:
        where = re.sub(english, own, where)
    what = _rendered(error.what, WHAT) or f"{_OTHERWISE}：{error.what}"
    mend = _rendered(error.mend, MEND) or error.mend
    return f"{where}：{what}。{mend}"


def _rendered(text: str, table: tuple[tuple[str, str], ...]) -> str | None:
    """Return the Chinese of the first pattern that fits the whole text, None where none does."""
    for english, own in table:
        pattern = "(.*?)".join(re.escape(part) for part in english.split("{}"))
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return own.format(*map(_listed, match.groups())).strip()
    return None


def _listed(text: str) -> str:
    """Return a list within a message with those of its parts in Chinese that are known."""
    told = []
    for part in text.split("; "):
        what, at, place = part.partition(", at ")
        own = _rendered(what, PARTS)
        told.append(part if own is None else f"{own}，位于 {place}" if at else own)
    return "；".join(told)
