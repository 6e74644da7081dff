/* The Compare page in the browser: the same picture in several columns, and the walk through
   what two embeddings disagree on. See dashboard/pages/compare_*.py; the linked maps are in
   compare_maps.js. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const SVG = "http://www.w3.org/2000/svg";
  const none = () => window.dash_clientside.no_update;
  const byId = (id) => document.getElementById(id);
  const all = (part, selector) => Array.from(part.querySelectorAll(selector));

  // Columns

  const places = (card) => JSON.parse(card.dataset.places);
  const sameAs = (card) => all(byId("compare-columns"), `[data-match="${card.dataset.match}"]`);

  let linked = null; // the card pointed at
  let watched = null; // the columns whose size is watched
  const observer = new ResizeObserver(() => draw());

  // Where a card's picture begins and ends, in px of the columns.
  function edges(card, frame) {
    const box = card.getBoundingClientRect();
    const picture = card.querySelector(".compare-picture").getBoundingClientRect();
    const y = picture.top + picture.height / 2 - frame.top;
    return { left: box.left - frame.left, right: box.right - frame.left, y: y };
  }

  function curve(from, to) {
    const bend = (to.left - from.right) / 2;
    const path = document.createElementNS(SVG, "path");
    const ends = [from.right + bend, from.y, to.left - bend, to.y, to.left, to.y];
    path.setAttribute("d", `M${from.right} ${from.y}C${ends.join(" ")}`);
    return path;
  }

  function sheet(box, name) {
    const found = box.querySelector(`:scope > .${name}`);
    if (found) return found;
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("class", `compare-lines ${name}`);
    made.setAttribute("aria-hidden", "true");
    box.append(made);
    return made;
  }

  // From each card to the next column that shows the same picture; those of the picture
  // pointed at once more, in front.
  function draw() {
    const box = byId("compare-columns");
    if (!box) return;
    const frame = box.getBoundingClientRect();
    const seen = new Map(); // picture → its place in the last column that shows it
    const thin = [];
    const strong = [];
    const chosen = linked && box.contains(linked) ? linked.dataset.match : null;
    all(box, ".compare-match").forEach((card) => {
      const image = card.dataset.match;
      const to = edges(card, frame);
      if (seen.has(image)) thin.push(curve(seen.get(image), to));
      if (seen.has(image) && image === chosen) strong.push(curve(seen.get(image), to));
      seen.set(image, to);
    });
    sheet(box, "compare-lines-thin").replaceChildren(...thin);
    sheet(box, "compare-lines-strong").replaceChildren(...strong);
  }

  // Mark the cards of some pictures, fade the others; without cards everything is plain again.
  function mark(cards) {
    const box = byId("compare-columns");
    if (!box) return;
    box.classList.toggle("compare-marking", cards.length > 1);
    all(box, ".compare-linked").forEach((card) => card.classList.remove("compare-linked"));
    cards.forEach((card) => card.classList.add("compare-linked"));
  }

  function link(card) {
    if (card === linked) return;
    linked = card;
    mark(card ? sameAs(card) : []);
    where(card);
    draw();
  }

  // Above each column: the place of the picture pointed at, however far down.
  function where(card) {
    const box = byId("compare-columns");
    if (!box) return;
    const known = card ? places(card) : {};
    all(box, ".compare-column").forEach((column) => {
      const place = known[column.dataset.column];
      const text = place ? `No. ${place} here` : `beyond ${box.dataset.depth}`;
      const line = column.querySelector(".compare-where");
      line.textContent = card ? text : "";
      line.dataset.far = String(!place);
    });
  }

  function both(button) {
    const [one, other] = button.dataset.both.split(" ");
    const cards = (name) => all(byId("compare-columns"), `[data-column="${name}"] .compare-match`);
    const there = new Set(cards(other).map((card) => card.dataset.match));
    const shared = cards(one).map((card) => card.dataset.match).filter((image) => there.has(image));
    linked = null;
    where(null);
    mark([...cards(one), ...cards(other)].filter((card) => shared.includes(card.dataset.match)));
    byId("compare-columns").classList.add("compare-marking");
    draw();
  }

  function plain() {
    link(null);
    mark([]);
  }

  function point(event) {
    if (!byId("compare-columns") || !event.target.closest) return;
    const button = event.target.closest("[data-both]");
    if (button) return both(button);
    const card = event.target.closest("#compare-columns .compare-match");
    if (card) link(card);
    else if (linked || byId("compare-columns").classList.contains("compare-marking")) plain();
  }

  // The same picture in another column, in sight and with the focus.
  function jump(button) {
    const card = button.closest(".compare-match");
    const column = byId("compare-columns").querySelector(`[data-column="${button.dataset.jump}"]`);
    const target = column.querySelector(`[data-match="${card.dataset.match}"]`);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.querySelector(".compare-picture").focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest", inline: "center", behavior: calm ? "auto" : "smooth" });
    link(target);
  }

  // A finger has no pointer to rest: its first tap links the picture, the second opens it.
  let finger = false;
  let ready = null;
  on("pointerdown", null, (event) => {
    finger = event.pointerType === "touch";
    const card = event.target.closest && event.target.closest(".compare-match");
    ready = card && linked && card.dataset.match === linked.dataset.match ? card : null;
  }, true);
  on("click", null, (event) => {
    if (!byId("compare-columns") || !event.target.closest) return;
    const button = event.target.closest("[data-jump]");
    if (button) return jump(button);
    const card = event.target.closest(".compare-match");
    // A click by Enter has no detail.
    if (finger && event.detail && card && card !== ready && event.target.closest(".compare-picture")) {
      event.preventDefault();
      event.stopPropagation();
      link(card);
    }
  }, true);
  on("pointerover", null, (event) => event.pointerType !== "touch" && point(event));
  on("focusin", null, point);

  // Up and down in a column, left and right between them.
  const STEPS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
  function travel(event) {
    const step = STEPS[event.key];
    const card = step && event.target.closest && event.target.closest(".compare-match");
    if (!card) return false;
    const columns = all(byId("compare-columns"), ".compare-column");
    const column = columns.indexOf(card.closest(".compare-column"));
    const row = Array.from(card.parentNode.children).indexOf(card);
    const there = columns[column + step[0]];
    const next = there && all(there, ".compare-match")[row + step[1]];
    if (!next) return true;
    next.querySelector(".compare-picture").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    return true;
  }

  // The walk

  // The arrow keys are its two buttons, except where they have something else to do.
  const TAKEN = "input, select, textarea, .gallery, [contenteditable], dialog, [role=dialog]";
  function walk(event) {
    const name = { ArrowLeft: "compare-previous", ArrowRight: "compare-next" }[event.key];
    const button = name && byId(name);
    if (!button || button.disabled || (event.target.closest && event.target.closest(TAKEN))) return false;
    button.click();
    return true;
  }
  on("keydown", null, (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (byId("compare-columns") && event.key === "Escape") plain();
    else if ((byId("compare-columns") && travel(event)) || walk(event)) event.preventDefault();
  });

  // For Dash

  // The columns have been put on the page.
  function columns() {
    linked = null;
    requestAnimationFrame(() => {
      const box = byId("compare-columns");
      if (box && box !== watched) {
        observer.disconnect();
        observer.observe(box);
        watched = box;
      }
      draw();
    });
    return none();
  }

  const LATE = 2000; // ms after which a step may be asked for once more
  let left = { near: null, since: 0 }; // from where the last step went, and when

  // Where the walk goes on: the next or previous image, or one chosen.
  function goto(previous, next, chosen, near, a, b, order) {
    const context = window.dash_clientside.callback_context;
    const cause = context.triggered[0];
    if (!cause || !cause.value) return none();
    const id = context.triggered_id;
    const stepped = typeof id === "string";
    if (stepped) {
      // Dash drops the answer under way when it is asked again: a key held down would show nothing.
      if (near === left.near && performance.now() - left.since < LATE) return none();
      left = { near: near, since: performance.now() };
    }
    const image = !stepped ? id.image : near[id === "compare-next" ? "next" : "previous"];
    return { image: image, of: `${a} ${b} ${order}`, step: stepped };
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compare: { columns: columns, goto: goto, follow: (shown) => shown || none() },
  });
})();
