// One real thing through each door that browsers can use. Each function runs inside a page, where a bundle has left its
// door as `globalThis.door`; what it returns is compared with `gives`. `needsCore`: it cannot work without WebAssembly.

/** openssl pkcs12 -export -legacy (password "old"): a certificate under RC2-40, its P-256 key under 3DES, a SHA-1 MAC. */
const OLD_PKCS12 = `
MIIDrQIBAzCCA3MGCSqGSIb3DQEHAaCCA2QEggNgMIIDXDCCAjcGCSqGSIb3DQEHBqCCAigwggIkAgEAMIICHQYJKoZIhvcNAQcBMBwGCiqGSIb3DQEMAQYwDgQI
hYMihoZjOpICAggAgIIB8NKHfISmxN3k4acrCbm0Wko7zzO+PgqlxfRqJMlOBuL2T9k0dYnqKP1Z/xsp7J59m6qt7ABmfKoFv40rH/4DGmNZaNC8GWw7vxp22776
rU99mn3FTMKdCz9WUEVll4H5odKgD9A0E+b9warBqP6f3Wvw0RXicLaApfk0aYNtrCIgAcYMe7E+/dn9+58uK0DTVhe2x4acUkzjHKfBYxGZD+EgPCALNYPV44L3
0/WY5zZMQaAZV5TAC/PUJp8Z+8Y1sQ7NWSqyk2CpChnHSDOE8XA192z2J2IleT53dIHAcFS4yZatHHC/CggtLWWY5VR73CWBInB27pWzuP+GRYKfBEGotdhV4F4z
LCsPSF59d4zCiNsy7ycLcjqA6mDGkQ0PUMP+Hp5ElYUv452WZl9yZMly7v6D82NZeQENvKnkmw7m5qA3xGk8/Cku5xp5MotkNv3OyohFF1sJ3jY8ahleSsDNjnlc
eH25rZy8GTjivzOTioWM7kMox/Oq3t89nVaQoxDN2ftuS6yJZPepRG1HZut1bH1rre0VhVbS4/2/PMjplaGz3tTYmgs4x5RZrdovIBoQXXQQABnUA/4s4F6C2K6x
1h51IrqUDIvRdqguROuDFZQ8JwpDglyNU1qv0ON8tQ5/YRAxL5y4oLaOPprdG+YwggEdBgkqhkiG9w0BBwGgggEOBIIBCjCCAQYwggECBgsqhkiG9w0BDAoBAqCB
tDCBsTAcBgoqhkiG9w0BDAEDMA4ECGEdi0ThGllVAgIIAASBkAsmLg6zulSmSfpsiTbR3vEk2lRJwJslQq3CWZBj/HT7acO71Pj5IcMLke8izwyaF44qUaXcTsWa
yAX4fgPyQDtR3q8vq2lPi5a3FseOkjb3ebCIDJRkJcRAyNghg/LxwlgEy7GazZKUN0FfRgIFrUsLYf6ltNQbE87efFjy7mrpCZczHZWeiGIiJAwlPG1/0TE8MBUG
CSqGSIb3DQEJFDEIHgYAbwBsAGQwIwYJKoZIhvcNAQkVMRYEFJt6Bm0T5cnjgrkJAs81ufjhqOMrMDEwITAJBgUrDgMCGgUABBRGtFM7jW4WWurufl9ywkw6qCQB
/wQIhY1AbncLqIYCAggA`;

/** The certificate in it. */
const CERTIFICATE = `
MIIBejCCASGgAwIBAgIUIw6GOjeRY3IOqZAGVZy34QE4N30wCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHa2V5d2FyZDAgFw0yNjExMjIwMTE5NDZaGA8yMTI2MTAy
OTAxMTk0NlowEjEQMA4GA1UEAwwHa2V5d2FyZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABK64kpIz3zkJ8jn45GI10FwbA5x5peKiXnEkLMgfG35kX0sEdeBf
elcNhM34qBwFQiuKhJoCt4UR9AAKELad1mSjUzBRMB0GA1UdDgQWBBS587IsXqUzGf+E/dkJHtT1iaLMUTAfBgNVHSMEGDAWgBS587IsXqUzGf+E/dkJHtT1iaLM
UTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIHsFRmZ1eRVZkfX5awpIOiWoFvYMoh4L/+mbNtjHQod9AiBWmP0w5BHj6DmJqcq7xXZpNogJHjzw
SJIEqLY8H2Aa9A==`;

/** What the demos are given: base64, for it has to get into a page. */
export const FIXTURES = { old: OLD_PKCS12.replaceAll('\n', ''), certificate: CERTIFICATE.replaceAll('\n', '') };

