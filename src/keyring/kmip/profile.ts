/**
 * How a key's identity is written into the attributes of a KMIP object, and read back exactly: (instance, owner, id, version) and
 * what it is: type, length, the attempt that made it. Layer: keyring, pure.
 *
 *   okv    custom attributes, one per field, as MySQL's plugin has them; `x-key-ready` last. Needs Add Attribute.
 *          [MySQL's names of them, other than x-key-ready, are not published: the table is settable, and its defaults are ours.]
 *   name   Name, unique: fields and attempt; Application Specific Information, shared by all versions of a key: instance, owner, id;
 *          Object Group: the instance. For servers that have no custom attributes. A key is ready when it is active.
 *
 *   percona  percona-profile.ts.
 *
 * In the first two, the Name is for people too: at most 250 bytes, which servers take and Percona's client cuts at; of a longer one the tail
 * is replaced by its hash, and the other attribute has it whole.
 */
import { encodeUtf8 } from '../../bytes.ts';
import { encodeBase64Text, hash } from '../../core/index.ts';
import { UsageError } from '../../errors.ts';
import { type Attribute, attribute, findAttribute, findText, textAttribute } from '../../kmip/index.ts';
import type { KeyName } from '../backend.ts';
import type { RuleSet } from '../rules.ts';
import type { OkvAttributeNames } from './attribute-names.ts';
import { makePerconaProfile } from './percona-profile.ts';

/** Profiles of mapping. */
export type ProfileName = 'okv' | 'name' | 'percona';

/** What an object of ours is made to say of itself. */
export interface ObjectIdentity extends KeyName {
  readonly type: string;
  readonly lengthBytes: number;
  readonly version: number;
  readonly attempt: string;
}

/** What an object says of itself: some profiles do not keep the length of secrets; the attempt is null of what keyward did not make. */
export type ReadIdentity = Omit<ObjectIdentity, 'lengthBytes' | 'attempt'> & {
  readonly lengthBytes: number | null;
  readonly attempt: string | null;
};

/** A mapping. */
export interface Profile {
  readonly name: ProfileName;
  /** What all objects of one key have, whatever their version and state. */
  handle(name: KeyName): readonly Attribute[];
  /** What all objects of this instance have: filters that together find them all. */
  everything(): readonly (readonly Attribute[])[];
  /** What an object is made with. */
  template(identity: ObjectIdentity): readonly Attribute[];
  /** Names of the attributes that `read` reads. */
  readonly attributeNames: readonly string[];
  /** Reads an object of this instance; null when it is not one, or says of itself what it is not. */
  read(attributes: readonly Attribute[]): ReadIdentity | null;
  /** Refuses what this profile cannot keep, before anything is asked of the server; a type of null is that of the version before. @throws {UsageError} ERR_KEYRING_OWNER, _ID, _TYPE, … */
  assertKeeps(name: KeyName, version: number, type: string | null): void;
  /** Types and lengths, where they differ from the back end's. */
  readonly rules: RuleSet | null;
  /** True: AES keys are made here and registered, never made by the server. */
  readonly registers: boolean;
  /** The attribute whose presence makes an active object ready; null where being active does. */
  readonly mark: Attribute | null;
}

/** Makes the profile of an instance: a namespace, so that several users of one credential stay apart. */
export function makeProfile(name: ProfileName, instance: string, names: OkvAttributeNames): Profile {
  if (name === 'percona') return makePerconaProfile(instance);
  return name === 'okv' ? makeOkvProfile(instance, names) : makeNameProfile(instance);
}

/** Longest Name, bytes. */
export const MAX_NAME_BYTES = 250;
const PREFIX = 'keyward';
/**
 * Longest type as it stands in a Name, bytes: what comes before it has at most 55, of a Name that is cut off 206 stay, and the `/`
 * after the type has to be among them.
 */
const MAX_TYPE_BYTES = 150;

/**
 * The Name of an object: `keyward/<attempt>/<version>/<length>/<type>/<instance>/<owner>/<id>`, each percent-encoded. Names differ
 * whenever any field does: a tail that is cut off is stood for by its SHA-256.
 */
export function formatName(instance: string, identity: ObjectIdentity): string {
  const { attempt, version, lengthBytes, type, owner, id } = identity;
  const fields = [PREFIX, attempt, String(version), String(lengthBytes), type, instance, owner, id];
  const whole = fields.map(encodePart).join('/');
  if (whole.length <= MAX_NAME_BYTES) return whole;
  const digest = encodeBase64Text(hash('sha256', encodeUtf8(whole)), { alphabet: 'url', padding: false });
  return `${whole.slice(0, MAX_NAME_BYTES - 1 - digest.length)}~${digest}`;
}

