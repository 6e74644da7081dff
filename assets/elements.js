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

  // What an element is to hold, as made by this file: what it holds already stays, with the press or the keyboard
  // that is on it. A redraw between a button's press and its release would take the click away. What listens by
  // itself, and not by likeness.on, must not be given twice. A part that is being written in is left alone.
  function refill(element, ...content) {
    if (element.matches(".is-edited")) return;
    const wanted = Array.from(make("div", {}, ...content).childNodes);
    const shell = (node) => node.cloneNode(false);
    wanted.forEach((node, at) => {
      const there = element.childNodes[at];
      if (!there) element.append(node);
      else if (there.isEqualNode(node)) return;
      else if (there.nodeType === Node.ELEMENT_NODE && shell(there).isEqualNode(shell(node))) refill(there, ...node.childNodes);
      else if (!(there.matches && there.matches(".is-edited"))) there.replaceWith(node);
    });
    Array.from(element.childNodes).slice(wanted.length).forEach((node) => node.remove());
  }

  window.likeness.elements = { make: make, icon: icon, button: button, refill: refill };
})();
