// A coverage-guided fuzzer for one target: keeps the inputs that reached something new in the instrumented module, makes new
// ones from them, and stops at the first finding. A finding is an exception that is no error of ours (a trap among them), a run
// of over a second or out of fuel, memory that grew, or a byte left in linear memory. Layer: test only.
import { mutate, Random } from './mutate.mjs';

/** How many inputs may run between two walks over all of linear memory. */
const WALK_EVERY = 4096;

/** How much of each region is looked at after an input that reached new edges. */
const NEAR_BYTES = 8192;

/** Conditions that one call may pass before it counts as a hang: far above what the largest input here needs in a second. */
const FUEL = 400_000_000;

const SLOW_MS = 1000;
const GROWTH_BYTES = 256 * 1024 * 1024;

/** What the fuzzer was made to find. `input` reproduces it. */
export class Finding extends Error {
  constructor(kind, input, detail, cause) {
    super(`${kind}: ${detail}`, { cause });
    this.name = 'Finding';
    this.kind = kind;
    this.input = input;
  }
}

/** The instrumented instance as the engine sees it: edge map, fuel, and the memory that must be zero again. */
export class Instrumented {
  /**
   * @param exports exports of the instrumented instance
   * @param mapAddress where its edge map begins, which is where its own memory ends
   * @param mapBytes size of the edge map
   * @param constantsBytes bytes at the start of memory that may hold something, but not change
   * @param regions where the regions begin: the first bytes of each are looked at far more often than the whole of memory
   */
  constructor(exports, mapAddress, mapBytes, constantsBytes, regions = []) {
    const { buffer } = exports.memory;
    this.exports = exports;
    this.fuel = FUEL;
    this.bytes = buffer.byteLength;
    this.map = new Uint8Array(buffer, mapAddress, mapBytes);
    this.mapWords = new Int32Array(buffer, mapAddress, mapBytes / 4);
    this.working = new Int32Array(buffer, constantsBytes, (mapAddress - constantsBytes) / 4);
    this.near = regions.map((address) => {
      const at = (address - constantsBytes) / 4;
      return [at, Math.min(at + NEAR_BYTES / 4, this.working.length)];
    });
    this.constants = new Uint8Array(buffer, 0, constantsBytes);
    this.constantsBefore = this.constants.slice();
    this.constantsBytes = constantsBytes;
  }

  begin() {
    this.mapWords.fill(0);
    this.exports.edge_previous.value = 0;
    this.exports.edge_fuel.value = this.fuel;
  }

  /** The address of a byte that should be zero and is not, or of a changed constant; -1 when there is none. */
  residue() {
    const at = this.#nonZero(0, this.working.length);
    return at >= 0 ? at : this.constants.findIndex((b, i) => b !== this.constantsBefore[i]);
  }

  /** The same near the beginning of each region. */
  residueNear() {
    for (const [from, to] of this.near) {
      const at = this.#nonZero(from, to);
      if (at >= 0) return at;
    }
    return -1;
  }

  #nonZero(from, to) {
    const w = this.working;
    for (let i = from; i < to; i += 8) {
      if ((w[i] | w[i + 1] | w[i + 2] | w[i + 3] | w[i + 4] | w[i + 5] | w[i + 6] | w[i + 7]) === 0) continue;
      const at = this.constantsBytes + i * 4;
      return at + new Uint8Array(w.buffer, at, 32).findIndex((b) => b !== 0);
    }
    return -1;
  }

  isClean(address) {
    if (address >= this.constantsBytes) return new Uint8Array(this.working.buffer)[address] === 0;
    return this.constants[address] === this.constantsBefore[address];
  }

  clean() {
    this.working.fill(0);
    this.constants.set(this.constantsBefore);
  }
}

/** Counts 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128+ as one bit each, so that only a change in magnitude counts as new. */
const BUCKET = Uint8Array.from({ length: 256 }, (_, n) => {
  if (n === 0) return 0;
  if (n < 4) return 1 << (n - 1);
  return n < 8 ? 8 : n < 16 ? 16 : n < 32 ? 32 : n < 128 ? 64 : 128;
});

/** One fuzzing run of one target. */
export class Fuzzer {
  /**
   * @param target `{ name, codec, maxBytes, run(bytes), isExpected(error) }`: `run` throws what the code under test throws
   * @param instance an `Instrumented`
   * @param seed the generator's seed: target, seeds and seed number fix the run
   */
  constructor(target, instance, seed) {
    this.target = target;
    this.instance = instance;
    this.random = new Random(seed);
    this.seen = new Uint8Array(instance.map.length);
    this.corpus = [];
    this.executions = 0;
    this.edges = 0;
    this.slowestMs = 0;
    this.sinceWalk = [];
    this.heapAtStart = process.memoryUsage().rss;
  }

