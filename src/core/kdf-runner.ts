/**
 * Runs chains in KDF slots, a slice at a time: up to four of one hash side by side in SIMD lanes, PBKDF2 and PKCS#12 KDF
 * mixed; a finished lane takes the next chain. Fewer than the measured break-even, and the 64-bit hashes, run scalar.
 * Knows nothing of promises and clocks. Layer: core, internal.
 */
import { IN, OUT } from './generated/layout.ts';
import { HASHES } from './hash.ts';
import type { Chain } from './kdf-plan.ts';
import { statusError } from './status.ts';
import { core, memory } from './wasm.ts';

const LANES = 4;
/** One step of four lanes costs about as much as so many of one scalar chain: 1.85 (SHA-256), 1.5 to 2 (SHA-1). */
const LANES_COST = 1.85;
/** So from two chains on, lanes are not slower. */
const BREAK_EVEN = 2;
/** Hashes of 32-bit words have lanes: their numbers are at most this. */
const LAST_LANED = HASHES.sha256.id;

/** What a slice did, for those who measure it. */
export interface SliceReport {
  readonly hashName: string;
  /** Iterations of PBKDF2 that one scalar chain would have done in the same time. */
  readonly iterations: number;
}

/** Runs chains in slots of its own. */
export class KdfRunner {
  readonly #free: number[];
  readonly #onRun: (chain: Chain, iterations: number) => void;
  readonly #waiting: Chain[] = [];
  readonly #active: Chain[] = [];
  #turn = 0;

  /** Takes the slots `firstSlot` … `firstSlot + slots - 1`, at least four; reports what each chain did. */
  constructor(firstSlot: number, slots: number, onRun: (chain: Chain, iterations: number) => void) {
    this.#onRun = onRun;
    this.#free = Array.from({ length: slots }, (_, i) => firstSlot + i);
  }

  /** True while there is work. */
  get busy(): boolean {
    return this.#active.length + this.#waiting.length > 0;
  }

  /** Queues chains, the longest first: lanes then stay full to the end. */
  add(chains: readonly Chain[]): void {
    this.#waiting.push(...[...chains].sort((a, b) => stepsOf(b) - stepsOf(a)));
  }

  /** Runs one group of chains for at most `steps` steps. On an error every chain is dropped and wiped. */
  slice(steps: number): SliceReport {
    try {
      this.#fill();
      const { of } = this.#active[this.#turn++ % this.#active.length] as Chain;
      const hash = of.hash.id;
      const group = this.#active.filter((chain) => chain.of.hash.id === hash);
      const inLanes = hash <= LAST_LANED && group.length >= BREAK_EVEN;
      const ran = inLanes ? LANES_COST * this.#runLanes(hash, group, steps) : this.#runScalar(group[0] as Chain, steps);
      for (const chain of group) while (chain.slot >= 0 && chain.left === 0) this.#finishBlock(chain);
      return { hashName: of.hashName, iterations: ran };
    } catch (error) {
      this.drop(() => true);
      throw error;
    }
  }

  /** Removes and returns the first waiting chain that `which` wants. */
  take(which: (chain: Chain) => boolean): Chain | undefined {
    const at = this.#waiting.findIndex(which);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0];
  }

  /** Forgets the chains that `which` names and wipes their slots. */
  drop(which: (chain: Chain) => boolean): void {
    for (const list of [this.#active, this.#waiting]) {
      for (let i = list.length - 1; i >= 0; i--) {
        const chain = list[i] as Chain;
        if (!which(chain)) continue;
        list.splice(i, 1);
        if (chain.slot >= 0) this.#release(chain);
      }
    }
  }

  /** Starts waiting chains while there are slots, at most as many of one hash as can run together. */
  #fill(): void {
    for (let i = 0; i < this.#waiting.length && this.#free.length > 0; ) {
      const chain = this.#waiting[i] as Chain;
      const hash = chain.of.hash.id;
      const running = this.#active.reduce((n, other) => n + (other.of.hash.id === hash ? 1 : 0), 0);
      if (running >= (hash <= LAST_LANED ? LANES : 1)) {
        i++;
        continue;
      }
      this.#waiting.splice(i, 1);
      chain.slot = this.#free.pop() as number;
      this.#active.push(chain);
      this.#start(chain);
    }
  }

