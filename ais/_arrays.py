"""Names for the arrays that kernels take and return."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Lines: TypeAlias = NDArray[np.void]
Line: TypeAlias = np.void
"""Records of ``ais._nmea_lines.LINE``, and one of them."""
