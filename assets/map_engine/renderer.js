/* Drawing points with WebGL: coordinates lie on the GPU (or what stands for it), a number per
   point says its color, and a palette of 256 what the numbers mean. Other colors cost the numbers
   alone, another view nothing but the drawing. No library in between: measured at 1,000,000 points
   with WebGL in software, plotly's and regl-scatterplot's frames took 1.4 and 2.2 times as long,
   their recoloring twice, and both evaluate code that they write, which a strict
   Content-Security-Policy forbids. */
(function (map) {
  "use strict";
  const VERTEX = `
    attribute float x, y, z, number;
    uniform mat4 matrix;
    uniform vec3 center;
    uniform mediump float size, near, split, upper;
    uniform vec2 fog;
    uniform vec3 paper;
    uniform sampler2D palette;
    varying mediump vec4 color;
    varying mediump float across;
    void main() {
      color = texture2D(palette, vec2((number + 0.5) / 256.0, 0.5));
      gl_Position = matrix * vec4(vec3(x, y, z) - center, 1.0);
      if (near > 0.0) color.rgb = mix(color.rgb, paper, 0.8 * smoothstep(fog.x, fog.y, gl_Position.w));
      across = near > 0.0 ? clamp(size * near / gl_Position.w, 1.0, 4.0 * size) : size;
      gl_PointSize = across + 1.0;
      bool other = split >= 0.0 && (number < split) != (upper < 0.5);
      if (color.a == 0.0 || other) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    }`;
  const FRAGMENT = `
    precision mediump float;
    uniform float opacity, near;
    varying vec4 color;
    varying float across;
    void main() {
      float apart = length(gl_PointCoord - 0.5) * (across + 1.0);
      float cover = clamp(0.5 * across - apart + 0.5, 0.0, 1.0);
      if (near > 0.0 ? cover < 0.5 : cover == 0.0) discard;
      float alpha = near > 0.0 ? 1.0 : cover * opacity;
      gl_FragColor = vec4(color.rgb * alpha, alpha);
    }`;
  const AXES = ["x", "y", "z"];
  // The points smooth their own edges: multisampling would cost each frame twice as much.
  const CONTEXT = { antialias: false, depth: true, premultipliedAlpha: true };

  function compiled(gl) {
    const program = gl.createProgram();
    [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]].forEach(([kind, text]) => {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    });
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getProgramInfoLog(program));
    }
    return program;
  }

  // → {points, paint, draw, lost, end}, or null where there is no WebGL.
  map.renderer = function (canvas) {
    const gl = canvas.getContext("webgl", CONTEXT);
    if (!gl) return null;
    let [program, places, buffers, kept] = [null, {}, {}, {}];

    function start() {
      program = compiled(gl);
      gl.useProgram(program);
      [...AXES, "number"].forEach((name) => {
        places[name] = gl.getAttribLocation(program, name);
        buffers[name] = gl.createBuffer();
      });
      ["matrix", "center", "size", "near", "split", "upper", "opacity", "fog", "paper"].forEach((name) => {
        places[name] = gl.getUniformLocation(program, name);
      });
      gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
      [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER].forEach((filter) => {
        gl.texParameteri(gl.TEXTURE_2D, filter, gl.NEAREST);
      });
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    }

    function send(name, array, usage) {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
      gl.bufferData(gl.ARRAY_BUFFER, array, usage);
      gl.enableVertexAttribArray(places[name]);
      const kind = array.BYTES_PER_ELEMENT === 4 ? gl.FLOAT : gl.UNSIGNED_BYTE;
      gl.vertexAttribPointer(places[name], 1, kind, false, 0, 0);
    }

    const made = {
      // Coordinates: Float32Array each; z is null on a flat map.
      points: function (x, y, z) {
        kept.places = [x, y, z];
        AXES.forEach((name, i) => {
          if (kept.places[i]) send(name, kept.places[i], gl.STATIC_DRAW);
          else gl.disableVertexAttribArray(places[name]);
        });
        kept.numbers = null; // of other points
      },

      // numbers: Uint8Array, one per point. palette: [r, g, b] of the numbers; the first past them
      // is invisible.
      paint: function (numbers, palette) {
        send("number", numbers, gl.DYNAMIC_DRAW);
        kept.numbers = numbers;
        if (kept.palette === palette) return;
        kept.palette = palette;
        const texels = new Uint8Array(4 * 256);
        palette.forEach((color, i) => texels.set([...color, 255], 4 * i));
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, texels);
      },

      // look: {matrix, center}, and in space away, and fog: from where to where points fade to the
      // paper ([r, g, b]). ratio: px of the canvas per px of the screen.
      // faded: the number from which on colors are faded, drawn below the others; −1: none is.
      draw: function (look, size, opacity, ratio, faded, area, paper) {
        if (!kept.numbers || gl.isContextLost()) return;
        gl.viewport(0, 0, canvas.width, canvas.height);
        gl.clearColor(0, 0, 0, 0);
        gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
        if (area) gl.viewport(...area);
        if (look.away) gl.enable(gl.DEPTH_TEST);
        else gl.disable(gl.DEPTH_TEST);
        gl.uniformMatrix4fv(places.matrix, false, look.matrix);
        gl.uniform3fv(places.center, look.center);
        gl.uniform1f(places.size, size * ratio);
        gl.uniform1f(places.near, look.away || 0);
        if (look.fog) gl.uniform2fv(places.fog, look.fog);
        if (look.fog) gl.uniform3fv(places.paper, paper.map((part) => part / 255));
        gl.uniform1f(places.opacity, opacity);
        const passes = faded < 0 ? [[-1, 0]] : look.away ? [[faded, 0], [faded, 1]] : [[faded, 1], [faded, 0]];
        passes.forEach(([split, upper]) => {
          gl.uniform1f(places.split, split);
          gl.uniform1f(places.upper, upper);
          gl.drawArrays(gl.POINTS, 0, kept.numbers.length);
        });
        gl.flush(); // drawing starts now, and not when the browser makes its next frame
      },

      // A browser may take the GPU away; what was kept is sent again.
      restored: function () {
        const { places: xyz, numbers, palette } = kept;
        [places, buffers, kept] = [{}, {}, {}];
        start();
        if (xyz) made.points(...xyz);
        if (numbers) made.paint(numbers, palette);
      },

      end: function () {
        const last = gl.getExtension("WEBGL_lose_context");
        if (last) last.loseContext(); // a browser keeps sixteen of them
      },
    };
    start();
    return made;
  };
})((window.likeness.map = window.likeness.map || {}));
