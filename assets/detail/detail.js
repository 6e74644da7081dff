/* The Image page in the browser: zooming the picture, previous and next by keys. */
(function () {
  "use strict";
  const { bind, on, zoomable } = window.likeness;
  const STEP = 1.5;

  const zoom = zoomable("#detail-view", ".detail-picture", { scrolls: true, told: (share, fits, stage) => {
    stage.querySelector(".detail-scale").textContent = fits ? "" : `${Math.round(share * 100)}%`;
    const full = Math.abs(share - 1) < 0.001;
    stage.querySelectorAll("[data-zoom-to]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.zoomTo === "full" ? full : fits && !full));
    });
  } });

  on("click", "[data-zoom-to]", (button) => zoom[button.dataset.zoomTo]());

  function close() {
    const from = window.likeness.from;
    const id = new URLSearchParams(location.search).get("image");
    const to = from || { path: "/", search: id ? `?image=${encodeURIComponent(id)}` : "" };
    window.likeness.visit(to.path, to.search, true);
  }

  function follow(selector) {
    const link = document.querySelector(selector);
    // A key held down must not ask for the same image again while it is on its way.
    if (link && link.href !== location.href) link.click();
  }

  bind("/detail", {
    larger: () => zoom.by(STEP), smaller: () => zoom.by(1 / STEP),
    fit: zoom.fit, full: () => zoom.full(), close: close,
    previous: () => follow(".detail-left"), next: () => follow(".detail-right"),
  });
})();
