/* assets/shell/answers.js: answers that come too late, and clocks that wait for theirs. */
async function answers() {
  const put = [];
  const inside = await fresh({ assets: ["address.js", (window) => {
    window.dash_clientside.set_props = (id, props) => put.push([id, props.disabled]);
  }, "shell/answers.js"] });
  return { ...inside.likeness.answers, put: put };
}

test("a clock stands still until its answer is here, or could not be had", async () => {
  const { asked, came, failed, put } = await answers();
  const tick = { output: "..library-live.children...library-seen.data..", changedPropIds: ["library-tick.n_intervals"] };
  asked({ output: "library-note.children", changedPropIds: ["library-add.n_clicks"] });
  equal(put, []);
  asked(tick);
  equal(put.splice(0), [["library-tick", true]]);
  came({ output: "library-note.children" }, {});
  equal(put, []);
  came(tick, {});
  equal(put.splice(0), [["library-tick", false]]);
  asked(tick);
  failed();
  came(tick, {});
  equal(put, [["library-tick", true], ["library-tick", false]]);
});

test("an answer is on its way until it comes or fails, and one of a page that was left changes nothing", async () => {
  const { asked, came, failed, pending } = await answers();
  const [first, second, part] = [{ output: "page.children" }, { output: "page.children" }, { output: "..a.children...b.children.." }];
  asked(first);
  came(first, {});
  asked(part);
  truthy(pending("b.children") && !pending("c.children"));
  asked(second);
  came(second, {});
  const late = { a: { children: 1 } };
  came(part, late);
  equal([late, pending("b.children")], [{}, false]);
  asked(part);
  failed();
  truthy(!pending("b.children"));
});
