// What a run begins with: small inputs of every shape that the readers know, built here, and the test vectors where they are.
// Layer: test only.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { derCodec, ttlvCodec } from './codecs.mjs';

const VECTORS = process.env.KEYWARD_VECTORS || fileURLToPath(new URL('../../../shared/vectors', import.meta.url));

const hex = (text) => Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (h) => Number.parseInt(h, 16));
const text = (characters) => new TextEncoder().encode(characters);

/** A DER element: children, or contents. */
const node = (tag, ...inner) =>
  inner.length === 1 && inner[0] instanceof Uint8Array
    ? { tag: Uint8Array.of(tag), body: inner[0] }
    : { tag: Uint8Array.of(tag), children: inner };
const seq = (...children) => node(0x30, ...children);
const oid = (hexContents) => node(0x06, hex(hexContents));
const int = (hexContents) => node(0x02, hex(hexContents));
const octets = (inner) => node(0x04, inner);

const PKCS7 = '2a864886f70d0107';
const PKCS9 = '2a864886f70d0109';
const PKCS12 = '2a864886f70d010c';

const attributes = node(
  0x31,
  seq(oid(`${PKCS9}14`), node(0x31, node(0x1e, hex('006b00650079')))),
  seq(oid(`${PKCS9}15`), node(0x31, octets(hex('01020304')))),
);
const aes = seq(
  oid('2a864886f70d01050d'),
  seq(
    seq(
      oid('2a864886f70d01050c'),
      seq(octets(hex('0001020304050607')), int('2710'), seq(oid('2a864886f70d0209'), node(5, hex('')))),
    ),
    seq(oid('60864801650304012a'), octets(hex('000102030405060708090a0b0c0d0e0f'))),
  ),
);
const bag = (kind, value) => seq(oid(`${PKCS12}0a010${kind}`), node(0xa0, value), attributes);
const keyBag = bag(1, seq(int('00'), seq(oid('2a864886f70d010101'), node(5, hex(''))), octets(hex('3003020101'))));
const shrouded = bag(2, seq(aes, octets(hex('00112233445566778899aabbccddeeff'))));
const certificate = bag(3, seq(oid(`${PKCS9}1601`), node(0xa0, octets(hex('3003020101')))));
const list = bag(4, seq(oid(`${PKCS9}1701`), node(0xa0, octets(hex('3003020101')))));
const secret = bag(
  5,
  seq(oid(`${PKCS12}0a0102`), node(0xa0, octets(seq(aes, octets(hex('00112233445566778899aabbccddeeff')))))),
);
const bags = seq(keyBag, shrouded, certificate, list, secret);
const nested = seq(bag(6, seq(certificate, bag(6, seq(secret)))));

const data = (inner) => seq(oid(`${PKCS7}01`), node(0xa0, octets(inner)));
const encrypted = seq(
  oid(`${PKCS7}06`),
  node(0xa0, seq(int('00'), seq(oid(`${PKCS7}01`), aes, node(0x80, hex('00112233445566778899aabbccddeeff'))))),
);
const mac = seq(
  seq(seq(oid('608648016503040201'), node(5, hex(''))), octets(new Uint8Array(32).fill(7))),
  octets(hex('0001020304050607')),
  int('2710'),
);
const pfx = (...safes) => seq(int('03'), data(seq(...safes)), mac);

const derSeeds = [
  pfx(data(bags), encrypted),
  pfx(data(nested)),
  pfx(encrypted, encrypted),
  pfx(),
  bags,
  nested,
  seq(data(bags), encrypted),
  seq(),
  node(0x03, hex('00ff')),
  seq(node(0x0c, text('é')), node(0x17, text('260101000000Z')), node(0x01, hex('ff')), node(0x0a, hex('05'))),
  { ...seq(int('05')), form: 'indefinite' },
  { tag: Uint8Array.of(0x24), form: 'indefinite', children: [octets(hex('0102')), octets(hex('03'))] },
  { tag: hex('3f8101'), children: [int('05')] },
].map((n) => derCodec.encode([n]));

/** Files below a folder of the vectors that have one of these endings and at most so many bytes. */
function vectorFiles(folder, endings, maxBytes) {
  const root = join(VECTORS, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true })
    .sort()
    .filter((name) => endings.some((e) => name.endsWith(e)))
    .map((name) => new Uint8Array(readFileSync(join(root, name))))
    .filter((bytes) => bytes.length <= maxBytes);
}

/** Every `hex` of a JSON-lines file that is not too long. */
function vectorLines(file, maxBytes, every) {
  const path = join(VECTORS, file);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line, i) => line && i % every === 0)
    .map((line) => hex(JSON.parse(line).hex ?? ''))
    .filter((bytes) => bytes.length > 0 && bytes.length <= maxBytes);
}

const item = (tag, type, inner) =>
  Array.isArray(inner) ? { tag: hex(tag), type, children: inner } : { tag: hex(tag), type, body: inner };
const ttlvSeeds = [
  item('420078', 1, [
    item('420077', 1, [
      item('420069', 1, [item('42006a', 2, hex('00000001')), item('42006b', 2, hex('00000001'))]),
      item('42000d', 2, hex('00000001')),
    ]),
    item('42000f', 1, [
      item('42005c', 5, hex('0000000a')),
      item('420079', 1, [item('420094', 7, text('49a1ca88-6bea-4fb2-b450-7e58802c3038'))]),
    ]),
  ]),
  item('540001', 1, [
    item('540002', 3, hex('0123456789abcdef')),
    item('540003', 4, hex('ffffffffffffffff0000000000000001')),
    item('540004', 6, hex('0000000000000001')),
    item('540005', 8, hex('010203')),
    item('540006', 9, hex('0000000065b5d3c0')),
    item('540007', 10, hex('0000003c')),
    item('540008', 11, hex('0000000065b5d3c0')),
    item('540009', 7, text('é€😀')),
    item('54000a', 1, []),
  ]),
].map((n) => ttlvCodec.encode([n]));

/** The seeds of each target; those made here come first. */
export const SEEDS = {
  der: (maxBytes) => [...derSeeds, ...vectorFiles('pkcs12', ['.p12', '.pfx'], maxBytes)],
  pkcs12: (maxBytes) => [...derSeeds, ...vectorFiles('pkcs12', ['.p12', '.pfx'], maxBytes)],
  ttlv: (maxBytes) => [
    ...ttlvSeeds,
    ...vectorLines('kmip/ttlv-vectors.jsonl', maxBytes, 1),
    ...vectorLines('kmip/xml-ttlv.jsonl', maxBytes, 10),
  ],
  kmip: (maxBytes) => [...ttlvSeeds, ...vectorLines('kmip/xml-ttlv.jsonl', maxBytes, 5)],
};
