/** Everything else in an opened file: entries, certificates, keys, and bags that nobody knows. Nothing is left out. Layer: web. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { BagReport, OpenedFile } from '../../inspect/index.ts';
import { usePage } from '../context.ts';
import { CertificateCard } from './certificate.tsx';
import { Reveal, Text } from './parts.tsx';

/** Lines drawn at once; the rest on demand. */
const STEP = 100;

/** The list. */
export function Contents({ opened }: { readonly opened: OpenedFile }): JSX.Element {
  const { words } = usePage();
  const { bags } = opened.report;
  const [shown, setShown] = useState(STEP);
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const found =
    wanted === '' ? bags : bags.filter((bag) => `${bag.title} ${bag.meaning ?? ''}`.toLowerCase().includes(wanted));
  return (
    <div>
      <h2>{`${words.entries} (${bags.length})`}</h2>
      {bags.length > 5 && (
        <input
          type="search"
          class="search"
          aria-label={words.search}
          placeholder={words.search}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      <ul class="entries">
        {found.slice(0, shown).map((bag) => (
          <Entry key={bag.index} bag={bag} opened={opened} />
        ))}
      </ul>
      {found.length > shown && (
        <button type="button" onClick={() => setShown(shown + STEP)}>
          {`+ ${found.length - shown}`}
        </button>
      )}
    </div>
  );
}

function Entry({ bag, opened }: { readonly bag: BagReport; readonly opened: OpenedFile }): JSX.Element {
  const { words } = usePage();
  const what =
    bag.meaning ?? bag.algorithm ?? (bag.kind === 'unknown' || bag.kind === 'other-secret' ? words.opaque : null);
  return (
    <li>
      <p class="entry">
        <span class="entry-title">
          <Text>{bag.title}</Text>
        </span>
        {what !== null && <span class="why">{what}</span>}
        <span class="place">{`${bag.sizeBytes} ${words.size}`}</span>
        {bag.secret && <Reveal label={bag.title} secret={() => opened.revealBag(bag.index)} />}
      </p>
      {bag.fault !== null && <p class="fault">{`${bag.fault.code}: ${bag.fault.message}`}</p>}
      {bag.certificate !== null && <CertificateCard certificate={bag.certificate} />}
    </li>
  );
}
