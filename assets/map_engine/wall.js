/* The wall of thumbnails that points turn into once few enough are in view. It lets the pointer
   through, so that wheel and drag reach the map. */
(function (map) {
  "use strict";
  const MOST = 160; // pictures at once
  const ROOM = 4600; // px² of the stage a picture must have
  const SIDES = [144, 112, 88, 68, 52]; // px
  const PLACED = 0.7; // share of the points that a side must give room to, else a smaller one
  const GROWN = [1.7, 1.3]; // times the side, where there is still room
  const GAP = 4;

  function free(taken, point, side) {
    return taken.every((other) => {
      const apart = (side + other.side) / 2 + GAP;
      return other === point || Math.abs(other.x - point.x) >= apart || Math.abs(other.y - point.y) >= apart;
    });
  }

  // Squares around points ({x, y} px, those that matter most first) that do not overlap: each in
  // turn gets one, if none is in the way; loosely scattered ones are larger. Pure.
  map.arrange = function (points) {
    let best = [];
    for (const side of SIDES) {
      best = [];
      points.forEach((point) => {
        if (free(best, point, side)) best.push(Object.assign({}, point, { side: side }));
      });
      if (best.length >= PLACED * points.length) break;
    }
    best.forEach((item) => {
      const sides = GROWN.map((by) => Math.round(by * item.side));
      item.side = sides.find((side) => side <= SIDES[0] && free(best, item, side)) || item.side;
    });
    return best;
  };

  map.wall = function (engine) {
    const box = engine.layer("map-wall");
    const elements = new Map(); // id → element
    let placed = []; // {row, x, y, side, element}, px of the stage

    function clear() {
      placed = [];
      elements.forEach((element) => element.remove());
      elements.clear();
    }

    function inView(view, most) {
      const rows = [];
      const { x, y } = engine.data;
      for (let row = 0; row < x.length; row++) {
        if (x[row] >= view.x[0] && x[row] <= view.x[1] && y[row] >= view.y[0] && y[row] <= view.y[1]) {
          if (!engine.hides(row) && rows.push(row) > most) return null;
        }
      }
      return rows;
    }

    // The chosen image first, its neighbors, exemplars, and then an order that a point keeps for
    // good, so that panning does not shuffle the wall.
    function rank(row) {
      const id = engine.data.ids[row];
      if (id === engine.marked.own) return -3;
      if (engine.marked.others.includes(id)) return -2;
      if (engine.exemplars.has(id)) return -1;
      return Math.imul(id, 2654435761) >>> 0;
    }

    function put(item) {
      item.element.style.transform = `translate(${item.x - item.side / 2}px, ${item.y - item.side / 2}px)`;
    }

    function tile(id) {
      const element = document.createElement("div");
      const picture = element.appendChild(document.createElement("img"));
      picture.alt = "";
      picture.src = window.likeness.url(`/thumb/${id}`);
      elements.set(id, element);
      box.append(element);
      return element;
    }

    function show() {
      const { ids } = engine.data;
      const kept = new Set(placed.map((item) => ids[item.row]));
      elements.forEach((element, id) => {
        if (kept.has(id)) return;
        element.remove();
        elements.delete(id);
      });
      placed.forEach((item) => {
        const id = ids[item.row];
        const element = (item.element = elements.get(id) || tile(id));
        element.className = "map-tile";
        element.classList.toggle("is-chosen", id === engine.marked.own);
        element.classList.toggle("is-neighbor", engine.marked.others.includes(id));
        element.classList.toggle("is-faded", engine.fades(item.row));
        element.style.setProperty("--side", `${item.side}px`);
        element.style.setProperty("--swatch", engine.colorOf(item.row));
        put(item);
      });
    }

    return {
      // Choose anew what is shown, after the view has come to rest.
      refresh: function () {
        const view = engine.data && engine.data.dim === 2 && engine.view.present();
        if (!view) return clear();
        const { width, height } = engine.frame();
        const rows = inView(view, Math.min(MOST, (width * height) / ROOM));
        if (!rows || !rows.length) return clear();
        placed = map.arrange(rows
          .sort((a, b) => rank(a) - rank(b))
          .map((row) => Object.assign({ row: row }, engine.view.pixel(row))));
        show();
      },

      // Keep what is shown on its points while the view moves.
      follow: function () {
        placed.forEach((item) => Object.assign(item, engine.view.pixel(item.row)));
        placed.forEach(put); // after all is read: in turns, each write would cost a layout
      },

      // The row of the picture at a place of the stage, or null.
      at: function (x, y) {
        const on = (p) => Math.abs(p.x - x) <= p.side / 2 && Math.abs(p.y - y) <= p.side / 2;
        const found = placed.find(on);
        return found ? found.row : null;
      },

      clear: clear,
    };
  };
})((window.likeness.map = window.likeness.map || {}));
