/**
 * The words that the generated tables and types are written in. Layer: kmip.
 */
import type { TtlvNode } from '../ttlv/index.ts';

/** The protocol versions whose messages are known field by field. */
export type KmipVersion = '1.0' | '1.1' | '1.2' | '1.3' | '1.4';

/** A protocol version as a message names it: one of `KmipVersion`, or one that the peer alone knows. */
export type WireVersion = `${number}.${number}`;

/** Versions, newest first: the order of a client's preference. */
export const KMIP_VERSIONS: readonly KmipVersion[] = ['1.4', '1.3', '1.2', '1.1', '1.0'];

/** Says whether messages of a version can be written, and are known field by field. */
export function isKmipVersion(version: string): version is KmipVersion {
  return (KMIP_VERSIONS as readonly string[]).includes(version);
}

/** A value of an enumeration: its name in the registry, or its number where the registry has none. */
export type Token<E> = (keyof E & string) | number;

/** A structure with what its table, in the message's version, does not list: kept as it came, written after the rest. */
export interface Extensible {
  readonly unknown?: readonly TtlvNode[];
}

/** The fields of a structure in wire order, by the version from which on they are so. */
export type Rows = readonly (readonly [since: KmipVersion, fields: string])[];

/** The payloads of an operation. */
export interface OperationTable {
  readonly request: Rows;
  readonly response: Rows;
}

/** What the specification says of an attribute. */
export interface AttributeRule {
  /** The name of the tag that gives it its type. */
  readonly field: string;
  readonly since: KmipVersion;
  /** Who may set it first. */
  readonly setBy: 'client' | 'server' | 'both';
  /** Whether it may have several instances, told apart by Attribute Index. */
  readonly multiple: boolean;
  /** Whether clients may change it, and delete it. Some only in some states. */
  readonly clientModifies: boolean;
  readonly clientDeletes: boolean;
}
