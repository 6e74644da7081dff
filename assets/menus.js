/* Menus that are open: Esc closes one wherever the keyboard is, and nothing that lies below it. A details.is-menu is
   one, which a press elsewhere folds, too; others say what they are by

     likeness.menu(selector, close)   close(element) is called with an open one, which fits the selector */
(function () {
  "use strict";
  const { on } = window.likeness;
  const UNFOLDED = "details.is-menu[open]";
  const kinds = [];

  // What lies above the page and has the keyboard; the last of them is the uppermost.
  const dialog = () => Array.from(document.querySelectorAll("dialog[open], .modal.show")).pop();

  on("keydown", null, (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    const above = dialog();
    for (const { selector, close } of kinds) {
      const menu = Array.from(document.querySelectorAll(selector)).find((one) => one.getClientRects().length);
      if (!menu || (above && !above.contains(menu))) continue;
      event.preventDefault();
      event.stopImmediatePropagation();
      close(menu);
      return;
    }
  }, true);

  // All that are unfolded are folded, but one.
  function fold(except) {
    document.querySelectorAll(UNFOLDED).forEach((menu) => {
      if (menu !== except) menu.open = false;
    });
  }
  on("click", "*", (met) => fold(met.closest(UNFOLDED)));

  Object.assign(window.likeness, {
    menu: (selector, close) => kinds.push({ selector: selector, close: close }),
    foldMenus: () => fold(null),
  });
  window.likeness.menu(UNFOLDED, (menu) => {
    menu.open = false;
    menu.querySelector("summary").focus();
  });
})();
