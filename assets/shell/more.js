/* The pages that a phone's bar has no room for: a menu below one word. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const button = () => document.getElementById("nav-more");
  const isOpen = () => Boolean(button()) && button().getAttribute("aria-expanded") === "true";

  function open(wanted) {
    button().setAttribute("aria-expanded", String(wanted));
    const menu = document.getElementById("nav-rest");
    if (!wanted) return;
    const place = button().getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(place.left, window.innerWidth - menu.offsetWidth - 8))}px`;
  }

  on("click", "#nav-more", () => open(!isOpen()));
  on("click", null, (event) => { // beside it, and on what it leads to
    if (isOpen() && !(event.target.closest && event.target.closest("#nav-more"))) open(false);
  });
  window.likeness.menu("#nav-more[aria-expanded=true]", (pressed) => {
    open(false);
    pressed.focus();
  });
  on("focusin", null, (event) => { // Tab has left it
    if (isOpen() && !(event.target.closest && event.target.closest(".nav-others"))) open(false);
  });
})();
