/* assets/zoom.js: one picture on a stage. */
async function stage() {
  const told = [];
  const inside = await fresh({
    html: '<div id="view" style="width: 200px; height: 100px"><img class="picture"></div>',
    assets: ["address.js", "events.js", "zoom.js"],
  });
  const zoom = inside.likeness.zoomable("#view", ".picture", { told: (share) => told.push(Number(share.toFixed(3))) });
  const source = Object.assign(document.createElement("canvas"), { width: 400, height: 200 }).toDataURL();
  const picture = () => inside.document.querySelector(".picture");
  const load = (one) => new Promise((done) => {
    one.addEventListener("load", () => setTimeout(done));
    one.src = source;
  });
  return { zoom: zoom, told: told, picture: picture, load: load };
}

test("what is asked for before the picture is there is done when it comes", async () => {
  const { zoom, told, picture, load } = await stage();
  zoom.full();
  equal(told, []);
  await load(picture());
  equal(told.splice(0), [1]);
  zoom.fit();
  zoom.by(1.5);
  equal(told, [0.5, 0.75]);
});

test("what was asked for of another picture, or taken back, is not done", async () => {
  const { zoom, told, picture, load } = await stage();
  zoom.full();
  zoom.fit();
  await load(picture());
  equal(told, []);
  const next = Object.assign(picture().cloneNode(), { src: "" });
  picture().replaceWith(next);
  zoom.full();
  const last = next.cloneNode();
  next.replaceWith(last);
  await load(last);
  equal(told, []);
});
