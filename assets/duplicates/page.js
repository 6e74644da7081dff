/* The Duplicates page: which groups are shown, their address, the keys. */
(function () {
  "use strict";
  const { on, url, bind } = window.likeness;
  const { make, icon } = window.likeness.elements;
  const c = window.likeness.copies;
  const PATH = "/duplicates";
  const may = (right) => window.likeness.may(right);
  const byId = (id) => document.getElementById(id);
  const none = () => window.dash_clientside.no_update;
  const number = (count) => count.toLocaleString("en");
  let given = null; // what there is to choose from
  let asked = {}; // what the address names
  let page = null; // what the server said last
  let asking = null;
  let seen = null;

  const list = () => byId("duplicates-list");
  const view = () => asked.view || "copies";
  const usual = (name) => ({ view: "copies", state: view() === "split" ? "all" : "open", where: "anywhere", by: "found",
    least: String(given.least[1]), page: "1" }[name] || "");

  function begin(data, found) {
    const anew = !list() || !list().childElementCount;
    if (!data || !list()) return none();
    if (!anew && found === seen) return none();
    given = data;
    if (anew) {
      asked = Object.assign({}, data.asked);
      page = null;
    }
    seen = found;
    load();
    return none();
  }

  // The address of what is shown; by default nothing stands in it.
  function params() {
    return new URLSearchParams(Object.entries(asked).filter(([name, value]) => value && value !== usual(name)));
  }

  function ask(changes, keep) {
    Object.assign(asked, keep ? {} : { page: "" }, changes);
    const search = params().size ? `?${params()}` : "";
    window.dash_clientside.set_props("duplicates-view", { data: { path: PATH, search: search, replace: true } });
    return load(keep);
  }

  // at: the place in the list of the group that has the keyboard then.
  async function load(at) {
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    const box = list();
    box.setAttribute("aria-busy", "true");
    let answer;
    try {
      const sent = await fetch(url(`/copies/groups?${params()}`), { signal: mine.signal });
      answer = sent.ok ? await sent.json() : { error: await window.likeness.refusal(sent) };
    } catch (error) {
      if (error.name === "AbortError") return;
      answer = { error: "The server does not answer. Is Likeness still running?" };
    }
    if (asking !== mine || list() !== box) return;
    box.setAttribute("aria-busy", "false");
    if (answer.error) return void box.replaceChildren(make("p", { className: "error-note", role: "alert" }, answer.error));
    page = answer;
    controls();
    draw(at);
  }

  // The groups

  function empty() {
    if (!seen || seen === "none") return "Nothing has been found yet: look for copies first.";
    if (view() === "split" && !(asked.left && asked.right)) return "Name the two sides of a split: no picture of one should be a copy of one of the other.";
    if (view() === "split") return "Nothing of one side is on the other.";
    const state = asked.state || usual("state");
    if (state === "open" && page.states.all) return asked.kind ? "Nothing of this kind is left to decide." : "Nothing is left to decide here.";
    return asked.kind || asked.where ? "No group is of this kind." : view() === "similar" ? "No pictures are as similar as that." : "No copies were found.";
  }

  function draw(at) {
    const box = list();
    const known = new Map([...box.querySelectorAll(":scope > .copies")].map((one) => [one.dataset.key, one]));
    const had = box.contains(document.activeElement);
    const focused = had && document.activeElement.closest(".copies");
    const cards = page.groups.map((group) => {
      const before = known.get(c.keyOf(group));
      if (before && JSON.stringify(before.group) === JSON.stringify(group)) return before;
      return c.card(group, given.kinds, view() === "similar" || !group.kinds.length, may("annotate"));
    });
    const foot = page.pages > 1 ? [pager()] : [];
    const keeps = focused && cards.includes(focused) && document.activeElement;
    box.replaceChildren(...(cards.length ? cards : [make("p", { className: "duplicates-none soft" }, empty())]), ...foot);
    if (keeps) return keeps.focus({ preventScroll: true });
    if (typeof at === "number" && cards.length) return focusOn(cards[Math.min(at, cards.length - 1)]);
    return undefined;
  }

  function focusOn(card) {
    const first = card.querySelector(".copy-picture:not(:disabled)") || card;
    first.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  function pager() {
    const step = (to, picture, title) => make("button", { type: "button", className: "button button-icon", disabled: to < 1 || to > page.pages,
      title: title, "aria-label": title, data: { does: "page", page: to } }, icon(picture));
    const last = page.first + page.groups.length - 1;
    return make("nav", { className: "duplicates-pager", "aria-label": "Pages of groups" }, step(page.page - 1, "chevron-left", "Page before"),
      make("span", { className: "num" }, `${number(page.first)}–${number(last)} of ${number(page.total)}`), step(page.page + 1, "chevron-right", "Next page"));
  }

  // What is chosen among them

  const segment = (name, value, text, pressed) => make("button", { type: "button", className: "button segment", "aria-pressed": String(pressed),
    data: { does: "choose", name: name, value: value } }, text);

  function segments(name, entries, label, counts) {
    const now = asked[name] || usual(name);
    return make("div", { className: "segments duplicates-segments", role: "group", "aria-label": label }, ...Object.entries(entries).map(([value, text]) => (
      segment(name, value, counts ? `${text} ${number(counts[value])}` : text, now === value))));
  }

  function select(name, entries, label) {
    const now = asked[name] || usual(name);
    return make("select", { className: "form-select", "aria-label": label, data: { name: name } },
      ...Object.entries(entries).map(([value, text]) => make("option", { value: value, selected: value === now }, text)));
  }

  function kinds() {
    const chosen = new Set((asked.kind || "").split(",").filter(Boolean));
    const there = Object.entries(given.kinds).filter(([kind]) => page.kinds[kind] || chosen.has(kind));
    if (there.length < 2 && !chosen.size) return null;
    return make("div", { className: "chips", role: "group", "aria-label": "Kinds" }, ...there.map(([kind, text]) => make("button", {
      type: "button", className: "chip chip-button", "aria-pressed": String(chosen.has(kind)), data: { does: "kind", kind: kind },
    }, text, make("span", { className: "soft num" }, number(page.kinds[kind])))));
  }

  function likeness() {
    const now = Number(asked.least || usual("least"));
    const slider = make("input", { type: "range", min: given.least[0], max: "0.95", step: "0.01", value: now, id: "duplicates-least", "aria-label": "How similar" });
    return make("label", { className: "duplicates-least" }, "Less", slider, "More alike",
      make("span", { className: "soft num", id: "duplicates-least-told" }, now.toFixed(2)));
  }

  function side(name, label) {
    return make("label", { className: "duplicates-side" }, make("span", { className: "field-label" }, label),
      make("div", { className: "text-field" }, make("input", { type: "text", value: asked[name] || "", placeholder: "label:train or folder:train",
        list: "duplicates-sides", autocomplete: "off", spellcheck: false, data: { name: name } })));
  }

  function leaks() {
    if (!page.leaks) return null;
    const part = ({ side: name, images, leaking }) => make("li", {},
      make("strong", { className: leaking ? "is-leak" : "" }, number(leaking)), ` of ${number(images)} pictures of `, make("strong", {}, name),
      images ? ` (${((100 * leaking) / images).toFixed(1)} %)` : "");
    return make("div", { className: "duplicates-leaks", role: "status" },
      make("p", {}, page.total ? `${number(page.total)} ${page.total === 1 ? "group is" : "groups are"} on both sides:` : "Nothing is on both sides:"),
      make("ul", {}, ...page.leaks.map(part)));
  }

  function split() {
    return make("div", { className: "duplicates-split" }, side("left", "One side"), side("right", "The other side"),
      make("label", { className: "duplicates-check" }, make("input", { type: "checkbox", className: "form-check-input", id: "duplicates-alike", checked: asked.alike === "1" }),
        "Similar pictures, too"), asked.alike === "1" ? likeness() : null);
  }

  function references() {
    const names = page.references;
    const chip = (name) => make("span", { className: "chip" }, name, may("annotate") ? make("button", { type: "button", className: "chip-drop",
      title: "An ordinary folder again", "aria-label": `An ordinary folder again: ${name}`, data: { does: "drop-reference", folder: name } }, icon("x-lg")) : null);
    if (!may("annotate") && !names.length) return null;
    return make("div", { className: "duplicates-references" },
      make("span", { className: "field-label", title: "Pictures in these folders are always kept" }, "Reference folders"),
      make("div", { className: "chips" }, ...names.map(chip)),
      may("annotate") ? make("form", { id: "duplicates-reference" }, make("div", { className: "text-field" }, make("input", { type: "text", placeholder: "Add a folder",
        list: "duplicates-folders", autocomplete: "off", spellcheck: false, "aria-label": "Add a folder of reference" }))) : null);
  }

  function exports() {
    const query = params();
    query.delete("page");
    const file = (kind, text, title) => make("a", { href: url(`/export/copies.${kind}?${query}`), download: kind === "sh" ? "set-aside.sh" : `copies.${kind}`,
      className: "button", title: title }, text);
    const aside = page.aside;
    return make("div", { className: "duplicates-exports" },
      aside.images ? make("span", { className: "soft small" }, `${number(aside.images)} set aside, ${c.bytes(aside.bytes)}`) : null,
      file("csv", "CSV", "The groups that are shown, on all pages"), file("json", "JSON", "The groups that are shown, on all pages"),
      given.script && aside.images ? file("sh", "Script of moves", "A shell script that moves what is set aside, once you run it. Likeness itself moves and deletes nothing.") : null);
  }

  function controls() {
    const box = byId("duplicates-controls");
    const active = box.contains(document.activeElement) ? document.activeElement : null;
    if (active && active.matches("input[type=text]") && active.value) return told(); // somebody writes there
    const name = active && JSON.stringify(active.dataset);
    box.replaceChildren(
      make("div", { className: "duplicates-row" }, segments("view", given.views, "What is shown"), exports()),
      make("div", { className: "duplicates-row" },
        view() === "split" ? split() : segments("state", given.states, "Decided or not", page.states),
        view() === "similar" ? likeness() : null,
        select("where", given.where, "Where the pictures lie"), select("by", given.orders, "Order"), all()),
      ...(view() === "similar" ? [] : [kinds()].filter(Boolean)), ...[leaks()].filter(Boolean), ...[view() === "split" ? null : references()].filter(Boolean),
      sidesList(),
    );
    const again = active && (active.id ? byId(active.id) : [...box.querySelectorAll("[data-does], [data-name]")].find((one) => JSON.stringify(one.dataset) === name));
    if (again) again.focus({ preventScroll: true });
  }

  // Everything that is left to decide, as it is suggested and marked.
  function all() {
    if (view() !== "copies" || (asked.state || usual("state")) !== "open" || page.total < 2 || !may("annotate")) return null;
    return make("button", { type: "button", className: "button", data: { does: "decide-all" },
      title: "What is marked “Keep” stays, the others are set aside; nothing is moved, and it can be taken back" },
    `Decide all ${number(page.total)} as marked`);
  }

  // While somebody writes only figures follow.
  function told() {
    const before = document.querySelector(".duplicates-leaks");
    const now = leaks();
    if (before && now) before.replaceWith(now);
  }

  // What can be named, asked for once.
  let offered = null;
  function sidesList() {
    const lists = [["duplicates-sides", () => true, (name) => name], ["duplicates-folders", (name) => name.startsWith("folder:"), (name) => name.slice(7)]]
      .map(([id, fits, text]) => [make("datalist", { id: id }), fits, text]);
    const fill = (names) => lists.forEach(([element, fits, text]) => element.replaceChildren(...names.filter(([name]) => fits(name)).map(([name, count]) => (
      make("option", { value: text(name) }, `${number(count)} images`)))));
    if (offered) fill(offered);
    else {
      fetch(url("/copies/sides")).then((answer) => answer.json()).then((names) => {
        fill((offered = names));
        if (view() === "split") suggest();
      }, () => {});
    }
    return make("div", { hidden: true }, ...lists.map(([element]) => element));
  }

  // A data set that is parted as usual needs no names.
  function suggest() {
    if (asked.left || asked.right || !offered) return;
    const called = (pattern, like) => (offered.find(([name]) => pattern.test(name) && (!like || name.split(":")[0] === like.split(":")[0])) || [""])[0];
    const left = called(/[:/]train(ing)?$/i);
    const right = left && called(/[:/](test(ing)?|val(id(ation)?)?)$/i, left);
    if (right) ask({ left: left, right: right });
  }

  // What is done

  const cardOf = (element) => (element && element.closest && element.closest(".copies")) || null;
  const current = () => cardOf(document.activeElement) || (list() && list().querySelector(".copies"));
  const pictureOf = (card) => {
    const figure = document.activeElement.closest && document.activeElement.closest(".copy");
    return (figure && card.contains(figure) ? figure : card.querySelector(".copy")).dataset.id;
  };

  function mark(card, id) {
    if (!c.mark(card.group, Number(id))) return void window.likeness.say("One of them must be kept.");
    const made = c.card(card.group, given.kinds, view() === "similar" || !card.group.kinds.length, may("annotate"));
    card.replaceWith(made);
    return made.querySelector(`[data-id="${id}"] .copy-picture`).focus({ preventScroll: true });
  }

  let leaving = null; // the place of the group that is decided on, whose successor gets the keyboard

  async function decide(name, card, id) {
    if (!card || !may("annotate")) return;
    leaving = [...list().querySelectorAll(":scope > .copies")].indexOf(card);
    if (!await c.decide(name, card.group, Number(id))) leaving = null;
  }

  const compare = (card, id) => card && window.likeness.layOver(card.group, Number(id), given.kinds);

  const does = {
    choose: ({ dataset }) => {
      ask(Object.assign({ [dataset.name]: dataset.value }, dataset.name === "view" ? { state: "", kind: "" } : {}));
      if (view() === "split") suggest();
    },
    kind: ({ dataset }) => {
      const chosen = new Set((asked.kind || "").split(",").filter(Boolean));
      if (!chosen.delete(dataset.kind)) chosen.add(dataset.kind);
      ask({ kind: [...chosen].join(",") });
    },
    page: ({ dataset }) => {
      ask({ page: dataset.page }, 0);
      window.scrollTo({ top: 0, behavior: "instant" });
    },
    "decide-all": () => window.likeness.act("settle-all-copies", { asked: Object.fromEntries(params()), marked: c.marked() }),
    mark: (button) => mark(cardOf(button), button.closest(".copy").dataset.id),
    compare: (button) => compare(cardOf(button), button.closest(".copy").dataset.id),
    "drop-reference": ({ dataset }) => window.likeness.act("set-reference", { folder: dataset.folder, on: false }),
  };
  Object.keys(c.DECISIONS).forEach((name) => {
    does[name] = (button) => {
      const figure = button.closest(".copy");
      decide(name, cardOf(button), figure && figure.dataset.id);
    };
  });
  window.likeness.does(".duplicates", does);

  on("change", ".duplicates select", (field) => ask({ [field.dataset.name]: field.value }));
  on("input", "#duplicates-least", (field) => { byId("duplicates-least-told").textContent = Number(field.value).toFixed(2); });
  on("change", "#duplicates-least", (field) => ask({ least: field.value }));
  on("change", "#duplicates-alike", (field) => ask({ alike: field.checked ? "1" : "" }));
  on("change", ".duplicates-side input", (field) => ask({ [field.dataset.name]: field.value.trim() }));
  on("submit", "#duplicates-reference", async (form, event) => {
    event.preventDefault();
    const field = form.querySelector("input");
    if (!field.value.trim()) return;
    const answer = await window.likeness.act("set-reference", { folder: field.value.trim(), on: true });
    if (!answer.error) field.value = "";
  });

  const byKey = (name) => () => {
    const card = current();
    if (card) decide(name, card, pictureOf(card));
  };
  bind(PATH, {
    "keep-this": byKey("keep-this"), "keep-all": byKey("keep-all"), decide: byKey("decide"), none: byKey("none"), "no-copy": byKey("no-copy"),
    compare: () => current() && compare(current(), pictureOf(current())),
  });

  on("likeness:acted", null, ({ detail }) => {
    if (!list() || !(detail.changed || []).includes("copies")) return;
    load(leaving === null ? undefined : leaving);
    leaving = null;
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, { duplicates: { begin: begin } });
})();
