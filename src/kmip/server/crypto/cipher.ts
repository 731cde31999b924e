/**
 * Symmetric encryption under a managed key (KMIP 1.4, 4.29 and 4.30): AES, 3DES, Camellia in the modes of SP 800-38A, C, D and E,
 * ChaCha20 and ChaCha20-Poly1305. AES-CBC runs in the core, the rest in OpenSSL.
 *
 * An AEAD tag goes where the client expects it: in its own field when asked for (1.4), else behind the ciphertext.
 * Layer: kmip/server, Node only.
 */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import { concatBytes } from '../../../bytes.ts';
import { decryptCbc, encryptCbc } from '../../../core/index.ts';
import { refuse } from '../refusal.ts';
import { copyOf } from './hashes.ts';

/** What a cipher is asked to do. */
export interface CipherJob {
  /** Cryptographic Algorithm token. */
  readonly algorithm: string | number;
  /** Block Cipher Mode token; a block cipher needs one. */
  readonly mode: string | number | undefined;
  /** Padding Method token; none when left out. */
  readonly padding: string | number | undefined;
  readonly key: Uint8Array;
  readonly data: Uint8Array;
  readonly iv: Uint8Array | undefined;
  readonly additionalData?: Uint8Array | undefined;
  /** Bytes of the AEAD tag, 16 when left out. */
  readonly tagLengthBytes?: number | undefined;
}

/** Ciphertext, and the tag of a mode that makes one. */
export interface Encrypted {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly tag?: Uint8Array<ArrayBuffer>;
}

/** Bytes of the IV, counter or nonce that a job needs; 0 for none. Refuses what is not supported. */
export function ivLengthOf(job: CipherJob): number {
  const { ivBytes } = planOf(job);
  return ivBytes;
}

/** Encrypts. The caller has put an IV into the job where one is needed. */
export function encrypt(job: CipherJob): Encrypted {
  const plan = planOf(job);
  const iv = ivFor(job, plan);
  const padding = paddingOf(job, plan);
  if (plan.name === 'core-cbc' && padding !== 'x923') return { data: encryptCbc(job.key, iv, job.data, padding) };
  const name = plan.name === 'core-cbc' ? `aes-${job.key.length * 8}-cbc` : plan.name;
  const data = padding === 'x923' ? padX923(job.data, plan.blockBytes) : job.data;
  const tagLengthBytes = tagLengthOf(job, plan);
  return guarded(() => {
    const cipher = createCipheriv(name as CipherGCMTypes, job.key, iv, { authTagLength: tagLengthBytes });
    cipher.setAutoPadding(padding === 'pkcs7');
    if (job.additionalData !== undefined && plan.aead)
      cipher.setAAD(job.additionalData, { plaintextLength: data.length });
    const out = copyOf(Buffer.concat([cipher.update(data), cipher.final()]));
    return plan.aead ? { data: out, tag: copyOf(cipher.getAuthTag()) } : { data: out };
  });
}

/** Decrypts. `tag`: of an AEAD mode; when left out it is the end of the data. */
export function decrypt(job: CipherJob, tag: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const plan = planOf(job);
  const iv = ivFor(job, plan);
  const padding = paddingOf(job, plan);
  if (plan.name === 'core-cbc' && padding !== 'x923') return guarded(() => decryptCbc(job.key, iv, job.data, padding));
  const name = plan.name === 'core-cbc' ? `aes-${job.key.length * 8}-cbc` : plan.name;
  const tagLengthBytes = tag?.length ?? tagLengthOf(job, plan);
  if (plan.aead && (tagLengthBytes < 8 || job.data.length + (tag?.length ?? 0) < tagLengthBytes))
    refuse('CryptographicFailure', FAILED);
  const end = plan.aead && tag === undefined ? job.data.length - tagLengthBytes : job.data.length;
  const data = job.data.subarray(0, end);
  const plain = guarded(() => {
    const decipher = createDecipheriv(name as CipherGCMTypes, job.key, iv, { authTagLength: tagLengthBytes });
    decipher.setAutoPadding(padding === 'pkcs7');
    if (plan.aead) {
      decipher.setAuthTag(tag ?? job.data.subarray(end));
      if (job.additionalData !== undefined) decipher.setAAD(job.additionalData, { plaintextLength: data.length });
    }
    const parts = [decipher.update(data), decipher.final()];
    const out = copyOf(Buffer.concat(parts));
    for (const part of parts) part.fill(0);
    return out;
  });
  return padding === 'x923' ? unpadX923(plain, plan.blockBytes) : plain;
}

/** The one wording for every failure: what was wrong with a ciphertext is nobody's business. */
const FAILED = 'the operation failed on these data';

/** Runs cipher code; its errors become the one refusal. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch {
    return refuse('CryptographicFailure', FAILED);
  }
}

/** How a job is done. */
interface Plan {
  /** OpenSSL's name, or `core-cbc`. */
  readonly name: string;
  readonly ivBytes: number;
  readonly blockBytes: number;
  /** True for ECB and CBC: the data are whole blocks, or padded to them. */
  readonly padded: boolean;
  readonly aead: boolean;
}

