/** Cryptography with keys that do not leave the server, against OpenSSL through Node, and published vectors where Node has none. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  type KeyObject,
  verify as nodeVerify,
} from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CryptographicParameters, DeriveKeyRequestPayload } from '../../../src/kmip/index.ts';
import { CryptographicUsageMask as Mask } from '../../../src/ttlv/index.ts';
import { hex, toHex } from '../../support/hex.ts';
import { type Bench, openBench, START } from './engine-support.ts';
import { attributeOf, attributes, keyOf, knownKey, name } from './objects.ts';

const NOW = { 'Activation Date': BigInt(START) };
const KEY = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const DATA = new TextEncoder().encode('forty-two bytes of text, not whole blocks.');
const BLOCKS = DATA.subarray(0, 32);
const IV = hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');

/** An active key with all uses. */
async function activeKey(bench: Bench, bytes: Uint8Array = KEY, algorithm = 'AES', more: object = {}): Promise<string> {
  const payload = knownKey(bytes.slice(), { 'Cryptographic Usage Mask': 0x3ff, ...NOW, ...more }, algorithm);
  return (await bench.ok('Register', payload)).uniqueIdentifier;
}

describe('Encrypt and Decrypt', () => {
  const modes: readonly [string, CryptographicParameters, string, number, Uint8Array][] = [
    ['AES-ECB', { blockCipherMode: 'ECB' }, 'aes-256-ecb', 0, BLOCKS],
    ['AES-ECB padded', { blockCipherMode: 'ECB', paddingMethod: 'PKCS5' }, 'aes-256-ecb', 0, DATA],
    ['AES-CBC', { blockCipherMode: 'CBC' }, 'aes-256-cbc', 16, BLOCKS],
    ['AES-CBC padded', { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }, 'aes-256-cbc', 16, DATA],
    ['AES-CFB', { blockCipherMode: 'CFB' }, 'aes-256-cfb', 16, DATA],
    ['AES-OFB', { blockCipherMode: 'OFB' }, 'aes-256-ofb', 16, DATA],
    ['AES-CTR', { blockCipherMode: 'CTR' }, 'aes-256-ctr', 16, DATA],
  ];
  for (const [label, cryptographicParameters, openssl, ivLength, data] of modes)
    it(`${label} as OpenSSL does it`, async () => {
      await using bench = await openBench();
      const uniqueIdentifier = await activeKey(bench);
      const iv = IV.subarray(0, ivLength);
      const given = ivLength === 0 ? {} : { ivCounterNonce: iv };
      const payload = { uniqueIdentifier, cryptographicParameters, ...given };
      const { data: encrypted, ivCounterNonce } = await bench.ok('Encrypt', { ...payload, data });
      const cipher = createCipheriv(openssl, KEY, ivLength === 0 ? null : iv);
      cipher.setAutoPadding(cryptographicParameters.paddingMethod === 'PKCS5');
      expect(toHex(encrypted!)).toBe(Buffer.concat([cipher.update(data), cipher.final()]).toString('hex'));
      expect(ivCounterNonce).toBeUndefined();
      expect((await bench.ok('Decrypt', { ...payload, data: encrypted! })).data).toEqual(new Uint8Array(data));
    });

  it('3DES, Camellia, ChaCha20', async () => {
    await using bench = await openBench();
    const cases = [
      ['DES3', KEY.subarray(0, 24), 'des-ede3-cbc', 8, { blockCipherMode: 'CBC', paddingMethod: 'PKCS5' }],
      ['Camellia', KEY, 'camellia-256-ctr', 16, { blockCipherMode: 'CTR' }],
      ['ChaCha20', KEY, 'chacha20', 16, {}],
    ] as const;
    for (const [algorithm, key, openssl, ivLength, cryptographicParameters] of cases) {
      const uniqueIdentifier = await activeKey(bench, key, algorithm);
      const ivCounterNonce = IV.subarray(0, ivLength);
      const { data } = await bench.ok('Encrypt', {
        uniqueIdentifier,
        cryptographicParameters,
        data: DATA,
        ivCounterNonce,
      });
      const cipher = createCipheriv(openssl, key, ivCounterNonce);
      expect(toHex(data!)).toBe(Buffer.concat([cipher.update(DATA), cipher.final()]).toString('hex'));
    }
  });

  it('AES-GCM with its tag in a field in 1.4, behind the data before', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await activeKey(bench);
    const cryptographicParameters = { blockCipherMode: 'GCM' as const, tagLength: 16 };
    const nonce = IV.subarray(0, 12);
    const aad = new TextEncoder().encode('header');
    const payload = { uniqueIdentifier, cryptographicParameters, ivCounterNonce: nonce };
    const cipher = createCipheriv('aes-256-gcm', KEY, nonce);
    cipher.setAAD(aad);
    const wanted = Buffer.concat([cipher.update(DATA), cipher.final()]);
    const sealed = { ...payload, authenticatedEncryptionAdditionalData: aad };
    const answer = await bench.ok('Encrypt', { ...sealed, data: DATA });
    expect([toHex(answer.data!), toHex(answer.authenticatedEncryptionTag!)]).toEqual([
      wanted.toString('hex'),
      cipher.getAuthTag().toString('hex'),
    ]);
    const opened = { ...sealed, data: answer.data!, authenticatedEncryptionTag: answer.authenticatedEncryptionTag! };
    expect((await bench.ok('Decrypt', opened)).data).toEqual(new Uint8Array(DATA));
    const forged = answer.authenticatedEncryptionTag!.map((byte, i) => (i === 15 ? byte ^ 1 : byte));
    expect(await bench.refused('Decrypt', { ...opened, authenticatedEncryptionTag: forged })).toBe(
      'CryptographicFailure',
    );
    const old = { version: '1.3' as const };
    const { data } = await bench.ok('Encrypt', { ...payload, data: DATA }, old);
    expect(data?.length).toBe(DATA.length + 16);
    expect((await bench.ok('Decrypt', { ...payload, data: data! }, old)).data).toEqual(new Uint8Array(DATA));
    expect(await bench.refused('Decrypt', { ...payload, data: data!.subarray(1) }, old)).toBe('CryptographicFailure');
    expect(await bench.refused('Decrypt', { ...payload, data: new Uint8Array(7) }, old)).toBe('CryptographicFailure');
  });

  it('makes an IV where none was given, a different one each time, and says it', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await activeKey(bench);
    const payload = { uniqueIdentifier, cryptographicParameters: { blockCipherMode: 'CTR' as const }, data: DATA };
    const [first, second] = [await bench.ok('Encrypt', payload), await bench.ok('Encrypt', payload)];
    expect(first.ivCounterNonce?.length).toBe(16);
    expect(first.ivCounterNonce).not.toEqual(second.ivCounterNonce);
    const decipher = createDecipheriv('aes-256-ctr', KEY, first.ivCounterNonce!);
    expect(decipher.update(first.data!).toString()).toBe(new TextDecoder().decode(DATA));
    expect(await bench.refused('Decrypt', payload)).toBe('InvalidMessage');
  });

  it('says one thing about every ciphertext that does not open', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await activeKey(bench);
    const payload = {
      uniqueIdentifier,
      cryptographicParameters: { blockCipherMode: 'CBC' as const, paddingMethod: 'PKCS5' as const },
      ivCounterNonce: IV,
    };
    const { data } = await bench.ok('Encrypt', { ...payload, data: DATA });
    const answers = new Set<string>();
    for (let at = 0; at < data!.length; at++) {
      const item = await bench.ask('Decrypt', {
        ...payload,
        data: data!.map((byte, i) => (i === at ? byte ^ 0xff : byte)),
      });
      if (item.resultStatus === 'OperationFailed') answers.add(`${item.resultReason} ${item.resultMessage}`);
    }
    expect([...answers]).toEqual(['CryptographicFailure the operation failed on these data']);
  });

  it('keeps to the Usage Limits, in bytes and in objects', async () => {
    await using bench = await openBench();
    const ecb = { cryptographicParameters: { blockCipherMode: 'ECB' as const }, data: BLOCKS };
    const limits = (unit: 'Byte' | 'Object', total: bigint): object => ({
      'Usage Limits': { usageLimitsTotal: total, usageLimitsUnit: unit },
    });
    const bytes = await activeKey(bench, KEY, 'AES', limits('Byte', 64n));
    const objects = await activeKey(bench, KEY, 'AES', limits('Object', 2n));
    for (const uniqueIdentifier of [bytes, objects]) {
      await bench.ok('Encrypt', { uniqueIdentifier, ...ecb });
      // What fails costs nothing.
      expect(await bench.refused('Encrypt', { uniqueIdentifier, ...ecb, data: DATA.subarray(0, 17) })).toBe(
        'CryptographicFailure',
      );
      await bench.ok('Encrypt', { uniqueIdentifier, ...ecb });
      expect(await bench.refused('Encrypt', { uniqueIdentifier, ...ecb })).toBe('PermissionDenied');
      await bench.ok('Decrypt', { uniqueIdentifier, ...ecb });
      expect(await attributeOf(bench, uniqueIdentifier, 'Usage Limits')).toMatchObject({ usageLimitsCount: 0n });
    }
  });

  it('keeps to the Cryptographic Usage Mask', async () => {
    await using bench = await openBench();
    const { uniqueIdentifier } = await bench.ok(
      'Register',
      knownKey(KEY.slice(), { ...NOW, 'Cryptographic Usage Mask': Mask.Encrypt }),
    );
    const payload = { uniqueIdentifier, cryptographicParameters: { blockCipherMode: 'ECB' as const }, data: BLOCKS };
    await bench.ok('Encrypt', payload);
    expect(await bench.refused('Decrypt', payload)).toBe('PermissionDenied');
    expect(await bench.refused('MAC', { uniqueIdentifier, data: DATA })).toBe('PermissionDenied');
  });
});

