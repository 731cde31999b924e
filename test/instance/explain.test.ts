import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Instance, openInstance } from '../../src/instance/index.ts';
import { Secret } from '../../src/secret.ts';
import { makeTempFolder, type TempFolder } from '../support/peers.ts';

const AKM = 'ADMINISTER KEY MANAGEMENT';
const PW = 'IDENTIFIED BY pw';
const ID = '1e3eeec2f7cc8af9a919517216e8057d';
const KEY_ID = 'AR4+7sL3zIr5qRlRchboBX0AAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
const MK = 'd8'.repeat(32);

let folder: TempFolder;
let instance: Instance;
beforeEach(async () => {
  folder = makeTempFolder();
  instance = await openInstance(folder.file('home'), { wallet: { iterations: 1, profile: 'oracle' } });
  await instance.execute("ALTER SYSTEM SET WALLET_ROOT='root' SCOPE=BOTH");
});
afterEach(async () => {
  await instance.close();
  folder[Symbol.dispose]();
});

const tde = () => `${folder.file('home')}/root/tde`;
const create = () => instance.execute(`${AKM} CREATE KEYSTORE ${PW}`);
const open = () => instance.execute(`${AKM} SET KEYSTORE OPEN ${PW}`);

/** Everything under the folder: names, times, bytes. */
function everything(path = folder.path): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const child = `${path}/${entry.name}`;
      if (entry.isDirectory()) return [[child, 'directory'], ...Object.entries(everything(child))];
      return [[child, `${statSync(child).mtimeMs} ${readFileSync(child).toString('hex')}`]];
    }),
  );
}

