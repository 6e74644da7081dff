/* The Inside page: asks how the index answers the search in the address (dashboard/pages/inside/told.py), and
   shows it on a map: step by step, layer by layer, and the way to a match. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const { make } = window.likeness.elements;
  const byId = (id) => document.getElementById(id);
  const LASTS = 5000; // ms that a walk is played at most
  const none = () => window.dash_clientside.no_update;
  let told = null;
  let engine = null;
  let draw = null;
  let asking = null;
  let playing = 0; // number of the animation under way
  let state = null; // {counts, step, level: 0 is the bottom, row: of the way shown, cell}

  const here = () => Boolean(told && byId("inside-side"));

  // Asking

  function begin(board) {
    const box = byId("inside");
    if (!box || !board) return none();
    if (engine) engine.end();
    [told, engine] = [null, null];
    box.replaceChildren(make("p", { className: "soft", role: "status" }, "Following the search …"));
    ask(box, board);
    return none();
  }

  async function ask(box, board) {
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    const said = await window.likeness.given.ask("/inside/told", board, mine.signal);
    if (!said || !box.isConnected || asking !== mine) return;
    box.removeAttribute("aria-busy");
    if (said.error) return void box.replaceChildren(make("div", { className: "error-note", role: "alert" }, said.error));
    show(box, board, said);
  }

  // Another map or effort: the address says it, and only what is told is asked for anew.
  function change(name, value) {
    const params = new URLSearchParams(location.search);
    if (value) params.set(name, value);
    else params.delete(name);
    history.replaceState(history.state, "", `${location.pathname}?${params}`);
    ask(byId("inside"), told.board);
  }

  // Showing

  function show(box, board, said) {
    const before = told;
    told = Object.assign(said, { board: board });
    playing++;
    const { walk } = told;
    state = { counts: walk && window.likeness.inside.counts(walk), step: walk ? walk.order.length : 0, level: 0, row: null, cell: null };
    if (!before) box.replaceChildren(head(), stage(), make("aside", { className: "inside-side", id: "inside-side", "aria-label": "What is shown" }));
    byId("inside-side").replaceChildren(...window.likeness.insidePanel(told));
    if (byId("inside-lost")) byId("inside-lost").hidden = !told.missed.length;
    if (told.map && !engine) made();
    if (told.map && (!before || before.map !== told.map)) engine.load(told.map, 2);
    mark();
    choose(walk && told.found.length ? 0 : null);
  }

  function head() {
    const weights = told.weights.map((one) => make("span", { className: "inside-weight" }, make("span", { className: `dot ${one.part}` }),
      `${one.title} ${one.share.toFixed(2)}`));
    return make("header", { className: "inside-head" }, make("h1", {}, "Inside the index"),
      make("p", { className: "soft" }, told.query.length > 1 ? `${told.query.length} things together` : told.query[0]),
      make("p", { className: "legend" }, ...weights));
  }

  const KEYS = { hnsw: [["inside-dot", "compared"], ["inside-dot inside-large", "looked around from"], ["inside-begin", "where it begins"], ["inside-way", "the way to a match"]],
    ivfpq: [["inside-dot", "read"]], flat: [] };

  function stage() {
    const maps = make("select", { className: "form-select", id: "inside-map", "aria-label": "Map" },
      ...told.maps.map((one) => make("option", { value: one.name, selected: one.name === told.map }, one.title)));
    const legend = make("p", { className: "legend inside-legend" }, make("span", {}, make("span", { className: "inside-dot inside-none" }), "never looked at"),
      ...KEYS[told.kind].map(([name, text]) => make("span", {}, make("span", { className: name }), text)),
      told.own === null ? "" : make("span", {}, make("span", { className: "inside-ring inside-own" }), "searched with"),
      make("span", { id: "inside-lost" }, make("span", { className: "inside-ring" }), "missed"));
    if (!told.map) return make("section", { className: "inside-stage" }, make("p", { className: "soft" }, "There is no map of these images yet; with one, the walk is drawn on it."));
    return make("section", { className: "inside-stage", "aria-label": "The map" },
      make("div", { className: "inside-canvas" }, make("div", { className: "map-graph", id: "inside-graph" }),
        make("canvas", { className: "inside-sheet", id: "inside-sheet", "aria-hidden": "true" }), maps,
        make("div", { className: "compare-wait", id: "inside-busy", role: "status" }, "Loading the map …")),
      legend);
  }

  function made() {
    engine = window.likeness.map.create(byId("inside-graph"), {});
    const under = make("canvas", { className: "inside-sheet", id: "inside-under" });
    engine.root.insertBefore(under, engine.root.querySelector(".map-marks"));
    draw = window.likeness.inside.sheet(under, byId("inside-sheet"), engine);
    engine.arm("pan");
    engine.on("busy", (busy) => { byId("inside-busy").hidden = !busy; })
      .on("error", (text) => window.dash_clientside.set_props("toast", { is_open: true, children: text }))
      .on("data", paint).on("view", paint).on("moved", paint)
      .on("click", (id) => { if (told.walk) follow(told.walk.ids.indexOf(id), id); });
  }

  function mark() {
    if (!engine) return;
    const found = told.found.map((one) => one.id);
    engine.emphasize(Int32Array.from(told.own === null ? found : [told.own, ...found]).sort()); // all else is pale
    engine.mark({ own: told.own, others: found });
  }

  function paint() {
    const box = byId("inside-sheet");
    if (!here() || !engine || !box) return;
    draw(told, state);
    Object.assign(box.dataset, { step: state.step, level: state.level, map: told.map, row: state.row === null ? "" : state.row });
  }

  // The panel as the state has it.
  function tell() {
    const side = byId("inside-side");
    side.querySelectorAll("[data-level]").forEach((one) => one.setAttribute("aria-pressed", String(Number(one.dataset.level) === state.level)));
    side.querySelectorAll("[data-cell]").forEach((one) => one.setAttribute("aria-pressed", String(Number(one.dataset.cell) === state.cell)));
    const when = byId("inside-when");
    if (when) {
      byId("inside-step").value = state.step;
      when.textContent = `${state.step.toLocaleString("en")} of ${told.walk.order.length.toLocaleString("en")} steps, ${state.counts[state.step].toLocaleString("en")} compared`;
    }
    paint();
  }

  function press(match) {
    byId("inside-side").querySelectorAll("[data-match]").forEach((one) => one.setAttribute("aria-pressed", String(Number(one.dataset.match) === match)));
  }

  // One of what was found: the way to it.
  function choose(match) {
    press(match);
    if (match === null || !told.walk) return tell();
    const one = told.found[match];
    follow(one.at === null ? -1 : one.at, one.id);
    press(match);
  }

  // An image of the map: when it was met, and the way to it.
  function follow(row, id) {
    press(null);
    state.row = row < 0 ? null : row;
    state.level = 0;
    if (row >= 0) state.step = Math.max(state.step, state.counts.findIndex((count) => count > row));
    byId("inside-said").textContent = said(row, id);
    if (engine) engine.mark({ pointed: row < 0 ? id : null });
    tell();
  }

  function said(row, id) {
    if (row < 0 && told.walk.ids.length < told.walk.count) return "It is not among those that are drawn.";
    if (row < 0) return "The walk never looked at this image.";
    if (row === 0) return "The walk came down from above at this image.";
    const links = window.likeness.inside.way(told.walk, row).length - 1;
    const met = state.counts.findIndex((count) => count > row);
    return `Met at step ${met.toLocaleString("en")}, ${links} ${links === 1 ? "link" : "links"} from where the walk came down.`;
  }

  function play() {
    const mine = ++playing;
    const last = told.walk.order.length;
    const lasts = Math.min(LASTS, 60 * last);
    const began = performance.now();
    Object.assign(state, { level: 0, row: null });
    press(null);
    const step = (now) => {
      if (mine !== playing || !here()) return;
      state.step = Math.min(last, Math.max(0, Math.round((last * (now - began)) / lasts)));
      tell();
      if (state.step < last) requestAnimationFrame(step);
      else choose(told.found.length ? 0 : null);
    };
    requestAnimationFrame(step);
  }

  // Listening

  const onPage = (work) => (met, event) => here() && work(met, event);
  on("click", "#inside [data-level]", onPage(({ dataset }) => {
    playing++;
    state.level = Number(dataset.level);
    tell();
  }));
  on("click", "#inside [data-cell]", onPage(({ dataset }) => {
    state.cell = state.cell === Number(dataset.cell) ? null : Number(dataset.cell);
    tell();
  }));
  on("click", "#inside [data-match]", onPage(({ dataset }) => choose(Number(dataset.match))));
  on("click", "#inside [data-missed]", onPage(({ dataset }) => told.walk && follow(told.walk.ids.indexOf(Number(dataset.missed)), Number(dataset.missed))));
  on("click", "#inside [data-effort]", onPage(({ dataset }) => change("effort", dataset.effort)));
  on("click", "#inside-play", onPage(play));
  on("input", "#inside-step", onPage((field) => {
    playing++;
    Object.assign(state, { level: 0, step: Number(field.value) });
    tell();
  }));
  on("change", "#inside-map", onPage((field) => change("map", field.value)));
  // In the colors of the theme.
  new MutationObserver(() => {
    if (!here() || !engine) return;
    engine.paint();
    paint();
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  window.likeness.bind("/inside", { back: () => byId("inside") && history.back() });

  // The way here from a search: its address, and whether there is anything to see.
  function link(view, asked) {
    const search = (view && view.search) || "";
    const none = !asked || !asked.board.length || new URLSearchParams(search).get("metric") === "hamming";
    return [window.likeness.url(`/inside${search}`), none];
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { inside: { begin: begin, link: link } });
})();
