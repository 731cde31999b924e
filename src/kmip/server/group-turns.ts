/**
 * Whose turn it is in an object group: Locate with Group Member Default hands out the members in turn (KMIP 1.4, 4.9). Kept in
 * memory: after a start the turn begins anew. Layer: kmip/server, Node only.
 */

/** The last member handed out of each group, by its place in the order of making. */
export class GroupTurns {
  readonly #last = new Map<string, number>();

  /** Picks the next members of a group, all distinct; `members` in the order of making, not empty. */
  next<T extends { readonly ordinal: number }>(group: string, members: readonly T[], count: number): T[] {
    const last = this.#last.get(group) ?? 0;
    const start = Math.max(
      0,
      members.findIndex((one) => one.ordinal > last),
    );
    const picked = [...members.slice(start), ...members.slice(0, start)].slice(0, count);
    const end = picked.at(-1);
    if (end !== undefined) this.#last.set(group, end.ordinal);
    // As many groups as objects at the most; a client that makes more than this loses only its turns.
    if (this.#last.size > MAX_GROUPS) this.#last.clear();
    return picked;
  }
}

const MAX_GROUPS = 10_000;
