/* The keyboard's place after an update: where what had the focus is gone, its successor gets it. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select, summary, [tabindex='0']";
  let last = null; // what had the focus, and how to find what comes after it
  let byKeys = false; // whether the keyboard was used last; a pointer needs no place

  const shown = (element) => Boolean(element) && element.getClientRects().length > 0;
  const quoted = (text) => '"' + CSS.escape(text) + '"';

  function remember(element) {
    const within = [];
    for (let one = element.parentElement; one; one = one.parentElement) within.push(one);
    const kind = element.tagName + (element.classList[0] ? "." + CSS.escape(element.classList[0]) : "");
    last = {
      element: element, id: element.id, within: within, kind: kind, path: location.pathname,
      image: element.dataset.image, label: element.getAttribute("aria-label"),
    };
  }

  // The same thing made anew; else the first of its kind, or what else can be used, as near as can be.
  function successor() {
    if (last.path !== location.pathname) return document.getElementById("page");
    const again = last.id && document.getElementById(last.id);
    if (shown(again)) return again;
    const still = (one) => (one.isConnected ? one : one.id && document.getElementById(one.id));
    for (const around of last.within.map(still).filter(shown)) {
      const alike = [
        last.image && `${last.kind}[data-image=${quoted(last.image)}]`,
        last.label && `${last.kind}[aria-label=${quoted(last.label)}]`,
        last.kind, FOCUSABLE,
      ];
      for (const selector of alike.filter(Boolean)) {
        const found = Array.from(around.querySelectorAll(selector)).find(shown);
        if (found) return found;
      }
      if (around.id === "page") return around;
    }
    return document.getElementById("page");
  }

  // After a frame, since an update may take away first and put there later.
  let waiting = false;
  function check() {
    if (waiting || !byKeys || !last || last.element.isConnected) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      const lost = document.activeElement === document.body || document.activeElement === null;
      if (lost && last && !last.element.isConnected) successor().focus();
    }, 60);
  }

  on("focusin", null, (event) => remember(event.target));
  on("keydown", null, () => (byKeys = true), true);
  on("pointerdown", null, () => (byKeys = false), true);
  new MutationObserver(check).observe(document.documentElement, { childList: true, subtree: true });
})();
