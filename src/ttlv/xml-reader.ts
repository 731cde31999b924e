/**
 * A pull reader for the corner of XML 1.0 that the KMIP encoding uses: elements and attributes, comments, white space, an XML
 * declaration, the five named entities and numeric references. Everything else is refused, document types above all, so
 * there is nothing to expand or to fetch. One pass, by sticky expressions without backtracking. Layer: ttlv, internal.
 */

/** One start tag. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Where it starts, in characters. */
  readonly offset: number;
  /** `<a/>`: nothing inside, no end tag. */
  readonly empty: boolean;
}

/** A fault and its offset. */
export class XmlFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const SPACE = /[ \t\r\n]*/y;
const DECLARATION =
  /<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(["'])1\.[0-9]+\1(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(["'])[Uu][Tt][Ff]-8\2)?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(["'])(?:yes|no)\3)?[ \t\r\n]*\?>/y;
const NAME = /[A-Za-z_][\w.-]*/y;
const EQUALS = /[ \t\r\n]*=[ \t\r\n]*/y;
const VALUE = /"([^"<]*)"|'([^'<]*)'/y;
const TAG_END = /\/?>/y;
const END_TAG_END = /[ \t\r\n]*>/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML 1.0 lacks
const NOT_A_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Reads elements in document order. */
export class XmlReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    const bad = NOT_A_CHARACTER.exec(text);
    if (bad !== null) throw new XmlFault('a character that XML does not have', bad.index);
  }

  /** The start tag of the document's element. */
  root(): XmlElement {
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
    this.#match(DECLARATION);
    this.#skip();
    return this.#startTag();
  }

  /** The next start tag inside `parent`; undefined once its end tag was read. */
  child(parent: XmlElement): XmlElement | undefined {
    if (parent.empty) return undefined;
    this.#skip();
    if (!this.#text.startsWith('</', this.#at)) return this.#startTag();
    const offset = this.#at;
    this.#at += 2;
    if (this.#match(NAME) !== parent.name) throw new XmlFault(`</${parent.name}> expected`, offset);
    if (this.#match(END_TAG_END) === undefined) throw new XmlFault('malformed end tag', offset);
    return undefined;
  }

  /** Refuses anything but white space and comments to the end. */
  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw new XmlFault('something after the document', this.#at);
  }

  /** Skips white space and comments. */
  #skip(): void {
    this.#match(SPACE);
    while (this.#text.startsWith('<!--', this.#at)) {
      const end = this.#text.indexOf('--', this.#at + 4);
      if (end < 0 || this.#text[end + 2] !== '>') throw new XmlFault('malformed comment', this.#at);
      this.#at = end + 3;
      this.#match(SPACE);
    }
  }

  #startTag(): XmlElement {
    const offset = this.#at;
    if (this.#text[offset] !== '<') throw new XmlFault('an element expected', offset);
    this.#at++;
    const name = this.#match(NAME);
    if (name === undefined) throw new XmlFault('an element expected', offset);
    const attributes = new Map<string, string>();
    for (;;) {
      const spaced = this.#match(SPACE) !== '';
      const end = this.#match(TAG_END);
      if (end !== undefined) return { name, attributes, offset, empty: end === '/>' };
      const key = spaced ? this.#match(NAME) : undefined;
      if (key === undefined || this.#match(EQUALS) === undefined) throw new XmlFault('malformed start tag', this.#at);
      if (attributes.has(key)) throw new XmlFault('an attribute twice', this.#at);
      attributes.set(key, this.#value());
    }
  }

  #value(): string {
    const offset = this.#at;
    const quoted = this.#match(VALUE);
    if (quoted === undefined) throw new XmlFault('malformed attribute value', offset);
    const raw = quoted.slice(1, -1).replace(/\r\n|[\t\r\n]/g, ' '); // XML 1.0, 2.11 and 3.3.3
    if (!raw.includes('&')) return raw;
    return raw.replace(/&([^;&]*;?)/g, (_, reference: string) => decodeReference(reference, offset));
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

/** `amp;`, `#10;` or `#x1F600;` as its character. */
function decodeReference(reference: string, offset: number): string {
  const name = reference.slice(0, -1);
  if (reference.endsWith(';')) {
    if (Object.hasOwn(ENTITIES, name)) return ENTITIES[name]!;
    const code = /^#(?:\d{1,7}|x[\da-fA-F]{1,6})$/.test(name) ? Number(name.replace('#x', '0x').replace('#', '')) : -1;
    const character =
      code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : '';
    if (character !== '' && !NOT_A_CHARACTER.test(character)) return character;
  }
  throw new XmlFault('unknown entity or character reference', offset);
}
