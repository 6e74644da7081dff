/* What pointer and wheel do on a map: the wheel zooms at the pointer, a drag pans (or turns, in
   space) or draws a line, two fingers zoom, a click chooses, a double click comes closer (with Shift
   it goes back), the right button or a finger that rests asks what can be done with a picture. */
(function (map) {
  "use strict";
  const NOTCH = Math.log(1.25) / 100; // a notch of the wheel, 100 px, zooms by a quarter
  const LINE = 33; // px that a line of the wheel stands for, where a browser counts lines
  const STILL = 5; // px; a pointer that moves less clicks
  const TURN = 0.008; // rad per px
  const TWICE = 2; // a double click
  const DOUBLE = 500; // ms between the two presses of one
  const CLOSE = 2e-5; // of the map's width, the narrowest view

  map.input = function (engine) {
    const { root, tip } = engine;
    const pointers = new Map(); // id → {x, y}, px of the stage
    let drag = null; // {from, moved} while one pointer is down
    let pinched = false; // until all fingers are up, so that lifting them is no tap
    let resting = null;
    let aim = null; // id of the picture that one comes closer to, as long as the pointer stays
    let namedAt = -DOUBLE; // when a name was pressed last: a second press at once is the same one
    let right = false; // whether it was a press on the map that asks for a menu, and no key

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
      const at = place(event);
      const named = !engine.view.moving() && !armed() && engine.names.at(at.x, at.y) !== null;
      const row = engine.view.moving() || named ? null : under(at);
      root.classList.toggle("over-picture", row !== null || named);
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

    // What can be done with the picture at a place.
    function ask(event) {
      const at = place(event);
      const row = under(at);
      if (row === null) return;
      tip.hide();
      engine.tell("menu", { id: engine.data.ids[row], at: [event.clientX, event.clientY] });
    }

    function menu(event) {
      if (event.shiftKey) return; // the browser's own
      event.preventDefault();
      if (right && engine.data && !stroke.drawing()) ask(event);
      right = false;
    }

    function down(event) {
      aim = null;
      right = event.button === 2 || (event.button === 0 && event.ctrlKey);
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
      if (!armed()) return window.likeness.rests(event, () => {
        drag = null; // lifting the finger is no tap
        ask(event);
      });
      const how = event.shiftKey ? "add" : event.altKey || event.ctrlKey || event.metaKey ? "subtract" : "new";
      stroke.begin(engine.tool, how, inside(drag.from));
    }

    function inside(at) {
      const { width, height } = engine.frame();
      return [Math.max(0, Math.min(width, at.x)), Math.max(0, Math.min(height, at.y))];
    }

    function go(event) {
      if (!engine.data) return;
      aim = null;
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
      if (!was || event.type !== "pointerup") return;
      if (event.timeStamp - namedAt < DOUBLE) return;
      const at = place(event);
      const name = engine.names.at(at.x, at.y);
      if (name !== null) {
        namedAt = event.timeStamp;
        return engine.tell("named", name);
      }
      const row = under(at);
      if (row !== null) engine.tell("click", engine.data.ids[row]);
    }

    function wheel(event) {
      if (!engine.data) return;
      event.preventDefault();
      tip.hide();
      const px = event.deltaY * [1, LINE, 400][event.deltaMode];
      const by = Math.exp(Math.max(-800, Math.min(800, px)) * NOTCH);
      if (!zoom(place(event), by)) return;
      rest(120);
    }

    // by: below 1 closer. Whether the view is another one then.
    function zoom(at, by) {
      if (!flat()) engine.view.nearer(1 / by);
      else {
        if (by < 1 && (engine.wall.full() || engine.view.share() < CLOSE)) return false;
        const { rows, ids } = engine.data;
        const under = aim === null && by < 1 ? engine.wall.at(at.x, at.y) : null;
        if (under !== null) aim = ids[under];
        const from = rows.has(aim) ? engine.view.pixel(rows.get(aim)) : at; // the picture stays where it is
        engine.view.drag(from, from, by);
      }
      return true;
    }

    function twice(event) {
      if (!engine.data || event.timeStamp - namedAt < 2 * DOUBLE) return;
      if (zoom(place(event), event.shiftKey ? TWICE : 1 / TWICE)) rest(0);
    }

    root.addEventListener("pointerdown", down);
    root.addEventListener("pointermove", go);
    root.addEventListener("pointerup", up);
    root.addEventListener("pointercancel", up);
    root.addEventListener("pointerleave", leave);
    root.addEventListener("wheel", wheel, { passive: false });
    root.addEventListener("dblclick", twice);
    root.addEventListener("contextmenu", menu);

    return {
      // Closer to the middle of what is free, or (by > 1) away from it.
      step: function (by) {
        if (!engine.data) return;
        const { width, height, right, bottom } = engine.frame();
        if (zoom({ x: (width - right) / 2, y: (height - bottom) / 2 }, by)) rest(0);
      },
      // The map as if dragged the other way.
      pan: function (dx, dy) {
        if (flat()) engine.view.drag({ x: dx, y: dy }, { x: 0, y: 0 }, 1);
        else engine.view.turn(dx * TURN, -dy * TURN);
        rest(120);
      },
      cancel: stroke.cancel,
      drawing: stroke.drawing,
      end: () => clearTimeout(resting),
    };
  };
})((window.likeness.map = window.likeness.map || {}));
