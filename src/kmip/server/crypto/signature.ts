/**
 * Signatures under a managed key pair (KMIP 1.4, 4.31 and 4.32), by OpenSSL: RSA PKCS#1 v1.5 and PSS (RFC 8017), ECDSA and DSA with
 * DER signatures, Ed25519 and Ed448. Digested Data only for RSA PKCS#1 v1.5, where it is a matter of padding; Node's signing
 * functions hash by themselves. Layer: kmip/server, Node only.
 */
import {
  constants,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  type SignKeyObjectInput,
  sign as signBytes,
  timingSafeEqual,
  verify as verifyBytes,
} from 'node:crypto';
import { concatBytes } from '../../../bytes.ts';
import { refuse } from '../refusal.ts';
import { copyOf, type HashToken, hashFactsOf, opensslHash } from './hashes.ts';

/** How a signature is made: from Cryptographic Parameters. */
export interface SignatureScheme {
  /** Digital Signature Algorithm token; says hash and padding at once. */
  readonly digitalSignatureAlgorithm?: string | number | undefined;
  readonly hash?: HashToken | undefined;
  /** Padding Method token: PKCS1V1_5 (also when left out) or PSS. */
  readonly padding?: string | number | undefined;
  /** PSS, bytes; the digest's length when left out. */
  readonly saltLengthBytes?: number | undefined;
}

/** What is signed: the data, or their digest. */
export type Signed = { readonly data: Uint8Array } | { readonly digest: Uint8Array };

/** Signs. */
export function signData(key: KeyObject, scheme: SignatureScheme, signed: Signed): Uint8Array<ArrayBuffer> {
  const plan = planOf(key, scheme);
  if ('digest' in signed) {
    const block = digestInfo(plan, signed.digest);
    return guarded(() => copyOf(privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, block)));
  }
  return guarded(() => copyOf(signBytes(plan.hash, signed.data, inputOf(key, plan))));
}

/** Checks a signature. */
export function verifyData(key: KeyObject, scheme: SignatureScheme, signed: Signed, signature: Uint8Array): boolean {
  const plan = planOf(key, scheme);
  try {
    if ('digest' in signed) {
      const block = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
      const wanted = digestInfo(plan, signed.digest);
      return block.length === wanted.length && timingSafeEqual(block, wanted);
    }
    return verifyBytes(plan.hash, signed.data, inputOf(key, plan), signature);
  } catch {
    return false;
  }
}

interface Plan {
  /** OpenSSL's name; null for the algorithms that have their own. */
  readonly hash: string | null;
  readonly token: HashToken | undefined;
  readonly padding: 'pkcs1' | 'pss' | 'none';
  readonly saltLengthBytes: number | undefined;
}

function planOf(key: KeyObject, scheme: SignatureScheme): Plan {
  const type = key.asymmetricKeyType;
  const { saltLengthBytes } = scheme;
  if (type === 'ed25519' || type === 'ed448') return { hash: null, token: undefined, padding: 'none', saltLengthBytes };
  const named = SCHEMES[scheme.digitalSignatureAlgorithm ?? ''];
  if (scheme.digitalSignatureAlgorithm !== undefined && named === undefined)
    refuse('CryptographicFailure', 'this digital signature algorithm is not supported');
  const token = named?.hash ?? scheme.hash;
  if (token === undefined) return refuse('InvalidField', 'a signature needs a digital signature or hashing algorithm');
  const hash = opensslHash(token);
  const rsa = type === 'rsa' || type === 'rsa-pss';
  if (named !== undefined && named.key !== (type === 'ec' ? 'EC' : type === 'dsa' ? 'DSA' : 'RSA'))
    refuse('InvalidField', 'the digital signature algorithm is for another kind of key');
  if (!rsa) return { hash, token, padding: 'none', saltLengthBytes };
  const pss = named?.pss ?? scheme.padding === 'PSS';
  if (!pss && scheme.padding !== undefined && scheme.padding !== 'PKCS1V1_5')
    refuse('CryptographicFailure', 'this padding method is not one for signatures');
  return { hash, token, padding: pss ? 'pss' : 'pkcs1', saltLengthBytes };
}

function inputOf(key: KeyObject, plan: Plan): SignKeyObjectInput {
  if (plan.padding === 'none') return { key, dsaEncoding: 'der' };
  if (plan.padding === 'pkcs1') return { key, padding: constants.RSA_PKCS1_PADDING };
  const saltLength = plan.saltLengthBytes ?? constants.RSA_PSS_SALTLEN_DIGEST;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}

/** DigestInfo ::= SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING } (RFC 8017, 9.2, note 1), for each hash its first bytes. */
function digestInfo(plan: Plan, digest: Uint8Array): Uint8Array<ArrayBuffer> {
  const prefix = DIGEST_INFO[plan.token ?? ''];
  if (plan.padding !== 'pkcs1' || prefix === undefined)
    return refuse('FeatureNotSupported', 'Digested Data is supported for RSA with PKCS#1 v1.5 padding');
  if (digest.length !== hashFactsOf(plan.token ?? '').digestBytes)
    refuse('InvalidField', 'Digested Data does not have the length of this hash');
  return concatBytes(
    Uint8Array.from(prefix.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
    digest,
  );
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch {
    return refuse('CryptographicFailure', 'the key cannot make this signature');
  }
}

const DIGEST_INFO: Readonly<Record<string, string>> = {
  SHA_1: '3021300906052b0e03021a05000414',
  SHA_224: '302d300d06096086480165030402040500041c',
  SHA_256: '3031300d060960864801650304020105000420',
  SHA_384: '3041300d060960864801650304020205000430',
  SHA_512: '3051300d060960864801650304020305000440',
};

const SCHEMES: Readonly<
  Record<string, { readonly key: 'RSA' | 'EC' | 'DSA'; readonly hash?: string; readonly pss?: boolean }>
> = {
  SHA_1WithRSAEncryption: { key: 'RSA', hash: 'SHA_1', pss: false },
  SHA_224WithRSAEncryption: { key: 'RSA', hash: 'SHA_224', pss: false },
  SHA_256WithRSAEncryption: { key: 'RSA', hash: 'SHA_256', pss: false },
  SHA_384WithRSAEncryption: { key: 'RSA', hash: 'SHA_384', pss: false },
  SHA_512WithRSAEncryption: { key: 'RSA', hash: 'SHA_512', pss: false },
  SHA3_256WithRSAEncryption: { key: 'RSA', hash: 'SHA3_256', pss: false },
  SHA3_384WithRSAEncryption: { key: 'RSA', hash: 'SHA3_384', pss: false },
  SHA3_512WithRSAEncryption: { key: 'RSA', hash: 'SHA3_512', pss: false },
  // The hash of PSS is in Hashing Algorithm.
  RSASSA_PSS: { key: 'RSA', pss: true },
  DSAWithSHA_1: { key: 'DSA', hash: 'SHA_1' },
  DSAWithSHA224: { key: 'DSA', hash: 'SHA_224' },
  DSAWithSHA256: { key: 'DSA', hash: 'SHA_256' },
  ECDSAWithSHA_1: { key: 'EC', hash: 'SHA_1' },
  ECDSAWithSHA224: { key: 'EC', hash: 'SHA_224' },
  ECDSAWithSHA256: { key: 'EC', hash: 'SHA_256' },
  ECDSAWithSHA384: { key: 'EC', hash: 'SHA_384' },
  ECDSAWithSHA512: { key: 'EC', hash: 'SHA_512' },
};
