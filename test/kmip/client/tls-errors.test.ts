/** The words for a failed connection do not depend on which OpenSSL gave the alert its name. */
import { describe, expect, it } from 'vitest';
import { describeFailure, hintFor, isPassing } from '../../../src/kmip/client/tls-errors.ts';

const failure = (code: string): Error => Object.assign(new Error('error:0A000000:SSL routines'), { code });

// `SSLV3` up to OpenSSL 3.1, `SSL/TLS` after it; what TLS 1.0 and 1.3 added is called the same in both.
describe.each(['SSLV3', 'SSL/TLS'])('alerts named %s', (prefix) => {
  it.each([
    'UNSUPPORTED_CERTIFICATE',
    'BAD_CERTIFICATE',
    'CERTIFICATE_EXPIRED',
    'CERTIFICATE_REVOKED',
    'CERTIFICATE_UNKNOWN',
  ])('%s: the server refuses the certificate', (alert) => {
    const error = failure(`ERR_SSL_${prefix}_ALERT_${alert}`);
    expect(describeFailure(error)).toBe(
      `the server refuses this client's certificate (ERR_SSL_${prefix}_ALERT_${alert})`,
    );
    expect(hintFor(error)).toContain('clientAuth');
    expect(isPassing(error)).toBe(false);
  });

  it('HANDSHAKE_FAILURE: nothing in common', () => {
    expect(hintFor(failure(`ERR_SSL_${prefix}_ALERT_HANDSHAKE_FAILURE`))).toContain('no TLS version or cipher suite');
  });

  it('BAD_RECORD_MAC: damaged on the way, which passes', () => {
    expect(isPassing(failure(`ERR_SSL_${prefix}_ALERT_BAD_RECORD_MAC`))).toBe(true);
  });
});

it.each(['TLSV13_ALERT_CERTIFICATE_REQUIRED', 'TLSV1_ALERT_UNKNOWN_CA', 'TLSV1_ALERT_ACCESS_DENIED'])(
  '%s: the server refuses the certificate',
  (name) => expect(hintFor(failure(`ERR_SSL_${name}`))).toContain('clientAuth'),
);

it('an alert that says nothing about certificates keeps its own words', () => {
  const error = failure('ERR_SSL_SSL/TLS_ALERT_UNEXPECTED_MESSAGE');
  expect(describeFailure(error)).toBe('error:0A000000:SSL routines (ERR_SSL_SSL/TLS_ALERT_UNEXPECTED_MESSAGE)');
  expect(hintFor(error)).toBeUndefined();
});
