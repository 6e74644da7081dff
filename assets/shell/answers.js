/* Answers that come when the page that asked for them has gone. Ids are the same on two pages of a kind, so Dash
   would put them on the page that stands there now: the neighbors, or the tags, of the image before on that of the
   next. It drops by itself only what the next page has asked for anew, and that a moment later. Called for every
   callback on the server (`hooks` in dashboard/app.py). */
(function () {
  "use strict";
  const PAGE = "page.children";
  const standing = new WeakMap(); // what was asked → number of the page that stood there
  let page = 0;
  let next = null; // the page that was asked for last
  const out = new Map(); // output → what was asked for it last and has not come

  window.likeness.answers = {
    asked: function (payload) {
      standing.set(payload, page);
      out.set(payload.output, payload);
      if (payload.output === PAGE) next = payload;
    },

    // Emptied, an answer changes nothing.
    came: function (payload, answer) {
      if (out.get(payload.output) === payload) out.delete(payload.output);
      if (payload === next) page += 1;
      else if (standing.get(payload) !== page) Object.keys(answer || {}).forEach((part) => delete answer[part]);
    },

    // One could not be had; which one, the browser does not say.
    failed: () => out.clear(),

    // Whether an answer is on its way to a property, `id.children`.
    pending: (property) => Array.from(out.keys()).some((output) => output.includes(property)),
  };
})();
