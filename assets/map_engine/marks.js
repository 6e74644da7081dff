/* Marks over the points: thin rings around the chosen image, its true neighbors and, in another
   color, its neighbors on the map; lines to the true ones on demand; and the image that something
   else on the page points at. The pictures of chosen and neighbors are the wall's. */
(function (map) {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  function shape(name, attributes) {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }

  const ring = (at, radius, name) => shape("circle", { cx: at.x, cy: at.y, r: radius, class: name });
  const line = (from, to) => `M${from.x} ${from.y}L${to.x} ${to.y}`;

  // Ids of the `count` nearest on a map to one of its rows, nearest first. hides(row): those that do not
  // count, where some do not. Pure.
  map.around = function (data, row, count, hides) {
    const { x, y, z, ids } = data;
    const found = []; // [distance², id], ascending
    for (let other = 0; other < ids.length; other++) {
      if (other === row || (hides && hides(other))) continue;
      const [dx, dy, dz] = [x[other] - x[row], y[other] - y[row], z ? z[other] - z[row] : 0];
      const apart = dx * dx + dy * dy + dz * dz;
      if (found.length === count && apart >= found[count - 1][0]) continue;
      let at = found.length;
      while (at && found[at - 1][0] > apart) at--;
      found.splice(at, 0, [apart, ids[other]]);
      if (found.length > count) found.pop();
    }
    return found.map(([, id]) => id);
  };

  map.marks = function (engine) {
    const box = engine.layer("map-marks");
    const pointer = engine.layer("map-pointer");
    pointer.hidden = true;
    let known = null; // {data, own, count, ids}: the neighbors on the map
    let lines = false; // to all neighbors

    const place = (id) => {
      const row = engine.data.rows.get(id);
      if (row !== undefined) return engine.view.pixel(row);
      const found = engine.refine.place(id);
      return found && engine.view.at(...found);
    };

    // Of a map that is here in part nobody knows them.
    function nearby() {
      const { data, marked } = engine;
      const count = marked.others.length;
      if (!data || data.at || !count || !data.rows.has(marked.own)) return [];
      if (!known || known.data !== data || known.own !== marked.own || known.count !== count) {
        const ids = map.around(data, data.rows.get(marked.own), count);
        known = { data: data, own: marked.own, count: count, ids: ids };
      }
      return known.ids;
    }

    function draw() {
      if (!engine.data || !engine.view.present()) return box.replaceChildren();
      const { own, others, pointed } = engine.marked;
      const at = pointed === null ? null : place(pointed);
      pointer.hidden = !at;
      if (at) pointer.style.transform = `translate(${at.x}px, ${at.y}px)`;
      const from = own === null ? null : place(own);
      const picture = shape("svg", { width: "100%", height: "100%" });
      const stems = engine.wall.beside().map(({ row, x, y }) => line(engine.view.pixel(row), { x: x, y: y }));
      picture.append(shape("path", { d: stems.join(""), class: "map-stems" }));
      if (from) {
        const radius = engine.data.size / 2;
        const to = others.map(place).filter(Boolean);
        const drawn = lines ? to : others.includes(pointed) && at ? [at] : [];
        picture.append(
          shape("path", { d: drawn.map((end) => line(from, end)).join(""), class: "map-lines" }),
          ...nearby().map(place).filter(Boolean).map((end) => ring(end, radius + 4.5, "map-ring map-nearby")),
          ...to.map((end) => ring(end, radius + 2.5, "map-ring")),
          ring(from, radius + 6, "map-ring map-own"),
        );
      }
      box.replaceChildren(picture);
    }

    return {
      draw: draw,
      nearby: nearby,

      // Lines to all neighbors, or to the one that is pointed at alone.
      toggle: function (wanted) {
        lines = wanted;
        draw();
      },
    };
  };
})((window.likeness.map = window.likeness.map || {}));
