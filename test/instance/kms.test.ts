/** Wallets whose master keys a key management service keeps, driven by statements, against the emulator. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeUtf8, formatHex } from '../../src/bytes.ts';
import { type Instance, type InstanceOptions, openInstance } from '../../src/instance/index.ts';
import type { KmsEmulator } from '../../src/kms/emulator/index.ts';
import { fetchTransport, type KmsHttpRequest } from '../../src/kms/index.ts';
import { parsePfx } from '../../src/pkcs12/index.ts';
import { Secret } from '../../src/secret.ts';
import { createWalletFile } from '../../src/wallet/file/index.ts';
import { createWallet, openWallet } from '../../src/wallet/index.ts';
import { SECRET_ID, SECRET_KEY, startEmulator, urlOf } from '../kms/emulator/support.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const MK = 'd8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444';
const MKID = '1e3eeec2f7cc8af9a919517216e8057d';
const PASSWORD = 'admin&123#%';
const CHEAP = { iterations: 1, profile: 'oracle' } as const;
const KMS = "TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE'";
const LOCAL = "TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE'";

let home: string;
let emulator: KmsEmulator;
let keyId: string;
let url: string;
const opened: Instance[] = [];

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'keyward-kms-'));
  emulator = await startEmulator();
  keyId = await emulator.createKey();
  url = urlOf(emulator, keyId, PASSWORD);
});
afterEach(async () => {
  for (const instance of opened.splice(0)) await instance.close();
  await emulator.close();
  rmSync(home, { recursive: true });
});

/** An instance whose service is asked without pauses. */
async function open(options: InstanceOptions = {}): Promise<Instance> {
  // Short pauses; nothing but a service that hangs is given up.
  const client = { random: () => -0.49, timeoutMs: 120_000, attemptTimeoutMs: 60_000 };
  const instance = await openInstance(home, { wallet: CHEAP, ...options, kms: { client, ...options.kms } });
  opened.push(instance);
  return instance;
}

/** One with a KMS wallet, open, and two keys in it. */
async function withKeys(): Promise<Instance> {
  const instance = await open();
  await instance.execute(`ALTER SYSTEM SET ${KMS} WALLET_ROOT='root' SCOPE=MEMORY`);
  await instance.execute(`ALTER SYSTEM SET ${KMS} WALLET_ROOT='root' SCOPE=SPFILE`);
  await instance.execute(`${AKM} CREATE KEYSTORE IDENTIFIED BY "${url}"`);
  await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${url}"`);
  await instance.execute(`${AKM} SET KEY '${MKID}:${MK}' USING TAG 'first' IDENTIFIED BY "${url}" WITH BACKUP`);
  await instance.execute(`${AKM} CREATE KEY USING TAG 'second' IDENTIFIED BY "${url}" WITH BACKUP`);
  return instance;
}

const walletPath = (): string => join(home, 'root/tde/ewallet.p12');
const walletBytes = (): Uint8Array => new Uint8Array(readFileSync(walletPath()));

/** The wallet's decrypted parts, as hex: what somebody sees who has the file and its password, and no service. */
async function insides(bytes: Uint8Array, password: string): Promise<string> {
  const unlocked = await parsePfx(bytes).unlock(password);
  try {
    return unlocked.bags
      .map((bag) => (bag.kind === 'oracle-secret' ? `${bag.alias}=${formatHex(bag.value.expose())}` : ''))
      .join('\n');
  } finally {
    unlocked.dispose();
  }
}

/** A master key (hex) in the forms in which it could stand in a wallet: bare, or inside the base64 of its record. */
function formsOf(keyHex: string): readonly string[] {
  const raw = Buffer.from(keyHex, 'hex');
  const aligned = [0, 1, 2].map((lead) =>
    Buffer.concat([Buffer.alloc(lead), raw])
      .toString('base64')
      .slice(4, 40),
  );
  return [keyHex, formatHex(encodeUtf8(keyHex)), ...aligned.map((text) => formatHex(encodeUtf8(text)))];
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );

