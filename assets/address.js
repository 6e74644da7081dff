/* Where this library's dashboard is mounted: addresses from paths and back. Loaded first. */
(function () {
  "use strict";
  const config = JSON.parse(document.getElementById("_dash-config").textContent);
  const root = config.requests_pathname_prefix.replace(/\/+$/, "");

  window.likeness = {
    // "/thumb/3" → the address to ask for.
    url: (path) => root + path,

    // The path of a page out of location.pathname: without the mount and without a last slash.
    plain: function (path) {
      const own = path.startsWith(root) ? path.slice(root.length) : path;
      return own.replace(/\/+$/, "") || "/";
    },
  };
})();
