/* Closer, back, the whole map, whether names stand on it, and the map as a file: buttons at the edge
   of the map, and keys. See map.js for the rest. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const STEP = 1.5; // of a press

  const named = () => api.params.names !== "0";

  function show() {
    const button = api.byId("map-names");
    if (button) button.setAttribute("aria-pressed", String(named()));
    if (!api.map) return;
    api.engine.names.toggle(named());
    const take = api.byId("map-take");
    if (take) take.href = window.likeness.url(`/export/map/${encodeURIComponent(api.map.name)}.html`);
  }

  const acts = {
    closer: () => api.map && api.engine.input.step(1 / STEP),
    farther: () => api.map && api.engine.input.step(STEP),
    whole: () => {
      const button = api.byId("map-reset");
      if (button) button.click();
    },
    names: () => {
      api.setParam("names", named() ? "0" : null);
      show();
    },
  };

  window.likeness.bind("/", acts);
  window.likeness.on("click", "[data-zooms]", (button) => acts[button.dataset.zooms]());
  api.onMap(show);
})();