describe('a KMS wallet', () => {
  it('holds its keys as ciphertext only, settings inside its encrypted part', async () => {
    const instance = await withKeys();
    const seen = await insides(walletBytes(), PASSWORD);
    expect(seen.match(/KEYWARD\.KMS\.AR4\+7sL3zIr5qRlRchboBX0A+=/g)).toHaveLength(1);
    expect(seen).not.toContain('ORACLE.SECURITY.DB.ENCRYPTION.A');
    expect(seen).toContain('KEYWARD.KMS=');
    const fork = instance.keystore.file?.wallet;
    for (const { keyId: id } of fork?.masterKeys ?? []) {
      using key = (fork as NonNullable<typeof fork>).exportKey(id);
      for (const form of formsOf(formatHex(key.expose()))) expect(seen).not.toContain(form);
    }
    // The same look at a wallet that keeps its keys itself finds them.
    using local = await createWallet('pw', CHEAP);
    local.setKey({ key: Buffer.from(MK, 'hex') });
    const plain = await insides(await local.encode(), 'pw');
    expect(formsOf(MK).some((form) => plain.includes(form))).toBe(true);
    const outside = Buffer.from(walletBytes()).toString('latin1');
    for (const secret of [PASSWORD, SECRET_ID, SECRET_KEY, keyId]) expect(outside).not.toContain(secret);
  });

  it('shows its keys as any other wallet, opened by URL or by password', async () => {
    const instance = await withKeys();
    const select = 'SELECT KEY_ID, TAG FROM V$ENCRYPTION_KEYS';
    const { rows } = await instance.execute(select);
    expect(rows).toEqual([
      ['AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'first'],
      [expect.any(String), 'second'],
    ]);
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "${url}"`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${PASSWORD}"`);
    expect((await instance.execute(select)).rows).toEqual(rows);
    using key = instance.keystore.file?.wallet.exportKey(rows[0]?.[0] as string);
    expect(formatHex((key as NonNullable<typeof key>).expose())).toBe(MK);
  });

  it('takes every statement, and after each its keys are still the same', async () => {
    const instance = await withKeys();
    const pw = `IDENTIFIED BY "${PASSWORD}"`;
    const [first, second] = (await instance.execute('SELECT KEY_ID FROM V$ENCRYPTION_KEYS')).rows.map(([id]) => id);
    await instance.execute(`${AKM} USE KEY '${second}' ${pw} WITH BACKUP`);
    await instance.execute(`${AKM} SET TAG 'other' FOR '${first}' ${pw} WITH BACKUP USING 'x'`);
    await instance.execute(`${AKM} BACKUP KEYSTORE USING 'full' ${pw}`);
    await instance.execute(`${AKM} EXPORT KEYS WITH SECRET s TO '${home}/exported' ${pw}`);
    using exported = await openWallet(new Uint8Array(readFileSync(join(home, 'exported'))), 's');
    using key = exported.exportKey(first as string);
    expect(formatHex(key.expose())).toBe(MK);
    expect(exported.keptBy).toBe('wallet');
    const twin = url.replace(encodeURIComponent(PASSWORD), 'twin');
    await (await createWalletFile(join(home, 'empty'), 'e', CHEAP)).close();
    await instance.execute(
      `${AKM} MERGE KEYSTORE '${home}/root/tde' ${pw} AND KEYSTORE '${home}/empty' IDENTIFIED BY e INTO NEW KEYSTORE '${home}/merged' IDENTIFIED BY "${twin}"`,
    );
    const merged = new Uint8Array(readFileSync(join(home, 'merged/ewallet.p12')));
    expect(await insides(merged, 'twin')).not.toContain('ORACLE.SECURITY.DB.ENCRYPTION.A');
    await instance
      .execute(`${AKM} IMPORT KEYS WITH SECRET s FROM '${home}/exported' ${pw} WITH BACKUP`)
      .catch((error) => {
        expect(error.code).toBe('ERR_KEY_EXISTS');
      });
    await instance.execute(`${AKM} ALTER KEYSTORE PASSWORD ${pw} SET "new password" WITH BACKUP`);
    expect(await codeOf(instance.execute(`${AKM} CREATE KEY ${pw} WITH BACKUP`))).toBe('ERR_WRONG_PASSWORD');
    await instance.execute(`${AKM} CREATE KEY IDENTIFIED BY "new password" WITH BACKUP`);
    expect((await instance.execute('SELECT TAG FROM V$ENCRYPTION_KEYS')).rows.map(([tag]) => tag)).toEqual([
      'other',
      'second',
      null,
    ]);
    for (const name of readdirSync(join(home, 'root/tde')).filter((n) => /^ewallet_\d/.test(n))) {
      const bytes = new Uint8Array(readFileSync(join(home, 'root/tde', name)));
      using backup = await openWallet(bytes, PASSWORD).catch(() => openWallet(bytes, 'new password'));
      expect(backup.keptBy).toBe('provider');
    }
  });

  it('is refused where configuration and credential do not belong together', async () => {
    const instance = await open();
    await instance.execute("ALTER SYSTEM SET WALLET_ROOT='root' SCOPE=MEMORY");
    const create = (by: string) => instance.execute(`${AKM} CREATE KEYSTORE IDENTIFIED BY "${by}"`);
    await expect(create(url)).rejects.toMatchObject({
      code: 'ERR_KMS_CONFIGURATION',
      message: "a kms:// password needs TDE_CONFIGURATION='KEYSTORE_CONFIGURATION=FILE;KMS=TRUE'",
    });
    await instance.execute(`ALTER SYSTEM SET ${KMS} SCOPE=MEMORY`);
    await expect(create('pw')).rejects.toMatchObject({
      code: 'ERR_KMS_CONFIGURATION',
      message: 'TDE_CONFIGURATION says KMS=TRUE: the password must be a kms:// URL',
    });
    await create(url);
    await instance.execute(`ALTER SYSTEM SET ${LOCAL} SCOPE=MEMORY`);
    const openWith = (by: string) => instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${by}"`);
    const asked = emulator.records.length;
    await expect(openWith(PASSWORD)).rejects.toMatchObject({
      code: 'ERR_KMS_CONFIGURATION',
      message:
        'the master keys of this wallet are kept by a key management service, but TDE_CONFIGURATION does not say KMS=TRUE',
    });
    expect(await codeOf(openWith(url))).toBe('ERR_KMS_CONFIGURATION');
    expect(emulator.records.length).toBe(asked);
    expect(instance.keystore.isOpen).toBe(false);
  });

  it('fetches keys at open, or when they are first needed, and each once', async () => {
    await withKeys();
    const decrypts = () => emulator.records.filter(({ action }) => action === 'Decrypt').length;
    const count = async (
      fetchKeys: 'open' | 'use',
      work: (instance: Instance) => Promise<unknown>,
    ): Promise<number> => {
      const instance = await open({ kms: { fetchKeys } });
      const before = decrypts();
      await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${PASSWORD}"`);
      await work(instance);
      await instance.close();
      return decrypts() - before;
    };
    const nothing = async (): Promise<void> => undefined;
    expect(await count('open', nothing)).toBe(3); // the check and two keys
    expect(await count('use', nothing)).toBe(1);
    const exportOne = (instance: Instance): Promise<unknown> =>
      instance.execute(
        `${AKM} EXPORT KEYS WITH SECRET s TO '${home}/one' IDENTIFIED BY "${PASSWORD}" WITH IDENTIFIER IN '${MKID}'`,
      );
    expect(await count('use', exportOne)).toBe(2);
    const rewrap = async (instance: Instance): Promise<void> => {
      const file = instance.keystore.file as NonNullable<Instance['keystore']['file']>;
      expect(() => file.wallet.wrapDataKey(new Uint8Array(32))).toThrow(
        expect.objectContaining({ code: 'ERR_KEY_AT_PROVIDER' }),
      );
      await file.fetchKeys([MKID]);
      const envelope = file.wallet.wrapDataKey(new Uint8Array(32));
      expect((await file.wallet.rewrapDataKeys([envelope]))[0]).not.toBeNull();
      await file.fetchKeys([MKID]);
    };
    expect(await count('use', rewrap)).toBe(2);
  });

  it('with skipCheck asks nobody at open', async () => {
    await withKeys();
    await emulator.close();
    const instance = await open();
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${url.replace('#', '&skipCheck=true#')}"`);
    expect((await instance.execute('SELECT TAG FROM V$ENCRYPTION_KEYS')).rows).toEqual([['first'], ['second']]);
  });

  it('sees what another process made, and fetches it', async () => {
    const one = await withKeys();
    const two = await open();
    await two.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${PASSWORD}"`);
    await one.execute(`${AKM} SET KEY USING TAG 'third' IDENTIFIED BY "${PASSWORD}" WITH BACKUP`);
    expect((await two.execute('SELECT TAG FROM V$ENCRYPTION_KEYS')).rows).toHaveLength(3);
    const { wallet } = two.keystore.file as NonNullable<Instance['keystore']['file']>;
    using key = wallet.exportKey(wallet.activeKey?.keyId as string);
    using same = one.keystore.file?.wallet.exportKey(wallet.activeKey?.keyId as string);
    expect(key.expose()).toEqual(same?.expose());
  });

  it('wipes keys and credentials at close', async () => {
    const instance = await withKeys();
    const { wallet } = instance.keystore.file as NonNullable<Instance['keystore']['file']>;
    const settings = wallet.exportProviderSettings();
    expect(settings).not.toBeNull();
    settings?.dispose();
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "${url}"`);
    expect(() => wallet.masterKeys).toThrow(expect.objectContaining({ code: 'ERR_WALLET_DISPOSED' }));
    expect(() => wallet.exportProviderSettings()).toThrow(expect.objectContaining({ code: 'ERR_WALLET_DISPOSED' }));
  });
});

describe('credentials of the service', () => {
  it('renewed ones are taken over by opening with them, after the check', async () => {
    const secretKey = Secret.fromText(SECRET_KEY);
    const known = [{ secretId: SECRET_ID, secretKey }];
    await emulator.close();
    emulator = await startEmulator({ credentials: known });
    keyId = await emulator.createKey();
    url = urlOf(emulator, keyId, PASSWORD);
    const instance = await withKeys();
    const close = (): Promise<unknown> => instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "${PASSWORD}"`);
    const openBy = (by: string): Promise<unknown> => instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${by}"`);
    await close();
    known[0] = { secretId: 'AKIDrenewed', secretKey };
    expect(await codeOf(openBy(PASSWORD))).toBe('ERR_KMS_CREDENTIALS');
    const renewed = url.replace(SECRET_ID, 'AKIDrenewed');
    expect(await codeOf(openBy(renewed.replace('#', '&skipCheck=true#')))).toBe('ERR_KMS_RENEWED');
    const wrong = url.replace(SECRET_ID, 'AKIDwrong');
    const before = walletBytes();
    expect(await codeOf(openBy(wrong))).toBe('ERR_KMS_CREDENTIALS');
    expect(walletBytes()).toEqual(before);
    await openBy(renewed);
    await close();
    await openBy(PASSWORD);
    await instance.execute(`${AKM} SET KEY IDENTIFIED BY "${PASSWORD}" WITH BACKUP`);
    expect(instance.keystore.masterKeys).toHaveLength(3);
  });

  it('another keyId is refused at open, and taken by ALTER KEYSTORE PASSWORD, which encrypts all anew', async () => {
    const instance = await withKeys();
    const other = await emulator.createKey();
    const otherUrl = url.replace(keyId, other);
    expect(await codeOf(instance.execute(`${AKM} CREATE KEY IDENTIFIED BY "${otherUrl}" WITH BACKUP`))).toBe(
      'ERR_KMS_OTHER_KEY',
    );
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "${url}"`);
    expect(await codeOf(instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${otherUrl}"`))).toBe(
      'ERR_KMS_OTHER_KEY',
    );
    await instance.execute(
      `${AKM} ALTER KEYSTORE PASSWORD FORCE KEYSTORE IDENTIFIED BY "${url}" SET "${otherUrl}" WITH BACKUP`,
    );
    await emulator.setKeyState(keyId, 'Disabled');
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "${otherUrl}"`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${otherUrl}"`);
    using key = instance.keystore.file?.wallet.exportKey(MKID);
    expect(formatHex((key as NonNullable<typeof key>).expose())).toBe(MK);
  });
});

