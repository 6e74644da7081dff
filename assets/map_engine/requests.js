/* Asking the server for what a map needs: see dashboard/routes/maps.py. */
(function (map) {
  "use strict";

  // The answer to /map/<what>/<name>?<query>; rejects with a sentence where the server refuses.
  map.ask = function (what, name, query, options) {
    const path = `/map/${what}/${encodeURIComponent(name)}`;
    const asked = query ? `${path}?${new URLSearchParams(query)}` : path;
    return fetch(window.likeness.url(asked), options)
      .then((answer) => (answer.ok ? answer : window.likeness.refusal(answer).then((said) => Promise.reject(said))));
  };

  // What some images have in common.
  map.describe = (name, ids, grain, signal) => map.ask("describe", name, { grain: grain }, {
    method: "POST", body: Int32Array.from(ids), signal: signal, headers: { "Content-Type": "application/octet-stream" },
  }).then((answer) => answer.json());

  // Ids of the points of a map as a whole: {polygon: [[x, y], …], by, hidden, only, grain}.
  map.find = (name, what) => map.ask("find", name, null, {
    method: "POST", body: JSON.stringify(what), headers: { "Content-Type": "application/json" },
  }).then((answer) => answer.arrayBuffer()).then((bytes) => map.unpack(bytes).ids);

  // A refusal in the server's words, all else in ours.
  map.said = (error, otherwise) => (typeof error === "string" && error ? error : otherwise);
})((window.likeness.map = window.likeness.map || {}));
