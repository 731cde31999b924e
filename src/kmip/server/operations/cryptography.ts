/**
 * Encrypt, Decrypt, Sign, Signature Verify, MAC, MAC Verify and Hash (KMIP 1.4, 4.29 to 4.36, 4.39): cryptography with keys that do not
 * leave the server. Each may come in parts (streams.ts). Layer: kmip/server, Node only.
 */
import { equalSecretBytes } from '../../../core/index.ts';
import { CryptographicUsageMask } from '../../../ttlv/index.ts';
import type { CryptographicParameters } from '../../index.ts';
import type { Context, Handler } from '../context.ts';
import { type CipherJob, decrypt as decryptBytes, encrypt as encryptBytes, ivLengthOf } from '../crypto/cipher.ts';
import { digest } from '../crypto/hashes.ts';
import { computeMac } from '../crypto/mac.ts';
import { decryptRsa, encryptRsa } from '../crypto/rsa.ts';
import { type SignatureScheme, type Signed, signData, verifyData } from '../crypto/signature.ts';
import { assertUsage, spend } from '../key-use.ts';
import { type ManagedObject, openLiveObject } from '../managed-object.ts';
import { opensslPrivateKey, opensslPublicKey, secretBytesOf } from '../object-material.ts';
import { refuse } from '../refusal.ts';

/** Encrypt. */
export const encrypt: Handler<'Encrypt'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'Encrypt', payload);
    const key = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier } = key;
    if ('value' in taken) return { uniqueIdentifier, correlationValue: taken.value };
    const { whole } = taken;
    const data = dataOf(whole.data);
    assertUsage(context, key, CryptographicUsageMask.Encrypt, 'protect');
    const parameters = parametersOf(key, whole.cryptographicParameters);
    spend(context, key, data.length);
    if (isAsymmetric(key))
      return { uniqueIdentifier, data: encryptRsa(opensslPublicKey(context, key), parameters, data) };
    const job = {
      ...cipherJob(context, key, parameters, data),
      additionalData: whole.authenticatedEncryptionAdditionalData,
    };
    const needed = ivLengthOf({ ...job, iv: undefined });
    // Without an IV from the client the server makes one, and says so. The specification has it so for Random IV; clients
    // that set neither would get a refusal, or worse a fixed IV.
    const made = whole.ivCounterNonce === undefined && needed > 0 ? context.server.randomBytes(needed) : undefined;
    const { data: out, tag } = encryptBytes({ ...job, iv: whole.ivCounterNonce ?? made });
    const ivCounterNonce = made === undefined ? {} : { ivCounterNonce: made };
    if (tag === undefined) return { uniqueIdentifier, data: out, ...ivCounterNonce };
    // Before 1.4 there is no field for the tag.
    return context.version < '1.4'
      ? { uniqueIdentifier, data: Uint8Array.from([...out, ...tag]), ...ivCounterNonce }
      : { uniqueIdentifier, data: out, ...ivCounterNonce, authenticatedEncryptionTag: tag };
  },
};

/** Decrypt. */
export const decrypt: Handler<'Decrypt'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'Decrypt', payload);
    const key = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier } = key;
    if ('value' in taken) return { uniqueIdentifier, correlationValue: taken.value };
    const { whole } = taken;
    assertUsage(context, key, CryptographicUsageMask.Decrypt, 'process');
    const parameters = parametersOf(key, whole.cryptographicParameters);
    const data = dataOf(whole.data);
    if (isAsymmetric(key)) {
      const plain = decryptRsa(opensslPrivateKey(context, key), parameters, data);
      return { uniqueIdentifier, data: context.wipeLater(plain) };
    }
    const job = {
      ...cipherJob(context, key, parameters, data),
      iv: whole.ivCounterNonce,
      additionalData: whole.authenticatedEncryptionAdditionalData,
    };
    return { uniqueIdentifier, data: context.wipeLater(decryptBytes(job, whole.authenticatedEncryptionTag)) };
  },
};

/** Sign. */
export const sign: Handler<'Sign'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'Sign', payload);
    const key = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier } = key;
    if ('value' in taken) return { uniqueIdentifier, correlationValue: taken.value };
    assertUsage(context, key, CryptographicUsageMask.Sign, 'protect');
    const signed = signedOf(taken.whole);
    spend(context, key, 'digest' in signed ? signed.digest.length : signed.data.length);
    const scheme = schemeOf(parametersOf(key, taken.whole.cryptographicParameters));
    return { uniqueIdentifier, signatureData: signData(opensslPrivateKey(context, key), scheme, signed) };
  },
};

