/* The form of the whole scenario, made of the description of its schema: sections open on demand and follow the draft. */
(function () {
  "use strict";
  const builder = window.gridbuilder, { h, say } = builder;
  const TYPED_MS = 500;
  const open = new Set(); // sections that stand open, by their place
  let form = null, fields = new Map();

  const name = (keys) => JSON.stringify(keys);
  const at = (content, keys) => keys.reduce((found, key) => (found === null || found === undefined ? undefined : found[key]), content);
  const isEmpty = (value) => value === null || value === undefined;
  const words = (value) => (typeof value === "string" ? value.replaceAll("_", " ") : String(value));

  function range(type) {
    const low = type.min !== undefined ? say("from {n}", { n: type.min }) : type.above !== undefined ? say("above {n}", { n: type.above }) : "";
    const high = type.max !== undefined && type.max < 1e8 ? say("to {n}", { n: type.max }) : type.below !== undefined ? say("below {n}", { n: type.below }) : "";
    return [low, high].filter(Boolean).join(" ");
  }
  function defaults(field) {
    const value = field.default;
    if (isEmpty(value) || typeof value === "object") return "";
    return say("default {value}", { value: typeof value === "string" ? words(value) : typeof value === "boolean" ? (value ? say("yes") : say("no")) : builder.shown(value) });
  }

  // ---- one value ----------------------------------------------------------------------------------------------------
  const send = (keys, value, gesture) => builder.edit(isEmpty(value)
    ? { do: "unset", keys, gesture } : { do: "set", keys, value, gesture });

  function text(keys, field, type, id) {
    let timer = null;
    const numeric = type.type === "number";
    const box = h("input", {
      id, type: type.type === "date" ? "date" : "text", class: numeric ? "b-number" : "b-text", autocomplete: "off",
      inputmode: numeric ? "decimal" : false, list: field.suggest === "buses" ? "build-buses" : field.suggest ? `list-${id}` : false,
    });
    const read = () => (numeric ? builder.typed(box.value) : box.value === "" ? null : box.value);
    const turn = () => { window.clearTimeout(timer); timer = null; send(keys, read(), builder.gesture(name(keys))); };
    box.addEventListener("input", () => { window.clearTimeout(timer); timer = window.setTimeout(turn, TYPED_MS); });
    box.addEventListener("change", turn);
    const lists = Array.isArray(field.suggest) ? [h("datalist", { id: `list-${id}` }, ...field.suggest.map((one) => h("option", { value: one })))] : [];
    return {
      elements: [box, ...lists, ...(field.upload ? [uploader(keys, field)] : [])],
      show(value) {
        if (document.activeElement === box && !builder.state.forced) return;
        box.value = numeric ? builder.shown(value) : isEmpty(value) ? "" : String(value);
        box.placeholder = isEmpty(value) && !isEmpty(field.default) && typeof field.default !== "object" ? builder.shown(field.default) : "";
      },
      box,
    };
  }

  function uploader(keys, field) {
    const file = h("input", { type: "file", class: "b-file", "aria-label": say("Upload a file for {label}", { label: field.label }) });
    file.addEventListener("change", () => file.files[0] && builder.upload(field.upload, file.files[0], (answer) => send(keys, answer.name)).finally(() => { file.value = ""; }));
    return h("span", { class: "b-uploader" }, file);
  }

  function list(keys, options, field, id, toValue) {
    const box = h("select", { id, class: "b-select" }, h("option", { value: "" }, ""), ...options.map((one) => h("option", { value: String(one) }, words(one))));
    box.addEventListener("change", () => send(keys, box.value === "" ? null : toValue(box.value)));
    return {
      elements: [box], box,
      show(value) {
        box.value = isEmpty(value) ? "" : String(value);
        const standard = isEmpty(field.default) ? say("not set") : say("default: {value}", { value: words(typeof field.default === "object" ? field.default.kind || "…" : field.default) });
        box.firstChild.textContent = standard;
      },
    };
  }

  function control(keys, field, type, id) {
    if (type.type === "boolean") {
      const yesno = list(keys, ["true", "false"], field, id, (value) => value === "true");
      const [, yes, no] = yesno.box.options;
      yes.textContent = say("yes"); no.textContent = say("no");
      return yesno;
    }
    if (type.type === "choice") return list(keys, type.options, field, id, (value) => type.options.find((one) => String(one) === value));
    return text(keys, field, type, id);
  }

  /** A list of plain values as one box, with commas between. */
  function several(keys, field, type, id) {
    const numeric = type.item.type === "number";
    const box = h("input", { id, type: "text", class: "b-text", autocomplete: "off" });
    box.addEventListener("change", () => {
      const items = box.value.split(",").map((item) => item.trim()).filter(Boolean);
      send(keys, items.length ? items.map((item) => (numeric ? builder.typed(item) : item)) : null);
    });
    return {
      elements: [box], box,
      show(value) {
        if (document.activeElement === box && !builder.state.forced) return;
        box.value = Array.isArray(value) ? value.join(", ") : isEmpty(value) ? "" : String(value);
        box.placeholder = Array.isArray(field.default) ? field.default.join(", ") : say("several with commas between");
      },
    };
  }

  /** Values by name as one box: `gas: 1.02, lignite: 0.9`. */
  function mapping(keys, field, type, id) {
    const box = h("input", { id, type: "text", class: "b-text", autocomplete: "off", placeholder: say("such as gas: 1.02, lignite: 0.9") });
    box.addEventListener("change", () => {
      const found = {};
      for (const part of box.value.split(",").map((one) => one.trim()).filter(Boolean)) {
        const place = part.lastIndexOf(":");
        found[place < 0 ? part : part.slice(0, place).trim()] = place < 0 ? null : builder.typed(part.slice(place + 1));
      }
      const plain = Object.keys(found).length === 1 && Object.values(found)[0] === null;
      send(keys, !Object.keys(found).length ? null : plain && field.type.type === "either" ? Object.keys(found)[0] : found);
    });
    return {
      elements: [box], box,
      show(value) {
        if (document.activeElement === box && !builder.state.forced) return;
        box.value = isEmpty(value) ? "" : typeof value === "object" ? Object.entries(value).map(([key, one]) => `${key}: ${builder.shown(one)}`).join(", ") : String(value);
      },
    };
  }

  // ---- one field ----------------------------------------------------------------------------------------------------
  const simple = (type) => !["model", "union", "list", "either"].includes(type.type);
  const isModels = (type) => type.type === "list" && ["model", "union"].includes(type.item.type);

  function field(keys, one) {
    const here = [...keys, one.key], { type } = one;
    if (type.type === "constant") return null;
    if (type.type === "model" || type.type === "union") return part(here, one, type);
    if (isModels(type)) return items(here, one, type);
    if (type.type === "either" && type.options.some((option) => option.type === "model")) return eitherPart(here, one, type);
    const id = `field-${here.join("-").replace(/[^A-Za-z0-9-]/g, "_")}`;
    const made = type.type === "list" ? several(here, one, type, id)
      : type.type === "map" || (type.type === "either" && type.options.some((option) => option.type === "map")) ? mapping(here, one, type, id)
        : type.type === "either" ? list(here, type.options.flatMap((option) => option.options || []), one, id, (value) => value)
          : control(here, one, type, id);
    const fault = h("p", { class: "b-fault", hidden: true, role: "alert" });
    const reset = h("button", { type: "button", class: "b-reset", onclick: () => builder.edit({ do: "unset", keys: here }) }, say("default"));
    const help = h("details", { class: "b-help" }, h("summary", { "aria-label": say("About {label}", { label: one.label }) }, "?"), h("p", {}, one.about || say("No documentation."), " ", h("code", {}, one.key)));
    const element = h("div", { class: "b-field", "data-place": name(here) },
      h("div", { class: "b-field-head" }, h("label", { for: id }, one.label, one.required ? h("span", { class: "b-needed", title: say("required") }, " *") : null), help),
      h("div", { class: "b-field-controls" }, ...made.elements, h("span", { class: "b-unit" }, builder.unit(one.unit)), one.required ? null : reset),
      h("p", { class: "b-note" }, [simple(type) ? range(type) : "", defaults(one)].filter(Boolean).join(", ")), fault);
    fields.set(name(here), { keys: here, one, element, fault, reset, ...made });
    return element;
  }

  const about = (words_) => (words_ ? h("p", { class: "b-note" }, words_) : null);

  /** A part with fields of its own: a model, or one of several kinds. */
  function part(here, one, type) {
    const body = h("div", { class: "b-part" });
    const details = section(here, [one.label, h("span", { class: "b-state" })], body, () => fill(), one.about);
    function fill() {
      const value = at(builder.draft().content, here);
      const union = type.type === "union", fallback = one.default && one.default.kind;
      const kind = union ? (value && value.kind) || fallback : null, model = union ? type.models[kind] : type.model;
      const rows = [];
      if (union) rows.push(kindRow(here, type, kind, one));
      if (type.nullable || (!one.required && !isEmpty(value))) {
        rows.push(h("div", { class: "b-add" }, isEmpty(value) && type.nullable
          ? h("p", { class: "b-note" }, say("Not part of this scenario."), " ", h("button", { type: "button", class: "button small", onclick: () => builder.edit({ do: "set", keys: here, value: {} }) }, say("Add it")))
          : h("button", { type: "button", class: "button small", onclick: () => builder.edit({ do: "unset", keys: here }) }, type.nullable ? say("Take it out") : say("All of it by default"))));
      }
      if (model && !(isEmpty(value) && type.nullable)) rows.push(...model_(here, model));
      body.replaceChildren(...rows);
    }
    structures.set(name(here), { keys: here, details, fill, sign: (value) => `${isEmpty(value)}|${(value && value.kind) || ""}` });
    return details;
  }

  function kindRow(here, type, kind, one) {
    const id = `kind-${here.join("-").replace(/[^A-Za-z0-9-]/g, "_")}`;
    const box = h("select", { id, class: "b-select" }, ...Object.keys(type.models).map((key) => h("option", { value: key }, words(key))));
    box.value = kind || "";
    box.addEventListener("change", () => builder.edit({ do: "kind", keys: here, kind: box.value }));
    return h("div", { class: "b-field" }, h("div", { class: "b-field-head" }, h("label", { for: id }, `${one.label}: ${say("kind")}`)), h("div", { class: "b-field-controls" }, box));
  }

  /** A name from a list, or a part with fields of its own: of several kinds of parts, the one whose needed fields there are. */
  function eitherPart(here, one, type) {
    const models = type.options.filter((option) => option.type === "model").map((option) => option.model), names = type.options.flatMap((option) => option.options || []);
    const needed = (model) => form.models[model].fields.filter((field) => field.required);
    const ofFile = (model) => form.models[model].fields.some((field) => field.required && field.upload);
    const isPart = (value) => value !== null && typeof value === "object";
    const kind = (value) => Math.max(0, models.findIndex((model) => needed(model).length && needed(model).every((field) => field.key in value)));
    const body = h("div", { class: "b-part" });
    const details = section(here, [one.label], body, () => fill(), one.about);
    function fill() {
      const value = at(builder.draft().content, here), id = `either-${here.join("-")}`;
      const parts = models.map((model, place) => h("option", { value: `·${place}` }, ofFile(model) ? say("a file") : say("values of your own")));
      const box = h("select", { id, class: "b-select" }, ...names.map((each) => h("option", { value: each }, words(each))), ...parts);
      box.value = isPart(value) ? `·${kind(value)}` : value || one.default;
      const empty = (model) => Object.fromEntries(needed(model).map((field) => [field.key, ""]));
      box.addEventListener("change", () => builder.edit({ do: "set", keys: here, value: box.value.startsWith("·") ? empty(models[Number(box.value.slice(1))]) : box.value }));
      body.replaceChildren(h("div", { class: "b-field" }, h("div", { class: "b-field-head" }, h("label", { for: id }, one.label)), h("div", { class: "b-field-controls" }, box)), ...(isPart(value) ? model_(here, models[kind(value)]) : []));
    }
    structures.set(name(here), { keys: here, details, fill, sign: (value) => (isPart(value) ? `part ${kind(value)}` : String(value)) });
    return details;
  }

  /** A list of parts: add, duplicate, remove. */
  function items(here, one, type) {
    const models = type.item.type === "union" ? type.item.models : { "": type.item.model }; // before the section, which may fill itself
    const body = h("div", { class: "b-part" });
    const details = section(here, [one.label, h("span", { class: "b-state" })], body, () => fill(), one.about);
    function fill() {
      const value = at(builder.draft().content, here) || [];
      const rows = (Array.isArray(value) ? value : []).map((item, place) => entry([...here, place], item, place));
      const box = h("select", { class: "b-select", "aria-label": say("Kind to add") }, ...Object.keys(models).map((key) => h("option", { value: key }, words(key))));
      const add = h("button", { type: "button", class: "button small", onclick: () => { open.add(name([...here, value.length])); builder.edit({ do: "add", keys: here, kind: box.value || undefined, value: {} }); } }, say("Add"));
      body.replaceChildren(...rows, h("div", { class: "b-add" }, type.item.type === "union" ? box : null, add));
      function entry(place_, item, place) {
        const model = type.item.type === "union" ? models[item && item.kind] : type.item.model;
        const inside = h("div", { class: "b-part" });
        const title = (item && item.name) || `${place + 1}`, kind = item && item.kind ? words(item.kind) : "";
        const make = () => {
          const buttons = h("div", { class: "b-add" },
            h("button", { type: "button", class: "button small", onclick: () => builder.edit({ do: "duplicate", keys: place_ }) }, say("Duplicate")),
            h("button", { type: "button", class: "button small", onclick: () => builder.edit({ do: "remove", keys: place_ }) }, say("Remove")));
          inside.replaceChildren(buttons, ...(model ? model_(place_, model) : [h("p", { class: "b-note" }, say("This kind is not known."))]));
        };
        const entry_ = section(place_, [h("span", { class: "b-title" }, title), h("span", { class: "b-state" }, kind)], inside, make, model ? form.models[model].about : "");
        structures.set(name(place_), {
          keys: place_, details: entry_, fill: make, sign: (found) => `${(found && found.kind) || ""}`,
          title: (found) => (found && found.name) || `${place + 1}`,
        });
        return entry_;
      }
    }
    structures.set(name(here), {
      keys: here, details, fill,
      sign: (value) => JSON.stringify((Array.isArray(value) ? value : []).map((item) => (item && item.kind) || "")),
      state: (value) => (Array.isArray(value) && value.length ? String(value.length)
        : Array.isArray(one.default) && one.default.length && isEmpty(value) ? say("by default") : say("none")),
    });
    return details;
  }

  let structures = new Map();

  function section(keys, title, body, fill, about_) {
    const key = name(keys);
    const details = h("details", { class: "b-section", "data-place": key }, h("summary", {}, ...title, h("span", { class: "b-faulty", hidden: true })), about(about_), body);
    details.addEventListener("toggle", () => {
      if (details.open) { open.add(key); if (!body.childElementCount) { fill(); show(builder.draft()); } } else open.delete(key);
    });
    if (open.has(key)) { details.open = true; if (builder.draft()) fill(); }
    return details;
  }

  function model_(keys, model) {
    return form.models[model].fields.map((one) => field(keys, one)).filter(Boolean);
  }

  // ---- the whole ----------------------------------------------------------------------------------------------------
  builder.makeForm = (description) => {
    form = description;
    fields = new Map();
    structures = new Map();
    builder.mount("build-form", ...model_([], form.root));
  };

  const signs = new Map();

  function show(draft) {
    if (!form || !draft) return;
    const active = document.activeElement && document.activeElement.id;
    let rebuilt = false;
    for (const [key, one] of [...structures]) {
      if (!one.details.isConnected) { if (structures.get(key) === one) structures.delete(key); continue; } // or else one that was just made anew
      const value = at(draft.content, one.keys), sign = `${draft.id}|${one.sign(value)}`;
      if (signs.get(key) !== sign && one.details.open) { one.fill(); rebuilt = true; }
      else if (signs.get(key) !== sign) one.details.querySelector(":scope > .b-part").replaceChildren(); // filled when it is opened
      signs.set(key, sign);
      const title = one.details.querySelector(":scope > summary > .b-title");
      if (title && one.title) title.textContent = one.title(value);
      const state = one.details.querySelector(":scope > summary > .b-state");
      if (state && one.state) state.textContent = one.state(value);
    }
    for (const [key, one] of [...fields]) {
      if (!one.element.isConnected) { fields.delete(key); continue; }
      const value = at(draft.content, one.keys);
      one.show(value);
      one.reset.hidden = isEmpty(value);
    }
    if (rebuilt && active && document.getElementById(active)) document.getElementById(active).focus();
    showFaults();
  }
  builder.showForm = show;

  function showFaults() {
    const faults = builder.faults(), by = new Map();
    for (const one of faults) by.set(name(one.keys), [...(by.get(name(one.keys)) || []), one]);
    for (const [key, one] of fields) {
      const found = by.get(key) || [];
      one.fault.hidden = !found.length;
      one.fault.replaceChildren(found.map((each) => each.words).join(" "));
      const suggested = found.find((each) => each.suggestion !== null);
      if (suggested) one.fault.append(" ", h("button", { type: "button", class: "b-reset", onclick: () => send(one.keys, one.one.type.type === "number" ? builder.typed(suggested.suggestion) : suggested.suggestion) }, say("Take {value}", { value: suggested.suggestion })));
      one.box.setAttribute("aria-invalid", String(found.length > 0));
    }
    for (const [, one] of structures) {
      const count = faults.filter((each) => one.keys.every((key, place) => each.keys[place] === key)).length;
      const mark = one.details.querySelector(":scope > summary > .b-faulty");
      mark.hidden = !count;
      mark.textContent = count ? say("{n} to mend", { n: count }) : "";
    }
  }

  /** Opens the sections on the way to a field and goes there. */
  builder.goTo = (keys) => {
    for (let length = 1; length <= keys.length; length += 1) {
      const one = structures.get(name(keys.slice(0, length)));
      if (one && !one.details.open) { one.details.open = true; open.add(name(one.keys)); one.fill(); }
    }
    show(builder.draft());
    for (let length = keys.length; length > 0; length -= 1) {
      const key = name(keys.slice(0, length)), found = fields.get(key) || structures.get(key);
      if (found) {
        const target = found.box || found.details.querySelector("summary");
        target.scrollIntoView({ block: "center" });
        target.focus({ preventScroll: true });
        return true;
      }
    }
    return false;
  };
})();
