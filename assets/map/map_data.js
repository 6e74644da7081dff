/* The points of a map: asked for, unpacked, and kept until another map is. dashboard/map_routes.py
   sends them, dashboard/map_data.py says what; see assets/map.js for the rest. */
(function () {
  "use strict";
  const api = window.likenessMap;
  const ARRAYS = {
    i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
    i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
  };
  let asked = 0;
  let sent = null; // the last answer, and what read() made of it

  function decode(spec) {
    const text = atob(spec.bdata);
    const bytes = new Uint8Array(text.length); // Uint8Array.from(text, …) is far slower
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new ARRAYS[spec.dtype](bytes.buffer);
  }

  function read(data) {
    const trace = data.figure.data[0];
    const facts = data.facts;
    const made = {
      data: data, key: data.key, name: data.key.slice(0, -2), dim: data.dim, facts: facts,
      x: decode(trace.x), y: decode(trace.y), z: trace.z && decode(trace.z),
      ids: decode(trace.customdata), own: decode(facts.cluster), label: decode(facts.label),
      rows: new Map(), at: facts.at ? decode(facts.at) : null, total: facts.total,
      bounds: facts.bounds, size: api.sized(trace.marker.size),
    };
    made.ids.forEach((id, row) => made.rows.set(id, row));
    return made;
  }

  // For Dash, which gets a number only: it would go over every array several times.
  function fetched(name, dim) {
    const mine = ++asked;
    const busy = api.byId("map-busy");
    if (busy) busy.hidden = false;
    // The address of the page's <link rel="preload">, so that the answer may be here already.
    return fetch(window.likeness.url(`/map/${name}/overview?dim=${dim}`))
      .then((answer) => (answer.ok ? answer.json() : answer.text().then((said) => Promise.reject(said))))
      .then((data) => {
        if (mine !== asked) return window.dash_clientside.no_update;
        sent = read(data);
        return mine;
      })
      .catch((said) => {
        if (mine !== asked || !api.byId("map-stage")) return window.dash_clientside.no_update; // nobody waits
        const text = typeof said === "string" ? said : "The map could not be loaded. Reload the page.";
        window.dash_clientside.set_props("toast", { is_open: true, children: text });
        if (busy) busy.hidden = true;
        return window.dash_clientside.no_update;
      });
  }

  api.decode = decode;
  api.sent = () => sent;
  window.dash_clientside.map.fetch = fetched;
})();
