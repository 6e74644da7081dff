/* Marks over the points: the chosen image, its neighbors with lines to where they are, and the image
   that something else on the page points at. */
(function (map) {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";

  function shape(name, attributes) {
    const element = document.createElementNS(SVG, name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  }

  const ring = (at, radius, name) => shape("circle", { cx: at.x, cy: at.y, r: radius, class: name });

  map.marks = function (engine) {
    const box = engine.layer("map-marks");
    const pointer = engine.layer("map-pointer");
    pointer.hidden = true;

    const place = (id) => {
      const row = engine.data.rows.get(id);
      if (row !== undefined) return engine.view.pixel(row);
      const found = engine.refine.place(id);
      return found && engine.view.at(...found);
    };

    function draw() {
      if (!engine.data || !engine.view.present()) return box.replaceChildren();
      const { own, others, pointed } = engine.marked;
      const at = pointed === null ? null : place(pointed);
      pointer.hidden = !at;
      if (at) pointer.style.transform = `translate(${at.x}px, ${at.y}px)`;
      const from = own === null ? null : place(own);
      if (!from) return box.replaceChildren();
      const to = others.map(place).filter(Boolean);
      const lines = to.map((end) => `M${from.x} ${from.y}L${end.x} ${end.y}`).join("");
      const radius = engine.data.size / 2;
      const picture = shape("svg", { width: "100%", height: "100%" });
      picture.append(
        shape("path", { d: lines, class: "map-lines" }),
        ...to.map((end) => ring(end, radius + 4, "map-ring")),
        ring(from, radius + 8, "map-ring map-own"),
      );
      box.replaceChildren(picture);
    }

    return { draw: draw };
  };
})((window.likeness.map = window.likeness.map || {}));
