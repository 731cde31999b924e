/**
 * Who may do what (KMIP 1.4, 3.18.2, the default operation policy): an object is its owner's. Certificates and public keys, which are
 * no secrets, may be read by every client. Another owner's object is answered with Permission Denied, whatever is asked of it; its
 * identifier is a random UUID, so that tells nobody anything. Layer: kmip/server, Node only.
 */
import type { Client } from './context.ts';

/**
 * What an operation does to the object: `read` is Locate, Check, Get, Get Attributes, Get Attribute List and Obtain Lease; everything
 * else is `own`.
 */
export type Access = 'read' | 'own';

/** The objects that everyone may read. */
export const PUBLIC_TYPES: readonly string[] = ['Certificate', 'PublicKey'];

/** Whether an object may be read by everyone. */
export function isPublic(objectType: string): boolean {
  return PUBLIC_TYPES.includes(objectType);
}

/** Whether a client may do that to an object. */
export function mayAccess(
  client: Client,
  object: { readonly owner: string; readonly objectType: string },
  access: Access,
): boolean {
  return object.owner === client.owner || (access === 'read' && isPublic(object.objectType));
}
