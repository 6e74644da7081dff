/* The box for words: a field with a list that completes what is typed, on every page that has a
   place for it (dashboard/words.py).

   On the Search page it holds the words of the board, with plus and minus, and changes them; from
   another page it leads there. "red dress -boots -\"white wall\"": what follows a minus is left out. */
(function () {
  "use strict";
  const { url, on, search } = window.likeness;
  const { make: entry } = window.likeness.entries;
  const PAUSE = 120; // ms without a key, before the list is asked for
  const SAID = {
    color: "color", thing: "looks like", label: "label", tag: "tag", collection: "collection", keyword: "keyword",
  };
  const state = { options: [], active: -1, asked: 0, timer: 0, last: null };

  const box = () => document.getElementById("words-box");
  const field = () => document.querySelector("#words-box input");
  const list = () => document.getElementById("words-list");

  function element(kind, properties, ...content) {
    const made = Object.assign(document.createElement(kind), properties);
    made.append(...content);
    return made;
  }

  function icon(name) {
    const made = element("span", { className: "icon" });
    made.style.setProperty("--icon", `url(${url(`/bootstrap/icons/${name}.svg`)})`);
    made.setAttribute("aria-hidden", "true");
    return made;
  }

  // Words of a board, as they stand in the field, and back.

  const quoted = (text) => (/\s/.test(text) ? `"${text}"` : text);

  function textOf(board) {
    const words = board.filter((one) => one.kind === "words");
    const plus = words.filter((one) => !one.minus).map((one) => one.key);
    return plus.concat(words.filter((one) => one.minus).map((one) => "-" + quoted(one.key))).join(" ");
  }

  function entriesOf(text) {
    const minus = [];
    const plus = text.replace(/(^|\s)[-−](?:"([^"]*)"|([^\s"]+))/g, (whole, before, phrase, word) => {
      minus.push((phrase || word || "").trim());
      return before;
    });
    const key = plus.replace(/(^|\s)[-−]+(?=\s|$)/g, " ").replace(/\s+/g, " ").trim().slice(0, 200);
    return (key ? [entry("words", key, false)] : []).concat(minus.filter(Boolean).map((one) => entry("words", one, true)));
  }

  // The list

  function close() {
    state.asked++; // an answer under way comes too late
    state.active = -1;
    clearTimeout(state.timer);
    if (!list()) return;
    list().hidden = true;
    field().setAttribute("aria-expanded", "false");
    field().removeAttribute("aria-activedescendant");
  }

  function mark(at) {
    state.active = at;
    Array.from(list().children).forEach((one, place) => one.setAttribute("aria-selected", String(place === at)));
    if (at < 0) return field().removeAttribute("aria-activedescendant");
    field().setAttribute("aria-activedescendant", list().children[at].id);
    return list().children[at].scrollIntoView({ block: "nearest" });
  }

  function show(options) {
    state.options = options;
    list().replaceChildren(...options.map((one, at) => {
      const sample = element("span", { className: "words-sample" });
      if (one.color) sample.style.background = one.color;
      const made = element("li", { id: `words-option-${at}` },
        one.color ? sample : icon(one.kind === "thing" ? "image" : "fonts"),
        element("span", { className: "words-text" }, one.text), element("span", { className: "words-kind" }, SAID[one.kind] || one.kind));
      made.setAttribute("role", "option");
      made.dataset.at = at;
      return made;
    }));
    mark(-1);
    list().hidden = !options.length;
    field().setAttribute("aria-expanded", String(options.length > 0));
  }

  async function complete() {
    if (!field()) return undefined; // the page was left
    const text = field().value;
    const mine = ++state.asked;
    const answer = await fetch(url("/words?" + new URLSearchParams({ text: text }))).catch(() => null);
    if (answer && answer.status === 401) return window.likeness.signIn();
    const options = answer && answer.ok ? await answer.json() : [];
    const same = options.length === 1 && options[0].text === text;
    if (mine === state.asked && field() && document.activeElement === field()) show(same ? [] : options);
    return undefined;
  }

  // Asking

  function submit(text) {
    close();
    const words = entriesOf(text);
    if (!search.onPage()) {
      if (!words.length) return;
      const part = (minus) => words.filter((one) => one.minus === minus).map((one) => one.key).join("\n");
      const params = new URLSearchParams();
      if (part(false)) params.set("words", part(false));
      if (part(true)) params.set("minus_words", part(true));
      window.likeness.visit("/search", "?" + params);
      return;
    }
    search.note(null);
    state.last = null; // the field follows the board again
    search.put("search-active", { data: 0 });
    search.setBoard(words.concat(search.state.board.filter((one) => one.kind !== "words")));
  }

  function choose(at) {
    const chosen = state.options[at];
    field().value = chosen.text;
    submit(chosen.text);
  }

  function onKey(event) {
    const open = !list().hidden;
    if (event.key === "Enter" && !event.isComposing) {
      if (open && state.active >= 0) choose(state.active);
      else submit(field().value);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!open) return complete();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const count = state.options.length + 1; // none is one of them
      mark(((state.active + 1 + step + count) % count) - 1);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation(); // what lies below stays open
      close();
    } else {
      return undefined;
    }
    return event.preventDefault();
  }

  // The field holds the board's words, unless somebody is writing others.
  function follow() {
    const text = textOf(search.state.board);
    if (!field() || text === state.last) return;
    if (state.last !== null && document.activeElement === field() && field().value !== state.last) return;
    state.last = text;
    field().value = text;
    cleared();
  }

  const cleared = () => { box().querySelector(".words-clear").hidden = !field().value; };

  function fill() {
    const place = box();
    if (!place || place.firstChild) return;
    const input = element("input", {
      type: "text", placeholder: "red dress, dog, blue …", autocomplete: "off", spellcheck: false, enterKeyHint: "search", maxLength: 400,
    });
    const names = {
      role: "combobox", "aria-label": "Search by words", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "words-list",
    };
    Object.entries(names).forEach(([name, value]) => input.setAttribute(name, value));
    const clear = element("button", { type: "button", className: "words-clear", title: "Clear the words", hidden: true }, icon("x-lg"));
    clear.setAttribute("aria-label", "Clear the words");
    const options = element("ul", { id: "words-list", className: "words-list", hidden: true });
    options.setAttribute("role", "listbox");
    options.setAttribute("aria-label", "Words that are known");
    input.addEventListener("input", () => {
      cleared();
      clearTimeout(state.timer);
      state.timer = setTimeout(complete, PAUSE);
    });
    input.addEventListener("keydown", onKey);
    input.addEventListener("blur", close);
    clear.addEventListener("click", () => {
      input.value = "";
      cleared();
      if (search.onPage()) submit("");
      input.focus();
    });
    options.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    options.addEventListener("click", (event) => {
      const one = event.target.closest("[role=option]");
      if (one) choose(Number(one.dataset.at));
    });
    place.append(icon("search"), input, clear, options);
    state.last = null;
  }

  search.doing.mean = (button) => {
    const { word, near } = button.dataset;
    submit(textOf(search.state.board).replace(word, near));
  };
  on("likeness:query", null, follow);

  window.likeness.words = { textOf: textOf, entriesOf: entriesOf };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    words: {
      make: function () {
        fill();
        if (search.onPage()) follow();
        return window.dash_clientside.no_update;
      },
    },
  });
})();
