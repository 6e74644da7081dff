/* The view of one map: what part of it is seen, moving it, and coming to rest. */
(function (map) {
  "use strict";
  const { flat, space } = map; // camera.js comes before by name
  const ANIMATED_TO = 20000; // points; above, a frame takes longer than the eye forgives
  const GLIDE = 280; // ms
  const EDGE = 24; // px within which of the edges a point is not in sight
  const MARGIN = 1.08;

  // [x0, x1, y0, y1] of some rows; `outside` is the share left out at each edge, for stragglers.
  map.boundsOf = function (data, rows, outside) {
    const ends = (array) => {
      const values = Float32Array.from(rows, (row) => array[row]).sort();
      const cut = Math.floor(values.length * outside);
      return [values[cut], values[values.length - 1 - cut]];
    };
    return [...ends(data.x), ...ends(data.y)];
  };

  map.view = function (engine) {
    const kept = new Map(); // key of a map → {view, whole, held}: as it was left
    let now = null; // the flat view, or that in space
    let whole = true; // whether it is that of all points
    let held = null; // box (x0, x1, y0, y1) that a person chose to see, however much of the stage is covered
    let turn = 0; // of the latest movement; another number stops it
    let underway = false;
    let gliding = false; // it is under way by itself, and comes to rest by itself

    const dim = () => (engine.data ? engine.data.dim : 2);
    const all = () => flat.fitted((engine.data.base || engine.data).bounds, MARGIN, engine.frame());

    function put(to, isWhole) {
      now = to;
      whole = isWhole;
      keep(engine.data, to);
      engine.moved();
    }

    const keep = (data, view) => kept.set(data.key, { view: view, whole: whole, held: held });

    function hold(view, box) {
      held = dim() === 2 ? box || flat.box(view, engine.frame()) : null;
    }

    // What is to be seen, in what is free now.
    const fitting = () => (whole ? all() : flat.fitted(held, 1, engine.frame()));

    // The part of the stage that a scene in space has: px of its canvas, and its size on the screen.
    function area() {
      const free = engine.frame();
      return { width: Math.max(40, free.width - free.right), height: Math.max(40, free.height - free.bottom) };
    }

    function look() {
      if (dim() === 2) return flat.matrix(now);
      const { width, height } = area();
      return space.matrix(now, engine.data.bounds, width, height);
    }

    // Where a place of the map is on the stage, px.
    function at(x, y, z) {
      if (dim() === 2) return flat.pixel(now, engine.frame(), x, y);
      const { width, height } = area();
      return space.pixel(look(), width, height, x, y, z);
    }

    function pixel(row) {
      const { x, y, z } = engine.data;
      return at(x[row], y[row], z && z[row]);
    }

    // Whether a place of the stage is in sight.
    function sighted({ x, y }, free) {
      const within = x < free.width - free.right - EDGE && y < free.height - free.bottom - EDGE;
      return x > EDGE && y > EDGE && within;
    }

    function rest() {
      underway = gliding = false;
      engine.rested();
    }

    // box: what of the map is to be seen, where that is not simply what the view shows.
    function move(to, isWhole, box) {
      const mine = ++turn;
      const [from, data] = [now, engine.data];
      const stopped = underway;
      const still = data.ids.length > ANIMATED_TO || matchMedia("(prefers-reduced-motion: reduce)").matches;
      const start = performance.now();
      whole = isWhole;
      hold(to, box);
      keep(data, to);
      underway = gliding = false;
      if (!from || flat.alike(from, to)) return stopped ? rest() : undefined;
      underway = gliding = true;
      const step = () => {
        if (mine !== turn) return;
        if ((engine.data.base || engine.data) !== (data.base || data)) return void (underway = gliding = false);
        const time = still ? 1 : Math.min(1, (performance.now() - start) / GLIDE);
        put(time < 1 ? flat.between(from, to, 1 - Math.pow(1 - time, 3)) : to, isWhole);
        if (time < 1) requestAnimationFrame(step);
        else rest();
      };
      step();
    }

    // A person moves the view, until it comes to rest: no animation goes on, and it is no longer
    // the whole map.
    function taken(to) {
      turn++;
      underway = true;
      gliding = false;
      hold(to);
      put(to, false);
    }

    return {
      present: () => now,
      held: () => held,
      look: look,
      area: area,
      at: at,
      pixel: pixel,
      seen: (row) => sighted(pixel(row), engine.frame()),
      unit: (x, y) => flat.unit(now, engine.frame(), x, y),
      moving: () => underway,
      // Of the width of all points, how much the view shows.
      share: () => (now.x[1] - now.x[0]) / Math.max(1e-9, (engine.data.base || engine.data).bounds[1] - (engine.data.base || engine.data).bounds[0]),
      whole: () => whole,
      rest: () => gliding || rest(),

      // Another map is shown: as it was left, or `first` (ranges, or null), or the whole of it.
      enter: function (first) {
        const left = kept.get(engine.data.key);
        turn++;
        underway = gliding = false;
        whole = dim() === 3 ? !left || left.whole : !first && (!left || left.whole);
        held = first ? [...first.x, ...first.y] : left && left.held;
        if (dim() === 3) now = left ? left.view : space.start();
        else now = fitting();
        if (!first && whole) hold(now);
        keep(engine.data, now);
      },

      // The stage has another size, or something covers more or less of it: what was to be seen
      // still is, and comes back as it was when there is room again.
      fit: function () {
        if (!now || dim() === 3) return;
        turn++;
        underway = gliding = false;
        now = fitting();
        keep(engine.data, now);
      },

      show: (rows) => {
        if (rows.length && dim() === 2) move(flat.fitted(map.boundsOf(engine.data, rows, 0.02), 1.3, engine.frame()), false);
      },

      reset: function () {
        if (!engine.data) return;
        if (dim() === 2) return move(all(), true);
        put(space.start(), true);
        rest();
      },

      // Something has begun or ceased to cover the stage: what was to be seen still is, and an image
      // (null: none) comes into sight.
      reveal: function (id) {
        if (!engine.data || !now) return;
        if (dim() === 3) return engine.moved();
        const to = fitting();
        const row = engine.data.rows.get(id);
        const free = engine.frame();
        const [x, y] = row === undefined ? [] : [engine.data.x[row], engine.data.y[row]];
        if (whole || row === undefined || sighted(flat.pixel(to, free, x, y), free)) return move(to, whole, held);
        move(flat.centered(x, y, (to.x[1] - to.x[0]) / free.width, free), false);
      },

      // From one px of the stage to another, `by` times as far away.
      drag: (from, to, by) => taken(flat.moved(now, engine.frame(), from, to, by)),
      turn: (dx, dy) => taken(space.turned(now, dx, dy)),
      nearer: (by) => taken(space.nearer(now, by)),
    };
  };
})((window.likeness.map = window.likeness.map || {}));
