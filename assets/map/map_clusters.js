/* The list of clusters beside the map, drawn here: as components it would be a thousand on a
   large map, and Dash goes over all there are at each of its callbacks. dashboard/reads/
   clusters.py says what is in it; see map.js for the rest. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const { map } = window.likeness;
  const { on } = window.likeness;
  const counted = (number) => number.toLocaleString("en");
  const CLOSE = 0.45; // share of the map's width, from which parts of clusters are named
  let listed = null; // the list as the server sent it last
  let sent = ""; // its text: it is sent again where nothing is another
  let shown = null; // {box, of, by}: where it was drawn last, what of, and how
  let text = ""; // what names are filtered by
  let comparing = null; // the list whose disagreements are on their way

  const order = () => (api.params.sort in map.orders ? api.params.sort : "size");
  const pictured = () => api.params.thumbs === "1";

  // The color of a category; a click hides and shows it.
  function swatch(number, name) {
    const color = number < 0 ? "var(--map-noise)" : api.map.facts.palette[listed.clusters[number].color];
    const made = api.notes.make("button", { type: "button", className: "map-swatch", title: "Hide or show",
      "aria-label": `Show ${name}`, "aria-pressed": "true", data: { toggle: number } });
    made.style.setProperty("--swatch", color);
    return made;
  }

  function exemplars(images) {
    const { make } = api.notes;
    return make("span", { className: "map-exemplars" }, ...images.map((id) => make("img", {
      className: "thumb", alt: "", draggable: false, loading: "lazy",
      src: window.likeness.url(`/thumb/${id}`),
    })));
  }

  function entry(number) {
    const { make, icon, button } = api.notes;
    const cluster = listed.clusters[number];
    const { name, words, count } = cluster;
    const figure = map.orders[order()][1](cluster);
    const head = make("span", { className: "map-head" }, make("span", { className: "map-name" }, name),
      figure ? make("span", { className: "map-figure" }, figure) : null,
      make("span", { className: "map-count" }, counted(count)));
    const to = `Graph of ${name}`;
    const graph = make("a", { className: "button-quiet map-tool", href: cluster.graph, title: to,
      "aria-label": to }, icon("diagram-3"));
    return make("div", { className: "map-cluster", data: { cluster: number, name: name } },
      make("button", { type: "button", className: "map-zoom", title: [`Zoom to ${name}`, words].filter(Boolean).join(" · "),
        "aria-pressed": "false", data: { zoom: number } }, head, exemplars(cluster.images)),
      make("div", { className: "map-cluster-tools" },
        window.likeness.may("annotate")
          ? button("pencil", `Rename ${name}`, { does: "rename-cluster", cluster: number }) : "",
        button("check2-square", `Select all of ${name}`, { select: number }), graph),
      swatch(number, name));
  }

  function summary(count, none) {
    return none ? `${counted(count)} · ${counted(none)} in no cluster` : counted(count);
  }

  function draw() {
    const { make } = api.notes;
    const box = api.byId("map-clusters");
    const by = [order(), text].join(" ");
    if (!box || !listed || !api.map || box.querySelector(".is-edited")) return;
    box.classList.toggle("has-pictures", pictured());
    if (shown && shown.box === box && shown.of === listed && shown.by === by) return;
    shown = { box: box, of: listed, by: by };
    const { clusters, none } = listed;
    busy();
    tools();
    const [at, held] = [box.scrollTop, focused(box)];
    if (!clusters.length) {
      box.replaceChildren(make("p", { className: "map-noise" }, "No clusters were found on this map."));
      return;
    }
    const numbers = map.ordered(clusters, order(), text);
    const rest = none && !text.trim() ? make("div", { className: "map-cluster map-noise", data: { cluster: -1 },
      title: "Images that belong to no cluster" }, swatch(-1, "images in no cluster"),
    make("span", {}, "in no cluster"), make("span", { className: "map-count" }, counted(none))) : "";
    box.replaceChildren(...numbers.map(entry), rest,
      numbers.length ? "" : make("p", { className: "map-noise" }, "No cluster is called so."));
    box.scrollTop = at;
    window.likeness.oneStop(box, ".map-cluster", true);
    const again = held && box.querySelector(held);
    if (again) again.focus();
    api.settle();
  }

  // Above the list; drawn once.
  function tools() {
    const { make, button } = api.notes;
    const box = api.byId("map-side-tools");
    if (!box.childElementCount) {
      const ways = Object.entries(map.orders).map(([key, [title]]) => make("option", { value: key }, title));
      box.append(
        make("input", { type: "search", id: "cluster-find", className: "form-control", placeholder: "Find",
          "aria-label": "Find a cluster", autocomplete: "off", value: text }),
        make("select", { id: "cluster-sort", className: "form-select", "aria-label": "Order of the clusters" }, ...ways),
        button("image", "Pictures of each cluster", { does: "cluster-pictures" }, "button map-step"));
    }
    api.byId("cluster-sort").value = order();
    box.querySelector("[data-does]").setAttribute("aria-pressed", String(pictured()));
  }

  // A selector of the control that has the focus, which a list drawn anew gives back to it.
  function focused(box) {
    const control = document.activeElement;
    const entry = box.contains(control) && control.closest(".map-cluster");
    if (!entry) return null;
    const row = `[data-cluster="${entry.dataset.cluster}"]`;
    const named = ["does", "select", "toggle", "zoom"].find((name) => name in control.dataset);
    return named ? `${row} [data-${named}]` : `${row} a`;
  }

  // The line above the list: how many there are, or what is waited for. The first time it takes the server seconds.
  function busy() {
    const is = comparing === listed;
    const { clusters, none } = listed;
    api.byId("map-clusters").setAttribute("aria-busy", String(is));
    api.byId("map-summary").textContent = is ? "Comparing embeddings …" : clusters.length ? summary(clusters.length, none) : "";
  }

  // How far embeddings disagree on the clusters' images: asked for when they are sorted by it.
  function disagree() {
    const [of, data] = [listed, api.map];
    if (order() !== "disagreement" || !own() || comparing === of || of.clusters.some((cluster) => "disagreement" in cluster)) return;
    comparing = of;
    busy();
    map.ask("coloring", data.name, { by: "agreement" })
      .then((answer) => answer.arrayBuffer())
      .then((bytes) => {
        if (of !== listed || data !== api.map) return;
        const sent = map.unpack(bytes);
        const found = map.disagreements(data.cluster, sent.head, map.picked(data, sent.codes), of.clusters.length);
        found.forEach((value, number) => { of.clusters[number].disagreement = value; });
        shown = null;
      })
      .catch((error) => api.notes.say(map.said(error, "The server does not answer.")))
      .finally(() => {
        if (comparing === of) comparing = null;
        if (of !== listed || !api.byId("map-clusters")) return;
        busy();
        draw();
        if (data !== api.map) disagree(); // of the map that has come meanwhile
      });
  }

  on("likeness:edited", null, draw);
  on("input", "#cluster-find", (field) => {
    text = field.value;
    draw();
  });
  on("change", "#cluster-sort", (field) => {
    api.setParam("sort", field.value === "size" ? null : field.value);
    draw();
    disagree();
  });
  window.likeness.does(".map-page", {
    "cluster-pictures": () => {
      api.setParam("thumbs", pictured() ? null : 1);
      draw();
      tools();
    },
  });

  const own = () => Boolean(listed && api.map && listed.map === api.map.name);

  // Until those of this map come, the clusters of another one do nothing.
  function wait() {
    const box = api.byId("map-clusters");
    if (box) box.inert = !own();
  }

  // What stands on the map; parts: those of clusters, once they are here.
  function name(parts) {
    if (!api.map) return;
    if (!own()) return api.engine.names.show([]);
    api.engine.names.show([...map.standing(listed), ...(parts || listed.parts || [])]);
  }

  // Names of parts of clusters, when one has come so close that there is room for them.
  function closer() {
    const of = listed;
    if (!own() || of.parts || api.map.dim === 3 || api.engine.view.share() > CLOSE) return;
    of.parts = [];
    map.ask("parts", of.map, { grain: of.grain })
      .then((answer) => answer.json())
      .then((parts) => {
        of.parts = parts;
        if (of === listed) name(parts);
      })
      .catch(() => { of.parts = null; }); // asked for again with the next look
  }

  function all() {
    wait();
    draw();
    name();
    disagree();
    if (api.panel) api.panel();
  }

  let heard = null; // the engine that is listened to
  api.onMap(() => {
    if (heard !== api.engine) api.engine.on("view", closer);
    heard = api.engine;
    all();
  });
  api.clusters = {
    // The map and the granularity that the numbers of the list are of.
    get of() { return listed ? { map: listed.map, grain: listed.grain } : {}; },

    // Their names, number by number, where they are those of the map shown.
    get titles() { return own() ? listed.clusters.map((cluster) => cluster.name) : null; },
    show: function (given) {
      if (JSON.stringify(given) !== sent) listed = given;
      sent = JSON.stringify(given);
      all();
    },
  };
})();
