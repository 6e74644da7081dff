/* What a file of tests/javascript may use: test(), equal(), truthy(), fresh(), and `given`. */
(function () {
  "use strict";
  const tests = [];
  let sources = {}; // the text of every asset by its path in assets/

  // A test: a name and a function, which may be asynchronous and fails by throwing.
  window.test = (name, body) => tests.push({ name: name, body: body });

  // Arrays of any kind as lists, NaN and undefined as themselves.
  function plain(value) {
    if (ArrayBuffer.isView(value)) return plain(Array.from(value));
    if (Array.isArray(value)) return value.map(plain);
    if (value instanceof Map || value instanceof Set) return plain(Array.from(value));
    if (value === undefined || Number.isNaN(value)) return String(value);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
  }

  window.equal = function (found, expected) {
    const [one, other] = [found, expected].map((value) => JSON.stringify(plain(value)));
    if (one === other) return;
    let at = 0; // long ones are told from where they differ
    while (one[at] === other[at]) at++;
    const part = (text) => (at > 60 ? "…" : "") + text.slice(Math.max(0, at - 60), at + 120);
    throw new Error("found " + part(one) + ", expected " + part(other));
  };

  window.truthy = function (found, said) {
    if (!found) throw new Error(said || "found " + JSON.stringify(plain(found)));
  };

  // The window of an empty page that assets were loaded into, one after the other:
  //   fresh({ html: "<div id=…>", prefix: "/likeness/", assets: ["address.js", (inside) => …, …] })
  // A function among them is called with the window, for what later ones expect to be there.
  // Of Dash there is no_update and a set_props that does nothing.
  window.fresh = async function ({ html = "", prefix = "/", assets }) {
    const frame = document.createElement("iframe");
    const config = JSON.stringify({ requests_pathname_prefix: prefix });
    frame.srcdoc = "<!doctype html><body>" + html + '<script id="_dash-config" type="application/json">' + config + "</script>";
    await new Promise((loaded) => {
      frame.addEventListener("load", loaded);
      document.body.append(frame);
    });
    const inside = frame.contentWindow;
    inside.dash_clientside = { no_update: { none: true }, set_props: () => {} };
    assets.forEach((path) => {
      if (typeof path === "function") return path(inside);
      if (!(path in sources)) throw new Error("there is no asset " + path);
      const errors = [];
      inside.onerror = (said) => errors.push(said);
      const script = inside.document.createElement("script");
      script.textContent = sources[path];
      inside.document.head.append(script);
      if (errors.length) throw new Error(path + ": " + errors[0]);
    });
    return inside;
  };

  // What became of the tests of a file: [{name, error}], error null for those that passed.
  window.runTests = async function (given) {
    sources = given;
    const results = [];
    for (const { name, body } of tests) {
      try {
        await body();
        results.push({ name: name, error: null });
      } catch (error) {
        results.push({ name: name, error: String(error.stack || error) });
      }
    }
    return results;
  };
})();
