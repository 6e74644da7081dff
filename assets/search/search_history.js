/* The searches of this browser, to come back to: kept in localStorage, told to nobody. */
(function () {
  "use strict";
  const KEY = "likeness-history:" + window.likeness.url("/");
  const KEPT = 24;
  const { search, on } = window.likeness;

  // One entry of a search: what is shown for it, and what it is called.
  const part = (one) => window.likeness.entries.part(one, search.stored);

  function all() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) || [];
    } catch (error) {
      return [];
    }
  }

  function keep(entries) {
    try {
      localStorage.setItem(KEY, JSON.stringify(entries.slice(0, KEPT)));
    } catch (error) {
      return; // storage is forbidden: there is no history then
    }
  }

  async function record(view) {
    const board = search.state.board;
    if (!board.length || !view || view.path !== "/search") return show();
    // Without the edits: trying out a crop is one search.
    const key = board.map((one) => (one.minus ? "-" : "") + one.kind + ":" + one.key).join();
    const entry = { key: key, search: view.search, parts: await Promise.all(board.slice(0, 4).map(part)) };
    entry.others = board.length - entry.parts.length;
    keep([entry].concat(all().filter((other) => other.key !== key)));
    show();
  }

  function picture(one) {
    const frame = document.createElement("span");
    frame.className = "history-part";
    const source = one.image ? window.likeness.url("/thumb/" + one.image) : one.src;
    if (source) {
      const shown = document.createElement("img");
      shown.src = source;
      shown.alt = "";
      shown.loading = "lazy";
      frame.append(shown);
    } else {
      frame.append(one.name);
      frame.classList.add("history-name");
    }
    if (one.minus) frame.classList.add("history-minus");
    return frame;
  }

  function show() {
    const place = document.getElementById("search-history");
    if (!place) return;
    const entries = all();
    if (!entries.length) {
      place.textContent = "Your searches appear here.";
      return;
    }
    const list = document.createElement("div");
    list.className = "history-list";
    entries.forEach((entry) => {
      const link = document.createElement("a");
      const gone = entry.parts.some((one) => one.upload && !search.stored(one.upload));
      const names = entry.parts.map((one) => (one.minus ? "without " : "") + one.name).join(", ");
      link.href = window.likeness.url("/search") + entry.search;
      link.className = gone ? "history-entry history-gone" : "history-entry";
      link.title = gone ? "Its image has left this browser tab; give it again" : names;
      link.setAttribute("aria-label", "Search again: " + names);
      link.append(...entry.parts.map(picture));
      if (entry.others > 0) link.append("+" + entry.others);
      list.append(link);
    });
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "card-link";
    clear.textContent = "Clear history";
    clear.addEventListener("click", () => {
      keep([]);
      show();
    });
    place.replaceChildren(list, clear);
  }

  on("likeness:matches", null, (event) => search.state.shown && record(event.detail.view));
  on("likeness:query", null, show);
})();
