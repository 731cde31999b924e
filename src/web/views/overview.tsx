/** The verdict and the structure of a file, as they can be seen without its password, and what kind of file it is otherwise. Layer: web. */
import type { JSX } from 'preact';
import type { Derivation, Finding, Pkcs12Report, Report, SafeReport } from '../../inspect/index.ts';
import { usePage, useSession } from '../context.ts';
import { whyOf } from '../words.ts';
import { CertificateCard } from './certificate.tsx';
import { Code, Fact, Mark, Text } from './parts.tsx';

/** The strip that says whether a file can be relied on. */
export function VerdictStrip({ report }: { readonly report: Report }): JSX.Element | null {
  const { words, language } = usePage();
  const { opened } = useSession();
  const pfx = pfxOf(report);
  if (pfx === null || pfx.structure === null) return null;
  const own = report.kind === 'auto-login' ? report.findings.filter((finding) => !pfx.findings.includes(finding)) : [];
  const findings = opened === null ? [...own, ...pfx.findings] : [...own, ...opened.report.findings];
  const integrity = opened === null ? closedIntegrity(pfx) : opened.report.integrity;
  const good = integrity === 'verified';
  const text = {
    verified: words.verified,
    'not protected': words.notProtected,
    missing: words.macMissing,
    closed: words.closedMac,
  };
  const worst = findings[0]?.severity;
  return (
    <section class={`verdict ${worst ?? (good ? 'good' : 'info')}`} aria-label={words.findings(findings.length)}>
      <p class="verdict-line">
        <Mark kind={good ? 'good' : integrity === 'closed' ? 'info' : 'danger'} /> <strong>{text[integrity]}</strong>
        <span>{words.findings(findings.length)}</span>
      </p>
      {findings.length > 0 && (
        <ul>
          {findings.map((finding, i) => (
            <FindingLine key={`${finding.id} ${finding.where} ${i}`} finding={finding} why={whyOf(language, finding)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function closedIntegrity(pfx: Pkcs12Report): 'missing' | 'closed' {
  return pfx.structure?.mac === null ? 'missing' : 'closed';
}

function FindingLine({ finding, why }: { readonly finding: Finding; readonly why: string }): JSX.Element {
  return (
    <li>
      <Mark kind={finding.severity} />
      <span>
        <Text>{`${finding.where}: ${finding.what}`}</Text>
        <span class="why">
          {why} <cite>{finding.standard}</cite>
        </span>
      </span>
    </li>
  );
}

/** What can be seen of a file. */
export function Overview({ report }: { readonly report: Report }): JSX.Element {
  const { words } = usePage();
  const pfx = pfxOf(report);
  if (pfx !== null) return pfx.structure === null ? <p>{words.opaque}</p> : <Structure pfx={pfx} />;
  switch (report.kind) {
    case 'certificate':
      return report.certificate === null ? <p>{words.opaque}</p> : <CertificateCard certificate={report.certificate} />;
    case 'certificate-request':
      return (
        <dl class="card">
          <Fact name={words.subject}>
            <Text>{report.request?.subject.text ?? '–'}</Text>
          </Fact>
          <Fact name={words.key}>{keyText(report.request?.publicKey ?? null)}</Fact>
        </dl>
      );
    case 'private-key':
    case 'public-key':
    case 'encrypted-private-key':
      return (
        <div class="card">
          <dl>
            <Fact name={words.key}>{keyText(report.key)}</Fact>
          </dl>
          <ul class="plain">
            {report.findings.map((finding) => (
              <FindingLine key={finding.id} finding={finding} why={finding.why} />
            ))}
          </ul>
        </div>
      );
    case 'pem':
      return (
        <div>
          <h2>{words.blocks}</h2>
          {report.blocks.map(({ label, offset, report: block }) => (
            <section class="block" key={offset}>
              <h3>{label}</h3>
              {block.fault !== null && <p class="fault">{block.fault.message}</p>}
              <Overview report={block} />
            </section>
          ))}
        </div>
      );
    case 'okvclient':
      return (
        <div class="card">
          <h2>{words.servers}</h2>
          <ol>
            {report.servers.map((server) => (
              <li key={server}>
                <Code>{server}</Code>
              </li>
            ))}
          </ol>
          {report.warnings.map((warning) => (
            <p key={warning}>
              <Mark kind="warning" /> <Text>{warning}</Text>
            </p>
          ))}
        </div>
      );
    case 'statement':
      return (
        <table>
          <caption>{words.statements}</caption>
          <tbody>
            {report.statements.map(({ line, statement, text, fault }) => (
              <tr key={line}>
                <td class="number">{line}</td>
                <td>{statement ?? <Mark kind="danger" />}</td>
                <td>
                  <Text>{text}</Text>
                  {fault !== null && <span class="why">{fault.message}</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      );
    default:
      return <p>{words.unknownFile}</p>;
  }
}

function Structure({ pfx }: { readonly pfx: Pkcs12Report }): JSX.Element {
  const { words } = usePage();
  const { structure } = pfx;
  if (structure === null) return <p>{words.opaque}</p>;
  const { mac, safes, cost, quirks } = structure;
  return (
    <div class="structure">
      <h2>{words.structure}</h2>
      <ol class="layers">
        <li>
          <strong>MAC</strong> {mac === null ? words.macMissing : <Text>{mac.name}</Text>}
          {mac !== null && <DerivationFacts derivation={mac.derivation} iv={null} />}
        </li>
        {safes.map((safe) => (
          <SafeLayer key={safe.index} safe={safe} />
        ))}
      </ol>
      <p>
        {`${words.cost}: ${cost.iterations.toLocaleString('en')} ${words.iterations}`}
        {quirks.length > 0 && ` · ${quirks.join(', ')}`}
      </p>
    </div>
  );
}

function SafeLayer({ safe }: { readonly safe: SafeReport }): JSX.Element {
  const { words } = usePage();
  return (
    <li>
      <strong>{`${words.safe} ${safe.index}`}</strong>{' '}
      <span class={safe.encryption === null ? 'open' : ''}>
        {safe.encryption === null ? words.inTheOpen : <Text>{safe.encryption}</Text>}
      </span>
      <span class="place">{`${words.offset} ${safe.offset}, ${safe.sizeBytes} ${words.size}`}</span>
      <DerivationFacts derivation={safe.derivation} iv={safe.iv} />
      {safe.fault !== null && <p class="fault">{safe.fault.message}</p>}
      <Bags bags={safe.bags} closed={words.closedSafe} />
    </li>
  );
}

/** Bags shown at once: a hostile file has thousands. */
const MOST_BAGS = 200;

function Bags({ bags, closed }: { readonly bags: readonly string[] | null; readonly closed: string }): JSX.Element {
  if (bags === null) return <p class="closed">{closed}</p>;
  return (
    <ul class="bags">
      {bags.slice(0, MOST_BAGS).map((bag, i) => (
        <li key={`${i} ${bag}`}>
          <Text>{bag}</Text>
        </li>
      ))}
      {bags.length > MOST_BAGS && <li>{`… ${bags.length - MOST_BAGS}`}</li>}
    </ul>
  );
}

function DerivationFacts({
  derivation,
  iv,
}: {
  readonly derivation: Derivation | null;
  readonly iv: string | null;
}): JSX.Element | null {
  const { words } = usePage();
  if (derivation === null) return null;
  const { name, iterations, salt } = derivation;
  return (
    <dl class="derivation">
      <Fact name="KDF">
        {iterations === null ? name : `${name}, ${iterations.toLocaleString('en')} ${words.iterations}`}
      </Fact>
      <Fact name={words.salt}>
        <Code>{salt === '' ? '–' : salt}</Code>
      </Fact>
      {iv !== null && (
        <Fact name="IV">
          <Code>{iv}</Code>
        </Fact>
      )}
    </dl>
  );
}

function keyText(
  key: { readonly algorithm: string; readonly bits: number | null; readonly curve: string | null } | null,
): string {
  if (key === null) return '–';
  return [key.algorithm, key.curve, key.bits === null ? null : `${key.bits} bits`]
    .filter((part) => part !== null)
    .join(', ');
}

/** The PKCS#12 part of a report: itself, or what is inside an auto-login wallet. */
export function pfxOf(report: Report): Pkcs12Report | null {
  if (report.kind === 'pkcs12') return report;
  return report.kind === 'auto-login' ? report.pfx : null;
}
