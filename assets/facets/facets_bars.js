/* Dates and numbers as bars: drag over them, click one, move or stretch what is chosen, or write the bounds.
   Behind the bars lies how all images are spread, each on its own scale. */
(function () {
  "use strict";
  const facets = window.likeness.facets;
  const { on } = window.likeness;
  const { bounded } = window.likeness.conditions;
  const { part } = facets;
  const NEAR = 8; // px within which the edge of what is chosen is taken hold of
  const MOVED = 3; // px from which a press is a drag

  const known = new WeakMap(); // body → {column, facet}
  let drag = null;

  function render(body, column, facet, own) {
    known.set(body, { column: column, facet: facet });
    if (!body.querySelector(".bars")) body.replaceChildren(...frame(column));
    const bars = body.querySelector(".bars");
    if (bars.children.length !== facet.counts.length + 1) {
      bars.replaceChildren(...facet.counts.map(() => part("span", { className: "bar" })), part("span", { className: "brush" }));
    }
    const most = Math.max(1, ...facet.counts);
    const whole = Math.max(1, ...facet.totals);
    facet.counts.forEach((count, at) => {
      const bar = bars.children[at];
      const height = (share) => (share > 0 ? Math.max(0.03, share) : 0); // what is there is to be seen
      bar.style.setProperty("--count", height(count / most));
      bar.style.setProperty("--total", height(facet.totals[at] / whole));
      bar.title = `${named(facet, at)}: ${count.toLocaleString("en")} of ${facet.totals[at].toLocaleString("en")}`;
    });
    if (!drag || drag.body !== body) brush(body, facet.picked);
    bounds(body, facet, own);
    ends(body, facet);
    nothing(body, column, facet, own);
  }

  function frame(column) {
    const bars = part("div", { className: "bars", tabIndex: 0, role: "group" });
    bars.setAttribute("aria-label", `${column.title}: arrows choose a bar, with Shift several`);
    const field = (end, text) => {
      const made = part("input", { type: "text", className: "form-control facet-bound", placeholder: text, autocomplete: "off" });
      made.setAttribute("aria-label", `${column.title} ${end === "low" ? "from" : "to"}`);
      made.dataset.end = end;
      return made;
    };
    const box = part("input", { type: "checkbox" });
    box.dataset.nothing = column.name;
    const none = part("label", { className: "facet-nothing" }, box, part("span", { className: "facet-name" }),
      part("span", { className: "facet-count" }));
    return [bars, part("div", { className: "bar-ends" }),
      part("div", { className: "facet-bounds" }, field("low", "from"), "–", field("high", "to")), none];
  }

  const named = (facet, at) => {
    const [low, high] = [facet.lows[at], facet.highs[at]];
    if (!low) return `up to ${bounded(high)}`;
    if (!high) return `from ${bounded(low)}`;
    return low === high ? bounded(low) : `${bounded(low)} – ${bounded(high)}`;
  };

  function ends(body, facet) {
    const last = facet.lows.length - 1;
    const [low, high] = [facet.lows[0] || `… ${bounded(facet.highs[0])}`, facet.highs[last] || `${bounded(facet.lows[last])} …`];
    body.querySelector(".bar-ends").replaceChildren(part("span", {}, bounded(low)), part("span", {}, bounded(high)));
  }

  // The part that is chosen, in bars from the left.
  function brush(body, picked) {
    const bars = body.querySelector(".bars");
    const count = bars.children.length - 1;
    const shade = bars.lastElementChild;
    bars.classList.toggle("is-picked", Boolean(picked));
    shade.hidden = !picked;
    if (!picked) return;
    const [left, right] = picked;
    shade.style.left = `${(left / count) * 100}%`;
    shade.style.width = `${Math.max(0, (right - left) / count) * 100}%`;
    [...bars.children].slice(0, count).forEach((bar, at) => {
      bar.classList.toggle("is-out", at + 0.5 < left || at + 0.5 > right);
    });
  }

  function bounds(body, facet, own) {
    const now = own.find((one) => !one.values && !one.text) || { low: "", high: "" };
    body.querySelectorAll("[data-end]").forEach((field) => {
      if (field !== document.activeElement) field.value = now[field.dataset.end].replace(/^[<>]/, "");
    });
  }

  function nothing(body, column, facet, own) {
    const label = body.querySelector(".facet-nothing");
    const chosen = own.some((one) => one.values && one.values.includes("(none)"));
    label.hidden = !facet.none && !chosen;
    label.querySelector("input").checked = chosen;
    label.querySelector(".facet-name").textContent = column.kind === "date" ? "no date" : "unknown";
    label.querySelector(".facet-count").textContent = facet.none.toLocaleString("en");
  }

  // Bars from … to as a condition.
  function between({ column, facet }, from, to) {
    return [{ column: column.name, low: facet.lows[from], high: facet.highs[to] }];
  }

  function choose(body, from, to) {
    const about = known.get(body);
    const [low, high] = [facets.state.error ? "" : about.facet.lows[from], about.facet.highs[to]];
    facets.change(about.column.name, low || high ? between(about, from, to) : []);
  }

  // Dragging

  function at(bars, event) {
    const box = bars.getBoundingClientRect();
    const count = bars.children.length - 1;
    return { px: event.clientX - box.left, bar: Math.min(count - 1e-6, Math.max(0, ((event.clientX - box.left) / box.width) * count)),
      wide: box.width / count };
  }

  on("pointerdown", "#facets .bars", (bars, event) => {
    if (event.button) return;
    const body = bars.closest(".facet-body");
    const { picked } = known.get(body).facet;
    const here = at(bars, event);
    let mode = "new";
    if (picked) {
      const away = picked.map((edge) => Math.abs(edge * here.wide - here.px));
      if (Math.min(...away) <= NEAR && picked[1] - picked[0] > 0.01) mode = away[0] < away[1] ? "low" : "high";
      else if (here.bar > picked[0] && here.bar < picked[1]) mode = "move";
    }
    drag = { body: body, bars: bars, start: here, mode: mode, from: picked || [here.bar, here.bar], now: null };
    bars.setPointerCapture(event.pointerId);
  });

  on("pointermove", "#facets .bars", (bars, event) => {
    if (!drag || drag.bars !== bars) return;
    const here = at(bars, event);
    if (!drag.now && Math.abs(here.px - drag.start.px) < MOVED) return;
    const count = bars.children.length - 1;
    const [left, right] = drag.from;
    const shift = Math.round(here.bar - drag.start.bar);
    const floor = Math.floor;
    if (drag.mode === "new") drag.now = [floor(Math.min(here.bar, drag.start.bar)), floor(Math.max(here.bar, drag.start.bar))];
    else if (drag.mode === "low") drag.now = [Math.min(floor(here.bar), Math.ceil(right) - 1), Math.ceil(right) - 1];
    else if (drag.mode === "high") drag.now = [floor(left), Math.max(floor(here.bar), floor(left))];
    else {
      const width = Math.ceil(right) - floor(left);
      const first = Math.max(0, Math.min(count - width, floor(left) + shift));
      drag.now = [first, first + width - 1];
    }
    brush(drag.body, [drag.now[0], drag.now[1] + 1]);
    const key = drag.now.join();
    if (drag.told !== key) {
      drag.told = key;
      const about = known.get(drag.body);
      facets.preview(about.column.name, between(about, ...drag.now));
    }
  });

  function finish(event) {
    if (!drag) return;
    const { body, bars, now, start } = drag;
    const { picked } = known.get(body).facet;
    drag = null;
    if (event.type === "pointercancel") return facets.ask(facets.where);
    if (now) return choose(body, ...now);
    const bar = Math.floor(start.bar);
    const again = picked && picked[1] - picked[0] <= 1.01 && Math.abs(picked[0] - bar) < 0.5;
    if (again) facets.change(known.get(body).column.name, []);
    else choose(body, bar, bar);
    bars.focus({ preventScroll: true });
  }
  on("pointerup", null, finish);
  on("pointercancel", null, finish);

  on("keydown", "#facets .bars", (bars, event) => {
    const body = bars.closest(".facet-body");
    const { column, facet } = known.get(body);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape" && facet.picked) {
      event.preventDefault();
      event.stopPropagation();
      facets.change(column.name, []);
    }
    if (!step) return;
    event.preventDefault();
    const last = facet.counts.length - 1;
    const [from, to] = facet.picked ? [Math.round(facet.picked[0]), Math.round(facet.picked[1]) - 1] : [step > 0 ? -1 : last + 1, step > 0 ? -1 : last + 1];
    const within = (bar) => Math.max(0, Math.min(last, bar));
    if (event.shiftKey && facet.picked) choose(body, step < 0 ? within(from - 1) : from, step > 0 ? within(to + 1) : to);
    else choose(body, within(step > 0 ? to + 1 : from - 1), within(step > 0 ? to + 1 : from - 1));
  });

  // Bounds in writing

  on("change", "#facets .facet-bound", (field) => {
    const body = field.closest(".facet-body");
    const { column } = known.get(body);
    const [low, high] = ["low", "high"].map((end) => body.querySelector(`[data-end=${end}]`).value.trim());
    facets.change(column.name, low || high ? [{ column: column.name, low: low, high: high }] : []);
  });
  on("change", "#facets [data-nothing]", (box) => {
    const name = box.dataset.nothing;
    facets.change(name, box.checked ? [{ column: name, values: ["(none)"] }] : []);
  });

  window.likeness.facetBars = { render: render };
})();
