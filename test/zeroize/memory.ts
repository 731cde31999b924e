/**
 * The zero-memory lane's eyes: remembers every instance of our two modules that a test file makes, and finds bytes in
 * their linear memory that should be zero and are not. Runs alike in Node and in Chromium. Layer: test only.
 */
import { CONSTANTS_BYTES, CORE_REGIONS, LEGACY_REGIONS } from '../../src/core/generated/layout.ts';

type Regions = typeof CORE_REGIONS;

/** One instance of the core or of the legacy module. */
export interface WatchedInstance {
  readonly name: 'core' | 'legacy';
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly regions: Regions;
}

/** A run of bytes that should not be as they are: in which region, how far from its start, how many. Never their values. */
export interface Residue {
  readonly module: 'core' | 'legacy';
  readonly region: string;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

/** The slots that outlive a call by design, as long as their owner lives. */
export const SLOT_REGIONS: readonly string[] = ['KEK_SLOTS', 'KDF_SLOTS'];

const PAGE = 65536;
const watched: WatchedInstance[] = [];

/** Every instance made so far in this realm, since `watchInstances`. */
export function watchedInstances(): readonly WatchedInstance[] {
  return watched;
}

/** Replaces `WebAssembly.Instance` by one that remembers what is ours. Call once, before the first instance is made. */
export function watchInstances(): void {
  class WatchedWebAssemblyInstance extends WebAssembly.Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      remember(module, this.exports);
    }
  }
  WebAssembly.Instance = WatchedWebAssemblyInstance;
}

function remember(module: WebAssembly.Module, { memory }: WebAssembly.Exports): void {
  if (!(memory instanceof WebAssembly.Memory)) return;
  for (const [name, regions] of [
    ['core', CORE_REGIONS],
    ['legacy', LEGACY_REGIONS],
  ] as const) {
    // Ours are known by the size of their memory, which is fixed.
    if (memory.buffer.byteLength === pagesOf(regions) * PAGE) watched.push({ name, module, memory, regions });
  }
}

function pagesOf(regions: Regions): number {
  const last = regions[regions.length - 1]!;
  return Math.ceil((last.address + last.bytes) / PAGE);
}

/**
 * Finds what a call left behind: every byte outside the constants that is not zero, and every byte of the constants that is
 * not as in a fresh instance.
 *
 * @param allowed regions that may hold something now: `SLOT_REGIONS` while a handle or a derivation lives
 */
export function findResidue(instance: WatchedInstance, allowed: readonly string[] = []): Residue[] {
  const { name, regions, module, memory } = instance;
  const bytes = new Uint8Array(memory.buffer);
  const found: Residue[] = changedConstants(module, bytes).map(([from, to]) => ({
    module: name,
    region: 'CONSTANTS',
    offset: from,
    address: from,
    bytes: to - from,
  }));
  regions.forEach((region, i) => {
    const end = regions[i + 1]?.address ?? bytes.length;
    for (const [from, to] of nonZeroRuns(bytes, region.address, end)) {
      const offset = from - region.address;
      const place = offset < region.bytes ? region.name : `the gap after ${region.name}`;
      if (!allowed.includes(place))
        found.push({ module: name, region: place, offset, address: from, bytes: to - from });
    }
  });
  return found;
}

/** Throws when any watched instance holds a residue; the message names region and offset of each run of bytes. */
export function assertNothingLeft(after: string, allowed: readonly string[] = []): void {
  const found = watched.flatMap((instance) => findResidue(instance, allowed));
  if (found.length === 0) return;
  const lines = found.slice(0, 20).map((r) => {
    const what = r.region === 'CONSTANTS' ? 'changed' : 'not zero';
    return `  ${r.module}: ${r.region} + ${r.offset} (address ${r.address}): ${r.bytes} byte(s) ${what}`;
  });
  throw new Error(`${after} left ${found.length} residue(s) in linear memory:\n${lines.join('\n')}`);
}

/** Zeroes everything but the constants, so that one failed check does not make all later ones fail. */
export function cleanMemory(): void {
  for (const { memory } of watched) new Uint8Array(memory.buffer).fill(0, CONSTANTS_BYTES);
}

function changedConstants(module: WebAssembly.Module, bytes: Uint8Array): [number, number][] {
  const fresh = new (Object.getPrototypeOf(WebAssembly.Instance) as typeof WebAssembly.Instance)(module, {});
  const want = new Uint8Array((fresh.exports.memory as WebAssembly.Memory).buffer, 0, CONSTANTS_BYTES);
  return runsWhere(0, CONSTANTS_BYTES, (i) => bytes[i] !== want[i]);
}

/** Runs of non-zero bytes; fewer than 16 zero bytes between two do not part them. Most is zero, so 64 bytes are looked at at once. */
function nonZeroRuns(bytes: Uint8Array, start: number, end: number): [number, number][] {
  const w = new Int32Array(bytes.buffer, start, (end - start) / 4); // regions are aligned to 64 bytes
  const runs: [number, number][] = [];
  for (let i = 0; i < w.length; i += 16) {
    const low = w[i]! | w[i + 1]! | w[i + 2]! | w[i + 3]! | w[i + 4]! | w[i + 5]! | w[i + 6]! | w[i + 7]!;
    const high = w[i + 8]! | w[i + 9]! | w[i + 10]! | w[i + 11]! | w[i + 12]! | w[i + 13]! | w[i + 14]! | w[i + 15]!;
    if ((low | high) === 0) continue;
    const from = start + i * 4;
    for (const run of runsWhere(from, from + 64, (at) => bytes[at] !== 0)) extend(runs, run);
  }
  return runs;
}

function runsWhere(start: number, end: number, differs: (i: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let i = start; i < end; i++) if (differs(i)) extend(runs, [i, i + 1]);
  return runs;
}

function extend(runs: [number, number][], [from, to]: [number, number]): void {
  const last = runs[runs.length - 1];
  if (last !== undefined && from - last[1] < 16) last[1] = to;
  else runs.push([from, to]);
}
