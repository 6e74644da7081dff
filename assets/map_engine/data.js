/* The points of a map: taken apart from the bytes that dashboard/reads/packing.py makes, and
   those of a view put in the place of a sample's. Pure. */
(function (map) {
  "use strict";
  const ARRAYS = {
    i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
    i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
  };
  const COLUMNS = ["x", "y", "ids", "at", "own", "label"]; // of a sample

  // {head, and each array by its name}; the arrays lie in the buffer, none is copied.
  map.unpack = function (buffer) {
    const start = 4 + new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, start - 4)));
    const found = { head: head };
    head.arrays.forEach(([name, kind, count, at]) => {
      found[name] = new ARRAYS[kind](buffer, start + at, count);
    });
    return found;
  };

  // An array out of JSON: {dtype, bdata} (dashboard/figures.py).
  map.decode = function (spec) {
    const text = atob(spec.bdata);
    const bytes = new Uint8Array(text.length); // Uint8Array.from(text, …) is far slower
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new ARRAYS[spec.dtype](bytes.buffer);
  };

  // Ids ascending → base64 of little-endian int32.
  map.encode = function (ids) {
    const bytes = new Uint8Array(Int32Array.from(ids).buffer);
    let text = "";
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
    return btoa(text);
  };

  function extent(array) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < array.length; i++) {
      if (array[i] < low) low = array[i];
      if (array[i] > high) high = array[i];
    }
    return [low, high];
  }

  // An overview as the map that is shown. rows: id → row. own: the cluster of each row as the
  // map was saved; cluster: the clusters in force. at: numbers of the rows in the drawing order
  // of the whole map, null where all of it is here. bounds: x0, x1, y0, y1 (z0, z1).
  map.read = function (buffer) {
    const sent = map.unpack(buffer);
    const { key, name, dim, total, size, opacity } = sent.head;
    const made = {
      key: key, name: name, dim: dim, total: total, size: size, opacity: opacity, facts: sent.head,
      x: sent.x, y: sent.y, z: sent.z, ids: sent.ids, own: sent.cluster, cluster: sent.cluster,
      label: sent.label, at: sent.at || null, rows: new Map(), base: null, complete: true,
    };
    made.bounds = sent.head.bounds || [sent.x, sent.y, sent.z].filter(Boolean).flatMap(extent);
    made.ids.forEach((id, row) => made.rows.set(id, row));
    made.complete = !made.at;
    return made;
  };

  // The sample outside the box (x0, x1, y0, y1) and the points of a view, in drawing order.
  map.merge = function (base, buffer, box) {
    const part = map.unpack(buffer);
    part.own = part.cluster;
    const outside = (row) => (
      base.x[row] < box[0] || base.x[row] > box[1] || base.y[row] < box[2] || base.y[row] > box[3]
    );
    const from = []; // rows of the view, and those of the sample as −1 − row
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
    const { inside, size, opacity } = part.head;
    const made = Object.assign({}, base, { base: base, rows: new Map(), size: size, opacity: opacity });
    COLUMNS.forEach((name) => { made[name] = joined(name); });
    made.cluster = made.own;
    made.ids.forEach((id, number) => made.rows.set(id, number));
    made.complete = inside <= part.at.length; // whether every point of the view is here
    return made;
  };

  // What there is for each point of the whole map, for the rows that are here.
  map.picked = function (data, all) {
    return data.at ? all.constructor.from(data.at, (number) => all[number]) : all;
  };

  // A selection (ids ascending, or null) with more ids, or without them. how: "new", "add" or
  // "subtract". Ascending, null where none is left.
  map.joined = function (selection, ids, how) {
    const fresh = Int32Array.from(ids).sort();
    if (how === "subtract" && !selection) return null;
    const given = new Set(fresh);
    const rest = how === "new" || !selection ? new Int32Array(0) : selection.filter((id) => !given.has(id));
    if (how === "subtract") return rest.length ? rest : null;
    const all = new Int32Array(rest.length + fresh.length);
    all.set(rest);
    all.set(fresh, rest.length);
    return all.length ? all.sort() : null;
  };

  // A Uint8Array, 1 for each row whose id is among some; null where none of them is here.
  map.mask = function (data, ids) {
    const found = new Uint8Array(data.ids.length);
    let any = false;
    ids.forEach((id) => {
      const row = data.rows.get(id);
      if (row !== undefined) any = found[row] = 1;
    });
    return any ? found : null;
  };
})((window.likeness.map = window.likeness.map || {}));
