/* assets/map/cluster_order.js: which clusters the list shows, and in what order. */
async function order() {
  const inside = await fresh({ assets: ["address.js", "map/cluster_order.js"] });
  return inside.likeness.map;
}

const CLUSTERS = [
  { name: "shoes", words: "Cluster 1 · shoes 95%", count: 300, purity: 0.95 },
  { name: "mixed, mostly shirt", words: "Cluster 2 · shirt 42%", count: 200, purity: 0.42 },
  { name: "Cluster 10", words: "", count: 90, purity: null },
  { name: "Cluster 9", words: "", count: 90, purity: null },
  { name: "shirt", words: "Cluster 5 · shirt 60%", count: 50, purity: 0.6 },
];

test("clusters by size, name and purity; what is not known comes last", async () => {
  const map = await order();
  equal(map.ordered(CLUSTERS, "size", ""), [0, 1, 2, 3, 4]);
  equal(map.ordered(CLUSTERS, "name", ""), [3, 2, 1, 4, 0]);
  equal(map.ordered(CLUSTERS, "purity", ""), [0, 4, 1, 2, 3]);
  equal(map.ordered(CLUSTERS, "disagreement", ""), [0, 1, 2, 3, 4]); // nothing is known yet
});

test("a filter finds words of name and description in any order", async () => {
  const map = await order();
  equal(map.ordered(CLUSTERS, "size", " SHIRT mixed "), [1]);
  equal(map.ordered(CLUSTERS, "size", "shirt"), [1, 4]);
  equal(map.ordered(CLUSTERS, "size", "hat"), []);
});

test("disagreement is one less the mean agreement of a cluster's images that have one", async () => {
  const map = await order();
  const coloring = { low: 0, high: 0.5 };
  const found = map.disagreements(Int16Array.of(0, 0, 0, 1, 2, -1), coloring, Uint8Array.of(254, 0, 255, 127, 255, 0), 3);
  equal(found, [0.75, 0.75, null]);
});

test("arrows on the map lead to what is nearest in their direction", async () => {
  const inside = await fresh({ assets: ["address.js", "events.js", "map/cluster_order.js",
    (window) => { window.likeness.mapPage = {}; }, "map/map_keys.js"] });
  const { toward } = inside.likeness.map;
  const places = [{ x: 10, y: 0 }, { x: 5, y: 6 }, { x: 30, y: 1 }, { x: -4, y: 0 }, { x: 0, y: -50 }, { x: 1, y: 3 }];
  equal(toward(places, { x: 0, y: 0 }, [1, 0]), { x: 10, y: 0 });
  equal(toward(places, { x: 10, y: 0 }, [1, 0]), { x: 30, y: 1 });
  equal([toward(places, { x: 0, y: 0 }, [0, 1]).x, toward(places, { x: 0, y: 0 }, [0, -1]).y], [1, -50]);
  equal(toward(places, { x: -4, y: 0 }, [-1, 0]), null);
});
