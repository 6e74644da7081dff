/* Light or dark: the system's choice until the person makes one, then theirs.

   Loaded in the head, before anything is drawn. The theme stands in data-bs-theme on <html>
   and in the Dash store `theme`; a change is also announced as the event likeness:theme. */
(function () {
  "use strict";
  const KEY = "likeness-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let own = null; // the choice made in this window: storage may be forbidden

  function chosen() {
    try {
      return localStorage.getItem(KEY) || own;
    } catch (error) {
      return own;
    }
  }

  function apply() {
    const theme = chosen() || (system.matches ? "dark" : "light");
    document.documentElement.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("likeness:theme", { detail: theme }));
    if (window.dash_clientside && document.getElementById("theme-switch")) {
      window.dash_clientside.set_props("theme", { data: theme });
    }
  }

  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", (event) => event.key === KEY && apply());
  document.addEventListener("click", (event) => {
    if (!event.target.closest || !event.target.closest("#theme-switch")) return;
    own = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, own);
    } catch (error) {
      // It holds for this window.
    }
    apply();
  });
})();
