/**
 * Objects at a KMIP server that are, or are to become, keys of a keyring: made, looked at, published, destroyed, with what the
 * state of each allows. Every object that Locate gives is verified by its own attributes: servers give too many, and one that
 * could not be asked is an error, not an absence. Layer: keyring.
 */
import { FormatError, LimitError, ProtocolError, StateError, UnsupportedError } from '../../errors.ts';
import {
  type Attribute,
  attribute,
  CryptographicUsageMask,
  findAttribute,
  findText,
  type GetAttributesResponsePayload,
  type GetResponsePayload,
  type KeyBlock,
  type RequestItem,
  wipeMessage,
} from '../../kmip/index.ts';
import type { KeyName } from '../backend.ts';
import type { KeyringKeyInfo } from '../keyring.ts';
import type { ClaimEvent, Sighting, Stage } from './claim.ts';
import type { CallDeadline } from './deadline.ts';
import type { KmipPort } from './port.ts';
import type { ObjectIdentity, Profile } from './profile.ts';

/** An object of ours, with what it says of itself. */
export interface KeyObject extends Sighting {
  readonly info: KeyringKeyInfo;
}

/** Where the objects are. */
export interface ObjectsOptions {
  readonly port: KmipPort;
  readonly profile: Profile;
  /** Age from which an object that is not ready was left behind, ms. */
  readonly graceMs: number;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Objects that are looked at with one message: their attributes are far below the Maximum Response Size that clients announce. */
const BATCH = 32;

/** Lengths of what servers take for AES keys. */
export const AES_BYTES: readonly number[] = [16, 24, 32];
const ENCRYPT_DECRYPT = CryptographicUsageMask.Encrypt | CryptographicUsageMask.Decrypt;
/** Some servers refuse Encrypt and Decrypt for Secret Data. */
const DERIVE_EXPORT = CryptographicUsageMask.DeriveKey | CryptographicUsageMask.Export;

/** Objects of one instance. */
export class KeyObjects {
  readonly #options: ObjectsOptions;
  /** False from the first batch that the server did not take. */
  #takesBatches = true;

  constructor(options: ObjectsOptions) {
    this.#options = options;
  }

  /** Looks at all objects of a key, ready or not. */
  async look(name: KeyName, deadline: CallDeadline): Promise<KeyObject[]> {
    const objects = await this.#inspectAll(this.#options.profile.handle(name), deadline);
    return objects.filter(({ info }) => info.id === name.id && info.owner === name.owner);
  }

