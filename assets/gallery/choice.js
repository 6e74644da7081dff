/* Which pictures of a list are chosen, as the files of a folder are: a click with Ctrl takes one in or
   out, with Shift all from the last one on, a rubber band what it touches. By id, so that sorting
   the list anew leaves the choice as it is. */
(function () {
  "use strict";

  // told(): called after each change.
  function choice(told) {
    let ids = new Set();
    let anchor = null; // id of what was last taken in or out by itself
    const put = (next) => {
      ids = next;
      told();
    };

    return {
      get ids() { return ids; },
      get size() { return ids.size; },
      has: (id) => ids.has(id),
      // In the order of a list, each once.
      list: (order) => Array.from(new Set(order)).filter((id) => ids.has(id)),

      toggle: function (id) {
        anchor = id;
        const next = new Set(ids);
        if (!next.delete(id)) next.add(id);
        put(next);
      },

      // From the anchor to this one, besides what is chosen or instead of it.
      range: function (order, index, besides) {
        const from = anchor === null ? index : order.indexOf(anchor);
        const [low, high] = from < 0 ? [index, index] : [Math.min(from, index), Math.max(from, index)];
        if (anchor === null || from < 0) anchor = order[index];
        const next = besides ? new Set(ids) : new Set();
        for (let i = low; i <= high; i++) next.add(order[i]);
        put(next);
      },

      // What a rubber band touches; before: what was chosen when it began, or nothing.
      band: (touched, before) => put(new Set([...(before || []), ...touched])),
      only: function (given) {
        anchor = given.length === 1 ? given[0] : anchor;
        put(new Set(given));
      },
      all: (order) => put(new Set(order)),
      clear: function () {
        anchor = null;
        if (ids.size) put(new Set());
      },
      // Those that are no longer in the list go.
      among: function (order) {
        if (!ids.size) return;
        const there = new Set(order);
        const next = new Set(Array.from(ids).filter((id) => there.has(id)));
        if (next.size !== ids.size) put(next);
      },
    };
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { choice: choice });
})();
