import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStatement, splitScript } from '../../src/statement/parse.ts';
import { redactStatement } from '../../src/statement/redact.ts';
import { runs } from '../support/runs.ts';

const SECRETS = [
  's3cret',
  'n3wpass',
  'd8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444',
  'AKIDxxxx',
  '1e3eeec2f7cc',
];

describe('redactStatement', () => {
  it.each([
    'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY s3cret;',
    'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY "s3cret and more";',
    'administer key management set keystore open identified   by\n\ts3cret',
    "ADMINISTER KEY MANAGEMENT SET KEY '1e3eeec2f7cc8af9a919517216e8057d:d8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444' IDENTIFIED BY s3cret WITH BACKUP",
    'ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD IDENTIFIED BY s3cret SET n3wpass WITH BACKUP',
    'ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD IDENTIFIED BY :pw SET n3wpass WITH BACKUP',
    'ADMINISTER KEY MANAGEMENT ALTER KEYSTORE PASSWORD FORCE KEYSTORE IDENTIFIED BY :pw\n SET "n3wpass" WITH BACKUP',
    "ADMINISTER KEY MANAGEMENT EXPORT KEYS WITH SECRET s3cret TO '/f' IDENTIFIED BY s3cret",
    'ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY "kms://tencent/?password=s3cret&secretId=AKIDxxxx#https://x/"',
    'CREATE KEYSTORE IDENTIFIED BY kms://tencent/?password=s3cret&secretId=AKIDxxxx',
    'CREATE KEYSTORE IDENTIFED BY "kms://tencent/?password=a b;c s3cret&secretId=AKIDxxxx#https://x/" WITH',
    'ADMINISTER KEY MANAGEMENT SET KEY IDENTIFIED BY pw MIGRATE USING s3cret',
    "SELECT keyring_key_store('id', 'AES', 's3cret, with ) everything');",
    "SELECT keyring_key_store('id', 'AES', 's3cret unterminated",
    "SELECT keyring_key_store /* a, (comment */ ( 'id' -- , it's\n , 'AES' , 's3cret' )",
    "SELECT keyring_key_generate('a', 'AES', 32), keyring_key_store('b,c', \"A,\\\"B\", 's3cret') AS k",
    'SELECT KEYRING_KEY_STORE("id", "AES", "s3cret")',
    "SELECT keyring_key_stor('id', 'AES', 's3cret')",
    "SELECT keyring_key_store('id', 'AES', 32, 's3cret')",
    "SELECT keyring_key_store(f('id', 1), 'AES', (SELECT 's3cret'))",
    "SELECT keyring_key_store('id', 'AES', 's3cret'); SELECT keyring_key_store('id2', 'AES', 'n3wpass')",
    "ADMINISTER KEY MANAGEMENT SET KEY 'd8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444",
    "ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY 's3cret",
  ])('%s', (text) => {
    const shown = redactStatement(text);
    for (const secret of SECRETS) expect(shown).not.toContain(secret);
    expect(shown).toContain('[redacted]');
  });

  it('keeps bind names, EXTERNAL STORE and what is not secret', () => {
    const text = "ADMINISTER KEY MANAGEMENT SET KEY USING TAG 'a tag' IDENTIFIED BY :pw WITH BACKUP USING 'id'";
    expect(redactStatement(text)).toBe(text);
    const external = 'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY EXTERNAL STORE';
    expect(redactStatement(external)).toBe(external);
    for (const keyring of [
      "SELECT keyring_key_generate('MyKey', 'AES', 32), keyring_key_fetch('a,b,c')",
      "SELECT keyring_key_store('id', 'AES', :key) AS k; SHOW VARIABLES LIKE 'keyring%'",
      "CREATE FUNCTION keyring_key_store RETURNS INTEGER SONAME 'keyring_udf.so'",
      "SELECT * FROM t WHERE f IN ('keyring_key_store', 'b', 'c')",
    ])
      expect(redactStatement(keyring)).toBe(keyring);
  });
});

describe('a key that is stored', () => {
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  const gap = fc.stringMatching(/^(?: |\n|\/\*[a-z,()']{0,5}\*\/|-- [a-z,()']{0,5}\n){0,2}$/);
  const text = fc.stringMatching(/^[ -~]{0,12}$/);
  it('parses to itself and is in no redacted statement, whatever stands around it', () => {
    fc.assert(
      fc.property(text, text, text, gap, gap, gap, fc.boolean(), (id, type, noise, a, b, c, again) => {
        const key = `${noise}s3cret;'\\${noise}`;
        const call = `keyring_key_store${a}(${b}${quoted(id)}${c},${a}${quoted(type)}${b},${c}${quoted(key)}${a})`;
        const statement = `SELECT${b || ' '}${call}${again ? `, ${call} AS k` : ''}`;
        const [only, ...rest] = splitScript(`${statement};`);
        expect(rest).toEqual([]);
        const parsed = parseStatement(only?.text ?? '');
        expect(parsed).toMatchObject({
          calls: [{ arguments: [{ value: id }, { value: type }, { value: key }] }, ...(again ? [{}] : [])],
        });
        const shown = redactStatement(statement);
        expect(shown).not.toContain('s3cret');
        expect(redactStatement(statement.slice(0, -1))).not.toContain('s3cret');
      }),
      { numRuns: runs(500) },
    );
  });
});
