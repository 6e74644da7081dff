/* The view of the map: what part of it is seen, and moving it. Ranges are in the units of
   the map, both axes at one scale; see assets/map.js for the rest. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const ANIMATED_TO = 20000; // points; above, a frame takes longer than the eye forgives
  const EYE = { x: 1.1, y: 1.1, z: 0.8 }; // in space; near enough to fill the stage
  const kept = {}; // key of a map → {x, y, whole}: the view it was left in, to come back to

  // Pixels of the stage, and how many of them at its edges the panel and the legend cover.
  function frame() {
    const stage = byId("map-stage").getBoundingClientRect();
    const panel = byId("map-panel");
    const legend = byId("map-legend").offsetHeight;
    const free = { width: stage.width, height: stage.height, right: 0, bottom: legend && legend + 8 };
    const drawer = byId("selected").offsetHeight; // the gallery of what is selected
    if (drawer < 0.7 * stage.height) free.bottom = Math.max(free.bottom, drawer);
    if (!panel.hidden) {
      const cover = panel.getBoundingClientRect();
      if (cover.width < 0.7 * stage.width) free.right = stage.right - cover.left;
      else free.bottom = stage.bottom - cover.top;
    }
    return free;
  }

  // Ranges in which (x, y) is in the middle of what is free, at a scale of units per px.
  function centered(x, y, scale) {
    const free = frame();
    const left = x - (scale * (free.width - free.right)) / 2;
    const top = y + (scale * (free.height - free.bottom)) / 2;
    return { x: [left, left + scale * free.width], y: [top - scale * free.height, top] };
  }

  function fitted(box, margin) {
    const free = frame();
    const wide = (box[1] - box[0]) / Math.max(40, free.width - free.right);
    const high = (box[3] - box[2]) / Math.max(40, free.height - free.bottom);
    return centered((box[0] + box[1]) / 2, (box[2] + box[3]) / 2, Math.max(wide, high, 1e-6) * margin);
  }

  function extent(array) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < array.length; i++) {
      if (array[i] < low) low = array[i];
      if (array[i] > high) high = array[i];
    }
    return [low, high];
  }

  // [x0, x1, y0, y1] of some rows; `outside` is the share left out at each edge, for stragglers.
  function bounds(rows, outside) {
    const ends = (array) => {
      const values = Float32Array.from(rows, (row) => array[row]);
      values.sort();
      const cut = Math.floor(values.length * outside);
      return [values[cut], values[values.length - 1 - cut]];
    };
    return [...ends(api.map.x), ...ends(api.map.y)];
  }

  function whole() {
    const map = api.map;
    map.bounds = map.bounds || [...extent(map.x), ...extent(map.y)];
    return Object.assign(fitted(map.bounds, 1.08), { whole: true });
  }

  function present() {
    const full = api.graph() && api.graph()._fullLayout;
    return full && full.xaxis && full.yaxis && { x: full.xaxis.range.slice(), y: full.yaxis.range.slice() };
  }

  // The view that the address names, once for each page opened; ranges are those of the stage.
  let opened = null;
  function named() {
    const stage = byId("map-stage");
    if (opened === stage) return null;
    opened = stage;
    const [x0, x1, y0, y1] = (api.params.at || "").split(",").map(Number);
    const scale = Math.max((x1 - x0) / stage.clientWidth, (y1 - y0) / stage.clientHeight);
    if (!(scale > 0 && x0 < x1 && y0 < y1 && Number.isFinite(scale))) return null;
    const wide = (scale * stage.clientWidth) / 2;
    const high = (scale * stage.clientHeight) / 2;
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return { x: [x - wide, x + wide], y: [y - high, y + high] };
  }

  // Name the view in the address once it has come to rest, unless it is the whole map.
  let naming = null;
  function name() {
    clearTimeout(naming);
    naming = setTimeout(() => {
      const view = api.map && byId("map-stage") && kept[api.map.key];
      if (!view || api.map.dim !== 2 || underway) return;
      const digits = Math.max(0, 3 - Math.floor(Math.log10(view.x[1] - view.x[0])));
      const text = [...view.x, ...view.y].map((end) => Number(end.toFixed(digits))).join(",");
      api.setParam("at", view.whole ? null : text);
    }, 300);
  }

  let turn = 0; // of the latest movement; another number stops it
  let underway = false;
  function move(to) {
    const map = api.map;
    const from = present();
    const mine = ++turn;
    const still = map.ids.length > ANIMATED_TO || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const start = performance.now();
    const stopped = underway;
    kept[map.key] = to;
    underway = false;
    if (!from || near(from, to)) return stopped ? rest() : undefined;
    underway = true;
    const step = () => {
      if (mine !== turn) return;
      if (api.map !== map || !api.graph()) return void (underway = false);
      const time = still ? 1 : Math.min(1, (performance.now() - start) / 280);
      const share = 1 - Math.pow(1 - time, 3);
      const blend = (a, b) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
      set({ x: blend(from.x, to.x), y: blend(from.y, to.y) }).then(() => {
        if (time < 1) requestAnimationFrame(step);
        else if (mine === turn) rest();
      });
    };
    step();
  }

  function rest() {
    underway = false;
    name();
    api.wall.refresh();
    api.refine.refresh();
  }

  function near(from, to) {
    const part = (to.x[1] - to.x[0]) / 2000; // half a pixel
    return [...from.x, ...from.y].every((end, i) => Math.abs(end - [...to.x, ...to.y][i]) < part);
  }

  function set(to) {
    return window.Plotly.relayout(api.graph(), { "xaxis.range": to.x, "yaxis.range": to.y });
  }

  // In space the whole scene moves aside for the panel.
  function domain() {
    const free = frame();
    return { x: [0, 1 - free.right / free.width], y: [free.bottom / free.height, 1] };
  }

  // Where a row is on the stage, px, and whether it is in sight with nothing over it.
  function pixel(row) {
    const view = present();
    const free = frame();
    const x = ((api.map.x[row] - view.x[0]) / (view.x[1] - view.x[0])) * free.width;
    const y = ((view.y[1] - api.map.y[row]) / (view.y[1] - view.y[0])) * free.height;
    const edge = 24;
    const within = x < free.width - free.right - edge && y < free.height - free.bottom - edge;
    return { x: x, y: y, seen: x > edge && y > edge && within };
  }

  // The other way round: a place of the stage, px, in the units of the map.
  function unit(x, y) {
    const view = present();
    const free = frame();
    return {
      x: view.x[0] + (x / free.width) * (view.x[1] - view.x[0]),
      y: view.y[1] - (y / free.height) * (view.y[1] - view.y[0]),
    };
  }

  // The person has moved the view: no animation goes on, and it is no longer the whole map.
  function taken() {
    turn++;
    underway = false;
    const view = present();
    if (view && api.map && api.map.dim === 2) kept[api.map.key] = view;
    name();
  }

  // Two fingers zoom about the point between them; one finger pans, which plotly does.
  let pinching = false; // until all fingers are up, so that lifting them is no tap
  function pinch(gd) {
    let last = null;
    const read = (event) => {
      const stage = byId("map-stage").getBoundingClientRect();
      const [a, b] = event.touches;
      return {
        x: (a.clientX + b.clientX) / 2 - stage.left, y: (a.clientY + b.clientY) / 2 - stage.top,
        apart: Math.max(8, Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY)),
      };
    };
    const begin = (event) => {
      if (event.touches.length !== 2 || !api.map || api.map.dim !== 2) return;
      last = read(event);
      pinching = true;
      event.preventDefault();
      event.stopPropagation();
    };
    const go = (event) => {
      if (!pinching) return;
      event.preventDefault();
      event.stopPropagation();
      if (event.touches.length !== 2) return;
      const now = read(event);
      const view = present();
      const free = frame();
      const scale = (view.x[1] - view.x[0]) / free.width;
      const next = (scale * last.apart) / now.apart;
      const left = view.x[0] + last.x * scale - now.x * next;
      const top = view.y[1] - last.y * scale + now.y * next;
      last = now;
      set({ x: [left, left + next * free.width], y: [top - next * free.height, top] }).then(taken);
    };
    gd.addEventListener("touchstart", begin, { capture: true, passive: false });
    gd.addEventListener("touchmove", go, { capture: true, passive: false });
    gd.addEventListener("touchend", (event) => {
      if (pinching && !event.touches.length) setTimeout(() => { pinching = false; }, 300);
    }, true);
  }

  api.view = {
    present: present,
    pixel: pixel,
    unit: unit,

    // Put the view a map was left in, or the whole of it, into a layout.
    place: function (layout) {
      const key = api.map.key;
      const gd = api.graph();
      const drawn = gd && gd.layout && gd.layout.uirevision === key;
      kept[key] = named() || kept[key];
      // Drawn anew in the window of now, the whole map may need other ranges.
      if (!kept[key] || (kept[key].whole && !drawn)) kept[key] = whole();
      const view = (drawn && underway && present()) || kept[key];
      layout.xaxis = Object.assign({}, layout.xaxis, { range: view.x, autorange: false });
      layout.yaxis = Object.assign({}, layout.yaxis, { range: view.y, autorange: false });
      name();
    },

    // The same for a map in space, which the browser turns; plotly keeps how.
    placeInSpace: function (layout) {
      const more = { uirevision: api.map.key, camera: { eye: EYE }, domain: domain() };
      layout.scene = Object.assign({}, layout.scene, more);
    },

    show: (rows) => rows.length && move(fitted(bounds(rows, 0.02), 1.3)),

    reset: function () {
      if (!api.map || !api.graph()) return;
      if (api.map.dim === 2) move(whole());
      else window.Plotly.relayout(api.graph(), { "scene.camera": { eye: EYE } });
    },

    moving: () => underway,
    pinching: () => pinching,

    // Bring an image into sight after the panel has opened, or closed (null).
    reveal: function (id) {
      const map = api.map;
      if (!byId("map-stage") || !api.graph()) return;
      if (map.dim === 3) return window.Plotly.relayout(api.graph(), { "scene.domain": domain() });
      const view = present();
      if (!view) return;
      if (kept[map.key] && kept[map.key].whole) return move(whole());
      const row = map.rows.get(id);
      if (row === undefined || pixel(row).seen) return;
      move(centered(map.x[row], map.y[row], (view.x[1] - view.x[0]) / frame().width));
    },

    listen: function (gd) {
      gd.on("plotly_doubleclick", api.view.reset);
      gd.on("plotly_relayouting", () => {
        taken();
        api.marks.draw();
        api.wall.follow();
        api.refine.place();
      });
      gd.on("plotly_relayout", (change) => {
        if (change && change["xaxis.range[0]"] !== undefined) taken(); // by hand, not by move()
        api.marks.draw();
        api.wall.refresh();
        api.refine.refresh();
      });
      pinch(gd);
    },
  };
})();
