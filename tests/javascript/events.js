/* assets/events.js: one listener on the document for each kind of event, and who hears of it. */
async function page(html) {
  const inside = await fresh({ html: html, assets: ["address.js", "events.js"] });
  inside.reportError = (error) => inside.reported.push(error.message);
  inside.reported = [];
  const press = (selector, type = "click") =>
    inside.document.querySelector(selector).dispatchEvent(new inside.Event(type, { bubbles: true, cancelable: true }));
  return { inside: inside, press: press, ...inside.likeness };
}

test("what is met is the part that fits the selector, also around where it happened", async () => {
  const { on, press } = await page('<div class="card" id="a"><button><b></b></button></div><i></i>');
  const met = [];
  on("click", ".card", (card) => met.push(card.id));
  on("click", null, (event) => met.push(event.target.tagName));
  press("b");
  press("i");
  equal(met, ["a", "B", "I"]);
});

test("the document listens once for each kind, however many hear of it, and parts may come later", async () => {
  const { on, press, inside } = await page("");
  let listeners = 0;
  const add = inside.document.addEventListener;
  inside.document.addEventListener = (...given) => { listeners++; add.apply(inside.document, given); };
  let met = 0;
  for (let i = 0; i < 5; i++) on("click", "p", () => met++);
  on("click", "p", () => met++, true);
  on("input", "p", () => met++);
  inside.document.body.append(inside.document.createElement("p"));
  press("p");
  equal([listeners, met], [3, 6]);
});

test("one that stops the event stops it for those after it, here and on the way down", async () => {
  const { on, press } = await page("<p></p>");
  const heard = [];
  on("click", "p", () => heard.push("never, it was stopped on its way"));
  on("input", "p", () => heard.push("first"));
  on("input", "p", (part, event) => event.stopImmediatePropagation());
  on("input", "p", () => heard.push("third"));
  on("click", "p", (part, event) => event.stopPropagation(), true);
  press("p");
  press("p", "input");
  equal(heard, ["first"]);
});

test("one that fails is reported and keeps nobody else from hearing", async () => {
  const { on, press, inside } = await page("<p></p>");
  const heard = [];
  on("click", "p", () => { throw new Error("broken"); });
  on("click", "p", () => heard.push("second"));
  press("p");
  equal([heard, inside.reported], [["second"], ["broken"]]);
});

test("buttons do what their data-does says, within their part of the page only", async () => {
  const button = '<button data-does="clear" data-of="7"><i></i></button>';
  const { does, press } = await page(`<div class="one">${button}</div><div class="two">${button}</div>`);
  const done = [];
  const table = {};
  does(".one", table);
  table.clear = ({ dataset }, event) => done.push(dataset.of + event.type);
  press(".one i");
  press(".two button");
  equal(done, ["7click"]);
});
