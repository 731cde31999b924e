import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError, LimitError } from '../../src/errors.ts';
import {
  formatOkvClient,
  formatServer,
  OKV_MESSAGES,
  okvMessage,
  type ParseOptions,
  parseOkvClient,
  parseServer,
} from '../../src/okv/index.ts';
import { runs } from '../support/runs.ts';

const servers = (text: string, options?: ParseOptions): string[] =>
  parseOkvClient(text, options).servers.map(formatServer);
const remarks = (text: string): string[] =>
  parseOkvClient(text).warnings.map((w) => `${w.severity} ${w.code} ${w.line}:${w.column}`);

/** What a reading throws, in one line. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof LimitError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing';
}

describe('okvclient.ora', () => {
  it("reads the manual's example", () => {
    expect(servers('SERVER=198.51.100.20:9002\nSTANDBY_SERVER=203.0.113.125:8041\n', { strict: true })).toEqual([
      '198.51.100.20:9002',
      '203.0.113.125:8041',
    ]);
  });

  it.each([
    ['a byte order mark and CR LF', '\ufeffSERVER=a:1\r\nSTANDBY_SERVER=b:2\r\n', ['a:1', 'b:2']],
    ['no line end', 'SERVER=a:1', ['a:1']],
    ['comments, blank lines, white space', '# x\n\n  \t\n  SERVER =  a:1  \n #SERVER=b', ['a:1']],
    ['any case of the key', 'Server=a:1\nstandby_server=b:2', ['a:1', 'b:2']],
    ['quotes', 'SERVER="a:1"\nSTANDBY_SERVER=\' b:2, c:3 \'', ['a:1', 'b:2', 'c:3']],
    ['a list with gaps', 'SERVER=a:1\nSTANDBY_SERVER=b:2,, c:3 ,', ['a:1', 'b:2', 'c:3']],
    [
      'the default port',
      'SERVER=a\nSTANDBY_SERVER=::1,[fe80::1%eth0],b',
      ['a:5696', '[::1]:5696', '[fe80::1%eth0]:5696', 'b:5696'],
    ],
    ['IPv6 with a port', 'SERVER=[2001:db8::1]:5697', ['[2001:db8::1]:5697']],
    ['IPv4 inside IPv6', 'SERVER=::ffff:192.0.2.1', ['[::ffff:192.0.2.1]:5696']],
    ['settings of other programs', 'SSL_WALLET_LOC=/x=y\nSERVER=a:1\nSSL_DIR=', ['a:1']],
    ['no standby', 'SERVER=a:1\nSTANDBY_SERVER=', ['a:1']],
  ])('reads %s, without a remark', (_, text, expected) => {
    expect(servers(text, { strict: true })).toEqual(expected);
    expect(remarks(text)).toEqual([]);
  });

  it('keeps the settings of other programs readable', () => {
    const { entries } = parseOkvClient('SERVER=a:1\n  read_servers = "b:2"\n');
    expect(entries).toEqual([
      { key: 'SERVER', value: 'a:1', line: 1, column: 1 },
      { key: 'READ_SERVERS', value: 'b:2', line: 2, column: 3 },
    ]);
  });

  it.each([
    ['a setting twice: the last counts', 'SERVER=a:1\nSERVER=b:2', ['b:2'], ['warning OKV_DUPLICATE 2:8']],
    [
      'fields behind the port',
      'SERVER=a:1:x/y\nSTANDBY_SERVER=b/z',
      ['a:1', 'b:5696'],
      ['warning OKV_SUFFIX 1:11', 'warning OKV_SUFFIX 2:17'],
    ],
    ['several servers', 'SERVER=a:1, b:2\nSTANDBY_SERVER=c', ['a:1', 'b:2', 'c:5696'], ['warning OKV_SERVER_LIST 1:8']],
    ['a line without =', 'SERVER=a:1\nnonsense\n=x', ['a:1'], ['warning OKV_LINE 2:1', 'warning OKV_LINE 3:1']],
    ['two settings in a line', 'SERVER=a:1 STANDBY_SERVER=b:2', ['a:1', 'b:2'], ['warning OKV_TWO_IN_A_LINE 1:12']],
    [
      'a list over lines',
      'SERVER=a:1\nSTANDBY_SERVER=b:2,\n  c:3',
      ['a:1', 'b:2', 'c:3'],
      ['warning OKV_CONTINUED 3:3'],
    ],
  ])('tolerates %s; strict refuses', (_, text, expected, said) => {
    expect(servers(text)).toEqual(expected);
    expect(remarks(text)).toEqual(said);
    expect(refusal(() => parseOkvClient(text, { strict: true }))).toMatch(
      /^ERR_OKV_STRICT: .*\(line \d+, column \d+\)$/,
    );
  });

  it('takes a loopback standby for none where the primary is elsewhere, and drops repetitions', () => {
    expect(servers('SERVER=a:1\nSTANDBY_SERVER=127.0.0.1')).toEqual(['a:1']);
    expect(remarks('SERVER=a:1\nSTANDBY_SERVER=127.0.0.1:5696')).toEqual(['notice OKV_NO_STANDBY 2:16']);
    expect(servers('SERVER=127.0.0.1:1\nSTANDBY_SERVER=127.0.0.1')).toEqual(['127.0.0.1:1', '127.0.0.1:5696']);
    expect(servers('SERVER=a:1\nSTANDBY_SERVER=127.0.0.1:9002')).toEqual(['a:1', '127.0.0.1:9002']);
    expect(servers('SERVER=a:1\nSTANDBY_SERVER=A:1,b')).toEqual(['a:1', 'b:5696']);
    expect(remarks('SERVER=a:1\nSTANDBY_SERVER=A:1,b')).toEqual(['notice OKV_REPEATED 2:16']);
  });

  it('has the 64 standby servers of the manual and refuses more in its words', () => {
    const list = (count: number): string => Array.from({ length: count }, (_, i) => `h${i}:1`).join(',');
    expect(servers(`SERVER=a\nSTANDBY_SERVER=${list(64)}`)).toHaveLength(65);
    expect(refusal(() => parseOkvClient(`SERVER=a\nSTANDBY_SERVER=${list(65)}`))).toBe(
      'ERR_OKV_STANDBY_COUNT: Number of STANDBY_SERVER values exceeded maximum limit of 64.',
    );
    expect(() => formatOkvClient(parseOkvClient(`SERVER=a,b\nSTANDBY_SERVER=${list(64)}`).servers)).toThrow(LimitError);
  });

  it.each([
    ['', 'ERR_OKV_SERVER_MISSING', 'Could not find entry for server in configuration file okvclient.ora'],
    ['SERVER=\n', 'ERR_OKV_SERVER_MISSING', 'Could not find entry for server in configuration file'],
    ['STANDBY_SERVER=a', 'ERR_OKV_SERVER_MISSING', 'Could not find entry for server in configuration file'],
    ['S\0E\0R\0V\0', 'ERR_OKV_TEXT', 'Could not parse the okvclient.ora file provided'],
    ['SERVER=a:0', 'ERR_OKV_SERVER', '(line 1, column 10)'],
    ['SERVER=a:65536', 'ERR_OKV_SERVER', '(line 1, column 10)'],
    ['SERVER=a:', 'ERR_OKV_SERVER', '(line 1, column 10)'],
    ['SERVER=host_ip:port_num', 'ERR_OKV_SERVER', '(line 1, column 16)'],
    ['\n SERVER = b:1, a b:2', 'ERR_OKV_SERVER', '(line 2, column 17)'],
    ['SERVER=a:1\nSTANDBY_SERVER=b:1,:5', 'ERR_OKV_SERVER', 'the host is missing (line 2, column 20)'],
    ['SERVER=[::1', 'ERR_OKV_SERVER', 'the bracket of the address is not closed (line 1, column 8)'],
    ['SERVER=[nowhere]:1', 'ERR_OKV_SERVER', 'no IPv6 address stands in the brackets'],
    ['SERVER=[::1]x', 'ERR_OKV_SERVER', '(line 1, column 13)'],
    ['SERVER=a..b', 'ERR_OKV_SERVER', 'this is no host name and no address'],
    ['SERVER=-a', 'ERR_OKV_SERVER', 'this is no host name and no address'],
  ])('refuses %j with a place', (text, code, message) => {
    const said = refusal(() => parseOkvClient(text));
    expect(said).toContain(`${code}: `);
    expect(said).toContain(message);
  });

  it('refuses options that it does not know, and texts beyond its limit', () => {
    expect(() => parseOkvClient('SERVER=a', { lenient: true } as ParseOptions)).toThrow('unknown option: lenient');
    expect(refusal(() => parseOkvClient(`#${' '.repeat(1024 * 1024)}`))).toContain('ERR_OKV_SIZE');
  });

  it("speaks in the plugin's words, with the name of the file that was read", () => {
    const fileName = '/etc/okv/okvclient.ora';
    expect(refusal(() => parseOkvClient('', { fileName }))).toBe(
      'ERR_OKV_SERVER_MISSING: Could not find entry for server in configuration file /etc/okv/okvclient.ora',
    );
    expect(refusal(() => parseOkvClient('\0', { fileName }))).toBe(
      'ERR_OKV_TEXT: Could not parse the /etc/okv/okvclient.ora file provided',
    );
  });
});

describe('okvclient.ora: properties', () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
  const server = fc.record({ host, port: fc.integer({ min: 1, max: 65535 }) });
  const list = fc.uniqueArray(server, {
    minLength: 1,
    maxLength: 65,
    selector: (s) => formatServer(s).toLowerCase(),
  });

  it('what is written is read back, by the strict reading too', () => {
    fc.assert(
      fc.property(list, (written) => {
        // The one standby server that means "none" cannot be written.
        fc.pre(!written.some((s, i) => i > 0 && s.host === '127.0.0.1' && s.port === 5696));
        expect(parseOkvClient(formatOkvClient(written), { strict: true }).servers).toEqual(written);
      }),
      { numRuns: runs(200) },
    );
  });

  it('a server is read back from its text', () => {
    fc.assert(
      fc.property(server, (one) => {
        expect(parseServer(formatServer(one))).toEqual(one);
      }),
      { numRuns: runs(500) },
    );
  });

  const piece = fc.constantFrom(
    ...[
      'SERVER',
      'STANDBY_',
      '=',
      ':',
      ',',
      '[',
      ']',
      '::1',
      '/',
      '"',
      "'",
      '#',
      '\n',
      '\r\n',
      ' ',
      '\t',
      'a',
      '1',
      '65535',
      '\ufeff',
      '\0',
      '%',
      'ß',
    ],
  );

  it('any text is read or refused with a place inside it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 30 }),
        fc.boolean(),
        (parts, strict) => {
          const text = parts.join('');
          try {
            const config = parseOkvClient(text, { strict });
            expect(config.servers.length).toBeGreaterThan(0);
            for (const { host: name, port } of config.servers) {
              expect(name).not.toMatch(/[\s,"'[\]]/);
              expect(port).toBeGreaterThan(0);
            }
            const lines = text.split('\n').length;
            for (const { line, column } of [...config.warnings, ...config.entries]) {
              expect(line).toBeLessThanOrEqual(lines);
              expect(column).toBeGreaterThan(0);
            }
            if (strict) expect(config.warnings.every((w) => w.severity === 'notice')).toBe(true);
          } catch (error) {
            if (error instanceof LimitError) return;
            if (!(error instanceof FormatError)) throw error;
            expect(error.offset).toBeLessThanOrEqual(text.length);
            expect(error.code).toMatch(/^ERR_OKV_/);
          }
        },
      ),
      { numRuns: runs(2000) },
    );
  });
});

describe('messages of the plugin', () => {
  it('are put together from their template', () => {
    expect(okvMessage('FAILED_TO_ADD_ATTRIBUTE', 'x-a', '$&')).toBe(
      'Could not add attribute, attribute_name=x-a attribute value=$&',
    );
    expect(okvMessage('KEY_MISMATCH')).toBe('Private key does not match the certificate public key');
  });

  it('have consecutive numbers, in the order of the server list', () => {
    const numbers = Object.values(OKV_MESSAGES).map(([number]) => number);
    expect(numbers).toEqual([...Array.from({ length: 26 }, (_, i) => 11376 + i), 13837]);
  });
});
