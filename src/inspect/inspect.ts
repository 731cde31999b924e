/**
 * `inspect`: a report of any file, without a password. A file that cannot be read is a report, too: with the fault and its place.
 * Layer: inspect.
 */
import { decodeUtf8, formatHex } from '../bytes.ts';
import { hash } from '../core/index.ts';
import { FormatError, KeywardError, StatementError } from '../errors.ts';
import { parseOkvClient } from '../okv/index.ts';
import {
  type EncryptionInfo,
  formatBag,
  judgePfx,
  type KdfInfo,
  type Pfx,
  parsePfx,
  type Safe,
} from '../pkcs12/index.ts';
import { parseStatement, redactStatement, splitScript } from '../statement/index.ts';
import {
  encodeTtlv,
  formatTtlvJson,
  formatTtlvText,
  formatTtlvXml,
  parseTtlvJson,
  parseTtlvXml,
  type TtlvNode,
  validateTtlv,
  wipeTree,
} from '../ttlv/index.ts';
import { parseAutoLoginHeader } from '../wallet/index.ts';
import {
  parseCertificate,
  parseCertificateRequest,
  parsePem,
  parsePrivateKeyInfo,
  parsePublicKeyInfo,
} from '../x509/index.ts';
import { detectKind, type FileKind } from './detect.ts';
import type {
  AutoLoginReport,
  Derivation,
  Fault,
  Finding,
  KeyReport,
  OkvClientReport,
  PemReport,
  Pkcs12Report,
  Report,
  ReportBase,
  SafeReport,
  StatementReport,
  TtlvReport,
} from './report.ts';

/** What the caller knows of a file already. */
export interface InspectOptions {
  /** Its SHA-256 in hex, where it was computed elsewhere. */
  readonly sha256?: string;
}

/**
 * Reports what can be seen of a file without its password: its structure, how well it is protected, what is in the open.
 *
 * @param bytes not changed
 * @returns plain data without secrets; JSON holds all of it
 * @throws {KeywardError} ERR_WASM_UNAVAILABLE, ERR_SELF_TEST
 * @example
 * const report = inspect(file);
 * if (report.kind === 'pkcs12') console.log(report.structure?.mac?.name, report.findings.length);
 */
export function inspect(bytes: Uint8Array, options: InspectOptions = {}): Report {
  const kind = detectKind(bytes);
  const base = { sizeBytes: bytes.length, sha256: options.sha256 ?? formatHex(hash('sha256', bytes)) };
  return REPORTERS[kind](bytes, base, kind);
}

type Base = Pick<ReportBase, 'sizeBytes' | 'sha256'>;

const RUNTIME_CODES: ReadonlySet<string> = /* @__PURE__ */ new Set(['ERR_WASM_UNAVAILABLE', 'ERR_SELF_TEST']);

/** Runs a reader; its fault instead of its result where the bytes do not hold. */
function attempt<T>(
  read: () => T,
): { readonly value: T; readonly fault: null } | { readonly value: null; readonly fault: Fault } {
  try {
    return { value: read(), fault: null };
  } catch (error) {
    return { value: null, fault: faultOf(error) };
  }
}

/** @internal An error of ours as a report's fault; others are thrown on, and so is what is wrong with the runtime, not the file. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof KeywardError) || RUNTIME_CODES.has(error.code)) throw error;
  const { code, message } = error;
  if (error instanceof FormatError) return { code, message, offset: error.offset, path: error.path };
  return { code, message, offset: null, path: [] };
}

function reportPkcs12(bytes: Uint8Array, base: Base): Pkcs12Report {
  const { value: pfx, fault } = attempt(() => parsePfx(bytes));
  if (pfx === null) return { kind: 'pkcs12', ...base, fault, structure: null, findings: [] };
  return { kind: 'pkcs12', ...base, fault, structure: structureOf(pfx), findings: judgePfx(pfx) };
}

/** The structure of a parsed file, as a report shows it. */
function structureOf(pfx: Pfx): NonNullable<Pkcs12Report['structure']> {
  const { version, integrity, mac, cost, quirks } = pfx;
  return {
    version,
    integrity,
    mac:
      mac === null
        ? null
        : {
            name: mac.name,
            derivation: derivationOf(mac.kdf),
            fault: mac.failure === null ? null : faultOf(mac.failure),
          },
    safes: pfx.safes.map(safeOf),
    cost,
    quirks,
  };
}