describe('a rotated key of the service', () => {
  it('is followed by the ciphertexts, without a master key leaving the service', async () => {
    const instance = await withKeys();
    const file = instance.keystore.file as NonNullable<Instance['keystore']['file']>;
    const reencrypt = async (): Promise<number> => (await file.change((wallet) => wallet.reencryptKeys(), {})).result;
    expect(await reencrypt()).toBe(0);
    await emulator.rotateKey(keyId);
    const before = emulator.records.length;
    expect(await reencrypt()).toBe(2);
    expect(new Set(emulator.records.slice(before).map(({ action }) => action))).toEqual(new Set(['ReEncrypt']));
    expect(await reencrypt()).toBe(0);
    const again = await open();
    await again.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${PASSWORD}"`);
    using key = again.keystore.file?.wallet.exportKey(MKID);
    expect(formatHex((key as NonNullable<typeof key>).expose())).toBe(MK);
  });
});

describe('a service that is away', () => {
  it('opening fails in bounded time with what was tried; an open wallet goes on; SET KEY fails and changes nothing', async () => {
    const instance = await withKeys();
    const before = walletBytes();
    const files = readdirSync(join(home, 'root/tde'));
    await emulator.close();
    const other = await open();
    const start = performance.now();
    await expect(other.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${url}"`)).rejects.toMatchObject({
      name: 'TransportError',
      code: 'ERR_KMS_UNREACHABLE',
      message: expect.stringMatching(
        /^the key management service at 127\.0\.0\.1:\d+ cannot be reached: 4 attempts, connection: ECONNREFUSED$/,
      ),
      attempts: Array.from({ length: 4 }, () => expect.objectContaining({ cause: 'ECONNREFUSED' })),
    });
    expect(performance.now() - start).toBeLessThan(5000);
    expect(other.keystore.isOpen).toBe(false);

    const { wallet } = instance.keystore.file as NonNullable<Instance['keystore']['file']>;
    const envelope = wallet.wrapDataKey(new Uint8Array(32).fill(1));
    expect(wallet.unwrapDataKey(envelope).length).toBe(32);
    for (const statement of ['SET KEY', 'CREATE KEY'])
      expect(await codeOf(instance.execute(`${AKM} ${statement} IDENTIFIED BY "${url}" WITH BACKUP`))).toBe(
        'ERR_KMS_UNREACHABLE',
      );
    expect(walletBytes()).toEqual(before);
    expect(readdirSync(join(home, 'root/tde'))).toEqual(files);
    expect((await instance.execute('SELECT TAG FROM V$ENCRYPTION_KEYS')).rows).toHaveLength(2);
    // What asks nothing of the service works.
    await instance.execute(`${AKM} SET TAG 'away' FOR '${MKID}' IDENTIFIED BY "${url}" WITH BACKUP`);
    await instance.execute(`${AKM} BACKUP KEYSTORE IDENTIFIED BY "${url}"`);
    expect((await instance.execute('SELECT TAG FROM V$ENCRYPTION_KEYS')).rows[0]).toEqual(['away']);
  });

  it('one that is silent is given up, too', async () => {
    await withKeys();
    emulator.inject({ silence: 'hang', times: 100 });
    const other = await open({ kms: { client: { timeoutMs: 300, attemptTimeoutMs: 100, random: () => -0.49 } } });
    const start = performance.now();
    await expect(other.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${url}"`)).rejects.toMatchObject({
      code: 'ERR_KMS_UNREACHABLE',
      message: expect.stringContaining('answer: none within'),
    });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('moving', () => {
  const localUrl = (): string => urlOf(emulator, keyId, 'pw');

  /** Sets the configuration as a restart would. */
  async function configure(instance: Instance, configuration: string): Promise<void> {
    await instance.execute(`ALTER SYSTEM SET ${configuration} WALLET_ROOT='root' SCOPE=SPFILE`);
    await instance.execute('SHUTDOWN');
    await instance.execute('STARTUP');
  }

  async function localInstance(): Promise<Instance> {
    const instance = await open();
    await configure(instance, LOCAL);
    await instance.execute(`${AKM} CREATE KEYSTORE IDENTIFIED BY pw`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY pw`);
    await instance.execute(`${AKM} SET KEY '${MKID}:${MK}' USING TAG 'first' IDENTIFIED BY pw WITH BACKUP`);
    await instance.execute(`${AKM} CREATE KEY USING TAG 'second' IDENTIFIED BY pw WITH BACKUP`);
    return instance;
  }

  const keysOf = (instance: Instance): readonly unknown[] =>
    (instance.keystore.masterKeys ?? []).map(({ keyId: id, keyTag, state }) => [id, keyTag, state]);

  function assertKey(instance: Instance): void {
    using key = instance.keystore.file?.wallet.exportKey(MKID);
    expect(formatHex((key as NonNullable<typeof key>).expose())).toBe(MK);
  }

  it('to the service and back: the same keys, none of them in clear in between', async () => {
    const instance = await localInstance();
    const before = keysOf(instance);
    const migrate = `${AKM} SET KEY IDENTIFIED BY "${localUrl()}" MIGRATE USING pw WITH BACKUP USING 'to'`;
    expect(await codeOf(instance.execute(migrate))).toBe('ERR_KMS_CONFIGURATION');
    await configure(instance, KMS);
    expect(await codeOf(instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY pw`))).toBe('ERR_KMS_CONFIGURATION');

    const file = walletBytes();
    const explained = await instance.explain(migrate);
    expect(explained.refusal).toBeNull();
    expect(explained.keys).toHaveLength(2);
    expect(explained.keys[0]).toMatchObject({ before: { keptBy: 'wallet' }, after: { keptBy: 'provider' } });
    expect(explained.files.map(({ change }) => change).sort()).toEqual(['created', 'replaced']);
    expect(explained.statement).not.toContain(SECRET_KEY);
    expect(walletBytes()).toEqual(file);

    const { message } = await instance.execute(migrate);
    expect(message).toMatch(/^2 keys moved to the key management service; the keystore is open; backup: .*_to\.p12$/);
    expect(keysOf(instance)).toEqual(before);
    assertKey(instance);
    const seen = await insides(walletBytes(), 'pw');
    for (const form of formsOf(MK)) expect(seen).not.toContain(form);
    expect(await codeOf(instance.execute(migrate))).toBe('ERR_KMS_MIGRATED');
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "${localUrl()}"`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY pw`);
    assertKey(instance);

    const back = `${AKM} SET KEY IDENTIFIED BY "another one" REVERSE MIGRATE USING "${localUrl()}" WITH BACKUP`;
    expect(await codeOf(instance.execute(back))).toBe('ERR_KMS_CONFIGURATION');
    await configure(instance, LOCAL);
    await instance.execute(back);
    expect(keysOf(instance)).toEqual(before);
    assertKey(instance);
    await emulator.close();
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY "another one"`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY "another one"`);
    assertKey(instance);
    expect(await insides(walletBytes(), 'another one')).not.toContain('KEYWARD.KMS');
  });

  it('a service that fails half way leaves the wallet as it was', async () => {
    const instance = await localInstance();
    await configure(instance, KMS);
    const file = walletBytes();
    const names = readdirSync(join(home, 'root/tde'));
    // The check and the first key succeed.
    const answers = emulator.records.length;
    let left = 2;
    const client = {
      random: () => -0.49,
      transport: async (request: KmsHttpRequest, signal: AbortSignal) => {
        if (request.headers['X-TC-Action'] === 'Encrypt' && left-- <= 0)
          throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
        return await fetchTransport(request, signal);
      },
    };
    const failing = await open({ kms: { client } });
    const migrate = `${AKM} SET KEY IDENTIFIED BY "${localUrl()}" MIGRATE USING pw WITH BACKUP`;
    await expect(failing.execute(migrate)).rejects.toMatchObject({ code: 'ERR_KMS_UNREACHABLE' });
    expect(emulator.records.length).toBeGreaterThan(answers);
    expect(failing.keystore.isOpen).toBe(false);
    expect(walletBytes()).toEqual(file);
    expect(readdirSync(join(home, 'root/tde'))).toEqual(names);
    await instance.execute(migrate);
    assertKey(instance);
  });
});

