/* A picture of one's own on the Compare page: chosen, dropped or pasted. The server looks at it and forgets it;
   what it says stays in this tab, as on the Search page (assets/search/search_files.js). */
(function () {
  "use strict";
  const { on } = window.likeness;
  const search = () => window.likeness.search; // loaded later
  const page = () => document.querySelector("#page .compare");

  async function give(file) {
    const refused = search().refusal(file);
    if (refused) return window.likeness.say(refused);
    window.likeness.say("Looking at the picture …");
    try {
      const said = await search().sent(file, file.name || "Pasted image");
      search().received(said);
      window.likeness.say("");
      if (page()) window.likeness.visit("/compare", `?upload=${said.key}`);
    } catch (error) {
      window.likeness.say(error.message);
    }
  }

  const first = (files) => Array.from(files || []).slice(0, 1).forEach(give);

  on("paste", null, (event) => page() && event.clipboardData && first(event.clipboardData.files));
  on("dragover", null, (event) => page() && event.preventDefault());
  on("drop", null, (event) => {
    if (!page() || !event.dataTransfer || !event.dataTransfer.files.length) return;
    event.preventDefault();
    first(event.dataTransfer.files);
  });

  // The field of files, which Dash has none of: it comes when the label is used first.
  function field() {
    document.querySelectorAll("#page .compare-file:empty").forEach((place) => {
      const made = search().fileField();
      made.multiple = false;
      made.addEventListener("change", () => {
        first(made.files);
        made.value = "";
      });
      place.append(made);
    });
  }
  ["pointerover", "focusin", "pointerdown"].forEach((type) => on(type, ".compare", field, true));

  // The pictures of uploads, which the server does not have; and the fields.
  function dress() {
    field();
    document.querySelectorAll("#page .compare img[data-upload]").forEach((picture) => {
      const upload = search().stored(picture.dataset.upload);
      if (upload) picture.src = upload.src;
    });
  }

  // What the server is asked: the picture's vectors.
  function given(upload) {
    const stored = upload && search().stored(upload.key);
    return { name: stored ? stored.name : null, uploads: (stored && stored.vectors) || {} };
  }

  window.likeness.compare = { dress: dress };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    compareGiven: { given: given },
  });
})();
