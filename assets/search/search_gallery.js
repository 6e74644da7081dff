/* The matches of the Search page: scrolling on through them, and a word on each. */
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

  const watcher = new IntersectionObserver((seen) => {
    if (seen[seen.length - 1].isIntersecting) more();
    else asked = ""; // what failed is asked for again when the end comes back
  }, { rootMargin: "0px 0px " + AHEAD + " 0px" });

  // Watching anew tells at once whether the end is still in sight.
  document.addEventListener("likeness:matches", () => {
    asked = "";
    watcher.disconnect();
    requestAnimationFrame(() => {
      const end = document.getElementById("search-end");
      if (end) watcher.observe(end);
    });
  });

  function rate(button, value) {
    const taken = button.getAttribute("aria-pressed") === "true";
    button.parentElement.querySelectorAll(".match-tool[aria-pressed]").forEach((other) => {
      other.setAttribute("aria-pressed", String(other === button && !taken));
    });
    search.put("search-rate", {
      data: {
        question: search.state.shown.question,
        image: Number(button.dataset.image), value: taken ? 0 : value, at: Date.now(),
        rank: Number(button.dataset.rank), score: Number(button.dataset.score),
      },
    });
  }

  search.doing.up = (button) => rate(button, 1);
  search.doing.down = (button) => rate(button, -1);

  // The thumbs of a gallery's cards as they stand by now.
  function press(gallery) {
    const name = (data) => data["data-image"] + data["data-does"];
    const now = {};
    document.querySelectorAll("#search-gallery .match-tool[aria-pressed]").forEach((one) => {
      now[one.dataset.image + one.dataset.does] = one.getAttribute("aria-pressed");
    });
    (function visit(part) {
      if (!part || !part.props) return;
      if (name(part.props) in now) part.props["aria-pressed"] = now[name(part.props)];
      [].concat(part.props.children || []).forEach(visit);
    })(gallery);
  }

  // The next page after what is shown, if it still belongs there.
  window.dash_clientside.search.append = function (page, shown, gallery) {
    const none = window.dash_clientside.no_update;
    const fits = page && shown && page.shown.of === shown.of && page.after === shown.ids.length;
    if (!fits) return [none, none];
    const whole = JSON.parse(JSON.stringify(gallery));
    press(whole); // it is drawn anew
    whole.props.children = whole.props.children.concat(page.cards);
    return [whole, page.shown];
  };
})();
