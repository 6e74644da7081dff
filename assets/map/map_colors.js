/* What each point's color is, the legend that says what the colors mean, and painting them.

   Plotly's own way to other colors goes over every point several times, which takes most of
   a second for 100,000. So the points are plotted in one color, and their colors are written
   where plotly's WebGL scatter keeps them: a number per point, and a palette of what the
   numbers mean. Hiding and fading are colors too. Plotly forgets them whenever it plots the
   trace anew; "plotly_afterplot" puts them back. See assets/map.js for the rest. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const STEPS = 64; // of a continuous scale
  const NOTHING = 255; // the value of a point that a continuous coloring says nothing of

  // Plotly's flat points smooth their own edges; multisampling them as well would double to
  // quadruple what a frame costs where there is no GPU (measured: 220 → 85 ms of processor
  // time for 100,000 points), and shows no difference.
  const getContext = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, options) {
    const flat = this.classList.contains("gl-canvas") && kind.includes("webgl");
    return getContext.call(this, kind, flat ? Object.assign({}, options, { antialias: false }) : options);
  };

  // The palette: categories, other, none, the scale; all of it again, faded; and invisible.
  const top = () => api.map.facts.palette.length;
  const faded = () => top() + 2 + STEPS;

  // The coloring shown: {by, kind, codes, names, none, …}, codes in the order of the map's rows.
  function current() {
    const map = api.map;
    const by = api.color;
    if (by === "cluster") return { by: by, kind: "clusters", codes: map.cluster };
    if (by === "label") {
      return { by: by, kind: "categories", codes: map.label, names: map.facts.labels, none: "no label" };
    }
    const sent = api.coloring;
    if (!sent || sent.map !== map.name || sent.by !== by || !sent.codes) return { by: by, kind: "waiting" };
    if (!sent.read) sent.read = api.decode(sent.codes);
    if (sent.read.length !== map.total) {
      sent.error = "This map has been made anew. Reload the page.";
      return { by: by, kind: "waiting" };
    }
    const at = map.at;
    if (sent.for !== map) {
      sent.rows = at ? sent.read.constructor.from(at, (number) => sent.read[number]) : sent.read;
      sent.for = map;
    }
    return Object.assign({}, sent, { codes: sent.rows });
  }

  // Categories past the palette are one, "other", where names are hidden and shown.
  function category(coloring, code) {
    return coloring.kind === "categories" ? Math.min(code, top()) : code;
  }

  // A table from what a point's code is to the number of its color, and whether it is hidden.
  function lookup(coloring) {
    const gone = new Set(api.hidden());
    const base = top();
    return (code) => {
      if (coloring.kind === "waiting") return base;
      if (coloring.kind === "scale") {
        return code === NOTHING ? base + 1 : base + 2 + Math.floor((code * STEPS) / NOTHING);
      }
      if (gone.size && gone.has(category(coloring, code))) return -1;
      return code < 0 ? base + 1 : Math.min(code, base);
    };
  }

  // The number of each row's color in the palette: (n,) Uint8Array.
  function numbers() {
    const map = api.map;
    const coloring = current();
    const look = lookup(coloring);
    const codes = coloring.codes || map.cluster;
    const chosen = api.focus();
    const bright = api.mask && api.mask.length === map.ids.length ? api.mask : null;
    const far = faded();
    const values = new Uint8Array(map.ids.length);
    const seen = new Uint8Array(1 << 16); // of each code, as 16 bits: its number and 1; 0: not met yet
    for (let row = 0; row < values.length; row++) {
      const code = codes[row];
      let value = seen[code & 0xffff] - 1;
      if (value < 0) {
        const number = look(code);
        value = number < 0 ? 2 * far : number;
        seen[code & 0xffff] = value + 1;
      }
      values[row] = value;
    }
    if (chosen !== null || bright) fade(values, far, (row) => (
      (chosen !== null && map.cluster[row] !== chosen) || (bright !== null && !bright[row])
    ));
    map.numbers = values;
    return values;
  }

  // Fade what `dim` says of; what is hidden stays so.
  function fade(values, far, dim) {
    for (let row = 0; row < values.length; row++) {
      if (values[row] < far && dim(row)) values[row] += far;
    }
  }

  function mix(from, to, share) {
    const part = (hex, at) => parseInt(hex.slice(at, at + 2), 16);
    return [1, 3, 5].map((at) => Math.round(part(from, at) * (1 - share) + part(to, at) * share));
  }

  // [r, g, b] of each number but the last, which is invisible; the same array until it changes.
  let mixed = null;
  function palette() {
    const facts = api.map.facts;
    const theme = document.documentElement.dataset.bsTheme;
    if (mixed && mixed.facts === facts && mixed.theme === theme) return mixed.colors;
    const scale = Array.from({ length: STEPS }, (_, i) => {
      const at = (i / (STEPS - 1)) * (facts.scale.length - 1);
      const low = Math.min(Math.floor(at), facts.scale.length - 2);
      return hex(mix(facts.scale[low], facts.scale[low + 1], at - low));
    });
    const plain = [...facts.palette, api.token("--map-other"), api.token("--map-noise"), ...scale];
    const paper = api.token("--ground");
    const shades = (share) => plain.map((color) => mix(color, paper, share));
    mixed = { facts: facts, theme: theme, colors: [...shades(0), ...shades(0.82)] };
    return mixed.colors;
  }

  function hex(color) {
    return "#" + color.map((part) => part.toString(16).padStart(2, "0")).join("");
  }

  // The usual way to color a trace, in which the scene in space is.
  function marker(values) {
    const steps = [...palette().map((color) => `rgb(${color.join(",")})`), "rgba(0, 0, 0, 0)"];
    const scale = steps.flatMap((color, i) => [[i / steps.length, color], [(i + 1) / steps.length, color]]);
    return {
      color: values, colorscale: scale, showscale: false, cmin: -0.5, cmax: steps.length - 0.5, cauto: false,
    };
  }

  // A trace in space goes without what is hidden: there is no invisible in it.
  function inSpace(points) {
    const map = api.map;
    const values = numbers();
    const end = 2 * faded();
    const all = !values.includes(end);
    map.drawnRows = all ? null : Array.from(values.keys()).filter((row) => values[row] !== end);
    const pick = (array) => (all ? array : array.constructor.from(map.drawnRows, (row) => array[row]));
    Object.assign(points, { x: pick(map.x), y: pick(map.y), z: pick(map.z) });
    Object.assign(points.marker, marker(pick(values)));
  }

  // Color what plotly has drawn; keep: as it was, if plotly has forgotten it.
  function paint(keep) {
    const map = api.map;
    const gd = api.graph();
    const full = gd && gd._fullLayout;
    if (!map || !full || !gd.data || !gd.data.length) return;
    // While other colors are on their way, the last ones stay.
    const values = map.numbers && (keep || current().kind === "waiting") ? map.numbers : numbers();
    const scene = map.dim === 2 && full._plots && full._plots.xy && full._plots.xy._scene;
    const scatter = scene && scene.scatter2d;
    const group = scatter && scatter.groups && scatter.groups[0];
    if (!group || !group.colorBuffer || !scatter.palette) { // in space, or a plotly that keeps them elsewhere
      if (!keep) slowly(gd, values);
      return;
    }
    if (group.count !== values.length || (keep && group.color === values)) return;
    const colors = palette();
    const same = group.palette === colors && alike(values, group.color);
    group.color = values;
    if (same) return; // a frame costs more than to look
    if (group.palette === colors) send(group, values);
    else {
      group.palette = colors;
      scatter.palette.length = 0;
      scatter.palette.push(...colors.flatMap((color) => [...color, 255]), 0, 0, 0, 0);
      scatter.update([{ borderColor: "rgba(0, 0, 0, 0)" }]); // sends palette and numbers to the GPU
    }
    scatter.regl.clear({ color: [0, 0, 0, 0] });
    scene.draw();
    scatter.gl.flush(); // drawing starts now, and not when the browser makes its next frame
  }

  function alike(values, others) {
    if (values.length !== others.length) return false; // plotly's own color is a number
    for (let row = 0; row < values.length; row++) if (values[row] !== others[row]) return false;
    return true;
  }

  // Numbers to the GPU as plotly packs them, four bytes a point; its own way goes over borders too.
  function send(group, values) {
    const packed = new Uint8Array(4 * values.length + 2);
    for (let row = 0; row < values.length; row++) packed[4 * row] = values[row];
    group.colorBuffer({ data: packed, type: "uint8", usage: "dynamic" });
  }

  function slowly(gd, values) {
    const rows = api.map.dim === 3 && api.map.drawnRows;
    const style = marker(rows ? Uint8Array.from(rows, (row) => values[row]) : values);
    const change = Object.entries(style).map(([key, value]) => [`marker.${key}`, [value]]);
    window.Plotly.restyle(gd, Object.fromEntries(change), [0]);
  }

  function hiddenRow(row) {
    const values = api.map.numbers || numbers();
    return values[row] === 2 * faded();
  }

  function colorOf(row) {
    const value = (api.map.numbers || numbers())[row] % faded();
    const color = palette()[value];
    return color ? hex(color) : "var(--map-noise)";
  }

  // What the coloring says of a row, where the tip does not say it anyway.
  function word(row) {
    const coloring = current();
    if (coloring.by === "label" || !["scale", "categories"].includes(coloring.kind)) return "";
    const code = coloring.codes[row];
    if (coloring.kind === "categories") return (coloring.names[code] || [coloring.none])[0];
    return code === NOTHING ? coloring.none : figure(coloring, code / (NOTHING - 1));
  }

  function figure(coloring, share) {
    const value = coloring.low + share * (coloring.high - coloring.low);
    const day = (date) => date.toLocaleDateString("en", { dateStyle: "medium" });
    return coloring.form === "date" ? day(new Date(value * 1000)) : `${Math.round(100 * value)} %`;
  }

  // Legend

  function entry(code, name, count, paint) {
    const button = document.createElement("button");
    const dot = document.createElement("span");
    button.type = "button";
    button.className = "map-entry";
    button.dataset.toggle = code;
    const images = `${count.toLocaleString("en")} ${count === 1 ? "image" : "images"}`;
    button.title = `${images}. Click hides or shows, double click isolates.`;
    dot.className = "map-dot";
    dot.style.setProperty("--swatch", paint);
    button.append(dot, name);
    return button;
  }

  function categories(coloring) {
    const colors = api.map.facts.palette;
    const names = coloring.names;
    const sum = (rest) => rest.reduce((total, [, count]) => total + count, 0);
    const entries = names.slice(0, colors.length)
      .map(([name, count], code) => entry(code, name, count, colors[code]));
    const rest = sum(names.slice(colors.length));
    if (rest) entries.push(entry(colors.length, "other", rest, "var(--map-other)"));
    const without = api.map.total - sum(names);
    if (without > 0) entries.push(entry(-1, coloring.none, without, "var(--map-noise)"));
    return entries;
  }

  function part(name, text, attributes) {
    const element = document.createElement(name);
    element.textContent = text;
    Object.assign(element, attributes);
    return element;
  }

  // A bar of the scale's colors with figures below it; the note says what they count.
  function bar(coloring) {
    const box = part("div", "", { className: "map-scale" });
    const shades = part("div", "", { className: "map-shades" });
    const ends = part("div", "", { className: "map-ends" });
    shades.style.backgroundImage = `linear-gradient(to right, ${api.map.facts.scale.join(", ")})`;
    const figures = [...new Set([0, 0.5, 1].map((share) => figure(coloring, share)))];
    ends.append(...figures.map((text) => part("span", text)));
    const said = figures.join(" to ");
    shades.setAttribute("role", "img");
    shades.setAttribute("aria-label", `Color scale: ${said}`);
    box.append(shades, ends, part("p", coloring.note));
    return [box];
  }

  // Written anew only when it says something else; whether it was. While other colors are on
  // their way the last legend stays as the last colors do: each other legend moves the view.
  function legend() {
    const box = byId("map-legend");
    const coloring = current();
    const sent = api.coloring;
    const name = api.map.name;
    const failed = coloring.kind === "waiting" && sent && sent.by === coloring.by && sent.map === name;
    box.inert = coloring.kind === "waiting" && !failed;
    if (box.inert) return false;
    const key = coloring.kind === "clusters" ? "" : [name, coloring.by, coloring.kind, failed].join(" ");
    if (box.dataset.of === key) return false;
    box.dataset.of = key;
    if (failed) box.replaceChildren(part("p", sent.error, { className: "error-note" }));
    else if (coloring.kind === "categories") box.replaceChildren(...categories(coloring));
    else if (coloring.kind === "scale") box.replaceChildren(...bar(coloring));
    else box.replaceChildren();
    return true;
  }

  // All categories that the toggles of the present coloring tell apart.
  function present() {
    const coloring = current();
    if (!coloring.codes || coloring.kind === "scale") return [];
    return [...new Set(Array.from(coloring.codes, (code) => category(coloring, code)))];
  }

  function emphasize(mask) {
    api.mask = mask;
    paint();
  }

  // Dash goes over every component of the page several times for each of its callbacks. Points
  // take their colors first; Dash hears of it after the frame that shows them.
  document.addEventListener("change", (event) => {
    if (event.target.id !== "map-color" || !api.map || !api.drawn || api.map.dim !== 2) return;
    event.stopPropagation();
    const by = (api.color = event.target.value);
    api.colors.paint();
    const tell = () => byId("map-color") && window.dash_clientside.set_props("map-color", { value: by });
    requestAnimationFrame(() => setTimeout(tell));
  }, true);

  Object.assign(api, { emphasize: emphasize, hiddenRow: hiddenRow, colorOf: colorOf });
  const waiting = () => current().kind === "waiting";
  api.colors = {
    paint: paint, inSpace: inSpace, waiting: waiting, legend: legend, present: present, word: word,
  };
})();
