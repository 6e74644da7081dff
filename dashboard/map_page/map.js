/* A map from one file: drawn on a canvas, its thumbnails cut from sheets. */
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const places = new Uint16Array(bytes(data.xy).buffer), sizes = bytes(data.sizes);
  const cluster = new Int16Array(bytes(data.cluster).buffer), label = new Int16Array(bytes(data.label).buffer);
  const canvas = document.getElementById("map"), pen = canvas.getContext("2d");
  const tip = document.getElementById("tip"), told = document.getElementById("told"), find = document.getElementById("find");
  const first = told.textContent, GRAY = "#8c8c8a", CLOSE = 26; // px that a picture has for itself, from which on pictures stand for points
  const sheets = data.sheets.map((source) => {
    const image = new Image();
    image.onload = () => draw();
    image.src = source;
    return image;
  });
  const low = [0, 1].map((axis) => places.reduce((least, value, at) => (at % 2 === axis ? Math.min(least, value) : least), 65535));
  const high = [0, 1].map((axis) => places.reduce((most, value, at) => (at % 2 === axis ? Math.max(most, value) : most), 0));
  const view = { x: 0, y: 0, scale: 1, least: 0, wide: 0, tall: 0 }; // least: the scale at which all is seen, 0 while the page has no size
  let only = -2, wanted = null, hovered = -1, asked = false;

  const passes = (at) => (only === -2 || cluster[at] === only) && (!wanted || wanted[at]);
  const screen = (at) => [(places[2 * at] - view.x) * view.scale, (65535 - places[2 * at + 1] - view.y) * view.scale];

  const least = () => 0.92 * Math.min(view.wide / Math.max(1, high[0] - low[0]), view.tall / Math.max(1, high[1] - low[1]));

  function center(x, y) {
    view.x = x - view.wide / 2 / view.scale;
    view.y = y - view.tall / 2 / view.scale;
  }

  function fit() {
    view.scale = view.least = least();
    center((low[0] + high[0]) / 2, 65535 - (low[1] + high[1]) / 2);
  }

  // As large as the window: what is in the middle stays there, and as much of the map is seen as was before.
  function size() {
    const wide = canvas.clientWidth, tall = canvas.clientHeight, dense = window.devicePixelRatio || 1;
    if (!wide || !tall) return;
    const x = view.x + view.wide / 2 / view.scale, y = view.y + view.tall / 2 / view.scale, close = view.scale / view.least;
    [canvas.width, canvas.height, view.wide, view.tall] = [Math.round(wide * dense), Math.round(tall * dense), wide, tall];
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    if (!view.least) fit();
    else {
      view.least = least();
      view.scale = close * view.least;
      center(x, y);
    }
    draw();
  }

  // One picture from its sheet, whole, within a square around a place.
  function picture(to, at, x, y, side) {
    const [width, height] = [sizes[2 * at], sizes[2 * at + 1]], each = data.columns * data.columns;
    const sheet = sheets[Math.floor(at / each)], place = at % each;
    if (!width || !sheet.complete || !sheet.naturalWidth) return false;
    const left = (place % data.columns) * data.side + Math.floor((data.side - width) / 2);
    const top = Math.floor(place / data.columns) * data.side + Math.floor((data.side - height) / 2);
    const grow = side / Math.max(width, height);
    to.drawImage(sheet, left, top, width, height, x - (width * grow) / 2, y - (height * grow) / 2, width * grow, height * grow);
    return true;
  }

  // How far images are from the nearest other one, as most are: of some, drawn evenly. Where most are copies a little.
  const apart = (function () {
    const step = Math.max(1, Math.floor(data.count / 300)), found = [];
    for (let at = 0; at < data.count; at += step) {
      let least = Infinity;
      for (let other = 0; other < data.count; other += 1) {
        const away = (places[2 * at] - places[2 * other]) ** 2 + (places[2 * at + 1] - places[2 * other + 1]) ** 2;
        if (away < least && other !== at) least = away;
      }
      found.push(Math.sqrt(least));
    }
    const even = Math.sqrt(((high[0] - low[0]) * (high[1] - low[1])) / Math.max(1, data.count));
    return Math.max(found.sort((a, b) => a - b)[found.length >> 1] || 0, 0.05 * even);
  })();

  // Where the name of each cluster stands: the member nearest to the median of all, largest cluster first.
  const anchors = data.names.map((name, number) => {
    const mine = [...cluster.keys()].filter((at) => cluster[at] === number);
    const middle = [0, 1].map((axis) => mine.map((at) => places[2 * at + axis]).sort((a, b) => a - b)[mine.length >> 1]);
    const away = (at) => (places[2 * at] - middle[0]) ** 2 + (places[2 * at + 1] - middle[1]) ** 2;
    return mine.length ? mine.reduce((best, at) => (away(at) < away(best) ? at : best)) : -1;
  });

  // Names on the map, none over another. above: px that they stand above their places.
  function names(style, above) {
    const taken = [];
    pen.font = "600 12px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeStyle = style.backgroundColor;
    pen.fillStyle = style.color;
    anchors.forEach((at, number) => {
      if (at < 0 || (only !== -2 && only !== number)) return;
      const [x, y] = screen(at), half = pen.measureText(data.names[number]).width / 2 + 6;
      if (taken.some(([left, top, wide]) => Math.abs(left - x) < wide + half && Math.abs(top - y) < 18)) return;
      taken.push([x, y, half]);
      pen.strokeText(data.names[number], x, y + 4 - above);
      pen.fillText(data.names[number], x, y + 4 - above);
    });
  }

  function paint() {
    asked = false;
    const wide = canvas.clientWidth, tall = canvas.clientHeight;
    pen.clearRect(0, 0, wide, tall);
    const inside = [];
    for (let at = 0; at < data.count; at += 1) {
      const [x, y] = screen(at);
      if (x > -64 && y > -64 && x < wide + 64 && y < tall + 64) inside.push(at);
    }
    const even = Math.sqrt((wide * tall) / Math.max(1, inside.length)), radius = Math.max(1.6, Math.min(5, even / 5));
    const room = Math.min(even, 2 * apart * view.scale); // what lies by chance is half as far from the nearest as in rows
    const pictures = room > CLOSE, side = Math.min(160, room * 0.8);
    [false, true].forEach((passing) => inside.forEach((at) => {
      if (passes(at) !== passing) return;
      const [x, y] = screen(at);
      pen.globalAlpha = passing ? 0.9 : 0.1;
      if (passing && pictures && picture(pen, at, x, y, side)) return;
      pen.fillStyle = cluster[at] < 0 ? GRAY : data.colors[cluster[at]];
      pen.beginPath();
      pen.arc(x, y, radius, 0, 7);
      pen.fill();
    }));
    pen.globalAlpha = 1;
    const style = getComputedStyle(document.body);
    names(style, (pictures ? side / 2 : radius) + 10);
    if (hovered >= 0) {
      const [x, y] = screen(hovered);
      pen.strokeStyle = style.color;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(x, y, radius + 3, 0, 7);
      pen.stroke();
    }
  }

  function draw() {
    if (!asked) requestAnimationFrame(paint);
    asked = true;
  }

  function nearest(x, y) {
    let best = -1, least = 24 * 24;
    for (let at = 0; at < data.count; at += 1) {
      if (!passes(at)) continue;
      const [left, top] = screen(at), away = (left - x) ** 2 + (top - y) ** 2;
      if (away < least) [best, least] = [at, away];
    }
    return best;
  }

  function hover(x, y) {
    const at = nearest(x, y);
    if (at !== hovered) {
      hovered = at;
      tip.hidden = at < 0;
      if (at >= 0) {
        const small = tip.querySelector("canvas"), side = 208, dense = window.devicePixelRatio || 1;
        const [width, height] = [sizes[2 * at] || 1, sizes[2 * at + 1] || 1], grow = side / Math.max(width, height);
        [small.width, small.height] = [width * grow * dense, height * grow * dense];
        [small.style.width, small.style.height] = [`${width * grow}px`, `${height * grow}px`];
        const ink = small.getContext("2d");
        ink.scale(dense, dense);
        picture(ink, at, (width * grow) / 2, (height * grow) / 2, side);
        const name = cluster[at] < 0 ? "in no cluster" : data.names[cluster[at]];
        tip.querySelector("p").textContent = [data.labels[label[at]], name, data.files[at]].filter(Boolean).join("\n");
      }
      draw();
    }
    if (at >= 0) {
      const left = x + 16 + tip.offsetWidth > canvas.clientWidth ? x - 16 - tip.offsetWidth : x + 16;
      tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, Math.min(y + 16, canvas.clientHeight - tip.offsetHeight))}px)`;
    }
  }

  function zoom(x, y, by) {
    const scale = Math.max(view.least / 2, Math.min(view.least * 400, view.scale * by));
    view.x += x / view.scale - x / scale;
    view.y += y / view.scale - y / scale;
    view.scale = scale;
    draw();
  }

  function input() {
    const pointers = new Map();
    const spot = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(...spot(event), Math.exp(-event.deltaY / 400)); }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => { pointers.set(event.pointerId, spot(event)); canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      const now = spot(event), was = pointers.get(event.pointerId);
      if (!was) return hover(...now);
      pointers.set(event.pointerId, now);
      const others = [...pointers].filter(([id]) => id !== event.pointerId);
      if (others.length) {
        const [x, y] = others[0][1], far = (spotted) => Math.hypot(spotted[0] - x, spotted[1] - y);
        return zoom((x + now[0]) / 2, (y + now[1]) / 2, far(now) / Math.max(1, far(was)));
      }
      view.x -= (now[0] - was[0]) / view.scale;
      view.y -= (now[1] - was[1]) / view.scale;
      return draw();
    });
    ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, (event) => { pointers.delete(event.pointerId); hover(...spot(event)); }));
    canvas.addEventListener("pointerleave", () => { hovered = -1; tip.hidden = true; draw(); });
    canvas.addEventListener("dblclick", () => { fit(); draw(); });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-80, 0], ArrowRight: [80, 0], ArrowUp: [0, -80], ArrowDown: [0, 80] }[event.key];
      if (step) { view.x += step[0] / view.scale; view.y += step[1] / view.scale; draw(); event.preventDefault(); }
      if ("+-".includes(event.key)) zoom(canvas.clientWidth / 2, canvas.clientHeight / 2, event.key === "+" ? 1.4 : 1 / 1.4);
      if (event.key === "0") { fit(); draw(); }
    });
    document.addEventListener("keydown", (event) => event.key === "Escape" && choose(-2));
  }

  function choose(number) {
    only = only === number ? -2 : number;
    document.querySelectorAll("nav button").forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.number) === only)));
    tell();
  }

  function tell() {
    let count = 0;
    for (let at = 0; at < data.count; at += 1) count += passes(at) ? 1 : 0;
    told.textContent = only === -2 && !wanted ? first : `${count.toLocaleString("en")} of ${data.count.toLocaleString("en")} pictures`;
    draw();
  }

  function search() {
    const text = find.value.trim().toLowerCase();
    const known = (list) => list.map((one) => one.toLowerCase().includes(text));
    const [labels, names] = [known(data.labels), known(data.names)];
    wanted = text ? data.files.map((file, at) => labels[label[at]] || names[cluster[at]] || file.toLowerCase().includes(text)) : null;
    tell();
  }

  function list() {
    const counts = new Map();
    cluster.forEach((number) => counts.set(number, (counts.get(number) || 0) + 1));
    const row = (number, name, color) => {
      const button = document.createElement("button"), dot = document.createElement("i"), words = document.createElement("span"), count = document.createElement("small");
      Object.assign(button.dataset, { number });
      button.setAttribute("aria-pressed", "false");
      dot.style.background = color;
      words.textContent = name;
      count.textContent = counts.get(number).toLocaleString("en");
      button.append(dot, words, count);
      button.addEventListener("click", () => choose(number));
      return button;
    };
    const rows = data.names.flatMap((name, number) => (counts.has(number) ? [row(number, name, data.colors[number])] : []));
    if (counts.has(-1)) rows.push(row(-1, "In no cluster", GRAY));
    document.getElementById("clusters").append(...rows);
  }

  list();
  input();
  find.addEventListener("input", search);
  window.addEventListener("resize", size);
  new ResizeObserver(size).observe(canvas); // a frame that comes into view has its size later
  size();
})();
