/** The page: its bar, the file that is open, its sections, and what keys, drops and time do everywhere. Layer: web. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { PageContext, usePage, useSession } from './context.ts';
import type { Facts } from './facts.ts';
import { type Loaded, Session, type SessionState } from './session.ts';
import { Bytes } from './views/bytes.tsx';
import { Check, Compare } from './views/check.tsx';
import { Contents } from './views/contents.tsx';
import { Help, Trust } from './views/dialogs.tsx';
import { FileHead } from './views/file-head.tsx';
import { Keys } from './views/keys.tsx';
import { Message } from './views/message.tsx';
import { Overview, pfxOf, VerdictStrip } from './views/overview.tsx';
import { readFile, Start } from './views/start.tsx';
import { type Language, type Words, wordsOf } from './words.ts';

type SectionName = 'overview' | 'keys' | 'contents' | 'check' | 'compare' | 'message' | 'bytes';

/** The whole page. */
export function App({ facts }: { readonly facts: Facts }): JSX.Element {
  const [language, setLanguage] = useState<Language>(navigator.language.startsWith('zh') ? 'zh' : 'en');
  const session = useMemo(() => new Session(), []);
  const page = useMemo(() => ({ session, facts, language, words: wordsOf(language) }), [session, facts, language]);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  useLayoutEffect(() => watch(session), [session]);
  return (
    <PageContext.Provider value={page}>
      <Frame onLanguage={() => setLanguage(language === 'en' ? 'zh' : 'en')} />
    </PageContext.Provider>
  );
}

/** What locks by itself, and what may be dropped anywhere. */
function watch(session: Session): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  for (const event of ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const)
    addEventListener(event, () => session.touch(), { signal, passive: true });
  document.addEventListener('visibilitychange', () => session.visibility(document.hidden), { signal });
  addEventListener(
    'pagehide',
    () => {
      session.clear();
      document.body.replaceChildren();
    },
    { signal },
  );
  addEventListener('dragover', (event) => event.preventDefault(), { signal });
  addEventListener(
    'drop',
    (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void readFile(file).then((bytes) => session.load(file.name, bytes));
    },
    { signal },
  );
  return () => abort.abort();
}

function Frame({ onLanguage }: { readonly onLanguage: () => void }): JSX.Element {
  const { session, facts, words, language } = usePage();
  const state = useSession();
  const [dialog, setDialog] = useState<'help' | 'trust' | null>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [hint, setHint] = useState<string | null>(null);
  const sections = sectionsOf(state);
  // Made anew with the file and when that is opened or locked, in the same drawing: done after it, that would undo a choice made meanwhile.
  const choice = useMemo(() => ({ section: null as SectionName | null }), [state.opened === null, state.file]);
  const section = choice.section ?? sections[0] ?? 'overview';
  const choose = (name: SectionName): void => {
    choice.section = name;
    redraw(0);
  };
  useKeys({ session, state, sections, onSection: choose, onHelp: () => setDialog('help') });
  const { file, opened } = state;
  return (
    <div class="page">
      <header class="bar">
        <span class="wordmark">{words.title}</span>
        <span class="spacer" />
        {opened !== null && (
          <button type="button" class="primary" onClick={() => session.lock()}>
            {words.lock}
          </button>
        )}
        {file !== null && (
          <button type="button" onClick={() => session.clear()}>
            {words.close}
          </button>
        )}
        <button type="button" class="quiet" onClick={() => setDialog('trust')}>
          {words.trust}
        </button>
        <button type="button" class="quiet" lang={language === 'en' ? 'zh' : 'en'} onClick={onLanguage}>
          {language === 'en' ? '中文' : 'English'}
        </button>
        <button type="button" class="quiet" aria-label={words.help} onClick={() => setDialog('help')}>
          ?
        </button>
      </header>
      <main>
        {facts.failure !== null ? (
          <p class="fault">{facts.failure}</p>
        ) : file === null ? (
          <Start onPassword={setHint} />
        ) : (
          <>
            <FileHead file={file} hint={hint === '' ? null : hint} />
            <VerdictStrip report={file.report} />
            <Sections sections={sections} section={section} onSection={choose} />
            <div id="section" role="tabpanel" aria-labelledby={`tab-${section}`} key={section}>
              <SectionView section={section} file={file} state={state} />
            </div>
          </>
        )}
      </main>
      {dialog === 'help' && <Help onClose={() => setDialog(null)} />}
      {dialog === 'trust' && <Trust onClose={() => setDialog(null)} />}
    </div>
  );
}

