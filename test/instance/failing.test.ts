/**
 * A disk that is full, broken or closed to us (ENOSPC, EIO, EACCES) at every step of every statement that writes, those on the
 * parameters and the control file included: afterwards the file is as before or as after, a backup of the earlier state is
 * there where one was asked for, no other file is torn, and the same instance goes on.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { DatabaseError } from '../../src/errors.ts';
import { openInstance } from '../../src/instance/index.ts';
import { createWalletFile } from '../../src/wallet/file/index.ts';
import { createWallet, openWallet, parseKeyId } from '../../src/wallet/index.ts';
import { CrashFileSystem, type CrashOptions, type Disk } from '../wallet/file/crash-file-system.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const PW = 'IDENTIFIED BY pw';
const KEY = '1e3eeec2f7cc8af9a919517216e8057d';
const NEW = `22222222222222222222222222222222:${'ab'.repeat(32)}`;
const CHEAP = { iterations: 1, profile: 'oracle' } as const;
const WALLET = '/root/tde/ewallet.p12';

interface Case {
  readonly statement: string;
  /** The file that it changes. Default: the instance's wallet. */
  readonly file?: string;
  /** WITH BACKUP. */
  readonly backup?: boolean;
  /** WALLET_ROOT. */
  readonly root?: string;
}

const CASES: Record<string, Case> = {
  'CREATE KEYSTORE': { statement: `${AKM} CREATE KEYSTORE ${PW}`, file: '/fresh/tde/ewallet.p12', root: '/fresh' },
  'BACKUP KEYSTORE': { statement: `${AKM} BACKUP KEYSTORE USING 'id' ${PW}`, backup: true },
  'BACKUP KEYSTORE TO': { statement: `${AKM} BACKUP KEYSTORE ${PW} TO '/aside'`, backup: true },
  'SET KEY': { statement: `${AKM} SET KEY '${NEW}' USING TAG 'second' ${PW} WITH BACKUP`, backup: true },
  'CREATE KEY': { statement: `${AKM} CREATE KEY '${NEW}' ${PW} WITH BACKUP`, backup: true },
  'USE KEY': { statement: `${AKM} USE KEY '${KEY}' USING TAG 'used' ${PW} WITH BACKUP`, backup: true },
  'SET TAG': { statement: `${AKM} SET TAG 'other' FOR '${KEY}' ${PW} WITH BACKUP`, backup: true },
  'ALTER KEYSTORE PASSWORD': {
    statement: `${AKM} ALTER KEYSTORE PASSWORD ${PW} SET another WITH BACKUP`,
    backup: true,
  },
  'MERGE KEYSTORE INTO EXISTING': {
    statement: `${AKM} MERGE KEYSTORE '/source' ${PW} INTO EXISTING KEYSTORE '/root/tde' ${PW} WITH BACKUP`,
    backup: true,
  },
  'MERGE KEYSTORE INTO NEW': {
    statement: `${AKM} MERGE KEYSTORE '/source' ${PW} AND KEYSTORE '/root/tde' ${PW} INTO NEW KEYSTORE '/merged' ${PW}`,
    file: '/merged/ewallet.p12',
  },
  'EXPORT KEYS': { statement: `${AKM} EXPORT KEYS WITH SECRET s TO '/exported' ${PW}`, file: '/exported' },
  'IMPORT KEYS': { statement: `${AKM} IMPORT KEYS WITH SECRET s FROM '/keys' ${PW} WITH BACKUP`, backup: true },
  keyring_key_store: { statement: "SELECT keyring_key_store('id', 'SECRET', 'key')" },
  keyring_key_remove: { statement: "SELECT keyring_key_remove('theirs')" },
  'UNINSTALL PLUGIN': { statement: 'UNINSTALL PLUGIN keyring_okv', file: '/home/keyring.json' },
  'ALTER SYSTEM': { statement: "ALTER SYSTEM SET WALLET_ROOT='/new' SCOPE=SPFILE", file: '/home/spfile.json' },
};

