/* How the drawing of a graph looks: its style sheet, and where the words about an image stand. */
(function () {
  "use strict";

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function style() {
    return [
      { selector: "core", style: { "active-bg-opacity": 0 } },
      {
        selector: "node",
        style: {
          width: "data(w)", height: "data(h)", shape: "rectangle",
          "background-color": token("--sunken"), "background-image": "data(src)",
          "background-fit": "contain", "background-image-containment": "inside",
          "border-width": 6, "border-color": "data(color)", "overlay-opacity": 0,
        },
      },
      {
        selector: "node.center",
        style: { "border-width": 10, "border-color": token("--text"), "z-index": 3 },
      },
      {
        selector: "edge",
        style: {
          width: "data(width)", "line-color": "data(color)", "line-opacity": 0.55,
          "curve-style": "haystack", "haystack-radius": 0, "overlay-opacity": 0,
        },
      },
      { selector: "node.dim", style: { opacity: 0.22 } },
      { selector: "edge.dim", style: { "line-opacity": 0.06 } },
      { selector: "edge.lit", style: { "line-color": token("--accent"), "line-opacity": 1, "z-index": 2 } },
      {
        selector: "node.told",
        style: {
          label: "data(told)", color: token("--text"), "font-size": "data(letters)", "font-weight": 600,
          "text-valign": "bottom", "text-margin-y": "data(lift)", "text-background-color": token("--ground"),
          "text-background-opacity": 0.9, "text-background-padding": "2px",
        },
      },
      {
        selector: "node.lit",
        style: { "border-width": 10, "border-color": token("--accent"), "z-index": 4 },
      },
      { selector: ".off", style: { display: "none" } },
    ];
  }

  // The side of a node on which a box of this size covers least of what the node is linked to.
  function beside(cy, node, wide, high) {
    const at = node.renderedBoundingBox({ includeOverlays: false });
    const shown = [node, ...node.neighborhood("node").not(".off").toArray()];
    const boxes = shown.map((one) => one.renderedBoundingBox({ includeOverlays: false }));
    const within = (value, most) => Math.max(8, Math.min(value, most - 8));
    const middle = { x: (at.x1 + at.x2 - wide) / 2, y: (at.y1 + at.y2 - high) / 2 };
    const spots = [
      { x: at.x2 + 12, y: middle.y }, { x: at.x1 - 12 - wide, y: middle.y },
      { x: middle.x, y: at.y2 + 12 }, { x: middle.x, y: at.y1 - 12 - high },
    ].map((spot) => ({ x: within(spot.x, cy.width() - wide), y: within(spot.y, cy.height() - high) }));
    const covered = (spot) => boxes.reduce((sum, box) => {
      const x = Math.min(spot.x + wide, box.x2) - Math.max(spot.x, box.x1);
      const y = Math.min(spot.y + high, box.y2) - Math.max(spot.y, box.y1);
      return sum + Math.max(0, x) * Math.max(0, y);
    }, 0);
    return spots.reduce((best, spot) => (covered(spot) < covered(best) - 1 ? spot : best));
  }

  window.likeness.graphLook = { style: style, beside: beside };
})();
