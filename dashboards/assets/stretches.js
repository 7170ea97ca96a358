/* The page of coast changes: lines by kind of change, the stretch selected, its list. */
(function () {
  "use strict";

  const app = window.shoregrid;
  const state = { map: null, lines: [], byStretch: new Map(), hidden: new Set(), chosen: 0, halo: null, tip: null };
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const send = (id, value) => window.dash_clientside.set_props(id, { data: value });

  /* Colour and form tell a change: page.css draws the same for legend and list. */
  const FORMS = {
    moved: { weight: 6, core: 2, lineCap: "butt" },
    split: { weight: 5, dashArray: "12 4 2 4", lineCap: "butt" },
    merged: { weight: 6, dashArray: "0.1 9", lineCap: "round" },
    gone: { weight: 4, dashArray: "7 5", lineCap: "butt" },
    new: { weight: 6, lineCap: "round" },
  };

  const SHEET_MS = 220;

  /* Far out, where a stretch is some pixels long, lines are thinner, or they would cover the coast. */
  const FAR = 11;
  const FAR_SHARE = 0.6;

  function thinner(form) {
    return { ...form, weight: form.weight * FAR_SHARE, core: (form.core || 0) * FAR_SHARE };
  }

  function changeStyle(feature, context) {
    const look = context.hideout.tokens[context.hideout.theme];
    const kind = feature.properties.change;
    if (state.hidden.has(kind)) return { stroke: false };
    if (kind === "kept") return { stroke: true, color: look.shore, weight: 1.2, opacity: 0.9 };
    const form = { core: 0, ...FORMS[kind] };
    const far = context.map.getZoom() < FAR;
    return { stroke: true, color: look.change[kind], opacity: 1, lineJoin: "round", coreColor: look.land, ...(far ? thinner(form) : form) };
  }

  /* A shore that moved is a double line: the same path again, thinner, in the colour of the land. */
  function hollow() {
    const renderer = this._renderer;
    renderer._updatePoly(this);
    if (!this.options.core || !renderer._ctx) return;
    const own = { color: this.options.color, weight: this.options.weight };
    this.options.color = this.options.coreColor;
    this.options.weight = this.options.core;
    renderer._updatePoly(this);
    Object.assign(this.options, own);
  }

  function eachChange(feature, layer, context) {
    const p = feature.properties;
    if (state.context !== context) Object.assign(state, { context, lines: [], byStretch: new Map() });
    state.lines.push(layer);
    layer._updatePath = hollow;
    if (!p.stretch) layer.options.interactive = false;
    else state.byStretch.set(p.stretch, [...(state.byStretch.get(p.stretch) || []), layer]);
    if (state.lines.length === 1) window.setTimeout(() => ready(context), 0);
  }

  function ready(context) {
    const first = state.map !== context.map;
    state.map = context.map;
    const group = Object.values(state.lines[0]._eventParents)[0];
    group.on("click", function (event) {
      window.L.DomEvent.stopPropagation(event);
      choose(event.propagatedFrom.feature.properties.stretch);
    });
    group.on("mouseover mousemove", showTip);
    group.on("mouseout", hideTip);
    if (first) {
      app.hold(state.map);
      state.map.on("movestart zoomstart", hideTip);
      state.map.on("click", () => state.chosen && choose(0));
      state.far = state.map.getZoom() < FAR;
      state.map.on("zoomend", function () {
        const far = state.map.getZoom() < FAR;
        if (far !== state.far) restyle((p) => p.stretch);
        state.far = far;
      });
    }
    draw();
    document.documentElement.dataset.map = "ready";
  }

  function showTip(event) {
    const p = event.propagatedFrom.feature.properties;
    const h = state.context.hideout;
    if (!state.tip) state.tip = window.L.tooltip({ opacity: 1, className: "tip", direction: "right", offset: [12, 0] });
    const lengths = [p.old_m, p.new_m].filter((m) => m !== null).map((m) => Math.round(m) + " m").join(" → ");
    const off = p.offset_m === null ? "" : h.offset.replace("{m}", Math.round(p.offset_m));
    state.tip.setContent(app.words(h.kinds[p.change], lengths, off)).setLatLng(event.latlng);
    if (!state.map.hasLayer(state.tip)) state.tip.addTo(state.map);
  }

  function hideTip() {
    if (state.tip) state.tip.remove();
  }

  /* ---- one stretch ---- */
  function choose(stretch) {
    send("changes-stretch", stretch || 0);
  }

  function draw(goThere) {
    if (!state.map || !state.map.getPane("selection")) return;
    if (state.halo) state.map.removeLayer(state.halo);
    state.halo = null;
    const lines = state.byStretch.get(state.chosen);
    if (!lines) return;
    const color = getComputedStyle(document.documentElement).getPropertyValue("--select").trim();
    const paths = lines.map((line) => line.getLatLngs());
    state.halo = window.L.polyline(paths, { interactive: false, pane: "selection", color, weight: 22, opacity: 0.32, lineCap: "round" }).addTo(state.map);
    if (goThere) state.map.fitBounds(state.halo.getBounds(), { padding: [60, 60], maxZoom: 15 });
  }

  function mark() {
    all("[data-stretch]").forEach(function (button) {
      const on = Number(button.dataset.stretch) === state.chosen;
      button.setAttribute("aria-pressed", on ? "true" : "false");
      button.closest("li").classList.toggle("chosen", on);
      if (on) tell(button);
    });
  }

  /* The row chosen bears the way to its place on the risk map; a link in each would slow the page. */
  function tell(button) {
    const row = button.closest("li");
    if (button.dataset.on) {
      state.link = state.link || Object.assign(document.createElement("a"), { className: "open" });
      state.link.textContent = one(".stretches").dataset.open;
      state.link.href = "/?segment=" + encodeURIComponent(button.dataset.on);
      row.append(state.link);
    }
    row.scrollIntoView({ block: "nearest" });
    // A sheet that is on its way down would leave the row below its edge.
    window.setTimeout(() => row.scrollIntoView({ block: "nearest" }), SHEET_MS);
  }

  function show(stretch, first) {
    state.chosen = stretch || 0;
    if (state.link) state.link.remove();
    const root = one("#app");
    root.dataset.selected = state.chosen ? "1" : "0";
    if (state.chosen && root.dataset.sheet === "full") root.dataset.sheet = "half";
    draw(!first);
    mark();
  }

  /* ---- kinds ---- */
  function toggle(button) {
    const kind = button.dataset.kind;
    const on = state.hidden.has(kind);
    if (on) state.hidden.delete(kind);
    else state.hidden.add(kind);
    button.setAttribute("aria-pressed", on ? "true" : "false");
    one("#app").dataset.hidden = [...state.hidden].join(" ");
    restyle((p) => p.change === kind);
  }

  function restyle(wanted) {
    state.lines.forEach((line) => wanted(line.feature.properties) && line.setStyle(changeStyle(line.feature, state.context)));
  }

  function press(button) {
    const stretch = Number(button.dataset.stretch);
    if (stretch !== state.chosen) return choose(stretch);
    return draw(true);
  }

  Object.assign(app, { changeStyle, eachChange, changes: { show, press, toggle, clear: () => choose(0), redraw: () => draw() } });
})();
