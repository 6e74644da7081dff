/* assets/inside/drawing.js: how many rows a walk has compared after each step, and the way to one. */
const bare = () => fresh({ assets: ["address.js", "inside/drawing.js"] });

// Row 0 is where it begins; from it 1, 2 and 3 are met, from 2 the rows 4 and 5, from 4 none, from 1 the row 6.
const WALK = { origin: [-1, 0, 0, 0, 2, 2, 1], order: [0, 2, 4, 1] };

test("rows are counted with the step that met them", async () => {
  const { likeness } = await bare();
  equal(likeness.inside.counts(WALK), [1, 4, 6, 6, 7]);
});

test("the way to a row goes over what met what", async () => {
  const { likeness } = await bare();
  equal(likeness.inside.way(WALK, 5), [0, 2, 5]);
  equal(likeness.inside.way(WALK, 0), [0]);
  equal(likeness.inside.way(WALK, 6), [0, 1, 6]);
});
