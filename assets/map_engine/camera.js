/* Where one looks from. Flat: {x: [left, right], y: [bottom, top]} in units of the map, both axes
   at one scale. In space: {yaw, pitch, zoom} around the middle of all points. `frame` is
   {width, height, right, bottom}: px of the stage, and how many at its edges are covered.
   Pure. */
(function (map) {
  "use strict";
  const STEEPEST = 1.55; // rad
  const OPEN = 0.35; // half of the angle seen, rad

  const flat = (map.flat = {
    // Ranges in which (x, y) is in the middle of what is free, at a scale of units per px.
    centered: function (x, y, scale, frame) {
      const left = x - (scale * (frame.width - frame.right)) / 2;
      const top = y + (scale * (frame.height - frame.bottom)) / 2;
      return { x: [left, left + scale * frame.width], y: [top - scale * frame.height, top] };
    },

    // Ranges that show a box (x0, x1, y0, y1), times a margin.
    fitted: function (box, margin, frame) {
      const wide = (box[1] - box[0]) / Math.max(40, frame.width - frame.right);
      const high = (box[3] - box[2]) / Math.max(40, frame.height - frame.bottom);
      const scale = Math.max(wide, high, 1e-6) * margin;
      return flat.centered((box[0] + box[1]) / 2, (box[2] + box[3]) / 2, scale, frame);
    },

    // The box (x0, x1, y0, y1) that is seen in what is free. `fitted` with it gives the view again.
    box: function (view, frame) {
      const right = view.x[0] + ((view.x[1] - view.x[0]) * Math.max(40, frame.width - frame.right)) / frame.width;
      const low = view.y[1] - ((view.y[1] - view.y[0]) * Math.max(40, frame.height - frame.bottom)) / frame.height;
      return [view.x[0], right, low, view.y[1]];
    },

    // The same middle at one scale, where the stage has another shape than the ranges.
    framed: function (view, frame) {
      const wide = (view.x[1] - view.x[0]) / frame.width;
      const scale = Math.max(wide, (view.y[1] - view.y[0]) / frame.height);
      const whole = Object.assign({}, frame, { right: 0, bottom: 0 });
      return flat.centered((view.x[0] + view.x[1]) / 2, (view.y[0] + view.y[1]) / 2, scale, whole);
    },

    pixel: function (view, frame, x, y) {
      return {
        x: ((x - view.x[0]) / (view.x[1] - view.x[0])) * frame.width,
        y: ((view.y[1] - y) / (view.y[1] - view.y[0])) * frame.height,
      };
    },

    unit: function (view, frame, x, y) {
      return {
        x: view.x[0] + (x / frame.width) * (view.x[1] - view.x[0]),
        y: view.y[1] - (y / frame.height) * (view.y[1] - view.y[0]),
      };
    },

    // What lies under one px of the stage comes to lie under another, `by` times as far away.
    moved: function (view, frame, from, to, by) {
      const scale = (view.x[1] - view.x[0]) / frame.width;
      const next = scale * by;
      const left = view.x[0] + from.x * scale - to.x * next;
      const top = view.y[1] - from.y * scale + to.y * next;
      return { x: [left, left + next * frame.width], y: [top - next * frame.height, top] };
    },

    between: function (from, to, share) {
      const blend = (a, b) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];
      return { x: blend(from.x, to.x), y: blend(from.y, to.y) };
    },

    // Whether two views differ by less than half a pixel or so.
    alike: function (one, other) {
      const part = (other.x[1] - other.x[0]) / 2000;
      const ends = [...other.x, ...other.y];
      return [...one.x, ...one.y].every((end, i) => Math.abs(end - ends[i]) < part);
    },

    // Column-major, of places less `center`: a float32 holds those exactly however far one zooms in.
    matrix: function (view) {
      const [w, h] = [view.x[1] - view.x[0], view.y[1] - view.y[0]];
      const middle = [(view.x[0] + view.x[1]) / 2, (view.y[0] + view.y[1]) / 2];
      const center = [Math.fround(middle[0]), Math.fround(middle[1]), 0];
      const move = [((center[0] - middle[0]) * 2) / w, ((center[1] - middle[1]) * 2) / h];
      return { center: center, matrix: [2 / w, 0, 0, 0, 0, 2 / h, 0, 0, 0, 0, 0, 0, move[0], move[1], 0, 1] };
    },
  });

  const space = (map.space = {
    // From where a map is seen at first.
    start: () => ({ yaw: 0.8, pitch: 0.5, zoom: 1 }),

    turned: (view, dx, dy) => ({
      yaw: view.yaw + dx, zoom: view.zoom,
      pitch: Math.max(-STEEPEST, Math.min(STEEPEST, view.pitch + dy)),
    }),

    nearer: (view, by) => Object.assign({}, view, { zoom: Math.max(0.3, Math.min(40, view.zoom * by)) }),

    // Column-major, of places less the middle of `bounds`, for a stage of some width and height; z is up.
    // away: how far the middle is, which `w` of a point is compared with.
    matrix: function (view, bounds, width, height) {
      const middle = [0, 2, 4].map((i) => (bounds[i] + bounds[i + 1]) / 2);
      const radius = Math.max(1e-6, Math.hypot(...[0, 2, 4].map((i) => bounds[i + 1] - bounds[i])) / 2);
      const away = radius / Math.sin(OPEN) / 1.25 / view.zoom;
      const near = Math.max(away - radius * 1.2, away / 100, radius / 1000);
      const far = away + radius * 1.2;
      const [cy, sy, cp, sp] = [view.yaw, view.pitch].flatMap((a) => [Math.cos(a), Math.sin(a)]);
      const rows = [[-sy, cy, 0], [-cy * sp, -sy * sp, cp], [cy * cp, sy * cp, sp]]; // right, up, toward the eye
      const lens = 1 / Math.tan(OPEN);
      const [fx, fy] = [(lens * Math.min(width, height)) / width, (lens * Math.min(width, height)) / height];
      const [depth, shift] = [(far + near) / (near - far), (2 * far * near) / (near - far)];
      const matrix = [];
      for (let i = 0; i < 3; i++) {
        matrix.push(fx * rows[0][i], fy * rows[1][i], depth * rows[2][i], -rows[2][i]);
      }
      matrix.push(0, 0, -depth * away + shift, away);
      const fog = [away - 0.5 * radius, away + 0.8 * radius]; // what is far fades
      return { center: middle.map(Math.fround), matrix: matrix, away: away, fog: fog };
    },

    // px of the stage from its top left, and w, the distance from the eye (none where behind it).
    pixel: function (made, width, height, x, y, z) {
      const [m, c] = [made.matrix, made.center];
      const [a, b, d] = [x - c[0], y - c[1], z - c[2]];
      const w = m[3] * a + m[7] * b + m[11] * d + m[15];
      const right = (m[0] * a + m[4] * b + m[8] * d + m[12]) / w;
      const up = (m[1] * a + m[5] * b + m[9] * d + m[13]) / w;
      return { x: ((right + 1) / 2) * width, y: ((1 - up) / 2) * height, w: w };
    },
  });
  map.space = space;
})((window.likeness.map = window.likeness.map || {}));
