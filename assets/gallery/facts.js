/* What galleries ask the server (dashboard/routes/gallery.py): the order and the shapes of a list as
   typed arrays, and what is known of single pictures, some dozens at a time. */
(function () {
  "use strict";
  const { url, on } = window.likeness;
  const AT_ONCE = 60; // pictures asked about together
  const KEPT = 4000; // pictures of which is kept what was told
  const known = new Map(); // id → facts
  const waiting = new Map(); // id → promise of its facts
  let next = null; // {ids, done: promise, of} that is about to be asked
  let state = 0; // of the notes: what was asked for in another one may be told as it was before

  async function ask(path, options) {
    let answer;
    try {
      answer = await fetch(url(path), options);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw "The server does not answer. Is Likeness still running?"; // eslint-disable-line no-throw-literal
    }
    if (answer.status === 401 && window.likeness.signIn) window.likeness.signIn();
    if (!answer.ok) throw await window.likeness.refusal(answer);
    return answer;
  }

  // ids: a list, or null for all images. how: {by, where, with}. → {ids: Int32Array, ratios: Float32Array}
  async function order(ids, how, signal) {
    const query = new URLSearchParams(Object.entries(how || {}).filter(([, value]) => value));
    const answer = await ask(`/gallery/order?${query}`, {
      method: "POST", body: ids === null ? null : Int32Array.from(ids), signal: signal,
      headers: { "Content-Type": "application/octet-stream" },
    });
    const sent = window.likeness.map.unpack(await answer.arrayBuffer());
    return { ids: sent.ids, ratios: Float32Array.from(sent.shapes, (one) => one / 1000) };
  }

  function about(id) {
    if (known.has(id)) return Promise.resolve(known.get(id));
    if (!waiting.has(id)) {
      if (!next || next.ids.length >= AT_ONCE) {
        const batch = { ids: [], of: state };
        batch.done = new Promise((resolve) => setTimeout(resolve, 20)).then(() => fetchAll(batch));
        next = batch;
      }
      const mine = next;
      mine.ids.push(id);
      waiting.set(id, mine.done.then((found) => (mine.of === state ? found.get(id) || null : about(id))));
    }
    return waiting.get(id);
  }

  async function fetchAll(batch) {
    if (next === batch) next = null;
    const found = new Map();
    try {
      const answer = await ask(`/gallery/facts?ids=${batch.ids.join(",")}`);
      (await answer.json()).forEach((one) => found.set(one.id, one));
    } catch (error) {
      if (typeof error !== "string") throw error; // what is not told of them is not shown
    }
    if (batch.of !== state) return found;
    batch.ids.forEach((id) => waiting.delete(id));
    found.forEach((one, id) => known.set(id, one));
    for (const id of known.keys()) {
      if (known.size <= KEPT) break;
      known.delete(id);
    }
    return found;
  }

  // Collections and tags to choose from: {collections: [[name, count]], tags: [[name, count]]}.
  const names = () => ask("/gallery/names").then((answer) => answer.json());

  // Notes are part of what is told.
  on("likeness:acted", null, () => {
    state += 1;
    known.clear();
    waiting.clear();
    next = null;
  });

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    order: order, about: about, known: (id) => known.get(id) || null, names: names,
  });
})();
