/* assets/search/entries.js: what the entries of a search are called, bring along and look like. */
const entries = async () => (await fresh({ assets: ["address.js", "search/entries.js"] })).likeness.entries;

test("a token names the picture as edited, as the server writes it", async () => {
  const { make, tokenOf, same } = await entries();
  const one = make("image", 7, false);
  equal([tokenOf(one), one.key, one.minus], ["7", "7", false]);
  const edited = Object.assign({}, one, { turn: 90, mirror: true, crop: [100, 50, 400, 300] });
  equal(tokenOf(edited), "7~90~m~100.50.400.300");
  truthy(same(one, make("image", "7", true)) && !same(one, make("upload", "7")));
  truthy(!same(one, Object.assign(edited, { token: tokenOf(edited) })));
});

test("an upload brings its vectors; one that is edited anew is asked for and waited for", async () => {
  const { make, asked } = await entries();
  const uploads = (key) => (key === "ab" ? { name: "a.jpg", src: "", vectors: { ab: { color: "AAAA" } } } : null);
  const edited = [];
  const given = asked([make("image", 3), make("upload", "ab"), make("collection", "Best")], uploads, (one) => edited.push(one.token));
  equal([given.uploads, given.names, given.board.length, edited], [{ ab: { color: "AAAA" } }, { ab: "a.jpg" }, 3, []]);
  equal(asked([make("upload", "gone")], uploads, (one) => edited.push(one.token)).uploads, {});
  const turned = Object.assign(make("upload", "ab"), { turn: 90, token: "ab~90" });
  equal([asked([turned, make("image", 1)], uploads, (one) => edited.push(one.token)), edited], [null, ["ab~90"]]);
});

test("the history shows a library image by its id, a collection by its name, an upload by its picture", async () => {
  const { make, part } = await entries();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: 96, height: 32 });
  const uploads = (key) => (key === "ab" ? { name: "a.jpg", src: canvas.toDataURL(), vectors: {} } : null);
  equal(await part(make("image", "7", true), uploads), { minus: true, image: 7, name: "image 7" });
  equal(await part(make("collection", "Best"), uploads), { minus: false, name: "Best" });
  const shown = await part(make("upload", "ab"), uploads);
  truthy(shown.src.startsWith("data:image/jpeg") && shown.upload === "ab" && shown.name === "a.jpg");
  equal(await part(make("upload", "cd"), uploads), { minus: false, src: null, upload: "cd", name: "an image" });
});

test("a kind that is registered takes part, and one that is not is shown by its key", async () => {
  const { register, make, asked, part } = await entries();
  register("words", { bring: (one, given) => { given.names[one.key] = "said"; return false; } });
  equal(asked([make("words", "red")], () => null, () => {}).names, { red: "said" });
  equal(await part(make("words", "red"), () => null), { minus: false, name: "red" });
  equal(await part(make("unheard", "of"), () => null), { minus: false, name: "of" });
});

test("words stand in the box with plus and minus, and come back from it; a palette has its colors", async () => {
  const files = ["address.js", "events.js", "search/entries.js", "search/page.js", "search/words.js"];
  const { likeness } = await fresh({ assets: files });
  const { textOf, entriesOf } = likeness.words;
  const short = (board) => board.map((one) => (one.minus ? "-" : "") + one.key);
  equal(short(entriesOf(' red  dress -boots −"white wall" t-shirt ')), ["red dress t-shirt", "-boots", "-white wall"]);
  equal(short(entriesOf("")), []);
  equal(short(entriesOf("-boots -")), ["-boots"]);
  const board = entriesOf("red dress -boots -\"white wall\"").concat([likeness.entries.make("image", 7, true)]);
  equal(textOf(board), 'red dress -boots -"white wall"');
  equal(short(entriesOf(textOf(board))), short(board.slice(0, 3)));
  const palette = likeness.entries.make("palette", "c8452b.60_fdebc8.40");
  equal(likeness.entries.colorsOf(palette.key), [["#c8452b", 60], ["#fdebc8", 40]]);
  const shown = await likeness.entries.part(palette, () => null);
  truthy(shown.src.startsWith("data:image/svg+xml,") && shown.src.includes("c8452b") && shown.name.includes("#fdebc8"));
});
