import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/errors.ts';
import { formatServer, parseKmipComponentConfig } from '../../src/okv/index.ts';
import { type LooseValue, readLooseJson } from '../../src/okv/loose-json.ts';
import { TextReading } from '../../src/okv/place.ts';
import { runs } from '../support/runs.ts';

const ORACLE = `{
  "kmip_configuration_directory": "/usr/local/mysql/kmip",
  "cache_keys": true,
  "server": "198.51.100.20:9002",
  "standby_server": ["203.0.113.125:8041", "[2001:db8::1]"]
}`;
const PERCONA = `{
  "server_addr": "127.0.0.1", "server_port": "5696",
  "client_ca": "/c.pem", "client_key": "/k.pem", "server_ca": "/ca.pem",
  "tls_peer_verification": true, "tls_hostname_verification": true
}`;

const refusal = (text: string): string => {
  try {
    parseKmipComponentConfig(text);
  } catch (error) {
    if (error instanceof FormatError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing';
};

describe('component_keyring_kmip.cnf', () => {
  it("reads Oracle's", () => {
    expect(parseKmipComponentConfig(ORACLE, { strict: true })).toEqual({
      vendor: 'oracle',
      servers: [
        { host: '198.51.100.20', port: 9002 },
        { host: '203.0.113.125', port: 8041 },
        { host: '2001:db8::1', port: 5696 },
      ],
      configurationDirectory: '/usr/local/mysql/kmip',
      cacheKeys: true,
      readLocalConfig: false,
      warnings: [],
    });
  });

  it("reads Percona's, with its defaults", () => {
    expect(parseKmipComponentConfig(PERCONA, { strict: true })).toEqual({
      vendor: 'percona',
      servers: [{ host: '127.0.0.1', port: 5696 }],
      clientCertificateFile: '/c.pem',
      clientKeyFile: '/k.pem',
      serverCaFile: '/ca.pem',
      objectGroup: '',
      maxObjects: 65535,
      timeoutMs: 5000,
      verifyPeer: true,
      verifyHostName: true,
      readLocalConfig: false,
      warnings: [],
    });
    const unsafe = parseKmipComponentConfig(PERCONA.replaceAll('true', 'false'));
    expect(unsafe.warnings.map((w) => w.code)).toEqual(['OKV_NOT_VERIFIED']);
  });

  it('knows a file that only sends to another', () => {
    expect(parseKmipComponentConfig('{"read_local_config": true}').vendor).toBe('local');
  });

  it("mends the manual's two samples and says what was wrong where", () => {
    const first = `{
     "kmip_configuration_directory":"path to the certificates"
     "cache_keys": true
     "server": "primary_host:5696",
     "standby_server": [
       "secondary_one_host:5696,
       "secondary_two_host:5696",
       "secondary_three_host:5696",
     ]
}`;
    const config = parseKmipComponentConfig(first);
    expect(config).toMatchObject({
      vendor: 'oracle',
      configurationDirectory: 'path to the certificates',
      cacheKeys: true,
    });
    if (config.vendor !== 'oracle') throw new Error('another vendor');
    expect(config.servers.map(formatServer)).toEqual([
      'primary_host:5696',
      'secondary_one_host:5696',
      'secondary_two_host:5696',
      'secondary_three_host:5696',
    ]);
    expect(config.warnings.map((w) => `${w.line}:${w.column} ${w.message}`)).toEqual([
      '2:63 a comma is missing',
      '3:24 a comma is missing',
      '6:8 the closing quote of a string is missing',
      '8:35 a comma stands behind the last element',
    ]);
    const second =
      '{ "kmip_configuration_directory":"d"\n "cache_keys": true\n "server": "a:1"\n "standby_server": "b:2"\n}';
    expect(parseKmipComponentConfig(second)).toMatchObject({ servers: [{ host: 'a' }, { host: 'b', port: 2 }] });
    expect(() => parseKmipComponentConfig(second, { strict: true })).toThrow('(line 1, column 37)');
  });

  it.each([
    ['', 'ERR_OKV_JSON'],
    ['[]', 'ERR_OKV_JSON'],
    ['{"server": "a"', 'ERR_OKV_JSON: component_keyring_kmip.cnf: the text ends before its }'],
    ['{"server": }', 'a value is missing'],
    ['{"server": "a",,}', 'two commas follow each other'],
    ['{} x', 'something stands behind the object'],
    ['{"cache_keys": true/false}', 'this is a choice, not a value (line 1, column 16)'],
    [`{"server": ${'['.repeat(9)}`, 'more than 8'],
    ['{}', 'ERR_OKV_VENDOR'],
    ['{"server": "a", "server_addr": "b"}', 'can be only one of them (line 1, column 17)'],
    ['{"server": "a"}', 'the member kmip_configuration_directory is missing'],
    ['{"kmip_configuration_directory": "d"}', 'the member server is missing'],
    ['{"kmip_configuration_directory": "d", "server": 5}', 'server must be a string (line 1, column 49)'],
    ['{"kmip_configuration_directory": "d", "server": "a:b"}', 'ERR_OKV_SERVER'],
    ['{"kmip_configuration_directory": "", "server": "a"}', 'must be a string with something in it'],
    [PERCONA.replace('"5696"', '"x"'), 'ERR_OKV_SERVER'],
    [PERCONA.replace('{', '{"max_objects": -1,'), 'max_objects must be a whole number above 0'],
    [PERCONA.replace('"/k.pem"', '7'), 'client_key must be a string'],
    [PERCONA.replace('verification": true', 'verification": "yes"'), 'must be true or false'],
  ])('refuses %j', (text, message) => {
    expect(refusal(text)).toContain(message);
  });

  it('remarks members that nobody reads and those set twice', () => {
    const config = parseKmipComponentConfig(ORACLE.replace('{', '{ "port": 1, "cache_keys": false,'));
    expect(config.warnings.map((w) => w.code)).toEqual(['OKV_DUPLICATE', 'OKV_UNKNOWN_MEMBER']);
    expect(config).toMatchObject({ cacheKeys: true });
  });
});

describe('loose JSON: properties', () => {
  const plain = (value: LooseValue): unknown => {
    if (value.kind === 'null') return null;
    if (value.kind === 'array') return value.items.map(plain);
    if (value.kind === 'object') return Object.fromEntries(value.members.map((m) => [m.name, plain(m.value)]));
    return value.value;
  };
  const read = (text: string, strict: boolean): unknown => {
    const members = readLooseJson(new TextReading(text, { strict }, 'x.cnf'));
    return plain({ kind: 'object', members, offset: 0 });
  };

  it('reads valid JSON as JSON.parse does, without a repair', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }));
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(read(text, true)).toEqual(JSON.parse(text));
      }),
      { numRuns: runs(500) },
    );
  });

  const piece = fc.constantFrom(
    ...['{', '}', '[', ']', '"', ',', ':', '\\', '\n', ' ', 'true', '1', 'a', 'server', '\0'],
  );

  it('ends for any text, with a value or an error in its own words', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 40 }), (parts) => {
        const text = `{${parts.join('')}`;
        try {
          read(text, false);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          expect(error.code).toBe('ERR_OKV_JSON');
        }
      }),
      { numRuns: runs(3000) },
    );
  });
});
