"""The columns that imports know: names in Chinese and English, kinds of value, words for codes."""

import re
from dataclasses import dataclass, field
from typing import Literal

Type = Literal["text", "number", "integer", "date", "time", "choice", "degrees", "share", "link"]
_BETWEEN = re.compile(r"[\s_\-./]+")


@dataclass(frozen=True)
class Known:
    """One column: its name in the table, its other headers, and what its cells may hold.

    The first header is the one that a Chinese template bears; ``unit`` is that of its numbers.
    """

    name: str
    headers: tuple[str, ...] = ()
    type: Type = "text"
    needed: bool = False
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    default: str | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""


def plain(header: str) -> str:
    """Return a header without case, units in brackets, and marks between words."""
    text = re.sub(r"[(（\[].*?[)）\]]", "", header.strip().lstrip("\ufeff").lower())
    return _BETWEEN.sub(" ", text).strip().rstrip("*＊").strip()


_NAME = Known("name", ("名称", "中文名", "名字"), needed=True)
_NAME_EN = Known("name_en", ("英文名", "英文名称"))
_LON = Known(
    "lon",
    ("经度", "longitude", "x", "lng", "x坐标", "东坐标", "横坐标", "easting"),
    "degrees",
    needed=True,
    low=-180,
    high=180,
)
_LAT = Known(
    "lat",
    ("纬度", "latitude", "y", "y坐标", "北坐标", "纵坐标", "northing"),
    "degrees",
    needed=True,
    low=-90,
    high=90,
)
_CADENCE = Known(
    "cadence_days",
    ("巡查周期", "巡查周期天", "检查周期", "cadence"),
    "integer",
    low=1,
    high=3_650,
    unit="d",
)
_PLACE = (_LON, _LAT)
_OBJECT = {
    "section": ("岸段", "责任岸段"),
    "wharf": ("码头",),
    "risk_point": ("风险点",),
}
_POST_OBJECT = _OBJECT | {
    "county": ("全县", "县"),
    "area": ("片区",),
    "grid": ("网格",),
    "township": ("镇街", "乡镇", "街道"),
}

