/* The menu of a picture in the drawing of a graph: the right button, or a finger that rests. It is that of the
   same picture in the list beside it. */
(function () {
  "use strict";

  window.likeness.graphMenu = function (cy) {
    function ask({ target, renderedPosition: at }) {
      const listed = document.querySelector(`.graph-node[data-image="${target.id()}"]`);
      const { left, top } = cy.container().getBoundingClientRect();
      if (listed) window.likeness.gallery.menuOf(listed, [left + at.x, top + at.y]);
    }

    cy.on("cxttap", "node", ask);
    cy.on("taphold", "node", (event) => window.likeness.byFinger() && ask(event));
  };
})();
