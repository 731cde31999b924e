/**
 * Summaries of certificates, certificate requests and keys, and PEM: what a person wants to know of them. It reads; it verifies and
 * signs nothing. Node and browsers.
 *
 * @module keyward/x509
 */
export { type CertificateSummary, parseCertificate } from './certificate.ts';
export type { ExtensionSummary } from './extension.ts';
export { type KeySummary, parsePrivateKeyInfo, parsePublicKeyInfo } from './key-info.ts';
export type { NameSummary } from './name.ts';
export { nameX509Oid } from './oids.ts';
export { type PemBlock, parsePem } from './pem.ts';
export { type CertificateRequestSummary, parseCertificateRequest } from './request.ts';
