import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeywardError, TransportError } from '../../../src/index.ts';
import { connectKmip, isRepeatable } from '../../../src/kmip/client/index.ts';
import { type RequestItem, type ResponseItem, wipeMessage } from '../../../src/kmip/index.ts';
import { type CertificateFiles, makeAuthority, type TestAuthority } from '../../support/certificates.ts';
import { answerItem, refuseItem, startFakeKmipServer } from '../../support/fake-kmip-server.ts';
import { FAULTS, seededRandom, startFaultProxy } from '../../support/fault-proxy.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';
import { runs } from '../../support/runs.ts';

const OPERATIONS = runs(400);
const SEED = 20_240_229;

describe.skipIf(!hasPeer('openssl'))('a KmipClient on a bad network', () => {
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

  it(`tells the truth about each of ${OPERATIONS} requests, in bounded time (seed ${SEED})`, async () => {
    /** Objects, and how often each was made: a Create names its object in its Name. */
    const made = new Map<string, number>();
    const answer = (item: RequestItem): ResponseItem => {
      if (item.operation === 'Create') {
        const { attribute } = (item as RequestItem<'Create'>).requestPayload.templateAttribute;
        const id = (attribute![0]!.attributeValue as { nameValue: string }).nameValue;
        made.set(id, (made.get(id) ?? 0) + 1);
        return {
          ...answerItem(item),
          responsePayload: { objectType: 'SymmetricKey', uniqueIdentifier: id },
        } as ResponseItem;
      }
      const { uniqueIdentifier = '' } = item.requestPayload as { readonly uniqueIdentifier?: string };
      return made.has(uniqueIdentifier) ? answerItem(item) : refuseItem(item, 'ItemNotFound', 'no such object');
    };
    await using server = await startFakeKmipServer({
      authority,
      certificate,
      script: (exchange) => exchange.answer(exchange.request.batchItem.map(answer)),
    });
    await using proxy = await startFaultProxy({ target: server, seed: SEED, faults: FAULTS, meanBytes: 12_000 });
    const credentials = { ca: { file: authority.ca }, cert: { file: own.cert }, key: { file: own.key } };
    const timeoutMs = 12_000;
    await using client = await connectKmip({
      servers: [proxy],
      credentials,
      lazy: true,
      timeoutMs,
      responseTimeoutMs: 1000,
      attemptTimeoutMs: 2000,
      maxResends: 5,
    });
    const random = seededRandom(SEED);
    const outcome = { done: 0, unknown: 0, failed: 0 };
    let slowestMs = 0;

    const one = async (n: number): Promise<void> => {
      const known = [...made.keys()];
      const isCreate = known.length === 0 || random() < 0.3;
      const id = isCreate ? `object ${n}` : (known[Math.floor(random() * known.length)] as string);
      const before = performance.now();
      try {
        if (isCreate) {
          const attribute = [
            { attributeName: 'Name', attributeValue: { nameValue: id, nameType: 'UninterpretedTextString' } },
          ] as const;
          const created = await client.request('Create', {
            objectType: 'SymmetricKey',
            templateAttribute: { attribute },
          });
          expect(created.uniqueIdentifier).toBe(id);
          expect(made.get(id)).toBe(1);
        } else {
          const got = await client.request('Get', { uniqueIdentifier: id });
          expect(got.uniqueIdentifier).toBe(id);
          expect((got.symmetricKey!.keyBlock.keyValue as { keyMaterial: Uint8Array }).keyMaterial).toEqual(
            new Uint8Array(32).fill(0x5a),
          );
          wipeMessage(got);
        }
        outcome.done++;
      } catch (error) {
        if (!(error instanceof KeywardError)) throw error;
        expect(error).toBeInstanceOf(TransportError);
        expect((error as TransportError).attempts.length).toBeGreaterThan(0);
        const isUnknown = error.code === 'ERR_KMIP_OUTCOME_UNKNOWN';
        outcome[isUnknown ? 'unknown' : 'failed']++;
        // A failure that is not of unknown outcome means that nothing was made.
        if (isCreate && !isUnknown) expect(made.has(id)).toBe(false);
        if (!isCreate) expect(isUnknown).toBe(false);
      }
      slowestMs = Math.max(slowestMs, performance.now() - before);
    };
    const lag = monitorEventLoopDelay({ resolution: 10 });
    lag.enable();
    // How the bytes fall together decides which faults come: goes on until each was there.
    const isComplete = (): boolean => FAULTS.every((fault) => proxy.done[fault] > 0);
    let asked = 0;
    for (; asked < OPERATIONS || !isComplete(); asked += 4)
      await Promise.all([one(asked), one(asked + 1), one(asked + 2), one(asked + 3)]);
    lag.disable();
    const lagMs = lag.max / 1e6;

    const faults = FAULTS.map((fault) => `${fault} ${proxy.done[fault]}`).join(', ');
    console.log(
      `${outcome.done} done, ${outcome.unknown} of unknown outcome, ${outcome.failed} failed; ${faults}; slowest ${Math.round(slowestMs)} ms`,
    );
    expect(outcome.done).toBeGreaterThan(asked * 0.8);
    for (const [id, times] of made) expect(times, id).toBe(1);
    expect(slowestMs).toBeLessThan(timeoutMs + 500 + lagMs); // no timer fires while the machine keeps this process waiting
    expect(rejections).toEqual([]);
  });

  it('knows of every operation whether it may be sent twice', () => {
    const stream = { data: new Uint8Array(1), initIndicator: true };
    const repeatable = (operation: string, requestPayload: object = {}): boolean =>
      isRepeatable([{ operation, requestPayload } as RequestItem]);
    for (const operation of ['Get', 'Locate', 'GetAttributes', 'Query', 'RNGRetrieve', 'Decrypt'])
      expect(repeatable(operation)).toBe(true);
    for (const operation of ['Create', 'Register', 'Destroy', 'Activate', 'AddAttribute', 'Encrypt', 'Login', '5'])
      expect(repeatable(operation)).toBe(false);
    expect(repeatable('Decrypt', stream)).toBe(false);
  });
});
