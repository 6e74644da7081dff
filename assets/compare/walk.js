/* The walk of the Compare page: through what two embeddings disagree on. See
   dashboard/pages/compare/disagree.py; the columns are in columns.js, the linked maps in compare_maps.js. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const none = () => window.dash_clientside.no_update;
  const byId = (id) => document.getElementById(id);

  // The arrow keys are its two buttons, except where they have something else to do.
  const TAKEN = "input, select, textarea, .pictures, [contenteditable], dialog, [role=dialog]";
  function walk(event) {
    const name = { ArrowLeft: "compare-previous", ArrowRight: "compare-next" }[event.key];
    const button = name && byId(name);
    if (!button || button.disabled || (event.target.closest && event.target.closest(TAKEN))) return false;
    button.click();
    return true;
  }
  on("keydown", null, (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (walk(event)) event.preventDefault();
  });

  // For Dash

  // Where the walk goes on: the next or previous image, or one chosen.
  function goto(previous, next, chosen, near, a, b, order) {
    const context = window.dash_clientside.callback_context;
    const cause = context.triggered[0];
    if (!cause || !cause.value) return none();
    const id = context.triggered_id;
    const stepped = typeof id === "string";
    // Dash drops the answer under way when it is asked again: a key held down would show nothing.
    if (stepped && window.likeness.answers.pending("compare-walk.children")) return none();
    const image = !stepped ? id.image : near[id === "compare-next" ? "next" : "previous"];
    return { image: image, of: `${a} ${b} ${order}`, step: stepped };
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compare: { goto: goto, follow: (shown) => shown || none() },
  });
})();
