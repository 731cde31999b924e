/** `parsePfxStructure` on real files: what an independent reader finds, every truncation, every flipped byte. */
import { type AsnType, fromBER } from 'asn1js';
import { describe, expect, it } from 'vitest';
import { equalPublicBytes, formatHex } from '../../src/bytes.ts';
import { normalizeDer, parsePfxStructure, type RawBag } from '../../src/core/index.ts';
import { join, tlv } from '../support/ber.ts';
import { runs } from '../support/runs.ts';
import { hasVectors, readVector, readVectorJson } from '../support/vectors.ts';

/** Files whose structure is at fault, with the error; the faults of all others lie deeper. */
const BROKEN: Readonly<Record<string, string>> = {
  'boringssl/bad1.p12': 'ERR_DER_MISSING',
  'boringssl/bad2.p12': 'ERR_DER_MISSING',
  'boringssl/bad3.p12': 'ERR_DER_MISSING',
  'boringssl/empty_password_ber_nested.p12': 'ERR_DER_DEPTH',
  'openssl/bad1.p12': 'ERR_DER_MISSING',
  'openssl/bad2.p12': 'ERR_DER_MISSING',
  'openssl/bad3.p12': 'ERR_DER_MISSING',
  'openssl/garbage-pkcs12.p12': 'ERR_DER_TRAILING',
};

interface Node {
  readonly octet: number;
  readonly children: readonly Node[];
  /** Contents of a primitive or of a string's segments. */
  readonly contents: Uint8Array;
}

/** What asn1js finds in BER, brought to a plain tree; `merge` treats a constructed context tag as a string. */
function asnTree(node: AsnType): Node {
  const { tagClass, tagNumber, isConstructed } = node.idBlock;
  const octet = ((tagClass - 1) << 6) | (isConstructed ? 0x20 : 0) | tagNumber;
  const raw = node.valueBeforeDecodeView;
  if (!isConstructed) return { octet, children: [], contents: raw.subarray(raw.length - node.lenBlock.length) };
  const inner = (node.valueBlock as unknown as { value: AsnType[] }).value.filter(
    (v) => v.constructor.name !== 'EndOfContent',
  );
  const children = inner.map(asnTree);
  if (tagClass === 1 && (tagNumber === 3 || tagNumber === 4)) {
    const parts = children.map((c) => c.contents);
    return { octet: octet & 0xdf, children: [], contents: join(parts) };
  }
  return { octet, children, contents: new Uint8Array() };
}

const encode = (node: Node): Uint8Array =>
  tlv(node.octet, node.octet & 0x20 ? node.children.map(encode) : node.contents);

function parseAsn(bytes: Uint8Array): Node {
  const { result, offset } = fromBER(new Uint8Array(bytes).buffer);
  if (offset === -1) throw new Error(result.error);
  return asnTree(result);
}

/** The same facts of a PFX as asn1js sees them. */
function describeAsn(file: Uint8Array): unknown {
  const [, authSafe, mac] = parseAsn(file).children;
  const octetsOf = (info: Node) => info.children[1]!.children[0]!.contents;
  const safes = parseAsn(octetsOf(authSafe!)).children.map((safe) => {
    if (formatHex(safe.children[0]!.contents).endsWith('0701')) return bagsOf(parseAsn(octetsOf(safe)).children);
    const text = safe.children[1]!.children[0]!.children[1]!.children[2]!;
    return formatHex(text.octet & 0x20 ? join(text.children.map((c) => c.contents)) : text.contents);
  });
  const [info, salt] = mac?.children ?? [];
  return {
    authSafe: formatHex(octetsOf(authSafe!)),
    safes,
    mac: mac
      ? [formatHex(encode(info!.children[0]!)), formatHex(info!.children[1]!.contents), formatHex(salt!.contents)]
      : null,
  };
}

function bagsOf(bags: readonly Node[]): unknown[] {
  return bags.map((bag) => [
    formatHex(encode(bag.children[1]!.children[0]!)),
    (bag.children[2]?.children ?? []).map((a) => a.children[1]!.children.map((v) => formatHex(encode(v)))),
  ]);
}

