/* Selecting by a line: which points lie within it, and drawing it. */
(function (map) {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const CORNERS = 160; // of a lasso, at most; a hand draws no more
  const BANDS = 128; // by height, into which the edges of a line are sorted
  const STEP = 3; // px between two corners
  const FAR = 5; // px; less is a click

  // Rows within a closed line ([[x, y], …] in units of the map), by the even–odd rule. Each point
  // is held against those edges only that pass its height. Pure.
  map.inside = function (xs, ys, line) {
    const [x, y] = [line.map((at) => at[0]), line.map((at) => at[1])];
    const [left, right, low, high] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
    const band = (at) => Math.min(BANDS - 1, Math.floor(((at - low) / (high - low || 1)) * BANDS));
    const edges = Array.from({ length: BANDS }, () => []);
    x.forEach((_, i) => {
      const j = i ? i - 1 : x.length - 1;
      const [from, to] = [band(Math.min(y[i], y[j])), band(Math.max(y[i], y[j]))];
      for (let at = from; at <= to; at++) edges[at].push(x[i], y[i], x[j], y[j]);
    });
    const rows = [];
    for (let row = 0; row < xs.length; row++) {
      const px = xs[row];
      const py = ys[row];
      if (px < left || px > right || py < low || py > high) continue;
      let odd = false;
      const near = edges[band(py)]; // x0, y0, x1, y1 of each
      for (let e = 0; e < near.length; e += 4) {
        const [x0, y0] = [near[e], near[e + 1]];
        const crossed = y0 > py !== near[e + 3] > py;
        if (crossed && px < ((near[e + 2] - x0) * (py - y0)) / (near[e + 3] - y0) + x0) odd = !odd;
      }
      if (odd) rows.push(row);
    }
    return rows;
  };

  map.thinned = function (path) {
    const every = Math.ceil(path.length / CORNERS);
    return path.filter((_, i) => i % every === 0);
  };

  // The line while it is drawn; px of the stage. done(path, how): it is closed.
  map.stroke = function (engine, done) {
    const box = engine.layer("map-drawing");
    let stroke = null; // {tool, how, path, far}

    function outline() {
      if (stroke.tool === "lasso") return stroke.path;
      const [x0, y0] = stroke.path[0];
      const [x1, y1] = stroke.path[stroke.path.length - 1];
      return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
    }

    function draw() {
      if (!stroke || !stroke.far) return box.replaceChildren();
      const picture = document.createElementNS(SVG, "svg");
      const line = document.createElementNS(SVG, "path");
      line.setAttribute("d", `M${outline().map((at) => at.join(" ")).join("L")}Z`);
      picture.append(line);
      picture.setAttribute("class", `is-${stroke.how}`);
      box.replaceChildren(picture);
    }

    return {
      begin: (tool, how, at) => { stroke = { tool: tool, how: how, path: [at], far: false }; },

      go: function (at) {
        const last = stroke.path[stroke.path.length - 1];
        if (Math.hypot(at[0] - last[0], at[1] - last[1]) < STEP) return;
        stroke.path.push(at);
        const [x, y] = stroke.path[0];
        stroke.far = stroke.far || Math.hypot(at[0] - x, at[1] - y) >= FAR;
        draw();
      },

      // Whether it was a line, and no click.
      end: function () {
        const { path, how, far } = stroke;
        const line = outline();
        stroke = null;
        draw();
        if (far && path.length > 1) done(map.thinned(line), how);
        return far;
      },

      cancel: function () {
        stroke = null;
        draw();
      },

      drawing: () => stroke !== null,
    };
  };
})((window.likeness.map = window.likeness.map || {}));
