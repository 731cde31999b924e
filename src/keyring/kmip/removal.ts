/**
 * Removing a key with all its versions, while others may be rotating it: a pure machine, explored together with claim.ts.
 * Destroys what is ready, and unfinished later versions, until a look shows neither: a rotation that begins after that look finds
 * no version to follow; one whose candidate was there before has lost it. Unfinished first versions are others' new keys.
 * Layer: keyring, pure.
 */
import type { Sighting } from './claim.ts';

/** What the machine wants next. */
export type RemovalCommand =
  | { readonly do: 'look' }
  | { readonly do: 'destroy'; readonly uid: string }
  | { readonly do: 'end'; readonly removed: boolean };

/** Where a removal is. Plain data. */
export interface RemovalState {
  readonly doomed: readonly string[];
  /** Something ready was found. */
  readonly found: boolean;
  readonly ended: boolean;
}

/** Begins a removal. */
export function startRemoval(): RemovalState {
  return { doomed: [], found: false, ended: false };
}

/** What is to be done now. */
export function removalCommand({ doomed, found, ended }: RemovalState): RemovalCommand {
  if (ended) return { do: 'end', removed: found };
  const [uid] = doomed;
  return uid === undefined ? { do: 'look' } : { do: 'destroy', uid };
}

/** The state after a look. */
export function looked(state: RemovalState, objects: readonly Sighting[]): RemovalState {
  const doomed = objects.filter(isPartOfKey).sort((a, b) => b.version - a.version);
  const found = state.found || doomed.some(({ stage }) => stage === 'ready');
  return { doomed: doomed.map(({ uid }) => uid), found, ended: doomed.length === 0 };
}

/** The state after an object was destroyed, or found to be. */
export function destroyed(state: RemovalState): RemovalState {
  return { ...state, doomed: state.doomed.slice(1) };
}

function isPartOfKey({ stage, version }: Sighting): boolean {
  return stage === 'ready' || (stage !== 'gone' && version > 1);
}
