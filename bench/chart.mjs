// The chart: one bar per peer on a logarithmic axis, right of the 1x line where we are faster, left where the peer is.
// Plain SVG that follows the reader's light or dark scheme. A tick on a bar's row marks "at least", a diamond the aim.
import { formatRatio, formatTime } from './report.mjs';
import { targetOf } from './targets.mjs';

/** @typedef {import('./report.mjs').Section} Section */

const WIDTH = 980;
const LABEL_WIDTH = 236;
const RIGHT = 128;
const BAR = 9;
const PITCH = 13;
const CASE_GAP = 13;
const SECTION_GAP = 46;
const HEAD = 132;

/** Mid tones that hold on white and on near-black, told apart by more than hue. */
const COLOURS = {
  'node:crypto': '#3f83d1',
  'crypto.hash loop': '#3f83d1',
  'native KDFs': '#3f83d1',
  WebCrypto: '#21a5a0',
  '@noble': '#e08b2c',
  'hash-wasm': '#8f6ad6',
  'node-forge': '#cf4f72',
  'PKI.js': '#6aa33a',
  '@chainsafe/as-sha256': '#b58a52',
  'plain TypeScript': '#7f8c99',
};

const STYLE = `
  text { font-family: ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1c2430; }
  .card { fill: #ffffff; } .muted { fill: #667180; } .grid { stroke: #e3e7ec; } .one { stroke: #1c2430; stroke-width: 1.4; }
  .band { fill: #f5f7f9; } .target { stroke: #1c2430; stroke-width: 1.6; } .aim { fill: #ffffff; stroke: #1c2430; stroke-width: 1.3; }
  .title { font-size: 21px; font-weight: 650; } .section { font-size: 14.5px; font-weight: 650; }
  .id { font-size: 12.5px; font-weight: 600; } .small { font-size: 11px; } .value { font-size: 10.5px; font-weight: 600; } .name { font-size: 10.5px; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4e9ef; } .card { fill: #12171d; } .muted { fill: #93a0ae; } .grid { stroke: #27303a; } .one { stroke: #e4e9ef; }
    .band { fill: #182028; } .target { stroke: #e4e9ef; } .aim { fill: #12171d; stroke: #e4e9ef; }
  }`;

const escapeXml = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? c);
const text = (x, y, words, classes, extra = '') =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" class="${classes}"${extra}>${escapeXml(words)}</text>`;
const line = (x1, y1, x2, y2, classes) =>
  `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${classes}"/>`;

/** The axis: powers of ten that hold every ratio, and a function from ratio to x. */
function axis(ratios) {
  const low = Math.min(0.5, ...ratios);
  const high = Math.max(10, ...ratios);
  const [from, to] = [Math.log10(low) - 0.06, Math.log10(high)];
  const x = (ratio) => LABEL_WIDTH + ((Math.log10(ratio) - from) / (to - from)) * (WIDTH - LABEL_WIDTH - RIGHT);
  const ticks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((t) => t >= low * 0.9 && t <= high);
  return { x, ticks };
}

/** A row holds two lines of words, whatever the number of its bars. */
const heightOf = (c) => Math.max(2, Object.keys(c.peers).length) * PITCH;

/** One case: its name and time on the left, a bar per peer. */
function drawCase(c, top, x) {
  const out = [];
  const peers = Object.keys(c.peers);
  const middle = top + heightOf(c) / 2;
  const first = middle - (peers.length * PITCH) / 2;
  out.push(text(16, middle - 2, c.id, 'id'), text(16, middle + 12, `${formatTime(c.ours)} per op`, 'small muted'));
  peers.forEach((peer, i) => {
    const y = first + i * PITCH + (PITCH - BAR) / 2;
    const ratio = c.ratio[peer];
    const [left, right] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
    const fill = COLOURS[peer] ?? '#7f8c99';
    out.push(
      `<rect x="${left.toFixed(1)}" y="${y.toFixed(1)}" width="${Math.max(1, right - left).toFixed(1)}" height="${BAR}" rx="2" fill="${fill}"/>`,
    );
    const target = targetOf(c.id, peer);
    let labelX = right + 6;
    if (target) {
      const [least, aim] = [x(target.atLeast), x(target.aim)];
      const m = y + BAR / 2;
      out.push(line(least, y - 1.5, least, y + BAR + 1.5, 'target'));
      out.push(`<path d="M${aim.toFixed(1)} ${(m - 4).toFixed(1)}l4 4l-4 4l-4 -4z" class="aim"/>`);
      labelX = Math.max(labelX, aim + 9, least + 6);
    }
    out.push(
      `<text x="${labelX.toFixed(1)}" y="${(y + BAR - 0.5).toFixed(1)}"><tspan class="value">${formatRatio(ratio).replace('x', '×')}</tspan><tspan class="name muted" dx="5">${escapeXml(peer)}</tspan></text>`,
    );
  });
  return out;
}

/**
 * Draws all sections as one SVG document.
 * @param {any} machine @param {Section[]} sections
 * @returns {string}
 */
export function formatChart(machine, sections) {
  const shown = sections.filter((s) => s.cases.length > 0);
  const { x, ticks } = axis(shown.flatMap((s) => s.cases.flatMap((c) => Object.values(c.ratio))));
  const body = [];
  let y = HEAD;
  for (const { title, cases } of shown) {
    const top = y;
    const inner = [];
    y += 34;
    for (const c of cases) {
      inner.push(...drawCase(c, y, x));
      y += heightOf(c) + CASE_GAP;
    }
    body.push(
      `<rect x="0" y="${top}" width="${WIDTH}" height="26" class="band"/>`,
      text(16, top + 18, title, 'section'),
    );
    for (const t of ticks) {
      body.push(text(x(t), top + 17, `${t}×`, 'small muted', ' text-anchor="middle"'));
      body.push(line(x(t), top + 26, x(t), y - 4, t === 1 ? 'one' : 'grid'));
    }
    body.push(...inner);
    y += SECTION_GAP - 34;
  }
  const { core } = machine.modules;
  const kib = (n) => `${(n / 1024).toFixed(1)} KiB`;
  const head = [
    text(16, 36, 'keyward: how many times faster than …', 'title'),
    text(
      16,
      58,
      'Ratio of times, peer / ours, on a logarithmic axis: right of 1× the WebAssembly core is faster, left of it the peer.',
      'small muted',
    ),
    text(
      16,
      75,
      `${machine.cpu}, Node ${machine.node}, OpenSSL ${machine.openssl}; median of ${machine.processes} processes, ${machine.date}. Core module ${kib(core.raw)}, gzip ${kib(core.gzip)}.`,
      'small muted',
    ),
    line(19, 90, 19, 103, 'target'),
    text(28, 100, 'at least', 'small'),
    '<path d="M92 92.5l4 4l-4 4l-4 -4z" class="aim"/>',
    text(102, 100, 'aim', 'small'),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Benchmark of the keyward core against other libraries">
<style>${STYLE}
</style>
<rect width="${WIDTH}" height="${y}" rx="10" class="card"/>
${head.join('\n')}
${body.join('\n')}
</svg>
`;
}