function safeOf(safe: Safe): SafeReport {
  const { index, offset, der, contentTypeName, encryption, failure, bags } = safe;
  const iv = encryption?.cipher?.iv ?? null;
  return {
    index,
    offset,
    sizeBytes: der.length,
    contents: contentTypeName,
    encryption: encryption === null ? null : encryption.name,
    derivation: derivationOf((encryption as EncryptionInfo | null)?.kdf ?? null),
    iv: iv === null ? null : formatHex(iv),
    fault: failure === null ? null : faultOf(failure),
    bags: bags === null ? null : bags.map(formatBag),
  };
}

function derivationOf(kdf: KdfInfo | null): Derivation | null {
  if (kdf === null) return null;
  const salt = formatHex(kdf.salt);
  if (kdf.kdf === 'scrypt') return { name: `scrypt N=${kdf.n} r=${kdf.r} p=${kdf.p}`, iterations: null, salt };
  const hashName = kdf.hash.toUpperCase().replace(/^SHA(\d)/, 'SHA-$1');
  const name = { pbkdf2: `PBKDF2-HMAC-${hashName}`, pkcs12: `PKCS#12 KDF, ${hashName}`, pbkdf1: `PBKDF1, ${hashName}` }[
    kdf.kdf
  ];
  return { name, iterations: kdf.iterations, salt };
}

function reportAutoLogin(bytes: Uint8Array, base: Base): AutoLoginReport {
  const { value: header, fault } = attempt(() => parseAutoLoginHeader(bytes));
  if (header === null) return { kind: 'auto-login', ...base, fault, header: null, pfx: null, findings: [] };
  const { local, version, scheme, pfxOffset } = header;
  const inner = bytes.subarray(pfxOffset);
  const pfx = reportPkcs12(inner, { sizeBytes: inner.length, sha256: formatHex(hash('sha256', inner)) });
  const form = scheme === 'aes' ? '12c' : '11g';
  const findings = [local ? LOCAL_FINDING : AUTO_LOGIN_FINDING, ...pfx.findings];
  return { kind: 'auto-login', ...base, fault, header: { local, version, form, pfxOffset }, pfx, findings };
}

function reportKey(bytes: Uint8Array, base: Base, kind: FileKind): KeyReport {
  if (kind === 'encrypted-private-key') return { kind, ...base, fault: null, key: null, findings: [] };
  const isPublic = kind === 'public-key';
  const { value: key, fault } = attempt(() => (isPublic ? parsePublicKeyInfo(bytes) : parsePrivateKeyInfo(bytes)));
  const findings = isPublic ? [] : [OPEN_KEY_FINDING];
  return { kind: isPublic ? 'public-key' : 'private-key', ...base, fault, key, findings };
}

function reportPem(bytes: Uint8Array, base: Base): PemReport {
  const { value: blocks, fault } = attempt(() => parsePem(decodeUtf8(bytes)));
  try {
    const reports = (blocks ?? []).map(({ label, offset, bytes: der }) => ({ label, offset, report: inspect(der) }));
    return { kind: 'pem', ...base, fault, blocks: reports };
  } finally {
    for (const { bytes: der } of blocks ?? []) der.fill(0);
  }
}

function reportTtlv(bytes: Uint8Array, base: Base, kind: FileKind): TtlvReport {
  const { value, fault } = attempt(() => {
    const message = ttlvBytes(bytes, kind);
    try {
      return { items: validateTtlv(message), text: formatTtlvText(message) };
    } finally {
      if (message !== bytes) message.fill(0);
    }
  });
  return { kind: kind as TtlvReport['kind'], ...base, fault, text: value?.text ?? null, items: value?.items ?? 0 };
}

