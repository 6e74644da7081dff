/* assets/search/search_history.js: the searches of this browser, to come back to. */

// A page with the history; found(board, search) is a search that has found something.
async function historyOf({ keep = false, prefix = "/" } = {}) {
  if (!keep) localStorage.clear();
  const search = { state: { board: [], shown: true }, stored: () => null };
  const inside = await fresh({
    html: '<div id="search-history"></div>', prefix: prefix,
    assets: ["address.js", "events.js", "search/entries.js", (page) => { page.likeness.search = search; }, "search/search_history.js"],
  });
  const place = inside.document.getElementById("search-history");
  const tell = (name, view) => inside.document.dispatchEvent(new inside.CustomEvent(name, { detail: { view: view } }));
  return {
    place: place,
    links: () => [...place.querySelectorAll("a")].map((link) => link.getAttribute("href")),
    shown: () => tell("likeness:query"),
    found: async (board, address, path = "/search") => {
      search.state.board = board;
      tell("likeness:matches", { path: path, search: address });
      await new Promise((done) => setTimeout(done, 5));
    },
  };
}

const image = (key, minus = false) => ({ kind: "image", key: String(key), minus: minus });

test("the latest search comes first, and one that is made again is one entry", async () => {
  const history = await historyOf();
  await history.found([image(1)], "?q=1");
  await history.found([image(2)], "?q=2");
  await history.found([image(1)], "?q=1&crop=0.5"); // trying out a crop is one search
  equal(history.links(), ["/search?q=1&crop=0.5", "/search?q=2"]);
});

test("with and without a picture are two searches, and both are named", async () => {
  const history = await historyOf();
  await history.found([image(1), image(2)], "?q=1,2");
  await history.found([image(1), image(2, true)], "?q=1,-2");
  const said = [...history.place.querySelectorAll("a")].map((link) => link.getAttribute("aria-label"));
  equal(said, ["Search again: image 1, without image 2", "Search again: image 1, image 2"]);
});

test("twenty-four are kept, also over a reload, and Clear forgets them", async () => {
  const history = await historyOf();
  for (let key = 1; key <= 30; key++) await history.found([image(key)], "?q=" + key);
  equal(history.links().length, 24);
  const later = await historyOf({ keep: true });
  later.shown();
  equal(later.links()[0], "/search?q=30");
  later.place.querySelector("button").click();
  equal(later.links(), []);
  const again = await historyOf({ keep: true });
  again.shown();
  equal(again.place.textContent, "Your searches appear here.");
});

test("libraries mounted beside each other have a history each", async () => {
  const one = await historyOf({ prefix: "/one/" });
  await one.found([image(1)], "?q=1");
  equal(one.links(), ["/one/search?q=1"]);
  const two = await historyOf({ keep: true, prefix: "/two/" });
  two.shown();
  equal(two.links(), []);
});

test("nothing is kept of an empty board, of another page, or of damaged storage", async () => {
  const history = await historyOf();
  await history.found([], "?q=");
  await history.found([image(1)], "?x=1", "/map");
  equal(history.links(), []);
  localStorage.setItem(Object.keys(localStorage)[0] || "likeness-history:/", "{not JSON");
  history.shown();
  equal(history.links(), []);
});
