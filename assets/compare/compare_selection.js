/* What is told of the images selected on two linked maps, and the legend of both; see
   compare_maps.js. */
(function () {
  "use strict";
  const SHOWN = 36; // pictures of a selection
  const api = window.likenessCompare;
  const element = api.element;
  const byId = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");

  let told = null; // the selection whose pictures are shown
  let explained = {}; // the maps and the color that the legend is of

  // Per map, in words: in which of its clusters the selected images are.
  function tell() {
    ["a", "b"].forEach((side) => {
      api.stage(side).querySelector(".compare-spreads").textContent = api.picked ? spreads(side) : "";
    });
    byId("compare-clear").hidden = !api.picked;
    const box = byId("compare-picked");
    if (told === api.picked && box.childElementCount) return;
    told = api.picked;
    box.replaceChildren(...(told ? strip(told) : [hint()]));
  }

  function spreads(side) {
    const mine = api.sides[side];
    const rows = api.rowsOf(side);
    const counts = new Map();
    rows.forEach((row) => counts.set(mine.cluster[row], (counts.get(mine.cluster[row]) || 0) + 1));
    const largest = [...counts].sort((one, two) => two[1] - one[1]);
    const percent = (count) => `${Math.max(1, Math.round((100 * count) / rows.length))}%`;
    const name = (code) => (code < 0 ? "in no cluster" : mine.clusters[code][0]);
    const words = largest.slice(0, 3).map(([code, count]) => `${percent(count)} ${name(code)}`);
    if (largest.length > 3) words.push(`the rest in ${number(largest.length - 3)} more`);
    return rows.length ? `Selected: ${words.join(", ")}.` : "None of the selected images is on this map.";
  }

  function hint() {
    return element("p", { className: "soft small" },
      "Nothing is selected. Drag on a map to draw around images, or choose a color above.");
  }

  // Pictures of the selection, drawn evenly.
  function strip(ids) {
    const count = Math.min(SHOWN, ids.length);
    const shown = Array.from({ length: count }, (_, i) => ids[Math.floor((i * ids.length) / count)]);
    const words = ids.length === 1 ? "1 image selected" : `${number(ids.length)} images selected`;
    const some = count < ids.length ? `, ${count} of them here` : "";
    const pictures = shown.map((id, i) => {
      const picture = element("img", { className: "thumb", alt: "", loading: "lazy" });
      picture.src = window.likeness.url(`/thumb/${id}`);
      const button = element("button", { type: "button", className: "example" }, picture);
      button.dataset.pin = id;
      button.setAttribute("aria-label", `Selected image ${i + 1}: show it on both maps`);
      return button;
    });
    return [
      element("h2", {}, words + some),
      element("div", { className: "gallery compare-selection" }, ...pictures),
    ];
  }

  function legend() {
    const box = byId("compare-legend");
    if (explained.data !== api.data || explained.color !== api.color || !box.childElementCount) {
      explained = { data: api.data, color: api.color };
      const top = api.data.palette.length;
      const known = api.color === "label" ? api.data.labels : api.data[api.color].clusters;
      const largest = known.slice(0, top);
      const entries = largest.map(([name, count], code) => [code, name, count, api.data.palette[code]]);
      const rest = known.slice(top).reduce((sum, [, count]) => sum + count, 0);
      if (rest) entries.push([top, "other", rest, "var(--compare-other)"]);
      const without = api.codes(api.color === "b" ? "b" : "a").reduce((sum, code) => sum + (code < 0), 0);
      const outside = api.color === "label" ? "no label" : "in no cluster";
      if (without) entries.push([-1, outside, without, "var(--compare-noise)"]);
      box.replaceChildren(...entries.map(entry));
    }
    box.querySelectorAll("button").forEach((button) => {
      button.setAttribute("aria-pressed", String(api.group === Number(button.dataset.group)));
    });
  }

  function entry([code, name, count, value]) {
    const dot = element("span", { className: "dot" });
    dot.style.background = value;
    const title = `Select ${number(count)} images on both maps`;
    const button = element("button", { type: "button", className: "compare-entry", title: title }, dot, name,
      element("span", { className: "soft" }, number(count)));
    button.dataset.group = code;
    return button;
  }

  api.tell = tell;
  api.legend = legend;
})();
