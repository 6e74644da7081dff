/* What is drawn over the map of the Inside page: what the index compared, in the order that it did, the way
   to a match, a layer of the graph, or the cells that were read. Places are those of the map (x, y), null
   where an image has none. */
(function () {
  "use strict";
  const TOKENS = { seen: "--accent", way: "--nearby", soft: "--text-soft", bad: "--bad", mark: "--map-mark", paper: "--map-paper" };
  const FULL = 2 * Math.PI;

  // How many rows were compared after each step: [1, …]. walk: as the server tells it. Pure.
  function counts(walk) {
    const number = new Map(walk.order.map((row, step) => [row, step]));
    const found = new Array(walk.order.length + 1).fill(0);
    walk.origin.forEach((from) => { found[from < 0 ? 0 : number.get(from) + 1]++; });
    for (let step = 1; step < found.length; step++) found[step] += found[step - 1];
    return found;
  }

  // From where the walk came down to a row: numbers of rows. Pure.
  function way(walk, row) {
    const steps = [];
    for (let at = row; at >= 0; at = walk.origin[at]) steps.unshift(at);
    return steps;
  }

  // under: a canvas below the pictures on the map, over: one above them.
  function sheet(under, over, engine) {
    let pen = null; // of the canvas that is drawn on now
    let colors = null;

    function look() {
      const style = getComputedStyle(engine.root);
      colors = Object.fromEntries(Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim()]));
    }

    // A canvas, wiped, and its pen.
    function begin(canvas) {
      const ratio = Math.min(2, window.devicePixelRatio || 1);
      [canvas.width, canvas.height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * ratio));
      const made = canvas.getContext("2d");
      made.setTransform(ratio, 0, 0, ratio, 0, 0);
      made.lineJoin = "round";
      made.lineCap = "round";
      return made;
    }

    const at = (places, i) => (places.x[i] === null || places.x[i] === undefined ? null : engine.view.at(places.x[i], places.y[i]));
    const pixels = (places, count) => Array.from({ length: count }, (_, i) => at(places, i));

    function dots(points, radius, color, opacity) {
      pen.fillStyle = color;
      pen.globalAlpha = opacity;
      pen.beginPath();
      points.forEach((point) => {
        if (!point) return;
        pen.moveTo(point.x + radius, point.y);
        pen.arc(point.x, point.y, radius, 0, FULL);
      });
      pen.fill();
      pen.globalAlpha = 1;
    }

    function lines(pairs, width, color, opacity) {
      pen.strokeStyle = color;
      pen.lineWidth = width;
      pen.globalAlpha = opacity;
      pen.beginPath();
      pairs.forEach(([from, to]) => {
        if (!from || !to) return;
        pen.moveTo(from.x, from.y);
        pen.lineTo(to.x, to.y);
      });
      pen.stroke();
      pen.globalAlpha = 1;
    }

    // A line through points, on an edge of the paper's color so that it stands out of the others.
    function trail(points, dashed) {
      const known = points.filter(Boolean);
      const pairs = known.slice(1).map((point, i) => [known[i], point]);
      lines(pairs, 6, colors.paper, 0.9);
      pen.setLineDash(dashed ? [2, 5] : []);
      lines(pairs, 2.5, colors.way, 1);
      pen.setLineDash([]);
      dots(known, 3.5, colors.way, 1);
    }

    // Where a walk begins.
    function start(point) {
      if (!point) return;
      pen.fillStyle = colors.way;
      pen.strokeStyle = colors.paper;
      pen.lineWidth = 2;
      pen.beginPath();
      [[0, -8], [8, 0], [0, 8], [-8, 0]].forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](point.x + x, point.y + y));
      pen.closePath();
      pen.fill();
      pen.stroke();
    }

    // Rings around images, where they are here.
    function rings(ids, color) {
      ids.map((id) => engine.data.rows.get(id)).filter((row) => row !== undefined).forEach((row) => {
        const point = engine.view.pixel(row);
        [[colors.paper, 6], [color, 2.5]].forEach(([shade, width]) => {
          pen.strokeStyle = shade;
          pen.lineWidth = width;
          pen.beginPath();
          pen.arc(point.x, point.y, 8, 0, FULL);
          pen.stroke();
        });
      });
    }

    // From the top of the graph to where the walk comes down.
    const descent = (walk) => walk.layers.flatMap((layer) => pixels(layer.path, layer.path.ids.length));

    function bottom(walk, state, top) {
      const points = pixels(walk, state.counts[state.step]);
      const around = walk.order.slice(0, state.step).map((row) => points[row]);
      lines(points.map((point, i) => [points[walk.origin[i]], point]), 0.75, colors.seen, points.length > 3000 ? 0.12 : 0.28);
      dots(points, 2, colors.seen, 0.65);
      dots(around, 3.5, colors.seen, 1);
      pen = top;
      const above = descent(walk);
      if (above.length) trail([...above, points[0]], true);
      start(above[0] || points[0]);
      if (state.row !== null && state.row < points.length) trail(way(walk, state.row).map((row) => points[row]), false);
    }

    function upper(layer, top) {
      dots(pixels(layer.rows, layer.rows.ids.length), 4, colors.seen, 0.9);
      pen = top;
      const path = pixels(layer.path, layer.path.ids.length);
      trail(path, false);
      start(path[0]);
    }

    function read(cells, state) {
      const points = pixels(cells, cells.ids.length);
      const mine = (i) => state.cell === null || cells.cell[i] === state.cell;
      dots(points.filter((_, i) => !mine(i)), 2, colors.soft, 0.5);
      dots(points.filter((_, i) => mine(i)), state.cell === null ? 2.5 : 3.5, colors.seen, 0.85);
    }

    return function (told, state) {
      if (!engine.data || !engine.view.present()) return;
      look();
      pen = begin(under);
      const top = begin(over);
      if (told.cells) read(told.cells, state);
      else if (told.walk && state.level) upper(told.walk.layers.find((layer) => layer.level === state.level), top);
      else if (told.walk) bottom(told.walk, state, top);
      pen = top;
      rings(told.missed.map((one) => one.id), colors.bad);
      rings(told.own === null ? [] : [told.own], colors.mark);
    };
  }

  window.likeness.inside = { counts: counts, way: way, sheet: sheet };
})();
