/* The Graph page in the browser: hovering, highlighting, zoom, and going on from an image. How it looks
   is look.js. The drawing is dash-cytoscape's; its Cytoscape object hangs on the element. */
(function () {
  "use strict";
  const TWICE = 250; // ms in which a second click makes it a double click; Cytoscape's own figure
  const REST = 180; // ms without a movement after which a slider stands still
  const LARGEST = 176; // px a picture is shown at most when everything fits
  const FEW = 16; // links whose figures can be read at once
  const LETTERS = 13; // px, of those figures
  const LEGIBLE_ZOOM = 0.3; // below, a figure would be wider than the picture
  const LEGIBLE = 112; // px from which a picture in the drawing needs no copy in the tip
  const TRIP = 360; // ms of a movement
  const MOVED_TO = 120; // images; more at once do not move smoothly
  const byId = (id) => document.getElementById(id);
  const none = () => window.dash_clientside.no_update;
  // A timer may end after the page has been left.
  const put = (id, props) => byId("graph-stage") && window.dash_clientside.set_props(id, props);
  const { url, on } = window.likeness;
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const hidden = new Set(); // communities switched off, of the graph that is shown
  let trip = 0; // number of the latest movement; an older one ends
  let waiting = 0; // timer of a click that may become a double click
  let sliding = 0; // timer of a slider that may move on
  let arrived = 0; // number of the latest elements; a wait for older ones ends
  let places = {}; // image → where it stood on the stage, px, in the graph shown before

  const canvas = () => {
    const element = byId("graph-canvas");
    return (element && element._cyreg && element._cyreg.cy) || null;
  };

  // What is seen

  function fit(cy, still) {
    const shown = cy.nodes().not(".off");
    if (!shown.length) return;
    cy.resize();
    const narrow = cy.width() < 600;
    const box = { x1: Infinity, y1: Infinity, x2: -Infinity, y2: -Infinity };
    shown.forEach((node) => {
      const { w, h } = node.data();
      box.x1 = Math.min(box.x1, node.position("x") - w / 2);
      box.x2 = Math.max(box.x2, node.position("x") + w / 2);
      box.y1 = Math.min(box.y1, node.position("y") - h / 2);
      box.y2 = Math.max(box.y2, node.position("y") + h / 2);
    });
    const edge = narrow ? 12 : 32;
    const note = document.getElementById("graph-note");
    const below = Math.max(narrow ? 56 : 48, note ? note.offsetHeight + 16 : 0); // what the buttons and the note take
    const free = { x: cy.width() - 2 * edge, y: cy.height() - edge - below };
    const zoom = Math.min(free.x / (box.x2 - box.x1), free.y / (box.y2 - box.y1), LARGEST / 100);
    const pan = {
      x: cy.width() / 2 - (zoom * (box.x1 + box.x2)) / 2,
      y: edge + free.y / 2 - (zoom * (box.y1 + box.y2)) / 2,
    };
    if (still || calm()) cy.viewport({ zoom: zoom, pan: pan });
    else cy.stop().animate({ zoom: zoom, pan: pan }, { duration: 240, easing: "ease-out-cubic" });
  }

  function zoomBy(cy, factor) {
    const middle = { x: cy.width() / 2, y: cy.height() / 2 };
    cy.stop().animate({ zoom: { level: cy.zoom() * factor, renderedPosition: middle } }, { duration: 160 });
  }

  function light(cy, node) {
    cy.batch(() => {
      cy.elements().removeClass("dim lit told");
      if (!node) return;
      const edges = node.connectedEdges();
      cy.elements().not(edges).not(edges.connectedNodes()).not(node).addClass("dim");
      edges.addClass("lit");
      // How similar each linked image is stands on it, the same size at any zoom.
      const letters = LETTERS / cy.zoom();
      if (edges.length <= FEW && cy.zoom() > LEGIBLE_ZOOM) edges.forEach((edge) => {
        const other = edge.connectedNodes().not(node);
        other.data({ told: edge.data("text"), letters: letters, lift: -1.2 * letters }).addClass("told");
      });
      node.addClass("lit");
    });
  }

  function tell(cy, node) {
    const tip = byId("graph-tip");
    if (!tip) return; // the page has been left
    tip.replaceChildren();
    tip.classList.toggle("is-shown", Boolean(node));
    if (!node) return;
    const line = (text, kind) => {
      const part = document.createElement("span");
      part.textContent = text;
      part.className = kind;
      tip.append(part);
    };
    if (node.renderedHeight() < LEGIBLE) {
      const picture = document.createElement("img");
      picture.src = node.data("src");
      picture.alt = "";
      tip.append(picture);
    }
    line(node.data("name"), "graph-tip-name");
    const similarity = node.data("similarity");
    const links = node.degree() + (node.degree() === 1 ? " link" : " links");
    if (node.hasClass("center")) line("The center · " + links, "soft");
    else if (typeof similarity === "number") {
      line("Similarity to the center " + similarity.toFixed(2), "");
      line(links, "soft");
    } else line(links, "soft");
    const spot = window.likeness.graphLook.beside(cy, node, tip.offsetWidth, tip.offsetHeight);
    tip.style.transform = "translate(" + Math.round(spot.x) + "px," + Math.round(spot.y) + "px)";
  }

  // Node under the pointer or the focus; id null for none.
  function point(id) {
    const cy = canvas();
    if (!cy) return;
    const node = id === null ? null : cy.getElementById(String(id));
    const seen = node && node.length && !node.hasClass("off") ? node : null;
    light(cy, seen);
    tell(cy, seen);
    document.querySelectorAll(".graph-node.is-lit").forEach((one) => one.classList.remove("is-lit"));
    const button = seen && document.querySelector('.graph-node[data-image="' + seen.id() + '"]');
    if (button) button.classList.add("is-lit");
  }

  // Going on

  const center = (id) => {
    const cy = canvas();
    window.clearTimeout(waiting);
    places = {};
    if (!cy) return; // the page was left before the click was a single one
    cy.nodes().forEach((node) => (places[node.id()] = Object.assign({}, node.renderedPosition())));
    point(null);
    byId("graph-side").scrollTop = 0;
    byId("graph-stage").scrollIntoView({ block: "nearest" }); // on a phone the list is below it
    put("graph-start", { data: { image: Number(id) } });
  };
  const search = (id) => {
    window.clearTimeout(waiting);
    window.likeness.visit("/search", "?image=" + Number(id));
  };

  // Images that were shown before go from where they stood to where they stand now.
  function travel(cy) {
    const mine = ++trip;
    const known = cy.nodes().filter((node) => Boolean(places[node.id()]));
    const moves = known.map((node) => {
      const to = Object.assign({}, node.position());
      const at = places[node.id()];
      const from = { x: (at.x - cy.pan().x) / cy.zoom(), y: (at.y - cy.pan().y) / cy.zoom() };
      return { node: node, from: from, to: to };
    });
    places = {};
    if (calm() || cy.nodes().length > MOVED_TO || !moves.length) return busy(false);
    const started = performance.now();
    const step = () => {
      if (mine !== trip || canvas() !== cy) return;
      const share = Math.min(1, (performance.now() - started) / TRIP);
      const rest = Math.pow(1 - share, 3);
      cy.batch(() => moves.forEach(({ node, from, to }) => {
        node.position({ x: to.x + (from.x - to.x) * rest, y: to.y + (from.y - to.y) * rest });
      }));
      if (share < 1) requestAnimationFrame(step);
      else busy(false);
    };
    step();
  }

  // Whether the drawing is yet to come, or something in it still moves.
  const busy = (is) => byId("graph-drawing") && byId("graph-drawing").setAttribute("aria-busy", String(is));

  // A canvas says by events what happens to it; each page of the history has a new one.
  function listen(cy) {
    if (cy.scratch("_likeness")) return;
    cy.scratch("_likeness", true);
    cy.on("mouseover", "node", (event) => {
      point(event.target.id());
      cy.container().style.cursor = "pointer";
    });
    cy.on("mouseout", "node", () => {
      point(null);
      cy.container().style.cursor = "";
    });
    cy.on("taphold", "node", (event) => point(event.target.id()));
    window.likeness.graphMenu(cy);
    cy.on("onetap", "node", (event) => {
      if (!event.target.hasClass("center") && !window.likeness.gallery.menuPressed()) center(event.target.id());
    });
    cy.on("dbltap", "node", (event) => search(event.target.id()));
    cy.on("dbltap", (event) => event.target === cy && fit(cy));
    cy.on("tapstart", (event) => event.target === cy && point(null));
    cy.on("zoom pan", () => tell(cy, null));
    new ResizeObserver(() => canvas() === cy && fit(cy, true)).observe(cy.container());
  }

  on("click", ".graph-page button", (part, event) => {
    const cy = canvas();
    if (!cy) return;
    const data = part.dataset;
    if (data.view === "fit") fit(cy);
    else if (data.view) zoomBy(cy, data.view === "in" ? 1.5 : 1 / 1.5);
    else if (data.community) toggle(cy, part);
    else if (data.keep) {
      window.likeness.gallery.perform("keep", data.keep.split(",").map(Number), { at: part, suggested: data.called });
    }
    else if (data.image && event.detail < 2) {
      window.clearTimeout(waiting);
      // From the keyboard (detail 0) there is no second click to wait for.
      if (event.detail === 0) center(data.image);
      else waiting = window.setTimeout(center, TWICE, data.image);
    }
  });
  on("dblclick", ".graph-node", (part) => search(part.dataset.image));
  ["mouseover", "focusin"].forEach((type) => on(type, ".graph-node", (part) => point(part.dataset.image)));
  ["mouseout", "focusout"].forEach((type) => on(type, ".graph-node", () => point(null)));
  on("keydown", null, (event) => event.key === "Escape" && byId("graph-tip") && point(null));
  function toggle(cy, part) {
    const number = Number(part.dataset.community);
    const off = !hidden.has(number);
    hidden[off ? "add" : "delete"](number);
    part.setAttribute("aria-pressed", String(!off));
    part.parentElement.classList.toggle("is-off", off);
    const members = cy.nodes("[community = " + number + "]");
    cy.batch(() => (off ? members.addClass("off") : members.removeClass("off")));
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    graph: {
      // Width to height of the stage, in steps so that a scroll bar does not move the images.
      shape: function () {
        const stage = byId("graph-stage");
        const shape = stage ? stage.clientWidth / Math.max(1, stage.clientHeight) : 1.4;
        return Math.min(2, Math.max(0.6, Math.round(shape * 5) / 5));
      },

      paint: () => window.likeness.graphLook.style(),

      // New elements have come: show them whole, and say in words what is drawn. It hangs on
      // the facts, since Cytoscape writes its positions into the elements, which then look new.
      arrive: function (facts, elements) {
        const drawn = (elements || []).filter((one) => one.position);
        const spots = drawn.map(({ data, position: { x, y } }) => ({ id: data.id, x: x, y: y }));
        hidden.clear();
        const mine = ++arrived;
        busy(true);
        const ready = (tries) => {
          if (mine !== arrived || !byId("graph-drawing")) return;
          const cy = canvas();
          const there = (one) => cy.getElementById(one.data.id).nonempty();
          if (!cy || cy.elements().length !== (elements || []).length || !elements.every(there)) {
            if (tries) window.setTimeout(ready, 20, tries - 1);
            return;
          }
          listen(cy);
          cy.elements().removeClass("off dim lit told");
          cy.nodes().panify();
          trip++; // who is on the way somewhere else would end there
          cy.batch(() => spots.forEach(({ id, x, y }) => cy.getElementById(id).position({ x: x, y: y })));
          fit(cy, true);
          travel(cy);
        };
        ready(1500);
        const view = (facts && facts.view) || none();
        if (!facts || !facts.count) return ["No graph", view];
        const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
        const of = `${facts.center === null ? "within" : "around"} ${facts.title}`;
        const words = `Graph of ${counted(facts.count, "image")} ${of} with ${counted(facts.links, "link")}`;
        return [`${words}; the list beside it holds the same images`, view];
      },

      // The slider goes over the similarities that there are; what is left out now stays within.
      span: function (facts) {
        if (!facts || !facts.span) return [none(), none()];
        return [facts.span[0], Math.max(facts.span[1], facts.least)];
      },

      // The figures follow the sliders; the graph does once they have come to rest. At its lower end
      // the slider leaves nothing out.
      slide: function (k, least, from, links) {
        const all = Number(least) <= from;
        // A range that has grown upwards takes the slider's end along; what was asked for stays.
        const same = all && links && links.least <= from;
        const asked = { k: Number(k), least: same ? links.least : all ? 0 : Number(least) };
        window.clearTimeout(sliding);
        if (!links || asked.k !== links.k || asked.least !== links.least) {
          sliding = window.setTimeout(put, REST, "graph-links", { data: asked });
        }
        return [String(asked.k), all ? "all" : asked.least.toFixed(2)];
      },
    },
  });
})();
