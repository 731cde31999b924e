/** The statements from Oracle's set (ALTER PASSWORD, EXPORT, IMPORT, MERGE), and two instances on one WALLET_ROOT. */
import { createCipheriv } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, openInstance } from '../../src/instance/index.ts';
import { createWalletFile, listBackups, nodeFileSystem } from '../../src/wallet/file/index.ts';
import { createWallet, openWallet } from '../../src/wallet/index.ts';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const PW = 'IDENTIFIED BY pw';
const CHEAP = { iterations: 1, profile: 'oracle' } as const;
const ID_A = 'aa'.repeat(16);
const ID_B = 'bb'.repeat(16);
const MK = 'c1'.repeat(32);

let folder: TempFolder;
let open: Instance[];
let instance: Instance;
beforeEach(async () => {
  folder = makeTempFolder();
  open = [];
  instance = await start('home', folder.file('root'));
  await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
  await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
});
afterEach(async () => {
  for (const one of open) await one.close();
  folder[Symbol.dispose]();
});

/** An instance with a home of its own on a WALLET_ROOT. */
async function start(home: string, root: string): Promise<Instance> {
  const started = await openInstance(folder.file(home), { wallet: CHEAP });
  open.push(started);
  await started.execute(`ALTER SYSTEM SET WALLET_ROOT='${root}' SCOPE=BOTH`);
  return started;
}
const refusal = (statement: string, on = instance) =>
  on.execute(statement).then(
    () => null,
    (error: { code: string; message: string }) => error,
  );
const keysOf = async (on: Instance) =>
  (await on.execute('SELECT KEY_ID, TAG, ORIGIN FROM V$ENCRYPTION_KEYS ORDER BY TAG')).rows;
const backups = () => listBackups(nodeFileSystem, folder.file('root/tde'));

describe('two instances on one WALLET_ROOT', () => {
  it("see each other's rotations without close and open, and go on taking the password", async () => {
    const other = await start('other home', folder.file('root'));
    await other.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    for (let round = 0; round < 3; round++) {
      for (const [writer, reader] of [
        [instance, other],
        [other, instance],
      ] as const) {
        await writer.execute(`${AKM} SET KEY USING TAG 'round ${round}' ${PW} WITH BACKUP`);
        expect(await keysOf(reader)).toEqual(await keysOf(writer));
        expect(reader.keystore.masterKeys?.at(-1)?.state).toBe('active');
      }
    }
    expect(await keysOf(other)).toHaveLength(6);
    expect((await backups()).length).toBe(6);
    await other.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
  });

  it('are told of a new password, and open again with it', async () => {
    const other = await start('other home', folder.file('root'));
    await other.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    await instance.execute(`${AKM} ALTER KEYSTORE PASSWORD ${PW} SET "n3w pw" WITH BACKUP`);
    expect(await refusal(`${AKM} CREATE KEY ${PW} WITH BACKUP`, other)).toMatchObject({
      code: 'ERR_PASSWORD_CHANGED',
      message: 'password changed, open again',
    });
    await other.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
    await other.execute(`${AKM} CREATE KEY FORCE KEYSTORE IDENTIFIED BY "n3w pw" WITH BACKUP`);
    expect(await keysOf(instance)).toHaveLength(1);
  });
});

