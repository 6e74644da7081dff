/* assets/map_engine: colorings, their palette, their words and their legend. */
async function engine() {
  const inside = await fresh({ assets: ["address.js", "map_engine/colors.js", "map_engine/coloring.js", "map_engine/legend.js",
    "map_engine/paint.js"] });
  return inside.likeness.map;
}

test("every kind of coloring has its numbers; hiding and fading are numbers too", async () => {
  const map = await engine();
  const { other, none, scale, faded, invisible } = map.order(3);
  const clusters = { kind: "clusters" };
  equal(map.numbers(clusters, Int16Array.of(-1, 0, 2, 3, 9), [], 3, null, null, null), [none, 0, 2, other, other]);
  equal(map.numbers(clusters, Int16Array.of(-1, 3, 9), [9, -1], 3, null, null, null), [invisible, other, invisible]);
  const dressed = { kind: "clusters", colors: [2, 0, 2, 1] }; // more clusters than colors
  equal(map.numbers(dressed, Int16Array.of(-1, 0, 1, 2, 3), [2], 3, null, null, null), [none, 2, 0, invisible, 1]);
  const names = { kind: "categories" }; // past the palette all are one
  equal(map.numbers(names, Int16Array.of(1, 3, 9), [3], 3, null, null, null), [1, invisible, invisible]);
  const figures = map.numbers({ kind: "scale" }, Uint8Array.of(0, 127, 254, 255), [0], 3, null, null, null);
  equal(figures, [scale, scale + Math.floor((127 * 64) / 255), scale + 63, none]);
  equal(map.numbers({ kind: "waiting" }, Int16Array.of(0, -1), [], 3, null, null, null), [other, other]);
  const own = Int16Array.of(0, 0, 1, 1);
  equal(map.numbers(clusters, own, [1], 3, Uint8Array.of(1, 0, 1, 0), own, null), [0, faded, invisible, invisible]);
  equal(map.numbers(clusters, own, [], 3, null, own, 1), [faded, faded, 1, 1]);
  equal(map.numbers({ kind: "scale" }, Uint8Array.of(254, 255, 254, 0), [], 3, Uint8Array.of(1, 0, 0, 0), own, null),
    [scale + 63, faded + none, faded + scale + 63, faded + scale]);
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
  equal([map.word(share, 254), map.word(share, 127), map.word(share, 255)], ["50%", "25%", "not measured"]);
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
  const dressed = map.entries(Object.assign({ colors: [2, 0, 1, 1, 1] }, coloring), { palette: ["#1", "#2", "#3"] }, 12);
  equal(dressed.map(([code, , , color]) => [code, color]), [[0, "#3"], [2, "#2"], [3, "#2"], [4, "#2"], [-1, "var(--map-noise)"]]);
  equal([4, map.category({ kind: "categories", colors: [] }, 4, 3)], [4, 4]);
  equal(map.category({ kind: "categories" }, 4, 3), 3);
  equal(map.entries({ names: [["cat", 12]], none: "no label" }, { palette: ["#1"] }, 12).length, 1);
});

test("a filter has a bit for each image; what it does not name does not pass", async () => {
  const map = await engine();
  const bits = Uint8Array.of(0b00000101, 0b00000010);
  equal(map.passing({ ids: Int32Array.of(9, 2, 1, 0, 400) }, bits), [1, 1, 0, 1, 0]);
});

test("a scale of hours says hours, one of uneven steps has its own figures", async () => {
  const map = await engine();
  const noon = Date.UTC(2026, 10, 26, 12) / 1000;
  const dates = (low, high) => ({ kind: "scale", form: "date", low: low, high: high });
  truthy(map.figure(dates(noon, noon + 7200), 0) !== map.figure(dates(noon, noon + 7200), 1));
  equal(map.figure(dates(noon, noon + 9e6), 0).includes(":"), false);
  equal(/[AP]M/.test(map.figure(dates(noon, noon + 7200), 1)), false); // as the table has it
  const uneven = { kind: "scale", form: "number", low: 0, high: 100, marks: [0, 1, 2, 4, 100] };
  equal([0, 0.25, 0.625, 1].map((share) => map.figure(uneven, share)), ["0", "1", "3", "100"]);
});

test("what is hidden goes by an image or a name, and is never taken for something else", async () => {
  const inside = await fresh({ assets: ["address.js", "map_engine/colors.js", "map_engine/called.js"] });
  const { map } = inside.likeness;
  const clusters = { kind: "clusters" };
  const before = { cluster: Int16Array.of(0, 0, 1, 2), rows: new Map([[7, 0], [8, 1], [9, 2], [12, 3]]) };
  equal([-1, 0, 2].map(map.called(clusters, [8, 9, 12], 3)), ["(none)", "8", "12"]);
  equal(map.meant(clusters, before, [8, 9, 12], 3, ["12", "(none)"]), { codes: [2, -1], lost: [] });
  const after = { cluster: Int16Array.of(1, 1, -1, 0), rows: before.rows }; // made anew: other numbers, one is gone
  equal(map.meant(clusters, after, [12, 7], 3, ["12", "8", "9", "55", "x"]), { codes: [0, 1], lost: ["9", "55", "x"] });
  const labels = { kind: "categories", names: [["cat", 5], ["a,b", 3], ["(x)", 2], ["owl", 1], ["elk", 1]] };
  equal([0, 1, 3, 4, -1].map(map.called(labels, [], 3)), ["cat", "a,b", "(other)", "(other)", "(none)"]);
  equal(map.meant(labels, after, [], 3, ["a,b", "(other)", "dog"]), { codes: [1, 3], lost: ["dog"] });
  equal(map.meant({ kind: "scale" }, after, [], 3, ["cat"]), { codes: [], lost: ["cat"] });
});
