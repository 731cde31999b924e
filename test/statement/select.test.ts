import { describe, expect, it } from 'vitest';
import type { SelectStatement } from '../../src/statement/ast.ts';
import { parseStatement } from '../../src/statement/parse.ts';
import { like, select, type Table } from '../../src/statement/select.ts';
import { type EncryptionKeyRow, encryptionKeysView, encryptionWalletView } from '../../src/statement/views.ts';

const PEOPLE: Table = {
  columns: ['NAME', 'AGE', 'TAG'],
  rows: [
    ['ann', 30, 'a_b'],
    ['bob', 20, null],
    ['cyd', 40, 'a%b'],
  ],
};
const run = (sql: string) => select(parseStatement(sql) as SelectStatement, PEOPLE);
const names = (where: string) => run(`SELECT name FROM v ${where}`).rows.map((r) => r[0]);

describe('SELECT', () => {
  it('projects, aliases, and shows * in the order of the view', () => {
    expect(run('SELECT age, NAME AS who FROM v ORDER BY 1')).toEqual({
      columns: ['AGE', 'who'],
      rows: [
        [20, 'bob'],
        [30, 'ann'],
        [40, 'cyd'],
      ],
    });
    expect(run('SELECT * FROM v').rows).toEqual(PEOPLE.rows);
  });

  it.each([
    ["WHERE name = 'bob'", ['bob']],
    ["WHERE name <> 'bob' AND age >= 30", ['ann', 'cyd']],
    ["WHERE age = '20'", ['bob']],
    ['WHERE tag IS NULL', ['bob']],
    ["WHERE tag LIKE 'a%'", ['ann', 'cyd']],
    ["WHERE tag LIKE 'a\\_b' ESCAPE '\\'", ['ann']],
    ["WHERE NOT tag LIKE 'a!%b' ESCAPE '!'", ['ann']],
    ["WHERE tag <> 'x'", ['ann', 'cyd']],
    ["WHERE NOT (tag = 'a_b' OR age > 30)", []],
    ["WHERE name IN ('ann', 'bob') AND NOT age IN (30)", ['bob']],
    ['WHERE age NOT IN (20, NULL)', []],
    ['WHERE ROWNUM < 3', ['ann', 'bob']],
    ['WHERE age > 20 AND ROWNUM <= 1', ['ann']],
    ['ORDER BY tag', ['cyd', 'ann', 'bob']],
    ['ORDER BY tag IS NULL', null],
    ['ORDER BY age DESC', ['cyd', 'ann', 'bob']],
  ])('%s', (where, expected) => {
    if (expected === null) expect(() => names(where)).toThrow();
    else expect(names(where)).toEqual(expected);
  });

  it('names what is there when a column is not', () => {
    expect(() => run('SELECT height FROM v')).toThrowError('there is no column HEIGHT: the view has NAME, AGE, TAG');
    expect(() => run('SELECT name FROM v ORDER BY 2')).toThrowError('ORDER BY 2');
  });

  it('LIKE takes every character of a pattern for itself', () => {
    expect(like('a.c+(d)[e]^$|\\-/{1}', 'a.c+(d)[e]^$|\\-/{1}', null)).toBe(true);
    expect(like('abc', 'a.c', null)).toBe(false);
    expect(like('钥匙', '_匙', null)).toBe(true);
    expect(like('line\nbreak', 'line%k', null)).toBe(true);
  });
});

describe('the views', () => {
  const actor = {
    user: 'SYS',
    userId: 0,
    databaseName: 'demo',
    databaseId: 7,
    instanceName: 'host',
    instanceNumber: 0,
  };
  const key: EncryptionKeyRow = {
    keyId: 'AR4',
    hexKeyId: '01',
    keyTag: 'myTag',
    created: new Date('2026-11-21T18:30:00.123Z'),
    creator: actor,
    activated: null,
    activator: null,
    keyUse: 'TDE',
    origin: 'imported',
    backedUp: true,
  };
  const at = (table: Table, column: string) => table.rows[0]?.[table.columns.indexOf(column)];

  it('have the columns of either database', () => {
    const yashandb = encryptionKeysView([key], 'yashandb');
    expect(yashandb.columns).toHaveLength(22);
    expect([
      at(yashandb, 'ORIGIN'),
      at(yashandb, 'KEYSTORE_TYPE'),
      at(yashandb, 'USER#'),
      at(yashandb, 'ACTIVATING_INSTANCE_SERIAL'),
    ]).toEqual([1, 1, null, null]);
    expect(at(yashandb, 'CREATION_TIME')).toBe('2026-11-21 18:30:00.123000');
    const oracle = encryptionKeysView([key], 'oracle');
    expect([at(oracle, 'ORIGIN'), at(oracle, 'BACKED_UP'), at(oracle, 'HEX_MKID')]).toEqual(['IMPORTED', 'YES', '01']);
  });

  it('tell a closed wallet from an open one, with and without a master key', () => {
    const wallet = {
      open: false,
      location: '/w/tde',
      present: true,
      hasActiveKey: false,
      fullyBackedUp: false,
      autoLogin: false,
    };
    expect(encryptionWalletView(wallet, 'yashandb').rows).toEqual([[0, null, 0, 0, null, 0, 0]]);
    expect(at(encryptionWalletView({ ...wallet, open: true }, 'oracle'), 'STATUS')).toBe('OPEN_NO_MASTER_KEY');
    expect(
      encryptionWalletView({ ...wallet, open: true, hasActiveKey: true, fullyBackedUp: true }, 'yashandb').rows,
    ).toEqual([[1, '/w/tde', 2, 1, 0, 0, 1]]);
  });
});
