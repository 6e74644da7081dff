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
  const BINS = 12; // colors told one by one
  let told = null; // what the server says
  let view = null; // the name of the view that is open
  let stage = null; // {box, figures: {asked, found}, sheet}
  let asking = null;

  const views = {}; // name → {title, has(), show(), side()}, in the order of the screen
  const figure = (value) => value.toFixed(3).replace("-", "−");
  const percent = (share) => `${Math.round(100 * share)} %`;

  // Asking

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
    const open = Object.keys(views).filter((name) => views[name].has());
    if (!open.includes(view)) view = !told.asked && open.includes("words") ? "words" : open[0];
    box.replaceChildren(head(), ...(told.match.src ? [pictures(open)] : []),
      make("div", { className: "why-words-of" }, score(), make("section", { className: "why-side", id: "why-side", "aria-label": "What is shown" }), known()));
    show();
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
    counting.forEach((part) => bar.append(piece(`part ${part.part}${scaled ? " why-lost" : ""}`, part.amount,
      `${part.title} ${scaled ? "takes" : "adds"} ${figure(part.amount)}`)));
    const rows = parts.map((part) => row(part, scaled));
    const sum = make("tr", { className: "why-sum" }, make("th", { scope: "row" }, "Score"), make("td"), make("td"),
      make("td", { className: "num" }, figure(looks)), make("td", {},
        written ? `and ${figure(whole)} since the words are written in its ${written}` : ""));
    const heads = ["", scaled ? "Stands out" : "Cosine", "Weight", scaled ? "Takes from 1" : "Adds", "Rank alone"];
    const table = make("table", { className: "why-parts" }, make("thead", {}, make("tr", {}, ...heads.map((text, i) => make("th", { scope: "col", className: i && i < 4 ? "num" : "" }, text)))),
      make("tbody", {}, ...rows, sum));
    const about = scaled
      ? "How far it stands out of this library for what is asked: 1 less what each embedding takes (their weighted geometric mean)."
      : "Each embedding adds its weight times its cosine; together they are the score.";
    return make("section", { className: "why-score", "aria-label": "The score and its parts" },
      make("div", { className: "why-total" }, make("strong", { className: "num" }, figure(whole)), bar),
      make("div", { className: "table-scroll" }, table), make("p", { className: "soft small" }, about));
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
      make("button", { type: "button", className: "button segment", data: { view: name } }, views[name].title)));
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
    side.replaceChildren(...(view ? views[view].side() : [make("p", { className: "soft" }, "Nothing more can be shown of these two.")]));
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
    if (view) views[view].show();
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

  let strays = false; // whether pairs that do not fit are shown

  views.structure = {
    title: "Structure",
    has: () => Boolean(told.structure),
    show: () => why().lines(stage.sheet, places(), told.structure, strays),
    side: () => {
      const { said, first, second, pairs, inliers } = told.structure;
      const more = make("label", { className: "why-check" }, make("input", { type: "checkbox", id: "why-strays", checked: strays }), `Show the ${(pairs.length - inliers).toLocaleString("en")} that fit no movement`);
      return [make("h2", {}, "Structure"), make("p", { className: "why-said" }, said),
        ...(pairs.length > inliers ? [more] : []),
        make("p", { className: "soft small" }, `${first.length.toLocaleString("en")} and ${second.length.toLocaleString("en")} points (SIFT). A pair looks alike and is clearly nearer than the second best; a line is a pair that one shift, turn and stretch explains together with the others.`)];
    },
  };

  let lit = null; // the bin of color that is pointed at

  views.colors = {
    title: "Color",
    has: () => Boolean(told.colors),
    show: () => {
      const { bins } = told.colors;
      const most = Math.max(...bins.map((one) => one.adds), 1e-9);
      const clear = new Map(bins.map((one) => [one.bin, lit === null ? Math.sqrt(Math.max(0, one.adds) / most) : Number(one.bin === lit)]));
      SIDES.forEach((side) => {
        const one = told.colors[side];
        const drawn = stage.figures[side];
        if (one && drawn) why().veil(drawn.canvas, one.bins.map((bin) => clear.get(bin) || 0), one.shape, [0, 0, 1, 1], lit === null);
      });
    },
    side: () => {
      const { bins, cosine, read } = told.colors;
      const shared = bins.filter((one) => one.adds > 0);
      const highest = Math.max(...bins.map((one) => Math.max(one.asked, one.found)), 1e-9);
      const bar = (value, name) => {
        const made = make("span", { className: name });
        made.style.width = `${(100 * Math.max(0, value)) / highest}%`;
        return made;
      };
      const line = (one) => {
        const dot = make("span", { className: "palette-dot" });
        dot.style.background = one.color;
        return make("li", {}, make("button", { type: "button", className: "row-button why-color", data: { bin: one.bin }, "aria-pressed": String(lit === one.bin),
          title: `${one.color}: ${figure(one.asked)} × ${figure(one.found)}` }, dot,
        make("span", { className: "why-twice" }, bar(one.asked, "why-one"), bar(one.found, "why-other")), make("span", { className: "num" }, figure(one.adds))));
      };
      const rest = shared.slice(BINS).reduce((sum, one) => sum + one.adds, 0);
      const less = bins.filter((one) => one.adds < 0).reduce((sum, one) => sum + one.adds, 0);
      return [make("h2", {}, "Color"),
        make("p", { className: "why-said" }, shared.length ? `${shared.length} of ${bins.length} colors are in both; what they add sums to ${figure(cosine)}.` : "No color is in both."),
        ...(read ? [make("p", { className: "soft small" }, "Beside a thing, a color is looked for on the thing; this is what the whole pictures share.")] : []),
        ...SIDES.filter((side) => told.colors[side]).map((side) => palette(side)),
        make("ul", { className: "why-colors" }, ...shared.slice(0, BINS).map(line)),
        ...(rest > 0 ? [make("p", { className: "soft small num" }, `${shared.length - BINS} more add ${figure(rest)}`)] : []),
        ...(less < 0 ? [make("p", { className: "soft small num" }, `Colors that are not wanted take ${figure(-less)}`)] : []),
        make("p", { className: "soft small" }, "Bars: how much of the color the search (above) and the match (below) have. Point at one to see where it is.")];
    },
  };

  function palette(side) {
    const bar = make("div", { className: "palette-bar", title: side === "asked" ? "Searched with" : "Match" });
    told.colors[side].palette.forEach(([color, share]) => {
      const made = make("div", { title: `${color} ${percent(share)}` });
      made.style.cssText = `background: ${color}; flex-grow: ${share}`;
      bar.append(made);
    });
    return bar;
  }

  let network = 0; // of those that tell regions apart, the one that is shown

  const seenOf = () => told.meaning[Math.min(network, told.meaning.length - 1)];

  views.meaning = {
    title: "Meaning",
    has: () => told.meaning.length > 0,
    show: () => SIDES.forEach((side) => {
      const seen = seenOf()[side];
      why().veil(stage.figures[side].canvas, why().stretched(seen.adds), seen.shape, seen.box, true);
    }),
    side: () => {
      const found = seenOf();
      const sum = found.found.adds.reduce((all, one) => all + one, 0);
      const choice = told.meaning.map((one, i) => make("button", { type: "button", className: "button", data: { network: i }, "aria-pressed": String(one === found) }, one.title));
      return [make("h2", {}, "Meaning"),
        ...(choice.length > 1 ? [make("div", { className: "why-words", role: "group", "aria-label": "Network" }, ...choice)] : []),
        make("p", { className: "why-said" }, found.sums
          ? `Clear is what the two have most in common for the network; all regions together add up to ${figure(sum)}.`
          : `Clear are the regions that agree most: each is worth its cosine with the one of the other picture that is most like it, at best ${figure(Math.max(...found.found.adds))}.`),
        make("p", { className: "soft small", id: "why-spot", role: "status" }, "Point at a spot in one picture to see where the other answers."),
        make("p", { className: "soft small" }, `${found.found.shape.join(" × ")} regions of what the network (${found.name}) looks at${covers(found) ? "" : "; what lies outside it does not see"}.`)];
    },
  };

  // Whether the regions of both pictures cover all of them.
  const covers = (found) => SIDES.every((side) => {
    const [left, top, right, bottom] = found[side].box;
    return left <= 0.001 && top <= 0.001 && right >= 0.999 && bottom >= 0.999;
  });

  let word = 0;

  views.words = {
    title: "Words",
    has: () => told.words.length > 0,
    show: () => {
      const seen = told.words[Math.min(word, told.words.length - 1)];
      why().veil(stage.figures.found.canvas, why().stretched(seen.adds), seen.shape, seen.box, true);
    },
    side: () => [make("h2", {}, "Words"), make("p", { className: "why-said" }, "Clear is where the network sees what the word says."),
      make("div", { className: "why-words" }, ...told.words.map((one, i) => make("button", { type: "button", className: "button", data: { word: i }, "aria-pressed": String(i === word) }, one.word)))],
  };

  // A spot in one picture: the cells of the other by how like it they are.
  function spot(frame, event) {
    if (!stage || view !== "meaning") return;
    const mine = frame.dataset.side;
    const other = mine === "asked" ? "found" : "asked";
    const found = seenOf();
    const box = frame.getBoundingClientRect();
    const cell = why().cellAt([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height], found[mine]);
    if (cell < 0) return paint();
    const values = mine === "asked" ? found.cosines[cell] : found.cosines.map((line) => line[cell]);
    const best = values.indexOf(Math.max(...values));
    paint();
    why().veil(stage.figures[other].canvas, why().stretched(values), found[other].shape, found[other].box, true);
    why().clear(stage.figures[mine].canvas);
    ring(mine, found[mine], cell);
    ring(other, found[other], best);
    byId("why-spot").textContent = `The marked spot answers best: cosine ${figure(values[best])}.`;
  }

  const onPage = (work) => (met, event) => told && byId("why") && work(met, event);
  on("pointermove", ".why-frame", onPage(spot));
  on("pointerdown", ".why-frame", onPage(spot));
  on("pointerout", ".why-frame", onPage((frame, event) => view === "meaning" && !frame.contains(event.relatedTarget) && paint()));
  on("click", "#why .why-views [data-view]", onPage(({ dataset }) => {
    view = dataset.view;
    lit = null;
    const params = new URLSearchParams(location.search);
    params.set("view", view);
    history.replaceState(history.state, "", `${location.pathname}?${params}`);
    show();
  }));
  on("change", "#why-strays", onPage((field) => {
    strays = field.checked;
    paint();
  }));
  function light(bin) {
    if (lit === bin) return;
    lit = bin;
    paint();
  }
  on("pointerover", ".why-color", onPage(({ dataset }) => light(Number(dataset.bin))));
  on("focusin", ".why-color", onPage(({ dataset }) => light(Number(dataset.bin))));
  on("pointerout", ".why-colors", onPage((list, event) => !list.contains(event.relatedTarget) && light(null)));
  on("click", "#why [data-network]", onPage(({ dataset }) => {
    network = Number(dataset.network);
    show();
  }));
  on("click", "#why [data-word]", onPage(({ dataset }) => {
    word = Number(dataset.word);
    show();
  }));
  window.likeness.bind("/why", { back: () => byId("why") && history.back() });

  window.dash_clientside = Object.assign({}, window.dash_clientside, { why: { begin: begin } });
})();
