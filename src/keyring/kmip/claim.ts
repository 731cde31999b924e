/**
 * How one of several makers of a key comes to own its name on a server that does not enforce unique names: as a machine of
 * explicit states, pure, so that what runs in production is what the tests explore in every interleaving. Layer: keyring, pure.
 *
 *   survey    look: is the key there already? is somebody at it?
 *   create    make a candidate: an object that bears the name and is not ready
 *   verify    look: another candidate of that name, or a ready key → destroy one's own, and (random delay) begin again
 *   publish   Activate it; where being active is not what makes a key ready, mark it ready
 *
 * Every candidate is created before its maker looks. Of two makers the one that looks later sees the other's candidate, unless
 * that was withdrawn: so at most one of them publishes. Readers ignore what is not ready. An answer that was lost is no harm: a
 * candidate is found again by its attempt, a name of its own that no other object has; publishing can be repeated, as a
 * candidate that nobody withdrew is still seen by everyone who looks. What a maker that died left behind is stale after a grace
 * time, in which no living maker leaves a candidate unpublished; whoever meets it then destroys it.
 */

import { TransportError } from '../../errors.ts';

/** candidate: not active yet · active: not marked yet · ready: a key · gone: destroyed. */
export type Stage = 'candidate' | 'active' | 'ready' | 'gone';

/** An object of the key, as it was when it was looked at. */
export interface Sighting {
  readonly uid: string;
  /** Of the attempt that made it. */
  readonly attempt: string;
  readonly version: number;
  readonly stage: Stage;
  /** Not ready, and older than the grace time. */
  readonly stale: boolean;
}

/** The one request, or look, that the machine wants next. */
export type ClaimCommand<S extends Sighting = Sighting> =
  /** Find the objects of this owner and id, any version. */
  | { readonly do: 'look' }
  /** Create a candidate. `base` is the version that the new one follows; null for a first version. */
  | { readonly do: 'create'; readonly attempt: string; readonly version: number; readonly base: S | null }
  | { readonly do: 'activate'; readonly uid: string }
  | { readonly do: 'mark'; readonly uid: string }
  /** Destroy an object of one's own. */
  | { readonly do: 'withdraw'; readonly uid: string }
  /** Destroy what another left, unless it became ready after all. */
  | { readonly do: 'collect'; readonly uid: string }
  /** Wait for a random time, longer with each round. */
  | { readonly do: 'pause'; readonly round: number }
  | { readonly do: 'end'; readonly end: ClaimEnd<S> };

/** What it came to. */
export type ClaimEnd<S extends Sighting = Sighting> =
  | { readonly result: 'won'; readonly uid: string; readonly version: number; readonly base: S | null }
  /** A first version was wanted, and the key is there. */
  | { readonly result: 'exists' }
  /** A next version was wanted, and there is no key. */
  | { readonly result: 'missing' }
  /** Others were at it in every round. */
  | { readonly result: 'busy'; readonly rival: string | null }
  | { readonly result: 'failed'; readonly error: unknown };

/** What came of a command. */
export type ClaimEvent<S extends Sighting = Sighting> =
  /** `late`: one's own candidate is so old that others may soon take it for stale. */
  | { readonly is: 'seen'; readonly objects: readonly S[]; readonly late: boolean }
  | { readonly is: 'created'; readonly uid: string }
  /** Done, or there was nothing left to do. */
  | { readonly is: 'done' }
  /** Refused: the object is not there, or not in a state for it, or it may not be done. */
  | { readonly is: 'gone'; readonly error: unknown }
  /** Not sent: others may soon take the candidate for stale. */
  | { readonly is: 'late' }
  /** The request may have been carried out, or not. */
  | { readonly is: 'unknown' }
  | { readonly is: 'failed'; readonly error: unknown };

/** What does not change in a claim. */
export interface ClaimPlan {
  /** `first` makes version 1, `next` the one after the newest. */
  readonly goal: 'first' | 'next';
  /** Being active is not enough for being ready. */
  readonly marks: boolean;
  /** Unique among all claims of all makers. */
  readonly claim: string;
  /** Rounds until it is given up. */
  readonly maxRounds: number;
}