/** By door. */
export const DEMOS = {
  '': {
    needsCore: false,
    async run() {
      const { KeywardError, Secret, UsageError } = globalThis.door;
      const secret = Secret.fromText('a password');
      const length = secret.expose().length;
      secret.dispose();
      return [String(secret), length, new UsageError('ERR_X', 'x') instanceof KeywardError];
    },
    gives: ['[redacted]', 10, true],
  },
  core: {
    needsCore: true,
    async run() {
      const { decodeHex, encodeHexText, legacyDecryptCbc, loadLegacy, unwrapKey, wrapKey } = globalThis.door;
      const hex = (text) => decodeHex(new TextEncoder().encode(text));
      const kek = hex('000102030405060708090A0B0C0D0E0F'); // RFC 3394 4.1
      const wrapped = wrapKey(kek, hex('00112233445566778899AABBCCDDEEFF'));
      await loadLegacy();
      const key = hex('0123456789abcdef23456789abcdef01456789abcdef0123'); // SP 800-67 B.1
      const block = legacyDecryptCbc('3des', key, new Uint8Array(8), hex('a826fd8ce53b855f'), { padding: 'none' });
      return [wrapped, unwrapKey(kek, wrapped), block].map((bytes) => encodeHexText(bytes));
    },
    gives: ['1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5', '00112233445566778899aabbccddeeff', '5468652071756663'],
  },
  pkcs12: {
    needsCore: true,
    // The old ciphers come from the legacy module, scrypt, GCM and SHA-3 from the noble packages: all loaded on demand.
    async run({ old, certificate }) {
      const { encodePfx, parsePfx } = globalThis.door;
      const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const unlocked = await parsePfx(bytes(old)).unlock('old');
      const kinds = unlocked.bags.map(({ kind }) => kind).sort();
      const modern = await encodePfx(
        { bags: [{ kind: 'certificate', certificate: bytes(certificate) }] },
        {
          password: 'new',
          cipher: 'aes-256-gcm',
          scrypt: { n: 1024, r: 8, p: 1 },
          macHash: 'sha3-256',
          iterations: 1000,
        },
      );
      const again = await parsePfx(modern).unlock('new');
      return [...kinds, again.bags.length];
    },
    gives: ['certificate', 'shrouded-key', 1],
  },
  ttlv: {
    needsCore: true,
    async run() {
      const { encodeGetRequest, formatTtlvText, parseTtlv } = globalThis.door;
      const request = encodeGetRequest('1742');
      const message = parseTtlv(request);
      return [message.children(message.root).length, formatTtlvText(request).includes('"1742"')];
    },
    gives: [2, true],
  },
  x509: {
    needsCore: true,
    async run({ certificate }) {
      const { parseCertificate } = globalThis.door;
      const summary = parseCertificate(Uint8Array.from(atob(certificate), (c) => c.charCodeAt(0)));
      return [summary.subject.text, summary.publicKey.curve, summary.isCa];
    },
    gives: ['CN=keyward', 'P-256', true],
  },
  kmip: {
    needsCore: true,
    async run() {
      const { decodeRequest, encodeRequest } = globalThis.door;
      const bytes = encodeRequest({
        protocolVersion: '1.1',
        batchItem: [{ operation: 'Get', requestPayload: { uniqueIdentifier: '1742' } }],
      });
      const [item] = decodeRequest(bytes).batchItem;
      return [item.operation, item.requestPayload.uniqueIdentifier];
    },
    gives: ['Get', '1742'],
  },
  statement: {
    needsCore: false,
    async run() {
      const { parseStatement, redactStatement } = globalThis.door;
      const text = 'ADMINISTER KEY MANAGEMENT SET KEYSTORE OPEN IDENTIFIED BY admin123';
      return [parseStatement(text).kind, redactStatement(text).includes('admin123')];
    },
    gives: ['open-keystore', false],
  },
  wallet: {
    needsCore: true,
    async run() {
      const { createWallet, openWallet } = globalThis.door;
      const wallet = await createWallet('a long password', { iterations: 1000 });
      const { keyId } = wallet.setKey({ keyTag: 'first' });
      const dataKey = crypto.getRandomValues(new Uint8Array(32));
      const envelope = wallet.wrapDataKey(dataKey);
      const again = await openWallet(await wallet.encode(), 'a long password');
      const same = again
        .unwrapDataKey(envelope)
        .expose()
        .every((byte, i) => byte === dataKey[i]);
      return [again.masterKeys.length, again.activeKey.keyId === keyId, same];
    },
    gives: [1, true, true],
  },
  okv: {
    needsCore: false,
    async run() {
      const { parseOkvClient } = globalThis.door;
      return parseOkvClient('SERVER=198.51.100.20:9002\nSTANDBY_SERVER=203.0.113.125:8041\n').servers;
    },
    gives: [
      { host: '198.51.100.20', port: 9002 },
      { host: '203.0.113.125', port: 8041 },
    ],
  },
  inspect: {
    needsCore: true,
    async run({ old }) {
      const { formatReport, inspect } = globalThis.door;
      const report = inspect(Uint8Array.from(atob(old), (c) => c.charCodeAt(0)));
      return [report.kind, report.fault, report.findings.length > 0, formatReport(report).includes('RC2')];
    },
    gives: ['pkcs12', null, true, true],
  },
  kms: {
    needsCore: true,
    async run() {
      const { parseKmsUrl, signTc3 } = globalThis.door;
      const url = parseKmsUrl(
        'kms://tencent/?password=pw&keyId=6fc0a5c2-6f4c-4a1f-9d6e-2b7d3c1e0f55&secretId=AKID&secretKey=sk#https://kms.tencentcloudapi.com/',
      );
      const bytes = (text) => new TextEncoder().encode(text);
      const headers = { 'content-type': 'application/json', host: 'kms.tencentcloudapi.com' };
      const request = { headers, payload: bytes('{}'), service: 'kms', timestamp: 1700000000 };
      const { authorization } = signTc3(request, { secretId: 'AKID', secretKey: bytes('sk') });
      return [url.type, authorization.replace(/Signature=[0-9a-f]{64}$/, 'Signature=…')];
    },
    gives: [
      'tencent',
      'TC3-HMAC-SHA256 Credential=AKID/2023-11-14/kms/tc3_request, SignedHeaders=content-type;host, Signature=…',
    ],
  },
};