/** Signature Verify. */
export const signatureVerify: Handler<'SignatureVerify'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'SignatureVerify', payload);
    const key = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier } = key;
    if ('value' in taken) return { uniqueIdentifier, validityIndicator: 'Unknown', correlationValue: taken.value };
    assertUsage(context, key, CryptographicUsageMask.Verify, 'process');
    const { signatureData } = taken.whole;
    if (signatureData === undefined) return refuse('InvalidField', 'the Signature Data are missing');
    const scheme = schemeOf(parametersOf(key, taken.whole.cryptographicParameters));
    const valid = verifyData(opensslPublicKey(context, key), scheme, signedOf(taken.whole), signatureData);
    return { uniqueIdentifier, validityIndicator: valid ? 'Valid' : 'Invalid' };
  },
};

/** MAC. */
export const mac: Handler<'MAC'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'MAC', payload);
    const key = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier } = key;
    if ('value' in taken) return { uniqueIdentifier, correlationValue: taken.value };
    assertUsage(context, key, CryptographicUsageMask.MACGenerate, 'protect');
    const data = dataOf(taken.whole.data);
    spend(context, key, data.length);
    return { uniqueIdentifier, macData: macOf(context, key, taken.whole.cryptographicParameters, data) };
  },
};

/** MAC Verify. */
export const macVerify: Handler<'MACVerify'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'MACVerify', payload);
    const key = openLiveObject(context, payload.uniqueIdentifier, 'own');
    const { uniqueIdentifier } = key;
    if ('value' in taken) return { uniqueIdentifier, validityIndicator: 'Unknown', correlationValue: taken.value };
    assertUsage(context, key, CryptographicUsageMask.MACVerify, 'process');
    const { macData, data, cryptographicParameters } = taken.whole;
    if (macData === undefined) return refuse('InvalidField', 'the MAC Data are missing');
    const computed = context.wipeLater(macOf(context, key, cryptographicParameters, dataOf(data)));
    const valid = equalSecretBytes(computed, macData);
    return { uniqueIdentifier, validityIndicator: valid ? 'Valid' : 'Invalid' };
  },
};

/** Hash. */
export const hash: Handler<'Hash'> = {
  run(payload, context) {
    const taken = context.server.streams.take(context.client.owner, 'Hash', payload);
    if ('value' in taken) return { correlationValue: taken.value };
    const { hashingAlgorithm } = taken.whole.cryptographicParameters;
    if (hashingAlgorithm === undefined) return refuse('InvalidField', 'the Hashing Algorithm is missing');
    return { data: digest(hashingAlgorithm, dataOf(taken.whole.data)) };
  },
};

/** The parameters of the request; without them the first of the key (KMIP 1.4, 4.29). */
function parametersOf(key: ManagedObject, given: CryptographicParameters | undefined): CryptographicParameters {
  return given ?? key.attributes.get('Cryptographic Parameters') ?? {};
}

function dataOf(data: Uint8Array | undefined): Uint8Array {
  return data ?? refuse('InvalidField', 'the Data are missing');
}

function signedOf(payload: { readonly data?: Uint8Array; readonly digestedData?: Uint8Array }): Signed {
  const { data, digestedData } = payload;
  if (digestedData === undefined) return { data: dataOf(data) };
  return data === undefined
    ? { digest: digestedData }
    : refuse('InvalidField', 'either Data or Digested Data is signed');
}

function isAsymmetric({ objectType }: ManagedObject): boolean {
  return objectType === 'PrivateKey' || objectType === 'PublicKey' || objectType === 'Certificate';
}

function cipherJob(
  context: Context,
  key: ManagedObject,
  parameters: CryptographicParameters,
  data: Uint8Array,
): CipherJob {
  const algorithm = parameters.cryptographicAlgorithm ?? key.attributes.get('Cryptographic Algorithm');
  if (algorithm === undefined) return refuse('InvalidField', 'the key has no Cryptographic Algorithm');
  return {
    algorithm,
    mode: parameters.blockCipherMode,
    padding: parameters.paddingMethod,
    key: secretBytesOf(context, key),
    data,
    iv: undefined,
    tagLengthBytes: parameters.tagLength,
  };
}

function schemeOf(parameters: CryptographicParameters): SignatureScheme {
  return {
    digitalSignatureAlgorithm: parameters.digitalSignatureAlgorithm,
    hash: parameters.hashingAlgorithm,
    padding: parameters.paddingMethod,
    saltLengthBytes: parameters.saltLength,
  };
}

function macOf(
  context: Context,
  key: ManagedObject,
  given: CryptographicParameters | undefined,
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const parameters = parametersOf(key, given);
  return computeMac({
    algorithm: parameters.cryptographicAlgorithm ?? key.attributes.get('Cryptographic Algorithm'),
    mode: parameters.blockCipherMode,
    hash: parameters.hashingAlgorithm,
    key: secretBytesOf(context, key),
    data,
  });
}