/** Where a claim is. Plain data. */
export interface ClaimState<S extends Sighting = Sighting> {
  readonly plan: ClaimPlan;
  readonly phase:
    | 'survey'
    | 'create'
    | 'find'
    | 'verify'
    | 'activate'
    | 'mark'
    | 'confirm'
    | 'clear'
    | 'sweep'
    | 'pause'
    | 'end';
  readonly round: number;
  /** Candidates asked for so far; their attempts are `<claim>.<number>`. */
  readonly attempts: number;
  readonly mine: string | null;
  /** A Create was sent whose answer was lost. */
  readonly lost: boolean;
  /** A publishing request was sent whose answer was lost: `mine` may be a key already, and is not to be destroyed any more. */
  readonly unsure: boolean;
  readonly version: number;
  readonly base: S | null;
  /** Phase clear: objects to destroy, one's own or others', and what comes after. */
  readonly doomed: readonly { readonly uid: string; readonly own: boolean }[];
  readonly after: 'again' | 'pause' | ClaimEnd<S>;
}

/** Begins a claim. */
export function startClaim<S extends Sighting>(plan: ClaimPlan): ClaimState<S> {
  return {
    plan,
    phase: 'survey',
    round: 0,
    attempts: 0,
    mine: null,
    lost: false,
    unsure: false,
    version: 1,
    base: null,
    doomed: [],
    after: 'again',
  };
}

/** What is to be done now. */
export function commandOf<S extends Sighting>(state: ClaimState<S>): ClaimCommand<S> {
  const { phase, version, base, round } = state;
  switch (phase) {
    case 'survey':
    case 'find':
    case 'verify':
    case 'confirm':
    case 'sweep':
      return { do: 'look' };
    case 'create':
      return { do: 'create', attempt: attemptOf(state, state.attempts), version, base };
    case 'activate':
    case 'mark':
      return { do: phase, uid: state.mine as string };
    case 'clear': {
      const [next] = state.doomed;
      if (next === undefined) throw new Error('nothing to clear');
      return { do: next.own ? 'withdraw' : 'collect', uid: next.uid };
    }
    case 'pause':
      return { do: 'pause', round };
    case 'end':
      return { do: 'end', end: state.after as ClaimEnd<S> };
  }
}

/** The state after the command of a state had this outcome. */
export function advance<S extends Sighting>(state: ClaimState<S>, event: ClaimEvent<S>): ClaimState<S> {
  if (event.is === 'failed') return fail(state, event.error);
  switch (state.phase) {
    case 'survey':
      return event.is === 'seen' ? survey(state, event.objects) : unexpected(state, event);
    case 'create':
      if (event.is === 'created') return { ...state, phase: 'verify', mine: event.uid };
      return event.is === 'unknown' ? { ...state, phase: 'find', lost: true } : unexpected(state, event);
    case 'find':
      return event.is === 'seen' ? find(state, event.objects, event.late) : unexpected(state, event);
    case 'verify':
      return event.is === 'seen' ? verify(state, event.objects, event.late) : unexpected(state, event);
    case 'activate':
      if (event.is === 'done') return state.plan.marks ? { ...state, phase: 'mark' } : won(state);
      return published(state, event);
    case 'mark':
      return event.is === 'done' ? won(state) : published(state, event);
    case 'confirm':
      return event.is === 'seen' ? confirm(state, event.objects) : unexpected(state, event);
    case 'clear':
      return cleared(state, event);
    case 'sweep':
      if (event.is !== 'seen') return unexpected(state, event);
      return clear(state, strays(state, event.objects), state.after as ClaimEnd<S>);
    case 'pause':
      return event.is === 'done' ? again(state) : unexpected(state, event);
    case 'end':
      return unexpected(state, event);
  }
}

/** Before anything is made: nothing of ours is there, unless a lost answer's candidate came late. */
function survey<S extends Sighting>(state: ClaimState<S>, objects: readonly S[]): ClaimState<S> {
  const ended = settled(state, objects);
  if (ended !== null) return clear(state, strays(state, objects), ended);
  const newest = newestReady(objects);
  const base = state.plan.goal === 'next' ? newest : null;
  const target = { ...state, base, version: (base?.version ?? 0) + 1 };
  const rivals = rivalsOf(target, objects);
  const doomed = [...strays(target, objects), ...staleOf(rivals)];
  if (doomed.length > 0) return clear(target, doomed, 'again');
  if (rivals.length > 0) return wait(target, rivals);
  return { ...target, phase: 'create', attempts: state.attempts + 1 };
}