describe('in several parts', () => {
  it('is one operation over all of them', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await activeKey(bench);
    const cryptographicParameters = { blockCipherMode: 'CTR' as const };
    const first = {
      uniqueIdentifier,
      cryptographicParameters,
      ivCounterNonce: IV,
      data: DATA.subarray(0, 5),
      initIndicator: true,
    };
    const { correlationValue, data: none } = await bench.ok('Encrypt', first);
    expect(none).toBeUndefined();
    const part = { uniqueIdentifier, correlationValue: correlationValue! };
    await bench.ok('Encrypt', { ...part, data: DATA.subarray(5, 6) });
    const { data } = await bench.ok('Encrypt', { ...part, data: DATA.subarray(6), finalIndicator: true });
    expect(toHex(data!)).toBe(createCipheriv('aes-256-ctr', KEY, IV).update(DATA).toString('hex'));
    expect(await bench.refused('Encrypt', { ...part, data: DATA, finalIndicator: true })).toBe('InvalidField');
    const hashed = { cryptographicParameters: { hashingAlgorithm: 'SHA_512' as const } };
    const begun = await bench.ok('Hash', { ...hashed, data: DATA.subarray(0, 9), initIndicator: true });
    const ended = await bench.ok('Hash', {
      ...hashed,
      data: DATA.subarray(9),
      correlationValue: begun.correlationValue!,
      finalIndicator: true,
    });
    expect(toHex(ended.data!)).toBe(createHash('sha512').update(DATA).digest('hex'));
    const both = await bench.ok('Hash', { ...hashed, data: DATA, initIndicator: true, finalIndicator: true });
    expect(both.data).toEqual(ended.data);
  });

  it('has a bound', async () => {
    await using bench = await openBench();
    const hashed = { cryptographicParameters: { hashingAlgorithm: 'SHA_256' as const } };
    const values: Uint8Array[] = [];
    for (let i = 0; i < 17; i++)
      values.push((await bench.ok('Hash', { ...hashed, data: DATA, initIndicator: true })).correlationValue!);
    const last = (correlationValue: Uint8Array) => ({ ...hashed, data: DATA, correlationValue, finalIndicator: true });
    // The oldest made room for the seventeenth.
    expect(await bench.refused('Hash', last(values[0]!))).toBe('InvalidField');
    await bench.ok('Hash', last(values[1]!));
    const large = { ...hashed, data: new Uint8Array(3 << 20), correlationValue: values[2]! };
    await bench.ok('Hash', large);
    await bench.ok('Hash', large);
    expect(await bench.refused('Hash', large)).toBe('InvalidField');
  });
});

