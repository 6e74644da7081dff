/* Zooming and panning one picture on a stage that clips it: wheel, two fingers, drag, double click. */
(function () {
  "use strict";
  const MOST = 16; // screen pixels per picture pixel
  const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

  // swipe(−1 or 1): a finger drew the picture aside that fits its stage. told(share): screen pixels per
  // picture pixel, or null where the picture fits.
  function zoomable(stage, { swipe, told }) {
    let picture = null;
    let [zoom, x, y] = [1, 0, 0];
    let start = null; // of a swipe
    const fingers = new Map(); // pointers that are down: id → [x, y]

    function fitted() {
      const box = stage.getBoundingClientRect();
      const width = picture.naturalWidth || Number(picture.dataset.width) || 1;
      const height = picture.naturalHeight || Number(picture.dataset.height) || 1;
      return { box: box, width: width, height: height, scale: Math.min(box.width / width, box.height / height) };
    }

    const fits = () => Math.abs(zoom - 1) < 0.001;

    function apply(fit) {
      zoom = clamp(zoom, Math.min(1, 1 / fit.scale), Math.max(1, MOST / fit.scale));
      const room = (side, whole) => Math.max(0, (side * fit.scale * zoom - whole) / 2);
      const [roomX, roomY] = [room(fit.width, fit.box.width), room(fit.height, fit.box.height)];
      [x, y] = [clamp(x, -roomX, roomX), clamp(y, -roomY, roomY)];
      picture.style.transform = fits() ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
      stage.classList.toggle("is-zoomed", !fits());
      told(fits() ? null : fit.scale * zoom);
    }

    // So that what is at (clientX, clientY) stays there; without them, the middle.
    function to(next, clientX, clientY) {
      if (!picture) return;
      const fit = fitted();
      const px = clientX === undefined ? 0 : clientX - fit.box.left - fit.box.width / 2;
      const py = clientY === undefined ? 0 : clientY - fit.box.top - fit.box.height / 2;
      const before = zoom;
      zoom = clamp(next, Math.min(1, 1 / fit.scale), Math.max(1, MOST / fit.scale));
      x = px - ((px - x) * zoom) / before;
      y = py - ((py - y) * zoom) / before;
      apply(fit);
    }

    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 20 : 1;
      to(zoom * Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), event.clientX, event.clientY);
    }, { passive: false });

    stage.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button") || event.button > 0) return;
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      start = fits() && fingers.size === 1 && event.pointerType === "touch" ? [event.clientX, event.clientY] : null;
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      const from = fingers.get(event.pointerId);
      if (!from || !picture) return;
      const at = [event.clientX, event.clientY];
      const other = [...fingers].filter(([id]) => id !== event.pointerId).map(([, one]) => one)[0];
      fingers.set(event.pointerId, at);
      if (other) {
        const apart = (one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
        to((zoom * apart(at)) / apart(from), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
      } else if (!fits()) {
        [x, y] = [x + at[0] - from[0], y + at[1] - from[1]];
        apply(fitted());
      }
    });
    const lift = (event) => {
      fingers.delete(event.pointerId);
      if (!start || event.type !== "pointerup") return;
      const [over, along] = [event.clientX - start[0], event.clientY - start[1]];
      if (Math.abs(over) > 48 && Math.abs(over) > 2 * Math.abs(along)) swipe(over < 0 ? 1 : -1);
      start = null;
    };
    stage.addEventListener("pointerup", lift);
    stage.addEventListener("pointercancel", lift);
    stage.addEventListener("dblclick", (event) => {
      if (event.target.closest("button") || !picture) return;
      to(fits() ? 1 / fitted().scale : 1, event.clientX, event.clientY);
    });

    return {
      // Another picture, whole.
      of: function (next) {
        picture = next;
        [zoom, x, y] = [1, 0, 0];
        stage.classList.remove("is-zoomed");
        told(null);
      },
      by: (factor) => to(zoom * factor),
      fit: () => to(1),
      full: () => picture && to(1 / fitted().scale),
    };
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { zoomable: zoomable });
})();