WHARVES = (
    Known("wharf_id", ("编号", "码头编号", "id")),
    _NAME,
    _NAME_EN,
    Known(
        "wharf_class",
        ("类别", "码头类别", "类型", "class"),
        "choice",
        default="other",
        choices={
            "port": ("港口", "港口码头", "货运"),
            "fishing": ("渔业", "渔港", "渔码头", "渔业码头"),
            "ferry": ("轮渡", "客运", "渡口", "陆岛交通"),
            "shipyard": ("船厂", "修造船", "修造船厂"),
            "stores": ("仓储", "冷库", "油库", "货场"),
            "other": ("其他", "其它"),
        },
    ),
    Known(
        "category",
        ("一港二企三库", "管控类别", "重点类别"),
        "choice",
        choices={
            "port_wharf": ("港口码头", "一港", "港口"),
            "truck_firm": ("集卡企业", "集装箱卡车企业", "集卡公司"),
            "crane_firm": ("吊机企业", "吊装企业", "吊车企业", "吊机公司"),
            "cold_store": ("冷库", "冷冻库"),
            "oil_store": ("油库", "储油库"),
            "goods_store": ("货仓", "仓库", "货物仓库", "货库"),
            "shipyard": ("船厂", "修造船厂", "修造船企业"),
            "filling_point": ("加油点", "加注点", "加水点"),
            "barge_pipeline": ("驳船管线", "输油管线", "管线"),
            "enforcement_berth": ("执法泊位", "执法码头", "公务码头"),
            "yard": ("堆场", "场地", "货场"),
        },
    ),
    Known("owner_unit", ("业主单位", "权属单位", "责任单位", "owner")),
    Known("operator_unit", ("经营单位", "运营单位", "使用单位", "operator")),
    Known("berths", ("泊位数", "泊位数量"), "integer", low=0, high=500),
    Known(
        "status",
        ("状态", "使用状态"),
        "choice",
        default="in_use",
        choices={"in_use": ("在用", "使用中", "正常"), "closed": ("停用", "废弃", "关闭")},
    ),
    _CADENCE,
    *_PLACE,
)
RISK_POINTS = (
    Known("risk_point_id", ("编号", "风险点编号", "id")),
    _NAME,
    _NAME_EN,
    Known(
        "kind",
        ("类别", "类型", "风险点类型"),
        "choice",
        needed=True,
        choices={
            "creek": ("小河汊", "河汊", "港汊", "溪口"),
            "slipway": ("滑道", "斜坡道", "下水坡"),
            "beach": ("沙滩", "海滩", "滩涂"),
            "sluice": ("水闸", "闸门", "海塘闸"),
            "shipyard": ("船厂", "修造船厂"),
            "filling_point": ("加油点", "加水点", "加注点"),
            "barge_pipeline": ("驳船管线", "输油管线", "管线"),
            "closed_yard": ("封闭堆场", "废弃厂区", "闲置场地"),
            "fuel_store": ("油库", "储油点"),
            "cold_store": ("冷库",),
            "goods_store": ("仓库", "货仓", "货物仓库"),
        },
    ),
    Known("grade_derived", ("评定等级", "初评等级"), "integer", low=1, high=3),
    Known("grade_confirmed", ("等级", "风险等级", "确认等级", "grade"), "integer", low=1, high=3),
    _CADENCE,
    *_PLACE,
)
FACILITIES = (
    Known("facility_id", ("编号", "设施编号", "id")),
    _NAME,
    _NAME_EN,
    Known(
        "kind",
        ("类别", "类型", "设施类型"),
        "choice",
        needed=True,
        choices={
            "camera": ("摄像头", "监控", "视频监控", "摄像机"),
            "height_bar": ("限高杆", "限高架"),
            "width_bar": ("限宽墩", "限宽杆"),
            "gate": ("大门", "闸", "道闸", "卡口"),
            "wall": ("围墙", "隔离墙", "围栏"),
            "alarm": ("报警器", "入侵报警"),
            "light": ("照明", "灯", "照明灯"),
            "sign": ("警示牌", "标识牌", "告示牌"),
        },
    ),
    Known(
        "line",
        ("防线", "所属防线"),
        "choice",
        choices={
            "wharf": ("码头线", "码头"),
            "bar": ("限高线", "卡口线"),
            "way_out": ("出口线", "唯一出口", "必经之路"),
        },
    ),
    Known(
        "status",
        ("状态", "设施状态"),
        "choice",
        default="working",
        choices={
            "working": ("正常", "完好"),
            "broken": ("损坏", "故障"),
            "missing": ("缺失", "未装", "丢失"),
        },
    ),
    Known("status_since", ("状态起始", "故障日期", "起始日期"), "date"),
    Known("heading_deg", ("朝向", "方位角"), "number", low=0, high=360, unit="deg"),
    Known("fov_deg", ("视场角",), "number", low=0, high=360, unit="deg"),
    Known("range_m", ("可视距离", "作用距离"), "number", low=0, high=50_000, unit="m"),
    Known("height_m", ("立杆高度", "安装高度", "架设高度"), "number", low=0, high=500, unit="m"),
    Known("online_rate", ("在线率", "完好率"), "share", low=0, high=1),
    Known("live_link", ("视频链接", "实时画面", "直播地址"), "link"),
    Known(
        "bar_type",
        ("限高杆类型", "杆型"),
        "choice",
        choices={
            "T": ("T型", "T形", "T型杆"),
            "H": ("H型", "H形", "H型杆"),
            "F": ("F型", "F形", "F型杆"),
        },
    ),
    Known(
        "bar_setting",
        ("限高杆档位", "档位"),
        "choice",
        choices={
            "low": ("低位", "低档"),
            "middle": ("中位", "中档"),
            "open": ("开启", "打开", "高位"),
        },
    ),
    Known("clearance_m", ("净高", "限高", "限高高度"), "number", low=0, high=20, unit="m"),
    Known(
        "tamper",
        ("防拆报警", "拆卸报警", "防拆状态"),
        "choice",
        choices={
            "normal": ("正常", "无报警"),
            "alarm": ("报警", "告警"),
            "unknown": ("未知", "不详"),
        },
    ),
    *_PLACE,
)
INCIDENTS = (
    Known("incident_id", ("编号", "案件编号", "事件编号", "id")),
    Known("t0", ("时间", "发生时间", "开始时间", "time", "start"), "time", needed=True),
    Known("t1", ("结束时间", "end"), "time"),
    Known("known", ("获知时间", "知悉时间", "接报时间", "报案时间", "known at"), "time"),
    Known("kind", ("类别", "类型", "案件类型", "事件类型"), needed=True),
    Known(
        "source",
        ("来源", "信息来源"),
        "choice",
        default="reported",
        choices={
            "reported": ("报案", "举报", "上报"),
            "discovered": ("巡查发现", "巡逻发现", "查获"),
            "external": ("外部通报", "外部", "通报"),
            "tip": ("线索", "情报"),
        },
    ),
    Known("weight", ("权重",), "number", default="1", low=0, high=100),
    *_PLACE,
)
POSTS = (
    Known("post_id", ("编号", "岗位编号", "id")),
    Known("role", ("岗位", "职务", "角色"), needed=True),
    Known("name", ("姓名", "名称")),
    Known("unit", ("单位", "所属单位")),
    Known("duty_phone", ("值班电话", "办公电话", "duty phone")),
    Known("object_kind", ("对象类型", "责任对象类型"), "choice", needed=True, choices=_POST_OBJECT),
    Known("object_id", ("对象编号", "责任对象", "责任对象编号"), needed=True),
    Known("valid_from", ("任职起", "起始日期", "生效日期"), "date"),
    Known("valid_to", ("任职止", "终止日期", "失效日期"), "date"),
    Known("deputy_of", ("代理岗位", "代理岗位编号", "代理何岗")),
)
ABSENCES = (
    Known("absence_id", ("编号", "外出编号", "id")),
    Known("post_id", ("岗位编号", "外出岗位"), needed=True),
    Known("away_from", ("外出起", "离岗起"), "date", needed=True),
    Known("away_to", ("外出止", "离岗止"), "date"),
    Known(
        "cause",
        ("事由类别", "外出类别"),
        "choice",
        default="other",
        choices={
            "leave": ("休假", "请假"),
            "training": ("培训", "学习"),
            "business": ("公出", "出差"),
            "other": ("其他", "其它"),
        },
    ),
)
TEAMS = (
    Known("team_id", ("编号", "队伍编号", "id")),
    _NAME,
    _NAME_EN,
    Known(
        "kind",
        ("类型", "方式", "巡查方式", "类别"),
        "choice",
        needed=True,
        choices={
            "foot": ("步巡", "步行", "徒步"),
            "car": ("车巡", "车辆", "汽车"),
            "boat": ("船巡", "船艇", "船舶"),
            "camera": ("视频巡查", "视频", "摄像头"),
        },
    ),
    Known("unit", ("单位", "所属单位")),
    *_PLACE,
    Known("speed_kmh", ("时速", "速度"), "number", low=0.5, high=120, unit="km/h"),
    Known("capacity_minutes", ("可用分钟", "可用时间"), "number", low=1, high=1_440, unit="min"),
    Known("range_km", ("视距", "可视距离"), "number", low=0.01, high=100, unit="km"),
    Known("shifts", ("班次", "参加班次")),
)
INSPECTIONS = (
    Known("inspection_id", ("编号", "检查编号", "id")),
    Known("object_kind", ("对象类型",), "choice", needed=True, choices=_OBJECT),
    Known("object_id", ("对象编号",), needed=True),
    Known("t", ("时间", "检查时间", "巡查时间", "time"), "time", needed=True),
    Known(
        "result",
        ("结果", "检查结果"),
        "choice",
        default="ok",
        choices={"ok": ("正常", "合格", "无异常"), "defect": ("隐患", "不合格", "异常")},
    ),
)
EFFORT = (
    Known("segment_id", ("岸段单元", "单元编号"), needed=True),
    Known("shift_start", ("班次", "班次开始", "班次起"), "time", needed=True),
    Known("km", ("公里", "巡逻公里"), "number", needed=True, low=0, high=1_000),
    Known("hours", ("小时", "时长"), "number", low=0, high=100),
)
SECTIONS = (
    Known("section_id", ("岸段编号", "编号", "id"), needed=True),
    Known("name", ("岸段名称", "名称", "责任岸段"), needed=True),
    Known("name_en", ("英文名", "英文名称")),
    *_PLACE,
)
BERTHS = (
    Known("berth_id", ("编号", "泊位编号", "id")),
    *_PLACE,
    Known("radius_m", ("半径", "半径米"), "number", default="300", low=10, high=20_000, unit="m"),
)
REGISTERS = (
    Known("list_id", ("编号", "名册编号", "名单编号", "id")),
    Known("list_name", ("名册", "名册名称", "名单", "名单名称", "list")),
    Known(
        "kind",
        ("类别", "类型", "名册类别", "名单类别"),
        "choice",
        needed=True,
        choices={
            "unregistered": ("三无船舶", "三无", "三无船", "无名无证无籍"),
            "modified": ("改装船", "改装", "非法改装", "改装船舶"),
            "watch": ("重点关注", "重点关注船舶", "重点船舶", "关注", "布控"),
        },
    ),
    Known("name", ("船名", "船舶名称", "中文船名", "vessel name", "ship name")),
    Known("hull_number", ("船体号", "船号", "船舶编号", "船名号", "hull no", "hull")),
    Known(
        "mmsi",
        ("MMSI", "MMSI码", "MMSI号", "九位码", "水上移动通信业务标识码"),
        "integer",
        low=1_000_000,
        high=999_999_999,
    ),
    Known(
        "imo",
        ("IMO", "IMO号", "IMO编号", "IMO number", "imo no"),
        "integer",
        low=1_000_000,
        high=9_999_999,
    ),
    Known("callsign", ("呼号", "船舶呼号", "call sign")),
    Known("reason", ("事由", "原因", "列入原因", "关注原因")),
    Known("valid_from", ("起", "起始日期", "列入日期", "生效日期"), "date"),
    Known("valid_to", ("止", "终止日期", "截止日期", "解除日期"), "date"),
)

