/**
 * The parameters of an instance: those in force, and those of the "spfile" that the next start takes. The spfile is
 * `spfile.json` in the home directory (0600), replaced atomically. Layer: instance, Node only.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FormatError, UsageError } from '../errors.ts';

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
export async function readSpfile(home: string): Promise<Parameters> {
  let text: string;
  try {
    text = await readFile(join(home, SPFILE), 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return DEFAULT_PARAMETERS;
    throw error;
  }
  try {
    const values = JSON.parse(text) as Record<string, unknown>;
    const assignments = Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));
    return assignParameters(DEFAULT_PARAMETERS, assignments);
  } catch (cause) {
    throw new FormatError('ERR_SPFILE', `malformed ${join(home, SPFILE)}`, { offset: 0 }, { cause });
  }
}

/** Writes the spfile of a home, which is made when missing (0700). */
export async function writeSpfile(home: string, parameters: Parameters): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const set = Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null));
  const temporary = join(home, `.${SPFILE}.${process.pid}.tmp`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(set, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(home, SPFILE));
}
