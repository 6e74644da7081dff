/* A map of images in an element: data in, events out.

   const map = likeness.map.create(element, options);
     options.free()      {right, bottom, over}: px at the edges of the element that something covers, and
                         boxes {left, top, width, height} of what floats over it
     options.first       ranges {x, y} to begin with, or null for the whole map
     options.titles      () → names of the clusters

   map.load(name, dim)   show a map of the library; a promise of whether it was this one
   map.colors.show(by)   color by what is called so; see coloring.js
   map.clusters(codes, exemplars, colors)   clusters that stand for the map's own, null: its own
   map.hide(codes), map.focus(cluster), map.emphasize(ids), null: all
   map.within(bits, where)   of a filter, a bit for each image id, null: all pass; and its conditions,
                         for what of a large map is not here; see paint.js
   map.names.show(list)  what stands on the map; see names.js
   map.mark({own, others, pointed})   ids; map.marks.toggle(on): lines; map.marks.nearby(): neighbors here
   map.arm("pan", "lasso" or "box")
   map.view              see view.js: show(rows), reset(), reveal(id), pixel(row), unit(x, y)
   map.on(event, fn)     data      another map, or other points of one too large to be here at once
                         view      the view stands; moved: it moves
                         hover     id, or null; click  id; named  the cluster whose name was clicked
                         menu      {id, at: [x, y] in the window}: what can be done with a picture is asked
                         selected  {ids, how}: points within a line; how: new, add or subtract
                         coloring  another coloring is in force, or is waited for
                         busy      whether something is on its way; note, error: a sentence */
