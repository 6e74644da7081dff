/* Palettes as entries of a search: wells of colors with their shares on the stage, and the colors of
   a picture that stands there. */
(function () {
  "use strict";
  const { url, on, search } = window.likeness;
  const { make: entry, colorsOf } = window.likeness.entries;
  const MOST = 5; // colors, as the server has it
  const SIDE = 64; // px of the picture whose colors are asked for
  const FIRST = "2457c5.100";
  const NEXT = ["#f2f2ee", "#c8452b", "#1f8f9b", "#dcb274", "#2c2a2e"];

  const keyOf = (parts) => parts.map(([color, share]) => color.slice(1) + "." + share).join("_");

  function element(kind, properties, ...content) {
    const made = Object.assign(document.createElement(kind), properties);
    made.append(...content);
    return made;
  }

  function named(made, text) {
    made.setAttribute("aria-label", text);
    made.title = text;
    return made;
  }

  // The palette that stands on the stage becomes another one. What is changed next, before the server has drawn it, is
  // a change of that.
  function changed(editor, parts) {
    const clear = editor.closest(".query").querySelector(".query-clear");
    const place = search.at(clear);
    const key = keyOf(parts);
    if (place < 0 || !parts.length || key === editor.dataset.palette) return;
    const made = entry("palette", key, search.state.board[place].minus);
    clear.dataset.of = `palette:${key}`;
    editor.dataset.palette = editor.dataset.drawn = key;
    search.put("search-active", { data: place });
    search.setBoard(search.state.board.map((one, at) => (at === place ? made : one)));
  }

  // parts: of the whole palette, which follow what is done here; show(): they are others.
  function row(editor, parts, at, show) {
    const set = (color, share) => {
      parts[at] = [color, share];
      show();
      changed(editor, parts);
    };
    const well = named(element("input", { type: "color", className: "palette-well" }), `Color ${at + 1}`);
    well.addEventListener("change", () => set(well.value, parts[at][1]));
    const hex = named(element("input", { type: "text", maxLength: 7, spellcheck: false, className: "palette-hex" }),
      `Color ${at + 1} in figures`);
    hex.addEventListener("change", () => {
      const found = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(hex.value.trim());
      if (!found) return show();
      const digits = found[1].length === 3 ? found[1].replace(/./g, "$&$&") : found[1];
      return set("#" + digits.toLowerCase(), parts[at][1]);
    });
    const slider = named(element("input", { type: "range", min: 1, max: 100, className: "palette-share" }),
      `Share of color ${at + 1}`);
    slider.addEventListener("change", () => set(parts[at][0], Number(slider.value)));
    slider.hidden = parts.length === 1;
    const controls = [well, hex, slider];
    if (parts.length > 1) {
      const remove = named(element("button", { type: "button", className: "palette-remove" }, "×"), `Remove color ${at + 1}`);
      remove.addEventListener("click", () => again(editor, parts.filter((one, other) => other !== at), Math.max(0, at - 1)));
      controls.push(remove);
    }
    return element("div", { className: "palette-row" }, ...controls);
  }

  // More or fewer colors; focus: the number of the one that gets the keyboard.
  function again(editor, parts, focus) {
    changed(editor, parts);
    draw(editor, focus);
  }

  function draw(editor, focus) {
    const parts = colorsOf(editor.dataset.palette);
    editor.dataset.drawn = editor.dataset.palette;
    const band = element("div", { className: "palette-band" }, ...parts.map(() => element("span", {})));
    band.setAttribute("aria-hidden", "true");
    const rows = parts.map((one, at) => row(editor, parts, at, show));
    function show() {
      parts.forEach(([color, share], at) => {
        Object.assign(band.children[at].style, { background: color, flexGrow: share });
        [color, color, share].forEach((value, number) => { rows[at].children[number].value = value; });
      });
    }
    show();
    const more = element("button", { type: "button", className: "card-link", hidden: parts.length >= MOST }, "Add a color");
    more.addEventListener("click", () => {
      const share = Math.round(parts.reduce((sum, [, part]) => sum + part, 0) / parts.length);
      const unused = NEXT.find((color) => !parts.some(([other]) => other === color));
      again(editor, parts.concat([[unused, share]]), parts.length);
    });
    editor.replaceChildren(band, ...rows, more);
    if (rows[focus]) rows[focus].children[0].focus({ preventScroll: true });
  }

  on("likeness:query", null, () => {
    const editor = document.querySelector(".query-palette[data-palette]");
    if (editor && editor.dataset.drawn !== editor.dataset.palette) draw(editor);
  });

  // A palette joins what stands there.
  on("click", "#search-colors", () => {
    search.note(null);
    search.addTo(search.placed(search.state.board, entry("palette", FIRST), search.state.board.length > 0));
  });

  // The colors of the picture on the stage take its place.
  search.doing.colors = async (button) => {
    const figure = button.closest(".query");
    const picture = figure.querySelector(".stage img");
    await picture.decode().catch(() => null); // it may have been drawn a moment ago
    if (!picture.naturalWidth) return search.note("The colors of that image cannot be had now.");
    const scale = Math.min(1, SIDE / Math.max(picture.naturalWidth, picture.naturalHeight));
    const size = [picture.naturalWidth, picture.naturalHeight].map((side) => Math.max(1, Math.round(side * scale)));
    const canvas = element("canvas", { width: size[0], height: size[1] });
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, ...size);
    const { data } = context.getImageData(0, 0, ...size);
    const answer = await fetch(url("/palette"), {
      method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: data.filter((one, at) => at % 4 < 3),
    }).catch(() => null);
    if (answer && answer.status === 401) return window.likeness.signIn();
    const found = answer && answer.ok ? await answer.json() : [];
    if (!search.onPage()) return undefined; // it was left meanwhile
    const place = search.at(figure.querySelector(".query-clear"));
    if (!found.length || place < 0) return search.note("The colors of that image cannot be had now.");
    const whole = found.reduce((sum, { share }) => sum + share, 0); // of the colors that are told
    const key = keyOf(found.map(({ color, share }) => [color, Math.max(1, Math.round((share / whole) * 100))]));
    const made = entry("palette", key, search.state.board[place].minus);
    search.put("search-active", { data: place });
    return search.setBoard(search.state.board.map((one, at) => (at === place ? made : one)));
  };
})();
