"""Say whether a learned forecast may be offered."""

from dataclasses import dataclass

from risk.backtest import FEWEST, Backtest


@dataclass(frozen=True)
class Offer:
    """Whether a forecast is offered, and why, in English and Chinese."""

    offered: bool
    reason: str
    reason_zh: str


def offer(tested: Backtest, name: str = "learned") -> Offer:
    """Return whether a forecast beats decayed counts.

    It is offered where the interval of its gain over decayed counts (nats per incident, the same
    incidents) lies above 0 and it beats the even spread too. Whatever is missing, nothing is
    offered.
    """
    row = tested.by_forecaster.filter(forecaster=name).row(0, named=True)
    if tested.verdict == "too_few":
        return Offer(
            offered=False,
            reason=f"Not offered: {tested.incidents} incidents were tested on; under {FEWEST} "
            "nothing can be said.",
            reason_zh=f"不提供：检验期内只有 {tested.incidents} 起案事件，少于 {FEWEST} "
            "起时无法下结论。",
        )
    more, low, high = (row[key] for key in ("gain_more", "gain_more_lo", "gain_more_hi"))
    if more is None or low is None or row["against_uniform"] != "better":
        return Offer(
            offered=False,
            reason="Not offered: no signal. It is not shown to beat an even spread along the "
            f"shore ({tested.incidents} incidents).",
            reason_zh=f"不提供：无信号。未显示优于沿岸均匀分布（{tested.incidents} 起案事件）。",
        )
    figures = f"{more:+.2f} ({low:+.2f} – {high:+.2f})"
    if low <= 0:
        return Offer(
            offered=False,
            reason=f"Not offered: no gain over decayed counts is shown, {figures} nats per "
            "incident.",
            reason_zh=f"不提供：未显示优于衰减计数，每起增益 {figures} 奈特。",
        )
    return Offer(
        offered=True,
        reason=f"Offered: it gains {figures} nats per incident over decayed counts on "
        f"{tested.incidents} incidents it had not seen.",
        reason_zh=f"提供：在 {tested.incidents} 起未见过的案事件上，每起比衰减计数多得 {figures} "
        "奈特。",
    )
