/* Marks on the map: the chosen image, its neighbors and the lines to where they really are.

   Over the flat map they are drawn as SVG, so that choosing an image costs no new plot; in
   space they are traces, since only plotly knows what is in front of what. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const SVG = "http://www.w3.org/2000/svg";

  // Rows of the chosen image and of its neighbors that have a place on this map.
  function marked() {
    const own = api.image === null ? undefined : api.map.rows.get(api.image);
    if (own === undefined) return { own: [], others: [] };
    const rows = api.found.map((id) => api.map.rows.get(id));
    return { own: [own], others: rows.filter((row) => row !== undefined) };
  }

  function shape(name, attributes) {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }

  function ring(at, radius, name) {
    return shape("circle", { cx: at.x, cy: at.y, r: radius, class: name });
  }

  function draw() {
    const box = byId("map-marks");
    if (!box) return;
    if (!api.map || api.map.dim !== 2 || !api.view.present()) return box.replaceChildren();
    const { own, others } = marked();
    if (!own.length) return box.replaceChildren();
    const from = api.view.pixel(own[0]);
    const to = others.map(api.view.pixel);
    const lines = to.map((at) => `M${from.x} ${from.y}L${at.x} ${at.y}`).join("");
    const radius = api.map.size / 2;
    const picture = shape("svg", { width: "100%", height: "100%" });
    picture.append(
      shape("path", { d: lines, class: "map-lines" }),
      ...to.map((at) => ring(at, radius + 4, "map-ring")),
      ring(from, radius + 8, "map-ring map-own"),
    );
    box.replaceChildren(picture);
  }

  function traces() {
    const map = api.map;
    const { own, others } = marked();
    const paint = api.token("--map-mark");
    const at = (rows) => {
      const along = (values) => rows.map((row) => (row === null ? null : values[row]));
      return { type: "scatter3d", hoverinfo: "skip", x: along(map.x), y: along(map.y), z: along(map.z) };
    };
    const rings = (rows, size, width) => Object.assign(at(rows), {
      mode: "markers",
      marker: { symbol: "circle-open", size: size, color: paint, line: { color: paint, width: width } },
    });
    const lines = others.flatMap((row) => [own[0], row, null]);
    return [
      Object.assign(at(lines), { mode: "lines", opacity: 0.55, line: { color: paint, width: 2 } }),
      rings(others, map.size + 4, 2),
      rings(own, map.size + 8, 4),
    ];
  }

  // Pointing at a neighbor's card shows where on the map it is.
  function point(event) {
    const box = byId("map-pointer");
    if (!box || !api.map || !event.target.closest) return;
    const card = event.target.closest("#map-panel .match");
    const button = card && card.querySelector(".match-picture");
    const row = button && api.map.dim === 2 ? api.map.rows.get(JSON.parse(button.id).image) : undefined;
    box.hidden = row === undefined || !api.view.present();
    if (box.hidden) return;
    const at = api.view.pixel(row);
    box.style.transform = `translate(${at.x}px, ${at.y}px)`;
  }
  document.addEventListener("pointerover", point);
  document.addEventListener("focusin", point);

  api.marks = { draw: draw, traces: traces };
})();
