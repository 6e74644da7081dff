/* The Map page: one map engine (assets/map_engine/engine.js), the stores it is told of, and the address of
   what is shown. See dashboard/pages/map/page.py for the stores; map_clusters.js lists the
   clusters, map_select.js holds what is selected, map_selected.js shows it.

   For these, `likeness.mapPage` has
     engine, map          the engine, and the points it shows (its `data`)
     image, found         ids of the chosen image and of its neighbors, nearest first
     onMap(fn)            fn(map) is called when another map has been drawn, or other points of it
     setParam(name, value), params   what they add to the address
     select(id)           choose an image */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const set = (id, data) => window.dash_clientside.set_props(id, { data: data });
  const byId = (id) => document.getElementById(id);
  const { likeness } = window;
  const { on } = likeness;

  let engine = null;
  let page = null; // the stage of the page that is open
  let image = null;
  let clustering = null; // clusters that stand for the map's own, as the store has them
  let near = null; // {image, ids}: an image and its neighbors, as the server said last
  let asked = ""; // the map asked for last
  let revealed = ""; // map and image for which the view has made room
  const listeners = [];
  let told = null; // the map that the listeners know

  const here = () => page !== null && page === byId("map-stage");
  const map = () => (engine && here() ? engine.data : null);

  // Making the engine

  // Pixels of the stage that the panel and the gallery of what is selected cover, and its buttons.
  function free() {
    const stage = page.getBoundingClientRect();
    const panel = byId("map-panel");
    const buttons = page.querySelector(".map-zooms").getBoundingClientRect();
    const covered = { right: 0, bottom: 0, over: buttons.width ? [{
      left: buttons.left - stage.left, top: buttons.top - stage.top, width: buttons.width, height: buttons.height,
    }] : [] };
    const drawer = byId("selected").offsetHeight;
    if (drawer < 0.7 * stage.height) covered.bottom = Math.max(covered.bottom, drawer);
    if (!panel.hidden) {
      const cover = panel.getBoundingClientRect();
      if (cover.width < 0.7 * stage.width) covered.right = stage.right - cover.left;
      else covered.bottom = stage.bottom - cover.top;
    }
    return covered;
  }

  // The view makes room for what has come to cover the map, and takes it back.
  const covers = new ResizeObserver(() => map() && told === map() && engine.view.reveal(image));

  // The view that the address names.
  function named() {
    const [x0, x1, y0, y1] = (api.params.at || "").split(",").map(Number);
    return x0 < x1 && y0 < y1 && [x0, x1, y0, y1].every(Number.isFinite) ? { x: [x0, x1], y: [y0, y1] } : null;
  }

  function open(params) {
    if (engine) engine.end();
    covers.disconnect();
    page = byId("map-stage");
    [byId("map-panel"), byId("selected")].forEach((over) => covers.observe(over));
    [told, asked, revealed] = [null, "", ""];
    api.params = Object.assign({}, params);
    engine = likeness.map.create(byId("map-graph"), {
      free: free, first: named(), titles: () => api.clusters.titles, grain: () => api.params.grain || 0,
    });
    const note = byId("map-note");
    engine
      .on("data", drawn)
      .on("view", name)
      .on("coloring", (coloring) => api.legend(coloring))
      .on("click", (id) => set("map-image", id))
      .on("named", zoomTo)
      .on("menu", (asked) => likeness.gallery.menuOnMap(engine, asked))
      .on("busy", (busy) => { byId("map-busy").hidden = !busy; })
      .on("note", (text) => { note.textContent = text; })
      .on("error", (text) => window.dash_clientside.set_props("toast", { is_open: true, children: text }));
  }

  // For Dash: what is to be seen

  function show(shown, dim, by, newState, chosen, theme, params) {
    if (!byId("map-stage")) return none();
    if (!here()) open(params);
    api.takeState(newState);
    const before = image;
    image = chosen === undefined ? null : chosen;
    if (asked !== `${shown}-${dim}`) {
      asked = `${shown}-${dim}`;
      engine.load(shown, Number(dim));
    }
    if (engine.colors.by !== by) engine.colors.show(by);
    engine.hide(api.hidden());
    engine.focus(api.focus());
    engine.paint(); // in the colors of the theme
    if (before !== image) mark();
    settle();
    return none();
  }

  function mark() {
    const ids = near && near.image === image ? near.ids : [];
    engine.mark({ own: image, others: ids });
    if (api.panel) requestAnimationFrame(api.panel); // after Dash has put the panel there
  }

  function drawn(data) {
    told = data;
    regroup();
    if (page.dataset.shown !== data.key) { // other points of the same map are no other map
      page.dataset.shown = data.key;
      set("map-shown", data.key);
      mark();
    }
    settle();
    listeners.forEach((listener) => listener(data));
  }

  function regroup() {
    const sent = clustering && map() && clustering.map === map().name ? clustering : null;
    if (sent === (map() && map().regrouped)) return;
    if (map()) map().regrouped = sent;
    engine.clusters(sent && likeness.map.decode(sent.cluster), sent && sent.exemplars, sent && sent.colors);
    engine.hide(api.hidden());
    engine.focus(api.focus());
  }

  // Buttons and panel say what the map shows; the view makes room for what has come to cover it.
  function settle() {
    if (!map() || told !== map()) return;
    api.nameState();
    const out = new Set(api.hidden());
    const by = engine.colors.by;
    document.querySelectorAll(by === "cluster" ? ".map-swatch" : ".map-entry").forEach((button) => {
      button.setAttribute("aria-pressed", String(!out.has(Number(button.dataset.toggle))));
    });
    document.querySelectorAll("[data-zoom]").forEach((button) => {
      button.setAttribute("aria-pressed", String(api.focus() === Number(button.dataset.zoom)));
    });
    page.closest(".map-page").dataset.color = by;
    // The panel that may cover the image comes with its neighbors.
    const about = [map().key, image].join(" ");
    if (revealed === about || (image !== null && !(near && near.image === image))) return;
    revealed = about;
    byId("map-panel").scrollTop = 0;
    engine.view.reveal(image);
  }

  // Changing what is shown

  function zoomTo(code) {
    const again = api.focus() === code;
    api.setFocus(again ? null : code);
    if (again) return engine.view.reset();
    const rows = [];
    map().cluster.forEach((one, row) => one === code && rows.push(row));
    engine.view.show(rows);
  }

  // Those of the page's buttons that need the map do nothing before it is there.
  const pressed = (type, selector, work) => on(type, selector, (button) => map() && work(button));
  pressed("click", ".map-page [data-zoom]", (button) => zoomTo(Number(button.dataset.zoom)));
  pressed("click", "#map-close", () => set("map-image", null));
  pressed("click", "#map-reset", () => {
    api.setFocus(null);
    engine.view.reset();
  });
  on("keydown", null, (event) => {
    if (event.key !== "Escape" || !map()) return;
    engine.tip.hide();
    if (image !== null) {
      set("map-image", null);
      image = null; // at once: the next Esc is for what lies below
      mark();
    } else if (api.focus() !== null) api.setFocus(null);
  });

  // What has been noted may be what the map is colored by.
  on("likeness:acted", null, () => {
    if (map() && engine.colors.by.startsWith("column-")) engine.colors.again();
  });

  // Pointing at a neighbor's card shows where on the map it is. What the arrows of the keyboard point at
  // stays, though something comes or goes under a mouse that rests.
  let carded = null; // id of the neighbor that is pointed at
  function point(event) {
    if (!map() || !event.target.closest) return;
    const card = event.target.closest("#map-panel .match");
    const button = card && card.querySelector(".match-picture");
    const id = button ? JSON.parse(button.id).image : null;
    if (id === carded) return;
    carded = id;
    engine.mark({ pointed: id });
  }
  ["pointerover", "focusin"].forEach((type) => on(type, null, point));

  // The address

  // Name the view once it has come to rest, unless it is the whole map.
  function name() {
    const data = map();
    if (!data || data.dim !== 2) return;
    const seen = engine.view.held();
    const digits = Math.max(0, 3 - Math.floor(Math.log10(seen[1] - seen[0])));
    const text = seen.map((end) => Number(end.toFixed(digits))).join(",");
    setParam("at", engine.view.whole() ? null : text);
  }

  // Another image is a step that Back returns from.
  function view(shown, dim, by, chosen, added, last) {
    if (!last || last.path !== "/") return none();
    const params = new URLSearchParams({ map: shown, dim: dim, color: by });
    Object.entries(added || {}).forEach(([key, value]) => params.set(key, value));
    const noneChosen = chosen === null || chosen === undefined;
    if (!noneChosen) params.set("image", chosen);
    const search = `?${params}`;
    if (search === last.search) return none();
    const before = new URLSearchParams(last.search).get("image");
    return { path: "/", search: search, replace: noneChosen || String(chosen) === before };
  }

  function setParam(key, value) {
    const params = Object.assign({}, api.params);
    if (value === null || value === undefined || value === "") delete params[key];
    else params[key] = String(value);
    if (params[key] === api.params[key]) return;
    api.params = params;
    set("map-params", params);
  }

  const api = (likeness.mapPage = {
    get engine() { return engine; },
    get map() { return map(); },
    get drawn() { return Boolean(map()) && told === map(); },
    get image() { return image; },
    get found() { return near && near.image === image ? near.ids : []; },
    params: {}, setParam: setParam, zoomTo: zoomTo, settle: settle, byId: byId,
    select: (id) => set("map-image", id),
    onMap: function (listener) {
      listeners.push(listener);
      if (told && told === map()) listener(told);
    },
  });

  // Dash goes over every component of the page several times for each of its callbacks. Points
  // take their colors first; Dash hears of it after the frame that shows them.
  on("change", "#map-color", (field, event) => {
    if (!api.drawn) return;
    event.stopPropagation();
    const by = field.value;
    engine.colors.show(by);
    const tell = () => byId("map-color") && window.dash_clientside.set_props("map-color", { value: by });
    requestAnimationFrame(() => setTimeout(tell));
  }, true);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    map: {
      show: show, view: view,
      choose: function () {
        const cause = window.dash_clientside.callback_context.triggered[0];
        if (!cause || !cause.value) return none();
        return JSON.parse(cause.prop_id.slice(0, cause.prop_id.lastIndexOf("."))).image;
      },
      clustering: function (sent) {
        clustering = sent || null;
        if (map()) regroup();
        settle();
      },
      neighbors: function (sent) {
        near = sent;
        if (!engine || !here()) return;
        mark();
        settle();
      },
    },
  });
})();