function sectionsOf({ file, opened }: SessionState): readonly SectionName[] {
  if (file === null) return [];
  const { kind } = file.report;
  if (kind.startsWith('ttlv')) return ['message', 'bytes'];
  if (kind === 'unknown' || kind === 'statement' || kind === 'okvclient' || kind === 'pem')
    return ['overview', 'bytes'];
  if (opened === null || pfxOf(file.report) === null) return ['overview', 'bytes'];
  const { masterKeys, keyringKeys } = opened.report;
  return masterKeys.length + keyringKeys.length === 0
    ? ['contents', 'overview', 'bytes']
    : ['keys', 'contents', 'check', 'compare', 'overview', 'bytes'];
}

function Sections(props: {
  readonly sections: readonly SectionName[];
  readonly section: SectionName;
  readonly onSection: (name: SectionName) => void;
}): JSX.Element {
  const { words } = usePage();
  const { sections, section, onSection } = props;
  const tabs = useRef<HTMLDivElement>(null);
  const move = (by: number): void => {
    const name = sections[(sections.indexOf(section) + by + sections.length) % sections.length] as SectionName;
    onSection(name);
    tabs.current?.querySelector<HTMLElement>(`#tab-${name}`)?.focus();
  };
  return (
    <div
      ref={tabs}
      class="tabs"
      role="tablist"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'ArrowRight') move(1);
        if (event.key === 'ArrowLeft') move(-1);
      }}
    >
      {sections.map((name) => (
        <button
          type="button"
          role="tab"
          key={name}
          id={`tab-${name}`}
          aria-controls="section"
          aria-selected={name === section}
          tabIndex={name === section ? 0 : -1}
          onClick={() => onSection(name)}
        >
          {words[name as keyof Words] as string}
        </button>
      ))}
    </div>
  );
}

function SectionView({
  section,
  file,
  state,
}: {
  readonly section: SectionName;
  readonly file: Loaded;
  readonly state: SessionState;
}): JSX.Element {
  const { opened } = state;
  const { report } = file;
  if (section === 'bytes') return <Bytes file={file} />;
  if (section === 'message' && 'items' in report) return <Message file={file} report={report} />;
  if (opened !== null) {
    if (section === 'keys') return <Keys opened={opened} />;
    if (section === 'contents') return <Contents opened={opened} />;
    if (section === 'check') return <Check opened={opened} />;
    if (section === 'compare') return <Compare opened={opened} />;
  }
  return <Overview report={report} />;
}

/** The keys that work everywhere but where text is typed. */
function useKeys(on: {
  readonly session: Session;
  readonly state: SessionState;
  readonly sections: readonly SectionName[];
  readonly onSection: (name: SectionName) => void;
  readonly onHelp: () => void;
}): void {
  // At once, not after the next frame: a key pressed before that would meet the page as it was, or nothing.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
      const typing = event.target instanceof HTMLElement && event.target.matches('input, textarea');
      if (event.key === 'Escape') {
        if (on.state.unlocking !== null) on.session.cancel();
        else if (typing) (event.target as HTMLElement).blur();
        return;
      }
      if (typing) return;
      const section = on.sections[Number(event.key) - 1];
      if (section !== undefined) on.onSection(section);
      else if (event.key === '?') on.onHelp();
      else if (event.key === 'l') on.session.lock();
      else if (event.key === 'o') dispatchEvent(new Event('keyward:choose'));
      else if (event.key === '/') document.querySelector<HTMLElement>('input[type=search]')?.focus();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
}
