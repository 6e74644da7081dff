/* The pictures of what is selected on the map, as a gallery; what its bars and chips narrow it to, and
   what leaves it. map_selected.js shows all around it. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const chosen = api.chosen;
  const { make, button, packed, say } = api.notes;
  const { refill } = window.likeness.elements;
  const byId = api.byId;
  const { url, does } = window.likeness;
  const USUAL = 104; // px a row
  const narrow = () => window.matchMedia("(max-width: 800px)").matches;

  let list = null; // the gallery of the page that is open
  let by = "given";
  let key = ""; // of the list: what keeps its place
  let shown = null; // the ids that are in it or on their way
  let asking = null;
  let keeps = false; // whether the next selection is the one that is shown, with fewer or more in it
  let base = null; // what was narrowed: {ids, source}
  let narrowing = false; // whether what is selected now is a part of it
  let filters = []; // by what: {kind, name, keep: Set of ids}
  let pressed = 0; // bars, so far: the last one counts

  const source = () => (base || chosen).source;
  const called = () => source().collection || source().tag;

  function checksum(ids) {
    let sum = ids.length;
    for (let i = 0; i < ids.length; i++) sum = (Math.imul(sum, 31) + ids[i]) | 0;
    return sum;
  }

  function begin(box) {
    const g = window.likeness.gallery;
    by = "given";
    list = g.create(box, {
      label: "Images of the selection", size: g.sizeOf("selection", USUAL),
      scroller: narrow() ? box.closest(".selected-body") : box,
      href: (id) => url(`/?image=${id}`), open: (id) => api.select(id), here: here,
    });
    byId("selected-view").replaceChildren(g.sorter(by, sort), g.slider(list, "selection"));
  }

  // What "remove from here" does.
  function here() {
    const from = window.likeness.may("annotate") && called();
    return { title: from ? `Remove from ${from}` : "Leave out", work: (ids) => leave(new Set(ids)) };
  }

  function sort(name) {
    by = name;
    shown = null;
    show();
  }

  // What is selected now, if it is not shown yet.
  async function show() {
    const box = byId("selected-gallery");
    const ids = chosen.ids;
    if (!box || !ids || byId("selected").hidden) return;
    if (!list || !box.contains(list.grid)) {
      begin(box);
      shown = null;
    }
    if (shown === ids) return;
    const name = called();
    if (!(keeps && shown)) key = `${name || `picked ${checksum(ids)}`} ${filters.map((one) => one.name).join()}`;
    keeps = false;
    shown = ids;
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    try {
      const weighs = api.map.name === "combined" ? "" : api.map.name;
      const sent = await window.likeness.gallery.order(ids, { by: by, with: weighs }, mine.signal);
      if (chosen.ids === ids && list.grid.isConnected) list.show(sent.ids, { ratios: sent.ratios, key: `${key} ${by}`, of: name || "picked" });
    } catch (error) {
      if (typeof error !== "string") {
        if (error.name !== "AbortError") throw error;
      } else say(error);
    }
  }

  // Leaving

  // Out of the collection or without the tag that is shown; else only out of what is selected.
  async function leave(out) {
    const { collection, tag } = source();
    const without = (ids) => ids.filter((id) => !out.has(id));
    const may = window.likeness.may("annotate");
    const ids = packed(Array.from(out).sort((a, b) => a - b));
    const act = window.likeness.act;
    keeps = true;
    if (may && (collection || tag)) {
      const answer = await (collection ? act("take-out", { collection: collection, ids: ids }) : act("untag", { name: tag, ids: ids }));
      if (answer.error || (collection && !base)) return; // the page opens it anew
    }
    keeps = true;
    if (base) base.ids = without(base.ids);
    put(without(chosen.ids), base ? {} : chosen.source);
  }

  // Another selection that goes on being narrowed as this one is.
  function put(ids, from) {
    narrowing = true;
    chosen.set(ids, from);
    narrowing = false;
  }

  // Narrowing

  // What a bar was pressed for may have got or lost images while the server is asked: it is narrowed all the same.
  function unchanged() {
    const [ids, from, { collection, tag }] = [chosen.ids, base, source()];
    return () => chosen.ids && (chosen.ids === ids || (from ? from === base
      : Boolean(collection || tag) && source().collection === collection && source().tag === tag));
  }

  async function narrowTo(kind, name, code) {
    const [ids, mine, still] = [chosen.ids, ++pressed, unchanged()];
    try {
      const found = kind === "cluster"
        ? await window.likeness.map.find(api.map.name, { by: "cluster", only: [code], grain: api.params.grain || 0 })
        : (await window.likeness.gallery.order(ids, { where: window.likeness.conditions.printed([{ column: kind, values: [name] }]) })).ids;
      const keep = new Set(found);
      if (mine !== pressed || !still()) return;
      if (!base) base = { ids: chosen.ids, source: chosen.source };
      filters = filters.concat([{ kind: kind, name: name, keep: keep }]);
      again();
    } catch (error) {
      if (typeof error !== "string") throw error;
      say(error);
    }
  }

  // The selection as it was, by the filters that are left.
  function again() {
    const rest = base.ids.filter((id) => filters.every(({ keep }) => keep.has(id)));
    if (filters.length) return put(rest, {});
    const from = base;
    return chosen.set(from.ids, from.source);
  }

  function chips() {
    const box = byId("selected-narrowed");
    if (!box) return;
    refill(box, ...filters.map(({ name }, at) => make("span", { className: "chip" }, make("span", {}, name),
      button("x", `No longer only ${name}`, { does: "widen", at: at }, "chip-drop"))));
    box.hidden = !filters.length;
  }

  does(".map-page", {
    narrow: ({ dataset }) => narrowTo(dataset.kind, dataset.name, Number(dataset.code)),
    widen: ({ dataset }) => {
      filters = filters.filter((one, at) => at !== Number(dataset.at));
      again();
    },
  });

  // Whatever else is selected is not narrowed.
  chosen.listeners.unshift(() => {
    if (!narrowing || !chosen.ids) [base, filters] = [null, []];
    chips();
  });

  // A collection or tag that is narrowed has other images by now: it stays narrowed. Whether it was that one.
  function anew(ids, { collection, tag }) {
    if (!base || (base.source.collection || "") !== (collection || "") || (base.source.tag || "") !== (tag || "")) return false;
    base.ids = ids;
    keeps = true;
    again();
    return true;
  }

  api.selection = {
    show: show,
    anew: anew,
    // The collection or the tag that is selected, also where it is narrowed: {collection} or {tag}.
    of: source,
    // A collection or tag that is shown is opened anew: what is in sight stays there.
    keep: () => { keeps = true; },
    get narrowed() { return base && called() ? `${called()} · narrowed` : ""; },
  };
})();
