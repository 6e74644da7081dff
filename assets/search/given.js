/* A question about a search that stands in the address, for pages that tell more of it: with what this tab
   has of the pictures from outside, which the server does not keep. */
(function () {
  "use strict";
  const { url } = window.likeness;

  // What this tab has of the uploads on a board.
  function given(board) {
    const sent = { uploads: {}, names: {}, pictures: {}, keywords: {} };
    board.filter((one) => one.kind === "upload").forEach((one) => {
      const upload = window.likeness.search.stored(one.key);
      if (!upload) return;
      sent.names[one.key] = upload.name;
      sent.pictures[one.key] = upload.src;
      sent.keywords[one.key] = upload.keywords;
      if (upload.vectors[one.token]) sent.uploads[one.token] = upload.vectors[one.token];
    });
    return sent;
  }

  // What a route says of the search in the address; {error: sentence} where it cannot, null where nobody waits any more.
  async function ask(path, board, signal) {
    try {
      const answer = await fetch(url(path + location.search), {
        method: "POST", body: JSON.stringify(given(board)), headers: { "Content-Type": "application/json" }, signal: signal,
      });
      return answer.ok ? await answer.json() : { error: await window.likeness.refusal(answer) };
    } catch (error) {
      return error.name === "AbortError" ? null : { error: "The server does not answer. Is Likeness still running?" };
    }
  }

  window.likeness.given = { ask: ask };
})();
