// Opening and writing PKCS#12 files: bytes and a password in, private key and certificate bytes out, MAC verified.
import { hash as hashOnce, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { javaSecretsFile, keyAndCertificate, keyAndCertificateFile, nativeKdf, PASSWORD } from '../fixtures.mjs';
import { forge, ours, pkijs } from '../libs.mjs';

const pbkdf2Async = promisify(pbkdf2);
const passwordBytes = new TextEncoder().encode(PASSWORD);
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const both = ({ pkcs8, certificate }) => Buffer.concat([pkcs8, certificate]);

/** node-forge, pure JavaScript: private key and certificate as DER (it has no EC, so it hands out their ASN.1). */
async function forgeOpen(file) {
  const { asn1, pkcs12, pki } = await forge();
  const text = Buffer.from(file).toString('latin1');
  const der = (node) => Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
  return () => {
    const p12 = pkcs12.pkcs12FromAsn1(asn1.fromDer(text), PASSWORD);
    const [key] = p12.getBags({ bagType: KEY_BAG })[KEY_BAG];
    const [cert] = p12.getBags({ bagType: CERT_BAG })[CERT_BAG];
    return Buffer.concat([
      der(key.asn1 ?? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key.key))),
      der(cert.asn1 ?? pki.certificateToAsn1(cert.cert)),
    ]);
  };
}

/** PKI.js on WebCrypto (its PKCS#12 KDF runs on noble's hashes). */
async function pkijsOpen(file) {
  const { PFX, PKCS8ShroudedKeyBag } = await pkijs();
  const password = passwordBytes.buffer;
  return async () => {
    const p12 = PFX.fromBER(file);
    await p12.parseInternalValues({ password, checkIntegrity: true });
    const authenticated = p12.parsedValue.authenticatedSafe;
    await authenticated.parseInternalValues({ safeContents: authenticated.safeContents.map(() => ({ password })) });
    let pkcs8;
    let certificate;
    for (const { value } of authenticated.parsedValue.safeContents) {
      for (const { bagValue } of value.safeBags) {
        if (bagValue instanceof PKCS8ShroudedKeyBag) {
          await bagValue.parseInternalValues({ password });
          pkcs8 = new Uint8Array(bagValue.parsedValue.toSchema().toBER());
        } else {
          certificate = new Uint8Array(bagValue.parsedValue.toSchema().toBER());
        }
      }
    }
    return both({ pkcs8, certificate });
  };
}

/** The file's derivations alone, by node:crypto's own PBKDF2 and a crypto.hash loop for the MAC key: no parsing at all. */
const nativeKdfs = (jobs) => () => jobs.map(nativeKdf);

/** The same, PBKDF2 on the libuv pool while the loop runs here. */
const nativeKdfsAsync = (jobs) => () =>
  Promise.all(
    jobs.map((job) =>
      job.kdf === 'pbkdf2' ? pbkdf2Async(PASSWORD, job.salt, job.iterations, 32, 'sha256') : nativeKdf(job),
    ),
  );

/** A KDF-only peer has nothing to compare: its keys made the fixture. */
const compareBytes = (expected) => (name, result) =>
  name === 'native KDFs' ? result.length > 0 : Buffer.compare(Buffer.from(result), expected) === 0;

/** The key and the certificate of a file that ours has opened; the key is wiped as its owner should. */
function ownBytes(unlocked) {
  let pkcs8;
  let certificate;
  for (const bag of unlocked.bags) {
    if (bag.kind === 'shrouded-key') pkcs8 = bag.privateKey.der.copy();
    else if (bag.kind === 'certificate') certificate = bag.certificate;
  }
  unlocked.dispose();
  return both({ pkcs8, certificate });
}

function ownSecrets(unlocked) {
  const secrets = unlocked.bags.map((bag) => bag.secretKey.bytes.copy());
  unlocked.dispose();
  return Buffer.concat(secrets);
}

function openCase(id, iterations, asynchronous) {
  const how = asynchronous ? 'asynchronous form, default backend' : 'pure wasm, synchronous';
  return {
    id,
    op: `open a file with one key and one certificate: PBES2 AES-256, HMAC-SHA256 MAC, ${iterations} iterations each; ${how}`,
    async setup() {
      const { parsePfx } = await ours('pkcs12');
      const fixture = keyAndCertificateFile(iterations);
      const { file, jobs } = fixture;
      const sync = () => ownBytes(parsePfx(file).unlockSync(PASSWORD));
      const async = async () => ownBytes(await parsePfx(file).unlock(PASSWORD));
      const peers = {
        'native KDFs': asynchronous ? nativeKdfsAsync(jobs) : nativeKdfs(jobs),
        'PKI.js': await pkijsOpen(file),
      };
      if (!asynchronous) peers['node-forge'] = await forgeOpen(file);
      return { same: compareBytes(both(fixture)), ours: parsePfx && (asynchronous ? async : sync), peers };
    },
  };
}

