/* The galleries of the walk through disagreements: what comes next on it, and the nearest by two embeddings.
   See dashboard/pages/compare/walked.py. */
(function () {
  "use strict";
  const { url } = window.likeness;
  const { make } = window.likeness.elements;
  const USUAL = () => (window.innerWidth < 2000 ? 128 : 208); // px a row: ten pictures fill a wide screen
  const NEXT = 80; // of those that the walk passes next
  const none = () => window.dash_clientside.no_update;
  let around = null; // the gallery of those, which stays while one steps through it
  let rows = [];

  const shapes = (shown) => Float32Array.from(shown, (one) => one.shape / 1000);
  const ids = (shown) => Int32Array.from(shown, (one) => one.id);

  // The walk goes to a picture of the strip as by a step that can be taken back.
  function go(id) {
    const walk = ["compare-a", "compare-b"].map((field) => document.getElementById(field).value);
    const order = document.querySelector("#compare-order input:checked").value;
    window.dash_clientside.set_props("compare-at", { data: { image: id, of: [...walk, order].join(" "), step: false } });
  }

  function strip(box, told, own) {
    const known = new Map(told.shown.map((one) => [one.id, one]));
    const had = around && box.contains(around.grid) && around.grid.contains(document.activeElement);
    around = window.likeness.gallery.create(box, {
      label: told.title, size: NEXT, placeless: true, look: { card: "compare-next", link: "compare-around" }, open: go,
      href: (id) => known.get(id).href,
      name: (id) => {
        const { at, shared, of, name } = known.get(id);
        return `Number ${at}, ${name}: ${shared} of ${of} in common`;
      },
      dress: (card, id) => {
        const link = card.querySelector("a");
        if (id === own) link.setAttribute("aria-current", "true");
        link.append(make("span", { className: "compare-badge", "aria-hidden": "true" }, String(known.get(id).shared)));
      },
    });
    around.show(ids(told.shown), { ratios: shapes(told.shown), key: "compare around" });
    if (had) around.focus(around.indexOf(own));
  }

  function row(box, told, own) {
    const known = new Map(told.shown.map((one) => [one.id, one]));
    const g = window.likeness.gallery;
    return g.create(box, {
      label: `Closest by ${told.title}`, size: g.sizeOf("walk", USUAL()), placeless: true, leads: true,
      look: { card: "compare-near", link: "compare-picture" }, why: () => Object.assign({ image: own }, told.by && { [told.by]: 1 }), href: (id) => url(`/compare?image=${id}`),
      name: (id) => {
        const { rank, name, both } = known.get(id);
        return `${told.title}, number ${rank}: ${name}${both ? " · in both" : ""}`;
      },
      dress: (card, id) => card.classList.toggle("compare-common", known.get(id).both),
    }).show(ids(told.shown), { ratios: shapes(told.shown), key: `compare near ${told.title}` });
  }

  function show(told) {
    const box = document.getElementById("compare-strip");
    if (!told || !box) return none();
    strip(box, told.around, told.own);
    rows = Array.from(document.querySelectorAll(".compare-row"), (place, at) => row(place, told.rows[at], told.own));
    const sized = { size: rows[0].size, resize: (px) => rows.forEach((list) => list.resize(px)) };
    document.getElementById("walk-tools").replaceChildren(window.likeness.gallery.slider(sized, "walk"));
    return none();
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { compareWalked: { show: show } });
})();
