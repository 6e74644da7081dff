/* The camera of the Search page: on from a click until the picture is taken, no longer. */
(function () {
  "use strict";
  const { search, on } = window.likeness;
  let stream = null;
  let waiting = false; // for the person to allow it

  const view = () => document.getElementById("search-camera-view");

  function stop() {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    const place = view();
    if (place) {
      place.replaceChildren();
      place.hidden = true;
    }
  }

  function button(text, primary, work) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = primary ? "button button-main" : "button";
    made.textContent = text;
    made.addEventListener("click", work);
    return made;
  }

  function take(video) {
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    stop();
    const offer = (blob) => blob && search.offer(new File([blob], "Camera.jpg", { type: blob.type }));
    canvas.toBlob(offer, "image/jpeg", 0.92);
  }

  async function start() {
    search.note(null);
    if (stream) return stop();
    if (waiting) return; // a second stream would never be stopped
    waiting = true;
    try {
      if (!navigator.mediaDevices) throw new Error("insecure");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch (error) {
      const reasons = {
        NotAllowedError: "The browser was not allowed to use the camera.",
        NotFoundError: "There is no camera.",
        insecure: "The browser gives the camera only to pages over https or on this machine.",
      };
      return search.note(reasons[error.message] || reasons[error.name] || "The camera could not be started.");
    } finally {
      waiting = false;
    }
    const place = view();
    if (!place) return stop(); // the page was left meanwhile
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.setAttribute("aria-label", "Camera");
    video.srcObject = stream;
    const shoot = button("Take the photo", true, () => take(video));
    shoot.disabled = true;
    video.addEventListener("playing", () => { shoot.disabled = false; });
    const row = document.createElement("div");
    row.className = "camera-actions";
    row.append(shoot, button("Cancel", false, stop));
    place.replaceChildren(video, row);
    place.hidden = false;
    video.play().catch(stop);
  }

  on("click", "#search-camera", start);
  on("keydown", null, (event) => event.key === "Escape" && stream && stop());
  window.addEventListener("pagehide", stop);
  // Leaving for another page of Likeness takes the view away without a word.
  const watcher = new MutationObserver(() => stream && !view() && stop());
  watcher.observe(document.body, { childList: true, subtree: true });
})();
