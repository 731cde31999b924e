/**
 * The parameters of an instance: those in force, and those of the "spfile" that the next start takes. The spfile is
 * `spfile.json` in the home directory (0600), replaced atomically. Layer: instance, Node only.
 */
import { join, resolve } from 'node:path';
import { FormatError, UsageError } from '../errors.ts';
import type { FileSystem } from '../wallet/file/index.ts';
import { changeHomeFile, readHomeFile } from './files.ts';

/** What can be set. */
export interface Parameters {
  /** Directory whose `tde` holds the wallet; null when not set. */
  readonly WALLET_ROOT: string | null;
  /** `KEYSTORE_CONFIGURATION=FILE[;KMS=TRUE|FALSE]`. */
  readonly TDE_CONFIGURATION: string;
}

/** Nothing set. */
export const DEFAULT_PARAMETERS: Parameters = { WALLET_ROOT: null, TDE_CONFIGURATION: 'KEYSTORE_CONFIGURATION=FILE' };

const SPFILE = 'spfile.json';
const TDE_CONFIGURATION = /^\s*KEYSTORE_CONFIGURATION\s*=\s*FILE\s*(?:;\s*KMS\s*=\s*(TRUE|FALSE)\s*)?;?\s*$/i;

/** Says whether a configuration hands master keys to a key management service. */
export function usesKms(parameters: Parameters): boolean {
  return TDE_CONFIGURATION.exec(parameters.TDE_CONFIGURATION)?.[1]?.toUpperCase() === 'TRUE';
}

/** The directory of the wallet: `WALLET_ROOT/tde`; null while WALLET_ROOT is not set. A relative root begins at the home. */
export function walletDirectory(parameters: Parameters, home: string): string | null {
  return parameters.WALLET_ROOT === null ? null : resolve(home, parameters.WALLET_ROOT, 'tde');
}

/**
 * Applies assignments, all or none.
 *
 * @throws {UsageError} ERR_PARAMETER for an unknown name or a value that it cannot have
 */
export function assignParameters(
  parameters: Parameters,
  assignments: readonly { readonly name: string; readonly value: string }[],
): Parameters {
  const next: Record<keyof Parameters, string | null> = { ...parameters };
  for (const { name, value } of assignments) {
    if (name === 'WALLET_ROOT') next.WALLET_ROOT = value === '' ? null : value;
    else if (name !== 'TDE_CONFIGURATION')
      throw new UsageError('ERR_PARAMETER', `unknown parameter ${name}: there are WALLET_ROOT and TDE_CONFIGURATION`);
    else if (!TDE_CONFIGURATION.test(value)) {
      throw new UsageError(
        'ERR_PARAMETER',
        'TDE_CONFIGURATION must be KEYSTORE_CONFIGURATION=FILE, with or without ;KMS=TRUE or ;KMS=FALSE',
      );
    } else next.TDE_CONFIGURATION = value;
  }
  return next as Parameters;
}

/** Reads the spfile of a home; the defaults when there is none. @throws {FormatError} ERR_SPFILE */
export async function readSpfile(fs: FileSystem, home: string): Promise<Parameters> {
  return parseSpfile(home, await readHomeFile(fs, home, SPFILE));
}

/** Applies assignments to the spfile of a home, which is made when missing (0700). @throws as `assignParameters` */
export async function changeSpfile(
  fs: FileSystem,
  home: string,
  assignments: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  await changeHomeFile(fs, home, SPFILE, (text) => {
    const next = assignParameters(parseSpfile(home, text), assignments);
    const set = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null));
    return `${JSON.stringify(set, null, 2)}\n`;
  });
}

function parseSpfile(home: string, text: string | null): Parameters {
  if (text === null) return DEFAULT_PARAMETERS;
  try {
    const values = JSON.parse(text) as Record<string, unknown>;
    const assignments = Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));
    return assignParameters(DEFAULT_PARAMETERS, assignments);
  } catch (cause) {
    throw new FormatError('ERR_SPFILE', `malformed ${join(home, SPFILE)}`, { offset: 0 }, { cause });
  }
}