  /** Looks at all objects of the instance. */
  async lookAtAll(deadline: CallDeadline): Promise<KeyObject[]> {
    const objects: KeyObject[] = [];
    for (const filter of this.#options.profile.everything())
      objects.push(...(await this.#inspectAll(filter, deadline)));
    return objects;
  }

  /** Looks at one object; null when it is gone, or not one of ours. */
  async inspect(uid: string, deadline: CallDeadline): Promise<KeyObject | null> {
    const answer = await this.#options.port
      .request('GetAttributes', this.#question(uid), deadline.call())
      .catch((error: unknown) => {
        if (isGone(error)) return null;
        throw error;
      });
    return answer === null ? null : await this.#objectOf(uid, answer.attribute ?? [], deadline);
  }

  /** What to ask of an object. */
  #question(uid: string): { readonly uniqueIdentifier: string; readonly attributeName: readonly string[] } {
    return { uniqueIdentifier: uid, attributeName: ['State', 'Initial Date', ...this.#options.profile.attributeNames] };
  }

  /** The object of these attributes; null when it is not one of ours. */
  async #objectOf(uid: string, attributes: readonly Attribute[], deadline: CallDeadline): Promise<KeyObject | null> {
    const identity = this.#options.profile.read(attributes);
    if (identity === null) return null;
    const { owner, id, type, version } = identity;
    const stage = this.#stageOf(attributes);
    // What does not say that keyward made it is nobody's to collect, however old: its makers may be waiting for a person.
    const stale = identity.attempt !== null && stage !== 'ready' && this.#isOld(attributes);
    const attempt = identity.attempt ?? uid;
    const lengthBytes = identity.lengthBytes ?? (stage === 'ready' ? await this.#measure(uid, deadline) : 0);
    return { uid, attempt, version, stage, stale, info: { owner, id, type, lengthBytes, version, backendKeyId: uid } };
  }

  /** Has the server make an AES key, or gives it bytes. @returns the Unique Identifier; null when the answer was lost */
  async create(identity: ObjectIdentity, bytes: Uint8Array | null, deadline: CallDeadline): Promise<string | null> {
    const template = this.#options.profile.template(identity);
    try {
      if (bytes === null) return await this.#createAes(identity, template, deadline);
      return await this.#register(identity, template, bytes, deadline);
    } catch (error) {
      if (isUnknown(error)) return null;
      throw error;
    }
  }

  /** Publishes a candidate: the first step, or the only one. */
  activate(uid: string, deadline: CallDeadline): Promise<ClaimEvent<KeyObject>> {
    return this.#publish(() => this.#options.port.request('Activate', { uniqueIdentifier: uid }, deadline.call()));
  }

  /** Marks an active object ready. */
  mark(uid: string, deadline: CallDeadline): Promise<ClaimEvent<KeyObject>> {
    const mark = this.#options.profile.mark as Attribute;
    return this.#publish(() =>
      this.#options.port.request('AddAttribute', { uniqueIdentifier: uid, attribute: mark }, deadline.call()),
    );
  }

  /** Destroys an object in whatever state it is, revoking it first if it is active; fine when it is gone already. */
  async destroy(uid: string, deadline: CallDeadline): Promise<void> {
    let refusal: unknown;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const state = await this.#stateOf(uid, deadline);
      if (state === null || isDestroyed(state)) return;
      if (state === 'Active') await this.#settle(this.#revoke(uid, deadline));
      refusal = await this.#settle(this.#options.port.request('Destroy', { uniqueIdentifier: uid }, deadline.call()));
      if (refusal === null) return;
    }
    throw new StateError('ERR_KEYRING_NOT_DESTROYED', `the server did not destroy object ${uid}`, { cause: refusal });
  }

  /**
   * Destroys what somebody left unfinished. One that is not active yet is destroyed as it is: the server refuses if it was
   * activated meanwhile.
   */
  async collect(uid: string, deadline: CallDeadline): Promise<boolean> {
    const seen = await this.inspect(uid, deadline);
    if (seen === null || seen.stage === 'gone' || seen.stage === 'ready' || !seen.stale) return false;
    if (seen.stage === 'active') await this.destroy(uid, deadline);
    else
      return (
        (await this.#settle(this.#options.port.request('Destroy', { uniqueIdentifier: uid }, deadline.call()))) === null
      );
    return true;
  }

  /** Fetches the bytes of a key, the caller's to wipe; null when the object is gone. @throws {FormatError} ERR_KEYRING_OBJECT */
  async fetch(
    { backendKeyId, lengthBytes }: KeyringKeyInfo,
    deadline: CallDeadline,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const uid = backendKeyId as string;
    const answer = await this.#get(uid, deadline);
    if (answer === null) return null;
    try {
      const bytes = materialOf(answer);
      if (bytes.length !== lengthBytes)
        throw objectError(`object ${uid} has ${bytes.length} bytes, where its attributes say ${lengthBytes}`);
      return new Uint8Array(bytes);
    } finally {
      wipeMessage(answer);
    }
  }

  /** How many bytes an object has that does not say so; 0 of one that is gone. */
  async #measure(uid: string, deadline: CallDeadline): Promise<number> {
    const answer = await this.#get(uid, deadline);
    if (answer === null) return 0;
    try {
      return materialOf(answer).length;
    } finally {
      wipeMessage(answer);
    }
  }

  async #get(uid: string, deadline: CallDeadline): Promise<GetResponsePayload | null> {
    try {
      return await this.#options.port.request('Get', { uniqueIdentifier: uid }, deadline.call());
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  async #inspectAll(filter: readonly Attribute[], deadline: CallDeadline): Promise<KeyObject[]> {
    const objects: KeyObject[] = [];
    const uids = await this.#options.port.locateAll(filter, deadline.call());
    for (let from = 0; from < uids.length; from += BATCH) {
      const some = uids.slice(from, from + BATCH);
      const told = await this.#askTogether(some, deadline);
      for (const [i, uid] of some.entries()) {
        const attributes = told[i];
        const seen = await (attributes ? this.#objectOf(uid, attributes, deadline) : this.inspect(uid, deadline));
        if (seen !== null && seen.stage !== 'gone') objects.push(seen);
      }
    }
    return objects;
  }

  /**
   * Asks for the attributes of several objects with one message. What it does not tell, and why, is asked for one by one: of all of
   * them where the server takes no batches, or takes them and answers something else.
   */
  async #askTogether(
    uids: readonly string[],
    deadline: CallDeadline,
  ): Promise<readonly (readonly Attribute[] | undefined)[]> {
    if (uids.length < 2 || !this.#takesBatches) return [];
    const items = uids.map((uid): RequestItem => ({ operation: 'GetAttributes', requestPayload: this.#question(uid) }));
    try {
      const answers = await this.#options.port.batch(items, { ...deadline.call(), onError: 'continue' });
      return answers.map(({ resultStatus, responsePayload }) =>
        resultStatus === 'Success' ? (responsePayload as GetAttributesResponsePayload).attribute : undefined,
      );
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof FormatError || error instanceof LimitError)) throw error;
      this.#takesBatches = false;
      return [];
    }
  }

  async #createAes(identity: ObjectIdentity, template: readonly Attribute[], deadline: CallDeadline): Promise<string> {
    const answer = await this.#options.port.request(
      'Create',
      {
        objectType: 'SymmetricKey',
        templateAttribute: { attribute: [...aesAttributes(identity.lengthBytes), ...template] },
      },
      deadline.call(),
    );
    return answer.uniqueIdentifier;
  }

  async #register(
    { type, lengthBytes }: ObjectIdentity,
    template: readonly Attribute[],
    bytes: Uint8Array,
    deadline: CallDeadline,
  ): Promise<string> {
    const { port } = this.#options;
    // An AES key of another length is no key that a server takes for one: it is kept as a secret, its type in its attributes.
    if (type === 'AES' && AES_BYTES.includes(lengthBytes)) {
      const keyBlock: KeyBlock = {
        keyFormatType: 'Raw',
        keyValue: { keyMaterial: bytes },
        cryptographicAlgorithm: 'AES',
        cryptographicLength: 8 * lengthBytes,
      };
      const attributes = [...aesAttributes(lengthBytes), ...template];
      const payload = {
        objectType: 'SymmetricKey',
        templateAttribute: { attribute: attributes },
        symmetricKey: { keyBlock },
      };
      return (await port.request('Register', payload as never, deadline.call())).uniqueIdentifier;
    }
    const keyBlock: KeyBlock = { keyFormatType: 'Opaque', keyValue: { keyMaterial: bytes } };
    const attributes = [attribute('Cryptographic Usage Mask', DERIVE_EXPORT), ...template];
    const payload = {
      objectType: 'SecretData',
      templateAttribute: { attribute: attributes },
      secretData: { secretDataType: 'Password', keyBlock },
    };
    return (await port.request('Register', payload as never, deadline.call())).uniqueIdentifier;
  }

  async #publish(send: () => Promise<unknown>): Promise<ClaimEvent<KeyObject>> {
    try {
      await send();
      return { is: 'done' };
    } catch (error) {
      if (isUnknown(error)) return { is: 'unknown' };
      // Servers differ in how they refuse what is not there, not in the right state, or done already: a look decides.
      if (error instanceof ProtocolError) return { is: 'gone', error };
      throw error;
    }
  }

  #revoke(uid: string, deadline: CallDeadline): Promise<unknown> {
    const revocationReason = { revocationReasonCode: 'CessationOfOperation' } as const;
    return this.#options.port.request('Revoke', { uniqueIdentifier: uid, revocationReason }, deadline.call());
  }

