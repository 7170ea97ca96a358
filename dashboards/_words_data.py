"""The words of the page that tells how well the AIS comes in, and of vessels."""

DATA: dict[str, tuple[str, str]] = {
    "nav_data": ("数据", "Data"),
    "data": ("数据", "Data"),
    "data_map": ("覆盖图", "Map of coverage"),
    "data_map_help": (
        "每格有多少位置报告；右侧说明同样写明。",
        "How many positions each cell holds; the panel tells the sums.",
    ),
    "data_panel": ("数据说明", "About the data"),
    "data_none_title": ("还没有 AIS 数据", "There is no AIS yet"),
    "data_none_mend": (
        (
            "录入 AIS 后，这里按来源和日期列出收到多少、迟多久、拒了什么：请运行 "
            "shoregrid ingest 工作区 文件。"
        ),
        (
            "Once AIS is taken in, this page tells per source and day what came, how late, and "
            "what was refused: run shoregrid ingest WS FILE."
        ),
    ),
    "data_denied_title": ("你的角色看不到数据页", "Your role does not see the data page"),
    "data_denied_mend": (
        "研判员、规划员、联络员、督导和管理员可以看。需要时请管理员调整你的角色。",
        (
            "Analysts, planners, liaison officers, supervisors and administrators do. "
            "Ask an administrator if you need it."
        ),
    ),
    "data_sum": (
        "最近一天 {day}（UTC）：{sources} 个来源，{rows}行。",
        "Latest day, {day} (UTC): {sources} sources, {rows} rows.",
    ),
    "data_wrong": ("异常 {n} 处：{what}。", "{n} things are wrong: {what}."),
    "data_wrong_one": ("异常 1 处：{what}。", "One thing is wrong: {what}."),
    "data_wrong_more": ("等", "and others"),
    "data_before": (
        "其余各日标出 {n} 处（见表）。",
        "Marked on other days: {n} (see the table).",
    ),
    "data_well": ("没有异常。", "Nothing is wrong."),
    "data_back": ("返回当日概况", "Back to the day"),
    # the table of sources and days
    "feeds": ("来源与日期", "Sources and days"),
    "feeds_caption": (
        "每格上为行数、下为船数；日期为 UTC。点格看说明，方向键移动。",
        "In each cell rows, under them vessels; days are UTC. Press one for more; arrows move.",
    ),
    "feeds_source": ("来源", "Source"),
    "feeds_all": ("全部来源", "All sources"),
    "feeds_earlier": ("更早的日期", "Earlier days"),
    "feeds_later": ("更晚的日期", "Later days"),
    "feeds_more": (
        "只列行数最多的 {most} 个来源，另有 {n} 个。全表：shoregrid status 工作区 --json。",
        (
            "The {most} sources with most rows are listed; {n} more are not. The whole table: "
            "shoregrid status WS --json."
        ),
    ),
    "feeds_undated": ("无时间", "no time"),
    "feeds_undated_long": ("时间不明的行", "rows without a known time"),
    "feeds_nothing": ("无数据", "nothing"),
    "feed_rows": ("{n} 行", "{n} rows"),
    "feed_vessels": ("{n} 艘船", "{n} vessels"),
    # what may be wrong with a day of a source
    "sign_silent": ("静默", "silent"),
    "sign_late": ("迟 {span}", "late {span}"),
    "sign_fast": ("钟快 {span}", "fast {span}"),
    "sign_slow": ("钟慢 {span}", "slow {span}"),
    "sign_refused": ("拒 {share}", "{share} bad"),
    "sign_silent_long": (
        "静默：此前有数据，当日一行也没有。请检查接收机和线路。",
        "Silent: it had data before, and not one row that day. Check the receiver and the line.",
    ),
    "sign_late_long": (
        "迟到：当日最新位置 {span}后才录入。",
        "Late: taken in {span} after the newest position of that day.",
    ),
    "sign_fast_long": (
        "时钟快 {span}，已按此改正位置时间。请校准该来源的时钟。",
        "Its clock is {span} fast; times of positions are corrected by that. Set the clock.",
    ),
    "sign_slow_long": (
        "时钟慢 {span}，已按此改正位置时间。请校准该来源的时钟。",
        "Its clock is {span} slow; times of positions are corrected by that. Set the clock.",
    ),
    "sign_refused_long": (
        "拒收偏多：{share} 的行不能用，原因见下。",
        "Many refused: {share} of the rows cannot be used; see the reasons below.",
    ),
    "signs": ("异常标准", "What counts as wrong"),
    "signs_told": (
        (
            "静默：此前有数据而当日全无。迟到：超过 {late}才录入（与之后的日期一起补录的不算）。"
            "时钟：偏差超过 {skew}。拒收：超过 {share} 的行。"
        ),
        (
            "Silent: data before, none that day. Late: taken in more than {late} later, unless "
            "together with later days. Clock: off by more than {skew}. Refused: more than {share} "
            "of the rows."
        ),
    ),
    # one day
    "day_of": ("{day}（UTC 时间）", "{day} (UTC)"),
    "day_caption": ("各来源当日情况", "What each source brought"),
    "col_feed_rows": ("行", "Rows"),
    "col_feed_vessels": ("船", "Vessels"),
    "col_feed_delay": ("延迟", "Delay"),
    "col_feed_skew": ("钟差", "Clock"),
    "col_feed_refused": ("拒收", "Refused"),
    "day_nothing": ("这一天没有任何来源的数据。", "No source has data of this day."),
    "feed_nothing": (
        "该来源这一天没有数据。",
        "This source has no data of this day.",
    ),
    "field_rows": ("行数", "Rows"),
    "field_kept": ("保留", "Kept"),
    "field_passed": ("与本系统无关", "Not for us"),
    "field_refused": ("拒收", "Refused"),
    "field_positions": ("位置报告", "Positions"),
    "field_vessels": ("船数", "Vessels"),
    "field_heard": ("时段", "From–to"),
    "field_delay": ("录入延迟", "Delay"),
    "field_skew": ("时钟", "Clock"),
    "field_passed_of": (
        "{n}（其他电文、空行、重复收到）",
        "{n} (other messages, blanks, heard again)",
    ),
    "feed_delay_told": ("最新位置 {span}后录入", "taken in {span} after its newest position"),
    "feed_delay_together": ("{told}，与之后的日期一起", "{told}, together with later days"),
    "feed_skew_fast": ("快 {span}", "{span} fast"),
    "feed_skew_slow": ("慢 {span}", "{span} slow"),
    "feed_skew_none": ("量不出", "cannot be measured"),
    "feed_skew_right": ("准", "right"),
    "seconds_of": ("{n}\u00a0秒", "{n}\u00a0s"),
    "minutes_of": ("{n}\u00a0分", "{n}\u00a0min"),
    "hours_of": ("{n}\u00a0小时", "{n}\u00a0h"),
    "days_of": ("{n}\u00a0天", "{n}\u00a0d"),
    "count_large": ("{n}亿", "{n}M"),
    "count_small": ("{n}万", "{n}k"),
    # what was refused
    "refused": ("拒收的行", "Refused rows"),
    "refused_none": ("没有拒收的行。", "No row was refused."),
    "refused_rows": ("{n} 行 · {share}", "{n} rows · {share}"),
    "refused_samples": ("样本（{n}）", "Samples ({n})"),
    "refused_samples_note": (
        "样本取自这些行所在的文件，每种原因至多 {most} 条。",
        "Samples are of the files that these rows came in, at most {most} a reason.",
    ),
    "refused_sample_at": ("{file} 第 {row} 行", "{file}, row {row}"),
    "refused_bad_checksum": ("校验和不符", "checksum does not match"),
    "refused_bad_checksum_mend": (
        "传输中损坏；请向来源索取完好的副本。",
        "The line was damaged on its way; ask the source for a clean copy.",
    ),
    "refused_cut_line": ("行不完整", "line cut short"),
    "refused_cut_line_mend": (
        "请向来源索取完整的文件。",
        "The line is incomplete; ask the source for the whole file.",
    ),
    "refused_bad_tag_block": ("标签块校验不符", "tag block does not match"),
    "refused_bad_tag_block_mend": (
        "标签块中的时间不可信；请检查转发设备。",
        "The tag block's own checksum fails, so its time cannot be trusted.",
    ),
    "refused_bad_fields": ("语句格式不对", "not well formed"),
    "refused_bad_fields_mend": (
        "请检查接收机的输出。",
        "Not a well-formed AIS sentence; check the receiver's output.",
    ),
    "refused_not_nmea": ("不是 NMEA 语句", "not NMEA"),
    "refused_not_nmea_mend": (
        "既非语句也非注释；请删除该行。",
        "Neither an NMEA sentence nor a comment; remove the line.",
    ),
    "refused_incomplete_multipart": ("多段电文缺段", "parts of a message missing"),
    "refused_incomplete_multipart_mend": (
        "各段缺失或乱序；无须处理。",
        "Parts of this message are missing or out of order; nothing to mend.",
    ),
    "refused_unknown_type": ("没有这种电文", "no such message type"),
    "refused_unknown_type_mend": (
        "AIS 只有 1 至 27 号电文；多半已损坏。",
        "AIS has types 1 to 27; most likely a damaged message.",
    ),
    "refused_short_payload": ("电文太短", "message too short"),
    "refused_short_payload_mend": (
        "位置或船名之前即告中断；无须处理。",
        "The message ends before its place or name; nothing to mend.",
    ),
    "refused_bad_message": ("电文无法解码", "cannot be decoded"),
    "refused_bad_message_mend": (
        "多半已损坏；无须处理。",
        "The decoder refuses this message; most likely damaged.",
    ),
    "refused_no_time": ("没有时间", "no time"),
    "refused_no_time_mend": (
        "请用 --start 说明录制开始的时间，再录入一次。",
        "The line has no time. Say when the recording began with --start.",
    ),
    "refused_future": ("时间在将来", "time in the future"),
    "refused_future_mend": (
        "请检查来源的时钟。",
        "The time lies in the future; check the clock of the source.",
    ),
    "refused_bad_time": ("时间读不出", "time cannot be read"),
    "refused_bad_time_mend": (
        "请对照来源格式检查时间列。",
        "The time cannot be read; check the column's format against the dialect.",
    ),
    "refused_bad_mmsi": ("MMSI 不对", "not an MMSI"),
    "refused_bad_mmsi_mend": (
        "应为 1 至 999999999；船台没有设好。",
        "An MMSI is a number from 1 to 999999999; the transmitter is not set up.",
    ),
    "refused_no_position": ("没有定位", "no position fix"),
    "refused_no_position_mend": (
        "发送时船台没有定位；无须处理。",
        "The transmitter had no position fix; nothing to mend.",
    ),
    "refused_bad_position": ("经纬度超出范围", "position out of range"),
    "refused_bad_position_mend": (
        "经度或纬度不可能；无须处理。",
        "Latitude or longitude is out of range; nothing to mend.",
    ),
    "refused_on_land": ("位置在陆地深处", "position far inland"),
    "refused_on_land_mend": (
        "离海岸过远；无须处理。",
        "Further inland than the coast's error allows; nothing to mend.",
    ),
    "refused_bad_row": ("列数与表头不符", "columns do not fit the header"),
    "refused_bad_row_mend": (
        "请改正该行的逗号或引号。",
        "The row has more or fewer columns than the header; mend its commas or quotes.",
    ),
    "refused_long_line": ("行过长", "line too long"),
    "refused_long_line_mend": (
        "AIS 的一行不到 64 KiB；文件已损坏或不是文本。",
        "A line of AIS is under 64 KiB; the file is damaged or not text.",
    ),
    "refused_bad_json": ("不是 JSON 对象", "no JSON object"),
    "refused_bad_json_mend": (
        "请向来源索取完好的副本。",
        "The line is no JSON object; ask the source for a clean copy.",
    ),
    "refused_not_ais": ("压缩包里的文件不是 AIS", "file in the zip is no AIS"),
    "refused_not_ais_mend": (
        "若本该是 AIS，请解压后查看。",
        "This file in the zip is no AIS; if it should be, unpack it and look.",
    ),
    "refused_bomb": ("解压后大得异常", "unpacks to far too much"),
    "refused_bomb_mend": (
        "请从可信的来源重新获取。",
        "The file unpacks to far more than AIS does; fetch it again from a source you trust.",
    ),
    "refused_truncated": ("压缩文件没有完", "compressed file ends too early"),
    "refused_truncated_mend": (
        "请重新获取文件，再录入一次。",
        "The compressed file ends too early; fetch it again and ingest it again.",
    ),
    "refused_damaged": ("压缩文件损坏", "compressed file damaged"),
    "refused_damaged_mend": (
        "从此处起已损坏；请重新获取文件。",
        "The compressed file is damaged from here on; fetch it again.",
    ),
    # coverage
    "cover": ("覆盖", "Coverage"),
    "cover_rows": ("位置数", "Positions"),
    "cover_vessels": ("船数", "Vessels"),
    "cover_by": ("按什么上色", "Coloured by"),
    "cover_sum": (
        (
            "{cells} 格有位置，共 {rows} 个；每格 {deg}°，最多的一格 {most} 个（{at}）；"
            "另有 {outside} 个在图框外。"
        ),
        (
            "{rows} positions in {cells} cells of {deg}°; the fullest has {most} ({at}); "
            "{outside} more lie beyond the frame."
        ),
    ),
    "cover_none": (
        "档案里没有该来源当日的位置（几个来源报得一样的只存一次）。可换一天或换一个来源。",
        (
            "The archive has no position of this source and day; what several tell alike is kept "
            "once. Choose another day or source."
        ),
    ),
    "cover_tip": ("{rows} 个位置 · {vessels} 艘船", "{rows} positions · {vessels} vessels"),
    "cover_frame": ("图框，只数框内", "frame: counted inside it"),
    "cover_counting": ("正在统计覆盖…", "Counting coverage…"),
    # one vessel
    "vessel_search": ("MMSI、船名或呼号", "MMSI, name or call sign"),
    "vessel_search_label": ("查船", "Look up a vessel"),
    "vessel_search_none": (
        "没有找到。船名可写汉字或拼音的一部分；号码须是 MMSI。",
        "Nothing found. Part of a name will do; a number must be an MMSI.",
    ),
    "vessel_search_more": ("只列前 {n} 艘，请写得更全。", "The first {n} are listed: type more."),
    "vessel_unknown_title": ("没有收到过这个 MMSI", "This MMSI was never heard"),
    "vessel_unknown_mend": (
        "请核对号码，或用船名查找。",
        "Check the number, or search for its name.",
    ),
    "vessel_history": ("船舶档案", "About this vessel"),
    "vessel_unnamed": ("无名船 {mmsi}", "unnamed {mmsi}"),
    "vessel_is": ("类别", "Kind"),
    "vessel_seen": ("见于", "Seen"),
    "vessel_size": ("尺寸", "Size"),
    "vessel_imo": ("IMO 编号", "IMO"),
    "vessel_callsign": ("呼号", "Call sign"),
    "vessel_name": ("船名", "Name"),
    "vessel_ship_type": ("船型", "Type"),
    "vessel_draught": ("吃水", "Draught"),
    "vessel_size_told": ("长 {length} · 宽 {width}", "{length} long · {width} wide"),
    "vessel_hulls": (
        "这个 MMSI 有 {n} 条船在用：{why}。",
        "{n} hulls use this MMSI: {why}.",
    ),
    "vessel_hulls_apart": ("，相距 {km} km", ", {km} km apart"),
    "vessel_hulls_for": ("，同时 {span}", ", together for {span}"),
    "why_at_once": ("同一时间在两处", "in two places at once"),
    "why_in_turn": ("轮流在两处出现", "in two places in turn"),
    "vessel_lists": ("名册", "Lists"),
    "vessel_lists_none": ("不在任何名册上。", "On no list."),
    "vessel_list_unregistered": ("三无船", "unregistered vessel"),
    "vessel_list_modified": ("改装船", "modified vessel"),
    "vessel_list_watch": ("关注船", "watched vessel"),
    "vessel_list_by": ("依据：{basis} {told}", "by {basis} {told}"),
    "vessel_list_over": ("已失效", "not in force"),
    "vessel_list_span": ("有效 {span}", "valid {span}"),
    "basis_mmsi": ("MMSI 号码", "MMSI"),
    "basis_imo": ("IMO 编号", "IMO number"),
    "basis_callsign": ("呼号", "call sign"),
    "basis_hull_number": ("船舷号", "hull number"),
    "basis_name": ("船名", "name"),
    "vessel_versions": ("静态信息沿革（{n} 版）", "What it said of itself ({n} versions)"),
    "vessel_versions_one": ("静态信息（1 版）", "What it said of itself (one version)"),
    "vessel_versions_none": ("没有收到静态信息。", "It sent no static data."),
    "vessel_days": ("哪天由谁收到", "Heard when and by whom"),
    "vessel_days_caption": ("当日位置数与时段（UTC）", "Positions of the day, and from–to (UTC)"),
    "vessel_days_none": ("没有位置报告。", "It sent no position."),
    "vessel_days_more": (
        "只列最近 {most} 行，另有 {n} 行。全表：shoregrid vessel 工作区 {mmsi}。",
        "The latest {most} rows are listed; {n} more: shoregrid vessel WS {mmsi}.",
    ),
    "col_vessel_day": ("日期", "Day"),
    "col_vessel_span": ("时段", "From–to"),
    "kind_ais_vessel": ("船舶", "vessel"),
    "kind_ais_craft": ("母船的小艇", "craft of a parent ship"),
    "kind_ais_handheld": ("手持电台", "handheld radio"),
    "kind_ais_net_beacon": ("网位仪", "net beacon"),
    "kind_ais_base_station": ("基站", "base station"),
    "kind_ais_aid": ("助航标志", "aid to navigation"),
    "kind_ais_SAR": ("搜救航空器或示位标", "search and rescue"),
    "kind_ais_group": ("船组", "group of ships"),
    "why_number_00mid": ("号码是岸台号段（00MID）", "number of a coast station (00MID)"),
    "why_number_0mid": ("号码是船组号段（0MID）", "number of a group (0MID)"),
    "why_number_111mid": ("号码是搜救航空器号段", "number of a rescue aircraft (111MID)"),
    "why_number_97x": ("号码是搜救示位标号段", "number of a rescue beacon (970, 972, 974)"),
    "why_number_99mid": ("号码是航标号段（99MID）", "number of an aid (99MID)"),
    "why_number_979": ("号码是网位仪号段（979）", "number of a net beacon (979)"),
    "why_number_98mid": ("号码是小艇号段（98MID）", "number of a craft (98MID)"),
    "why_number_8mid": ("号码是手持台号段（8MID）", "number of a handheld (8MID)"),
    "why_number_mid": ("号码是船舶号段", "number of a ship"),
    "why_number_unassigned": ("号码不属任何国家", "number that no country gives out"),
    "why_name_battery": ("名字里有电量", "name tells a battery level"),
    "why_name_net": ("名字像网标", "name says net or buoy"),
    "why_only_type_4": ("只发基站电文（4 号）", "sends base station reports alone (type 4)"),
    "why_only_type_21": ("只发航标电文（21 号）", "sends aid reports alone (type 21)"),
    "why_drifts": ("像网标一样漂移", "drifts as beacons do"),
    "why_family": ("附近有连号的同类", "others in its series near by"),
    "kind_ship_3": ("作业船、渔船、游艇等", "fishing, towing, pleasure and others"),
    "kind_ship_30": ("渔船", "fishing"),
    "kind_ship_31": ("拖带", "towing"),
    "kind_ship_32": ("拖带", "towing"),
    "kind_ship_33": ("疏浚", "dredging"),
    "kind_ship_35": ("军用", "military"),
    "kind_ship_36": ("帆船", "sailing"),
    "kind_ship_37": ("游艇", "pleasure craft"),
    "kind_ship_4": ("高速船", "high-speed craft"),
    "kind_ship_50": ("引航", "pilot"),
    "kind_ship_51": ("搜救", "search and rescue"),
    "kind_ship_52": ("拖轮", "tug"),
    "kind_ship_55": ("执法", "law enforcement"),
    "kind_ship_5": ("特种船", "special craft"),
    "kind_ship_6": ("客船", "passenger"),
    "kind_ship_7": ("货船", "cargo"),
    "kind_ship_8": ("油轮", "tanker"),
    "kind_ship_9": ("其他", "other"),
}
