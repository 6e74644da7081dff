/* The map in the browser: what is shown of it, and what is done with it. See
   dashboard/pages/map.py for the stores; map_data.js gets the points, map_clusters.js lists the
   clusters, map_colors.js colors them, map_view.js moves the view,
   map_pick.js finds the point under the pointer, map_wall.js shows pictures over the map,
   map_marks.js the chosen image and its neighbors.

   For other parts of the page, `likenessMap` has
     map          the points shown: x, y, z, ids, cluster (arrays in drawing order), rows (id →
                  row), name, dim, total (points of the whole map), at (where a row is in the
                  drawing order of the whole map; null: all of it is here)
     onMap(fn)    fn(map) is called when another map has been read and drawn, or other points
                  of a map too large to be here at once
     emphasize(m) fades what is 0 in m (Uint8Array, one per row); null: nothing
     hiddenRow(r) whether the legend hides a row
     setParam(name, value), params   what they add to the address
     select(row)  choose an image;  view.pixel(row), view.unit(x, y)   stage px ↔ map */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const set = (id, data) => window.dash_clientside.set_props(id, { data: data });
  const byId = (id) => document.getElementById(id);
  const graph = () => document.querySelector("#map-graph .js-plotly-plot");

  let map = null; // the map shown: see map_data.js
  let state = { hidden: {}, focus: null };
  let color = "cluster";
  let image = null;
  let clustering = null; // clusters that stand for the map's own, as the store has them
  let awaited = true; // whether the map is still to be drawn for the first time
  let drawing = ""; // what the figure was last made of
  let near = null; // {image, ids}: an image and its neighbors, as the server said last
  let found = []; // ids of the image's neighbors, nearest first
  let page = null; // the stage of the page that is open
  const listeners = [];
  let told = null; // the map that the listeners know

  // Data

  // Markers are made for a desk.
  function sized(size) {
    return size * Math.min(1, Math.max(0.6, innerWidth / 1200));
  }

  // Other points of the same map, from map_refine.js.
  function replace(made) {
    map = made;
    api.mask = null;
    cluster();
    anew();
  }

  // Have the figure made anew.
  function anew() {
    set("map-points", (anew.count = (anew.count || 0) + 1));
  }

  // The clusters in force: the map's own, or those of another granularity.
  function cluster() {
    let other = clustering && clustering.map === map.name ? clustering : null;
    if (map.clustered === other && map.cluster) return;
    const all = other && api.decode(other.cluster);
    if (all && all.length !== map.total) other = null; // of a map made anew since this one was sent
    map.clustered = other;
    map.exemplars = new Set(other ? other.exemplars : map.facts.exemplars);
    if (!other) map.cluster = map.own;
    else map.cluster = map.at ? Int16Array.from(map.at, (number) => all[number]) : all;
  }

  function hidden() {
    return (state.map === map.name && state.hidden[color]) || [];
  }

  // The cluster that the others fade behind, or null.
  function focus() {
    return state.map === map.name ? state.focus : null;
  }

  // The figure

  function figure(number, by, newState, chosen, theme, again, old, params) {
    const stage = byId("map-stage");
    const sent = api.sent();
    if (!number || !sent || !stage) return none();
    if (page !== stage) {
      page = stage;
      awaited = true;
      api.params = Object.assign({}, params);
      api.mask = null;
    }
    const last = drawing;
    const before = map;
    if (!map || map.data !== sent.data) map = sent; // else perhaps other points of it: replace()
    if (map !== before) api.mask = null; // else other points of it, which tell the listeners
    state = newState || state;
    color = by;
    image = chosen === undefined ? null : chosen;
    cluster();
    found = near && near.image === image ? near.ids : [];
    requestAnimationFrame(settle);
    if (!last.startsWith(`${map.key} `)) awaited = true;
    // On the flat map colors and another image move no point: nothing is plotted anew.
    drawing = `${map.key} `;
    if (map.dim === 2 && drawing === last && old && old.data.length && told === map) {
      api.colors.paint();
      return none();
    }
    const base = map.data.figure;
    const layout = Object.assign({}, base.layout, { uirevision: map.key });
    if (map.dim === 2) layout.hovermode = false; // map_pick.js looks for the nearest point itself
    const points = Object.assign({}, base.data[0], { x: map.x, y: map.y });
    delete points.customdata; // the map has the ids; Dash would look for them in each event
    points.marker = Object.assign({}, points.marker, { size: map.size });
    if (map.dim === 2) {
      points.marker.color = api.token("--map-noise"); // until colors.paint()
      api.view.place(layout);
      return { data: [points], layout: layout };
    }
    api.colors.inSpace(points);
    api.view.placeInSpace(layout);
    return { data: [points, ...api.marks.traces()], layout: layout };
  }

  function settle() {
    const gd = graph();
    if (!gd || !gd.on || !window.Plotly) {
      if (byId("map-stage")) requestAnimationFrame(settle);
      return;
    }
    if (gd !== settle.attached) {
      settle.attached = gd;
      listen(gd);
      drawn(gd);
    }
    byId("map-busy").hidden = !awaited;
    api.marks.draw();
    api.wall.refresh();
    api.refine.refresh();
    const other = api.colors.legend();
    const out = new Set(hidden());
    document.querySelectorAll(color === "cluster" ? ".map-swatch" : ".map-entry").forEach((button) => {
      button.setAttribute("aria-pressed", String(!out.has(Number(button.dataset.toggle))));
    });
    document.querySelectorAll("[data-zoom]").forEach((button) => {
      button.setAttribute("aria-pressed", String(focus() === Number(button.dataset.zoom)));
    });
    byId("map-stage").closest(".map-page").dataset.color = color;
    // The panel that may cover the image comes with its neighbors, the legend with a color.
    const about = [map.key, image].join(" ");
    const ready = awaited ? false : found.length || image === null;
    if (other && settle.revealed === about) setTimeout(() => map && api.view.reveal(image), 100);
    if (settle.revealed !== about && ready) {
      settle.revealed = about;
      byId("map-panel").scrollTop = 0;
      api.view.reveal(image);
    }
  }

  function token(name) {
    return getComputedStyle(byId("map-stage")).getPropertyValue(name).trim();
  }

  function zoomTo(code) {
    const again = focus() === code;
    change({ focus: again ? null : code });
    if (again) api.view.reset();
    else if (map.dim === 2) api.view.show(rowsOf(code));
  }

  function rowsOf(code) {
    const rows = [];
    map.cluster.forEach((c, row) => c === code && rows.push(row));
    return rows;
  }

  // Changing what is shown

  function change(with_) {
    const kept = state.map === map.name ? state : { hidden: {}, focus: null };
    state = Object.assign({}, kept, with_, { map: map.name });
    set("map-state", state);
  }

  function toggle(code) {
    const out = new Set(hidden());
    if (!out.delete(code)) out.add(code);
    change({ hidden: Object.assign({}, state.hidden, { [color]: [...out] }) });
  }

  // Only this category; again: all of them.
  function isolate(code) {
    const others = api.colors.present().filter((c) => c !== code);
    const alone = !hidden().includes(code) && others.every((c) => hidden().includes(c));
    change({ hidden: Object.assign({}, state.hidden, { [color]: alone ? [] : others }) });
  }

  // Events

  function listen(gd) {
    gd.on("plotly_afterplot", () => drawn(gd));
    api.view.listen(gd);
    api.pick.listen(gd);
  }

  function drawn(gd) {
    const plotted = gd.data && gd.data[0];
    if (!plotted || gd.layout.uirevision !== map.key) return;
    if (map.dim === 2 && (plotted.x.length !== map.x.length || plotted.x[0] !== map.x[0])) return;
    awaited = false;
    byId("map-busy").hidden = true;
    if (map.dim === 2) api.colors.paint(true);
    api.marks.draw();
    api.wall.refresh();
    api.refine.refresh();
    if (told === map) return;
    told = map;
    if (page.dataset.shown !== map.key) { // other points of the same map are no other map
      page.dataset.shown = map.key;
      set("map-shown", map.key);
    }
    requestAnimationFrame(settle);
    listeners.forEach((listener) => listener(map));
  }

  function select(row) {
    set("map-image", map.ids[row]);
  }

  document.addEventListener("click", (event) => {
    if (!map || !byId("map-stage") || !event.target.closest) return;
    const button = event.target.closest("[data-toggle], [data-zoom], #map-reset, #map-close");
    if (!button) return;
    if (button.dataset.toggle) toggle(Number(button.dataset.toggle));
    else if (button.dataset.zoom) zoomTo(Number(button.dataset.zoom));
    else if (button.id === "map-close") set("map-image", null);
    else {
      change({ focus: null });
      api.view.reset();
    }
  });
  document.addEventListener("dblclick", (event) => {
    const button = map && byId("map-stage") && event.target.closest(".map-page [data-toggle]");
    if (button) isolate(Number(button.dataset.toggle));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !map || !byId("map-stage")) return;
    api.tip.hide();
    if (image !== null) set("map-image", null);
    else if (focus() !== null) change({ focus: null });
  });

  // For Dash: what the server has answered

  function colored(sent) {
    api.coloring = sent;
    updated();
  }

  function clustered(sent) {
    clustering = sent || null;
    if (map) cluster();
    updated();
  }

  function neighbored(sent) {
    near = sent;
    found = near && near.image === image ? near.ids : [];
    updated();
  }

  function updated() {
    if (!map || told !== map || !here()) return;
    if (map.dim === 3) return anew();
    api.colors.paint();
    requestAnimationFrame(settle);
  }

  // Whether the page that is open is the one the map was drawn on.
  function here() {
    return page !== null && page === byId("map-stage");
  }

  function choose() {
    const cause = window.dash_clientside.callback_context.triggered[0];
    if (!cause || !cause.value) return none();
    return JSON.parse(cause.prop_id.slice(0, cause.prop_id.lastIndexOf("."))).image;
  }

  // The address of what is shown; another image is a step that Back returns from.
  function view(name, dim, by, chosen, added, last) {
    if (!last || last.path !== "/") return none();
    const params = new URLSearchParams({ map: name, dim: dim, color: by });
    Object.entries(added || {}).forEach(([key, value]) => params.set(key, value));
    const noneChosen = chosen === null || chosen === undefined;
    if (!noneChosen) params.set("image", chosen);
    const search = `?${params}`;
    if (search === last.search) return none();
    const before = new URLSearchParams(last.search).get("image");
    return { path: "/", search: search, replace: noneChosen || String(chosen) === before };
  }

  function setParam(name, value) {
    const params = Object.assign({}, api.params);
    if (value === null || value === undefined || value === "") delete params[name];
    else params[name] = String(value);
    if (params[name] === api.params[name]) return;
    api.params = params;
    set("map-params", params);
  }

  function onMap(listener) {
    listeners.push(listener);
    if (told && told === map) listener(map);
  }

  const api = (window.likenessMap = {
    get map() { return map; },
    get drawn() { return !awaited && told === map && here(); },
    get image() { return image; },
    get found() { return found; },
    get color() { return color; },
    set color(by) { color = by; },
    hidden: hidden, focus: focus, params: {}, setParam: setParam, onMap: onMap,
    settle: () => requestAnimationFrame(settle),
    byId: byId, token: token, graph: graph, select: select, sized: sized, replace: replace,
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    map: {
      figure: figure, choose: choose, view: view,
      coloring: colored, clustering: clustered, neighbors: neighbored,
    },
  });
})();
