/* Names on the map: few and large from afar, more as one comes closer, never one on another. */
(function (map) {
  "use strict";
  const SIZES = [12, 13, 15, 18, 21]; // px
  const FIRST = 8; // names that stand however small their clusters are drawn, and more on a large stage:
  const ROOM = 40000; // px² for each
  const LEAST = 16; // px from the middle of a cluster to half of its points, from which it is named
  const FINE = 70; // and a part of one
  const MOST = 60; // names at once
  const PAD = 4; // px between two
  const EDGE = 8; // px that stay free at the edges of the stage
  const LONG = 30; // letters

  const shown = (text) => (text.length > LONG ? text.slice(0, LONG - 1).trimEnd() + "…" : text);

  function hits(a, b) {
    const beside = a.left >= b.left + b.width + PAD || b.left >= a.left + a.width + PAD;
    return !beside && a.top < b.top + b.height + PAD && b.top < a.top + a.height + PAD;
  }

  // By its share of the largest cluster, and by the room that it takes on the screen.
  function size(name, largest) {
    const share = Math.sqrt(name.count / Math.max(1, largest));
    const step = Math.max(share * 3.4, Math.min(4, name.radius / 60));
    return SIZES[Math.max(0, Math.min(SIZES.length - 1, Math.round(step)))];
  }

  // Which names stand, and where: {key, text, x, y, size, left, top, width, height}, px. names: those
  // that matter most first, {key, text, x, y, count, radius, part}; part: whether it is one of a
  // cluster that has its own name. width(text, size): px. frame: {width, height, right, bottom, over},
  // over: boxes of what floats over the stage, beside which names stand. Of two alike near each other
  // the first stands for both. Pure.
  map.named = function (names, width, frame) {
    const [right, bottom] = [frame.width - frame.right, frame.height - frame.bottom];
    const first = Math.max(FIRST, (right * bottom) / ROOM);
    const apart = Math.min(right, bottom) * 0.22;
    const largest = Math.max(...names.map((name) => name.count));
    const over = frame.over || [];
    const placed = [];
    let [seen, whole] = [0, 0];
    for (const name of names) {
      if (placed.length >= MOST) break;
      if (!(name.x > 0 && name.x < right && name.y > 0 && name.y < bottom)) continue;
      if (!name.part) whole++;
      if (name.part ? name.radius < FINE : name.radius < LEAST && whole > first) continue;
      const text = shown(name.text);
      if (placed.some((one) => one.text === text && Math.hypot(one.x - name.x, one.y - name.y) < apart)) continue;
      const px = size(name, largest);
      const box = { width: width(text, px), height: Math.round(px * 1.3) };
      box.left = Math.max(EDGE, Math.min(right - box.width - EDGE, name.x - box.width / 2));
      const lift = [0, -box.height, box.height].find((by) => {
        box.top = name.y - box.height / 2 + by;
        const under = over.find((one) => hits(one, box));
        if (under) box.left = Math.max(EDGE, under.left - box.width - PAD);
        return !placed.some((one) => hits(one, box)) && !over.some((one) => hits(one, box));
      });
      if (lift === undefined) continue;
      placed.push(Object.assign({ seen: seen++ }, name, box, { text: text, size: px }));
    }
    return placed;
  };

  // What stands on a map of a list of its clusters, as the server sends it.
  map.standing = (listed) => listed.clusters.map((one, number) => (
    { cluster: number, text: one.short, at: one.at, count: one.count, spread: one.spread }
  ));

  map.names = function (engine) {
    const layer = engine.layer("map-names");
    const pen = document.createElement("canvas").getContext("2d");
    const widths = new Map(); // of texts at 100 px
    const elements = new Map(); // key → element
    let list = []; // {cluster, text, at, count, spread, parent}
    let placed = [];
    let on = true;

    function width(text, px) {
      if (!widths.has(text)) {
        pen.font = `600 100px ${getComputedStyle(layer).fontFamily}`;
        widths.set(text, pen.measureText(text).width);
      }
      return Math.ceil((widths.get(text) * px) / 100) + 2;
    }

    // Whether a cluster is among what is to be seen.
    function stands({ cluster, parent }) {
      const own = parent === undefined ? cluster : parent;
      if (engine.focused !== null && own !== engine.focused) return false;
      return engine.coloring.kind !== "clusters" || !engine.hidden.includes(own);
    }

    function candidates() {
      const flat = engine.data.dim === 2;
      const view = engine.view.present();
      const scale = flat ? engine.frame().width / (view.x[1] - view.x[0]) : 0;
      return list.map((name, number) => {
        const { x, y, w } = engine.view.at(...(flat ? name.at.slice(0, 2) : name.at.slice(2)));
        const part = name.parent !== undefined;
        const radius = flat ? name.spread * scale : part || w <= 0 ? 0 : 40;
        return { key: `${part ? "part" : "own"} ${number}`, name: name, text: name.text, x: w <= 0 ? -1 : x, y: y,
          count: name.count, radius: radius, part: part };
      }).filter(({ name }) => stands(name));
    }

    function element(key) {
      if (!elements.has(key)) elements.set(key, layer.appendChild(document.createElement("span")));
      return elements.get(key);
    }

    function place() {
      const ready = on && engine.data && engine.view.present();
      placed = ready && list.length ? map.named(candidates(), width, engine.frame()) : [];
      const kept = new Set(placed.map((one) => one.key));
      elements.forEach((span, key) => {
        if (kept.has(key)) return;
        span.remove();
        elements.delete(key);
      });
      placed.forEach((one) => {
        const span = element(one.key);
        if (span.textContent !== one.text) span.textContent = one.text;
        span.className = one.part ? "map-part" : "";
        span.style.fontSize = `${one.size}px`;
        span.style.transform = `translate(${one.left}px, ${one.top}px)`;
      });
    }

    return {
      // {cluster, text, at: [x, y, and in space x, y, z], count, spread}, largest first; then parts of
      // clusters, with the number of their own as `parent`. An empty list: none.
      show: function (given) {
        list = given;
        engine.reset();
      },
      toggle: function (wanted) {
        on = wanted;
        engine.reset();
      },
      place: place,

      // Boxes {left, top, width, height} that names take.
      boxes: () => placed,

      // The cluster whose name stands at a place of the stage, or null.
      at: function (x, y) {
        const found = placed.find((one) => (
          !one.part && x >= one.left && x <= one.left + one.width && y >= one.top && y <= one.top + one.height
        ));
        return found ? found.name.cluster : null;
      },
    };
  };
})((window.likeness.map = window.likeness.map || {}));
