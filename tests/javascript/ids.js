/* assets/ids.js: ids as a short text, as the server writes and reads it. */
const ids = async () => (await fresh({ assets: ["address.js", "ids.js"] })).likeness.ids;

test("the server's text is read, and ours is the same", async () => {
  const { pack, unpack } = await ids();
  equal(unpack(given.these), given.ids);
  equal(pack(given.ids.slice().reverse().concat(given.ids)), given.these);
  equal(pack(Int32Array.from(given.ids)), given.these);
});

test("too many for an address are none, and nonsense is nobody", async () => {
  const { pack, unpack } = await ids();
  equal(pack(Array.from({ length: 9000 }, (_, at) => 1 + at)), "");
  equal([unpack(""), unpack("é*")], [[], []]);
});
