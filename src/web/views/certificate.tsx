/** A certificate: names, validity, key, extensions, fingerprints. Layer: web. */
import type { JSX } from 'preact';
import type { CertificateReport } from '../../inspect/index.ts';
import { usePage } from '../context.ts';
import type { Words } from '../words.ts';
import { Code, Fact, Text, Time } from './parts.tsx';

type Certificate = NonNullable<CertificateReport['certificate']>;

/** Draws a certificate. */
export function CertificateCard({ certificate }: { readonly certificate: Certificate }): JSX.Element {
  const { words } = usePage();
  const { subject, issuer, serialNumber, notBefore, notAfter, publicKey, signatureAlgorithm } = certificate;
  const { subjectAlternativeNames: names, extensions, fingerprints } = certificate;
  const key = [publicKey.algorithm, publicKey.curve, publicKey.bits === null ? null : `${publicKey.bits} bits`];
  return (
    <dl class="card certificate">
      <Fact name={words.subject}>
        <Text>{subject.text}</Text>
      </Fact>
      {names.length > 0 && (
        <Fact name="SAN">
          <Text>{names.join(', ')}</Text>
        </Fact>
      )}
      <Fact name={words.issuer}>
        <Text>{issuer.text}</Text>
      </Fact>
      <Fact name={words.serial}>
        <Code>{serialNumber}</Code>
      </Fact>
      <Fact name={words.valid}>
        <Time value={notBefore} /> – <Time value={notAfter} />{' '}
        <span class="relative">{relativeValidity(notBefore, notAfter, words)}</span>
      </Fact>
      <Fact name={words.key}>{key.filter((part) => part !== null).join(', ')}</Fact>
      <Fact name={words.signature}>{signatureAlgorithm}</Fact>
      {extensions.map(({ oid, name, critical, lines }) => (
        <Fact key={oid} name={critical ? `${name} (${words.critical})` : name}>
          <Text>{lines.join(', ')}</Text>
        </Fact>
      ))}
      <Fact name={words.fingerprints}>
        <span class="lines">
          <span>
            SHA-1 <Code>{fingerprints.sha1}</Code>
          </span>
          <span>
            SHA-256 <Code>{fingerprints.sha256}</Code>
          </span>
        </span>
      </Fact>
    </dl>
  );
}

function relativeValidity(notBefore: Date, notAfter: Date, words: Words): string {
  const now = Date.now();
  const days = (ms: number): string => words.days(Math.max(1, Math.round(ms / 86_400_000)));
  if (now < notBefore.getTime()) return words.notYet(days(notBefore.getTime() - now));
  if (now > notAfter.getTime()) return words.expired(days(now - notAfter.getTime()));
  return words.expires(days(notAfter.getTime() - now));
}
