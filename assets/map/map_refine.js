/* A very large map, of which only a sample is here: whenever the view comes to rest, the
   points inside it are asked for, and take the place of the sample there. Under the points
   lies a picture of how dense all of them are. See dashboard/map_data.py for what is sent
   and assets/map.js for the rest. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const REST = 80; // ms that the view must be still
  const MARGIN = 0.12; // of the view, asked for around it
  const FAILED = "The points of this view could not be loaded.";
  const FINER = 0.6; // of the width asked for last: a view narrower than this is asked for again

  let timer = null;
  let asking = null; // the request under way
  let got = null; // {base, box, complete, ids} of the answer shown; null: the sample
  let picture = null; // {box, url} of the picture of density
  const absent = new Set(); // ids of images that this map has no place for

  const sampled = () => api.map && api.map.facts.at && api.map.dim === 2;

  // What is asked for of the view: x0, x1, y0, y1.
  function wanted(view) {
    const wide = (view.x[1] - view.x[0]) * MARGIN;
    const high = (view.y[1] - view.y[0]) * MARGIN;
    return [view.x[0] - wide, view.x[1] + wide, view.y[0] - high, view.y[1] + high];
  }

  const within = (view, box) => (
    view.x[0] >= box[0] && view.x[1] <= box[1] && view.y[0] >= box[2] && view.y[1] <= box[3]
  );

  function everything(view) {
    const [x0, x1, y0, y1] = api.map.facts.bounds;
    return view.x[0] <= x0 && view.x[1] >= x1 && view.y[0] <= y0 && view.y[1] >= y1;
  }

  // The chosen image and its neighbors are shown wherever they are.
  function missing() {
    const ids = api.image === null ? [] : [api.image, ...api.found];
    return ids.filter((id) => !api.map.rows.has(id) && !absent.has(id));
  }

  // Whether what is here is too little for the view.
  function lacking(view) {
    if (missing().length) return true;
    if (!got || got.base !== api.map.base) return !everything(view);
    const coarse = view.x[1] - view.x[0] < FINER * (got.box[1] - got.box[0]) / (1 + 2 * MARGIN);
    return !within(view, got.box) || (coarse && !got.complete);
  }

  function refresh() {
    place();
    clearTimeout(timer);
    if (sampled()) timer = setTimeout(look, REST);
  }

  function look() {
    const view = sampled() && byId("map-stage") && api.view.present();
    if (!view || api.view.moving()) return;
    api.map.base = api.map.base || api.map;
    if (got && got.base !== api.map.base) forget();
    if (everything(view) && got && !api.found.length && api.image === null) {
      forget();
      return api.replace(api.map.base);
    }
    if (lacking(view)) ask(wanted(view), view);
    else under();
  }

  function forget() {
    got = null;
    absent.clear();
  }

  function ask(box, view) {
    const base = api.map.base;
    const ids = api.image === null ? [] : [api.image, ...api.found];
    const query = new URLSearchParams({ box: box.join(","), ids: ids.join(",") });
    if (asking) asking.abort();
    const mine = (asking = new AbortController());
    fetch(window.likeness.url(`/map/${base.name}/points?${query}`), { signal: mine.signal })
      .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(answer.status))))
      .then((data) => {
        if (!api.map || api.map.base !== base) return;
        tell(FAILED, "");
        const part = read(data);
        part.ids.forEach((id) => absent.delete(id));
        got = { base: base, box: box, complete: part.inside <= part.at.length };
        api.replace(merged(base, part, box));
        ids.forEach((id) => api.map.rows.has(id) || absent.add(id));
        under();
      })
      .catch((error) => {
        if (error.name !== "AbortError") tell(null, FAILED);
      });
  }

  // Write a note, if it says `before`; null: whatever it says.
  function tell(before, text) {
    const note = byId("map-note");
    if (note && (before === null || note.textContent === before)) note.textContent = text;
  }

  function read(data) {
    const [count, inside, size] = new Float32Array(data, 0, 3);
    let start = 12;
    const take = (Kind) => {
      const array = new Kind(data, start, count);
      start += array.byteLength;
      return array;
    };
    return {
      inside: inside, size: size, x: take(Float32Array), y: take(Float32Array), ids: take(Int32Array),
      at: take(Uint32Array), own: take(Int16Array), label: take(Int16Array),
    };
  }

  // The sample outside the box and the answer, in drawing order.
  function merged(base, part, box) {
    const outside = (row) => (
      base.x[row] < box[0] || base.x[row] > box[1] || base.y[row] < box[2] || base.y[row] > box[3]
    );
    const from = []; // rows of the answer, and those of the sample as −1 − row
    let row = 0;
    for (let i = 0; i <= part.at.length; i++) {
      const next = i < part.at.length ? part.at[i] : Infinity;
      for (; row < base.at.length && base.at[row] <= next; row++) {
        if (base.at[row] < next && outside(row)) from.push(-1 - row);
      }
      if (i < part.at.length) from.push(i);
    }
    const joined = (name) => {
      const array = new base[name].constructor(from.length);
      for (let i = 0; i < from.length; i++) {
        array[i] = from[i] < 0 ? base[name][-1 - from[i]] : part[name][from[i]];
      }
      return array;
    };
    const made = Object.assign({}, base, { base: base, rows: new Map(), cluster: null, numbers: null });
    ["x", "y", "ids", "at", "own", "label"].forEach((name) => { made[name] = joined(name); });
    made.ids.forEach((id, number) => made.rows.set(id, number));
    made.size = api.sized(part.size);
    return made;
  }

  // The picture of density for what is shown; none where every point of the view is here.
  function under() {
    const box = byId("map-density");
    const dark = document.documentElement.dataset.bsTheme === "dark";
    const asked = got ? got.box : sampled() && api.map.facts.bounds;
    if (!asked || (got && got.complete)) {
      picture = null;
      return box && box.replaceChildren();
    }
    const query = new URLSearchParams({ box: asked.join(","), theme: dark ? "dark" : "light" });
    const url = window.likeness.url(`/map/${api.map.name}/density.png?${query}`);
    if (picture && picture.url === url && box.childElementCount) return place();
    const image = document.createElement("img");
    image.alt = "";
    const mine = (picture = { url: url, box: asked });
    image.addEventListener("load", () => {
      if (picture !== mine) return;
      box.replaceChildren(image);
      box.shown = asked;
      place();
    });
    image.src = url;
  }

  // Keep the picture of density on its place while the view moves.
  function place() {
    const box = byId("map-density");
    if (!box || !box.firstChild) return;
    const view = sampled() && api.view.present();
    if (!view) return box.replaceChildren();
    const [x0, x1, y0, y1] = box.shown;
    const across = box.clientWidth / (view.x[1] - view.x[0]);
    const down = box.clientHeight / (view.y[1] - view.y[0]);
    const style = box.firstChild.style;
    style.transform = `translate(${(x0 - view.x[0]) * across}px, ${(view.y[1] - y1) * down}px)`;
    style.width = `${(x1 - x0) * across}px`;
    style.height = `${(y1 - y0) * down}px`;
  }

  // Whether all that the view needs is here.
  function enough() {
    const view = sampled() && api.view.present();
    return !view || !lacking(view);
  }

  api.refine = { refresh: refresh, place: place, enough: enough };
})();
