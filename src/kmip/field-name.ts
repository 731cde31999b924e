/** How the fields of messages are called. Used by the codec and by build-payloads.mjs. Layer: kmip. */

/**
 * Makes the name of a field of the name of its tag: its first word, or run of capitals, in lower case.
 * `UniqueIdentifier` → `uniqueIdentifier`, `IVCounterNonce` → `ivCounterNonce`, `PGPKey` → `pgpKey`, `D` → `d`.
 */
export function fieldName(tagName: string): string {
  return tagName.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+/, (start) => start.toLowerCase());
}
