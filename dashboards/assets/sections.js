/* The page of boundaries: sections by colour, cuts that are dragged along the shore, typed or keyed.
   What a cut makes is computed by the server, for every step and some times a second of a drag. */
(function () {
  "use strict";

  const app = window.shoregrid;
  const state = { map: null, lines: [], drawn: null, work: null, marks: [], group: null, busy: false, wanted: null, lineNames: [] };
  const one = (selector) => document.querySelector(selector);
  const send = (id, value) => window.dash_clientside.set_props(id, { data: value });
  const METRES = 111320;
  const STEP_M = 100;
  const NAMES_FROM_ZOOM = 9.5;
  const FORMS = ["moved", "merged", "new", "split", "gone"];

  /* ---- lines ---- */
  function cutStyle(feature, context) {
    const h = context ? context.hideout : state.context.hideout;
    const drawn = state.drawn || h.drawn;
    const theme = document.documentElement.dataset.theme || h.theme;
    const look = h.tokens[theme];
    const i = feature.properties.i;
    const owner = drawn.owner[i];
    const name = drawn.order[owner];
    const chosen = name !== undefined && name === drawn.chosen;
    const moved = (state.moved || (state.moved = new Set(drawn.moved))).has(i);
    return {
      color: owner < 0 ? look.shore : look.change[FORMS[owner % FORMS.length]],
      weight: chosen ? 8 : moved ? 9 : 4,
      opacity: drawn.locked.includes(name) ? 0.45 : 1,
      lineCap: "butt",
      lineJoin: "round",
    };
  }

  function eachCut(feature, layer, context) {
    if (state.context !== context) Object.assign(state, { context, lines: [] });
    state.lines[feature.properties.i] = layer;
    if (feature.properties.i === 0) window.setTimeout(() => ready(context), 0);
  }

  function ready(context) {
    const first = state.map !== context.map;
    state.map = context.map;
    state.drawn = state.drawn || context.hideout.drawn;
    const group = Object.values(state.lines[0]._eventParents)[0];
    group.on("click", function (event) {
      window.L.DomEvent.stopPropagation(event);
      const name = owner(event.propagatedFrom.feature.properties.i);
      if (name) choose(name);
    });
    group.on("mouseover mousemove", showTip);
    group.on("mouseout", () => state.tip && state.tip.remove());
    if (first) {
      app.hold(state.map);
      state.map.on("zoomend", names);
    }
    index();
    draw();
    document.documentElement.dataset.map = "ready";
  }

  const owner = (i) => state.drawn.order[state.drawn.owner[i]];

  function showTip(event) {
    const p = event.propagatedFrom.feature.properties;
    if (!state.tip) state.tip = window.L.tooltip({ opacity: 1, className: "tip", direction: "right", offset: [12, 0] });
    const name = owner(p.i);
    const nobody = state.context.hideout.nobody;
    const km = (p.a / 1000).toFixed(1) + "–" + (p.b / 1000).toFixed(1) + " km";
    state.tip.setContent(app.words(name ? state.drawn.names[name] : nobody, km)).setLatLng(event.latlng);
    if (!state.map.hasLayer(state.tip)) state.tip.addTo(state.map);
  }

  /* ---- the place on a shoreline that is nearest to the pointer, and its chainage ---- */
  function index() {
    state.byLine = new Map();
    state.lines.forEach(function (layer) {
      const p = layer.feature.properties;
      if (!state.byLine.has(p.l)) state.byLine.set(p.l, []);
      state.byLine.get(p.l).push({ p, path: layer.getLatLngs() });
    });
  }

  async function lineNumber(name) {
    if (!state.lineNames.length) {
      const whole = await (await fetch("/api/boundaries/shore")).json();
      state.lineNames = whole.lines;
    }
    return state.lineNames.indexOf(name);
  }

  function snap(at, line) {
    const shrink = Math.cos((at.lat * Math.PI) / 180);
    let best = { d: Infinity };
    (state.byLine.get(line) || []).forEach(function ({ p, path }) {
      let along = 0;
      const parts = [];
      for (let k = 1; k < path.length; k += 1) {
        const [a, b] = [path[k - 1], path[k]];
        const [dx, dy] = [(b.lng - a.lng) * shrink, b.lat - a.lat];
        const length = Math.hypot(dx, dy);
        const t = length ? Math.min(1, Math.max(0, ((at.lng - a.lng) * shrink * dx + (at.lat - a.lat) * dy) / (length * length))) : 0;
        const [x, y] = [a.lng + (b.lng - a.lng) * t, a.lat + (b.lat - a.lat) * t];
        parts.push({ d: Math.hypot((x - at.lng) * shrink, y - at.lat), at: along + length * t, lat: y, lng: x });
        along += length;
      }
      parts.forEach(function (part) {
        if (part.d < best.d) best = { d: part.d, m: p.a + (along ? (part.at / along) * (p.b - p.a) : 0), latlng: [part.lat, part.lng] };
      });
    });
    return best;
  }

  /* ---- cuts ---- */
  function draw() {
    if (!state.map) return;
    state.moved = null;
    state.lines.forEach((layer) => layer.setStyle(cutStyle(layer.feature, null)));
    if (state.dragged === undefined) marks();
    names();
  }

  function marks() {
    const wanted = state.drawn.cuts.filter((cut) => cut.before !== null);
    const same = state.marks.length === wanted.length;
    wanted.forEach(function (cut, n) {
      const mark = same ? state.marks[n] : null;
      if (mark) {
        Object.assign(mark, { cut });
        mark.setLatLng([cut.lat, cut.lon]);
        tell(mark);
      }
    });
    if (same) return;
    state.marks.forEach((mark) => mark.remove());
    state.marks = wanted.map(function (cut) {
      const icon = window.L.divIcon({ className: "cut-mark", iconSize: [24, 24] });
      const mark = window.L.marker([cut.lat, cut.lon], { icon, draggable: editable(), keyboard: true, riseOnHover: true });
      mark.cut = cut;
      mark.addTo(state.map);
      mark.on("dragstart", () => { state.dragged = mark; });
      mark.on("drag", () => dragged(mark));
      mark.on("dragend", () => dropped(mark));
      mark.getElement().addEventListener("keydown", (event) => keyed(event, mark));
      tell(mark);
      return mark;
    });
  }

  function tell(mark) {
    const el = mark.getElement();
    const words = state.context.hideout.point.replace("{a}", state.drawn.names[mark.cut.before]).replace("{b}", state.drawn.names[mark.cut.section_id]);
    const label = words + " " + (mark.cut.chainage_m / 1000).toFixed(3);
    el.setAttribute("aria-label", label);
    el.title = label;
    el.setAttribute("role", "button");
    if (!editable()) el.setAttribute("aria-disabled", "true");
  }

  function editable() {
    const work = state.work || {};
    return state.context.hideout.may && work.state !== "published";
  }

  const moveOf = (cut, to) => ({ op: "move", shoreline_id: cut.shoreline_id, chainage_m: cut.chainage_m, to_m: Math.round(to * 10) / 10 });

  async function dragged(mark) {
    const at = snap(mark.getLatLng(), await lineNumber(mark.cut.shoreline_id));
    if (at.d === Infinity || state.dragged !== mark) return;
    mark.setLatLng(at.latlng);
    mark.to = at.m;
    look({ ...state.work, live: moveOf(mark.cut, at.m) });
  }

  function dropped(mark) {
    state.dragged = undefined;
    const to = mark.to;
    mark.to = undefined;
    if (to === undefined || Math.abs(to - mark.cut.chainage_m) < 1) return draw();
    return push(moveOf(mark.cut, to));
  }

  function keyed(event, mark) {
    const by = { ArrowLeft: -STEP_M, ArrowRight: STEP_M }[event.key];
    if (!by || !editable()) return;
    event.preventDefault();
    event.stopPropagation();
    push(moveOf(mark.cut, mark.cut.chainage_m + by * (event.shiftKey ? 10 : 1)));
  }

  /* ---- names of the sections, in the middle of each ---- */
  function names() {
    if (state.group) state.group.remove();
    state.group = window.L.layerGroup();
    if (state.map.getZoom() >= NAMES_FROM_ZOOM) {
      const runs = new Map();
      state.drawn.owner.forEach((own, i) => { if (own >= 0) runs.set(own, [...(runs.get(own) || []), i]); });
      runs.forEach(function (at, own) {
        const path = state.lines[at[Math.floor(at.length / 2)]].getLatLngs();
        window.L.tooltip(path[0], { permanent: true, direction: "top", className: "label section-name", content: app.words(state.drawn.names[state.drawn.order[own]]) }).addTo(state.group);
      });
    }
    state.group.addTo(state.map);
  }

  /* ---- the work: operations on a version ---- */
  function set(work) {
    state.work = work;
    send("cuts-work", work);
  }

  /* While one look is under way the next one waits, and only the last is asked for. */
  function look(work) {
    if (state.busy) { state.wanted = work; return; }
    state.busy = true;
    send("cuts-work", work);
  }

  function push(op) {
    state.wanted = null;
    set({ ...state.work, ops: [...state.work.ops, op], undone: [], live: null });
  }

  const choose = (name) => set({ ...state.work, live: null, chosen: state.work.chosen === name ? "" : name });
  const value = (id) => ((one("#" + id) || {}).value || "").trim();

  function lead(section) {
    return state.drawn.cuts.filter((cut) => cut.section_id === section);
  }

  function split(section) {
    const m = Number(value("cuts-split_at")) * 1000;
    if (!m) return one("#cuts-split_at").focus();
    const own = lead(section).filter((cut) => cut.chainage_m < m).pop() || lead(section)[0];
    const name = value("cuts-split_name");
    const fresh = state.drawn.fresh[section];
    return push({ op: "cut", shoreline_id: own.shoreline_id, chainage_m: m, section_id: fresh, ...(name ? { name } : {}) });
  }

  let asked = 0;
  function ask(what, more) {
    asked += 1;
    send("cuts-ask", { do: what, n: asked, work: { ...state.work, live: null }, ...more });
  }

  const acts = {
    choose: (el) => choose(el.dataset.section),
    lock: (el) => push({ op: "lock", section_id: el.dataset.section }),
    unlock: (el) => push({ op: "unlock", section_id: el.dataset.section }),
    merge: (el) => push({ op: "merge", section_id: el.dataset.section, into: el.dataset.into }),
    split: (el) => split(el.dataset.section),
    take: (el) => push(JSON.parse(el.dataset.operation)),
    undo: function () {
      const ops = state.work.ops.slice();
      const last = ops.pop();
      set({ ...state.work, ops, undone: [...state.work.undone, last], live: null });
    },
    redo: function () {
      const undone = state.work.undone.slice();
      const last = undone.pop();
      set({ ...state.work, ops: [...state.work.ops, last], undone, live: null });
    },
    drop: () => ask("open", { draft: state.work.draft }),
    theirs: () => ask("open", { draft: state.work.draft }),
    mine: (el) => ask("mine", { offered: JSON.parse(el.dataset.offered), rev: Number(el.dataset.rev) }),
    apart: (el) => ask("apart", { name: el.parentElement.dataset.name }),
    save: function () {
      if (!state.work.draft && !value("cuts-name")) return one("#cuts-name").focus();
      return ask("save", { name: value("cuts-name") });
    },
    ask: () => ask("ask", { chiefs: value("cuts-chiefs"), locked: state.drawn.locked }),
    publish: () => ask("publish", { reason: value("cuts-reason"), from: value("cuts-from") }),
    withdraw: (el) => ask("withdraw", { reason: value("cuts-why"), version: el.dataset.version }),
    submit: () => ask("submit"),
    rebase: () => ask("rebase"),
    approve: () => ask("approve", { reason: value("cuts-reason") }),
    reject: () => ask("reject", { reason: value("cuts-reason") }),
  };

  const press = (el) => acts[el.dataset.cuts](el);

  /* A chainage that is typed: entered, or left, it moves the cut. */
  document.addEventListener("change", function (event) {
    const field = event.target.closest(".cut-row input");
    if (!field || !state.drawn) return;
    const cut = state.drawn.cuts[Number(field.id.slice(4))];
    const m = Number(field.value) * 1000;
    if (field.value !== "" && Math.abs(m - cut.chainage_m) >= 1) push(moveOf(cut, m));
  });

  document.addEventListener("toggle", function (event) {
    if (event.target.id === "cuts-fold" && state.work) state.work.open = event.target.open;
  }, true);

  window.addEventListener("beforeunload", function (event) {
    if (dirty()) event.preventDefault();
  });

  const dirty = () => Boolean(state.work && state.work.ops && JSON.stringify(state.work.ops) !== state.work.kept);

  /* ---- what Dash calls ---- */
  function worked(work) {
    if (!work.live) state.work = work;
    return window.dash_clientside.no_update;
  }

  function drew(drawn) {
    state.busy = false;
    const next = state.wanted;
    state.wanted = null;
    if (!drawn || !drawn.owner) {
      if (drawn && drawn.fault) refused(drawn);
    } else {
      state.drawn = drawn;
      draw();
    }
    if (next && state.dragged !== undefined) look(next);
    return window.dash_clientside.no_update;
  }

  /* What cannot be done is taken back, and said. */
  function refused(drawn) {
    app.notice(drawn.fault, true);
    if (drawn.live) return;
    set({ ...state.work, ops: state.work.ops.slice(0, -1) });
  }

  function opened(draft) {
    if (!state.work || draft === state.work.draft) return window.dash_clientside.no_update;
    ask("open", { draft });
    return window.dash_clientside.no_update;
  }

  Object.assign(app, { cutStyle, eachCut, cuts: { press, worked, drew, opened, clear: () => state.work && state.work.chosen && choose(state.work.chosen), redraw: draw } });
})();
