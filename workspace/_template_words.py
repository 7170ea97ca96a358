"""What templates say: how to fill them in, and an example and a meaning of each column."""

ABOUT = {
    "zh": (
        "填报说明：表头不要改动；首列写“示例”的一行导入时跳过，可以留着。",
        "编号已有的行按编号更新，只更新表中有的列；编号留空时由系统生成。",
        "请勿填写身份证号、私人手机、住址和非岗位人员姓名；含这些内容的行不予导入。",
        "坐标默认为 WGS 84 或 CGCS2000 经纬度；GCJ-02 坐标请在导入时加 --coordinates gcj02。",
    ),
    "en": (
        "Leave the header as it is. The row whose first cell is 'example' is passed over.",
        "A row whose id is known changes that row, in the columns given; without id one is made.",
        "Rows with identity numbers, private phones, homes or names of persons are not taken.",
        "Coordinates are WGS 84 or CGCS2000 degrees; for GCJ-02 import with --coordinates gcj02.",
    ),
}


def _say(zh: str, en: str, zh_note: str = "", en_note: str = "") -> dict[str, str]:
    return {"zh": zh, "en": en, "zh_note": zh_note, "en_note": en_note}


NAMES = {
    "wharves": {"zh": "东门渔码头", "en": "Dongmen fishing wharf"},
    "risk-points": {"zh": "后岙小河汊", "en": "Houao creek"},
    "facilities": {"zh": "东门码头一号探头", "en": "Dongmen camera 1"},
    "posts": {"zh": "示例人员", "en": "Example person"},
    "sections": {"zh": "东门段", "en": "Dongmen section"},
    "registers": {"zh": "浙象渔00000", "en": "ZHEXIANGYU00000"},
}
SAMPLES = {
    "name_en": _say("", "", "英文界面显示，可留空", "shown on English pages"),
    "owner_unit": _say("示例渔业公司", "Example Fishery Ltd", "单位全称，不填个人",
                       "the unit's full name, no person's"),
    "operator_unit": _say("示例港务公司", "Example Port Ltd", "实际经营的单位",
                          "the unit that works it"),
    "berths": _say("3", "3", "能同时停靠的船位数", "how many vessels can lie there at once"),
    "category": _say("港口码头", "port_wharf", "一港二企三库等重点场所类别；不属于的留空",
                     "kind of supervised site; empty where it is none"),
    "cadence_days": _say("7", "7", "每几天至少巡查一次", "at least one inspection in so many days"),
    "grade_derived": _say("2", "2", "1 低 2 中 3 高", "1 low, 2 middle, 3 high"),
    "grade_confirmed": _say("2", "2", "经复核的等级，优先于评定等级",
                            "confirmed by people; goes before the derived one"),
    "lon": _say("121.91", "121.91", "东西方向；平面坐标填东坐标 Y", "east-west; metres: easting"),
    "lat": _say("29.25", "29.25", "南北方向；平面坐标填北坐标 X", "north-south; metres: northing"),
    "status_since": _say("2026-11-01", "2026-11-01", "损坏或缺失从哪天起",
                         "since when it is broken or missing"),
    "heading_deg": _say("120", "120", "镜头朝向，正北为 0，顺时针", "of the lens, clockwise from "
                        "north"),
    "fov_deg": _say("60", "60", "水平视场角，球机全向填 360", "horizontal; 360 for all round"),
    "range_m": _say("1500", "1500", "看得清船只的距离", "at which a vessel can be told"),
    "height_m": _say("12", "12", "镜头离地高度", "of the lens above the ground"),
    "online_rate": _say("95%", "95%", "近 30 天在线率", "share of the last 30 days online"),
    "live_link": _say("https://video.example/camera/1", "https://video.example/camera/1"),
    "bar_type": _say("", "", "只对限高杆填写", "of height bars alone"),
    "bar_setting": _say("", "", "只对限高杆填写", "of height bars alone"),
    "clearance_m": _say("", "", "杆下净高", "free height under the bar"),
    "tamper": _say("", "", "只对限高杆填写", "of height bars alone"),
    "t0": _say("2026-11-01 22:30", "2026-11-01 22:30", "不写时区时按工作区时区",
               "without a zone in the workspace's own"),
    "t1": _say("2026-11-01 23:30", "2026-11-01 23:30"),
    "weight": _say("1", "1", "严重程度，一般为 1", "how grave; mostly 1"),
    "role": _say("section_chief", "section_chief", "岗位名称，如 section_chief 段长",
                 "of the post, such as section_chief"),
    "unit": _say("示例派出所", "Example station"),
    "duty_phone": _say("0574-00000000", "0574-00000000", "只填值班电话", "the office's alone"),
    "object_id": _say("W001", "W001", "岸段、码头或风险点的编号",
                      "id of the section, wharf or risk point"),
    "valid_from": _say("2026-01-01", "2026-01-01"),
    "valid_to": _say("", "", "仍有效的留空", "empty while it holds"),
    "t": _say("2026-11-01 09:00", "2026-11-01 09:00"),
    "shift_start": _say("2026-11-01 22:00", "2026-11-01 22:00", "班次开始的时间",
                        "when the shift began"),
    "km": _say("3.5", "3.5", "巡逻里程", "kilometres patrolled"),
    "hours": _say("2", "2", "巡逻时长", "hours patrolled"),
    "list_name": _say("2026年重点关注船舶", "Vessels to watch 2026"),
    "hull_number": _say("浙象渔00000", "ZHEXIANGYU00000", "船体上的船号；与 AIS 广播的船名比对",
                        "on the hull; compared with the name that is broadcast"),
    "mmsi": _say("412000000", "412000000", "九位；船体号、MMSI、IMO、呼号、船名至少填一项",
                 "nine digits; of hull number, MMSI, IMO, call sign and name at least one"),
    "imo": _say("", "", "七位，没有的留空", "seven digits; empty where there is none"),
    "callsign": _say("", ""),
    "reason": _say("无船名、无船舶证书、无船籍港", "no name, papers or port of registry"),
    "radius_m": _say("300", "300", "多大范围内的停泊不算异常", "within which lying is ordinary"),
}  # fmt: skip
