"""The words of behaviours, in Chinese and in English; figures stand by the keys of the evidence.

``{mean_speed_kn}`` is the figure of that key with its unit, which the end of the key tells. A
clause is said where the evidence has all its keys.
"""

from typing import NamedTuple

Both = tuple[str, str]


class Clause(NamedTuple):
    """A piece of a sentence; ``only`` is a key that must be ``is_`` for it to be said.

    Where ``is_`` is ``...`` it must be more than nothing.
    """

    zh: str
    en: str
    only: str | None = None
    is_: object = True


class Saying(NamedTuple):
    """How a behaviour is said: what was done, the facts, and the thresholds it was judged by."""

    verb: Both
    facts: tuple[Clause, ...] = ()
    rule: tuple[Clause, ...] = ()


_SLOW = Clause("平均 {mean_speed_kn}", "at {mean_speed_kn} on average")
_REACH = Clause("不出 {reach_m} 的范围", "all within {reach_m}")
_SHORE = Clause("最近离岸 {min_shore_m}", "as close as {min_shore_m} to the shore")
_LEAST = Clause("至少 {least_min}", "for at least {least_min}")

_LOST = (
    Clause("失联前航速 {speed_before_kn}", "having made {speed_before_kn} before"),
    Clause("在码头或锚地内失联", "lost inside a berth or anchorage", "in_berth"),
    Clause("当地收信率 {reception_before}", "where {reception_before} of reports are heard"),
    Clause(
        "同期另有 {other_vessels} 艘船被收到",
        "other vessels heard then: {other_vessels}",
        "other_vessels",
        ...,
    ),
)
_SILENT = (
    _LEAST,
    Clause("收信率至少 {least_reception}", "where at least {least_reception} is heard"),
)

