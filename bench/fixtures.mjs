// The PKCS#12 files that are raced, made at start with node:crypto and a DER writer of a few lines: no code of ours
// takes part, so opening them is also a check. Every count, salt length and algorithm is what current tools write.
import { createCipheriv, createHmac, generateKeyPairSync, hash, pbkdf2Sync, randomBytes, sign } from 'node:crypto';
import { bmpPassword, pkcs12Kdf } from './pkcs12-kdf.mjs';

export const PASSWORD = 'correct horse battery staple';

const OID = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  secretBag: '1.2.840.113549.1.12.10.1.5',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  pbes2: '1.2.840.113549.1.5.13',
  pbkdf2: '1.2.840.113549.1.5.12',
  hmacSha256: '1.2.840.113549.2.9',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  aes: '2.16.840.1.101.3.4.1',
  sha256: '2.16.840.1.101.3.4.2.1',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  rsaSha256: '1.2.840.113549.1.1.11',
  commonName: '2.5.4.3',
};

// ---- DER

function tlv(derTag, ...parts) {
  const body = Buffer.concat(parts);
  const n = body.length;
  const length =
    n < 128
      ? [n]
      : n < 256
        ? [0x81, n]
        : n < 65536
          ? [0x82, n >> 8, n & 255]
          : [0x83, n >> 16, (n >> 8) & 255, n & 255];
  return Buffer.concat([Buffer.from([derTag, ...length]), body]);
}
const sequence = (...parts) => tlv(0x30, ...parts);
const set = (...parts) => tlv(0x31, ...parts);
const octets = (bytes) => tlv(0x04, bytes);
const explicit = (n, ...parts) => tlv(0xa0 + n, ...parts);
const NULL = tlv(0x05);

function integer(value) {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  return tlv(0x02, bytes[0] & 0x80 ? Buffer.from([0]) : Buffer.alloc(0), bytes);
}

function oid(text) {
  const [first, second, ...rest] = text.split('.').map(Number);
  const bytes = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const septets = [arc & 127];
    for (let n = Math.floor(arc / 128); n > 0; n = Math.floor(n / 128)) septets.unshift((n & 127) | 128);
    bytes.push(...septets);
  }
  return tlv(0x06, Buffer.from(bytes));
}

// ---- certificate

/** A self-signed certificate over a fresh key: { pkcs8, certificate }, both DER. @param {'ec' | 'rsa'} kind */
export function keyAndCertificate(kind) {
  const { privateKey, publicKey } =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const algorithm = kind === 'ec' ? sequence(oid(OID.ecdsaSha256)) : sequence(oid(OID.rsaSha256), NULL);
  const name = sequence(set(sequence(oid(OID.commonName), tlv(0x0c, Buffer.from('keyward bench')))));
  const time = (text) => tlv(0x17, Buffer.from(text));
  const toBeSigned = sequence(
    explicit(0, integer(2)),
    integer(1),
    algorithm,
    name,
    sequence(time('250101000000Z'), time('450101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  return {
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'der' }),
    certificate: sequence(toBeSigned, algorithm, tlv(0x03, Buffer.from([0]), signature)),
  };
}

// ---- PKCS#12

/** @typedef {{ kdf: 'pbkdf2' | 'pkcs12', salt: Buffer, iterations: number }} Job SHA-256, 32 bytes */

/** PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC): [AlgorithmIdentifier, ciphertext]; the derivation is noted in `jobs`. */
function pbes2(plaintext, iterations, jobs) {
  const salt = randomBytes(20);
  const iv = randomBytes(16);
  jobs.push({ kdf: 'pbkdf2', salt, iterations });
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(PASSWORD, salt, iterations, 32, 'sha256'), iv);
  const kdf = sequence(
    oid(OID.pbkdf2),
    sequence(octets(salt), integer(iterations), integer(32), sequence(oid(OID.hmacSha256), NULL)),
  );
  const scheme = sequence(oid(OID.aes256Cbc), octets(iv));
  return [sequence(oid(OID.pbes2), sequence(kdf, scheme)), Buffer.concat([cipher.update(plaintext), cipher.final()])];
}

