"""The words of the learned forecast."""

FORECAST: dict[str, tuple[str, str]] = {
    "layer_forecast": ("学习模型预测", "Learned forecast"),
    "forecast_untrained": (
        "还没有训练学习模型。研判员可运行 shoregrid learn。",
        "No learned model is trained yet: an analyst can run shoregrid learn.",
    ),
    "forecast_span": ("{t0} 至 {t1}", "{t0} to {t1}"),
    "forecast_whole": (
        "全岸预计 {n} 起案事件。选「学习模型预测」图层可看何处更多。",
        "Incidents expected on the whole shore: {n}. The layer shows where.",
    ),
    "forecast_high": (
        "属沿岸预计最多的 {share} % 里程；本段预计 {n} 起，每公里为普通岸段的 {times} 倍。",
        (
            "Within the {share} % of the shore where most is expected: {n} incidents here, "
            "{times} times an ordinary stretch per km."
        ),
    ),
    "forecast_low": (
        "不在沿岸预计最多的 {share} % 里程内；本段预计 {n} 起。",
        "Outside the {share} % of the shore where most is expected: {n} incidents here.",
    ),
    "forecast_product": (
        "各项倍数相乘即为总倍数；只说明何处，不涉及任何人或船。",
        "The factors multiply to the whole. It tells of places, never of a person or a vessel.",
    ),
    "forecast_legend": ("学习模型：预计最多的里程", "Learned forecast: most expected"),
    "forecast_step": ("前 {share} %", "top {share} %"),
}
