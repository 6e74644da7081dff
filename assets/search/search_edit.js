/* Crop, turn and mirror of the picture on the stage of the Search page.

   The stage always shows the whole picture, as turned and mirrored, with the crop as a
   rectangle that stays adjustable. A library image is edited at the server, by the numbers
   in its entry; an upload is drawn anew here and sent again, so that the server need not
   keep it. Numbers are thousandths of the seen picture, as in dashboard/uploads/edit.py. */
(function () {
  "use strict";
  const WHOLE = 1000;
  const SMALLEST = 20; // as the server has it
  const SENT_SIDE = 1024; // px: twice what the extractors look at
  const PAUSE = 250; // ms after the last arrow key: one held down is one search
  const CORNERS = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
  const { search, on } = window.likeness;
  let cropping = false; // the tool is chosen: also a finger draws
  let drag = null;
  let nudged = 0; // the timer of the arrow keys

  const stage = () => document.querySelector("#search-query .stage");
  const rect = () => document.querySelector("#search-query .crop");
  const drawn = (place) => JSON.parse(place.dataset.edit);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  // What is on the stage, edited as it is by now: what the server drew may be an edit behind.
  const current = () => (stage() && search.state.board[search.at(stage())]) || null;

  // Fit the picture into its place, turned as it is.
  function fit() {
    const place = stage();
    const picture = place && place.querySelector("img");
    if (!picture) return;
    const edit = current() || drawn(place);
    if (!drag) draw(edit.crop); // before the picture is there: the keyboard's place is on it
    if (!picture.naturalWidth) return;
    const lies = edit.turn % 180 !== 0;
    const width = lies ? picture.naturalHeight : picture.naturalWidth;
    const height = lies ? picture.naturalWidth : picture.naturalHeight;
    place.classList.toggle("cropping", cropping); // which may give it more room
    const room = place.parentElement;
    const scale = Math.min(room.clientWidth / width, room.clientHeight / height);
    place.style.width = width * scale + "px";
    place.style.height = height * scale + "px";
    picture.style.width = (lies ? height : width) * scale + "px";
    picture.style.height = (lies ? width : height) * scale + "px";
    const mirror = edit.mirror ? "scaleX(-1) " : "";
    picture.style.transform = "translate(-50%, -50%) " + mirror + "rotate(" + edit.turn + "deg)";
    place.classList.add("fitted");
    const tool = document.querySelector("#search-query [data-does=crop]");
    if (tool) tool.setAttribute("aria-pressed", String(cropping));
  }

  function draw(crop) {
    const place = stage();
    let shown = rect();
    if (!crop) return shown && shown.remove();
    if (!shown) {
      shown = document.createElement("div");
      shown.className = "crop";
      const body = document.createElement("button");
      body.type = "button";
      body.className = "crop-body";
      body.setAttribute("aria-label", "Crop: arrow keys move it, with Shift they size it");
      shown.append(body, ...CORNERS.map((corner) => {
        const handle = document.createElement("span");
        handle.className = "crop-handle crop-" + corner;
        handle.dataset.corner = corner;
        return handle;
      }));
      place.append(shown);
    }
    const percent = (value) => value / (WHOLE / 100) + "%";
    Object.assign(shown.style, {
      left: percent(crop[0]), top: percent(crop[1]), width: percent(crop[2]), height: percent(crop[3]),
    });
  }

  // Keep an edit of the picture on the stage; the search follows, at once or after a pause.
  function commit(change, pause) {
    const one = current();
    const edited = Object.assign({}, one, change);
    if (edited.crop && edited.crop[2] >= WHOLE && edited.crop[3] >= WHOLE) edited.crop = null;
    edited.token = search.tokenOf(edited);
    if (!one || edited.token === one.token) return;
    const board = search.state.board.map((other) => (other === one ? edited : other));
    clearTimeout(nudged);
    if (pause) {
      search.state.board = board;
      nudged = setTimeout(() => search.state.board === board && search.setBoard(board), pause);
    } else {
      search.setBoard(board);
    }
    fit();
  }

  Object.assign(search.doing, {
    crop: function () {
      cropping = !cropping;
      if (cropping && current() && !current().crop) commit({ crop: [100, 100, 800, 800] });
      fit();
    },
    turn: function () {
      const { turn, mirror, crop } = current() || {};
      const [x, y, w, h] = crop || [];
      commit({
        turn: (turn + (mirror ? 270 : 90)) % 360, // what is mirrored turns the other way underneath
        crop: crop && [WHOLE - y - h, x, h, w],
      });
    },
    mirror: function () {
      const { mirror, crop } = current() || {};
      commit({ mirror: !mirror, crop: crop && [WHOLE - crop[0] - crop[2], crop[1], crop[2], crop[3]] });
    },
    reset: function () {
      cropping = false;
      commit({ turn: 0, mirror: false, crop: null });
    },
  });

  // Dragging.

  function point(event) {
    const box = stage().getBoundingClientRect();
    return [
      clamp(Math.round(((event.clientX - box.left) / box.width) * WHOLE), 0, WHOLE),
      clamp(Math.round(((event.clientY - box.top) / box.height) * WHOLE), 0, WHOLE),
    ];
  }

  // The crop while it is dragged from where it began to a point.
  function dragged(to) {
    const [x, y, w, h] = drag.crop;
    if (drag.kind === "move") {
      const left = clamp(x + to[0] - drag.from[0], 0, WHOLE - w);
      return [left, clamp(y + to[1] - drag.from[1], 0, WHOLE - h), w, h];
    }
    let [left, top, right, bottom] = [x, y, x + w, y + h];
    if (drag.kind.includes("w")) left = to[0];
    if (drag.kind.includes("e")) right = to[0];
    if (drag.kind.includes("n")) top = to[1];
    if (drag.kind.includes("s")) bottom = to[1];
    return [Math.min(left, right), Math.min(top, bottom), Math.abs(right - left), Math.abs(bottom - top)];
  }

  on("pointerdown", null, (event) => {
    const place = stage();
    if (!place || event.button !== 0 || !place.contains(event.target)) return;
    const from = point(event);
    const corner = event.target.dataset.corner;
    const { crop } = current() || {};
    if (corner && crop) drag = { kind: corner, crop: crop };
    else if (crop && event.target.closest(".crop")) drag = { kind: "move", crop: crop };
    else if (event.pointerType === "mouse" || cropping) drag = { kind: "se", crop: [from[0], from[1], 0, 0] };
    else return;
    drag.from = from;
    drag.now = null;
    if (event.target.className !== "crop-body") event.preventDefault();
    place.setPointerCapture(event.pointerId);
  });

  on("pointermove", null, (event) => {
    if (!drag || !stage() || !stage().clientWidth) return; // drawn anew, not yet fitted
    drag.now = dragged(point(event));
    draw(drag.now);
  });

  function end(event) {
    if (!drag) return;
    const made = event.type === "pointerup" ? drag.now : null;
    drag = null;
    if (made && made[2] >= SMALLEST && made[3] >= SMALLEST) commit({ crop: made });
    fit();
  }
  on("pointerup", null, end);
  on("pointercancel", null, end);

  on("keydown", null, (event) => {
    if (event.key === "Escape" && cropping && stage()) {
      cropping = false;
      fit();
    }
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (!step || !event.target.classList || !event.target.classList.contains("crop-body")) return;
    event.preventDefault();
    event.stopPropagation();
    const { crop } = current() || {};
    if (!crop) return;
    const [x, y, w, h] = crop;
    const [dx, dy] = step.map((one) => one * 20);
    commit({
      crop: event.shiftKey
        ? [x, y, clamp(w + dx, SMALLEST, WHOLE - x), clamp(h + dy, SMALLEST, WHOLE - y)]
        : [clamp(x + dx, 0, WHOLE - w), clamp(y + dy, 0, WHOLE - h), w, h],
    }, PAUSE);
  }, true);

  // An upload, drawn as edited and looked at anew; of several edits the last one counts.
  search.edited = async function (one, upload) {
    const { state } = search;
    if (state.drawing === one.token) return;
    state.drawing = one.token;
    let vectors = null;
    try {
      const blob = await render(one, upload).catch(() => {
        throw new Error("“" + upload.name + "” could not be edited in this browser.");
      });
      if (state.drawing !== one.token) return;
      vectors = (await search.sent(blob, upload.name)).vectors;
    } catch (error) {
      if (state.drawing === one.token && search.onPage()) search.note(error.message);
    }
    const kept = search.stored(one.key);
    if (vectors && kept) search.store(Object.assign(kept, { vectors: { ...kept.vectors, [one.token]: vectors } }));
    if (state.drawing !== one.token) return;
    state.drawing = null;
    if (vectors && search.onPage()) search.put("search-chosen", { data: state.board.slice() });
  };

  // The file itself where this page still has it and the browser reads it, else the preview.
  async function picture(one, upload) {
    const original = search.state.originals.get(one.key);
    if (original) {
      try {
        return await createImageBitmap(original);
      } catch (error) {
        search.state.originals.delete(one.key);
      }
    }
    const shown = new Image();
    shown.src = upload.src;
    await shown.decode();
    return shown;
  }

  async function render(one, upload) {
    const source = await picture(one, upload);
    const lies = one.turn % 180 !== 0;
    const wide = lies ? source.height : source.width;
    const high = lies ? source.width : source.height;
    const [x, y, w, h] = (one.crop || [0, 0, WHOLE, WHOLE]).map((value) => value / WHOLE);
    const scale = Math.min(1, SENT_SIDE / Math.max(w * wide, h * high));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(w * wide * scale));
    canvas.height = Math.max(1, Math.round(h * high * scale));
    const brush = canvas.getContext("2d");
    brush.fillStyle = "white"; // under transparency, as the server has it
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.scale(scale, scale);
    brush.translate((0.5 - x) * wide, (0.5 - y) * high);
    if (one.mirror) brush.scale(-1, 1);
    brush.rotate((one.turn * Math.PI) / 180);
    brush.drawImage(source, -source.width / 2, -source.height / 2);
    if (source.close) source.close(); // decoded it is many times the file
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
  }

  on("likeness:query", null, fit);
  on("load", ".stage", fit, true);
  window.addEventListener("resize", fit);
})();
