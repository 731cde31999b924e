/** The list of keys, and "How do I know?". Layer: web. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { usePage } from '../context.ts';
import { Code } from './parts.tsx';

/** A dialog over the page; Escape closes it. */
function Dialog({
  title,
  onClose,
  children,
}: {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { words } = usePage();
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet" aria-label={words.closeDialog} onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** What the keyboard does. */
export function Help({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { words } = usePage();
  return (
    <Dialog title={words.help} onClose={onClose}>
      <dl class="keymap">
        {words.helpLines.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** What the page is allowed to do, and how to see that it keeps to it. */
export function Trust({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { facts, words } = usePage();
  const [core, setCore] = useState('…');
  useEffect(() => {
    void facts.coreSha256().then(setCore);
  }, [facts]);
  return (
    <Dialog title={words.trust} onClose={onClose}>
      <p>{words.trustIntro}</p>
      <h3>{words.trustCsp}</h3>
      <ul class="policy">
        {facts.policy.map((rule) => (
          <li key={rule}>
            <Code>{rule}</Code>
          </li>
        ))}
      </ul>
      <h3>{words.trustPage}</h3>
      <p>
        <Code>{facts.pageSha256}</Code>
      </p>
      <h3>{words.trustWasm}</h3>
      <p>
        <Code>{core}</Code>
      </p>
      <p>{words.trustTry}</p>
      <p class="hint">{words.trustLimits}</p>
    </Dialog>
  );
}
