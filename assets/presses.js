/* A click is a press and a release on one thing. Where an answer that has just come draws that thing anew in
   between, a browser knows of two and clicks neither: what then stands under the pointer is clicked, if it is the
   same in all that it says of itself. A finger needs none of this: its tap is of what stands there when it is lifted. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const CONTROL = "a[href], button, summary, label, [role=option], [role=menuitem]";
  let pressed = null; // {control, says}

  const controlOf = (element) => (element && element.closest ? element.closest(CONTROL) : null);

  // What a control says of itself, or is read in it where that is nothing; not whether it is pressed or chosen.
  function saying(control) {
    const own = [control.id, control.getAttribute("href") || "", control.getAttribute("aria-label") || "", JSON.stringify(control.dataset)];
    const words = own.every((text) => text === "" || text === "{}") ? control.textContent : "";
    return [control.tagName, ...own, words].join("\n");
  }

  on("pointerdown", null, (event) => {
    const control = event.button || event.pointerType === "touch" ? null : controlOf(event.target);
    pressed = control && { control: control, says: saying(control) };
  }, true);
  on("pointercancel", null, () => { pressed = null; }, true);

  on("pointerup", null, (event) => {
    const last = pressed;
    pressed = null;
    if (!last || last.control.isConnected) return;
    const control = controlOf(document.elementFromPoint(event.clientX, event.clientY));
    if (!control || saying(control) !== last.says) return;
    const { clientX, clientY, ctrlKey, shiftKey, altKey, metaKey } = event;
    const click = new MouseEvent("click", {
      bubbles: true, cancelable: true, composed: true, view: window, detail: 1,
      clientX: clientX, clientY: clientY, ctrlKey: ctrlKey, shiftKey: shiftKey, altKey: altKey, metaKey: metaKey,
    });
    setTimeout(() => control.isConnected && control.dispatchEvent(click)); // after what belongs to the release
  }, true);
})();
