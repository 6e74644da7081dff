/* What stands beside the map of the Inside page: figures, the layers of the graph or the cells, and what was
   found. Elements only; inside.js listens. */
(function () {
  "use strict";
  const { make, icon } = window.likeness.elements;
  const { url } = window.likeness;
  const number = (value) => value.toLocaleString("en");
  const count = (value, one, more) => `${number(value)} ${value === 1 ? one : more || `${one}s`}`;
  const figure = (value) => value.toFixed(3).replace("-", "−");

  function share(part, whole) {
    const percent = (100 * part) / whole;
    return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)}%`;
  }

  const section = (title, ...content) => make("section", { className: "inside-part" }, make("h2", {}, title), ...content);

  // The figure of the page: how much was looked at, and whether that was enough.
  function summary(told) {
    const { computed, size, found, missed, kind } = told;
    const bar = make("span", { className: "inside-share" });
    bar.style.width = `${Math.min(100, (100 * computed) / size)}%`;
    const what = { hnsw: "comparisons", ivfpq: "comparisons with middles and codes", flat: "comparisons" }[kind];
    const saved = computed === size ? [", one for each"] // a walk meets some rows more than once on its way down
      : computed > size ? [", more than one for each: among so few the structure saves nothing"]
        : [": ", make("strong", { className: "num" }, share(computed, size)), " of comparing all"];
    return make("section", { className: "inside-summary", "aria-label": "How much was compared" },
      make("p", { className: "inside-figure" }, make("strong", { className: "num" }, number(computed)), ` ${what} for `,
        make("span", { className: "num" }, number(size)), " images", ...saved, "."),
      make("div", { className: "inside-bar", "aria-hidden": "true" }, bar),
      make("p", {}, missed.length
        ? `${found.length - missed.length} of the ${found.length} nearest were found, ${number(missed.length)} missed.`
        : `All ${found.length} of the ${found.length} nearest were found.`),
      make("p", { className: "soft small" }, really(told)));
  }

  // What a search does, where that is not what is drawn.
  function really({ kind, scaled, reads, effort, usual, chosen, size, apart, ranked, cells: read }) {
    const more = apart ? ` ${count(apart, "image")} that lack part of what is compared are searched by themselves.` : "";
    const words = scaled ? " Words and palettes are searched for by each embedding alone as well, and all that is found ranked anew by how far it stands out." : "";
    if (kind === "flat") return `This index has no structure: every image is compared with the query.${more}${words}`;
    const far = kind === "hnsw" ? `with a list of ${number(effort)}` : `reading ${count(read.probed, "cell")}`;
    const last = ` The best ${number(ranked)} are then compared by their whole vectors.`;
    if (reads) {
      const instead = reads === "codes" ? `a short code of each of the ${number(size)}` : `all ${number(size)}`;
      const why = reads === "codes" ? "by these weights that is faster, and misses less" : "of so few that is as fast and misses none";
      return `This is the way of the index, ${far}. A search here reads ${instead} instead: ${why}.${last}${more}${words}`;
    }
    if (chosen) return `This is the way of the index ${far}; a search takes ${number(read ? Math.min(usual, read.count) : usual)} by itself.${last}${more}${words}`;
    return `This is the way of the search itself, ${far}.${last}${more}${words}`;
  }

  // How far the index is walked: one of a few, or as a search does.
  function efforts({ efforts: all, chosen, kind }) {
    if (!all.length) return null;
    const one = (value, text) => make("button", { type: "button", className: "button segment", data: { effort: value },
      "aria-pressed": String((chosen || "") === value) }, text);
    return section(kind === "hnsw" ? "Length of the list (efSearch)" : "Cells that are read (nprobe)",
      make("div", { className: "inside-efforts", role: "group", "aria-label": "Effort" }, one("", "As a search"), ...all.map((value) => one(value, number(value)))));
  }

  function layers({ walk, size }) {
    const row = (level, title, about) => make("li", {}, make("button", { type: "button", className: "row-button inside-layer", data: { level: level } },
      make("span", {}, title), make("span", { className: "soft small num" }, about)));
    const upper = walk.layers.map((layer) => row(layer.level, `Layer ${layer.level}: ${count(layer.count, "image")}`,
      `${count(layer.path.ids.length - 1, "step")}, ${number(layer.computed)} compared`));
    return section("Layers of the graph",
      make("p", { className: "soft small" }, "The walk begins at the top, where few images are, and goes on to the nearest; at the bottom it looks around from each of the best."),
      make("ul", { className: "inside-layers" }, ...upper, row(0, `All ${number(size)} images`, `${count(walk.steps, "step")}, ${number(walk.count)} compared`)),
      make("div", { className: "inside-steps" },
        make("button", { type: "button", className: "button", id: "inside-play", "aria-label": "Play the walk" }, icon("play-fill")),
        make("input", { type: "range", id: "inside-step", min: 0, max: walk.order.length, value: walk.order.length, "aria-label": "Step of the walk" }),
        make("span", { className: "small soft num", id: "inside-when", role: "status" })));
  }

  function cells({ cells: { count: all, probed, read, listed } }) {
    const most = Math.max(1, ...listed.map((one) => one.size));
    const rows = listed.map((one, i) => {
      const bar = make("span", { className: "inside-size" });
      bar.style.width = `${(100 * one.size) / most}%`;
      return make("li", {}, make("button", { type: "button", className: "row-button inside-cell", disabled: i >= probed, data: { cell: i }, "aria-pressed": "false" },
        make("span", { className: "num soft" }, `${i + 1}`), make("span", { className: "inside-track" }, bar),
        make("span", { className: "num" }, number(one.size)), make("span", { className: "num soft" }, figure(one.product))));
    });
    return section("Cells",
      make("p", { className: "soft small" }, `${count(probed, "cell")} of ${number(all)} read, those whose middles are nearest to the query, with ${count(read, "image")}. Each line: images in the cell, and the score of its middle. Choose one to see it on the map.`),
      make("ol", { className: "inside-cells" }, ...rows));
  }

  function thumb(one, className, data, title) {
    return make("button", { type: "button", className: `inside-match ${className}`, data: data, title: title, "aria-label": title, "aria-pressed": "false" },
      make("img", { src: url(`/thumb/${one.id}`), alt: "", className: "thumb", draggable: false }));
  }

  function matches({ found, missed, walk }) {
    const cards = found.map((one, i) => make("li", {}, thumb(one, "", { match: i }, `Match ${i + 1}: ${one.name}`),
      make("span", { className: "small num" }, figure(one.score)), make("span", { className: "small soft num" }, one.place ? `${i + 1} ← ${one.place}` : "")));
    const gone = missed.map((one) => make("li", {}, thumb(one, "inside-missed", { missed: one.id }, `Missed: ${one.name}`), make("span", { className: "small" }, "missed")));
    return section("What was found",
      make("p", { className: "soft small" }, `Below: the score, and the place ← the place that the ${walk ? "graph" : "index"} gave it before whole vectors were compared.${walk ? " Choose one to see the way to it." : ""}`),
      make("ul", { className: "inside-matches" }, ...cards, ...gone),
      make("p", { className: "small", id: "inside-said", role: "status" }));
  }

  // Of each match its code: a bar for each byte, as long as what it adds to the score.
  function codes({ cells: { codes: all, parts } }) {
    if (!all.length) return null;
    const most = Math.max(1e-6, ...all.flatMap((one) => one.adds.map(Math.abs)));
    const part = (i) => parts.reduce((last, one) => (i >= one.from ? one : last), parts[0]);
    const rows = all.map((one) => {
      const bars = make("div", { className: "inside-code", role: "img", "aria-label": `${one.bytes.length} bytes of ${one.name}` }, ...one.adds.map((value, i) => {
        const bar = make("span", { className: `${part(i).part}${value < 0 ? " inside-less" : ""}`, title: `Byte ${i + 1} is ${one.bytes[i]}, of ${part(i).title}: ${value.toFixed(4)}` });
        bar.style.height = `${Math.max(4, (100 * Math.abs(value)) / most)}%`;
        return bar;
      }));
      return make("li", {}, make("img", { src: url(`/thumb/${one.id}`), alt: one.name, className: "thumb" }), bars,
        make("span", { className: "small num", title: "By the code, and by the whole vector" }, `${figure(one.product)} → ${figure(one.true)}`));
    });
    const legend = make("p", { className: "legend" }, ...parts.map((one) => make("span", {}, make("span", { className: `dot ${one.part}` }), one.title)));
    return section("Codes",
      make("p", { className: "soft small" }, `Of each image ${count(all[0].bytes.length, "byte")} are read. A bar is what one of them adds to the product with the cell's middle; faint ones take away. On the right: the score by the code → by the whole vector.`),
      legend, make("ul", { className: "inside-codes" }, ...rows));
  }

  window.likeness.insidePanel = function (told) {
    return [summary(told), efforts(told), told.walk && layers(told), told.cells && cells(told), matches(told), told.cells && codes(told)].filter(Boolean);
  };
})();
