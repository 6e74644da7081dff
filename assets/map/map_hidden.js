/* What of the map is hidden, and the cluster that the others fade behind. Both are kept by what
   map_engine/called.js calls them, and so in the address: a link shows the same after the map was made
   anew, or says that it cannot. See map.js for the rest.

   `likeness.mapPage` gets
     hidden(), focus()       codes of the present coloring; the number of a cluster, or null
     setFocus(number)        null: none
     takeState(state)        what the store map-state has
     nameState()             put it into the address, or drop what is not on this map */
(function () {
  "use strict";
  const { likeness } = window;
  const { on } = likeness;
  const api = likeness.mapPage;
  const NOTHING = { hidden: {}, focus: null };
  const CLUSTERS = { kind: "clusters" };
  const OLD = "This link is of an earlier version and names clusters by numbers, which may be others now; all are shown.";
  const LOST = "What was hidden or shown alone is not on this map; all is shown.";
  let state = NOTHING; // {map, hidden: {coloring: names}, focus: name}

  const tell = () => window.dash_clientside.set_props("map-state", { data: state });
  const ours = () => Boolean(api.map) && state.map === api.map.name;
  const names = () => (ours() && state.hidden[api.engine.colors.by]) || [];
  const focused = () => (ours() && state.focus !== null ? [state.focus] : []);

  // What is on its way has no names yet.
  const colored = () => api.engine.coloring.by === api.engine.colors.by && api.engine.coloring.kind !== "waiting";
  function grouped() {
    const slider = api.byId("map-grain");
    const { regrouped } = api.map;
    return (slider ? Number(slider.value) : 0) === (regrouped ? regrouped.granularity : 0);
  }

  const stands = () => (api.map.regrouped || api.map.facts).stands;
  const top = () => api.map.facts.palette.length;
  const called = (coloring, code) => likeness.map.called(coloring, stands(), top())(code);
  const meant = (coloring, given) => likeness.map.meant(coloring, api.map, stands(), top(), given);

  function hidden() {
    return ours() && colored() ? meant(api.engine.coloring, names()).codes : [];
  }

  function focus() {
    const [code] = ours() ? meant(CLUSTERS, focused()).codes : [];
    return code === undefined ? null : code;
  }

  const lost = () => [colored() ? meant(api.engine.coloring, names()) : null, meant(CLUSTERS, focused())]
    .some((found) => found && found.lost.length);

  function change(with_) {
    state = Object.assign({}, ours() ? state : NOTHING, with_, { map: api.map.name });
    tell();
  }

  // All is shown, and that is said: it is not what was asked for.
  function forget(said) {
    state = NOTHING;
    tell();
    window.dash_clientside.set_props("toast", { is_open: true, children: said });
  }

  function hide(codes) {
    const { coloring, colors } = api.engine;
    change({ hidden: Object.assign({}, ours() ? state.hidden : {}, { [colors.by]: codes.map((code) => called(coloring, code)) }) });
  }

  function toggle(code) {
    const out = new Set(hidden());
    if (!out.delete(code)) out.add(code);
    hide([...out]);
  }

  // Only this category; again: all of them.
  function isolate(code) {
    const { engine } = api;
    const all = new Set(Array.from(engine.codes(), (one) => likeness.map.category(engine.coloring, one, top())));
    const others = [...all].filter((one) => one !== code);
    const alone = !hidden().includes(code) && others.every((one) => hidden().includes(one));
    hide(alone ? [] : others);
  }

  const written = (column, values) => (
    values.length ? likeness.conditions.printed([{ column: column, values: values }]) : null
  );

  Object.assign(api, {
    hidden: hidden, focus: focus,
    setFocus: (code) => change({ focus: code === null ? null : called(CLUSTERS, code) }),
    takeState: function (given) {
      state = given || state;
      if (state.old) forget(OLD);
    },
    nameState: function () {
      if (ours() && grouped() && lost()) forget(LOST);
      api.setParam("hide", written(api.engine.colors.by, names()));
      api.setParam("focus", written("cluster", focused()));
    },
  });

  // Buttons that need the map do nothing before it is there.
  on("click", ".map-page [data-toggle]", (button) => api.map && toggle(Number(button.dataset.toggle)));
  on("dblclick", ".map-page [data-toggle]", (button) => api.map && isolate(Number(button.dataset.toggle)));
})();
