/* Two maps side by side: two engines (assets/map_engine/engine.js) of which each shows what is selected, pointed
   at or clicked in the other. See dashboard/pages/compare/maps.py; what is told of a selection, and
   the legend, are in compare_selection.js. */
(function () {
  "use strict";
  const { likeness } = window;
  const { on } = likeness;
  const SIDES = ["a", "b"];
  const none = () => window.dash_clientside.no_update;
  const set = (id, data) => window.dash_clientside.set_props(id, { data: data });
  const byId = (id) => document.getElementById(id);
  const stage = (side) => document.querySelector(`.compare-stage[data-side="${side}"]`);

  let page = null; // the view that is open
  let sides = null; // {a, b}: {side, engine, name, listed: its clusters as the server lists them}
  let color = "a";
  let group = null; // code of the category selected
  let image = null; // id of the image clicked
  let picked = null; // ids selected, ascending, or null
  let pointed = null; // id of the image pointed at
  let asked = ""; // the category asked for last
  let due = false; // whether its images are to be looked for once both maps are there

  const here = () => Boolean(sides && page && page === byId("compare-maps-view"));
  const ready = () => here() && SIDES.every((side) => sides[side].engine.data);

  // What colors a map: its own clusters, those of the other one, or labels, numbered on both as
  // on the left one.
  function coloring(side) {
    if (color === "label") return side === "a" ? "label" : `label-${sides.a.name}`;
    return color === side ? "cluster" : `map-${sides[color].name}`;
  }

  function open() {
    if (sides) SIDES.forEach((side) => sides[side].engine.end());
    page = byId("compare-maps-view");
    [picked, pointed, group, asked, due] = [null, null, null, "", false];
    sides = Object.fromEntries(SIDES.map((side) => [side, made(side)]));
  }

  function made(side) {
    const mine = { side: side, name: null, listed: null };
    const names = () => mine.listed && mine.listed.clusters.map((cluster) => cluster.name);
    mine.engine = likeness.map.create(byId(`compare-graph-${side}`), { titles: names });
    mine.engine
      .on("busy", (busy) => { byId(`compare-busy-${side}`).hidden = !busy; })
      .on("error", (text) => window.dash_clientside.set_props("toast", { is_open: true, children: text }))
      .on("data", loaded)
      .on("hover", point)
      .on("click", (id) => set("compare-image", id))
      .on("named", (cluster) => color === side && set("compare-group", cluster))
      .on("menu", (asked) => likeness.gallery.menuOnMap(mine.engine, asked))
      .on("selected", ({ ids, how }) => choose(likeness.map.joined(picked, ids, how)));
    return mine;
  }

  function load(side, name) {
    const mine = sides[side];
    if (mine.name === name) return false;
    Object.assign(mine, { name: name, listed: null });
    mine.engine.names.show([]);
    mine.engine.load(name, 2);
    likeness.map.ask("clusters", name)
      .then((answer) => answer.json())
      .then((listed) => {
        if (mine.name !== name) return;
        mine.listed = listed;
        mine.engine.names.show(likeness.map.standing(listed));
        loaded();
      })
      .catch(() => {}); // the map itself says it
    return true;
  }

  // For Dash: what is to be seen

  function show(a, b, by, tool, code, pin) {
    if (!byId("compare-maps-view")) return none();
    if (!here()) open();
    const wasOf = asked;
    const anew = [load("a", a), load("b", b)].includes(true);
    if (anew && wasOf) choose(null);
    color = by;
    group = code ?? null; // what Dash has not been told is undefined
    image = pin ?? null;
    SIDES.forEach((side) => {
      const { engine } = sides[side];
      engine.arm(tool);
      if (engine.colors.by !== coloring(side)) engine.colors.show(coloring(side));
      engine.mark({ own: image, others: [] });
      engine.paint(); // in the colors of the theme
    });
    const wanted = [a, b, color, group].join(" ");
    if (wanted !== asked) {
      asked = wanted;
      due = group !== null;
      if (!due && wasOf && picked && picked.of) choose(null);
    }
    loaded();
    return none();
  }

  function loaded() {
    if (!ready()) return;
    api.legend();
    api.tell();
    if (due) members();
  }

  // All images of the category, on either map; the server knows those that are not here too.
  function members() {
    due = false;
    const mine = asked;
    const by = (side) => (color === "label" ? coloring(side) : `map-${sides[color].name}`);
    Promise.all(SIDES.map((side) => sides[side].engine.find({ by: by(side), only: [group] })))
      .then((found) => {
        if (mine !== asked || found.some((ids) => !ids)) return;
        const all = likeness.map.joined(found[0], found[1], "add");
        if (all) all.of = mine;
        choose(all);
      });
  }

  // Selecting

  function choose(ids) {
    if (!here()) return;
    picked = ids && ids.length ? ids : null;
    if (group !== null && !(picked && picked.of)) {
      group = null;
      asked = "";
      due = false;
      set("compare-group", null);
    }
    SIDES.forEach((side) => sides[side].engine.emphasize(picked));
    loaded();
  }

  function clear() {
    if (here() && (picked || group !== null)) choose(null);
  }

  function point(id) {
    if (pointed === id || !here()) return;
    pointed = id;
    SIDES.forEach((side) => sides[side].engine.mark({ pointed: id }));
  }

  const BUTTONS = ["[data-group]", "#compare-clear", "#compare-unpin"];
  on("click", BUTTONS.map((one) => `.compare-maps ${one}`).join(), (button) => {
    if (!here()) return;
    if (button.id === "compare-unpin") set("compare-image", null);
    else if (button.id === "compare-clear") clear();
    else if (Number(button.dataset.group) === group) clear();
    else set("compare-group", Number(button.dataset.group));
  });
  function over(event) {
    if (!here() || !event.target.closest) return;
    const picture = event.target.closest(".compare-maps a.picture");
    if (picture) point(Number(picture.dataset.image));
    else if (pointed !== null && !event.target.closest(".compare-canvas")) point(null);
  }
  on("pointerover", null, over);
  on("focusin", null, over);
  on("keydown", null, (event) => {
    if (event.key !== "Escape" || !here()) return;
    if (SIDES.some((side) => sides[side].engine.input.drawing())) {
      SIDES.forEach((side) => sides[side].engine.input.cancel());
    } else if (picked) clear();
    else if (image !== null) set("compare-image", null);
  });

  // The address of what is shown; another image is a step that Back returns from.
  function view(a, b, by, chosen, code, last) {
    if (!last || last.path !== "/compare") return none();
    const before = new URLSearchParams(last.search);
    if (before.get("view") !== "maps") return none();
    const params = new URLSearchParams({ view: "maps", a: a, b: b, color: by });
    const clicked = chosen !== null && chosen !== undefined;
    if (clicked) params.set("image", chosen);
    if (code !== null && code !== undefined) params.set("group", code);
    const search = `?${params}`;
    if (search === last.search) return none();
    return { path: "/compare", search: search, replace: !clicked || String(chosen) === before.get("image") };
  }

  const api = (likeness.compareMaps = {
    get sides() { return sides; },
    get color() { return color; },
    get group() { return group; },
    get picked() { return picked; },
    get ready() { return ready(); },
    stage: stage,
    choose: choose,
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { compareMaps: { show: show, view: view } });
})();
