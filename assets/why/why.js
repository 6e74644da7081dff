/* The Why page: asks for the reasons (dashboard/pages/why/told.py) and shows them: the parts of the score,
   the two pictures side by side, and over them what a view shows: points, colors, regions, words. */
(function () {
  "use strict";
  const { on, url } = window.likeness;
  const { make } = window.likeness.elements;
  const why = () => window.likeness.why;
  const byId = (id) => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const SIDES = ["asked", "found"];
  let told = null; // what the server says
  let view = null; // the name of the view that is open; see views.js
  let stage = null; // {box, figures: {asked, found}, sheet}
  let asking = null;

  const figure = (value) => value.toFixed(3).replace("-", "−");
  const percent = (share) => `${Math.round(100 * share)}%`;

  // Asking

  const page = { told: () => told, stage: () => stage, paint: () => paint(), show: () => show(), places: () => places(), ring: (...given) => ring(...given) };
  const views = window.likeness.whyViews(page);
  const shown = views.all;

  function begin(board) {
    const box = byId("why");
    if (!box || !board) return window.dash_clientside.no_update;
    [told, view, stage] = [null, new URLSearchParams(location.search).get("view"), null];
    box.replaceChildren(make("p", { className: "soft why-wait", role: "status" }, "Comparing the two pictures …"));
    ask(box, board);
    return window.dash_clientside.no_update;
  }

  async function ask(box, board) {
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    const said = await window.likeness.given.ask("/why/told", board, mine.signal);
    if (!said) return;
    if (!box.isConnected || asking !== mine) return;
    box.removeAttribute("aria-busy");
    if (said.error) return void box.replaceChildren(make("div", { className: "error-note", role: "alert" }, said.error));
    told = said;
    draw(box);
  }

  // The page

  function draw(box) {
    const open = Object.keys(shown).filter((name) => shown[name].has());
    if (!open.includes(view)) view = telling(open);
    box.replaceChildren(head(), ...(told.match.src ? [pictures(open)] : []),
      make("div", { className: "why-words-of" }, score(), make("section", { className: "why-side", id: "why-side", "aria-label": "What is shown" }), known()));
    show();
  }

  // The view that says most: points where they say anything, else that of the embedding that adds most.
  function telling(open) {
    if (!told.asked && open.includes("words")) return "words";
    if (told.score.scaled || (told.structure && told.structure.tells)) return open[0];
    const viewOf = ({ name }) => (name === "color" ? "colors" : told.meaning.some((one) => one.name === name) ? "meaning" : "");
    return [...told.score.parts].sort((a, b) => b.amount - a.amount).map(viewOf).find((name) => open.includes(name)) || open[0];
  }

  function head() {
    const name = told.match.label || told.match.name;
    const of = told.query.length > 1 ? `${told.query.length} things together` : told.query[0];
    return make("header", { className: "why-head" }, make("h1", {}, told.score.scaled ? "Why is this a match?" : "Why are these alike?"),
      make("p", { className: "soft", title: told.match.path }, `${name}, found with ${of}`));
  }

  // The parts of the score as one bar, and each in figures.
  function score() {
    const { score: whole, looks, parts, scaled, written } = told.score;
    const counting = parts.filter((part) => part.share > 0);
    const bar = make("div", { className: "why-bar", role: "img", "aria-label": counting.map((part) => `${part.title} ${part.amount}`).join(", ") });
    const piece = (name, amount, title) => {
      const made = make("span", { className: name, title: title });
      made.style.width = `${Math.max(0, amount) * 100}%`;
      return made;
    };
    if (scaled) bar.append(piece("why-looks", looks, `Stands out: ${figure(looks)}`));
    counting.filter((part) => part.amount >= 0).forEach((part) => bar.append(piece(`part ${part.part}${scaled ? " why-lost" : ""}`, part.amount,
      `${part.title} ${scaled ? "takes" : "adds"} ${figure(part.amount)}`)));
    // What is taken away lies over the end of the others, so that the score is what is left clear.
    counting.filter((part) => part.amount < 0).forEach((part, at, all) => {
      const taken = piece("why-taken", -part.amount, `${part.title} takes ${figure(-part.amount)} away`);
      taken.style.marginLeft = `${100 * (part.amount + (at ? all[at - 1].amount : 0))}%`;
      bar.append(taken);
    });
    const rows = parts.map((part) => row(part, scaled));
    const sum = make("tr", { className: "why-sum" }, make("th", { scope: "row" }, "Score"), make("td"), make("td"),
      make("td", { className: "num" }, figure(looks)), make("td", {},
        written ? `and ${figure(whole)} since the words are written in its ${written}` : ""));
    const heads = ["", scaled ? "Stands out" : "Cosine", "Weight", scaled ? "Takes from 1" : "Adds", make("span", {}, "Rank", make("span", { className: "why-of" }, " alone"))];
    const table = make("table", { className: "why-parts" }, make("thead", {}, make("tr", {}, ...heads.map((text, i) => make("th", { scope: "col", className: i && i < 4 ? "num" : "" }, text)))),
      make("tbody", {}, ...rows, sum));
    const about = scaled
      ? "How far it stands out of this library for what is asked: 1 less what each embedding takes (their weighted geometric mean)."
      : "Each embedding adds its weight times its cosine; together they are the score.";
    return make("section", { className: "why-score", "aria-label": "The score and its parts" },
      make("div", { className: "why-total" }, make("strong", { className: "num" }, figure(whole)), bar),
      make("div", { className: "table-scroll" }, table), make("p", { className: "soft small" }, told.ranked ? `${told.ranked} By the embeddings: ` : "", about));
  }

  function row(part, scaled) {
    const value = part.value === null ? make("span", { title: "It has no vector of this; it counts as the average image does" }, "lacks it") : figure(part.value);
    return make("tr", { className: part.share ? "" : "why-off" },
      make("th", { scope: "row" }, make("span", { className: `dot ${part.part}` }), part.title),
      make("td", { className: "num" }, value), make("td", { className: "num" }, part.share ? `× ${figure(part.share)}` : "does not count"),
      make("td", { className: "num" }, part.share ? `${scaled ? "− " : ""}${figure(part.amount)}` : ""), make("td", {}, place(part.place)));
  }

  function place(found) {
    if (!found) return "–";
    const [rank, of, about] = found;
    return make("span", {}, `${about ? "about " : ""}${rank.toLocaleString("en")}`, make("span", { className: "why-of" }, ` of ${of.toLocaleString("en")}`));
  }

  // The pictures side by side, as high as one another.
  function pictures(open) {
    const tabs = make("div", { className: "why-views segments", role: "group", "aria-label": "What is shown over the pictures" }, ...open.map((name) =>
      make("button", { type: "button", className: "button segment", data: { view: name } }, shown[name].title)));
    const sheet = document.createElementNS(SVG, "svg");
    sheet.setAttribute("class", "why-lines");
    sheet.setAttribute("aria-hidden", "true");
    const pair = make("div", { className: "why-pair" });
    stage = { box: pair, figures: {}, sheet: sheet };
    let shapes = 0;
    SIDES.forEach((side) => {
      const one = side === "asked" ? told.asked : told.match;
      if (!one || !one.src) return;
      const shape = one.width / one.height;
      shapes += shape;
      const canvas = make("canvas", { className: "why-veil" });
      const ring = make("div", { className: "why-ring", hidden: true });
      const frame = make("div", { className: "why-frame", data: { side: side } },
        make("img", { src: one.src, alt: side === "asked" ? `Searched with: ${one.name}` : `Match: ${one.name}`, draggable: false }), canvas, ring);
      frame.style.aspectRatio = `${one.width} / ${one.height}`;
      const made = make("figure", { className: "why-figure" }, frame, caption(side, one));
      made.style.flex = `${shape} 1 0`;
      stage.figures[side] = { frame: frame, canvas: canvas, ring: ring };
      pair.append(made);
    });
    pair.style.setProperty("--shapes", shapes);
    pair.append(sheet);
    watched.disconnect();
    watched.observe(pair);
    return make("section", { className: "why-stage", "aria-label": "The pictures" }, tabs, pair);
  }

  function caption(side, one) {
    const link = (path, text) => make("a", { href: url(path), className: "card-link" }, text);
    const beside = told.others.length > 1 && side === "asked" ? told.others.filter((other) => other.at !== one.at).map((other) => {
      const params = new URLSearchParams(location.search);
      params.set("beside", other.at);
      return link(`/why?${params}`, `Beside ${other.name}`);
    }) : [];
    return make("figcaption", { className: "small" }, make("span", { className: "why-name", title: one.name }, side === "asked" ? `Searched with: ${one.name}` : `Match: ${one.name}`),
      ...(one.id ? [link(`/detail?image=${one.id}`, "Details"), link(`/?image=${one.id}`, "On the map")] : []), ...beside);
  }

  function known() {
    const { labels, things, shared } = told.known;
    const rows = [];
    if (labels[1] || labels[0]) rows.push(["Labels", !told.asked || labels[0] === null ? labels[1] || "–" : labels[0] === labels[1] ? `both ${labels[0]}` : `${labels[0] || "–"} and ${labels[1] || "–"}`]);
    if (things.length) rows.push(["Things seen", things.map((one) => `${one.name} ${percent(one.asked)} and ${percent(one.found)}`).join(", ")]);
    if (shared.keyword) rows.push(["Shared keywords", shared.keyword.join(", ")]);
    if (shared.tag) rows.push(["Shared tags", shared.tag.join(", ")]);
    return make("dl", { className: "why-known" }, ...rows.map(([title, text]) => make("div", {}, make("dt", {}, title), make("dd", {}, text))));
  }

  // Views

  function show() {
    const side = byId("why-side");
    if (!side || !stage) return;
    document.querySelectorAll("#why [data-view]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.view === view)));
    side.replaceChildren(...(view ? shown[view].side() : [make("p", { className: "soft" }, "Nothing more can be shown of these two.")]));
    paint();
  }

  // Over the pictures, anew: after another view and when they have another size.
  function paint() {
    if (!stage || !stage.box.isConnected) return;
    const { width, height } = stage.box.getBoundingClientRect();
    stage.sheet.setAttribute("viewBox", `0 0 ${width} ${height}`);
    stage.sheet.replaceChildren();
    Object.values(stage.figures).forEach((one) => {
      why().clear(one.canvas);
      one.ring.hidden = true;
    });
    if (view) shown[view].show();
  }
  const watched = new ResizeObserver(paint);

  function places() {
    const around = stage.box.getBoundingClientRect();
    return SIDES.map((side) => {
      const mine = stage.figures[side].frame.getBoundingClientRect();
      return { left: mine.left - around.left, top: mine.top - around.top, width: mine.width, height: mine.height };
    });
  }

  function ring(side, seen, cell) {
    const mark = stage.figures[side].ring;
    const at = why().boxOf(cell, seen);
    Object.entries(at).forEach(([key, value]) => { mark.style[key] = `${100 * value}%`; });
    mark.hidden = false;
  }

  const onPage = (work) => (met, event) => told && byId("why") && work(met, event);
  on("pointermove", ".why-frame", onPage((frame, event) => view === "meaning" && views.spot(frame, event)));
  on("pointerdown", ".why-frame", onPage((frame, event) => view === "meaning" && views.spot(frame, event)));
  on("pointerout", ".why-frame", onPage((frame, event) => view === "meaning" && !frame.contains(event.relatedTarget) && paint()));
  on("click", "#why .why-views [data-view]", onPage(({ dataset }) => {
    view = dataset.view;
    views.leave();
    const params = new URLSearchParams(location.search);
    params.set("view", view);
    history.replaceState(history.state, "", `${location.pathname}?${params}`);
    show();
  }));
  window.likeness.bind("/why", { back: () => byId("why") && history.back() });

  window.dash_clientside = Object.assign({}, window.dash_clientside, { why: { begin: begin } });
})();
