/* The menu of what can be done with pictures, at a place of the window: the acts of acts.js, as the bar has them. */
(function () {
  "use strict";
  const { make, icon } = window.likeness.elements;
  const { on } = window.likeness;
  const STEPS = { ArrowDown: 1, ArrowUp: -1 };
  let open = null; // {element, back: what had the keyboard before}
  let pressed = false; // whether the press that is on, or was last, has opened the menu or closed it
  let spent = false; // whether the click to come is the end of a press that closed it

  const isOpen = () => Boolean(open) && open.element.isConnected;

  function entry(name, ids, list) {
    const g = window.likeness.gallery;
    return make("button", { type: "button", role: "menuitem", className: "pictures-entry", data: { chosen: name } },
      icon(g.act(name, list).icon), make("span", {}, g.called(name, ids, list)));
  }

  // At once: what is asked next, a key or a press, is not for a menu that is gone.
  function close() {
    if (!isOpen()) return;
    const { element, back } = open;
    open = null;
    const active = document.activeElement;
    const had = element.contains(active) || active === document.body;
    element.remove();
    if (had && back && back.isConnected) back.focus({ preventScroll: true });
  }

  // The menu of some pictures of a list at [x, y].
  function menu(list, ids, at) {
    const g = window.likeness.gallery;
    close();
    const head = make("div", { className: "pictures-menu-head", role: "presentation" }, ids.length > 1 ? `${ids.length.toLocaleString("en")} pictures` : "1 picture");
    if (ids.length === 1) g.about(ids[0]).then((told) => { if (told) head.textContent = told.name; });
    const made = make("div", { className: "pictures-menu at-pointer", role: "menu", "aria-label": ids.length > 1 ? `${ids.length} pictures` : "Picture" },
      head, ...g.offered(ids, list).map((name) => entry(name, ids, list)));
    made.popover = "manual"; // by itself it would close with the button that opened it, let go
    open = { element: made, back: document.activeElement };
    pressed = true;
    (document.querySelector("dialog.viewer[open]") || document.body).append(made); // what is beside a dialog is inert
    made.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-chosen]");
      if (!chosen) return;
      close();
      g.perform(chosen.dataset.chosen, ids, { list: list, at: list.link(ids[0]) });
    });
    made.addEventListener("keydown", keys);
    // A finger that was lifted gives the keyboard to nothing, at its own time.
    made.addEventListener("focusout", (event) => event.relatedTarget || setTimeout(focused));
    made.showPopover();
    const box = made.getBoundingClientRect();
    made.style.left = `${Math.max(8, Math.min(at[0], window.innerWidth - box.width - 8))}px`;
    made.style.top = `${Math.max(8, Math.min(at[1], window.innerHeight - box.height - 8))}px`;
    focused();
  }

  function keys(event) {
    const entries = Array.from(open.element.querySelectorAll("[role=menuitem]"));
    const here = entries.indexOf(document.activeElement);
    if (event.key in STEPS) entries[(here + STEPS[event.key] + entries.length) % entries.length].focus();
    else if (event.key === "Home" || event.key === "End") entries.at(event.key === "Home" ? 0 : -1).focus();
    else if (event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  window.likeness.menu(".at-pointer", close);
  window.addEventListener("popstate", close); // it is of the page that was left

  // The menu that is open has the keyboard.
  function focused() {
    if (isOpen() && !open.element.contains(document.activeElement)) {
      open.element.querySelector("[role=menuitem]").focus({ preventScroll: true });
    }
  }

  // A press beside the menu closes it and does nothing else, as in any other program.
  on("pointerdown", null, (event) => {
    pressed = isOpen() && !open.element.contains(event.target);
    spent = pressed && !event.button;
    if (pressed) close();
    if (!spent) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  on("pointercancel", null, () => { spent = false; }, true);
  on("click", null, (event) => {
    if (!spent || !event.detail) return; // without one it is a key's
    spent = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    menu: menu, menuEntry: entry, menuFocused: focused,
    // Whether the last press was the menu's: it does nothing besides.
    menuPressed: () => pressed,
  });
})();
