/* The columns of the Compare page: a gallery for each embedding (assets/gallery/gallery.js), the same picture
   marked in all of them, and lines between its places (lines.js). See dashboard/pages/compare/columns.py. */
(function () {
  "use strict";
  const { on, url } = window.likeness;
  const { make } = window.likeness.elements;
  const SVG = "http://www.w3.org/2000/svg";
  const FOOT = 48; // px of words below a picture
  const USUAL = 128; // px a row
  const NARROWEST = 96; // px of a picture: its words side by side
  const GAP = 8; // px between rows, as galleries have it
  const byId = (id) => document.getElementById(id);
  const all = (part, selector) => Array.from(part.querySelectorAll(selector));

  let data = null; // what the server tells
  let lists = []; // the galleries, one for each column; null where one has nothing to show
  let marked = new Set(); // images
  let linked = null; // the image pointed at
  const observer = new ResizeObserver(() => draw());

  const box = () => byId("compare-columns");
  const columnOf = (element) => element.closest(".compare-column").dataset.column;
  const shownIn = (column) => column.matches.some((one) => one.id === linked);

  function ordinal(number) {
    const tens = number % 100 > 10 && number % 100 < 14;
    return number + ((!tens && { 1: "st", 2: "nd", 3: "rd" }[number % 10]) || "th");
  }

  // Cards

  function gallery(column, place) {
    const g = window.likeness.gallery;
    const known = new Map(column.matches.map((one) => [one.id, one]));
    const list = g.create(place, {
      label: `${column.title}: closest images`, size: g.sizeOf("compare", USUAL), least: NARROWEST, foot: FOOT,
      placeless: true, leads: true, look: { card: "compare-match", link: "compare-picture" },
      href: (id) => url(`/compare?${of({ image: id })}`),
      why: () => foundWith(column),
      name: (id) => {
        const { rank, label, name } = known.get(id);
        return `${column.title}, ${ordinal(rank)}: ${label ? `${label} · ${name}` : name}`;
      },
      dress: (card, id) => dress(card, known.get(id), column),
    });
    return list.show(Int32Array.from(known.keys()), {
      ratios: Float32Array.from(known.values(), (one) => one.shape / 1000), key: `compare ${column.name}`,
    });
  }

  // What a column's pictures were found with.
  function foundWith(column) {
    const params = new URLSearchParams(location.search);
    const given = Object.fromEntries(["image", "upload"].filter((name) => params.get(name)).map((name) => [name, params.get(name)]));
    return Object.assign(given, column.name === "combined" ? {} : { [column.name]: 1 });
  }

  // The parameters of another picture's columns, which are as long as these.
  function of(given) {
    const count = new URLSearchParams(location.search).get("count");
    return new URLSearchParams(count ? Object.assign(given, { count: count }) : given);
  }

  function dress(card, match, column) {
    const others = data.columns.filter((other) => other !== column && other.matches.some((one) => one.id === match.id));
    const also = others.map((other) => {
      const place = ordinal(data.places[other.name][match.id]);
      const words = `Also ${place} in ${other.title}: show it there`;
      return make("button", { type: "button", className: "row-button compare-also", title: words, "aria-label": words, tabIndex: -1, data: { jump: other.name } },
        make("span", { className: `dot ${other.part}` }), place);
    });
    card.classList.toggle("compare-linked", marked.has(match.id));
    card.append(make("div", { className: "compare-foot" },
      make("div", { className: "compare-figures" }, make("span", { className: "match-rank" }, String(match.rank)),
        make("span", { className: "compare-label" }, match.label || match.name),
        make("span", { className: "match-score", title: "Score: 1 is the same, 0 has nothing in common" }, match.score.toFixed(3))),
      make("div", { className: "compare-elsewhere" },
        ...(also.length ? also : [make("span", { className: "compare-only" }, "only here")]))));
  }

  // Lines

  function sheet(name) {
    const found = box().querySelector(`:scope > .${name}`);
    if (found) return found;
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("class", `compare-lines ${name}`);
    made.setAttribute("aria-hidden", "true");
    box().append(made);
    return made;
  }

  // Where the columns stand, and their pictures: see lines.js.
  function measured() {
    const frame = box().getBoundingClientRect();
    const places = new Map();
    const columns = all(box(), ".compare-column").map((section, column) => {
      const list = lists[column];
      const stands = (list ? list.grid : section).getBoundingClientRect();
      const [left, top] = [stands.left - frame.left, stands.top - frame.top];
      if (list && list.made) list.ids.forEach((id, index) => {
        const at = window.likeness.gallery.boxOf(list.made, index);
        const place = { column: column, row: window.likeness.gallery.rowOf(list.made, index), x: left + at.x + at.width / 2 };
        places.set(id, (places.get(id) || []).concat([place]));
      });
      const gaps = list && list.made ? Array.from(list.made.tops, (y, row) => top + y + list.made.heights[row] + FOOT + GAP / 2) : [];
      return { left: left, right: left + stands.width, gaps: gaps };
    });
    return [columns, places];
  }

  function draw() {
    if (!box() || !data) return;
    const found = window.likeness.compareLines.lines(...measured());
    const path = (d) => {
      const made = document.createElementNS(SVG, "path");
      made.setAttribute("d", d);
      return made;
    };
    sheet("compare-lines-thin").replaceChildren(...[...found.values()].flat().map(path));
    const strong = linked === null ? [] : found.get(linked) || [];
    sheet("compare-lines-strong").replaceChildren(...strong.map(path));
  }

  // The same picture

  // Mark the cards of some images, fade the others; without any, everything is plain again.
  function mark(ids, fading) {
    marked = new Set(ids);
    box().classList.toggle("compare-marking", fading);
    all(box(), ".compare-match").forEach((card) => card.classList.toggle("compare-linked", marked.has(Number(card.dataset.image))));
  }

  function link(id) {
    if (id === linked || !box()) return;
    linked = id;
    mark(id === null ? [] : [id], id !== null && data.columns.filter(shownIn).length > 1);
    where();
    draw();
  }

  // Above each column: the place of the picture pointed at, however far down.
  function where() {
    all(box(), ".compare-column").forEach((section) => {
      const place = linked !== null && (data.places[section.dataset.column] || {})[linked];
      const line = section.querySelector(".compare-where");
      line.textContent = linked === null ? "" : place ? `No. ${place} here` : `beyond ${data.depth}`;
      line.dataset.far = String(!place);
    });
  }

  function both(button) {
    const [one, other] = button.dataset.both.split(" ").map((name) => data.columns.find((column) => column.name === name));
    const there = new Set(other.matches.map((match) => match.id));
    linked = null;
    where();
    mark(one.matches.map((match) => match.id).filter((id) => there.has(id)), true);
    // Where they are in other columns, too, is not what was asked.
    all(box(), ".compare-linked").forEach((card) =>
      card.classList.toggle("compare-linked", [one.name, other.name].includes(columnOf(card))));
    draw();
  }

  function plain() {
    if (linked === null && !box().classList.contains("compare-marking")) return;
    linked = null;
    mark([], false);
    where();
    draw();
  }

  function point(event) {
    if (!box() || !data || !event.target.closest) return;
    const button = event.target.closest("[data-both]");
    if (button) return both(button);
    const card = event.target.closest("#compare-columns .compare-match");
    if (card) link(Number(card.dataset.image));
    else plain();
  }
  on("pointerover", null, (event) => event.pointerType !== "touch" && point(event));
  on("focusin", null, point);
  on("keydown", null, (event) => box() && data && event.key === "Escape" && plain());

  // The same picture in another column, in sight and with the focus.
  function jump(button) {
    const id = Number(button.closest(".compare-match").dataset.image);
    const to = data.columns.findIndex((column) => column.name === button.dataset.jump);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    box().querySelectorAll(".compare-column")[to].scrollIntoView({ block: "nearest", inline: "center", behavior: calm ? "auto" : "smooth" });
    lists[to].focus(lists[to].indexOf(id));
    link(id);
  }

  // A finger has no pointer to rest: its first tap links the picture, the second opens it.
  let finger = false;
  let ready = null; // the image that was linked before this tap
  on("pointerdown", null, (event) => {
    finger = event.pointerType === "touch";
    ready = linked;
  }, true);
  on("click", "#compare-columns .compare-match", (card, event) => {
    const button = event.target.closest("[data-jump]");
    if (button) return jump(button);
    const id = Number(card.dataset.image);
    // A click by Enter has no detail; once pictures are chosen, a tap chooses.
    const choosing = lists.some((list) => list && list.chosen.size);
    if (!finger || !event.detail || choosing || id === ready || !event.target.closest(".compare-picture")) return;
    event.preventDefault();
    event.stopPropagation();
    link(id);
  }, true);

  // For Dash

  // The columns have been put on the page.
  function columns(told) {
    if (!told || !box()) return window.dash_clientside.no_update;
    [data, linked, marked] = [told, null, new Set()];
    lists = all(box(), ".compare-column").map((section, at) => {
      const place = section.querySelector(".compare-pictures");
      return place ? gallery(told.columns[at], place) : null;
    });
    const some = lists.filter(Boolean);
    const size = { size: some.length ? some[0].size : USUAL, resize: (px) => { some.forEach((list) => list.resize(px)); draw(); } };
    const tools = byId("compare-tools");
    if (tools) tools.replaceChildren(window.likeness.gallery.slider(size, "compare"));
    observer.disconnect();
    observer.observe(box());
    window.likeness.compare.dress();
    draw();
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compareColumns: { columns: columns },
  });
})();