  /** null: done, or there was nothing left to do. A refusal or a lost answer is given back: the object's state decides. */
  async #settle(sent: Promise<unknown>): Promise<unknown> {
    try {
      await sent;
      return null;
    } catch (error) {
      if (isGone(error)) return null;
      if (isUnknown(error) || error instanceof ProtocolError) return error;
      throw error;
    }
  }

  async #stateOf(uid: string, deadline: CallDeadline): Promise<string | number | null> {
    try {
      const payload = { uniqueIdentifier: uid, attributeName: ['State'] };
      const answer = await this.#options.port.request('GetAttributes', payload, deadline.call());
      return findAttribute(answer.attribute, 'State') ?? '';
    } catch (error) {
      if (isGone(error)) return null;
      throw error;
    }
  }

  /** What was revoked is still a key, if it was one: whoever revoked it did not get to destroying it, or did not mean to. */
  #stageOf(attributes: readonly Attribute[]): Stage {
    const { mark } = this.#options.profile;
    const state = findAttribute(attributes, 'State');
    if (state === undefined)
      throw new UnsupportedError('ERR_KEYRING_STATE', 'the server does not tell the State of its objects');
    if (isDestroyed(state)) return 'gone';
    if (state === 'PreActive') return 'candidate';
    if (mark === null) return 'ready';
    return findText(attributes, mark.attributeName) === undefined ? 'active' : 'ready';
  }

  #isOld(attributes: readonly Attribute[]): boolean {
    const made = findAttribute(attributes, 'Initial Date');
    return made !== undefined && this.#options.now() - Number(made) * 1000 > this.#options.graceMs;
  }
}

