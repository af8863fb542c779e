"use strict";
(() => {
  const names = report.names;
  const range = names.map((_, i) => `var(--c${i % 8})`);
  const color = {domain: names, range, legend: false};
  const colorOf = (name) => range[Math.max(names.indexOf(name), 0)];
  const number = (name) => names.indexOf(name) + 1;
  const style = {fontSize: "12px", overflow: "visible", background: "none"};
  const comma = d3.format(",");
  const plain = (v) => (Math.abs(v) >= 1 ? d3.format(",.7~g")(v) : d3.format(".3~g")(v)); // of a tick
  const storages = {
    float32: {dash: null, symbol: "circle", dot: (stroke) => ({stroke, r: 5.5, strokeWidth: 1.5})}, // int8 is mostly inside it
    int8: {dash: "6 3", symbol: "square", dot: (fill) => ({fill, r: 2.5})},
    binary: {dash: "2 3", symbol: "triangle", dot: (fill) => ({fill, r: 3.5})},
  };
  const variants = [
    {kind: "model", sign: "●", words: "alone"},
    {kind: "scores", sign: "○", words: "with words, by scores"},
    {kind: "ranks", sign: "◇", words: "with words, by ranks"},
  ];

  function element(tag, cls, ...inside) {
    const e = document.createElement(tag);
    e.className = cls;
    e.append(...inside);
    return e;
  }
  function named(tag, name) {
    const dot = element("span", "key");
    dot.style.background = colorOf(name);
    return element(tag, "", dot, element("span", "number", `${number(name)}`), ` ${name}`);
  }
  // legend is a line of names with their colors and numbers; extra is more of it.
  function legend(present, extra = []) {
    return element("div", "legend", ...names.filter((n) => present.has(n)).map((n) => named("span", n)), ...extra.map((e) => element("span", "", e)));
  }

  const spread = (data, get) => {
    const v = data.map(get).filter((x) => x > 0);
    return v.length > 0 && v.length === data.length && Math.max(...v) / Math.min(...v) > 5;
  };
  const extent = (data, ...gets) => d3.extent(gets.flatMap((get) => data.map(get)));

  // powers returns a logarithmic axis over a range, with ticks at powers of the base: of 10 with 2
  // and 5 between them where they are few, of other bases fewer where they are many.
  function powers([low, high], base, most) {
    const from = Math.floor(Math.log(low) / Math.log(base) + 1e-9), to = Math.ceil(Math.log(high) / Math.log(base) - 1e-9);
    const exponents = d3.range(from, Math.max(to, from + 1) + 1);
    let ticks = exponents.map((e) => base ** e);
    if (base === 10 && 3 * ticks.length <= most + 2) {
      const between = exponents.flatMap((e) => [1, 2, 5].map((m) => m * 10 ** e));
      const first = between.findLastIndex((t) => t <= low * 1.0001), last = between.findIndex((t) => t >= high * 0.9999);
      ticks = between.slice(Math.max(first, 0), last < 0 ? undefined : Math.max(last, first + 1) + 1);
    } else {
      const step = Math.ceil(ticks.length / most);
      ticks = ticks.filter((_, i) => i % step === 0);
      while (ticks[ticks.length - 1] < high * 0.9999) ticks.push(ticks[ticks.length - 1] * base ** step);
    }
    return {type: "log", base, domain: [Math.min(ticks[0], low), Math.max(ticks[ticks.length - 1], high)], ticks, tickFormat: plain};
  }
  const linear = ([low, high], most) => {
    const [a, b] = d3.nice(low, high, most);
    return {type: "linear", domain: a === b ? [a - 1, b + 1] : [a, b], ticks: d3.ticks(a, b, most), tickFormat: plain};
  };
  const left = (axis, height) => 14 + 7 * Math.max(...axis.ticks.map((t) => axis.tickFormat(t).length));
  const across = (p) => (p.floor ? [
    Plot.ruleY([p.floor.x], {stroke: "currentColor", strokeDasharray: "1 3", strokeWidth: 1.5}),
    Plot.text([p.floor], {y: "x", frameAnchor: "right", text: (d) => `${d.name} ${d.x.toFixed(1)}`, textAnchor: "end", dy: -7,
      fill: "currentColor", stroke: "var(--shade)", strokeWidth: 4}),
  ] : []);

  // panels draws one plot for each candidate on the same axes, with the others in gray behind it.
  function panels(p, width, extra, marks, axes, behind = () => true) {
    const present = names.filter((n) => p.data.some((d) => d.name === n));
    const columns = Math.max(1, Math.floor((width + 16) / (240 + 16)));
    const each = Math.floor((width - 16 * (columns - 1)) / columns);
    const grid = element("div", "panels");
    const {x, y} = axes(each);
    for (const n of present) {
      const own = p.data.filter((d) => d.name === n);
      const others = p.data.filter((d) => d.name !== n && behind(d));
      const panel = element("div", "", named("p", n));
      panel.append(Plot.plot({
        width: each, height: 190, style, marginLeft: left(y), marginRight: 20, marginTop: 26, marginBottom: 40,
        x: {label: p.x, labelArrow: "none", grid: true, ...x}, y: {label: p.y, labelArrow: "none", grid: true, ...y}, symbol: {type: "identity"},
        marks: [
          Plot.line(others, {x: "x", y: "y", z: (d) => `${d.name} ${d.kind}`, stroke: "currentColor", strokeOpacity: .25, curve: p.kind === "ecdf" ? "step-after" : "linear"}),
          ...across(p), ...marks(own, colorOf(n)),
        ],
      }));
      grid.append(panel);
    }
    const gray = present.length > 1 ? ["gray: the other candidates"] : [];
    return [legend(new Set(), [...extra, ...gray]), grid];
  }

  const drawers = {
    // Labels stand above the bars, so that names have the whole width.
    intervals(p, width) {
      const rows = [];
      const fits = Math.floor(width / 7.2);
      let height = 4;
      for (const d of p.data.filter((d) => d.kind === "model")) {
        const lines = d.name.match(new RegExp(`.{1,${fits - 4}}`, "g"));
        const own = variants.map((v) => p.data.find((e) => e.candidate === d.candidate && e.kind === v.kind)).filter((e) => e);
        rows.push({label: `${number(d.name)} ${lines.join("\n")}`, top: height, of: d.candidate});
        height += 15 * lines.length;
        for (const e of own) {
          e.place = height + 6;
          height += 13;
        }
        height += 12;
      }
      const shown = p.data.filter((d) => d.place !== undefined);
      const all = p.floor ? [...shown, p.floor] : shown;
      const x = linear(extent(all, (d) => d.low, (d) => d.high), Math.max(3, Math.floor(width / 70)));
      const fill = (d) => (d.kind === "model" ? colorOf(d.candidate) : "var(--shade)");
      const extra = variants.filter((v) => shown.some((d) => d.kind === v.kind)).map((v) => `${v.sign} ${v.words}`);
      if (p.floor) extra.push(`┊ ${p.floor.name} ${p.floor.x.toFixed(1)}`);
      return [legend(new Set(), extra.length > 1 ? extra : []), Plot.plot({
        width, height: height + 50, style, marginLeft: 12, marginRight: 16, marginTop: 6, marginBottom: 40,
        x: {label: p.x, labelArrow: "none", grid: true, ...x}, y: {axis: null, domain: [height, 0]}, symbol: {type: "identity"},
        marks: [
          ...(p.floor ? [Plot.ruleX([p.floor.x], {stroke: "currentColor", strokeDasharray: "1 3", strokeWidth: 1.5})] : []),
          Plot.ruleY(shown, {y: "place", x1: "low", x2: "high", stroke: (d) => colorOf(d.candidate), strokeWidth: (d) => (d.kind === "model" ? 3 : 1.5)}),
          Plot.dot(shown, {y: "place", x: "x", r: 4.5, symbol: (d) => (d.kind === "ranks" ? "diamond" : "circle"), fill, stroke: (d) => colorOf(d.candidate), strokeWidth: 2,
            title: (d) => `${d.name}: ${d.x.toFixed(2)} [${d.low.toFixed(2)} ${d.high.toFixed(2)}]`}),
          Plot.text(rows, {y: "top", frameAnchor: "left", lineAnchor: "top", textAnchor: "start", text: "label", fill: "currentColor", stroke: "var(--shade)", strokeWidth: 4}),
        ],
      })];
    },
    // Dots have the numbers of the legend; those that stand in one place share a label.
    front(p, width) {
      const height = 320;
      const log = spread(p.data, (d) => d.x);
      const range = extent(p.data, (d) => d.x);
      const most = Math.max(3, Math.floor(width / 80));
      const x = log ? powers(range, 10, most) : linear([0, range[1] || 1], most);
      const y = linear(extent(p.floor ? [...p.data, {low: p.floor.x, high: p.floor.x}] : p.data, (d) => d.low, (d) => d.high), 6);
      const scale = log ? Math.log : (v) => v;
      const at = (d) => [width * (scale(d.x) - scale(x.domain[0])) / (scale(x.domain[1]) - scale(x.domain[0])), height * (d.y - y.domain[0]) / (y.domain[1] - y.domain[0])];
      const labels = [];
      for (const d of p.data) {
        const [a, b] = at(d);
        const same = labels.find((l) => Math.abs(l.a - a) < 16 && Math.abs(l.b - b) < 14);
        if (same) same.numbers.push(number(d.name));
        else labels.push({a, b, x: d.x, y: d.y, numbers: [number(d.name)]});
      }
      for (const l of labels) l.text = l.numbers.sort((m, n) => m - n).join(", ");
      const crowded = (l) => labels.some((o) => o.a > l.a && o.a - l.a < 20 + 7 * l.text.length && Math.abs(o.b - l.b) < 24);
      const label = (data, side) => Plot.text(data, {x: "x", y: "y", text: "text", dx: 12 * side, dy: -10, textAnchor: side > 0 ? "start" : "end",
        fontWeight: 600, fill: "currentColor", stroke: "var(--shade)", strokeWidth: 4});
      const front = p.data.filter((d) => d.front).sort((a, b) => a.x - b.x);
      return [legend(new Set(p.data.map((d) => d.name)), ["ringed and joined: the Pareto front"]), Plot.plot({
        width, height, style, color, marginLeft: left(y), marginRight: 30, marginTop: 28, marginBottom: 42,
        x: {label: p.x, labelArrow: "none", grid: true, ...x}, y: {label: p.y, labelArrow: "none", grid: true, ...y},
        marks: [
          ...across(p),
          Plot.line(front, {x: "x", y: "y", curve: "step-after", stroke: "currentColor", strokeOpacity: .45, strokeDasharray: "4 3"}),
          Plot.ruleX(p.data, {x: "x", y1: "low", y2: "high", stroke: "name", strokeOpacity: .6}),
          Plot.dot(p.data, {x: "x", y: "y", r: 5, fill: "name", title: (d) => `${d.name}: ${d.y.toFixed(2)} at ${d.x.toPrecision(3)}`}),
          Plot.dot(front, {x: "x", y: "y", r: 9, stroke: "currentColor", strokeWidth: 1.2}),
          label(labels.filter((l) => !crowded(l)), 1),
          label(labels.filter(crowded), -1),
        ],
      })];
    },
    sizes(p, width) {
      const marks = (own, stroke) => Object.keys(storages).flatMap((kind) => {
        const data = own.filter((d) => d.kind === kind);
        return [
          Plot.line(data, {x: "x", y: "y", stroke, strokeDasharray: storages[kind].dash, strokeWidth: kind === "float32" ? 3 : 1.5, strokeOpacity: kind === "float32" ? .5 : 1}),
          Plot.dot(data, {x: "x", y: "y", ...storages[kind].dot(stroke), symbol: () => storages[kind].symbol,
            title: (d) => `${d.name}, ${d.kind}, ${comma(d.x)}: ${d.y.toFixed(2)} [${d.low.toFixed(2)} ${d.high.toFixed(2)}]`}),
        ];
      });
      const lowest = p.floor ? [...p.data, {y: p.floor.x}] : p.data;
      return panels(p, width, ["○ float32 (broad)", "■ int8 (dashed)", "▲ binary (dotted)"], marks, (each) => ({
        x: powers(extent(p.data, (d) => d.x), 2, Math.max(3, Math.floor(each / 55))), y: linear(extent(lowest, (d) => d.y), 5),
      }), (d) => d.kind === "float32");
    },
    ecdf(p, width) {
      const log = spread(p.data, (d) => d.x);
      const marks = (own, stroke) => [Plot.line(own, {x: "x", y: "y", stroke, curve: "step-after", strokeWidth: 2.2})];
      return panels(p, width, [], marks, (each) => ({
        x: log ? powers(extent(p.data, (d) => d.x), 10, Math.floor(each / 45)) : linear([0, d3.max(p.data, (d) => d.x)], Math.floor(each / 60)),
        y: {domain: [0, 100], ticks: [0, 25, 50, 75, 100], tickFormat: plain},
      }));
    },
    throughput(p, width) {
      const log = spread(p.data, (d) => d.y);
      const marks = (own, stroke) => [
        Plot.line(own, {x: "x", y: "y", stroke, strokeWidth: 2.2}),
        Plot.dot(own, {x: "x", y: "y", fill: stroke, r: 3.5, title: (d) => `${d.name}, ${comma(d.x)} texts: ${comma(+d.y.toPrecision(3))} texts/s`}),
      ];
      return panels(p, width, [], marks, (each) => ({
        x: powers(extent(p.data, (d) => d.x), 4, Math.max(3, Math.floor(each / 45))),
        y: log ? powers(extent(p.data, (d) => d.y), 10, 5) : linear([0, d3.max(p.data, (d) => d.y)], 5),
      }));
    },
  };

  function draw() {
    let drawn = 0;
    for (const p of report.plots) {
      const place = document.getElementById(p.id);
      place.replaceChildren(...drawers[p.kind](p, Math.max(place.clientWidth, 240)));
      drawn++;
    }
    document.documentElement.dataset.drawn = `${drawn} of ${report.plots.length}`;
  }
  draw();
  let last = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== last) {
      last = window.innerWidth;
      draw();
    }
  });
  // Paper has no summary to click on.
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => (d.open = true)));
})();
