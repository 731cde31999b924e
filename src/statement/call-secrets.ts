/**
 * The secrets of one call: those that stand in a statement's text become `Secret`s here and are disposed of with the call; bound
 * ones are lent on. Layer: statement, pure.
 */
import { encodeUtf8 } from '../bytes.ts';
import { StatementError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { Auth, KeyringArgument, SecretText } from './ast.ts';
import type { KeystoreAccess } from './host.ts';

/** Values for the `:name`s of a statement: passwords and key material that do not stand in its text. Lent for the call. */
export type Binds = ReadonlyMap<string, Secret>;

/** Secrets for the time of a call. Use with `using`. */
export class CallSecrets {
  readonly #binds: Binds;
  readonly #made: Secret[] = [];

  constructor(binds: Binds) {
    this.#binds = binds;
  }

  /** The secret of a node. @throws {StatementError} ERR_STATEMENT_BIND */
  of(text: SecretText): Secret {
    return text.bind === null ? this.#make(encodeUtf8(text.value ?? '')) : this.#bound(text.bind, text.span.start);
  }

  orNull(text: SecretText | null): Secret | null {
    return text === null ? null : this.of(text);
  }

  access(statement: { readonly force: boolean; readonly auth: Auth }): KeystoreAccess {
    return { force: statement.force, password: this.orNull(statement.auth.password) };
  }

  /** The bytes of an argument that is a string, bytes or a bind value. @throws {StatementError} ERR_STATEMENT_BIND */
  ofArgument({ type, value, span }: KeyringArgument): Secret {
    const text = value ?? '';
    if (type === 'bind') return this.#bound(text, span.start);
    return this.#make(type === 'bytes' ? parseHex(text) : encodeUtf8(text));
  }

  [Symbol.dispose](): void {
    for (const secret of this.#made) secret.dispose();
  }

  #make(bytes: Uint8Array<ArrayBuffer>): Secret {
    const secret = Secret.adopt(bytes);
    this.#made.push(secret);
    return secret;
  }

  #bound(name: string, offset: number): Secret {
    const bound = this.#binds.get(name);
    if (bound !== undefined) return bound;
    throw new StatementError('ERR_STATEMENT_BIND', `no value is bound to :${name}`, { line: 1, column: offset + 1 });
  }
}

/** `0x123` has a nibble in front, as in MySQL. */
function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const even = text.length % 2 === 0 ? text : `0${text}`;
  return Uint8Array.from({ length: even.length / 2 }, (_, i) => Number.parseInt(even.slice(2 * i, 2 * i + 2), 16));
}