describe('explain', () => {
  it('says what each statement would do, and does nothing', async () => {
    await create();
    await open();
    await instance.execute(`${AKM} SET KEY '${ID}:${MK}' USING TAG 'first' ${PW} WITH BACKUP`);
    mkdirSync(folder.file('aside'));
    const before = everything();
    const wallet = { path: `${tde()}/ewallet.p12`, change: 'replaced' };
    const backup = (suffix = '', directory = tde()) => ({
      path: `${directory}/ewallet_<YYYYMMDDHHMMSSff>${suffix}.p12`,
      change: 'created',
    });
    const control = { path: `${folder.file('home')}/control.json`, change: 'replaced' };
    const created = { path: folder.file('exported'), change: 'created' };
    const was = { state: 'active', keyTag: 'first' };
    const cases: [statement: string, files: unknown, keys: unknown][] = [
      [
        `SET KEY USING TAG 'second' ${PW} WITH BACKUP USING 'id'`,
        [wallet, backup('_id'), control],
        [
          { keyId: KEY_ID, before: was, after: { state: 'previous', keyTag: 'first' } },
          { keyId: null, before: null, after: { state: 'active', keyTag: 'second' } },
        ],
      ],
      [
        `CREATE KEY '${'22'.repeat(16)}:${MK}' ${PW} WITH BACKUP`,
        [wallet, backup()],
        [{ keyId: expect.stringMatching(/^ASIiIiI/), before: null, after: { state: 'created', keyTag: null } }],
      ],
      [
        `USE KEY '${ID}' USING TAG 'used' ${PW} WITH BACKUP`,
        [wallet, backup(), control],
        [{ keyId: KEY_ID, before: was, after: { state: 'active', keyTag: 'used' } }],
      ],
      [
        `SET TAG 'other' FOR '${ID}' ${PW} WITH BACKUP`,
        [wallet, backup()],
        [{ keyId: KEY_ID, before: was, after: { state: 'active', keyTag: 'other' } }],
      ],
      [`BACKUP KEYSTORE ${PW} TO '${folder.file('aside')}'`, [wallet, backup('', folder.file('aside'))], []],
      [`ALTER KEYSTORE PASSWORD ${PW} SET n3w WITH BACKUP`, [wallet, backup()], []],
      [`EXPORT KEYS WITH SECRET s TO '${folder.file('exported')}' ${PW}`, [created], []],
    ];
    for (const [statement, files, keys] of cases) {
      const explanation = await instance.explain(`${AKM} ${statement}`);
      expect(explanation, statement).toMatchObject({ refusal: null, walletOpen: { before: true, after: true }, keys });
      expect(
        [...explanation.files].sort((a, b) => (a.path < b.path ? -1 : 1)),
        statement,
      ).toEqual((files as { path: string }[]).sort((a, b) => (a.path < b.path ? -1 : 1)));
      expect(JSON.stringify(explanation)).not.toMatch(/\bpw\b|n3w|d8d8/);
    }
    expect(everything()).toEqual(before);
    // The instance goes on as if nothing had been asked.
    await instance.execute(`${AKM} SET KEY ${PW} WITH BACKUP`);
    expect((await instance.execute('SELECT KEY_ID FROM V$ENCRYPTION_KEYS')).rows).toHaveLength(2);
  });

  it('says why a statement would be refused', async () => {
    await create();
    const before = everything();
    const refusal = async (statement: string) => (await instance.explain(`${AKM} ${statement}`)).refusal;
    expect(await refusal(`CREATE KEYSTORE ${PW}`)).toMatchObject({ code: 'ERR_WALLET_EXISTS' });
    expect(await refusal('SET KEYSTORE OPEN IDENTIFIED BY wrong')).toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
    expect(await refusal(`SET KEY ${PW} WITH BACKUP`)).toMatchObject({ message: 'wallet is not open' });
    expect(await refusal(`SET KEY '12' FORCE KEYSTORE ${PW} WITH BACKUP`)).toMatchObject({
      message: 'invalid master key identifier or master key value',
    });
    expect(await refusal(`USE KEY '${ID}' FORCE KEYSTORE ${PW} WITH BACKUP`)).toMatchObject({
      code: 'ERR_KEY_NOT_FOUND',
    });
    await expect(instance.explain(`${AKM} SET KEY`)).rejects.toMatchObject({ code: 'ERR_STATEMENT_SYNTAX' });
    expect(instance.keystore.isOpen).toBe(false);
    expect(everything()).toEqual(before);
  });

  it('knows FORCE KEYSTORE, OPEN and CLOSE, bind values, and what another process wrote meanwhile', async () => {
    await create();
    await open();
    await instance.execute(`${AKM} SET KEY '${ID}:${MK}' ${PW} WITH BACKUP`);
    expect(await instance.explain(`${AKM} SET KEYSTORE CLOSE ${PW}`)).toMatchObject({
      walletOpen: { before: true, after: false },
      files: [],
      keys: [],
    });
    await using other = await openInstance(folder.file('home'), { wallet: { iterations: 1 } });
    await other.execute(`${AKM} SET TAG 'theirs' FOR '${ID}' FORCE KEYSTORE ${PW} WITH BACKUP`);
    using password = Secret.fromText('pw');
    using material = Secret.fromText(`${'33'.repeat(16)}:${MK}`);
    const binds = new Map([
      ['pw', password],
      ['mk', material],
    ]);
    const keys = [
      { keyId: KEY_ID, before: { state: 'active', keyTag: 'theirs' }, after: { state: 'previous', keyTag: 'theirs' } },
      { keyId: expect.stringMatching(/^ATMzMz/), before: null, after: { state: 'active', keyTag: null } },
    ];
    const statement = `${AKM} SET KEY :mk FORCE KEYSTORE IDENTIFIED BY :pw WITH BACKUP`;
    expect(await instance.explain(statement, binds)).toMatchObject({ walletOpen: { before: true, after: true }, keys });
    await instance.execute(`${AKM} SET KEYSTORE CLOSE ${PW}`);
    expect(await instance.explain(statement, binds)).toMatchObject({
      walletOpen: { before: false, after: true },
      keys,
    });
    expect(instance.keystore.isOpen).toBe(false);
  });

  it('rehearses a script: each statement as if those before it had been run', async () => {
    const before = everything();
    await using rehearsal = await instance.rehearse();
    const script = [
      `${AKM} CREATE KEYSTORE ${PW}`,
      `${AKM} SET KEYSTORE OPEN ${PW}`,
      `${AKM} SET KEY '${ID}:${MK}' ${PW} WITH BACKUP`,
      `${AKM} SET KEY '${ID}:${MK}' ${PW} WITH BACKUP`,
      "ALTER SYSTEM SET WALLET_ROOT='elsewhere' SCOPE=SPFILE",
      'SHUTDOWN',
      'STARTUP',
    ];
    const told = [];
    for (const statement of script) told.push(await rehearsal.explain(statement));
    expect(told.map((one) => one.refusal?.code ?? null)).toEqual([
      null,
      null,
      null,
      'ERR_KEY_EXISTS',
      null,
      null,
      null,
    ]);
    expect(told[0]?.files).toEqual([{ path: `${tde()}/ewallet.p12`, change: 'created' }]);
    expect(told[2]?.keys).toEqual([
      { keyId: KEY_ID, before: null, after: { state: 'active', keyTag: null, keptBy: 'wallet' } },
    ]);
    expect(told[3]?.files).toEqual([]);
    expect(told[4]?.files).toEqual([{ path: `${folder.file('home')}/spfile.json`, change: 'replaced' }]);
    expect(told[5]?.phase).toEqual({ before: 'open', after: 'down' });
    expect(told[6]?.warnings).toEqual(['wallet is not open']);
    expect(everything()).toEqual(before);
  });
});
