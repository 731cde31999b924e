/** Reports of every kind of file: what they say, where they place a fault, and that nothing secret is in them. */
import { describe, expect, it } from 'vitest';
import { concatBytes, encodeUtf8, formatHex } from '../../src/bytes.ts';
import { encryptCbc } from '../../src/core/index.ts';
import { dissectDer, dissectTtlv, formatReport, inspect, openFile, printableText } from '../../src/inspect/index.ts';
import { encodeGetRequest, encodeTtlv, formatTtlvJson, formatTtlvXml, ItemType, Tag } from '../../src/ttlv/index.ts';
import { createWallet } from '../../src/wallet/index.ts';
import { hasVectors, readVector, readVectorJson } from '../support/vectors.ts';

const PASSWORD = 'open sesame';
const KEY = 'd8ab781a44b864099a5e607a2063b265d7703f802fcfe7e8334cd8776da44444';
const MESSAGE = encodeGetRequest('a');

async function makeWallet(tag = '钥匙'): Promise<Uint8Array<ArrayBuffer>> {
  using wallet = await createWallet(PASSWORD, { iterations: 1 });
  wallet.setKey({ key: Uint8Array.from(KEY.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)), keyTag: tag });
  wallet.addKeyringEntry({ owner: 'root@localhost', id: 'MyKey', type: 'AES', key: new Uint8Array(32).fill(0xa7) });
  return await wallet.encode();
}

/** The head of a `cwallet.sso` of the 12c form: 45 bytes. */
function autoLoginHeader(password: Uint8Array): Uint8Array {
  const key = new Uint8Array(16).fill(0x6b);
  const iv = Uint8Array.from('c034d8311c02cef851f0144b81ed4bf2'.match(/../g) ?? [], (pair) =>
    Number.parseInt(pair, 16),
  );
  const start = Uint8Array.of(0xa1, 0xf8, 0x4e, 0x36, 0, 0, 0, 6, 0, 0, 0, 33, 6);
  return concatBytes(start, key, encryptCbc(key, iv, password, 'none'));
}

describe('inspect', () => {
  it('a wallet: structure and findings before the password, everything but values after it', async () => {
    const bytes = await makeWallet();
    const report = inspect(bytes);
    if (report.kind !== 'pkcs12') throw new Error(`a ${report.kind}`);
    expect(report.fault).toBeNull();
    expect(report.structure).toMatchObject({ integrity: 'password', safes: [{ index: 0, bags: null }] });
    expect(report.structure?.safes[0]?.derivation).toMatchObject({ name: 'PBKDF2-HMAC-SHA-256', iterations: 1 });
    expect(report.findings.map((f) => f.id)).toContain('kdf-iterations');
    using file = await openFile(bytes, PASSWORD);
    const { masterKeys, keyringKeys, wallet, integrity, bags } = file.report;
    expect(integrity).toBe('verified');
    expect(wallet).toMatchObject({ layout: 'oracle', activeKeyId: masterKeys[0]?.keyId });
    expect(masterKeys).toMatchObject([{ keyTag: '钥匙', state: 'active', origin: 'local', algorithm: 'AES-256' }]);
    expect(keyringKeys).toMatchObject([{ owner: 'root@localhost', id: 'MyKey', type: 'AES', lengthBytes: 32 }]);
    expect(bags.map((bag) => bag.meaning)).toContain('KEY_ID of the active master key');
    using master = file.revealMasterKey(masterKeys[0]?.keyId ?? '');
    expect(formatHex(master.expose())).toBe(KEY);
    using ring = file.revealKeyringKey('root@localhost', 'MyKey');
    expect(formatHex(ring.expose())).toBe('a7'.repeat(32));
    const shown = JSON.stringify({ report, opened: file.report }) + formatReport(report, file.report);
    for (const secret of [KEY, KEY.toUpperCase(), 'a7a7a7a7', btoa('\xa7'.repeat(32)), PASSWORD])
      expect(shown).not.toContain(secret);
  });

  it('refuses a wrong password in one wording', async () => {
    await expect(openFile(await makeWallet(), 'no')).rejects.toMatchObject({ code: 'ERR_WRONG_PASSWORD' });
  });

  it('an auto-login wallet opens with the password in it, and is told to be no protection', async () => {
    const password = new Uint8Array(16).fill(0x41);
    using wallet = await createWallet(password, { iterations: 1 });
    wallet.setKey({ keyTag: 'auto' });
    const file = concatBytes(autoLoginHeader(password), await wallet.encode());
    const report = inspect(file);
    expect(report).toMatchObject({ kind: 'auto-login', header: { local: false, form: '12c' }, pfx: { fault: null } });
    expect('findings' in report ? report.findings[0] : null).toMatchObject({ id: 'auto-login', severity: 'danger' });
    using opened = await openFile(file, null);
    expect(opened.report.masterKeys).toMatchObject([{ keyTag: 'auto', state: 'active' }]);
  });

  it('regression: a wallet within a wallet within a wallet is not followed', async () => {
    const header = autoLoginHeader(new Uint8Array(16).fill(0x41));
    const file = concatBytes(...Array.from({ length: 2000 }, () => header));
    await expect(openFile(file, null)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_DER_/) });
  });

  it('a damaged wallet is a report with the place of the fault', async () => {
    const bytes = await makeWallet();
    const report = inspect(bytes.subarray(0, bytes.length - 10));
    expect(report).toMatchObject({
      kind: 'pkcs12',
      structure: null,
      fault: { code: expect.stringMatching(/^ERR_DER_/) },
    });
    expect(report.fault?.offset).toBeTypeOf('number');
  });

  it('KMIP messages in every form', () => {
    const hex = formatHex(MESSAGE).replace(/(.{2})/g, '$1 ');
    for (const [kind, bytes] of [
      ['ttlv', MESSAGE],
      ['ttlv-hex', encodeUtf8(hex)],
      ['ttlv-xml', encodeUtf8(formatTtlvXml(MESSAGE))],
      ['ttlv-json', encodeUtf8(formatTtlvJson(MESSAGE))],
    ] as const) {
      const report = inspect(bytes);
      expect(report, kind).toMatchObject({ kind, fault: null });
      expect('text' in report ? report.text : '').toContain('UniqueIdentifier');
    }
    const cut = inspect(MESSAGE.subarray(0, MESSAGE.length - 4));
    expect(cut).toMatchObject({ kind: 'ttlv', text: null, fault: { code: expect.stringMatching(/^ERR_TTLV_/) } });
  });

  it('SQL without its secrets, okvclient.ora, and what is nothing of all that', () => {
    const sql =
      "ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY topsecret;\nSELECT keyring_key_generate('MyKey','AES',32);\nADMINISTER KEY nonsense;";
    const report = inspect(encodeUtf8(sql));
    expect(report).toMatchObject({
      kind: 'statement',
      statements: [
        { line: 1, statement: 'open-keystore', fault: null },
        { line: 2, statement: 'keyring-call', fault: null },
        { line: 3, statement: null, fault: { code: 'ERR_STATEMENT_SYNTAX', path: ['line 3', 'column 16'] } },
      ],
    });
    expect(JSON.stringify(report)).not.toContain('topsecret');
    expect(inspect(encodeUtf8('SERVER=198.51.100.20:9002\nSTANDBY_SERVER=203.0.113.125:8041\n'))).toMatchObject({
      kind: 'okvclient',
      servers: ['198.51.100.20:9002', '203.0.113.125:8041'],
      fault: null,
    });
    expect(inspect(new Uint8Array(1000))).toMatchObject({ kind: 'unknown', fault: null });
    expect(inspect(new Uint8Array(0))).toMatchObject({ kind: 'unknown', fault: null });
  });

  it('names from files cannot change how a line is shown', () => {
    expect(printableText('a\n\u202eb\u0007\u200b')).toBe('a\\u{a}\\u{202e}b\\u{7}\\u{200b}');
  });
});

