/* The wall of thumbnails that points turn into once few enough are in view; see assets/map.js
   for the rest. It lets the pointer through, so that wheel and drag reach the map. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const MOST = 160; // pictures at once
  const SIDES = [144, 112, 88, 68, 52]; // px
  const PLACED = 0.7; // share of the points that a side must give room to, else a smaller one
  const GROWN = [1.7, 1.3]; // times the side, where there is still room
  const GAP = 4;
  let placed = []; // {row, x, y, side, element}, px on the stage
  const elements = new Map(); // id → element

  function clear() {
    placed = [];
    elements.forEach((element) => element.remove());
    elements.clear();
  }

  function inView(view, most) {
    const rows = [];
    const { x, y } = api.map;
    for (let row = 0; row < x.length; row++) {
      if (x[row] >= view.x[0] && x[row] <= view.x[1] && y[row] >= view.y[0] && y[row] <= view.y[1]) {
        if (!api.hiddenRow(row) && rows.push(row) > most) return null;
      }
    }
    return rows;
  }

  // The chosen image first, its neighbors, exemplars, and then an order that a point keeps for good, so
  // that panning does not shuffle the wall.
  function rank(row) {
    const id = api.map.ids[row];
    if (id === api.image) return -3;
    if (api.found.includes(id)) return -2;
    if (api.map.exemplars.has(id)) return -1;
    return Math.imul(id, 2654435761) >>> 0;
  }

  // Greedy: each point in turn gets a square around it, if none is in the way.
  function arrange(points, side) {
    const taken = [];
    points.forEach((point) => {
      if (free(taken, point, side)) taken.push({ row: point.row, x: point.x, y: point.y, side: side });
    });
    return taken;
  }

  function free(taken, point, side) {
    return taken.every((other) => {
      const apart = (side + other.side) / 2 + GAP;
      return other === point || Math.abs(other.x - point.x) >= apart || Math.abs(other.y - point.y) >= apart;
    });
  }

  // Loosely scattered pictures are shown larger.
  function grow(taken) {
    taken.forEach((item) => {
      const sides = GROWN.map((by) => Math.round(by * item.side));
      item.side = sides.find((side) => side <= SIDES[0] && free(taken, item, side)) || item.side;
    });
    return taken;
  }

  function put(item) {
    item.element.style.transform = `translate(${item.x - item.side / 2}px, ${item.y - item.side / 2}px)`;
  }

  const wall = (api.wall = {
    // Choose anew what is shown, after the view has come to rest.
    refresh: function () {
      const box = byId("map-wall");
      const view = box && api.map && api.map.dim === 2 && api.view.present();
      if (!view) return clear();
      if (api.view.moving()) return wall.follow();
      const most = Math.min(MOST, (box.clientWidth * box.clientHeight) / 4600);
      const rows = inView(view, most);
      if (!rows || !rows.length) return clear();
      const points = rows
        .sort((a, b) => rank(a) - rank(b))
        .map((row) => Object.assign({ row: row }, api.view.pixel(row)));
      let best = [];
      for (const side of SIDES) {
        best = arrange(points, side);
        if (best.length >= PLACED * points.length) break;
      }
      show(box, grow(best));
    },

    // Keep what is shown on its points while the view moves.
    follow: function () {
      api.tip.hide();
      if (!placed.length || !api.view.present()) return;
      placed.forEach((item) => Object.assign(item, api.view.pixel(item.row)));
      placed.forEach(put); // after all is read: in turns, each write would cost a layout
    },

    // The picture of the wall under the pointer, if any.
    at: function (event) {
      if (!placed.length || !event) return null;
      const stage = byId("map-stage").getBoundingClientRect();
      const x = event.clientX - stage.left;
      const y = event.clientY - stage.top;
      return placed.find((p) => Math.abs(p.x - x) <= p.side / 2 && Math.abs(p.y - y) <= p.side / 2) || null;
    },
  });

  function show(box, best) {
    const map = api.map;
    const kept = new Set(best.map((item) => map.ids[item.row]));
    elements.forEach((element, id) => {
      if (kept.has(id) && element.isConnected) return;
      element.remove();
      elements.delete(id);
    });
    placed = best;
    placed.forEach((item) => {
      const id = map.ids[item.row];
      let element = elements.get(id);
      if (!element) {
        element = document.createElement("div");
        const picture = element.appendChild(document.createElement("img"));
        picture.alt = "";
        picture.src = window.likeness.url(`/thumb/${id}`);
        elements.set(id, element);
        box.append(element);
      }
      item.element = element;
      element.className = "map-tile";
      element.classList.toggle("is-chosen", id === api.image);
      element.classList.toggle("is-neighbor", api.found.includes(id));
      element.style.setProperty("--side", `${item.side}px`);
      element.style.setProperty("--swatch", api.colorOf(item.row));
      put(item);
    });
  }
})();