# Headers of what never belongs here: identity, private numbers and homes, names of persons.
PERSONAL = (
    "身份证", "身份证号", "身份证号码", "证件号", "证件号码", "公民身份号码", "护照", "护照号",
    "手机", "手机号", "手机号码", "移动电话", "个人电话", "私人电话", "家庭电话", "联系电话",
    "电话", "微信", "微信号", "住址", "家庭住址", "家庭地址", "户籍", "户籍地址", "出生日期",
    "出生年月", "性别", "民族", "联系人", "负责人", "船主", "船东", "船长", "嫌疑人", "当事人",
    "举报人", "法人", "法定代表人", "法人代表", "车牌", "车牌号", "责任人", "管理人", "经营者",
    "货主", "司机", "驾驶员", "联系方式", "邮箱", "电子邮箱", "年龄", "籍贯", "银行卡", "银行账号",
    "qq", "qq号", "户主", "老板", "检查人", "检查人员", "巡查人", "巡查人员", "经办人", "填报人",
    "记录人", "观测员",
    "identity number", "identity card", "id card", "id number", "id no", "citizen id", "passport",
    "passport number", "national id", "ssn", "mobile", "mobile phone", "cell", "cell phone",
    "phone", "phone number", "private phone", "home phone", "telephone", "wechat", "email",
    "e mail", "home address", "birth date", "date of birth", "birthday", "gender", "sex",
    "ethnicity", "contact", "contact person", "contact name", "person", "person name", "full name",
    "first name", "last name", "surname", "owner name", "captain", "skipper", "master", "suspect",
    "informant", "victim", "licence plate", "license plate", "number plate", "tel", "driver", "age",
    "bank account", "bank card", "email address", "person in charge", "boss", "householder",
    "inspector", "inspector name", "recorded by", "observer",
)  # fmt: skip
# A person's name is a post's alone; elsewhere these headers are personal too (码长 is the post of
# whoever answers for a wharf, as 河长 is for a river).
PERSON_NAMES = (
    "姓名",
    "网格长",
    "网格员",
    "码长",
    "段长",
    "岸长",
    "湾长",
    "滩长",
    "值班人员",
    "值班人",
    "值班员",
)
# The unit of a person in charge is none: such a header ends so.
OF_A_UNIT = ("单位", "部门", "编号", " unit", " department")
# Headers that hold one of these, wherever they hold it, are personal too (words stand in blanks).
PERSONAL_PARTS = (
    "身份证", "护照", "手机", "姓名", "住址", "微信", "户籍", "联系人", "负责人", "责任人",
    "联系电话", "家庭电话", "私人电话", "个人电话", "业主电话", "船主", "船东", "银行卡", "驾驶证",
    "车牌", "人脸", "指纹",
    " identity number ", " identity card ", " id card ", " id number ", " id no ", " citizen id ",
    " national id ", " passport ", " ssn ", " mobile no ", " mobile number ", " mobile phone ",
    " cell phone ", " wechat ", " home address ", " date of birth ", " birth date ",
    " full name ", " person name ", " owner name ", " contact name ", " contact person ",
    " contact phone ", " private phone ", " home phone ", " owner phone ", " bank account ",
    " person in charge ", " driving licence ", " license plate ", " licence plate ",
)  # fmt: skip
