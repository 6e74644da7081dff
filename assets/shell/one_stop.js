/* Long lists take one stop of the Tab key: the controls of one entry, the one that had the focus
   last. Arrows up and down, Home and End lead to the same control of other entries, those to the
   sides to others of this one.

     likeness.oneStop(list, ".entry", arrows)   after the list has been drawn; arrows: whether they
                                                are minded here, and not elsewhere */
(function () {
  "use strict";
  const CONTROLS = "a[href], button, input, select";
  const lists = new WeakMap(); // list → {entry, arrows, current}
  const entries = (list) => Array.from(list.querySelectorAll(lists.get(list).entry));
  const controls = (entry) => (entry.matches(CONTROLS) ? [entry] : Array.from(entry.querySelectorAll(CONTROLS)));

  function mark(list) {
    const mine = lists.get(list);
    const all = entries(list);
    const current = all.includes(mine.current) ? mine.current : all[0];
    all.forEach((entry) => controls(entry).forEach((one) => { one.tabIndex = entry === current ? 0 : -1; }));
    mine.current = current;
  }

  function listOf(target) {
    let at = target.parentElement;
    while (at && !lists.has(at)) at = at.parentElement;
    return at;
  }

  function entered(event) {
    const list = event.target.closest && listOf(event.target);
    if (!list) return;
    const entry = event.target.closest(lists.get(list).entry);
    if (!entry || entry === lists.get(list).current) return;
    lists.get(list).current = entry;
    mark(list);
  }

  function walk(event) {
    const list = event.target.closest && listOf(event.target);
    if (!list || !lists.get(list).arrows || event.target.matches("input, select")) return;
    const all = entries(list).filter((entry) => entry.getClientRects().length);
    const at = all.indexOf(event.target.closest(lists.get(list).entry));
    if (at < 0) return;
    const mine = controls(all[at]);
    const along = { ArrowRight: 1, ArrowLeft: -1 }[event.key] || 0;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key] || (mine.length === 1 ? along : 0);
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : step ? at + step : at;
    const number = mine.indexOf(event.target) + (mine.length > 1 ? along : 0);
    const next = all[to] && (controls(all[to])[number] || (to !== at && controls(all[to])[0]));
    if (!next || next === event.target) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
  }

  window.likeness.on("focusin", null, entered);
  window.likeness.on("keydown", null, walk, true);
  window.likeness.oneStop = function (list, entry, arrows) {
    lists.set(list, { entry: entry, arrows: arrows, current: (lists.get(list) || {}).current });
    mark(list);
  };
})();