/** After a Create whose answer was lost: the candidate is there, or a new one is made, and the lost one is a stray if it comes. */
function find<S extends Sighting>(state: ClaimState<S>, objects: readonly S[], late: boolean): ClaimState<S> {
  const attempt = attemptOf(state, state.attempts);
  const [found] = objects.filter((o) => o.attempt === attempt && o.stage !== 'gone');
  if (found !== undefined) return verify({ ...state, mine: found.uid }, objects, late);
  return pause(state, null);
}

function verify<S extends Sighting>(state: ClaimState<S>, objects: readonly S[], late: boolean): ClaimState<S> {
  const withdrawn = [{ uid: state.mine as string, own: true }, ...strays(state, objects)];
  const ended = settled(state, objects);
  if (ended !== null) return clear(state, withdrawn, ended);
  const mine = objects.find((o) => o.uid === state.mine);
  const moved = state.plan.goal === 'next' && newestReady(objects)?.uid !== state.base?.uid;
  // Who does not see its own candidate does not see others' either.
  if (mine === undefined || mine.stage === 'gone' || late || moved) return clear(state, withdrawn, 'pause');
  const rivals = rivalsOf(state, objects);
  const doomed = [...strays(state, objects), ...staleOf(rivals)];
  // Looked at again after that: what was stale may have become ready instead.
  if (doomed.length > 0 && staleOf(rivals).length === rivals.length)
    return { ...state, phase: 'clear', doomed, after: 'again' };
  if (rivals.length > 0) return clear(state, withdrawn, 'pause');
  return { ...state, phase: 'activate' };
}

/** After a publishing step that may have been carried out, or met an object that was not as it should be. */
function confirm<S extends Sighting>(state: ClaimState<S>, objects: readonly S[]): ClaimState<S> {
  const mine = objects.find((o) => o.uid === state.mine);
  switch (mine?.stage) {
    case 'candidate':
      // Nobody else can have published: it was there all the time for everyone to see.
      return { ...state, phase: 'activate' };
    case 'active':
      return { ...state, phase: 'mark' };
    case 'ready':
      return won(state);
    default:
      // Collected as stale, or removed as a key: either way it is gone.
      return pause({ ...state, mine: null, unsure: false }, null);
  }
}

function published<S extends Sighting>(state: ClaimState<S>, event: ClaimEvent<S>): ClaimState<S> {
  if (event.is === 'unknown') return refused({ ...state, unsure: true }, unanswered());
  if (event.is === 'gone') return refused(state, event.error);
  if (event.is !== 'late') return unexpected(state, event);
  if (state.unsure) return { ...state, phase: 'confirm' };
  return clear(state, [{ uid: state.mine as string, own: true }], 'pause');
}

function unanswered(): TransportError {
  return new TransportError('ERR_KMIP_OUTCOME_UNKNOWN', 'the key may have been made, but the answers did not come');
}

/** A look decides what it means; but not for ever. */
function refused<S extends Sighting>(state: ClaimState<S>, error: unknown): ClaimState<S> {
  const round = state.round + 1;
  return round < state.plan.maxRounds ? { ...state, phase: 'confirm', round } : fail(state, error);
}

function cleared<S extends Sighting>(state: ClaimState<S>, event: ClaimEvent<S>): ClaimState<S> {
  if (event.is !== 'done') return unexpected(state, event);
  const [first, ...doomed] = state.doomed;
  const mine = first?.uid === state.mine ? null : state.mine;
  const next = { ...state, doomed, mine };
  if (doomed.length > 0) return next;
  if (state.after === 'pause') return pause(next, null);
  if (state.after !== 'again') return { ...next, phase: 'end' };
  const round = state.round + 1;
  const isLast = round >= state.plan.maxRounds;
  if (mine === null) return isLast ? pause(next, first?.uid ?? null) : again({ ...next, round });
  return isLast ? clear(next, [{ uid: mine, own: true }], BUSY) : { ...next, phase: 'verify', round };
}

const BUSY = { result: 'busy', rival: null } as const;

