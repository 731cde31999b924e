/**
 * Reports as text for people. Text out of files is shown with control and direction characters escaped: a name cannot make a line,
 * move the cursor or turn the writing around. Layer: inspect.
 */
import type { CertificateSummary, KeySummary } from '../x509/index.ts';
import type { OpenedReport } from './open.ts';
import type { Derivation, Fault, Finding, Pkcs12Report, Report } from './report.ts';

/** Formats a report, and what was found inside when the file was opened. */
export function formatReport(report: Report, opened?: OpenedReport): string {
  const lines = [`${TITLES[report.kind]}, ${report.sizeBytes} bytes`, `SHA-256 ${report.sha256}`];
  if (report.fault !== null) lines.push(...faultLines(report.fault));
  lines.push(...detailLines(report));
  if (opened !== undefined) lines.push('', ...openedLines(opened));
  return `${lines.join('\n')}\n`;
}

/** Escapes what could change how a line is shown: controls, line ends, direction marks, characters without width. */
export function printableText(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function detailLines(report: Report): readonly string[] {
  switch (report.kind) {
    case 'pkcs12':
      return [...structureLines(report), ...findingLines(report.findings)];
    case 'auto-login': {
      const { header, pfx } = report;
      if (header === null || pfx === null) return [];
      const lines = [`${header.local ? 'local ' : ''}auto-login, form ${header.form}, version ${header.version}`];
      return [
        ...lines,
        `PKCS#12 file at offset ${header.pfxOffset}:`,
        ...structureLines(pfx),
        ...findingLines(report.findings),
      ];
    }
    case 'certificate':
      return report.certificate === null ? [] : certificateLines(report.certificate);
    case 'certificate-request':
      return report.request === null
        ? []
        : [`subject ${printableText(report.request.subject.text)}`, keyLine(report.request.publicKey)];
    case 'private-key':
    case 'public-key':
    case 'encrypted-private-key':
      return [...(report.key === null ? [] : [keyLine(report.key)]), ...findingLines(report.findings)];
    case 'pem':
      return report.blocks.flatMap(({ label, report: block }) => ['', `-- ${label} --`, formatReport(block).trimEnd()]);
    case 'ttlv':
    case 'ttlv-hex':
    case 'ttlv-xml':
    case 'ttlv-json':
      return [`${report.items} items`, ...(report.text === null ? [] : ['', report.text.trimEnd()])];
    case 'okvclient':
      return [...report.servers.map((server, i) => `${i === 0 ? 'server' : 'standby'} ${server}`), ...report.warnings];
    case 'statement':
      return report.statements.map(
        ({ line, statement, text, fault }) =>
          `line ${line}: ${statement ?? 'not a statement'}: ${printableText(text)}${fault === null ? '' : `\n  ${fault.message}`}`,
      );
    case 'unknown':
      return ['no format that is known here'];
  }
}

function structureLines({ structure }: Pkcs12Report): readonly string[] {
  if (structure === null) return [];
  const { mac, integrity, safes, cost, quirks } = structure;
  const lines = [`integrity: ${mac === null ? integrity : `${mac.name}${derivationText(mac.derivation)}`}`];
  lines.push(`opening costs ${cost.iterations} iterations in ${cost.derivations} derivations, as far as can be seen`);
  for (const safe of safes) {
    const protection = safe.encryption ?? 'in the open';
    lines.push(
      `safe ${safe.index} at offset ${safe.offset}, ${safe.sizeBytes} bytes: ${protection}${derivationText(safe.derivation)}`,
    );
    for (const bag of safe.bags ?? []) lines.push(`  ${printableText(bag)}`);
    if (safe.fault !== null) lines.push(...faultLines(safe.fault).map((line) => `  ${line}`));
  }
  if (quirks.length > 0) lines.push(`quirks: ${quirks.join(', ')}`);
  return lines;
}

function openedLines(opened: OpenedReport): readonly string[] {
  const { integrity, wallet, fault, masterKeys, keyringKeys, bags, findings } = opened;
  const lines = [`opened: integrity ${integrity}`];
  if (wallet !== null)
    lines.push(
      `wallet ${wallet.id}, generation ${wallet.generation}, layout ${wallet.layout}, active key ${wallet.activeKeyId ?? 'none'}`,
    );
  if (fault !== null) lines.push(...faultLines(fault));
  for (const key of masterKeys)
    lines.push(
      `master key ${key.keyId} ${key.state}, created ${key.created}${key.keyTag === null ? '' : `, tag ${printableText(key.keyTag)}`}`,
    );
  for (const key of keyringKeys)
    lines.push(
      `keyring key ${printableText(key.id)} of ${printableText(key.owner)}: ${key.type}, ${key.lengthBytes} bytes`,
    );
  for (const bag of bags) {
    lines.push(`${printableText(bag.title)}${bag.meaning === null ? '' : `: ${bag.meaning}`}`);
    if (bag.certificate !== null) lines.push(...certificateLines(bag.certificate).map((line) => `  ${line}`));
    if (bag.fault !== null) lines.push(...faultLines(bag.fault).map((line) => `  ${line}`));
  }
  return [...lines, ...findingLines(findings)];
}

function certificateLines(certificate: CertificateSummary): readonly string[] {
  const { subject, issuer, serialNumber, notBefore, notAfter, publicKey, signatureAlgorithm, fingerprints } =
    certificate;
  return [
    `subject ${printableText(subject.text)}`,
    `issuer ${printableText(issuer.text)}`,
    `serial number ${serialNumber}`,
    `valid ${notBefore.toISOString()} to ${notAfter.toISOString()}`,
    keyLine(publicKey),
    `signed with ${signatureAlgorithm}`,
    ...certificate.extensions.map(
      ({ name, critical, lines }) => `${name}${critical ? ' (critical)' : ''}: ${lines.map(printableText).join(', ')}`,
    ),
    `SHA-1 fingerprint ${fingerprints.sha1}`,
    `SHA-256 fingerprint ${fingerprints.sha256}`,
  ];
}

function keyLine({ algorithm, bits, curve }: KeySummary): string {
  return `key ${[algorithm, curve, bits === null ? null : `${bits} bits`].filter((part) => part !== null).join(', ')}`;
}

function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ severity, where, what, why, standard }) => `${severity}: ${printableText(where)}: ${what}: ${why} (${standard})`,
  );
}

function faultLines({ code, message, offset, path }: Fault): readonly string[] {
  const place = offset === null ? '' : ` (offset ${offset})`;
  const within = path.length === 0 ? [] : [`  in ${path.join(' > ')}`];
  return [`${code}: ${printableText(message)}${message.includes(`offset ${offset}`) ? '' : place}`, ...within];
}

function derivationText(derivation: Derivation | null): string {
  if (derivation === null) return '';
  const { name, iterations, salt } = derivation;
  return `; ${name}${iterations === null ? '' : `, ${iterations} iterations`}, salt of ${salt.length / 2} bytes`;
}

const TITLES: Readonly<Record<Report['kind'], string>> = {
  pkcs12: 'PKCS#12 file',
  'auto-login': 'auto-login wallet (cwallet.sso)',
  certificate: 'certificate',
  'certificate-request': 'certificate request',
  'private-key': 'private key',
  'encrypted-private-key': 'encrypted private key',
  'public-key': 'public key',
  pem: 'PEM file',
  ttlv: 'TTLV message',
  'ttlv-hex': 'TTLV message in hex',
  'ttlv-xml': 'TTLV message in XML',
  'ttlv-json': 'TTLV message in JSON',
  okvclient: 'okvclient.ora',
  statement: 'SQL statements',
  unknown: 'file',
};