/** How often destroying is tried when the server refuses. */
const MAX_TRIES = 3;

function aesAttributes(lengthBytes: number): Attribute[] {
  return [
    attribute('Cryptographic Algorithm', 'AES'),
    attribute('Cryptographic Length', 8 * lengthBytes),
    attribute('Cryptographic Usage Mask', ENCRYPT_DECRYPT),
  ];
}

/** The bytes of a key, lent, in whichever form and object it came. */
function materialOf(answer: GetResponsePayload): Uint8Array {
  const { symmetricKey, secretData, opaqueObject } = answer;
  if (opaqueObject !== undefined) return opaqueObject.opaqueDataValue;
  const keyBlock = (symmetricKey ?? secretData)?.keyBlock;
  if (keyBlock === undefined) throw objectError(`a ${answer.objectType} is not a key of a keyring`);
  if (keyBlock.keyWrappingData !== undefined || keyBlock.keyValue instanceof Uint8Array)
    throw new UnsupportedError('ERR_KEYRING_WRAPPED', 'the server gave a wrapped key, which was not asked for');
  const material = keyBlock.keyValue?.keyMaterial;
  if (material instanceof Uint8Array) return material;
  const key = (material as { readonly key?: unknown } | undefined)?.key;
  if (key instanceof Uint8Array) return key;
  throw objectError('the server gave a key without its bytes');
}

function objectError(message: string): FormatError {
  return new FormatError('ERR_KEYRING_OBJECT', message, { offset: 0, path: ['Get'] });
}

function isDestroyed(state: string | number): boolean {
  return state === 'Destroyed' || state === 'DestroyedCompromised';
}

/** The request may have been carried out. */
export function isUnknown(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'ERR_KMIP_OUTCOME_UNKNOWN';
}

function isGone(error: unknown): boolean {
  return error instanceof ProtocolError && error.resultReason === 'ItemNotFound';
}
