/* What is chosen among the groups of the Duplicates page: which are shown, in which order, how large, the folders of
   reference, what can be taken along. Where there is little room most of it is behind one button. */
(function () {
  "use strict";
  const { url } = window.likeness;
  const { make, icon } = window.likeness.elements;
  const may = (right) => window.likeness.may(right);
  const number = (count) => count.toLocaleString("en");
  const file = (kind, query) => ({ href: url(`/export/copies.${kind}?${query}`), download: kind === "sh" ? "set-aside.sh" : `copies.${kind}` });
  let unfolded = false; // whether what is behind the button is to be seen
  let offered = null; // labels and folders that can be named, asked for once

  // state: {given, asked, page}, of the page as it is; usual(name): what an address says where it says nothing; named(query):
  // the parameters of an export; offers(names): what can be named has come.
  function controls(state, { usual, params, slider, offers }) {
    const { given, asked, page } = state;
    const view = asked.view || "copies";
    const now = (name) => asked[name] || usual(name);

    const segment = (name, [value, text], counts) => make("button", { type: "button", className: "button segment", "aria-pressed": String(now(name) === value),
      data: { does: "choose", name: name, value: value } }, text, counts ? make("span", { className: "num" }, ` ${number(counts[value])}`) : null);

    const segments = (name, entries, label, counts) => make("div", { className: "segments duplicates-segments", role: "group", "aria-label": label },
      ...Object.entries(entries).map((entry) => segment(name, entry, counts)));

    const select = (name, entries, label) => make("select", { className: "form-select", "aria-label": label, data: { name: name } },
      ...Object.entries(entries).map(([value, text]) => make("option", { value: value, selected: value === now(name) }, text)));

    function kinds() {
      const chosen = new Set((asked.kind || "").split(",").filter(Boolean));
      const there = Object.entries(given.kinds).filter(([kind]) => page.kinds[kind] || chosen.has(kind));
      if (view === "similar" || (there.length < 2 && !chosen.size)) return null;
      return make("div", { className: "chips", role: "group", "aria-label": "Kinds" }, ...there.map(([kind, text]) => make("button", {
        type: "button", className: "chip chip-button", "aria-pressed": String(chosen.has(kind)), data: { does: "kind", kind: kind },
      }, text, make("span", { className: "soft num" }, number(page.kinds[kind])))));
    }

    function likeness() {
      const least = Number(now("least"));
      const field = make("input", { type: "range", min: given.least[0], max: "0.95", step: "0.01", value: least, id: "duplicates-least", "aria-label": "How similar" });
      return make("label", { className: "duplicates-least" }, make("span", {}, "Less"), field, make("span", {}, "More alike"),
        make("span", { className: "soft num", id: "duplicates-least-told" }, least.toFixed(2)));
    }

    const side = (name, label) => make("label", { className: "duplicates-side" }, make("span", { className: "field-label" }, label),
      make("div", { className: "text-field" }, make("input", { type: "text", value: asked[name] || "", placeholder: "label:train",
        list: "duplicates-sides", autocomplete: "off", spellcheck: false, data: { name: name } })));

    const alike = () => make("label", { className: "duplicates-check" },
      make("input", { type: "checkbox", className: "form-check-input", id: "duplicates-alike", checked: asked.alike === "1" }), "Similar pictures, too");

    function references() {
      const names = page.references;
      const chip = (name) => make("span", { className: "chip" }, name, may("annotate") ? make("button", { type: "button", className: "chip-drop",
        title: "An ordinary folder again", "aria-label": `An ordinary folder again: ${name}`, data: { does: "drop-reference", folder: name } }, icon("x-lg")) : null);
      if (view === "split" || (!may("annotate") && !names.length)) return null;
      return make("div", { className: "duplicates-references" },
        make("span", { className: "field-label", title: "Pictures in these folders are always kept" }, "Reference folders"),
        names.length ? make("div", { className: "chips" }, ...names.map(chip)) : null,
        may("annotate") ? make("form", { id: "duplicates-reference" }, make("div", { className: "text-field" }, make("input", { type: "text", placeholder: "Add a folder",
          list: "duplicates-folders", autocomplete: "off", spellcheck: false, "aria-label": "Add a folder of reference" }))) : null);
    }

    function exports() {
      const query = params();
      query.delete("page");
      const link = (kind, text, title) => make("a", { ...file(kind, query), className: "button", title: title }, text);
      const aside = page.aside;
      return make("div", { className: "duplicates-exports" },
        aside.images ? make("span", { className: "soft small" }, `${number(aside.images)} set aside, ${window.likeness.copies.bytes(aside.bytes)}`) : null,
        link("csv", "CSV", "The groups that are shown, on all pages"), link("json", "JSON", "The groups that are shown, on all pages"),
        given.script && aside.images ? link("sh", "Script of moves", "A shell script that moves what is set aside, once you run it. Likeness itself moves and deletes nothing.") : null);
    }

    // Everything that is left to decide, as it is suggested and marked.
    function all() {
      if (view !== "copies" || now("state") !== "open" || page.total < 2 || !may("annotate")) return null;
      return make("button", { type: "button", className: "button", data: { does: "decide-all" },
        title: "What is marked “Keep” stays, the others are set aside; nothing is moved, and it can be taken back" },
      `Decide all ${number(page.total)} as marked`);
    }

    // What can be named in fields, asked for once.
    function lists() {
      const two = [["duplicates-sides", () => true, (name) => name], ["duplicates-folders", (name) => name.startsWith("folder:"), (name) => name.slice(7)]]
        .map(([id, fits, text]) => [make("datalist", { id: id }), fits, text]);
      const fill = (names) => two.forEach(([element, fits, text]) => element.replaceChildren(...names.filter(([name]) => fits(name)).map(([name, count]) => (
        make("option", { value: text(name) }, `${number(count)} images`)))));
      if (offered) fill(offered);
      else fetch(url("/copies/sides")).then((answer) => answer.json()).then((names) => {
        fill((offered = names));
        offers(names);
      }, () => {});
      return make("div", { hidden: true }, ...two.map(([element]) => element));
    }

    if (view === "own") return [segments("view", given.views, "What is shown")];
    const fold = make("button", { type: "button", className: "button duplicates-fold", "aria-expanded": String(unfolded), "aria-controls": "duplicates-more",
      title: "Order, size, kinds, reference folders, files", data: { does: "fold" } }, icon("sliders"), "Options");
    return [
      segments("view", given.views, "What is shown"), fold,
      ...(view === "split" ? [side("left", "One side"), side("right", "The other side")] : [segments("state", given.states, "Decided or not", page.states)]),
      ...(view === "similar" ? [likeness()] : []),
      make("div", { id: "duplicates-more", className: unfolded ? "is-open" : "" }, ...[
        view === "split" ? alike() : null, view === "split" && asked.alike === "1" ? likeness() : null,
        select("where", given.where, "Where the pictures lie"), select("by", given.orders, "Order"), slider, all(),
        make("span", { className: "duplicates-break" }), kinds(), references(), exports()].filter(Boolean)),
      lists(),
    ];
  }

  // How many pictures of either side of a split are on the other, too; null where no split is asked for.
  function leaks({ leaks: found, total }) {
    if (!found) return null;
    const part = ({ side: name, images, leaking }) => make("li", {},
      make("strong", { className: leaking ? "is-leak" : "" }, number(leaking)), ` of ${number(images)} pictures of `, make("strong", {}, name),
      images ? ` (${((100 * leaking) / images).toFixed(1)}%)` : "");
    return make("div", { className: "duplicates-leaks", role: "status" },
      make("p", {}, total ? `${number(total)} ${total === 1 ? "group is" : "groups are"} on both sides:` : "Nothing is on both sides:"),
      make("ul", {}, ...found.map(part)));
  }

  // Where all is decided: what is set aside lies where it lay, until a person runs the script.
  function next({ given, page }, query) {
    if (!given.script || !page.aside.images || !page.states.all) return [];
    const code = (text) => make("code", {}, text);
    const [count, lie] = page.aside.images === 1 ? ["The picture that is set aside lies", "it lay"] : [`The ${number(page.aside.images)} pictures that are set aside lie`, "they lay"];
    query.delete("page");
    return [
      make("p", {}, `${count} where ${lie}: Likeness moves and deletes nothing. `, code("sh set-aside.sh"), " says what it would move, ",
        code("sh set-aside.sh --move"), " moves it. Then update the folder on Library."),
      make("a", { ...file("sh", query), className: "button button-main" }, "Save set-aside.sh"),
    ];
  }

  function fold(button) {
    unfolded = !unfolded;
    button.setAttribute("aria-expanded", String(unfolded));
    document.getElementById("duplicates-more").classList.toggle("is-open", unfolded);
  }

  window.likeness.copies = Object.assign(window.likeness.copies || {}, { controls: controls, leaks: leaks, next: next, fold: fold, offered: () => offered });
})();
