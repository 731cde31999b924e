/** Small parts that the views share: texts from files, copying, revealing, times. Layer: web. */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { printableText } from '../../inspect/index.ts';
import type { Secret } from '../../secret.ts';
import { usePage } from '../context.ts';

/** Text out of a file: characters that could change how it is shown are spelt out, and its direction stays its own. */
export function Text({ children }: { readonly children: string }): JSX.Element {
  return <bdi>{printableText(children)}</bdi>;
}

/** Fixed-width text that is selected as a whole with a click. */
export function Code({ children }: { readonly children: string }): JSX.Element {
  return <code class="mono">{children}</code>;
}

/** A button that copies; it says so for a moment. */
export function Copy({
  text,
  children,
}: {
  readonly text: () => string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { words } = usePage();
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text());
    setDone(true);
    setTimeout(() => setDone(false), 1200);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      {done ? words.copied : children}
    </button>
  );
}

const REVEAL_MS = 30_000;

/** A value that is seen only while its button is held, and for no longer than 30 seconds. */
export function Reveal({ label, secret }: { readonly label: string; readonly secret: () => Secret }): JSX.Element {
  const { words } = usePage();
  const [shown, setShown] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const hide = (): void => {
    clearTimeout(timer.current);
    setShown(null);
  };
  const show = (): void => {
    using value = secret();
    setShown(readable(value.expose()));
    clearTimeout(timer.current);
    timer.current = setTimeout(hide, REVEAL_MS);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <span class="reveal">
      <button
        type="button"
        class="quiet"
        aria-label={`${words.hold}: ${label}`}
        aria-pressed={shown !== null}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          show();
        }}
        onLostPointerCapture={hide}
        onKeyDown={(event) => {
          if (!event.repeat && (event.key === ' ' || event.key === 'Enter')) show();
        }}
        onKeyUp={hide}
        onBlur={hide}
        onContextMenu={(event) => event.preventDefault()}
      >
        {words.hold}
      </button>
      {shown !== null && (
        <output class="secret">
          <span class="hint">{`${label}, ${words.theKeyIsShown}`}</span>
          <code class="mono">{shown}</code>
        </output>
      )}
    </span>
  );
}

/** Printable ASCII as it is, anything else in hex. */
function readable(bytes: Uint8Array): string {
  if (bytes.length > 0 && bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) return String.fromCharCode(...bytes);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** How many of many lines to draw: some at once, the rest a frame at a time, so that no frame is long. */
export function useGrowing(count: number, step: number): number {
  const [drawn, setDrawn] = useState(step);
  useEffect(() => {
    if (drawn >= count) return;
    const frame = requestAnimationFrame(() => setDrawn(drawn + step));
    return () => cancelAnimationFrame(frame);
  }, [drawn, count, step]);
  return Math.min(drawn, count);
}

/** A time as ISO 8601 without the parts that nobody reads. */
export function Time({ value }: { readonly value: string | Date | null }): JSX.Element {
  if (value === null) return <span class="none">–</span>;
  const iso = typeof value === 'string' ? value : value.toISOString();
  return <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 16)}`}</time>;
}

/** A definition list's line; nothing for nothing. */
export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The mark of a severity: a shape and a word, never colour alone. */
export function Mark({ kind }: { readonly kind: 'danger' | 'warning' | 'info' | 'good' }): JSX.Element {
  const { words } = usePage();
  const shape = { danger: '▲', warning: '◆', info: '○', good: '●' }[kind];
  return (
    <span class={`mark ${kind}`}>
      <span aria-hidden="true">{shape}</span>
      {kind !== 'good' && <span class="mark-word">{words[kind]}</span>}
    </span>
  );
}

/** Offers text as a file. */
export function Download({
  name,
  type,
  text,
  children,
}: {
  readonly name: string;
  readonly type: string;
  readonly text: () => string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const offer = (): void => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text()], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  return (
    <button type="button" class="quiet" onClick={offer}>
      {children}
    </button>
  );
}
