/* assets/gallery/facts.js: what is told of pictures, asked for together and kept until notes change. */
async function facts() {
  const asked = [];
  const inside = await fresh({ assets: ["address.js", "events.js", "refusal.js", (window) => {
    window.fetch = (address) => new Promise((done) => asked.push({
      address: address,
      tell: (...tags) => done({ ok: true, json: async () => address.split("=")[1].split(",").map((id) => ({ id: Number(id), tags: tags })) }),
    }));
  }, "gallery/facts.js"] });
  const questions = async (count) => {
    while (asked.length < count) await new Promise((done) => setTimeout(done, 5));
    return asked.map((one) => one.address);
  };
  const act = () => inside.document.dispatchEvent(new inside.CustomEvent("likeness:acted", { detail: {} }));
  return { ...inside.likeness.gallery, asked: asked, questions: questions, act: act };
}

test("pictures are asked about together, and each once", async () => {
  const { about, known, asked, questions } = await facts();
  const told = [about(3), about(4), about(3)];
  equal(await questions(1), ["/gallery/facts?ids=3,4"]);
  asked[0].tell("blue");
  equal((await Promise.all(told)).map((one) => one.id), [3, 4, 3]);
  equal([(await about(4)).tags, known(4).tags, known(5), asked.length], [["blue"], ["blue"], null, 1]);
});

test("what was on its way when notes changed is asked for again", async () => {
  const { about, known, asked, questions, act } = await facts();
  const before = about(3);
  await questions(1);
  act();
  const after = about(3);
  await questions(2);
  asked[1].tell("new");
  equal((await after).tags, ["new"]);
  asked[0].tell("old");
  equal([(await before).tags, known(3).tags], [["new"], ["new"]]);
});
