/* Pictures that pages lay out themselves (neighbors, columns, examples): the same menu and the same
   viewer as in a gallery, with arrows through those that stand together. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const PICTURE = "#page :is(a, button):has(> img.thumb)";
  const AROUND = "section, aside, dialog, .gallery, .justified, #page";

  // The id in the address of a picture's thumbnail, or null (an upload has none).
  function idOf(element) {
    const found = /\/thumb\/(\d+)$/.exec(element.querySelector("img.thumb").getAttribute("src") || "");
    return found ? Number(found[1]) : null;
  }

  // What a picture was found with, where the link that says why stands with it; or null.
  function foundWith(element) {
    if (element && element.matches(".graph-node")) { // around an image, by one embedding or by all
      const asked = new URLSearchParams(location.search);
      const [center, by] = [asked.get("image"), asked.get("by")];
      return center && Number(center) !== idOf(element) ? Object.assign(by ? { [by]: 1 } : {}, { image: center }) : null;
    }
    const card = element && element.closest(".match, .detail-card");
    const link = card && card.querySelector("a[href*='/why?']");
    return link ? Object.fromEntries(new URL(link.href).searchParams) : null;
  }

  // What menu and viewer ask of a gallery, of the pictures around one.
  function listAround(element) {
    const around = element.closest(AROUND) || document.body;
    const all = Array.from(around.querySelectorAll(PICTURE)).filter((one) => one.getClientRects().length && idOf(one) !== null);
    const ids = Int32Array.from(all, idOf);
    const list = {
      ids: ids, options: { why: (id) => foundWith(list.link(id)) }, chosen: window.likeness.gallery.choice(() => {}), still: true, at: all.indexOf(element),
      indexOf: (id) => (ids[list.at] === id ? list.at : ids.indexOf(id)),
      link: (id) => all[ids.indexOf(id)],
      focus: (index) => all[index] && all[index].isConnected && all[index].focus(),
      set focused(index) { list.at = index; },
    };
    return list;
  }

  const menuOf = (element, at) => window.likeness.gallery.menu(listAround(element), [idOf(element)], at);
  const menu = (element, event) => menuOf(element, [event.clientX, event.clientY]);

  on("contextmenu", PICTURE, (element, event) => {
    if (event.shiftKey || event.defaultPrevented || idOf(element) === null) return; // with Shift the browser's own
    event.preventDefault();
    if (!window.likeness.byFinger()) menu(element, event);
  });

  let longed = false; // whether the click to come is the end of a long press
  on("pointerdown", PICTURE, (element, event) => {
    longed = false;
    if (idOf(element) === null || element.closest(".pictures, .is-standing")) return; // a gallery has its own way
    window.likeness.rests(event, () => {
      longed = true;
      menu(element, event);
    });
  });
  on("pointerup", PICTURE, () => longed && setTimeout(window.likeness.gallery.menuFocused));
  on("click", PICTURE, (element, event) => {
    if (!longed) return;
    longed = false;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  on("keydown", PICTURE, (element, event) => {
    const asked = event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey);
    const look = event.key === " " && element.matches("a") && !event.ctrlKey; // a button it presses
    const asks = event.key.toLowerCase() === "w" && !event.ctrlKey && !event.metaKey && window.likeness.letters() && foundWith(element);
    if (event.defaultPrevented || !(asked || look || asks) || idOf(element) === null) return;
    event.preventDefault();
    const list = listAround(element);
    if (asks) return window.likeness.gallery.perform("why", [idOf(element)], { list: list });
    if (look) return window.likeness.gallery.view(list, list.at);
    const box = element.getBoundingClientRect();
    return window.likeness.gallery.menu(list, [idOf(element)], [box.left + 16, box.top + 16]);
  });

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { menuOf: menuOf });
})();
