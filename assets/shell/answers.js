/* Answers that come when the page that asked for them has gone. Ids are the same on two pages of a kind, so Dash
   would put them on the page that stands there now: the neighbors, or the tags, of the image before on that of the
   next. It drops by itself only what the next page has asked for anew, and that a moment later. Called for every
   callback on the server (`hooks` in dashboard/app.py).

   It also drops an answer that is on its way when the same callback is asked again. A clock (dcc.Interval) would so
   never hear of a server that takes longer than from one tick to the next: it stands still until its answer is here. */
(function () {
  "use strict";
  const PAGE = "page.children";
  const TICK = /^(.+)\.n_intervals$/;
  const standing = new WeakMap(); // what was asked → number of the page that stood there
  let page = 0;
  let next = null; // the page that was asked for last
  const out = new Map(); // output → what was asked for it last and has not come
  const clocks = new Map(); // what was asked → id of the clock that asked it

  const stop = (clock, still) => window.dash_clientside.set_props(clock, { disabled: still });

  function hold(payload) {
    const [, clock] = TICK.exec((payload.changedPropIds || [])[0]) || [];
    if (!clock) return;
    clocks.set(payload, clock);
    stop(clock, true);
  }

  function release(payload) {
    if (clocks.has(payload)) stop(clocks.get(payload), false);
    clocks.delete(payload);
  }

  window.likeness.answers = {
    asked: function (payload) {
      standing.set(payload, page);
      out.set(payload.output, payload);
      if (payload.output === PAGE) next = payload;
      hold(payload);
    },

    // Emptied, an answer changes nothing.
    came: function (payload, answer) {
      if (out.get(payload.output) === payload) out.delete(payload.output);
      release(payload);
      if (payload === next) page += 1;
      else if (standing.get(payload) !== page) Object.keys(answer || {}).forEach((part) => delete answer[part]);
    },

    // One could not be had; which one, the browser does not say.
    failed: function () {
      out.clear();
      [...clocks.keys()].forEach(release);
    },

    // Whether an answer is on its way to a property, `id.children`, of a callback that always has one: where there
    // is nothing to say (204) Dash tells nobody that it came.
    pending: (property) => Array.from(out.keys()).some((output) => output.includes(property)),
  };
})();
