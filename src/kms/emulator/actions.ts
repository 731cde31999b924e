/**
 * The five actions of the emulator, on its keys: parameters checked as the service documents them, answers with its fields.
 * Layer: kms/emulator, Node only.
 */
import { constants, publicEncrypt } from 'node:crypto';
import { decodeUtf8, encodeUtf8 } from '../../bytes.ts';
import { decodeBase64, encodeBase64Text } from '../../core/index.ts';
import type { Cmk, CmkStore } from './cmk-store.ts';
import { Refusal } from './refusal.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Runs an action. @throws {Refusal} */
export function runAction(action: string, parameters: Fields, keys: CmkStore): Fields {
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (run === undefined) throw new Refusal('InvalidAction', 'the action is not emulated');
  const known = PARAMETERS[action] as readonly string[];
  for (const name of Object.keys(parameters))
    if (!known.includes(name)) throw new Refusal('UnknownParameter', `the parameter ${name} is not defined`);
  return run(parameters, keys);
}

const PUBLIC_KEY = ['EncryptionPublicKey', 'EncryptionAlgorithm'];
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  Encrypt: ['KeyId', 'Plaintext', 'EncryptionContext'],
  Decrypt: ['CiphertextBlob', 'EncryptionContext', ...PUBLIC_KEY],
  GenerateDataKey: ['KeyId', 'KeySpec', 'NumberOfBytes', 'EncryptionContext', ...PUBLIC_KEY],
  DescribeKey: ['KeyId'],
  ReEncrypt: ['CiphertextBlob', 'DestinationKeyId', 'SourceEncryptionContext', 'DestinationEncryptionContext'],
};

const ACTIONS: Readonly<Record<string, (parameters: Fields, keys: CmkStore) => Fields>> = {
  Encrypt(parameters, keys) {
    const cmk = usable(keys.find(keyIdOf(parameters, 'KeyId')), 'encrypt');
    const plaintext = base64Of(parameters, 'Plaintext', 'InvalidParameterValue.InvalidPlaintext');
    try {
      if (plaintext.length < 1 || plaintext.length > 4096)
        throw new Refusal('InvalidParameterValue.InvalidPlaintext', 'Plaintext has 1 to 4096 bytes');
      const context = contextOf(parameters, 'EncryptionContext');
      return { CiphertextBlob: encodeBase64Text(keys.encrypt(cmk.keyId, plaintext, context)), KeyId: cmk.keyId };
    } finally {
      plaintext.fill(0);
    }
  },

  Decrypt(parameters, keys) {
    const blob = blobOf(parameters);
    const cmk = usable(keys.keyOf(blob).cmk, 'decrypt');
    const plaintext = keys.decrypt(blob, contextOf(parameters, 'EncryptionContext'));
    try {
      return { KeyId: cmk.keyId, Plaintext: shownAs(plaintext, parameters) };
    } finally {
      plaintext.fill(0);
    }
  },

  GenerateDataKey(parameters, keys) {
    const cmk = usable(keys.find(keyIdOf(parameters, 'KeyId')), 'encrypt');
    const key = crypto.getRandomValues(new Uint8Array(dataKeyLength(parameters)));
    try {
      const ciphertext = keys.encrypt(cmk.keyId, key, contextOf(parameters, 'EncryptionContext'));
      return {
        KeyId: cmk.keyId,
        Plaintext: shownAs(key, parameters),
        CiphertextBlob: encodeBase64Text(ciphertext),
      };
    } finally {
      key.fill(0);
    }
  },

  DescribeKey(parameters, keys) {
    const cmk = keys.find(keyIdOf(parameters, 'KeyId'));
    return {
      KeyMetadata: {
        KeyId: cmk.keyId,
        Alias: cmk.alias,
        CreateTime: Math.floor(cmk.created.getTime() / 1000),
        Description: '',
        KeyState: cmk.state,
        KeyUsage: 'ENCRYPT_DECRYPT',
        Type: 2,
        CreatorUin: 0,
        KeyRotationEnabled: cmk.version > 1,
        Owner: 'user',
        NextRotateTime: 0,
        DeletionDate: 0,
        Origin: 'TENCENT_KMS',
        ValidTo: 0,
        ResourceId: `creatorUin/0/${cmk.keyId}`,
      },
    };
  },

  ReEncrypt(parameters, keys) {
    const blob = blobOf(parameters);
    const { cmk: source, isNewest } = keys.keyOf(blob);
    usable(source, 'decrypt');
    const to = parameters.DestinationKeyId === undefined ? source.keyId : keyIdOf(parameters, 'DestinationKeyId');
    const target = usable(keys.find(to), 'encrypt');
    const before = contextOf(parameters, 'SourceEncryptionContext');
    const after = contextOf(parameters, 'DestinationEncryptionContext');
    const plaintext = keys.decrypt(blob, before);
    try {
      const same = isNewest && target.keyId === source.keyId && before === after;
      const ciphertext = same ? blob : keys.encrypt(target.keyId, plaintext, after);
      return {
        CiphertextBlob: encodeBase64Text(ciphertext),
        KeyId: target.keyId,
        SourceKeyId: source.keyId,
        ReEncrypted: !same,
      };
    } finally {
      plaintext.fill(0);
    }
  },
};

