/**
 * What is known of all master keys as one text, the value of `KEYWARD.KEYS`. One entry for all of them, since an entry for each
 * would double the file and the time to open it; who did something is named once and pointed at.
 *
 *   { "format": 1, "actors": [KeyActor, …], "keys": [[id, tag, created, creator, activated, activator, origin, backedUp], …] }
 *   id: the KEY_ID without its trailing zeros, 23 characters · created, activated: milliseconds since 1970, UTC
 *   creator, activator: indices of `actors` · activated, activator and tag: null for none · backedUp: 0 or 1
 *
 * Layer: wallet, pure.
 */
import type { KeyActor, KeyFacts, MasterKey } from './contents.ts';
import { SIGNIFICANT_CHARACTERS } from './key-id.ts';

type Row = readonly [
  id: string,
  tag: string | null,
  createdMs: number,
  creator: number,
  activatedMs: number | null,
  activator: number | null,
  origin: 'local' | 'imported',
  backedUp: 0 | 1,
];

interface Table {
  readonly format: 1;
  readonly actors: readonly KeyActor[];
  readonly keys: readonly Row[];
}

/** Formats what is known of keys. */
export function formatKeyFacts(keys: Iterable<MasterKey>): string {
  const actors: KeyActor[] = [];
  const known = new Map<KeyActor | string, number>();
  const place = (actor: KeyActor): number => {
    let index = known.get(actor);
    if (index !== undefined) return index;
    const text = JSON.stringify(actor);
    index = known.get(text) ?? actors.push(actor) - 1;
    known.set(actor, index).set(text, index);
    return index;
  };
  const rows: Row[] = [];
  for (const { keyId, facts } of keys) {
    rows.push([
      keyId.slice(0, SIGNIFICANT_CHARACTERS),
      facts.keyTag,
      facts.createdMs,
      place(facts.creator),
      facts.activatedMs,
      facts.activator === null ? null : place(facts.activator),
      facts.origin,
      facts.backedUp ? 1 : 0,
    ]);
  }
  return JSON.stringify({ format: 1, actors, keys: rows } satisfies Table);
}

/** Reads what is known of keys: by the first 23 characters of the KEY_ID, in the order written; null when the value is not such a table. */
export function parseKeyFacts(value: unknown): ReadonlyMap<string, KeyFacts> | null {
  const { format, actors, keys } = value as Partial<Table>;
  if (format !== 1 || !Array.isArray(actors) || !Array.isArray(keys) || !actors.every(isActor)) return null;
  const found = new Map<string, KeyFacts>();
  for (const row of keys as readonly Row[]) {
    if (!Array.isArray(row)) return null;
    const [id, keyTag, createdMs, creatorAt, activatedMs, activatorAt, origin, backedUp] = row as Row;
    const creator = actors[creatorAt];
    const activator = activatorAt === null ? null : actors[activatorAt];
    if (typeof id !== 'string' || creator === undefined || activator === undefined || !isTime(createdMs)) return null;
    if (activatedMs !== null && !isTime(activatedMs)) return null;
    if ((keyTag !== null && typeof keyTag !== 'string') || (origin !== 'local' && origin !== 'imported')) return null;
    const facts: KeyFacts = { keyTag, createdMs, creator, activatedMs, activator, origin, backedUp: backedUp === 1 };
    found.set(id, facts);
  }
  return found;
}

function isActor(value: unknown): value is KeyActor {
  return typeof value === 'object' && value !== null;
}

/** Whether a `Date` holds it (ECMA-262 21.4.1.1). */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}
