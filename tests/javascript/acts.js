/* assets/shell/acts.js and assets/keys.js: what is asked of the server, what is said of it, and what keys do. */
async function page({ html = "", answer = {}, assets = [] } = {}) {
  const asked = [];
  const put = [];
  const inside = await fresh({
    html: '<div class="shell" data-rights="annotate read"><p id="said" class="said"></p>' + html + "</div>", prefix: "/mount/",
    assets: ["address.js", "events.js", (window) => {
      window.dash_clientside.set_props = (id, props) => put.push([id, props]);
      window.fetch = async (address, request) => {
        const body = request ? JSON.parse(request.body) : {};
        asked.push([address, body]);
        if (answer instanceof Error) throw answer;
        if (answer instanceof Response) return answer;
        return { ok: true, headers: new Headers({ "Content-Type": "application/json" }), json: async () => (typeof answer === "function" ? answer(body.act) : answer) };
      };
    }, "refusal.js", "shell/acts.js", ...assets],
  });
  const settled = () => new Promise((done) => setTimeout(done, 5));
  return { inside: inside, asked: asked, put: put, settled: settled, find: (at) => inside.document.querySelector(at) };
}

test("a button does its act with its arguments; what came of it is said, told, and can be undone", async () => {
  const undo = { act: "tag", args: { name: "blue" } };
  const { inside, asked, put, settled, find } = await page({
    html: `<button data-act="untag" data-args='{"name": "blue"}'><i></i></button>`,
    answer: { act: "untag", said: "Took off <b>.", changed: ["tags"], undo: undo },
  });
  const told = [];
  inside.document.addEventListener("likeness:acted", (event) => told.push(event.detail.act));
  find("i").click();
  await settled();
  equal(asked, [["/mount/act", { act: "untag", args: { name: "blue" } }]]);
  equal([told, put], [["untag"], [["acted-tags", { data: 1 }]]]);
  equal(find("#said span").textContent, "Took off <b>.");
  find("#said button").click();
  await settled();
  equal(asked[1], ["/mount/act", undo]);
});

test("Ctrl+Z takes back one act after the other, also after a reload; Ctrl+Shift+Z does them again", async () => {
  sessionStorage.clear();
  const back = (name) => ({ act: "un" + name, args: { n: 1 } });
  const answer = (name) => ({ said: "done", changed: [], undo: name.startsWith("un") ? { act: name.slice(2), args: { n: 1 } } : back(name) });
  let { inside, asked, settled } = await page({ html: '<input id="field">', answer: answer });
  const press = async (more, at = "body") => {
    const event = new inside.KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true, cancelable: true, ...more });
    inside.document.querySelector(at).dispatchEvent(event);
    await settled();
    return event.defaultPrevented;
  };
  await inside.likeness.act("a", {});
  await inside.likeness.act("b", {});
  await press({}, "#field"); // what is typed has an undo of its own
  await press({ ctrlKey: false });
  ({ inside, asked, settled } = await page({ answer: answer }));
  const names = () => asked.map(([, body]) => body.act);
  truthy(await press());
  equal(inside.document.querySelector("#said button").textContent, "Redo");
  await press();
  equal(names(), ["unb", "una"]);
  await press();
  equal([names().length, inside.document.querySelector("#said").textContent], [2, "There is nothing to take back."]);
  await press({ shiftKey: true });
  equal(names(), ["unb", "una", "a"]);
  await press();
  await inside.likeness.act("c", {});
  await press({ shiftKey: true });
  equal(names(), ["unb", "una", "a", "una", "c"]); // b and a would be done to something else
});

test("what could not be taken back since the server was away is taken back once it is there again", async () => {
  sessionStorage.clear();
  let away = false;
  const answer = (name) => {
    if (away) throw new Error("gone");
    return { said: "done", changed: [], undo: name === "a" ? { act: "una", args: {} } : { act: "a", args: {} } };
  };
  const { inside, asked, settled } = await page({ answer: answer });
  const back = async () => {
    inside.document.body.dispatchEvent(new inside.KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true }));
    await settled();
  };
  await inside.likeness.act("a", {});
  away = true;
  await back();
  away = false;
  await back();
  equal(asked.map(([, body]) => body.act), ["a", "una", "una"]);
  equal(inside.document.querySelector("#said button").textContent, "Redo");
});

