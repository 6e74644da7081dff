/* Where each page was left in this tab, and which picture was chosen last: the bar's links lead back
   there, with it. A link to the page that one is on begins it anew. */
(function () {
  "use strict";
  const STORE = "likeness-visits:" + window.likeness.url("/"); // another library's pages are others
  const NUMBER = /^\d+$/;
  // Pages of one picture, unless their address names one of these: then they are of something else.
  const OF_ONE = { "/": [], "/compare": [], "/graph": ["collection", "cluster_of"] };

  // pages: path → search. image: id of the picture, or null.
  const state = (function () {
    try {
      return Object.assign({ pages: {}, image: null }, JSON.parse(sessionStorage.getItem(STORE)));
    } catch (error) {
      return { pages: {}, image: null };
    }
  })();

  window.likeness.visits = {
    // A page stands here, or shows something else than before.
    at: function (path, search) {
      state.pages[path] = search;
      const image = new URLSearchParams(search).get("image") || "";
      if (NUMBER.test(image)) state.image = image;
      else if (path === "/") state.image = null; // the Map shows the one that is chosen
      try {
        sessionStorage.setItem(STORE, JSON.stringify(state));
      } catch (error) {
        return; // storage is full or forbidden: it holds until a reload
      }
    },

    // What a page showed when it was left, as its address says it; "": it has not been open.
    left: (path) => state.pages[path] || "",

    // What the bar leads to.
    next: function (path) {
      const search = state.pages[path] || "";
      const others = OF_ONE[path];
      if (!others || state.image === null) return search;
      const params = new URLSearchParams(search);
      if (others.some((name) => params.has(name))) return search;
      params.set("image", state.image);
      return `?${params}`;
    },
  };
})();
