/* One dispatcher of events: the document listens once for each kind, and pages say what of it is
   theirs by `likeness.on`. They come and go, and Dash draws parts of them anew, so nothing
   can listen on the parts themselves.

     on("click", "#map-close", (button, event) => …)   what was met, or is around it, fits the selector
     on("keydown", null, (event) => …)                 wherever it happened
     on("change", "#map-color", (field, event) => …, true)   on its way down, before others hear of it
     does(".search", { clear: (button, event) => … })  a press of a button with data-does in there

   Handlers are called in the order they were given; one that stops the event stops it for those
   after it, and one that fails does not keep the others from theirs. */
(function () {
  "use strict";
  const handlers = new Map(); // "type capture" → [{selector, work}]

  function call({ selector, work }, event) {
    if (selector === null) return work(event);
    const met = event.target.closest && event.target.closest(selector);
    return met ? work(met, event) : undefined;
  }

  function dispatch(mine, event) {
    for (const handler of mine) {
      try {
        call(handler, event);
      } catch (error) {
        reportError(error);
      }
      if (event.cancelBubble) return; // it was stopped
    }
  }

  function on(type, selector, work, capture = false) {
    const kind = `${type} ${capture}`;
    if (!handlers.has(kind)) {
      const mine = [];
      handlers.set(kind, mine);
      // A wheel that zooms must be able to keep the page from scrolling.
      document.addEventListener(type, (event) => dispatch(mine, event), { capture: capture, passive: false });
    }
    handlers.get(kind).push({ selector: selector, work: work });
  }

  // The table may grow later: what it says is looked up when a button is pressed.
  function does(within, table) {
    on("click", "button[data-does]", (button, event) => {
      const work = button.closest(within) && table[button.dataset.does];
      if (work) work(button, event);
    });
  }

  Object.assign(window.likeness, { on: on, does: does });
})();
