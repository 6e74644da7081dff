/* What a person does to the library's notes: one way to ask for it (dashboard/acts.py).

   A button with data-act does that act with its data-args; a form with data-act takes the
   text of its field as the argument named in data-field. `likeness.act(name, args)` does the
   same from a script. What came of it is said, with a way back, and told to the page: by the
   store `acted`, and by the event likeness:acted. */
(function () {
  "use strict";
  const { url, on } = window.likeness;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const SAID = 5000; // ms that a sentence stands, and one with a way back
  const BACK = 12000;
  let clearing = 0;

  // One line at the foot of the page; undo: {act, args}.
  function say(text, undo) {
    const box = document.getElementById("said");
    if (!box) return;
    clearTimeout(clearing);
    const parts = text ? [document.createElement("span")] : [];
    if (text) parts[0].textContent = text;
    if (text && undo) {
      const back = document.createElement("button");
      Object.assign(back, { type: "button", className: "card-link", textContent: "Undo" });
      back.addEventListener("click", () => {
        say("");
        act(undo.act, undo.args);
      });
      parts.push(back);
    }
    box.replaceChildren(...parts);
    if (text) clearing = setTimeout(() => say(""), undo ? BACK : SAID);
  }

  async function ask(name, args) {
    try {
      const answer = await fetch(url("/act"), {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ act: name, args: args }),
      });
      if (answer.status === 401) window.likeness.signIn();
      return answer.status === 401 ? { left: true } : await answer.json();
    } catch (error) {
      return { error: "The server does not answer. Is Likeness still running?" };
    }
  }

  async function act(name, args) {
    const answer = await ask(name, args);
    if (answer.left) return { error: "" };
    if (answer.error) {
      put("toast", { is_open: true, children: answer.error });
      return answer;
    }
    if (answer.said) say(answer.said, answer.undo);
    put("acted", { data: { act: name, changed: answer.changed, at: Date.now() } });
    document.dispatchEvent(new CustomEvent("likeness:acted", { detail: answer }));
    return answer;
  }

  on("click", "button[data-act]", ({ dataset }) => act(dataset.act, JSON.parse(dataset.args || "{}")));

  on("submit", "form[data-act]", async (form, event) => {
    event.preventDefault();
    const field = form.querySelector("input");
    const text = field.value;
    if (!text.trim()) return field.focus();
    const args = Object.assign(JSON.parse(form.dataset.args || "{}"), { [form.dataset.field]: text });
    const answer = await act(form.dataset.act, args);
    // What has been typed meanwhile stays.
    if (!answer.error && field.isConnected && field.value === text) put(field.id, { value: "" });
  });

  // Whether who looks may do what takes a right: what cannot be done is not offered.
  function may(right) {
    const rights = document.querySelector("[data-rights]");
    return Boolean(rights) && rights.dataset.rights.split(" ").includes(right);
  }

  window.likeness.act = act;
  window.likeness.may = may;
  window.likeness.say = say;
})();