/** Whether what was seen ends the claim, whatever else is there. */
function settled<S extends Sighting>({ plan }: ClaimState<S>, objects: readonly S[]): ClaimEnd<S> | null {
  const newest = newestReady(objects);
  if (plan.goal === 'first') return newest === null ? null : { result: 'exists' };
  return newest === null ? { result: 'missing' } : null;
}

function newestReady<S extends Sighting>(objects: readonly S[]): S | null {
  let newest: S | null = null;
  for (const o of objects) if (o.stage === 'ready' && o.version > (newest?.version ?? 0)) newest = o;
  return newest;
}

/** Others' unfinished objects of the version wanted. */
function rivalsOf<S extends Sighting>(state: ClaimState<S>, objects: readonly S[]): S[] {
  return objects.filter(
    (o) => isUnfinished(o) && o.version === state.version && o.uid !== state.mine && !isOurs(state, o),
  );
}

/** What lost answers left of this claim, other than its candidate. */
function strays<S extends Sighting>(state: ClaimState<S>, objects: readonly S[]): ClaimState['doomed'] {
  return objects
    .filter((o) => isUnfinished(o) && isOurs(state, o) && o.uid !== state.mine)
    .map(({ uid }) => ({ uid, own: true }));
}

function staleOf(rivals: readonly Sighting[]): ClaimState['doomed'] {
  return rivals.filter(({ stale }) => stale).map(({ uid }) => ({ uid, own: false }));
}

function isUnfinished({ stage }: Sighting): boolean {
  return stage === 'candidate' || stage === 'active';
}

function isOurs({ plan, attempts }: ClaimState, { attempt }: Sighting): boolean {
  if (!attempt.startsWith(`${plan.claim}.`)) return false;
  const number = Number(attempt.slice(plan.claim.length + 1));
  return number >= 1 && number <= attempts;
}

function attemptOf({ plan }: ClaimState, number: number): string {
  return `${plan.claim}.${number}`;
}

function won<S extends Sighting>(state: ClaimState<S>): ClaimState<S> {
  const { version, base } = state;
  return { ...state, phase: 'end', after: { result: 'won', uid: state.mine as string, version, base } };
}

function clear<S extends Sighting>(
  state: ClaimState<S>,
  doomed: ClaimState['doomed'],
  after: ClaimState<S>['after'],
): ClaimState<S> {
  if (doomed.length > 0) return { ...state, phase: 'clear', doomed, after };
  return { ...state, phase: 'end', after };
}

function again<S extends Sighting>(state: ClaimState<S>): ClaimState<S> {
  return { ...state, phase: 'survey', mine: null, unsure: false, base: null, version: 1 };
}

function wait<S extends Sighting>(state: ClaimState<S>, rivals: readonly S[]): ClaimState<S> {
  return pause(state, rivals[0]?.uid ?? null);
}

function pause<S extends Sighting>(state: ClaimState<S>, rival: string | null): ClaimState<S> {
  const round = state.round + 1;
  if (round < state.plan.maxRounds) return { ...state, phase: 'pause', round };
  return { ...state, phase: 'end', after: { result: 'busy', rival } };
}

/**
 * A request was refused: what it was for is undone, then the claim ends with that; what fails while undoing does not hide it.
 * What may have become a key stays, as somebody may be using it. A candidate that nobody answered for is looked for once more: left
 * there, it would be in everybody's way until it is stale.
 */
function fail<S extends Sighting>(state: ClaimState<S>, error: unknown): ClaimState<S> {
  const end: ClaimEnd<S> = { result: 'failed', error };
  // So did cleaning up.
  if (isFailure(state.after)) return { ...state, phase: 'end' };
  const { mine, lost, unsure, phase } = state;
  const own = mine === null || unsure ? [] : [{ uid: mine, own: true }];
  const rest = phase === 'clear' ? state.doomed.filter((o) => o.own && o.uid !== mine) : [];
  if (lost && mine === null && rest.length === 0) return { ...state, phase: 'sweep', after: end };
  return clear(state, [...own, ...rest], end);
}

function isFailure(after: ClaimState['after']): boolean {
  return typeof after === 'object' && after.result === 'failed';
}

function unexpected(state: ClaimState, event: ClaimEvent): never {
  throw new Error(`claim: ${event.is} in ${state.phase}`);
}
