/**
 * Oracle's auto-login wallet, `cwallet.sso`: a header that holds the PKCS#12 password in a reversible form, then the PFX.
 * It is obfuscation, not protection: whoever reads the file reads the keys.
 *
 *   A1 F8 4E | '6' or '7' auto-login, '8' local | version u32be | section length L u32be | scheme u8 | L−1 bytes | PFX
 *   scheme 06 (12c): AES-128 key (16) | password, AES-128-CBC, fixed IV, no padding
 *   scheme 35 (11g): hex of a DES key (16) | hex of the password, DES-CBC, zero IV, PKCS#7
 *
 * A local wallet's password is HMAC-SHA1(host ‖ user, that password), each byte mapped to 1..127. Layer: wallet, universal.
 */
import { encodeUtf8 } from '../bytes.ts';
import { decryptCbc, hmac, legacyDecryptCbc, loadLegacy } from '../core/index.ts';
import { AuthenticationError, FormatError, UnsupportedError } from '../errors.ts';
import { openWallet } from './open-wallet.ts';
import type { WalletOptions } from './options.ts';
import type { Wallet } from './wallet.ts';

/** The header, as it is; no secret is recovered yet. */
export interface AutoLoginHeader {
  /** Only meant to open on the machine and for the user that made it. */
  readonly local: boolean;
  /** As the header says; told, not judged. */
  readonly version: number;
  readonly scheme: 'aes' | 'des';
  /** Where the PFX starts. */
  readonly pfxOffset: number;
}

/** Who made a local wallet: needed to open it. */
export interface AutoLoginOwner {
  /** Host name; what follows its first dot does not count. */
  readonly host: string;
  readonly user: string;
}

const MAGIC = [0xa1, 0xf8, 0x4e] as const;
const TYPE = { autoLogin: 0x36, autoLogin2: 0x37, local: 0x38 } as const;
const SCHEME = { aes: 0x06, des: 0x35 } as const;
const SECTION_AT = 12;
const KEY_BYTES = 16;
/** The IV of every 12c header. */
const AES_IV = /* @__PURE__ */ Uint8Array.of(
  0xc0,
  0x34,
  0xd8,
  0x31,
  0x1c,
  0x02,
  0xce,
  0xf8,
  0x51,
  0xf0,
  0x14,
  0x4b,
  0x81,
  0xed,
  0x4b,
  0xf2,
);

/** Says whether the bytes begin as an auto-login wallet. */
export function isAutoLogin(bytes: Uint8Array): boolean {
  return MAGIC.every((b, i) => bytes[i] === b);
}

/**
 * Reads the header.
 *
 * @param bytes a `cwallet.sso`; not changed
 * @throws {FormatError} ERR_AUTO_LOGIN_HEADER with the offset of the fault
 * @throws {UnsupportedError} ERR_AUTO_LOGIN_SCHEME for a scheme that nobody has published
 */
