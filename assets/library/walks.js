/* What is worth a look on the Library page: a link for each fault that pictures have and each kind of outlier, to
   the gallery that shows them, the worst first. It is asked for when the page stands: of a million
   images counting takes a second. */
(function () {
  "use strict";
  const { make } = window.likeness.elements;
  const { url } = window.likeness;
  const FAULTS = { // in their order: title, and how the gallery sorts them
    blurred: ["Blurred", "blurred"], dark: ["Dark", "dark"], overexposed: ["Overexposed", "bright"], flat: ["Flat"], tiny: ["Tiny"],
    "odd shape": ["Of an odd shape"],
  };

  function link(column, name, count, title, by) {
    const params = new URLSearchParams({ where: window.likeness.conditions.printed([{ column: column, values: [name] }]) });
    if (by) params.set("by", by);
    return make("a", { className: "button walk", href: url(`/gallery?${params}`) },
      make("span", {}, title), make("span", { className: "num soft" }, count.toLocaleString("en")));
  }

  function links({ quality, outlier }) {
    const counts = Object.fromEntries(quality ? quality.values : []);
    const faults = Object.entries(FAULTS).filter(([name]) => counts[name])
      .map(([name, [title, by]]) => link("quality", name, counts[name], title, by));
    const far = (outlier ? outlier.values : []).filter(([, count]) => count)
      .map(([name, count]) => link("outlier", name, count, `Outliers by ${name.toLowerCase()}`, `outliers:${name}`));
    return [...faults, ...far];
  }

  async function show() {
    const box = document.getElementById("library-walks");
    if (!box) return;
    try {
      const answer = await fetch(url("/facets?open=quality,outlier"));
      const found = answer.ok ? links((await answer.json()).facets) : [];
      if (!box.isConnected || !found.length) return;
      box.replaceChildren(make("section", { className: "card-section" }, make("h2", {}, "Worth a look"),
        make("p", { className: "soft small" }, "As far as thumbnails show it, and by how far an image is from its ten nearest."),
        make("div", { className: "walks" }, ...found)));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // no server: the page says so elsewhere
    }
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    library_walks: { show: () => {
      requestAnimationFrame(show);
      return window.dash_clientside.no_update;
    } },
  });
})();
