// The table: per case our time, each peer's, the ratio of the medians with its range over the processes, and what the
// target says about it.
import { AT_MOST, COLD_START, CORE_SIZE, targetOf } from './targets.mjs';

/** @typedef {{ id: string, unit: string, ours: number, peers: Record<string, number>, ratio: Record<string, number> }} Case */
/** @typedef {{ title: string, cases: Case[], ranges: Map<string, Record<string, [number, number]>>, notes: string[] }} Section */

/** @param {number} ns */
export function formatTime(ns) {
  const [value, unit] =
    ns < 1e3 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : ns < 1e9 ? [ns / 1e6, 'ms'] : [ns / 1e9, 's'];
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** @param {number} ratio */
export const formatRatio = (ratio) =>
  `${ratio < 10 ? ratio.toFixed(2) : ratio < 100 ? ratio.toFixed(1) : ratio.toFixed(0)}x`;

/** What a case may take at most, whatever its peers do. @param {Case} c @returns {{ reached: boolean, text: string } | undefined} */
function bound(c) {
  const atMost = AT_MOST[c.id];
  if (atMost === undefined) return undefined;
  const reached = c.ours <= atMost;
  return { reached, text: `${reached ? 'reached' : 'MISSED'}: at most ${formatTime(atMost)}` };
}

/** @param {Case} c @param {string} peer @returns {{ reached: boolean, text: string } | undefined} */
function verdict(c, peer) {
  if (c.id === COLD_START.id && peer === COLD_START.peer) {
    const aim = c.ours <= COLD_START.aimNs;
    const least = c.ratio[peer] > COLD_START.atLeast;
    return {
      reached: least,
      text: `${least ? 'reached' : 'MISSED'}: below ${peer}; aim 3 ms ${aim ? 'reached' : 'not yet'}`,
    };
  }
  const target = targetOf(c.id, peer);
  if (!target) return peer === Object.keys(c.peers)[0] ? bound(c) : undefined;
  const reached = c.ratio[peer] >= target.atLeast;
  const aim = c.ratio[peer] >= target.aim;
  return {
    reached,
    text: `${reached ? 'reached' : 'MISSED'}: at least ${target.atLeast}; aim ${target.aim} ${aim ? 'reached' : 'not yet'}`,
  };
}

/**
 * Lays the whole table out as text.
 * @param {Section[]} sections
 * @param {Record<string, { raw: number, gzip: number }>} modules
 * @returns {{ text: string, missed: string[] }}
 */
export function formatReport(sections, modules) {
  const missed = [];
  let targets = 0;
  const lines = [];
  for (const { title, cases, ranges, notes } of sections) {
    lines.push('', title, `  ${row('case', 'ours', 'peer', 'time', 'ratio', 'over processes', 'target')}`);
    for (const c of cases) {
      let first = true;
      if (Object.keys(c.peers).length === 0) {
        const v = bound(c);
        if (v) targets++;
        if (v && !v.reached) missed.push(`${c.id}: ${formatTime(c.ours)}, ${v.text}`);
        lines.push(`  ${row(c.id, formatTime(c.ours), 'no peer', '', '', '', v?.text ?? '')}`.trimEnd());
      }
      for (const [peer, ns] of Object.entries(c.peers)) {
        const v = verdict(c, peer);
        if (v) targets++;
        if (v && !v.reached) missed.push(`${c.id} vs ${peer}: ${formatRatio(c.ratio[peer])}, ${v.text}`);
        const [low, high] = ranges.get(c.id)?.[peer] ?? [c.ratio[peer], c.ratio[peer]];
        const own = first ? [c.id, formatTime(c.ours)] : ['', ''];
        const range = `${formatRatio(low)} – ${formatRatio(high)}`;
        lines.push(
          `  ${row(...own, peer, formatTime(ns), formatRatio(c.ratio[peer]), range, v?.text ?? '')}`.trimEnd(),
        );
        first = false;
      }
    }
    for (const note of notes) lines.push(`  ${note}`);
  }
  lines.push('', 'Module size');
  for (const [name, size] of Object.entries(modules)) {
    for (const kind of /** @type {const} */ (['raw', 'gzip'])) {
      const limit = name === 'core' ? CORE_SIZE[kind] : undefined;
      const reached = !limit || size[kind] <= limit.atMost;
      if (limit) targets++;
      const text = limit
        ? `${reached ? 'reached' : 'MISSED'}: at most ${limit.atMost / 1024} KiB; aim ${limit.aim / 1024} KiB ${size[kind] <= limit.aim ? 'reached' : 'not yet'}`
        : '';
      if (!reached) missed.push(`${name} ${kind}: ${size[kind]} bytes, ${text}`);
      lines.push(
        `  ${`${name} ${kind}`.padEnd(26)}${`${(size[kind] / 1024).toFixed(1)} KiB`.padStart(10)}  ${text}`.trimEnd(),
      );
    }
  }
  lines.push('', `Targets: ${targets - missed.length} of ${targets} reached.`, ...missed.map((m) => `  ${m}`));
  return { text: lines.join('\n'), missed };
}

function row(id, ours, peer, time, ratio, range, target) {
  return `${id.padEnd(26)}${ours.padStart(10)}  ${peer.padEnd(22)}${time.padStart(10)}${ratio.padStart(9)}  ${range.padEnd(17)}${target}`;
}
