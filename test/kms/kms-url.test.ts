import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/bytes.ts';
import { encodeKmsSettings, isKmsUrl, parseKmsUrl } from '../../src/kms/index.ts';
import { Secret } from '../../src/secret.ts';
import { runs } from '../support/runs.ts';

const KEY_ID = '6a1b2c3d-0000-4000-8000-5a6b7c8d9c09';
const query = (extra = ''): string => `password=admin123&keyId=${KEY_ID}&secretId=AKIDabc&secretKey=s3cr3t${extra}`;
const API = '#https://kms.tencentcloudapi.com/';

const textOf = (secret: Secret | null): string | null => (secret === null ? null : decodeUtf8(secret.expose()));

/** The error of a URL, with the byte that it points at. */
function refused(url: string): { message: string; at: string; text: string } {
  try {
    parseKmsUrl(url).dispose();
  } catch (error) {
    const { code, message, offset, hint = '' } = error as Error & { code: string; offset: number; hint?: string };
    expect(code).toBe('ERR_KMS_URL');
    return {
      message: message.replace('malformed kms URL: ', ''),
      at: url.slice(offset, offset + 8),
      text: message + hint,
    };
  }
  throw new Error(`accepted: ${url}`);
}

describe('parseKmsUrl', () => {
  it("reads the vendor's example, masked digits and all", () => {
    using url = parseKmsUrl(
      'kms://tencent/?password=admin123&keyId=6xxxxxxx-xxxx-xxxx-xxxx-5xxxxxxxxc09&secretId=AKID********************************&secretKey=********************************#https://kms.tencentcloudapi.com/',
    );
    expect(url).toMatchObject({
      type: 'tencent',
      path: '/',
      keyId: '6xxxxxxx-xxxx-xxxx-xxxx-5xxxxxxxxc09',
      skipCheck: false,
      address: 'https://kms.tencentcloudapi.com/',
    });
    expect([url.password, url.secretId, url.secretKey].map(textOf)).toEqual([
      'admin123',
      `AKID${'*'.repeat(32)}`,
      '*'.repeat(32),
    ]);
  });

  it.each([
    ['scheme and type in any case', `KMS://TenCent/?${query()}${API}`, {}],
    ['no path', `kms://tencent?${query()}${API}`, { path: '/' }],
    ['a path, which is reserved', `kms://tencent/a/b?${query()}${API}`, { path: '/a/b' }],
    ['skipCheck in any case', `kms://tencent/?${query('&skipCheck=TRUE')}${API}`, { skipCheck: true }],
    ['skipCheck=False', `kms://tencent/?${query('&skipCheck=False')}${API}`, { skipCheck: false }],
    ['an address without a path', `kms://tencent/?${query()}#https://kms.example`, { address: 'https://kms.example/' }],
    ['http on this machine', `kms://tencent/?${query()}#http://127.0.0.1:80/`, { address: 'http://127.0.0.1/' }],
    ['a port', `kms://tencent/?${query()}#http://[::1]:8080`, { address: 'http://[::1]:8080/' }],
  ])('accepts %s', (_, text, parts) => {
    using url = parseKmsUrl(text);
    expect(url).toMatchObject({ type: 'tencent', ...parts });
  });

  it('decodes %XX to bytes, leaves + and everything else as it is, and takes UTF-8 as it comes', () => {
    const password = 'a+b&c#d%e?f=g h/é"';
    const raw = password.replace(/[%&#]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
    using url = parseKmsUrl(`kms://tencent/?password=${raw}&keyId=${KEY_ID}&secretId=A&secretKey=%41%2b+${API}`);
    expect(textOf(url.password)).toBe(password);
    expect(textOf(url.secretKey)).toBe('A++');
  });

  it('takes bytes and Secrets and leaves them as they are', () => {
    const bytes = encodeUtf8(`kms://tencent/?${query()}${API}`);
    const before = bytes.slice();
    using url = parseKmsUrl(bytes);
    using secret = Secret.from(bytes);
    using again = parseKmsUrl(secret);
    expect(bytes).toEqual(before);
    expect(textOf(again.password)).toBe(textOf(url.password));
    expect([isKmsUrl(bytes), isKmsUrl(encodeUtf8('KMS:x')), isKmsUrl(encodeUtf8('kmsx')), isKmsUrl(secret)]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it.each([
    ['another scheme', `kmt://tencent/?${query()}${API}`, 'it does not begin with kms://', 'kmt://te'],
    ['another type', `kms://aws/?${query()}${API}`, 'the only type of service is tencent', 'aws/?pas'],
    ['user information', `kms://u@tencent/?${query()}${API}`, 'the only type of service is tencent', 'u@tencen'],
    ['a port', `kms://tencent:1/?${query()}${API}`, 'the only type of service is tencent', 'tencent:'],
    ['no query', `kms://tencent/${API}`, 'the settings are missing: ?keyId=…', '#https:/'],
    ['no address', `kms://tencent/?${query()}`, 'the API address is missing: #https://…', ''],
    ['an empty address', `kms://tencent/?${query()}#`, 'what follows # is no URL of an API', ''],
    ['a doubled key', `kms://tencent/?${query('&keyId=x')}${API}`, 'keyId stands there twice', 'keyId=x#'],
    ['an empty value', `kms://tencent/?${query().replace('admin123', '')}${API}`, 'password is empty', '&keyId=6'],
    ['a missing key', `kms://tencent/?password=a&keyId=${KEY_ID}&secretId=A${API}`, 'secretKey is missing', '#https:/'],
    [
      'a keyId of another form',
      `kms://tencent/?${query().replace(KEY_ID, 'alias')}${API}`,
      'keyId has not the form of a UUID',
      'alias&se',
    ],
    [
      'a bare %',
      `kms://tencent/?${query('&skipCheck=%zz')}${API}`,
      'a % in skipCheck is not followed by two hexadecimal digits',
      '%zz#http',
    ],
    [
      'a cut-off %',
      `kms://tencent/?${query('%4')}${API}`,
      'a % in secretKey is not followed by two hexadecimal digits',
      '%4#https',
    ],
    ['skipCheck=1', `kms://tencent/?${query('&skipCheck=1')}${API}`, 'skipCheck is neither true nor false', '1#https:'],
    [
      'a key in another case',
      `kms://tencent/?${query().replace('keyId', 'keyid')}${API}`,
      'unknown setting keyid: there are password, skipCheck, keyId, secretId, secretKey',
      'keyid=6a',
    ],
    ['a part without =', `kms://tencent/?${query('&')}${API}`, 'a setting has no =', '#https:/'],
    [
      'a line break in secretId',
      `kms://tencent/?${query().replace('AKIDabc', 'A%0d%0aB')}${API}`,
      'secretId has a character that no identifier has',
      'A%0d%0aB',
    ],
    [
      'http elsewhere',
      `kms://tencent/?${query()}#http://kms.example/`,
      'the API address must be https: master keys would travel in clear',
      'http://k',
    ],
    [
      'an address with a path',
      `kms://tencent/?${query()}#https://kms.example/v3`,
      'the API address is more than scheme, host and port',
      'https://',
    ],
    [
      'another kind of address',
      `kms://tencent/?${query()}#file:///etc/passwd`,
      'the API address must be https: master keys would travel in clear',
      'file:///',
    ],
  ])('refuses %s', (_, url, message, at) => {
    expect(refused(url)).toMatchObject({ message, at });
  });

  it.each([
    ['an & in the password', `kms://tencent/?password=topsecret&evenmore1secret&keyId=${KEY_ID}${API}`],
    ['an & and a = in the password', `kms://tencent/?password=x&even-more$secret=1&keyId=${KEY_ID}${API}`],
    ['a # in the password', `kms://tencent/?password=x#topsecret&keyId=${KEY_ID}&secretKey=evenmore1secret${API}`],
    ['a # in the secret key', `kms://tencent/?keyId=${KEY_ID}&secretId=A&secretKey=x#topsecret${API}`],
    ['everything in the type', 'kms://topsecret?password=evenmore1secret#x'],
  ])('repeats nothing of a secret that stands in the wrong place: %s', (_, url) => {
    expect(refused(url).text).not.toMatch(/topsecret|even/);
  });
});

describe('KmsUrl', () => {
  const text = `kms://tencent/?${query('&skipCheck=true')}${API}`;

  it('prints redacted, however it is printed', async () => {
    using url = parseKmsUrl(text);
    const redacted = `kms://tencent/?password=[redacted]&keyId=${KEY_ID}&secretId=[redacted]&secretKey=[redacted]&skipCheck=true${API}`;
    expect(`${url}`).toBe(redacted);
    expect(JSON.stringify({ url })).toBe(JSON.stringify({ url: redacted }));
    expect(JSON.stringify(Object.values(url))).not.toMatch(/admin123|AKIDabc|s3cr3t/);
  });

  it('its settings are the same URL in one form, without the password', () => {
    using url = parseKmsUrl(text);
    using settings = encodeKmsSettings(url);
    expect(textOf(settings)).toBe(
      `kms://tencent/?keyId=${KEY_ID}&secretId=AKIDabc&secretKey=s3cr3t&skipCheck=true${API}`,
    );
    using again = parseKmsUrl(settings);
    expect(again.password).toBeNull();
    using twice = encodeKmsSettings(again);
    expect(textOf(twice)).toBe(textOf(settings));
  });

  it('any secret comes back from any way of writing it', () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
    const written = (value: Uint8Array): string =>
      Array.from(value, (b) => `%${b.toString(16).padStart(2, '0')}`).join('');
    fc.assert(
      fc.property(bytes, bytes, (password, secretKey) => {
        using url = parseKmsUrl(
          `kms://tencent/?password=${written(password)}&secretKey=${written(secretKey)}&keyId=${KEY_ID}&secretId=A${API}`,
        );
        expect(url.password?.expose()).toEqual(password);
        using settings = encodeKmsSettings(url);
        using again = parseKmsUrl(settings);
        expect(again.secretKey.expose()).toEqual(secretKey);
      }),
      { numRuns: runs(200) },
    );
  });
});
