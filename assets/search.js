/* The Search page in the browser: choosing a picture, presets, paste, drop anywhere. */
(function () {
  "use strict";
  const LARGEST = 25 * 2 ** 20; // as the drop zone and the server have it
  const none = () => window.dash_clientside.no_update;
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const clicked = () => {
    const context = window.dash_clientside.callback_context;
    const first = context.triggered[0];
    return first && first.value ? context.triggered_id : null;
  };

  function note(text) {
    const part = (type, props) => ({ type: type, namespace: "dash_html_components", props: props });
    put("search-note", {
      children: text && part("Div", { className: "error-note", role: "alert", children: text }),
    });
  }

  // What the zone would pass over without a word is told here.
  function refused(file) {
    const picture = file.type.startsWith("image/") || /\.(tiff?|avif)$/i.test(file.name);
    if (!picture) note("“" + file.name + "” is not an image.");
    else if (file.size > LARGEST) note("“" + file.name + "” is larger than 25 MB.");
    return !picture || file.size > LARGEST;
  }

  function offer(file) {
    if (!file || refused(file)) return;
    const reader = new FileReader();
    reader.onload = () => put("search-file", { filename: file.name || "Pasted image", contents: reader.result });
    reader.readAsDataURL(file);
  }

  const onPage = () => document.getElementById("search-file");
  const inZone = (event) => event.target.closest && event.target.closest("#search-file");

  document.addEventListener("paste", (event) => {
    if (!onPage() || !event.clipboardData) return;
    offer(Array.from(event.clipboardData.files).find((file) => file.type.startsWith("image/")));
  });

  // An image dropped beside the zone would otherwise replace the page.
  document.addEventListener("dragover", (event) => onPage() && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!onPage()) return;
    const file = event.dataTransfer && event.dataTransfer.files[0];
    if (file && inZone(event)) refused(file); // the zone takes the others itself
    else if (file) offer(file);
    event.preventDefault();
  }, true);
  document.addEventListener("change", (event) => {
    const file = event.target.files && event.target.files[0];
    if (file && inZone(event)) refused(file);
  }, true);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    search: {
      choose: function () {
        const id = clicked();
        if (!id) return none();
        note(null);
        window.scrollTo({ top: 0 });
        return { image: id.image };
      },

      clear: function () {
        if (!clicked()) return none();
        note(null);
        return null;
      },

      preset: function (clicks, ids) {
        const id = clicked();
        if (!id) return ids.map(none);
        return ids.map((one) => (id.name === "all" || id.name === one.embedding ? 1 : 0));
      },

      // Which preset the sliders stand at, if any (all alike, or one alone), and their figures.
      pressed: function (values, ids, presets) {
        const weights = values.map(Number);
        const raised = ids.filter((id, at) => weights[at] > 0);
        const alike = raised.length === ids.length && weights.every((one) => one === weights[0]);
        return [
          presets.map((preset) => {
            const alone = raised.length === 1 && raised[0].embedding === preset.name;
            return String(preset.name === "all" ? alike : alone);
          }),
          weights.map((one) => one.toFixed(2)),
        ];
      },
    },
  });
})();
