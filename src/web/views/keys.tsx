/** The master keys and the keyring keys of an opened wallet. Layer: web. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { KeyringKeyReport, MasterKeyReport, OpenedFile } from '../../inspect/index.ts';
import { usePage } from '../context.ts';
import { Code, Reveal, Text, Time, useGrowing } from './parts.tsx';

/** Rows drawn in a frame. */
const STEP = 50;

/** The tables. */
export function Keys({ opened }: { readonly opened: OpenedFile }): JSX.Element {
  const { words } = usePage();
  const { masterKeys, keyringKeys, wallet, fault } = opened.report;
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const found = useMemo(() => masterKeys.filter((key) => matches(key, wanted)), [masterKeys, wanted]);
  const ring = useMemo(
    () => keyringKeys.filter(({ id, owner, type }) => `${id} ${owner} ${type}`.toLowerCase().includes(wanted)),
    [keyringKeys, wanted],
  );
  return (
    <div>
      {fault !== null && <p class="fault">{`${fault.code}: ${fault.message}`}</p>}
      {wallet !== null && (
        <p class="facts">
          <span>{`${words.generation} ${wallet.generation}`}</span>
          <span>{`${words.layoutOf}: ${wallet.layout}`}</span>
          <Code>{wallet.id}</Code>
        </p>
      )}
      {masterKeys.length + keyringKeys.length > 5 && (
        <input
          type="search"
          class="search"
          aria-label={words.search}
          placeholder={words.search}
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      )}
      {masterKeys.length === 0 ? (
        <p>{words.noMasterKeys}</p>
      ) : (
        <MasterKeys keys={found} all={masterKeys.length} opened={opened} />
      )}
      {keyringKeys.length > 0 && <KeyringKeys keys={ring} opened={opened} />}
    </div>
  );
}

function matches(key: MasterKeyReport, wanted: string): boolean {
  return wanted === '' || `${key.keyId} ${key.mkid} ${key.keyTag ?? ''} ${key.state}`.toLowerCase().includes(wanted);
}

function MasterKeys({
  keys,
  all,
  opened,
}: {
  readonly keys: readonly MasterKeyReport[];
  readonly all: number;
  readonly opened: OpenedFile;
}): JSX.Element {
  const { words } = usePage();
  const drawn = useGrowing(keys.length, STEP);
  return (
    <div class="table">
      <table class="keys">
        <caption>{`${words.masterKeys} (${keys.length === all ? all : `${keys.length} / ${all}`})`}</caption>
        <thead>
          <tr>
            <th scope="col">{words.state}</th>
            <th scope="col">KEY_ID, MKID</th>
            <th scope="col">{words.tag}</th>
            <th scope="col">{words.times}</th>
            <th scope="col">{words.originAlgorithm}</th>
            <th scope="col">{words.backedUp}</th>
            <th scope="col">{words.value}</th>
          </tr>
        </thead>
        <tbody>
          {keys.slice(0, drawn).map((key) => (
            <tr key={key.keyId} class={key.state}>
              <td>
                <span class={`state ${key.state}`}>{words[key.state]}</span>
              </td>
              <td class="ids">
                <KeyId keyId={key.keyId} />
                <code class="mono mkid">{key.mkid}</code>
              </td>
              <td class="tag">{key.keyTag === null ? <span class="none">–</span> : <Text>{key.keyTag}</Text>}</td>
              <td class="times">
                <Time value={key.created} />
                <Time value={key.activated} />
              </td>
              <td>{`${words[key.origin]}, ${key.algorithm}`}</td>
              <td>{key.backedUp ? words.yes : words.no}</td>
              <td>
                {key.keptBy === 'provider' ? (
                  words.atProvider
                ) : (
                  <Reveal label={key.keyTag ?? key.mkid} secret={() => opened.revealMasterKey(key.keyId)} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A KEY_ID: what tells one from another, and the zeros that fill it up, in one piece for copying. */
function KeyId({ keyId }: { readonly keyId: string }): JSX.Element {
  return (
    <code class="mono">
      {keyId.slice(0, SIGNIFICANT)}
      <span class="padding">{keyId.slice(SIGNIFICANT)}</span>
    </code>
  );
}

/** Characters of a KEY_ID before its zeros. */
const SIGNIFICANT = 23;

function KeyringKeys({
  keys,
  opened,
}: {
  readonly keys: readonly KeyringKeyReport[];
  readonly opened: OpenedFile;
}): JSX.Element {
  const { words } = usePage();
  return (
    <div class="table">
      <table>
        <caption>{`${words.keyringKeys} (${keys.length})`}</caption>
        <thead>
          <tr>
            <th scope="col">ID</th>
            <th scope="col">{words.owner}</th>
            <th scope="col">{words.type}</th>
            <th scope="col">{words.length}</th>
            <th scope="col">{words.version}</th>
            <th scope="col">{words.createdAt}</th>
            <th scope="col">{words.value}</th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={`${key.owner}\0${key.id}`}>
              <td>
                <Text>{key.id}</Text>
              </td>
              <td>
                <Text>{key.owner === '' ? '–' : key.owner}</Text>
              </td>
              <td>
                <Text>{key.type}</Text>
              </td>
              <td class="number">{key.lengthBytes}</td>
              <td class="number">{key.version}</td>
              <td>
                <Time value={key.created} />
              </td>
              <td>
                <Reveal label={key.id} secret={() => opened.revealKeyringKey(key.owner, key.id)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
