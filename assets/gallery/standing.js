/* Pictures that stand as a page has laid them out, among words of its own, as a list: some of them chosen, with
   the same bar, menu, viewer and keys as in a gallery.

     const list = likeness.gallery.standing(box, options)
     list.refresh()      the page has drawn other cards
     list.resize(px)     how large they are; the style sheet knows it as --size

   A card is a [role=gridcell][data-image] of class picture-card with an a.picture in it; `card` makes what all of
   them have. One picture may stand in several places. options: size, open, here and why as those of a gallery, and
   acts: what can be done besides what can be done everywhere (acts.js). */
(function () {
  "use strict";
  const { button } = window.likeness.elements;
  const CELL = "[role=gridcell][data-image]";

  function standing(box, options) {
    const g = window.likeness.gallery;
    let cells = [];
    const place = (index) => (cells[index] ? cells[index].querySelector("a.picture") : null);
    const list = {
      box: box, grid: box, options: options, ids: new Int32Array(0), focused: -1, chosen: null,
      link: (id) => place(list.indexOf(id)),
      at: (element) => cells.indexOf(element.closest(CELL)),
      cell: (index) => cells[index],
      // Where it stands several times, the place that has the keyboard.
      indexOf: (id) => (list.ids[list.focused] === id ? list.focused : list.ids.indexOf(id)),
    };
    list.chosen = g.choice(() => {
      cells.forEach(mark);
      box.classList.toggle("is-choosing", list.chosen.size > 0);
      g.bar(list);
    });

    function mark(cell) {
      cell.setAttribute("aria-selected", String(list.chosen.has(Number(cell.dataset.image))));
    }

    list.resize = function (size) {
      list.size = size;
      box.style.setProperty("--size", `${size}px`);
    };
    if (options.size) list.resize(options.size);

    list.refresh = function () {
      const active = document.activeElement;
      cells = Array.from(box.querySelectorAll(CELL));
      list.ids = Int32Array.from(cells, (cell) => Number(cell.dataset.image));
      list.focused = cells.findIndex((cell) => cell.contains(active));
      list.chosen.among(list.ids);
      cells.forEach(mark);
      box.classList.toggle("is-choosing", list.chosen.size > 0);
      g.relooked(list);
    };

    list.focus = function (index) {
      const link = place(index);
      if (!link) return;
      list.focused = index;
      link.focus({ preventScroll: true });
      link.scrollIntoView({ block: "nearest" });
      const covered = link.getBoundingClientRect().bottom + g.covered() + 8 - window.innerHeight;
      if (covered > 0) window.scrollBy({ top: covered, behavior: "instant" });
    };

    // The place that a key leads to; null: the key is not ours.
    list.step = function (index, key) {
      const next = window.likeness.beside(place(index), key);
      return next ? Math.max(0, list.at(next)) : key.startsWith("Page") ? null : index;
    };

    // The pictures that a rectangle of the box touches.
    list.touched = function ({ x, y, width, height }) {
      const mine = box.getBoundingClientRect();
      const meets = (link) => {
        const one = link.getBoundingClientRect();
        return one.left - mine.left <= x + width && one.right - mine.left >= x && one.top - mine.top <= y + height && one.bottom - mine.top >= y;
      };
      return cells.filter((cell, index) => meets(place(index))).map((cell) => Number(cell.dataset.image));
    };

    const watched = new ResizeObserver(() => {
      if (box.isConnected) return;
      watched.disconnect();
      g.bar(null, list);
    });
    watched.observe(box);
    g.pointer(list);
    return list;
  }

  // What makes an element with an a.picture in it a card of a list.
  function card(element, id, name) {
    const check = button("check-lg", `Choose: ${name}`, { choose: id }, "picture-choose");
    check.tabIndex = -1; // Ctrl and Space do it by keys
    element.classList.add("picture-card", "is-standing");
    element.setAttribute("role", "gridcell");
    element.dataset.image = id;
    element.append(check);
    return element;
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { standing: standing, card: card });
})();