SAYINGS: dict[str, Saying] = {
    "stop": Saying(
        ("停留", "stopped"),
        (
            Clause("{state}", "{state}"),
            Clause("不出 {spread_m} 的范围", "within {spread_m}"),
            Clause("连同进出约 {reckoned_min}", "some {reckoned_min} with coming and going"),
        ),
        (Clause("不出 {radius_m}", "within {radius_m}"),),
    ),
    "berth_visit": Saying(
        ("靠泊", "lay at a berth"),
        (
            Clause("泊位 {berth_id}", "berth {berth_id}"),
            Clause("由历次停留识别的泊位", "a berth learned from stops", "basis", "learned"),
            Clause("距泊位中心 {from_middle_m}", "{from_middle_m} from its middle"),
        ),
    ),
    "berth_visit.anchorage": Saying(
        ("锚泊", "lay at an anchorage"),
        (
            Clause("锚地 {berth_id}", "anchorage {berth_id}"),
            Clause("由历次停留识别的锚地", "an anchorage learned from stops", "basis", "learned"),
            Clause("距锚地中心 {from_middle_m}", "{from_middle_m} from its middle"),
        ),
    ),
    "loitering": Saying(
        ("在海上徘徊", "loitered"),
        (
            _SLOW,
            _REACH,
            Clause(
                "净位移只占航程的 {displacement_ratio}", "gaining {displacement_ratio} of its way"
            ),
        ),
        (
            Clause("平均低于 {max_speed_kn}", "below {max_speed_kn} on average"),
            _LEAST,
            Clause("净位移不超过航程的 {max_ratio}", "gaining at most {max_ratio} of the way"),
        ),
    ),
    "drift": Saying(
        ("漂航", "drifted"),
        (
            _SLOW,
            Clause("航程 {path_m}", "over {path_m}"),
            Clause(
                "{off_course_share} 的时间航迹向与船首向相差平均 {off_course_deg}",
                "moving {off_course_deg} off its heading for {off_course_share} of the time",
            ),
        ),
        (
            Clause("{min_speed_kn}至 {max_speed_kn}", "between {min_speed_kn} and {max_speed_kn}"),
            _LEAST,
            Clause(
                "{off_course_least_share} 以上的时间相差至少 {off_course_least_deg}",
                "at least {off_course_least_deg} off for {off_course_least_share} of the time",
            ),
        ),
    ),
    "rendezvous": Saying(
        ("靠帮", "met"),
        (
            Clause("最近相距 {closest_m}", "as close as {closest_m}"),
            Clause("平均相距 {mean_m}", "{mean_m} apart on average"),
            Clause("并靠 {alongside_min}", "alongside for {alongside_min}", "alongside"),
            Clause(
                "航速 {mean_speed_kn}和 {other_mean_speed_kn}",
                "at {mean_speed_kn} and {other_mean_speed_kn}",
            ),
            Clause("结伴而来", "having come in company", "came_together"),
            Clause("分头而来", "having come separately", "came_together", is_=False),
            Clause("结伴离开", "and leaving in company", "left_together"),
            Clause("分头离开", "and leaving separately", "left_together", is_=False),
            Clause("此前相会 {met_before} 次", "earlier meetings: {met_before}", "met_before", ...),
        ),
        (
            Clause("相距不超过 {max_m}", "at most {max_m} apart"),
            Clause("都低于 {max_speed_kn}", "both below {max_speed_kn}"),
            _LEAST,
        ),
    ),
    "gap": Saying(
        ("失联", "was silent"),
        (
            Clause("再出现时在 {distance_m} 之外", "heard again {distance_m} away"),
            Clause("直航需 {implied_kn}", "which takes {implied_kn}"),
            *_LOST,
        ),
        _SILENT,
    ),
    "gap.open": Saying(
        ("失联", "has been silent"),
        (
            Clause("至资料截止仍未再收到", "and was not heard again by the end of the data"),
            *_LOST,
        ),
        _SILENT,
    ),
    "shore_approach": Saying(
        ("抵岸", "approached the shore"),
        (
            _SHORE,
            Clause("岸边慢行 {slow_min}", "slow there for {slow_min}"),
            Clause("{why}", "{why}"),
            Clause("岸段 {segment_id}", "segment {segment_id}"),
        ),
        (
            Clause("码头以外离岸 {band_m} 以内", "within {band_m} of the shore and off any wharf"),
            Clause("低于 {slow_kn}或直指岸线", "below {slow_kn} or heading at it"),
        ),
    ),
    "dash": Saying(
        ("冲滩", "dashed for the shore"),
        (
            _SLOW,
            Clause("最高 {max_speed_kn}", "up to {max_speed_kn}"),
            Clause("向岸逼近 {fall_m}", "coming {fall_m} nearer"),
            _SHORE,
            Clause(
                "{before.hours}前在离岸 {before.off_shore_m} 处{before.kind}",
                "{before.hours} after {before.kind} {before.off_shore_m} off",
            ),
        ),
        (
            Clause("至少 {speed_kn}", "at least {speed_kn}"),
            _LEAST,
            Clause("逼近至少 {fall_least_m}", "coming at least {fall_least_m} nearer"),
            Clause("到离岸 {shore_m} 以内", "to within {shore_m}"),
        ),
    ),
    "speed_anomaly": Saying(("航速异常", "made an odd speed"), (_SLOW,), (_LEAST,)),
    "speed_anomaly.over_type": Saying(
        ("航速异常，超出船型所能", "was faster than its type"),
        (
            Clause("自报{ship_group}", "calling itself {ship_group}"),
            _SLOW,
            Clause("最高 {max_speed_kn}", "up to {max_speed_kn}"),
        ),
        (Clause("该船型不超过 {limit_kn}", "at most {limit_kn} for that type"), _LEAST),
    ),
    "speed_anomaly.told_speed": Saying(
        ("航速异常，所报与实际不符", "told another speed than it made"),
        (
            Clause(
                "自报 {told_kn}，实际 {made_good_kn}", "{told_kn} told, {made_good_kn} made good"
            ),
            Clause(
                "所报数值一直不变，或为设备故障",
                "the same all along, perhaps a fault",
                "told_unchanged",
            ),
        ),
        (
            Clause(
                "相差至少 {least_kn}且达较大者的 {least_share}",
                "differing by at least {least_kn} and {least_share} of the larger",
            ),
            _LEAST,
        ),
    ),
    "course_anomaly": Saying(("航向异常", "steered an odd course"), (_SLOW,), (_LEAST,)),
    "course_anomaly.reversal": Saying(
        ("航向异常，突然折返", "turned back"),
        (
            Clause("{turn_min}内转向 {turned_deg}", "by {turned_deg} within {turn_min}"),
            Clause(
                "折返前 {speed_before_kn}，折返后 {speed_after_kn}",
                "at {speed_before_kn} before and {speed_after_kn} after",
            ),
        ),
        (
            Clause(
                "{turn_most_min}内转向至少 {back_least_deg}",
                "by at least {back_least_deg} within {turn_most_min}",
            ),
            Clause("前后各稳定航行 {steady_min}", "steady for {steady_min} before and after"),
        ),
    ),
    "course_anomaly.zigzag": Saying(
        ("航向异常，往复折线航行", "zigzagged"),
        (
            Clause("左右交替转向 {turns} 次", "turning {turns} times to alternating hands"),
            Clause("每次至少 {smallest_turn_deg}", "by {smallest_turn_deg} or more each"),
        ),
        (
            Clause(
                "{within_min}内至少 {least_turns} 次、每次至少 {turn_least_deg}",
                "at least {least_turns} turns of {turn_least_deg} within {within_min}",
            ),
        ),
    ),
    "course_anomaly.told_course": Saying(
        ("航向异常，所报与实际不符", "told another course than it made good"),
        (
            Clause("平均相差 {off_deg}", "{off_deg} apart on average"),
            _SLOW,
            Clause(
                "所报数值一直不变，或为设备故障",
                "the same all along, perhaps a fault",
                "told_unchanged",
            ),
        ),
        (Clause("相差至少 {least_deg}", "at least {least_deg} apart"), _LEAST),
    ),
    "identity": Saying(("身份变更", "changed its identity"), (Clause("{why}", "{why}"),)),
    "identity.changed": Saying(
        ("身份变更", "changed its identity"), (Clause("{changes}", "{changes}"),)
    ),
    "identity.handed_over": Saying(
        ("身份变更，前者停发后由后者续用", "bore the same identity, one after the other"),
        (
            Clause("相同的是{fields}", "the same {fields}"),
            Clause("间隔 {silent_min}", "{silent_min} between them"),
            Clause("两处相距 {distance_m}", "{distance_m} apart"),
        ),
        (
            Clause("间隔不超过 {handover_min}", "at most {handover_min} between them"),
            Clause("以 {max_kn}可达", "within reach at {max_kn}"),
        ),
    ),
    "identity.shared": Saying(
        ("身份变更，一号多船", "is a number that several hulls use at once"),
        (
            Clause("共 {hulls} 条船", "{hulls} of them"),
            Clause("同时 {at_once_min}", "at once for {at_once_min}"),
            Clause("相距 {distance_km}", "{distance_km} apart"),
            Clause("所用船名 {names}", "under the names {names}"),
        ),
    ),
    "spoofing": Saying(("位置伪造", "told false positions"), (Clause("{why}", "{why}"),)),
    "spoofing.jumps": Saying(
        ("位置伪造，位置跳变", "told places out of reach"),
        (
            Clause("{n_positions} 个位置无法到达", "{n_positions} positions out of reach"),
            Clause("最远偏出 {off_m}", "up to {off_m} off"),
            Clause("需要航速 {needed_kn}", "which would take {needed_kn}"),
        ),
        (
            Clause(
                "{within_min}内至少 {least_positions} 个位置",
                "at least {least_positions} positions within {within_min}",
            ),
            Clause("偏出至少 {least_off_m}", "at least {least_off_m} off"),
            Clause("需要航速超过 {max_kn}", "taking more than {max_kn}"),
        ),
    ),
    "spoofing.circle": Saying(
        ("位置伪造，匀速画圆", "told a circle that no vessel sails"),
        (
            Clause("绕同一圆心 {turns} 圈", "{turns} turns about one centre"),
            Clause("半径 {radius_m}", "radius {radius_m}"),
            Clause("航速 {speed_kn}", "at {speed_kn}"),
        ),
        (
            Clause(
                "至少 {least_turns} 圈，半径误差不超过 {round_share}，航速误差不超过 {even_share}",
                "at least {least_turns} turns, the radius even to {round_share} and the speed to "
                "{even_share}",
            ),
        ),
    ),
    "spoofing.on_land": Saying(
        ("位置伪造，位置在陆地上", "told places on land"),
        (Clause("深入陆地 {inside_m}", "up to {inside_m} inland"),),
        (
            Clause("至少 {least_positions} 个位置", "at least {least_positions} positions"),
            Clause("深入至少 {least_inside_m}", "at least {least_inside_m} inland"),
            _LEAST,
        ),
    ),
    "dark_target": Saying(
        ("被探测到而没有 AIS 与之对应", "was seen and no AIS explains it"),
        (
            Clause("由 {sensor} 发现", "by {sensor}"),
            Clause("判为{class}", "taken for {class}"),
            Clause("长约 {length_m}", "about {length_m} long"),
            _SLOW,
            Clause(
                "最近的 AIS 船舶在 {nearest_ais_m} 外",
                "the nearest AIS vessel {nearest_ais_m} away",
            ),
            Clause("当地 AIS 收信率 {reception}", "where {reception} of AIS is heard"),
            Clause("{cautions}", "{cautions}"),
        ),
        (Clause("与 AIS 相差超过 {gate_m}", "more than {gate_m} from any AIS"),),
    ),
    "chain": Saying(
        ("构成接驳链", "made a chain from ship to shore"),
        (
            Clause("{parts}", "{parts}"),
            Clause("会合 {meeting_min}", "having met for {meeting_min}"),
            Clause("{hours_between}后上岸", "landing {hours_between} after"),
            Clause("两处相距 {way_m}", "{way_m} from there"),
            Clause("得分 {score}", "score {score}"),
        ),
        (Clause("会合后 {within_h}内抵岸或冲滩", "landing within {within_h} of a meeting"),),
    ),
}
"""By kind, or by kind and the reason (``why``, or ``kind`` of a berth)."""
