/* What can be shown over the two pictures of the Why page, and what is said beside it: points, colors, regions,
   words. See why.js, which opens them. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const { make } = window.likeness.elements;
  const why = () => window.likeness.why;
  const byId = (id) => document.getElementById(id);
  const SIDES = ["asked", "found"];
  const BINS = 12; // colors told one by one
  const figure = (value) => value.toFixed(3).replace("-", "−");
  const percent = (share) => `${Math.round(100 * share)}%`;

  // page: {told(), stage(), paint(), show(), places(), ring()} of why.js. → {all: name → {title, has(), show(), side()}
  // in the order of the screen, spot(frame, event), leave()}
  window.likeness.whyViews = function (page) {
    const views = {};
    const onPage = (work) => (met, event) => page.told() && byId("why") && work(met, event);

    let strays = false; // whether pairs that do not fit are shown

    views.structure = {
      title: "Structure",
      has: () => Boolean(page.told().structure),
      show: () => why().lines(page.stage().sheet, page.places(), page.told().structure, strays),
      side: () => {
        const { said, first, second, pairs, inliers } = page.told().structure;
        const more = make("label", { className: "why-check" }, make("input", { type: "checkbox", id: "why-strays", checked: strays }), `Show the ${(pairs.length - inliers).toLocaleString("en")} that fit no movement`);
        return [make("h2", {}, "Structure"), make("p", { className: "why-said" }, said),
          ...(pairs.length > inliers ? [more] : []),
          make("p", { className: "soft small" }, `${first.length.toLocaleString("en")} and ${second.length.toLocaleString("en")} points (SIFT). A pair looks alike and is clearly nearer than the second best; a line is a pair that one shift, turn and stretch explains together with the others.`)];
      },
    };

    let lit = null; // the bin of color that is pointed at

    views.colors = {
      title: "Color",
      has: () => Boolean(page.told().colors),
      show: () => {
        const { bins } = page.told().colors;
        const most = Math.max(...bins.map((one) => one.adds), 1e-9);
        const clear = new Map(bins.map((one) => [one.bin, lit === null ? Math.sqrt(Math.max(0, one.adds) / most) : Number(one.bin === lit)]));
        SIDES.forEach((side) => {
          const one = page.told().colors[side];
          const drawn = page.stage().figures[side];
          if (one && drawn) why().veil(drawn.canvas, one.bins.map((bin) => clear.get(bin) || 0), one.shape, [0, 0, 1, 1], lit === null);
        });
      },
      side: () => {
        const { bins, cosine, read } = page.told().colors;
        const shared = bins.filter((one) => one.adds > 0);
        const highest = Math.max(...bins.map((one) => Math.max(one.asked, one.found)), 1e-9);
        const bar = (value, name) => {
          const made = make("span", { className: name });
          made.style.width = `${(100 * Math.max(0, value)) / highest}%`;
          return made;
        };
        const line = (one) => {
          const dot = make("span", { className: "palette-dot" });
          dot.style.background = one.color;
          return make("li", {}, make("button", { type: "button", className: "row-button why-color", data: { bin: one.bin }, "aria-pressed": String(lit === one.bin),
            title: `${one.color}: ${figure(one.asked)} × ${figure(one.found)}` }, dot,
          make("span", { className: "why-twice" }, bar(one.asked, "why-one"), bar(one.found, "why-other")), make("span", { className: "num" }, figure(one.adds))));
        };
        const rest = shared.slice(BINS).reduce((sum, one) => sum + one.adds, 0);
        const less = bins.filter((one) => one.adds < 0).reduce((sum, one) => sum + one.adds, 0);
        return [make("h2", {}, "Color"),
          make("p", { className: "why-said" }, shared.length ? `${shared.length} of ${bins.length} colors are in both; what they add sums to ${figure(cosine)}.` : "No color is in both."),
          ...(read ? [make("p", { className: "soft small" }, "Beside a thing, a color is looked for on the thing; this is what the whole pictures share.")] : []),
          ...SIDES.filter((side) => page.told().colors[side]).map((side) => palette(side)),
          make("ul", { className: "why-colors" }, ...shared.slice(0, BINS).map(line)),
          ...(rest > 0 ? [make("p", { className: "soft small num" }, `${shared.length - BINS} more add ${figure(rest)}`)] : []),
          ...(less < 0 ? [make("p", { className: "soft small num" }, `Colors that are not wanted take ${figure(-less)}`)] : []),
          make("p", { className: "soft small" }, "Bars: how much of the color the search (above) and the match (below) have. Point at one to see where it is.")];
      },
    };

    function palette(side) {
      const bar = make("div", { className: "palette-bar", title: side === "asked" ? "Searched with" : "Match" });
      page.told().colors[side].palette.forEach(([color, share]) => {
        const made = make("div", { title: `${color} ${percent(share)}` });
        made.style.cssText = `background: ${color}; flex-grow: ${share}`;
        bar.append(made);
      });
      return bar;
    }

    let network = 0; // of those that tell regions apart, the one that is shown

    const seenOf = () => page.told().meaning[Math.min(network, page.told().meaning.length - 1)];

    views.meaning = {
      title: "Meaning",
      has: () => page.told().meaning.length > 0,
      show: () => SIDES.forEach((side) => {
        const seen = seenOf()[side];
        why().veil(page.stage().figures[side].canvas, why().stretched(seen.adds), seen.shape, seen.box, true);
      }),
      side: () => {
        const found = seenOf();
        const sum = found.found.adds.reduce((all, one) => all + one, 0);
        const choice = page.told().meaning.map((one, i) => make("button", { type: "button", className: "button", data: { network: i }, "aria-pressed": String(one === found) }, one.title));
        return [make("h2", {}, "Meaning"),
          ...(choice.length > 1 ? [make("div", { className: "why-words", role: "group", "aria-label": "Network" }, ...choice)] : []),
          make("p", { className: "why-said" }, found.sums
            ? `Clear is what the two have most in common for the network; all regions together add up to ${figure(sum)}.`
            : `Clear are the regions that agree most: each is worth its cosine with the one of the other picture that is most like it, at best ${figure(Math.max(...found.found.adds))}.`),
          make("p", { className: "soft small", id: "why-spot", role: "status" }, "Point at a spot in one picture to see where the other answers."),
          make("p", { className: "soft small" }, `${found.found.shape.join(" × ")} regions of what the network (${found.name}) looks at${covers(found) ? "" : "; it does not see what lies outside"}.`)];
      },
    };

    // Whether the regions of both pictures cover all of them.
    const covers = (found) => SIDES.every((side) => {
      const [left, top, right, bottom] = found[side].box;
      return left <= 0.001 && top <= 0.001 && right >= 0.999 && bottom >= 0.999;
    });

    let word = 0;

    views.words = {
      title: "Words",
      has: () => page.told().words.length > 0,
      show: () => {
        const seen = page.told().words[Math.min(word, page.told().words.length - 1)];
        why().veil(page.stage().figures.found.canvas, why().stretched(seen.adds), seen.shape, seen.box, true);
      },
      side: () => [make("h2", {}, "Words"), make("p", { className: "why-said" }, "Clear is where the network sees what the word says."),
        make("div", { className: "why-words" }, ...page.told().words.map((one, i) => make("button", { type: "button", className: "button", data: { word: i }, "aria-pressed": String(i === word) }, one.word)))],
    };

    // A spot in one picture: the cells of the other by how like it they are.
    function spot(frame, event) {
      if (!page.stage()) return;
      const mine = frame.dataset.side;
      const other = mine === "asked" ? "found" : "asked";
      const found = seenOf();
      const box = frame.getBoundingClientRect();
      const cell = why().cellAt([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height], found[mine]);
      if (cell < 0) return page.paint();
      const values = mine === "asked" ? found.cosines[cell] : found.cosines.map((line) => line[cell]);
      const best = values.indexOf(Math.max(...values));
      page.paint();
      why().veil(page.stage().figures[other].canvas, why().stretched(values), found[other].shape, found[other].box, true);
      why().clear(page.stage().figures[mine].canvas);
      page.ring(mine, found[mine], cell);
      page.ring(other, found[other], best);
      byId("why-spot").textContent = `The marked spot answers best: cosine ${figure(values[best])}.`;
    }

    on("change", "#why-strays", onPage((field) => {
      strays = field.checked;
      page.paint();
    }));
    function light(bin) {
      if (lit === bin) return;
      lit = bin;
      page.paint();
    }
    on("pointerover", ".why-color", onPage(({ dataset }) => light(Number(dataset.bin))));
    on("focusin", ".why-color", onPage(({ dataset }) => light(Number(dataset.bin))));
    on("pointerout", ".why-colors", onPage((list, event) => !list.contains(event.relatedTarget) && light(null)));
    on("click", "#why [data-network]", onPage(({ dataset }) => {
      network = Number(dataset.network);
      page.show();
    }));
    on("click", "#why [data-word]", onPage(({ dataset }) => {
      word = Number(dataset.word);
      page.show();
    }));

    return { all: views, spot: spot, leave: () => { lit = null; } };
  };
})();
