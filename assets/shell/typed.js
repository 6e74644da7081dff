/* What is being written stays when a part of the page is drawn anew because of another tab: in a part of
   class keeps-typed, forms that are open stay open, and fields keep their text and the cursor. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const open = new Set(); // forms that are unfolded
  const texts = new Map(); // id of a field → its text
  let sent = null; // the form that is on its way
  let writing = null; // id of the field that has the cursor

  const keyOf = (form) => `${form.dataset.act} ${form.dataset.args}`;
  const formOf = (details) => details.querySelector("form[data-act]");

  function forget(form) {
    open.delete(keyOf(form));
    form.querySelectorAll("input").forEach((field) => texts.delete(field.id));
  }

  on("focusin", null, ({ target }) => { writing = target.closest && target.closest(".keeps-typed input") ? target.id : null; });
  on("pointerdown", null, ({ target }) => { if (target.id !== writing) writing = null; }, true);
  on("input", ".keeps-typed input", (field) => texts.set(field.id, field.value));
  on("toggle", ".keeps-typed details", (details) => {
    const form = formOf(details);
    if (details.open) open.add(keyOf(form));
    else if (details.isConnected) forget(form);
  }, true);
  on("submit", ".keeps-typed form[data-act]", (form) => { sent = form; }, true);
  on("likeness:acted", null, ({ detail }) => {
    if (!sent || detail.act !== sent.dataset.act) return;
    forget(sent);
    sent = null;
  });

  // A part has been drawn anew.
  function drawn() {
    document.querySelectorAll(".keeps-typed details").forEach((details) => {
      if (open.has(keyOf(formOf(details)))) details.open = true;
    });
    document.querySelectorAll(".keeps-typed input").forEach((field) => {
      if (texts.has(field.id) && field.value !== texts.get(field.id)) {
        window.dash_clientside.set_props(field.id, { value: texts.get(field.id) });
      }
    });
    const field = writing && document.activeElement === document.body && document.getElementById(writing);
    if (field) field.focus({ preventScroll: true });
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { typed: { drawn: drawn } });
})();