describe('MAC and MAC Verify', () => {
  it('HMAC by the key, by the parameters, and verified', async () => {
    await using bench = await openBench();
    const wanted = createHmac('sha384', KEY).update(DATA).digest('hex');
    const cases = [
      [await activeKey(bench, KEY, 'HMAC_SHA384'), undefined],
      [await activeKey(bench), { cryptographicAlgorithm: 'HMAC_SHA384' }],
      [await activeKey(bench), { hashingAlgorithm: 'SHA_384' }],
    ] as const;
    for (const [uniqueIdentifier, given] of cases) {
      const payload = { uniqueIdentifier, data: DATA, ...(given && { cryptographicParameters: given }) };
      const { macData } = await bench.ok('MAC', payload);
      expect(toHex(macData!)).toBe(wanted);
      const verify = async (bytes: Uint8Array): Promise<unknown> =>
        (await bench.ok('MACVerify', { ...payload, macData: bytes })).validityIndicator;
      expect(await verify(macData!)).toBe('Valid');
      expect(await verify(macData!.subarray(1))).toBe('Invalid');
      expect(await verify(macData!.map((byte) => byte ^ 1))).toBe('Invalid');
    }
  });

  it('CMAC as in NIST SP 800-38B, appendix D.1', async () => {
    await using bench = await openBench();
    const uniqueIdentifier = await activeKey(bench, hex('2b7e151628aed2a6abf7158809cf4f3c'));
    const message = hex(
      '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
    );
    for (const [length, tag] of [
      [0, 'bb1d6929e95937287fa37d129b756746'],
      [16, '070a16b46b4d4144f79bdd9dd04a287c'],
      [40, 'dfa66747de9ae63030ca32611497c827'],
      [64, '51f0bebf7e3b9d92fc49741779363cfe'],
    ] as const) {
      const payload = {
        uniqueIdentifier,
        cryptographicParameters: { blockCipherMode: 'CMAC' as const },
        data: message.subarray(0, length),
      };
      expect(toHex((await bench.ok('MAC', payload)).macData!)).toBe(tag);
    }
  });
});

