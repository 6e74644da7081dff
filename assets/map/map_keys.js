/* The map by keyboard: arrows go from image to image, Enter chooses, Space shows it large, Shift with F10
   says what can be done, Shift with arrows moves the map. See map.js for the rest; + − 0 are in map_zoom.js. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const { map } = window.likeness;
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const PAN = 96; // px

  // Of places {x, y, row} that which is nearest to one in a direction: within 60° of it, and
  // beside it as far as along counting twice. null where there is none. Pure.
  map.toward = function (places, from, [dx, dy]) {
    let best = null;
    let least = Infinity;
    places.forEach((place) => {
      const [x, y] = [place.x - from.x, place.y - from.y];
      const along = x * dx + y * dy;
      const beside = Math.abs(x * dy) + Math.abs(y * dx);
      if (along < 1 || beside > 1.73 * along || along + 2 * beside >= least) return;
      [best, least] = [place, along + 2 * beside];
    });
    return best;
  };

  function places(engine) {
    const { width, height, right, bottom } = engine.frame();
    const found = [];
    engine.data.ids.forEach((id, row) => {
      const { x, y, w } = engine.view.pixel(row);
      if (x < 0 || y < 0 || x > width - right || y > height - bottom || w <= 0 || engine.hides(row)) return;
      found.push({ x: x, y: y, row: row });
    });
    return found;
  }

  // Where the arrows start: at the image pointed at, at the chosen one, or in the middle.
  function start(engine) {
    const { rows } = engine.data;
    const known = [engine.marked.pointed, api.image].find((id) => id !== null && rows.has(id));
    if (known !== undefined) return engine.view.pixel(rows.get(known));
    const { width, height, right, bottom } = engine.frame();
    return { x: (width - right) / 2, y: (height - bottom) / 2 };
  }

  function point(engine, place) {
    const box = engine.root.getBoundingClientRect();
    engine.mark({ pointed: engine.data.ids[place.row] });
    engine.tip.show(place.row, { clientX: box.left + place.x, clientY: box.top + place.y });
    api.byId("map-said").textContent = engine.about(place.row);
  }

  // What is done with the image that is pointed at, else the chosen one: whether the key was for that.
  function about(engine, event) {
    const id = engine.marked.pointed === null ? api.image : engine.marked.pointed;
    const row = id === null ? undefined : engine.data.rows.get(id);
    if (row === undefined) return false;
    const { gallery } = window.likeness;
    if (event.key === "Enter") api.select(id);
    else if (event.key === " ") gallery.viewOnMap(engine, id);
    else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      const box = engine.root.getBoundingClientRect();
      const { x, y } = engine.view.pixel(row);
      engine.tip.hide();
      gallery.menuOnMap(engine, { id: id, at: [box.left + x, box.top + y] });
    } else return false;
    return true;
  }

  function pressed(stage, event) {
    if (event.target !== stage || !api.map || event.ctrlKey || event.metaKey || event.altKey) return;
    const { engine } = api;
    const way = WAYS[event.key];
    if (way && event.shiftKey) engine.input.pan(way[0] * PAN, way[1] * PAN);
    else if (way) {
      const next = map.toward(places(engine), start(engine), way);
      if (next) point(engine, next);
    } else if (!about(engine, event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  window.likeness.on("keydown", "#map-graph", pressed, true);
  // The menu and the viewer lead back to the image.
  window.likeness.on("focusout", "#map-graph", (stage, { relatedTarget: to }) => {
    if (!api.map) return;
    api.engine.tip.hide();
    if (!(to && to.closest(".at-pointer, dialog.viewer"))) api.engine.mark({ pointed: null });
  });
})();
