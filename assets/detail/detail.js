/* The Image page in the browser: zooming and panning the picture, previous and next by keys.

   At rest the picture fits its stage, by CSS alone. Zoomed, it is scaled by `zoom` about the
   middle of the stage and moved by (x, y) px. */
(function () {
  "use strict";
  const { bind, on } = window.likeness;
  const MOST = 16; // screen pixels per picture pixel
  const STEP = 1.5;

  let picture = null; // what the state is about
  let zoom = 1;
  let x = 0;
  let y = 0;
  const fingers = new Map(); // pointers that are down: id → [x, y]
  let dragged = false;

  const stage = () => document.getElementById("detail-view");

  function current() {
    const found = document.querySelector("#detail-view .detail-picture");
    if (found !== picture) {
      [picture, zoom, x, y] = [found, 1, 0, 0];
      fingers.clear();
    }
    return picture;
  }

  // Screen pixels per picture pixel where the picture fits.
  function fitted() {
    const box = stage().getBoundingClientRect();
    const width = picture.naturalWidth || Number(picture.dataset.width);
    const height = picture.naturalHeight || Number(picture.dataset.height);
    const scale = Math.min(box.width / width, box.height / height);
    return { box: box, width: width, height: height, scale: scale };
  }

  function clamp(value, least, most) {
    return Math.min(most, Math.max(least, value));
  }

  function apply() {
    const fit = fitted();
    zoom = clamp(zoom, Math.min(1, 1 / fit.scale), Math.max(1, MOST / fit.scale));
    const room = (side, whole) => Math.max(0, (side * fit.scale * zoom - whole) / 2);
    const [roomX, roomY] = [room(fit.width, fit.box.width), room(fit.height, fit.box.height)];
    [x, y] = [clamp(x, -roomX, roomX), clamp(y, -roomY, roomY)];
    const isFit = Math.abs(zoom - 1) < 0.001;
    picture.style.transform = isFit ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
    stage().classList.toggle("is-zoomed", roomX > 0 || roomY > 0);
    const share = fit.scale * zoom;
    stage().querySelector(".detail-scale").textContent = isFit ? "" : `${Math.round(share * 100)}%`;
    stage().querySelectorAll("[data-zoom-to]").forEach((button) => {
      const full = Math.abs(share - 1) < 0.001;
      button.setAttribute("aria-pressed", String(button.dataset.zoomTo === "full" ? full : isFit && !full));
    });
  }

  // Zoom so that what is at (clientX, clientY) stays there; without them, the middle.
  function zoomTo(next, clientX, clientY) {
    if (!current()) return;
    const fit = fitted();
    const px = clientX === undefined ? 0 : clientX - fit.box.left - fit.box.width / 2;
    const py = clientY === undefined ? 0 : clientY - fit.box.top - fit.box.height / 2;
    const before = zoom;
    zoom = clamp(next, Math.min(1, 1 / fit.scale), Math.max(1, MOST / fit.scale));
    x = px - ((px - x) * zoom) / before;
    y = py - ((py - y) * zoom) / before;
    apply();
  }

  function show(which, clientX, clientY) {
    if (current()) zoomTo(which === "full" ? 1 / fitted().scale : 1, clientX, clientY);
  }

  // At rest the wheel scrolls the page, as everywhere; a pinch on a touchpad comes with Ctrl.
  on("wheel", "#detail-view", (view, event) => {
    if (!current() || !(event.ctrlKey || stage().classList.contains("is-zoomed"))) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 20 : 1;
    const speed = event.ctrlKey ? 0.01 : 0.002;
    zoomTo(zoom * Math.exp(-event.deltaY * lines * speed), event.clientX, event.clientY);
  });

  on("pointerdown", "#detail-view", (view, event) => {
    if (!current() || event.target.closest("button") || event.button > 0) return;
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    dragged = false;
    const moves = fingers.size > 1 || stage().classList.contains("is-zoomed");
    if (moves) stage().setPointerCapture(event.pointerId);
  });

  on("pointermove", null, (event) => {
    const from = fingers.get(event.pointerId);
    if (!from || !current()) return;
    const to = [event.clientX, event.clientY];
    const other = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at)[0];
    fingers.set(event.pointerId, to);
    dragged = dragged || Math.hypot(to[0] - from[0], to[1] - from[1]) > 2;
    if (other) {
      const apart = (at) => Math.max(1, Math.hypot(at[0] - other[0], at[1] - other[1]));
      zoomTo((zoom * apart(to)) / apart(from), (to[0] + other[0]) / 2, (to[1] + other[1]) / 2);
    } else if (stage().classList.contains("is-zoomed")) {
      [x, y] = [x + to[0] - from[0], y + to[1] - from[1]];
      apply();
    }
  });

  const lift = (event) => fingers.delete(event.pointerId);
  on("pointerup", null, lift);
  on("pointercancel", null, lift);

  on("click", "[data-zoom-to]", (button) => show(button.dataset.zoomTo));
  on("dblclick", "#detail-view", (view, event) => {
    if (!current() || event.target.closest("button") || dragged) return;
    const isFit = Math.abs(zoom - 1) < 0.001;
    show(isFit ? "full" : "fit", event.clientX, event.clientY);
  });
  window.addEventListener("resize", () => current() && apply());

  // Keys

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
    larger: () => zoomTo(zoom * STEP), smaller: () => zoomTo(zoom / STEP),
    fit: () => show("fit"), full: () => show("full"), close: close,
    previous: () => follow(".detail-left"), next: () => follow(".detail-right"),
  });
})();