describe('Sign and Signature Verify', () => {
  async function pair(bench: Bench, algorithm: 'RSA' | 'EC', bits: number) {
    const made = await bench.ok('CreateKeyPair', {
      commonTemplateAttribute: {
        attribute: attributes({ 'Cryptographic Algorithm': algorithm, 'Cryptographic Length': bits, ...NOW }),
      },
      privateKeyTemplateAttribute: { attribute: attributes({ 'Cryptographic Usage Mask': Mask.Sign | Mask.Decrypt }) },
      publicKeyTemplateAttribute: { attribute: attributes({ 'Cryptographic Usage Mask': Mask.Verify | Mask.Encrypt }) },
    });
    const { publicKey } = await bench.ok('Get', {
      uniqueIdentifier: made.publicKeyUniqueIdentifier,
      keyFormatType: 'X_509',
    });
    const value = publicKey?.keyBlock.keyValue as { readonly keyMaterial: Uint8Array };
    const key = createPublicKey({ key: Buffer.from(value.keyMaterial), format: 'der', type: 'spki' });
    return { privateId: made.privateKeyUniqueIdentifier, publicId: made.publicKeyUniqueIdentifier, key };
  }

  async function check(
    bench: Bench,
    { privateId, publicId, key }: { readonly privateId: string; readonly publicId: string; readonly key: KeyObject },
    cryptographicParameters: CryptographicParameters,
    options: object,
  ): Promise<void> {
    const { signatureData } = await bench.ok('Sign', {
      uniqueIdentifier: privateId,
      cryptographicParameters,
      data: DATA,
    });
    expect(nodeVerify('sha256', DATA, { key, ...options }, signatureData!)).toBe(true);
    const payload = { uniqueIdentifier: publicId, cryptographicParameters, signatureData: signatureData! };
    expect((await bench.ok('SignatureVerify', { ...payload, data: DATA })).validityIndicator).toBe('Valid');
    expect((await bench.ok('SignatureVerify', { ...payload, data: BLOCKS })).validityIndicator).toBe('Invalid');
    expect((await bench.ok('SignatureVerify', { ...payload, data: DATA, signatureData: DATA })).validityIndicator).toBe(
      'Invalid',
    );
  }

  it('RSA PKCS#1 v1.5 and PSS, and OAEP encryption', async () => {
    await using bench = await openBench();
    const keys = await pair(bench, 'RSA', 2048);
    await check(bench, keys, { digitalSignatureAlgorithm: 'SHA_256WithRSAEncryption' }, {});
    await check(bench, keys, { hashingAlgorithm: 'SHA_256', paddingMethod: 'PKCS1V1_5' }, {});
    await check(
      bench,
      keys,
      { digitalSignatureAlgorithm: 'RSASSA_PSS', hashingAlgorithm: 'SHA_256' },
      { padding: 6, saltLength: 32 },
    );
    const digestedData = new Uint8Array(createHash('sha256').update(DATA).digest());
    const cryptographicParameters = { digitalSignatureAlgorithm: 'SHA_256WithRSAEncryption' as const };
    const whole = await bench.ok('Sign', { uniqueIdentifier: keys.privateId, cryptographicParameters, data: DATA });
    const digested = await bench.ok('Sign', {
      uniqueIdentifier: keys.privateId,
      cryptographicParameters,
      digestedData,
    });
    expect(digested.signatureData).toEqual(whole.signatureData);
    const verified = {
      uniqueIdentifier: keys.publicId,
      cryptographicParameters,
      digestedData,
      signatureData: whole.signatureData!,
    };
    expect((await bench.ok('SignatureVerify', verified)).validityIndicator).toBe('Valid');
    const oaep = { cryptographicParameters: { paddingMethod: 'OAEP' as const, hashingAlgorithm: 'SHA_256' as const } };
    const { data } = await bench.ok('Encrypt', { uniqueIdentifier: keys.publicId, ...oaep, data: BLOCKS });
    expect((await bench.ok('Decrypt', { uniqueIdentifier: keys.privateId, ...oaep, data: data! })).data).toEqual(
      new Uint8Array(BLOCKS),
    );
    const v15 = { cryptographicParameters: { paddingMethod: 'PKCS1V1_5' as const } };
    expect(await bench.refused('Decrypt', { uniqueIdentifier: keys.privateId, ...v15, data: data! })).toBe(
      'CryptographicFailure',
    );
  });

  it('ECDSA', async () => {
    await using bench = await openBench();
    await check(bench, await pair(bench, 'EC', 256), { digitalSignatureAlgorithm: 'ECDSAWithSHA256' }, {});
    await check(bench, await pair(bench, 'EC', 521), { hashingAlgorithm: 'SHA_256' }, {});
    const keys = await pair(bench, 'EC', 384);
    const wrong = {
      cryptographicParameters: { digitalSignatureAlgorithm: 'SHA_256WithRSAEncryption' as const },
      data: DATA,
    };
    expect(await bench.refused('Sign', { uniqueIdentifier: keys.privateId, ...wrong })).toBe('InvalidField');
    expect(await bench.refused('Sign', { uniqueIdentifier: keys.publicId, ...wrong })).toBe('PermissionDenied');
  });
});

