/* What is drawn over the two pictures of the Why page: lines between points, and a veil that leaves
   clear what is meant, pixel by pixel or cell by cell. */
(function () {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const MOST = 160; // lines of a kind: more are a thicket
  const VEIL = 0.76; // how dark the least is

  const svg = (kind, given) => {
    const element = document.createElementNS(SVG, kind);
    Object.entries(given).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  };

  // Evenly drawn ones of many.
  const some = (list) => (list.length <= MOST ? list
    : Array.from({ length: MOST }, (_, i) => list[Math.floor((i * list.length) / MOST)]));

  // Points and lines over a stage. places: the boxes of the two pictures in it. all: whether pairs that do not
  // fit are shown as well.
  function lines(sheet, places, found, all) {
    const [first, second] = places;
    const at = ([x, y], place) => [place.left + x * place.width, place.top + y * place.height];
    const dots = (points, place) => some(points).map((point) => {
      const [x, y] = at(point, place);
      return svg("circle", { cx: x, cy: y, r: 1.5, class: "why-point" });
    });
    const drawn = (fits) => some(found.pairs.filter((_, i) => found.fits[i] === fits)).flatMap((pair) => {
      const [x1, y1] = at(pair.slice(0, 2), first);
      const [x2, y2] = at(pair.slice(2), second);
      const name = fits ? "why-line" : "why-line why-stray";
      return [svg("line", { x1: x1, y1: y1, x2: x2, y2: y2, class: name }),
        ...[[x1, y1], [x2, y2]].map(([x, y]) => svg("circle", { cx: x, cy: y, r: 3, class: `${name} why-end` }))];
    });
    sheet.replaceChildren(...dots(found.first, first), ...dots(found.second, second), ...(all ? drawn(false) : []), ...drawn(true));
  }

  // A veil over a picture. values: of rows × columns cells, 0 veiled to 1 clear. box: the part of the picture
  // that they cover; what is outside is veiled. smooth: whether cells blend.
  function veil(canvas, values, [rows, columns], box, smooth) {
    const wide = (canvas.width = 480);
    const high = (canvas.height = Math.max(1, Math.round((480 * canvas.offsetHeight) / Math.max(1, canvas.offsetWidth))));
    const pen = canvas.getContext("2d");
    const small = document.createElement("canvas");
    small.width = columns;
    small.height = rows;
    const pixels = new ImageData(columns, rows);
    values.forEach((value, i) => { pixels.data[4 * i + 3] = Math.round(255 * VEIL * (1 - Math.max(0, Math.min(1, value)))); });
    small.getContext("2d").putImageData(pixels, 0, 0);
    const [left, top, right, bottom] = [box[0] * wide, box[1] * high, box[2] * wide, box[3] * high];
    pen.fillStyle = `rgb(0 0 0 / ${VEIL})`;
    pen.fillRect(0, 0, wide, high);
    pen.clearRect(left, top, right - left, bottom - top);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, right - left, bottom - top);
    pen.clip();
    pen.imageSmoothingEnabled = smooth;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(small, left, top, right - left, bottom - top);
    pen.restore();
  }

  function clear(canvas) {
    canvas.width = canvas.width || 1; // setting it wipes it
  }

  // Numbers brought to 0–1, the least and the largest.
  function stretched(values) {
    const least = Math.min(...values);
    const span = Math.max(...values) - least;
    return values.map((value) => (span > 0 ? (value - least) / span : 1));
  }

  // The cell of a grid over a picture at a place (0–1), or −1 outside of its box.
  function cellAt([x, y], { shape: [rows, columns], box }) {
    const column = Math.floor(((x - box[0]) / (box[2] - box[0])) * columns);
    const row = Math.floor(((y - box[1]) / (box[3] - box[1])) * rows);
    return column >= 0 && row >= 0 && column < columns && row < rows ? row * columns + column : -1;
  }

  // Where a cell lies, in shares of the picture: {left, top, width, height}.
  function boxOf(cell, { shape: [rows, columns], box }) {
    const [wide, high] = [(box[2] - box[0]) / columns, (box[3] - box[1]) / rows];
    return { left: box[0] + (cell % columns) * wide, top: box[1] + Math.floor(cell / columns) * high, width: wide, height: high };
  }

  window.likeness.why = { lines: lines, veil: veil, clear: clear, stretched: stretched, cellAt: cellAt, boxOf: boxOf };
})();
