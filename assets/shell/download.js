/* A file to take along, without leaving the page.

   likeness.download(path, values) asks the server first whether it can be had: what cannot is
   told in the toast, and the page stays as it is. Then a form fetches it into a frame that
   nobody sees, so that the browser saves what comes while it comes, however much it is. */
(function () {
  "use strict";
  const FRAME = "likeness-download";

  function tell(text) {
    window.dash_clientside.set_props("toast", { is_open: true, children: text });
  }

  function frame() {
    let found = document.getElementsByName(FRAME)[0];
    if (!found) {
      found = document.createElement("iframe");
      found.name = FRAME;
      found.hidden = true;
      document.body.append(found);
    }
    return found;
  }

  function fetchInto(target, address, values) {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: address, target: target.name, hidden: true });
    values.forEach(([name, value]) => {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: name, value: value });
      form.append(field);
    });
    document.body.append(form);
    form.submit();
    form.remove();
  }

  window.likeness.download = async function (path, values) {
    const given = Object.entries(values).filter(([, value]) => value);
    const address = window.likeness.url(path);
    try {
      const answer = await fetch(address, { method: "POST", body: new URLSearchParams([...given, ["check", "1"]]) });
      if (!answer.ok) return tell((await window.likeness.refusal(answer)).slice(0, 300) || "The file cannot be had.");
      fetchInto(frame(), address, given);
    } catch (error) {
      tell("The server does not answer; nothing was saved.");
    }
    return undefined;
  };
})();
