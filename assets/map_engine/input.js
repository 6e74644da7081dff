/* What pointer and wheel do on a map: the wheel zooms at the pointer, a drag pans (or turns, in
   space) or draws a line, two fingers zoom, a click chooses, a double click shows the whole map. */
(function (map) {
  "use strict";
  const NOTCH = Math.log(1.25) / 100; // a notch of the wheel, 100 px, zooms by a quarter
  const LINE = 33; // px that a line of the wheel stands for, where a browser counts lines
  const STILL = 5; // px; a pointer that moves less clicks
  const TURN = 0.008; // rad per px

  map.input = function (engine) {
    const { root, tip } = engine;
    const pointers = new Map(); // id → {x, y}, px of the stage
    let drag = null; // {from, moved} while one pointer is down
    let pinched = false; // until all fingers are up, so that lifting them is no tap
    let resting = null;

    const stroke = map.stroke(engine, (path, how) => engine.select(path, how));
    const flat = () => engine.data && engine.data.dim === 2;
    const armed = () => engine.tool !== "pan" && flat();

    function place(event) {
      const box = root.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    function rest(after) {
      clearTimeout(resting);
      resting = setTimeout(() => engine.view.rest(), after);
    }

    function under(at) {
      const picture = engine.wall.at(at.x, at.y);
      return picture === null ? engine.pick(at.x, at.y) : picture;
    }

    function hover(event) {
      if (event.pointerType === "touch") return;
      const row = engine.view.moving() ? null : under(place(event));
      root.classList.toggle("over-picture", row !== null);
      if (row === null) tip.hide();
      else tip.show(row, event);
      engine.tell("hover", row === null ? null : engine.data.ids[row]);
    }

    function leave() {
      tip.hide();
      root.classList.remove("over-picture");
      engine.tell("hover", null);
    }

    function pinch(before) {
      if (pointers.size !== 2) return;
      const [a, b] = pointers.values();
      const now = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.max(8, Math.hypot(a.x - b.x, a.y - b.y)) };
      if (before && flat()) engine.view.drag(before, now, before.apart / now.apart);
      else if (before) engine.view.nearer(now.apart / before.apart);
      pinch.last = now;
    }

    function down(event) {
      if (event.button !== 0 || !engine.data) return;
      pointers.set(event.pointerId, place(event));
      root.setPointerCapture(event.pointerId);
      tip.hide();
      if (pointers.size > 1) {
        stroke.cancel();
        pinched = true;
        drag = null;
        return pinch(null);
      }
      pinched = false;
      drag = { from: place(event), moved: false, last: place(event) };
      if (!armed()) return;
      const how = event.shiftKey ? "add" : event.altKey || event.ctrlKey || event.metaKey ? "subtract" : "new";
      stroke.begin(engine.tool, how, inside(drag.from));
    }

    function inside(at) {
      const { width, height } = engine.frame();
      return [Math.max(0, Math.min(width, at.x)), Math.max(0, Math.min(height, at.y))];
    }

    function go(event) {
      if (!engine.data) return;
      if (!pointers.has(event.pointerId)) return event.buttons ? undefined : hover(event);
      const at = place(event);
      pointers.set(event.pointerId, at);
      if (pointers.size > 1) return pinch(pinch.last);
      if (!drag) return;
      if (stroke.drawing()) return stroke.go(inside(at));
      drag.moved = drag.moved || Math.hypot(at.x - drag.from.x, at.y - drag.from.y) >= STILL;
      if (flat()) engine.view.drag(drag.last, at, 1);
      else engine.view.turn((drag.last.x - at.x) * TURN, (at.y - drag.last.y) * TURN);
      drag.last = at;
    }

    function up(event) {
      if (!pointers.delete(event.pointerId)) return;
      const was = drag;
      drag = null;
      const drawn = stroke.drawing() && stroke.end();
      if (pointers.size) return;
      if (was && (drawn || was.moved) || pinched) return rest(0);
      const row = was && event.type === "pointerup" ? under(place(event)) : null;
      if (row !== null) engine.tell("click", engine.data.ids[row]);
    }

    function wheel(event) {
      if (!engine.data) return;
      event.preventDefault();
      tip.hide();
      const px = event.deltaY * [1, LINE, 400][event.deltaMode];
      const by = Math.exp(Math.max(-800, Math.min(800, px)) * NOTCH);
      if (flat()) engine.view.drag(place(event), place(event), by);
      else engine.view.nearer(1 / by);
      rest(120);
    }

    root.addEventListener("pointerdown", down);
    root.addEventListener("pointermove", go);
    root.addEventListener("pointerup", up);
    root.addEventListener("pointercancel", up);
    root.addEventListener("pointerleave", leave);
    root.addEventListener("wheel", wheel, { passive: false });
    root.addEventListener("dblclick", () => engine.view.reset());

    return {
      cancel: stroke.cancel,
      drawing: stroke.drawing,
      end: () => clearTimeout(resting),
    };
  };
})((window.likeness.map = window.likeness.map || {}));
