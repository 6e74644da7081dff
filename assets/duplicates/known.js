/* Which pictures of one's own the library has already: files that are chosen or dropped are sent one after the other
   (/copies/known), looked at and forgotten. What came of them stays in this window until it is cleared. */
(function () {
  "use strict";
  const { on, url } = window.likeness;
  const { make, icon } = window.likeness.elements;
  const number = (count) => count.toLocaleString("en");
  const AT_ONCE = 2; // that the server looks at
  const STATES = { known: "Here already", fresh: "Not here", unread: "Cannot be read" };
  const looked = []; // {file, name, state: one of STATES or "waiting", src, copies, why, card}
  let others = 0; // files of folders that are no pictures
  let shown = ""; // a state, or all
  let sending = 0;
  let kinds = {};
  let panel = null;
  let held = []; // files that came before there was one

  const count = (state) => looked.filter((one) => one.state === state).length;
  const part = (name) => panel.querySelector(`.known-${name}`);

  // What stands on the page.

  function field(folder) {
    const made = window.likeness.search.fileField();
    if (folder) made.webkitdirectory = true;
    made.addEventListener("change", () => {
      give(made.files);
      made.value = ""; // the same again is a choice, too
    });
    return made;
  }

  function begun() {
    const drop = make("label", { className: "drop known-drop" }, field(false), icon("images"),
      make("span", {}, "Drop pictures or a folder here, or ", make("span", { className: "drop-action" }, "choose pictures")));
    return make("section", { className: "known", "aria-label": "Which of your pictures are here already" },
      make("div", { className: "known-give" }, drop, make("label", { className: "button known-folder" }, field(true), icon("folder2-open"), make("span", {}, "A folder"))),
      make("p", { className: "known-said", role: "status" }), make("div", { className: "known-tools" }), make("ul", { className: "known-list" }));
  }

  // The panel, one for this window. titles: of what became of copies.
  function own(titles) {
    kinds = titles;
    if (!panel) {
      panel = begun();
      tell();
    }
    give(held.splice(0));
    return panel;
  }

  // Files that are to be looked at once the panel is on the page.
  const hold = (files) => { held = [...files]; };

  function tell() {
    const waiting = count("waiting");
    const [known, fresh, unread] = Object.keys(STATES).map(count);
    const found = [`${number(known)} of ${number(looked.length)} ${known === 1 ? "is" : "are"} here already`,
      ...(fresh ? [`${number(fresh)} ${fresh === 1 ? "is" : "are"} not`] : []), ...(unread ? [`${number(unread)} cannot be read`] : []),
      ...(others ? [`${number(others)} other ${others === 1 ? "file is no picture" : "files are no pictures"}`] : [])].join(", ");
    part("said").textContent = !looked.length && !others ? "Each is compared with all pictures of the library, copies of any kind included. Nothing is taken up or kept."
      : waiting ? `Looking at ${number(looked.length - waiting + 1)} of ${number(looked.length)} …` : `${found}.`;
    panel.classList.toggle("is-empty", !looked.length);
    const segment = (state, title, amount) => make("button", { type: "button", className: "button segment", "aria-pressed": String(shown === state), data: { does: "known-show", state: state } },
      title, make("span", { className: "num" }, ` ${number(amount)}`));
    const button = (does, text, title) => make("button", { type: "button", className: "button", title: title, data: { does: does } }, text);
    window.likeness.elements.refill(part("tools"), ...(looked.length ? [
      make("div", { className: "segments duplicates-segments", role: "group", "aria-label": "Which are shown" }, segment("", "All", looked.length),
        ...Object.entries(STATES).filter(([state]) => state !== "unread" || unread).map(([state, title]) => segment(state, title, count(state)))),
      button("known-csv", "CSV", "A table of these files, and of what each is a copy of"), button("known-clear", "Clear", "Begin anew")] : []));
    looked.forEach((one) => { one.card.hidden = Boolean(shown) && one.state !== shown; });
  }

  const why = (copy) => window.likeness.copies.said([0, copy.kind, copy.text], kinds);

  function draw(one) {
    const [first, ...others] = one.copies || [];
    const mine = one.src ? make("img", { src: one.src, alt: "", className: "thumb" }) : icon(one.state === "unread" ? "file-earmark-x" : "image");
    const theirs = first ? make("a", { href: url(`/detail?image=${first.id}`), className: "known-picture", title: first.path, "aria-label": first.name },
      make("img", { src: url(`/thumb/${first.id}`), alt: "", className: "thumb", loading: "lazy" })) : null;
    const told = first ? [make("a", { href: url(`/detail?image=${first.id}`), className: "known-path", title: first.path }, first.path),
      make("span", { className: "soft" }, `${why(first)}${others.length ? `, and ${number(others.length)} more` : ""}`)]
      : [make("span", { className: "soft" }, one.why || (one.state === "fresh" ? STATES.fresh : "…"))];
    one.card.className = `known-one is-${one.state}`;
    one.card.replaceChildren(make("span", { className: "known-picture" }, mine), ...(theirs ? [make("span", { className: "known-is", "aria-hidden": "true" }, "="), theirs] : []),
      make("span", { className: "known-words" }, make("span", { className: "known-name", title: one.name }, one.name), ...told));
  }

  // Sending

  function give(files) {
    if (!files.length) return;
    for (const file of files) {
      const within = Boolean(file.webkitRelativePath);
      if (file.name.startsWith(".") || (!file.size && !within)) continue; // a folder, where a browser gives one as a file
      if (within && !window.likeness.search.isPicture(file)) {
        others += 1; // told all the same: who empties a card by this list should know of them
        continue;
      }
      const refused = window.likeness.search.refusal(file);
      const one = { file: file, name: file.webkitRelativePath || file.name, state: refused ? "unread" : "waiting", why: refused, card: make("li", {}) };
      looked.push(one);
      draw(one);
      part("list").append(one.card);
    }
    tell();
    while (sending < AT_ONCE && count("waiting") > sending) next();
  }

  async function next() {
    const one = looked.find((other) => other.state === "waiting" && !other.sent);
    if (!one) return;
    one.sent = true;
    sending += 1;
    Object.assign(one, await answer(one.file));
    one.file = null; // not to be kept open
    sending -= 1;
    if (looked.includes(one)) {
      draw(one);
      tell();
    }
    next();
  }

  async function answer(file) {
    try {
      const sent = await fetch(url("/copies/known"), { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
      const said = sent.ok ? await sent.json() : { error: await window.likeness.refusal(sent) };
      return said.error ? { state: "unread", why: said.error } : { state: said.copies.length ? "known" : "fresh", src: said.src, copies: said.copies };
    } catch (error) {
      return { state: "unread", why: "The server does not answer. Is Likeness still running?" };
    }
  }

  // A folder that is dropped is read file by file.
  async function within(entry) {
    if (entry.isFile) {
      return [await new Promise((done, fail) => entry.file(done, fail)).catch(() => null)].filter(Boolean)
        .map((file) => Object.defineProperty(file, "webkitRelativePath", { value: entry.fullPath.slice(1) }));
    }
    const reader = entry.createReader();
    const found = [];
    for (;;) {
      const some = await new Promise((done, fail) => reader.readEntries(done, fail)).catch(() => []);
      if (!some.length) return found;
      for (const one of some) found.push(...await within(one));
    }
  }

  const here = () => panel && panel.isConnected;
  const zone = () => panel.querySelector(".drop");
  on("dragover", null, (event) => {
    if (!here() || !event.dataTransfer || !event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    zone().classList.add("drop-active");
  });
  on("dragleave", null, (event) => here() && !event.relatedTarget && zone().classList.remove("drop-active"));
  on("drop", null, async (event) => {
    if (!here() || !event.dataTransfer) return;
    event.preventDefault();
    zone().classList.remove("drop-active");
    const entries = [...event.dataTransfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry());
    const folders = entries.filter((entry) => entry && entry.isDirectory);
    give([...event.dataTransfer.files].filter((file, at) => !(entries[at] && entries[at].isDirectory)));
    for (const folder of folders) give(await within(folder));
  });

  // To take along: no cell is a formula to a spreadsheet (pipeline/export/cells.py).

  const cell = (text) => `"${(/^'*[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;

  function table() {
    const rows = looked.flatMap((one) => (one.copies && one.copies.length ? one.copies : [{}]).map((copy) => [
      one.name, STATES[one.state] || "", copy.path || "", copy.id ? String(copy.id) : "", copy.id ? why(copy) : one.why || ""]));
    return [["file", "state", "copy_of", "image_id", "reason"], ...rows].map((row) => row.map(cell).join(",")).join("\r\n");
  }

  window.likeness.does(".known", {
    "known-show": ({ dataset }) => {
      shown = dataset.state;
      tell();
    },
    "known-clear": () => {
      looked.splice(0);
      others = 0;
      shown = "";
      part("list").replaceChildren();
      tell();
    },
    "known-csv": () => {
      const address = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
      make("a", { href: address, download: "do I have these.csv" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    },
  });

  window.likeness.copies = Object.assign(window.likeness.copies || {}, { own: own, hold: hold });
})();
