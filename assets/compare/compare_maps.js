/* Two maps side by side, linked in the browser; see dashboard/pages/compare_maps.py. What is
   told of a selection, and the legend, are in compare_selection.js. */
(function () {
  "use strict";
  const ARRAYS = { i2: Int16Array, i4: Int32Array, f4: Float32Array };
  const SIDES = ["a", "b"];
  const none = () => window.dash_clientside.no_update;
  const set = (id, data) => window.dash_clientside.set_props(id, { data: data });
  const byId = (id) => document.getElementById(id);
  const stage = (side) => document.querySelector(`.compare-stage[data-side="${side}"]`);
  const graph = (side) => document.querySelector(`#compare-graph-${side} .js-plotly-plot`);
  const other = (side) => (side === "a" ? "b" : "a");

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  let data = null; // both maps as they came
  let sides = null; // both maps, read: see read()
  let color = "a";
  let group = null; // code of the category selected
  let image = null; // id of the image clicked
  let picked = null; // ids selected, or null
  let drawing = ""; // what the figures were last made of
  let pointed = null; // id of the image pointed at

  // Data

  function decode(spec) {
    const bytes = Uint8Array.from(atob(spec.bdata), (c) => c.charCodeAt(0));
    return new ARRAYS[spec.dtype](bytes.buffer);
  }

  function read(side) {
    const trace = side.figure.data[0];
    const ids = decode(trace.customdata);
    const rows = new Map();
    ids.forEach((id, row) => rows.set(id, row));
    return {
      title: side.title, clusters: side.clusters, figure: side.figure, ids: ids, rows: rows,
      x: decode(trace.x), y: decode(trace.y), cluster: decode(side.cluster), label: decode(side.label),
    };
  }

  // Of what category each point is, of those that color both maps: −1 for none.
  function codes(side) {
    const mine = sides[side];
    if (color === "label") return mine.label;
    const owner = sides[color];
    if (owner === mine) return mine.cluster;
    return Int16Array.from(mine.ids, (id) => {
      const row = owner.rows.get(id);
      return row === undefined ? -1 : owner.cluster[row];
    });
  }

  // Past the palette all are one category, "other".
  const category = (code) => Math.min(code, data.palette.length);

  function rowsOf(side) {
    const rows = sides[side].rows;
    const found = [];
    picked.forEach((id) => rows.has(id) && found.push(rows.get(id)));
    return found;
  }

  // The figures

  const token = (name) => getComputedStyle(byId("compare-maps-view")).getPropertyValue(name).trim();

  const colors = () => [...data.palette, token("--compare-other"), token("--compare-noise")];

  // The place in colors() of each point.
  function values(side) {
    const mine = sides[side];
    if (mine.by !== color) {
      const last = data.palette.length + 1;
      mine.by = color;
      mine.values = Uint8Array.from(codes(side), (code) => (code < 0 ? last : category(code)));
    }
    return mine.values;
  }

  function paint(side) {
    const top = data.palette.length;
    const steps = colors();
    return {
      color: values(side), cmin: -0.5, cmax: top + 1.5, cauto: false, showscale: false,
      colorscale: steps.flatMap((value, i) => [[i / steps.length, value], [(i + 1) / steps.length, value]]),
    };
  }

  function figure(side, tool) {
    const base = data[side].figure;
    const mine = sides[side];
    const points = Object.assign({}, base.data[0], {
      x: mine.x, y: mine.y, marker: Object.assign({}, base.data[0].marker, paint(side)),
    });
    // The veil shows what is selected; plotly would take a second for it at 100,000 points.
    const plain = { marker: { opacity: points.marker.opacity } };
    Object.assign(points, { selected: plain, unselected: plain });
    delete points.customdata; // read() has the ids; Dash would look for them in each event
    const layout = Object.assign({}, base.layout, {
      uirevision: data.key, selectionrevision: drawing, dragmode: tool,
      hovermode: "closest", hoverdistance: 16,
      selections: [], newselection: { line: { color: token("--text"), width: 1, dash: "dot" } },
      activeselection: { fillcolor: "rgba(0,0,0,0)", opacity: 1 },
    });
    return { data: [points], layout: layout };
  }

  function figures(given, by, tool, chosen, pin, theme, oldA) {
    if (!given || !byId("compare-maps-view")) return [none(), none()];
    const fresh = !oldA || !oldA.data.length; // the page has just been opened
    const last = { key: fresh ? null : data.key, color: color, group: fresh ? null : group };
    if (fresh) picked = null;
    if (data !== given) {
      data = given;
      sides = { a: read(data.a), b: read(data.b) };
      if (last.key !== data.key) picked = null;
    }
    color = by;
    group = chosen ?? null; // what Dash has not been told is undefined
    image = pin ?? null;
    const renumbered = color !== last.color || data.key !== last.key;
    const regrouped = group !== last.group || (group !== null && renumbered);
    if (regrouped) {
      picked = group === null ? null : members(group);
      erase(null);
    }
    requestAnimationFrame(settle);
    const now = [data.key, color, tool, document.documentElement.dataset.bsTheme].join(" ");
    if (now === drawing && oldA && oldA.data.length) return [none(), none()];
    drawing = now;
    return SIDES.map((side) => figure(side, tool));
  }

  // Ids of a category on either map.
  function members(code) {
    const ids = new Set();
    SIDES.forEach((side) => {
      const mine = sides[side].ids;
      codes(side).forEach((one, row) => (one < 0 ? -1 : category(one)) === code && ids.add(mine[row]));
    });
    return [...ids];
  }

  function settle() {
    if (!byId("compare-maps-view")) return;
    if (!window.Plotly || SIDES.some((side) => !graph(side) || !graph(side).on)) {
      requestAnimationFrame(settle);
      return;
    }
    SIDES.forEach((side) => {
      if (graph(side).dataset.linked) return;
      graph(side).dataset.linked = "true";
      listen(side, graph(side));
    });
    api.legend();
    api.tell();
    marks();
  }

  // Selecting

  function listen(side, gd) {
    gd.on("plotly_selecting", () => veil(side, false)); // else it hides the line being drawn
    gd.on("plotly_selected", (event) => {
      if (!event || !event.points || !event.points.length) return veil(side);
      pick(event.points.map((point) => sides[side].ids[point.pointNumber]), side);
    });
    gd.on("plotly_deselect", clear);
    gd.on("plotly_hover", (event) => point(sides[side].ids[event.points[0].pointNumber], event.event));
    gd.on("plotly_unhover", () => point(null));
    gd.on("plotly_click", (event) => set("compare-image", sides[side].ids[event.points[0].pointNumber]));
    gd.on("plotly_afterplot", marks);
    gd.on("plotly_relayouting", marks);
  }

  // Select images; `from` is the map they were drawn around on, whose line stays.
  function pick(ids, from) {
    picked = ids;
    if (group !== null) {
      group = null;
      set("compare-group", null);
    }
    erase(from);
    api.legend();
    api.tell();
    marks();
  }

  // Take the lines drawn around points off the maps, but for one.
  function erase(but) {
    SIDES.forEach((side) => {
      const gd = side !== but && graph(side);
      const lines = (gd && gd.layout && gd.layout.selections) || [];
      if (lines.length) window.Plotly.relayout(gd, { selections: [] });
    });
  }

  function clear() {
    if (!sides || (!picked && group === null)) return;
    pick(null, null);
  }

  // Pointing and clicking

  function point(id, event) {
    pointed = id;
    const tip = byId("compare-tip");
    if (!tip) return;
    tip.hidden = id === null || !event || event.pointerType === "touch";
    if (!tip.hidden) {
      if (tip.dataset.of !== String(id)) {
        tip.dataset.of = id;
        tip.replaceChildren(element("img", { alt: "", src: window.likeness.url(`/thumb/${id}`) }));
      }
      const beside = (at, room) => (at + 168 > room ? at - 160 : at + 16);
      const at = [beside(event.clientX, innerWidth), beside(event.clientY, innerHeight)];
      tip.style.transform = `translate(${at[0]}px, ${at[1]}px)`;
    }
    rings();
  }

  function marks() {
    SIDES.forEach((side) => veil(side));
    rings();
  }

  // The points selected, over a veil that fades the others.
  function veil(side, drawn = true) {
    const canvas = sides && stage(side) && stage(side).querySelector(".compare-veil");
    const gd = graph(side);
    if (!canvas || !gd || !gd._fullLayout || !gd._fullLayout.xaxis) return;
    const { clientWidth: width, clientHeight: height } = canvas;
    const rows = picked && drawn ? rowsOf(side) : [];
    canvas.width = width * devicePixelRatio; // also wipes it
    canvas.height = height * devicePixelRatio;
    canvas.dataset.count = rows.length;
    if (!picked || !drawn) return;
    const pen = canvas.getContext("2d");
    pen.scale(devicePixelRatio, devicePixelRatio);
    pen.globalAlpha = 0.86;
    pen.fillStyle = token("--surface");
    pen.fillRect(0, 0, width, height);
    pen.globalAlpha = 1;
    points(side, gd, rows, pen);
  }

  function points(side, gd, rows, pen) {
    const { xaxis, yaxis } = gd._fullLayout;
    const mine = sides[side];
    const size = data[side].figure.data[0].marker.size;
    const paints = colors();
    const by = values(side);
    paints.forEach((paint, value) => {
      pen.fillStyle = paint;
      rows.forEach((row) => {
        if (by[row] !== value) return;
        const x = xaxis._offset + xaxis.l2p(mine.x[row]);
        const y = yaxis._offset + yaxis.l2p(mine.y[row]);
        if (size < 4) return pen.fillRect(x - size / 2, y - size / 2, size, size);
        pen.beginPath();
        pen.arc(x, y, size / 2, 0, 7);
        pen.fill();
      });
    });
  }

  // Rings around the image pointed at and the one clicked, on both maps.
  function rings() {
    if (!sides) return;
    SIDES.forEach((side) => {
      const box = stage(side) && stage(side).querySelector(".compare-rings");
      const gd = graph(side);
      if (!box || !gd || !gd._fullLayout || !gd._fullLayout.xaxis) return;
      const marks = [[image, "compare-ring compare-ring-pinned"], [pointed, "compare-ring"]];
      box.replaceChildren(...marks.map(([id, name]) => ring(side, gd, id, name)).filter(Boolean));
    });
  }

  function ring(side, gd, id, name) {
    const row = id === null ? undefined : sides[side].rows.get(id);
    if (row === undefined) return null;
    const { xaxis, yaxis } = gd._fullLayout;
    const made = element("div", { className: name });
    const x = xaxis._offset + xaxis.l2p(sides[side].x[row]);
    const y = yaxis._offset + yaxis.l2p(sides[side].y[row]);
    made.style.transform = `translate(${x}px, ${y}px)`;
    return made;
  }

  const onPage = (event) => sides && byId("compare-maps-view") && event.target.closest;

  const BUTTONS = "[data-group], [data-pin], #compare-clear, #compare-unpin";
  document.addEventListener("click", (event) => {
    const button = onPage(event) && event.target.closest(BUTTONS);
    if (!button || !button.closest(".compare-maps")) return;
    if (button.dataset.pin) set("compare-image", Number(button.dataset.pin));
    else if (button.id === "compare-unpin") set("compare-image", null);
    else if (button.id === "compare-clear") clear();
    else if (Number(button.dataset.group) === group) clear();
    else set("compare-group", Number(button.dataset.group));
  });
  function over(event) {
    const button = onPage(event) && event.target.closest(".compare-maps [data-pin]");
    if (button) point(Number(button.dataset.pin));
    else if (pointed !== null && onPage(event) && !event.target.closest(".compare-canvas")) point(null);
  }
  document.addEventListener("pointerover", over);
  document.addEventListener("focusin", over);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !onPage(event)) return;
    if (picked) clear();
    else if (image !== null) set("compare-image", null);
  });

  // For Dash

  // The address of what is shown; another image is a step that Back returns from.
  function view(a, b, by, chosen, code, last) {
    if (!last || last.path !== "/compare") return none();
    const before = new URLSearchParams(last.search);
    if (before.get("view") !== "maps") return none();
    const params = new URLSearchParams({ view: "maps", a: a, b: b, color: by });
    const clicked = chosen !== null && chosen !== undefined;
    if (clicked) params.set("image", chosen);
    if (code !== null && code !== undefined) params.set("group", code);
    const search = `?${params}`;
    if (search === last.search) return none();
    return { path: "/compare", search: search, replace: !clicked || String(chosen) === before.get("image") };
  }

  const api = (window.likenessCompare = {
    get data() { return data; },
    get sides() { return sides; },
    get color() { return color; },
    get group() { return group; },
    get picked() { return picked; },
    codes: codes, rowsOf: rowsOf, stage: stage, element: element,
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compareMaps: { figures: figures, view: view },
  });
})();