describe('Derive Key', () => {
  const HMAC = { hashingAlgorithm: 'SHA_256' as const };
  const derive = async (
    bench: Bench,
    base: string,
    method: string,
    parameters: object,
    bits = 256,
  ): Promise<string> => {
    const payload = {
      objectType: 'SymmetricKey',
      uniqueIdentifier: [base],
      derivationMethod: method,
      derivationParameters: { cryptographicParameters: HMAC, ...parameters },
      templateAttribute: {
        attribute: attributes({
          'Cryptographic Algorithm': 'AES',
          'Cryptographic Length': bits,
          'Cryptographic Usage Mask': 12,
        }),
      },
    } as DeriveKeyRequestPayload;
    return (await bench.ok('DeriveKey', payload)).uniqueIdentifier;
  };

  it('HMAC, HASH, ENCRYPT and the KDFs of SP 800-108', async () => {
    await using bench = await openBench();
    const base = await activeKey(bench);
    const hmac = (data: Uint8Array): Buffer => createHmac('sha256', KEY).update(data).digest();
    const bytes = async (method: string, parameters: object, bits?: number): Promise<string> =>
      toHex(await keyOf(bench, await derive(bench, base, method, parameters, bits)));
    expect(await bytes('HMAC', { derivationData: DATA })).toBe(hmac(DATA).toString('hex'));
    expect(await bytes('HASH', {})).toBe(createHash('sha256').update(KEY).digest('hex'));
    const cipher = createCipheriv('aes-256-cbc', KEY, IV).setAutoPadding(false);
    const encrypting = {
      cryptographicParameters: { blockCipherMode: 'CBC' },
      initializationVector: IV,
      derivationData: BLOCKS,
    };
    expect(await bytes('ENCRYPT', encrypting)).toBe(cipher.update(BLOCKS).toString('hex'));
    const one = Buffer.from([0, 0, 0, 1]);
    expect(await bytes('NIST800_108_C', { derivationData: DATA })).toBe(
      hmac(Buffer.concat([one, DATA])).toString('hex'),
    );
    const feedback = hmac(Buffer.concat([IV, one, DATA])).subarray(0, 16);
    expect(await bytes('NIST800_108_F', { derivationData: DATA, initializationVector: IV }, 128)).toBe(
      feedback.toString('hex'),
    );
    const a1 = hmac(DATA);
    expect(await bytes('NIST800_108_DPI', { derivationData: DATA })).toBe(
      hmac(Buffer.concat([a1, one, DATA])).toString('hex'),
    );
  });

  it('links both keys, and needs the base key to be made for it', async () => {
    await using bench = await openBench();
    const base = await activeKey(bench);
    const derived = await derive(bench, base, 'HMAC', { derivationData: DATA });
    expect(await attributeOf(bench, derived, 'Link')).toEqual({
      linkType: 'DerivationBaseObjectLink',
      linkedObjectIdentifier: base,
    });
    expect(await attributeOf(bench, base, 'Link')).toEqual({
      linkType: 'DerivedKeyLink',
      linkedObjectIdentifier: derived,
    });
    const { uniqueIdentifier } = await bench.ok('Register', knownKey(KEY.slice(), NOW));
    await expect(derive(bench, uniqueIdentifier, 'HMAC', { derivationData: DATA })).rejects.toThrow('PermissionDenied');
    await expect(derive(bench, base, 'HASH', { derivationData: DATA })).rejects.toThrow('InvalidField');
    await expect(derive(bench, base, 'AsymmetricKey', {})).rejects.toThrow('FeatureNotSupported');
  });

  it('bounds what one request may cost', async () => {
    await using bench = await openBench();
    const base = await activeKey(bench);
    for (const iterationCount of [0, -1, 2_000_001, 0x7fffffff])
      await expect(derive(bench, base, 'PBKDF2', { salt: IV, iterationCount })).rejects.toThrow('InvalidField');
  });

  it('counts the iterations of PBKDF2 over the whole result', async () => {
    await using bench = await openBench();
    const base = await activeKey(bench);
    // 8,192 bytes are 256 blocks of SHA-256.
    const payload = (iterationCount: number): DeriveKeyRequestPayload => ({
      objectType: 'SecretData',
      uniqueIdentifier: [base],
      derivationMethod: 'PBKDF2',
      derivationParameters: { cryptographicParameters: HMAC, salt: IV, iterationCount },
      templateAttribute: { attribute: attributes({ 'Cryptographic Length': 65_536, 'Cryptographic Usage Mask': 12 }) },
    });
    expect(await bench.refused('DeriveKey', payload(7813))).toBe('InvalidField');
    await bench.ok('DeriveKey', payload(10));
  });

  it('takes what it derives off the Usage Limits of the base key', async () => {
    await using bench = await openBench();
    const limits = { usageLimitsTotal: 64n, usageLimitsUnit: 'Byte' };
    const base = await activeKey(bench, KEY, 'AES', { 'Usage Limits': limits });
    const derived = await derive(bench, base, 'HMAC', { derivationData: DATA });
    await derive(bench, base, 'HMAC', { derivationData: DATA }, 128);
    expect(await attributeOf(bench, base, 'Usage Limits')).toMatchObject({ usageLimitsCount: 16n });
    await expect(derive(bench, base, 'HMAC', { derivationData: DATA })).rejects.toThrow('PermissionDenied');
    expect(await attributeOf(bench, base, 'Link')).toMatchObject({ linkedObjectIdentifier: derived });
  });
});

