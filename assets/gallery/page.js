/* The page of a set of images as pictures: what of it is shown, in which order, and the address of that. */
(function () {
  "use strict";
  const { on, url } = window.likeness;
  const byId = (id) => document.getElementById(id);
  const USUAL = 176; // px a row
  let set = {}; // what the address names: collection, tag, behind, these or images
  let by = "given";
  let list = null;
  let asking = null;
  let asked = ""; // the conditions that were asked with

  const here = () => list && list.grid.isConnected && byId("gallery-list");
  const where = () => (window.likeness.facets && window.likeness.facets.where) || "";

  function remove() {
    const { collection, tag } = set;
    if (!(collection || tag) || !window.likeness.may("annotate")) return null;
    const [act, name] = collection ? ["take-out", "collection"] : ["untag", "name"];
    return { title: `Remove from ${collection || tag}`,
      work: (ids) => window.likeness.act(act, { [name]: collection || tag, ids: Array.from(ids) }) };
  }

  function begin(given) {
    const box = byId("gallery-list");
    if (!given || !box) return window.dash_clientside.no_update;
    const g = window.likeness.gallery;
    const { kinds = [], ...rest } = given;
    ({ by = "given", ...set } = rest);
    list = g.create(box, {
      label: "Pictures", size: g.sizeOf("gallery", USUAL), href: (id) => url(`/detail?image=${id}`), here: remove,
    });
    byId("gallery-tools").replaceChildren(g.sorter(by, (name) => {
      by = name;
      load();
    }, kinds), g.slider(list, "gallery"));
    load(new URLSearchParams(location.search).get("where") || "");
    return window.dash_clientside.no_update;
  }

  async function load(first) {
    asked = first === undefined ? where() : first;
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    const note = byId("gallery-note");
    name();
    try {
      const count = await show(by, mine);
      if (count !== null) note.textContent = count ? "" : "No image is in this.";
    } catch (error) {
      if (error.name === "AbortError") return;
      if (typeof error !== "string") throw error;
      if (!here() || asking !== mine) return;
      note.textContent = error;
      if (by !== "given" && !list.ids.length) await show("given", mine).catch(() => null); // an order that nobody knows yet
    }
  }

  // What is asked for, in an order; → of how many images, or null where something else was asked meanwhile.
  async function show(order, mine) {
    const how = Object.assign({}, set, { where: asked, by: order });
    const sent = await window.likeness.gallery.order(null, how, mine.signal);
    if (!here() || asking !== mine) return null;
    byId("gallery-count").textContent = `${sent.ids.length.toLocaleString("en")} ${sent.ids.length === 1 ? "image" : "images"}`;
    list.show(sent.ids, { ratios: sent.ratios, key: JSON.stringify(how), of: JSON.stringify(set) });
    return sent.ids.length;
  }

  // The address, and that of the same as a table.
  function name() {
    const params = new URLSearchParams(set);
    if (asked) params.set("where", asked);
    byId("gallery-table").href = `${url("/table")}${params.size ? `?${params}` : ""}`;
    if (by !== "given") params.set("by", by);
    const search = params.size ? `?${params}` : "";
    window.dash_clientside.set_props("gallery-view", { data: { path: "/gallery", search: search, replace: true } });
  }

  on("click", "#gallery-varied", (pressed) => // out of all that is shown
    here() && list.ids.length > 2 && window.likeness.gallery.perform("vary", list.ids, { list: list, at: pressed }));
  on("likeness:facets", null, () => here() && where() !== asked && load());
  on("likeness:acted", null, ({ detail: done }) => {
    const notes = (done.changed || []).some((one) => ["tags", "collections", "ratings"].includes(one));
    if (!here() || !notes) return;
    if (done.act === "rename-collection" && set.collection) set.collection = done.collection;
    if (done.act === "merge-collections" && set.collection === done.merged) set.collection = done.collection;
    if (set.collection || set.tag || asked) load();
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, { gallery_page: { begin: begin } });
})();
