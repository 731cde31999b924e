/**
 * Attributes as a client's version knows them: those of later versions are left out, and so are later fields of a value; a value that
 * the version has no word for is not sent. Clients break on what they do not know (facts: Vault, PyKMIP, Percona).
 * Layer: kmip/server, Node only.
 */
import { UsageError } from '../../errors.ts';
import { type Attribute, encodeStructure, type KmipVersion } from '../index.ts';
import { isKnownIn } from './attribute-rules.ts';
import { type AttributeInstance, toMessage } from './attributes.ts';

/** Instances as attributes of a message to a client of a version. */
export function attributesFor(version: KmipVersion, instances: readonly AttributeInstance[]): Attribute[] {
  const found: Attribute[] = [];
  for (const instance of instances) {
    const attribute = attributeFor(version, instance);
    if (attribute !== undefined) found.push(attribute);
  }
  return found;
}

/** One instance; undefined where the version cannot say it. */
export function attributeFor(version: KmipVersion, instance: AttributeInstance): Attribute | undefined {
  const { name, value } = instance;
  if (!isKnownIn(version, name)) return undefined;
  // 1.4 is what attributes are kept in.
  if (version === '1.4') return toMessage(instance);
  const changed = WITHOUT_LATER[name]?.(value as never, version);
  const attribute = toMessage(changed === undefined ? instance : { ...instance, value: changed });
  return typeof value !== 'object' && typeof value !== 'string' ? attribute : encodable(attribute, version);
}

/** The encoder knows every version's fields and values: what it refuses is not sent. */
function encodable(attribute: Attribute, version: KmipVersion): Attribute | undefined {
  try {
    encodeStructure('TemplateAttribute', { attribute: [attribute] }, version);
    return attribute;
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

type Shorten = (value: never, version: KmipVersion) => unknown;

const WITHOUT_LATER: Readonly<Record<string, Shorten>> = {
  Digest: ({ keyFormatType, ...digest }: Record<string, unknown>, version) =>
    version < '1.1' ? digest : { keyFormatType, ...digest },
  'Cryptographic Algorithm': (value: string, version) => (value === 'EC' && version < '1.2' ? 'ECDSA' : value),
  'Cryptographic Parameters': (value: Record<string, unknown>, version) => shortParameters(value, version),
};

const PARAMETERS_1_0 = ['blockCipherMode', 'paddingMethod', 'hashingAlgorithm', 'keyRoleType'];
const PARAMETERS_1_4 = ['saltLength', 'maskGenerator', 'maskGeneratorHashingAlgorithm', 'pSource', 'trailerField'];

function shortParameters(value: Record<string, unknown>, version: KmipVersion): Record<string, unknown> {
  const fits = (name: string): boolean =>
    version < '1.2' ? PARAMETERS_1_0.includes(name) : !PARAMETERS_1_4.includes(name);
  return Object.fromEntries(Object.entries(value).filter(([name]) => fits(name)));
}
