/* assets/gallery/layout.js: rows of whole pictures, as wide as the room. */
const gallery = async () => (await fresh({ assets: ["address.js", "gallery/layout.js"] })).likeness.gallery;

// The same numbers each time, 0–1.
function random(seed) {
  return () => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32);
}
const shapes = (count, draw = random(7)) => Float32Array.from({ length: count }, () => 0.4 + 2.2 * draw() * draw());

test("each picture stands once, whole, and full rows end at the edge", async () => {
  const { layout, boxOf, rowOf } = await gallery();
  for (const [count, width, height] of [[1, 900, 160], [2, 900, 160], [7, 390, 120], [500, 1400, 160], [500, 320, 300]]) {
    const ratios = shapes(count);
    const made = layout(ratios, { width: width, height: height, gap: 8, foot: 40 });
    equal([made.first[0], made.first[made.tops.length]], [0, count]);
    for (let row = 0; row < made.tops.length; row++) {
      truthy(made.first[row + 1] > made.first[row], "an empty row");
      const last = boxOf(made, made.first[row + 1] - 1);
      const right = last.x + last.width;
      truthy(right < width + 0.5, `row ${row} of ${count} ends at ${right}`);
      if (row < made.tops.length - 1) truthy(Math.abs(right - width) < 0.5, `row ${row} ends at ${right}`);
      if (row) truthy(made.tops[row] >= made.tops[row - 1] + made.heights[row - 1] + 40 + 8 - 1e-6, "rows overlap");
      truthy(made.heights[row] < 1.5 * height + 1 && made.heights[row] > height / 5, `${made.heights[row]} px high`);
    }
    for (let i = 0; i < count; i++) {
      const box = boxOf(made, i);
      const ratio = Math.min(4, Math.max(0.5, ratios[i]));
      truthy(Math.abs(box.width / box.height - ratio) < 1e-3, "another shape than the picture's");
      equal(rowOf(made, i), made.tops.indexOf(box.y));
    }
  }
});

test("rows are about as high as was wished", async () => {
  const { layout } = await gallery();
  const made = layout(shapes(2000), { width: 1400, height: 160 });
  const heights = Array.from(made.heights).sort((a, b) => a - b);
  truthy(Math.abs(heights[heights.length >> 1] - 160) < 16, `median ${heights[heights.length >> 1]}`);
  truthy(layout([], { width: 800, height: 160 }).total === 0);
});

test("threads and panoramas leave room for the others, and unknown shapes are square", async () => {
  const { layout, boxOf } = await gallery();
  const made = layout([0.01, 50, NaN, 0], { width: 2000, height: 100 });
  equal([0, 1, 2, 3].map((i) => Math.round((100 * boxOf(made, i).width) / boxOf(made, i).height)), [50, 400, 100, 100]);
});

test("a list can be parted: a new row begins, with room for a line before it", async () => {
  const { layout, boxOf } = await gallery();
  const made = layout(new Float32Array(30).fill(1), { width: 1000, height: 100, gap: 10, breaks: [7, 30], band: 32 });
  truthy(Array.from(made.first).includes(7));
  const [before, after] = [boxOf(made, 6), boxOf(made, 7)];
  equal(after.y - before.y - before.height, 10 + 32);
  equal(after.x, 0);
});

test("only the rows in sight are told, wherever one looks", async () => {
  const { layout, rowsBetween } = await gallery();
  const made = layout(shapes(3000), { width: 1200, height: 140, foot: 20 });
  const draw = random(3);
  for (let turn = 0; turn < 200; turn++) {
    const top = draw() * made.total - 100;
    const [from, to] = rowsBetween(made, top, top + 800);
    for (let row = 0; row < made.tops.length; row++) {
      const seen = made.tops[row] < top + 800 && made.tops[row] + made.heights[row] + 20 > top;
      if (seen) truthy(row >= from && row < to, `row ${row} is missing`);
    }
    truthy(to - from < 12, "more than is in sight");
  }
  equal(rowsBetween(layout([], { width: 9, height: 9 }), 0, 9), [0, 0]);
});

test("a rubber band takes what it touches", async () => {
  const { layout, touched, boxOf } = await gallery();
  const made = layout(shapes(400), { width: 1100, height: 120 });
  const draw = random(11);
  for (let turn = 0; turn < 100; turn++) {
    const one = { x: draw() * 1100, y: draw() * made.total, width: draw() * 500, height: draw() * 900 };
    const expected = [];
    for (let i = 0; i < 400; i++) {
      const box = boxOf(made, i);
      const meets = box.x <= one.x + one.width && box.x + box.width >= one.x && box.y <= one.y + one.height &&
        box.y + box.height >= one.y;
      if (meets) expected.push(i);
    }
    equal(touched(made, one), expected);
  }
});

test("arrows lead to what is beside, above and below, and end at the ends", async () => {
  const { layout, step, boxOf, rowOf } = await gallery();
  const made = layout(shapes(300), { width: 1000, height: 120 });
  equal([step(made, 5, "ArrowRight"), step(made, 5, "ArrowLeft"), step(made, 0, "ArrowLeft")], [6, 4, 0]);
  equal([step(made, 5, "Home"), step(made, 5, "End"), step(made, 299, "ArrowRight")], [0, 299, 299]);
  for (let i = 0; i < 300; i++) {
    const below = step(made, i, "ArrowDown");
    const row = rowOf(made, i);
    if (row === made.tops.length - 1) equal(below, i);
    else {
      equal(rowOf(made, below), row + 1);
      const [one, other] = [boxOf(made, i), boxOf(made, below)];
      const apart = Math.max(other.x - one.x - one.width, one.x - other.x - other.width);
      truthy(apart < made.gap + 1 || below === 299, "far to the side");
    }
    if (row === 0) equal(step(made, i, "ArrowUp"), i);
  }
  truthy(boxOf(made, step(made, 0, "PageDown", 600)).y > 300);
  equal([step(made, 299, "PageDown", 600), step(made, 3, "PageUp", 600)], [299, 0]);
});

test("100,000 pictures are laid out at once", async () => {
  const { layout } = await gallery();
  const ratios = shapes(100000);
  const made = layout(ratios, { width: 1400, height: 160 });
  equal(made.first[made.tops.length], 100000);
  truthy(made.total < 2 ** 24, "higher than browsers can scroll");
});
