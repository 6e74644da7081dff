/* The matches of the Search page as a gallery: scores and parts on each, a word on it, and scrolling on. */
(function () {
  "use strict";
  const { search, on, elements } = window.likeness;
  const { make, icon } = elements;
  const gallery = () => window.likeness.gallery;
  const AHEAD = "1200px"; // so far before the end the next page is asked for
  const FOOT = 68; // px of words below a picture
  const NARROWEST = 124; // px of a card: its tools side by side
  const TOOLS = [
    ["plus", "plus-lg", "Add to the search"], ["minus", "dash-lg", "Search for less like this"],
    ["up", "hand-thumbs-up", "Good match"], ["down", "hand-thumbs-down", "Bad match"],
  ];
  let key = ""; // of the search that is shown
  let list = null; // the gallery of the page that is open
  let matches = new Map(); // id → what the server says of a match
  let bend = null; // after how many matches the scores bend
  let parts = []; // of a score: {name, title, part, counts}
  let scored = ""; // what a score is a score of
  let by = "given"; // what the matches are sorted by
  let sorting = null; // the order that is asked for
  let asked = "";
  const among = make("span", { className: "soft small" }); // which matches are sorted

  // Cards

  function name(id) {
    const match = matches.get(id);
    const of = match.label ? `${match.label} · ${match.name}` : match.name;
    return `Match ${match.rank}: ${of}, score ${match.score.toFixed(3)}`;
  }

  function dress(card, id) {
    const match = matches.get(id);
    const foot = make("div", { className: "match-foot" });
    const score = make("span", { className: "match-score", title: scored }, match.score.toFixed(3));
    const distance = match.distance === undefined ? null
      : make("span", { title: "Distance by the chosen metric, 0 is the same" }, `dist ${Number(match.distance.toPrecision(4))}`);
    foot.append(
      make("div", { className: "match-figures" }, make("span", { className: "match-rank" }, String(match.rank)),
        make("span", { className: "match-both" }, distance, score)),
      bars(match),
      make("div", { className: "match-last" },
        make("div", { className: "match-label", title: match.path }, match.label || match.name), tools(match)),
    );
    card.append(foot, ...said(match));
  }

  // A thin bar for each embedding, as long as its cosine; those without weight are faint.
  function bars(match) {
    const known = parts.filter((one) => one.name in match.parts);
    const figures = known.map((one) => `${one.title} ${match.parts[one.name].toFixed(2)}`).join(", ");
    const box = make("div", { className: "parts", role: "img", title: figures, "aria-label": figures });
    known.forEach((one) => {
      const bar = make("div", { className: `part ${one.part}` });
      bar.style.width = `${100 * Math.max(0, Math.min(1, match.parts[one.name]))}%`;
      box.append(make("div", { className: one.counts ? "part-track" : "part-track part-off" }, bar));
    });
    return box;
  }

  function tools(match) {
    const may = window.likeness.may("annotate");
    return make("div", { className: "match-tools" }, ...TOOLS.filter(([does]) => may || does === "plus" || does === "minus")
      .map(([does, picture, text]) => {
        const rates = { up: 1, down: -1 }[does];
        return make("button", {
          type: "button", className: "match-tool", title: text, tabIndex: -1, "aria-label": `${text}: ${match.name}`,
          "aria-pressed": rates ? String(match.rating === rates) : null, data: { does: does, image: match.id },
        }, icon(picture));
      }));
  }

  function said(match) {
    if (match.written) {
      const title = `The words are written in its ${match.written}`;
      return [make("span", { className: "match-said", title: title }, match.written)];
    }
    if (match.further) return [make("span", { className: "match-said" }, "Further out")];
    if (!match.alike) return [];
    const href = window.likeness.url(`/search?image=${match.id}&metric=hamming`);
    return [make("a", { className: "match-said", href: href, tabIndex: -1,
      title: "Near-duplicates that are left out; this shows them" }, `+${match.alike} alike`)];
  }

  // What is searched with, as the address says it, without how the matches are shown.
  function askedWith() {
    const params = new URLSearchParams(location.search);
    ["mode", "count", "by", "where", "view"].forEach((name) => params.delete(name));
    return Object.fromEntries(params);
  }

  // The list

  function begin(box) {
    const g = gallery();
    list = g.create(box, {
      label: "Matches", size: g.sizeOf("search", 168), least: NARROWEST, foot: FOOT, name: name, dress: dress,
      look: { card: "match", link: "match-picture" }, href: (id) => window.likeness.url(`/search?image=${id}`),
      open: use, near: more, rate: rate, rated: (id) => (matches.get(id) || { rating: 0 }).rating, why: askedWith,
      breaks: () => (by === "given" && bend && bend < list.ids.length ? [bend] : []),
      line: (count) => make("span", {
        title: "Up to here the matches stand out among the first 100: a suggestion, not a limit", className: "cutoff",
      }, `The first ${count === 1 ? "match stands" : `${count} stand`} out. After here likeness falls off slowly.`),
    });
    const tools = document.getElementById("search-tools");
    if (tools) tools.replaceChildren(sorter(), among, g.slider(list, "search"));
  }

  // Sorting

  function sorter() {
    const label = gallery().sorter(by, (name) => {
      by = name;
      const params = new URLSearchParams(location.search);
      if (by === "given") params.delete("by");
      else params.set("by", by);
      search.put("search-by", { data: by });
      search.put("search-view", { data: { path: "/search", search: `?${params}`, replace: true } });
      stand(matches, key);
    });
    label.querySelector("option[value=given]").textContent = "Closest first";
    return label;
  }

  // Matches in their order; the place in the list is kept where the order stays.
  async function stand(next, of) {
    if (sorting) sorting.abort();
    const mine = (sorting = new AbortController());
    let ids = Int32Array.from(next.keys());
    try {
      if (by !== "given") ids = (await gallery().order(ids, { by: by }, mine.signal)).ids;
    } catch (error) {
      if (error.name === "AbortError") return;
      if (typeof error !== "string") throw error;
      window.likeness.say(error);
    }
    if (sorting !== mine || !list.grid.isConnected) return;
    [matches, key] = [next, of];
    among.textContent = by === "given" ? "" : `the ${ids.length} closest`;
    // One's own words first, then what the files say.
    if (by === "rating") ids.sort((one, other) => matches.get(other).rating - matches.get(one).rating);
    list.show(ids, { ratios: ratios(ids), key: by === "given" ? key : `${key} ${by}`, of: key });
    end();
  }

  const ratios = (ids) => Float32Array.from(ids, (id) => matches.get(id).shape / 1000);

  // Another search, or the same one found anew.
  function show(data) {
    const box = document.getElementById("search-list");
    if (!data || !box) return window.dash_clientside.no_update;
    [parts, bend, scored] = [data.parts, data.bend, data.scored];
    if (!list || !box.contains(list.grid)) {
      by = data.by;
      begin(box);
    }
    stand(new Map(data.matches.map((one) => [one.id, one])), data.of);
    return window.dash_clientside.no_update;
  }

  // The next page after what is shown, if it still belongs there.
  function append(page, shown) {
    const fits = page && shown && page.shown.of === shown.of && page.after === shown.ids.length && list;
    if (!fits) return window.dash_clientside.no_update;
    stand(new Map([...matches, ...page.matches.map((one) => [one.id, one])]), page.shown.of);
    return page.shown;
  }

  // Doing

  // Searched with instead of what is on the board, or beside it.
  function use(id) {
    search.note(null);
    search.addTo(search.placed(search.state.board, search.entry("image", id), search.isAdding()));
  }

  // Beside what is on the board: few one by one, more as their average.
  search.addAll = function (ids, minus) {
    const free = search.most - search.state.board.length;
    const entries = ids.length <= Math.max(1, Math.min(free, 8)) ? ids.map((id) => search.entry("image", id, minus))
      : [search.entry("selection", window.likeness.ids.pack(ids), minus)];
    search.note(null);
    const board = entries.reduce((now, one) => (Array.isArray(now) ? search.placed(now, one, true) : now), search.state.board);
    search.addTo(board);
  };

  // Where something from outside belongs: among what is nearest to it.
  const NEAREST = 12;
  search.doing.place = function () {
    const ids = search.matches().slice(0, NEAREST).map((one) => one.id);
    if (ids.length) window.likeness.visit("/", `?${new URLSearchParams({ picked: window.likeness.ids.pack(ids) })}`);
  };

  // What is found, best first.
  search.matches = () => (list && list.grid.isConnected ? [...matches.values()] : []);

  // Shown at once; where the server refuses, as it was. The same word again takes it back.
  async function rate(ids, value) {
    const rated = ids.map((id) => matches.get(id)).filter(Boolean);
    const before = rated.map((match) => match.rating);
    const now = before.every((word) => word === value) ? 0 : value;
    rated.forEach((match) => press(match, now));
    const words = rated.map((match) => ({
      question: search.state.shown.question, image: match.id, value: now, rank: match.rank, score: match.score, parts: match.parts,
    }));
    const answer = await (words.length > 1 ? window.likeness.act("rate-all", { words: words }) : window.likeness.act("rate", words[0]));
    if (answer.error) rated.forEach((match, index) => press(match, before[index]));
  }

  function press(match, value) {
    match.rating = value;
    document.querySelectorAll(`#search-list .match-tool[data-image="${match.id}"][aria-pressed]`).forEach((one) =>
      one.setAttribute("aria-pressed", String({ up: 1, down: -1 }[one.dataset.does] === value)));
  }

  search.doing.up = ({ dataset }) => rate([Number(dataset.image)], 1);
  search.doing.down = ({ dataset }) => rate([Number(dataset.image)], -1);

  // Once for each end: an answer that comes late finds that the list has grown, and is dropped.
  function more() {
    const { shown } = search.state;
    if (!shown || !shown.more || by !== "given") return; // sorted, further ones would come in between
    ask(shown);
  }

  function ask(shown) {
    const end = `${shown.of}:${shown.ids.length}`;
    if (end === asked) return;
    asked = end;
    search.put("search-more", { data: `${end}:${Date.now()}` });
  }

  const watcher = new IntersectionObserver((seen) => {
    if (seen[seen.length - 1].isIntersecting) more();
    else asked = ""; // what failed is asked for again when the end comes back
  }, { rootMargin: `0px 0px ${AHEAD} 0px` });

  // Watching anew tells at once whether the end is still in sight.
  function end() {
    asked = "";
    watcher.disconnect();
    requestAnimationFrame(() => {
      const { shown } = search.state;
      const box = document.getElementById("search-end");
      if (!box) return;
      const whole = shown && !shown.more && shown.ids.length >= 960;
      box.textContent = whole ? `These are the first ${shown.ids.length}. Filters lead to others.` : "";
      if (by === "given") return watcher.observe(box);
      if (shown && shown.more) {
        box.append(`The ${shown.ids.length} closest are sorted. `,
          make("button", { type: "button", className: "button", data: { does: "further" } }, "Find more"));
      }
    });
  }
  on("likeness:matches", null, end);
  search.doing.further = () => search.state.shown && ask(search.state.shown);

  Object.assign(window.dash_clientside.search, { list: show, append: append });
})();
