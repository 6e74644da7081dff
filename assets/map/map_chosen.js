/* What the panel of the chosen image says that only the browser knows: its cluster, how its true
   neighbors and those on the map agree, and lines between them. See map.js for the rest. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const { on } = window.likeness;
  let lines = false;

  function within() {
    const box = api.byId("map-in");
    const row = api.map.rows.get(api.image);
    if (!box) return;
    const number = row === undefined ? undefined : api.map.cluster[row];
    const title = (api.clusters.titles || [])[number];
    const { make } = api.notes;
    box.replaceChildren(...(number === -1 ? ["In no cluster"] : !title ? [] : [
      "In ", make("button", { type: "button", className: "card-link", title: `Zoom to ${title}`,
        data: { cluster: number } }, title),
    ]));
  }

  function agree() {
    const here = api.byId("map-here");
    if (!here) return;
    const nearby = api.engine.marks.nearby();
    here.parentElement.hidden = !nearby.length;
    const both = nearby.filter((id) => api.found.includes(id)).length;
    here.textContent = `nearest on the map (${both} of ${nearby.length} are both)`;
    api.byId("map-lines").setAttribute("aria-pressed", String(lines));
  }

  api.panel = function () {
    if (!api.map || api.image === null) return;
    within();
    agree();
    const list = document.querySelector("#map-panel .justified");
    if (list) window.likeness.oneStop(list, ".match", false);
  };

  on("click", "#map-in [data-cluster]", (button) => api.map && api.zoomTo(Number(button.dataset.cluster)));
  on("click", "#map-lines", () => {
    if (!api.map) return;
    lines = !lines;
    api.engine.marks.toggle(lines);
    agree();
  });
  api.onMap(() => {
    api.engine.marks.toggle(lines);
    api.panel();
  });
})();
