/** What the page says of itself: the policy in force, its own hash as built, the hash of the core that runs. Layer: web. */

/** Facts of this page. */
export class Facts {
  /** Why the core does not run here; null when it does. */
  readonly failure: string | null;
  readonly #core: Uint8Array<ArrayBuffer>;

  /** @param core the module that was started */
  constructor(core: Uint8Array<ArrayBuffer>, failure: string | null) {
    this.#core = core;
    this.failure = failure;
  }

  /** The rules of the policy, one each. */
  get policy(): readonly string[] {
    const meta = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
    return (meta?.getAttribute('content') ?? '').split(/;\s*/);
  }

  /** Hex, of the file with zeros where this stands in it. */
  get pageSha256(): string {
    return document.querySelector('meta[name="keyward-page-sha256"]')?.getAttribute('content') ?? '–';
  }

  /** Hex, computed now. */
  async coreSha256(): Promise<string> {
    if (globalThis.crypto?.subtle === undefined) return '–';
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', this.#core));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