const friendlyName = (text) =>
  set(sequence(oid(OID.friendlyName), set(tlv(0x1e, Buffer.from(bmpPassword(text).subarray(0, 2 * text.length))))));
const bag = (id, value, attributes = Buffer.alloc(0)) => sequence(oid(id), explicit(0, value), attributes);
const dataSafe = (...bags) => sequence(oid(OID.data), explicit(0, octets(sequence(...bags))));

function encryptedSafe(bags, iterations, jobs) {
  const [algorithm, ciphertext] = pbes2(sequence(...bags), iterations, jobs);
  const info = sequence(oid(OID.data), algorithm, tlv(0x80, ciphertext));
  return sequence(oid(OID.encryptedData), explicit(0, sequence(integer(0), info)));
}

function pfx(safes, iterations, jobs) {
  const authSafe = sequence(...safes);
  const salt = randomBytes(20);
  jobs.push({ kdf: 'pkcs12', salt, iterations });
  const digest = createHmac('sha256', nativeKdf(jobs[jobs.length - 1]))
    .update(authSafe)
    .digest();
  const mac = sequence(sequence(sequence(oid(OID.sha256), NULL), octets(digest)), octets(salt), integer(iterations));
  return new Uint8Array(sequence(integer(3), sequence(oid(OID.data), explicit(0, octets(authSafe))), mac));
}

const BMP = bmpPassword(PASSWORD);
const sha256 = (bytes) => hash('sha256', bytes, 'buffer');

/** One derivation of a file through native node:crypto. @param {Job} job */
export function nativeKdf({ kdf, salt, iterations }) {
  if (kdf === 'pbkdf2') return pbkdf2Sync(PASSWORD, salt, iterations, 32, 'sha256');
  return pkcs12Kdf(sha256, { id: 3, password: BMP, salt, iterations, lengthBytes: 32, u: 32, v: 64 });
}

/**
 * A file with one EC key (shrouded) and one certificate (in an encrypted safe), as `openssl pkcs12 -export` makes it.
 * @param {number} iterations
 */
export function keyAndCertificateFile(iterations) {
  const jobs = [];
  const { pkcs8, certificate } = keyAndCertificate('ec');
  const certBag = bag(
    OID.certBag,
    sequence(oid(OID.x509Certificate), explicit(0, octets(certificate))),
    friendlyName('bench'),
  );
  const certificates = encryptedSafe([certBag], iterations, jobs);
  const [algorithm, ciphertext] = pbes2(pkcs8, iterations, jobs);
  const keys = dataSafe(bag(OID.shroudedKeyBag, sequence(algorithm, octets(ciphertext)), friendlyName('bench')));
  return { file: pfx([certificates, keys], iterations, jobs), pkcs8, certificate, jobs };
}

/**
 * A file with `count` Java SecretKeyEntries (AES-256), each with its own salt, as `keytool -genseckey` makes it.
 * @param {number} count @param {number} iterations
 */
export function javaSecretsFile(count, iterations) {
  const jobs = [];
  const secrets = [];
  const bags = [];
  for (let i = 0; i < count; i++) {
    const secret = randomBytes(32);
    secrets.push(secret);
    const [algorithm, ciphertext] = pbes2(
      sequence(integer(0), sequence(oid(OID.aes)), octets(secret)),
      iterations,
      jobs,
    );
    const entry = sequence(oid(OID.shroudedKeyBag), explicit(0, octets(sequence(algorithm, octets(ciphertext)))));
    bags.push(bag(OID.secretBag, entry, friendlyName(`mk${i}`)));
  }
  return { file: pfx([dataSafe(...bags)], iterations, jobs), secrets, jobs };
}
