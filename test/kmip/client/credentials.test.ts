import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CredentialStore } from '../../../src/kmip/client/credentials.ts';
import { type CertificateFiles, makeAuthority, type TestAuthority } from '../../support/certificates.ts';
import { hasPeer, makeTempFolder } from '../../support/peers.ts';
import { stringsMadeBy } from '../../support/strings.ts';

const BODY = 'MC4CAQAwBQYDK2VwBCIEIA';

describe.skipIf(!hasPeer('openssl'))('a private key that cannot be read', () => {
  const folder = makeTempFolder();
  let authority: TestAuthority;
  let own: CertificateFiles;
  beforeAll(() => {
    authority = makeAuthority(folder.path, 'ecdsa');
    own = authority.issue('client', { commonName: 'client-a', usage: 'clientAuth' });
  });
  afterAll(() => folder[Symbol.dispose]());

  it.each([
    ['plain', `-----BEGIN PRIVATE KEY-----\n${BODY}\n`, 'ERR_KMIP_KEY'],
    ['encrypted', `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${BODY}\n`, 'ERR_KMIP_KEY_PASSWORD'],
    ['no PEM', BODY, 'ERR_KMIP_KEY'],
  ])('regression: is told without making a string of it: %s', async (_, text, code) => {
    const key = new TextEncoder().encode(text);
    const store = new CredentialStore({ ca: { file: authority.ca }, cert: { file: own.cert }, key }, {});
    const made = await stringsMadeBy(() => expect(store.context()).rejects.toMatchObject({ code }));
    expect(made.filter((string) => string.includes(BODY.slice(0, 8)))).toEqual([]);
  });
});
