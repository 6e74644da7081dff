/* The entries of the board, in the browser: a registry by kind, as dashboard/pages/search/kinds.py is.

   An entry is {kind, key, minus, token, turn, mirror, crop}. A kind may say
     part(entry, uploads)   what the history shows of it, may be a promise: {name, image | src, upload}
     bring(entry, asked, uploads, edited)   puts what the server needs of it to what is asked;
                            true: that is yet to come, and the answer to it asks anew
   uploads(key) is what this tab holds of an upload, or null. */
(function () {
  "use strict";
  const PLAIN = { part: (one) => ({ name: one.key }), bring: () => false };
  const kinds = {};

  const suffix = (one) =>
    (one.turn ? "~" + one.turn : "") + (one.mirror ? "~m" : "") + (one.crop ? "~" + one.crop.join(".") : "");
  const kindOf = (one) => kinds[one.kind] || PLAIN;

  // name: as the server has it. What a kind does not say is as PLAIN has it.
  function register(name, kind) {
    kinds[name] = Object.assign({}, PLAIN, kind);
  }

  register("words", { part: (one) => ({ name: `“${one.key}”` }) });
  register("palette", { part: (one) => ({ src: band(one.key), name: "the colors " + colorsOf(one.key).map(([color]) => color).join(", ") }) });
  register("collection", {});
  register("selection", {
    part: (one) => {
      const ids = window.likeness.ids.unpack(one.key);
      return { image: ids[0], name: `the average of ${ids.length} images` };
    },
  });
  register("image", { part: (one) => ({ image: Number(one.key), name: "image " + one.key }) });
  register("upload", {
    part: async (one, uploads) => {
      const upload = uploads(one.key);
      const src = upload && (await tiny(upload).catch(() => null));
      return { src: src, upload: one.key, name: upload ? upload.name : "an image" };
    },
    bring: (one, asked, uploads, edited) => {
      const upload = uploads(one.key);
      if (!upload) return false; // the server says what is missing
      asked.names[one.key] = upload.name;
      if (upload.vectors[one.token]) asked.uploads[one.token] = upload.vectors[one.token];
      else edited(one, upload);
      return !upload.vectors[one.token];
    },
  });

  // A palette's key: c8452b.60_fdebc8.40.
  const colorsOf = (key) => key.split("_").map((part) => part.split(".")).map(([color, share]) => ["#" + color, Number(share)]);

  // Its colors side by side, as an address of data.
  function band(key) {
    const parts = colorsOf(key);
    const whole = parts.reduce((sum, [, share]) => sum + share, 0);
    let x = 0;
    const bars = parts.map(([color, share]) => {
      const bar = `<rect x="${(x / whole) * TINY}" width="${(share / whole) * TINY + 0.5}" height="${TINY}" fill="${color}"/>`;
      x += share;
      return bar;
    });
    return "data:image/svg+xml," + encodeURIComponent(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${TINY} ${TINY}">${bars.join("")}</svg>`);
  }

  const TINY = 48; // px
  const LONGEST = 6000; // characters of an upload's thumbnail

  // A thumbnail of an upload as an address of data, or null where it is too large to keep.
  async function tiny(upload) {
    const picture = new Image();
    picture.src = upload.src;
    await picture.decode();
    const scale = TINY / Math.max(picture.width, picture.height);
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const source = canvas.toDataURL("image/jpeg", 0.7);
    return source.length <= LONGEST ? source : null;
  }

  window.likeness.entries = {
    register: register,
    colorsOf: colorsOf,
    make: (kind, key, minus) => ({
      kind: kind, key: String(key), token: String(key), minus: Boolean(minus), turn: 0, mirror: false, crop: null,
    }),
    tokenOf: (one) => one.key + suffix(one),
    same: (one, other) => one.kind === other.kind && one.token === other.token,
    part: async (one, uploads) => Object.assign({ minus: one.minus }, await kindOf(one).part(one, uploads)),

    // What the server is asked: the board with what its entries bring, or null where that is yet to come.
    asked: function (board, uploads, edited) {
      const asked = { board: board, uploads: {}, names: {} };
      const waiting = board.filter((one) => kindOf(one).bring(one, asked, uploads, edited));
      return waiting.length ? null : asked;
    },
  };
})();
