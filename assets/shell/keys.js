/* The keyboard on every page: arrows through pictures, / to search, ? for the list of keys,
   the skip links; and buttons that copy a text. Dialogs and panels close by Esc themselves. */
(function () {
  "use strict";
  const { url, plain, on, keys, letters, bind } = window.likeness;
  const PICTURE = "button:has(img), a:has(img)";
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const shown = (element) => element.getClientRects().length > 0;
  const pictures = (where) => Array.from(where.querySelectorAll(PICTURE)).filter(shown);

  // Pictures

  // The picture that an element stands for: itself, or the one of its card.
  function pictureOf(element) {
    const own = element.closest(PICTURE);
    if (own) return own;
    const card = element.closest(".match, .card-picture");
    return card && card.querySelector(PICTURE);
  }

  // The list a picture is in: the nearest surroundings with other pictures.
  function listOf(picture) {
    let around = picture.parentElement;
    while (around && around.id !== "page" && pictures(around).length < 2) around = around.parentElement;
    return around;
  }

  // The picture in the next row up or down whose center is nearest, or null.
  function beside(picture, candidates, down) {
    const from = picture.getBoundingClientRect();
    const center = (box) => (box.left + box.right) / 2;
    let best = null;
    let least = Infinity;
    candidates.forEach((other) => {
      const box = other.getBoundingClientRect();
      const away = down ? box.top - from.bottom : from.top - box.bottom;
      if (other === picture || away < -4) return;
      const far = Math.max(0, away) * 4 + Math.abs(center(box) - center(from));
      if (far < least) [best, least] = [other, far];
    });
    return best;
  }

  // The picture that a key leads to from one, or null.
  function step(picture, key) {
    const list = listOf(picture);
    if (!list || key.startsWith("Page")) return null;
    const all = pictures(list);
    if (key === "Home") return all[0];
    if (key === "End") return all[all.length - 1];
    const [along, down] = ARROWS[key];
    if (along) return all[all.indexOf(picture) + along] || null;
    const part = list.closest("section, aside, dialog, #page");
    return beside(picture, all, down > 0) || (part && beside(picture, pictures(part), down > 0));
  }

  function walk(event) {
    const known = event.key in ARROWS || event.key === "Home" || event.key === "End";
    if (!known || event.target.matches("input, select, textarea")) return false;
    const picture = pictureOf(event.target);
    if (!picture || !picture.closest("#page, dialog, .modal")) return false;
    const next = step(picture, event.key);
    if (next) next.focus();
    return true;
  }

  // To the pictures of the page, past all that stands before them: to the one that had the keyboard last.
  function toPictures() {
    const page = document.getElementById("page");
    const cards = Array.from(page.querySelectorAll("a.picture")).filter(shown);
    const to = cards.find((one) => one.tabIndex === 0) || cards[0] || pictures(page)[0];
    if (to) to.focus();
  }

  // Search

  // The box for words of this page.
  function focusSearch() {
    const box = document.querySelector("#words-box input");
    if (!box || !shown(box)) return false;
    box.focus();
    box.select();
    return true;
  }

  function goToSearch() {
    if (focusSearch()) return;
    const link = document.querySelector(`.nav-page[href="${url("/search")}"]`);
    if (!link) return;
    link.click();
    const wait = setInterval(() => {
      if (plain(location.pathname) !== "/search" || focusSearch()) clearInterval(wait); // however long it takes to come
    }, 100);
  }

  // The list of keys

  function element(kind, content, properties) {
    const made = Object.assign(document.createElement(kind), properties);
    made.append(...[].concat(content));
    return made;
  }

  function dialog() {
    const known = document.getElementById("keys");
    if (known) known.remove(); // it may be another page's
    const close = element("button", "Close", { type: "button", className: "button", autofocus: true });
    const here = plain(location.pathname);
    const named = keys.filter(([, page]) => !page || page === here);
    const groups = named.map(([title, , keys]) => element("section", [
      element("h3", title),
      element("dl", keys.map(([names, text]) => element("div", [
        element("dt", names.map((name) => element("kbd", name))), element("dd", text),
      ]))),
    ]));
    const single = element("input", [], { type: "checkbox", checked: letters(), className: "form-check-input" });
    single.addEventListener("change", () => letters(single.checked));
    const made = element("dialog", [
      element("div", [element("h2", "Keys", { id: "keys-title" }), close], { className: "dialog-head" }),
      element("div", groups, { className: "keys" }),
      element("label", [single, "Keys of a single character"], { className: "keys-single" }),
    ], { id: "keys", className: "dialog" });
    made.setAttribute("aria-labelledby", "keys-title");
    close.addEventListener("click", () => made.close());
    made.addEventListener("click", (event) => event.target === made && made.close()); // beside it
    // It closes the dialog alone, not what lies below it.
    made.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
    document.body.append(made);
    return made;
  }

  // Copying

  // Without a secure connection a browser has no clipboard to write to, only a selection.
  function copy(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = element("textarea", [], { value: text, className: "visually-hidden" });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done ? Promise.resolve() : Promise.reject();
  }

  function onCopy(button) {
    const label = button.querySelector("[data-said]") || button;
    if (label.dataset.busy) return; // it still says what came of the last press
    const before = label.textContent;
    const say = (text) => {
      label.textContent = text;
      setTimeout(() => {
        label.textContent = before;
        delete label.dataset.busy;
      }, 1500);
    };
    label.dataset.busy = "true";
    copy(button.dataset.copy).then(() => say("Copied"), () => say("Not allowed"));
  }

  on("keydown", null, (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (walk(event)) event.preventDefault();
  });
  window.likeness.beside = step;
  bind(null, { search: goToSearch, pictures: toPictures, keys: () => dialog().showModal() });

  on("click", "#keys-open", () => dialog().showModal());
  on("click", "[data-copy]", onCopy);
  on("click", ".skip-link", (link, event) => {
    event.preventDefault(); // the address stays as it is
    if (link.matches(".skip-pictures")) toPictures();
    else document.getElementById("page").focus();
  });
})();
