/* assets/map_engine: decoding, cameras, colors, picking, lines, pictures and legends. */
const FILES = ["requests", "data", "camera", "colors", "coloring", "legend", "lasso", "pick", "refine", "view", "wall"];

async function engine() {
  const inside = await fresh({ assets: ["address.js", ...FILES.map((name) => `map_engine/${name}.js`)] });
  return inside.likeness.map;
}

// Numbers that look random and are the same each time (Park & Miller 1988).
function generator(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function near(found, expected, within = 1e-6) {
  found.forEach((value, i) => truthy(Math.abs(value - expected[i]) <= within, `${found} is not ${expected}`));
}

// As dashboard/reads/packing.py does it.
function packed(head, arrays) {
  const kinds = { Float32Array: "f4", Int32Array: "i4", Uint32Array: "u4", Int16Array: "i2", Uint8Array: "u1" };
  const [known, parts] = [[], []];
  let at = 0;
  Object.entries(arrays).forEach(([name, array]) => {
    const bytes = new Uint8Array(8 * Math.ceil(array.byteLength / 8));
    bytes.set(new Uint8Array(array.buffer));
    known.push([name, kinds[array.constructor.name], array.length, at]);
    parts.push(bytes);
    at += bytes.length;
  });
  let text = JSON.stringify({ ...head, arrays: known });
  while ((new TextEncoder().encode(text).length + 4) % 8) text += " ";
  const said = new TextEncoder().encode(text);
  const whole = new Uint8Array(4 + said.length + at);
  new DataView(whole.buffer).setUint32(0, said.length, true);
  whole.set(said, 4);
  parts.reduce((place, part) => (whole.set(part, place), place + part.length), 4 + said.length);
  return whole.buffer;
}

const HEAD = { key: "color-2", name: "color", dim: 2, total: 8, size: 5, opacity: 0.5, labels: [["Ä", 4]], exemplars: [] };

// A sample of a map of eight points, of which points 0, 3 and 6 are here.
const sample = (map) => map.read(packed({ ...HEAD, bounds: [0, 10, 0, 10] }, {
  x: Float32Array.of(1, 5, 9), y: Float32Array.of(1, 5, 9), ids: Int32Array.of(10, 13, 16),
  cluster: Int16Array.of(-1, 0, 1), label: Int16Array.of(0, -1, 0), at: Uint32Array.of(0, 3, 6),
}));

test("a map is read from its bytes, with bounds of its own where none are sent", async () => {
  const map = await engine();
  const read = map.read(packed({ ...HEAD, total: 3 }, {
    x: Float32Array.of(1, -2, 3), y: Float32Array.of(4, 5.5, 6), ids: Int32Array.of(7, 8, 900000),
    cluster: Int16Array.of(-1, 0, 1), label: Int16Array.of(0, -1, 1),
  }));
  equal([read.name, read.dim, read.total, read.complete, read.at], ["color", 2, 3, true, null]);
  equal(read.facts.labels, [["Ä", 4]]);
  equal([read.x, read.ids, read.cluster], [[1, -2, 3], [7, 8, 900000], [-1, 0, 1]]);
  equal(read.bounds, [-2, 3, 4, 6]);
  equal(read.rows.get(900000), 2);
});

test("the points of a view take the place of the sample there, in drawing order", async () => {
  const map = await engine();
  const base = sample(map);
  const made = map.merge(base, packed({ inside: 3, size: 8, opacity: 0.9 }, {
    x: Float32Array.of(4, 5, 6, 9), y: Float32Array.of(4, 5, 6, 9), ids: Int32Array.of(11, 13, 14, 17),
    cluster: Int16Array.of(0, 0, 0, 1), label: Int16Array.of(0, 0, 0, 0), at: Uint32Array.of(1, 3, 4, 7),
  }), [3, 7, 3, 7]);
  equal(made.at, [0, 1, 3, 4, 6, 7]); // 7 is an image asked for outside of the view
  equal(made.ids, [10, 11, 13, 14, 16, 17]);
  equal([made.cluster, made.size, made.complete], [[-1, 0, 0, 0, 1, 1], 8, true]);
  equal([...made.rows.values()], [0, 1, 2, 3, 4, 5]);
  truthy(made.base === base && base.ids.length === 3);
  equal(map.picked(made, Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)), [0, 1, 3, 4, 6, 7]);
});

