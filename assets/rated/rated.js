/* The Rated page: the pictures of all searches as one list to choose from (assets/gallery/standing.js), whose words are
   those that stand there. dashboard/pages/rated/page.py draws it, anew after every act. */
(function () {
  "use strict";
  const USUAL = () => (window.innerWidth > 640 ? 136 : 104); // px a row: two pictures on a phone
  const byId = (id) => document.getElementById(id);
  let list = null;
  const given = new Map(); // what a place is asked with → the word that it is about to get

  // The places that a word on some pictures is about: the one that is looked at, or all of what is chosen.
  function places(ids) {
    if (ids.length === 1 && !list.chosen.has(ids[0])) return [list.cell(list.indexOf(ids[0]))].filter(Boolean);
    return Array.from(list.box.querySelectorAll("[role=gridcell][data-image]")).filter((cell) => ids.includes(Number(cell.dataset.image)));
  }

  const word = (cell) => given.get(cell.dataset.asked) ?? Number(cell.dataset.word);

  // value: 1, −1, or 0, which takes words back, as the same word again does.
  const rate = (ids, value) => say(places(Array.from(ids)), value);

  async function say(cells, value) {
    if (!cells.length) return;
    const now = cells.every((cell) => word(cell) === value) ? 0 : value;
    const words = cells.map((cell) => Object.assign(JSON.parse(cell.dataset.asked), { value: now }));
    cells.forEach((cell) => given.set(cell.dataset.asked, now)); // at once: the next key is about it
    const answer = await (words.length > 1 ? window.likeness.act("rate-all", { words: words }) : window.likeness.act("rate", words[0]));
    if ("error" in answer) given.clear();
  }

  // What a picture was found with, as the search's own link says it; null for what was rated by itself.
  function foundWith(id) {
    const cell = list.cell(list.indexOf(id));
    const again = cell && cell.closest("section").querySelector(".rated-search a[href]");
    return again ? Object.fromEntries(new URL(again.href).searchParams) : null;
  }

  const back = () => (window.likeness.may("annotate") ? { title: "Take the rating back", work: (ids) => rate(ids, 0) } : null);

  // The page draws its head anew, too.
  function drawn() {
    const tools = byId("rated-tools");
    if (tools && !tools.childElementCount) tools.append(window.likeness.gallery.slider(list, "rated"));
    given.clear();
    list.refresh();
  }

  function begin() {
    const box = byId("rated-body");
    if (!box || (list && list.box === box)) return window.dash_clientside.no_update;
    const g = window.likeness.gallery;
    list = g.standing(box, {
      size: g.sizeOf("rated", USUAL()), rate: rate, rated: (id) => word(list.cell(list.indexOf(id))), why: foundWith, here: back,
    });
    new MutationObserver(drawn).observe(box, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-image", "data-word"] });
    drawn();
    return window.dash_clientside.no_update;
  }

  window.likeness.does(".rated", {
    good: (button) => say([button.closest("[role=gridcell]")], 1),
    bad: (button) => say([button.closest("[role=gridcell]")], -1),
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { rated: { begin: begin } });
})();
