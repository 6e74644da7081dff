/* The panel of filters that Map and Search share: what is in force, the counts of what is open, the chips.

   likeness.facets has
     where                  the conditions, as the address has them
     conditions, passing, total
     set(conditions)        other ones; preview(conditions): only the counts follow, as while dragging
     of(name)               the conditions on one column; change(name, own): other ones in their place
     clear(), open()
   Event likeness:facets on the document: other conditions are in force. See dashboard/facets.py. */
(function () {
  "use strict";
  const { on, url } = window.likeness;
  const { printed, said } = window.likeness.conditions;
  const byId = (id) => document.getElementById(id);
  const WIDE = "(min-width: 1200px)";
  const NARROW = "(max-width: 800px)";
  const OPEN = "likeness-filters";

  const state = {
    where: "", conditions: [], columns: [], facets: {}, passing: null, total: null, error: null, find: {},
    unfolded: new Set(), page: null,
  };
  let asking = null;
  let asked = 0;

  function stored(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch (error) {
      return null;
    }
  }

  function store(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch (error) {
      return; // storage is forbidden: it is forgotten with the page
    }
  }

  // Asking

  // The counts for some conditions. A later question takes the place of one under way.
  function ask(where) {
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    const number = ++asked;
    const panel = byId("facets");
    const [column, text] = Object.entries(state.find)[0] || ["", ""];
    const query = new URLSearchParams({ where: where, open: [...state.unfolded].join() });
    if (text) query.set("find", `${column}:${text}`);
    if (panel) panel.setAttribute("aria-busy", "true");
    return fetch(url(`/facets?${query}`), { signal: mine.signal })
      .then((answer) => {
        if (answer.status === 401 && window.likeness.signIn) window.likeness.signIn();
        return answer.ok ? answer.json() : window.likeness.refusal(answer).then((reason) => Promise.reject(reason));
      })
      .then((found) => {
        if (number !== asked) return;
        Object.assign(state, { error: null, facets: found.facets, columns: found.columns });
        Object.assign(state, { passing: found.passing, total: found.total });
        if (where === state.where) state.conditions = found.conditions;
        render();
      })
      .catch((error) => {
        if (number !== asked || error.name === "AbortError") return;
        state.error = typeof error === "string" && error ? error : "The server does not answer.";
        render();
      })
      .finally(() => number === asked && panel && panel.removeAttribute("aria-busy"));
  }

  // Changing

  function put(where) {
    state.where = where;
    document.dispatchEvent(new CustomEvent("likeness:facets"));
    window.dash_clientside.set_props("facets-where", { data: where });
    return ask(where);
  }

  function set(conditions) {
    state.conditions = conditions;
    return put(printed(conditions));
  }

  const of = (name) => state.conditions.filter((one) => one.column === name);
  const changed = (name, own) => state.conditions.filter((one) => one.column !== name).concat(own);

  // Showing

  function render() {
    const panel = byId("facets");
    if (!panel) return;
    const active = state.conditions.length;
    const narrowed = Boolean(state.where);
    byId("facets-active").hidden = !active;
    byId("facets-active").textContent = active || "";
    const known = state.total !== null && !state.error;
    const count = (number) => number.toLocaleString("en");
    byId("facets-count").textContent = !known ? "" : narrowed ? `${count(state.passing)} of ${count(state.total)}`
      : count(state.total);
    document.querySelectorAll("[data-facets=clear]").forEach((button) => { button.hidden = !narrowed; });
    const query = narrowed ? `?${new URLSearchParams({ where: state.where })}` : "";
    byId("facets-table").href = url("/table") + query;
    byId("facets-table").hidden = state.page === "/table";
    const end = panel.querySelector(".facets-foot button");
    end.textContent = known ? `Show ${count(state.passing)} ${state.passing === 1 ? "image" : "images"}` : "Show";
    chips();
    const note = byId("facets-note");
    note.replaceChildren(...(state.error ? [part("div", { className: "error-note", role: "alert" }, state.error)] : []));
    if (!state.error || state.columns.length) window.likeness.facetList.render(byId("facets-list"), state);
  }

  function part(name, properties, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function icon(name) {
    const made = part("span", { className: "icon" });
    made.style.setProperty("--icon", `url(${url(`/bootstrap/icons/${name}.svg`)})`);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  const titleOf = (name) => (state.columns.find((one) => one.name === name) || { title: name }).title;

  function chips() {
    const box = byId("facets-chips");
    if (!box) return;
    const made = state.conditions.map((condition, at) => {
      const title = titleOf(condition.column);
      const text = said(condition, title);
      const off = part("button", { type: "button", className: "chip-drop", title: `Take off: ${title} ${text}` }, icon("x"));
      off.setAttribute("aria-label", `Take off the filter ${title}: ${text}`);
      off.dataset.chip = at;
      return part("span", { className: "chip facet-chip" },
        part("span", { className: "facet-chip-text" }, part("span", { className: "soft" }, `${title} `), text), off);
    });
    if (made.length > 1) {
      const all = part("button", { type: "button", className: "card-link" }, "Clear all");
      all.dataset.facets = "clear";
      made.push(all);
    }
    box.replaceChildren(...made);
  }

  // Opening and closing

  function show(open, kept) {
    const panel = byId("facets");
    if (!panel) return;
    panel.hidden = !open;
    byId("facets-open").setAttribute("aria-expanded", String(open));
    document.body.classList.toggle("has-drawer", open && window.matchMedia(NARROW).matches);
    if (kept) store(OPEN, Object.assign(stored(OPEN) || {}, { [state.page]: open }));
    if (open && !state.columns.length) ask(state.where);
  }

  function begin(panel, where) {
    if (asking) asking.abort();
    asked += 1; // what the page before has asked for is not of this one
    state.page = window.likeness.plain(location.pathname);
    const kept = stored(OPEN) || {};
    state.unfolded = new Set(kept.unfolded || ["taken", "date", "label", "folder", "keyword", "color", "tag"]);
    Object.assign(state, { where: where, conditions: [], columns: [], facets: {}, total: null, error: null, find: {} });
    const wish = kept[state.page] === undefined ? panel.dataset.opens === "true" : kept[state.page];
    show(wish && window.matchMedia(WIDE).matches, false);
    panel.dataset.begun = "yes";
    document.dispatchEvent(new CustomEvent("likeness:facets"));
    if (where || !panel.hidden) ask(where);
    chips();
  }

  on("click", "[data-facets]", (button) => {
    const does = button.dataset.facets;
    if (does === "clear") set([]);
    else show(does === "toggle" && byId("facets").hidden, true);
    if (does !== "clear" && byId("facets").hidden) byId("facets-open").focus();
    else if (does === "toggle") byId("facets").querySelector(".facets-head [data-facets=close]").focus();
  });
  on("click", "[data-chip]", (button) => set(state.conditions.filter((one, at) => at !== Number(button.dataset.chip))));
  on("keydown", "#facets", (panel, event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !window.matchMedia(NARROW).matches) return;
    event.stopPropagation();
    show(false, true);
    byId("facets-open").focus();
  });

  // What notes say has changed, and with it the counts of tags and collections.
  on("likeness:acted", null, () => byId("facets") && (state.where || !byId("facets").hidden) && ask(state.where));

  window.likeness.facets = {
    get where() { return state.where; },
    get conditions() { return state.conditions; },
    get passing() { return state.passing; },
    get total() { return state.total; },
    state: state, part: part, icon: icon, titleOf: titleOf, ask: ask, of: of, set: set, stored: stored, store: store,
    change: (name, own) => set(changed(name, own)),
    preview: (name, own) => ask(printed(changed(name, own))),
    clear: () => set([]),
    open: () => show(true, true),
    keep: () => store(OPEN, Object.assign(stored(OPEN) || {}, { unfolded: [...state.unfolded] })),
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    facets: {
      arrived: function (where) {
        const panel = byId("facets");
        if (panel && panel.dataset.begun !== "yes") begin(panel, where || "");
        else if (panel && (where || "") !== state.where) put(where || "");
        return window.dash_clientside.no_update;
      },
    },
  });
})();
