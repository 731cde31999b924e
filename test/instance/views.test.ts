/** Every column of the two views, in both renderings, against what the statements did: names, order, types, codes. */
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, openInstance } from '../../src/instance/index.ts';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const PW = 'IDENTIFIED BY pw';
const USED = '1e3eeec2f7cc8af9a919517216e8057d';
const UNUSED = '22222222222222222222222222222222';
const MK = 'd8'.repeat(32);
const NOW = new Date('2026-11-21T18:30:00.123Z');

let folder: TempFolder;
let instance: Instance;
const start = async (dialect: 'yashandb' | 'oracle'): Promise<void> => {
  instance = await openInstance(folder.file('home'), {
    dialect,
    user: { name: 'SYSKM', id: 7 },
    database: { name: 'prod', id: 42 },
    wallet: { iterations: 1, profile: 'oracle', now: () => NOW },
  });
  await instance.execute(`ALTER SYSTEM SET WALLET_ROOT='${folder.file('root')}' SCOPE=MEMORY`);
};
beforeEach(() => {
  folder = makeTempFolder();
});
afterEach(async () => {
  await instance.close();
  folder[Symbol.dispose]();
});

/** A view's only row of interest as an object, in column order. */
async function row(select: string): Promise<Record<string, unknown>> {
  const { columns, rows } = await instance.execute(select);
  expect(rows).toHaveLength(1);
  return Object.fromEntries(columns.map((column, i) => [column, rows[0]?.[i]]));
}
const keyRow = (keyId: string) => row(`SELECT * FROM V$ENCRYPTION_KEYS WHERE KEY_ID LIKE '${keyId}%'`);
const walletRow = () => row('SELECT * FROM V$ENCRYPTION_WALLET');
const makeKeys = async (): Promise<void> => {
  await instance.execute(`${AKM} SET KEY '${USED}:${MK}' USING TAG 'used' ${PW} WITH BACKUP`);
  await instance.execute(`${AKM} CREATE KEY '${UNUSED}:${MK}' ${PW} WITH BACKUP`);
};

const CREATOR = {
  CREATOR_DBNAME: 'prod',
  CREATOR_DBID: 42,
  CREATOR_INSTANCE_NAME: hostname(),
  CREATOR_INSTANCE_NUMBER: 0,
  CREATOR_INSTANCE_SERIAL: -1,
};
const ACTIVATOR = {
  ACTIVATING_DBNAME: 'prod',
  ACTIVATING_DBID: 42,
  ACTIVATING_INSTANCE_NAME: hostname(),
  ACTIVATING_INSTANCE_NUMBER: 0,
  ACTIVATING_INSTANCE_SERIAL: -1,
};
const nulls = (row: object): Record<string, null> => Object.fromEntries(Object.keys(row).map((name) => [name, null]));

describe("YashanDB's rendering", () => {
  it('of V$ENCRYPTION_KEYS: a key in use that is backed up no further than its creation, and one never activated', async () => {
    await start('yashandb');
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    await makeKeys();
    const expected = {
      KEY_ID: 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      TAG: 'used',
      CREATION_TIME: '2026-11-21 18:30:00.123000',
      ACTIVATION_TIME: '2026-11-21 18:30:00.123000',
      CREATOR: 'SYSKM',
      CREATOR_ID: 7,
      'USER#': 'SYSKM',
      USER_ID: 7,
      KEY_USE: 'TDE',
      KEYSTORE_TYPE: 1,
      ORIGIN: 0,
      BACKED_UP: 1,
      ...CREATOR,
      ...ACTIVATOR,
    };
    const used = await keyRow('AR4');
    expect(Object.keys(used)).toEqual(Object.keys(expected));
    expect(used).toEqual(expected);
    expect(await keyRow('ASI')).toEqual({
      ...expected,
      ...nulls({ TAG: 0, ACTIVATION_TIME: 0, 'USER#': 0, USER_ID: 0, ...ACTIVATOR }),
      KEY_ID: 'ASIiIiIiIiIiIiIiIiIiIiIAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      BACKED_UP: 0,
    });
  });

  it('of an imported key, and of one made in NOMOUNT', async () => {
    await start('yashandb');
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    await makeKeys();
    await instance.execute(
      `${AKM} EXPORT KEYS WITH SECRET s TO '${folder.file('keys')}' ${PW} WITH IDENTIFIER IN '${USED}'`,
    );
    await instance.execute(`ALTER SYSTEM SET WALLET_ROOT='${folder.file('other')}' SCOPE=SPFILE`);
    await instance.execute('SHUTDOWN');
    await instance.execute('STARTUP NOMOUNT');
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    await instance.execute(
      `${AKM} IMPORT KEYS WITH SECRET s FROM '${folder.file('keys')}' FORCE KEYSTORE ${PW} WITH BACKUP`,
    );
    await instance.execute(`${AKM} CREATE KEY '${UNUSED}:${MK}' ${PW} WITH BACKUP`);
    expect(await keyRow('AR4')).toMatchObject({ ORIGIN: 1, TAG: 'used', CREATOR_DBNAME: 'prod', CREATOR_DBID: 42 });
    expect(await keyRow('ASI')).toMatchObject({ ORIGIN: 0, CREATOR_DBNAME: '', CREATOR_DBID: -1 });
  });

  it('of V$ENCRYPTION_WALLET: closed, open without a key, open, fully backed up', async () => {
    await start('yashandb');
    const closed = {
      WRL_TYPE: 0,
      WRL_PARAMETER: null,
      STATUS: 0,
      WALLET_TYPE: 0,
      WALLET_ORDER: null,
      KEYSTORE_MODE: 0,
      FULLY_BACKED_UP: 0,
    };
    expect(await walletRow()).toEqual(closed);
    expect(Object.keys(await walletRow())).toEqual(Object.keys(closed));
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    const open = { ...closed, WRL_TYPE: 1, WRL_PARAMETER: folder.file('root/tde'), WALLET_TYPE: 1, WALLET_ORDER: 0 };
    expect(await walletRow()).toMatchObject({ ...open, STATUS: 1, FULLY_BACKED_UP: 1 });
    await makeKeys();
    expect(await walletRow()).toEqual({ ...open, STATUS: 2, FULLY_BACKED_UP: 0 });
    await instance.execute(`${AKM} BACKUP KEYSTORE ${PW}`);
    expect(await walletRow()).toEqual({ ...open, STATUS: 2, FULLY_BACKED_UP: 1 });
    await instance.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
    expect(await walletRow()).toEqual(closed);
    expect((await instance.execute('SELECT * FROM V$ENCRYPTION_KEYS')).rows).toEqual([]);
  });
});

