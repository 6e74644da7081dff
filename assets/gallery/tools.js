/* Above a gallery: how its pictures are sorted, and how large they are. The size is the person's, for
   all galleries of a kind in this browser. */
(function () {
  "use strict";
  const { make, icon } = window.likeness.elements;
  const SIZES = "likeness-size-"; // + kind
  const [LEAST, MOST] = [72, 320]; // px a row
  const SORTS = [
    ["given", "As found"], ["typical", "Most typical first"], ["unusual", "Least typical first"],
    ["outliers", "Outliers first"], ["varied", "Most varied first"], ["date", "Newest first"], ["oldest", "Oldest first"], ["name", "By name"],
    ["size", "Largest files first"], ["rating", "Best rated first"],
    ["blurred", "Blurriest first"], ["dark", "Darkest first"], ["bright", "Brightest first"],
  ];

  function stored(kind, size) {
    try {
      if (size) localStorage.setItem(SIZES + kind, String(size));
      return Number(localStorage.getItem(SIZES + kind)) || 0;
    } catch (error) {
      return 0;
    }
  }

  // The size that the person has given pictures of a kind, or the usual one, px a row.
  const sizeOf = (kind, usual) => Math.max(LEAST, Math.min(MOST, stored(kind) || usual));

  // A slider for the size of a gallery's pictures. kind: of the galleries that share it.
  function slider(list, kind) {
    const field = make("input", { type: "range", min: LEAST, max: MOST, step: 8, value: list.size, className: "pictures-size",
      "aria-label": "Size of the pictures", title: "Size of the pictures" });
    field.addEventListener("input", () => {
      stored(kind, field.value);
      list.resize(Number(field.value));
    });
    return make("label", { className: "pictures-tool" }, icon("image"), field);
  }

  // A field to sort by. sort(name): does it, may be a promise. kinds: by what outliers are told apart, one order each.
  function sorter(now, sort, kinds) {
    const alone = (kinds || []).map((kind) => [`outliers:${kind}`, `Outliers by ${kind.toLowerCase()} first`]);
    const at = 1 + SORTS.findIndex(([name]) => name === "outliers");
    const field = make("select", { className: "form-select", "aria-label": "Sort" },
      ...[...SORTS.slice(0, at), ...alone, ...SORTS.slice(at)].map(([name, title]) => make("option", { value: name }, title)));
    field.value = now;
    field.addEventListener("change", () => sort(field.value));
    return make("label", { className: "pictures-tool", title: "Sort" }, icon("sort-down"), field);
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { sizeOf: sizeOf, slider: slider, sorter: sorter });
})();
