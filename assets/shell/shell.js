/* The address and the page in step; see dashboard/app.py.

   A page has one way to move the address: the store `<page>-view` that stands on it. It dies
   with the page, so that a late answer finds nothing to write to. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const { url, plain, on } = window.likeness;
  const said = (name) => document.querySelector(`meta[name=likeness-${name}]`).content;
  const pages = said("pages").split(" ");
  const later = JSON.parse(said("scripts")); // of a page that alone needs it: {path: address}
  let shown = null; // the address of the page that stands here: {path, search}
  let asked = null; // of the one that was asked for and has not come

  const here = () => ({ path: plain(location.pathname), search: location.search });
  const same = (one, other) => Boolean(one && other) && one.path === other.path && one.search === other.search;

  // Ask for the page that the address names. Dash drops the answer to what was asked before.
  function ask() {
    // Where one was before an image was opened: closing it leads there.
    if (shown && shown.path !== "/detail") window.likeness.from = shown;
    asked = here();
    window.likeness.visits.at(asked.path, asked.search); // at once: a quick click goes on from there
    return Object.assign({ at: Date.now() }, asked); // asked for again it is another question
  }

  // A page's own script comes before the page.
  function fetchScript(path) {
    const script = document.createElement("script");
    const loaded = new Promise((done, failed) => Object.assign(script, { src: later[path], onload: done, onerror: failed }));
    document.head.append(script);
    return loaded.then(() => delete later[path]);
  }

  // What lies above the page goes with it.
  function uncover() {
    document.querySelectorAll("dialog[open]").forEach((box) => (
      box.dispatchEvent(new Event("cancel", { cancelable: true })) && box.close()));
  }

  function go() {
    uncover();
    const route = ask();
    if (!(route.path in later)) return put("route", { data: route });
    return fetchScript(route.path).then(
      () => same(asked, route) && put("route", { data: route }),
      () => put("toast", { is_open: true, children: "The server does not answer. Is Likeness still running?" }),
    );
  }

  // Lead to a page; back: to where one came from, and so to the place in it. Where the address
  // names it already, that is no step of the history; and it is asked for again if it did not come.
  window.likeness.visit = function (path, search, back) {
    const to = url(path) + (search || "");
    if (to !== location.pathname + location.search) {
      window.likeness.place.leave(back);
      history.pushState({}, "", to);
    }
    window.scrollTo({ top: 0, behavior: "instant" });
    if (asked || !same(here(), shown)) go();
  };

  // Links to pages are followed here; all else is the browser's.
  on("click", "a[href]", (link, event) => {
    const other = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (event.defaultPrevented || other || link.target || link.hasAttribute("download")) return;
    const to = new URL(link.href);
    const ended = (path) => path.replace(/\/+$/, "");
    const page = pages.find((path) => ended(url(path)) === ended(to.pathname));
    if (to.origin !== location.origin || to.hash || !page) return;
    event.preventDefault();
    const back = link.matches(".nav-page") && !(shown && shown.path === page); // as it was left
    window.likeness.visit(page, back ? window.likeness.visits.next(page) : to.search, back);
  });

  window.addEventListener("popstate", () => {
    if (asked || !same(here(), shown)) go();
  });

  // Where the session has ended, the address is asked for anew: the server then leads to the
  // sign-in, and from there back to it.
  let leaving = false;
  window.likeness.signIn = function () {
    if (!leaving) location.reload();
    leaving = true;
  };

  // Dash itself says nothing when the server is gone or refuses.
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
    const answer = entry.responseStatus;
    if (answer === 401 && entry.name.startsWith(location.origin)) window.likeness.signIn();
    if (leaving) return;
    if (!entry.name.includes("/_dash-update-component") || (answer > 0 && answer < 400)) return;
    window.likeness.answers.failed();
    if (answer === undefined) return; // this browser does not tell
    const text = answer ? "The server could not do that."
      : "The server does not answer. Is Likeness still running?";
    put("toast", { is_open: true, children: text });
  })).observe({ type: "resource" });

  // Where a file has gone its thumbnail is left.
  on("error", null, (event) => {
    const failed = event.target;
    const source = failed.tagName === "IMG" ? failed.getAttribute("src") || "" : "";
    if (source.startsWith(url("/image/"))) failed.src = source.replace("/image/", "/thumb/");
  }, true);

  // The same page of another library; what the address says of this one means nothing there.
  on("change", "#library-switch", (field) => {
    const path = plain(location.pathname);
    const page = document.querySelector(`.nav-page[href="${url(path)}"]`) ? path : "/";
    location.assign(field.value.replace(/\/$/, "") + page);
  });
  // Back to a page that the browser kept: its own library stands there again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.getElementById("library-switch")) location.reload();
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shell: {
      // The first page.
      begin: ask,

      // A page is here: its title, its link in the bar. Where the person has asked for another one
      // while it was drawn, the address is of that one already.
      arrive: function (page) {
        shown = { path: page.path, search: page.search };
        if (asked && !same(asked, shown)) return shown;
        asked = null;
        if (!same(here(), shown)) history.replaceState(history.state, "", url(shown.path) + shown.search);
        document.title = page.title;
        document.querySelectorAll(".nav-page").forEach((link) => {
          if (link.getAttribute("href") === url(shown.path)) link.setAttribute("aria-current", "page");
          else link.removeAttribute("aria-current");
        });
        return shown;
      },

      // What the page shows, for the address: as a step of the history, or in place of this one.
      // Once the person has gone on, the address is that of the page that is on its way.
      follow: function (view) {
        if (!view || view.replace === undefined || !same(here(), shown)) return;
        if (view.path !== shown.path || view.search === shown.search) return;
        if (asked && !same(asked, shown)) return;
        shown = { path: view.path, search: view.search };
        window.likeness.visits.at(view.path, view.search);
        history[view.replace ? "replaceState" : "pushState"]({}, "", url(shown.path) + shown.search);
      },

      // What theme.js found before Dash was there; it reports every later change itself.
      theme: function () {
        return document.documentElement.dataset.bsTheme;
      },
    },
  });
})();
