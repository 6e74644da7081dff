/* What is told of the images selected on two linked maps, and the legend of both; see
   compare_maps.js. */
(function () {
  "use strict";
  const NAMED = 3; // clusters of a selection that are named
  const { likeness } = window;
  const api = likeness.compareMaps;
  const byId = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");

  let told = null; // {ids, of}: the selection whose pictures and clusters are told, and the two maps
  let explained = ""; // the maps and the color that the legend is of

  function element(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function tell() {
    byId("compare-clear").hidden = !api.picked;
    const of = ["a", "b"].map((side) => api.sides[side].name).join(" ");
    const box = byId("compare-picked");
    if (told && told.ids === api.picked && told.of === of && told.box === box) return;
    told = { ids: api.picked, of: of, box: box };
    const drawer = api.picked ? api.drawer(api.picked) : null;
    if (drawer) drawer.parts[0].append(away(api.picked));
    box.replaceChildren(...(drawer ? drawer.parts : [hint()]));
    ["a", "b"].forEach((side) => spread(api.sides[side], told, side === "a" && drawer ? drawer.tell : null));
  }

  // In which of a map's clusters the selected images are, in words. more: what else takes what is said of them.
  function spread(mine, asked, more) {
    const line = api.stage(mine.side).querySelector(".compare-spreads");
    if (!asked.ids) return void (line.textContent = "");
    likeness.map.describe(mine.name, asked.ids, 0)
      .then((found) => {
        if (told !== asked) return;
        line.textContent = words(found);
        if (more) more(found);
      })
      .catch(() => { if (told === asked) line.textContent = ""; });
  }

  function words({ clusters, placed }) {
    if (!placed) return "None of the selected images is on this map.";
    const percent = (count) => `${Math.max(1, Math.round((100 * count) / placed))}%`;
    const said = clusters.slice(0, NAMED)
      .map(([name, count]) => `${percent(count)} ${name}`);
    const rest = clusters.slice(NAMED).reduce((sum, [, count]) => sum + count, 0);
    if (rest) said.push(`${percent(rest)} elsewhere`);
    return `Selected: ${said.join(", ")}.`;
  }

  function hint() {
    return element("p", { className: "soft small" },
      "Nothing is selected. Drag on a map to draw around images, or choose a color above.");
  }

  // The way to the left map by itself with the same selection.
  function away(ids) {
    const packed = likeness.ids.pack(ids);
    if (!packed || packed.length > 2000) return ""; // an address cannot carry it
    const params = new URLSearchParams({ map: api.sides.a.name, picked: packed });
    return element("a", { className: "card-link", href: `${likeness.url("/")}?${params}` }, "On the Map");
  }

  // What the colors of both maps mean: labels, or the clusters of one of them.
  function legend() {
    const box = byId("compare-legend");
    const owner = api.sides[api.color === "b" ? "b" : "a"];
    const { facts, total } = owner.engine.data;
    if (api.color !== "label" && !owner.listed) return;
    const key = [api.color, owner.name, owner.listed && "named"].join(" ");
    if (explained !== key || !box.childElementCount) {
      explained = key;
      const names = api.color === "label" ? facts.labels
        : owner.listed.clusters.map((cluster) => [cluster.name, cluster.count]);
      const none = api.color === "label" ? "no label" : "in no cluster";
      const colors = api.color === "label" ? null : owner.listed.clusters.map((cluster) => cluster.color);
      const coloring = { kind: "categories", names: names, none: none, colors: colors };
      box.replaceChildren(...likeness.map.legend(coloring, facts, total, {
        what: "group", counts: true, title: (count) => `Select ${number(count)} images on both maps`,
      }));
    }
    box.querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(api.group === Number(button.dataset.group)));
    });
  }

  api.tell = tell;
  api.legend = legend;
})();
