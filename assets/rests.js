/* A finger that rests on something: what the right button is to a mouse. */
(function () {
  "use strict";
  const { on } = window.likeness;
  const LONG = 500; // ms
  const STILL = 8; // px that a finger moves though it rests
  let timer = 0;
  let down = null; // {id, from: [x, y]} of the finger that is waited for
  let finger = false; // whether what was pressed last was pressed by one
  let rested = false; // whether the finger that is down has done what it rested for

  function stop() {
    clearTimeout(timer);
    down = null;
  }

  // work() is called when the finger of this pointerdown has rested; it is not when the finger moves, is lifted,
  // or another one joins it.
  window.likeness.rests = function (event, work) {
    stop();
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    down = { id: event.pointerId, from: [event.clientX, event.clientY] };
    timer = setTimeout(() => {
      down = null;
      rested = true;
      work();
    }, LONG);
  };

  // Where a browser has a click say it, too, not all do.
  window.likeness.byFinger = () => finger;

  on("pointerdown", null, (event) => {
    finger = event.pointerType === "touch";
    rested = false;
    if (down && event.pointerId !== down.id) stop();
  }, true);
  // Lifted, it presses nothing: neither what it rested on nor a menu that has come to be below it.
  on("touchend", null, (event) => rested && event.cancelable && event.preventDefault(), true);
  // A finger that rests asks for the menu: it does not drag the picture along.
  on("dragstart", null, (event) => finger && event.preventDefault(), true);
  on("pointermove", null, (event) => {
    if (!down || event.pointerId !== down.id) return;
    if (Math.hypot(event.clientX - down.from[0], event.clientY - down.from[1]) > STILL) stop();
  }, true);
  ["pointerup", "pointercancel"].forEach((type) => on(type, null, (event) => down && event.pointerId === down.id && stop(), true));
})();
