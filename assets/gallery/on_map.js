/* The pictures of a map have the menu and the viewer of those in a gallery. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const AROUND = 60; // pictures that the viewer's arrows lead on to

  // What menu and viewer ask of a gallery: a picture, and those nearest to it on the map.
  function around(engine, id) {
    const { data } = engine;
    const row = data.rows.get(id);
    const near = row === undefined ? [] : window.likeness.map.around(data, row, AROUND, engine.hides);
    const ids = Int32Array.from([id, ...near]);
    return {
      ids: ids, options: {}, chosen: window.likeness.gallery.choice(() => {}), still: true, focused: 0,
      indexOf: (one) => ids.indexOf(one), link: () => engine.root,
      focus: (index) => {
        engine.root.focus({ preventScroll: true });
        engine.mark({ pointed: ids[index] }); // where the one is that was looked at last
      },
    };
  }

  // All that is selected, if the picture is of it.
  const meant = (engine, id) => (engine.chosen && engine.chosen.includes(id) ? Array.from(engine.chosen) : [id]);

  // A finger that opened the menu gives the keyboard to the map as it is lifted.
  on("pointerup", ".map-graph", () => setTimeout(window.likeness.gallery.menuFocused));

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    // at: [x, y] in the window.
    menuOnMap: (engine, { id, at }) => window.likeness.gallery.menu(around(engine, id), meant(engine, id), at),
    viewOnMap: (engine, id) => window.likeness.gallery.view(around(engine, id), 0),
  });
})();
