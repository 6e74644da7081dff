/* Why the server refused, as a sentence to be shown. */
(function () {
  "use strict";
  const GONE = "The server does not answer. Is Likeness still running?";
  const TOLD = { 413: "That is more than the server takes at once.", 502: GONE, 503: GONE, 504: GONE };

  // Its own words are plain text; anything else (the page of an error, a proxy's) is not for people.
  window.likeness.refusal = (answer) => ((answer.headers.get("Content-Type") || "").startsWith("text/plain")
    ? answer.text() : Promise.resolve(TOLD[answer.status] || "Something went wrong inside Likeness; its log says what."));
  window.likeness.refusal.GONE = GONE;
})();
