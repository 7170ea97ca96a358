/* Styling and behaviour of the map's layers. Dash Leaflet finds these by name (window.shoregrid). */
(function () {
  "use strict";

  const LACKING_DASH = "6 5";
  const NAMES_FROM_ZOOM = 9.5;
  const state = { map: null, layers: new Map(), styling: null, selected: null, halo: null, line: null, names: new Set(), tracks: new Set() };

  function send(id, value) {
    window.dash_clientside.set_props(id, { data: value });
  }

  function level(score) {
    return score < 0 || score === undefined ? 0 : Math.min(5, Math.floor(score / 20) + 1);
  }

  function look(hideout) {
    return hideout.tokens[hideout.theme];
  }

  function dimmed(feature, hideout) {
    return Boolean(hideout.mine) && feature.properties.s !== hideout.mine;
  }

  function landStyle(feature, context) {
    const c = look(context.hideout);
    // Without an outline: an edge of the layer's clip box is not coast.
    return { fill: true, fillColor: c.land, fillOpacity: 1, stroke: false };
  }

  function segmentStyle(feature, context) {
    const h = state.styling || context.hideout;
    const c = look(h);
    const at = feature.properties.i;
    const band = level(h.scores[at]);
    const away = dimmed(feature, h);
    return {
      color: band ? c.risk[band - 1] : c.shore,
      weight: band ? c.width[band - 1] : 2,
      opacity: away ? 0.35 : 1,
      lineCap: "butt",
      lineJoin: "round",
      dashArray: !band || h.lacking[at] === "1" ? LACKING_DASH : null,
      casing: away ? null : c.casing,
    };
  }

  /* Another shift: the same lines in new colours. A changed hideout would build each line anew,
     which takes some ten times as long on a coast of thousands of segments. */
  function restyle(styling) {
    // Scores come in the order of the segments: on a coast imported anew they are another's.
    if (state.first && styling.coast !== state.first.coast) {
      window.location.reload();
      return;
    }
    state.styling = styling;
    state.layers.forEach((layer) => layer.setStyle(segmentStyle(layer.feature, null)));
  }

  /* A casing in one canvas: the same path twice, first a pixel wider on each side. What is dashed
     has a dashed casing, so that its gaps stay open. */
  function cased() {
    const options = this.options;
    if (options.casing && this._renderer._ctx) {
      const own = { color: options.color, weight: options.weight };
      options.color = options.casing;
      options.weight = own.weight + 2;
      this._renderer._updatePoly(this);
      options.color = own.color;
      options.weight = own.weight;
    }
    this._renderer._updatePoly(this);
  }

  function eachSegment(feature, layer, context) {
    const p = feature.properties;
    layer._updatePath = cased;
    state.layers.set(p.id, layer);
    if (state.map !== context.map) {
      state.map = context.map;
      window.requestAnimationFrame(mapReady);
    }
    state.first = state.first || context.hideout;
    if (p.id === state.selected) layer.on("add", () => window.requestAnimationFrame(drawSelection));
  }

  /* One ear and one tip for all segments: thousands of each would cost time at every opening. */
  function listen() {
    const any = state.layers.values().next().value;
    const group = Object.values(any._eventParents)[0];
    group.on("click", function (event) {
      window.L.DomEvent.stopPropagation(event);
      const id = nearest(event.layerPoint) || event.propagatedFrom.feature.properties.id;
      if (state.reach && state.reach.has(id)) return explainReach(id, event.latlng);
      if (state.place) send("place", "");
      send("segment", id);
      return undefined;
    });
    group.on("mouseover mousemove", showTip);
    group.on("mouseout", hideTip);
  }

  function showTip(event) {
    if (!state.tip) {
      state.tip = window.L.tooltip({ opacity: 1, className: "tip", direction: "right", offset: [12, 0] });
    }
    const p = event.propagatedFrom.feature.properties;
    if (state.tipOf !== p.id || event.type === "mouseover") {
      state.tipOf = p.id;
      state.tip.setContent(segmentWords(p));
    }
    state.tip.setLatLng(event.latlng);
    if (!state.map.hasLayer(state.tip)) state.tip.addTo(state.map);
  }

  function hideTip() {
    if (state.tip) state.tip.remove();
  }

  function segmentWords(p) {
    const h = state.styling || state.first;
    const score = h.scores[p.i];
    const known = score !== undefined && score >= 0;
    return words(
      h.sections[p.s] || h.words.unassigned,
      (p.t ? h.words[p.t] + " · " : "") +
        h.words.way.replace("{a}", p.a.toFixed(1)).replace("{b}", p.b.toFixed(1)),
      known ? score + " · " + h.bands[level(score) - 1] : h.words.none,
      state.reach && state.reach.get(p.id)
    );
  }

  /* At a joint two lines are within reach of the pointer: take the one nearer to it. */
  function nearest(point) {
    let best = null;
    let least = Infinity;
    state.layers.forEach(function (layer, id) {
      if (!layer._pxBounds || !layer._pxBounds.contains(point)) return;
      const close = layer.closestLayerPoint(point);
      if (close && close.distance < least) {
        least = close.distance;
        best = id;
      }
    });
    return best;
  }

  /* Text of others never becomes markup. */
  function words(title, ...lines) {
    const box = document.createElement("div");
    const strong = document.createElement("strong");
    strong.textContent = title;
    box.append(strong);
    lines.filter(Boolean).forEach(function (line) {
      const row = document.createElement("div");
      row.textContent = line;
      box.append(row);
    });
    return box;
  }

  /* What every map of ours has: a pane for what is selected, a finger's tolerance, an address. */
  function hold(map) {
    state.map = map;
    map.createPane("selection").style.zIndex = 390;
    // Over the segments: where a vessel may have been takes the place of the risk, not of presses.
    Object.assign(map.createPane("reach").style, { zIndex: 405, pointerEvents: "none" });
    const renderer = map._renderer || map.options.renderer;
    if (renderer) renderer.options.tolerance = window.matchMedia("(pointer: coarse)").matches ? 12 : 4;
    map.on("moveend", () => window.shoregrid.onMoved(map));
    new window.ResizeObserver(function () {
      map.invalidateSize({ animate: false });
      soonPlaceNames();
    }).observe(map.getContainer());
  }

  function mapReady() {
    const map = state.map;
    if (!map.getPane("selection")) {
      hold(map);
      listen();
      map.on("moveend", moved);
      map.on("movestart zoomstart", hideTip);
      map.on("click", function (event) {
        const track = trackAt(event.layerPoint);
        if (track) return explain(track.feature, event.latlng);
        if (state.selected) send("segment", "");
        if (state.place) send("place", "");
        return undefined;
      });
      new window.MutationObserver(drawPlace).observe(document.getElementById("panel-body"), { childList: true });
    }
    document.documentElement.dataset.map = "ready";
    drawSelection();
    drawPlace();
    moved();
    window.shoregrid.onMoved(map);
  }

  function moved() {
    const map = state.map;
    if (!map) return;
    const b = map.getBounds();
    map.getContainer().classList.toggle("far", map.getZoom() < NAMES_FROM_ZOOM);
    placeNames();
    window.clearTimeout(state.timer);
    state.timer = window.setTimeout(function () {
      const box = [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
      send("bbox", box.map((x) => x.toFixed(4)).join(","));
    }, 250);
  }

  function selectPlace(name) {
    state.place = name;
    if (!name) drawPlace();
  }

  /* A ring about the place that the panel tells of; the panel knows where it is. */
  function drawPlace() {
    const map = state.map;
    if (!map || !map.getPane("selection")) return;
    if (state.ring) map.removeLayer(state.ring);
    state.ring = null;
    const told = state.place && document.querySelector("#panel-body [data-at]");
    drawEvent(told && told.dataset.event);
    if (!told) return;
    const at = told.dataset.at.split(",").map(Number);
    const color = getComputedStyle(document.documentElement).getPropertyValue("--select").trim();
    state.ring = window.L.circleMarker(at, { interactive: false, pane: "selection", radius: 17, weight: 5, color, fillOpacity: 0.18, opacity: 0.8 }).addTo(map);
    if (!seen(at)) map.setView(at, Math.max(map.getZoom(), 13));
  }

  /* ---- an event: the way the vessel took, and where it may have been while it was silent ---- */
  async function drawEvent(id) {
    if (state.event === (id || null)) return;
    state.event = id || null;
    dropPath();
    if (!id) return;
    const lang = document.documentElement.lang === "en" ? "en" : "zh";
    const answer = await fetch("/api/events/" + encodeURIComponent(id) + "?lang=" + lang);
    if (!answer.ok) return;
    const told = await answer.json();
    if (state.event !== id) return;
    const style = getComputedStyle(document.documentElement);
    const pen = (name) => style.getPropertyValue(name).trim();
    const drawn = [];
    const reach = (told.reach && told.reach.rows) || [];
    reach.forEach(function ([segment, , shade]) {
      const layer = state.layers.get(segment);
      if (!layer) return;
      const plain = { interactive: false, pane: "reach", lineCap: "round" };
      drawn.push(window.L.polyline(layer.getLatLngs(), { ...plain, weight: 7 + shade, color: pen("--casing") }));
      drawn.push(window.L.polyline(layer.getLatLngs(), { ...plain, weight: 5 + shade, color: pen("--cover-" + (shade + 1)) }));
    });
    state.reach = new Map(reach.map(([segment, , , text]) => [segment, text]));
    if (told.path) {
      const way = { interactive: false, pane: "reach" };
      drawn.push(window.L.polyline(told.path, { ...way, color: pen("--card"), weight: 6, opacity: 0.9 }));
      drawn.push(window.L.polyline(told.path, { ...way, color: pen("--select"), weight: 3, dashArray: ["gap", "chain"].includes(told.k) ? "7 6" : null }));
    }
    state.path = window.L.layerGroup(drawn).addTo(state.map);
    if (reach.length) showReach(reach);
  }

  /* So much of the reach that the likely half of it is in view. */
  function showReach(reach) {
    const whole = reach.reduce((sum, row) => sum + row[1], 0);
    const box = window.L.latLngBounds([state.ring.getLatLng()]);
    let held = 0;
    for (let i = reach.length - 1; i >= 0 && held < whole / 2; i -= 1) {
      const layer = state.layers.get(reach[i][0]);
      if (layer) box.extend(layer.getBounds());
      held += reach[i][1];
    }
    if (!state.map.getBounds().contains(box)) state.map.fitBounds(box, { padding: [48, 48], maxZoom: 13 });
  }

  function explainReach(id, at) {
    const p = state.layers.get(id).feature.properties;
    const box = segmentWords(p);
    const data = document.querySelector(".app").dataset;
    const more = Object.assign(document.createElement("button"), { type: "button", className: "quiet-button", textContent: data.reachWhy });
    more.dataset.segment = id;
    box.append(more);
    popup(box, at);
  }

  function select(id) {
    state.selected = id;
    drawSelection(true);
  }

  function drawSelection(goThere) {
    const map = state.map;
    if (!map || !map.getPane("selection")) return;
    [state.halo, state.line].forEach((shape) => shape && map.removeLayer(shape));
    state.halo = state.line = null;
    const layer = state.selected && state.layers.get(state.selected);
    if (!layer) return;
    const accent = getComputedStyle(document.documentElement).getPropertyValue("--select").trim();
    const path = layer.getLatLngs();
    const plain = { interactive: false, pane: "selection", color: accent, lineCap: "round" };
    state.halo = window.L.polyline(path, { ...plain, weight: 22, opacity: 0.28 }).addTo(map);
    state.line = window.L.polyline(path, { ...plain, weight: 12, opacity: 0.9 }).addTo(map);
    if (goThere === true && !inView(layer)) map.setView(layer.getBounds().getCenter(), Math.max(map.getZoom(), 12));
  }

  /* What the sheet or a side list covers does not count as seen. */
  function inView(layer) {
    return seen(layer.getBounds().getCenter()) && state.map.getZoom() >= 10;
  }

  function seen(place) {
    const map = state.map;
    const box = map.getContainer().getBoundingClientRect();
    const at = map.latLngToContainerPoint(place);
    const under = document.elementFromPoint(box.left + at.x, box.top + at.y);
    return Boolean(under) && map.getContainer().contains(under);
  }

  function layerStyle(feature, context) {
    const h = context.hideout;
    const c = look(h);
    switch (h.layer) {
      case "sections":
        return { color: feature.properties.odd ? c.accent : c.quiet, weight: 9, opacity: 0.16, lineCap: "butt" };
      case "zones":
        // What is explored is barred across, so that it is told apart without its colour.
        return feature.properties.part === "explore"
          ? { color: c.select, weight: 20, opacity: 0.6, lineCap: "butt", dashArray: "3 5", fill: false }
          : { color: c.select, weight: 20, opacity: 0.32, lineCap: "round", fill: false };
      case "patrols":
        return { color: c.ink, weight: 2, opacity: 0.85, dashArray: "7 5", fill: false };
      case "forecast":
        return { color: c.cover[feature.properties.g - 1], weight: 8 + feature.properties.g, opacity: 0.95, lineCap: "round" };
      case "viewsheds": {
        const off = feature.properties.k === "bad";
        return { color: c.quiet, weight: 1, opacity: 0.7, dashArray: off ? "4 4" : null, fillColor: c.view, fillOpacity: off ? 0.06 : 0.3 };
      }
      case "tracks":
        return { color: c.track, weight: 1, opacity: 0.7 };
      default:
        return { color: c.ink, weight: 2, fillOpacity: 0.6 };
    }
  }

  const SIGNS = {
    wharf: "wharf", risk: "risk", ok: "facility", bad: "facility bad", incident: "incident",
    stop: "patrol-stop", checkpoint: "checkpoint",
  };

  /* Many things close together: one sign with their number, larger with more. */
  function clusterPoint(feature, latlng, index, context) {
    const n = feature.properties.point_count;
    soonPlaceNames();
    const size = n < 10 ? 26 : n < 100 ? 32 : 40;
    const icon = window.L.divIcon({ className: "crowd crowd-" + context.hideout.layer, html: String(n), iconSize: [size, size] });
    const text = document.querySelector(".app").dataset.crowd.replace("{n}", n);
    return window.L.marker(latlng, { icon, keyboard: false, alt: text, title: text });
  }

  /* What is drawn and has no panel, in words. */
  function explain(feature, at) {
    const p = feature.properties;
    const data = document.querySelector(".app").dataset;
    const box = words(p.label, ...p.sub.split(" · "), p.made ? data.made : "");
    if (p.made) box.lastElementChild.className = "mark made";
    if (p.mmsi) {
      const way = Object.assign(document.createElement("a"), { href: "/?page=data&mmsi=" + p.mmsi, textContent: data.vessel, className: "to-vessel" });
      box.append(way);
    }
    popup(box, at);
  }

  function popup(box, at) {
    const data = document.querySelector(".app").dataset;
    hideTip();
    window.L.popup({ className: "told", maxWidth: 280, autoPanPadding: [16, 56] })
      .setLatLng(at).setContent(box).openOn(state.map);
    const shut = state.map.getContainer().querySelector(".leaflet-popup-close-button");
    if (shut) shut.setAttribute("aria-label", data.close);
  }

  /* Tracks lie in a canvas under that of the segments, which takes all that is pressed. */
  const TRACK_PX = 6;

  function trackAt(point) {
    const near = [...state.tracks].map((layer) => ({ layer, off: (layer.closestLayerPoint(point) || {}).distance }));
    const best = near.filter((one) => one.off <= TRACK_PX).sort((a, b) => a.off - b.off)[0];
    return best && best.layer;
  }

  function dropPath() {
    if (state.path) state.map.removeLayer(state.path);
    state.path = state.reach = null;
    if (state.map) state.map.closePopup();
  }

  function layerPoint(feature, latlng) {
    const p = feature.properties;
    const sign = p.e ? "ev sign-" + p.k + (p.high ? " high" : "") : SIGNS[p.k] || "other";
    const grade = p.g ? " grade-" + p.g : "";
    const side = p.e ? (p.high ? 26 : 20) : 18;
    const icon = window.L.divIcon({
      className: "sign sign-" + sign + grade + (p.made ? " is-made" : ""),
      iconSize: [side, side],
    });
    return window.L.marker(latlng, { icon: icon, keyboard: false, alt: p.label });
  }

  function eachThing(feature, layer, context) {
    const p = feature.properties;
    if (p.cluster || p.part === "explore" || context.hideout.layer === "forecast") return;
    const made = p.made ? document.querySelector(".app").dataset.made : "";
    if (context.hideout.layer === "sections" || context.hideout.layer === "zones") {
      layer.bindTooltip(words(p.label), {
        permanent: true, direction: "right", offset: [14, 0], interactive: false,
        className: "label label-" + context.hideout.layer,
      });
      layer.on("add", function () {
        layer.openTooltip(middle(layer));
        state.names.add(layer);
        soonPlaceNames();
      });
      layer.on("remove", () => state.names.delete(layer));
      return;
    }
    if (p.p) {
      layer.on("click", function (event) {
        window.L.DomEvent.stopPropagation(event);
        state.map.closePopup();
        if (state.selected) send("segment", "");
        send("place", p.p);
      });
    } else if (layer.getLatLng) layer.on("click", () => explain(feature, layer.getLatLng()));
    else if (p.mmsi) {
      layer.on("add", () => state.tracks.add(layer));
      layer.on("remove", () => state.tracks.delete(layer));
    }
    const rank = p.e && p.rank !== null ? document.querySelector(".app").dataset.rank + " " + p.rank.toFixed(2) : "";
    layer.bindTooltip(words(p.label, p.sub, rank, made), { opacity: 1, className: "tip", sticky: !layer.getLatLng });
  }

  /* A name stands at the middle of the longest line, not at the middle of many islands. */
  function middle(layer) {
    const lines = [].concat(layer.getLatLngs());
    const parts = Array.isArray(lines[0]) ? lines : [lines];
    const longest = parts.reduce((a, b) => (b.length > a.length ? b : a));
    return longest[Math.floor(longest.length / 2)];
  }

  /* ---- names: each at the first place along its line that is in view and free ---- */
  const ASIDE = 20;
  const MOST_PLACES = 40;

  function soonPlaceNames() {
    window.clearTimeout(state.naming);
    state.naming = window.setTimeout(placeNames, 60);
  }

  function placeNames() {
    const map = state.map;
    if (!map) return;
    const frame = map.getContainer().getBoundingClientRect();
    const room = { left: 4, top: 4, right: frame.width - 4, bottom: frame.height - 4 };
    const taken = [];
    document.querySelectorAll(".crowd, .sign, .legend, .layers, .zoom, .credit, .leaflet-control-scale").forEach(function (el) {
      const at = el.getBoundingClientRect();
      if (!at.width) return;
      taken.push({ left: at.left - frame.left, top: at.top - frame.top,
                   right: at.right - frame.left, bottom: at.bottom - frame.top });
    });
    const order = [...state.names].sort((a, b) => weight(a) - weight(b));
    order.forEach(function (layer) {
      const name = layer.getTooltip();
      const el = name && name.getElement();
      if (!el || !el.offsetWidth) return;
      const spot = freeSpot(layer, el.offsetWidth, el.offsetHeight, room, taken);
      el.classList.toggle("crowded", !spot);
      if (!spot) return;
      taken.push(spot.box);
      name.setLatLng(map.containerPointToLatLng([spot.left - ASIDE, spot.y]));
    });
  }

  /* Zones in their order, then the reader's own section, then the others. */
  function weight(layer) {
    const p = layer.feature.properties;
    if (p.rank) return p.rank;
    const h = state.styling || state.first;
    return h && p.id && p.id === h.mine ? 1000 : 1001;
  }

  function freeSpot(layer, width, height, room, taken) {
    const bounds = state.map.getBounds();
    const seen = [middle(layer), ...flat(layer.getLatLngs())].filter((at) => bounds.contains(at));
    const every = Math.ceil(seen.length / MOST_PLACES);
    const places = seen.filter((at, i) => i % every === 0);
    // A zone is short and thick: its name goes beside it. A section's goes near its middle.
    const zone = Boolean(layer.feature.properties.rank);
    const from = { right: [...places], left: [...places] };
    if (zone) {
      from.right.sort((a, b) => b.lng - a.lng);
      from.left.sort((a, b) => a.lng - b.lng);
    }
    for (let i = 0; i < places.length; i += 1) {
      for (const side of ["right", "left"]) {
        const at = state.map.latLngToContainerPoint(from[side][i]);
        const left = side === "right" ? at.x + ASIDE : at.x - ASIDE - width;
        const box = { left, right: left + width, top: at.y - height / 2, bottom: at.y + height / 2 };
        const inside = box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
        if (inside && !taken.some((other) => meet(box, other))) return { left, y: at.y, box };
      }
    }
    return null;
  }

  function flat(latlngs) {
    return latlngs.length && Array.isArray(latlngs[0]) ? latlngs.flatMap(flat) : latlngs;
  }

  function meet(a, b) {
    return a.left < b.right + 4 && b.left < a.right + 4 && a.top < b.bottom + 2 && b.top < a.bottom + 2;
  }

  window.shoregrid = {
    landStyle, segmentStyle, eachSegment, layerStyle, layerPoint, clusterPoint, eachThing, placeNames,
    select, selectPlace, send, restyle, hold, words, onMoved: function () {},
    map: () => state.map,
    layerOf: (id) => state.layers.get(id),
    redrawSelection: function () { drawSelection(false); drawEvent(null); drawPlace(); },
  };
})();