const openSecrets = {
  id: 'p12-open-64-secrets',
  op: 'open a wallet of 64 Java secret entries of 10000 iterations each + MAC and read every secret; pure wasm, synchronous',
  async setup() {
    const { parsePfx } = await ours('pkcs12');
    const { file, secrets, jobs } = javaSecretsFile(64, 10_000);
    return {
      same: compareBytes(Buffer.concat(secrets)),
      ours: parsePfx && (() => ownSecrets(parsePfx(file).unlockSync(PASSWORD))),
      peers: { 'native KDFs': nativeKdfs(jobs) },
    };
  },
};

// ---- writing

const ITERATIONS = 10_000;

async function forgeWrite(pkcs8, certificate) {
  const { asn1, pkcs12, pki } = await forge();
  const parse = (der) => asn1.fromDer(Buffer.from(der).toString('latin1'));
  const key = pki.privateKeyFromAsn1(parse(pkcs8));
  const cert = pki.certificateFromAsn1(parse(certificate));
  const options = { algorithm: 'aes256', count: ITERATIONS, saltSize: 20 };
  return () => Buffer.from(asn1.toDer(pkcs12.toPkcs12Asn1(key, cert, PASSWORD, options)).getBytes(), 'latin1');
}

async function pkijsWrite(pkcs8, certificate) {
  const lib = await pkijs();
  const password = passwordBytes.buffer;
  const seal = {
    password,
    contentEncryptionAlgorithm: { name: 'AES-CBC', length: 256 },
    hmacHashAlgorithm: 'SHA-256',
    iterationCount: ITERATIONS,
  };
  return async () => {
    const keyBag = new lib.PKCS8ShroudedKeyBag({ parsedValue: lib.PrivateKeyInfo.fromBER(pkcs8) });
    const certBag = new lib.CertBag({ parsedValue: lib.Certificate.fromBER(certificate) });
    await keyBag.makeInternalValues({ ...seal });
    const safe = (privacyMode, bagId, bagValue) => ({
      privacyMode,
      value: new lib.SafeContents({ safeBags: [new lib.SafeBag({ bagId, bagValue })] }),
    });
    const authenticatedSafe = new lib.AuthenticatedSafe({
      parsedValue: { safeContents: [safe(0, KEY_BAG, keyBag), safe(1, CERT_BAG, certBag)] },
    });
    await authenticatedSafe.makeInternalValues({ safeContents: [{}, { ...seal }] });
    const p12 = new lib.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });
    const mac = { iterations: ITERATIONS, pbkdf2HashAlgorithm: 'SHA-256', hmacHashAlgorithm: 'SHA-256', password };
    await p12.makeInternalValues(mac);
    return new Uint8Array(p12.toSchema().toBER());
  };
}

const write = {
  id: 'p12-write-10000',
  op: `write a file with one RSA key and one certificate: PBES2 AES-256, HMAC-SHA256 MAC, ${ITERATIONS} iterations each (node-forge can only do SHA-1 there: less work)`,
  async setup() {
    const { encodePfxSync } = await ours('pkcs12');
    const { pkcs8, certificate } = keyAndCertificate('rsa');
    const bags = [
      { kind: 'shrouded-key', privateKey: pkcs8 },
      { kind: 'certificate', certificate },
    ];
    const jobs = ['pbkdf2', 'pbkdf2', 'pkcs12'].map((kdf) => ({
      kdf,
      salt: hashOnce('sha256', kdf, 'buffer').subarray(0, 20),
      iterations: ITERATIONS,
    }));
    return {
      // What was written is read back by PKI.js.
      same: async (name, result) =>
        name === 'native KDFs' ||
        Buffer.compare(await (await pkijsOpen(new Uint8Array(result)))(), both({ pkcs8, certificate })) === 0,
      ours: encodePfxSync && (() => encodePfxSync({ bags }, { password: PASSWORD, profile: 'java' })),
      peers: {
        'native KDFs': nativeKdfs(jobs),
        'PKI.js': await pkijsWrite(pkcs8, certificate),
        'node-forge': await forgeWrite(pkcs8, certificate),
      },
    };
  },
};

export const family = {
  id: 'pkcs12',
  title: 'PKCS#12',
  cases: [
    openCase('p12-open-2048', 2048, false),
    openCase('p12-open-10000', 10_000, false),
    openCase('p12-open-600000', 600_000, false),
    openCase('p12-open-600000-async', 600_000, true),
    openSecrets,
    write,
  ],
};