/** Disks made once: wallets, a file of keys, an empty directory. */
async function makeDisk(): Promise<Disk> {
  const fs = new CrashFileSystem(new Map([['/aside/', new Uint8Array()]]));
  const options = { ...CHEAP, fileSystem: fs };
  await using wallet = await createWalletFile('/root/tde', 'pw', options);
  await wallet.change((w) => w.setKey({ mkid: parseKeyId(KEY), keyTag: 'first' }));
  await wallet.change((w) => w.setKey({ keyTag: 'in use' }));
  const theirs = { owner: 'root@localhost', id: 'theirs', type: 'SECRET', key: new Uint8Array(8) };
  await wallet.change((w) => w.addKeyringEntry(theirs));
  await using source = await createWalletFile('/source', 'pw', options);
  await source.change((w) => w.setKey({ keyTag: 'theirs' }));
  using exported = await createWallet('s', CHEAP);
  exported.createKey({ keyTag: 'imported' });
  return new Map([...fs.disk(), ['/keys', await exported.encode()], ['/aside/', new Uint8Array()]]);
}

/** What a file holds, enough to tell states apart. */
async function stateOf(bytes: Uint8Array | undefined): Promise<string> {
  if (bytes === undefined) return 'none';
  if (bytes[0] === 0x7b) return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)));
  for (const password of ['pw', 'another', 's']) {
    try {
      using wallet = await openWallet(bytes, password);
      const keys = wallet.masterKeys.map((k) => `${k.keyTag}:${k.state}:${k.backedUp}`);
      const keyring = wallet.keyringEntries.map((entry) => `${entry.owner}/${entry.id}`);
      return `${password} ${[...keys, ...keyring].sort().join(' ')}`;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_WRONG_PASSWORD') throw error;
    }
  }
  return 'torn';
}

let failures = 0;
afterAll(() => console.log(`${Object.keys(CASES).length} statements, ${failures} failing steps`));

describe('a failing disk', () => {
  it.each(Object.entries(CASES))('%s leaves the state before or after, and the instance goes on', async (_, what) => {
    const { statement, file = WALLET, backup = false, root = '/root' } = what;
    const spfile = new TextEncoder().encode(JSON.stringify({ WALLET_ROOT: root }));
    const start: Disk = new Map([...(await makeDisk()), ['/home/spfile.json', spfile]]);

    /** Runs the statement; the failing step is counted from its beginning. */
    const run = async (crash: CrashOptions) => {
      let begun = Number.POSITIVE_INFINITY;
      const fs: CrashFileSystem = new CrashFileSystem(start, {
        failAt: {
          get step() {
            return crash.failAt === undefined ? -1 : begun + crash.failAt.step;
          },
          code: crash.failAt?.code ?? '',
        },
      });
      await using instance = await openInstance('/home', { wallet: { ...CHEAP, fileSystem: fs } });
      if (root === '/root') await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
      begun = fs.steps.length;
      const error: unknown = await instance.execute(statement).then(
        () => null,
        (thrown) => thrown,
      );
      const steps = fs.steps.slice(begun);
      const disk = fs.disk();
      begun = Number.POSITIVE_INFINITY;
      // Whatever failed: the instance works.
      const password =
        instance.keystore.isOpen && (await stateOf(disk.get(WALLET))).startsWith('another') ? 'another' : 'pw';
      if (root === '/root') {
        const next = instance.execute(`${AKM} CREATE KEY IDENTIFIED BY ${password} WITH BACKUP`);
        await next.catch(async (thrown: { code?: string }) => {
          // The file was replaced and the failure came after: the instance has to be told the new password, as others have.
          expect(thrown.code).toMatch(/^ERR_(PASSWORD_CHANGED|WRONG_PASSWORD)$/);
          expect(password).toBe('another');
        });
      }
      return { disk, steps, error };
    };

    const whole = await run({});
    expect(whole.error).toBeNull();
    const before = await stateOf(start.get(file));
    const after = await stateOf(whole.disk.get(file));
    expect(after).not.toBe(before);
    for (const code of ['ENOSPC', 'EIO', 'EACCES']) {
      for (let step = 0; step < whole.steps.length; step++) {
        const { disk, steps, error } = await run({ failAt: { step, code } });
        const place = `${code} at ${steps[step]}`;
        failures++;
        const found = await stateOf(disk.get(file));
        expect([before, after], place).toContain(found);
        if (error === null) {
          expect(steps[step], place).toMatch(/^remove .*lock/);
          expect(found, place).toBe(after);
        } else expect(error instanceof DatabaseError ? error.cause : error, place).toMatchObject({ code });
        const backups = [...disk].filter(([path]) => /ewallet_\d{16}/.test(path));
        for (const [, bytes] of backups) expect(await stateOf(bytes), place).toBe(before);
        if (backup && found === after) expect(backups.length, place).toBeGreaterThan(0);
      }
    }
  });
});
