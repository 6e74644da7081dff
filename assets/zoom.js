/* Zooming and panning one picture on a stage that clips it: wheel, two fingers, drag, double click.

   At rest the picture fits its stage, by CSS alone. Zoomed, it is scaled by `zoom` about the
   middle of the stage and moved by (x, y) px. Stage and picture come and go. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const MOST = 16; // screen pixels per picture pixel
  const SWIPE = 48; // px
  const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

  // view, image: selectors of the stage and of the picture on it. told(share, fits, stage): screen pixels per
  // picture pixel. swipe(−1 or 1): a finger drew the picture aside that fits its stage. scrolls: while
  // the picture fits, the wheel is the page's; a pinch on a touchpad comes with Ctrl.
  window.likeness.zoomable = function (view, image, { told, swipe, scrolls }) {
    let picture = null; // what the state is about
    let [zoom, x, y] = [1, 0, 0];
    let start = null; // of a swipe
    let dragged = false;
    let waiting = []; // what was asked for before the size of the picture was known
    const fingers = new Map(); // pointers that are down: id → [x, y]

    const stage = () => document.querySelector(view);
    const zoomed = () => stage().classList.contains("is-zoomed");
    const fits = () => Math.abs(zoom - 1) < 0.001;

    function current() {
      const found = document.querySelector(`${view} ${image}`);
      if (found !== picture) {
        [picture, zoom, x, y] = [found, 1, 0, 0];
        waiting = [];
        fingers.clear();
        if (picture) stage().classList.remove("is-zoomed");
      }
      return picture;
    }

    // Screen pixels per picture pixel where the picture fits; nothing while its size is not known.
    function fitted() {
      const box = stage().getBoundingClientRect();
      const width = picture.naturalWidth || Number(picture.dataset.width);
      const height = picture.naturalHeight || Number(picture.dataset.height);
      if (!width || !height) return null;
      return { box: box, width: width, height: height, scale: Math.min(box.width / width, box.height / height) };
    }

    const within = (fit, next) => clamp(next, Math.min(1, 1 / fit.scale), Math.max(1, MOST / fit.scale));

    function apply(fit) {
      zoom = within(fit, zoom);
      const room = (side, whole) => Math.max(0, (side * fit.scale * zoom - whole) / 2);
      const [roomX, roomY] = [room(fit.width, fit.box.width), room(fit.height, fit.box.height)];
      [x, y] = [clamp(x, -roomX, roomX), clamp(y, -roomY, roomY)];
      picture.style.transform = fits() ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
      stage().classList.toggle("is-zoomed", roomX > 0 || roomY > 0);
      told(fit.scale * zoom, fits(), stage());
    }

    // So that what is at (clientX, clientY) stays there; without them, the middle.
    function to(next, clientX, clientY) {
      if (!current()) return;
      const fit = fitted();
      if (!fit) return;
      const px = clientX === undefined ? 0 : clientX - fit.box.left - fit.box.width / 2;
      const py = clientY === undefined ? 0 : clientY - fit.box.top - fit.box.height / 2;
      const before = zoom;
      zoom = within(fit, next);
      x = px - ((px - x) * zoom) / before;
      y = py - ((py - y) * zoom) / before;
      apply(fit);
    }

    // Now, or as soon as the picture is there: a key may come before it.
    function soon(work) {
      if (!current()) return;
      if (fitted()) work();
      else waiting.push(work);
    }
    on("load", `${view} ${image}`, (met) => met === current() && waiting.splice(0).forEach((work) => work()), true);

    const full = (clientX, clientY) => soon(() => to(1 / fitted().scale, clientX, clientY));
    const fit = () => {
      waiting = [];
      to(1);
    };

    on("wheel", view, (met, event) => {
      if (!current() || (scrolls && !event.ctrlKey && !zoomed())) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 20 : 1;
      to(zoom * Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), event.clientX, event.clientY);
    });

    on("pointerdown", view, (met, event) => {
      if (!current() || event.target.closest("button") || event.button > 0) return;
      const at = [event.clientX, event.clientY];
      fingers.set(event.pointerId, at);
      dragged = false;
      start = swipe && fits() && fingers.size === 1 && event.pointerType === "touch" ? at : null;
      if (start || fingers.size > 1 || zoomed()) met.setPointerCapture(event.pointerId);
    });

    on("pointermove", null, (event) => {
      const from = fingers.get(event.pointerId);
      if (!from || !current()) return;
      const at = [event.clientX, event.clientY];
      const other = [...fingers].filter(([id]) => id !== event.pointerId).map(([, one]) => one)[0];
      fingers.set(event.pointerId, at);
      dragged = dragged || Math.hypot(at[0] - from[0], at[1] - from[1]) > 2;
      if (other) {
        const apart = (one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
        to((zoom * apart(at)) / apart(from), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
      } else if (zoomed()) {
        [x, y] = [x + at[0] - from[0], y + at[1] - from[1]];
        apply(fitted());
      }
    });

    const lift = (event) => {
      if (!fingers.delete(event.pointerId) || !start) return;
      const [over, along] = [event.clientX - start[0], event.clientY - start[1]];
      start = null;
      if (event.type !== "pointerup" || Math.abs(over) <= SWIPE || Math.abs(over) <= 2 * Math.abs(along)) return;
      swipe(over < 0 ? 1 : -1);
    };
    on("pointerup", null, lift);
    on("pointercancel", null, lift);

    on("dblclick", view, (met, event) => {
      if (!current() || event.target.closest("button") || dragged) return;
      if (fits()) full(event.clientX, event.clientY);
      else to(1, event.clientX, event.clientY);
    });
    window.addEventListener("resize", () => current() && fitted() && apply(fitted()));

    return { by: (factor) => soon(() => to(zoom * factor)), fit: fit, full: full };
  };
})();
