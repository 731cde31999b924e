/** How the emulator says no: with a code of the service. Layer: kms/emulator, Node only. */

/** A failure that is answered as the service answers it. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