export function parseAutoLoginHeader(bytes: Uint8Array): AutoLoginHeader {
  if (!isAutoLogin(bytes)) throw malformed(0);
  const type = bytes[3];
  if (type !== TYPE.autoLogin && type !== TYPE.autoLogin2 && type !== TYPE.local) throw malformed(3);
  if (bytes.length <= SECTION_AT) throw malformed(bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(4);
  const length = view.getUint32(8);
  const pfxOffset = SECTION_AT + length;
  if (length < 1 || pfxOffset >= bytes.length) throw malformed(8);
  const scheme = bytes[SECTION_AT] as number;
  if (scheme !== SCHEME.aes && scheme !== SCHEME.des) {
    throw new UnsupportedError(
      'ERR_AUTO_LOGIN_SCHEME',
      `auto-login scheme ${scheme} of version ${version} is not known`,
    );
  }
  const secretBytes = length - 1 - KEY_BYTES;
  if (secretBytes < 16 || secretBytes % 16 !== 0) throw malformed(8);
  return { local: type === TYPE.local, version, scheme: scheme === SCHEME.aes ? 'aes' : 'des', pfxOffset };
}

/**
 * Recovers the PFX's password: one candidate, or for a local wallet the two that its published readers would try. Each is
 * the caller's to wipe.
 *
 * @param bytes a `cwallet.sso`; not changed
 * @param owner who made it; needed for a local one only
 * @throws {FormatError} ERR_AUTO_LOGIN_HEADER
 * @throws {UnsupportedError} ERR_AUTO_LOGIN_SCHEME, ERR_AUTO_LOGIN_LOCAL when the wallet is local and no owner was given
 */
export async function recoverAutoLoginPasswords(
  bytes: Uint8Array,
  owner?: AutoLoginOwner,
): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  const header = parseAutoLoginHeader(bytes);
  if (header.local && owner === undefined) {
    throw new UnsupportedError(
      'ERR_AUTO_LOGIN_LOCAL',
      'this auto-login wallet is local: it opens only with the host and user that made it',
      undefined,
      {
        hint: 'give the host name and the operating-system user of the machine where it was made',
      },
    );
  }
  const key = bytes.slice(SECTION_AT + 1, SECTION_AT + 1 + KEY_BYTES);
  const secret = bytes.slice(SECTION_AT + 1 + KEY_BYTES, header.pfxOffset);
  const password = header.scheme === 'aes' ? decryptCbc(key, AES_IV, secret, 'none') : await decryptDes(key, secret);
  if (!header.local || owner === undefined) return [password];
  const host = owner.host.split('.')[0] as string;
  const mac = hmac('sha1', encodeUtf8(host + owner.user), password).subarray(0, 16);
  password.fill(0);
  // Two readers of this form differ where a byte is 127: one makes it 128, the other 1.
  const candidates = [mac.map((b) => (b & 127) + 1), mac.map((b) => ((b & 127) % 127) + 1)] as [
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>,
  ];
  mac.fill(0);
  return candidates;
}

/**
 * Opens an auto-login wallet.
 *
 * @param bytes a `cwallet.sso`; copied
 * @param owner who made it; needed for a local one only
 * @throws {AuthenticationError} ERR_WRONG_PASSWORD: damaged, or another owner; and as `recoverAutoLoginPasswords` and `openWallet`
 */
export async function openAutoLogin(
  bytes: Uint8Array,
  owner?: AutoLoginOwner,
  options: WalletOptions = {},
): Promise<Wallet> {
  return await openInsideAutoLogin(bytes, owner, (pfx, password) => openWallet(pfx, password, options));
}

/**
 * Opens what is inside an auto-login wallet with the password that it brings along: with each candidate until one is right.
 *
 * @param open is lent the PFX and a password
 * @throws as `openAutoLogin`, and what `open` throws besides a refused password
 */
export async function openInsideAutoLogin<T>(
  bytes: Uint8Array,
  owner: AutoLoginOwner | undefined,
  open: (pfx: Uint8Array, password: Uint8Array) => Promise<T>,
): Promise<T> {
  const { pfxOffset } = parseAutoLoginHeader(bytes);
  const passwords = await recoverAutoLoginPasswords(bytes, owner);
  let refused: unknown;
  try {
    for (const password of passwords) {
      try {
        return await open(bytes.subarray(pfxOffset), password);
      } catch (error) {
        if (!(error instanceof AuthenticationError)) throw error;
        refused = error;
      }
    }
  } finally {
    for (const password of passwords) password.fill(0);
  }
  throw refused;
}

async function decryptDes(key: Uint8Array, secret: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  await loadLegacy();
  return legacyDecryptCbc('des', fromAsciiHex(key), new Uint8Array(8), fromAsciiHex(secret));
}

/** The file's own obfuscation is hex of what the file itself opens: nothing here is secret from who has the file. */
function fromAsciiHex(ascii: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = String.fromCharCode(...ascii);
  if (!/^[0-9a-f]*$/i.test(text)) throw malformed(SECTION_AT + 1);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function malformed(offset: number): FormatError {
  return new FormatError('ERR_AUTO_LOGIN_HEADER', `not an auto-login wallet: fault at offset ${offset}`, { offset });
}
