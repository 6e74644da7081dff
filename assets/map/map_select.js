/* Selecting on the flat map: by lasso, by box, a whole cluster, or what has been kept. The
   tool that is armed takes a drag before plotly sees it; a click still chooses an image, and
   the wheel and two fingers still zoom. map_selected.js shows what is selected. See
   assets/map.js for the rest. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const SVG = "http://www.w3.org/2000/svg";
  const KEYS = { v: "pan", l: "lasso", b: "box" };
  const CORNERS = 160; // of a lasso, at most; a hand draws no more
  const BANDS = 128; // by height, into which the edges of a line are sorted
  const STEP = 3; // px between two corners
  const FAR = 5; // px; less is a click

  let tool = "pan";
  let stroke = null; // {id, how, from, path: [x, y, …] in px of the stage} while a line is drawn
  let page = null; // the stage that is listened to

  // What is selected

  // ids: Int32Array, ascending, or null. source: {collection} or {tag} that it is, as long as
  // it is just that.
  const chosen = (api.chosen = {
    ids: null,
    source: {},
    listeners: [],

    // about: what the server has said of it, where it has.
    set: function (ids, source, about) {
      chosen.ids = ids && ids.length ? ids : null;
      chosen.source = (chosen.ids && source) || {};
      if (page && page === byId("map-stage")) { // else the address is still to be read
        api.setParam("collection", chosen.source.collection);
        api.setParam("tag", chosen.source.tag);
      }
      show();
      chosen.listeners.forEach((listener) => listener(about));
    },

    // how: "new", "add" or "subtract".
    merge: function (ids, how) {
      const fresh = Int32Array.from(ids).sort();
      if (how === "new" || !chosen.ids) return how === "subtract" ? undefined : chosen.set(fresh);
      const given = new Set(fresh);
      const rest = chosen.ids.filter((id) => !given.has(id));
      if (how === "subtract") return chosen.set(rest);
      const all = new Int32Array(rest.length + fresh.length);
      all.set(rest);
      all.set(fresh, rest.length);
      chosen.set(all.sort());
    },
  });

  // Bright what is selected, the others faded.
  function show() {
    const map = api.map;
    if (!map) return;
    if (!chosen.ids) return api.mask && api.emphasize(null);
    const mask = new Uint8Array(map.ids.length);
    let any = false;
    chosen.ids.forEach((id) => {
      const row = map.rows.get(id);
      if (row !== undefined) any = mask[row] = 1;
    });
    api.emphasize(any ? mask : null);
  }

  // Finding the points

  // Ids of the visible points within a closed line (x, y: arrays in units of the map), by the
  // even–odd rule. Each point is held against those edges only that pass its height.
  function within(x, y) {
    const map = api.map;
    const [left, right, low, high] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
    const band = (at) => Math.min(BANDS - 1, Math.floor(((at - low) / (high - low || 1)) * BANDS));
    const edges = Array.from({ length: BANDS }, () => []);
    x.forEach((_, i) => {
      const j = i ? i - 1 : x.length - 1;
      const [from, to] = [band(Math.min(y[i], y[j])), band(Math.max(y[i], y[j]))];
      for (let at = from; at <= to; at++) edges[at].push(x[i], y[i], x[j], y[j]);
    });
    const ids = [];
    for (let row = 0; row < map.x.length; row++) {
      const px = map.x[row];
      const py = map.y[row];
      if (px < left || px > right || py < low || py > high) continue;
      let odd = false;
      const near = edges[band(py)]; // x0, y0, x1, y1 of each
      for (let e = 0; e < near.length; e += 4) {
        const [x0, y0] = [near[e], near[e + 1]];
        const crossed = y0 > py !== near[e + 3] > py;
        if (crossed && px < ((near[e + 2] - x0) * (py - y0)) / (near[e + 3] - y0) + x0) odd = !odd;
      }
      if (odd && !api.hiddenRow(row)) ids.push(map.ids[row]);
    }
    return ids;
  }

  function take(path, how) {
    const map = api.map;
    const corners = thinned(path).map(([x, y]) => api.view.unit(x, y));
    if (map.at) {
      const polygon = corners.map((at) => [at.x, at.y]);
      return api.ask({ do: "find", how: how, polygon: polygon, color: api.color, hidden: api.hidden() });
    }
    chosen.merge(within(corners.map((at) => at.x), corners.map((at) => at.y)), how);
  }

  function thinned(path) {
    const every = Math.ceil(path.length / CORNERS);
    return path.filter((_, i) => i % every === 0);
  }

  // Drawing the line

  function draw() {
    const box = byId("select-drawing");
    if (!stroke) return box.replaceChildren();
    const picture = document.createElementNS(SVG, "svg");
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", `M${outline().map((at) => at.join(" ")).join("L")}Z`);
    picture.append(line);
    picture.setAttribute("class", `is-${stroke.how}`);
    box.replaceChildren(picture);
  }

  function outline() {
    if (tool === "lasso") return stroke.path;
    const [x0, y0] = stroke.path[0];
    const [x1, y1] = stroke.path[stroke.path.length - 1];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }

  function place(event) {
    const stage = byId("map-stage").getBoundingClientRect();
    const inside = (at, size) => Math.max(0, Math.min(size, at));
    return [inside(event.clientX - stage.left, stage.width), inside(event.clientY - stage.top, stage.height)];
  }

  function armed() {
    return tool !== "pan" && api.map && api.map.dim === 2 && api.view.present();
  }

  function onMap(event) {
    return event.target.closest && event.target.closest("#map-graph");
  }

  function begin(event) {
    if (stroke && event.pointerId !== stroke.id) return cancel(); // a second finger: it is a pinch
    if (!armed() || !onMap(event) || event.button !== 0 || !event.isPrimary) return;
    const how = event.shiftKey ? "add" : event.altKey || event.ctrlKey || event.metaKey ? "subtract" : "new";
    stroke = { id: event.pointerId, how: how, path: [place(event)], far: false };
  }

  function go(event) {
    if (!stroke || event.pointerId !== stroke.id) return;
    event.stopPropagation(); // no thumbnail follows the line
    const at = place(event);
    const last = stroke.path[stroke.path.length - 1];
    if (Math.hypot(at[0] - last[0], at[1] - last[1]) < STEP) return;
    stroke.path.push(at);
    const [x, y] = stroke.path[0];
    stroke.far = stroke.far || Math.hypot(at[0] - x, at[1] - y) >= FAR;
    if (stroke.far) draw();
  }

  function end(event) {
    if (!stroke || event.pointerId !== stroke.id) return;
    const { path, how, far } = stroke;
    const line = outline();
    cancel();
    if (far && path.length > 1) take(line, how);
  }

  function cancel() {
    stroke = null;
    if (byId("select-drawing")) draw();
  }

  // Plotly pans by mouse and touch events; the pointer events above come before them.
  function shield(event) {
    if (!armed() || !onMap(event)) return;
    if (event.type === "mousemove" ? stroke : event.type === "mousedown" || event.touches.length < 2) {
      event.stopPropagation();
    }
  }

  // Tools

  function arm(name) {
    tool = name;
    cancel();
    const flat = !api.map || api.map.dim === 2;
    const stage = byId("map-stage");
    if (stage) stage.dataset.tool = flat ? tool : "pan";
    document.querySelectorAll("[data-tool].select-tool").forEach((button) => {
      const own = button.dataset.tool;
      button.setAttribute("aria-pressed", String(own === (flat ? tool : "pan")));
      button.disabled = !flat && own !== "pan";
      const key = Object.keys(KEYS).find((one) => KEYS[one] === own).toUpperCase();
      const title = own === "pan" ? "drag moves the map" : "Shift adds, Alt takes away";
      button.title = button.disabled ? "Select on the flat map: switch to 2D"
        : `${button.getAttribute("aria-label")} (${key}): ${title}`;
    });
  }

  function typing(target) {
    return target.matches && target.matches("input:not([type=range], [type=radio]), textarea, select");
  }

  // What lies above the map and has Esc first.
  function above() {
    return document.querySelector("dialog[open], .modal.show, #kept[open], .export[open]");
  }

  document.addEventListener("keydown", (event) => {
    if (!byId("map-stage") || event.defaultPrevented || typing(event.target)) return;
    if (event.key === "Escape") {
      if (stroke) cancel();
      else if (above() || api.image !== null || !chosen.ids) return;
      else chosen.set(null);
      event.stopImmediatePropagation();
    } else if (KEYS[event.key.toLowerCase()] && !(event.ctrlKey || event.metaKey || event.altKey)) {
      if (!document.querySelector("dialog[open]")) arm(KEYS[event.key.toLowerCase()]);
    }
  }, true);

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest && event.target.closest(selector);
    const button = on(".select-tool");
    if (button) arm(button.dataset.tool);
    else if (on("#select-clear")) chosen.set(null);
    const all = on("[data-select]");
    if (all) whole(Number(all.dataset.select), event.shiftKey ? "add" : "new");
  });

  // All of a cluster.
  function whole(number, how) {
    const map = api.map;
    if (map.at) return api.ask(Object.assign({ do: "cluster", cluster: number, how: how }, api.clusters.of));
    const ids = [];
    map.cluster.forEach((code, row) => code === number && ids.push(map.ids[row]));
    chosen.merge(ids, how);
  }

  api.onMap(() => {
    const stage = byId("map-stage");
    if (stage !== page) {
      page = stage;
      const early = { capture: true };
      stage.addEventListener("pointerdown", begin, early);
      ["mousedown", "mousemove", "touchstart", "touchmove"].forEach((type) => {
        stage.addEventListener(type, shield, { capture: true, passive: true });
      });
      // Of another page that came before: a selection that was not kept is still there.
      const { collection, tag } = api.params;
      if (!collection && !tag) chosen.set(chosen.ids, chosen.source);
      else {
        chosen.ids = null;
        api.ask({ do: "open", n: 0, collection: collection, tag: tag });
      }
    }
    arm(tool);
    show();
  });
  document.addEventListener("pointermove", go, true);
  document.addEventListener("pointerup", end, true);
  document.addEventListener("pointercancel", cancel, true);
})();
