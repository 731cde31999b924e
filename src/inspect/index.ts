/** The door of the inspect room: bytes in, report out. */
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