/** The binary form of a message in any form; `bytes` themselves where they are binary already, else a copy. */
export function ttlvBytes(bytes: Uint8Array, kind: FileKind): Uint8Array {
  if (kind === 'ttlv') return bytes;
  const text = decodeUtf8(bytes);
  if (kind === 'ttlv-hex') {
    const digits = text.replace(/0x|[\s:]/gi, '');
    if (digits.length % 2 !== 0)
      throw new FormatError('ERR_TTLV_TRUNCATED', 'an odd number of hex digits', { offset: digits.length >> 1 });
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  const tree: TtlvNode = kind === 'ttlv-xml' ? parseTtlvXml(text) : parseTtlvJson(text);
  try {
    return encodeTtlv(tree);
  } finally {
    wipeTree(tree);
  }
}

/**
 * Formats a message as text, XML or JSON, key material redacted.
 *
 * @param bytes a whole message; not changed
 * @param kind the form that `bytes` are in
 * @throws {FormatError} ERR_TTLV_…
 */
export function formatMessage(bytes: Uint8Array, kind: FileKind, form: 'text' | 'xml' | 'json'): string {
  const message = ttlvBytes(bytes, kind);
  try {
    return { text: formatTtlvText, xml: formatTtlvXml, json: formatTtlvJson }[form](message);
  } finally {
    if (message !== bytes) message.fill(0);
  }
}

function reportOkvClient(bytes: Uint8Array, base: Base): OkvClientReport {
  const { value, fault } = attempt(() => parseOkvClient(decodeUtf8(bytes)));
  const servers = (value?.servers ?? []).map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`);
  return {
    kind: 'okvclient',
    ...base,
    fault,
    servers,
    warnings: (value?.warnings ?? []).map(({ message }) => message),
  };
}

function reportStatements(bytes: Uint8Array, base: Base): StatementReport {
  const statements = [...splitScript(decodeUtf8(bytes))].map(({ text, line }) => {
    const shown = redactStatement(text);
    try {
      return { line, statement: parseStatement(text, { vendorExamples: true }).kind, text: shown, fault: null };
    } catch (error) {
      const place = error instanceof StatementError ? [`line ${line + error.line - 1}`, `column ${error.column}`] : [];
      return { line, statement: null, text: shown, fault: { ...faultOf(error), path: place } };
    }
  });
  return { kind: 'statement', ...base, fault: statements.find((s) => s.fault !== null)?.fault ?? null, statements };
}

const AUTO_LOGIN_FINDING: Finding = {
  id: 'auto-login',
  severity: 'danger',
  where: 'cwallet.sso',
  what: 'an auto-login wallet',
  why: 'its password lies in the file itself: whoever has the file has the keys',
  standard: 'NIST SP 800-57 Part 1 §6.2',
};
const LOCAL_FINDING: Finding = {
  ...AUTO_LOGIN_FINDING,
  severity: 'warning',
  what: 'a local auto-login wallet',
  why: 'its password follows from the file, the host name and a user name: whoever has the file and guesses those has the keys',
};
const OPEN_KEY_FINDING: Finding = {
  id: 'secret-in-the-open',
  severity: 'danger',
  where: 'private key',
  what: 'not encrypted',
  why: 'whoever has the file has the key, without any password',
  standard: 'NIST SP 800-57 Part 1 §6.2',
};

const REPORTERS: Readonly<Record<FileKind, (bytes: Uint8Array, base: Base, kind: FileKind) => Report>> = {
  pkcs12: reportPkcs12,
  'auto-login': reportAutoLogin,
  certificate(bytes, base) {
    const { value, fault } = attempt(() => parseCertificate(bytes));
    return { kind: 'certificate', ...base, fault, certificate: value };
  },
  'certificate-request'(bytes, base) {
    const { value, fault } = attempt(() => parseCertificateRequest(bytes));
    return { kind: 'certificate-request', ...base, fault, request: value };
  },
  'private-key': reportKey,
  'encrypted-private-key': reportKey,
  'public-key': reportKey,
  pem: reportPem,
  ttlv: reportTtlv,
  'ttlv-hex': reportTtlv,
  'ttlv-xml': reportTtlv,
  'ttlv-json': reportTtlv,
  okvclient: reportOkvClient,
  statement: reportStatements,
  unknown: (_, base) => ({ kind: 'unknown', ...base, fault: null }),
};
