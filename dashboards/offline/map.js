/* The map that opens from a folder: styling, words in two languages, and one shift at a time.
   Folium builds map and layers; they find these functions by name (window.shoregrid). */
(function () {
  "use strict";

  const LACKING_DASH = "6 5";
  const NEAR_ZOOM = 10.5;
  const NARROW = 700;
  const state = { map: null, data: null, shift: 0, tracks: null, segments: null, zones: [], names: [], lines: {}, reach: null };

  function lang() {
    return document.documentElement.lang === "en" ? 1 : 0;
  }

  function level(score) {
    return score < 0 || score === undefined ? 0 : Math.min(5, Math.floor(score / 20) + 1);
  }

  function scores() {
    return state.data.shifts[state.shift] || { score: [], lo: [], hi: [] };
  }

  /* Text of others never becomes markup. Each language is there; the page shows one. */
  function both(box, text) {
    const pair = Array.isArray(text) ? text : [text, text];
    ["zh", "en"].forEach(function (name, i) {
      const span = document.createElement("span");
      span.lang = name;
      span.textContent = pair[i];
      box.append(span);
    });
    return box;
  }

  function words(title, lines, made) {
    const box = document.createElement("div");
    both(box.appendChild(document.createElement("strong")), title);
    lines.forEach((line) => both(box.appendChild(document.createElement("div")), line));
    if (made) {
      const mark = box.appendChild(document.createElement("div"));
      mark.className = "mark made";
      both(mark, state.data.words.made_one);
    }
    return box;
  }

  /* ---- segments ---- */
  function segmentStyle(feature) {
    const c = state.data.look;
    const now = scores();
    const at = feature.properties.i;
    const band = level(now.score[at]);
    const lacking = band && now.hi[at] > now.lo[at];
    return {
      color: band ? c.risk[band - 1] : c.shore,
      weight: band ? c.width[band - 1] : 2,
      opacity: 1,
      lineCap: "butt",
      lineJoin: "round",
      dashArray: !band || lacking ? LACKING_DASH : null,
    };
  }

  function far(layer) {
    return layer._map.getZoom() < NEAR_ZOOM;
  }

  function painted(layer, change) {
    const own = {};
    Object.keys(change).forEach((key) => (own[key] = layer.options[key]));
    Object.assign(layer.options, change);
    layer._renderer._updatePoly(layer);
    Object.assign(layer.options, own);
  }

  /* A casing in one canvas: the same path twice, first a pixel wider on each side. From afar it
     would be all that is seen of small islands. */
  function cased() {
    painted(this, { color: state.data.look.casing, weight: this.options.weight + (far(this) ? 1 : 2) });
    this._renderer._updatePoly(this);
  }

  function haloed() {
    painted(this, { weight: far(this) ? 4 : this.options.weight });
  }

  function filled(text, values) {
    return text.map((one) => one.replace(/\{(\w+)\}/g, (all, key) => values[key]));
  }

  function segmentWords(p) {
    const w = state.data.words;
    const now = scores();
    const score = now.score[p.i];
    const lines = [];
    const kind = p.t ? w[p.t] : null;
    const way = filled(w.chainage, { a: p.a.toFixed(1), b: p.b.toFixed(1) });
    lines.push(kind ? way.map((one, i) => kind[i] + " · " + one) : way);
    if (score === undefined || score < 0) {
      lines.push(w.not_scored_title);
    } else {
      const band = state.data.bands[level(score) - 1];
      lines.push([0, 1].map((i) => w.score[i] + " " + score + " · " + band[i]));
      if (now.hi[p.i] > now.lo[p.i]) lines.push(filled(w.interval, { lo: now.lo[p.i], hi: now.hi[p.i] }));
    }
    if (state.reach && state.reach.has(p.i)) lines.push(state.reach.get(p.i));
    if (p.e) lines.push(w.estimated);
    if (state.data.chiefs[p.s]) lines.push(state.data.chiefs[p.s]);
    return words(state.data.sections[p.s] || w.unassigned, lines, false);
  }

  function eachSegment(feature, layer) {
    state.lines[feature.properties.i] = layer;
    layer._updatePath = cased;
  }

  /* ---- the other layers ---- */
  function thingStyle(feature) {
    const c = state.data.look;
    const p = feature.properties;
    switch (p.k) {
      case "section": return { color: p.odd ? c.accent : c.quiet, weight: 9, opacity: 0.16, lineCap: "butt" };
      case "zone": return { color: c.select, weight: 20, opacity: 0.32, lineCap: "round", fill: false };
      case "viewshed": return { color: c.tide, weight: 0.5, opacity: 0.7, fillColor: c.tide, fillOpacity: 0.14 };
      case "road": return { color: c.quiet, weight: 1, opacity: 0.6 };
      case "lineage": return { color: c.change[p.c] || c.quiet, weight: 10, opacity: 0.6, lineCap: "butt" };
      default: return { color: c.land, fillColor: c.land, fillOpacity: 1, stroke: false };
    }
  }

  function thingPoint(feature, latlng) {
    const p = feature.properties;
    const grade = p.g ? " grade-" + p.g : "";
    const side = p.k.startsWith("ev ") ? 22 : 18;
    const icon = L.divIcon({ className: "sign sign-" + p.k + grade, iconSize: [side, side] });
    return L.marker(latlng, { icon, keyboard: false, interactive: p.k !== "settlement" });
  }

  function eachThing(feature, layer) {
    const p = feature.properties;
    if (p.n) {
      layer.bindTooltip(words(p.t, [], false), {
        permanent: true, direction: "center", interactive: false, className: "label label-" + p.k,
      });
      layer.on("add", () => layer.openTooltip(middle(layer)));
      state.names.push(layer);
    }
    if (p.k === "section") layer._updatePath = haloed;
    if (p.k === "zone") state.zones.push(layer);
    if (p.d) layer.bindPopup(() => words(p.t, p.d, p.m), popupRoom());
    if (p.path || p.reach) {
      layer.on("popupopen", () => drawEvent(p));
      layer.on("popupclose", () => !p.reach && dropPath());
    }
  }

  /* What the panel covers does not count as seen. */
  function covered() {
    const box = document.querySelector(".panel").getBoundingClientRect();
    return window.innerWidth < NARROW ? [16, box.bottom + 16] : [box.right + 16, 24];
  }

  function popupRoom() {
    const list = document.querySelector(".leaflet-control-layers").getBoundingClientRect();
    const right = window.innerWidth < NARROW ? 64 : window.innerWidth - list.left + 16;
    return { maxWidth: 280, autoPanPaddingTopLeft: covered(), autoPanPaddingBottomRight: [right, 56] };
  }

  function dropPath() {
    if (state.tracks) state.tracks.remove();
    state.tracks = state.reach = null;
  }

  /* The way of a vessel, and where it may have been while it was silent. */
  const SHADES = [0.005, 0.01, 0.02, 0.05];

  function drawEvent(p) {
    dropPath();
    const c = state.data.look;
    const drawn = [];
    state.reach = new Map();
    (p.reach || []).slice().reverse().forEach(function (row) {
      const line = state.lines[row[0]];
      if (!line) return;
      const shade = SHADES.filter((least) => row[1] >= least).length;
      const pen = { pane: "reach", interactive: false, lineCap: "round" };
      drawn.push(L.polyline(line.getLatLngs(), { ...pen, color: c.casing, weight: 7 + shade }));
      drawn.push(L.polyline(line.getLatLngs(), { ...pen, color: c.cover[shade], weight: 5 + shade }));
      state.reach.set(row[0], reachWords(row));
    });
    if (p.path) drawn.push(L.polyline(p.path, { pane: "reach", color: c.made, weight: 3, interactive: false }));
    state.tracks = L.layerGroup(drawn).addTo(state.map);
  }

  function reachWords(row) {
    const w = state.data.words;
    const share = (100 * row[1]).toFixed(1) + " %";
    const clock = { timeZone: state.data.timezone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const at = {};
    if (row[2]) new Intl.DateTimeFormat("en", clock).formatToParts(row[2]).forEach((part) => (at[part.type] = part.value));
    const t = row[2] && `${at.month}-${at.day} ${at.hour}:${at.minute}`;
    const lines = [filled(w.likely, { share })];
    if (t) lines.push(filled(w.earliest, { t }));
    if (row[3] !== null) lines.push(row[3] ? filled(w.landable, { m: row[3] }) : w.not_landable);
    return [0, 1].map((i) => lines.map((line) => line[i]).join(i ? ", " : "，"));
  }

  /* A name stands at the middle of the longest line, not at the middle of many islands. */
  function middle(layer) {
    if (layer.getLatLng) return layer.getLatLng();
    const lines = flat(layer.getLatLngs());
    const longest = lines.reduce((a, b) => (b.length > a.length ? b : a));
    return longest[Math.floor(longest.length / 2)];
  }

  function flat(latlngs) {
    return Array.isArray(latlngs[0]) ? latlngs.flatMap(flat) : [latlngs];
  }

  /* ---- one shift, one language ---- */
  function showShift(at) {
    state.shift = at;
    if (state.segments) state.segments.setStyle(segmentStyle);
    state.zones.forEach(function (zone) {
      if (zone.feature.properties.s === at) state.zoneGroup.addLayer(zone);
      else state.zoneGroup.removeLayer(zone);
    });
    state.map.closePopup();
    placeNames();
  }

  function speak(name) {
    document.documentElement.lang = name;
    document.title = state.data.title[lang()];
    const choice = document.getElementById("shift");
    state.data.shifts.forEach((one, i) => (choice.options[i].textContent = one.name[lang()]));
    document.getElementById("lang").textContent = state.data.words.lang_other[lang()];
    window.requestAnimationFrame(placeNames);
  }

  /* Names that would lie on one another or on the frame give way, in their order. */
  function placeNames() {
    const far = state.map.getZoom() < NEAR_ZOOM;
    state.map.getContainer().classList.toggle("far", far);
    const taken = [...document.querySelectorAll(".panel, .legend, .credit, .leaflet-control")].map((el) => el.getBoundingClientRect());
    const order = [...state.names].sort((a, b) => (a.feature.properties.r || 99) - (b.feature.properties.r || 99));
    order.forEach(function (layer) {
      const el = layer.getTooltip() && layer.getTooltip().getElement();
      if (!el || !state.map.hasLayer(layer)) return;
      el.classList.remove("crowded");
      const box = el.getBoundingClientRect();
      const cut = box.left < 2 || box.right > window.innerWidth - 2;
      const meets = cut || taken.some((b) => box.left < b.right + 4 && b.left < box.right + 4 && box.top < b.bottom + 2 && b.top < box.bottom + 2);
      el.classList.toggle("crowded", meets);
      if (!meets && box.width) taken.push(box);
    });
  }

  function start(map, layers) {
    const data = state.data;
    const segments = layers.segments;
    state.map = map;
    state.segments = segments;
    Object.assign(map.createPane("reach").style, { zIndex: 405, pointerEvents: "none" });
    // What was drawn of an event stays while its reach is read, and goes with a press beside it.
    map.on("click", dropPath);
    Object.keys(layers).forEach((name) => layers[name].addData(data.layers[name]));
    if (state.zones.length) state.zoneGroup = Object.values(state.zones[0]._eventParents)[0];
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    L.control.zoom({ position: "bottomright", zoomInTitle: "+", zoomOutTitle: "−" }).addTo(map);
    const choice = document.getElementById("shift");
    data.shifts.forEach((one, i) => choice.add(new Option("", String(i))));
    choice.value = String(data.at);
    choice.disabled = data.shifts.length < 2;
    choice.addEventListener("change", () => showShift(Number(choice.value)));
    document.getElementById("lang").addEventListener("click", () => speak(lang() ? "zh" : "en"));
    segments.on("click", function (event) {
      L.DomEvent.stopPropagation(event);
      const p = event.propagatedFrom.feature.properties;
      L.popup(popupRoom()).setLatLng(event.latlng).setContent(segmentWords(p)).openOn(map);
    });
    const renderer = map.options.renderer || map._renderer;
    if (renderer) renderer.options.tolerance = window.matchMedia("(pointer: coarse)").matches ? 12 : 4;
    if (window.innerWidth < NARROW) document.querySelectorAll("details[open]").forEach((el) => (el.open = false));
    // A layer switched on would lie over the lines.
    map.on("overlayadd", () => map.hasLayer(segments) && segments.bringToFront());
    map.on("zoomend moveend layeradd layerremove", () => window.requestAnimationFrame(placeNames));
    speak("zh");
    map.fitBounds(data.bounds, { paddingTopLeft: covered(), paddingBottomRight: [24, 56], animate: false });
    showShift(data.at);
    document.documentElement.dataset.map = "ready";
  }

  window.shoregrid = {
    segmentStyle, eachSegment, thingStyle, thingPoint, eachThing, start,
    use: function (data) { state.data = data; },
    state,
  };
})();
