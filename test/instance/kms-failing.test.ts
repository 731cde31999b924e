/**
 * What can fail when the master keys of a wallet are at a service: the disk, at every step of every statement that reaches the
 * service; the power, after any of them; and the service, at every request. Afterwards the wallet is as before or as after, whole,
 * and no plain master key stands in a file where a service keeps them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { type Instance, openInstance } from '../../src/instance/index.ts';
import type { KmsEmulator } from '../../src/kms/emulator/index.ts';
import { fetchTransport, type KmsTransport, parseKmsUrl, TencentKms } from '../../src/kms/index.ts';
import type { FileSystem } from '../../src/wallet/file/index.ts';
import { openWallet } from '../../src/wallet/index.ts';
import { startEmulator, urlOf } from '../kms/emulator/support.ts';
import { CrashFileSystem, type CrashOptions, type Disk } from '../wallet/file/crash-file-system.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const MKID = '1e3eeec2f7cc8af9a919517216e8057d';
const MK = 'd8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444';
const CHEAP = { iterations: 1, profile: 'oracle' } as const;
const WALLET = '/root/tde/ewallet.p12';
const KMS = 'KEYSTORE_CONFIGURATION=FILE;KMS=TRUE';
const LOCAL = 'KEYSTORE_CONFIGURATION=FILE';

let emulator: KmsEmulator;
let url: string;
let other: string;
/** A wallet at the service, and one that keeps its keys itself. */
const disks: Record<'kms' | 'local', Disk> = { kms: new Map(), local: new Map() };

