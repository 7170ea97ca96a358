/* The data page: cells of coverage, the table of sources and days, the vessel looked up. */
(function () {
  "use strict";

  const app = window.shoregrid;
  const state = { map: null, cells: [], context: null, measure: "rows", tip: null, chosen: null };
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const send = (id, props) => window.dash_clientside.set_props(id, props);
  const SLOW_MS = 300;

  /* ---- coverage ---- */
  function shade(n, breaks) {
    return breaks.filter((least) => n >= least).length;
  }

  function cellStyle(feature, context) {
    const h = context.hideout;
    const look = h.tokens[h.theme];
    const p = feature.properties;
    if (p.frame) return { stroke: true, color: look.quiet, weight: 1, dashArray: "6 5", fill: false, interactive: false };
    const n = state.measure === "rows" ? p.r : p.v;
    return { stroke: false, fill: true, fillColor: look.cover[shade(n, h.breaks[state.measure]) - 1], fillOpacity: 0.85 };
  }

  function eachCell(feature, layer, context) {
    const p = feature.properties;
    // The frame comes first: with it a new set of cells begins.
    if (p.frame) {
      Object.assign(state, { context, cells: [], sums: p });
      layer.options.interactive = false;
      window.setTimeout(() => ready(layer), 0);
    } else state.cells.push(layer);
  }

  function ready(frame) {
    const first = state.map !== state.context.map;
    state.map = state.context.map;
    if (first) {
      app.hold(state.map);
      state.map.on("movestart zoomstart", hideTip);
    }
    const group = Object.values(frame._eventParents)[0];
    group.on("mouseover mousemove click", showTip);
    group.on("mouseout", hideTip);
    window.clearTimeout(state.waiting);
    one("#notice").textContent = "";
    tell();
    document.documentElement.dataset.map = "ready";
  }

  /* What the map holds, in words beside it. */
  function tell() {
    const { words } = state.context.hideout;
    const p = state.sums;
    const told = one("#cover-told");
    if (!p.cells) told.textContent = words.none;
    else {
      const number = (n) => n.toLocaleString("en");
      const at = Math.abs(p.lat).toFixed(2) + "°" + (p.lat < 0 ? "S" : "N") + " " + Math.abs(p.lon).toFixed(2) + "°" + (p.lon < 0 ? "W" : "E");
      told.textContent = words.sum.replace("{cells}", number(p.cells)).replace("{rows}", number(p.rows - p.outside))
        .replace("{deg}", p.deg).replace("{most}", number(p.most)).replace("{at}", at).replace("{outside}", number(p.outside));
    }
  }

  function showTip(event) {
    const p = event.propagatedFrom.feature.properties;
    if (p.frame) return;
    const words = state.context.hideout.words.tip.replace("{rows}", p.r.toLocaleString("en")).replace("{vessels}", p.v.toLocaleString("en"));
    if (!state.tip) state.tip = window.L.tooltip({ opacity: 1, className: "tip", direction: "right", offset: [12, 0] });
    state.tip.setContent(app.words(words)).setLatLng(event.latlng);
    if (!state.map.hasLayer(state.tip)) state.tip.addTo(state.map);
  }

  function hideTip() {
    if (state.tip) state.tip.remove();
  }

  function measure(name) {
    state.measure = name;
    mark();
    state.cells.forEach((cell) => cell.setStyle(cellStyle(cell.feature, state.context)));
  }

  function mark() {
    one("#app").dataset.measure = state.measure;
    all("[data-measure]").forEach((el) => el.tagName === "BUTTON" && el.setAttribute("aria-pressed", el.dataset.measure === state.measure ? "true" : "false"));
  }

  /* ---- choices ---- */
  function choose(source, day) {
    if (one("#app").dataset.sheet === "full") one("#app").dataset.sheet = "half";
    // A day that the table does not show needs another page of it.
    if (!cellOf("", day)) {
      window.location.search = new URLSearchParams({ page: "data", day, ...(source && { source }) });
      return;
    }
    send("data-chosen", { data: { source, day, mmsi: "" } });
  }

  function look(mmsi) {
    send("data-search", { value: "" });
    send("data-chosen", { data: { ...state.chosen, mmsi } });
  }

  function cellOf(source, day) {
    return all(".feed").find((cell) => cell.dataset.feed === source && cell.dataset.on === day);
  }

  function show(chosen, first) {
    if (!one(".feeds")) return;
    const { source, day, mmsi } = chosen;
    const asked = state.chosen;
    state.chosen = chosen;
    const cell = cellOf(source, day);
    all(".feed").forEach(function (other) {
      other.setAttribute("aria-pressed", other === cell ? "true" : "false");
      other.tabIndex = other === cell ? 0 : -1;
    });
    all(".feeds tbody tr").forEach((row) => row.classList.toggle("chosen", Boolean(source) && row.contains(cell)));
    one("#app").dataset.selected = source || mmsi ? "1" : "0";
    one(".panel").scrollTop = 0;
    if (cell) into(cell);
    mark();
    if (!first && (source !== asked.source || day !== asked.day)) fetchCells(source, day);
    if (!mmsi || first) return;
    if (one("#app").dataset.sheet === "low") one("#app").dataset.sheet = "half";
  }

  /* Scroll the table alone, and leave the names at its left free. */
  function into(cell) {
    const run = one(".feeds-run");
    const box = run.getBoundingClientRect();
    const at = cell.getBoundingClientRect();
    const left = box.left + one(".feeds .feed-name").offsetWidth;
    const top = box.top + one(".feeds thead").offsetHeight;
    if (at.right > box.right) run.scrollLeft += at.right - box.right + 8;
    else if (at.left < left) run.scrollLeft += at.left - left;
    if (at.bottom > box.bottom) run.scrollTop += at.bottom - box.bottom + 8;
    else if (at.top < top) run.scrollTop += at.top - top;
  }

  function fetchCells(source, day) {
    const query = new URLSearchParams({ day, ...(source && { source }) });
    window.clearTimeout(state.waiting);
    state.waiting = window.setTimeout(function () {
      if (state.context) one("#notice").textContent = state.context.hideout.words.counting;
    }, SLOW_MS);
    hideTip();
    send("data-cells", { url: "/api/data/coverage?" + query });
  }

  function clear() {
    if (!state.chosen) return;
    const { source, day, mmsi } = state.chosen;
    send("data-chosen", { data: { source: mmsi ? source : "", day, mmsi: "" } });
  }

  /* ---- arrows move in the table ---- */
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  document.addEventListener("keydown", function (event) {
    const cell = event.target.closest && event.target.closest(".feed");
    const step = STEPS[event.key];
    if (!cell || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const rows = all(".feeds tbody tr").map((row) => Array.from(row.querySelectorAll(".feed")));
    const y = rows.findIndex((row) => row.includes(cell));
    const x = rows[y].indexOf(cell);
    const next = rows[y + step[0]] && rows[y + step[0]][x + step[1]];
    if (!next) return;
    next.focus({ preventScroll: true });
    into(next);
  });

  Object.assign(app, { cellStyle, eachCell, data: { show, choose, look, measure, clear } });
})();