describe('ALTER KEYSTORE PASSWORD', () => {
  it('verifies the old one, keeps the keys, takes a backup under the old one', async () => {
    await instance.execute(`${AKM} SET KEY '${ID_A}:${MK}' ${PW} WITH BACKUP`);
    expect(await refusal(`${AKM} ALTER KEYSTORE PASSWORD IDENTIFIED BY wrong SET other WITH BACKUP`)).toMatchObject({
      code: 'ERR_WRONG_PASSWORD',
    });
    const { message } = await instance.execute(`${AKM} ALTER KEYSTORE PASSWORD ${PW} SET other WITH BACKUP USING 'pw'`);
    expect(message).toMatch(/^keystore password changed; backup: .*ewallet_\d{16}_pw\.p12$/);
    expect(await refusal(`${AKM} BACKUP KEYSTORE ${PW}`)).toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY other`);
    expect(await refusal(`${AKM} SET KEYSTORE OPEN ${PW}`)).toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    await instance.execute(`${AKM} SET KEYSTORE OPEN IDENTIFIED BY other`);
    expect(await keysOf(instance)).toHaveLength(1);
    using backup = await openWallet(new Uint8Array(readFileSync(/backup: (.*)$/.exec(message ?? '')?.[1] ?? '')), 'pw');
    expect(backup.masterKeys).toHaveLength(1);
  });

  it('of a closed keystore needs FORCE KEYSTORE', async () => {
    await instance.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
    expect(await refusal(`${AKM} ALTER KEYSTORE PASSWORD ${PW} SET other WITH BACKUP`)).toMatchObject({
      message: 'wallet is not open',
    });
    await instance.execute(`${AKM} ALTER KEYSTORE PASSWORD FORCE KEYSTORE ${PW} SET other WITH BACKUP`);
    await instance.execute(`${AKM} SET KEYSTORE CLOSE IDENTIFIED BY other`);
  });
});

describe('EXPORT and IMPORT KEYS', () => {
  beforeEach(async () => {
    await instance.execute(`${AKM} SET KEY '${ID_A}:${MK}' USING TAG 'a' ${PW} WITH BACKUP`);
    await instance.execute(`${AKM} SET KEY '${ID_B}:${MK}' USING TAG 'b' ${PW} WITH BACKUP`);
  });

  it('carry keys with identifiers and tags to another wallet, under a secret', async () => {
    const file = folder.file('keys.exp');
    await instance.execute(`${AKM} EXPORT ENCRYPTION KEYS WITH SECRET "my secret" TO '${file}' ${PW}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file).includes(Buffer.from(MK, 'hex'))).toBe(false);
    expect(await refusal(`${AKM} EXPORT KEYS WITH SECRET s TO '${file}' ${PW}`)).toMatchObject({
      code: 'ERR_FILE_EXISTS',
    });
    const other = await start('other', folder.file('other root'));
    await other.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    const take = (secret: string) =>
      `${AKM} IMPORT KEYS WITH SECRET ${secret} FROM '${file}' FORCE KEYSTORE ${PW} WITH BACKUP`;
    expect(await refusal(take('wrong'), other)).toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    expect((await other.execute(take('"my secret"'))).message).toMatch(/^2 keys imported; backup: /);
    expect(await keysOf(other)).toEqual((await keysOf(instance)).map(([keyId, tag]) => [keyId, tag, 1]));
    expect((await other.execute('SELECT STATUS FROM V$ENCRYPTION_WALLET')).rows).toEqual([[1]]);
    expect(await refusal(take('"my secret"'), other)).toMatchObject({
      message: 'master key identifier exists in the keystore',
    });
    expect(await keysOf(other)).toHaveLength(2);
    await other.execute(`${AKM} USE KEY '${ID_B}' ${PW} WITH BACKUP`);
    expect((await other.execute('SELECT STATUS FROM V$ENCRYPTION_WALLET')).rows).toEqual([[2]]);
  });

  it('choose keys by identifier or by query', async () => {
    const exported = async (name: string, clause: string): Promise<readonly (string | null)[]> => {
      const file = folder.file(name);
      await instance.execute(`${AKM} EXPORT KEYS WITH SECRET s TO '${file}' ${PW} ${clause}`);
      using wallet = await openWallet(new Uint8Array(readFileSync(file)), 's');
      return wallet.masterKeys.map((key) => key.keyTag);
    };
    expect(await exported('one', `WITH IDENTIFIER IN '${ID_A}'`)).toEqual(['a']);
    expect(await exported('both', `WITH IDENTIFIER IN '${ID_A}', '${ID_B}'`)).toEqual(['a', 'b']);
    expect(
      await exported('query', "WITH IDENTIFIER IN (SELECT KEY_ID FROM V$ENCRYPTION_KEYS WHERE TAG LIKE 'b%')"),
    ).toEqual(['b']);
    const missing = `${AKM} EXPORT KEYS WITH SECRET s TO '${folder.file('none')}' ${PW} WITH IDENTIFIER IN '${'11'.repeat(16)}'`;
    expect(await refusal(missing)).toMatchObject({ code: 'ERR_KEY_NOT_FOUND' });
    expect(existsSync(folder.file('none'))).toBe(false);
  });

  it('refuse what is missing or holds no keys', async () => {
    const from = (name: string) => `${AKM} IMPORT KEYS WITH SECRET s FROM '${folder.file(name)}' ${PW} WITH BACKUP`;
    expect(await refusal(from('nowhere'))).toMatchObject({ code: 'ERR_FILE_MISSING' });
    using empty = await createWallet('s', CHEAP);
    writeFileSync(folder.file('empty'), await empty.encode());
    expect(await refusal(from('empty'))).toMatchObject({
      message: 'no valid keys in the file from which keys are to be imported',
    });
  });
});

