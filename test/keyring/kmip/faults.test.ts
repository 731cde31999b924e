/** Keyrings on a bad network: what they say is true, nothing is lost, nothing is there twice, nobody waits past a deadline. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/errors.ts';
import { type Keyring, openKeyring } from '../../../src/keyring/index.ts';
import type { RequestMessage } from '../../../src/kmip/index.ts';
import { type CertificateFiles, makeAuthority, type TestAuthority } from '../../support/certificates.ts';
import { startFakeKmipServer } from '../../support/fake-kmip-server.ts';
import { FAULTS, seededRandom, startFaultProxy } from '../../support/fault-proxy.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';
import { runs } from '../../support/runs.ts';
import { FakeServer } from './fake-server.ts';

/** 10,000 and more in `npm run soak`. */
const OPERATIONS = runs(1000);
const SEED = 20_240_301;
const WORKERS = 4;
const TIMEOUT_MS = 6000;
/** Withdrawing what a failed call left has this much time of its own. */
const CLEAN_UP_MS = 5000;

/** What may be there under a name: keys by their bytes in hex, `?` for bytes nobody saw yet, `null` for nothing. */
type Possible = Set<string | null>;

describe.skipIf(!hasPeer('openssl'))('keyrings on a bad network', () => {
  const folder = makeTempFolder();
  let authority: TestAuthority;
  let certificate: CertificateFiles;
  let own: CertificateFiles;
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => {
    rejections.push(reason);
  };
  beforeAll(() => {
    process.on('unhandledRejection', onRejection);
    authority = makeAuthority(folder.path, 'ecdsa');
    certificate = authority.issue('server', { commonName: 'x', usage: 'serverAuth', subjectAltName: 'IP:127.0.0.1' });
    own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
  });
  afterAll(() => {
    process.off('unhandledRejection', onRejection);
    folder[Symbol.dispose]();
  });

  it.each([
    ['name', 'Activate'],
    ['okv', 'AddAttribute'],
  ] as const)(
    'profile %s: a call that is ended while %s is under way leaves the key that it may have made',
    async (profile, publishing) => {
      const kept = new FakeServer();
      const ending = new AbortController();
      let isEnding = true;
      await using server = await startFakeKmipServer({
        authority,
        certificate,
        script: (exchange) => {
          const answers = exchange.request.batchItem.map((item) => kept.answer(item));
          if (exchange.operation === publishing && isEnding) ending.abort(new Error('enough'));
          else exchange.answer(answers);
        },
      });
      const credentials = { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } };
      await using keyring = await openKeyring({
        ...{ backend: 'kmip', profile, client: { servers: [server], credentials } },
      });
      await expect(keyring.generate('x', 'AES', 32, { signal: ending.signal })).rejects.toThrow('enough');
      isEnding = false;
      using found = await keyring.fetch('x');
      expect(found?.lengthBytes).toBe(32);
      expect(kept.log).not.toContain('Destroy');
    },
  );

  it(`${OPERATIONS} operations: no key lost, none doubled, no hang (seed ${SEED})`, {
    timeout: 120_000 + 200 * OPERATIONS,
  }, async () => {
    let now = Math.floor(Date.now() / 1000);
    const kept = new FakeServer({ now: () => now });
    await using server = await startFakeKmipServer({
      authority,
      certificate,
      script: (exchange) => exchange.answer(exchange.request.batchItem.map((item) => kept.answer(item))),
    });
    await using proxy = await startFaultProxy({ target: server, seed: SEED, faults: FAULTS, meanBytes: 30_000 });
    const credentials = { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } };
    const open = (): Promise<Keyring> =>
      openKeyring({
        ...{ backend: 'kmip', profile: 'okv', lazy: true, refreshMs: 0, cacheKeys: false, timeoutMs: TIMEOUT_MS },
        client: { servers: [proxy], credentials, responseTimeoutMs: 500, attemptTimeoutMs: 1000, maxResends: 5 },
      });

    const random = seededRandom(SEED);
    const outcome = { done: 0, failed: 0 };
    const codes = new Map<string, number>();
    let slowestMs = 0;
    const timed = async <T>(work: Promise<T>): Promise<T | KeywardError> => {
      const before = performance.now();
      try {
        const result = await work;
        outcome.done++;
        return result;
      } catch (error) {
        if (!(error instanceof KeywardError)) throw error;
        outcome.failed++;
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1);
        return error;
      } finally {
        slowestMs = Math.max(slowestMs, performance.now() - before);
      }
    };

    /** Does one random operation on a name of its own, and checks it against all that may be true. */
    const operate = async (keyring: Keyring, id: string, possible: Possible, n: number): Promise<void> => {
      const kind = random();
      if (kind < 0.25) {
        const bytes = crypto.getRandomValues(new Uint8Array(24));
        const generated = random() < 0.5;
        const made = generated ? keyring.generate(id, 'AES', 32) : keyring.store(id, 'SECRET', bytes);
        const result = await timed(made);
        const key = generated ? '?' : hexOf(bytes);
        if (!(result instanceof KeywardError)) {
          expect(possible, `${n}: made over a key that was there`).toContain(null);
          possible.clear();
          possible.add(key);
        } else if (result.code === 'ERR_KEYRING_EXISTS') {
          possible.delete(null);
          expect(possible.size, `${n}: told of a key that cannot be`).toBeGreaterThan(0);
        } else possible.add(key);
      } else if (kind < 0.85) {
        const result = await timed(keyring.fetch(id));
        if (result instanceof KeywardError) return;
        using _ = result ?? { [Symbol.dispose]: () => undefined };
        const seen = result === null ? null : hexOf(result.key.expose());
        const expected = possible.has(seen) || (seen !== null && seen.length === 64 && possible.has('?'));
        expect(expected, `${n}: fetched ${seen}, possible ${[...possible]}`).toBe(true);
        possible.clear();
        possible.add(seen);
      } else {
        const result = await timed(keyring.remove(id));
        if (result instanceof KeywardError) possible.add(null);
        else {
          expect(result || possible.has(null), `${n}: removed nothing where a key was`).toBe(true);
          possible.clear();
          possible.add(null);
        }
      }
    };

    const heaps: number[] = [];
    const names = new Map<string, Possible>();
    const worker = async (w: number): Promise<void> => {
      await using keyring = await open();
      // How the bytes fall together decides which faults come: goes on until each was there.
      for (let n = w; n < OPERATIONS || FAULTS.some((fault) => proxy.done[fault] === 0); n += WORKERS) {
        const id = `worker ${w} key ${Math.floor(random() * 8)}`;
        const possible = names.get(id) ?? new Set([null]);
        names.set(id, possible);
        await operate(keyring, id, possible, n);
        if (n % Math.max(1, Math.floor(OPERATIONS / 10)) === 0) {
          (server.received as RequestMessage[]).length = 0; // the test server's, not the keyring's
          kept.log.length = 0;
          heaps.push(heapAfterCollection());
        }
      }
    };
    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    await Promise.all(Array.from({ length: WORKERS }, (_, w) => worker(w)));
    lag.disable();
    const lagMs = lag.max / 1e6;

    // The network is well again, and what was left behind is old.
    proxy.active = false;
    now += 3600;
    await using keyring = await open();
    const later = Date.now() + 3_600_000;
    for (const [id, possible] of names) {
      using found = await keyring.fetch(id);
      const seen = found === null ? null : hexOf(found.key.expose());
      const expected = possible.has(seen) || (seen !== null && seen.length === 64 && possible.has('?'));
      expect(expected, `at the end: ${id} is ${seen}, possible ${[...possible]}`).toBe(true);
    }
    const listed: string[] = [];
    for await (const { id } of keyring.list()) listed.push(id);
    expect(new Set(listed).size).toBe(listed.length);
    const unfinished = kept.living.length - listed.length;
    expect(await collectAt(later, open)).toBe(unfinished);
    expect(kept.living).toHaveLength(listed.length);

    const faults = FAULTS.map((fault) => `${fault} ${proxy.done[fault]}`).join(', ');
    console.log(
      `${outcome.done} done, ${outcome.failed} failed (${[...codes].map(([code, n]) => `${code} ${n}`).join(', ')}); ` +
        `${faults}; ${unfinished} unfinished objects collected; slowest ${Math.round(slowestMs)} ms; heap MB ${heaps.map((b) => (b / 2 ** 20).toFixed(1)).join(' ')}`,
    );
    expect(outcome.done).toBeGreaterThan((outcome.done + outcome.failed) * 0.7);
    // No timer fires while the machine keeps this process waiting.
    expect(slowestMs).toBeLessThan(TIMEOUT_MS + CLEAN_UP_MS + 500 + lagMs);
    expect((heaps.at(-1) as number) - (heaps[2] as number)).toBeLessThan(8 * 2 ** 20);
    expect(rejections).toEqual([]);
  });
});

/** Collects as if it were later. */
async function collectAt(nowMs: number, open: () => Promise<Keyring>): Promise<number> {
  const realNow = Date.now;
  Date.now = () => nowMs;
  try {
    await using keyring = await open();
    return await keyring.gc();
  } finally {
    Date.now = realNow;
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

let collectGarbage: (() => void) | undefined;

function heapAfterCollection(): number {
  if (collectGarbage === undefined) {
    setFlagsFromString('--expose-gc');
    collectGarbage = runInNewContext('gc') as () => void;
  }
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
