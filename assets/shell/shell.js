/* The address and the page in step; see dashboard/app.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const { url, plain } = window.likeness;
  let here = null; // what is shown: path and search
  let coming = null; // the page asked for and not yet here
  let asked = 0; // how many have been asked for

  // Dash itself says nothing when the server is gone or refuses.
  const ask = window.fetch;
  window.fetch = function (where, options) {
    const answer = ask.apply(window, arguments);
    if (String(where.url || where).includes("_dash-update-component")) {
      const tell = (text) => {
        window.dash_clientside.set_props("toast", { is_open: true, children: text });
        lost(options.body);
      };
      answer.then(
        (response) => response.status >= 400 && tell("The server could not do that."),
        () => tell("The server does not answer. Is Likeness still running?")
      );
    }
    return answer;
  };

  // A page that could not be had is no longer on its way.
  function lost(body) {
    const page = coming && JSON.parse(body).inputs.find((input) => input.id === "route");
    if (page && page.value.asked === coming.asked) coming = null;
  }

  // Where a file has gone its thumbnail is left.
  document.addEventListener("error", (event) => {
    const failed = event.target;
    const source = failed.tagName === "IMG" ? failed.getAttribute("src") || "" : "";
    if (source.startsWith(url("/image/"))) failed.src = source.replace("/image/", "/thumb/");
  }, true);

  // The same page of another library; what the address says of this one means nothing there.
  document.addEventListener("change", (event) => {
    if (event.target.id !== "library-switch") return;
    const path = plain(location.pathname);
    const page = document.querySelector(`.nav-page[href="${url(path)}"]`) ? path : "/";
    location.assign(event.target.value.replace(/\/$/, "") + page);
  });
  // Back to a page that the browser kept: its own library stands there again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.getElementById("library-switch")) location.reload();
  });

  // Bring the address to what the page shows. What the router itself showed came from the
  // address, and while a page is on its way the address is that one's.
  function follow(view) {
    if (coming || !here || !view || view.replace === undefined) return;
    if (view.path !== here.path) {
      // Of a page that has gone: Dash hears a late answer as long as one of its outputs is left.
      window.dash_clientside.set_props("view", { data: Object.assign({}, here) });
      return;
    }
    if (here.path !== plain(location.pathname)) return;
    here.search = view.search;
    if (location.search === view.search) return;
    if (view.replace) {
      history.replaceState(history.state, "", location.pathname + view.search);
    }
    // dcc.Location adds a step of history unless its own href says already where we are.
    const said = view.replace ? { href: location.href } : {};
    window.dash_clientside.set_props("url", Object.assign({ search: view.search }, said));
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shell: {
      // The router's input, when the address says something else than is shown.
      route: function (path, search) {
        path = plain(path || "/");
        search = search || "";
        const toward = coming || here;
        if (toward && toward.path === path && toward.search === search) return none();
        // Where one was before an image was opened: closing it leads there.
        if (here && here.path !== "/detail") window.likeness.from = { path: here.path, search: here.search };
        coming = { path: path, search: search, asked: ++asked };
        return coming;
      },

      // A page is here: its title, its link in the bar. It was the one asked for last, or
      // another is still to come.
      arrive: function (page, title, view) {
        here = { path: page.path, search: page.search };
        document.title = title;
        document.querySelectorAll(".nav-page").forEach((link) => {
          if (link.getAttribute("href") === url(here.path)) link.setAttribute("aria-current", "page");
          else link.removeAttribute("aria-current");
        });
        if (page.asked !== asked) return;
        coming = null;
        follow(view);
      },

      follow: follow,

      // What theme.js found before Dash was there; it reports every later change itself.
      theme: function () {
        return document.documentElement.dataset.bsTheme;
      },
    },
  });
})();
