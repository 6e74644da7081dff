/* The point under the pointer: its thumbnail while hovering, and choosing it by a click. On
   the flat map the nearest point is looked for here, which takes a fraction of a millisecond
   for 100,000; in space plotly knows what is in front. See assets/map.js for the rest. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const byId = api.byId;
  const REACH = 16; // px
  let down = null; // where the button went down, while it is
  let still = false; // whether the pointer stayed there
  let held = null; // row of a point in space that it went down on

  // The thumbnail near the pointer

  const tip = (api.tip = {
    row: null,

    show: function (row, event) {
      const box = byId("map-tip");
      const map = api.map;
      if (!box || (event && event.pointerType === "touch")) return;
      let picture = box.querySelector("img");
      if (!picture) {
        picture = box.appendChild(document.createElement("img"));
        box.appendChild(document.createElement("span"));
        picture.alt = "";
        picture.addEventListener("load", () => {
          picture.classList.remove("is-loading");
          tip.place();
        });
      }
      if (tip.row !== row || box.dataset.map !== map.key) {
        const words = about(row);
        picture.classList.add("is-loading"); // else the last picture stands for this one
        picture.src = window.likeness.url(`/thumb/${map.ids[row]}`);
        box.lastChild.textContent = words;
        tip.row = row;
        box.dataset.map = map.key;
      }
      box.classList.add("is-shown");
      if (event) tip.pointer = [event.clientX, event.clientY]; // none comes from a map in space
      tip.place();
    },

    // Beside the pointer, on the side where there is room; never under it.
    place: function () {
      const box = byId("map-tip");
      if (!box || !tip.pointer) return;
      const beside = (at, size, room) => (at + 18 + size > room - 8 ? Math.max(8, at - 18 - size) : at + 18);
      const x = beside(tip.pointer[0], box.offsetWidth, innerWidth);
      const y = beside(tip.pointer[1], box.offsetHeight, innerHeight);
      box.style.transform = `translate(${x}px, ${y}px)`;
    },

    hide: function () {
      const box = byId("map-tip");
      if (box) box.classList.remove("is-shown");
      tip.row = null;
    },
  });

  // A few words about a point: label, cluster, and what it is colored by.
  function about(row) {
    const map = api.map;
    const label = map.facts.labels[map.label[row]];
    const number = map.cluster[row];
    const cluster = number < 0 ? "noise" : (map.facts.names || {})[number] || `cluster ${number + 1}`;
    return [label && label[0], cluster, api.colors.word(row)].filter(Boolean).join(" · ");
  }

  // The row of the nearest visible point within reach of a place on the stage, or null.
  function nearest(x, y) {
    const map = api.map;
    const view = api.view.present();
    if (!map || map.dim !== 2 || !view) return null;
    const stage = byId("map-stage");
    const center = api.view.unit(x, y);
    const reach = (REACH * (view.x[1] - view.x[0])) / stage.clientWidth;
    let best = null;
    let least = reach * reach;
    for (let row = 0; row < map.x.length; row++) {
      const dx = map.x[row] - center.x;
      if (dx > reach || dx < -reach) continue;
      const dy = map.y[row] - center.y;
      const apart = dx * dx + dy * dy;
      if (apart < least && !api.hiddenRow(row)) [best, least] = [row, apart];
    }
    return best;
  }

  // The row of the picture or point under the pointer, or null; on the flat map only.
  function under(event) {
    const item = api.wall.at(event);
    if (item) return item.row;
    const stage = byId("map-stage").getBoundingClientRect();
    return nearest(event.clientX - stage.left, event.clientY - stage.top);
  }

  function flat() {
    return api.map && api.map.dim === 2;
  }

  // In space plotly says of a click as soon as the button goes down, which may be the start of
  // a turn.
  function press(row) {
    if (down === null && still) api.select(row);
    else held = row;
  }

  function listen(gd) {
    const rowOf = (event) => {
      const point = event.points[0];
      if (flat() || point.curveNumber) return null;
      return api.map.drawnRows ? api.map.drawnRows[point.pointNumber] : point.pointNumber;
    };
    gd.on("plotly_hover", (event) => {
      const row = rowOf(event);
      if (row !== null && down === null) tip.show(row, event.event);
    });
    gd.on("plotly_unhover", () => flat() || tip.hide());
    gd.on("plotly_click", (event) => {
      const row = rowOf(event);
      if (row !== null) press(row);
    });
    gd.addEventListener("pointermove", (event) => {
      tip.pointer = [event.clientX, event.clientY];
      if (!flat()) return tip.place();
      const row = event.buttons || api.view.moving() ? null : under(event);
      if (row !== null) tip.show(row, event);
      else tip.hide();
      gd.classList.toggle("over-picture", row !== null);
    });
    gd.addEventListener("pointerleave", () => tip.hide());
    gd.addEventListener("pointerdown", (event) => {
      down = [event.clientX, event.clientY];
      // In space plotly tells of a click while it draws: between slow frames it misses
      // short ones, so the point that was under the pointer is remembered here.
      held = !flat() && byId("map-tip").classList.contains("is-shown") ? tip.row : null;
      tip.hide();
    }, true);
  }

  // The button may go up anywhere.
  document.addEventListener("pointerup", (event) => {
    if (!down) return;
    const moved = Math.hypot(event.clientX - down[0], event.clientY - down[1]);
    still = event.button === 0 && moved < 5 && !api.view.pinching() && Boolean(byId("map-stage"));
    down = null;
    const row = still && flat() ? under(event) : held;
    if (still && row !== null) api.select(row);
    held = null;
  }, true);

  api.pick = { listen: listen, nearest: nearest };
})();
