/* Elements made by scripts: text is text, and icons are those of the pages. */
(function () {
  "use strict";
  const { url } = window.likeness;

  // make("button", { className: "…", "aria-label": "…", data: { does: "…" } }, child, "text", null)
  function make(kind, properties, ...content) {
    const element = document.createElement(kind);
    Object.entries(properties || {}).forEach(([key, value]) => {
      if (value === null || value === undefined) return;
      if (key === "data") Object.assign(element.dataset, value);
      else if (key in element && key !== "list") element[key] = value;
      else element.setAttribute(key, value);
    });
    element.append(...content.filter((part) => part !== null && part !== undefined));
    return element;
  }

  function icon(name) {
    const made = make("span", { className: "icon", "aria-hidden": "true" });
    made.style.setProperty("--icon", `url(${url(`/bootstrap/icons/${name}.svg`)})`);
    return made;
  }

  // A button that is an icon alone, with its words for screen readers and as a tooltip.
  function button(picture, title, data, className) {
    return make("button", {
      type: "button", title: title, "aria-label": title, data: data, className: className || "button-quiet map-tool",
    }, icon(picture));
  }

  window.likeness.elements = { make: make, icon: icon, button: button };
})();
