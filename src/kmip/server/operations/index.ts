/**
 * The operations that the server has, by name. Missing are those that need a certification authority (Certify, Re-certify, Validate)
 * and split keys; Poll is the engine's own, since its answer is another operation's. Layer: kmip/server, Node only.
 */
import type { OperationName } from '../../index.ts';
import type { Handler } from '../context.ts';
import { addAttribute, deleteAttribute, getAttributeList, getAttributes, modifyAttribute } from './attributes.ts';
import { create } from './create.ts';
import { createKeyPair, reKeyKeyPair } from './create-key-pair.ts';
import { decrypt, encrypt, hash, mac, macVerify, sign, signatureVerify } from './cryptography.ts';
import { deriveKey } from './derive-key.ts';
import { exportObject, get } from './get.ts';
import { importObject } from './import.ts';
import { activate, archive, destroy, recover, revoke } from './lifecycle.ts';
import { locate } from './locate.ts';
import { reKey } from './re-key.ts';
import { register } from './register.ts';
import { cancel, discoverVersions, queryOf, rngRetrieve, rngSeed } from './server.ts';
import { check, getUsageAllocation, obtainLease } from './usage.ts';

/** Handlers by operation. */
export type Handlers = { readonly [O in OperationName]?: Handler<O> };

/** All handlers. */
export const HANDLERS: Handlers = {
  Create: create,
  CreateKeyPair: createKeyPair,
  Register: register,
  ReKey: reKey,
  ReKeyKeyPair: reKeyKeyPair,
  DeriveKey: deriveKey,
  Locate: locate,
  Check: check,
  Get: get,
  GetAttributes: getAttributes,
  GetAttributeList: getAttributeList,
  AddAttribute: addAttribute,
  ModifyAttribute: modifyAttribute,
  DeleteAttribute: deleteAttribute,
  ObtainLease: obtainLease,
  GetUsageAllocation: getUsageAllocation,
  Activate: activate,
  Revoke: revoke,
  Destroy: destroy,
  Archive: archive,
  Recover: recover,
  Query: /* @__PURE__ */ queryOf(() => OPERATIONS),
  DiscoverVersions: discoverVersions,
  Cancel: cancel,
  Encrypt: encrypt,
  Decrypt: decrypt,
  Sign: sign,
  SignatureVerify: signatureVerify,
  MAC: mac,
  MACVerify: macVerify,
  RNGRetrieve: rngRetrieve,
  RNGSeed: rngSeed,
  Hash: hash,
  Import: importObject,
  Export: exportObject,
};

/** The operations that Query names. */
const OPERATIONS: readonly OperationName[] = /* @__PURE__ */ Object.keys(HANDLERS).concat('Poll') as OperationName[];
