/* assets/map_engine/data.js: the points of a map out of bytes, and those of a view among them. */
const engine = async () => (await fresh({ assets: ["address.js", "map_engine/data.js"] })).likeness.map;

const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer;

// As dashboard/reads/packing.py does it.
function packed(head, arrays) {
  const full = (size) => Math.ceil(size / 8) * 8;
  let at = 0;
  const told = Object.entries(arrays).map(([name, [kind, array]]) => {
    const place = at;
    at += full(array.byteLength);
    return [name, kind, array.length, place];
  });
  let text = JSON.stringify(Object.assign({ arrays: told }, head));
  text = text.padEnd(full(text.length + 4) - 4);
  const whole = new Uint8Array(4 + text.length + at);
  new DataView(whole.buffer).setUint32(0, text.length, true);
  whole.set(new TextEncoder().encode(text), 4);
  told.forEach(([name, , , place]) => {
    const array = arrays[name][1];
    whole.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), 4 + text.length + place);
  });
  return whole.buffer;
}

// Points of a map of 8, of which a sample has some: x is 10 times the number, y 0, the id 100 more.
function points(numbers, head) {
  const column = (Kind, value) => Kind.from(numbers, value);
  return packed(Object.assign({ key: "color-2", name: "color", dim: 2, total: 8, size: 4, opacity: 1 }, head), {
    x: ["f4", column(Float32Array, (at) => 10 * at)], y: ["f4", column(Float32Array, () => 0)],
    ids: ["i4", column(Int32Array, (at) => 100 + at)], cluster: ["i2", column(Int16Array, (at) => at % 2)],
    label: ["i2", column(Int16Array, () => -1)], at: ["u4", column(Uint32Array, (at) => at)],
  });
}

test("what Python packs is unpacked, every kind of number", async () => {
  const { unpack } = await engine();
  const found = unpack(bytes(given.packed));
  equal(found.head.name, "Häuser & Höfe");
  Object.entries(given.arrays).forEach(([name, values]) => equal(found[name], values));
});

test("an array in JSON comes back as it was, and ids go out as they are read", async () => {
  const { decode, encode } = await engine();
  equal(decode({ dtype: "f4", bdata: btoa(String.fromCharCode(0, 0, 128, 63, 0, 0, 0, 192)) }), [1, -2]);
  equal(decode({ dtype: "u1", bdata: btoa(String.fromCharCode(0, 255)) }), [0, 255]);
  const ids = Array.from({ length: 20000 }, (_, i) => 3 * i + 1);
  equal(decode({ dtype: "i4", bdata: encode(ids) }), ids);
  equal(encode([]), "");
});

test("a map knows its rows by id, and how far it reaches", async () => {
  const { read } = await engine();
  const whole = read(points([0, 1, 2, 3], { bounds: [0, 70, 0, 0] }));
  equal([whole.rows.get(102), whole.rows.get(107), whole.total, whole.complete], [2, undefined, 8, false]);
  equal(whole.bounds, [0, 70, 0, 0]);
  const own = read(points([5, 7]));
  equal(own.bounds, [50, 70, 0, 0]);
});

test("the points of a view take the place of the sample's inside it, all in drawing order", async () => {
  const { read, merge } = await engine();
  const base = read(points([0, 2, 4, 6], { bounds: [0, 70, 0, 0] }));
  const made = merge(base, points([2, 3, 4], { inside: 3 }), [15, 45, -1, 1]);
  equal(made.at, [0, 2, 3, 4, 6]);
  equal(made.ids, [100, 102, 103, 104, 106]);
  equal(made.x, [0, 20, 30, 40, 60]);
  equal([made.rows.get(103), made.rows.get(106), made.complete], [2, 4, true]);
  // A view that has more than was sent drops what the sample has inside it and is not complete.
  const some = merge(base, points([3], { inside: 3 }), [15, 45, -1, 1]);
  equal([Array.from(some.at), some.complete], [[0, 3, 6], false]);
  equal(base.at, [0, 2, 4, 6]); // the sample stays what it was
});

test("a selection is new, grows, shrinks, and is none when nothing is left", async () => {
  const { joined } = await engine();
  const some = Int32Array.from([3, 10, 200]);
  equal(joined(null, [20, 3], "new"), [3, 20]);
  equal(joined(some, [10, 7], "new"), [7, 10]);
  equal(joined(some, [10, 7], "add"), [3, 7, 10, 200]);
  equal(joined(null, [7], "add"), [7]);
  equal(joined(some, [10, 7], "subtract"), [3, 200]);
  equal(joined(some, [3, 10, 200], "subtract"), null);
  equal(joined(null, [3], "subtract"), null);
  equal(joined(some, [], "new"), null);
});

test("a mask names the rows that are here, and is none without any", async () => {
  const { read, mask, picked } = await engine();
  const map = read(points([1, 5, 6]));
  equal(mask(map, [105, 999, 101]), [1, 1, 0]);
  equal(mask(map, [999]), null);
  equal(picked(map, Int16Array.from([0, 10, 20, 30, 40, 50, 60, 70])), [10, 50, 60]);
});
