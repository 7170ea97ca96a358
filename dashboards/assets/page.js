/* What the page does by itself: address, keys, views, sheet, playback. No figures are made here. */
(function () {
  "use strict";

  const here = { shift: null, lang: "zh", theme: "light", player: null };
  const PLAY_MS = 1500;
  const NOTICE_MS = 6000;
  const send = (id, value) => window.dash_clientside.set_props(id, { data: value });
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));

  function keep(name, value) {
    document.cookie = `shoregrid_${name}=${value};path=/;max-age=31536000;samesite=lax`;
  }

  /* ---- the address holds the view ---- */
  const address = new URLSearchParams(window.location.search);

  function write(fields) {
    Object.entries(fields).forEach(function ([name, value]) {
      if (value === null || value === undefined || value === "") address.delete(name);
      else address.set(name, value);
    });
    const query = address.toString().replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%2F/g, "/");
    window.history.replaceState(null, "", window.location.pathname + (query ? "?" + query : ""));
  }

  window.shoregrid.onMoved = function (map) {
    window.clearTimeout(here.moving);
    here.moving = window.setTimeout(function () {
      const c = map.getCenter();
      write({ view: [c.lat.toFixed(4), c.lng.toFixed(4), map.getZoom()].join(",") });
    }, 250);
  };

  function remember(segment, place, shift, layers, mine, own, lang, theme, kinds, least) {
    Object.assign(here, { shift, own, layers: layers || [] });
    one("#app").dataset.layers = here.layers.join(" ");
    look(lang, theme, "theme");
    write({ segment, place, shift, layers: (layers || []).join(","), lang, theme,
            mine: own ? (mine ? 1 : 0) : null });
    const every = all(".kind-boxes input").length;
    // Before the choices stand on the page they say nothing, and the address keeps what it says.
    if (kinds && every) write({ kinds: kinds.length < every ? kinds.join(",") || "none" : null });
    if (least) write({ least: least === "0.2" ? null : least });
    if (!layers || !layers.length) { address.set("layers", ""); }
    if (!here.settled) {
      if (small()) one(".legend-fold").open = false;
      // A strip that was asked for before the shift changed comes back with the old one marked.
      new window.MutationObserver(() => markShift(here.shift)).observe(one("#strip"), { childList: true });
      if (window.location.hash === "#list") show("list");
    }
    here.settled = true;
    markShift(shift);
    window.shoregrid.selectPlace(place);
    markSegment(segment, place);
    return window.dash_clientside.no_update;
  }

  function look(lang, theme, store) {
    Object.assign(here, { lang, theme, themeStore: store });
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = theme;
    keep("lang", lang);
    keep("theme", theme);
  }

  function rememberChanges(coast, stretch, lang, theme) {
    look(lang, theme, "changes-theme");
    write({ page: "changes", coast, stretch: stretch || null, lang, theme });
    if (!here.settled && small()) { const fold = one(".legend-fold"); if (fold) fold.open = false; }
    window.shoregrid.changes.show(stretch, !here.settled);
    here.settled = true;
    return window.dash_clientside.no_update;
  }

  function rememberData(chosen, lang, theme) {
    look(lang, theme, "data-theme");
    write({ page: "data", ...chosen, lang, theme });
    if (!here.settled && small()) { const fold = one(".legend-fold"); if (fold) fold.open = false; }
    window.shoregrid.data.show(chosen, !here.settled);
    here.settled = true;
    return window.dash_clientside.no_update;
  }

  function rememberDay(lang, theme) {
    look(lang, theme, "day-theme");
    write({ page: "day", lang, theme });
    const now = one('.day-shift[aria-current]');
    if (now && !here.settled) now.parentElement.scrollLeft = now.offsetLeft - now.parentElement.offsetLeft - 16;
    here.settled = true;
    return window.dash_clientside.no_update;
  }

  function rememberCuts(work, lang, theme) {
    look(lang, theme, "cuts-theme");
    write({ page: "boundaries", draft: (work && work.draft) || null, lang, theme });
    here.settled = true;
    return window.shoregrid.cuts.worked(work || {});
  }

  function markShift(shift) {
    all("[data-shift]").forEach(function (cell) {
      const on = cell.dataset.shift === shift;
      cell.setAttribute("aria-checked", on ? "true" : "false");
      cell.tabIndex = on ? 0 : -1;
      if (on) showCell(cell);
    });
    if (!one('[data-shift][aria-checked="true"]') && one("[data-shift]")) one("[data-shift]").tabIndex = 0;
  }

  /* Scroll the strip alone, never the page. */
  function showCell(cell) {
    const strip = one("#strip");
    const box = strip.getBoundingClientRect();
    const at = cell.getBoundingClientRect();
    if (at.left < box.left || at.right > box.right) strip.scrollLeft += at.left - box.left - box.width / 3;
  }

  function markSegment(segment, place) {
    window.shoregrid.select(segment);
    all("[data-place]").forEach((row) => row.classList.toggle("chosen", row.dataset.place === place));
    all("[data-row]").forEach((row) => row.classList.toggle("chosen", row.dataset.row === segment));
    const app = one("#app");
    if (!app) return;
    app.dataset.selected = segment || place ? "1" : "0";
    if ((segment || place) && narrow()) {
      show("home");
      app.dataset.sheet = "half";
    }
    const panel = one(".panel");
    if (panel) panel.scrollTop = 0;
  }

  /* ---- views ---- */
  const small = () => window.matchMedia("(max-width: 1279px)").matches;
  const narrow = () => window.matchMedia("(max-width: 699px)").matches;

  function show(view) {
    const app = one("#app");
    const home = app.dataset.home;
    const wanted = view === "home" ? home : view;
    if (wanted === "list" && !one(".side-list")) return;
    const next = app.dataset.view === wanted ? home : wanted;
    app.dataset.view = next;
    all(".rail-entry").forEach((entry) =>
      entry.setAttribute("aria-current", entry.dataset.view === next ? "page" : "false"));
    if (next === "list") window.setTimeout(() => (all(".side-list .list-table button, .event-rows button").find((el) => el.offsetParent) || one(".side-list button")).focus(), 50);
  }

  /* The list holds segments or what vessels did. */
  function list(name) {
    const app = one("#app");
    app.dataset.listing = name;
    all(".side-list [data-listing]").forEach((el) => el.setAttribute("aria-pressed", el.dataset.listing === name ? "true" : "false"));
    if (app.dataset.view !== "list") show("list");
  }

  function clear() {
    if (changing()) return window.shoregrid.changes.clear();
    if (home() === "data") return window.shoregrid.data.clear();
    if (home() === "boundaries") return window.shoregrid.cuts.clear();
    dropPlace();
    return send("segment", "");
  }

  function dropPlace() {
    if (address.has("place")) send("place", "");
  }

  const home = () => one("#app").dataset.home;
  const changing = () => home() === "changes";

  /* ---- days and shifts ---- */
  function notice(text, goes) {
    const box = one("#notice");
    if (!box) return;
    box.textContent = text || "";
    window.clearTimeout(here.fading);
    if (goes) here.fading = window.setTimeout(() => { box.textContent = ""; }, NOTICE_MS);
  }

  async function goToDay(day, wantedHour) {
    const texts = one(".notices").dataset;
    here.dayAsked = day;
    let slow = window.setTimeout(() => notice(texts.scoring.replace("{day}", day)), 300);
    try {
      const answer = await fetch("/api/scores/" + day, { method: "POST" });
      if (answer.status === 401) return over();
      if (!answer.ok) throw new Error(String(answer.status));
      const shifts = await answer.json();
      const hour = wantedHour || (here.shift || "T22:00").slice(-5);
      const wanted = day + "T" + hour;
      // The shift first: the strip is drawn with the one that holds when its day changes.
      send("shift", shifts.includes(wanted) ? wanted : shifts[shifts.length - 1] || "");
      send("day", day);
      window.dash_clientside.set_props("date", { value: day });
      notice("");
    } catch (error) {
      notice(texts.scoringFailed.replace("{day}", day));
    } finally {
      window.clearTimeout(slow);
    }
    return undefined;
  }

  function dayOfStrip() {
    const first = one("[data-shift]");
    return first ? first.dataset.shift.slice(0, 10) : null;
  }

  function stepDay(by) {
    const shown = dayOfStrip();
    if (!shown) return;
    const day = new Date(shown + "T00:00:00Z");
    day.setUTCDate(day.getUTCDate() + by);
    goToDay(day.toISOString().slice(0, 10));
  }

  /* A shift that has no scores yet gets them first. */
  function choose(cell) {
    const shift = cell.dataset.shift;
    if (cell.dataset.scored === "0") goToDay(shift.slice(0, 10), shift.slice(-5));
    else send("shift", shift);
  }

  function step(by) {
    const cells = all("[data-shift]");
    const at = cells.findIndex((cell) => cell.dataset.shift === here.shift);
    const next = cells[at + by];
    if (!next && at >= 0 && here.player === null) return stepOver(by, cells);
    if (!next) return false;
    if (here.player !== null && next.dataset.scored === "0") return false;
    choose(next);
    if (document.activeElement && document.activeElement.dataset.shift) next.focus({ preventScroll: true });
    return true;
  }

  /* Past either end of the strip the day beside it comes, with its first or last shift. */
  function stepOver(by, cells) {
    const end = by < 0 ? cells[0] : cells[cells.length - 1];
    const day = new Date(end.dataset.shift.slice(0, 10) + "T00:00:00Z");
    day.setUTCDate(day.getUTCDate() + by);
    const hours = cells.map((cell) => cell.dataset.shift.slice(-5)).sort();
    goToDay(day.toISOString().slice(0, 10), by < 0 ? hours[hours.length - 1] : hours[0]);
    return true;
  }

  function play(button) {
    const on = here.player === null;
    if (on) {
      here.player = window.setInterval(() => step(1) || play(button), PLAY_MS);
      if (!step(1)) send("shift", all("[data-shift]")[0].dataset.shift);
    } else {
      window.clearInterval(here.player);
      here.player = null;
    }
    button.setAttribute("aria-pressed", on ? "true" : "false");
    const words = button.lastElementChild;
    const other = button.dataset.play;
    button.dataset.play = words.textContent;
    words.textContent = other;
    button.setAttribute("aria-label", other);
    button.firstElementChild.className = "icon " + (on ? "icon-pause" : "icon-play");
  }

  window.shoregrid.notice = notice;

  /* ---- session, connection ---- */
  function over() {
    one("#session-over").hidden = false;
  }

  /* What a layer holds, once, when it has just been asked for. */
  function sayLayer(name, whole) {
    const texts = one(".notices").dataset;
    const asked = here.asked === name;
    const left = leftOut(whole.left || {});
    if (name === "behaviours") one("#events-left").textContent = left;
    if (asked) here.asked = null;
    const fill = (text, n) => text.replace("{layer}", JSON.parse(texts.names)[name]).replace("{n}", n);
    if (name === "tracks" && whole.thinned) notice(texts.thinned.replace("{n}", whole.thinned), true);
    else if (!asked) return;
    else if (whole.why) notice(whole.why, true);
    else if (!whole.features.length) notice(fill(texts.empty), true);
    else if (whole.count !== undefined) notice(fill(texts.count, whole.count) + " " + left, true);
    else notice("");
  }

  /* What the map was not sent, for as long as it is so. */
  function leftOut(left) {
    const texts = one(".notices").dataset;
    return ["below", "beyond"].filter((why) => left[why])
      .map((why) => texts[why].replace("{n}", left[why]).replace("{least}", left.least)).join(" ");
  }

  function sayLoading(name) {
    const texts = one(".notices").dataset;
    notice(texts.loading.replace("{layer}", JSON.parse(texts.names)[name]));
  }

  const fetched = window.fetch;
  window.fetch = async function (...args) {
    const away = one("#offline");
    try {
      const answer = await fetched.apply(this, args);
      if (answer.status === 401) over();
      if (answer.status >= 500 && one("#broken")) one("#broken").hidden = false;
      if (away) away.hidden = true;
      const url = String(args[0] && args[0].url ? args[0].url : args[0]);
      const layer = /\/api\/layers\/(\w+)/.exec(url);
      if (answer.ok && layer) answer.clone().json().then((whole) => sayLayer(layer[1], whole)).catch(() => {});
      return answer;
    } catch (error) {
      if (away && error.name !== "AbortError") away.hidden = false;
      throw error;
    }
  };

  /* ---- clicks and keys ---- */
  const acts = {
    cuts: (el) => window.shoregrid.cuts.press(el),
    stretch: (el) => window.shoregrid.changes.press(el),
    kind: (el) => window.shoregrid.changes.toggle(el),
    feed: (el) => window.shoregrid.data.choose(el.dataset.feed, el.dataset.on),
    place: (el) => { if (address.has("segment")) send("segment", ""); send("place", el.dataset.place); },
    listing: (el) => list(el.dataset.listing),
    mmsi: (el) => window.shoregrid.data.look(el.dataset.mmsi),
    measure: (el) => window.shoregrid.data.measure(el.dataset.measure),
    segment: function (el) { dropPlace(); send("segment", el.dataset.segment); },
    shift: choose,
    clear: clear,
    view: (el) => show(el.dataset.view),
    sort: (el) => send("sort", el.dataset.sort),
    day: (el) => stepDay(Number(el.dataset.day)),
    play: play,
    lang: (el) => { keep("lang", el.dataset.lang); write({ lang: el.dataset.lang }); window.location.reload(); },
    themeSwitch: () => send(here.themeStore, here.theme === "dark" ? "light" : "dark"),
    keys: () => one("#keys").showModal(),
    sheet: () => here.dragged || cycleSheet(),
    reload: () => window.location.reload(),
    bounds: function (el) {
      const [w, s, e, n] = el.dataset.bounds.split(",").map(Number);
      window.shoregrid.map().fitBounds([[s, w], [n, e]], { padding: [40, 40], maxZoom: 14 });
    },
    zoom: function (el) {
      const map = window.shoregrid.map();
      if (el.dataset.zoom === "in") map.zoomIn();
      else if (el.dataset.zoom === "out") map.zoomOut();
      else window.shoregrid.seeAll();
    },
    copy: function (el) {
      const before = el.textContent;
      navigator.clipboard.writeText(window.location.href).then(function () {
        el.textContent = el.dataset.copy;
        window.setTimeout(() => { el.textContent = before; }, 1500);
      });
    },
  };

  window.shoregrid.seeAll = function () {
    const map = window.shoregrid.map();
    const box = one("#app").dataset.bounds.split(",").map(Number);
    map.fitBounds([[box[1], box[0]], [box[3], box[2]]]);
  };

  document.addEventListener("click", function (event) {
    const target = event.target.closest("button, a");
    if (!target || target.closest(".app") === null) return;
    const name = Object.keys(acts).find((act) => act in target.dataset);
    if (!name) return;
    if (target.tagName === "A") event.preventDefault();
    acts[name](target);
  });

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !one("#app")) return;
    const el = event.target;
    const typing = el.closest("input, textarea, select, [role=listbox], dialog");
    if (event.key === "Escape" && !typing) return clear();
    if (typing || el.closest(".leaflet-map")) return undefined;
    if (event.key === "?") return one("#keys").showModal();
    if (home() !== "map") return undefined;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      step(event.key === "ArrowLeft" ? -1 : 1);
      event.preventDefault();
    } else if (event.key === "/") {
      one("#search").focus();
      event.preventDefault();
    } else if (event.key === "l" || event.key === "L") show("list");
    return undefined;
  });

  /* ---- the sheet of a phone: low, half, full ---- */
  const SHEETS = ["low", "half", "full"];

  function cycleSheet() {
    const app = one("#app");
    app.dataset.sheet = SHEETS[(SHEETS.indexOf(app.dataset.sheet) + 1) % SHEETS.length];
  }

  /* It follows the finger and comes to rest at the nearest of the three; a tap goes to the next. */
  const TAP_PX = 6;
  const FLING = 0.5;
  let drag = null;

  function restsAt() {
    const full = window.innerHeight - 104;
    return { low: 76, half: Math.round(window.innerHeight * 0.44), full };
  }

  document.addEventListener("pointerdown", function (event) {
    const grip = event.target.closest(".handle");
    if (!grip) return;
    const panel = one(".panel");
    grip.setPointerCapture(event.pointerId);
    drag = { y: event.clientY, from: panel.offsetHeight, panel, last: event.clientY, at: event.timeStamp, speed: 0, moved: false };
  });
  document.addEventListener("pointermove", function (event) {
    if (!drag) return;
    const by = drag.y - event.clientY;
    if (!drag.moved && Math.abs(by) < TAP_PX) return;
    drag.moved = true;
    drag.speed = (drag.last - event.clientY) / Math.max(1, event.timeStamp - drag.at);
    drag.last = event.clientY;
    drag.at = event.timeStamp;
    const ends = restsAt();
    drag.panel.classList.add("dragged");
    drag.panel.style.height = Math.min(ends.full, Math.max(ends.low, drag.from + by)) + "px";
  });
  function dropSheet() {
    if (!drag) return;
    const { panel, moved, speed } = drag;
    drag = null;
    panel.classList.remove("dragged");
    if (!moved) return;
    here.dragged = true;
    window.setTimeout(() => { here.dragged = false; }, 0);
    const ends = restsAt();
    const goal = panel.offsetHeight + (Math.abs(speed) > FLING ? speed * 180 : 0);
    one("#app").dataset.sheet = SHEETS.reduce((a, b) => (Math.abs(ends[b] - goal) < Math.abs(ends[a] - goal) ? b : a));
    panel.style.height = "";
  }
  document.addEventListener("pointerup", dropSheet);
  document.addEventListener("pointercancel", dropSheet);

  /* ---- on paper: when, by whom, and which view ---- */
  window.addEventListener("beforeprint", function () {
    const foot = one("#print-foot");
    if (!foot) return;
    foot.textContent = one("#app").dataset.printed.replace("{t}", new Date().toLocaleString(document.documentElement.lang)) + " · " + window.location.href;
    one(".legend-fold").open = true;
  });

  /* ---- what Dash calls ---- */
  const none = () => window.dash_clientside.no_update;
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shoregrid_page: {
      remember,
      rememberChanges,
      rememberData,
      rememberDay,
      rememberCuts,
      cutsDrew: (drawn) => window.shoregrid.cuts.drew(drawn),
      cutsChosen: (draft) => window.shoregrid.cuts.opened(draft),
      cutsSaid: function (text) {
        notice(text, true);
        return none();
      },
      layersChosen: function (chosen) {
        const now = chosen || [];
        here.asked = now.find((name) => !(here.layers || []).includes(name)) || null;
        window.clearTimeout(here.waiting);
        here.waiting = window.setTimeout(() => here.asked && sayLoading(here.asked), 1000);
        return now;
      },
      mineChosen: (on, own) => (on ? own : ""),
      dateChosen: function (day) {
        const wanted = day && day.slice(0, 10);
        if (wanted && wanted !== dayOfStrip() && wanted !== here.dayAsked) goToDay(wanted);
        return none();
      },
      found: function (value) {
        const map = window.shoregrid.map();
        if (!value || !map) return none();
        if (narrow()) show("home");
        const [what, where] = [value[0], value.slice(2).split(",")];
        if (what === "b") map.fitBounds([[+where[1], +where[0]], [+where[3], +where[2]]]);
        else {
          map.setView([+where[1], +where[0]], 14);
          if (address.has("segment")) send("segment", "");
          send("place", where.slice(2).join(","));
        }
        return none();
      },
      themeChosen: function (theme) {
        document.documentElement.dataset.theme = theme;
        const redraws = { changes: "changes", boundaries: "cuts" };
        const own = redraws[home()];
        window.setTimeout(own ? window.shoregrid[own].redraw : window.shoregrid.redrawSelection, 0);
        return theme;
      },
      restyle: function (styling) {
        window.shoregrid.restyle(styling);
        return none();
      },
      themeOnMap: (theme, hideout) => ({ ...hideout, theme }),
    },
  });
})();
