/* assets/map_engine/{camera,lasso,pick}.js: from units of a map to px and back, and what lies where. */
const engine = async () => {
  const assets = ["address.js", "map_engine/camera.js", "map_engine/lasso.js", "map_engine/pick.js"];
  return (await fresh({ assets: assets })).likeness.map;
};
const FRAME = { width: 800, height: 400, right: 200, bottom: 100 };
const near = (found, expected, by = 1e-6) => {
  truthy(Math.abs(found - expected) <= by, "found " + found + ", expected " + expected);
};

// Numbers in [0, 1) that are the same each time.
function chance(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

test("a px is a unit and back, and one scale holds on both axes", async () => {
  const { flat } = await engine();
  const view = flat.centered(3, -2, 0.5, FRAME);
  near((view.x[1] - view.x[0]) / FRAME.width, 0.5);
  near((view.y[1] - view.y[0]) / FRAME.height, 0.5);
  const random = chance(7);
  for (let i = 0; i < 50; i++) {
    const [x, y] = [100 * random() - 50, 100 * random() - 50];
    const at = flat.pixel(view, FRAME, x, y);
    const back = flat.unit(view, FRAME, at.x, at.y);
    near(back.x, x);
    near(back.y, y);
  }
});

test("what is centered or fitted lies in the part of the stage that nothing covers", async () => {
  const { flat } = await engine();
  const middle = flat.pixel(flat.centered(3, -2, 0.5, FRAME), FRAME, 3, -2);
  near(middle.x, 300); // half of 800 − 200
  near(middle.y, 150); // half of 400 − 100
  const view = flat.fitted([0, 10, 0, 90], 1.1, FRAME);
  for (const [x, y] of [[0, 0], [10, 0], [0, 90], [10, 90]]) {
    const at = flat.pixel(view, FRAME, x, y);
    truthy(at.x >= 0 && at.x <= 600 && at.y >= 0 && at.y <= 300, `(${x}, ${y}) lies at ${at.x}, ${at.y}`);
  }
  const [low, high] = [flat.pixel(view, FRAME, 0, 0).y, flat.pixel(view, FRAME, 0, 90).y];
  near(low - high, 300 / 1.1, 0.01); // and fills it but for the margin
});

test("zooming leaves what is under the cursor there, and a drag takes it along", async () => {
  const { flat } = await engine();
  const view = flat.centered(0, 0, 1, FRAME);
  const cursor = { x: 123, y: 45 };
  const under = flat.unit(view, FRAME, cursor.x, cursor.y);
  const zoomed = flat.moved(view, FRAME, cursor, cursor, 0.25);
  near(flat.pixel(zoomed, FRAME, under.x, under.y).x, cursor.x);
  near(flat.pixel(zoomed, FRAME, under.x, under.y).y, cursor.y);
  near(zoomed.x[1] - zoomed.x[0], (view.x[1] - view.x[0]) / 4);
  const dragged = flat.moved(view, FRAME, cursor, { x: 300, y: 200 }, 1);
  near(flat.pixel(dragged, FRAME, under.x, under.y).x, 300);
  near(flat.pixel(dragged, FRAME, under.x, under.y).y, 200);
  truthy(flat.alike(view, flat.between(view, zoomed, 0)) && !flat.alike(view, zoomed));
});

test("the matrix of a view puts points where pixel() says, also far from the origin and zoomed in", async () => {
  const { flat } = await engine();
  for (const [x, y, scale] of [[0, 0, 1], [5000, -7000, 1e-4]]) {
    const view = flat.centered(x, y, scale, FRAME);
    const { center, matrix } = flat.matrix(view);
    const at = [x + 30 * scale, y - 20 * scale];
    const clip = [matrix[0] * (at[0] - center[0]) + matrix[12], matrix[5] * (at[1] - center[1]) + matrix[13]];
    const px = flat.pixel(view, FRAME, at[0], at[1]);
    near(((clip[0] + 1) / 2) * FRAME.width, px.x, 0.01);
    near(((1 - clip[1]) / 2) * FRAME.height, px.y, 0.01);
  }
});

test("in space the middle of all points is in the middle of the stage, however one turns", async () => {
  const { space } = await engine();
  const bounds = [-3, 5, 10, 12, 0, 8];
  let view = space.start();
  for (const [dx, dy] of [[0, 0], [1, 0.4], [-4, -9], [2, 30]]) {
    view = space.turned(view, dx, dy);
    const made = space.matrix(view, bounds, 800, 400);
    const middle = space.pixel(made, 800, 400, 1, 11, 4);
    near(middle.x, 400, 1e-3);
    near(middle.y, 200, 1e-3);
    near(middle.w, made.away, 1e-3);
    truthy(Math.abs(view.pitch) < Math.PI / 2, "one never looks from below the ground up over the top");
  }
  truthy(space.nearer(view, 1e9).zoom <= 40 && space.nearer(view, 0).zoom > 0);
});

// The even–odd rule, edge by edge.
function within(x, y, line) {
  let odd = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [[x0, y0], [x1, y1]] = [line[i], line[j]];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) odd = !odd;
  }
  return odd;
}

