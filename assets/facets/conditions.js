/* Conditions as the address has them, and as a person reads them. The server parses them
   (pipeline/columns/conditions.py) and sends them as objects:

     {column, values: […]}   one of these;  "(none)": of which nothing is known
     {column, low, high}     between bounds, "" for none; a < or > before one leaves it out
     {column, text}          has this text in it */
(function () {
  "use strict";
  const NONE = "(none)";
  const SPECIAL = /[\\,;=<>~]|\.(?=\.)|^\.|\.$|^\s|\s$/g;
  const escaped = (text) => text.replace(SPECIAL, (letter) => "\\" + letter);
  const strict = (text, sign) => text.length > 1 && text[0] === sign;
  const bound = (text, sign) => (strict(text, sign) ? sign + escaped(text.slice(1)) : escaped(text));

  function one(condition) {
    const column = escaped(condition.column);
    if (condition.values) return `${column}=${condition.values.map(escaped).join(",")}`;
    if (condition.text) return `${column}~${escaped(condition.text)}`;
    const { low, high } = condition;
    if (!high) return column + (strict(low, ">") ? bound(low, ">") : `>=${escaped(low)}`);
    if (!low) return column + (strict(high, "<") ? bound(high, "<") : `<=${escaped(high)}`);
    return `${column}=${bound(low, ">")}..${bound(high, "<")}`;
  }

  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"];

  // A bound of a date or a number in words: "2020-05" → "May 2020", "<1.6MB" → "1.6 MB".
  function bounded(text) {
    const plain = text.replace(/^[<>]/, "");
    const date = /^(\d{4})-(\d\d)(?:-(\d\d))?(?:[T ](\d\d)(?::(\d\d))?)?/.exec(plain);
    if (date) {
      const [, year, month, day, hour, minute] = date;
      const name = MONTHS[Number(month) - 1] || month;
      if (!day) return `${name} ${year}`;
      return `${name.slice(0, 3)} ${Number(day)}, ${year}${hour ? `, ${hour}:${minute || "00"}` : ""}`;
    }
    return plain.replace(/([\d.])([kMGT]?B)$/, "$1 $2");
  }

  // From when to when, of two moments in seconds since 1970: the day is said once.
  function span(moments) {
    const [first, last] = moments.map((seconds) => new Date(1000 * seconds).toISOString().slice(0, 16));
    if (first === last) return bounded(first);
    return `${bounded(first)} to ${first.slice(0, 10) === last.slice(0, 10) ? last.slice(11) : bounded(last)}`;
  }

  function range(low, high) {
    if (!low) return `${high[0] === "<" ? "below" : "up to"} ${bounded(high)}`;
    if (!high) return `${low[0] === ">" ? "above" : "from"} ${bounded(low)}`;
    return low === high ? bounded(low) : `${bounded(low)} – ${bounded(high)}`;
  }

  // What a condition says, without the name of its column.
  function said(condition, title) {
    if (condition.text) return `has “${condition.text}”`;
    if (!condition.values) return range(condition.low, condition.high);
    const names = condition.values.map((value) => (value === NONE ? `no ${title.toLowerCase()}` : value));
    return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
  }

  window.likeness.conditions = {
    NONE: NONE, printed: (conditions) => conditions.map(one).join(";"), said: said, bounded: bounded, span: span,
  };
})();
