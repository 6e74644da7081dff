/* The Table page: rows as the grid asks for them, the map beside it, what is chosen, the address.
   See dashboard/pages/table/page.py. */
(function () {
  "use strict";
  const { likeness } = window;
  const { on, url } = likeness;
  const byId = (id) => document.getElementById(id);
  const none = () => window.dash_clientside.no_update;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const grid = () => window.dash_ag_grid && window.dash_ag_grid.getApi("table-grid");
  const json = { "Content-Type": "application/json" };

  let set = {}; // what the address names: {collection}, {tag}, {behind}, {these}, {images} or nothing
  let engine = null;
  let page = null; // the page that is open
  let list = null; // the rows that are ticked, for what acts on the pictures of a gallery

  const here = () => page !== null && page === document.querySelector(".table-page");
  const tell = (text) => put("toast", { is_open: true, children: text });
  const facets = () => likeness.facets;

  function ask(what, body) {
    return fetch(url(`/table/${what}`), {
      method: "POST", headers: json, body: JSON.stringify(Object.assign({ set: set, where: facets().where, sort: sort() }, body)),
    }).then((answer) => (answer.ok ? answer.json() : window.likeness.refusal(answer).then((said) => Promise.reject(said))));
  }

  // Columns that are sorted by, the first counts most.
  function sort() {
    const api = grid();
    if (!api) return [];
    return api.getColumnState().filter((one) => one.sort).sort((a, b) => a.sortIndex - b.sortIndex)
      .map((one) => [one.colId, one.sort]);
  }

  const columns = () => grid().getAllDisplayedColumns().map((one) => one.getColId())
    .filter((name) => name !== "picture" && !name.startsWith("ag-Grid"));

  // The address

  function address() {
    if (!here() || !grid()) return;
    const params = new URLSearchParams(set);
    if (facets().where) params.set("where", facets().where);
    const pictures = document.getElementById("table-gallery");
    if (pictures) pictures.href = `${url("/gallery")}${params.size ? `?${params}` : ""}`;
    const sorted = sort().map(([name, way]) => `${name}:${way}`).join();
    if (sorted) params.set("sort", sorted);
    if (page.dataset.columns) params.set("columns", page.dataset.columns);
    const search = String(params);
    put("table-view", { data: { path: "/table", search: search && `?${search}`, replace: true } });
  }

  // The grid

  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions || {}, {
    LikenessThumb: function ({ value }) {
      if (!value) return null;
      return window.React.createElement("img", { src: url(`/thumb/${value}`), alt: "", loading: "lazy", className: "table-thumb" });
    },
  });

  function rows(request) {
    if (!request || !here()) return none();
    const count = request.endRow - request.startRow;
    const of = page;
    const left = () => of !== page || !here();
    return ask("rows", { start: request.startRow, count: count, sort: request.sortModel.map((one) => [one.colId, one.sort]) })
      .then((answer) => {
        if (left()) return none();
        byId("table-count").textContent = `${answer.count.toLocaleString("en")} ${answer.count === 1 ? "image" : "images"}`;
        address();
        returned(answer.count);
        return { rowData: answer.rows, rowCount: answer.count };
      })
      .catch((error) => {
        if (left()) return none();
        if (typeof error !== "string") tell("The server does not answer.");
        return { rowData: [], rowCount: 0 }; // why is said in the panel of filters
      });
  }

  // The place in the rows: kept as they are scrolled, and taken up once when one comes back to them.
  const LINE = 52; // px of a row
  let followed = null; // the grid of which it is kept

  function returned(count) {
    const api = grid();
    if (api === followed) return;
    followed = api;
    const place = likeness.place.recall();
    likeness.place.arrived();
    if (place && place.list === "table" && place.row < count) {
      const there = () => {
        if (api.getDisplayedRowCount() <= place.row) return;
        api.removeEventListener("modelUpdated", there);
        api.ensureIndexVisible(place.row, "top");
      };
      api.addEventListener("modelUpdated", there);
    }
    // As it is scrolled, since one may go on to another page in the next moment, and where it came to rest.
    ["bodyScroll", "bodyScrollEnd"].forEach((type) => api.addEventListener(type, () => {
      if (here()) likeness.place.remember({ list: "table", row: Math.round(api.getVerticalPixelRange().top / LINE) });
    }));
  }

  function again() {
    const api = grid();
    if (!api || !here()) return;
    api.deselectAll();
    api.purgeInfiniteCache();
    api.ensureIndexVisible(0, "top");
    address();
  }

  // Columns to choose

  function menu() {
    const api = grid();
    if (!api) return;
    document.querySelectorAll("[data-column]").forEach((button) => {
      const column = api.getColumn(button.dataset.column);
      button.setAttribute("aria-pressed", String(Boolean(column && column.isVisible())));
    });
  }

  // The map beside it

  function open() {
    page = document.querySelector(".table-page");
    list = ticked();
    if (engine) engine.end();
    engine = null;
    const box = byId("table-graph");
    if (!box || !box.dataset.map || window.matchMedia("(max-width: 1000px)").matches) return;
    engine = likeness.map.create(box, {});
    engine
      .on("click", (id) => find(id))
      .on("hover", (id) => hover(id))
      .on("menu", (asked) => likeness.gallery.menuOnMap(engine, asked))
      .on("data", pass)
      .on("selected", ({ ids }) => ids.length && likeness.visit("/table", `?${new URLSearchParams({ these: likeness.ids.pack(ids) })}`))
      .on("error", tell);
    engine.load(box.dataset.map, 2);
  }

  // The row of an image, into view.
  function find(id) {
    engine.mark({ own: id });
    ask("place", { id: id }).then(({ place }) => {
      if (!here() || engine.marked.own !== id) return undefined; // another one has been clicked
      if (place === null) return tell("This image is not among the rows.");
      grid().ensureIndexVisible(place, "middle");
      pointed = id;
      light();
      return undefined;
    }).catch(() => null);
  }

  let pointed = null; // the image that its row is lit of

  function light() {
    document.querySelectorAll("#table-grid .ag-row.is-pointed").forEach((row) => row.classList.remove("is-pointed"));
    if (pointed === null) return;
    const lit = () => document.querySelectorAll(`#table-grid .ag-row[row-id="${pointed}"]`);
    lit().forEach((row) => row.classList.add("is-pointed"));
  }

  function hover(id) {
    pointed = id;
    light();
  }

  // Points that are not in the table step back.
  function pass() {
    if (!engine || !engine.data) return;
    const { where } = facets();
    if (!where) engine.within(null);
    else {
      fetch(url(`/facets/passing?${new URLSearchParams({ where: where })}`))
        .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer)))
        .then((data) => engine && where === facets().where && engine.within(new Uint8Array(data), where))
        .catch(() => null);
    }
    bright();
  }

  on("pointerover", "#table-grid .ag-row", (row) => {
    const id = Number(row.getAttribute("row-id"));
    if (engine && engine.data && id && id !== engine.marked.pointed) engine.mark({ pointed: id });
  });
  on("pointerout", "#table-grid", (box, event) => {
    if (engine && engine.data && !(event.relatedTarget && box.contains(event.relatedTarget))) engine.mark({ pointed: null });
  });
  on("click", "#table-grid .ag-row .ag-cell", (cell, event) => {
    if (event.target.closest("input, .ag-selection-checkbox")) return;
    const id = Number(cell.closest(".ag-row").getAttribute("row-id"));
    if (cell.getAttribute("col-id") === "picture") likeness.visit("/detail", `?image=${id}`);
    else if (engine && engine.data) engine.mark({ own: id });
  });

  // What is chosen

  // As gallery.js has lists: here the grid says what is chosen.
  function ticked() {
    const made = {
      grid: page, ids: new Int32Array(0), options: {}, focused: 0,
      indexOf: (id) => made.ids.indexOf(id), link: () => null, focus: () => grid().setFocusedCell(0, "file"),
    };
    made.chosen = likeness.gallery.choice(() => {
      if (!made.chosen.size && grid().getSelectedRows().length) grid().deselectAll(); // by the bar
      likeness.gallery.bar(made);
      bright();
    });
    const left = new ResizeObserver(() => {
      if (made.grid.isConnected) return;
      left.disconnect();
      likeness.gallery.bar(null, made);
    });
    left.observe(page);
    return made;
  }

  function picked(selected) {
    if (!here()) return none();
    list.ids = Int32Array.from(Array.isArray(selected) ? selected : [], (row) => row.id);
    list.chosen.only([...list.ids]);
    return none();
  }

  function bright() {
    if (engine && engine.data) engine.emphasize(list.chosen.size ? Int32Array.from(list.chosen.ids).sort() : null);
  }
  on("keydown", "#table-grid", (box, event) => event.key === "Escape" && list.chosen.clear());

  likeness.does(".table-page", {
    column: (button) => {
      const api = grid();
      if (!api) return; // it is being drawn
      const name = button.dataset.column;
      api.setColumnsVisible([name], !api.getColumn(name).isVisible());
      page.dataset.columns = columns().join();
      menu();
      address();
    },
    csv: () => likeness.download("/table/csv", {
      set: JSON.stringify(set), where: facets().where, sort: JSON.stringify(sort()), columns: JSON.stringify(columns()),
    }),
  });
  on("toggle", ".table-menu", menu, true);
  on("likeness:facets", null, () => {
    if (!here()) return;
    again();
    pass();
  });
  on("likeness:acted", null, () => {
    if (!here() || !grid()) return;
    grid().refreshInfiniteCache();
    pass(); // what is noted may be what is filtered by
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    table: {
      begin: function (given) {
        set = given || {};
        open();
        return none();
      },
      rows: rows,
      picked: picked,
    },
  });
})();
