/* Two pictures of a group laid over one another: side by side, one wiped over the other, in turn, or what differs.

   The server says how the one lies on the other (/copies/laid), as a matrix from pixels of its thumbnail to
   those of the other's; both are drawn in the frame of the one that shows more. */
(function () {
  "use strict";
  const { make, icon } = window.likeness.elements;
  const url = (path) => window.likeness.url(path);
  const MODES = { beside: ["Side by side", "1"], wipe: ["Wipe", "2"], blink: ["Blink", "3"], differ: ["Difference", "4"] };
  const TURN = 700; // ms that each picture stands while they blink
  const STORE = "likeness-pair";
  let open = null;

  function wanted(next) {
    try {
      if (next) sessionStorage.setItem(STORE, next);
      return sessionStorage.getItem(STORE) in MODES ? sessionStorage.getItem(STORE) : "wipe";
    } catch (error) {
      return next || "wipe";
    }
  }

  // Matrix [a, b, c, d, e, f] the other way round.
  function inverse([a, b, c, d, e, f]) {
    const det = a * d - b * c;
    return [d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det];
  }

  const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  // group: as the page has it. id: of the picture that is laid over the first of the others.
  function layOver(group, id, kinds) {
    if (open) open.close();
    const ids = group.images.map((one) => one.id);
    const of = (which) => group.images.find((one) => one.id === which);
    let upper = ids.includes(id) ? id : ids[1];
    let lower = (group.pairs[upper] || [])[0] || (upper === group.best ? ids.find((one) => one !== upper) : group.best);
    if (lower === upper || !ids.includes(lower)) lower = ids.find((one) => one !== upper);
    let mode = wanted();
    let laid = null; // {matrix, size, other}, or null while it is asked for
    let timer = 0;
    let swapped = false; // which of the two is seen, where they take turns
    let share = 0.5; // how much of the stage the upper one covers

    const stage = make("div", { className: "pair-stage" });
    const tools = make("div", { className: "pair-tools" });
    const names = make("div", { className: "pair-names" });
    const note = make("p", { className: "pair-note", role: "status" });
    const box = make("dialog", { className: "dialog pair", "aria-label": "Two pictures over one another" }, tools, stage, note, names);

    const picture = (which, name) => make("img", { src: url(`/image/${which}`), alt: of(which).name, className: name, draggable: false });

    // What the stage is of: the sizes of the frame, and of the other the matrix into it.
    function frame() {
      const [wide, high] = laid.other;
      const [a, b, c, d] = laid.matrix;
      if (Math.abs(a * d - b * c) <= 1.02) return { base: lower, size: laid.other, over: upper, own: laid.size, matrix: laid.matrix };
      return { base: upper, size: laid.size, over: lower, own: [wide, high], matrix: inverse(laid.matrix) };
    }

    function fitted([wide, high], room = 1) {
      const space = [Math.min(window.innerWidth - 48, 1600) * room, window.innerHeight - 280];
      return Math.max(0.1, Math.min(space[0] / wide, space[1] / high));
    }

    function beside() {
      const each = [lower, upper].map((which) => make("span", { className: "pair-one" }, picture(which, "")));
      stage.className = "pair-stage is-beside";
      stage.style.width = stage.style.height = "";
      stage.replaceChildren(...each);
    }

    function over() {
      const { base, size, over: other, own, matrix } = frame();
      const scale = fitted(size);
      stage.className = `pair-stage is-${mode}`;
      Object.assign(stage.style, { width: `${size[0] * scale}px`, height: `${size[1] * scale}px` });
      const moved = picture(other, "pair-over");
      Object.assign(moved.style, {
        width: `${own[0]}px`, height: `${own[1]}px`, transform: `matrix(${matrix.map((value) => value * scale).join(",")})`,
      });
      stage.replaceChildren(picture(base, "pair-base"), make("div", { className: "pair-veil" }, moved), make("span", { className: "pair-seen" }));
      turn(false);
    }

    // In turn: which one is seen, with its name.
    function turn(other) {
      swapped = other;
      const veil = stage.querySelector(".pair-veil");
      if (!veil) return;
      const { base, over: top } = frame();
      veil.style.visibility = mode === "blink" && !swapped ? "hidden" : "";
      // The picture named first is on the left.
      veil.style.clipPath = mode !== "wipe" ? "" : top === upper ? `inset(0 0 0 ${share * 100}%)` : `inset(0 ${(1 - share) * 100}% 0 0)`;
      stage.style.setProperty("--share", `${share * 100}%`);
      stage.querySelector(".pair-seen").textContent = mode === "blink" ? of(swapped ? top : base).name : "";
    }

    function show() {
      clearInterval(timer);
      tools.replaceChildren(
        make("div", { className: "segments", role: "group", "aria-label": "How they are shown" }, ...Object.entries(MODES).map(([name, [text, key]]) => make("button", {
          type: "button", className: "button segment", "aria-pressed": String(name === mode), disabled: name !== "beside" && laid !== null && !laid.matrix,
          title: `${text} (${key})`, data: { pair: name },
        }, text))),
        ...(ids.length > 2 ? [step(-1, "chevron-left", "Picture before (←)"), make("span", { className: "num soft small" }, `${ids.indexOf(upper) + 1} of ${ids.length}`),
          step(1, "chevron-right", "Next picture (→)")] : []),
        ...(mode === "wipe" && laid && laid.matrix ? [make("input", { type: "range", min: 0, max: 100, value: share * 100, className: "pair-share", "aria-label": "How much of it is covered" })] : []),
        make("button", { type: "button", className: "button pair-close", data: { pair: "close" } }, "Close"),
      );
      names.replaceChildren(...[lower, upper].map(about));
      if (!laid) return void stage.replaceChildren(make("p", { className: "soft" }, "…"));
      const lies = Boolean(laid.matrix);
      note.textContent = lies ? reason() : "They do not lie on one another anywhere.";
      if (mode === "beside" || !lies) beside();
      else over();
      if (mode === "blink" && lies && !still()) timer = setInterval(() => turn(!swapped), TURN);
      return undefined;
    }

    function reason() {
      const pair = group.pairs[upper] || group.pairs[lower];
      return pair ? window.likeness.copies.said(pair, kinds) : "";
    }

    function about(which) {
      const one = of(which);
      const size = one.pixels[0] ? `${one.pixels[0].toLocaleString("en")} × ${one.pixels[1].toLocaleString("en")}` : "";
      const when = new Date(one.modified * 1000).toLocaleDateString("en", { dateStyle: "medium" });
      return make("div", {}, make("strong", {}, one.name), make("span", { className: "soft small" }, [size, window.likeness.copies.bytes(one.bytes), when, one.folder].filter(Boolean).join(" · ")));
    }

    const step = (way, sign, title) => make("button", { type: "button", className: "icon-button", title: title, "aria-label": title, data: { pair: way < 0 ? "back" : "on" } }, icon(sign));

    async function ask() {
      laid = null;
      const mine = [upper, lower].join("/");
      show();
      let answer = { matrix: null };
      try {
        const sent = await fetch(url(`/copies/laid/${mine}`));
        if (sent.ok) answer = await sent.json();
      } catch (error) {
        // Side by side they can be looked at all the same.
      }
      if (open !== api || mine !== [upper, lower].join("/")) return;
      laid = answer;
      show();
    }

    // Another picture of the group over the same one.
    function to(way) {
      const others = ids.filter((one) => one !== lower);
      upper = others[(others.indexOf(upper) + way + others.length) % others.length];
      ask();
    }

    function choose(name) {
      if (name !== "beside" && laid && !laid.matrix) return;
      mode = wanted(name);
      show();
      const pressed = tools.querySelector(`[data-pair="${mode}"]`);
      if (pressed) pressed.focus();
    }

    const doing = Object.assign(Object.fromEntries(Object.keys(MODES).map((name) => [name, () => choose(name)])),
      { back: () => to(-1), on: () => to(1), close: () => api.close() });
    const KEYS = Object.assign({ ArrowLeft: doing.back, ArrowRight: doing.on, b: doing.blink }, Object.fromEntries(Object.entries(MODES).map(([name, [, key]]) => [key, doing[name]])));

    function press(event) {
      event.stopPropagation(); // the page below hears nothing
      if (event.key === " " && mode === "blink") {
        event.preventDefault();
        clearInterval(timer);
        turn(!swapped);
      }
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
      const work = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!work) return;
      event.preventDefault();
      work();
    }

    function wipe(event) {
      const place = stage.getBoundingClientRect();
      if (mode !== "wipe" || !laid || !laid.matrix || !place.width) return;
      share = Math.max(0, Math.min(1, (event.clientX - place.left) / place.width));
      turn(false);
      const slider = tools.querySelector(".pair-share");
      if (slider) slider.value = share * 100;
    }

    box.addEventListener("keydown", press);
    box.addEventListener("click", (event) => {
      const pressed = event.target.closest("[data-pair]");
      if (pressed) doing[pressed.dataset.pair]();
      else if (event.target === box) api.close();
    });
    box.addEventListener("input", (event) => {
      share = Number(event.target.value) / 100;
      turn(false);
    });
    stage.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      stage.setPointerCapture(event.pointerId);
      wipe(event);
    });
    stage.addEventListener("pointermove", (event) => event.buttons && wipe(event));
    box.addEventListener("close", () => api.close());

    const before = document.activeElement;
    const resized = () => laid && show();
    window.addEventListener("resize", resized);
    const api = {
      close: function () {
        if (open !== api) return;
        open = null;
        clearInterval(timer);
        window.removeEventListener("resize", resized);
        box.close();
        box.remove();
        if (before && before.isConnected) before.focus({ preventScroll: true });
      },
    };
    open = api;
    document.body.append(box);
    box.showModal();
    ask();
  }

  window.likeness.layOver = layOver;
})();
