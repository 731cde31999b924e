/**
 * What a file may cost before it is refused: size, structure, and key-derivation work, counted before the first hash.
 * The unit of work is one iteration of one output block: what PBKDF2 and the PKCS#12 KDF repeat. Layer: pkcs12.
 */
import { LimitError, UsageError } from '../errors.ts';

/** Bounds on one file. All are optional where a caller gives them; the defaults are in `DEFAULT_LIMITS`. */
export interface Pkcs12Limits {
  /** Largest file, bytes. */
  readonly maxBytes: number;
  /** Deepest ASN.1 nesting. */
  readonly maxDepth: number;
  /** Most ASN.1 elements in the file, and again in each decrypted safe. */
  readonly maxElements: number;
  /** Deepest SafeContentsBag in SafeContentsBag. */
  readonly maxNesting: number;
  /** Highest iteration count of one derivation. */
  readonly maxIterations: number;
  /** Most iterations of all derivations of the file together, retries included. */
  readonly maxTotalIterations: number;
  /** Most memory one scrypt derivation may take, bytes (128 · N · r). */
  readonly maxScryptMemoryBytes: number;
}

/** The limits that hold where the caller gives none. */
export const DEFAULT_LIMITS: Pkcs12Limits = {
  maxBytes: 8 * 1024 * 1024,
  maxDepth: 64,
  maxElements: 458_752,
  maxNesting: 16,
  maxIterations: 5_000_000,
  maxTotalIterations: 20_000_000,
  maxScryptMemoryBytes: 256 * 1024 * 1024,
};

/** Completes the caller's limits with the defaults. @throws {UsageError} ERR_OPTION for an unknown name or a bad value */
export function resolveLimits(given: Partial<Pkcs12Limits> = {}, base: Pkcs12Limits = DEFAULT_LIMITS): Pkcs12Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new UsageError('ERR_OPTION', `unknown limit "${name}"`);
    if (value !== undefined && (!Number.isSafeInteger(value) || value < 0)) {
      throw new UsageError('ERR_OPTION', `limit ${name} must be a whole number, 0 or more`);
    }
  }
  return { ...base, ...withoutUndefined(given) };
}

/** Refuses options that a function does not know. @throws {UsageError} ERR_OPTION */
export function assertKnownOptions(given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new UsageError('ERR_OPTION', `unknown option "${name}"`, { hint: `known: ${known.join(', ')}` });
    }
  }
}

/** Refuses an iteration count outside 1..max. @throws {LimitError} ERR_LIMIT_ITERATIONS */
export function assertIterations(iterations: number, limits: Pkcs12Limits, where: string): void {
  if (iterations >= 1 && iterations <= limits.maxIterations) return;
  throw iterationsError(iterations, limits.maxIterations, where);
}

/** The error for an iteration count that is refused. */
export function iterationsError(actual: number | string, limit: number, where: string): LimitError {
  return new LimitError(
    'ERR_LIMIT_ITERATIONS',
    `${where}: ${actual} iterations, allowed are 1 to ${limit}`,
    { limit, actual },
    { hint: 'raise limits.maxIterations if you trust this file' },
  );
}

/** The running total of one file's derivation work. */
export class Budget {
  readonly #limits: Pkcs12Limits;
  #spent = 0;

  constructor(limits: Pkcs12Limits) {
    this.#limits = limits;
  }

  /** Iterations asked for so far. */
  get spent(): number {
    return this.#spent;
  }

  /** Adds a stage's work before it starts. @throws {LimitError} ERR_LIMIT_TOTAL_ITERATIONS; nothing is added then */
  spend(iterations: number): void {
    const total = this.#spent + iterations;
    if (total > this.#limits.maxTotalIterations) {
      throw new LimitError(
        'ERR_LIMIT_TOTAL_ITERATIONS',
        `the file asks for ${total} iterations in all, allowed are ${this.#limits.maxTotalIterations}`,
        { limit: this.#limits.maxTotalIterations, actual: total },
        { hint: 'raise limits.maxTotalIterations if you trust this file' },
      );
    }
    this.#spent = total;
  }
}

function withoutUndefined(given: Partial<Pkcs12Limits>): Partial<Pkcs12Limits> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
