/* Why the server refused, as a sentence to be shown. */
(function () {
  "use strict";
  // Its own words are plain text; anything else (the page of an error, a proxy's) is not for people.
  window.likeness.refusal = (answer) => ((answer.headers.get("Content-Type") || "").startsWith("text/plain")
    ? answer.text() : Promise.resolve("Something went wrong inside Likeness; its log says what."));
})();
