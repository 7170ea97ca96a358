"""The Chinese of what errors list: parts between semicolons within a message."""

PARTS: tuple[tuple[str, str], ...] = (
    ("changed hands since: {}", "此后换手 {}"),
    ("both changed {}", "双方都改了 {}"),
    ("no longer possible: {} ({}): {}", "不再可行：第 {} 项（{}）：{}"),
    ("length_km {} at {}", "{1} 长 {0} 公里"),
    ("travel_min {} at {}", "{1} 走完需 {0} 分钟"),
)
