/* assets/elements.js: elements made by scripts, and what stays of them when they are drawn anew. */
async function page(html) {
  const inside = await fresh({ html: html, assets: ["address.js", "elements.js"] });
  return { ...inside.likeness.elements, box: inside.document.getElementById("box"), inside: inside };
}

test("what an element holds already stays, with the keyboard and the press that is on it; the rest is others by then", async () => {
  const { make, refill, box } = await page('<ul id="box"></ul>');
  const row = (name, count) => make("li", {}, make("button", { type: "button", data: { name: name } }, name, make("b", {}, count)));
  refill(box, row("a", "3"), null, row("b", "2"), row("c", "1"), "and more");
  const [first, second] = box.querySelectorAll("button");
  second.focus();
  refill(box, row("a", "3"), row("b", "7"), row("d", "1"));
  equal(Array.from(box.querySelectorAll("button"), (one) => one.textContent), ["a3", "b7", "d1"]);
  equal(Array.from(box.childNodes, (one) => one.nodeName), ["LI", "LI", "LI"]);
  truthy(box.querySelectorAll("button")[0] === first && box.querySelectorAll("button")[1] === second);
  truthy(box.ownerDocument.activeElement === second);
  refill(box);
  equal(box.childNodes.length, 0);
});

test("a part that is being written in is left alone until it is not", async () => {
  const { make, refill, box } = await page('<p id="box">Old</p>');
  box.classList.add("is-edited");
  box.append(make("input", { value: "typed" }));
  refill(box, "New");
  equal([box.firstChild.data, box.querySelector("input").value], ["Old", "typed"]);
  const around = make("div", {}, box, make("i", {}, "old"));
  refill(around, make("p", { id: "box" }, "New"), make("i", {}, "new"));
  equal([box.querySelector("input").value, around.textContent], ["typed", "Oldnew"]);
  box.querySelector("input").remove();
  box.classList.remove("is-edited");
  refill(around, make("p", { id: "box" }, "New"), make("i", {}, "new"));
  equal(around.textContent, "Newnew");
});
