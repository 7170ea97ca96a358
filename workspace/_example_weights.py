"""A second weight set for the example, proposed and waiting to be approved."""

from datetime import datetime

from risk.weights import dump, reweighted
from workspace import weighting
from workspace.folder import Workspace

_SHARES = {
    "landable": 0.40,
    "darkness": 0.30,
    "access": 0.06,
    "gap_reach": 0.30,
    "camera_cover": 0.30,
}
_USER = "analyst"


def propose_second_set(ws: Workspace, *, now: datetime) -> None:
    """Add a made set that looks at the night's landings, and propose it by the example's analyst.

    The shipped set stays in force until somebody approves this one and puts it in force.
    """
    made = reweighted(
        weighting.shipped_set(),
        _SHARES,
        name="夜间登滩",
        version=1,
        author=_USER,
        reason_zh="示例（虚构）：夜间潮高时登滩为主，看重可登滩时段、黑暗、失联和摄像头。",
        reason_en="Example (made): landings at night when the tide is in; landable hours, "
        "darkness, silences and cameras count more.",
    )
    given = weighting.add(ws, dump(made), where="example", user=_USER, now=now)
    weighting.propose(
        ws,
        given,
        user=_USER,
        reason="请与出厂方案比较后批准或退回 · compare it with the shipped set, then approve or "
        "reject it",
        now=now,
    )