test("arrays in JSON come back, ids go there", async () => {
  const map = await engine();
  const ids = Int32Array.from({ length: 20000 }, (_, i) => i * 7);
  equal(map.decode({ dtype: "i4", bdata: map.encode(ids) }), ids);
});

test("a selection is replaced, added to and taken from", async () => {
  const map = await engine();
  equal(map.joined(null, [3, 1], "new"), [1, 3]);
  equal(map.joined([1, 3], [20, 3], "add"), [1, 3, 20]);
  equal(map.joined(Int32Array.of(1, 3, 20), [3, 4], "subtract"), [1, 20]);
  equal(map.joined(Int32Array.of(1), [1], "subtract"), null);
  equal(map.joined(null, [1], "subtract"), null);
  equal(map.mask(sample(map), [16, 99]), [0, 0, 1]);
  equal(map.mask(sample(map), [99]), null);
});

test("the flat camera fits a box into what is free, at one scale", async () => {
  const { flat } = await engine();
  const frame = { width: 800, height: 600, right: 200, bottom: 100 };
  const view = flat.fitted([0, 6, 0, 2], 1, frame);
  near([(view.x[1] - view.x[0]) / 800], [(view.y[1] - view.y[0]) / 600]);
  const [from, to] = [flat.pixel(view, frame, 0, 1), flat.pixel(view, frame, 6, 1)];
  near([from.x, from.y, to.x, to.y], [0, 250, 600, 250]);
  const back = flat.unit(view, frame, 123, 45);
  const at = flat.pixel(view, frame, back.x, back.y);
  near([at.x, at.y], [123, 45]);
  const reframed = flat.framed(view, { width: 400, height: 400, right: 0, bottom: 0 });
  near([reframed.x[0] + reframed.x[1], (reframed.x[1] - reframed.x[0]) / 400],
    [view.x[0] + view.x[1], (view.x[1] - view.x[0]) / 400]);
});

test("zooming keeps what is under the pointer, dragging brings it along", async () => {
  const { flat } = await engine();
  const frame = { width: 800, height: 600 };
  const view = { x: [-4, 4], y: [-3, 3] };
  const held = flat.unit(view, frame, 700, 100);
  for (const [to, by] of [[{ x: 700, y: 100 }, 0.8], [{ x: 100, y: 500 }, 1], [{ x: 1, y: 2 }, 3]]) {
    const next = flat.moved(view, frame, { x: 700, y: 100 }, to, by);
    const at = flat.pixel(next, frame, held.x, held.y);
    near([at.x, at.y], [to.x, to.y]);
    near([next.x[1] - next.x[0]], [8 * by]);
  }
  truthy(flat.alike(view, { x: [-4.001, 4], y: [-3, 3] }) && !flat.alike(view, { x: [-4.1, 4], y: [-3, 3] }));
});

test("what WebGL draws lies where marks are put, however far one zooms in", async () => {
  const { flat } = await engine();
  const frame = { width: 1000, height: 500 };
  for (const wide of [20, 1e-2, 1e-4]) {
    const view = { x: [17.3 - wide / 2, 17.3 + wide / 2], y: [-9.1 - wide / 4, -9.1 + wide / 4] };
    const { center, matrix } = flat.matrix(view);
    const [x, y] = [17.3 + wide / 3, -9.1 - wide / 5].map(Math.fround);
    const [a, b] = [Math.fround(x - center[0]), Math.fround(y - center[1])]; // as the shader has them
    const found = [matrix[0] * a + matrix[12], matrix[5] * b + matrix[13]];
    const at = flat.pixel(view, frame, x, y);
    near([((found[0] + 1) / 2) * 1000, ((1 - found[1]) / 2) * 500], [at.x, at.y], 0.01);
  }
});

test("in space all points are in sight, up is up, and what is near is nearer", async () => {
  const { space } = await engine();
  const bounds = [-3, 5, 10, 12, -1, 1];
  for (const [yaw, pitch] of [[0, 0], [0.8, 0.5], [3, -1.2]]) {
    const made = space.matrix({ yaw: yaw, pitch: pitch, zoom: 0.8 }, bounds, 800, 400);
    const at = (x, y, z) => space.pixel(made, 800, 400, x, y, z);
    const middle = at(1, 11, 0);
    near([middle.x, middle.y, middle.w], [400, 200, made.away], 1e-3);
    for (const x of [-3, 5]) for (const y of [10, 12]) for (const z of [-1, 1]) {
      const corner = at(x, y, z);
      truthy(corner.x > 0 && corner.x < 800 && corner.y > 0 && corner.y < 400 && corner.w > 0, "a corner is out of sight");
    }
    truthy(at(1, 11, 1).y < middle.y, "z does not point up");
  }
  const front = space.matrix({ yaw: 0, pitch: 0, zoom: 1 }, bounds, 800, 400);
  truthy(space.pixel(front, 800, 400, 5, 11, 0).w < space.pixel(front, 800, 400, -3, 11, 0).w);
  equal(space.turned({ yaw: 0, pitch: 1.5, zoom: 1 }, 1, 9).pitch < Math.PI / 2, true);
});

