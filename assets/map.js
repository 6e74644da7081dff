/* The map in the browser: coloring, hiding and marking, none of which asks the server. See
   dashboard/pages/map.py for the stores; map_view.js moves the view, map_wall.js shows the
   pictures over the map. */
(function () {
  "use strict";
  const ARRAYS = {
    i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
    i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
  };
  const none = () => window.dash_clientside.no_update;
  const set = (id, data) => window.dash_clientside.set_props(id, { data: data });
  const byId = (id) => document.getElementById(id);
  const graph = () => document.querySelector("#map-graph .js-plotly-plot");

  let map = null; // the map shown: see read()
  let shown = null; // what of it is drawn: see subset()
  let state = { hidden: {}, focus: null };
  let color = "cluster";
  let image = null;
  let awaited = true; // whether the map is still to be drawn for the first time
  let drawing = ""; // what the figure was last made of
  let found = []; // ids of the image's neighbors, nearest first

  // Data

  function decode(spec) {
    const bytes = Uint8Array.from(atob(spec.bdata), (c) => c.charCodeAt(0));
    return new ARRAYS[spec.dtype](bytes.buffer);
  }

  function read(data) {
    if (map && map.data === data) return map;
    const trace = data.figure.data[0];
    const facts = data.facts;
    const read = {
      data: data, key: data.key, name: data.key.slice(0, -2), dim: data.dim, facts: facts,
      x: decode(trace.x), y: decode(trace.y), z: trace.z && decode(trace.z),
      ids: decode(trace.customdata), cluster: decode(facts.cluster), label: decode(facts.label),
      rows: new Map(), exemplars: new Set(facts.exemplars),
      size: trace.marker.size * Math.min(1, Math.max(0.6, innerWidth / 1200)), // made for a desk
    };
    read.ids.forEach((id, row) => read.rows.set(id, row));
    return read;
  }

  // Categories past the palette are one, "other", where labels are hidden and shown.
  function category(code) {
    return color === "label" ? Math.min(code, map.facts.palette.length) : code;
  }

  function hidden() {
    return (state.map === map.name && state.hidden[color]) || [];
  }

  // The cluster that the others fade behind, or null.
  function focus() {
    return state.map === map.name ? state.focus : null;
  }

  // The points that are not hidden: arrays, and the map's row of each. Kept as long as it
  // holds, so that plotly sees unchanged coordinates where they are unchanged.
  function subset() {
    const out = hidden();
    const key = [color, ...out].join(" ");
    if (shown && shown.map === map && shown.key === key) return shown;
    if (!out.length) return { map: map, key: key, rows: null, x: map.x, y: map.y, z: map.z };
    const gone = new Set(out);
    const rows = [];
    map[color].forEach((code, row) => gone.has(category(code)) || rows.push(row));
    const pick = (array) => array && Float32Array.from(rows, (row) => array[row]);
    return { map: map, key: key, rows: rows, x: pick(map.x), y: pick(map.y), z: pick(map.z) };
  }

  const rowAt = (number) => (shown.rows ? shown.rows[number] : number);

  // Colors

  function token(name) {
    return getComputedStyle(byId("map-stage")).getPropertyValue(name).trim();
  }

  function mix(from, to, share) {
    const part = (hex, at) => parseInt(hex.slice(at, at + 2), 16);
    const mixed = [1, 3, 5].map((at) => Math.round(part(from, at) * (1 - share) + part(to, at) * share));
    return `rgb(${mixed.join(",")})`;
  }

  // A stepped color scale: palette, other, noise; and the same again, faded, for what is
  // out of focus. A number per point then says its color.
  function colorscale() {
    const plain = [...map.facts.palette, token("--map-other"), token("--map-noise")];
    const paper = token("--ground");
    const steps = [...plain, ...plain.map((hex) => mix(hex, paper, 0.82))];
    return steps.flatMap((value, i) => [[i / steps.length, value], [(i + 1) / steps.length, value]]);
  }

  function colors() {
    const key = `${color} ${focus()}`;
    if (shown.colors && shown.colorKey === key) return shown.colors;
    const top = map.facts.palette.length;
    const codes = map[color];
    const chosen = focus();
    const count = shown.x.length;
    const values = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const row = rowAt(i);
      const value = codes[row] < 0 ? top + 1 : Math.min(codes[row], top);
      values[i] = chosen === null || map.cluster[row] === chosen ? value : value + top + 2;
    }
    shown.colorKey = key;
    shown.colors = values;
    return values;
  }

  function colorOf(row) {
    const code = map[color][row];
    const palette = map.facts.palette;
    return code < 0 ? "var(--map-noise)" : palette[code] || "var(--map-other)";
  }

  // The figure

  function figure(data, by, newState, chosen, neighbors, theme, old) {
    if (!data || !byId("map-stage")) return none();
    const last = drawing;
    map = read(data);
    state = newState || state;
    color = by;
    image = chosen;
    shown = subset();
    found = neighbors && neighbors.image === image ? neighbors.ids : [];
    requestAnimationFrame(settle);
    if (!last.startsWith(`${map.key} `)) awaited = true;
    // On the flat map another image changes no point: nothing is plotted anew.
    drawing = [map.key, shown.key, focus(), document.documentElement.dataset.bsTheme].join(" ");
    if (map.dim === 2 && drawing === last && old && old.data.length) return none();
    const base = data.figure;
    const points = Object.assign({}, base.data[0], {
      x: shown.x, y: shown.y,
      marker: Object.assign({}, base.data[0].marker, {
        size: map.size, color: colors(), colorscale: colorscale(), showscale: false,
        cmin: -0.5, cmax: 2 * map.facts.palette.length + 3.5, cauto: false,
      }),
    });
    delete points.customdata; // read() has the ids; Dash would look for them in each event
    const layout = Object.assign({}, base.layout, { uirevision: map.key });
    if (map.dim === 2) {
      api.view.place(layout);
      return { data: [points], layout: layout };
    }
    points.z = shown.z;
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
    legend();
    const out = new Set(hidden());
    document.querySelectorAll(color === "label" ? ".map-entry" : ".map-swatch").forEach((button) => {
      button.setAttribute("aria-pressed", String(!out.has(Number(button.dataset.toggle))));
    });
    document.querySelectorAll("[data-zoom]").forEach((button) => {
      button.setAttribute("aria-pressed", String(focus() === Number(button.dataset.zoom)));
    });
    byId("map-stage").closest(".map-page").dataset.color = color;
    // The panel that may cover the image comes with its neighbors, the legend with a color.
    const about = [map.key, color, image].join(" ");
    if (settle.revealed !== about && (found.length || image === null)) {
      settle.revealed = about;
      byId("map-panel").scrollTop = 0;
      api.view.reveal(image);
    }
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
    const others = [...new Set(Array.from(map[color], category))].filter((c) => c !== code);
    const alone = !hidden().includes(code) && others.every((c) => hidden().includes(c));
    change({ hidden: Object.assign({}, state.hidden, { [color]: alone ? [] : others }) });
  }

  function legend() {
    const box = byId("map-legend");
    const key = color === "label" ? map.name : "";
    if (box.dataset.of === key && box.childElementCount) return;
    box.dataset.of = key;
    box.replaceChildren();
    if (!key) return;
    const palette = map.facts.palette;
    const labels = map.facts.labels;
    const named = labels.slice(0, palette.length);
    const entries = named.map(([name, count], code) => [code, name, count, palette[code]]);
    const sum = (rest) => rest.reduce((total, [, count]) => total + count, 0);
    const rest = sum(labels.slice(palette.length));
    if (rest) entries.push([palette.length, "other", rest, "var(--map-other)"]);
    const without = map.ids.length - sum(labels);
    if (without > 0) entries.push([-1, "no label", without, "var(--map-noise)"]);
    entries.forEach(([code, name, count, paint]) => {
      const button = document.createElement("button");
      const dot = document.createElement("span");
      button.type = "button";
      button.className = "map-entry";
      button.dataset.toggle = code;
      button.title = `${count.toLocaleString("en")} images. Click hides or shows, double click isolates.`;
      dot.className = "map-dot";
      dot.style.setProperty("--swatch", paint);
      button.append(dot, name);
      box.append(button);
    });
  }

  // Events

  function listen(gd) {
    const pick = (event) => {
      const point = event.points[0];
      return point.curveNumber || api.wall.at(event.event) ? null : rowAt(point.pointNumber);
    };
    gd.on("plotly_afterplot", () => drawn(gd));
    gd.on("plotly_hover", (event) => {
      const row = pick(event);
      if (row !== null && !api.wall.pressed()) api.tip.show(row, event.event);
    });
    gd.on("plotly_unhover", api.tip.hide);
    gd.on("plotly_click", (event) => {
      const row = pick(event);
      if (row !== null) api.wall.press(row);
    });
    api.view.listen(gd);
    api.wall.listen(gd);
  }

  function drawn(gd) {
    if (!gd.data || !gd.data.length || gd.layout.uirevision !== map.key) return;
    awaited = false;
    byId("map-busy").hidden = true;
    api.marks.draw();
    api.wall.refresh();
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

  // For Dash

  function choose() {
    const cause = window.dash_clientside.callback_context.triggered[0];
    if (!cause || !cause.value) return none();
    return JSON.parse(cause.prop_id.slice(0, cause.prop_id.lastIndexOf("."))).image;
  }

  // The address of what is shown; another image is a step that Back returns from.
  function view(name, dim, by, chosen, last) {
    if (!last || last.path !== "/") return none();
    const params = new URLSearchParams({ map: name, dim: dim, color: by });
    const noneChosen = chosen === null || chosen === undefined;
    if (!noneChosen) params.set("image", chosen);
    const search = `?${params}`;
    if (search === last.search) return none();
    const before = new URLSearchParams(last.search).get("image");
    return { path: "/", search: search, replace: noneChosen || String(chosen) === before };
  }

  const api = (window.likenessMap = {
    get map() { return map; },
    get shown() { return shown; },
    get drawn() { return !awaited; },
    get image() { return image; },
    get found() { return found; },
    byId: byId, token: token, graph: graph, rowAt: rowAt, colorOf: colorOf, select: select,
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    map: { figure: figure, choose: choose, view: view },
  });
})();
