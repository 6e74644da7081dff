/* The thumbnail near the pointer, with a few words. */
(function (map) {
  "use strict";

  map.tip = function (engine) {
    const box = document.createElement("div");
    box.className = "map-tip";
    box.setAttribute("aria-hidden", "true");
    const picture = box.appendChild(document.createElement("img"));
    const words = box.appendChild(document.createElement("span"));
    picture.alt = "";
    engine.root.append(box);
    let shown = null; // id
    let pointer = null;

    // Beside the pointer, on the side where there is room; never under it.
    function place() {
      if (!pointer) return;
      const beside = (at, size, room) => (at + 18 + size > room - 8 ? Math.max(8, at - 18 - size) : at + 18);
      const x = beside(pointer[0], box.offsetWidth, innerWidth);
      const y = beside(pointer[1], box.offsetHeight, innerHeight);
      box.style.transform = `translate(${x}px, ${y}px)`;
    }

    picture.addEventListener("load", () => {
      picture.classList.remove("is-loading");
      place();
    });

    return {
      show: function (row, event) {
        const id = engine.data.ids[row];
        if (shown !== id) {
          shown = id;
          picture.classList.add("is-loading"); // else the last picture stands for this one
          picture.src = window.likeness.url(`/thumb/${id}`);
          words.textContent = engine.about(row);
        }
        box.classList.add("is-shown");
        pointer = [event.clientX, event.clientY];
        place();
      },

      hide: function () {
        box.classList.remove("is-shown");
        shown = null;
      },
    };
  };

  // A few words about a row: label, cluster, and what it is colored by.
  map.about = function (data, row, titles, coloring, code) {
    const label = data.facts.labels[data.label[row]];
    const number = data.cluster[row];
    const cluster = number < 0 ? "in no cluster" : (titles || [])[number] || `cluster ${number + 1}`;
    const word = coloring.by === "label" || code === undefined ? "" : map.word(coloring, code);
    return [label && label[0], cluster, word].filter(Boolean).join(" · ");
  };
})((window.likeness.map = window.likeness.map || {}));
