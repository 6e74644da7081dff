/* The filters on the map: points of images that do not pass step back, and the address keeps the conditions.
   See assets/facets/facets.js. */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const { on, url } = window.likeness;
  let bits = null; // a bit for each image id, or null: all pass
  let of = ""; // the conditions that they are of
  let asking = null;

  const facets = () => window.likeness.facets; // loaded earlier or later

  function show() {
    if (api.map) api.engine.within(bits, of);
  }

  // anew: what passes may be something else by now.
  function follow(anew) {
    if (!api.byId("map-stage")) return;
    const { where } = facets();
    if (api.map) api.setParam("where", where);
    if (asking) asking.abort();
    if (!where) {
      [bits, of] = [null, ""];
      return show();
    }
    if (where === of && bits && !anew) return show();
    const mine = (asking = new AbortController());
    fetch(url(`/facets/passing?${new URLSearchParams({ where: where })}`), { signal: mine.signal })
      .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer)))
      .then((data) => {
        [bits, of] = [new Uint8Array(data), where];
        show();
      })
      .catch(() => null); // the panel says why
  }

  on("likeness:facets", null, () => follow(false));
  on("likeness:acted", null, () => bits && follow(true)); // what is noted may be what is filtered by
  api.onMap(() => {
    if (!facets() || !api.byId("facets")) return;
    if (facets().where === of) show();
    else follow(false);
  });
})();
