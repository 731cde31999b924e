/**
 * What the server reads from an X.509 certificate (RFC 5280) for its attributes: names as DER and as text, serial number, public key
 * length, signature algorithm. The x509 room reads it; a short walk over the DER finds the names' own bytes.
 * Layer: kmip/server, Node only.
 *
 *   TBSCertificate ::= SEQUENCE { version [0]?, serialNumber INTEGER, signature, issuer Name, validity, subject Name, … }
 */
import { DER, DerCursor } from '../../../core/index.ts';
import { FormatError } from '../../../errors.ts';
import { parseCertificate } from '../../../x509/index.ts';
import { refuse } from '../refusal.ts';

/** One part of a distinguished name: `CN`, `O`, … and its value. */
export interface NamePart {
  readonly type: string;
  readonly value: string;
}

/** The facts of a certificate. */
export interface CertificateFacts {
  readonly subject: CertificateName;
  readonly issuer: CertificateName;
  /** DER of the INTEGER. */
  readonly serialDer: Uint8Array<ArrayBuffer>;
  /** Hex, upper case, two digits a byte. */
  readonly serial: string;
  /** Bits of the public key, where it has a length. */
  readonly keyBits: number | null;
  /** Digital Signature Algorithm token; undefined for one that KMIP has no name for. */
  readonly signatureAlgorithm: string | undefined;
}

/** A distinguished name. */
export interface CertificateName {
  /** As in `CN=name,O=organisation` (RFC 4514). */
  readonly text: string;
  readonly der: Uint8Array<ArrayBuffer>;
  readonly parts: readonly NamePart[];
}

/** Reads a certificate, DER. */
export function readCertificate(der: Uint8Array): CertificateFacts {
  try {
    const { subject, issuer, publicKey, signatureAlgorithm } = parseCertificate(der);
    const tbs = DerCursor.over(der).readSequence().readSequence();
    if (tbs.is(0xa0)) tbs.skip();
    const serialDer = tbs.readElement();
    const serial = DerCursor.over(serialDer).lendContents(DER.INTEGER);
    tbs.skip();
    const issuerDer = tbs.readElement();
    tbs.skip();
    return {
      subject: { ...subject, der: tbs.readElement() },
      issuer: { ...issuer, der: issuerDer },
      serialDer,
      // Without the zero that only says that the number is positive.
      serial: hexUpper(serial[0] === 0 && serial.length > 1 ? serial.subarray(1) : serial),
      keyBits: publicKey.bits,
      signatureAlgorithm: SIGNATURES[signatureAlgorithm],
    };
  } catch (error) {
    if (error instanceof FormatError) return refuse('InvalidField', 'this is no X.509 certificate');
    throw error;
  }
}

function hexUpper(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase();
}

/** By the names of the x509 room. */
const SIGNATURES: Readonly<Record<string, string>> = {
  md2WithRSAEncryption: 'MD2WithRSAEncryption',
  md5WithRSAEncryption: 'MD5WithRSAEncryption',
  sha1WithRSAEncryption: 'SHA_1WithRSAEncryption',
  sha224WithRSAEncryption: 'SHA_224WithRSAEncryption',
  sha256WithRSAEncryption: 'SHA_256WithRSAEncryption',
  sha384WithRSAEncryption: 'SHA_384WithRSAEncryption',
  sha512WithRSAEncryption: 'SHA_512WithRSAEncryption',
  'RSASSA-PSS': 'RSASSA_PSS',
  'ecdsa-with-SHA1': 'ECDSAWithSHA_1',
  'ecdsa-with-SHA224': 'ECDSAWithSHA224',
  'ecdsa-with-SHA256': 'ECDSAWithSHA256',
  'ecdsa-with-SHA384': 'ECDSAWithSHA384',
  'ecdsa-with-SHA512': 'ECDSAWithSHA512',
};