  /** Runs one chain by itself; returns what it did, in iterations of PBKDF2. */
  #runScalar(chain: Chain, steps: number): number {
    const before = chain.left;
    this.#run(chain, steps);
    return (before - chain.left) / (chain.of.kdf === 'pbkdf2' ? 1 : 2);
  }

  /** Does up to `count` iterations of one chain. */
  #run(chain: Chain, count: number): void {
    const left = check(core().kdfRun(chain.slot, count));
    const iterations = chain.left - left;
    chain.left = left;
    this.#onRun(chain, iterations);
  }

  /** Runs the group side by side; returns the steps. */
  #runLanes(hash: number, group: readonly Chain[], steps: number): number {
    let most = steps;
    for (const chain of group) {
      if (chain.of.kdf === 'pkcs12' && chain.left % 2 === 1) this.#run(chain, 1); // a lane does two per step
      most = Math.min(most, stepsLeft(chain));
    }
    const [a, b, c, d] = group;
    check(core().kdfRunLanes(hash, slotOf(a), slotOf(b), slotOf(c), slotOf(d), most));
    for (const chain of group) {
      const iterations = chain.of.kdf === 'pkcs12' ? 2 * most : most;
      chain.left -= iterations;
      this.#onRun(chain, iterations);
    }
    return most;
  }

  /** Puts a chain's inputs into its slot: the first iteration of its block is then done. */
  #start(chain: Chain): void {
    startBlock(chain);
    this.#onRun(chain, 1);
  }

  /** Takes the finished block out of the slot, and goes on with the chain's next one or frees the slot. */
  #finishBlock(chain: Chain): void {
    const { of } = chain;
    const wasm = core();
    const view = memory();
    const n = check(wasm.kdfFinish(OUT, chain.slot));
    of.out.set(view.subarray(OUT, OUT + n), chain.block * n);
    if (of.kdf === 'pkcs12' && chain.block + 1 < of.blocks) {
      const length = of.input.length;
      view.set(of.input, IN);
      const status = wasm.kdfPkcs12Next(of.hash.id, IN, length, OUT);
      of.input.set(view.subarray(IN, IN + length));
      wasm.wipe(IN, length);
      wasm.wipe(OUT, n);
      check(status);
      chain.block++;
      this.#start(chain);
      return;
    }
    wasm.wipe(OUT, n);
    of.open--;
    this.#active.splice(this.#active.indexOf(chain), 1);
    this.#release(chain);
  }

  #release(chain: Chain): void {
    core().kdfRelease(chain.slot);
    this.#free.push(chain.slot);
    chain.slot = -1;
  }
}

function startBlock(chain: Chain): void {
  const { of } = chain;
  const wasm = core();
  const view = memory();
  const { password, input } = of;
  const at = IN + password.length;
  if (of.kdf === 'pbkdf2') new DataView(input.buffer).setUint32(input.length - 4, chain.block + 1); // INT(i)
  view.set(password, IN);
  view.set(input, at);
  const status =
    of.kdf === 'pbkdf2'
      ? wasm.kdfPbkdf2(chain.slot, of.hash.id, IN, password.length, at, input.length, of.iterations)
      : wasm.kdfPkcs12(chain.slot, of.hash.id, of.id, IN, input.length, of.iterations);
  wasm.wipe(IN, password.length + input.length);
  check(status);
  chain.left = of.iterations - 1;
}

function slotOf(chain: Chain | undefined): number {
  return chain?.slot ?? -1;
}

function check(status: number): number {
  if (status < 0) throw statusError(status, 'key derivation');
  return status;
}

/** Steps of a whole chain: how long it will run. */
function stepsOf({ of }: Chain): number {
  return of.kdf === 'pbkdf2' ? of.iterations : (of.iterations * of.blocks) / 2;
}

/** Steps left in the slot; an even number of PKCS#12 iterations is left. */
function stepsLeft(chain: Chain): number {
  return chain.of.kdf === 'pbkdf2' ? chain.left : chain.left / 2;
}
