/* Conditions as the address has them: as the server prints them (given.conditions), and in words. */
test("conditions are printed as the server prints them", async () => {
  const { likeness } = await fresh({ assets: ["address.js", "facets/conditions.js"] });
  truthy(given.conditions.length > 300);
  given.conditions.forEach(([condition, text]) => equal(likeness.conditions.printed([condition]), text));
});

test("when what happened within an hour happened", async () => {
  const { span } = (await fresh({ assets: ["address.js", "facets/conditions.js"] })).likeness.conditions;
  const at = Date.UTC(2026, 10, 26, 5, 35, 50) / 1000;
  equal(span([at, at + 9]), "Nov 26, 2026, 05:35");
  equal(span([at, at + 600]), "Nov 26, 2026, 05:35 to 05:45");
  equal(span([at, at + 86400]), "Nov 26, 2026, 05:35 to Nov 27, 2026, 05:35");
});

test("conditions in words", async () => {
  const { said } = (await fresh({ assets: ["address.js", "facets/conditions.js"] })).likeness.conditions;
  equal(said({ values: ["a", "(none)"] }, "Label"), "a, no label");
  equal(said({ values: ["a", "b", "c", "d"] }, "Label"), "a, b and 2 more");
  equal(said({ low: "2020-05", high: "2021" }, "Taken"), "May 2020 – 2021");
  equal(said({ low: "2020-05-07", high: "2020-05-07" }, "Taken"), "May 7, 2020");
  equal(said({ low: "1.6MB", high: "" }, "Size"), "from 1.6 MB");
  equal(said({ low: "", high: "<5" }, "ISO"), "below 5");
  equal(said({ text: "x" }, "Title"), "has “x”");
});
