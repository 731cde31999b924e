/** The public vectors of TC3-HMAC-SHA256: two of the documentation, one of the vendor's SDK. */
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/bytes.ts';
import { signTc3, type Tc3Request } from '../../src/kms/index.ts';

const SECRET_ID = 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE';
const secretKey = encodeUtf8('Gu5t9xGARNpq86cd98joQYCN3EXAMPLE');
const payload = encodeUtf8('{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}');
const documented: Tc3Request = {
  headers: { 'Content-Type': 'application/json; charset=utf-8', Host: 'cvm.tencentcloudapi.com' },
  payload,
  service: 'cvm',
  timestamp: 1551113065,
};

describe('signTc3', () => {
  it('gives the documented signature over content-type and host', () => {
    const made = signTc3(documented, { secretId: SECRET_ID, secretKey });
    expect(made).toEqual({
      canonicalHash: '5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031',
      signature: '72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168',
      authorization: `TC3-HMAC-SHA256 Credential=${SECRET_ID}/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168`,
    });
  });

  it('gives the documented hash with x-tc-action signed too, its value in lower case', () => {
    const headers = { ...documented.headers, 'X-TC-Action': 'DescribeInstances' };
    expect(signTc3({ ...documented, headers }, { secretId: SECRET_ID, secretKey })).toMatchObject({
      canonicalHash: '7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84',
      signature: '644be983de9a8a3f00db8eadaba61467c3b429e2215758ba897b738ca469fd26',
    });
  });

  it("gives the signature of the SDK's own test", () => {
    const made = signTc3(
      {
        headers: { 'content-type': 'application/json', host: 'cvm.tencentcloudapi.com' },
        payload: encodeUtf8('{"Action":"DescribeInstances","Version":"2017-03-12"}'),
        service: 'cvm',
        timestamp: 1640995200,
      },
      { secretId: 'test-secret-id', secretKey: encodeUtf8('test-secret-key') },
    );
    expect(made.signature).toBe('96473b50fe407833672a5d6d067238d88bb44c8abcc39ef83baa3132afbfadd3');
  });

  it('takes the day of UTC, and refuses what it cannot sign', () => {
    const at = (timestamp: number) => signTc3({ ...documented, timestamp }, { secretId: 'A', secretKey }).authorization;
    expect(at(1551139199)).toContain('/2019-02-25/');
    expect(at(1551139200)).toContain('/2019-02-26/');
    expect(() => at(1.5)).toThrow(expect.objectContaining({ code: 'ERR_TC3_TIMESTAMP' }));
    expect(() => signTc3({ ...documented, headers: { host: 'x' } }, { secretId: 'A', secretKey })).toThrow(
      expect.objectContaining({ code: 'ERR_TC3_HEADER' }),
    );
  });
});
