/* What keys, mouse and fingers do in a gallery: open, choose (Ctrl, Shift, a rubber band, a long press),
   drag along, and the menu. */
(function () {
  "use strict";
  const { make } = window.likeness.elements;
  const { on } = window.likeness;
  const FAR = 6; // px that a pointer moves before it draws a band
  const EDGE = 48; // px from the edge of the view where a band scrolls it
  const WORDS = "a, button, input, select, label, header, .picture-words"; // where no band begins
  const STEPS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];
  const TYPE = "application/x-likeness";

  const idOf = (element) => {
    const cell = element.closest && element.closest("[role=gridcell][data-image]");
    return cell ? Number(cell.dataset.image) : null;
  };

  // The pictures that an act at one of them is about: all that are chosen, if it is one of them.
  const meant = (list, id) => (id !== null && !list.chosen.has(id) ? [id] : list.chosen.list(list.ids));

  function pointer(list) {
    const g = window.likeness.gallery;
    const { grid, options } = list;
    let longed = false; // whether the click to come is the end of a long press

    function open(id, index) {
      if (options.open) options.open(id, index);
      else g.view(list, index);
    }

    grid.addEventListener("click", (event) => {
      const id = idOf(event.target);
      if (id === null) return;
      const index = list.at(event.target);
      const check = event.target.closest(".picture-choose");
      const link = event.target.closest("a.picture");
      if (!check && !link) return;
      if (longed) event.preventDefault();
      else if (event.shiftKey) list.chosen.range(list.ids, index, event.ctrlKey || event.metaKey);
      else if (check || event.ctrlKey || event.metaKey) list.chosen.toggle(id);
      else if (window.likeness.byFinger() && event.detail && list.chosen.size) list.chosen.toggle(id);
      else if (options.open || !options.leads) open(id, index);
      else return; // the link leads on
      longed = false;
      event.preventDefault();
      list.focused = index;
    });

    // Fingers: a long press chooses, and shows what can be done.
    grid.addEventListener("pointerdown", (event) => {
      longed = false;
      const id = idOf(event.target);
      if (id !== null) window.likeness.rests(event, () => {
        longed = true;
        if (!list.chosen.has(id)) list.chosen.toggle(id);
        g.menu(list, meant(list, id), [event.clientX, event.clientY]);
      });
    });
    ["pointerup", "pointercancel"].forEach((type) => grid.addEventListener(type, () => {
      if (longed) setTimeout(g.menuFocused); // lifting the finger gives it to the picture
    }));
    grid.addEventListener("contextmenu", (event) => {
      const id = idOf(event.target);
      if (id === null || event.shiftKey) return; // with Shift the browser's own
      event.preventDefault();
      if (longed || window.likeness.byFinger()) return void setTimeout(g.menuFocused); // the finger's own menu comes, or is there
      list.focused = list.at(event.target);
      g.menu(list, meant(list, id), [event.clientX, event.clientY]);
    });

    // Keys

    grid.addEventListener("focusin", (event) => {
      const id = idOf(event.target);
      if (id !== null) list.focused = list.at(event.target);
    });

    grid.addEventListener("keydown", (event) => {
      const id = idOf(event.target);
      if (id === null || event.altKey || event.target.matches("input")) return;
      if (!key(event, id, list.at(event.target))) return;
      event.preventDefault();
      event.stopPropagation();
    });

    // Why it is a match, where it is one.
    function asks(id) {
      const fits = g.acts.why.fits([id], list);
      if (fits) g.perform("why", [id], { list: list });
      return fits;
    }

    function key(event, id, index) {
      const ctrl = event.ctrlKey || event.metaKey;
      if (STEPS.includes(event.key) && !ctrl) {
        const to = list.step(index, event.key);
        if (to === null) return false;
        if (event.shiftKey) {
          if (!list.chosen.size) list.chosen.toggle(id);
          list.chosen.range(list.ids, to, false);
        }
        list.focus(to);
        return true;
      }
      if (event.key === "a" && ctrl) list.chosen.all(list.ids);
      else if (event.key === " " && ctrl) list.chosen.toggle(id);
      else if (event.target.closest("button")) return false; // it is pressed
      else if (event.key === " " && event.shiftKey) list.chosen.range(list.ids, index, true);
      else if (event.key === " ") g.view(list, index);
      else if (event.key === "Enter" && !ctrl && (options.open || !options.leads)) open(id, index);
      else if (event.key === "Escape" && list.chosen.size) list.chosen.clear();
      else if (event.key.toLowerCase() === "w" && !ctrl && window.likeness.letters()) return asks(id);
      else if (event.key === "Delete" && options.here && options.here()) options.here().work(meant(list, id));
      else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
        const box = event.target.getBoundingClientRect();
        g.menu(list, meant(list, id), [box.left + 16, box.top + 16]);
      } else return false;
      return true;
    }

    // Dragging along

    grid.addEventListener("dragstart", (event) => {
      const id = idOf(event.target);
      if (id === null || event.defaultPrevented) return;
      const ids = meant(list, id);
      event.dataTransfer.setData(TYPE, JSON.stringify(ids));
      event.dataTransfer.effectAllowed = "copy";
      const many = make("div", { className: "drag-count" }, ids.length > 1 ? `${ids.length} pictures` : "1 picture");
      document.body.append(many);
      event.dataTransfer.setDragImage(many, 12, 12);
      setTimeout(() => many.remove());
      document.body.classList.add("is-dragging-pictures");
    });
    grid.addEventListener("dragend", () => document.body.classList.remove("is-dragging-pictures"));
    band(list);
  }

  // The rubber band, from where no picture is.
  function band(list) {
    const { grid, box } = list;
    let from = null; // {x, y} in the grid, and what was chosen before
    let drawing = null;
    let at = null; // the pointer in the window
    let rolling = 0;

    const within = (x, y) => {
      const mine = grid.getBoundingClientRect();
      return { x: x - mine.left, y: y - mine.top };
    };

    box.addEventListener("pointerdown", (event) => {
      const free = event.target === box || event.target === grid ||
        (grid.contains(event.target) && !event.target.closest(WORDS));
      if (!free || event.button || event.pointerType === "touch") return;
      const besides = event.ctrlKey || event.metaKey || event.shiftKey;
      from = Object.assign(within(event.clientX, event.clientY), { before: besides ? list.chosen.ids : null });
      at = [event.clientX, event.clientY];
      event.preventDefault(); // no text is marked
      box.setPointerCapture(event.pointerId);
    });

    function extend() {
      const to = within(...at);
      const area = {
        x: Math.min(from.x, to.x), y: Math.min(from.y, to.y),
        width: Math.abs(to.x - from.x), height: Math.abs(to.y - from.y),
      };
      if (!drawing && Math.hypot(area.width, area.height) < FAR) return;
      if (!drawing) grid.append(drawing = make("div", { className: "pictures-band", "aria-hidden": "true" }));
      Object.assign(drawing.style, {
        left: `${area.x}px`, top: `${area.y}px`, width: `${area.width}px`, height: `${area.height}px`,
      });
      list.chosen.band(list.touched(area), from.before);
    }

    // At the edge of the view the list goes on.
    function roll() {
      rolling = 0;
      if (!drawing) return;
      const around = list.options.scroller ? list.options.scroller.getBoundingClientRect()
        : { top: 0, bottom: window.innerHeight };
      const px = at[1] > around.bottom - EDGE ? 16 : at[1] < around.top + EDGE ? -16 : 0;
      if (!px) return;
      (list.options.scroller || window).scrollBy({ top: px, behavior: "instant" });
      extend();
      rolling = requestAnimationFrame(roll);
    }

    box.addEventListener("pointermove", (event) => {
      if (!from) return;
      at = [event.clientX, event.clientY];
      extend();
      if (!rolling) rolling = requestAnimationFrame(roll);
    });
    const lift = (event) => {
      if (!from) return;
      const clicked = !drawing && event.type === "pointerup" && !from.before;
      if (drawing) drawing.remove();
      [from, drawing] = [null, null];
      if (clicked) list.chosen.clear(); // a click beside all pictures
    };
    box.addEventListener("pointerup", lift);
    box.addEventListener("pointercancel", lift);
  }

  // Where pictures may be dropped: what has data-takes says which act that is (acts.js).

  const target = (event) => event.target.closest && event.target.closest("[data-takes], .nav-page");
  const ours = (event) => event.dataTransfer && event.dataTransfer.types.includes(TYPE);

  function takes(place) {
    const page = place.href && window.likeness.plain(new URL(place.href).pathname);
    const name = place.dataset.takes || { "/search": "search", "/graph": "graph", "/compare": "compare" }[page];
    const { right } = (name && window.likeness.gallery.act(name)) || {};
    return right && !window.likeness.may(right) ? null : name;
  }

  on("dragover", null, (event) => {
    if (!ours(event)) return;
    event.stopImmediatePropagation(); // it is no file from outside
    const fold = event.target.closest && event.target.closest("#kept summary");
    if (fold) fold.parentElement.open = true; // what takes pictures is in there
    const place = target(event);
    document.querySelectorAll(".takes-now").forEach((one) => one !== place && one.classList.remove("takes-now"));
    if (!place || !takes(place)) return;
    event.preventDefault();
    place.classList.add("takes-now");
  }, true);
  on("drop", null, (event) => {
    if (!ours(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    document.querySelectorAll(".takes-now").forEach((one) => one.classList.remove("takes-now"));
    const place = target(event);
    const act = place && takes(place);
    if (act) window.likeness.gallery.perform(act, JSON.parse(event.dataTransfer.getData(TYPE)), { name: place.dataset.name });
  }, true);

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { pointer: pointer });
})();