test("what others do is told once, and not what this tab has done itself", async () => {
  let now = { tags: 1, collections: 4 };
  const { inside, settled } = await page({ answer: (name) => name ? { act: name, changed: ["tags"], now: now } : now, assets: ["shell/changes.js"] });
  const told = [];
  inside.document.addEventListener("likeness:acted", ({ detail }) => told.push([detail.act, detail.changed]));
  const look = async () => {
    inside.document.dispatchEvent(new inside.Event("visibilitychange"));
    await settled();
  };
  await settled();
  now = { tags: 2, collections: 4 };
  await inside.likeness.act("tag", {});
  await look();
  equal(told, [["tag", ["tags"]]]);
  now = { tags: 1, collections: 4 }; // asked for before, and here later
  await look();
  now = { tags: 2, collections: 6 };
  await look();
  await look();
  equal(told, [["tag", ["tags"]], ["elsewhere", ["collections"]]]);
});

test("what is refused or not answered is told, and nothing is said to have changed", async () => {
  const gone = "The server does not answer. Is Likeness still running?";
  const page_of = (status, kind = "text/html") => new Response("Own words.", { status: status, headers: { "Content-Type": kind } });
  for (const [answer, said] of [
    [{ error: "Not allowed." }, "Not allowed."], [new Error("gone"), gone], [page_of(502), gone], [page_of(403, "text/plain"), "Own words."],
    [page_of(413), "That is more than the server takes at once."], [page_of(500), "Something went wrong inside Likeness; its log says what."],
  ]) {
    const { inside, put } = await page({ answer: answer });
    equal((await inside.likeness.act("tag", {})).error, said);
    equal(put, [["toast", { is_open: true, children: said }]]);
  }
});

test("a form gives the text of its field, and empties it unless more has been typed meanwhile", async () => {
  const html = `<form data-act="tag" data-field="name" data-args='{"ids": [3]}'><input id="field" value="blue"></form>`;
  const { asked, put, settled, find, inside } = await page({ html: html, answer: { changed: ["tags"] } });
  const submit = () => find("form").dispatchEvent(new inside.Event("submit", { bubbles: true, cancelable: true }));
  truthy(!submit(), "the browser would leave the page");
  await settled();
  equal(asked[0][1], { act: "tag", args: { ids: [3], name: "blue" } });
  equal(put.filter(([id]) => id === "field"), [["field", { value: "" }]]);
  submit();
  find("input").value = "blue and more";
  await settled();
  equal(put.filter(([id]) => id === "field").length, 1);
  find("input").value = "  ";
  submit();
  await settled();
  equal(asked.length, 2);
});

test("what who looks may do is what the page says", async () => {
  const { inside } = await page();
  equal(["read", "annotate", "run", "read annotate"].map(inside.likeness.may), [true, true, false, false]);
});

// Keys

async function keys(html = "") {
  localStorage.clear();
  const inside = await fresh({ html: html, assets: ["address.js", "events.js", "keys.js"] });
  const here = inside.likeness.plain(inside.location.pathname);
  const done = [];
  const press = (key, at = "body", more = {}) =>
    inside.document.querySelector(at).dispatchEvent(new inside.KeyboardEvent("keydown", { key: key, bubbles: true, cancelable: true, ...more }));
  inside.likeness.bind(null, { search: () => done.push("search"), keys: () => done.push("keys") });
  return { ...inside.likeness, here: here, done: done, press: press };
}

test("a key does its act where nobody types, and not with Ctrl", async () => {
  const { done, press } = await keys('<input id="text"><input type="range" id="range"><dialog id="box"></dialog>');
  press("/");
  press("/", "#text");
  press("/", "#box");
  press("/", "body", { ctrlKey: true });
  press("?", "#range");
  equal(done, ["search", "keys"]);
});

test("keys of a single character can be switched off, and stay so", async () => {
  const { done, press, letters } = await keys();
  equal([letters(), letters(false), letters()], [true, false, false]);
  press("/");
  equal(done, []);
  letters(true);
  press("/");
  equal(done, ["search"]);
});

test("no key of a page is written twice, and every act has its key", async () => {
  const { keys: table, keyOf } = await keys();
  table.forEach(([title, page, rows]) => {
    const acting = rows.filter((row) => row[2]);
    equal(new Set(acting.flatMap((row) => row[0])).size, acting.flatMap((row) => row[0]).length);
    if (page) acting.forEach((row) => equal(keyOf(page, row[2]), row[0][0]));
    truthy(title);
  });
});
