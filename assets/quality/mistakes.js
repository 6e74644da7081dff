/* Images that are likely labeled wrong, as a gallery (assets/gallery): those whose neighbors agree most come first. */
(function () {
  "use strict";
  const { make } = window.likeness.elements;
  const { url } = window.likeness;
  const USUAL = 136; // px a row
  const FOOT = 44; // px of words below a picture: two lines
  const NARROWEST = 112; // px of a picture: what is said of it
  let list = null;
  let told = new Map(); // id → [label, what the neighbors say, how many of ten], of the list that stands there
  let latest = told; // of the one that is asked for
  let by = "given";
  let asking = null;

  const words = ([own, said, often]) => [own, `${often} of 10 say ${said}`];

  function dress(card, id) {
    const [own, said] = words(told.get(id));
    card.append(make("div", { className: "picture-words quality-words" }, make("span", { title: own }, own), make("span", { className: "soft", title: said }, said)));
  }

  async function show() {
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    const [box, next] = [list, latest];
    try {
      const sent = await window.likeness.gallery.order([...next.keys()], { by: by }, mine.signal);
      if (asking !== mine || !box.grid.isConnected) return;
      told = next;
      box.show(sent.ids, { ratios: sent.ratios, key: `mistakes ${by}`, of: "mistakes" });
    } catch (error) {
      if (typeof error === "string") window.likeness.say(error);
      else if (error.name !== "AbortError") throw error;
    }
  }

  function mistakes(data) {
    const box = document.getElementById("quality-mistakes-list");
    if (!data || !box) return window.dash_clientside.no_update;
    const g = window.likeness.gallery;
    latest = new Map(data.rows.map(([id, own, said, often]) => [id, [data.names[own], data.names[said], often]]));
    if (!list || !box.contains(list.grid)) {
      by = "given";
      list = g.create(box, {
        label: "Labels that are likely wrong", size: g.sizeOf("quality", USUAL), least: NARROWEST, foot: FOOT, dress: dress,
        name: (id) => words(told.get(id)).join(", "), href: (id) => url(`/detail?image=${id}`),
      });
      const sorter = g.sorter(by, (name) => {
        by = name;
        show();
      });
      sorter.querySelector("option[value=given]").textContent = "Surest first";
      document.getElementById("quality-mistakes-tools").replaceChildren(sorter, g.slider(list, "quality"));
    }
    show();
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { quality: { mistakes: mistakes } });
})();
