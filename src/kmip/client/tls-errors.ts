/**
 * What went wrong with a connection, in words that name what to look at. Only codes and texts of Node and OpenSSL come in.
 * Pure. Layer: kmip/client.
 */

/** How far an attempt got. */
export type Phase = 'credentials' | 'dns' | 'connect' | 'tls' | 'version' | 'send' | 'receive';

/** The `code` of an error of Node, OpenSSL or this package; undefined for one without. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Says whether a connection failed for a reason that may be gone the next moment: it broke, or its bytes were damaged on the way. */
export function isPassing(error: unknown): boolean {
  return /^(ECONNRESET|EPIPE|ERR_SSL_.*(BAD_RECORD_MAC|DECRYPT|DECODE).*)$/.test(codeOf(error) ?? '');
}

/** Says in one line why an attempt ended. */
export function describeFailure(error: unknown): string {
  const code = codeOf(error);
  const known = code === undefined ? undefined : explain(code);
  // An AggregateError of several addresses has an empty message of its own.
  const inner = error instanceof AggregateError ? error.errors.map((e: Error) => e.message).join(', ') : '';
  const message = inner || (error instanceof Error ? error.message : String(error));
  const words = known ?? message;
  return code === undefined || words.includes(code) ? words : `${words} (${code})`;
}

/** What the caller can do about it; undefined where nothing better is known than the message. */
export function hintFor(error: unknown): string | undefined {
  const code = codeOf(error) ?? '';
  return ADVICE.find(({ pattern }) => pattern.test(code))?.hint;
}

function explain(code: string): string | undefined {
  return ADVICE.find(({ pattern, words }) => words !== undefined && pattern.test(code))?.words;
}

const ADVICE: readonly { readonly pattern: RegExp; readonly words?: string; readonly hint: string }[] = [
  {
    pattern: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    hint: 'connect to the name that the certificate is for, or name it as tls.servername',
  },
  {
    pattern:
      /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_SIGNATURE_FAILURE)$/,
    words: "the server's certificate does not come from an authority that is trusted here",
    hint: 'look at credentials.ca: it must hold the authority of the server',
  },
  {
    pattern: /^(CERT_HAS_EXPIRED|CERT_NOT_YET_VALID)$/,
    words: "the server's certificate is not valid at this time",
    hint: 'renew it, or look at the clock',
  },
  // OpenSSL says `sslv3 alert …` of the alerts that are as old as that; since 3.2 (every Node from 22 on) `ssl/tls alert …`, and so does the code.
  {
    pattern:
      /^ERR_SSL_(SSLV3|SSL\/TLS|TLSV1|TLSV13)_ALERT_(UNSUPPORTED_CERTIFICATE|BAD_CERTIFICATE|CERTIFICATE_(REQUIRED|EXPIRED|REVOKED|UNKNOWN)|UNKNOWN_CA|ACCESS_DENIED)$/,
    words: "the server refuses this client's certificate",
    hint: 'look at its authority, its validity and its extended key usage, which must be clientAuth',
  },
  {
    pattern:
      /^ERR_SSL_(((SSLV3|SSL\/TLS)_ALERT_)?HANDSHAKE_FAILURE|TLSV1_ALERT_(PROTOCOL_VERSION|INSUFFICIENT_SECURITY)|NO_(SHARED_CIPHER|PROTOCOLS_AVAILABLE|CIPHERS_AVAILABLE)|UNSUPPORTED_PROTOCOL|WRONG_VERSION_NUMBER)/,
    hint: 'client and server have no TLS version or cipher suite in common, or the port does not speak TLS: look at tls.minVersion, tls.ciphers and the port',
  },
  { pattern: /^ECONNREFUSED$/, words: 'nothing listens there', hint: 'is the server up, and is this its port?' },
  { pattern: /^ENOTFOUND$/, words: 'no such host', hint: 'look at the name of the host' },
];
