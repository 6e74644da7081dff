/* The Duplicates page: which groups are shown, their address, the keys. */
(function () {
  "use strict";
  const { on, url, bind } = window.likeness;
  const { make, icon } = window.likeness.elements;
  const c = window.likeness.copies;
  const PATH = "/duplicates";
  const TOP = 64; // px that the bar of pages covers
  const may = (right) => window.likeness.may(right);
  const byId = (id) => document.getElementById(id);
  const none = () => window.dash_clientside.no_update;
  const number = (count) => count.toLocaleString("en");
  let given = null; // what there is to choose from
  let asked = {}; // what the address names
  let page = null; // what the server said last
  let asking = null;
  let seen = null;
  let stood = false; // whether groups stood here since one came
  let pictures = null; // those of all groups as one list to choose from (gallery/standing.js)

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
      stood = false;
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
      if (error.name === "AbortError") return undefined;
      answer = { error: "The server does not answer. Is Likeness still running?" };
    }
    if (asking !== mine || list() !== box) return undefined;
    box.setAttribute("aria-busy", "false");
    if (answer.error) {
      box.replaceChildren(make("p", { className: "error-note", role: "alert" }, answer.error));
      return chosen().refresh();
    }
    page = answer;
    controls();
    leaks();
    draw(at);
    if (!stood) back();
    stood = true;
    return undefined;
  }

  // The groups

  function empty() {
    if (!seen || seen === "none") return "Copies have not been looked for yet.";
    if (view() === "split" && !(asked.left && asked.right)) return "Name the two sides of a split: no picture of one should be a copy of one of the other. A side is a label or a folder: label:train, folder:test.";
    if (view() === "split") return "Nothing of one side is on the other.";
    const state = asked.state || usual("state");
    if (state === "open" && page.states.all) return asked.kind ? "Nothing of this kind is left to decide." : "Nothing is left to decide here.";
    return asked.kind || asked.where ? "No group is of this kind." : view() === "similar" ? "No pictures are as similar as that." : "No copies were found.";
  }

  function draw(at) {
    const box = list();
    box.classList.toggle("is-own", view() === "own");
    if (view() === "own") {
      const panel = c.own(given.kinds);
      if (box.firstChild !== panel) box.replaceChildren(panel);
      return chosen().refresh();
    }
    const known = new Map([...box.querySelectorAll(":scope > .copies")].map((one) => [one.dataset.key, one]));
    const had = box.contains(document.activeElement);
    const focused = had && document.activeElement.closest(".copies");
    const cards = page.groups.map((group) => {
      const before = known.get(c.keyOf(group));
      if (before && JSON.stringify(before.group) === JSON.stringify(group)) return before;
      return drawn(group);
    });
    const foot = page.pages > 1 ? [pager()] : [];
    const keeps = focused && cards.includes(focused) && document.activeElement;
    const next = (asked.state || usual("state")) === "open" ? c.next({ given, page }, params()) : [];
    box.replaceChildren(...(cards.length ? cards : [make("div", { className: "duplicates-none soft" }, make("p", {}, empty()), ...next)]), ...foot);
    chosen().refresh();
    if (keeps) return keeps.focus({ preventScroll: true });
    if (typeof at === "number" && cards.length) return focusOn(cards[Math.min(at, cards.length - 1)]);
    return undefined;
  }

  function focusOn(card) {
    const first = card.querySelector(".copy-picture") || card;
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

  function controls() {
    const box = byId("duplicates-controls");
    const active = box.contains(document.activeElement) ? document.activeElement : null;
    if (active && active.matches("input[type=text]") && active.value) return; // somebody writes there
    const name = active && JSON.stringify(active.dataset);
    const slider = window.likeness.gallery.slider(chosen(), "duplicates");
    box.className = `duplicates-controls is-${view()}`;
    box.replaceChildren(...c.controls({ given: given, asked: asked, page: page }, {
      usual: usual, params: params, slider: slider, offers: () => view() === "split" && suggest(),
    }));
    const again = active && (active.id ? byId(active.id) : [...box.querySelectorAll("[data-does], [data-name], .pictures-size")].find((one) => JSON.stringify(one.dataset) === name));
    if (again) again.focus({ preventScroll: true });
  }

  function leaks() {
    byId("duplicates-leaks-told").replaceChildren(...[c.leaks(page)].filter(Boolean));
  }

  // A data set that is parted as usual needs no names.
  function suggest() {
    const offered = c.offered();
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
    const copy = document.activeElement.closest && document.activeElement.closest(".copy");
    return (copy && card.contains(copy) ? copy : card.querySelector(".copy")).dataset.image;
  };
  const drawn = (group) => c.card(group, given.kinds, may("annotate"));

  // Pictures of a group are kept or set aside, once that is decided; keep: undefined for the other than they are.
  function mark(card, ids, keep) {
    if (!c.mark(card.group, ids, keep)) return void window.likeness.say("One of them must be kept.");
    const focused = card.contains(document.activeElement) && document.activeElement.closest(".copy");
    const made = drawn(card.group);
    card.replaceWith(made);
    chosen().refresh();
    if (focused) made.querySelector(`[data-image="${focused.dataset.image}"] .copy-picture`).focus({ preventScroll: true });
    return undefined;
  }

  let leaving = null; // the place of the group that is decided on, whose successor gets the keyboard

  async function decide(name, card, id) {
    if (!card || !may("annotate")) return;
    leaving = [...list().querySelectorAll(":scope > .copies")].indexOf(card);
    if (!await c.decide(name, card.group, Number(id))) leaving = null;
  }

  // The pictures of all groups as one list

  const groups = (ids) => [...list().querySelectorAll(":scope > .copies")].filter(({ group }) => group.images.some((one) => ids.includes(one.id)));
  const undecided = (ids) => groups(ids).filter(({ group }) => group.state !== "apart");
  const here = ([id]) => cardOf(chosen().link(id)); // the group that an act on one picture is about

  function markAll(keep) {
    return (ids) => undecided(ids).forEach((card) => mark(card, card.group.images.map((one) => one.id).filter((id) => ids.includes(id)), keep));
  }

  const marks = { right: "annotate", main: true, fits: (ids) => undecided(ids).length > 0 };
  const alone = (name, title, picture, least) => ({
    title: title, icon: picture, right: "annotate", work: (ids) => decide(name, here(ids), ids[0]),
    fits: (ids) => ids.length === 1 && here(ids).group.state !== "apart" && here(ids).group.images.length >= least,
  });
  const ACTS = {
    "mark-keep": Object.assign({ title: "Mark “Keep”", icon: "check-circle", work: markAll(true) }, marks),
    "mark-aside": Object.assign({ title: "Mark “Set aside”", icon: "box-arrow-right", work: markAll(false) }, marks),
    "keep-this": alone("keep-this", "Keep this one alone", "check2-square", 2),
    "no-copy": alone("no-copy", "It is no copy of the others", "x-circle", 3),
    compare: { title: "Lay it over another", icon: "layers", fits: (ids) => ids.length === 1, work: (ids) => compare(here(ids), ids[0]) },
  };

  // What the reason is about that a picture is in its group for.
  function foundWith(id) {
    const { group } = here([id]);
    const [other] = group.pairs[id] || [group.best];
    return other === id ? null : { image: other };
  }

  function chosen() {
    if (pictures && pictures.box === list()) return pictures;
    const g = window.likeness.gallery;
    pictures = g.standing(list(), {
      size: g.sizeOf("duplicates", window.innerWidth > 640 ? 216 : 128), acts: ACTS, why: foundWith,
      open: function (id, index) {
        const link = pictures.cell(index).querySelector(".copy-picture");
        if (link.hasAttribute("aria-pressed")) mark(cardOf(link), [id]);
        else g.view(pictures, index);
      },
    });
    return pictures;
  }

  // The place in the list, for when one comes back.

  const place = () => [...list().querySelectorAll(":scope > .copies")].find((card) => card.getBoundingClientRect().bottom > TOP);
  const idsOf = ({ group }) => group.images.map((one) => one.id).join(",");
  let noting = 0;
  function note(moving) {
    if (!list() || !stood) return;
    const card = window.scrollY > 0 ? place() : null;
    window.likeness.place.remember({ list: String(params()), id: card && idsOf(card), offset: card && card.getBoundingClientRect().top }, moving);
  }
  on("scroll", null, () => {
    clearTimeout(noting);
    note(true); // at once, since one may go on to another page in the next moment
    noting = setTimeout(note, 150);
  });

  function back() {
    const before = window.likeness.place.recall();
    const card = before && before.id && before.list === String(params()) && [...list().querySelectorAll(":scope > .copies")].find((one) => idsOf(one) === before.id);
    if (card) window.scrollBy({ top: card.getBoundingClientRect().top - before.offset, behavior: "instant" });
    window.likeness.place.arrived();
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
    fold: c.fold,
    compare: (button) => compare(cardOf(button), button.closest(".copy").dataset.image),
    "drop-reference": ({ dataset }) => window.likeness.act("set-reference", { folder: dataset.folder, on: false }),
  };
  Object.keys(c.DECISIONS).forEach((name) => {
    does[name] = (button) => {
      const copy = button.closest(".copy");
      decide(name, cardOf(button), copy && copy.dataset.image);
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
