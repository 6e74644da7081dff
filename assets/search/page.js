/* The Search page in the browser: the board, uploads, presets, paste, drop anywhere.

   The board is a list of entries, see entries.js. What belongs to an upload stays in this tab, in
   sessionStorage: name, preview, keywords, and the vectors of each edit of it. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const MOST = 24; // pictures on a board, as the server has it
  const UPLOADS = "likeness-upload:" + window.likeness.url("/"); // another library's vectors are others
  const SEEN = "likeness-seen:" + window.likeness.url("/");
  const DRAWN = "likeness-drawn:" + window.likeness.url("/");
  const KEPT = 16; // uploads: previews of 768 px fill the tab's storage
  const none = () => window.dash_clientside.no_update;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const clicked = () => {
    const context = window.dash_clientside.callback_context;
    const first = context.triggered[0];
    return first && first.value ? context.triggered_id : null;
  };

  // What set_props and callbacks last made of these, for listeners outside of callbacks.
  const state = { board: [], asked: "", shown: null, drawing: null, changes: 0, sent: null, originals: new Map() };

  // more: the props of a button that follows the text.
  function note(text, more) {
    const part = (type, props) => ({ type: type, namespace: "dash_html_components", props: props });
    const button = more && part("Button", Object.assign({ type: "button", className: "card-link" }, more));
    put("search-note", {
      children: text && part("Div", {
        className: more ? "done-note" : "error-note", role: "alert", children: more ? [text, " ", button] : text,
      }),
    });
  }

  // Uploads of this tab.

  const held = new Map(); // those that its storage has no room for, until a reload

  function stored(key) {
    if (held.has(key)) return held.get(key);
    try {
      return JSON.parse(sessionStorage.getItem(UPLOADS + key));
    } catch (error) {
      return null;
    }
  }

  function store(upload) {
    const age = (name) => (stored(name.slice(UPLOADS.length)) || { at: 0 }).at;
    try {
      const others = Object.keys(sessionStorage)
        .filter((name) => name.startsWith(UPLOADS) && name !== UPLOADS + upload.key)
        .sort((a, b) => age(a) - age(b));
      others.slice(0, Math.max(0, others.length - KEPT + 1)).forEach((one) => sessionStorage.removeItem(one));
      sessionStorage.setItem(UPLOADS + upload.key, JSON.stringify(upload));
      held.delete(upload.key);
    } catch (error) {
      held.set(upload.key, upload);
      note("This browser keeps nothing for this page; the image will be gone after a reload.");
    }
  }

  // What has been shown in this tab, which discovering leaves out: all matches, but for those
  // that discovering shows now. These are kept with their address: who comes back to it finds
  // them there again, and they count as seen once another list or a reload takes their place.

  function seen() {
    try {
      return JSON.parse(sessionStorage.getItem(SEEN)) || [];
    } catch (error) {
      return [];
    }
  }

  function remember(ids) {
    try {
      sessionStorage.setItem(SEEN, JSON.stringify(ids));
    } catch (error) {
      return; // storage is forbidden: discovering then repeats itself
    }
  }

  function drawn(now) {
    try {
      if (now !== undefined) sessionStorage.setItem(DRAWN, JSON.stringify(now));
      return JSON.parse(sessionStorage.getItem(DRAWN));
    } catch (error) {
      return null;
    }
  }

  const see = (shown) => {
    remember(Array.from(new Set(seen().concat((shown && shown.ids) || []))));
    put("search-seen", { data: seen() });
  };

  // What was discovered at another address, or before a reload, has been seen.
  function settle(address) {
    const before = drawn();
    if (before && before.at !== address) see(before);
    if (before && before.at !== address) drawn(null);
  }

  let opened = performance.getEntriesByType("navigation").some((one) => one.type === "reload");

  // A list of matches is there.
  function shows(shown, view) {
    if (!shown || !view) return;
    settle(view.search);
    if (new URLSearchParams(view.search).get("mode") === "discover") drawn({ at: view.search, ids: shown.ids });
    else see(shown);
  }

  // The board.

  const { make: entry, tokenOf, same } = window.likeness.entries;
  const adder = () => document.querySelector("#search-query .adder");
  const isAdding = () => Boolean(adder()) && adder().getAttribute("aria-pressed") === "true";

  // Whether all that stands there is words and colors.
  const isSpoken = () => state.board.length > 0 && state.board.every((one) => one.kind === "words" || one.kind === "palette");

  // The board with a picture on it: beside the others, or in their place.
  function placed(board, one, beside) {
    if (!beside) {
      window.scrollTo({ top: 0 });
      put("search-active", { data: 0 });
      return [one];
    }
    const others = (board || []).filter((other) => !same(one, other));
    if (others.length >= MOST) {
      note("A search takes at most " + MOST + " images.");
      return none();
    }
    put("search-active", { data: others.length });
    if (adder()) adder().setAttribute("aria-pressed", "false"); // it stands for the next picture only
    return others.concat([one]);
  }

  // Known here at once: `ask` may have to wait for an answer that is under way.
  function keep(board) {
    if (!Array.isArray(board)) return board;
    state.board = board;
    state.changes++;
    state.sent = { board: JSON.stringify(board), from: location.href };
    return board;
  }

  const setBoard = (board) => put("search-chosen", { data: keep(board) });
  const addTo = (board) => Array.isArray(board) && setBoard(board);

  function chosen(button, minus) {
    note(null);
    addTo(placed(state.board, entry("image", button.dataset.image, minus), true));
  }

  // Where on the board is now what a button or the stage was drawn for; −1: nowhere any more.
  function at(drawn) {
    const is = (one) => Boolean(one) && one.kind + ":" + one.key === drawn.dataset.of;
    const place = Number(drawn.dataset.place);
    return is(state.board[place]) ? place : state.board.findIndex(is);
  }

  const onPage = () => document.getElementById("search-file");

  // What the page's buttons do, by their data-does.

  const doing = {
    plus: (button) => chosen(button, false),
    minus: (button) => chosen(button, true),
    show: function (button) {
      const place = at(button);
      if (place >= 0) put("search-active", { data: place }); // else it is gone
    },
    remove: (button) => {
      const gone = at(button);
      if (gone < 0) return; // clicked twice
      const tile = document.querySelector("#search-query .tile-picture[aria-pressed=true]");
      const active = tile ? at(tile) : -1;
      note(null);
      if (active > gone) put("search-active", { data: active - 1 });
      setBoard(state.board.filter((one, place) => place !== gone));
    },
    sign: (button) => {
      const turned = at(button);
      if (turned < 0) return;
      const other = (one) => Object.assign({}, one, { minus: !one.minus });
      setBoard(state.board.map((one, place) => (place === turned ? other(one) : one)));
    },
    clear: () => setBoard([]),
    adding: (button) => button.setAttribute("aria-pressed", String(!isAdding())),
    again: () => {
      see(state.shown);
      drawn(null);
      setBoard(state.board.slice());
      window.scrollTo({ top: 0 });
    },
    forget: () => {
      remember([]);
      drawn(null);
      setBoard(state.board.slice());
    },
  };

  window.likeness.does(".search", doing);
  on("click", "#search-link-open", () => {
    const form = document.getElementById("search-link-form");
    form.hidden = !form.hidden;
    if (!form.hidden) form.querySelector("input").focus();
  });

  window.likeness.search = {
    state: state, doing: doing, put: put, note: note, stored: stored, store: store, setBoard: setBoard,
    addTo: addTo, most: MOST, placed: placed, entry: entry, isAdding: isAdding, isSpoken: isSpoken,
    tokenOf: tokenOf, at: at, onPage: onPage,
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    search: {
      // What the server is asked: the board, with the vectors of its uploads.
      ask: function (board, shown, mode) {
        const text = JSON.stringify(board || []);
        // A board that was put there before the last one, which follows.
        if (state.sent && state.sent.board !== text && state.sent.from === location.href) return none();
        state.sent = null;
        // Another board than the one known here came with another page: the person has gone on.
        if (text !== JSON.stringify(state.board)) state.changes++;
        state.board = board || [];
        const before = state.asked;
        const edited = (one, upload) => window.likeness.search.edited(one, upload);
        const asked = window.likeness.entries.asked(state.board, stored, edited);
        if (!asked) return none(); // an edited picture is on its way; its answer comes back here
        state.drawing = null;
        state.asked = state.board.map(tokenOf).join();
        if (mode === "discover" && before && before !== state.asked) see(shown);
        if (!shown) settle(opened ? null : location.search);
        opened = false;
        put("search-seen", { data: seen() });
        asked.first = !shown; // the page as its address named it
        const place = asked.first && window.likeness.place.recall();
        if (place) asked.upto = place.count; // as many as there were when it was left
        return asked;
      },

      choose: function (...given) {
        const id = clicked();
        if (!id) return none();
        const beside = isAdding();
        note(null);
        return keep(placed(given[given.length - 1], entry("image", id.image), beside));
      },

      // The pictures of uploads, which the server does not have.
      dress: function () {
        window.likeness.search.field();
        const first = document.querySelector(".folded-first:not([data-placed])");
        if (first) {
          first.dataset.placed = "yes";
          // Where page and panel stand one above the other, the matches should be near.
          if (window.matchMedia("(max-width: 800px)").matches) first.open = false;
        }
        requestAnimationFrame(() => {
          document.querySelectorAll("#search-query img[data-upload]").forEach((picture) => {
            const upload = stored(picture.dataset.upload);
            if (upload && picture.getAttribute("src") !== upload.src) picture.src = upload.src;
          });
          document.dispatchEvent(new CustomEvent("likeness:query"));
        });
        return none();
      },

      preset: function (clicks, ids, known) {
        const id = clicked();
        if (!id) return ids.map(none);
        return ids.map((one) => known[id.name][one.embedding]);
      },

      // Which preset the sliders stand at, in proportion, if any; and their figures.
      pressed: function (values, ids, presets, known) {
        const weights = values.map(Number);
        const most = Math.max(...weights);
        const standsAt = (preset) => ids.every((id, at) => Math.abs(preset[id.embedding] * most - weights[at]) < 1e-6);
        return [
          presets.map((preset) => String(most > 0 && standsAt(known[preset.name]))),
          weights.map((one) => one.toFixed(2)),
        ];
      },

      // A metric that does not weigh leaves nothing to move.
      weighs: function (metric, ids, presets, about) {
        const off = metric === "hamming";
        return [ids.map(() => off), presets.map(() => off), about[metric]];
      },

      arrived: function (shown, view) {
        state.shown = shown;
        shows(shown, view);
        document.dispatchEvent(new CustomEvent("likeness:matches", { detail: { view: view } }));
        return none();
      },
    },
  });
})();