describe('secrets', () => {
  it('appear in no error, explanation, message or inspection', async () => {
    const instance = await withKeys();
    const told: string[] = [inspect(instance, { depth: 8, showHidden: true }), inspect(emulator.records)];
    const tell = async (work: Promise<unknown>): Promise<void> => {
      const result = await work.catch((error: unknown) => error);
      told.push(
        inspect(result, { depth: 12, showHidden: true }),
        JSON.stringify(result),
        String((result as Error)?.stack),
      );
    };
    const wrongKey = url.replace(encodeURIComponent(SECRET_KEY), encodeURIComponent(`${SECRET_KEY}x`));
    const statements = [
      `${AKM} SET KEYSTORE OPEN IDENTIFIED BY "${url}"`,
      `${AKM} SET KEY IDENTIFIED BY "${url}" WITH BACKUP`,
      `${AKM} SET KEY IDENTIFED BY "${url}" WITH BACKUP`,
      `${AKM} ALTER KEYSTORE PASSWORD IDENTIFIED BY "${url}" SET "${wrongKey}" WITH BACKUP`,
      `${AKM} SET KEY IDENTIFIED BY "${url}" MIGRATE USING "${PASSWORD}" WITH BACKUP`,
      `${AKM} CREATE KEYSTORE IDENTIFIED BY "${url.replace('keyId', 'keyid')}"`,
    ];
    for (const statement of statements) {
      await tell(instance.explain(statement));
      await tell(instance.execute(statement));
    }
    emulator.inject({ body: `${SECRET_KEY} ${SECRET_ID}` });
    await tell(instance.execute(`${AKM} CREATE KEY IDENTIFIED BY "${url}" WITH BACKUP`));
    emulator.inject({
      body: JSON.stringify({ Response: { Error: { Code: 'AuthFailure', Message: `not ${SECRET_ID} ${SECRET_KEY}` } } }),
    });
    await tell(instance.execute(`${AKM} CREATE KEY IDENTIFIED BY "${url}" WITH BACKUP`));
    await emulator.close();
    await tell(instance.execute(`${AKM} CREATE KEY IDENTIFIED BY "${url}" WITH BACKUP`));
    const all = told.join('\n');
    expect(all).toContain('ERR_KMS_CREDENTIALS');
    expect(all).toContain('ERR_KMS_ANSWER');
    for (const secret of [PASSWORD, SECRET_ID, SECRET_KEY])
      for (const form of [secret, encodeURIComponent(secret), btoa(secret)])
        expect(all.includes(form), form).toBe(false);
  });
});
