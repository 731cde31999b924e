/** "Does this wallet open that database?", and the comparison of two wallets. Layer: web. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { OpenedFile } from '../../inspect/index.ts';
import { diffWallets, formatKeyId, parseKeyId } from '../../wallet/index.ts';
import { usePage, useSession } from '../context.ts';
import type { Words } from '../words.ts';
import { noticeText, PasswordForm, Progress } from './file-head.tsx';
import { Code, Text } from './parts.tsx';
import { ChooseFile } from './start.tsx';

type Answer = {
  readonly text: string;
  readonly keyId: string | null;
  readonly state: 'active' | 'present' | 'missing' | null;
};

/** Key identifiers pasted in any form, each with what this wallet says of it. */
export function Check({ opened }: { readonly opened: OpenedFile }): JSX.Element {
  const { words } = usePage();
  const [text, setText] = useState('');
  const answers = check(text, opened);
  const known = answers.filter(({ state }) => state !== null);
  const found = known.filter(({ state }) => state !== 'missing').length;
  return (
    <div>
      <h2>{words.checkTitle}</h2>
      <p class="hint">{words.checkHint}</p>
      <textarea
        class="mono"
        aria-label={words.checkTitle}
        rows={5}
        spellcheck={false}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {known.length > 0 && (
        <p role="status">
          <strong>{words.checkSummary(found, known.length)}</strong>
        </p>
      )}
      <ul class="answers">
        {answers.map((answer, i) => (
          <li key={`${i} ${answer.text}`} class={answer.state ?? 'none'}>
            <span class={`state ${answer.state ?? 'none'}`}>{stateText(answer, words)}</span>
            <Code>{answer.keyId ?? answer.text.slice(0, 80)}</Code>
          </li>
        ))}
      </ul>
    </div>
  );
}

function stateText({ state }: Answer, words: Words): string {
  return state === null ? words.notAnId : words[state];
}

function check(text: string, opened: OpenedFile): readonly Answer[] {
  const states = new Map(opened.report.masterKeys.map(({ keyId, state }) => [keyId, state]));
  const words = text.split(/[\s,;'"]+/).filter((word) => word !== '');
  return words.slice(0, 10_000).map((word) => {
    const keyId = keyIdOf(word);
    if (keyId === null) return { text: word, keyId, state: null };
    const state = states.get(keyId);
    return { text: word, keyId, state: state === undefined ? 'missing' : state === 'active' ? 'active' : 'present' };
  });
}

function keyIdOf(text: string): string | null {
  try {
    return formatKeyId(parseKeyId(text));
  } catch {
    return null;
  }
}

/** Two wallets, and which of their master keys differ. */
export function Compare({ opened }: { readonly opened: OpenedFile }): JSX.Element {
  const { session, words } = usePage();
  const { other, unlocking, notice } = useSession();
  const [chosen, setChosen] = useState<{ readonly name: string; readonly bytes: Uint8Array } | null>(null);
  return (
    <div>
      <h2>{words.compareTitle}</h2>
      <p class="hint">{words.compareHint}</p>
      <ChooseFile onFile={(name, bytes) => setChosen({ name, bytes })}>
        <span class="button">{words.choose}</span>
        <span>{chosen === null ? '' : chosen.name}</span>
      </ChooseFile>
      {chosen !== null && unlocking === null && (
        <PasswordForm onPassword={(password) => void session.compareWith(chosen.name, chosen.bytes, password)} />
      )}
      {unlocking !== null && <Progress />}
      <p class="notice" role="status">
        {notice === null ? '' : noticeText(notice, words)}
      </p>
      {other !== null && opened.wallet !== null && other.opened.wallet !== null && (
        <Difference first={opened.wallet} second={other.opened.wallet} />
      )}
    </div>
  );
}

type OpenWallet = NonNullable<OpenedFile['wallet']>;

function Difference({ first, second }: { readonly first: OpenWallet; readonly second: OpenWallet }): JSX.Element {
  const { words } = usePage();
  const { onlyInFirst, onlyInSecond, conflicting, changed, same } = diffWallets(first, second);
  const rows = [
    ...onlyInFirst.map((key) => ({ what: words.onlyHere, mark: 'missing', key })),
    ...onlyInSecond.map((key) => ({ what: words.onlyThere, mark: 'missing', key })),
    ...conflicting.map((key) => ({ what: words.conflicting, mark: 'danger', key })),
    ...changed.map(({ first: key }) => ({ what: words.changed, mark: 'present', key })),
  ];
  return (
    <div>
      <p role="status">
        <strong>{words.same(same)}</strong>
      </p>
      <ul class="answers">
        {rows.map(({ what, mark, key }) => (
          <li key={`${what} ${key.keyId}`}>
            <span class={`state ${mark}`}>{what}</span>
            <Code>{key.keyId}</Code>
            {key.keyTag !== null && <Text>{key.keyTag}</Text>}
          </li>
        ))}
      </ul>
    </div>
  );
}