beforeAll(async () => {
  emulator = await startEmulator();
  url = urlOf(emulator, await emulator.createKey(), 'pw');
  other = urlOf(emulator, await emulator.createKey(), 'pw');
  for (const [kind, credential] of [['kms', `"${url}"`] as const, ['local', 'pw'] as const]) {
    const fs = new CrashFileSystem(spfile(kind === 'kms' ? KMS : LOCAL));
    await using instance = await open(fs);
    await instance.execute(`${AKM} CREATE KEYSTORE IDENTIFIED BY ${credential}`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY ${credential}`);
    await instance.execute(`${AKM} SET KEY '${MKID}:${MK}' USING TAG 'first' IDENTIFIED BY pw WITH BACKUP`);
    const backups = [...fs.disk().keys()].filter((path) => /ewallet_\d{16}/.test(path));
    for (const path of backups) await fs.remove(path);
    disks[kind] = fs.disk();
  }
});
afterAll(() => emulator.close());

function spfile(configuration: string): Disk {
  const text = JSON.stringify({ WALLET_ROOT: '/root', TDE_CONFIGURATION: configuration });
  return new Map([['/home/spfile.json', new TextEncoder().encode(text)]]);
}

function open(fileSystem: FileSystem, transport: KmsTransport = fetchTransport): Promise<Instance> {
  const client = { transport, maxAttempts: 1 };
  return openInstance('/home', { wallet: { ...CHEAP, fileSystem }, kms: { client } });
}

interface Case {
  readonly start: 'kms' | 'local';
  readonly configuration: string;
  readonly open: boolean;
  readonly statement: () => string;
}

const CASES: Record<string, Case> = {
  'SET KEY': {
    start: 'kms',
    configuration: KMS,
    open: true,
    statement: () => `${AKM} SET KEY USING TAG 'second' IDENTIFIED BY pw WITH BACKUP`,
  },
  'ALTER KEYSTORE PASSWORD to another key': {
    start: 'kms',
    configuration: KMS,
    open: true,
    statement: () => `${AKM} ALTER KEYSTORE PASSWORD IDENTIFIED BY "${url}" SET "${other}" WITH BACKUP`,
  },
  MIGRATE: {
    start: 'local',
    configuration: KMS,
    open: false,
    statement: () => `${AKM} SET KEY IDENTIFIED BY "${url}" MIGRATE USING pw WITH BACKUP`,
  },
  'REVERSE MIGRATE': {
    start: 'kms',
    configuration: LOCAL,
    open: false,
    statement: () => `${AKM} SET KEY IDENTIFIED BY pw REVERSE MIGRATE USING "${url}" WITH BACKUP`,
  },
};

/** What a file holds, by which states are told apart; proves that the key is there, at the service or in the file. */
async function stateOf(bytes: Uint8Array | undefined): Promise<string> {
  if (bytes === undefined) return 'none';
  let service = '';
  const connect = (settings: Parameters<typeof parseKmsUrl>[0]) => {
    using parsed = parseKmsUrl(settings);
    service = parsed.keyId;
    return { provider: new TencentKms(parsed), skipCheck: false };
  };
  try {
    using wallet = await openWallet(bytes, 'pw', { provider: { connect } });
    using key = wallet.exportKey(MKID);
    expect(formatHex(key.expose())).toBe(MK);
    return `${wallet.keptBy} ${service} ${wallet.masterKeys.map((k) => `${k.keyTag}:${k.state}`).join(' ')}`;
  } catch (error) {
    return `torn: ${(error as Error).message}`;
  }
}

async function begin(what: Case, crash: CrashOptions, transport?: KmsTransport) {
  const start: Disk = new Map([...disks[what.start], ...spfile(what.configuration)]);
  let begun = Number.POSITIVE_INFINITY;
  const fs: CrashFileSystem = new CrashFileSystem(start, {
    ...crash,
    ...(crash.failAt && {
      failAt: {
        get step() {
          return begun + (crash.failAt?.step ?? 0);
        },
        code: crash.failAt.code,
      },
    }),
  });
  const instance = await open(fs, transport);
  if (what.open) await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY pw`);
  begun = fs.steps.length;
  return { fs, instance, start, steps: () => fs.steps.slice(begun) };
}

let failures = 0;
let cuts = 0;
let refusals = 0;
afterAll(() => console.log(`${failures} failing steps, ${cuts} power cuts, ${refusals} failing requests`));

describe.each(Object.entries(CASES))('%s', (_, what) => {
  it('a disk that fails at any step', async () => {
    const whole = await begin(what, {});
    const before = await stateOf(whole.start.get(WALLET));
    await whole.instance.execute(what.statement());
    await whole.instance.close();
    const after = await stateOf(whole.fs.disk().get(WALLET));
    expect(after).not.toBe(before);
    expect(before + after).not.toContain('torn');
    for (let step = 0; step < whole.steps().length; step++) {
      const run = await begin(what, { failAt: { step, code: 'EIO' } });
      const error = await run.instance.execute(what.statement()).then(
        () => null,
        (thrown: { code?: string }) => thrown,
      );
      await run.instance.close();
      failures++;
      const place = `EIO at ${run.steps()[step]}`;
      const found = await stateOf(run.fs.disk().get(WALLET));
      expect([before, after], place).toContain(found);
      if (error === null) expect(found, place).toBe(after);
      else expect(error, place).toMatchObject({ code: 'EIO' });
    }
  });

  it('a power cut at any step', async () => {
    const seen: Disk[] = [];
    const run = await begin(what, {
      fleeting: '/root/tde/.ewallet.p12.lock',
      onStep: () => {
        seen.push(...run.fs.crashStates());
      },
    }).catch((error: unknown) => {
      throw error;
    });
    const before = await stateOf(run.start.get(WALLET));
    seen.length = 0;
    await run.instance.execute(what.statement());
    await run.instance.close();
    const states = new Map<Uint8Array | undefined, string>();
    for (const disk of seen) {
      const bytes = disk.get(WALLET);
      if (!states.has(bytes)) states.set(bytes, await stateOf(bytes));
    }
    cuts += seen.length;
    const after = await stateOf(run.fs.disk().get(WALLET));
    expect(new Set(states.values())).toEqual(new Set([before, after]));
  });

  it('a service that fails at any request', async () => {
    const count = async (failAt: number) => {
      let requests = 0;
      const transport: KmsTransport = (request, signal) =>
        requests++ === failAt
          ? Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }))
          : fetchTransport(request, signal);
      const run = await begin(what, {}, transport).catch(() => null);
      if (run === null) return { requests, error: 'at open', disk: null, start: null };
      const disk = run.fs.disk();
      const error = await run.instance.execute(what.statement()).then(
        () => null,
        (thrown: { code?: string }) => thrown.code,
      );
      const found = { requests, error, disk: run.fs.disk(), start: disk };
      await run.instance.close();
      return found;
    };
    const { requests, error } = await count(-1);
    expect(error).toBeNull();
    let failed = 0;
    for (let at = 0; at < requests; at++) {
      const found = await count(at);
      refusals++;
      if (found.disk === null) continue;
      failed++;
      expect(found.error).toBe('ERR_KMS_UNREACHABLE');
      expect([...found.disk.keys()].filter((path) => !path.includes('.lock'))).toEqual(
        [...(found.start as Disk).keys()].filter((path) => !path.includes('.lock')),
      );
      expect(found.disk.get(WALLET)).toEqual((found.start as Disk).get(WALLET));
    }
    expect(failed).toBeGreaterThan(0);
  });
});
