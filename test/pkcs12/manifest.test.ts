/**
 * Every file of the shared vectors: its keys, certificates, secrets and lists are exactly those that the manifest names, or it is
 * refused as the manifest says. Exceptions are listed here, each with its reason.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { formatHex } from '../../src/bytes.ts';
import { hash } from '../../src/core/index.ts';
import { KeywardError } from '../../src/errors.ts';
import { type Bag, parsePfx, type UnlockedPfx } from '../../src/pkcs12/index.ts';
import { hasVectors, readVector, readVectorJson } from '../support/vectors.ts';

interface Attributes {
  readonly friendlyName?: string;
  readonly localKeyID?: string;
}
interface ManifestRecord {
  readonly file: string;
  readonly password: string | null;
  readonly macPassword?: string;
  readonly expects: {
    readonly error?: string;
    readonly macOk?: boolean | null;
    readonly ber?: boolean;
    readonly keys?: readonly { bag: string; sha256?: string; unsupported?: string; attrs: Attributes }[];
    readonly certs?: readonly { certType: string; sha256: string; attrs: Attributes }[];
    readonly secrets?: readonly {
      secretType: string;
      oracle?: readonly [string, string];
      alg?: string;
      secret?: string;
      value?: string;
      attrs: Attributes;
    }[];
    readonly crls?: readonly { crlType: string; sha256: string }[];
  };
}

/** The errors that the manifest describes in words, as our codes. */
const ERROR_CODES: Readonly<Record<string, string>> = {
  'Bad: PBMAC1 keyLength too short': 'ERR_PBMAC1_KEY_LENGTH',
  'Bad: PBMAC1 keyLength missing': 'ERR_PBMAC1_KEY_LENGTH',
  'Bad: padding': 'ERR_WRONG_PASSWORD',
  'Bad: no content': 'ERR_DER_MISSING',
  'Bad: ContentInfo without content': 'ERR_DER_MISSING',
  'Bad: nesting': 'ERR_DER_DEPTH',
  'Bad: version 123456789': 'ERR_PFX_VERSION',
};

/** Where our answer is not the manifest's: what it is, and why. */
const EXCEPTIONS: Readonly<Record<string, { readonly code: string; readonly why: string }>> = {
  'rustcrypto/example11.pfx': {
    code: 'ERR_UNSUPPORTED_ALGORITHM',
    why: 'its MAC is over BLAKE2b-512, refused by name',
  },
  'openssl/garbage-pkcs12.p12': { code: 'ERR_DER_TRAILING', why: 'bytes after the end come before its version' },
};

/** The manifest calls a file BER for indefinite lengths only; this one has strings in pieces, of definite length. */
const ALSO_BER: readonly string[] = ['boringssl/empty_password_ber.p12'];

const sha256 = (bytes: Uint8Array): string => formatHex(hash('sha256', bytes));
const records = hasVectors() ? await readVectorJson<readonly ManifestRecord[]>('pkcs12/manifest.json') : [];

describe.skipIf(!hasVectors())('vectors pkcs12/manifest.json', () => {
  let ran = 0;
  afterAll(() => console.log(`vectors pkcs12/manifest.json: ${ran} run`));

  for (const record of records) {
    it(record.file, async () => {
      ran++;
      const bytes = await readVector(`pkcs12/${record.file}`);
      const { expects } = record;
      if (expects.error !== undefined || expects.macOk === false) {
        const code = expects.macOk === false ? 'ERR_WRONG_PASSWORD' : ERROR_CODES[expects.error as string];
        expect(await errorOf(async () => open(bytes, record))).toBe(EXCEPTIONS[record.file]?.code ?? code);
        return;
      }
      using opened = await open(bytes, record);
      expect(opened.macVerified).toBe(expects.macOk === true);
      expect(opened.pfx.quirks.includes('ber')).toBe(expects.ber || ALSO_BER.includes(record.file));
      expect(describeBags(opened.bags)).toEqual(describeExpected(expects));
    });
  }
});

function open(bytes: Uint8Array, record: ManifestRecord): Promise<UnlockedPfx> {
  return parsePfx(bytes).unlock(record.password, {
    allowMissingMac: record.expects.macOk === null,
    ...(record.macPassword !== undefined && { macPassword: record.macPassword }),
  });
}

async function errorOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (fault) {
    if (fault instanceof KeywardError) return fault.code;
    throw fault;
  }
  return 'no error';
}

const attributesOf = (bag: Bag) => ({
  name: bag.friendlyName,
  id: bag.localKeyId === null ? null : formatHex(bag.localKeyId),
});
const expectedAttributes = (a: Attributes) => ({ name: a.friendlyName ?? null, id: a.localKeyID ?? null });

function describeBags(bags: readonly Bag[]) {
  const keys: unknown[] = [];
  const certs: unknown[] = [];
  const secrets: unknown[] = [];
  const crls: unknown[] = [];
  for (const bag of bags) {
    const attrs = attributesOf(bag);
    if (bag.kind === 'key') keys.push({ bag: 'key', key: sha256(bag.privateKey.der.expose()), attrs });
    if (bag.kind === 'shrouded-key') {
      const key = bag.privateKey === null ? bag.failure?.code : sha256(bag.privateKey.der.expose());
      keys.push({ bag: 'shrouded', key, attrs });
    }
    if (bag.kind === 'certificate') certs.push({ type: bag.certificateType, sha256: sha256(bag.certificate), attrs });
    if (bag.kind === 'crl') crls.push({ type: bag.crlType, sha256: sha256(bag.crl) });
    if (bag.kind === 'java-secret') {
      const { algorithm, bytes } = bag.secretKey ?? {};
      secrets.push({ alg: algorithm, secret: bytes && formatHex(bytes.expose()), attrs });
    }
    if (bag.kind === 'oracle-secret') {
      secrets.push({ oracle: [bag.alias, new TextDecoder().decode(bag.value.expose())], attrs });
    }
    if (bag.kind === 'other-secret') {
      secrets.push({ type: bag.secretType, value: formatHex(bag.value.expose()), attrs });
    }
    if (bag.kind === 'unknown') throw new Error(`unknown bag ${bag.bagId}`);
  }
  return { keys, certs, secrets, crls };
}

function describeExpected(expects: ManifestRecord['expects']) {
  return {
    keys: (expects.keys ?? []).map(({ bag, sha256: digest, unsupported, attrs }) => ({
      bag,
      key: unsupported === undefined ? digest : 'ERR_UNSUPPORTED_ALGORITHM',
      attrs: expectedAttributes(attrs),
    })),
    certs: (expects.certs ?? []).map((c) => ({
      type: c.certType,
      sha256: c.sha256,
      attrs: expectedAttributes(c.attrs),
    })),
    secrets: (expects.secrets ?? []).map(({ secretType, oracle, alg, secret, value, attrs }) => {
      const common = { attrs: expectedAttributes(attrs) };
      if (oracle !== undefined) return { oracle, ...common };
      return alg === undefined ? { type: secretType, value, ...common } : { alg, secret, ...common };
    }),
    crls: (expects.crls ?? []).map((c) => ({ type: c.crlType, sha256: c.sha256 })),
  };
}