test("within a line are the points that the even–odd rule says, whatever the line", async () => {
  const { inside } = await engine();
  const random = chance(11);
  const xs = Float32Array.from({ length: 3000 }, random);
  const ys = Float32Array.from({ length: 3000 }, random);
  const lines = [
    [[0.2, 0.2], [0.8, 0.2], [0.8, 0.7], [0.2, 0.7]],
    Array.from({ length: 9 }, () => [random(), random()]), // crosses itself
    Array.from({ length: 160 }, (_, i) => [0.5 + 0.4 * Math.cos(i / 25.5), 0.5 + 0.3 * Math.sin(i / 25.5)]),
    [[0.1, 0.5], [0.9, 0.5], [0.5, 0.5]], // flat: nothing in it
  ];
  lines.forEach((line) => {
    const expected = [];
    xs.forEach((x, row) => within(x, ys[row], line) && expected.push(row));
    equal(inside(xs, ys, line), expected);
  });
  equal(inside(xs, ys, lines[0]).length > 700, true);
});

test("a long line is thinned to what a hand draws, and a short one left", async () => {
  const { thinned } = await engine();
  const line = Array.from({ length: 1000 }, (_, i) => [i, i]);
  truthy(thinned(line).length <= 160 && thinned(line).length >= 100);
  equal(thinned(line)[0], [0, 0]);
  equal(thinned(line.slice(0, 100)).length, 100);
});

test("the nearest point within reach is picked, and hidden ones are not there", async () => {
  const { nearest } = await engine();
  const data = { x: Float32Array.from([0, 10, 11]), y: Float32Array.from([0, 0, 0]) };
  const none = () => false;
  equal(nearest(data, 10.2, 0, 1, none), 1);
  equal(nearest(data, 10.2, 0, 1, (row) => row === 1), 2);
  equal(nearest(data, 10.2, 0, 0.001, none), null); // zoomed in: 0.2 are 200 px
  equal(nearest(data, 500, 0, 1, none), null);
});

test("in space the foremost of the points that cover a place is picked", async () => {
  const { space, foremost } = await engine();
  const made = space.matrix({ yaw: 0, pitch: 0, zoom: 1 }, [-1, 1, -1, 1, -1, 1], 400, 400);
  const data = { size: 8, x: Float32Array.from([-0.5, 0.5]), y: Float32Array.from([0, 0]), z: Float32Array.from([0, 0]) };
  const [one, other] = [0, 1].map((row) => space.pixel(made, 400, 400, data.x[row], 0, 0));
  near(one.x, other.x, 1e-3); // one behind the other
  const front = one.w < other.w ? 0 : 1;
  equal(foremost(data, made, 400, 400, one.x, one.y, () => false), front);
  equal(foremost(data, made, 400, 400, one.x, one.y, (row) => row === front), 1 - front);
  equal(foremost(data, made, 400, 400, one.x + 100, one.y, () => false), null);
});
