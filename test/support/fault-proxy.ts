/**
 * A TCP proxy that does to a connection what networks do: delays, closes, resets, truncates, duplicates, garbles or stalls it,
 * after a seeded number of bytes. What it does to the n-th connection depends on the seed and n alone. Node only.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What a fault does. */
export type Fault =
  /** Holds everything back for a while, then goes on. */
  | 'delay'
  /** Closes both sides in an orderly way, between two bytes. */
  | 'cut'
  /** Breaks both sides (RST). */
  | 'reset'
  /** Drops a few bytes and goes on. */
  | 'truncate'
  /** Sends a few bytes twice. */
  | 'duplicate'
  /** Flips a bit. */
  | 'garble'
  /** Forwards nothing more, and leaves the connection open. */
  | 'stall';

/** All faults. */
export const FAULTS: readonly Fault[] = ['delay', 'cut', 'reset', 'truncate', 'duplicate', 'garble', 'stall'];

/** How a proxy misbehaves. */
export interface FaultProxyOptions {
  readonly target: { readonly host: string; readonly port: number };
  readonly seed: number;
  /** Default: all but `stall`, which costs its victim a whole time-out. */
  readonly faults?: readonly Fault[];
  /** Mean number of bytes, of both directions, between two faults of a connection. Default 20,000. */
  readonly meanBytes?: number;
  /** The longest delay, ms. Default 20. */
  readonly maxDelayMs?: number;
}

/** A proxy that runs. */
export interface FaultProxy extends AsyncDisposable {
  readonly host: '127.0.0.1';
  readonly port: number;
  readonly seed: number;
  /** How often each fault was done. */
  readonly done: Readonly<Record<Fault, number>>;
  /** Connections so far. */
  readonly connections: number;
  /** While false everything passes through. True at first. */
  active: boolean;
}

/**
 * Starts a proxy on a free loopback port.
 *
 * @example
 * await using proxy = await startFaultProxy({ target: server, seed: 1 });
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { seed, target } = options;
  const done: Record<Fault, number> = { delay: 0, cut: 0, reset: 0, truncate: 0, duplicate: 0, garble: 0, stall: 0 };
  const open = new Set<Socket>();
  let connections = 0;
  const track = (socket: Socket): Socket => {
    open.add(socket);
    // What breaks is the point here; who uses the proxy sees it at its own end.
    return socket.on('error', () => undefined).on('close', () => open.delete(socket));
  };
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    connections++;
    const upstream = track(connect({ ...target, noDelay: true, allowHalfOpen: true }));
    track(client);
    const plan = new FaultPlan(options, seededRandom(seed * 1_000_003 + connections), (fault) => {
      done[fault]++;
    });
    forward(client, upstream, plan, () => proxy.active);
    forward(upstream, client, plan, () => proxy.active);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: FaultProxy = {
    host: '127.0.0.1',
    port: (server.address() as { readonly port: number }).port,
    seed,
    done,
    get connections() {
      return connections;
    },
    active: true,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

/** A generator (mulberry32) of numbers from 0 to below 1: the same seed gives the same ones. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which fault comes next on one connection, and after how many bytes. */
class FaultPlan {
  readonly #faults: readonly Fault[];
  readonly #meanBytes: number;
  readonly #maxDelayMs: number;
  readonly #onFault: (fault: Fault) => void;
  readonly random: () => number;
  #left: number;

  constructor(options: FaultProxyOptions, random: () => number, onFault: (fault: Fault) => void) {
    this.#faults = options.faults ?? FAULTS.filter((fault) => fault !== 'stall');
    this.#meanBytes = options.meanBytes ?? 20_000;
    this.#maxDelayMs = options.maxDelayMs ?? 20;
    this.random = random;
    this.#onFault = onFault;
    this.#left = this.#interval();
  }

  get delayMs(): number {
    return 1 + Math.floor(this.random() * this.#maxDelayMs);
  }

  /** Nothing more happens to this connection: it is closed. */
  end(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  /** The fault inside the next `bytes` bytes, and after how many of them; null when they pass unharmed. */
  next(bytes: number): { readonly fault: Fault; readonly after: number } | null {
    if (this.#left >= bytes) {
      this.#left -= bytes;
      return null;
    }
    const after = this.#left;
    this.#left = this.#interval();
    const fault = this.#faults[Math.floor(this.random() * this.#faults.length)] as Fault;
    this.#onFault(fault);
    return { fault, after };
  }

  /** Exponentially distributed: a fault is as likely at every byte. */
  #interval(): number {
    return Math.floor(-Math.log(1 - this.random()) * this.#meanBytes);
  }
}

function forward(from: Socket, to: Socket, plan: FaultPlan, isActive: () => boolean): void {
  let isStalled = false;
  let isHolding = false;
  let hasEnded = false;
  /** Ends the other side too, once nothing is held back any more. */
  const end = (): void => {
    if (hasEnded && !isHolding && !isStalled) to.end();
  };
  const pass = (bytes: Buffer): void => {
    if (bytes.length > 0 && !isStalled && to.writable && !to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  };
  const receive = (chunk: Buffer): void => {
    const hit = isActive() ? plan.next(chunk.length) : null;
    if (hit === null) {
      pass(chunk);
      return;
    }
    pass(chunk.subarray(0, hit.after));
    disturb(hit.fault, chunk.subarray(hit.after));
  };
  const disturb = (fault: Fault, rest: Buffer): void => {
    const some = 1 + Math.floor(plan.random() * Math.min(rest.length, 16));
    switch (fault) {
      case 'delay':
        isHolding = true;
        from.pause();
        setTimeout(() => {
          isHolding = false;
          from.resume();
          receive(rest); // which may be held back again
          end();
        }, plan.delayMs);
        return;
      case 'cut':
        plan.end();
        from.end();
        to.end();
        return;
      case 'reset':
        plan.end();
        from.resetAndDestroy();
        to.resetAndDestroy();
        return;
      case 'truncate':
        receive(rest.subarray(some));
        return;
      case 'duplicate':
        pass(rest.subarray(0, some));
        receive(rest);
        return;
      case 'garble': {
        const garbled = Buffer.from(rest);
        garbled[0] = garbled[0]! ^ (1 << Math.floor(plan.random() * 8));
        pass(garbled.subarray(0, 1));
        receive(garbled.subarray(1));
        return;
      }
      case 'stall':
        isStalled = true;
    }
  };
  from.on('data', receive);
  from.on('end', () => {
    hasEnded = true;
    end();
  });
  from.on('close', () => to.destroy());
}
