/* The point at a place of the stage. Pure. */
(function (map) {
  "use strict";
  const REACH = 16; // px

  // The nearest row of a flat map within reach of a place in its units, or null. hides(row): whether
  // it is not to be seen. A fraction of a millisecond for 100,000 points.
  map.nearest = function (data, x, y, scale, hides) {
    const reach = REACH * scale;
    let best = null;
    let least = reach * reach;
    for (let row = 0; row < data.x.length; row++) {
      const dx = data.x[row] - x;
      if (dx > reach || dx < -reach) continue;
      const dy = data.y[row] - y;
      const apart = dx * dx + dy * dy;
      if (apart < least && !hides(row)) [best, least] = [row, apart];
    }
    return best;
  };

  // In space, at px of the stage: of the points that cover the place the foremost, else the nearest.
  map.foremost = function (data, made, width, height, x, y, hides) {
    let [best, least, front] = [null, REACH * REACH, Infinity];
    for (let row = 0; row < data.x.length; row++) {
      const at = map.space.pixel(made, width, height, data.x[row], data.y[row], data.z[row]);
      const apart = (at.x - x) * (at.x - x) + (at.y - y) * (at.y - y);
      if (apart > REACH * REACH || at.w <= 0) continue;
      const radius = Math.max(2, (data.size / 2) * Math.min(4, made.away / at.w));
      const covers = apart <= radius * radius;
      if (covers ? at.w >= front : front < Infinity || apart >= least) continue;
      if (hides(row)) continue;
      best = row;
      if (covers) front = at.w;
      else least = apart;
    }
    return best;
  };
})((window.likeness.map = window.likeness.map || {}));