test("every kind of coloring has its numbers; hiding and fading are numbers too", async () => {
  const map = await engine();
  const { other, none, scale, faded, invisible } = map.order(3);
  const clusters = { kind: "clusters" };
  equal(map.numbers(clusters, Int16Array.of(-1, 0, 2, 3, 9), [], 3, null, null, null), [none, 0, 2, other, other]);
  equal(map.numbers(clusters, Int16Array.of(-1, 3, 9), [9, -1], 3, null, null, null), [invisible, other, invisible]);
  const names = { kind: "categories" }; // past the palette all are one
  equal(map.numbers(names, Int16Array.of(1, 3, 9), [3], 3, null, null, null), [1, invisible, invisible]);
  const figures = map.numbers({ kind: "scale" }, Uint8Array.of(0, 127, 254, 255), [0], 3, null, null, null);
  equal(figures, [scale, scale + Math.floor((127 * 64) / 255), scale + 63, none]);
  equal(map.numbers({ kind: "waiting" }, Int16Array.of(0, -1), [], 3, null, null, null), [other, other]);
  const own = Int16Array.of(0, 0, 1, 1);
  equal(map.numbers(clusters, own, [1], 3, Uint8Array.of(1, 0, 1, 0), own, null), [0, faded, invisible, invisible]);
  equal(map.numbers(clusters, own, [], 3, null, own, 1), [faded, faded, 1, 1]);
});

test("the palette says what the numbers mean, plain and then faded to the paper", async () => {
  const map = await engine();
  const { other, none, scale, faded, invisible } = map.order(2);
  const palette = map.palette(["#102030", "#ff0000"], ["#000000", "#808080", "#ffffff"], "#111111", "#222222", "#ffffff");
  equal(palette.length, invisible);
  equal([palette[0], palette[1], palette[other], palette[none]], [[16, 32, 48], [255, 0, 0], [17, 17, 17], [34, 34, 34]]);
  equal([palette[scale], palette[scale + map.STEPS - 1]], [[0, 0, 0], [255, 255, 255]]);
  truthy(palette.slice(scale, scale + map.STEPS).every((color, i, all) => !i || color[0] >= all[i - 1][0]));
  equal(palette[faded + 1], [255, 209, 209]);
  equal(map.hex([0, 15, 255]), "#000fff");
});

test("figures and categories in words", async () => {
  const map = await engine();
  const share = { kind: "scale", low: 0, high: 0.5, form: "percent", none: "not measured" };
  equal([map.word(share, 254), map.word(share, 127), map.word(share, 255)], ["50 %", "25 %", "not measured"]);
  const names = { kind: "categories", names: [["cat", 3]], none: "no label" };
  equal([map.word(names, 0), map.word(names, -1)], ["cat", "no label"]);
  equal(map.own("label", { labels: [["cat", 3]] }).names, [["cat", 3]]);
  equal([map.own("cluster", {}).kind, map.own("date", {})], ["clusters", null]);
});

test("a legend counts all points once, and leaves out names that have none here", async () => {
  const map = await engine();
  const coloring = { names: [["cat", 5], ["dog", 0], ["fox", 2], ["owl", 1], ["elk", 1]], none: "no label" };
  const found = map.entries(coloring, { palette: ["#1", "#2", "#3"] }, 12);
  equal(found.map(([code, name, count]) => [code, name, count]),
    [[0, "cat", 5], [2, "fox", 2], [3, "other", 2], [-1, "no label", 3]]);
  equal(found[1][3], "#3");
  equal(map.entries({ names: [["cat", 12]], none: "no label" }, { palette: ["#1"] }, 12).length, 1);
});

