// The two formats as the fuzzer sees them: loose readers and writers of element trees, kept apart from the project's own so that
// they share no mistake with it, and able to write what is wrong on purpose. Layer: test only.

const join = (parts) => {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (h) => Number.parseInt(h, 16));

// DER: a node is { tag: identifier octets, children or body, form: how its length is written }

function readDer(bytes, from, to, depth) {
  const nodes = [];
  let at = from;
  while (at < to) {
    const start = at;
    const first = bytes[at++];
    if ((first & 31) === 31) {
      while (at < to && bytes[at] & 128) at++;
      at++;
    }
    const tag = bytes.slice(start, at);
    let length = bytes[at++];
    if (length === undefined || length === 0x80 || length > 0x84) return null;
    if (length > 128) {
      let value = 0;
      for (let n = length & 127; n > 0; n--) value = value * 256 + (bytes[at++] ?? 0);
      length = value;
    }
    if (at + length > to) return null;
    // Octet strings are looked into as well: PKCS#12 keeps its structures in them.
    const looksNested = first & 32 || (first === 4 && length > 1);
    const children = looksNested && depth < 60 ? readDer(bytes, at, at + length, depth + 1) : null;
    nodes.push(children === null ? { tag, body: bytes.slice(at, at + length) } : { tag, children });
    at += length;
  }
  return nodes;
}

function derLength(n, form) {
  const long = (width) => [
    0x80 | width,
    ...Array.from({ length: width }, (_, i) => (n / 2 ** (8 * (width - 1 - i))) & 255),
  ];
  if (typeof form === 'object') return form;
  if (form === 'long') return long(4);
  if (n < 128) return [n];
  return long(n < 256 ? 1 : n < 65536 ? 2 : 3);
}

function writeDer(nodes) {
  return join(
    nodes.flatMap(({ tag, children, body, form }) => {
      const contents = children ? writeDer(children) : (body ?? new Uint8Array(0));
      if (form === 'indefinite') {
        const constructed = tag.slice();
        constructed[0] |= 32;
        return [constructed, [0x80], contents, [0, 0]];
      }
      return [tag, derLength(contents.length, form), contents];
    }),
  );
}

const DER_LENGTHS = [
  [0x80],
  [0x81, 0x7f],
  [0x82, 0, 5],
  [0x84, 255, 255, 255, 255],
  [0x84, 128, 0, 0, 0],
  [0xff],
  [0x88, 1, 0, 0, 0, 0, 0, 0, 0],
];
const DER_TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x13, 0x1e, 0x24, 0x30, 0x31, 0x80, 0xa0, 0xa1];

const OIDS = [
  '2a864886f70d010701', // data
  '2a864886f70d010702', // signedData
  '2a864886f70d010703', // envelopedData
  '2a864886f70d010706', // encryptedData
  ...[1, 2, 3, 4, 5, 6].map((n) => `2a864886f70d010c0a010${n}`), // the bag types
  '2a864886f70d01091601', // x509Certificate
  '2a864886f70d01091701', // x509CRL
  '2a864886f70d010914', // friendlyName
  '2a864886f70d010915', // localKeyId
  '2a864886f70d010c0103', // pbeWithSHAAnd3-KeyTripleDES-CBC
  '2a864886f70d010c0106', // pbeWithSHAAnd40BitRC2-CBC
  '2a864886f70d01050d', // PBES2
  '2a864886f70d01050c', // PBKDF2
  '2a864886f70d01050e', // PBMAC1
  '60864801650304012a', // aes256-CBC
  '2b0e03021a', // SHA-1
  '608648016503040201', // SHA-256
].map(fromHex);

