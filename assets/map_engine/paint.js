/* What color each point of a map has now: by the coloring, what is hidden, what is bright, and what
   passes a filter. Adds to an engine
     color(coloring), hide(codes), within(bits), paint(), repaint()
     codes(), hides(row), fades(row), colorOf(row), split(), passes(id)
   A point that does not pass a filter is faded, and is not pointed at, selected or shown as a picture. */
(function (map) {
  "use strict";
  const TOKENS = ["--map-other", "--map-noise", "--map-paper"];

  // Whether rows pass, 1 or 0: bits has one for each image id, the lowest of a byte first. Pure.
  map.passing = (data, bits) => Uint8Array.from(data.ids, (id) => (bits[id >> 3] >> (id & 7)) & 1);

  map.paint = function (engine, renderer) {
    let numbers = null; // of the rows, as painted
    let colors = null; // {palette, key}
    let codes = null; // {of, data, codes}
    let bits = null; // of the filter
    let passes = null; // {data, bits, rows}
    let painted = null; // the palette drawn last

    const top = () => engine.data.facts.palette.length;
    let [faded, invisible] = [0, 0]; // the numbers from which on colors are so; asked for by each point
    const token = (name) => getComputedStyle(engine.root).getPropertyValue(name).trim();

    function shades() {
      const { palette, scale } = engine.data.facts;
      const key = [palette, scale, document.documentElement.dataset.bsTheme].join();
      if (!colors || colors.key !== key) {
        colors = { key: key, palette: map.palette(palette, scale, ...TOKENS.map(token)) };
      }
      return colors.palette;
    }

    function passing() {
      if (!bits) return null;
      if (!passes || passes.data !== engine.data || passes.bits !== bits) {
        passes = { data: engine.data, bits: bits, rows: map.passing(engine.data, bits) };
      }
      return passes.rows;
    }

    // What is not faded, 1 by row, or null: all.
    function bright() {
      const [one, other] = [engine.bright, passing()];
      return one && other ? one.map((value, row) => value & other[row]) : one || other;
    }

    // A coloring by clusters has the colors of those in force.
    const dressed = (coloring) => (
      coloring.kind === "clusters" ? Object.assign({}, coloring, { colors: engine.shades }) : coloring
    );

    Object.assign(engine, {
      coloring: { by: "cluster", kind: "clusters" }, hidden: [], where: "",

      color: function (coloring) {
        engine.coloring = coloring;
        engine.paint();
      },
      hide: function (hidden) {
        if (String(hidden) === String(engine.hidden)) return;
        engine.hidden = hidden;
        engine.paint();
        engine.reset();
      },
      within: function (given, where) {
        if (given === bits) return;
        bits = given;
        engine.where = (given && where) || "";
        engine.paint();
        engine.reset();
        engine.refine.refresh();
      },
      // Whether an image passes, on the map or not.
      lets: (id) => !bits || (bits[id >> 3] >> (id & 7)) & 1,

      // Whether an image passes the filter, wherever it is.
      passes: (id) => !bits || Boolean((bits[id >> 3] >> (id & 7)) & 1),

      // Names and pictures of what can be seen now.
      reset: function () {
        if (!engine.data) return;
        engine.names.place();
        engine.wall.refresh();
        engine.marks.draw();
      },

      // Write the colors of all points, where they are others than those drawn.
      paint: function () {
        const { data, coloring } = engine;
        if (!data || !renderer || (coloring.kind === "waiting" && numbers)) return; // the last ones stay
        const made = map.numbers(dressed(coloring), engine.codes(), engine.hidden, top(), bright(), data.cluster,
          engine.focused);
        const palette = shades();
        ({ faded, invisible } = map.order(top()));
        if (map.alike(made, numbers) && palette === painted) return;
        if (palette !== painted) engine.refine.refresh(); // its picture is of the theme too
        numbers = made;
        painted = palette;
        renderer.paint(numbers, palette);
        engine.redraw();
        engine.wall.tint();
      },

      // Other points are here: what has been painted is of those before.
      repaint: function () { numbers = null; },

      // The code of each row by the present coloring.
      codes: function () {
        const { coloring, data } = engine;
        if (coloring.kind === "clusters" || !coloring.codes) {
          return coloring.by === "label" && coloring.names ? data.label : data.cluster;
        }
        if (!codes || codes.of !== coloring || codes.data !== data) {
          codes = { of: coloring, data: data, codes: map.picked(data, coloring.codes) };
        }
        return codes.codes;
      },

      hides: function (row) {
        const rows = passing();
        return (rows !== null && !rows[row]) || (numbers !== null && numbers[row] === invisible);
      },
      fades: (row) => numbers !== null && numbers[row] >= faded && numbers[row] < invisible,
      colorOf: function (row) {
        const color = numbers && shades()[numbers[row] % faded];
        return color ? map.hex(color) : "var(--map-noise)";
      },
      // The color of a cluster, however the points are colored.
      shadeOf: (cluster) => engine.data.facts.palette[engine.shades[cluster]] || "var(--map-noise)",

      paper: () => map.mix(token("--map-paper"), token("--map-paper"), 0), // [r, g, b]

      // The number from which on colors are faded, or −1 where none is.
      split: () => (engine.bright || engine.focused !== null || bits ? faded : -1),
    });
  };
})((window.likeness.map = window.likeness.map || {}));
