/**
 * PKCS#10 certificate requests (RFC 2986). Layer: x509.
 *
 *   CertificationRequest ::= SEQUENCE { certificationRequestInfo SEQUENCE { version INTEGER, subject Name,
 *                            subjectPKInfo SubjectPublicKeyInfo, attributes [0] SET OF Attribute }, algorithm, signature }
 */
import { DerCursor } from '../core/index.ts';
import { type ExtensionSummary, readExtensions } from './extension.ts';
import { type KeySummary, readPublicKeyInfo } from './key-info.ts';
import { type NameSummary, readName } from './name.ts';
import { OID } from './oids.ts';

/** A certificate request, described. */
export interface CertificateRequestSummary {
  readonly subject: NameSummary;
  readonly publicKey: KeySummary;
  /** The extensions that it asks for. */
  readonly extensions: readonly ExtensionSummary[];
}

/**
 * Describes a certificate request; its signature is not checked.
 *
 * @param der not changed
 * @throws {FormatError} ERR_DER_…
 */
export function parseCertificateRequest(der: Uint8Array): CertificateRequestSummary {
  const info = DerCursor.over(der, undefined, ['CertificationRequest']).readSequence().readSequence('info');
  info.readSmallInteger();
  const subject = readName(info);
  const publicKey = readPublicKeyInfo(info);
  return { subject, publicKey, extensions: info.is(0xa0) ? requestedExtensions(info.readContext(0)) : [] };
}

function requestedExtensions(attributes: DerCursor): readonly ExtensionSummary[] {
  while (attributes.more) {
    const attribute = attributes.readSequence('attribute');
    if (attribute.readOid() === OID.EXTENSION_REQUEST) return readExtensions(attribute.readSet());
  }
  return [];
}
