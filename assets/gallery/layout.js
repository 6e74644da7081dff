/* Where the pictures of a list stand: rows as wide as the room, each picture whole and all of a
   row of one height. Nothing here knows of the page; 100,000 pictures take some milliseconds.

   A layout is {count, first, tops, heights, width, gap, foot, total, shapes}: row r has the
   pictures first[r] … first[r + 1] − 1, begins at tops[r] px and is heights[r] px high, with
   `foot` px for words below each picture. first has one entry more than there are rows. */
(function () {
  "use strict";
  const NARROWEST = 0.5; // width by height: beyond these a picture gets more room than it fills,
  const WIDEST = 4; // so that it is neither a thread nor a row of its own
  const STRETCH = 1.5; // no row is blown up beyond this

  const shape = (ratio, narrowest) => Math.min(WIDEST, Math.max(narrowest, ratio || 1));

  // ratios: width by height of each picture. height: of a row, as wished; least: px that a picture is
  // wide in such a row, for the words below it. breaks: after how many pictures a new row begins,
  // and `band` px before it are free for a line of words.
  function layout(ratios, { width, height, least = 0, gap = 8, foot = 0, breaks = [], band = 0 }) {
    const count = ratios.length;
    const narrowest = Math.max(NARROWEST, Math.min(least, width) / height);
    const shapes = Float32Array.from(ratios, (ratio) => shape(ratio, narrowest));
    const [first, tops, heights] = [[0], [], []];
    const ends = new Set(breaks);
    let top = 0;
    let at = 0;

    function close(end, tall) {
      tops.push(top);
      heights.push(tall);
      first.push(end);
      top += tall + foot + gap;
      if (ends.has(end) && end < count) top += band;
      at = end;
    }

    let sum = 0;
    for (let i = 0; i < count; i++) {
      const last = i === count - 1 || ends.has(i + 1);
      const before = i > at ? (width - gap * (i - at - 1)) / sum : Infinity;
      sum += shapes[i];
      const tall = (width - gap * (i - at)) / sum;
      // Without this one, where that is nearer to what was wished.
      if (tall < height && before / height < Math.min(STRETCH, height / tall) && i > at) {
        close(i, before);
        sum = shapes[i];
        if (last) close(i + 1, Math.min(width / sum, height));
      } else if (tall <= height) close(i + 1, tall);
      else if (last) close(i + 1, Math.min(tall, tall < height * STRETCH && i > at ? tall : height));
      if (at === i + 1) sum = 0;
    }
    return {
      count: count, first: Int32Array.from(first), tops: Float64Array.from(tops),
      heights: Float64Array.from(heights), shapes: shapes, width: width, gap: gap, foot: foot,
      total: Math.max(0, top - gap),
    };
  }

  // The last place of an ascending list whose value is at most this; −1: none.
  function lastAtMost(values, value, length) {
    let [low, high] = [0, length === undefined ? values.length : length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  const rowOf = (made, index) => lastAtMost(made.first, index, made.tops.length);

  // The rows to be seen between two heights: [from, to), at least one where there are any.
  function rowsBetween(made, top, bottom) {
    const rows = made.tops.length;
    const from = Math.max(0, lastAtMost(made.tops, top));
    const to = Math.max(from, lastAtMost(made.tops, bottom));
    return rows ? [from, Math.min(rows, to + 1)] : [0, 0];
  }

  // Where a picture stands: {x, y, width, height}, without its foot.
  function boxOf(made, index) {
    const row = rowOf(made, index);
    const tall = made.heights[row];
    let x = 0;
    for (let i = made.first[row]; i < index; i++) x += made.shapes[i] * tall + made.gap;
    return { x: x, y: made.tops[row], width: made.shapes[index] * tall, height: tall };
  }

  // The pictures that a rectangle {x, y, width, height} touches, ascending.
  function touched(made, rectangle) {
    const found = [];
    const [right, bottom] = [rectangle.x + rectangle.width, rectangle.y + rectangle.height];
    const [from, to] = rowsBetween(made, rectangle.y, bottom);
    for (let row = from; row < to; row++) {
      if (made.tops[row] + made.heights[row] < rectangle.y || made.tops[row] > bottom) continue;
      let x = 0;
      for (let i = made.first[row]; i < made.first[row + 1]; i++) {
        const wide = made.shapes[i] * made.heights[row];
        if (x <= right && x + wide >= rectangle.x) found.push(i);
        x += wide + made.gap;
      }
    }
    return found;
  }

  // The picture that a key leads to from another one. page: px that PageUp and PageDown go.
  function step(made, index, key, page) {
    const clamp = (value) => Math.max(0, Math.min(made.count - 1, value));
    if (key === "Home") return 0;
    if (key === "End") return made.count - 1;
    if (key === "ArrowLeft" || key === "ArrowRight") return clamp(index + (key === "ArrowRight" ? 1 : -1));
    const box = boxOf(made, index);
    const row = rowOf(made, index);
    const down = key === "ArrowDown" || key === "PageDown" ? 1 : -1;
    let to = row + down;
    if (key.startsWith("Page")) {
      to = Math.max(0, lastAtMost(made.tops, box.y + down * page));
      if (to === row) to = row + down;
    }
    if (to < 0 || to >= made.tops.length) return key.startsWith("Page") ? (down > 0 ? made.count - 1 : 0) : index;
    const middle = box.x + box.width / 2;
    let x = 0;
    for (let i = made.first[to]; i < made.first[to + 1]; i++) {
      x += made.shapes[i] * made.heights[to] + made.gap;
      if (x > middle) return i;
    }
    return made.first[to + 1] - 1;
  }

  window.likeness.gallery = Object.assign(window.likeness.gallery || {}, {
    layout: layout, rowOf: rowOf, rowsBetween: rowsBetween, boxOf: boxOf, touched: touched, step: step,
  });
})();
