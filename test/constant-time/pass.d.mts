/** A place in the module whose operand the pass folds: `name` is unique, `text` is the operand (with `describe`). */
export interface Site {
  readonly id: number;
  readonly function: string;
  readonly kind: string;
  readonly nth: number;
  readonly text: string;
  readonly name: string;
}
export class UnknownInstruction extends Error {}
export const EDGE_MAP_BYTES: number;
export function instrument(
  bytes: Uint8Array,
  options: { readonly watch: 'trace' | 'edges'; readonly wat?: string; readonly describe?: boolean },
): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sites: readonly (Site | undefined)[];
  readonly mapAddress: number;
};
