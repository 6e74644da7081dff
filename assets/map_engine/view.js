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
    const kept = new Map(); // key of a map → {view, whole}: as it was left
    let now = null; // the flat view, or that in space
    let whole = true; // whether it is that of all points
    let turn = 0; // of the latest movement; another number stops it
    let underway = false;

    const dim = () => (engine.data ? engine.data.dim : 2);
    const all = () => flat.fitted((engine.data.base || engine.data).bounds, MARGIN, engine.frame());

    function set(to, isWhole) {
      now = to;
      whole = isWhole;
      kept.set(engine.data.key, { view: to, whole: isWhole });
      engine.moved();
    }

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
      const free = engine.frame();
      const found = at(x[row], y[row], z && z[row]);
      const within = found.x < free.width - free.right - EDGE && found.y < free.height - free.bottom - EDGE;
      return { x: found.x, y: found.y, seen: found.x > EDGE && found.y > EDGE && within };
    }

    function rest() {
      underway = false;
      engine.rested();
    }

    function move(to, isWhole) {
      const mine = ++turn;
      const [from, data] = [now, engine.data];
      const stopped = underway;
      const still = data.ids.length > ANIMATED_TO || matchMedia("(prefers-reduced-motion: reduce)").matches;
      const start = performance.now();
      kept.set(data.key, { view: to, whole: isWhole });
      whole = isWhole;
      underway = false;
      if (!from || flat.alike(from, to)) return stopped ? rest() : undefined;
      underway = true;
      const step = () => {
        if (mine !== turn) return;
        if ((engine.data.base || engine.data) !== (data.base || data)) return void (underway = false);
        const time = still ? 1 : Math.min(1, (performance.now() - start) / GLIDE);
        set(time < 1 ? flat.between(from, to, 1 - Math.pow(1 - time, 3)) : to, isWhole);
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
      set(to, false);
    }

    return {
      present: () => now,
      look: look,
      area: area,
      at: at,
      pixel: pixel,
      unit: (x, y) => flat.unit(now, engine.frame(), x, y),
      moving: () => underway,
      whole: () => whole,
      rest: rest,

      // Another map is shown: as it was left, or `first` (ranges, or null), or the whole of it.
      enter: function (first) {
        const left = kept.get(engine.data.key);
        turn++;
        underway = false;
        if (dim() === 3) [now, whole] = [left ? left.view : space.start(), !left || left.whole];
        else if (first) [now, whole] = [flat.framed(first, engine.frame()), false];
        else if (left && !left.whole) [now, whole] = [flat.framed(left.view, engine.frame()), false];
        else [now, whole] = [all(), true];
        kept.set(engine.data.key, { view: now, whole: whole });
      },

      // The stage has another size.
      fit: function () {
        if (!now || dim() === 3) return;
        [now, whole] = whole ? [all(), true] : [flat.framed(now, engine.frame()), false];
      },

      show: (rows) => {
        if (rows.length && dim() === 2) move(flat.fitted(map.boundsOf(engine.data, rows, 0.02), 1.3, engine.frame()), false);
      },

      reset: function () {
        if (!engine.data) return;
        if (dim() === 2) return move(all(), true);
        set(space.start(), true);
        rest();
      },

      // Bring an image into sight after something has begun or ceased to cover the stage; null: none.
      reveal: function (id) {
        if (!engine.data || !now) return;
        if (dim() === 3) return engine.moved();
        if (whole) return move(all(), true);
        const row = engine.data.rows.get(id);
        if (row === undefined || pixel(row).seen) return;
        const free = engine.frame();
        const scale = (now.x[1] - now.x[0]) / free.width;
        move(flat.centered(engine.data.x[row], engine.data.y[row], scale, free), false);
      },

      // From one px of the stage to another, `by` times as far away.
      drag: (from, to, by) => taken(flat.moved(now, engine.frame(), from, to, by)),
      turn: (dx, dy) => taken(space.turned(now, dx, dy)),
      nearer: (by) => taken(space.nearer(now, by)),
    };
  };
})((window.likeness.map = window.likeness.map || {}));
