/* Pictures of charts that say what they show: title, convention, result, period and hash are drawn into them. */
(function () {
  "use strict";
  const LETTER = 6.6; // width of a letter of the notes [px], near enough to break lines

  /** A text in lines of at most `width` pixels; where no space is, as in Chinese, between letters. */
  function lines(text, width) {
    const most = Math.max(Math.floor(width / LETTER), 20);
    const found = [""];
    for (const word of text.split(/(?<=\s)|(?<=[\u3000-\u9fff\uff00-\uffef])/)) {
      const last = found.length - 1;
      if (found[last] && (found[last] + word).trimEnd().length > most) found.push(word);
      else found[last] += word;
    }
    return found.map((line) => line.trim()).filter((line) => line);
  }

  function escaped(text) {
    return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  function fileName(text) {
    // eslint-disable-next-line no-control-regex
    return text.replace(/[\u0000-\u001f\u007f/\\:*?"<>|]+/g, "-").replace(/^[ .-]+|[ .-]+$/g, "").slice(0, 150) || "chart";
  }

  /** What stands above and below the chart of a card. */
  function words(card) {
    const stated = document.querySelector("#page .where-and-when");
    const text = (selector) => (card.querySelector(selector) || { textContent: "" }).textContent.trim();
    const convention = stated ? stated.dataset.convention : "";
    const subtitle = text(".subtitle");
    const notes = [subtitle, stated ? stated.textContent : ""];
    if (convention && !subtitle.includes(convention)) notes.push("Carbon: " + convention);
    if (stated) notes.push("Scenario " + stated.dataset.hash);
    return { title: text("h2"), notes: notes.filter((note) => note), result: stated ? stated.dataset.result : "" };
  }

  /** The figure of a graph with these words in its margins, on a solid ground. */
  function stated(graph, said, style) {
    const full = graph._fullLayout;
    const width = Math.max(full.width, 640);
    const below = said.notes.flatMap((note) => lines(note, width - 32));
    const top = 40, bottom = 20 + 16 * below.length;
    const margin = { ...full.margin };
    const size = graph._fullLayout._size;
    const layout = JSON.parse(JSON.stringify(graph.layout));
    const height = full.height + top + bottom;
    const inner = height - (size.t + top) - (size.b + bottom);
    const note = (text, y, extra) => ({
      text: escaped(text), xref: "paper", yref: "paper", x: 0, y, xanchor: "left", yanchor: "top", align: "left",
      xshift: -size.l + 16, showarrow: false, font: { size: 12, color: style.color }, ...extra,
    });
    layout.annotations = [...(layout.annotations || []),
      note(said.title, 1, { yshift: size.t + top - 12, font: { size: 17, color: style.color } }),
      ...below.map((line, k) => note(line, 0, { yshift: -(size.b + 10 + 16 * k) }))];
    layout.margin = { ...margin, t: size.t + top, b: size.b + bottom, l: size.l, r: size.r, autoexpand: false };
    Object.assign(layout, { width, height, autosize: false, paper_bgcolor: style.paper, plot_bgcolor: style.paper });
    return { figure: { data: graph.data, layout }, width, height, inner };
  }

  async function save(button) {
    const card = button.closest("section");
    const graph = card.querySelector(".js-plotly-plot");
    if (!graph || !window.Plotly) return;
    const said = words(card);
    const look = window.getComputedStyle(document.documentElement);
    const style = { color: look.getPropertyValue("--ink").trim(), paper: look.getPropertyValue("--surface").trim() };
    const { figure, width, height } = stated(graph, said, style);
    const image = await window.Plotly.toImage(figure, { format: "png", width, height, scale: 2 });
    const link = document.createElement("a");
    link.href = image;
    link.download = fileName([said.result, said.title].filter((part) => part).join(" ")) + ".png";
    link.click();
  }

  window.gridcarbonPictures = { stated, words, fileName };
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("button[data-png]");
    if (button) save(button);
  });
})();