describe("Oracle's rendering", () => {
  const PDB = (of: string) =>
    nulls({ [`${of}_PDBNAME`]: 0, [`${of}_PDBID`]: 0, [`${of}_PDBUID`]: 0, [`${of}_PDBGUID`]: 0 });

  it('of V$ENCRYPTION_KEYS', async () => {
    await start('oracle');
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    await makeKeys();
    const expected = {
      KEY_ID: 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      TAG: 'used',
      CREATION_TIME: '2026-11-21 18:30:00.123000 +00:00',
      ACTIVATION_TIME: '2026-11-21 18:30:00.123000 +00:00',
      CREATOR: 'SYSKM',
      CREATOR_ID: 7,
      USER: 'SYSKM',
      USER_ID: 7,
      KEY_USE: 'TDE',
      KEYSTORE_TYPE: 'SOFTWARE KEYSTORE',
      ORIGIN: 'LOCAL',
      BACKED_UP: 'YES',
      ...CREATOR,
      ...PDB('CREATOR'),
      ...ACTIVATOR,
      ...PDB('ACTIVATING'),
      HEX_MKID: `01${USED.toUpperCase()}${'00'.repeat(22)}`,
      CON_ID: 0,
    };
    const used = await keyRow('AR4');
    expect(Object.keys(used).sort()).toEqual(Object.keys(expected).sort());
    expect(used).toEqual(expected);
    expect(await keyRow('ASI')).toMatchObject({ BACKED_UP: 'NO', ACTIVATION_TIME: null, USER: null });
    expect(String(used.KEY_ID).length).toBeLessThanOrEqual(78);
    expect(String(used.HEX_MKID)).toHaveLength(78);
  });

  it('of V$ENCRYPTION_WALLET', async () => {
    await start('oracle');
    const closed = {
      WRL_TYPE: 'FILE',
      WRL_PARAMETER: folder.file('root/tde'),
      STATUS: 'CLOSED',
      WALLET_TYPE: 'UNKNOWN',
      WALLET_ORDER: 'SINGLE',
      KEYSTORE_MODE: 'NONE',
      FULLY_BACKED_UP: 'UNDEFINED',
      CON_ID: 0,
    };
    await instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
    expect(await walletRow()).toEqual(closed);
    await instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);
    const open = { ...closed, WALLET_TYPE: 'PASSWORD', FULLY_BACKED_UP: 'NO' };
    expect(await walletRow()).toMatchObject({ STATUS: 'OPEN_NO_MASTER_KEY' });
    await makeKeys();
    expect(await walletRow()).toEqual({ ...open, STATUS: 'OPEN' });
    await instance.execute(`${AKM} BACKUP KEYSTORE ${PW}`);
    expect(await walletRow()).toEqual({ ...open, STATUS: 'OPEN', FULLY_BACKED_UP: 'YES' });
  });

  it('says NOT_AVAILABLE where there is no wallet to open', async () => {
    await start('oracle');
    await instance.execute("ALTER SYSTEM SET WALLET_ROOT='' SCOPE=MEMORY");
    expect(await walletRow()).toMatchObject({ STATUS: 'NOT_AVAILABLE', WRL_PARAMETER: null });
    await instance.execute(`ALTER SYSTEM SET WALLET_ROOT='${folder.file('root')}' SCOPE=MEMORY`);
    expect(await walletRow()).toMatchObject({ STATUS: 'NOT_AVAILABLE' });
  });
});
