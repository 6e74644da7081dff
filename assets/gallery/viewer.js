/* One picture large, with arrows through the list it stands in; Esc leads back to it in the list. */
(function () {
  "use strict";
  const { make, icon, button } = window.likeness.elements;
  const STORE = "likeness-viewer-facts";
  const NEAR = 12; // pictures before the end of a list that goes on
  const url = (path) => window.likeness.url(path);
  let open = null; // the viewer that is open

  function wanted(next) {
    try {
      if (next !== undefined) localStorage.setItem(STORE, next ? "yes" : "no");
      return localStorage.getItem(STORE) !== "no";
    } catch (error) {
      return next !== false;
    }
  }

  const zoom = window.likeness.zoomable(".viewer-stage", ".viewer-picture", {
    swipe: (way) => open.step(way),
    told: (share, fits) => { open.scale.textContent = fits ? "" : `${Math.round(share * 100)}%`; },
  });

  const bytes = (count) => (count < 1e6 ? `${Math.ceil(count / 1e3)} kB` : `${(count / 1e6).toFixed(count < 1e7 ? 1 : 0)} MB`);

  function view(list, first) {
    const g = window.likeness.gallery;
    if (open) open.close();
    let at = first;
    let shown = list.ids[at]; // the picture, wherever it comes to stand in the list
    let later = null; // the list as it will be, in an order of its own, once it is not looked through any more
    const stage = make("div", { className: "viewer-stage" });
    const head = make("div", { className: "viewer-head" });
    const scale = make("span", { className: "viewer-scale" });
    const facts = make("aside", { className: "viewer-facts", "aria-label": "What is known of it", tabIndex: 0 });
    const box = make("dialog", { className: "viewer", "aria-label": "Picture" }, head, make("div", { className: "viewer-body" }, stage, facts),
      make("div", { className: "said", role: "status" }));
    facts.hidden = !wanted() || window.innerWidth < 800;

    const id = () => shown;
    const turn = (way, title) => make("button", { type: "button", className: `viewer-turn viewer-${way}`, title: title, "aria-label": title,
      data: { view: way } }, icon(way === "back" ? "chevron-left" : "chevron-right"));

    function show() {
      shown = list.ids[at];
      const picture = make("img", { className: "viewer-picture", src: url(`/image/${id()}`), alt: `Picture ${at + 1}`, draggable: false });
      picture.style.backgroundImage = `url("${url(`/thumb/${id()}`)}")`;
      const mine = id();
      stage.replaceChildren(picture, turn("back", "Previous (←)"), turn("on", "Next (→)"));
      ends();
      scale.textContent = "";
      fill(g.known(mine));
      g.about(mine).then((told) => {
        if (open !== api || id() !== mine || !told) return;
        fill(told);
        picture.alt = told.label ? `${told.label}, ${told.name}` : told.name;
        if (told.pixels) Object.assign(picture.dataset, { width: told.pixels[0], height: told.pixels[1] });
        // The thumbnail stands where the picture will, until it is there.
        if (told.pixels) picture.style.aspectRatio = `${told.pixels[0]} / ${told.pixels[1]}`;
      });
      [at + 1, at - 1].forEach((next) => {
        if (next >= 0 && next < list.ids.length) new Image().src = url(`/image/${list.ids[next]}`);
      });
    }

    function ends() {
      stage.querySelector(".viewer-back").disabled = at === 0;
      stage.querySelector(".viewer-on").disabled = at === list.ids.length - 1;
    }

    function fill(told) {
      const chosen = list.chosen.has(id());
      const tool = (name, picture, title, pressed) => {
        const one = button(picture, title, { view: name }, "viewer-tool");
        if (pressed !== undefined) one.setAttribute("aria-pressed", String(pressed));
        return one;
      };
      const may = window.likeness.may("annotate");
      const matches = Boolean(list.options.rate);
      const rated = list.options.rated ? list.options.rated(id()) : (told && told.rated) || 0;
      head.replaceChildren(
        make("span", { className: "viewer-count", role: "status" }, `${(at + 1).toLocaleString("en")} of ${list.ids.length.toLocaleString("en")}`),
        make("span", { className: "viewer-name" }, told ? told.name : ""), scale,
        ...(may ? [tool("good", "hand-thumbs-up", matches ? "Good match (G)" : "Good (G)", rated === 1),
          tool("bad", "hand-thumbs-down", matches ? "Bad match (B)" : "Bad (B)", rated === -1)] : []),
        ...(may ? [tool("tag", "tag", "Tag (T)")] : []),
        ...(g.acts.why.fits([id()], list) ? [tool("why", "question-circle", "Why is it a match? (W)")] : []),
        ...(list.still ? [] : [tool("choose", "check-lg", "Choose (C)", chosen)]), tool("more", "three-dots", "What can be done with it (M)"),
        tool("facts", "info-circle", "What is known of it (I)", !facts.hidden), tool("close", "x-lg", "Close (Esc)"),
      );
      if (!told) return facts.replaceChildren();
      const size = told.pixels ? `${told.pixels[0].toLocaleString("en")} × ${told.pixels[1].toLocaleString("en")}` : "";
      const rows = [
        ["Label", told.label], ["File", told.path], ["Pixels", size], ["Size", bytes(told.bytes)],
        ["Date of the file", new Date(told.modified * 1000).toLocaleDateString("en", { dateStyle: "medium" })],
        ["Tags", told.tags.join(", ")], ["Collections", told.collections.join(", ")], ...told.facts,
      ].filter(([, text]) => text);
      return facts.replaceChildren(make("dl", {}, ...rows.flatMap(([title, text]) => [make("dt", {}, title), make("dd", {}, text)])),
        make("a", { href: `${url("/detail")}?image=${told.id}`, className: "card-link" }, "All details"));
    }

    function step(way) {
      const next = Math.max(0, Math.min(list.ids.length - 1, at + way));
      if (next === at) return;
      at = next;
      list.focused = at;
      show();
      if (list.options.near && at > list.ids.length - NEAR) list.options.near();
    }

    const doing = {
      back: () => step(-1), on: () => step(1), close: () => api.close(),
      facts: () => { facts.hidden = !facts.hidden; wanted(!facts.hidden); fill(g.known(id())); },
      choose: () => { if (list.still) return; list.chosen.toggle(id()); fill(g.known(id())); },
      tag: () => window.likeness.may("annotate") && g.perform("tag", [id()], { list: list }).then(again),
      good: () => rate(1), bad: () => rate(-1),
      more: () => g.menu(list, [id()], menuPlace()),
      why: () => {
        const mine = id();
        if (!g.acts.why.fits([mine], list)) return;
        api.close();
        g.perform("why", [mine], { list: list });
      },
      remove: () => list.options.here && list.options.here() && list.options.here().work([id()]),
    };
    const menuPlace = () => {
      const place = head.querySelector("[data-view=more]").getBoundingClientRect();
      return [place.left, place.bottom + 4];
    };

    function rate(value) {
      if (!window.likeness.may("annotate")) return;
      if (!list.options.rate) return void g.perform(value > 0 ? "good" : "bad", [id()], { list: list }).then(again);
      Promise.resolve(list.options.rate([id()], value)).then(() => fill(g.known(id())));
      fill(g.known(id()));
    }

    // What is known has changed.
    function again() {
      const mine = id();
      g.about(mine).then((told) => open === api && id() === mine && fill(told));
    }

    const KEYS = {
      ArrowLeft: doing.back, ArrowRight: doing.on, Home: () => step(-at), End: () => step(list.ids.length), " ": doing.close,
      Escape: doing.close, i: doing.facts, t: doing.tag, c: doing.choose, m: doing.more, g: doing.good, b: doing.bad, w: doing.why,
      "+": () => zoom.by(1.5), "=": () => zoom.by(1.5), "-": () => zoom.by(1 / 1.5), 0: () => zoom.fit(), 1: () => zoom.full(),
      Delete: doing.remove,
    };
    box.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopPropagation(); // the page below hears nothing
      if (event.target.matches("input") || event.target.closest(".pictures-menu")) return;
      if (event.key === " " && event.target.closest("button")) return; // it is pressed
      const work = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!work) return;
      event.preventDefault();
      work();
    });
    box.addEventListener("click", (event) => {
      const pressed = event.target.closest("[data-view]");
      if (pressed) doing[pressed.dataset.view]();
      else if (event.target.closest("a[href]")) api.close();
    });
    box.addEventListener("cancel", (event) => {
      event.preventDefault();
      api.close();
    });

    const api = {
      box: box,
      list: list,
      scale: scale,
      step: step,
      // The list is another one: what is gone from it is not looked at any more.
      changed: function () {
        if (!list.ids.length) return api.close();
        const now = list.indexOf(shown);
        at = now < 0 ? Math.min(at, list.ids.length - 1) : now;
        if (now < 0) return show();
        ends();
        return again();
      },
      wait: (next) => { later = next; },
      close: function () {
        if (open !== api) return;
        open = null;
        document.getElementById("said").replaceChildren(...box.querySelector(".said").childNodes);
        box.close();
        box.remove();
        if (later) list.show(...later);
        const now = list.indexOf(shown);
        list.focus(now < 0 ? at : now);
      },
    };
    open = api;
    document.body.append(box);
    box.showModal();
    show();
    box.focus();
  }

  // A list that is sorted anew while it is looked through (a rating may do that) keeps its order until it
  // is not any more: the arrows lead on from where one was. {ids, given, done}, or null where it is not.
  function looked(list, of, ids, given) {
    const viewer = open;
    if (!viewer || viewer.list !== list || list.of !== of) return null;
    viewer.wait([ids, given]);
    const ratios = new Map(Array.from(ids, (id, index) => [id, given.ratios[index]]));
    const had = new Set(list.ids);
    const kept = list.ids.filter((id) => ratios.has(id));
    const order = Int32Array.from([...kept, ...Array.from(ids).filter((id) => !had.has(id))]);
    const as = { ratios: Float32Array.from(order, (id) => ratios.get(id)), key: list.key, of: of };
    return { ids: order, given: as, done: viewer.changed };
  }

  // What stands in a list is something else by now.
  const relooked = (list) => open && open.list === list && open.changed();

  window.likeness.on("likeness:acted", null, () => open && setTimeout(() => open && open.changed(), 50));
  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, { view: view, looked: looked, relooked: relooked });
})();
