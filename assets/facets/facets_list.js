/* The facets of the panel: one section a column, folded or open, with values to tick, bars, or a field. What
   stays is kept in place, so that nothing jumps or loses the focus while counts follow. */
(function () {
  "use strict";
  const facets = window.likeness.facets;
  const { on } = window.likeness;
  const { NONE } = window.likeness.conditions;
  const { part, icon } = facets;
  const SHORT = 8; // values shown at first
  const FOUND_ABOVE = 16; // longer lists get a field to find a value by
  const WAIT = 250; // ms after a letter

  const long = new Set(); // columns whose list is shown in full
  let timer = 0;

  function render(box, state) {
    const sections = new Map([...box.children].map((one) => [one.dataset.facet, one]));
    const made = state.columns.map((column) => {
      const section = sections.get(column.name) || framed(column);
      fill(section, column, state);
      return section;
    });
    if (made.length !== box.children.length || made.some((one, at) => one !== box.children[at])) box.replaceChildren(...made);
  }

  function framed(column) {
    const id = `facet-${column.name}`;
    const head = part("button", { type: "button", className: "row-button facet-head" },
      icon("chevron-right"), part("span", { className: "facet-title" }, column.title), part("span", { className: "facet-own" }));
    head.dataset.fold = column.name;
    head.setAttribute("aria-controls", id);
    const body = part("div", { className: "facet-body", id: id });
    const section = part("section", { className: "facet" }, part("h3", {}, head), body);
    section.dataset.facet = column.name;
    return section;
  }

  function fill(section, column, state) {
    const own = facets.of(column.name);
    const open = state.unfolded.has(column.name) || own.length > 0;
    const body = section.querySelector(".facet-body");
    const facet = state.facets[column.name];
    section.querySelector(".facet-head").setAttribute("aria-expanded", String(open));
    section.classList.toggle("is-active", own.length > 0);
    body.hidden = !open;
    if (!open || !facet) return body.replaceChildren();
    if (column.kind === "category") values(body, column, facet, state);
    else if (column.kind === "text") words(body, column, own);
    else if (alike(facet)) same(body, facet);
    else window.likeness.facetBars.render(body, column, facet, own);
  }

  // Figures that leave nothing to choose.
  const alike = (facet) => !facet.picked && !facet.none && facet.totals.length < 2;

  function same(body, facet) {
    const [low] = facet.lows, { bounded, span } = window.likeness.conditions;
    const dates = low !== undefined && /^\d{4}-\d\d/.test(low);
    body.replaceChildren(part("p", { className: "facet-same" },
      low === undefined ? "No image says it." : `The same for all: ${dates ? span(facet.range) : bounded(low)}.`));
  }

  // Values to tick

  function values(body, column, facet, state) {
    let list = body.querySelector("ul");
    if (!list) {
      list = part("ul", { className: "facet-values" });
      const find = part("input", { type: "search", className: "form-control facet-find", placeholder: "Find", autocomplete: "off" });
      find.setAttribute("aria-label", `Find a ${column.title.toLowerCase()}`);
      find.dataset.find = column.name;
      const more = part("button", { type: "button", className: "card-link facet-more" });
      more.dataset.more = column.name;
      body.replaceChildren(find, list, more);
    }
    const wished = state.find[column.name] || "";
    const chosen = new Set(facet.chosen);
    const rows = facet.values.map(([name, count]) => [name, count, name]);
    if ((facet.none && !wished && rows.length) || chosen.has(NONE)) rows.push([NONE, facet.none, `no ${column.title.toLowerCase()}`]);
    const full = long.has(column.name) || wished;
    const seen = rows.filter(([name], at) => full || at < SHORT || chosen.has(name));
    const most = Math.max(1, ...facet.values.map(([, count]) => count));
    const kept = new Map([...list.children].map((row) => [row.dataset.value, row]));
    const made = seen.map(([name, count, text]) => {
      const row = kept.get(name) || ticked(column, name, text, facet.samples);
      row.querySelector("input").checked = chosen.has(name);
      row.querySelector(".facet-count").textContent = count.toLocaleString("en");
      row.classList.toggle("is-none", !count);
      row.style.setProperty("--share", count / most);
      return row;
    });
    const before = [...list.children];
    if (made.length !== before.length || made.some((row, at) => row !== before[at])) {
      const focused = document.activeElement;
      list.replaceChildren(...made);
      if (focused && list.contains(focused)) focused.focus();
    }
    list.classList.toggle("is-long", Boolean(full) && seen.length > SHORT);
    body.querySelector(".facet-find").hidden = facet.distinct <= FOUND_ABOVE;
    foot(body.querySelector(".facet-more"), facet, rows.length, seen.length, full, wished);
    if (!rows.length) list.replaceChildren(part("li", { className: "facet-same" }, wished ? "None has this in its name." : "None."));
  }

  function foot(more, facet, all, seen, full, wished) {
    const rest = facet.more ? ` The ${all.toLocaleString("en")} most frequent are listed: find others by name.` : "";
    more.hidden = wished ? true : full ? all <= SHORT : seen >= all;
    more.textContent = full ? "Show fewer" : `Show all ${facet.distinct.toLocaleString("en")}`;
    more.title = rest.trim();
  }

  function ticked(column, name, text, samples) {
    const box = part("input", { type: "checkbox" });
    box.dataset.column = column.name;
    const label = part("label", {}, box);
    if (samples && samples[name]) {
      const dot = part("span", { className: "facet-dot" });
      dot.style.setProperty("--swatch", samples[name]);
      label.append(dot);
    }
    label.append(part("span", { className: "facet-name", title: text }, text), part("span", { className: "facet-count" }));
    const only = part("button", { type: "button", className: "facet-only", title: `Only ${text}` }, "only");
    only.setAttribute("aria-label", `Only ${text}`);
    only.dataset.only = column.name;
    const row = part("li", { className: name === NONE ? "facet-value is-nothing" : "facet-value" }, label, only);
    row.dataset.value = name;
    return row;
  }

  const one = (column, names) => (names.length ? [{ column: column, values: names }] : []);

  on("change", "#facets .facet-value input", (box) => {
    const { column } = box.dataset;
    const name = box.closest("li").dataset.value;
    const chosen = new Set(facets.of(column).flatMap((condition) => condition.values || []));
    if (box.checked) chosen.add(name);
    else chosen.delete(name);
    facets.change(column, one(column, [...chosen]));
  });
  on("click", "#facets [data-only]", (button) => {
    facets.change(button.dataset.only, one(button.dataset.only, [button.closest("li").dataset.value]));
  });
  on("click", "#facets [data-more]", (button) => {
    const { more } = button.dataset;
    if (!long.delete(more)) long.add(more);
    render(document.getElementById("facets-list"), facets.state);
  });
  on("click", "#facets [data-fold]", (button) => {
    const { unfolded, where } = facets.state;
    const { fold } = button.dataset;
    if (!unfolded.delete(fold)) unfolded.add(fold);
    facets.keep();
    if (unfolded.has(fold)) facets.ask(where);
    else render(document.getElementById("facets-list"), facets.state);
  });
  on("input", "#facets [data-find]", (field) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!field.isConnected) return; // the page has been left
      const { state } = facets;
      state.find = field.value.trim() ? { [field.dataset.find]: field.value.trim() } : {};
      facets.ask(state.where);
    }, WAIT);
  });

  // A text to be found

  function words(body, column, own) {
    const now = own.map((condition) => condition.text || "").find(Boolean) || "";
    let field = body.querySelector("input");
    if (!field) {
      field = part("input", { type: "search", className: "form-control facet-find", placeholder: "contains …", autocomplete: "off" });
      field.setAttribute("aria-label", `${column.title} contains`);
      field.dataset.words = column.name;
      body.replaceChildren(field);
    }
    if (field !== document.activeElement) field.value = now;
  }

  on("input", "#facets [data-words]", (field) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!field.isConnected) return;
      const text = field.value.trim();
      facets.change(field.dataset.words, text ? [{ column: field.dataset.words, text: text }] : []);
    }, WAIT);
  });

  window.likeness.facetList = { render: render };
})();
