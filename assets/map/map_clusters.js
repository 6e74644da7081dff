/* The list of clusters beside the map, drawn here: as components it would be a thousand on a
   large map, and Dash goes over all there are at each of its callbacks. dashboard/reads/
   clusters.py says what is in it; see map.js for the rest. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const counted = (number) => number.toLocaleString("en");
  let listed = null; // the list as the server sent it last
  let shown = null; // {box, of}: where it was drawn last, and what of

  // The color of a category; a click hides and shows it.
  function swatch(number, name) {
    const colors = api.map.facts.palette;
    const color = number < 0 ? "var(--map-noise)" : colors[number] || "var(--map-other)";
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

  function entry(cluster, number) {
    const { make, icon, button } = api.notes;
    const { name, words, count } = cluster;
    const head = make("span", { className: "map-head" }, make("span", { className: "map-name" }, name),
      make("span", { className: "map-count" }, counted(count)),
      words ? make("span", { className: "map-words" }, words) : null);
    const to = `Graph of ${name}`;
    const graph = make("a", { className: "button-quiet map-tool", href: cluster.graph, title: to,
      "aria-label": to }, icon("diagram-3"));
    return make("div", { className: "map-cluster", data: { cluster: number, name: name } },
      make("button", { type: "button", className: "map-zoom", title: `Zoom to ${name}`,
        "aria-pressed": "false", data: { zoom: number } }, head, exemplars(cluster.images)),
      make("div", { className: "map-cluster-tools" },
        window.likeness.may("annotate")
          ? button("pencil", `Rename ${name}`, { does: "rename-cluster", cluster: number }) : "",
        button("check2-square", `Select all of ${name}`, { select: number }), graph),
      swatch(number, name));
  }

  function summary(count, noise) {
    const said = count === 1 ? "1 cluster" : `${counted(count)} clusters`;
    return noise ? `${said} · ${counted(noise)} ${noise === 1 ? "image" : "images"} in none` : said;
  }

  function draw() {
    const { make } = api.notes;
    const box = api.byId("map-clusters");
    if (!box || !listed || !api.map || (shown && shown.box === box && shown.of === listed)) return;
    shown = { box: box, of: listed };
    const { clusters, noise } = listed;
    const at = box.scrollTop;
    const held = focused(box);
    if (!clusters.length) {
      box.replaceChildren(make("p", { className: "map-noise" }, "No clusters were found on this map."));
      return;
    }
    const rest = noise ? make("div", { className: "map-cluster map-noise", data: { cluster: -1 },
      title: "Images that belong to no cluster" }, swatch(-1, "images outside any cluster"),
    make("span", {}, "Noise"), make("span", { className: "map-count" }, counted(noise))) : "";
    box.replaceChildren(make("p", { className: "map-summary" }, summary(clusters.length, noise)),
      ...clusters.map(entry), rest);
    box.scrollTop = at;
    const again = held && box.querySelector(held);
    if (again) again.focus();
    api.settle();
  }

  // A selector of the control that has the focus, which a list drawn anew gives back to it.
  function focused(box) {
    const control = document.activeElement;
    if (!box.contains(control)) return null;
    const row = `[data-cluster="${control.closest(".map-cluster").dataset.cluster}"]`;
    const named = ["does", "select", "toggle", "zoom"].find((name) => name in control.dataset);
    return named ? `${row} [data-${named}]` : `${row} a`;
  }

  const own = () => Boolean(listed && api.map && listed.map === api.map.name);

  // Until those of this map come, the clusters of another one do nothing.
  function wait() {
    const box = api.byId("map-clusters");
    if (box) box.inert = !own();
  }

  api.onMap(() => {
    wait();
    draw();
  });
  api.clusters = {
    // The map and the granularity that the numbers of the list are of.
    get of() { return listed ? { map: listed.map, grain: listed.grain } : {}; },

    // Their names, number by number, where they are those of the map shown.
    get titles() { return own() ? listed.clusters.map((cluster) => cluster.name) : null; },
    show: function (given) {
      listed = given;
      wait();
      draw();
    },
  };
})();
