/* The page of the API: every operation of the document with a form that asks for it.

   Not part of the pages that Dash makes. All text of answers is put in as text. */
(function () {
  "use strict";
  const host = document.getElementById("api-operations");
  const root = document.getElementById("api").dataset.root;
  const SHOWN = 20000; // characters of an answer

  function made(name, attributes, ...children) {
    const element = document.createElement(name);
    Object.entries(attributes || {}).forEach(([key, value]) => value !== false && element.setAttribute(key, value));
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  function token() {
    const given = document.getElementById("api-token").value.trim();
    return given ? { Authorization: `Bearer ${given}` } : {};
  }

  function field(parameter, key) {
    const schema = parameter.schema, id = `${key}-${parameter.name}`;
    const start = parameter.example !== undefined && parameter.required ? String(parameter.example) : "";
    const choices = schema.enum || (schema.type === "boolean" ? ["true", "false"] : null);
    const input = choices
      ? made("select", { id, name: parameter.name, class: "api-input" }, made("option", { value: "" }),
        ...choices.map((one) => made("option", { value: one }, one)))
      : made("input", {
        id, name: parameter.name, class: "api-input", value: start,
        placeholder: schema.default !== undefined ? String(schema.default) : "", inputmode: schema.type === "integer" ? "numeric" : "text",
      });
    input.dataset.place = parameter.in;
    input.required = parameter.required;
    const name = made("label", { for: id }, made("code", {}, parameter.name), parameter.required ? " *" : "");
    return made("div", { class: "api-field" }, name, input,
      parameter.description ? made("p", { class: "soft small" }, parameter.description) : null);
  }

  function bodyField(operation, key) {
    const content = (operation.requestBody || {}).content;
    if (!content) return null;
    if (content["multipart/form-data"]) {
      return made("div", { class: "api-field" }, made("label", { for: `${key}-file` }, made("code", {}, "image"), " *"),
        made("input", { id: `${key}-file`, type: "file", accept: "image/*", "data-file": "image" }));
    }
    return made("div", { class: "api-field" }, made("label", { for: `${key}-body` }, "Body, JSON *"),
      made("textarea", { id: `${key}-body`, class: "api-input", rows: 3, "data-body": "" }, '{"ids": [1]}'));
  }

  // The address and what goes along, as the form has it.
  function request(form, method, path) {
    const query = new URLSearchParams();
    let address = path;
    form.querySelectorAll("[data-place]").forEach((input) => {
      if (input.dataset.place === "path") address = address.replace(`{${input.name}}`, encodeURIComponent(input.value));
      else if (input.value !== "") query.set(input.name, input.value);
    });
    const text = query.toString();
    const options = { method, headers: token() };
    const file = form.querySelector("[data-file]"), body = form.querySelector("[data-body]");
    if (file) {
      options.body = new FormData();
      if (file.files.length) options.body.append("image", file.files[0]);
    } else if (body) {
      options.body = body.value;
      options.headers["Content-Type"] = "application/json";
    }
    return [root + address + (text ? `?${text}` : ""), options];
  }

  // An answer as what can be looked at: a picture, a text, or how much of what it is.
  async function shown(answer) {
    const kind = (answer.headers.get("Content-Type") || "").split(";")[0];
    if (kind.startsWith("image/")) {
      const picture = made("img", { alt: "The answer, a picture", class: "api-picture" });
      picture.src = URL.createObjectURL(await answer.blob());
      picture.onload = picture.onerror = () => URL.revokeObjectURL(picture.src);
      return picture;
    }
    if (kind.includes("json")) {
      const text = await answer.text();
      let told = text;
      try {
        told = JSON.stringify(JSON.parse(text), null, 2);
      } catch (error) {
        // Lines of JSON stay as they came.
      }
      return made("pre", { tabindex: 0 }, told.length > SHOWN ? `${told.slice(0, SHOWN)}\n… ${told.length} characters in all` : told);
    }
    return made("p", {}, `${(await answer.blob()).size} bytes of ${kind}`);
  }

  async function ask(form, method, path) {
    const [address, options] = request(form, method, path);
    const out = form.querySelector(".api-answer"), button = form.querySelector("button");
    button.disabled = true;
    try {
      const started = performance.now();
      const answer = await fetch(address, options);
      const content = await shown(answer);
      const state = made("p", { class: `api-state ${answer.ok ? "" : "api-bad"}` },
        `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - started)} ms`);
      out.replaceChildren(made("p", { class: "small api-address" }, made("code", {}, `${method} ${address}`)), state, content);
    } catch (error) {
      out.replaceChildren(made("p", { class: "api-state api-bad" }, "The server does not answer."));
    } finally {
      button.disabled = false;
    }
  }

  function operation(method, path, told) {
    const key = told.operationId, verb = method.toUpperCase();
    const form = made("form", { class: "api-form" }, ...told.parameters.map((one) => field(one, key)), bodyField(told, key),
      made("div", {}, made("button", { type: "submit", class: "button" }, "Try")),
      made("div", { class: "api-answer", role: "status" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form, verb, path);
    });
    const right = told["x-right"] === "read" ? null : made("span", { class: "api-right" }, `needs ${told["x-right"]}`);
    return made("details", { id: key, class: "api-operation" },
      made("summary", {}, made("span", { class: `api-verb api-${method}` }, verb), made("code", {}, path), made("span", {}, told.summary), right),
      told.description ? made("p", { class: "soft" }, told.description) : null, form);
  }

  async function start() {
    const answer = await fetch(`${root}/openapi.json`, { headers: token() });
    if (!answer.ok) return host.replaceChildren(made("p", { class: "error-note" }, "The document cannot be read; give the token and load the page again."));
    const told = await answer.json();
    const groups = new Map(told.tags.map((tag) => [tag.name, []]));
    Object.entries(told.paths).forEach(([path, methods]) => Object.entries(methods).forEach(([method, one]) =>
      groups.get(one.tags[0]).push(operation(method, path, one))));
    return host.replaceChildren(...[...groups].map(([name, several]) =>
      made("section", {}, made("h2", {}, name), ...several)));
  }

  start().catch(() => host.replaceChildren(made("p", { class: "error-note" }, "The server does not answer.")));
})();
