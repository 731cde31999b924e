/**
 * Which values a printed message does not show. Redaction is what the text, XML and JSON forms do unless told not to; the
 * redacted form says so in its syntax and cannot be parsed back. Layer: ttlv.
 *
 * Inside a Key Material structure everything is redacted but the public numbers listed; elsewhere, what is listed. An
 * extension that carries a secret in a tag of its own is shown: its meaning is not known here.
 */
import { ItemType } from '../core/index.ts';
import { Tag } from './generated/registry.ts';
import type { TtlvNode } from './tree.ts';

/** What a form shows. Unknown options are refused. */
export interface RedactOptions {
  /** `true` (default): key material, passwords and the like read `[redacted]`. `false`: all is shown, nothing is lost. */
  readonly redact?: boolean;
  /** With `redact`: show wrapped keys, which are encrypted. Default `false`. */
  readonly showWrapped?: boolean;
}

const SECRET: ReadonlySet<number> = /* @__PURE__ */ new Set<number>([
  Tag.KeyMaterial,
  Tag.KeyValue,
  Tag.Key,
  Tag.D,
  Tag.P,
  Tag.Q,
  Tag.X,
  Tag.PrivateExponent,
  Tag.PrimeExponentP,
  Tag.PrimeExponentQ,
  Tag.CRTCoefficient,
  Tag.Password,
  Tag.HashedPassword,
  Tag.ServerHashedPassword,
  Tag.OneTimePassword,
  Tag.TicketValue,
  Tag.CredentialValue,
  Tag.Data, // what Decrypt answers and Encrypt is given
  Tag.OpaqueDataValue,
  Tag.DerivationData,
  Tag.PKCS_11InputParameters,
  Tag.PKCS_11OutputParameters,
]);

const PUBLIC_KEY_MATERIAL: ReadonlySet<number> = /* @__PURE__ */ new Set<number>([
  Tag.Modulus,
  Tag.PublicExponent,
  Tag.G,
  Tag.J,
  Tag.Y,
  Tag.QString,
  Tag.RecommendedCurve,
]);

/** Whether a leaf is redacted. `inKeyMaterial`: it stands, at any depth, inside a Key Material structure. */
export function isSecret(node: TtlvNode, inKeyMaterial: boolean, options: RedactOptions): boolean {
  const { redact = true, showWrapped = false } = options;
  if (!redact || node.type === ItemType.Structure) return false;
  // A Key Value is a structure, or a byte string when it is wrapped (KMIP 1.4, 2.1.4).
  if (showWrapped && node.tag === Tag.KeyValue && node.type === ItemType.ByteString) return false;
  return inKeyMaterial ? !PUBLIC_KEY_MATERIAL.has(node.tag) : SECRET.has(node.tag);
}
