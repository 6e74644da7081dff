/* assets/map_engine: what is in sight, the pictures in it, and what is asked for of a very large map. */
async function engine() {
  const inside = await fresh({ assets: ["address.js", "map_engine/camera.js", "map_engine/refine.js", "map_engine/view.js", "map_engine/wall.js"] });
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
