/**
 * What a report says: plain data that JSON holds, without anything secret. Offsets and sizes are bytes of the file, times ISO 8601
 * in UTC, bytes lower-case hex. Layer: inspect.
 */
import type { Verdict } from '../pkcs12/index.ts';
import type { CertificateRequestSummary, CertificateSummary, KeySummary } from '../x509/index.ts';
import type { FileKind } from './detect.ts';

/** A finding: see the pkcs12 room's verdicts. */
export type Finding = Verdict;

/** Why a file, or a part of it, could not be read. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  /** Where in the file; null where the place is not known. */
  readonly offset: number | null;
  /** The structures around that place, outermost first. */
  readonly path: readonly string[];
}

/** What every report has. */
export interface ReportBase {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  /** Hex, of the file. */
  readonly sha256: string;
  /** What is wrong with it; null for a file that could be read. */
  readonly fault: Fault | null;
}

/** One key derivation. */
export interface Derivation {
  /** `PBKDF2-HMAC-SHA-256`, … */
  readonly name: string;
  /** Null for scrypt, whose cost stands in `name`. */
  readonly iterations: number | null;
  readonly salt: string;
}

/** One safe of a PKCS#12 file. */
export interface SafeReport {
  /** From 0, in the file's order. */
  readonly index: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly contents: string;
  /** One line; null for a safe in the open. */
  readonly encryption: string | null;
  readonly derivation: Derivation | null;
  readonly iv: string | null;
  /** Why no password will open it; null where one may. */
  readonly fault: Fault | null;
  /** One line a bag; null while it is closed. */
  readonly bags: readonly string[] | null;
}

/** A PKCS#12 file as it can be seen without its password. */
export interface Pkcs12Report extends ReportBase {
  readonly kind: 'pkcs12';
  /** Null where `fault` says why. */
  readonly structure: {
    readonly version: number;
    readonly integrity: 'password' | 'none' | 'signature';
    readonly mac: {
      readonly name: string;
      readonly derivation: Derivation | null;
      readonly fault: Fault | null;
    } | null;
    readonly safes: readonly SafeReport[];
    /** What opening it costs, as far as can be seen. */
    readonly cost: { readonly iterations: number; readonly derivations: number };
    readonly quirks: readonly string[];
  } | null;
  readonly findings: readonly Finding[];
}

/** Oracle's `cwallet.sso`. */
export interface AutoLoginReport extends ReportBase {
  readonly kind: 'auto-login';
  /** Null where `fault` says why. */
  readonly header: {
    /** Opens only where it was made. */
    readonly local: boolean;
    readonly version: number;
    /** `12c`: AES; `11g`: DES. */
    readonly form: '11g' | '12c';
    readonly pfxOffset: number;
  } | null;
  /** The PKCS#12 file inside; its offsets are those of that file. */
  readonly pfx: Pkcs12Report | null;
  readonly findings: readonly Finding[];
}

/** A certificate. */
export interface CertificateReport extends ReportBase {
  readonly kind: 'certificate';
  readonly certificate: CertificateSummary | null;
}

/** A certificate request. */
export interface CertificateRequestReport extends ReportBase {
  readonly kind: 'certificate-request';
  readonly request: CertificateRequestSummary | null;
}

/** A key, without its value. */
export interface KeyReport extends ReportBase {
  readonly kind: 'private-key' | 'encrypted-private-key' | 'public-key';
  /** Null for an encrypted one. */
  readonly key: KeySummary | null;
  readonly findings: readonly Finding[];
}

/** A PEM file: one report for each block. */
export interface PemReport extends ReportBase {
  readonly kind: 'pem';
  readonly blocks: readonly { readonly label: string; readonly offset: number; readonly report: Report }[];
}

/** A KMIP message, or any TTLV. */
export interface TtlvReport extends ReportBase {
  readonly kind: 'ttlv' | 'ttlv-hex' | 'ttlv-xml' | 'ttlv-json';
  /** The text form, key material redacted; null where `fault` says why. */
  readonly text: string | null;
  readonly items: number;
}

/** The configuration of a KMIP client. */
export interface OkvClientReport extends ReportBase {
  readonly kind: 'okvclient';
  /** `host:port`, in the order in which they are tried. */
  readonly servers: readonly string[];
  readonly warnings: readonly string[];
}

/** SQL text. */
export interface StatementReport extends ReportBase {
  readonly kind: 'statement';
  readonly statements: readonly {
    readonly line: number;
    /** What it is; null where it cannot be read. */
    readonly statement: string | null;
    /** Its text without secrets. */
    readonly text: string;
    readonly fault: Fault | null;
  }[];
}

/** Anything else. */
export interface UnknownReport extends ReportBase {
  readonly kind: 'unknown';
}

/** What can be said of a file without a password. */
export type Report =
  | Pkcs12Report
  | AutoLoginReport
  | CertificateReport
  | CertificateRequestReport
  | KeyReport
  | PemReport
  | TtlvReport
  | OkvClientReport
  | StatementReport
  | UnknownReport;