describe('dissections', () => {
  it('DER: offsets, lengths, what encloses what, structures inside strings', async () => {
    const { bytes, count, element, at, wasBer } = dissectDer(await makeWallet());
    expect(wasBer).toBe(false);
    expect(element(0)).toMatchObject({ offset: 0, depth: 0, parent: -1, name: 'SEQUENCE', next: count });
    const names = Array.from({ length: count }, (_, i) => element(i).value);
    expect(names.some((name) => name.startsWith('pkcs7-encryptedData') || name.includes('1.2.840.113549.1.7.6'))).toBe(
      true,
    );
    for (let i = 1; i < count; i++) {
      const { offset, headerBytes, contentBytes, parent, depth } = element(i);
      const outer = element(parent);
      expect(depth).toBe(outer.depth + 1);
      expect(offset).toBeGreaterThanOrEqual(outer.offset + outer.headerBytes);
      expect(offset + headerBytes + contentBytes).toBeLessThanOrEqual(
        outer.offset + outer.headerBytes + outer.contentBytes,
      );
      expect(at(offset)).toBe(i);
    }
    expect(at(bytes.length)).toBe(-1);
  });

  it('TTLV: names and values by item, key material redacted', () => {
    const node = { tag: Tag.KeyMaterial, type: ItemType.ByteString, value: new Uint8Array(16).fill(0x77) } as const;
    const message = encodeTtlv({ tag: Tag.KeyValue, type: ItemType.Structure, value: [node] });
    const { count, element, at } = dissectTtlv(message);
    expect(count).toBe(2);
    expect(element(1)).toMatchObject({ offset: 8, headerBytes: 8, contentBytes: 16, parent: 0, name: 'KeyMaterial' });
    expect(element(1).value).toContain('[redacted]');
    expect(at(20)).toBe(1);
    const full = dissectTtlv(MESSAGE);
    expect(Array.from({ length: full.count }, (_, i) => full.element(i).name)).toContain('BatchCount');
  });
});

describe.skipIf(!hasVectors())('the PKCS#12 files of the vectors', () => {
  it('each gives a report that JSON holds, and a tree or a fault', async () => {
    const records = await readVectorJson<readonly { readonly file: string }[]>('pkcs12/manifest.json');
    let whole = 0;
    for (const { file } of records) {
      const bytes = await readVector(`pkcs12/${file}`);
      const report = inspect(bytes);
      expect(JSON.parse(JSON.stringify(report)), file).toEqual(report);
      expect(formatReport(report).length).toBeGreaterThan(0);
      if (report.fault !== null) continue;
      if (report.kind === 'unknown') continue; // garbage before its version: a version of 123456789
      expect(dissectDer(bytes).count, file).toBeGreaterThan(5);
      whole++;
    }
    console.log(`vectors pkcs12/manifest.json: ${records.length} inspected, ${whole} whole`);
    expect(whole).toBeGreaterThan(100);
  });
});
