/* The coloring that a map is asked for by name: what the map itself says of it, or what the server
   says of each point (dashboard/reads/colorings.py). Tells "coloring" when another is in force,
   or could not be had. */
(function (map) {
  "use strict";
  const ANEW = "This map has been made anew. Reload the page.";

  // What needs no server: clusters and labels came with the map. Pure.
  map.own = function (by, facts) {
    if (by === "cluster") return { by: by, kind: "clusters", codes: null, none: "in no cluster" };
    if (by !== "label") return null;
    return { by: by, kind: "categories", codes: null, names: facts.labels, none: "no label" };
  };

  map.colorings = function (engine) {
    let by = "cluster";
    let asking = null; // the request under way
    const known = new Map(); // those the server has sent for this map, by name

    function take(coloring) {
      engine.color(coloring);
      engine.tell("coloring", coloring);
    }

    function ask(data) {
      const mine = (asking = new AbortController());
      map.ask("coloring", data.name, { by: by }, { signal: mine.signal })
        .then((answer) => answer.arrayBuffer())
        .then((bytes) => {
          const sent = map.unpack(bytes);
          if (sent.codes.length !== data.total) return Promise.reject(ANEW);
          const coloring = Object.assign({}, sent.head, { codes: sent.codes });
          known.set(coloring.by, coloring);
          take(coloring);
        })
        .catch((error) => {
          if (error.name === "AbortError") return;
          take({ by: by, kind: "waiting", error: map.said(error, "The colors could not be loaded.") });
        });
    }

    return {
      show: function (wanted) {
        by = wanted;
        if (asking) asking.abort();
        if (!engine.data) return;
        const here = map.own(by, engine.data.facts) || known.get(by);
        if (here) return take(here);
        take({ by: by, kind: "waiting" });
        ask(engine.data);
      },

      // Another map is here.
      again: function () {
        known.clear();
        this.show(by);
      },

      get by() { return by; },
      end: () => asking && asking.abort(),
    };
  };
})((window.likeness.map = window.likeness.map || {}));