function usable(cmk: Cmk, to: 'encrypt' | 'decrypt'): Cmk {
  if (cmk.state === 'Enabled' || (cmk.state === 'Archived' && to === 'decrypt')) return cmk;
  if (cmk.state === 'Disabled') throw new Refusal('ResourceUnavailable.CmkDisabled', 'the CMK is disabled');
  if (cmk.state === 'Archived') throw new Refusal('ResourceUnavailable.CmkArchived', 'the CMK is archived');
  throw new Refusal('ResourceUnavailable.CmkStateNotSupport', 'the state of the CMK does not support this');
}

function textOf(parameters: Fields, name: string): string {
  const value = parameters[name];
  if (value === undefined || value === '') throw new Refusal('MissingParameter', `the parameter ${name} is missing`);
  if (typeof value !== 'string') throw new Refusal('InvalidParameter', `the parameter ${name} is a string`);
  return value;
}

function keyIdOf(parameters: Fields, name: string): string {
  const keyId = textOf(parameters, name);
  if (/^[0-9A-Za-z-]{36}$/.test(keyId)) return keyId;
  throw new Refusal('InvalidParameterValue.InvalidKeyId', `${name} is not the identifier of a CMK`);
}

function blobOf(parameters: Fields): Uint8Array<ArrayBuffer> {
  return base64Of(parameters, 'CiphertextBlob', 'InvalidParameterValue.InvalidCiphertext');
}

function base64Of(parameters: Fields, name: string, code: string): Uint8Array<ArrayBuffer> {
  try {
    return decodeBase64(textOf(parameters, name));
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(code, `${name} is not base64`);
  }
}

function contextOf(parameters: Fields, name: string): string {
  if (parameters[name] === undefined || parameters[name] === '') return '';
  const text = textOf(parameters, name);
  if (text.length > 1024) throw new Refusal('InvalidParameterValue', `${name} has at most 1024 characters`);
  try {
    if (typeof JSON.parse(text) === 'object') return text;
  } catch {
    // Refused below.
  }
  throw new Refusal('InvalidParameterValue', `${name} is not a JSON object`);
}

function dataKeyLength({ KeySpec, NumberOfBytes }: Fields): number {
  if (NumberOfBytes !== undefined && NumberOfBytes !== 0) {
    if (Number.isInteger(NumberOfBytes) && (NumberOfBytes as number) >= 1 && (NumberOfBytes as number) <= 1024)
      return NumberOfBytes as number;
    throw new Refusal('InvalidParameterValue', 'NumberOfBytes is from 1 to 1024');
  }
  if (KeySpec === 'AES_128') return 16;
  if (KeySpec === 'AES_256') return 32;
  throw new Refusal('MissingParameter', 'KeySpec is AES_128 or AES_256, or NumberOfBytes is given');
}

/** The plaintext in base64: as it is, or under the public key that the request brought. */
function shownAs(plaintext: Uint8Array, parameters: Fields): string {
  if (parameters.EncryptionPublicKey === undefined) return encodeBase64Text(plaintext);
  const algorithm = textOf(parameters, 'EncryptionAlgorithm');
  const padding = PADDINGS[algorithm];
  if (padding === undefined) throw new Refusal('InvalidParameterValue', 'the EncryptionAlgorithm is not emulated');
  try {
    const key = textOf(parameters, 'EncryptionPublicKey');
    return encodeBase64Text(new Uint8Array(publicEncrypt({ key, ...padding }, plaintext)));
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('InvalidParameterValue', 'the EncryptionPublicKey is no PEM');
  }
}

const PADDINGS: Readonly<Record<string, { readonly padding: number; readonly oaepHash?: string }>> = {
  RSAES_PKCS1_V1_5: { padding: constants.RSA_PKCS1_PADDING },
  RSAES_OAEP_SHA_1: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
  RSAES_OAEP_SHA_256: { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
};

/** The parameters of a body. @throws {Refusal} InvalidParameter */
export function parseParameters(body: Uint8Array): Fields {
  try {
    const value: unknown = JSON.parse(body.length === 0 ? '{}' : decodeUtf8(body));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // Refused below.
  }
  throw new Refusal('InvalidParameter', 'the body is not a JSON object');
}

/** An answer as bytes. */
export function encodeAnswer(fields: Fields, requestId: string): Uint8Array<ArrayBuffer> {
  return encodeUtf8(JSON.stringify({ Response: { ...fields, RequestId: requestId } }));
}