(function (map) {
  "use strict";
  const SHARP_UP_TO = 20000; // points drawn at twice the resolution
  const FRESH = { own: null, others: [], pointed: null };

  map.create = function (root, options) {
    const listeners = {};
    const layers = {};
    const sized = () => Math.min(1, Math.max(0.6, innerWidth / 1200)); // markers are made for a desk
    let other = null; // {codes, exemplars, colors}: clusters that stand for the map's own
    let [asked, frame, size] = [0, null, { width: 0, height: 0 }];
    let drawing = null; // the frame that other colors wait for
    let looked = null; // what `frame` says
    let finding = Promise.resolve(); // the last question for points

    const engine = {
      root: root, data: null, tool: "pan", marked: FRESH, exemplars: new Set(),
      focused: null, bright: null,

      layer: function (name) {
        layers[name] = layers[name] || Object.assign(document.createElement("div"), { className: name });
        layers[name].setAttribute("aria-hidden", "true");
        return layers[name];
      },

      on: function (event, listener) {
        (listeners[event] = listeners[event] || []).push(listener);
        return engine;
      },
      // A map whose page has been left tells nothing: what listens would write into the next page.
      tell: (event, detail) => root.isConnected && (listeners[event] || []).forEach((listener) => listener(detail)),
      // Looked at once for all that is worked out in one go: each look may cost a layout.
      frame: function () {
        if (!looked) {
          looked = Object.assign({ right: 0, bottom: 0 }, size, options.free && root.isConnected ? options.free() : {});
          queueMicrotask(() => { looked = null; });
        }
        return looked;
      },

      // Data

      load: function (name, dim) {
        const mine = ++asked;
        engine.tell("busy", true);
        // The address of the page's <link rel="preload">, so that the answer may be here already.
        return map.ask("overview", name, { dim: dim })
          .then((answer) => answer.arrayBuffer())
          .then((bytes) => {
            if (mine === asked) {
              other = null;
              show(map.read(bytes), true);
            }
            return mine === asked;
          })
          .catch((error) => {
            if (mine === asked) {
              engine.tell("busy", false);
              engine.tell("error", map.said(error, "The map could not be loaded. Reload the page."));
            }
            return false;
          });
      },

      // Other points of the same map.
      replace: (data) => show(data, false),

      clusters: function (all, exemplars, colors) {
        const fits = all && engine.data && all.length === engine.data.total;
        other = fits ? { codes: all, exemplars: exemplars, colors: colors } : null;
        if (!engine.data) return;
        group();
        engine.paint();
        engine.reset();
      },

      focus: function (cluster) {
        if (engine.focused === cluster) return;
        engine.focused = cluster;
        engine.paint();
        engine.reset();
      },
      emphasize: function (chosen) {
        engine.chosen = chosen;
        engine.bright = !chosen || !engine.data ? null : map.mask(engine.data, chosen);
        root.dataset.bright = engine.bright ? engine.bright.reduce((sum, one) => sum + one, 0) : 0;
        engine.paint();
        engine.reset();
      },

      about: (row) => map.about(engine.data, row, options.titles && options.titles(), engine.coloring,
        engine.coloring.kind === "waiting" ? undefined : engine.codes()[row]),

      // Marks, tools, selecting

      mark: function (marked) {
        engine.marked = Object.assign({}, engine.marked, marked);
        if (marked.own !== undefined || marked.others !== undefined) {
          engine.wall.refresh();
          engine.refine.refresh();
        }
        engine.marks.draw();
      },

      arm: function (tool) {
        engine.tool = tool;
        engine.input.cancel();
        root.dataset.tool = engine.data && engine.data.dim === 3 ? "pan" : tool;
      },

      // The row at a place of the stage, or null.
      pick: function (x, y) {
        if (!engine.data || !engine.view.present()) return null;
        if (engine.data.dim === 3) {
          const { width, height } = engine.view.area();
          return map.foremost(engine.data, engine.view.look(), width, height, x, y, engine.hides);
        }
        const view = engine.view.present();
        const at = engine.view.unit(x, y);
        return map.nearest(engine.data, at.x, at.y, (view.x[1] - view.x[0]) / size.width, engine.hides);
      },

      // path: px of the stage. Of a map that is here in part the server knows the points.
      select: function (path, how) {
        const line = path.map(([x, y]) => engine.view.unit(x, y)).map((at) => [at.x, at.y]);
        if (!engine.data.at) {
          const rows = map.inside(engine.data.x, engine.data.y, line).filter((row) => !engine.hides(row));
          return engine.tell("selected", { ids: rows.map((row) => engine.data.ids[row]), how: how });
        }
        return engine.find({ polygon: line, by: engine.coloring.by, hidden: engine.hidden }).then((ids) => (
          ids && engine.tell("selected", { ids: ids.filter(engine.passes), how: how })
        ));
      },

      // Ids of the map as a whole, from the server; nothing where it has no answer. They come in the order of the
      // questions: of two lines drawn one after the other the later one counts, or adds to the first.
      find: function (what) {
        const found = map.find(engine.data.name, { grain: options.grain ? options.grain() : 0, ...what })
          .then((ids) => ids.filter(engine.lets))
          .catch((error) => engine.tell("error", map.said(error, "The server does not answer.")));
        return (finding = finding.then(() => found));
      },

      // Drawing

      draw: function () {
        cancelAnimationFrame(drawing);
        drawing = null;
        if (!engine.data || !renderer || !engine.view.present()) return;
        const { data } = engine;
        const area = data.dim === 3 ? engine.view.area() : null;
        const ratio = sharpness();
        const port = area && [0, canvas.height - area.height * ratio, area.width * ratio, area.height * ratio];
        renderer.draw(engine.view.look(), data.size * sized(), data.opacity, ratio, engine.split(), port,
          area && engine.paper());
      },

      // The points have other colors: drawn with the next frame, once, whatever else comes until then. A
      // legend that has come along may have changed the stage's size, for which it is drawn anyway.
      redraw: function () {
        if (!frame && !drawing) drawing = requestAnimationFrame(() => (fits() ? engine.draw() : (drawing = null)));
      },

      // The view is another one: drawn with the next frame, however often it changes until then.
      moved: function () {
        if (frame) return;
        frame = requestAnimationFrame(() => {
          frame = null;
          if (!engine.data) return;
          engine.draw();
          engine.names.place();
          engine.wall.follow();
          engine.marks.draw();
          engine.refine.follow();
          engine.tell("moved");
        });
      },

      rested: function () {
        engine.names.place();
        engine.wall.refresh();
        engine.marks.draw();
        engine.refine.refresh();
        engine.tell("view");
      },

      // The stage has another size: what was to be seen is seen in what is free now. Drawn at once, since
      // the canvas has been cleared.
      room: function () {
        if (!engine.data || !size.width) return;
        engine.view.fit();
        engine.draw();
        engine.rested();
        engine.tell("moved");
      },

      end: function () {
        asked++;
        cancelAnimationFrame(drawing);
        sizes.disconnect();
        engine.refine.end();
        engine.colors.end();
        engine.input.end();
        if (renderer) renderer.end();
        root.replaceChildren();
      },
    };

    const fits = () => root.clientWidth === size.width && root.clientHeight === size.height;
    const sharpness = () => (engine.data.ids.length <= SHARP_UP_TO ? 2 : 1);

    function group() {
      const { data } = engine;
      data.cluster = other ? map.picked(data, other.codes) : data.own;
      engine.exemplars = new Set(other ? other.exemplars : data.facts.exemplars);
      engine.shades = other ? other.colors : data.facts.colors; // number in the palette by cluster
    }

    function show(data, anew) {
      const first = anew ? options.first : null;
      if (anew && (!engine.data || engine.data.name !== data.name)) {
        engine.hidden = [];
        engine.focused = null;
      }
      engine.data = data;
      engine.repaint();
      engine.tip.hide();
      group();
      measure();
      if (anew) engine.view.enter(first);
      if (anew) options.first = null;
      engine.arm(engine.tool);
      if (renderer) renderer.points(data.x, data.y, data.z);
      if (anew) engine.colors.again();
      engine.emphasize(engine.chosen);
      root.dataset.shown = data.key;
      requestAnimationFrame(() => {
        if (engine.data !== data) return;
        engine.tell("busy", false);
        engine.rested();
        engine.tell("data", data);
      });
    }

    function measure() {
      size = { width: root.clientWidth, height: root.clientHeight };
      looked = null;
      const ratio = engine.data ? sharpness() : 1;
      const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    }

    const canvas = Object.assign(document.createElement("canvas"), { className: "map-points" });
    ["map-density", "map-marks", "map-wall", "map-names", "map-pointer", "map-drawing"].forEach(engine.layer);
    root.replaceChildren(layers["map-density"], canvas, ...Object.values(layers).slice(1));
    const renderer = map.renderer(canvas);
    map.paint(engine, renderer);
    engine.view = map.view(engine);
    engine.tip = map.tip(engine);
    engine.names = map.names(engine);
    engine.wall = map.wall(engine);
    engine.marks = map.marks(engine);
    engine.refine = map.refine(engine);
    engine.input = map.input(engine);
    engine.colors = map.colorings(engine);
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => {
      renderer.restored();
      engine.draw();
    });
    const sizes = new ResizeObserver(() => {
      if (!root.isConnected || fits()) return;
      measure();
      engine.room();
    });
    sizes.observe(root);
    if (!renderer) requestAnimationFrame(() => engine.tell("error", "This browser has no WebGL, which a map needs."));
    return engine;
  };
})((window.likeness.map = window.likeness.map || {}));
