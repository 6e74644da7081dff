/* What is selected on the map: the chip, the gallery, what it is made of, and what can be done
   with it. map_select.js finds what is selected, map_notes.js asks the server. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const chosen = api.chosen;
  const { make, icon, button, packed, say, edit } = api.notes;
  const { refill } = window.likeness.elements;
  const byId = api.byId;
  const { on, does } = window.likeness;
  const act = (name, args) => window.likeness.act(name, args); // loaded later, as is the next one
  const may = (right) => window.likeness.may(right);
  const ON_BOARD = 24; // images that a search shows one by one; of more it shows the average

  let about = null; // what the server says of the selection
  let open = true; // whether the gallery is to be seen
  let large = false;
  let after = null; // what to do once the selection has been kept
  let dropped = null; // name of the collection deleted last
  let keeping = false; // whether it is this selection that is being kept
  let opening = 0; // number of what was opened last
  let looked = null; // the look under way
  let lookup = 0; // timers
  let sliding = 0;

  function counted(count) {
    return `${count.toLocaleString("en")} ${count === 1 ? "image" : "images"}`;
  }

  // The chip and the drawer

  function render() {
    const drawer = byId("selected");
    if (!drawer || !api.map) return;
    const count = chosen.ids ? chosen.ids.length : 0;
    const name = chosen.source.collection || chosen.source.tag;
    byId("select-chip").hidden = !count;
    byId("select-chip-name").textContent = name ? `${name} · ${counted(count)}` : counted(count);
    byId("select-chip-name").setAttribute("aria-expanded", String(Boolean(count) && open));
    drawer.hidden = !count || !open;
    byId("map-stage").classList.toggle("has-selected", !drawer.hidden);
    byId("map-stage").classList.toggle("has-large", !drawer.hidden && large);
    if (!count) return;
    head(name, count);
    parts();
    api.selection.show();
  }

  function head(name, count) {
    refill(byId("selected-title"), name || api.selection.narrowed || "Selection");
    byId("selected-count").textContent = counted(count);
    const tools = chosen.source.collection && may("annotate")
      ? [button("pencil", `Rename ${name}`, { does: "rename-collection" }),
        button("trash", `Delete the collection ${name}`, { does: "drop" })]
      : [];
    refill(byId("selected-tools"), ...tools);
    const keep = byId("selected-keep");
    keep.hidden = Boolean(chosen.source.collection) || !may("annotate");
    if (keep.childElementCount) return;
    const field = make("input", { type: "text", maxLength: 80, className: "form-control", id: "keep-name",
      placeholder: "Name of a collection", "aria-label": "Name of a collection", autocomplete: "off" });
    field.setAttribute("list", "kept-names");
    field.addEventListener("keydown", (event) => event.key === "Enter" && keepAs(field.value));
    keep.append(field, make("button", { type: "button", className: "button", data: { does: "keep" } }, "Keep"));
  }

  function parts() {
    const box = byId("selected-parts");
    const tags = byId("selected-tags");
    if (!about) {
      box.classList.add("is-old");
      return;
    }
    box.classList.remove("is-old");
    const group = (title, kind, bars) => bars.length ? make("section", {}, make("h3", {}, title),
      make("ul", {}, ...bars.map((one) => bar(one, kind, bars.length > 1)))) : null;
    const away = about.count - about.placed;
    refill(box, group("Labels", "label", about.labels), group("Clusters", "cluster", about.clusters),
      away ? make("p", { className: "soft small" }, `${counted(away)} without a place on this map`) : null);
    const all = chosen.ids.length;
    refill(tags, ...about.tags.map(([tag, count]) => make("span", { className: "chip" },
      make("button", { type: "button", className: "chip-name", title: `Select all of ${tag}`,
        data: { does: "open", kind: "tag", name: tag } }, icon("tag"), count < all ? `${tag} ${count}` : tag),
      may("annotate") ? button("x", `Take the tag ${tag} off these`, { does: "untag", name: tag }, "chip-drop") : "")),
    may("annotate") ? make("button", { type: "button", className: "chip chip-more", title: "Tag these images",
      data: { does: "add-tag" } }, icon("plus-lg"), "Tag") : "");
  }

  // A bar of a label or cluster, which narrows the selection to it where there are others.
  function bar([name, count, color, code], kind, others) {
    const track = make("span", { className: "selected-bar" });
    track.style.setProperty("--share", count / Math.max(1, about.placed));
    track.style.setProperty("--swatch", color);
    const inside = [make("span", { className: "selected-name", title: name }, name),
      make("span", { className: "num soft" }, count.toLocaleString("en")), track];
    if (!others || code === null || (code < 0 && kind === "label")) return make("li", {}, make("div", { className: "selected-part" }, ...inside));
    return make("li", {}, make("button", { type: "button", className: "selected-part", title: `Only ${name}`,
      data: { does: "narrow", kind: kind, name: name, code: code } }, ...inside));
  }

  // Doing

  function keepAs(name) {
    if (!name.trim()) {
      byId("keep-name").focus();
      return say("Give the selection a name first.");
    }
    keeping = true;
    act("keep", { name: name, ids: packed(chosen.ids) }).then(() => { keeping = false; });
  }

  // With a name first, where an address cannot carry the selection.
  function go(path) {
    const { collection } = chosen.source;
    const these = window.likeness.ids.pack(chosen.ids);
    if (!collection && (path === "/graph" || !these)) {
      after = path;
      unfold(true);
      byId("keep-name").focus();
      const why = path === "/graph" ? "A graph is of a collection" : "These are too many for an address";
      return say(`${why}: give the selection a name, and it opens.`);
    }
    const few = chosen.ids.length <= ON_BOARD;
    const { tag } = chosen.source;
    const named = collection ? { collection: collection } : tag && path === "/gallery" ? { tag: tag } : null;
    const params = named || (few ? { images: chosen.ids.join(",") } : { these: these });
    return window.likeness.visit(path, `?${new URLSearchParams(params)}`);
  }

  // What the selection is and what it may be called, on a phone: elsewhere it always stands there.
  function unfold(shown) {
    byId("selected").classList.toggle("has-about", shown);
    document.querySelector(".selected-more").setAttribute("aria-expanded", String(shown));
  }

  function save(kind) {
    const values = Object.assign({ map: api.map.name, grain: api.params.grain || "" },
      chosen.source.collection || chosen.source.tag ? chosen.source : { ids: chosen.ids.join(",") });
    window.likeness.download(`/export/${kind}`, values);
    window.likeness.foldMenus();
    say(kind === "zip" ? "Packing the files …" : "Writing the file …");
  }

  does(".map-page", {
    keep: () => keepAs(byId("keep-name").value),
    search: () => go("/search"),
    graph: () => go("/graph"),
    pictures: () => go("/gallery"),
    table: () => go("/table"),
    csv: () => save("csv"), json: () => save("json"), zip: () => save("zip"),
    about: () => unfold(!byId("selected").classList.contains("has-about")),
    expand: () => { large = !large; render(); },
    collapse: () => { open = false; render(); },
    "rename-collection": () => edit(byId("selected-title"), chosen.source.collection, "Name of the collection", null,
      (name) => name && act("rename-collection", { collection: chosen.source.collection, name: name })),
    drop: () => act("drop-collection", { collection: chosen.source.collection }),
  });
  on("click", "#select-chip-name", () => {
    open = !open;
    render();
  });

  // What the server says

  const same = (a, b) => Boolean(a && b) && a.toLowerCase() === b.toLowerCase();

  // All images of a collection or of a tag become the selection. first: the address names it. again: it is selected,
  // and may have others by now; what the person has done since it was asked for stays.
  api.open = function (source, first, again) {
    const mine = ++opening;
    const before = chosen.ids;
    const late = () => mine !== opening || !byId("selected") || (first && chosen.ids);
    return window.likeness.map.ask("open", api.map.name, Object.assign({ grain: api.params.grain || 0 }, source))
      .then((answer) => answer.json())
      .then((answer) => {
        if (late()) return;
        if (answer.error) throw answer.error; // said below
        const ids = window.likeness.map.decode(answer.ids);
        if (again && (api.selection.anew(ids, answer) || chosen.ids !== before)) return;
        open = true;
        chosen.set(ids, { collection: answer.collection, tag: answer.tag }, answer);
        if (!ids.length) say(`“${answer.collection}” is empty.`);
      })
      .catch((error) => {
        if (late()) return;
        if (first) chosen.set(null); // the address names what there is not
        else if (typeof error === "string" && same(source.collection, chosen.source.collection)) chosen.set(chosen.ids);
        say(window.likeness.map.said(error, "The server does not answer. Is Likeness still running?"));
      });
  };

  // Notes are others: what is shown here follows.
  function acted({ detail: done }) {
    if (!byId("selected") || !api.map) return;
    const { collection } = chosen.source;
    if (done.act === "keep") {
      if (keeping && byId("keep-name")) byId("keep-name").value = "";
      if (!keeping && !same(done.collection, collection) && !same(done.collection, dropped)) return;
      const path = keeping ? after : null;
      after = null;
      api.selection.keep();
      api.open({ collection: done.collection }, false, !keeping).then(() => path && go(path));
    } else if (done.act === "rename-collection" && collection) {
      chosen.set(chosen.ids, { collection: done.collection }, about);
    } else if (done.act === "merge-collections" && same(done.merged, collection)) {
      api.open({ collection: done.collection });
    } else if (done.act === "drop-collection" && same(done.dropped, collection)) {
      dropped = done.dropped;
      chosen.set(chosen.ids, {}, about);
    } else if (done.act === "elsewhere" && chosen.ids && Object.values(api.selection.of()).some(Boolean)) {
      const of = api.selection.of();
      api.selection.keep();
      api.open(of.collection ? { collection: of.collection } : { tag: of.tag }, false, true); // it may have more or fewer images by now
    } else if (chosen.ids) left(done);
  }
  on("likeness:acted", null, acted);
  on("likeness:edited", null, () => chosen.ids && byId("selected") && render());

  // What was taken out of the collection that is shown is gone from here too; without its tag
  // a selection is only itself.
  function left(answer) {
    const { collection, tag } = chosen.source;
    api.selection.keep();
    if (same(answer.from, collection)) api.open({ collection: collection }, false, true);
    else if (same(answer.tag, tag)) api.open({ tag: tag }, false, true);
    else if (same(answer.off, tag)) chosen.set(chosen.ids);
    else look();
  }

  function look() {
    if (looked) looked.abort(); // what was asked before is of another selection
    clearTimeout(lookup);
    lookup = setTimeout(() => {
      if (!chosen.ids || !api.map) return;
      const ids = chosen.ids;
      const asking = (looked = new AbortController());
      window.likeness.map.describe(api.map.name, ids, api.params.grain || 0, asking.signal)
        .then((answer) => {
          if (chosen.ids !== ids || !byId("selected")) return;
          about = answer;
          parts();
        })
        .catch((said) => typeof said === "string" && say(said));
    }, 60);
  }

  chosen.listeners.push((said) => {
    about = said && said.clusters ? said : null;
    if (chosen.ids && !about) look();
    if (!about) after = null; // it was for another selection
    if (!chosen.ids) open = true;
    render();
    api.notes.names();
  });
  // What clusters is loaded when the slider is about to be used.
  function ready() {
    if (ready.done) return;
    ready.done = true;
    window.dash_clientside.set_props("map-ready", { data: 1 });
  }
  ["pointerover", "focusin"].forEach((type) => on(type, "#map-granularity", ready));

  // Labels and places are those of another map now.
  api.onMap(() => {
    if (!chosen.ids) return;
    look();
    render();
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    selection: {
      kept: () => api.notes.names(),
      titled: function (given) {
        api.clusters.show(given);
        if (chosen.ids && api.map) look();
      },
      // The slider, when it has come to rest.
      grain: function (value) {
        clearTimeout(sliding);
        sliding = setTimeout(() => {
          if (!byId("map-grain")) return;
          api.setParam("grain", Number(value) || null);
          window.dash_clientside.set_props("map-step", { data: Number(value) });
        }, 120);
      },
    },
  });
})();
