/* Which clusters the list beside the map shows, and in what order. Pure. */
(function (map) {
  "use strict";

  // Ways to sort, by what the address calls them: [title, the figure of a row in words].
  const percent = (value) => (value === null || value === undefined ? "" : `${Math.round(100 * value)}%`);
  map.orders = {
    size: ["Size", () => ""],
    name: ["Name", () => ""],
    purity: ["Purity", (cluster) => percent(cluster.purity)],
    disagreement: ["Disagreement", (cluster) => percent(cluster.disagreement)],
  };

  // Numbers of clusters as they stand in the list. clusters: {name, words, count, purity,
  // disagreement}; what is not known of one comes last. Names with numbers in them go by these.
  map.ordered = function (clusters, order, text) {
    const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const says = (cluster) => `${cluster.name} ${cluster.words}`.toLowerCase();
    const found = clusters.map((_, number) => number)
      .filter((number) => words.every((word) => says(clusters[number]).includes(word)));
    const figure = (number) => clusters[number][order] ?? -1;
    if (order === "name") {
      const named = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
      return found.sort((a, b) => named.compare(clusters[a].name, clusters[b].name));
    }
    if (order === "purity" || order === "disagreement") return found.sort((a, b) => figure(b) - figure(a) || a - b);
    return found.sort((a, b) => clusters[b].count - clusters[a].count || a - b);
  };

  // The mean of 1 − agreement over each cluster's points: an array by cluster, null where nothing is
  // known. cluster: of the rows; coloring: a scale with a code for each row.
  map.disagreements = function (cluster, coloring, codes, count) {
    const [sums, known] = [new Float64Array(count), new Uint32Array(count)];
    for (let row = 0; row < cluster.length; row++) {
      if (cluster[row] < 0 || codes[row] === 255) continue;
      sums[cluster[row]] += coloring.low + (codes[row] / 254) * (coloring.high - coloring.low);
      known[cluster[row]]++;
    }
    return Array.from(sums, (sum, number) => (known[number] ? 1 - sum / known[number] : null));
  };
})((window.likeness.map = window.likeness.map || {}));
