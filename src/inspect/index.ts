/**
 * Bytes in, report out: what a file is, what it holds and how well it is protected, first without and then with its password; and its
 * DER or TTLV element by element. Reports hold no secret. Node and browsers.
 *
 * @module keyward/inspect
 */
export { detectKind, type FileKind } from './detect.ts';
export { type Dissection, type DissectionElement, dissectDer, dissectTtlv } from './dissect.ts';
export { formatMessage, type InspectOptions, inspect, ttlvBytes } from './inspect.ts';
export {
  type BagReport,
  type KeyringKeyReport,
  type MasterKeyReport,
  type OpenedFile,
  type OpenedReport,
  type OpenFileOptions,
  openFile,
} from './open.ts';
export type {
  AutoLoginReport,
  CertificateReport,
  CertificateRequestReport,
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
  UnknownReport,
} from './report.ts';
export { formatReport, printableText } from './text.ts';
