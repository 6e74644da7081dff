/* Where one was in a list, for when one comes back: by Back, Forward, a reload, or closing a picture.

   A place is {list, id, offset, count}: which list (its key), the first picture in sight and how far
   below the upper edge of the view it stood, and how many pictures there were. It is kept by address
   in this tab's storage, and only while the page at that address is the one that stands here. */
(function () {
  "use strict";
  const STORE = "likeness-places";
  const KEPT = 60; // addresses; the oldest go first
  const own = new Map(); // where storage is forbidden

  const address = () => location.pathname + location.search;
  const loaded = performance.getEntriesByType("navigation")[0];
  let returned = Boolean(loaded) && ["reload", "back_forward"].includes(loaded.type);
  let leaving = false; // the address is already that of the page to come

  function all() {
    try {
      return JSON.parse(sessionStorage.getItem(STORE)) || {};
    } catch (error) {
      return Object.fromEntries(own);
    }
  }

  // moving: the list is scrolled at this moment, and may not yet be what the address names.
  function remember(place, moving) {
    if (leaving) return;
    const places = all();
    const before = places[address()];
    if (moving && before && before.list !== place.list) return;
    delete places[address()]; // so that it is the latest
    places[address()] = place;
    Object.keys(places).slice(0, -KEPT).forEach((one) => delete places[one]);
    own.set(address(), place);
    try {
      sessionStorage.setItem(STORE, JSON.stringify(places));
    } catch (error) {
      return; // it is in `own`
    }
  }

  window.likeness.place = {
    remember: remember,

    // The place at this address, if one came back to it; null where one came by a link.
    recall: () => (returned ? all()[address()] || null : null),

    // A list stands here: from now on what is remembered is of this address.
    arrived: function () {
      leaving = false;
    },

    // The person goes on to another page; back: to one that stood here before.
    leave: function (back) {
      leaving = true;
      returned = Boolean(back);
    },
  };
  window.addEventListener("popstate", () => window.likeness.place.leave(true));
})();
