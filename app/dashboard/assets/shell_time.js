/* The time bar: the city's consumption as a sparkline, one slider on it, play, the moment in words. */
(function () {
  "use strict";
  const { moment } = window.gridcarbon;
  const HOUR_MS = 3_600_000, DAY_MS = 86_400_000, LABEL_PX = 64;
  const say = (text, values) => window.gridcarbon.say(text, values);
  const parts = {};
  const formats = new Map();
  let drawn = null;

  /** What writes moments in the city's own time, in the language chosen. */
  function format(options) {
    const clock = moment.clock(), language = window.gridcarbon.language();
    const key = JSON.stringify([language, clock && clock.zone, options]);
    if (!formats.has(key)) {
      const tongue = { en: "en-GB", de: "de-DE", ja: "ja-JP", zh: "zh-CN" }[language] || "en-GB";
      formats.set(key, new Intl.DateTimeFormat(tongue, { timeZone: (clock && clock.zone) || "UTC", hourCycle: "h23", ...options }));
    }
    return formats.get(key);
  }
  /** A moment in the city's own time. */
  const local = (ms, options) => format(options).format(new Date(ms));
  const WHOLE = { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };

  /** Wall-clock time in the city as charts have it, e.g. 2030-12-10 18:15. */
  function wall(ms) {
    const zone = (moment.clock() && moment.clock().zone) || "UTC";
    if (!formats.has(zone)) {
      formats.set(zone, new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit",
        hour: "2-digit", minute: "2-digit" }));
    }
    return formats.get(zone).format(new Date(ms));
  }

  function consumption() {
    const clock = moment.clock(), part = Math.max(1, Math.ceil(clock.n_steps / clock.consumption_mw.length));
    return clock.consumption_mw[Math.floor(step() / part)];
  }
  const step = () => { const clock = moment.clock(); return Math.round((moment.get() - clock.start_ms) / clock.step_ms); };

  function build(host) {
    const canvas = document.createElement("canvas"), slider = document.createElement("input");
    canvas.className = "time-spark";
    canvas.setAttribute("aria-hidden", "true");
    Object.assign(slider, { type: "range", id: "time-slider", min: 0, step: 1, className: "time-slider" });
    slider.addEventListener("input", () => moment.set(moment.clock().start_ms + Number(slider.value) * moment.clock().step_ms));
    slider.addEventListener("keydown", onKey);
    host.replaceChildren(canvas, slider);
    Object.assign(parts, { host, canvas, slider });
    new ResizeObserver(() => { drawn = null; show(); }).observe(host);
  }

  function onKey(event) {
    const clock = moment.clock();
    if (!clock || event.ctrlKey || event.metaKey || event.altKey) return;
    const end = clock.start_ms + (clock.n_steps - 1) * clock.step_ms;
    const target = { PageUp: moment.get() + DAY_MS, PageDown: moment.get() - DAY_MS, Home: clock.start_ms, End: end,
      ArrowRight: moment.get() + clock.step_ms, ArrowUp: moment.get() + clock.step_ms,
      ArrowLeft: moment.get() - clock.step_ms, ArrowDown: moment.get() - clock.step_ms }[event.key];
    if (event.key === " ") { event.preventDefault(); toggle(); }
    if (target === undefined) return;
    event.preventDefault();
    moment.set(target);
  }

  const toggle = () => (moment.playing() ? moment.pause() : moment.play());

  /** Where days begin in the city (months for more than three weeks), with their names, as shares of the track. */
  function borders() {
    const clock = moment.clock(), span = clock.n_steps * clock.step_ms, found = [];
    const by = span > 21 * DAY_MS ? { month: "short" } : { weekday: "short", day: "numeric" }, written = format(by);
    const stride = Math.max(clock.step_ms, HOUR_MS), name = (place) => written.format(new Date(clock.start_ms + place * stride));
    const apart = by.month ? Math.max(1, Math.floor(DAY_MS / stride)) : 1, n = Math.ceil(span / stride);
    for (let place = 0, before = null; place < n; place = Math.min(place + apart, place === n - 1 ? n : n - 1)) {
      const now = name(place);
      if (now === before) continue;
      let first = place; // of those that are called so; the last one looked at was not
      while (found.length && name(first - 1) === now) first--;
      found.push([(first * stride) / span, now]);
      before = now;
    }
    return found;
  }

  function draw() {
    const { canvas, host } = parts, clock = moment.clock(), ratio = window.devicePixelRatio || 1;
    const width = host.clientWidth, height = host.clientHeight, style = getComputedStyle(host);
    canvas.width = Math.max(1, Math.round(width * ratio));
    canvas.height = Math.max(1, Math.round(height * ratio));
    const pen = canvas.getContext("2d"), ink = style.getPropertyValue("--muted"), rule = style.getPropertyValue("--rule");
    pen.scale(ratio, ratio);
    const values = clock.consumption_mw, top = Math.max(...values, 1e-9), foot = height - 14;
    pen.fillStyle = rule;
    pen.beginPath();
    pen.moveTo(0, foot);
    values.forEach((value, place) => pen.lineTo(((place + 0.5) / values.length) * width, foot - (Math.max(value, 0) / top) * (foot - 3)));
    pen.lineTo(width, foot);
    pen.fill();
    pen.fillStyle = ink;
    pen.font = `11px ${style.fontFamily}`;
    let free = 0;
    for (const [share, name] of borders()) {
      const x = share * width;
      pen.fillRect(x, foot, 1, 3);
      if (x < free || x + pen.measureText(name).width > width) continue;
      pen.fillText(name, x + 3, height - 2);
      free = x + Math.max(LABEL_PX, pen.measureText(name).width + 10);
    }
  }

  function show() {
    const host = document.getElementById("time-track"), bar = document.getElementById("time-bar"), clock = moment.clock();
    if (!host || !bar) return;
    bar.hidden = !clock || moment.get() === null;
    if (bar.hidden) return;
    if (parts.host !== host) build(host);
    const scheme = document.documentElement.dataset.mantineColorScheme, language = window.gridcarbon.language();
    const picture = `${scheme}|${language}|${host.clientWidth}|${host.clientHeight}`;
    if (drawn === null || drawn[0] !== clock || drawn[1] !== picture) { draw(); drawn = [clock, picture]; }
    const { slider } = parts, words = local(moment.get(), WHOLE);
    slider.max = String(Math.max(0, clock.n_steps - 1));
    slider.value = String(step());
    slider.setAttribute("aria-label", say("Time shown"));
    slider.setAttribute("aria-valuetext", words);
    text("time-clock", words);
    text("time-play", say(moment.playing() ? "Pause" : "Play"));
    if (!moment.playing()) text("time-spoken", say("{time}, {zone}. The city uses {power} MW.", { time: words, zone: clock.zone, power: consumption().toFixed(1) }));
  }

  function text(id, content) {
    const place = document.getElementById(id);
    if (place && place.textContent !== content) place.textContent = content;
  }

  document.addEventListener("click", (event) => { if (event.target.closest("#time-play")) toggle(); });
  moment.subscribe(show);
  Object.assign(window.gridcarbon.moment, { local, wall, refresh: () => { drawn = null; show(); } });
})();
