/* What is done elsewhere: in another tab, by somebody else, by a program. Every few seconds, and when
   the tab comes to the front, the server is asked how often each kind of notes has changed; what
   this tab has not done itself is told to the page like an act of its own (shell/acts.js). */
(function () {
  "use strict";
  const { url, on } = window.likeness;
  const EVERY = 3000; // ms
  let known = null; // kind → how often it has changed, as far as the page knows
  let asking = false;

  // Answers may come in another order than they were asked for.
  function note(now, kinds) {
    known = Object.assign({}, known || now);
    kinds.forEach((kind) => { known[kind] = Math.max(known[kind] || 0, now[kind] || 0); });
  }

  function learn(now) {
    const others = known ? Object.keys(now).filter((kind) => now[kind] > (known[kind] || 0)) : [];
    note(now, Object.keys(now));
    return others;
  }

  async function look() {
    if (document.hidden || asking) return;
    asking = true;
    try {
      const answer = await fetch(url("/changes"));
      const changed = answer.ok ? learn(await answer.json()) : [];
      if (changed.length) window.likeness.acted({ act: "elsewhere", changed: changed });
    } catch (error) {
      // The server is away; the next look may find it again.
    }
    asking = false;
  }

  // What this tab does itself is known with its answer.
  on("likeness:acted", null, ({ detail }) => {
    if (detail.now) note(detail.now, detail.changed);
  });

  on("visibilitychange", null, look);
  setInterval(look, EVERY);
  look();
})();
