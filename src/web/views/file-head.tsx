/** What the file is, and the way into it: name, kind, size, hash; password, progress, a calm line when it was wrong. Layer: web. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatReport } from '../../inspect/index.ts';
import { usePage, useSession } from '../context.ts';
import type { Loaded, Notice } from '../session.ts';
import type { Words } from '../words.ts';
import { Code, Copy, Download, Text } from './parts.tsx';

/** The head of a file. */
export function FileHead({ file, hint }: { readonly file: Loaded; readonly hint: string | null }): JSX.Element {
  const { words } = usePage();
  const { opened } = useSession();
  const { report } = file;
  const whole = () => (opened === null ? report : { ...report, opened: opened.report });
  const base = file.name.replace(/[^\w.-]/g, '_');
  return (
    <section class="file-head">
      <h1>
        <Text>{file.name}</Text>
      </h1>
      <p class="facts">
        <span>{report.kind === 'unknown' ? words.unknownFile : KIND_NAMES[report.kind]}</span>
        <span>{`${report.sizeBytes.toLocaleString('en')} ${words.size}`}</span>
        <span class="hash">
          SHA-256 <Code>{report.sha256}</Code>
        </span>
        <Copy text={() => report.sha256}>{words.copy}</Copy>
      </p>
      <p class="downloads">
        <Download name={`${base}.report.json`} type="application/json" text={() => JSON.stringify(whole(), null, 2)}>
          {words.reportJson}
        </Download>
        <Download name={`${base}.report.txt`} type="text/plain" text={() => formatReport(report, opened?.report)}>
          {words.reportText}
        </Download>
      </p>
      {report.fault !== null && (
        <p class="fault" role="status">
          <strong>{report.fault.code}</strong> <Text>{report.fault.message}</Text>
        </p>
      )}
      {canOpen(file) && opened === null && <Unlock file={file} hint={hint} />}
    </section>
  );
}

function canOpen({ report }: Loaded): boolean {
  if (report.kind === 'pkcs12') return report.structure !== null && report.structure.integrity !== 'signature';
  return report.kind === 'auto-login' && report.pfx?.structure !== null && report.pfx !== null;
}

function Unlock({ file, hint }: { readonly file: Loaded; readonly hint: string | null }): JSX.Element {
  const { session, words } = usePage();
  const { unlocking, notice } = useSession();
  const header = file.report.kind === 'auto-login' ? file.report.header : null;
  return (
    <div class="unlock">
      {unlocking !== null ? (
        <Progress />
      ) : header === null ? (
        <PasswordForm onPassword={(password) => void session.unlock(password)} />
      ) : header.local ? (
        <OwnerForm />
      ) : (
        <button type="button" class="primary" onClick={() => void session.unlock(null)}>
          {words.openAutoLogin}
        </button>
      )}
      {hint !== null && unlocking === null && header === null && (
        <p class="hint">
          {words.samplePassword}: <Code>{hint}</Code>
        </p>
      )}
      <p class="notice" role="status">
        {notice === null ? '' : noticeText(notice, words)}
      </p>
    </div>
  );
}

/** A password and what opens with it. The field is emptied at once. */
export function PasswordForm({ onPassword }: { readonly onPassword: (password: string) => void }): JSX.Element {
  const { words } = usePage();
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form
      class="password"
      onSubmit={(event) => {
        event.preventDefault();
        const element = field.current;
        if (element === null) return;
        const { value } = element;
        element.value = '';
        onPassword(value);
      }}
    >
      <label>
        <span>{words.password}</span>
        <input ref={field} type="password" autoComplete="off" spellcheck={false} />
      </label>
      <button type="submit" class="primary">
        {words.unlock}
      </button>
    </form>
  );
}

function OwnerForm(): JSX.Element {
  const { session, words } = usePage();
  const [host, setHost] = useState('');
  const [user, setUser] = useState('');
  return (
    <form
      class="password"
      onSubmit={(event) => {
        event.preventDefault();
        void session.unlock(null, { host, user });
      }}
    >
      <p>{words.localHint}</p>
      <label>
        <span>{words.host}</span>
        <input type="text" value={host} onInput={(event) => setHost(event.currentTarget.value)} />
      </label>
      <label>
        <span>{words.user}</span>
        <input type="text" value={user} onInput={(event) => setUser(event.currentTarget.value)} />
      </label>
      <button type="submit" class="primary" disabled={host === '' || user === ''}>
        {words.unlock}
      </button>
    </form>
  );
}

/** How far a derivation is, and the way out of it. */
export function Progress(): JSX.Element {
  const { session, words } = usePage();
  const { unlocking } = useSession();
  const { fraction, secondsLeft } = unlocking ?? { fraction: 0, secondsLeft: 0 };
  return (
    <div class="progress">
      <progress aria-label={words.deriving} max={1} value={fraction} />
      <span>{secondsLeft >= 1 ? words.secondsLeft(secondsLeft.toFixed(0)) : words.deriving}</span>
      <button type="button" onClick={() => session.cancel()}>
        {words.cancel}
      </button>
    </div>
  );
}

/** A notice as one calm line. */
export function noticeText(notice: Notice, words: Words): string {
  switch (notice.kind) {
    case 'wrong-password':
      return words.wrongPassword;
    case 'cancelled':
      return words.cancelled;
    case 'too-large':
      return words.tooLarge;
    case 'locked':
      return notice.why === 'idle' ? words.lockedIdle : words.lockedHidden;
    case 'error':
      return `${notice.code}: ${notice.message}`;
  }
}

const KIND_NAMES: Readonly<Record<string, string>> = {
  pkcs12: 'PKCS#12',
  'auto-login': 'cwallet.sso',
  certificate: 'X.509',
  'certificate-request': 'PKCS#10',
  'private-key': 'PKCS#8',
  'encrypted-private-key': 'PKCS#8, encrypted',
  'public-key': 'SubjectPublicKeyInfo',
  pem: 'PEM',
  ttlv: 'KMIP, TTLV',
  'ttlv-hex': 'KMIP, TTLV in hex',
  'ttlv-xml': 'KMIP, XML',
  'ttlv-json': 'KMIP, JSON',
  okvclient: 'okvclient.ora',
  statement: 'SQL',
};
