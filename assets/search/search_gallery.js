/* The matches of the Search page: scrolling on through them, and a word on each. */
(function () {
  "use strict";
  const AHEAD = "800px"; // so far before the end the next page is asked for
  const { search, on } = window.likeness;
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
  on("likeness:matches", null, () => {
    asked = "";
    watcher.disconnect();
    const { shown } = search.state;
    if (!shown || shown.of !== rated.of) rated.clear();
    rated.of = shown && shown.of;
    requestAnimationFrame(() => {
      rated.forEach((value, image) => press(image, value));
      const end = document.getElementById("search-end");
      if (end) watcher.observe(end);
    });
  });

  const rated = new Map(); // image → the word given since the matches came: a drawing anew has the old one

  function press(image, value) {
    rated.set(image, value);
    document.querySelectorAll(`#search-gallery .match-tool[data-image="${image}"][aria-pressed]`).forEach((one) => {
      one.setAttribute("aria-pressed", String(one.dataset.does === { "1": "up", "-1": "down" }[value]));
    });
  }

  // Shown at once; where the server refuses, as it was.
  async function rate(button, value) {
    const { image, rank, score } = button.dataset;
    const taken = button.getAttribute("aria-pressed") === "true";
    const old = document.querySelector(`#search-gallery .match-tool[data-image="${image}"][aria-pressed=true]`);
    const before = old ? { up: 1, down: -1 }[old.dataset.does] : 0;
    press(image, taken ? 0 : value);
    const answer = await window.likeness.act("rate", {
      question: search.state.shown.question, image: Number(image), value: taken ? 0 : value,
      rank: Number(rank), score: Number(score),
    });
    if (answer.error) press(image, before);
  }

  search.doing.up = (button) => rate(button, 1);
  search.doing.down = (button) => rate(button, -1);

  // The next page after what is shown, if it still belongs there: put to it, so that what is
  // there is not drawn anew.
  window.dash_clientside.search.append = function (page, shown) {
    const none = window.dash_clientside.no_update;
    const fits = page && shown && page.shown.of === shown.of && page.after === shown.ids.length;
    if (!fits) return [none, none];
    const more = new window.dash_clientside.Patch();
    return [more.extend(["props", "children"], page.cards).build(), page.shown];
  };
})();
