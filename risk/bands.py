"""Name the five bands of risk; their breaks are fixed, so a colour means the same everywhere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BREAKS = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)


@dataclass(frozen=True)
class Band:
    """One band: ``lo <= score < hi`` (the last one includes 100)."""

    index: int
    lo: float
    hi: float
    name_zh: str
    name_en: str


BANDS = tuple(
    Band(index, BREAKS[index], BREAKS[index + 1], zh, en)
    for index, (zh, en) in enumerate(
        [
            ("很低", "very low"),
            ("低", "low"),
            ("中", "medium"),
            ("高", "high"),
            ("很高", "very high"),
        ]
    )
)


def band(score: float) -> Band:
    """Return the band of one score 0..100."""
    return BANDS[int(band_index(np.array([score]))[0])]


def band_index(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the index 0..4 of each score's band."""
    return np.searchsorted(BREAKS[1:-1], scores, side="right").astype(np.int64)
