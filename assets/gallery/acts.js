/* What can be done with pictures that are chosen: one table for the bar, the menu, keys and dropping.

   An act is {title, icon, work(ids, given)}, and may have fits(ids, list) (else it is not offered), right
   (that it takes), few (what it is called for one picture), alone (outside of a search), main (it stands in the
   bar with its words). given: {list, name, at}. A list may have acts of its own (options.acts), which come first;
   one of a known name takes the place of that. */
(function () {
  "use strict";
  const { make } = window.likeness.elements;
  const VARIED = 50; // pictures of a varied choice, where nobody says
  const ON_BOARD = 24; // pictures that a search shows one by one; of more it takes the average
  const act = (name, args) => window.likeness.act(name, args); // loaded later
  const packed = (ids) => window.likeness.map.encode(ids);
  const go = (path, params) => window.likeness.visit(path, `?${new URLSearchParams(params)}`);
  const one = (ids) => ids.length === 1;
  // What a list's pictures were found with, as the parameters of an address, or null.
  const foundWith = (list, id) => (list && list.options.why ? list.options.why(id) : null);
  const searching = () => Boolean(document.querySelector("#page .search"));

  // Pictures in the parameters of a search: few by their ids, more as one average.
  function these(ids, minus) {
    const sign = minus ? "-" : "";
    if (ids.length <= ON_BOARD) return { images: ids.map((id) => sign + id).join(",") };
    return { [minus ? "minus_these" : "these"]: window.likeness.ids.pack(ids) };
  }

  function search(ids) {
    const params = one(ids) ? { image: ids[0] } : these(ids, false);
    if (params.these === "") return tooMany();
    return go("/search", params);
  }

  const tooMany = () => window.likeness.say("These are too many for an address: keep them as a collection, and search with that.");

  // Beside what is searched with: on the page of the search, or that which was there last.
  function board(ids, minus) {
    if (searching()) return window.likeness.search.addAll(ids, minus);
    const params = new URLSearchParams(window.likeness.visits.left("/search"));
    const more = these(ids, minus);
    if (Object.values(more).includes("")) return tooMany();
    Object.entries(more).forEach(([key, value]) =>
      params.set(key, params.get(key) ? `${params.get(key)},${value}` : value));
    return window.likeness.visit("/search", `?${params}`);
  }

  // Kept under a name that is asked for; what it is called, or null.
  async function keep(ids, given) {
    const name = given.name || (await window.likeness.gallery.ask("Keep as a collection", "Keep", "collections", given));
    if (!name) return null;
    const answer = await act("keep", { name: name, ids: packed(ids) });
    return answer.error ? null : answer.collection;
  }

  // So many that stand for all of these, kept as a collection, which opens.
  async function vary(ids, given) {
    const g = window.likeness.gallery;
    const usual = Math.min(VARIED, Math.ceil(ids.length / 2));
    const count = make("input", { type: "number", className: "form-control", min: 1, max: ids.length - 1, value: usual, required: true });
    const about = make("p", { className: "soft small" }, `Of these ${ids.length.toLocaleString("en")} pictures, so many that stand for all: unlike one another, each typical of those around it.`);
    const first = [about, make("label", {}, make("span", { className: "field-label" }, "How many"), count), make("span", { className: "field-label" }, "Name of the collection")];
    const name = await g.ask("A varied choice", "Choose and keep", "collections", Object.assign({}, given, { first: first, suggested: "Varied choice" }));
    if (!name) return;
    try {
      const sent = await g.order(ids, { varied: count.value });
      const kept = await keep(Array.from(sent.ids), { name: name });
      if (kept) go("/gallery", { collection: kept });
    } catch (error) {
      if (typeof error !== "string") throw error;
      window.likeness.say(error);
    }
  }

  async function tag(ids, given) {
    const name = given.name || (await window.likeness.gallery.ask("Tag", "Tag", "tags", given));
    if (name) await act("tag", { name: name, ids: packed(ids) });
  }

  async function graph(ids, given) {
    if (one(ids)) return go("/graph", { image: ids[0] });
    window.likeness.say("A graph of several is of a collection: give them a name, and it opens.");
    const name = await keep(ids, given);
    return name && go("/graph", { collection: name });
  }

  function save(kind) {
    return (ids) => window.likeness.download(`/export/${kind}`, { ids: ids.join(",") });
  }

  // As matches of the search that they stand in, else by themselves; the same word again takes that back.
  function rate(value) {
    return async (ids, { list }) => {
      if (inSearch(list)) return list.options.rate(ids, value);
      const told = one(ids) ? await window.likeness.gallery.about(ids[0]) : null;
      return act("rate-these", { ids: packed(ids), value: told && told.rated === value ? 0 : value });
    };
  }
  const inSearch = (list) => Boolean(list && list.options.rate);

  const acts = {
    view: { title: "Look through these", few: "Look at it large", icon: "arrows-fullscreen",
      fits: (ids, list) => Boolean(list),
      work: (ids, { list }) => window.likeness.gallery.view(list, list.indexOf(ids[0])) },
    search: { title: "Search with these", few: "Search with it", icon: "search", main: true, work: search },
    plus: { title: "Add to the search", icon: "plus-lg", work: (ids) => board(ids, false) },
    minus: { title: "Search for less like these", few: "Search for less like it", icon: "dash-lg",
      work: (ids) => board(ids, true) },
    why: { title: "Why are these alike?", few: "Why is it a match?", icon: "question-circle",
      fits: (ids, list) => (one(ids) ? Boolean(foundWith(list, ids[0])) : ids.length === 2),
      work: (ids, { list }) => go("/why", one(ids) ? Object.assign({}, foundWith(list, ids[0]), { match: ids[0] })
        : { image: ids[0], match: ids[1] }) },
    keep: { title: "Keep", icon: "collection", right: "annotate", main: true, work: keep },
    vary: { title: "A varied choice …", icon: "ui-checks-grid", right: "annotate", fits: (ids) => ids.length > 2, work: vary },
    tag: { title: "Tag", icon: "tag", right: "annotate", main: true, work: tag },
    good: { title: "Good matches", few: "Good match", icon: "hand-thumbs-up", right: "annotate", alone: "Good", work: rate(1) },
    bad: { title: "Bad matches", few: "Bad match", icon: "hand-thumbs-down", right: "annotate", alone: "Bad", work: rate(-1) },
    map: { title: "On the map", icon: "geo-alt",
      fits: (ids) => !document.querySelector("#page .map-page") && (one(ids) || window.likeness.ids.pack(ids) !== ""),
      work: (ids) => go("/", one(ids) ? { image: ids[0] } : { picked: window.likeness.ids.pack(ids) }) },
    compare: { title: "Compare", icon: "layout-three-columns", fits: one, work: ([id]) => go("/compare", { image: id }) },
    graph: { title: "Graph", icon: "diagram-3", fits: (ids) => one(ids) || window.likeness.may("annotate"), work: graph },
    table: { title: "Table", icon: "table",
      fits: (ids) => !one(ids) && window.likeness.ids.pack(ids) !== "",
      work: (ids) => go("/table", { these: window.likeness.ids.pack(ids) }) },
    details: { title: "Details", icon: "info-circle", fits: one, work: ([id]) => go("/detail", { image: id }) },
    csv: { title: "Table (CSV)", icon: "filetype-csv", work: save("csv") },
    json: { title: "Table (JSON)", icon: "filetype-json", work: save("json") },
    zip: { title: "Original files (zip)", icon: "file-earmark-zip", work: save("zip") },
    remove: { title: "Remove from here", icon: "x-lg", fits: (ids, list) => Boolean(list && list.options.here && list.options.here()),
      work: (ids, { list }) => list.options.here().work(ids) },
  };

  function all(list) {
    const own = list && list.options.acts;
    return own ? Object.assign({}, own, acts, own) : acts;
  }

  // The names of the acts that can be done with some pictures.
  function offered(ids, list) {
    return Object.entries(all(list)).filter(([, { fits, right }]) => (!right || window.likeness.may(right)) && (!fits || fits(ids, list)))
      .map(([name]) => name);
  }

  function called(name, ids, list) {
    if (name === "remove") return list.options.here().title;
    const { title, few, alone } = all(list)[name];
    return (alone && !inSearch(list) && alone) || (one(ids) && few) || title;
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    acts: acts, offered: offered, called: called,
    act: (name, list) => all(list)[name],
    perform: (name, ids, given) => all(given && given.list)[name].work(Array.from(ids), Object.assign({}, given)),
  });
})();