test("the nearest point within reach is picked, and none that is hidden", async () => {
  const map = await engine();
  const random = generator(5);
  const data = { x: Float32Array.from({ length: 400 }, random), y: Float32Array.from({ length: 400 }, random) };
  const hides = (row) => row % 3 === 0;
  for (let i = 0; i < 50; i++) {
    const [x, y] = [random(), random()];
    let [best, least] = [null, (16 * 0.003) ** 2];
    data.x.forEach((_, row) => {
      const apart = (data.x[row] - x) ** 2 + (data.y[row] - y) ** 2;
      if (!hides(row) && apart < least) [best, least] = [row, apart];
    });
    equal(map.nearest(data, x, y, 0.003, hides), best);
  }
  equal(map.nearest(data, 9, 9, 0.003, hides), null);
});

test("in space the foremost of the points that cover the place is picked", async () => {
  const map = await engine();
  const data = { x: Float32Array.of(-1, 1, 0), y: Float32Array.of(0, 0, 1), z: Float32Array.of(0, 0, 0), size: 6 };
  const made = map.space.matrix({ yaw: 0, pitch: 0, zoom: 1 }, [-1, 1, -1, 1, -1, 1], 400, 400);
  const shows = () => false;
  equal(map.foremost(data, made, 400, 400, 201, 200, shows), 1);
  equal(map.foremost(data, made, 400, 400, 201, 200, (row) => row === 1), 0);
  const aside = map.space.pixel(made, 400, 400, 0, 1, 0);
  equal(map.foremost(data, made, 400, 400, aside.x + 9, aside.y, shows), 2);
  equal(map.foremost(data, made, 400, 400, 200, 20, shows), null);
});

test("a line holds what the even-odd rule says, also where it crosses itself", async () => {
  const map = await engine();
  const random = generator(11);
  const x = Float32Array.from({ length: 3000 }, () => random() * 2 - 1);
  const y = Float32Array.from({ length: 3000 }, () => random() * 2 - 1);
  const star = Array.from({ length: 31 }, (_, i) => {
    const turn = (2 * Math.PI * i * 13) / 31; // goes around thirteen times
    return [Math.cos(turn) * 0.9, Math.sin(turn) * 0.8];
  });
  const expected = [];
  x.forEach((px, row) => {
    let odd = false;
    star.forEach(([x1, y1], i) => {
      const [x0, y0] = star[(i + 30) % 31];
      if ((y0 > y[row]) !== (y1 > y[row]) && px < ((x1 - x0) * (y[row] - y0)) / (y1 - y0) + x0) odd = !odd;
    });
    if (odd) expected.push(row);
  });
  truthy(expected.length > 300 && expected.length < 2700);
  equal(map.inside(x, y, star), expected);
  equal(map.inside(x, y, [[0, 0], [1, 0]]), []);
  const path = Array.from({ length: 1000 }, (_, i) => [i, i]);
  truthy(map.thinned(path).length <= 160 && map.thinned(star).length === 31);
});

test("pictures never overlap, those that matter most are there, and lonely ones are larger", async () => {
  const map = await engine();
  const random = generator(3);
  const points = Array.from({ length: 120 }, (_, row) => ({ row: row, x: random() * 900, y: random() * 600 }));
  const placed = map.arrange(points);
  equal(placed[0].row, 0);
  truthy(placed.length > 40);
  placed.forEach((one, i) => placed.slice(0, i).forEach((other) => {
    const apart = Math.max(Math.abs(one.x - other.x), Math.abs(one.y - other.y));
    truthy(apart >= (one.side + other.side) / 2, "two pictures overlap");
  }));
  equal(map.arrange([{ row: 0, x: 5, y: 5 }]).map((one) => one.side), [144]);
});

test("a view is asked for with a margin, and again when it leaves it or comes much closer", async () => {
  const map = await engine();
  const view = { x: [0, 10], y: [0, 5] };
  const box = map.wanted(view);
  near(box, [-1.2, 11.2, -0.6, 5.6]);
  equal(map.coarse(view, box, false), false);
  equal(map.coarse({ x: [1, 11], y: [0, 5] }, box, true), false);
  equal(map.coarse({ x: [2, 12], y: [0, 5] }, box, true), true);
  equal(map.coarse({ x: [2, 7], y: [1, 3.5] }, box, false), true);
  equal(map.coarse({ x: [2, 7], y: [1, 3.5] }, box, true), false);
  const data = { x: Float32Array.of(0, 1, 2, 3, 100), y: Float32Array.of(0, 1, 2, 3, 4) };
  equal(map.boundsOf(data, [0, 1, 2, 3, 4], 0.2), [1, 3, 1, 3]);
});
