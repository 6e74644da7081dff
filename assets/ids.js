/* Ids of images as a short text for an address; dashboard/reads/id_list.py has the same.

   Ascending ids as differences, seven bits a byte, in base64 for addresses. */
(function () {
  "use strict";
  const LONGEST = 8000; // characters that the server reads

  // ids: any list of positive numbers below 2^31. "" where they are too many for an address.
  function pack(ids) {
    const bytes = [];
    let last = 0;
    Array.from(new Set(ids)).sort((a, b) => a - b).forEach((id) => {
      let step = id - last;
      last = id;
      for (; step > 127; step >>= 7) bytes.push((step & 127) | 128);
      bytes.push(step);
    });
    if (bytes.length > (LONGEST / 4) * 3) return "";
    const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
    return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  // What pack wrote, ascending; empty where it is none of its texts.
  function unpack(text) {
    const ids = [];
    let data = "";
    try {
      data = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    } catch (error) {
      return Int32Array.from(ids);
    }
    let [last, step, shift] = [0, 0, 0];
    for (const letter of data) {
      const byte = letter.charCodeAt(0);
      step |= (byte & 127) << shift;
      shift += 7;
      if (byte > 127) continue;
      last += step;
      ids.push(last);
      [step, shift] = [0, 0];
    }
    return Int32Array.from(ids);
  }

  window.likeness.ids = { pack: pack, unpack: unpack };
})();