/** DER and BER, with the words that PKCS#12 is made of. */
export const derCodec = {
  words: [
    ...OIDS.map((oid) => Uint8Array.from([6, oid.length, ...oid])),
    ...DER_LENGTHS.map((l) => Uint8Array.from(l)),
    ...[
      '0500',
      '020103',
      '020101',
      '0000',
      '3080',
      '2480',
      'a080',
      '0400',
      '3000',
      '3100',
      '020827100000ffffffff',
      '1f8101',
    ].map(fromHex),
  ],
  parse: (bytes) => readDer(bytes, 0, bytes.length, 0),
  encode: writeDer,
  disturb(node, random) {
    switch (random.below(5)) {
      case 0:
        return { form: random.pick(['long', 'indefinite', 'indefinite', random.pick(DER_LENGTHS)]) };
      case 1:
        return { tag: Uint8Array.of(random.pick(DER_TAGS)) };
      case 2: // a string in segments
        return node.body
          ? {
              tag: Uint8Array.of(node.tag[0] | 32),
              form: random.pick([undefined, 'indefinite']),
              children: [node.body, node.body].map((body) => ({ tag: node.tag, body })),
              body: undefined,
            }
          : { form: 'indefinite' };
      case 3:
        return { body: random.pick(OIDS).slice(), children: undefined, tag: Uint8Array.of(6) };
      default:
        return { body: random.bytes(random.below(12)), children: undefined };
    }
  },
};

// TTLV: a node is { tag: 3 bytes, type, children or body, length: to write instead of the true one, padding }

function readTtlv(bytes, from, to, depth) {
  const nodes = [];
  let at = from;
  while (at < to) {
    if (to - at < 8) return null;
    const tag = bytes.slice(at, at + 3);
    const type = bytes[at + 3];
    const length = bytes[at + 4] * 2 ** 24 + ((bytes[at + 5] << 16) | (bytes[at + 6] << 8) | bytes[at + 7]);
    const body = at + 8;
    const end = body + length + (-length & 7);
    if (end > to) return null;
    const children = type === 1 && depth < 60 ? readTtlv(bytes, body, body + length, depth + 1) : null;
    nodes.push(children === null ? { tag, type, body: bytes.slice(body, body + length) } : { tag, type, children });
    at = end;
  }
  return nodes;
}

function writeTtlv(nodes) {
  return join(
    nodes.flatMap(({ tag, type, children, body, length, padding }) => {
      const contents = children ? writeTtlv(children) : (body ?? new Uint8Array(0));
      const n = length ?? contents.length;
      const pad = new Uint8Array(padding ?? -contents.length & 7);
      return [tag, [type], [n / 2 ** 24, n >>> 16, n >>> 8, n].map((v) => v & 255), contents, pad];
    }),
  );
}

const TTLV_LENGTHS = [
  0, 1, 3, 4, 5, 7, 8, 9, 12, 16, 0x7fffffff, 0x7ffffff8, 0x80000000, 0xfffffff0, 0xfffffff7, 0xfffffff8, 0xffffffff,
];

/** TTLV, with the tags that a KMIP message begins with. */
export const ttlvCodec = {
  words: [
    '42007801',
    '42007b01',
    '42000f01',
    '4200690100000020',
    '54000102',
    ...Array.from({ length: 12 }, (_, i) => `4200${(0x57 + i).toString(16)}${(i + 1).toString(16).padStart(2, '0')}`),
    '0000000000000001',
    'fffffff8',
    '00000004',
    '00000008',
    'c3a9',
    'eda080',
    'f4908080',
    'c0af',
  ].map(fromHex),
  parse: (bytes) => readTtlv(bytes, 0, bytes.length, 0),
  encode: writeTtlv,
  disturb(_node, random) {
    switch (random.below(5)) {
      case 0:
        return { length: random.pick(TTLV_LENGTHS) };
      case 1:
        return { type: random.below(14) };
      case 2:
        return { padding: random.below(9) };
      case 3:
        return { body: random.bytes(random.pick([0, 1, 4, 7, 8, 9, 16])), children: undefined };
      default:
        return { tag: fromHex(random.pick(['420008', '420094', '42000b', '540001', '000000', '42ffff', 'ff0001'])) };
    }
  },
};
