/* assets/map_engine: what is in sight, the pictures in it, and what is asked for of a very large map. */
async function engine() {
  const inside = await fresh({ assets: ["address.js", "map_engine/camera.js", "map_engine/refine.js", "map_engine/view.js", "map_engine/arrange.js", "map_engine/names.js", "map_engine/wall.js"] });
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

test("another shape of the stage keeps the middle of the view, at one scale", async () => {
  const { flat } = await engine();
  const view = { x: [-1, 7], y: [-4, 2] };
  const made = flat.framed(view, { width: 400, height: 400, right: 90, bottom: 90 });
  near([made.x[0] + made.x[1], made.y[0] + made.y[1]], [6, -2]);
  near([made.x[1] - made.x[0], made.y[1] - made.y[0]], [8, 8]);
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
  const level = space.matrix({ yaw: 0, pitch: 0, zoom: 1 }, bounds, 800, 400); // y goes to the right
  const [middle, right, up] = [[1, 11, 0], [1, 11.1, 0], [1, 11, 0.1]].map((at) => space.pixel(level, 800, 400, ...at));
  near([right.x - middle.x, right.y], [middle.y - up.y, middle.y], 1e-3); // at one scale
  const front = space.matrix({ yaw: 0, pitch: 0, zoom: 1 }, bounds, 800, 400);
  truthy(space.pixel(front, 800, 400, 5, 11, 0).w < space.pixel(front, 800, 400, -3, 11, 0).w);
  equal(space.turned({ yaw: 0, pitch: 1.5, zoom: 1 }, 1, 9).pitch < Math.PI / 2, true);
});

const FRAME = { width: 900, height: 600, right: 0, bottom: 0 };
const apart = (one, other) => Math.max(Math.abs(one.x - other.x), Math.abs(one.y - other.y));
const flatly = (points) => Float32Array.from(points.flatMap((point) => [point.x, point.y]));

test("pictures overlap neither each other nor names, those that matter most are there, what is near its point covers few", async () => {
  const map = await engine();
  const random = generator(3);
  for (const count of [1, 2, 30, 400, 3000]) {
    const points = Array.from({ length: count }, (_, row) => ({
      row: row, x: random() * 900, y: random() * 600, must: row < 5,
    }));
    const box = { left: 300, top: 200, width: 120, height: 30 };
    const crowd = map.crowd(flatly(points), FRAME);
    const placed = map.arrange(points, FRAME, [box], crowd);
    truthy(placed.length >= Math.min(count, 5) * 0.8, "too few pictures");
    placed.forEach((one, i) => {
      placed.slice(0, i).forEach((other) => {
        truthy(apart(one, other) >= (one.side + other.side) / 2, "two pictures overlap");
      });
      const [x, y] = [box.left + 60 - one.x, box.top + 15 - one.y].map(Math.abs);
      truthy(x >= (120 + one.side) / 2 - 1 || y >= (30 + one.side) / 2 - 1, "a picture lies on a name");
      near([one.x - one.off[0], one.y - one.off[1]], [points[one.row].x, points[one.row].y], 1e-3);
    });
  }
});

test("of a set that is to be seen whole each has a picture, in a corner and beside a name, too", async () => {
  const map = await engine();
  const random = generator(11);
  const points = Array.from({ length: 13 }, (_, i) => ({
    row: i, x: 840 + 50 * random(), y: 20 + 60 * random(), must: "somewhere",
  }));
  const name = { left: 800, top: 60, width: 100, height: 24 };
  const crowd = map.crowd(flatly(points), FRAME);
  const placed = map.arrange(points, FRAME, [name], crowd);
  equal(placed.map((one) => one.row), points.map((one) => one.row));
  placed.forEach((one) => truthy(one.x + one.side / 2 <= 901 && one.y >= one.side / 2 - 1, "it is cut off"));
  const near = points.map((one) => Object.assign({}, one, { must: "near" }));
  truthy(map.arrange(near, FRAME, [name], crowd).length < 13, "this is no hard case");
});

test("the only picture fills the stage, and stays within it", async () => {
  const map = await engine();
  const crowd = map.crowd(Float32Array.of(880, 590), FRAME);
  const [one] = map.arrange([{ row: 0, x: 880, y: 590 }], FRAME, [], crowd);
  equal(one.side, Math.round(map.largest(FRAME)));
  truthy(one.x + one.side / 2 <= 900 && one.y + one.side / 2 <= 600 && one.x >= one.side / 2, "it is cut off");
});

test("a crowd is counted in any square", async () => {
  const map = await engine();
  const random = generator(5);
  const points = Array.from({ length: 800 }, () => ({ x: random() * 900, y: random() * 600 }));
  const crowd = map.crowd(flatly(points), FRAME);
  for (const [x, y, side] of [[450, 300, 160], [16, 16, 32], [880, 40, 80], [450, 300, 4000]]) {
    const inside = points.filter((p) => Math.abs(p.x - x) <= side / 2 && Math.abs(p.y - y) <= side / 2).length;
    truthy(Math.abs(crowd({ x: x, y: y, side: side }) - inside) <= 2 + inside * 0.1, `${crowd({ x, y, side })} for ${inside}`);
  }
});

test("names never lie on each other, the largest first, of two alike nearby one stands, and more when one is close", async () => {
  const map = await engine();
  const random = generator(7);
  const width = (text, px) => text.length * px * 0.6;
  const spread = Array.from({ length: 400 }, (_, i) => ({ x: random(), y: random(), text: `name ${i % 150}` }));
  const at = (scale) => spread.map((one, i) => ({
    key: String(i), text: one.text, count: Math.round(1000 / (i + 1)), x: one.x * scale, y: one.y * scale * 0.66, radius: scale / 60, part: false,
  }));
  const far = map.named(at(900), width, FRAME);
  const share = (found, names) => found.length / names.filter((one) => one.x < 900 && one.y < 600).length;
  for (const scale of [900, 2400]) {
    const placed = map.named(at(scale), width, FRAME);
    equal(placed[0].key, at(scale).find((one) => one.x < 900 && one.y < 600).key);
    placed.forEach((one, i) => placed.slice(0, i).forEach((other) => {
      const beside = one.left >= other.left + other.width || other.left >= one.left + one.width;
      truthy(beside || one.top >= other.top + other.height || other.top >= one.top + one.height, "two names overlap");
      truthy(one.text !== other.text || Math.hypot(one.x - other.x, one.y - other.y) >= 132, "two alike are near");
    }));
  }
  truthy(far[0].size > far[far.length - 1].size, "the largest is not larger");
  truthy(share(map.named(at(2400), width, FRAME), at(2400)) > share(far, at(900)), "no more names when close");
  equal(map.named([{ key: "a", text: "x".repeat(60), count: 1, x: 450, y: 300, radius: 99 }], width, FRAME)[0].text.length, 30);
  const buttons = { left: 850, top: 400, width: 40, height: 150 };
  const below = { key: "b", text: "a name", count: 1, x: 860, y: 480, radius: 99 };
  const [one] = map.named([below], width, Object.assign({}, FRAME, { over: [buttons] }));
  truthy(one && one.left + one.width <= buttons.left && one.left > 700, "a name lies under buttons, or is gone");
  map.named(at(900), width, Object.assign({}, FRAME, { over: [buttons] })).forEach((name) => truthy(
    name.left + name.width <= 850 || name.left >= 890 || name.top >= 550 || name.top + name.height <= 400, "under buttons"));
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
