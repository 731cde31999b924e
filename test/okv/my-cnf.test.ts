import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { parseMyCnf } from '../../src/okv/index.ts';
import { runs } from '../support/runs.ts';

describe('my.cnf', () => {
  it("reads the manual's lines", () => {
    const { keyringOkvConfDir, earlyPluginLoad, warnings } = parseMyCnf(
      '[mysqld]\nearly-plugin-load=keyring_okv.so\nkeyring_okv_conf_dir=/usr/local/mysql/mysql-keyring-okv\n',
    );
    expect(keyringOkvConfDir).toBe('/usr/local/mysql/mysql-keyring-okv');
    expect(earlyPluginLoad).toEqual(['keyring_okv.so']);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['dashes', '[mysqld]\nkeyring-okv-conf-dir = /a', '/a'],
    ['loose_', '[mysqld]\nloose_keyring_okv_conf_dir=/a', '/a'],
    ['a group of one release', '[mysqld-8.4]\nkeyring_okv_conf_dir=/a', '/a'],
    ['the last one', '[server]\nkeyring_okv_conf_dir=/a\n[mysqld]\nkeyring_okv_conf_dir=/b', '/b'],
    ['no other program', '[mysql]\nkeyring_okv_conf_dir=/a\n[mysqld]', null],
    ['comments', '[mysqld]\n#keyring_okv_conf_dir=/b\n;x\nkeyring_okv_conf_dir=/a # where', '/a'],
    ['quotes', '[mysqld]\nkeyring_okv_conf_dir="/a #b" # c', '/a #b'],
    ['escapes', '[mysqld]\nkeyring_okv_conf_dir=C:\\\\key\\srings\\q', 'C:\\key rings\\q'],
    ['an option without a value', '[mysqld]\nskip-networking # x\nkeyring_okv_conf_dir', null],
  ])('reads %s', (_, text, expected) => {
    expect(parseMyCnf(text).keyringOkvConfDir).toBe(expected);
  });

  it('names what it does not read, and a plugin that is not loaded early', () => {
    const found = parseMyCnf('!includedir /etc/mysql/conf.d/\n[mysqld]\nkeyring_okv_conf_dir=/a\n!include b.cnf\n');
    expect(found.includes).toEqual([
      { kind: 'directory', path: '/etc/mysql/conf.d/', line: 1, column: 1 },
      { kind: 'file', path: 'b.cnf', line: 4, column: 1 },
    ]);
    expect(found.warnings.map((w) => w.code)).toEqual(['OKV_INCLUDE', 'OKV_INCLUDE', 'OKV_NOT_EARLY']);
    expect(parseMyCnf('[mysqld]\nearly-plugin-load="a=x.so;keyring_okv=keyring_okv.so"').earlyPluginLoad).toEqual([
      'x.so',
      'keyring_okv.so',
    ]);
  });

  it.each([
    ['a=b', 'an option stands before the first group (line 1, column 1)'],
    ['[mysqld', 'the bracket of a group is not closed'],
    ['\n  !import x', 'neither !include FILE nor !includedir DIRECTORY (line 2, column 3)'],
  ])('refuses %j', (text, message) => {
    expect(() => parseMyCnf(text)).toThrow(message);
  });

  it('any text is read or refused', () => {
    const piece = fc.constantFrom(
      ...['[', ']', 'mysqld', '=', '#', '"', '\n', '!include ', 'keyring_okv_conf_dir', '\\', '-'],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 30 }), (parts) => {
        try {
          parseMyCnf(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: runs(2000) },
    );
  });
});
