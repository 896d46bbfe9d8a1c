/* The levers: a slider and a box for each number, a list for each choice; they follow the draft. */
(function () {
  "use strict";
  const builder = window.gridbuilder, { h, say } = builder;
  const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;
  const TYPED_MS = 500, GESTURE_MS = 1200;
  let rows = new Map(), gestures = 0, gestured = 0;

  /** What was typed: a number, nothing, or the text itself, which the check then says is none. */
  builder.typed = (text) => {
    const plain = text.trim();
    if (plain === "") return null;
    return NUMBER.test(plain) ? Number(plain) : plain;
  };
  builder.shown = (value) => {
    if (value === null || value === undefined) return "";
    return typeof value === "number" ? String(Number(value.toPrecision(12))) : String(value);
  };
  /** One name for all edits of a pull at a slider, or of keys pressed shortly after each other. */
  builder.gesture = (name) => {
    const now = performance.now();
    if (now - gestured > GESTURE_MS) gestures += 1;
    gestured = now;
    return `${name}:${gestures}`;
  };
  builder.unit = (unit) => say(unit).replace("{currency}", (builder.draft() || {}).currency || "EUR");

  function number(lever) {
    const { range } = lever, id = `lever-${lever.key}`;
    let timer = null;
    const turn = (value) => builder.edit({ do: "lever", lever: lever.key, value, gesture: builder.gesture(lever.key) });
    const box = h("input", { id, type: "text", inputmode: "decimal", class: "b-number", autocomplete: "off", "aria-describedby": `${id}-note` });
    const slider = h("input", {
      type: "range", min: range.low, max: range.high, step: range.step, class: "b-range", "aria-label": `${say(lever.label)}`,
      "data-lever": lever.key,
    });
    slider.addEventListener("input", () => { box.value = slider.value; speak(); turn(Number(slider.value)); });
    box.addEventListener("input", () => { window.clearTimeout(timer); timer = window.setTimeout(() => turn(builder.typed(box.value)), TYPED_MS); });
    box.addEventListener("change", () => { window.clearTimeout(timer); turn(builder.typed(box.value)); });
    const speak = () => slider.setAttribute("aria-valuetext", `${slider.value} ${builder.unit(lever.unit)}`);
    return {
      controls: [slider, h("span", { class: "b-amount" }, box, h("span", { class: "b-unit" }))],
      show(value) {
        if (document.activeElement !== slider) slider.value = value === null || typeof value !== "number" ? range.low : value;
        if (document.activeElement !== box || builder.state.forced) box.value = builder.shown(value);
        box.placeholder = value === null ? say("not set") : "";
        slider.classList.toggle("unset", value === null);
        speak();
      },
      disable(off) { slider.disabled = off; box.disabled = off; },
    };
  }

  function choice(lever) {
    const list = h("select", { id: `lever-${lever.key}`, class: "b-select", "aria-describedby": `lever-${lever.key}-note` },
      h("option", { value: "" }, say("several")), ...lever.choices.map((one) => h("option", { value: one.value }, say(one.label))));
    list.addEventListener("change", () => list.value && builder.edit({ do: "lever", lever: lever.key, value: list.value }));
    return {
      controls: [list],
      show(value) {
        list.value = value === null ? "" : value;
        list.firstChild.hidden = value !== null;
        list.firstChild.textContent = value === null ? say("choose") : say("several");
      },
      disable(off) { list.disabled = off; },
    };
  }

  function date(lever) {
    const box = h("input", { id: `lever-${lever.key}`, type: "date", class: "b-date", "aria-describedby": `lever-${lever.key}-note` });
    box.addEventListener("change", () => box.value && builder.edit({ do: "lever", lever: lever.key, value: box.value }));
    return { controls: [box], show(value) { if (document.activeElement !== box || builder.state.forced) box.value = value || ""; }, disable(off) { box.disabled = off; } };
  }

  function row(lever) {
    const made = { number, choice, date }[lever.kind](lever);
    const note = h("p", { class: "b-note", id: `lever-${lever.key}-note` }), fault = h("p", { class: "b-fault", role: "alert", hidden: true });
    const help = h("details", { class: "b-help" }, h("summary", { "aria-label": say("About {label}", { label: say(lever.label) }) }, "?"),
      h("p", {}, `${say(lever.meaning)}${lever.range ? ` ${say("Offered: {low} to {high} {unit}", { low: lever.range.low, high: lever.range.high, unit: builder.unit(lever.unit) })} (${say(lever.range.source)}).` : ""}`));
    const element = h("div", { class: `b-lever ${lever.kind}`, "data-lever": lever.key },
      h("div", { class: "b-lever-head" }, h("label", { for: `lever-${lever.key}` }, say(lever.label)), help), h("div", { class: "b-lever-controls" }, ...made.controls), note, fault);
    return { lever, element, note, fault, ...made };
  }

  builder.makeLevers = (declared) => {
    rows = new Map(declared.map((lever) => [lever.key, row(lever)]));
    const groups = [...new Set(declared.map((lever) => lever.group))];
    builder.mount("build-levers", ...groups.map((group) => h("fieldset", { class: "b-group" }, h("legend", {}, say(group)),
      ...declared.filter((lever) => lever.group === group).map((lever) => rows.get(lever.key).element))));
  };

  builder.showLevers = (draft) => {
    const faults = builder.faults(), hints = (builder.state.checked && builder.state.checked.hints) || {};
    const busy = builder.state.waiting.length > 0 || builder.state.sending !== null;
    for (const [key, one] of rows) {
      const now = draft.levers[key];
      one.element.hidden = !now.shown;
      if (!busy || builder.state.forced) one.show(now.value);
      one.disable(Boolean(now.hindrance));
      one.note.textContent = [now.hindrance, now.hint, hints[key]].filter(Boolean).map((text) => say(text)).join(" ");
      const unit = one.element.querySelector(".b-unit");
      if (unit) unit.textContent = builder.unit(one.lever.unit);
      const wrong = faults.filter((fault) => now.places.includes(fault.path));
      one.fault.hidden = !wrong.length;
      one.fault.textContent = wrong.map((fault) => fault.words).join(" ");
      one.element.classList.toggle("wrong", wrong.length > 0);
      const box = one.element.querySelector(`#lever-${key}`);
      if (box) box.setAttribute("aria-invalid", String(wrong.length > 0));
      one.element.classList.toggle("changed", JSON.stringify(now.value) !== JSON.stringify(now.before));
    }
  };
})();
