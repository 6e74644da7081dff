/* What is selected on the map: by lasso or box (the engine finds the points), a whole cluster, or what has
   been kept. map_selected.js shows it. See map.js for the rest. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const { on } = window.likeness;
  const byId = api.byId;

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
        api.setParam("collection", chosen.source.collection);
        api.setParam("tag", chosen.source.tag);
      }
      if (api.map) api.engine.emphasize(chosen.ids);
      chosen.listeners.forEach((listener) => listener(about));
    },

    // how: "new", "add" or "subtract".
    merge: (ids, how) => {
      if (chosen.ids || how !== "subtract") chosen.set(window.likeness.map.joined(chosen.ids, ids, how));
    },
  });

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

  // What lies above the map and has Esc first.
  function above() {
    return document.querySelector("dialog[open], .modal.show, #kept[open], .export[open]");
  }

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
      return api.engine.find({ by: "cluster", only: [number] }).then((ids) => ids && chosen.merge(ids, how));
    }
    const ids = [];
    map.cluster.forEach((code, row) => code === number && ids.push(map.ids[row]));
    chosen.merge(ids, how);
  }

  api.onMap(() => {
    const stage = byId("map-stage");
    if (stage !== page) {
      page = stage;
      api.engine.on("selected", ({ ids, how }) => chosen.merge(ids, how));
      // Of another page that came before: a selection that was not kept is still there.
      const { collection, tag } = api.params;
      if (!collection && !tag) chosen.set(chosen.ids, chosen.source);
      else {
        chosen.ids = null;
        api.open(collection ? { collection: collection } : { tag: tag }, true);
      }
    }
    arm(tool);
    api.engine.emphasize(chosen.ids);
  });
})();
