/* The table of keys: what the list of keys shows, and what the keys do.

   A row is [keys, text] or [keys, text, act]; a page gives its acts functions by
   `likeness.bind`, and they are called on that page where nobody types. Single characters can
   be switched off (WCAG 2.1.4): they are easily struck by who speaks or has a tremor. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const STORE = "likeness-letters";
  const SIGNS = { "←": "ArrowLeft", "→": "ArrowRight", "↑": "ArrowUp", "↓": "ArrowDown", "−": "-", Esc: "Escape" };
  const TABLE = [
    ["Everywhere", null, [
      [["/"], "Search", "search"], [["P"], "To the pictures", "pictures"], [["?"], "This list", "keys"], [["Esc"], "Close what is open"],
      [["Tab"], "Next control"], [["Ctrl", "Z"], "Take back what was done last"],
      [["Ctrl", "Shift", "Z"], "Do it again"],
    ]],
    ["Among images", null, [
      [["←", "→"], "Previous, next"], [["↑", "↓"], "Row above, below"],
      [["Home", "End"], "First, last"], [["Enter"], "Open"], [["Space"], "Look at it large"],
      [["Ctrl", "Space"], "Choose it, or not"], [["Ctrl", "A"], "Choose all"],
      [["Shift"], "With arrows or a click: choose up to there"], [["Shift", "F10"], "What can be done with it"], [["W"], "Why it is a match"],
    ]],
    ["Map", "/", [
      [["V"], "Move the map", "pan"], [["L"], "Lasso", "lasso"], [["B"], "Box", "box"],
      [["Shift"], "With lasso or box: add"], [["Alt"], "With lasso or box: take away"],
      [["←", "→", "↑", "↓"], "On the map: from image to image; with Shift: move it"],
      [["+"], "Closer", "closer"], [["−"], "Back", "farther"], [["0"], "Show the whole map", "whole"],
      [["N"], "Names on the map", "names"], [["Wheel"], "Zoom at the pointer"],
      [["Double click"], "Closer; with Shift back"], [["Esc"], "Clear the choice"],
    ]],
    ["Search", "/search", [
      [["Ctrl", "V"], "Search with a copied image"], [["←", "→", "↑", "↓"], "In a crop: move it"],
      [["Shift"], "With arrows: its size"], [["Esc"], "End cropping, close the camera"],
    ]],
    ["Compare", "/compare", [
      [["←", "→"], "Next column; where they disagree: next image"], [["↑", "↓"], "Along a column"],
      [["Esc"], "Clear the choice"],
    ]],
    ["Graph", "/graph", [
      [["Enter"], "Put an image of the list in the center"], [["Double click"], "Search with an image"],
      [["Wheel"], "Zoom at the pointer"], [["Esc"], "Clear the choice"],
    ]],
    ["Duplicates", "/duplicates", [
      [["←", "→", "↑", "↓"], "From picture to picture"], [["Enter"], "Keep it, or set it aside"], [["K"], "Keep this one alone", "keep-this"],
      [["D"], "Decide as they are marked", "decide"], [["A"], "Keep all", "keep-all"], [["N"], "Not copies", "none"],
      [["X"], "This one is no copy of the others", "no-copy"], [["C"], "Lay it over another", "compare"],
    ]],
    ["Image", "/detail", [
      [["←"], "Previous image", "previous"], [["→"], "Next image", "next"], [["+"], "Larger", "larger"],
      [["−"], "Smaller", "smaller"], [["0"], "Fit", "fit"], [["1"], "Full size", "full"],
      [["Esc"], "Back to where you were", "close"],
    ]],
    ["Why", "/why", [[["Esc"], "Back to where you were", "back"]]],
    ["Inside the index", "/inside", [[["Esc"], "Back to where you were", "back"]]],
  ];
  const bound = new Map(); // "page act" → function
  let off = false; // in this window, where storage is forbidden

  // Whether keys of a single character do anything.
  function letters(wanted) {
    try {
      if (wanted !== undefined) localStorage.setItem(STORE, wanted ? "on" : "off");
      off = localStorage.getItem(STORE) === "off";
    } catch (error) {
      if (wanted !== undefined) off = !wanted;
    }
    return !off;
  }

  // The act that a key stands for on a page, or undefined.
  function actOf(key, page) {
    const pressed = key === "=" ? "+" : key.length === 1 ? key.toUpperCase() : key;
    for (const [, where, rows] of TABLE) {
      if (where !== null && where !== page) continue;
      const row = rows.find(([keys, , act]) => act && keys.some((one) => (SIGNS[one] || one) === pressed));
      if (row) return bound.get(`${where || ""} ${row[2]}`);
    }
    return undefined;
  }

  const BUSY = "input:not([type=range], [type=checkbox], [type=radio], [type=button], [type=file]), " +
    "textarea, select, dialog, .modal";

  on("keydown", null, (event) => {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !target.closest) return;
    if (target.closest(BUSY) || target.isContentEditable) return;
    if (document.querySelector("dialog[open], .modal.show")) return;
    if (key.length === 1 && !letters()) return;
    // Among pictures and in fields the arrows have their own way.
    if (key.startsWith("Arrow") && target.closest(".gallery, .justified, input")) return;
    const act = actOf(key, window.likeness.plain(location.pathname));
    if (!act) return;
    event.preventDefault();
    act();
  });

  Object.assign(window.likeness, {
    keys: TABLE,
    letters: letters,
    // The key of an act, as the table writes it.
    keyOf: (page, act) => TABLE.flatMap(([, where, rows]) => (where === page ? rows : []))
      .find((row) => row[2] === act)[0][0],
    // Give the acts of a page (null: every page) their functions.
    bind: (page, acts) => Object.entries(acts).forEach(([act, work]) => bound.set(`${page || ""} ${act}`, work)),
  });
})();