describe('MERGE KEYSTORE', () => {
  const keystore = async (name: string, password: string, ...tags: readonly string[]): Promise<string> => {
    await using file = await createWalletFile(folder.file(name), password, CHEAP);
    await file.change((wallet) => {
      for (const keyTag of tags) wallet.setKey({ keyTag });
    });
    return folder.file(name);
  };
  const tagsIn = async (directory: string, password: string) => {
    using wallet = await openWallet(new Uint8Array(readFileSync(`${directory}/ewallet.p12`)), password);
    return wallet.masterKeys.map((key) => key.keyTag).sort();
  };

  it('of two into a new one keeps the sources as they are', async () => {
    const one = await keystore('one', 'p1', 'a', 'b');
    const two = await keystore('two', 'p2', 'c');
    const before = readFileSync(`${one}/ewallet.p12`);
    const into = folder.file('three');
    const merge = `${AKM} MERGE KEYSTORE '${one}' IDENTIFIED BY p1 AND KEYSTORE '${two}' IDENTIFIED BY p2 INTO NEW KEYSTORE '${into}' IDENTIFIED BY p3`;
    await instance.execute(merge);
    expect(await tagsIn(into, 'p3')).toEqual(['a', 'b', 'c']);
    expect(readFileSync(`${one}/ewallet.p12`).equals(before)).toBe(true);
    expect(await refusal(merge)).toMatchObject({ code: 'ERR_WALLET_EXISTS' });
    expect(await refusal(merge.replace('BY p2', 'BY p9').replace(into, `${into}x`))).toMatchObject({
      code: 'ERR_WRONG_PASSWORD',
    });
    expect(existsSync(`${into}x`)).toBe(false);
  });

  it('into an existing one adds what is not there, after a backup; an open instance sees it', async () => {
    await instance.execute(`${AKM} SET KEY USING TAG 'mine' ${PW} WITH BACKUP`);
    const one = await keystore('one', 'p1', 'theirs');
    const target = folder.file('root/tde');
    const merge = `${AKM} MERGE KEYSTORE '${one}' IDENTIFIED BY p1 INTO EXISTING KEYSTORE '${target}' ${PW} WITH BACKUP USING 'merge'`;
    expect((await instance.execute(merge)).message).toMatch(/^1 keys merged into .*; backup: .*_merge\.p12$/);
    expect((await keysOf(instance)).map(([, tag]) => tag)).toEqual(['mine', 'theirs']);
    expect((await instance.execute(merge)).message).toMatch(/^0 keys merged/);
    expect(instance.keystore.masterKeys?.find((key) => key.keyTag === 'mine')?.state).toBe('active');
  });

  it('takes an auto-login keystore without a password', async () => {
    const password = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex');
    using wallet = await createWallet(new Uint8Array(password), CHEAP);
    wallet.setKey({ keyTag: 'auto' });
    const key = Buffer.alloc(16, 5);
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.from('c034d8311c02cef851f0144b81ed4bf2', 'hex'));
    const secret = Buffer.concat([cipher.setAutoPadding(false).update(password), cipher.final()]);
    const head = Buffer.from('a1f84e36000000060000002106', 'hex');
    mkdirSync(folder.file('auto'));
    writeFileSync(folder.file('auto/cwallet.sso'), Buffer.concat([head, key, secret, await wallet.encode()]));
    const target = folder.file('root/tde');
    await instance.execute(
      `${AKM} MERGE KEYSTORE '${folder.file('auto')}' INTO EXISTING KEYSTORE '${target}' ${PW} WITH BACKUP`,
    );
    expect((await keysOf(instance)).map(([, tag]) => tag)).toEqual(['auto']);
    expect(
      await refusal(
        `${AKM} MERGE KEYSTORE '${folder.file('nothing')}' INTO EXISTING KEYSTORE '${target}' ${PW} WITH BACKUP`,
      ),
    ).toMatchObject({ code: 'ERR_FILE_MISSING' });
  });
});
