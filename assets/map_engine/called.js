/* What an address calls the categories of a coloring. Their numbers name others after a map or the
   library has changed: a cluster goes by an image that stands for it, all else by its name. Pure. */
(function (map) {
  "use strict";
  const [NONE, OTHER] = ["(none)", "(other)"];

  // A function from a code to what it is called. stands: an image of each cluster.
  map.called = (coloring, stands, top) => function (code) {
    if (code < 0) return NONE;
    if (coloring.kind === "clusters") return String(stands[code]);
    const [name] = coloring.names[code] || [OTHER];
    return !coloring.colors && code >= top ? OTHER : name;
  };

  // The codes that are called so: {codes, lost: names that nothing is called by now}. data: the map, for
  // images that no longer stand for their cluster.
  map.meant = function (coloring, data, stands, top, names) {
    const call = map.called(coloring, stands, top);
    const known = new Map([[NONE, -1]]);
    if (coloring.kind === "clusters") stands.forEach((_, code) => known.set(call(code), code));
    else (coloring.names || []).forEach((_, code) => known.set(call(code), map.category(coloring, code, top)));
    const found = names.map((name) => {
      if (known.has(name) || coloring.kind !== "clusters") return known.get(name);
      const code = data.cluster[data.rows.get(Number(name))];
      return code >= 0 ? code : undefined;
    });
    return {
      codes: [...new Set(found.filter((code) => code !== undefined))],
      lost: names.filter((_, at) => found[at] === undefined),
    };
  };
})((window.likeness.map = window.likeness.map || {}));
