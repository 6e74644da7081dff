/* The lines between the columns of the Compare page: each goes along the gaps below the rows, through the
   space between the columns, and so beside all pictures and words. Nothing here knows of the page.

   A column is {left, right, gaps: [y below each row, ascending]}, in px of what the columns stand in; a
   place is {column: its number, row, x: the middle of the picture}. */
(function () {
  "use strict";
  const ROUND = 8; // px of a corner

  // The gap of a column that is nearest to a height.
  const nearest = (gaps, y) => gaps.reduce((best, one) => (Math.abs(one - y) < Math.abs(best - y) ? one : best), gaps[0]);

  // From one height to another in the space between two columns.
  function across(from, to, y, next) {
    const bend = (to - from) / 2;
    return y === next ? `H${to}` : `H${from}C${from + bend} ${y} ${to - bend} ${next} ${to} ${next}`;
  }

  // The line of a picture from its place in one column to that in a later one, as the `d` of a path.
  function line(columns, from, to) {
    let y = columns[from.column].gaps[from.row];
    const last = columns[to.column].gaps[to.row];
    const parts = [`M${from.x} ${y - ROUND}Q${from.x} ${y} ${from.x + ROUND} ${y}`];
    for (let at = from.column; at < to.column; at++) {
      const { gaps, left } = columns[at + 1];
      const next = at + 1 === to.column || !gaps.length ? last : nearest(gaps, y + (last - y) / (to.column - at));
      parts.push(across(columns[at].right, left, y, next));
      y = next;
    }
    parts.push(`H${Math.max(columns[to.column].left, to.x - ROUND)}Q${to.x} ${y} ${to.x} ${y - ROUND}`);
    return parts.join("");
  }

  // All lines: of each picture from column to column. places: {image: its places, ascending}. → {image: [d]}
  function lines(columns, places) {
    return new Map([...places].filter(([, known]) => known.length > 1).map(([image, known]) =>
      [image, known.slice(1).map((place, at) => line(columns, known[at], place))]));
  }

  window.likeness.compareLines = { line: line, lines: lines };
})();
