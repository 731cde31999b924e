import { describe, expect, it } from 'vitest';
import { keyFormOf } from '../../../src/cli/okv/files.ts';
import { stringsMadeBy } from '../../support/strings.ts';

const pem = (label: string, ...lines: string[]): Buffer =>
  Buffer.from(`-----BEGIN ${label}-----\n${lines.map((line) => `${line}\n`).join('')}-----END ${label}-----\n`);
const DES3 = ['Proc-Type: 4,ENCRYPTED', 'DEK-Info: DES-EDE3-CBC,0011223344556677', '', 'AAAA'];

describe('keyFormOf', () => {
  it.each([
    ['plain', pem('PRIVATE KEY', 'AAAA')],
    ['plain', pem('RSA PRIVATE KEY', 'AAAA')],
    ['plain', Buffer.concat([pem('EC PARAMETERS', 'BggqhkjOPQMBBw=='), pem('EC PRIVATE KEY', 'AAAA')])],
    ['plain', Buffer.concat([pem('CERTIFICATE', 'AAAA'), pem('PRIVATE KEY', 'AAAA')])],
    ['pkcs8', pem('ENCRYPTED PRIVATE KEY', 'AAAA')],
    ['des3', pem('RSA PRIVATE KEY', ...DES3)],
    [
      'des3',
      Buffer.from(
        pem('EC PRIVATE KEY', ...DES3)
          .toString()
          .replaceAll('\n', '\r\n'),
      ),
    ],
    [null, pem('CERTIFICATE', 'AAAA')],
    [null, pem('PUBLIC KEY', 'AAAA')],
    [null, Buffer.from('-----BEGIN \n PRIVATE KEY-----')],
    [null, Buffer.from('-----BEGIN RSA PRIVATE KEY')],
    [null, new Uint8Array()],
  ] as const)('%s', (form, bytes) => {
    expect(keyFormOf(bytes)).toBe(form);
  });

  it('regression: makes no string of a plain key', async () => {
    const key = pem('PRIVATE KEY', 'MC4CAQAwBQYDK2VwBCIEIA');
    expect((await stringsMadeBy(() => keyFormOf(key))).filter((text) => text.includes('MC4CAQ'))).toEqual([]);
  });
});
