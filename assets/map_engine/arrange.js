/* Where pictures stand on a map. Pure. */
(function (map) {
  "use strict";
  const LEAST = 44; // px, the smallest side
  const MOST = 160; // pictures at once
  const COVER = 0.5; // share of the stage that they take where there are few
  const CROWD = 0.22; // and where there are many, so that the points can be seen
  const PLACED = 0.6; // share of the points that a side must give room to, else a smaller one
  const SMALLER = 0.8;
  const GROWN = [4, 3, 2.4, 1.9, 1.5, 1.25]; // times the side, where there is still room
  const GAP = 4;
  const AFAR = 88; // px, the largest side where most points have no picture
  const AROUND = 12; // places at least around its point where a picture that must be there is tried
  const FAR = [1, 1.6, 2.3]; // sides from it,
  const FARTHER = [...FAR, 3, 3.8, 4.6, 5.5]; // and of one of a set that is to be seen whole
  const SMALL = 52; // px, of one that has no room on its point

  const apart = (a, b) => {
    const room = (a.side + b.side) / 2 + GAP;
    return Math.abs(a.x - b.x) >= room || Math.abs(a.y - b.y) >= room;
  };

  // Whether a square is clear of a box {left, top, width, height}.
  const clear = (a, box) => (
    Math.abs(a.x - box.left - box.width / 2) >= (a.side + box.width) / 2 ||
    Math.abs(a.y - box.top - box.height / 2) >= (a.side + box.height) / 2
  );

  const EDGE = 4; // px that stay free at the edge of the stage

  function within(item, frame) {
    const half = item.side / 2 + EDGE;
    const keep = (at, room) => Math.max(Math.min(half, room / 2), Math.min(at, room - half));
    return { x: keep(item.x, frame.width - frame.right), y: keep(item.y, frame.height - frame.bottom) };
  }

  const CELL = 8; // px
  const COVERED = 3; // points that a picture may come to cover as it grows

  // A function that says how many points lie in a square {x, y, side}, to about a cell. points: x and
  // y of each in turn, px.
  map.crowd = function (points, frame) {
    const [columns, rows] = [frame.width, frame.height].map((room) => Math.ceil(room / CELL) + 1);
    const sums = new Uint32Array(columns * rows); // of all cells above and to the left of one
    for (let i = 0; i < points.length; i += 2) {
      const [column, row] = [Math.floor(points[i] / CELL) + 1, Math.floor(points[i + 1] / CELL) + 1];
      if (column > 0 && column < columns && row > 0 && row < rows) sums[row * columns + column]++;
    }
    for (let row = 1; row < rows; row++) {
      let line = 0;
      for (let column = 1; column < columns; column++) {
        line += sums[row * columns + column];
        sums[row * columns + column] = line + sums[(row - 1) * columns + column];
      }
    }
    const cell = (at, most) => Math.max(0, Math.min(most - 1, Math.round(at / CELL)));
    return ({ x, y, side }) => {
      const [left, right] = [x - side / 2, x + side / 2].map((at) => cell(at, columns));
      const [top, low] = [y - side / 2, y + side / 2].map((at) => cell(at, rows) * columns);
      return sums[low + right] - sums[top + right] - sums[low + left] + sums[top + left];
    };
  };

  // The largest side that a picture may have on a stage.
  map.largest = (frame) => Math.max(LEAST, 0.96 * Math.min(frame.width - frame.right, frame.height - frame.bottom));

  // Squares for points {x, y, must}, px, those that matter most first, that overlap neither each
  // other nor `boxes`: {…, x, y, side, off: [dx, dy] from the point}. Each in turn gets one, if none is in
  // the way; one that must be there may stand beside its point: `must` is "near" or "somewhere". What
  // has room grows, but not over points: crowd says how many there are in a square.
  map.arrange = function (points, frame, boxes, crowd) {
    const area = (frame.width - frame.right) * (frame.height - frame.bottom);
    const afar = crowd({ x: frame.width / 2, y: frame.height / 2, side: 2 * frame.width }) > 3 * points.length;
    const largest = afar ? Math.min(AFAR, map.largest(frame)) : map.largest(frame);
    const wished = afar ? SMALL : Math.sqrt((COVER * area) / Math.max(1, points.length));
    let side = Math.min(largest, Math.max(LEAST, wished));
    let placed = [];
    for (;;) {
      placed = set(points, side, frame, boxes, area);
      if (side <= LEAST || placed.length >= PLACED * Math.min(MOST, points.length)) break;
      side = Math.max(LEAST, side * SMALLER);
    }
    placed.forEach((item) => grow(item, placed, largest, frame, boxes, crowd));
    return placed;
  };

  function set(points, side, frame, boxes, area) {
    const most = Math.min(MOST, points.length * side * side > COVER * area * 1.1 ? (CROWD * area) / (side * side) : MOST);
    const placed = [];
    const free = (item) => placed.every((other) => apart(item, other)) && boxes.every((box) => clear(item, box));
    for (const point of points) {
      if (placed.length >= most && !point.must) break;
      const found = places(point, side, frame).find(free);
      if (found) placed.push(Object.assign({}, point, found, { off: [found.x - point.x, found.y - point.y] }));
    }
    return placed;
  }

  // Where a picture may stand: on its point, as far as it is in sight there, or around it.
  function places({ x, y, must }, side, frame) {
    const on = (size) => Object.assign({ side: size }, within({ x: x, y: y, side: size }, frame));
    const found = [on(side)];
    if (!must) return found;
    const small = Math.min(side, SMALL);
    found.push(on(small));
    (must === "somewhere" ? FARTHER : FAR).forEach((far) => {
      const around = Math.max(AROUND, Math.round(6 * far)); // about a side from one to the next
      for (let i = 0; i < around; i++) {
        const angle = (2 * Math.PI * i) / around;
        found.push({ x: x + far * small * Math.cos(angle), y: y + far * small * Math.sin(angle), side: small });
      }
    });
    const kept = (item) => Math.abs(within(item, frame).x - item.x) + Math.abs(within(item, frame).y - item.y) < 1;
    return found.filter(kept);
  }

  function grow(item, placed, largest, frame, boxes, crowd) {
    const most = crowd(item) + COVERED;
    for (const by of GROWN) {
      const wanted = { x: item.x, y: item.y, side: Math.round(Math.min(largest, by * item.side)) };
      if (wanted.side <= item.side) continue;
      Object.assign(wanted, within(wanted, frame));
      const free = placed.every((other) => other === item || apart(wanted, other));
      if (!free || crowd(wanted) > most || !boxes.every((box) => clear(wanted, box))) continue;
      const [dx, dy] = [wanted.x - item.x, wanted.y - item.y];
      Object.assign(item, wanted, { off: [item.off[0] + dx, item.off[1] + dy] });
      return;
    }
    item.side = Math.round(item.side);
  }
})((window.likeness.map = window.likeness.map || {}));
