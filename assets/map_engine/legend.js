/* The legend of a coloring: which names have which color, or the bar of a scale. */
(function (map) {
  "use strict";

  // [code, name, count, color] of each entry. facts: palette; total: points of the whole map.
  // Pure.
  map.entries = function (coloring, facts, total) {
    const { palette } = facts;
    const { colors, names } = coloring;
    const sum = (rest) => rest.reduce((all, [, count]) => all + count, 0);
    const own = colors ? names.length : palette.length; // names that have a color of their own
    const found = names.slice(0, own)
      .map(([name, count], code) => [code, name, count, palette[colors ? colors[code] : code]])
      .filter(([, , count]) => count); // names of another map may have none here
    const rest = sum(names.slice(own));
    if (rest) found.push([palette.length, "other", rest, "var(--map-other)"]);
    const without = total - sum(coloring.names);
    if (without > 0) found.push([-1, coloring.none, without, "var(--map-noise)"]);
    return found;
  };

  function part(name, text, properties) {
    return Object.assign(document.createElement(name), { textContent: text }, properties);
  }

  // A button; `what` is the name of its data, code by code: data-toggle or data-group.
  function entry([code, name, count, color], what, title, counts) {
    const button = part("button", "", { type: "button", className: "map-entry" });
    const dot = part("span", "", { className: "map-dot" });
    button.dataset[what] = code;
    button.title = title(count);
    dot.style.setProperty("--swatch", color);
    button.append(dot, name);
    if (counts) button.append(part("span", count.toLocaleString("en"), { className: "soft" }));
    return button;
  }

  // A bar of the scale's colors with figures below it; the note says what they count.
  function bar(coloring, facts) {
    const box = part("div", "", { className: "map-scale" });
    const shades = part("div", "", { className: "map-shades" });
    const ends = part("div", "", { className: "map-ends" });
    const figures = [...new Set([0, 0.5, 1].map((share) => map.figure(coloring, share)))];
    if (coloring.low === coloring.high) shades.style.background = facts.scale[0]; // all are alike
    else shades.style.backgroundImage = `linear-gradient(to right, ${facts.scale.join(", ")})`;
    ends.append(...figures.map((text) => part("span", text)));
    shades.setAttribute("role", "img");
    shades.setAttribute("aria-label", `Color scale: ${figures.join(" to ")}`);
    box.append(shades, ends, part("p", coloring.note));
    return box;
  }

  // The elements of a legend. options: what, title(count), counts (whether they are shown).
  map.legend = function (coloring, facts, total, options) {
    if (coloring.error) return [part("p", coloring.error, { className: "error-note" })];
    if (coloring.kind === "scale") return [bar(coloring, facts)];
    if (!coloring.names) return [];
    const { what, title, counts } = options;
    return map.entries(coloring, facts, total).map((one) => entry(one, what, title, counts));
  };
})((window.likeness.map = window.likeness.map || {}));
