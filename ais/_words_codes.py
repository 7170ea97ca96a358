"""The words of codes: kinds, reasons, groups of ships, patterns of life; Chinese and English."""

Both = tuple[str, str]

KIND: dict[str, Both] = {
    "stop": ("停留", "stop"),
    "berth_visit": ("靠泊/锚泊", "berth visit"),
    "loitering": ("徘徊", "loitering"),
    "drift": ("漂航", "drift"),
    "rendezvous": ("靠帮", "rendezvous"),
    "gap": ("失联", "gap"),
    "shore_approach": ("抵岸", "shore approach"),
    "dash": ("冲滩", "dash"),
    "speed_anomaly": ("航速异常", "odd speed"),
    "course_anomaly": ("航向异常", "odd course"),
    "identity": ("身份变更", "change of identity"),
    "spoofing": ("位置伪造", "false positions"),
    "dark_target": ("暗目标", "dark target"),
    "chain": ("接驳链", "chain"),
}

CODE: dict[str, Both] = {
    # states of a stop
    "moored": ("停泊", "moored"),
    "at_anchor": ("锚泊", "at anchor"),
    "holding": ("原地滞留", "holding its place"),
    # why a shore approach is one
    "slow": ("在岸边慢行", "slow by the shore"),
    "heading": ("船首直指岸线", "heading at the shore"),
    # why speeds, courses and positions are odd
    "over_type": ("超出船型所能", "faster than its type"),
    "told_speed": ("所报航速与实际不符", "told another speed than it made"),
    "reversal": ("突然折返", "turned back"),
    "zigzag": ("往复折线航行", "zigzag"),
    "told_course": ("所报航向与实际不符", "told another course than it made good"),
    "jumps": ("位置跳变", "places out of reach"),
    "circle": ("匀速画圆", "an even circle"),
    "on_land": ("位置在陆地上", "places on land"),
    # groups of ship types
    "fishing": ("渔船", "fishing"),
    "tug_dredger_diving_towing": ("拖轮或工程船", "a tug or working vessel"),
    "sailing": ("帆船", "sailing"),
    "pleasure": ("游艇", "pleasure craft"),
    "high_speed": ("高速船", "high-speed craft"),
    "service": ("公务或服务船", "service craft"),
    "passenger": ("客船", "passenger"),
    "cargo": ("货船", "cargo"),
    "tanker": ("油轮", "tanker"),
    "unknown_or_other": ("船型不明或其他", "of unknown or other type"),
    # detections
    "track": ("被连续跟踪", "followed"),
    "detection": ("单次探测", "seen once"),
    "none_near": ("附近没有 AIS 船舶", "no AIS vessel near"),
    "taken": ("附近的船另有对应", "the vessels near explain others"),
    "crossing": ("附近有船经过", "vessels passed near"),
    "reception_unknown": ("AIS 收信情况不明", "how well AIS is heard is not known"),
    "poor_reception": ("AIS 收信差", "AIS is poorly heard there"),
    "confidence_unknown": ("传感器没有给出把握", "the sensor does not say how sure it is"),
    "vessels_close_by": ("附近有 AIS 船舶", "AIS vessels were close by"),
    "small_boat": ("小艇", "a small boat"),
    "vessel": ("船舶", "a vessel"),
    "structure": ("固定设施", "a structure"),
    # tides
    "rising": ("涨潮", "rising"),
    "falling": ("落潮", "falling"),
    "slack": ("平潮", "slack"),
    # identities
    "changed": ("改报", "changed"),
    "handed_over": ("换号续用", "handed over"),
    "shared": ("一号多船", "shared by several hulls"),
    "name": ("船名", "name"),
    "callsign": ("呼号", "call sign"),
    "imo": ("IMO 编号", "IMO number"),
    "ship_type": ("船型", "ship type"),
    "size": ("尺寸", "size"),
    # roles in a chain
    "meeting": ("会合", "meeting"),
    "mother": ("母船", "mother ship"),
    "silence": ("失联", "silence"),
    "run": ("冲滩", "run"),
    "landing": ("上岸", "landing"),
}
"""Codes that the evidence uses, beside those of profiles."""

PROFILE: dict[str, Both] = {
    "trawling": ("拖网作业", "trawling"),
    "netting": ("网具作业", "netting"),
    "ferry": ("渡船", "ferry"),
    "pilot": ("引航", "pilot"),
    "working": ("拖轮、工程或港作", "tug or working vessel"),
    "cargo": ("货运", "cargo"),
    "passenger": ("客运", "passenger"),
    "pleasure": ("休闲", "pleasure"),
    "government": ("公务", "government"),
    "unknown": ("不明", "unknown"),
    "tows_for_hours": ("持续以 2–5 节拖行", "tows for hours at 2 to 5 kn"),
    "works_slowly": ("长时间慢速作业", "works slowly for hours"),
    "same_two_berths": ("在固定两处泊位间往返", "goes back and forth between two berths"),
    "meets_many_ships": ("短时靠近多艘大船", "meets many ships for a short time"),
    "keeps_a_ships_pace": ("航速与所报船型相符", "keeps the pace of its type"),
    "says_fishing": ("自报渔船", "says fishing"),
    "says_pilot": ("自报引航船", "says pilot"),
    "says_working": ("自报拖轮或工程船", "says tug or working vessel"),
    "says_cargo": ("自报货船或油轮", "says cargo or tanker"),
    "says_passenger": ("自报客船", "says passenger"),
    "says_pleasure": ("自报游艇或帆船", "says pleasure or sailing"),
    "says_government": ("自报公务船", "says government"),
    "says_nothing": ("未报船型", "says no type"),
    "never_fishes": ("从未见其捕鱼", "was never seen fishing"),
    "too_fast": ("航速超出所报船型", "too fast for the type it gives"),
    "little_seen": ("资料太少", "little was seen of it"),
}
"""Patterns of `ais.life` and the reasons for them."""