function planOf(job: CipherJob): Plan {
  const { algorithm, mode, key } = job;
  if (algorithm === 'ChaCha20') return streamPlan('chacha20', 16, key, false);
  if (algorithm === 'ChaCha20Poly1305') return streamPlan('chacha20-poly1305', 12, key, true);
  const family = FAMILIES[algorithm];
  if (family === undefined) return refuse('CryptographicFailure', 'this algorithm is not supported here');
  if (mode === undefined) return refuse('InvalidField', 'a block cipher mode is needed');
  const shape = MODES[mode];
  const prefix = family.names[mode === 'XTS' ? key.length / 2 : key.length];
  if (shape === undefined || prefix === undefined || !family.modes.includes(shape.suffix))
    return refuse('CryptographicFailure', 'this mode or key length is not supported for this algorithm');
  const name = prefix.startsWith('aes') && mode === 'CBC' ? 'core-cbc' : `${prefix}-${shape.suffix}`;
  const { blockBytes } = family;
  return { name, blockBytes, ivBytes: shape.ivBytes ?? blockBytes, padded: shape.padded, aead: shape.aead };
}

function streamPlan(name: string, ivBytes: number, key: Uint8Array, aead: boolean): Plan {
  if (key.length !== 32) refuse('CryptographicFailure', 'this algorithm takes a key of 32 bytes');
  return { name, ivBytes, blockBytes: 1, padded: false, aead };
}

function ivFor(job: CipherJob, plan: Plan): Uint8Array {
  if (plan.ivBytes === 0) return new Uint8Array(0);
  if (job.iv === undefined) return refuse('InvalidMessage', 'IV/Counter/Nonce is missing');
  // GCM takes nonces of other lengths, CCM of 7 to 13 bytes; everything else has one length.
  const fits =
    job.mode === 'GCM'
      ? job.iv.length > 0
      : job.mode === 'CCM'
        ? job.iv.length >= 7 && job.iv.length <= 13
        : job.iv.length === plan.ivBytes;
  return fits ? job.iv : refuse('InvalidField', `IV/Counter/Nonce has ${plan.ivBytes} bytes for this mode`);
}

function paddingOf(job: CipherJob, plan: Plan): 'pkcs7' | 'x923' | 'none' {
  if (!plan.padded || job.padding === undefined || job.padding === 'None') {
    if (plan.padded && job.data.length % plan.blockBytes !== 0)
      refuse('CryptographicFailure', 'the data are not whole blocks and no padding was asked for');
    return 'none';
  }
  if (job.padding === 'PKCS5') return 'pkcs7';
  return job.padding === 'ANSIX9_23' ? 'x923' : refuse('CryptographicFailure', 'this padding method is not supported');
}

function tagLengthOf(job: CipherJob, plan: Plan): number {
  const length = job.tagLengthBytes ?? 16;
  // Tags below 8 bytes are for special uses (SP 800-38D, appendix C) that a key server does not know to be met.
  if (plan.aead && (length < 8 || length > 16)) refuse('InvalidField', 'Tag Length is 8 to 16 bytes');
  return length;
}

/** ANSI X9.23: zeros and the number of bytes added. */
function padX923(data: Uint8Array, blockBytes: number): Uint8Array<ArrayBuffer> {
  const fill = blockBytes - (data.length % blockBytes);
  const tail = new Uint8Array(fill);
  tail[fill - 1] = fill;
  return concatBytes(data, tail);
}

function unpadX923(data: Uint8Array<ArrayBuffer>, blockBytes: number): Uint8Array<ArrayBuffer> {
  const fill = data.at(-1) ?? 0;
  let bad = fill < 1 || fill > blockBytes || fill > data.length ? 1 : 0;
  for (let i = data.length - fill; i < data.length - 1; i++) bad |= data[i] ?? 1;
  const out = bad === 0 ? data.slice(0, data.length - fill) : undefined;
  data.fill(0);
  return out ?? refuse('CryptographicFailure', FAILED);
}

interface Shape {
  readonly suffix: string;
  /** The block's size when left out. */
  readonly ivBytes?: number;
  readonly padded: boolean;
  readonly aead: boolean;
}

const MODES: Readonly<Record<string, Shape>> = {
  ECB: { suffix: 'ecb', ivBytes: 0, padded: true, aead: false },
  CBC: { suffix: 'cbc', padded: true, aead: false },
  CFB: { suffix: 'cfb', padded: false, aead: false },
  OFB: { suffix: 'ofb', padded: false, aead: false },
  CTR: { suffix: 'ctr', padded: false, aead: false },
  GCM: { suffix: 'gcm', ivBytes: 12, padded: false, aead: true },
  CCM: { suffix: 'ccm', ivBytes: 12, padded: false, aead: true },
  XTS: { suffix: 'xts', ivBytes: 16, padded: false, aead: false },
};

/** By algorithm: OpenSSL's prefix by key length in bytes, and the modes that OpenSSL 3 has. */
const FAMILIES: Readonly<
  Record<
    string,
    {
      readonly names: Readonly<Record<number, string>>;
      readonly blockBytes: number;
      readonly modes: readonly string[];
    }
  >
> = {
  AES: {
    names: { 16: 'aes-128', 24: 'aes-192', 32: 'aes-256' },
    blockBytes: 16,
    modes: ['ecb', 'cbc', 'cfb', 'ofb', 'ctr', 'gcm', 'ccm', 'xts'],
  },
  DES3: {
    names: { 16: 'des-ede', 24: 'des-ede3' },
    blockBytes: 8,
    modes: ['ecb', 'cbc', 'cfb', 'ofb'],
  },
  Camellia: {
    names: { 16: 'camellia-128', 24: 'camellia-192', 32: 'camellia-256' },
    blockBytes: 16,
    modes: ['ecb', 'cbc', 'cfb', 'ofb', 'ctr'],
  },
};
