/* What kind of thing is wanted: a button of dashboard/pages/search/things.py is a filter. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const COLUMN = "thing";

  on("click", "[data-thing]", (button) => {
    window.likeness.facets.change(COLUMN, [{ column: COLUMN, values: [button.dataset.thing] }]);
  });
})();
