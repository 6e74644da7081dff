/* The bar of what is chosen, at the foot of the page, and the question for a name. */
(function () {
  "use strict";
  const { make, icon, button } = window.likeness.elements;
  const { on } = window.likeness;
  const EXPORTS = ["csv", "json", "zip"];
  let shown = null; // the gallery that the bar is of
  let element = null;
  let asking = null; // the question that is open: closes it

  const counted = (count) => `${count.toLocaleString("en")} chosen`;

  // list: what is chosen there has changed. gone: a gallery that has left the page.
  function bar(list, gone) {
    if (gone && gone !== shown) return;
    const count = list ? list.chosen.size : 0;
    if (!count && (!shown || shown === list || gone)) {
      if (element) element.remove();
      [shown, element] = [null, null];
      return;
    }
    if (!count) return; // of another one
    if (shown && shown !== list && shown.grid.isConnected) shown.chosen.clear();
    const before = element;
    shown = list;
    if (!before) document.body.append(element = make("div", { className: "chosen-bar", role: "toolbar", "aria-label": "What is chosen" }));
    if (element.contains(document.activeElement) && element.dataset.count) return renew(list);
    fill(list);
  }

  // The same buttons, with another number.
  function renew(list) {
    element.querySelector(".chosen-count").textContent = counted(list.chosen.size);
  }

  function fill(list) {
    const g = window.likeness.gallery;
    const ids = list.chosen.list(list.ids);
    const names = g.offered(ids, list).filter((name) => !["view", "details"].includes(name));
    const part = (name) => {
      const title = g.called(name, ids, list);
      const { icon: picture, main } = g.act(name, list);
      return make("button", { type: "button", className: "chosen-act", title: title, "aria-label": title, data: { chosen: name } },
        icon(picture), main ? make("span", {}, title) : null);
    };
    const all = list.ids.some((id) => !list.chosen.has(id))
      ? make("button", { type: "button", className: "chosen-act chosen-all", data: { chosen: "all" } }, `All ${new Set(list.ids).size.toLocaleString("en")}`) : null;
    const files = make("details", { className: "chosen-export is-menu" },
      make("summary", { className: "chosen-act", title: "Export" }, icon("download"), make("span", {}, "Export")),
      make("div", { className: "pictures-menu", role: "menu", "aria-label": "Export" }, ...EXPORTS.map((name) => g.menuEntry(name, ids, list))));
    element.dataset.count = ids.length;
    element.replaceChildren(
      button("x-lg", "Choose nothing (Esc)", { chosen: "none" }, "chosen-act"),
      make("strong", { className: "chosen-count", role: "status" }, counted(ids.length)), ...(all ? [all] : []),
      ...names.filter((name) => !EXPORTS.includes(name) && name !== "remove").map(part), files,
      ...names.filter((name) => name === "remove").map(part),
    );
  }

  on("click", ".chosen-bar [data-chosen]", (pressed) => {
    const list = shown;
    const name = pressed.dataset.chosen;
    if (pressed.closest("details")) pressed.closest("details").open = false;
    if (name === "none") return list.chosen.clear();
    if (name === "all") return list.chosen.all(list.ids);
    return window.likeness.gallery.perform(name, list.chosen.list(list.ids), { list: list, at: pressed });
  });
  on("keydown", ".chosen-bar", (met, event) => {
    if (event.key !== "Escape" || !shown) return;
    event.stopImmediatePropagation();
    const list = shown;
    list.chosen.clear();
    list.focus(Math.max(0, list.focused));
  }, true);

  // A name from the person, with those that there are to choose from; null where none is given. given: {at,
  // suggested, first: elements above the field}.
  function ask(title, doing, kind, given) {
    if (asking) asking(null);
    return new Promise((resolve) => {
      const field = make("input", { type: "text", maxLength: 80, className: "form-control", autocomplete: "off",
        placeholder: kind === "tags" ? "Name of a tag" : "Name of a collection", "aria-label": kind === "tags" ? "Name of a tag" : "Name of a collection" });
      field.setAttribute("list", "names-to-choose");
      const list = make("datalist", { id: "names-to-choose" });
      const form = make("form", { method: "dialog" }, make("h2", {}, title), ...((given && given.first) || []), field, list,
        make("div", { className: "ask-buttons" },
          make("button", { type: "button", className: "button", data: { ask: "no" } }, "Cancel"),
          make("button", { type: "submit", className: "button button-main" }, doing)));
      const box = make("dialog", { className: "dialog ask-name", "aria-label": title }, form);
      asking = (text) => {
        asking = null;
        box.close();
        box.remove();
        resolve(text);
        const back = given && given.at;
        if (back && back.isConnected) back.focus({ preventScroll: true });
      };
      const done = asking;
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (field.value.trim()) done(field.value);
        else field.focus();
      });
      form.querySelector("[data-ask]").addEventListener("click", () => done(null));
      box.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
      box.addEventListener("cancel", (event) => {
        event.preventDefault();
        done(null);
      });
      document.body.append(box);
      box.showModal();
      if (given && given.suggested) field.value = given.suggested;
      field.select();
      window.likeness.gallery.names().then((names) => list.replaceChildren(
        ...names[kind].map(([name, count]) => make("option", { value: name, label: `${count} pictures` }))), () => {});
    });
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    bar: bar, ask: ask,
    // px at the foot of the window that the bar covers.
    covered: () => (element ? element.offsetHeight + 16 : 0),
  });
})();
