/** The empty page: drop, choose, paste, or look at a sample. Layer: web. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { usePage, useSession } from '../context.ts';
import { SAMPLES, type Sample } from '../generated/samples.ts';
import type { Words } from '../words.ts';

const SAMPLE_NAMES: Readonly<Record<Sample['id'], keyof Words>> = {
  own: 'sampleOwn',
  oracle: 'sampleOracle',
  java: 'sampleJava',
  message: 'sampleMessage',
};

/** The first view. `onPassword` is told the throw-away password of a sample. */
export function Start({ onPassword }: { readonly onPassword: (password: string) => void }): JSX.Element {
  const { session, words } = usePage();
  const { notice } = useSession();
  const [text, setText] = useState('');
  const takeText = (): void => {
    if (text.trim() !== '') void session.load(words.pasted, new TextEncoder().encode(text));
  };
  const show = (sample: Sample): void => {
    onPassword(sample.password);
    void session.load(sample.file, bytesOf(sample));
  };
  const showDamaged = (): void => {
    const bytes = bytesOf(SAMPLES[0] as Sample);
    onPassword('');
    void session.load('ewallet-damaged.p12', bytes.subarray(0, Math.floor(bytes.length * 0.7)));
  };
  return (
    <section class="start">
      <h1>{words.tagline}</h1>
      <ChooseFile onFile={(name, bytes) => void session.load(name, bytes)}>
        <span class="drop-title">{words.drop}</span>
        <span class="drop-more">{words.dropMore}</span>
        <span class="button primary">{words.choose}</span>
      </ChooseFile>
      {notice?.kind === 'too-large' && <p role="status">{words.tooLarge}</p>}
      <form
        class="paste"
        onSubmit={(event) => {
          event.preventDefault();
          takeText();
        }}
      >
        <textarea
          aria-label={words.paste}
          placeholder={words.paste}
          rows={3}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onPaste={(event) => {
            const file = event.clipboardData?.files[0];
            if (file !== undefined) void readFile(file).then((bytes) => session.load(file.name, bytes));
          }}
        />
        <button type="submit" disabled={text.trim() === ''}>
          →
        </button>
      </form>
      <h2>{words.samples}</h2>
      <div class="samples">
        {SAMPLES.map((sample) => (
          <button type="button" key={sample.id} onClick={() => show(sample)}>
            {words[SAMPLE_NAMES[sample.id]] as string}
          </button>
        ))}
        <button type="button" onClick={showDamaged}>
          {words.sampleDamaged}
        </button>
      </div>
    </section>
  );
}

function bytesOf({ base64 }: Sample): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** A place to choose a file with pointer or keyboard; dropping works anywhere on the page. */
export function ChooseFile(props: {
  readonly onFile: (name: string, bytes: Uint8Array) => void;
  readonly children: JSX.Element | readonly JSX.Element[];
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const open = (): void => input.current?.click();
    addEventListener('keyward:choose', open);
    return () => removeEventListener('keyward:choose', open);
  }, []);
  const take = async (element: HTMLInputElement): Promise<void> => {
    const file = element.files?.[0];
    if (file === undefined) return;
    const bytes = await readFile(file);
    element.value = '';
    props.onFile(file.name, bytes);
  };
  return (
    <label class="drop">
      <input ref={input} type="file" class="unseen" onChange={(event) => void take(event.currentTarget)} />
      {props.children}
    </label>
  );
}

/** The bytes of a file that the user gave. */
export async function readFile(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}
