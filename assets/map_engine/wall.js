/* The pictures on a map: those of a few points from afar, more and larger ones as one comes closer,
   and at last a single one that fills the stage. The layer lets the pointer through, so that wheel
   and drag reach the map. */
(function (map) {
  "use strict";
  const NEAR = 1500; // points in view; of more only what stands for a cluster gets a picture
  const TYPICAL = 40; // and of those so many at most,
  const ROOM = 32000; // px² of the stage for each
  const SHARP = 240; // px of the screen from which the original takes the thumbnail's place

  map.wall = function (engine) {
    const box = engine.layer("map-wall");
    const elements = new Map(); // id → element
    let placed = []; // {row, x, y, side, off, element}, px of the stage

    function clear() {
      placed = [];
      elements.forEach((element) => element.remove());
      elements.clear();
    }

    function inView(view) {
      const rows = [];
      const { x, y } = engine.data;
      for (let row = 0; row < x.length; row++) {
        if (x[row] >= view.x[0] && x[row] <= view.x[1] && y[row] >= view.y[0] && y[row] <= view.y[1]) {
          if (!engine.hides(row) && (!engine.fades(row) || marked(engine.data.ids[row]))) rows.push(row);
        }
      }
      return rows;
    }

    // x and y of rows in turn, px; of a large map there are many.
    function places(rows) {
      const { x, y } = engine.data;
      const [from, to] = [engine.view.at(0, 0), engine.view.at(1, 1)];
      const found = new Float32Array(2 * rows.length);
      rows.forEach((row, i) => {
        found[2 * i] = from.x + x[row] * (to.x - from.x);
        found[2 * i + 1] = from.y + y[row] * (to.y - from.y);
      });
      return found;
    }

    const marked = (id) => id === engine.marked.own || engine.marked.others.includes(id);

    // Of some rows one that is typical of each of the largest clusters.
    function typical(rows) {
      const met = new Set();
      const { width, height } = engine.frame();
      const most = Math.min(TYPICAL, (width * height) / ROOM);
      return rows.filter((row) => {
        const cluster = engine.data.cluster[row];
        if (met.size >= most || met.has(cluster) || !engine.exemplars.has(engine.data.ids[row])) return false;
        return met.add(cluster);
      });
    }

    // The chosen image first, its neighbors, exemplars, and then an order that a point keeps for
    // good, so that panning does not shuffle the wall.
    function rank(row) {
      const id = engine.data.ids[row];
      if (id === engine.marked.own) return -1e6;
      const near = engine.marked.others.indexOf(id);
      if (near >= 0) return near - 1e5;
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
      picture.addEventListener("load", () => {
        element.style.setProperty("--ratio", picture.naturalWidth / picture.naturalHeight);
      });
      picture.src = window.likeness.url(`/thumb/${id}`);
      elements.set(id, element);
      box.append(element);
      return element;
    }

    // The thumbnail stays until the original is here; where that cannot be had, for good.
    function sharpen(element, id) {
      if (element.dataset.sharp) return;
      element.dataset.sharp = "yes";
      const original = new Image();
      original.addEventListener("load", () => { element.firstChild.src = original.src; });
      original.src = window.likeness.url(`/image/${id}`);
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
        const near = engine.marked.others.indexOf(id);
        element.className = "map-tile";
        element.classList.toggle("is-chosen", id === engine.marked.own);
        element.classList.toggle("is-neighbor", near >= 0);
        element.dataset.rank = near >= 0 ? near + 1 : "";
        element.style.setProperty("--side", `${item.side}px`);
        element.style.setProperty("--swatch", engine.colorOf(item.row));
        if (item.side * devicePixelRatio > SHARP) sharpen(element, id);
        put(item);
      });
    }

    return {
      // Choose anew what is shown, after the view has come to rest.
      refresh: function () {
        const view = engine.data && engine.data.dim === 2 && engine.view.present();
        if (!view || engine.view.moving()) return view ? undefined : clear();
        const all = inView(view);
        if (!all.length) return clear();
        const crowd = map.crowd(places(all), engine.frame());
        const first = typical(all);
        const seen = ({ x, y }) => x > view.x[0] && x < view.x[1] && y > view.y[0] && y < view.y[1];
        const own = [engine.marked.own, ...engine.marked.others].map((id) => engine.data.rows.get(id))
          .filter((row) => row !== undefined && seen({ x: engine.data.x[row], y: engine.data.y[row] }) && !engine.hides(row));
        // What gets a picture beside its point where there is no room on it. Neighbors have numbers:
        // one that is left out would look as if it were not there.
        const must = new Set(own.length ? own : first);
        const place = own.length ? "somewhere" : "near";
        const rows = all.length > NEAR ? [...new Set([...own, ...first])] : all;
        const points = rows.sort((a, b) => rank(a) - rank(b))
          .map((row) => Object.assign({ row: row, must: must.has(row) && place }, engine.view.pixel(row)));
        const frame = engine.frame();
        placed = map.arrange(points, frame, [...engine.names.boxes(), ...(frame.over || [])], crowd);
        show();
      },

      // Keep what is shown on its points while the view moves.
      follow: function () {
        placed.forEach((item) => {
          const point = engine.view.pixel(item.row);
          [item.x, item.y] = [point.x + item.off[0], point.y + item.off[1]];
        });
        placed.forEach(put); // after all is read: in turns, each write would cost a layout
      },

      // The row of the picture at a place of the stage, or null.
      at: function (x, y) {
        const on = (p) => Math.abs(p.x - x) <= p.side / 2 && Math.abs(p.y - y) <= p.side / 2;
        const found = placed.find(on);
        return found ? found.row : null;
      },

      // The edges in the colors that points have now.
      tint: () => placed.forEach((item) => {
        if (item.element) item.element.style.setProperty("--swatch", engine.colorOf(item.row));
      }),

      // Whether one picture fills the stage: there is nothing to come closer to.
      full: () => placed.length === 1 && placed[0].side >= map.largest(engine.frame()) - 1,

      // Pictures beside their points: [{x, y, row}].
      beside: () => placed.filter((item) => Math.hypot(...item.off) > item.side / 2),
      clear: clear,
    };
  };
})((window.likeness.map = window.likeness.map || {}));
