/* A very large map, of which only a sample is here: whenever the view comes to rest, the points
   inside it are asked for, and take the place of the sample there. Under the points lies a picture
   of how dense all of them are. See dashboard/reads/map_data.py for what is sent. */
(function (map) {
  "use strict";
  const REST = 80; // ms that the view must be still
  const MARGIN = 0.12; // of the view, asked for around it
  const FINER = 0.6; // of the width asked for last: a view narrower than this is asked for again

  // What is asked for of a view: x0, x1, y0, y1. Pure, as is the next.
  map.wanted = function (view) {
    const wide = (view.x[1] - view.x[0]) * MARGIN;
    const high = (view.y[1] - view.y[0]) * MARGIN;
    return [view.x[0] - wide, view.x[1] + wide, view.y[0] - high, view.y[1] + high];
  };

  // Whether the points got for a box are too few for a view.
  map.coarse = function (view, box, complete) {
    const within = view.x[0] >= box[0] && view.x[1] <= box[1] && view.y[0] >= box[2] && view.y[1] <= box[3];
    const wide = (box[1] - box[0]) / (1 + 2 * MARGIN);
    return !within || (!complete && view.x[1] - view.x[0] < FINER * wide);
  };

  const covers = (view, [x0, x1, y0, y1]) => (
    view.x[0] <= x0 && view.x[1] >= x1 && view.y[0] <= y0 && view.y[1] >= y1
  );

  map.refine = function (engine) {
    const layer = engine.layer("map-density");
    let timer = null;
    let asking = null; // the request under way
    let got = null; // {base, box, complete} of the answer shown; null: the sample
    let picture = null; // {box, url} of the picture of density asked for last
    let lying = null; // the box of the picture that is shown
    const absent = new Set(); // ids of images that this map has no place for
    let places = new Map(); // id → [x, y], or null: of images that are not here
    let locating = null;

    const sampled = () => engine.data && engine.data.at && engine.data.dim === 2;
    const base = () => engine.data.base || engine.data;
    const ids = () => [engine.marked.own, ...engine.marked.others].filter((id) => id !== null);
    const missing = () => ids().filter((id) => !engine.data.rows.has(id) && !absent.has(id));

    function lacking(view) {
      if (missing().length) return true;
      if (engine.where !== (got ? got.where : "")) return true;
      if (!got || got.base !== base()) return !covers(view, base().bounds);
      return map.coarse(view, got.box, got.complete);
    }

    function look() {
      const view = sampled() && engine.view.present();
      if (!view || engine.view.moving()) return;
      if (got && got.base !== base()) forget();
      if (covers(view, base().bounds) && got && !ids().length && !engine.where) {
        const whole = base();
        forget();
        return engine.replace(whole);
      }
      if (lacking(view)) ask(map.wanted(view));
      else under();
    }

    function forget() {
      got = null;
      absent.clear();
    }

    function ask(box) {
      const whole = base();
      const wished = ids();
      if (asking) asking.abort();
      const mine = (asking = new AbortController());
      const { where } = engine;
      map.ask("points", whole.name, { box: box.join(","), ids: wished.join(","), where: where }, { signal: mine.signal })
        .then((answer) => answer.arrayBuffer())
        .then((bytes) => {
          if (!engine.data || base() !== whole) return;
          const made = map.merge(whole, bytes, box);
          got = { base: whole, box: box, complete: made.complete, where: where };
          absent.clear();
          wished.forEach((id) => made.rows.has(id) || absent.add(id));
          engine.replace(made);
          engine.tell("note", "");
          under();
        })
        .catch((error) => {
          if (error.name !== "AbortError") engine.tell("note", "The points of this view could not be loaded.");
        });
    }

    // While the pointer runs over another map, only the image it stops at is asked for.
    function locate(whole, id, known) {
      clearTimeout(locating);
      locating = setTimeout(() => {
        const [x, , y] = whole.bounds;
        known.set(id, null);
        map.ask("points", whole.name, { box: [x - 2, x - 1, y - 2, y - 1].join(","), ids: id })
          .then((answer) => answer.arrayBuffer())
          .then((bytes) => {
            const found = map.unpack(bytes);
            if (!found.ids.length || known !== places) return;
            known.set(id, [found.x[0], found.y[0]]);
            engine.marks.draw();
          })
          .catch(() => known.delete(id)); // asked for again when it is pointed at again
      }, REST);
    }

    // The picture of density for what is shown; none where every point of the view is here.
    function under() {
      const box = got ? got.box : sampled() && base().bounds;
      if (!box || (got && got.complete)) {
        picture = null;
        return layer.replaceChildren();
      }
      const theme = document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
      const query = new URLSearchParams({ box: box.join(","), theme: theme, where: engine.where });
      const url = window.likeness.url(`/map/density/${encodeURIComponent(base().name)}?${query}`);
      if (picture && picture.url === url && layer.firstChild) return follow();
      const image = document.createElement("img");
      image.alt = "";
      const mine = (picture = { url: url, box: box });
      image.addEventListener("load", () => {
        if (picture !== mine) return;
        layer.replaceChildren(image);
        lying = box;
        follow();
      });
      image.src = url;
    }

    // Keep the picture of density where it belongs while the view moves.
    function follow() {
      if (!layer.firstChild) return;
      const view = sampled() && engine.view.present();
      if (!view) return layer.replaceChildren();
      const { width, height } = engine.frame();
      const [from, to] = [map.flat.pixel(view, { width, height }, lying[0], lying[3]),
        map.flat.pixel(view, { width, height }, lying[1], lying[2])];
      const style = layer.firstChild.style;
      style.transform = `translate(${from.x}px, ${from.y}px)`;
      style.width = `${to.x - from.x}px`;
      style.height = `${to.y - from.y}px`;
    }

    return {
      refresh: function () {
        follow();
        clearTimeout(timer);
        if (sampled()) timer = setTimeout(look, REST);
        else layer.replaceChildren();
      },
      follow: follow,

      // Where an image is on the map as a whole, [x, y]; null where it has no place, or until the
      // server has said it and the marks are drawn again.
      place: function (id) {
        if (!sampled()) return null;
        if (places.of !== base()) places = Object.assign(new Map(), { of: base() });
        if (!places.has(id)) locate(base(), id, places);
        return places.get(id) || null;
      },

      // Whether all that the view needs is here.
      enough: function () {
        const view = sampled() && engine.view.present();
        return !view || !lacking(view);
      },

      end: function () {
        clearTimeout(timer);
        clearTimeout(locating);
        if (asking) asking.abort();
      },
    };
  };
})((window.likeness.map = window.likeness.map || {}));
