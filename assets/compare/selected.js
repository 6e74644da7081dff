/* What is selected on two linked maps, as on the Map: the pictures, sorted and of any size, what they have in
   common, which narrows the selection, and all that can be done with them. See compare_selection.js. */
(function () {
  "use strict";
  const USUAL = 104; // px a row, as in the Map's drawer
  const ACTS = ["search", "keep", "tag", "graph", "table"]; // in this order; exports follow
  const EXPORTS = ["csv", "json", "zip"];
  const { likeness } = window;
  const { make, icon, button } = likeness.elements;
  const api = likeness.compareMaps;

  let base = null; // the selection that was narrowed
  let filters = []; // by what: {name, keep: Set of ids}
  let narrowing = false;

  const counted = (count) => `${count.toLocaleString("en")} ${count === 1 ? "image" : "images"}`;

  function deed(name, list, words) {
    const g = likeness.gallery;
    const made = make("button", { type: "button", className: words, title: g.called(name, [...list.all], list) },
      icon(g.acts[name].icon), make("span", {}, g.called(name, [...list.all], list)));
    made.addEventListener("click", () => g.perform(name, list.all, { list: list, at: made }));
    return made;
  }

  function acts(list) {
    const offered = likeness.gallery.offered([...list.all], list);
    const shown = ACTS.filter((name) => offered.includes(name)).map((name) => deed(name, list, "button"));
    const files = make("details", { className: "export is-menu" },
      make("summary", { className: "button" }, icon("download"), make("span", {}, "Export")),
      make("div", { className: "export-menu" }, ...EXPORTS.map((name) => deed(name, list, "button"))));
    return make("div", { className: "selected-actions" }, ...shown, files);
  }

  // Narrowing

  async function narrow(kind, name, code) {
    const ids = api.picked;
    try {
      const found = kind === "cluster" ? await likeness.map.find(api.sides.a.name, { by: "cluster", only: [code] })
        : (await likeness.gallery.order(ids, { where: likeness.conditions.printed([{ column: kind, values: [name] }]) })).ids;
      if (api.picked !== ids) return;
      base = base || ids;
      filters = filters.concat([{ name: name, keep: new Set(found) }]);
      again();
    } catch (error) {
      if (typeof error !== "string") throw error;
      likeness.say(error);
    }
  }

  // The selection as it was, by the filters that are left.
  function again() {
    const ids = base.filter((id) => filters.every(({ keep }) => keep.has(id)));
    narrowing = true;
    api.choose(ids);
    narrowing = false;
  }

  function chips() {
    return filters.map((one) => {
      const off = button("x", `No longer only ${one.name}`, {}, "chip-drop");
      off.addEventListener("click", () => {
        filters = filters.filter((other) => other !== one);
        again();
      });
      return make("span", { className: "chip" }, make("span", {}, one.name), off);
    });
  }

  // Bars of labels, and of the left map's clusters. found: what `likeness.map.describe` says.
  function about(found) {
    const group = (title, kind, bars) => (bars.length ? make("section", {}, make("h3", {}, title),
      make("ul", {}, ...bars.map((one) => make("li", {}, bar(one, kind, bars.length > 1, found.placed))))) : null);
    const title = `Clusters of ${document.getElementById("compare-map-a").selectedOptions[0].textContent}`;
    return make("div", { className: "selected-parts" },
      group("Labels", "label", found.labels), group(title, "cluster", found.clusters));
  }

  function bar([name, count, color, code], kind, others, placed) {
    const track = make("span", { className: "selected-bar" });
    track.style.setProperty("--share", count / Math.max(1, placed));
    track.style.setProperty("--swatch", color);
    const inside = [make("span", { className: "selected-name", title: name }, name),
      make("span", { className: "num soft" }, count.toLocaleString("en")), track];
    if (!others || code === null || (code < 0 && kind === "label")) return make("div", { className: "selected-part" }, ...inside);
    const made = make("button", { type: "button", className: "selected-part", title: `Only ${name}` }, ...inside);
    made.addEventListener("click", () => narrow(kind, name, code));
    return made;
  }

  // The drawer

  function gallery(box, ids) {
    const g = likeness.gallery;
    const list = g.create(box, {
      label: "Images selected on both maps", size: g.sizeOf("selection", USUAL), least: 40, placeless: true,
      href: (id) => likeness.url(`/detail?image=${id}`),
      open: (id) => window.dash_clientside.set_props("compare-image", { data: id }),
      here: () => ({ title: "Leave out", work: (out) => api.choose(api.picked.filter((id) => !out.includes(id))) }),
    });
    list.all = ids;
    return list;
  }

  function sort(list, by) {
    return likeness.gallery.order(list.all, { by: by })
      .then(({ ids, ratios }) => list.grid.isConnected && list.show(ids, { ratios: ratios, key: `compare ${by}`, of: "compare" }))
      .catch((error) => likeness.say(likeness.map.said(error, "The server does not answer. Is Likeness still running?")));
  }

  // Its elements for a selection of ids; it fills itself. tell(found): what the left map says of it.
  function drawer(ids) {
    if (!narrowing) [base, filters] = [null, []];
    const g = likeness.gallery;
    const box = make("div", { className: "compare-selection" });
    const list = gallery(box, ids);
    const side = make("div", { className: "selected-about" });
    sort(list, "given");
    const head = make("div", { className: "selected-head" },
      make("h2", {}, `${counted(ids.length)} selected`), make("span", { className: "chips" }, ...chips()),
      make("span", { className: "pictures-tools" }, g.sorter("given", (by) => sort(list, by)), g.slider(list, "selection")),
      acts(list));
    return {
      parts: [head, make("div", { className: "compare-drawer" }, side, box)],
      tell: (found) => side.replaceChildren(about(found)),
    };
  }

  api.drawer = drawer;
})();
