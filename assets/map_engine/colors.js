/* What color each point has: a number per point into a palette. Hiding and fading are colors too.
   Pure; a coloring is {by, kind, codes, …}:
     clusters    codes are clusters, −1 for none
     categories  codes into names ([name, count], largest first), −1 for none; `none` says that;
                 with `colors`, what numbers of the palette they have, as clusters have
     scale       codes 0–254 from low to high, 255 nothing; form, none, note
     waiting     its codes are still on their way */
(function (map) {
  "use strict";
  const STEPS = (map.STEPS = 64); // of a continuous scale
  const NOTHING = (map.NOTHING = 255); // of a scale: nothing is known

  // How the numbers are arranged, where the palette has `top` colors: categories, other, none, the
  // scale; all of it again, faded; and invisible.
  const order = (map.order = (top) => ({
    other: top, none: top + 1, scale: top + 2, faded: top + 2 + STEPS, invisible: 2 * (top + 2 + STEPS),
  }));

  // Categories past the palette are one, "other", where names are hidden and shown.
  map.category = (coloring, code, top) => (
    coloring.kind === "categories" && !coloring.colors ? Math.min(code, top) : code
  );

  // A function from what a point's code is to the number of its color.
  function lookup(coloring, hidden, top) {
    const gone = new Set(hidden);
    const { other, none, scale, invisible } = order(top);
    return (code) => {
      if (coloring.kind === "waiting") return other;
      if (coloring.kind === "scale") {
        return code === NOTHING ? none : scale + Math.floor((code * STEPS) / NOTHING);
      }
      if (gone.size && gone.has(map.category(coloring, code, top))) return invisible;
      if (code < 0) return none;
      return coloring.colors ? coloring.colors[code] ?? other : Math.min(code, other);
    };
  }

  // The number of each row's color. codes: of the rows. hidden: codes. bright: Uint8Array, 0 for
  // rows to fade, or null. cluster, focus: all but this one cluster are faded, or null.
  map.numbers = function (coloring, codes, hidden, top, bright, cluster, focus) {
    const look = lookup(coloring, hidden, top);
    const { faded } = order(top);
    const values = new Uint8Array(codes.length);
    const seen = new Uint16Array(1 << 16); // of each code, as 16 bits: its number and 1; 0: not met yet
    for (let row = 0; row < values.length; row++) {
      const code = codes[row];
      let value = seen[code & 0xffff];
      if (!value) value = seen[code & 0xffff] = look(code) + 1;
      values[row] = value - 1;
    }
    if (!bright && focus === null) return values;
    for (let row = 0; row < values.length; row++) {
      const dim = (focus !== null && cluster[row] !== focus) || (bright !== null && !bright[row]);
      if (dim && values[row] < faded) values[row] += faded; // what is hidden stays so
    }
    return values;
  };

  function parts(color) {
    return [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  }

  map.mix = (from, to, share) => {
    const [one, other] = [parts(from), parts(to)];
    return one.map((part, i) => Math.round(part * (1 - share) + other[i] * share));
  };

  map.hex = (color) => "#" + color.map((part) => part.toString(16).padStart(2, "0")).join("");

  // [r, g, b] of each number but the last. scale: colors from low to high. All as #rrggbb.
  map.palette = function (colors, scale, other, none, paper) {
    const steps = Array.from({ length: STEPS }, (_, i) => {
      const at = (i / (STEPS - 1)) * (scale.length - 1);
      const low = Math.min(Math.floor(at), scale.length - 2);
      return map.hex(map.mix(scale[low], scale[low + 1], at - low));
    });
    const plain = [...colors, other, none, ...steps];
    const shades = (share) => plain.map((color) => map.mix(color, paper, share));
    return [...shades(0), ...shades(0.82)];
  };

  map.alike = function (values, others) {
    if (!others || values.length !== others.length) return false;
    for (let row = 0; row < values.length; row++) if (values[row] !== others[row]) return false;
    return true;
  };

  const DAY = 86400; // s

  // A moment (s since 1970) as finely as a span of time needs it.
  function moment(value, span) {
    const style = { dateStyle: "medium", hourCycle: "h23" };
    if (span > 0 && span < 3 * DAY) style.timeStyle = span < 600 ? "medium" : "short";
    return new Date(value * 1000).toLocaleString("en", style);
  }

  function bytes(value) {
    const step = Math.max(0, Math.min(3, Math.floor(Math.log10(Math.max(1, value)) / 3)));
    const figure = (value / 1000 ** step).toLocaleString("en", { maximumSignificantDigits: 3 });
    return `${figure} ${["bytes", "kB", "MB", "GB"][step]}`;
  }

  // A figure of a scale in words; share: 0 low, 1 high. `marks`: figures at even steps of a scale
  // whose own steps are not even.
  map.figure = function (coloring, share) {
    const { low, high, marks } = coloring;
    const at = share * ((marks || [low, high]).length - 1);
    const from = Math.min(Math.floor(at), (marks || [low, high]).length - 2);
    const [one, next] = (marks || [low, high]).slice(from, from + 2);
    const value = one + (at - from) * (next - one);
    if (coloring.form === "date") return moment(value, high - low);
    if (coloring.form === "percent") return `${Math.round(100 * value)}%`;
    if (coloring.form === "bytes") return bytes(value);
    return value.toLocaleString("en", { maximumSignificantDigits: 3 });
  };

  // What the coloring says of a code.
  map.word = function (coloring, code) {
    if (coloring.kind === "categories") return (coloring.names[code] || [coloring.none])[0];
    if (coloring.kind !== "scale") return "";
    return code === NOTHING ? coloring.none : map.figure(coloring, code / (NOTHING - 1));
  };
})((window.likeness.map = window.likeness.map || {}));
