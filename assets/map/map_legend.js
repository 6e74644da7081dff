/* The legend of the map, below it. See map.js for the rest. */
(function () {
  "use strict";
  const { likeness } = window;
  const api = likeness.mapPage;
  const images = (count) => `${count.toLocaleString("en")} ${count === 1 ? "image" : "images"}`;
  const title = (count) => `${images(count)}. Click hides or shows, double click isolates.`;

  // While other colors are on their way the last legend stays, as the last colors do.
  api.legend = function (coloring) {
    const { engine } = api;
    const box = api.byId("map-legend");
    const waiting = coloring.kind === "waiting" && !coloring.error;
    box.inert = waiting;
    api.byId("map-coloring-busy").hidden = !waiting;
    if (waiting) return;
    box.replaceChildren(...likeness.map.legend(coloring, engine.data.facts, engine.data.total, {
      what: "toggle", title: title,
    }));
    likeness.oneStop(box, ".map-entry", true);
    engine.hide(api.hidden());
    api.settle();
  };
})();
