/** The door of the inspect room: bytes in, report out. */
export { detectKind, type FileKind } from './detect.ts';
export { type Dissection, type DissectionElement, dissectDer, dissectTtlv } from './dissect.ts';
export { inspect } from './inspect.ts';
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
export { formatReport } from './text.ts';
export { type OpenedFile, type OpenedReport, openFile } from './open.ts';
