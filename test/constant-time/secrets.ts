/** Random secrets from a printed seed, uniform ones and ones at the edges of carries and tables. Layer: test only. */

/** The seed of this run: `KEYWARD_SEED`, else 1. */
export const SEED: number = Number(process.env.KEYWARD_SEED ?? '1') >>> 0;

/** A stream of secrets; the same seed gives the same stream. */
export class Secrets {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number 0 ≤ n < below. */
  below(below: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % below;
  }

  /** Secret bytes: mostly uniform, at times all the same, one bit only, or a run of 0xFF before zeros. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(count);
    switch (this.below(12)) {
      case 0:
        return out.fill(this.below(2) * 0xff);
      case 1:
        return out.fill(this.below(256));
      case 2:
        if (count > 0) out[this.below(count)] = 1 << this.below(8);
        return out;
      case 3:
        return out.fill(0xff, 0, this.below(count + 1));
      default:
        for (let i = 0; i < count; i++) out[i] = this.below(256);
        return out;
    }
  }

  /** Bytes that differ from `bytes` in at least one bit, at a secret place. */
  changed(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(bytes);
    for (let n = 1 + this.below(3); n > 0; n--) out[this.below(out.length)]! ^= 1 + this.below(255);
    if (out.every((byte, i) => byte === bytes[i])) out[0]! ^= 1;
    return out;
  }
}
