/* Notes on the map, edited in place: names of clusters, tags and collections of an image or a
   selection, and the menu of what has been kept. What changes them is an act
   (assets/shell/acts.js). */
(function () {
  "use strict";
  const api = window.likeness.mapPage;
  const byId = api.byId;
  const { does } = window.likeness;
  const { make, icon, button } = window.likeness.elements;
  const act = (name, args) => window.likeness.act(name, args); // loaded later, as are the next two
  const say = (text) => window.likeness.say(text);
  const packed = (ids) => window.likeness.map.encode(ids);

  // A text field in the place of a name: Enter keeps, Esc and leaving it do not. Meanwhile what is around it is not
  // drawn anew; likeness:edited says that it may be.
  function edit(where, value, label, list, keep) {
    const field = make("input", { type: "text", value: value, maxLength: 80, className: "form-control edit",
      "aria-label": label, placeholder: label });
    if (list) field.setAttribute("list", list);
    let done = false;
    const opener = document.activeElement;
    const close = (text, left) => {
      if (done) return;
      done = true;
      field.remove();
      where.classList.remove("is-edited");
      if (!left && opener.isConnected) opener.focus();
      if (text !== null) keep(text.trim());
      document.dispatchEvent(new CustomEvent("likeness:edited"));
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault(); // the key would press the button that gets the focus back
      close(event.key === "Enter" ? field.value : null);
    });
    field.addEventListener("blur", () => close(null, true));
    field.addEventListener("click", (event) => event.stopPropagation());
    where.classList.add("is-edited");
    where.append(field);
    field.focus();
    field.select();
  }

  function tagWith(target, ids) {
    const keep = (name) => name && act("tag", { name: name, ids: ids });
    edit(target.parentElement, "", "New tag", "kept-tags", keep);
  }

  function rename(target) {
    const number = Number(target.dataset.cluster);
    const entry = target.closest(".map-cluster");
    const old = entry.dataset.name;
    const of = api.clusters.of; // now; the list may be another one when the name has been typed
    edit(entry, old, "Name of the cluster; empty: as found", null, (name) => {
      if (name !== old) act("name-cluster", Object.assign({ cluster: number, name: name }, of));
    });
  }

  // Of the image that a button names, else of the selection.
  const idsOf = ({ dataset }) => packed(dataset.image ? [Number(dataset.image)] : api.chosen.ids);

  does(".map-page", {
    open: ({ dataset }) => {
      if (!api.map) return;
      window.likeness.foldMenus();
      api.open({ [dataset.kind]: dataset.name });
    },
    untag: (pressed) => act("untag", { name: pressed.dataset.name, ids: idsOf(pressed) }),
    "add-tag": (pressed) => tagWith(pressed, idsOf(pressed)),
    "rename-cluster": rename,
  });

  // Names to choose from in the fields, out of the menu.
  function names() {
    requestAnimationFrame(() => [["kept-names", "collection"], ["kept-tags", "tag"]].forEach(([id, kind]) => {
      const list = byId(id);
      if (!list) return;
      const entries = document.querySelectorAll(`#map-kept [data-kind=${kind}]`);
      list.replaceChildren(...Array.from(entries, (entry) =>
        make("option", { value: entry.dataset.name })));
    }));
  }

  api.notes = {
    make: make, icon: icon, button: button, packed: packed, say: say, edit: edit,
    names: names,
  };
})();