/** The first fields of a Name, which are never cut off. */
function parseNameHead(text: string): Omit<ObjectIdentity, 'owner' | 'id'> | null {
  const [prefix, attempt, version, length, type] = text.split('/').map(decodePart);
  if (prefix !== PREFIX || attempt == null || type == null || !isCount(version) || !isCount(length)) return null;
  return { attempt, version: Number(version), lengthBytes: Number(length), type };
}

function makeNameProfile(instance: string): Profile {
  const group = attribute('Object Group', `${PREFIX}/${encodePart(instance)}`);
  const application = ({ owner, id }: KeyName): Attribute =>
    attribute('Application Specific Information', {
      applicationNamespace: PREFIX,
      applicationData: [instance, owner, id].map(encodePart).join('/'),
    });
  const read = (attributes: readonly Attribute[]): ObjectIdentity | null => {
    const name = findAttribute(attributes, 'Name')?.nameValue;
    const whole = findAttribute(attributes, 'Application Specific Information');
    const head = name === undefined ? null : parseNameHead(name);
    if (head === null || whole?.applicationNamespace !== PREFIX) return null;
    const [where, owner, id, ...more] = (whole.applicationData ?? '').split('/').map(decodePart);
    if (where !== instance || owner == null || id == null || more.length > 0) return null;
    const identity = { ...head, owner, id };
    return formatName(instance, identity) === name ? identity : null;
  };
  return {
    name: 'name',
    handle: (name) => [application(name)],
    everything: () => [[group]],
    ...KEEPS_ALL,
    assertKeeps: (_name, _version, type) => {
      if (encodePart(type ?? '').length > MAX_TYPE_BYTES)
        throw new UsageError('ERR_KEYRING_TYPE', 'the profile name has no place for so long a type of key', {
          hint: `it has ${MAX_TYPE_BYTES} bytes, of which all but letters, digits and @._- take three`,
        });
    },
    template: (identity) => [nameAttribute(instance, identity), application(identity), group],
    attributeNames: ['Name', 'Application Specific Information'],
    read,
    mark: null,
  };
}

function makeOkvProfile(instance: string, names: OkvAttributeNames): Profile {
  const ours = textAttribute(names.instance, instance);
  const ofKey = ({ owner, id }: KeyName): Attribute[] => [
    textAttribute(names.id, id),
    textAttribute(names.owner, owner),
  ];
  const read = (attributes: readonly Attribute[]): ObjectIdentity | null => {
    const text = (field: keyof OkvAttributeNames): string | undefined => findText(attributes, names[field]);
    const [owner, id, type, attempt] = [text('owner'), text('id'), text('type'), text('attempt')];
    const [length, version] = [text('length'), text('version')];
    if (text('instance') !== instance || !isCount(length) || !isCount(version)) return null;
    if (owner === undefined || id === undefined || type === undefined || attempt === undefined) return null;
    return { owner, id, type, attempt, lengthBytes: Number(length), version: Number(version) };
  };
  return {
    name: 'okv',
    handle: (name) => [...ofKey(name), ours],
    everything: () => [[ours]],
    ...KEEPS_ALL,
    template: (identity) => [
      nameAttribute(instance, identity),
      ours,
      ...ofKey(identity),
      textAttribute(names.type, identity.type),
      textAttribute(names.length, String(identity.lengthBytes)),
      textAttribute(names.version, String(identity.version)),
      textAttribute(names.attempt, identity.attempt),
    ],
    attributeNames: Object.values(names),
    read,
    mark: textAttribute(names.ready, 'true'),
  };
}

/** Profiles of our own keep whatever a keyring has. */
const KEEPS_ALL = { assertKeeps: (): void => undefined, rules: null, registers: false } as const;

function nameAttribute(instance: string, identity: ObjectIdentity): Attribute {
  const nameValue = formatName(instance, identity);
  return attribute('Name', { nameValue, nameType: 'UninterpretedTextString' });
}

/** Percent-encodes all but letters, digits and `@._-`, so that no separator is left and different texts stay different. */
function encodePart(text: string): string {
  let out = '';
  for (const byte of encodeUtf8(text)) {
    const character = String.fromCharCode(byte);
    out += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
const PLAIN = /[A-Za-z0-9@._-]/;

/** Undoes `encodePart`; null for what it does not write. */
function decodePart(part: string): string | null {
  try {
    const text = decodeURIComponent(part);
    return encodePart(text) === part ? text : null;
  } catch {
    return null;
  }
}

function isCount(text: string | null | undefined): text is string {
  return text != null && /^(0|[1-9]\d{0,8})$/.test(text);
}
