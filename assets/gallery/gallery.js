/* A list of pictures: justified rows, of which only those in sight are drawn, with one of them in the
   order of Tab, some of them chosen, and its place kept. Where things stand is layout.js's, what
   is chosen choice.js's, what a pointer does pointer.js's; acts.js and viewer.js work on any of these.

     const list = likeness.gallery.create(box, options)
     list.show(ids, { ratios, key, of })  another list; the same key: what is in sight stays there; the same
                                          `of` (if not given the key): what is chosen stays chosen

   options: label (for screen readers), scroller (null: the window scrolls), size (px a row),
   least (px that a card is wide), foot (px below each picture, and dress(card, id, index) fills it), name(id, index), href(id), open(id,
   index) (what a click does; nothing: the viewer opens), breaks() (after how many pictures a line(count)
   of words stands), look ({card, link}: further class names), here() (what "remove from here" does:
   {title, work(ids)}, or null), why(id) (what it was found with: parameters of an address, or null), rate(id, value) and rated(id), near() (the viewer comes to the end of a
   list that goes on), changed() after another choice. */
(function () {
  "use strict";
  const { make, button } = window.likeness.elements;
  const GAP = 8;
  const BAND = 40; // px of a line of words between rows
  const STILL = 60; // ms without scrolling until pictures are asked for that fly past
  const all = new Set(); // the galleries that stand on the page

  function create(box, options) {
    const g = window.likeness.gallery;
    const grid = make("div", { className: "pictures", role: "grid", "aria-multiselectable": "true", "aria-label": options.label });
    const rows = new Map(); // number → element
    const scroller = options.scroller || null;
    const list = {
      box: box, grid: grid, options: options, ids: new Int32Array(0), ratios: new Float32Array(0), made: null,
      key: null, of: null, size: options.size || 168, focused: -1, chosen: null,
    };
    list.chosen = g.choice(() => {
      rows.forEach((row) => row.querySelectorAll("[role=gridcell][data-image]").forEach(mark));
      grid.classList.toggle("is-choosing", list.chosen.size > 0);
      g.bar(list);
      if (options.changed) options.changed(list);
    });
    const places = new Map(); // id → index, made when asked for
    let width = 0;
    let still = 0;
    let last = 0; // where the view was when it was drawn last
    let noting = 0;
    let due = false;

    // Where the view is, in px below the upper edge of the grid.
    function view() {
      const mine = grid.getBoundingClientRect();
      const around = scroller ? scroller.getBoundingClientRect() : { top: 0, bottom: window.innerHeight };
      return { top: around.top - mine.top, bottom: around.bottom - mine.top };
    }

    function scrollBy(px) {
      if (Math.abs(px) < 0.5) return;
      (scroller || window).scrollBy({ top: px, behavior: "instant" });
    }

    const indexOf = (id) => {
      if (!places.size) list.ids.forEach((one, index) => places.set(one, index));
      return places.has(id) ? places.get(id) : -1;
    };

    // The picture to be held where it is while all else moves: {id, offset} in px below the view's upper edge.
    function anchor() {
      if (!list.made || !list.made.count) return null;
      const seen = view();
      const at = (index) => ({ id: list.ids[index], offset: g.boxOf(list.made, index).y - seen.top });
      const focused = list.focused >= 0 && list.focused < list.made.count ? at(list.focused) : null;
      if (focused && focused.offset > -list.size && focused.offset < seen.bottom - seen.top) return focused;
      if (seen.top <= 0) return null; // nothing is scrolled away
      const [row] = g.rowsBetween(list.made, seen.top + 1, seen.top + 1);
      return at(list.made.first[Math.min(row + (list.made.tops[row] < seen.top ? 1 : 0), list.made.tops.length - 1)]);
    }

    function hold(held) {
      const index = held ? indexOf(held.id) : -1;
      if (index >= 0) scrollBy(g.boxOf(list.made, index).y - held.offset - view().top);
    }

    // Back at a place: what comes late above the list does not push it away, until the person moves.
    function settle(held) {
      const late = new ResizeObserver(() => (grid.isConnected && list.made ? hold(held) : done()));
      const moves = ["wheel", "touchstart", "pointerdown", "keydown"];
      function done() {
        late.disconnect();
        moves.forEach((move) => window.removeEventListener(move, done, true));
      }
      moves.forEach((move) => window.addEventListener(move, done, { capture: true, passive: true }));
      late.observe(document.body);
    }

    // Laying out and drawing

    function arrange(held) {
      width = grid.clientWidth;
      if (!width) return;
      list.ends = options.breaks ? options.breaks() : [];
      list.made = g.layout(list.ratios, {
        width: width, height: Math.min(list.size, width / 1.6), least: options.least || 0, gap: GAP, foot: options.foot || 0,
        breaks: list.ends, band: list.ends.length ? BAND : 0,
      });
      const had = grid.contains(document.activeElement);
      rows.forEach((row) => row.remove());
      rows.clear();
      grid.style.height = `${list.made.total}px`;
      grid.setAttribute("aria-rowcount", list.made.tops.length);
      grid.dataset.count = list.ids.length;
      hold(held);
      draw();
      const link = had && list.focused >= 0 && list.link(list.ids[list.focused]);
      if (link) link.focus({ preventScroll: true }); // at once: no key is lost
    }

    function draw() {
      due = false;
      if (!grid.isConnected) return end();
      if (!list.made) return;
      const seen = view();
      const high = Math.max(200, seen.bottom - seen.top);
      const flying = Math.abs(seen.top - last) > 3 * high;
      last = seen.top;
      const [above, below] = flying ? [0, 0] : [high / 2, high]; // a jump first has what one sees
      const [from, to] = g.rowsBetween(list.made, seen.top - above, seen.bottom + below);
      rows.forEach((row, number) => {
        if ((number >= from && number < to) || row.contains(document.activeElement)) return;
        row.remove();
        rows.delete(number);
      });
      for (let number = from; number < to; number++) if (!rows.has(number)) put(number);
      clearTimeout(still);
      if (flying) still = setTimeout(landed, STILL);
      else load();
      clearTimeout(noting);
      noting = setTimeout(note, 150);
    }

    // In their order, for screen readers.
    function put(number) {
      const row = drawn(number);
      const after = [...rows].filter(([other]) => other > number).sort((a, b) => a[0] - b[0])[0];
      grid.insertBefore(row, after ? after[1] : null);
      rows.set(number, row);
    }

    function drawn(number) {
      const { made } = list;
      const row = make("div", { role: "row", className: "pictures-row", "aria-rowindex": number + 1 });
      row.style.top = `${made.tops[number]}px`;
      const line = options.line && list.ends.includes(made.first[number]) ? options.line(made.first[number]) : null;
      if (line) row.append(make("div", { role: "gridcell", className: "pictures-line" }, line));
      let left = 0;
      for (let index = made.first[number]; index < made.first[number + 1]; index++) {
        const wide = made.shapes[index] * made.heights[number];
        row.append(card(index, left, wide, made.heights[number]));
        left += wide + GAP;
      }
      return row;
    }

    function card(index, left, wide, high) {
      const id = list.ids[index];
      const look = options.look || {};
      const name = options.name ? options.name(id, index) : `Picture ${index + 1}`;
      const link = make("a", {
        className: `picture ${look.link || ""}`, href: options.href(id), tabIndex: index === Math.max(0, list.focused) ? 0 : -1,
        "aria-label": name, title: name, draggable: true, data: { image: id },
      }, make("img", { alt: "", className: "thumb", draggable: false, data: { src: `/thumb/${id}` } }));
      link.style.height = `${high}px`;
      const made = make("div", { role: "gridcell", className: `picture-card ${look.card || ""}`, data: { image: id, index: index } },
        link, button("check-lg", `Choose: ${name}`, { choose: id }, "picture-choose"));
      made.lastChild.tabIndex = -1; // Ctrl and Space do it by keys
      Object.assign(made.style, { left: `${left}px`, width: `${wide}px` });
      if (options.dress) options.dress(made, id, index);
      else g.about(id).then((told) => told && link.isConnected && named(link, told));
      mark(made);
      return made;
    }

    function named(link, told) {
      const name = told.label ? `${told.label}, ${told.name}` : told.name;
      link.setAttribute("aria-label", name);
      link.title = name;
    }

    function mark(cell) {
      cell.setAttribute("aria-selected", String(list.chosen.has(Number(cell.dataset.image))));
    }

    // Those in sight first: the browser has few connections.
    function load() {
      const seen = view();
      const sighted = (number) => {
        const top = list.made.tops[number];
        return top < seen.bottom && top + list.made.heights[number] > seen.top;
      };
      const numbers = [...rows.keys()].sort((a, b) => sighted(b) - sighted(a) || a - b);
      numbers.forEach((number) => rows.get(number).querySelectorAll("img[data-src]").forEach((picture) => {
        picture.fetchPriority = sighted(number) ? "high" : "low";
        picture.src = window.likeness.url(picture.dataset.src);
        delete picture.dataset.src;
      }));
    }

    // After a jump: what one sees, and once that is there what is above and below it.
    function landed() {
      load();
      const mine = still;
      const late = Array.from(grid.querySelectorAll("img")).filter((one) => !one.complete);
      const there = late.map((one) => new Promise((done) => { one.onload = one.onerror = done; }));
      Promise.all(there).then(() => mine === still && draw());
    }

    // Coming and going

    // moving: at once, since one may go on to another page in the next moment.
    function note(moving) {
      if (!grid.isConnected || !list.key || !list.made || options.placeless) return;
      const held = view().top > 0 ? anchor() : {};
      if (held) window.likeness.place.remember(Object.assign({ list: list.key, count: list.ids.length }, held), moving === true);
    }

    // given: {ratios: Float32Array, key, of}.
    list.show = function (next, wanted) {
      const of = wanted.of === undefined ? wanted.key : wanted.of;
      const looked = g.looked(list, of, next, wanted);
      const { ids, given } = looked || { ids: next, given: wanted };
      const same = given.key === list.key;
      const held = same ? anchor() : null;
      const before = same && list.focused >= 0 ? list.ids[list.focused] : null;
      Object.assign(list, { ids: ids, ratios: given.ratios, key: given.key });
      places.clear();
      list.focused = before === null ? -1 : Math.min(indexOf(before) < 0 ? list.focused : indexOf(before), ids.length - 1);
      if (of === list.of) list.chosen.among(ids);
      else list.chosen.clear();
      list.of = of;
      const place = same ? null : window.likeness.place.recall();
      const back = !held && place && place.list === given.key && place.id ? place : null;
      arrange(held || back);
      if (back) settle(back);
      if (!options.placeless) window.likeness.place.arrived();
      if (looked) looked.done();
      return list;
    };

    list.resize = function (size) {
      const held = anchor();
      list.size = size;
      arrange(held);
    };

    // The picture at an index has the keyboard; where it is out of sight the list moves as little as can be.
    list.focus = function (index) {
      if (!list.made || index < 0 || index >= list.made.count) return;
      list.focused = index;
      const stands = g.boxOf(list.made, index);
      const seen = view();
      const below = stands.y + stands.height + (options.foot || 0) + 8 - seen.bottom + g.covered();
      const above = seen.top + (scroller ? 8 : 72) - stands.y; // under the bar of the page
      if (above > 0) scrollBy(-above);
      else if (below > 0) scrollBy(below);
      draw();
      grid.querySelectorAll("a.picture").forEach((link) => { link.tabIndex = -1; });
      const link = list.link(list.ids[index]);
      if (!link) return;
      link.tabIndex = 0;
      link.focus({ preventScroll: true });
    };

    list.link = (id) => grid.querySelector(`a.picture[data-image="${id}"]`);
    list.indexOf = indexOf;
    list.at = (element) => indexOf(Number(element.closest("[role=gridcell][data-image]").dataset.image));
    list.touched = (area) => g.touched(list.made, area).map((index) => list.ids[index]);
    list.step = function (index, key) {
      const seen = view();
      return g.step(list.made, index, key, seen.bottom - seen.top);
    };

    function asked() {
      if (due) return;
      due = true;
      requestAnimationFrame(() => {
        draw();
        note(true);
      });
    }

    function end() {
      watched.disconnect();
      (scroller || window).removeEventListener("scroll", asked);
      all.delete(list);
      g.bar(null, list);
    }

    const watched = new ResizeObserver(() => {
      if (!grid.isConnected) end();
      else if (Math.abs(grid.clientWidth - width) > 0.5) arrange(anchor());
      else asked();
    });
    list.end = () => {
      grid.remove();
      end();
    };

    box.replaceChildren(grid);
    (scroller || window).addEventListener("scroll", asked, { passive: true });
    watched.observe(grid);
    if (scroller) watched.observe(scroller);
    g.pointer(list);
    all.add(list);
    return list;
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    create: create,
    // The gallery that an element stands in, or undefined.
    of: (element) => [...all].find((list) => list.grid.contains(element)),
  });
})();