  /** Takes an input into the corpus if it reaches anything new. @throws {Finding} */
  add(input) {
    this.#execute(input);
    if (!this.#isNew()) return false;
    this.#blame(this.instance.residueNear(), [input]);
    this.corpus.push(input);
    return true;
  }

  /** Makes and runs new inputs until the time is over or that many have run. @throws {Finding} */
  fuzz({ ms = Number.POSITIVE_INFINITY, runs = Number.POSITIVE_INFINITY, onProgress = () => {}, progressMs = 5000 }) {
    if (this.corpus.length === 0) throw new Error(`${this.target.name}: no seed did anything`);
    const start = performance.now();
    let nextReport = start + progressMs;
    for (let n = 0; n < runs; n++) {
      if ((n & 63) === 0) {
        const now = performance.now();
        if (now - start >= ms) break;
        if (now >= nextReport) {
          nextReport += progressMs;
          this.#checkGrowth();
          onProgress(this);
        }
      }
      const { random, corpus } = this;
      // Half of the time one of the newest inputs: what was reached last is understood least.
      const newest = Math.max(0, corpus.length - 1 - random.below(1 + (corpus.length >> 3)));
      const base = random.below(2) === 0 ? corpus[newest] : random.pick(corpus);
      const input = mutate(base, random.pick(corpus), this.target.codec, random, this.target.maxBytes);
      this.add(input);
      this.sinceWalk.push(input);
      if (this.sinceWalk.length === WALK_EVERY) this.#blame(this.instance.residue(), this.sinceWalk.splice(0));
    }
    this.#blame(this.instance.residue(), this.sinceWalk.splice(0));
    this.#checkGrowth();
  }

  /** A smaller input with a finding of the same kind: parts are taken away as long as it stays. */
  minimise(finding) {
    let best = finding.input;
    this.instance.clean();
    const stillFound = (input) => {
      try {
        this.#time(input);
        if (finding.kind !== 'residue' || this.instance.residueNear() < 0) return false;
        this.instance.clean();
        return true;
      } catch (error) {
        return error instanceof Finding && error.kind === finding.kind && error.message === finding.message;
      }
    };
    if (finding.kind === 'slow' || finding.kind === 'hang') return best;
    for (let size = best.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at + size <= best.length; ) {
        const shorter = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + size)]);
        if (stillFound(shorter)) best = shorter;
        else at += size;
      }
    }
    return best;
  }

  #execute(input) {
    const ms = this.#time(input);
    this.executions++;
    if (ms > this.slowestMs) this.slowestMs = ms;
    if (ms <= SLOW_MS) return;
    // The machine may have been busy: what counts is the processor's time, and the shorter of two more runs.
    const again = Math.min(this.#processorTime(input), this.#processorTime(input));
    if (again > SLOW_MS) throw new Finding('slow', input, `${Math.round(again)} ms`);
  }

  #processorTime(input) {
    const before = process.cpuUsage();
    this.#time(input);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }

  #time(input) {
    const { target, instance } = this;
    instance.begin();
    const start = performance.now();
    try {
      target.run(input);
    } catch (error) {
      if (instance.exports.edge_fuel.value === 0)
        throw new Finding('hang', input, `${instance.fuel} conditions passed`, error);
      if (!target.isExpected(error)) throw new Finding('unexpected error', input, String(error), error);
    }
    if (instance.exports.memory.buffer.byteLength !== instance.bytes)
      throw new Finding('growth', input, 'linear memory');
    return performance.now() - start;
  }

  /** Notes what this run reached; most of the map is zero, so 32 bytes are looked at at once. */
  #isNew() {
    const w = this.instance.mapWords;
    let isNew = false;
    for (let i = 0; i < w.length; i += 8) {
      if ((w[i] | w[i + 1] | w[i + 2] | w[i + 3] | w[i + 4] | w[i + 5] | w[i + 6] | w[i + 7]) !== 0) {
        if (this.#noteEdges(i * 4, i * 4 + 32)) isNew = true;
      }
    }
    return isNew;
  }

  #noteEdges(from, to) {
    const { map } = this.instance;
    const { seen } = this;
    let isNew = false;
    for (let i = from; i < to; i++) {
      const bucket = BUCKET[map[i]];
      if ((bucket & ~seen[i]) === 0) continue;
      if (seen[i] === 0) this.edges++;
      seen[i] |= bucket;
      isNew = true;
    }
    return isNew;
  }

  /** Finds which of `inputs` left the byte at `address` by running them again; -1: nothing was left. */
  #blame(address, inputs) {
    if (address < 0) return;
    this.instance.clean();
    for (const input of inputs) {
      this.#time(input);
      if (!this.instance.isClean(address)) throw new Finding('residue', input, `address ${address}`);
    }
    throw new Finding('residue', inputs.at(-1), `address ${address}, left by a sequence of inputs, not by one alone`);
  }

  #checkGrowth() {
    const grown = process.memoryUsage().rss - this.heapAtStart;
    if (grown > GROWTH_BYTES) throw new Finding('growth', new Uint8Array(0), `the process grew by ${grown >> 20} MiB`);
  }
}
