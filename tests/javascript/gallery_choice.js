/* assets/gallery/choice.js: choosing as in a folder of files. */
async function made() {
  const inside = await fresh({ assets: ["address.js", "gallery/choice.js"] });
  let told = 0;
  const choice = inside.likeness.gallery.choice(() => told++);
  return { choice: choice, told: () => told, order: Int32Array.from([50, 10, 40, 20, 30]) };
}

test("Ctrl takes in and out, Shift from the last one on, with Ctrl besides", async () => {
  const { choice, order, told } = await made();
  choice.toggle(10);
  choice.toggle(30);
  choice.toggle(10);
  equal([choice.list(order), told()], [[30], 3]);
  choice.toggle(10);
  choice.range(order, 3, false);
  equal(choice.list(order), [10, 40, 20]);
  choice.range(order, 0, true); // from the same one, the other way
  equal(choice.list(order), [50, 10, 40, 20]);
  choice.clear();
  choice.range(order, 2, false); // with nothing to begin at: this one alone
  choice.range(order, 4, false);
  equal(choice.list(order), [40, 20, 30]);
});

test("a band takes what it touches, besides what there was if wished, and lets go of what it leaves", async () => {
  const { choice, order } = await made();
  choice.toggle(50);
  const before = choice.ids;
  choice.band([10, 40], before);
  choice.band([10], before);
  equal(choice.list(order), [50, 10]);
  choice.band([20], null);
  equal(choice.list(order), [20]);
});

test("what leaves the list is not chosen any more; the order of the list does not matter", async () => {
  const { choice, order, told } = await made();
  choice.all(order);
  equal(choice.size, 5);
  choice.among([30, 50, 99]);
  equal(choice.list(order.slice().reverse()), [30, 50]);
  const before = told();
  choice.among([30, 50]);
  equal(told(), before);
  choice.only([30]);
  choice.range(order, 2, false);
  equal(choice.list(order), [40, 20, 30]);
});