function describeOurs(file: Uint8Array): unknown {
  const { authSafe, safes, mac } = parsePfxStructure(file);
  const bags = (of: readonly RawBag[]) =>
    of.map((b) => [formatHex(b.value), b.attributes.map((a) => a.values.map(formatHex))]);
  return {
    authSafe: formatHex(authSafe),
    safes: safes.map((s) => (s.bags ? bags(s.bags) : formatHex(s.ciphertext!))),
    mac: mac ? [formatHex(mac.algorithm.der), formatHex(mac.digest), formatHex(mac.salt)] : null,
  };
}

describe.skipIf(!hasVectors())('parsePfxStructure on the shared files', () => {
  const files = async () => {
    const entries = await readVectorJson<{ file: string; expects: { ber?: boolean } }[]>('pkcs12/manifest.json');
    return Promise.all(entries.map(async (e) => ({ ...e, bytes: await readVector(`pkcs12/${e.file}`) })));
  };

  it('reads every file, or says what is wrong', async () => {
    const all = await files();
    for (const { file, expects, bytes } of all) {
      const broken = BROKEN[file];
      if (broken === undefined) {
        const pfx = parsePfxStructure(bytes);
        expect(pfx.version).toBe(3);
        if (expects.ber) expect(pfx.wasBer, file).toBe(true);
      } else {
        expect(() => parsePfxStructure(bytes), file).toThrow(expect.objectContaining({ code: broken }));
      }
    }
    console.log(`vectors pkcs12/manifest.json: ${all.length} run`);
  });

  it('finds what asn1js finds', async () => {
    let compared = 0;
    for (const { file, bytes } of await files()) {
      if (BROKEN[file] !== undefined) continue;
      const { der, wasBer } = normalizeDer(bytes);
      expect(equalPublicBytes(der, encode(parseAsn(bytes))), file).toBe(true);
      expect(wasBer).toBe(!equalPublicBytes(der, bytes));
      expect(describeOurs(bytes), file).toEqual(describeAsn(bytes));
      compared++;
    }
    expect(compared).toBe(126 - Object.keys(BROKEN).length);
  });

  it('truncated at any byte: an error with its offset', async () => {
    let cuts = 0;
    for (const [n, { file, bytes }] of (await files()).entries()) {
      if (file === 'openssl/garbage-pkcs12.p12') continue; // whole before its end
      // every byte of every tenth file, some of the others (`npm run soak`: every byte of all)
      const step = n % 10 === 0 ? 1 : Math.max(1, Math.round(13 / runs(1)));
      for (let length = n % step; length < bytes.length; length += step) {
        let error: { code?: string; offset?: number } = {};
        try {
          parsePfxStructure(bytes.subarray(0, length));
        } catch (e) {
          error = e as typeof error;
        }
        // the one file that is nested too deep may say so first
        const { code, offset = -1 } = error;
        const isAsExpected = code === 'ERR_DER_TRUNCATED' ? offset >= 0 && offset <= length : code === 'ERR_DER_DEPTH';
        if (!isAsExpected) throw new Error(`${file} cut at ${length}`, { cause: error });
        cuts++;
      }
    }
    console.log(`vectors pkcs12/*: ${cuts} truncations run`);
  });

  it('any byte changed: read, or refused with a code; never a trap', async () => {
    let changes = 0;
    const every = Math.max(1, Math.round(37 / runs(1)));
    for (const [n, { bytes }] of (await files()).entries()) {
      for (let at = n % every; at < bytes.length; at += every) {
        for (const flip of [0x01, 0x80, 0xff, 1 + (at % 255)]) {
          const changed = bytes.slice();
          changed[at]! ^= flip;
          try {
            parsePfxStructure(changed);
          } catch (e) {
            const { code } = e as { code?: string };
            if (!/^ERR_(DER_|PFX_VERSION|LIMIT_ITERATIONS)/.test(code ?? ''))
              throw new Error(`byte ${at} ^ ${flip}`, { cause: e });
          }
          changes++;
        }
      }
    }
    console.log(`vectors pkcs12/*: ${changes} changed bytes run`);
  });
});
