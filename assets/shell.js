/* The address and the page in step; see dashboard/app.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const { url, plain } = window.likeness;

  // Dash itself says nothing when the server is gone or refuses.
  const ask = window.fetch;
  window.fetch = function (where) {
    const answer = ask.apply(window, arguments);
    if (String(where.url || where).includes("_dash-update-component")) {
      const tell = (text) => window.dash_clientside.set_props("toast", { is_open: true, children: text });
      answer.then(
        (response) => response.status >= 400 && tell("The server could not do that."),
        () => tell("The server does not answer. Is Likeness still running?")
      );
    }
    return answer;
  };

  // Where a file has gone its thumbnail is left.
  document.addEventListener("error", (event) => {
    const failed = event.target;
    const source = failed.tagName === "IMG" ? failed.getAttribute("src") || "" : "";
    if (source.startsWith(url("/image/"))) failed.src = source.replace("/image/", "/thumb/");
  }, true);

  // The same page of another library; what the address says of this one means nothing there.
  document.addEventListener("change", (event) => {
    if (event.target.id !== "library-switch") return;
    const here = plain(location.pathname);
    const page = document.querySelector(`.nav-page[href="${url(here)}"]`) ? here : "/";
    location.assign(event.target.value.replace(/\/$/, "") + page);
  });
  // Back to a page that the browser kept: its own library stands there again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.getElementById("library-switch")) location.reload();
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    shell: {
      // The router's input, when the address says something else than the page shows.
      route: function (path, search, view) {
        path = plain(path || "/");
        search = search || "";
        if (view && view.path === path && view.search === search) return none();
        // Where one was before an image was opened: closing it leads there.
        if (view && view.path !== "/detail") window.likeness.from = { path: view.path, search: view.search };
        return { path: path, search: search };
      },

      // Bring the address to what the page shows.
      follow: function (view) {
        const here = view && plain(location.pathname) === view.path;
        if (!here || location.search === view.search) return;
        if (view.replace) {
          history.replaceState(history.state, "", location.pathname + view.search);
        }
        // dcc.Location adds a step of history unless its own href says already where we are.
        const said = view.replace ? { href: location.href } : {};
        window.dash_clientside.set_props("url", Object.assign({ search: view.search }, said));
      },

      // What theme.js found before Dash was there; it reports every later change itself.
      theme: function () {
        return document.documentElement.dataset.bsTheme;
      },

      // After a page is shown: its title, and which link of the bar is the present one.
      settle: function (title, view) {
        if (title) document.title = title;
        document.querySelectorAll(".nav-page").forEach((link) => {
          const here = view && link.getAttribute("href") === url(view.path);
          if (here) link.setAttribute("aria-current", "page");
          else link.removeAttribute("aria-current");
        });
      },
    },
  });
})();
