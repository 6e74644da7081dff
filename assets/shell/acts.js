/* What a person does to the library's notes: one way to ask for it (dashboard/acts.py).

   A button with data-act does that act with its data-args; a form with data-act takes the
   text of its field as the argument named in data-field, an empty one only with data-empty. `likeness.act(name, args)` does the
   same from a script. What came of it is said, with a way back, and told to the page: by the
   stores `acted-KIND` of the kinds of notes that are others, and by the event likeness:acted. Ctrl+Z takes back one act after the other,
   Ctrl+Shift+Z does them again; the tab remembers them through reloads. */
(function () {
  "use strict";
  const { url, on } = window.likeness;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const SAID = 5000; // ms that a sentence stands, and one with a way back
  const BACK = 12000;
  const STEPS = "likeness-steps:" + url("/"); // another library's acts are others
  const KEPT = 50; // steps
  const LASTING = 4000; // characters that are sent on though the page is left: of those a browser has room for 64 KiB at once
  let clearing = 0;
  let changes = 0; // that pages were told of

  // Steps {act, args}, the latest last: what takes back, and what does again.
  const steps = (function () {
    try {
      return Object.assign({ undo: [], redo: [] }, JSON.parse(sessionStorage.getItem(STEPS)));
    } catch (error) {
      return { undo: [], redo: [] };
    }
  })();

  function remember(way, step) {
    if (step) steps[way] = steps[way].slice(1 - KEPT).concat([step]);
    try {
      sessionStorage.setItem(STEPS, JSON.stringify(steps));
    } catch (error) {
      return; // storage is full or forbidden: they end with this page
    }
  }

  // One line at the foot of the page; way: "undo" or "redo", step: what it then does; more: a link to what has come of it.
  function say(text, way, step, more) {
    const boxes = Array.from(document.querySelectorAll(".said"));
    const box = boxes.at(-1); // a viewer covers that of the page, and has one of its own
    if (!box) return;
    clearTimeout(clearing);
    boxes.forEach((one) => one.replaceChildren());
    const parts = text ? [document.createElement("span")] : [];
    if (text) parts[0].textContent = text;
    if (text && step) {
      const back = document.createElement("button");
      const called = way === "undo" ? "Undo" : "Redo";
      Object.assign(back, { type: "button", className: "card-link", textContent: called, title: KEYS[way] });
      back.addEventListener("click", () => go(way, step));
      parts.push(back);
    }
    if (text && more) parts.push(more);
    box.replaceChildren(...parts);
    if (text) clearing = setTimeout(() => say(""), step ? BACK : SAID);
  }

  // To the pictures that have been tagged or kept, where they are not what is looked at.
  function leads({ act: name, tag, collection }) {
    const set = { keep: { collection: collection }, tag: { tag: tag } }[name];
    const address = set && url(`/gallery?${new URLSearchParams(set)}`);
    if (!set || address === location.pathname + location.search) return null;
    return Object.assign(document.createElement("a"), { href: address, className: "card-link", textContent: "Show" });
  }

  const KEYS = { undo: "Ctrl+Z", redo: "Ctrl+Shift+Z" };
  let going = Promise.resolve(); // one step after the other

  // Take back or do again: a step, else the latest.
  function go(way, given) {
    say("");
    const take = async () => {
      const step = given || steps[way][steps[way].length - 1];
      if (!step) return say(way === "undo" ? "There is nothing to take back." : "There is nothing to do again.");
      steps[way] = steps[way].filter((one) => one !== step);
      const answer = await perform(step.act, step.args, way === "undo" ? "redo" : "undo");
      return answer.away && remember(way, step); // for when the server is there again
    };
    going = going.then(take, take);
    return going;
  }

  // What came of it; {error, away: whether the server is not there}, or {left} where one has to sign in first.
  async function ask(name, args) {
    const body = JSON.stringify({ act: name, args: args });
    try {
      const answer = await fetch(url("/act"), {
        method: "POST", headers: { "Content-Type": "application/json" }, body: body,
        keepalive: body.length < LASTING, // who leaves the page at once has done it all the same
      });
      if (answer.status === 401) window.likeness.signIn();
      if (answer.status === 401) return { left: true };
      const told = (answer.headers.get("Content-Type") || "").startsWith("application/json");
      return told ? await answer.json() : { error: await window.likeness.refusal(answer), away: answer.status > 501 };
    } catch (error) {
      return { error: window.likeness.refusal.GONE, away: true };
    }
  }

  // into: where the step goes that reverses it. anew: what was taken back would now be done to something else.
  async function perform(name, args, into, anew) {
    const answer = await ask(name, args);
    if (answer.left) return { error: "" };
    if (answer.error) {
      put("toast", { is_open: true, children: answer.error });
      return answer;
    }
    if (anew) steps.redo = [];
    remember(into, answer.undo);
    if (answer.said) say(answer.said, into, answer.undo, leads(answer));
    tell(answer);
    return answer;
  }

  function act(name, args) {
    return perform(name, args, "undo", true);
  }

  // Notes are others: by an act of this tab, or `elsewhere` (shell/changes.js).
  function tell(done) {
    done.changed.forEach((kind) => put(`acted-${kind}`, { data: ++changes }));
    document.dispatchEvent(new CustomEvent("likeness:acted", { detail: done }));
  }

  const TYPED = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, dialog:not(.viewer), .modal";

  on("keydown", null, (event) => {
    const { target } = event;
    if (event.defaultPrevented || event.altKey || !(event.ctrlKey || event.metaKey)) return;
    if (event.key.toLowerCase() !== "z" || (target.closest && target.closest(TYPED)) || target.isContentEditable) return;
    event.preventDefault();
    go(event.shiftKey ? "redo" : "undo");
  });

  on("click", "button[data-act]", ({ dataset }) => act(dataset.act, JSON.parse(dataset.args || "{}")));

  on("submit", "form[data-act]", async (form, event) => {
    event.preventDefault();
    const field = form.querySelector("input");
    const text = field.value;
    if (!text.trim() && !form.dataset.empty) return field.focus();
    const args = Object.assign(JSON.parse(form.dataset.args || "{}"), { [form.dataset.field]: text });
    const answer = await act(form.dataset.act, args);
    // What has been typed meanwhile stays.
    if (!answer.error && field.isConnected && field.value === text && !field.closest(".collection-form")) put(field.id, { value: "" });
  });

  // Whether who looks may do what takes a right: what cannot be done is not offered.
  function may(right) {
    const rights = document.querySelector("[data-rights]");
    return Boolean(rights) && rights.dataset.rights.split(" ").includes(right);
  }

  window.likeness.act = act;
  window.likeness.acted = tell;
  window.likeness.may = may;
  window.likeness.say = say;
})();
