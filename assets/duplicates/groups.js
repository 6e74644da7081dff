/* Groups of copies as cards: which pictures are marked to be kept, and what is decided on them.

   A mark is the page's until it is decided on: a press on a picture changes it. Decisions are acts
   (dashboard/copy_acts.py), so that each can be taken back. */
(function () {
  "use strict";
  const { make, icon } = window.likeness.elements;
  const url = (path) => window.likeness.url(path);
  const marks = new Map(); // key of a group → ids marked to be kept, where that is not as it came

  const keyOf = (group) => `${group.state} ${group.best} ${group.images.map((one) => one.id).join(",")}`;
  const kept = (group) => marks.get(keyOf(group)) || new Set(group.images.filter((one) => one.keep).map((one) => one.id));
  const number = (count) => count.toLocaleString("en");
  const bytes = (count) => (count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`);

  // What sets a picture apart from the first of its group.
  function facts(one, group) {
    const [wide, high] = one.pixels;
    const first = group.images[0];
    const other = (is) => (is ? "copy-fact is-other" : "copy-fact");
    return make("span", { className: "copy-facts" },
      make("span", { className: other(wide !== first.pixels[0] || high !== first.pixels[1]) }, wide ? `${number(wide)} × ${number(high)}` : "size not known"),
      make("span", { className: other(one.bytes !== first.bytes) }, bytes(one.bytes)),
      one.folder ? make("span", { className: other(one.folder !== first.folder), title: one.path }, one.folder) : null,
      one.reference ? make("span", { className: "copy-reference", title: "It lies in a folder of reference" }, "reference") : null);
  }

  // What became of a picture, or of the first one where this is what that is a copy of.
  function why(one, group, kinds) {
    if (one.id in group.scores) return `similar, ${group.scores[one.id].toFixed(2)}`;
    const first = group.images[0];
    const pair = one === first ? null : group.pairs[one.id] || group.pairs[first.id];
    return pair ? said(pair, kinds) : "";
  }

  // A reason [of which, kind, text] as a sentence.
  function said([, kind, text], kinds) {
    if (kind === "same file") return kinds[kind];
    const tells = kind === "laid over" || (text.includes(kind) && !text.includes("points")); // a sentence that says it itself
    return tells ? text.charAt(0).toUpperCase() + text.slice(1) : `${kinds[kind]}: ${text}`;
  }

  // Keys and the menu do the same, so that Tab leads from group to group.
  function tool(does, picture, title, of) {
    return make("button", { type: "button", className: "icon-button", title: title, "aria-label": `${title}: ${of}`, tabIndex: -1, data: { does: does } }, icon(picture));
  }

  // One picture of a group, which may be chosen as in any gallery. first: whether Tab leads to it.
  function figure(one, group, kinds, may, first) {
    const keep = kept(group).has(one.id);
    const said = group.state === "apart" ? "" : !keep ? "Set aside" : group.state === "settled" ? "Kept" : "Keep";
    const about = why(one, group, kinds);
    const href = `${url("/detail")}?image=${one.id}`;
    const marks = may && Boolean(said); // a press does; else it opens
    const picture = make("a", {
      href: href, className: "picture copy-picture", tabIndex: first ? 0 : -1, draggable: true, data: { image: one.id },
      role: marks ? "button" : null, "aria-pressed": marks ? String(keep) : null,
      title: !marks ? one.path : keep ? "Press to set it aside" : "Press to keep it", "aria-label": `${one.name}, ${said.toLowerCase() || "no copy"}`,
    }, make("img", { src: url(`/thumb/${one.id}`), alt: "", className: "thumb", loading: "lazy", draggable: false }),
    said ? make("span", { className: "copy-mark", "aria-hidden": "true" }, icon(keep ? "check-circle-fill" : "box-arrow-right"), said) : null);
    const made = make("div", { className: `copy ${keep || !said ? "is-kept" : "is-aside"}` }, picture,
      make("div", { className: "picture-words copy-words" },
        make("span", { className: "copy-head" },
          make("a", { href: href, className: "copy-name", title: one.path, tabIndex: -1 }, one.name),
          make("span", { className: "copy-tools" },
            tool("compare", "layers", "Lay it over another (C)", one.name),
            marks && group.images.length > 2 ? tool("no-copy", "x-circle", "It is no copy of the others (X)", one.name) : null,
            marks ? tool("keep-this", "check2-square", "Keep this one alone (K)", one.name) : null)),
        facts(one, group), about ? make("span", { className: "copy-why", title: about }, about) : null));
    made.style.setProperty("--shape", Math.min(3, Math.max(0.7, one.shape)).toFixed(3));
    return window.likeness.gallery.card(made, one.id, one.name);
  }

  const similar = (group) => Object.keys(group.scores).length > 0;

  function title(group, kinds) {
    const named = similar(group) ? "similar" : group.kinds.map((kind) => kinds[kind].toLowerCase()).join(", ");
    return [`${number(group.images.length)} pictures`, named].filter(Boolean).join(" · ");
  }

  const told = (group) => {
    const count = group.images.filter((one) => one.keep).length;
    if (group.state === "apart") return "No copies of one another";
    return count === group.images.length ? `All ${number(count)} kept` : `${number(count)} of ${number(group.images.length)} kept`;
  };

  const button = (does, text, title, main) => make("button", {
    type: "button", className: main ? "button button-main" : "button", title: title, data: { does: does },
  }, text);

  // What can be decided on a group as it is marked.
  function doing(group) {
    if (group.state === "apart") return [button("open", "Take back", "Nothing is decided on them any more")];
    const count = kept(group).size;
    const aside = group.images.length - count;
    const unchanged = group.state === "settled" && !marks.has(keyOf(group));
    return [
      ...(unchanged || !aside ? [] : [button("decide", `Keep ${number(count)}, set aside ${number(aside)}`, "As they are marked (D)", true)]),
      button("keep-all", "Keep all", "They are copies, and all of them stay (A)"),
      button("none", "Not copies", "No picture of this group is a copy of another: they are never shown together again (N)"),
      ...(group.state === "settled" ? [button("open", "Take back", "Nothing is decided on them any more")] : []),
    ];
  }

  // The card of a group. kinds: their titles. may: whether who looks may decide.
  function card(group, kinds, may) {
    const head = title(group, kinds);
    const made = make("article", { className: `copies card-section is-${group.state}${group.images.length > 3 ? " is-wide" : ""}`, tabIndex: -1, "aria-label": head, data: { key: keyOf(group) } },
      make("header", { className: "copies-head" },
        make("div", { className: "copies-title", title: head }, make("h2", {}, head),
          group.state === "open" && group.spare && !similar(group) ? make("span", { className: "soft small num" }, `${bytes(group.spare)} to gain`) : null),
        group.state === "open" ? null : make("span", { className: "copies-state" }, told(group)),
        make("span", { className: "copies-acts", role: "group", "aria-label": "Decide" }, ...(may ? doing(group) : []))),
      make("div", { role: "grid", "aria-multiselectable": "true", "aria-label": head },
        make("div", { role: "row", className: `justified copies-pictures${group.images.length > 8 ? " is-many" : ""}` },
          ...group.images.map((one, index) => figure(one, group, kinds, may, !index)))));
    made.group = group;
    return made;
  }

  // Pictures of a group are to be kept or set aside; keep: undefined for the other than they are. False where nothing
  // would be kept.
  function mark(group, some, keep) {
    const now = new Set(kept(group));
    some.forEach((id) => ((keep === undefined ? !now.has(id) : keep) ? now.add(id) : now.delete(id)));
    if (now.size) marks.set(keyOf(group), now);
    return now.size > 0;
  }

  const ids = (group) => group.images.map((one) => one.id);

  // What each decision asks for: [act, arguments], of a group and the picture that it is about.
  const DECISIONS = {
    decide: (group) => ["settle-copies", { keep: [...kept(group)], aside: ids(group).filter((id) => !kept(group).has(id)) }],
    "keep-this": (group, id) => ["settle-copies", { keep: [id], aside: ids(group).filter((one) => one !== id) }],
    "keep-all": (group) => ["settle-copies", { keep: ids(group), aside: [] }],
    none: (group) => ["part-copies", { sides: ids(group).map((id) => [id]) }],
    "no-copy": (group, id) => ["part-copies", { sides: [ids(group).filter((one) => one !== id), [id]] }],
    open: (group) => ["open-copies", { ids: ids(group) }],
  };

  async function decide(name, group, id) {
    if (group.state === "apart" && name !== "open") return false;
    const answer = await window.likeness.act(...DECISIONS[name](group, id));
    if (!answer.error) marks.delete(keyOf(group));
    return !answer.error;
  }

  // What is marked otherwise than it came: [[ids of a group, those to be kept]].
  const marked = () => [...marks].map(([key, keep]) => [key.split(" ")[2].split(",").map(Number), [...keep]]);

  window.likeness.copies = Object.assign(window.likeness.copies || {}, {
    marked: marked, card: card, mark: mark, decide: decide, said: said, keyOf: keyOf, bytes: bytes, DECISIONS: DECISIONS,
  });
})();
