/* Pictures from outside: files that are chosen, dropped or pasted, photos, web addresses.

   They are sent one after the other, so that a second one does not cost the first, and each
   comes to the board when the server has looked at it. What the person has done meanwhile
   stays: an answer that comes late is offered and changes nothing by itself. */
(function () {
  "use strict";
  const LARGEST = 25 * 2 ** 20; // as the server has it
  // Names of pictures as the server has them (pipeline/pictures/formats.py): a browser may not know what they are.
  const NAMES = ("3fr arw cr2 cr3 crw dcr dng erf iiq kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f "
    + "jpg jpeg jpe jfif jfi jif pjpeg pjp jps insp mpo png apng webp gif bmp dib tif tiff avif avifs "
    + "heic heif hif jxl jp2 j2k j2c jpc jpf jpx").split(" ");
  const MANY = 3; // from so many on one may want to know which of them are here
  const { url } = window.likeness;
  const { search, on } = window.likeness;
  const { state, note, put } = search;
  const queue = []; // {file | address, joins}: joins, what it stands with on the board
  let busy = false;
  let many = []; // files that were given at once

  // What the server says of a picture; rejects with one sentence.
  async function look(path, body) {
    let answer;
    try {
      answer = await fetch(url(path), { method: "POST", body: body,
        headers: { "Content-Type": typeof body === "string" ? "application/json" : "application/octet-stream" } });
    } catch (error) {
      throw new Error("The server does not answer. Is Likeness still running?");
    }
    if (answer.status === 401) window.likeness.signIn();
    const said = await answer.json().catch(() => null);
    if (answer.ok && said && !said.error) return said;
    throw new Error((said && said.error) || "The server could not look at that image.");
  }

  const sent = (file, name) => look("/upload?" + new URLSearchParams({ name: name }), file);

  const isPicture = (file) => file.type.startsWith("image/") || NAMES.includes(file.name.toLowerCase().split(".").pop());

  // Why a file is not sent, or null.
  function refusal(file) {
    if (!isPicture(file)) return "“" + file.name + "” is not an image.";
    return file.size > LARGEST ? "“" + file.name + "” is larger than 25 MB." : null;
  }

  function refused(file) {
    const why = refusal(file);
    if (why) note(why);
    return Boolean(why);
  }

  // What the server says of a picture is kept in this tab.
  const received = (said) => search.store({
    key: said.key, name: said.name, src: said.src, keywords: said.keywords, at: Date.now(), vectors: { [said.key]: said.vectors },
  });

  // Files given at once, or while others are on their way, are searched with together.
  function give(items) {
    if (!items.length) return;
    note(null);
    const adding = search.isAdding() || search.isSpoken(); // words stay beside a picture
    items.forEach((item) => queue.push(Object.assign(item, {
      beside: adding || busy || item !== items[0], changes: state.changes,
    })));
    next();
  }

  function offer(...files) {
    const good = files.filter((file) => file && !refused(file));
    give(good.map((file) => ({ file: file })));
    if (good.length < MANY) return;
    many = good;
    note(`${good.length} pictures are searched with together.`, { children: "Which of them are here already?", "data-does": "known" });
  }

  // The same files, each by itself, on the page that says which of them the library has.
  search.doing.known = () => {
    queue.splice(0);
    window.likeness.copies.hold(many);
    note(null);
    window.likeness.visit("/duplicates", "?view=own");
  };

  async function next() {
    if (busy) return;
    busy = true;
    put("search-panel", { className: "search-panel busy" });
    while (queue.length) {
      const item = queue.shift();
      const { file, address } = item;
      try {
        const said = file ? await sent(file, file.name || "Pasted image")
          : await look("/web-picture", JSON.stringify({ address: address }));
        if (file) state.originals.set(said.key, file);
        arrived(said, item);
        if (address) put("search-link", { value: "" });
      } catch (error) {
        if (search.onPage()) note(error.message);
      }
    }
    busy = false;
    if (search.onPage()) put("search-panel", { className: "search-panel" });
  }

  function arrived(said, item) {
    received(said);
    if (!search.onPage()) return;
    if (state.changes !== item.changes) {
      const children = "Add it to this search";
      const offered = { children: children, "data-does": "join", "data-key": said.key };
      return note("“" + said.name + "” is ready.", offered);
    }
    place(said.key, item.beside);
    queue.forEach((other) => { other.changes = state.changes; }); // that was not the person
  }

  const place = (key, beside) => search.addTo(search.placed(state.board, search.entry("upload", key), beside));
  search.doing.join = (button) => {
    note(null);
    place(button.dataset.key, true);
  };

  const fileField = () => Object.assign(document.createElement("input"), {
    type: "file", multiple: true, className: "visually-hidden",
    accept: ["image/*", ...NAMES.map((name) => `.${name}`)].join(","),
  });

  // The field of files, which Dash has none of.
  function field() {
    const zone = search.onPage();
    if (!zone || zone.firstChild) return;
    const made = fileField();
    made.addEventListener("change", () => {
      offer(...made.files);
      made.value = ""; // the same file again is a choice too
    });
    zone.append(made);
  }

  on("paste", null, (event) => {
    if (!search.onPage() || !event.clipboardData) return;
    offer(...Array.from(event.clipboardData.files).filter((file) => file.type.startsWith("image/")));
  });

  // Dropped anywhere: an image would otherwise replace the page.
  const zone = (event) => event.target.closest && event.target.closest(".search .drop");
  const mark = (event) => document.querySelectorAll(".search .drop").forEach((one) =>
    one.classList.toggle("drop-active", event.type === "dragover" && one === zone(event)));
  on("dragover", null, (event) => {
    if (!search.onPage()) return;
    event.preventDefault();
    mark(event);
  });
  on("dragleave", null, (event) => search.onPage() && mark(event));
  on("drop", null, (event) => {
    if (!search.onPage()) return;
    event.preventDefault();
    mark(event);
    if (event.dataTransfer) offer(...event.dataTransfer.files);
  });

  function goTo() {
    const address = document.getElementById("search-link").value.trim();
    if (address) give([{ address: address }]);
  }
  on("click", "#search-link-go", goTo);
  on("keydown", "#search-link", (field, event) => event.key === "Enter" && goTo());

  Object.assign(search, { offer: offer, sent: sent, field: field, fileField: fileField, isPicture: isPicture, refusal: refusal, received: received });
})();
