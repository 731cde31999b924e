/**
 * A client that we did not write: PyKMIP's ProxyKmipClient against the engine behind the TLS listener, on every version that both
 * speak. What it cannot do in a version, or asks wrongly, is listed with the reason.
 */
import { spawn } from 'node:child_process';
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unwrapKey } from '../../../src/core/index.ts';
import { type Listener, startListener } from '../../../src/kmip/server/listener.ts';
import { hasPeer, makeTempFolder, PYTHON, type TempFolder } from '../../support/peers.ts';
import { type Bench, openBench } from './engine-support.ts';
import { TlsWorld } from './tls-world.ts';

const SCRIPT = fileURLToPath(new URL('pykmip-client.py', import.meta.url));
const KNOWN = Uint8Array.from({ length: 32 }, (_, i) => i);
const KEK = KNOWN.slice().reverse();

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly reason?: string | null;
  readonly error?: string;
}

let bench: Bench;
let imitating = false;
let listener: Listener;
let folder: TempFolder;

let imitation: Bench;

describe.skipIf(!hasPeer('pykmip'))('ProxyKmipClient', () => {
  beforeAll(async () => {
    folder = makeTempFolder();
    bench = await openBench({ clock: Date.now });
    const world = new TlsWorld();
    const { cert, key } = world.server;
    imitation = await openBench({ clock: Date.now, quirks: 'pykmip' });
    const handler = (request: Uint8Array, client: { readonly owner: string }) =>
      (imitating ? imitation : bench).engine.handle(request, client);
    listener = await startListener({ host: '127.0.0.1', port: 0, tls: { cert, key, ca: world.ca }, handler });
    const identity = world.issue('python', 'client');
    writeFileSync(folder.file('cert.pem'), identity.cert);
    writeFileSync(folder.file('key.pem'), identity.key, { mode: 0o600 });
    writeFileSync(folder.file('ca.pem'), world.ca);
  });
  afterAll(async () => {
    await listener.close();
    await bench[Symbol.asyncDispose]();
    await imitation[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function run(version: string): Promise<ReadonlyMap<string, Step>> {
    const files = ['cert.pem', 'key.pem', 'ca.pem'].map((name) => folder.file(name));
    const child = spawn(PYTHON, ['-W', 'ignore', SCRIPT, String(listener.port), version, ...files], {
      env: { ...process.env, HOME: folder.path },
    });
    const [out, errors] = [collect(child.stdout), collect(child.stderr)];
    const [status] = await once(child, 'exit');
    if (status !== 0) throw new Error(await errors);
    const steps = (await out)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Step);
    return new Map(steps.map((step) => [step.step, step]));
  }

  for (const version of ['1.0', '1.1', '1.2', '1.3', '1.4'])
    it(`does its work in KMIP ${version}`, async () => {
      const steps = await run(version);
      const unexpected = [...steps.values()].filter(({ step, ok }) => ok === refusedIn(version).includes(step));
      expect(unexpected).toEqual([]);
      const result = (step: string): unknown => steps.get(step)?.result;
      for (const step of ['locate', 'get registered', 'get secret', 'get opaque', 'rekey', 'check'])
        expect([step, result(step)]).toEqual([step, true]);
      expect(result('get')).toBe(32);
      expect(result('derive')).toBe(pbkdf2Sync('a password', 'salt', 1000, 32, 'sha256').toString('hex'));
      if (version >= '1.2') {
        expect(result('decrypt')).toBe('plain');
        expect(result('mac')).toBe(createHmac('sha256', KNOWN).update('data').digest('hex'));
        expect([result('verify'), result('verify another message')]).toEqual(['VALID', 'INVALID']);
      }
      expect(steps.get('destroy active')?.reason).toBe('PERMISSION_DENIED');
      expect(steps.get('get destroyed')?.reason).toBe('ITEM_NOT_FOUND');
    });

  it('reads a wrapped key from an engine with the quirks of its own server', async () => {
    imitating = true;
    const steps = await run('1.4');
    imitating = false;
    const wrapped = Uint8Array.from(Buffer.from(String(steps.get('wrapped get')?.result), 'hex'));
    expect(Buffer.from(unwrapKey(KEK, wrapped)).toString('hex')).toBe(steps.get('get plain')?.result);
    expect(steps.get('check')).toMatchObject({ ok: false });
  });
});

/** The steps that are to fail. */
function refusedIn(version: string): readonly string[] {
  const always = [
    'wrapped get, not active',
    'activate twice',
    'modify attribute that is not there',
    'check denied',
    'destroy active',
    'get destroyed',
  ];
  // PyKMIP reads a wrapped key only inside of a Key Value structure; the specification has a Byte String there (KMIP 1.4, 2.1.4).
  const misread = ['wrapped get'];
  // Cryptographic operations came with 1.2.
  const before12 = version < '1.2' ? ['encrypt', 'decrypt', 'mac', 'sign', 'verify', 'verify another message'] : [];
  return [...always, ...misread, ...before12];
}

async function collect(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}