describe('RNG and Hash', () => {
  it('gives as many bytes as asked for, in bounds, and takes no seed', async () => {
    await using bench = await openBench();
    expect((await bench.ok('RNGRetrieve', { dataLength: 33 })).data.length).toBe(33);
    for (const dataLength of [0, -1, 65_537])
      expect(await bench.refused('RNGRetrieve', { dataLength })).toBe('InvalidField');
    expect((await bench.ok('RNGSeed', { data: DATA })).dataLength).toBe(0);
  });

  it('hashes as Node does', async () => {
    await using bench = await openBench();
    const tokens = {
      MD5: 'md5',
      SHA_1: 'sha1',
      SHA_224: 'sha224',
      SHA_256: 'sha256',
      SHA_384: 'sha384',
      SHA_512: 'sha512',
      RIPEMD_160: 'ripemd160',
      SHA_512_256: 'sha512-256',
      SHA3_256: 'sha3-256',
    } as const;
    for (const [token, node] of Object.entries(tokens)) {
      const cryptographicParameters = { hashingAlgorithm: token as 'SHA_256' };
      expect(toHex((await bench.ok('Hash', { cryptographicParameters, data: DATA })).data!)).toBe(
        createHash(node).update(DATA).digest('hex'),
      );
    }
    expect(await bench.refused('Hash', { cryptographicParameters: { hashingAlgorithm: 'Tiger' }, data: DATA })).toBe(
      'CryptographicFailure',
    );
  });
});

describe('names', () => {
  it('are not needed to encrypt by what Locate leaves', async () => {
    await using bench = await openBench();
    await activeKey(bench, KEY, 'AES', { Name: name('k'), 'Cryptographic Parameters': { blockCipherMode: 'ECB' } });
    const { batchItem } = await bench.send([
      {
        operation: 'Locate',
        uniqueBatchItemID: Uint8Array.of(1),
        requestPayload: { attribute: attributes({ Name: name('k') }) },
      },
      { operation: 'Encrypt', uniqueBatchItemID: Uint8Array.of(2), requestPayload: { data: BLOCKS } },
    ]);
    expect(batchItem[1]?.resultStatus).toBe('Success');
  });
});
