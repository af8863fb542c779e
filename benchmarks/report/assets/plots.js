"use strict";
(() => {
  const names = report.names;
  const range = names.map((_, i) => `var(--c${i % 8})`);
  const color = {domain: names, range, legend: false};
  const colorOf = (name) => range[Math.max(names.indexOf(name), 0)];
  const short = (s) => (s.length > 34 ? s.slice(0, 33) + "…" : s);
  const shape = {
    float32: {dash: null, symbol: "circle"},
    int8: {dash: "6 3", symbol: "square"},
    binary: {dash: "2 3", symbol: "triangle"},
  };

  // legend is a line of names in their colors; extra is more of it.
  function legend(present, extra = []) {
    const box = document.createElement("div");
    box.style.cssText = "display:flex;flex-wrap:wrap;gap:.1rem .9rem;font-size:12px;margin-bottom:.3rem";
    for (const n of names.filter((n) => present.has(n))) {
      const item = document.createElement("span");
      const dot = document.createElement("span");
      dot.style.cssText = `display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.35em;background:${colorOf(n)}`;
      item.append(dot, n);
      box.append(item);
    }
    for (const e of extra) {
      const item = document.createElement("span");
      item.style.opacity = ".75";
      item.append(e);
      box.append(item);
    }
    return box;
  }

  const spread = (data, get) => {
    const v = data.map(get).filter((x) => x > 0);
    return v.length > 0 && v.length === data.length && Math.max(...v) / Math.min(...v) > 5;
  };

  const drawers = {
    intervals(p, width) {
      const fill = (d) => (d.candidate ? colorOf(d.candidate) : "currentColor");
      const left = Math.min(250, 30 + 6.6 * Math.max(...p.data.map((d) => short(d.name).length)));
      return [Plot.plot({
        width, height: 46 + 26 * p.data.length, marginLeft: left,
        x: {label: p.x, grid: true, nice: true}, y: {label: null, domain: p.data.map((d) => d.name), tickFormat: short},
        marks: [
          Plot.ruleY(p.data, {y: "name", x1: "low", x2: "high", stroke: fill, strokeWidth: 2}),
          Plot.dot(p.data, {y: "name", x: "x", r: 5, fill: (d) => (d.kind === "fused" ? "var(--shade)" : fill(d)), stroke: fill, strokeWidth: 2,
            title: (d) => `${d.name}: ${d.x.toFixed(2)} [${d.low.toFixed(2)} ${d.high.toFixed(2)}]`}),
        ],
      })];
    },
    front(p, width) {
      const log = spread(p.data, (d) => d.x);
      const front = p.data.filter((d) => d.front).sort((a, b) => a.x - b.x);
      return [legend(new Set(p.data.map((d) => d.name)), ["ringed and joined: the Pareto front"]), Plot.plot({
        width, height: 300, color, marginRight: 30,
        x: {label: p.x, grid: true, type: log ? "log" : "linear", nice: true, zero: !log, tickFormat: log ? "~g" : undefined},
        y: {label: p.y, grid: true, nice: true},
        marks: [
          Plot.line(front, {x: "x", y: "y", curve: "step-after", stroke: "currentColor", strokeOpacity: .45, strokeDasharray: "4 3"}),
          Plot.ruleX(p.data, {x: "x", y1: "low", y2: "high", stroke: "name", strokeOpacity: .6}),
          Plot.dot(p.data, {x: "x", y: "y", r: 5, fill: "name", title: (d) => `${d.name}: ${d.y.toFixed(2)} at ${d.x.toPrecision(3)}`}),
          Plot.dot(front, {x: "x", y: "y", r: 9, stroke: "currentColor", strokeWidth: 1.2}),
        ],
      })];
    },
    sizes(p, width) {
      const marks = [];
      for (const kind of Object.keys(shape)) {
        const data = p.data.filter((d) => d.kind === kind);
        marks.push(Plot.line(data, {x: "x", y: "y", z: "name", stroke: "name", strokeDasharray: shape[kind].dash}));
        marks.push(Plot.dot(data, {x: "x", y: "y", fill: "name", r: 3.5, symbol: () => shape[kind].symbol,
          title: (d) => `${d.name}, ${d.kind}, ${d.x}: ${d.y.toFixed(2)} [${d.low.toFixed(2)} ${d.high.toFixed(2)}]`}));
      }
      const ticks = [];
      for (const x of [...new Set(p.data.map((d) => d.x))].sort((a, b) => a - b)) {
        if (ticks.length === 0 || x >= 1.9 * ticks[ticks.length - 1]) ticks.push(x);
      }
      return [legend(new Set(p.data.map((d) => d.name)), ["● float32", "■ int8 (dashed)", "▲ binary (dotted)"]), Plot.plot({
        width, height: 300, color, symbol: {type: "identity"},
        x: {label: p.x, type: "log", base: 2, grid: true, ticks, tickFormat: String}, y: {label: p.y, grid: true, nice: true}, marks,
      })];
    },
    ecdf(p, width) {
      return [legend(new Set(p.data.map((d) => d.name))), Plot.plot({
        width, height: 280, color,
        x: {label: p.x, type: spread(p.data, (d) => d.x) ? "log" : "linear", grid: true, nice: true, tickFormat: "~g"},
        y: {label: p.y, grid: true, domain: [0, 100]},
        marks: [Plot.line(p.data, {x: "x", y: "y", z: "name", stroke: "name", curve: "step-after", strokeWidth: 1.8})],
      })];
    },
    throughput(p, width) {
      const ticks = [...new Set(p.data.map((d) => d.x))].sort((a, b) => a - b);
      return [legend(new Set(p.data.map((d) => d.name))), Plot.plot({
        width, height: 280, color, marginLeft: 50,
        x: {label: p.x, type: "log", base: 2, grid: true, ticks, tickFormat: String},
        y: {label: p.y, type: spread(p.data, (d) => d.y) ? "log" : "linear", grid: true, nice: true, tickFormat: "~s"},
        marks: [
          Plot.line(p.data, {x: "x", y: "y", z: "name", stroke: "name", strokeWidth: 1.8}),
          Plot.dot(p.data, {x: "x", y: "y", fill: "name", r: 3.5, title: (d) => `${d.name}, ${d.x} texts: ${d.y.toPrecision(3)} texts/s`}),
        ],
      })];
    },
  };

  function draw() {
    let drawn = 0;
    for (const p of report.plots) {
      const place = document.getElementById(p.id);
      place.replaceChildren(...drawers[p.kind](p, Math.max(place.clientWidth, 280)));
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
})();
