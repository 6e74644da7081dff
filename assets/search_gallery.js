/* Scrolling on through the matches of the Search page. */
(function () {
  "use strict";
  const AHEAD = "800px"; // so far before the end the next page is asked for
  const search = window.likeness.search;
  let asked = "";

  // Once for each end: an answer that comes late finds that the list has grown, and is dropped.
  function more() {
    const shown = search.state.shown;
    if (!shown || !shown.more) return;
    const end = shown.of + ":" + shown.ids.length;
    if (end === asked) return;
    asked = end;
    search.put("search-more", { data: end + ":" + Date.now() });
  }

  const watcher = new IntersectionObserver(
    (seen) => seen.some((one) => one.isIntersecting) && more(),
    { rootMargin: "0px 0px " + AHEAD + " 0px" }
  );

  // Watching anew tells at once whether the end is still in sight.
  document.addEventListener("likeness:matches", () => {
    asked = "";
    watcher.disconnect();
    requestAnimationFrame(() => {
      const end = document.getElementById("search-end");
      if (end) watcher.observe(end);
    });
  });
})();
