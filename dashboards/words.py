"""Every word on the pages, in Chinese and in English, in one table."""

import re
from typing import Literal

from dashboards._words_boundaries import BOUNDARIES
from dashboards._words_coast import COAST
from dashboards._words_data import DATA
from dashboards._words_day import DAY
from dashboards._words_events import EVENTS
from dashboards._words_forecast import FORECAST
from dashboards._words_ogc import OGC
from dashboards._words_places import PLACES

Lang = Literal["zh", "en"]

LANGS: tuple[Lang, Lang] = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    # the house
    "app": ("岸线风险研判", "Shoregrid"),
    "app_title": ("{county} 岸线风险", "{county} coastline risk"),
    "lang_other": ("English", "中文"),
    "skip": ("跳到岸段列表", "Skip to the list of segments"),
    # sign-in
    "sign_in": ("登录", "Sign in"),
    "sign_in_lead": (
        "看今晚哪段岸线要紧、为什么、谁负责。",
        "See which shore matters this shift, why, and who answers.",
    ),
    "user_name": ("账号", "User name"),
    "password": ("密码", "Password"),
    "sign_in_wrong": (
        "账号或密码不对。请核对后再试；忘了密码请找管理员重设。",
        "The user name or the password is wrong. Check both; an administrator can set a new one.",
    ),
    "sign_in_locked": (
        "连续输错次数过多，账号已暂时锁定。请过一会儿再试，或找管理员。",
        "Too many wrong passwords: the account is locked. Wait a while, or ask an administrator.",
    ),
    "sign_in_empty": ("请填写账号和密码。", "Fill in both the user name and the password."),
    "sign_in_how": (
        "账号由管理员用 shoregrid user add 建立。",
        "Accounts are made by an administrator with shoregrid user add.",
    ),
    "sign_out": ("退出登录", "Sign out"),
    "session_over": (
        "登录已过期，请重新登录；当前视图会保留。",
        "Your session has ended. Sign in again; this view will be kept.",
    ),
    "sign_in_again": ("重新登录", "Sign in again"),
    "refused_sign_in": ("请先登录。", "Sign in first."),
    "refused_cross_origin": (
        "请求来自别的网站，已拒绝。",
        "Refused: the request came from another site.",
    ),
    "not_found": ("没有这个页面", "There is no such page"),
    "not_found_mend": ("回到岸线地图", "Back to the coast map"),
    # frame
    "nav": ("主导航", "Main navigation"),
    "nav_map": ("地图", "Map"),
    "nav_list": ("列表", "List"),
    "nav_me": ("我的", "Me"),
    "keys": ("快捷键", "Keys"),
    "key_arrows": ("前一个、后一个班次", "previous and next shift"),
    "key_esc": ("取消选择", "clear the selection"),
    "key_search": ("查找地点", "search for a place"),
    "key_list": ("打开或收起列表", "open or close the list"),
    "key_help": ("显示本说明", "show these keys"),
    "close": ("关闭", "Close"),
    "search": ("查找岸段、码头、风险点", "Search sections, wharves, risk points"),
    "search_none": ("没有找到，换个名字试试", "Nothing found: try another name"),
    "theme_dark": ("夜间配色", "Dark colours"),
    "theme_light": ("日间配色", "Light colours"),
    "freshness": ("AIS 更新于 {n} {unit}前", "AIS {n} {unit} old"),
    "freshness_none": ("还没有 AIS 数据", "no AIS yet"),
    "unit_minutes": ("分钟", "min"),
    "unit_hours": ("小时", "h"),
    "unit_days": ("天", "d"),
    "simulated": ("模拟 AIS", "simulated AIS"),
    "simulated_long": (
        "船舶位置是在真实岸线上模拟的，不是真实船舶。",
        "Vessel positions are simulated on the real coast; they are not real vessels.",
    ),
    "made": ("示例数据", "made data"),
    "made_long": ("以下内容是为示例编造的：{what}。", "Made up for the example: {what}."),
    "made_one": ("编造的示例", "made for the example"),
    # what can be made or missing
    "what_wharves": ("码头", "wharves"),
    "what_risk_points": ("风险点", "risk points"),
    "what_facilities": ("防控设施", "facilities"),
    "what_incidents": ("案事件", "incidents"),
    "what_detections": ("探测目标", "detections"),
    "what_posts": ("值守人员", "posts"),
    "what_post_absences": ("外出登记", "absences"),
    "what_teams": ("巡逻队伍", "patrol teams"),
    "what_inspections": ("巡查记录", "inspections"),
    "what_effort": ("巡逻里程", "patrol effort"),
    "what_sections": ("责任岸段", "sections"),
    "what_grids": ("网格与镇街", "grids and townships"),
    "what_ways": ("道路", "roads"),
    "what_depth": ("水深", "depths"),
    "what_earlier_survey": ("早期岸线测绘", "the earlier survey of the coast"),
    "what_shore_types": ("岸滩类型", "shore types"),
    "what_shore_type": ("岸滩类型", "shore types"),
    "what_segment_traits": ("岸滩类型", "shore types"),
    "what_segments": ("岸段单元", "segments"),
    "what_section_cuts": ("责任岸段划分", "section boundaries"),
    "what_tides": ("潮汐", "tides"),
    "what_tide": ("潮汐", "tides"),
    "what_tide_stations": ("潮汐", "tides"),
    "what_positions": ("船舶位置", "vessel positions"),
    "what_events": ("行为事件", "behaviours"),
    "what_landing_places": ("登陆点（码头、风险点）", "landing places"),
    "what_landable": ("可登滩时窗", "landable windows"),
    "missing_long": (
        "本地还没有：{what}。相关因子按先验估计，区间放宽。",
        "Not in this workspace yet: {what}. Those factors take their prior and widen the interval.",
    ),
    # time
    "shifts": ("班次", "Shifts"),
    "shifts_help": ("左右方向键切换班次", "arrow keys move between shifts"),
    "play": ("播放", "Play"),
    "pause": ("暂停", "Pause"),
    "date": ("日期", "Date"),
    "month_format": ("YYYY年M月", "MMMM YYYY"),
    "earlier": ("前一天", "Day before"),
    "later": ("后一天", "Day after"),
    "today": ("今天", "today"),
    "tonight": ("今晚", "tonight"),
    "shift_cell": (
        "{day} {span}，最高风险 {score}（{band}）",
        "{day} {span}, highest risk {score} ({band})",
    ),
    "shift_not_scored": ("{day} {span}，尚未评分", "{day} {span}, not scored yet"),
    "strip_of": ("{name} 各班次最高风险", "Highest risk per shift: {name}"),
    "whole_coast": ("全部岸线", "the whole coast"),
    "strip_key_tide": ("潮位", "tide"),
    "strip_key_landable": ("可登滩", "landable"),
    "legend_tide": ("曲线：潮位", "curve: tide"),
    "legend_landable": (
        "绿条：可登滩的岸段占多少",
        "green bar: how much is landable",
    ),
    "legend_night": ("暗底：夜间", "shaded: night"),
    "strip_key_night": ("夜间", "night"),
    "scoring": ("正在为 {day} 评分……", "Scoring {day}…"),
    "scoring_failed": (
        "{day} 没能评分。请再试一次；若仍不行，请管理员运行 shoregrid score。",
        "{day} could not be scored. Try again, or ask an administrator to run shoregrid score.",
    ),
    "not_scored_title": ("还没有评分", "Nothing is scored yet"),
    "not_scored_mend": (
        "选择一个日期即可评分，或请管理员运行 shoregrid score。",
        "Choose a date to score it, or ask an administrator to run shoregrid score.",
    ),
    "no_scope_title": ("此账户还没有管辖范围", "This account has no part of the coast yet"),
    "no_scope_mend": (
        "请管理员为此账户设定岸段、码头、镇街、网格或单位。",
        "Ask an administrator to give it a section, wharf, township, grid or unit.",
    ),
    "no_coast_title": ("还没有岸线", "There is no coast yet"),
    "no_coast_mend": (
        "请管理员运行 shoregrid import 工作区 coast 文件。",
        "An administrator can run shoregrid import WS coast FILE.",
    ),
    "broken_title": ("这一步没有成功", "That did not work"),
    "broken_mend": (
        "请重新载入页面再试；若仍出现，请把时间和此页地址告诉管理员。",
        "Reload and try again; if it stays, tell an administrator the time and this address.",
    ),
    "reload": ("重新载入", "Reload"),
    "offline": ("连接中断，正在重试", "Connection lost, trying again"),
    # map
    "map": ("岸线风险地图", "Map of coastline risk"),
    "map_help": (
        "地图内容在「列表」里有同样的表格，可用键盘操作。",
        "The list holds the same as the map, and works by keyboard.",
    ),
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "zoom_all": ("看全部", "See all"),
    "my_section": ("只看我的岸段", "My section only"),
    "legend": ("风险", "Risk"),
    "legend_missing": ("虚线：部分数据缺失", "dashed: some data missing"),
    "layers": ("图层", "Layers"),
    "layer_sections": ("责任岸段", "Sections"),
    "layer_zones": ("重点巡防区", "Priority zones"),
    "layer_patrols": ("巡逻路线与卡点", "Patrols and checkpoints"),
    "checkpoint": ("卡点", "Checkpoint"),
    "patrol_route": ("{n} 点，{km} km", "{n} stops, {km} km"),
    "layer_wharves": ("码头", "Wharves"),
    "layer_risk_points": ("风险点", "Risk points"),
    "layer_facilities": ("防控设施", "Facilities"),
    "layer_viewsheds": ("监控可视范围", "Camera cover"),
    "layer_incidents": ("案事件", "Incidents"),
    "layer_behaviours": ("可疑行为（72 小时内）", "Behaviours (72 h)"),
    "layer_stops": ("停留（24 小时内）", "Stops (24 h)"),
    "layer_count": (
        "{layer}：共 {n} 起；密处合成一个数字，放大后分开。",
        "{layer}: {n} in all. Close ones share a number; zoom in to part them.",
    ),
    "crowd": ("{n} 起，点按放大", "{n} here: press to zoom in"),
    "layer_tracks": ("船舶轨迹（24 小时内）", "Vessel tracks (24 h)"),
    "layer_loading": ("正在载入{layer}……", "Loading {layer}…"),
    "layer_empty": ("{layer}：此处没有", "{layer}: none here"),
    "tracks_thinned": (
        "轨迹点太多，只画了 {n} 个点；放大地图可看全。",
        "Too many track points: {n} are drawn. Zoom in to see them all.",
    ),
    "attribution": ("数据来源", "Sources"),
    "printed": ("{name} 打印于 {t}", "Printed by {name}, {t}"),
    "sheet": ("拉开或收起说明", "Open or fold the details"),
    # panel
    "panel": ("岸段说明", "What is known of this segment"),
    "panel_empty": (
        "点一下岸线，看这一段为什么有风险、谁负责。",
        "Press the shore to see why a stretch is at risk and who answers for it.",
    ),
    "top": ("本班次最要紧的岸段", "Riskiest this shift"),
    "top_all": ("看完整列表", "See the whole list"),
    "zones": ("重点巡防区", "Priority zones"),
    "zones_none": (
        "这个班次没有重点巡防区。",
        "No priority zones for this shift.",
    ),
    "zone": ("{rank} 号区", "Zone {rank}"),
    "zone_gone": ("移出：{where} {km} km，{why}", "Moved out: {where}, {km} km, {why}"),
    "zone_legend": ("重点巡防区：最值得巡", "Zone: most worth a patrol"),
    "explored": ("探索", "Exploration"),
    "explored_legend": (
        "探索：抽签抽中，非因风险高",
        "Exploration: by lot, not for risk",
    ),
    "explored_many": ("探索：抽中 {n} 处，共 {km} km", "Exploration: {n} drawn by lot, {km} km"),
    "explored_row": ("探索 {percent} %", "drawn, {percent} %"),
    "clear": ("返回本班次概况", "Back to the shift"),
    "copy_link": ("复制链接", "Copy link"),
    "copied": ("已复制", "Copied"),
    "segment": ("岸段", "Segment"),
    "chainage": ("里程 {a}–{b} km", "km {a}–{b}"),
    "shore_island": ("海岛", "island"),
    "shore_inner": ("港内岸线", "inner shore"),
    "unassigned": ("未划入责任岸段", "in no section"),
    "score": ("风险分", "Risk score"),
    "score_of": ("{score} 分，满分 100", "{score} of 100"),
    "interval": ("区间 {lo}–{hi}", "range {lo}–{hi}"),
    "interval_none": ("数据齐全", "no data missing"),
    "pillars": ("三个方面", "Three sides of it"),
    "pillar_threat": ("威胁", "Threat"),
    "pillar_opportunity": ("条件", "Opportunity"),
    "pillar_guardianship_deficit": ("防守缺口", "Guard gap"),
    "why": ("为什么", "Why"),
    "why_points": ("分", "points"),
    "why_rest": ("其余 {n} 项", "{n} more"),
    "why_base": ("起点", "Starting point"),
    "why_sum": (
        "起点与各项相加即为风险分。",
        "The starting point and all parts add up to the score.",
    ),
    "why_prior": ("缺数据，按先验估计", "no data: prior used"),
    "missing_here": ("缺少：{what}", "Missing: {what}"),
    "tide": ("潮汐", "Tide"),
    "tide_alt": (
        "{span} 潮位 {lo} 至 {hi} 米；{windows}",
        "Tide {span}: {lo} to {hi} m; {windows}",
    ),
    "tide_landable": ("可登滩 {windows}", "landable {windows}"),
    "tide_not_landable": ("本班次不可登滩", "not landable this shift"),
    "tide_unknown": ("登滩门槛未知", "landing threshold unknown"),
    "tide_threshold": ("登滩门槛 {h} m", "landable from {h} m"),
    "tide_none": (
        "没有潮汐数据。导入潮汐常数后这里会显示潮位曲线。",
        "No tide data. Import tide constants and the curve will show here.",
    ),
    "tide_station": ("潮位站 {note}；基准 {datum}", "station {note}; datum {datum}"),
    "datum_MSL": ("平均海面", "mean sea level"),
    "estimated": ("估算", "estimated"),
    "estimated_long": (
        "这里没有水深数据，登滩门槛按岸滩类型估算。",
        "No depth is known here: the landing threshold is estimated from the kind of shore.",
    ),
    "depth_made": ("编造的水深", "made depth"),
    "landable_of": ("可登滩 {share}", "landable {share}"),
    "landable_of_estimated": (
        "可登滩 {share}，其中 {part} 为估算",
        "landable {share}, {part} of it estimated",
    ),
    "strip_key_estimated": ("估算", "estimated"),
    "legend_estimated": (
        "斜纹：其中按岸滩类型估算的",
        "hatched: estimated from the kind of shore",
    ),
    "due": ("待办", "Due"),
    "due_none": ("这里没有逾期的巡查和故障设施。", "No overdue checks or broken facilities here."),
    "due_unknown": (
        "还没有设施和巡查数据，不知道有没有逾期。导入后这里会列出。",
        "No facilities or checks are in this workspace yet. Import them to see what is overdue.",
    ),
    "who": ("谁负责", "Who answers"),
    "who_none": (
        "还没有登记负责人。请管理员导入值守名单（shoregrid import 工作区 posts 文件）。",
        "No one is listed. An administrator can import posts (shoregrid import WS posts FILE).",
    ),
    "call": ("拨打 {name} {phone}", "Call {name} {phone}"),
    "role_section_chief": ("段长", "Section chief"),
    "role_area_head": ("片长", "Area head"),
    "role_wharf_chief_1": ("一级码长", "Wharf chief, level 1"),
    "role_wharf_chief_2": ("二级码长", "Wharf chief, level 2"),
    "role_wharf_chief_3": ("三级码长", "Wharf chief, level 3"),
    "role_wharf_chief_4": ("四级码长", "Wharf chief, level 4"),
    "role_daily_manager": ("日常管理员", "Daily manager"),
    "role_grid_head": ("网格长", "Grid head"),
    "role_grid_member": ("网格员", "Grid member"),
    "role_wharf_chief": ("码长", "Wharf chief"),
    "role_township_officer": ("镇街人员", "Township officer"),
    "role_responsible_unit": ("责任单位", "Responsible unit"),
    "role_joint_response": ("联合处置队", "Joint response team"),
    "role_command_room": ("指挥室", "Command room"),
    "role_supervisor": ("督导", "Supervisor"),
    "role_analyst": ("研判员", "Analyst"),
    "role_planner": ("规划员", "Planner"),
    "role_liaison": ("联络员", "Liaison"),
    "role_admin": ("管理员", "Administrator"),
    "role_read_only": ("只读", "Read only"),
    # list
    "list": ("岸段与行为", "Segments and behaviours"),
    "list_caption": (
        "{n} 个岸段单元，{shift}",
        "{n} segments, {shift}",
    ),
    "list_empty": (
        "没有符合条件的岸段。关掉「只看我的岸段」可看全部。",
        "No segments match. Turn off My section only to see all.",
    ),
    "col_rank": ("序", "#"),
    "col_section": ("责任岸段", "Section"),
    "col_place": ("里程 km", "Km"),
    "col_score": ("风险", "Risk"),
    "col_range": ("区间", "Range"),
    "sort_by": ("按{col}排序", "Sort by {col}"),
    "pages": ("翻页", "Pages"),
    # things on the map
    "vessel": ("船舶 {mmsi}", "vessel {mmsi}"),
    # me
    "me": ("我的", "Me"),
    "me_role": ("身份：{role}", "Role: {role}"),
    "me_section": ("我的岸段", "My section"),
    "patrol_sheet": ("巡逻单：谁去哪里", "Patrols: who goes where"),
    "me_km": ("{km} km，{n} 个单元", "{km} km, {n} segments"),
    "display": ("显示", "Display"),
    "about": ("数据说明", "About the data"),
    **COAST,
    **DATA,
    **BOUNDARIES,
    **OGC,
    **DAY,
    **EVENTS,
    **FORECAST,
    **PLACES,
}


def t(key: str, lang: str, **fields: object) -> str:
    """Return one text in one language, its fields filled in."""
    zh, en = WORDS[key]
    text = zh if lang == "zh" else en
    return text.format(**fields) if fields else text


def known(prefix: str, name: object, lang: str) -> str:
    """Return the word for a code such as a kind or a role; a code without one as it stands."""
    key = f"{prefix}_{name}"
    return t(key, lang) if key in WORDS else str(name).replace("_", " ")


def half(text: str | None, lang: str) -> str:
    """Return the asker's half of a text that its owner wrote as "zh / en" or "zh · en"."""
    halves = re.split(r" [/·] ", text or "", maxsplit=1)
    return halves[0] if lang == "zh" else halves[-1]


def listed(names: list[str], lang: str) -> str:
    """Join names as a list in running text."""
    return ("、" if lang == "zh" else ", ").join(names)


def language(wish: str | None) -> Lang:
    """Return the language chosen before, else Chinese: whatever the browser would like."""
    return "en" if wish == "en" else "zh"
