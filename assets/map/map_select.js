/* What is selected on the map: by lasso or box (the engine finds the points), a whole cluster, or what has
   been kept. map_selected.js shows it. See map.js for the rest. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const { on } = window.likeness;
  const byId = api.byId;

  const KEPT = "likeness-picked "; // in the session's storage: selections too large for an address
  const LONG = 2000; // characters of a selection that an address carries
  const MANY = 8; // large selections that are kept
  let tool = "pan";
  let page = null; // the stage that is listened to

  // ids: Int32Array, ascending, or null. source: {collection} or {tag} that it is, as long as
  // it is just that.
  const chosen = (api.chosen = {
    ids: null,
    source: {},
    listeners: [],

    // about: what the server has said of it, where it has.
    set: function (ids, source, about) {
      chosen.ids = ids && ids.length ? ids : null;
      chosen.source = (chosen.ids && source) || {};
      if (page && page === byId("map-stage")) { // else the address is still to be read
        const { collection, tag } = chosen.source;
        api.setParam("collection", collection);
        api.setParam("tag", tag);
        api.setParam("picked", collection || tag || !chosen.ids ? null : written(chosen.ids));
      }
      if (api.map) api.engine.emphasize(chosen.ids);
      chosen.listeners.forEach((listener) => listener(about));
    },

    // how: "new", "add" or "subtract".
    merge: (ids, how) => {
      if (chosen.ids || how !== "subtract") chosen.set(window.likeness.map.joined(chosen.ids, ids, how));
    },
  });

  // In the address

  // What is selected as the address names it: the ids, or what this window keeps them under.
  function written(ids) {
    const short = window.likeness.ids.pack(ids);
    if (short && short.length <= LONG) return short;
    let sum = ids.length;
    ids.forEach((id) => { sum = (Math.imul(sum, 31) + id) | 0; });
    const name = `~${(sum >>> 0).toString(36)}`;
    try {
      const others = Object.keys(sessionStorage).filter((key) => key.startsWith(KEPT) && key !== KEPT + name);
      others.slice(0, Math.max(0, others.length + 1 - MANY)).forEach((key) => sessionStorage.removeItem(key));
      sessionStorage.setItem(KEPT + name, window.likeness.map.encode(ids));
    } catch (error) {
      return null; // without storage it lasts as long as the page
    }
    return name;
  }

  // Ids, ascending, or null where there are none of that name any more.
  function read(name) {
    if (!name.startsWith("~")) return window.likeness.ids.unpack(name);
    try {
      const text = sessionStorage.getItem(KEPT + name);
      return text && window.likeness.map.decode({ dtype: "i4", bdata: text });
    } catch (error) {
      return null;
    }
  }

  // Tools

  function arm(name) {
    tool = name;
    const flat = !api.map || api.map.dim === 2;
    if (api.map) api.engine.arm(tool);
    document.querySelectorAll("[data-tool].select-tool").forEach((button) => {
      const own = button.dataset.tool;
      button.setAttribute("aria-pressed", String(own === (flat ? tool : "pan")));
      button.disabled = !flat && own !== "pan";
      const key = window.likeness.keyOf("/", own);
      const title = own === "pan" ? "drag moves the map" : "Shift adds, Alt takes away";
      button.title = button.disabled ? "Select on the flat map: switch to 2D"
        : `${button.getAttribute("aria-label")} (${key}): ${title}`;
    });
  }

  function typing(target) {
    return target.matches && target.matches("input:not([type=range], [type=radio]), textarea, select");
  }

  // What lies above the map and has Esc first; menus have had it (menus.js).
  const above = () => document.querySelector("dialog[open], .modal.show");

  on("keydown", null, (event) => {
    if (!byId("map-stage") || event.defaultPrevented || typing(event.target)) return;
    if (event.key === "Escape") {
      if (api.map && api.engine.input.drawing()) api.engine.input.cancel();
      else if (above() || api.image !== null || !chosen.ids) return;
      else chosen.set(null);
      event.stopImmediatePropagation();
    }
  }, true);
  window.likeness.bind("/", { pan: () => arm("pan"), lasso: () => arm("lasso"), box: () => arm("box") });

  on("click", ".select-tool", (button) => arm(button.dataset.tool));
  on("click", "#select-clear", () => chosen.set(null));
  on("click", "[data-select]", (button, event) =>
    whole(Number(button.dataset.select), event.shiftKey ? "add" : "new"));

  // All of a cluster.
  function whole(number, how) {
    const { map } = api;
    if (map.at) {
      return api.engine.find({ by: "cluster", only: [number] }).then((ids) => (
        ids && chosen.merge(ids.filter(api.engine.passes), how)
      ));
    }
    const ids = [];
    map.cluster.forEach((code, row) => code === number && ids.push(map.ids[row]));
    chosen.merge(ids.filter(api.engine.passes), how);
  }

  api.onMap(() => {
    const stage = byId("map-stage");
    if (stage !== page) {
      page = stage;
      api.engine.on("selected", ({ ids, how }) => chosen.merge(ids, how));
      const { collection, tag, picked } = api.params;
      if (collection || tag) {
        chosen.ids = null;
        api.open(collection ? { collection: collection } : { tag: tag }, true);
      } else if (picked) chosen.set(read(picked));
      else chosen.set(chosen.ids, chosen.source); // of the map that was left: it is still there
    }
    arm(tool);
    api.engine.emphasize(chosen.ids);
  });
})();
