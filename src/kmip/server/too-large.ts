/** Thrown by whoever writes an answer, inside of the transaction: nothing has happened then. Layer: kmip/server, Node only. */
export class TooLarge extends Error {
  override readonly name: string = 'TooLarge';
}
