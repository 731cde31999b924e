/**
 * The tables of the README that say what is supported and how fast it is, made from the code and from bench/results.json. A table
 * stands between `<!-- table: name -->` and `<!-- end -->`; the test compares it, and with KEYWARD_WRITE=1 writes it.
 */
import { readFileSync } from 'node:fs';
import { OPERATIONS } from '../../src/kmip/generated/operations.ts';
import { isInVersion, KMIP_VERSIONS, type OperationName } from '../../src/kmip/index.ts';
import { HANDLERS } from '../../src/kmip/server/operations/index.ts';
import { hashFacts, type Pkcs12HashName } from '../../src/pkcs12/hashes.ts';
import { nameOid } from '../../src/pkcs12/index.ts';
import { KEYRING_FUNCTIONS, parseStatement } from '../../src/statement/index.ts';
// @ts-expect-error: plain JavaScript without types
import { RUNTIMES } from '../runtimes/install.mjs';

const source = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** Languages that the README has. */
export type Language = 'en' | 'zh';

type Words = Readonly<Record<Language, string>>;

/** The tables by name. */
export const TABLES: Readonly<Record<string, (language: Language) => string>> = {
  statements,
  functions,
  kmip,
  pkcs12,
  sizes,
  runtimes,
  benchmarks,
};

/** A Markdown table, its columns padded so that the source reads as a table, too. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map((row) => width(row[i]!))));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell + ' '.repeat(widths[i]! - width(cell))).join(' | ')} |`;
  return [line(rows[0]!), `| ${widths.map((w) => '-'.repeat(w)).join(' | ')} |`, ...rows.slice(1).map(line)].join('\n');
}

/** Columns that a text takes: Chinese characters take two. */
const width = (text: string): number =>
  [...text].reduce((sum, char) => sum + (/[\u2e80-\uffe6]/.test(char) ? 2 : 1), 0);

/** Statements: what they do, an example, and the kinds of the grammar that the row stands for. */
const STATEMENTS: readonly { readonly from: Words; readonly rows: readonly (readonly [string, string])[] }[] = [
  {
    from: { en: 'wallet', zh: '钱包' },
    rows: [
      ['create-keystore', `ADMINISTER KEY MANAGEMENT CREATE KEYSTORE IDENTIFIED BY :pw`],
      ['open-keystore', `… SET KEYSTORE OPEN IDENTIFIED BY :pw`],
      ['close-keystore', `… SET KEYSTORE CLOSE`],
      ['backup-keystore', `… BACKUP KEYSTORE USING 'name' IDENTIFIED BY :pw`],
      ['alter-password', `… ALTER KEYSTORE PASSWORD IDENTIFIED BY :old SET :new WITH BACKUP`],
      [
        'merge-new-keystore',
        `… MERGE KEYSTORE 'a' IDENTIFIED BY :a AND KEYSTORE 'b' INTO NEW KEYSTORE 'c' IDENTIFIED BY :c`,
      ],
      ['merge-existing-keystore', `… MERGE KEYSTORE 'a' INTO EXISTING KEYSTORE 'b' IDENTIFIED BY :b WITH BACKUP`],
    ],
  },
  {
    from: { en: 'master keys', zh: '主密钥' },
    rows: [
      ['set-key', `… SET KEY USING TAG 'tag' FORCE KEYSTORE IDENTIFIED BY :pw WITH BACKUP`],
      ['create-key', `… CREATE KEY USING TAG 'tag' IDENTIFIED BY :pw WITH BACKUP`],
      ['use-key', `… USE KEY 'key id' IDENTIFIED BY :pw WITH BACKUP`],
      ['set-tag', `… SET TAG 'tag' FOR 'key id' IDENTIFIED BY :pw WITH BACKUP`],
      ['export-keys', `… EXPORT KEYS WITH SECRET :s TO 'file' IDENTIFIED BY :pw`],
      ['import-keys', `… IMPORT KEYS WITH SECRET :s FROM 'file' IDENTIFIED BY :pw WITH BACKUP`],
      ['migrate-key', `… SET KEY IDENTIFIED BY "kms://…" MIGRATE USING :pw WITH BACKUP`],
      ['reverse-migrate-key', `… SET KEY IDENTIFIED BY :pw REVERSE MIGRATE USING "kms://…"`],
    ],
  },
  {
    from: { en: 'instance', zh: '实例' },
    rows: [
      ['alter-system', `ALTER SYSTEM SET WALLET_ROOT='…' TDE_CONFIGURATION='…' SCOPE=SPFILE`],
      ['startup', `STARTUP MOUNT`],
      ['shutdown', `SHUTDOWN IMMEDIATE`],
      ['select', `SELECT KEY_ID, TAG FROM V$ENCRYPTION_KEYS WHERE … ORDER BY …`],
    ],
  },
  {
    from: { en: 'MySQL', zh: 'MySQL' },
    rows: [
      ['keyring-call', `SELECT keyring_key_generate('MyKey', 'AES', 32)`],
      ['set-global', `SET GLOBAL keyring_okv_conf_dir = '…'`],
      ['show-variables', `SHOW VARIABLES LIKE 'keyring%'`],
      ['install-plugin', `INSTALL PLUGIN keyring_udf SONAME 'keyring_udf.so'`],
      ['uninstall-plugin', `UNINSTALL PLUGIN keyring_udf`],
      ['create-function', `CREATE FUNCTION keyring_key_fetch RETURNS STRING SONAME 'keyring_udf.so'`],
      ['drop-function', `DROP FUNCTION IF EXISTS keyring_key_fetch`],
      ['alter-instance', `ALTER INSTANCE RELOAD KEYRING`],
    ],
  },
];

/** Kinds of statement that the grammar makes. */
export function grammarKinds(): readonly string[] {
  return [...new Set([...source('src/statement/grammar.peggy').matchAll(/\bkind: '([a-z-]+)'/g)].map((m) => m[1]!))];
}

/** The kinds that the table shows, each by an example that the parser takes for that kind. */
export function shownKinds(): readonly { readonly kind: string; readonly parsed: string }[] {
  return STATEMENTS.flatMap(({ rows }) => rows).map(([kind, example]) => {
    const whole = example
      .replace(/^… /, 'ADMINISTER KEY MANAGEMENT ')
      .replace(' WHERE … ORDER BY …', " WHERE TAG LIKE 'a%' ORDER BY CREATION_TIME");
    return { kind, parsed: parseStatement(whole).kind };
  });
}

function statements(language: Language): string {
  const head = language === 'en' ? ['about', 'statement'] : ['对象', '语句'];
  const rows = STATEMENTS.flatMap(({ from, rows }) =>
    rows.map(([, example], i) => [i === 0 ? from[language] : '', `\`${example.replaceAll('|', '\\|')}\``]),
  );
  return table([head, ...rows]);
}

function functions(): string {
  return KEYRING_FUNCTIONS.map((name) => `\`${name}\``).join(', ');
}

const VERSIONS = [...KMIP_VERSIONS].sort();

/** The first version of KMIP that has an operation. */
function since(operation: OperationName): string {
  const version = VERSIONS.find((candidate) => isInVersion(candidate, 'Operation', operation));
  if (version === undefined) throw new Error(`${operation} is in no version`);
  return version;
}

function kmip(language: Language): string {
  const head =
    language === 'en' ? ['since KMIP', 'client and codec', 'server'] : ['始于 KMIP', '客户端与编解码', '服务器'];
  const rows = VERSIONS.flatMap((version) => {
    const all = (Object.keys(OPERATIONS) as OperationName[]).filter((operation) => since(operation) === version);
    if (all.length === 0) return [];
    const served = all.filter((operation) => operation in HANDLERS || operation === 'Poll');
    const missing = all.filter((operation) => !served.includes(operation));
    const but = language === 'en' ? 'all but' : '除外：';
    const every = language === 'en' ? 'all' : '全部';
    return [[version, all.join(', '), missing.length === 0 ? every : `${but} ${missing.join(', ')}`]];
  });
  return table([head, ...rows]);
}

/** Names of the object identifiers that are the keys of a table in the source. */
function oidsOf(name: string, kept: (row: string) => boolean = () => true): readonly string[] {
  const body = new RegExp(`const ${name}\\b[^=]*= \\{([\\s\\S]*?)\\n\\};`).exec(source('src/pkcs12/algorithm.ts'))?.[1];
  if (body === undefined) throw new Error(`no table ${name}`);
  const rows = body.split('\n').filter((row) => row.trim() !== '' && kept(row));
  return rows.map((row) => nameOid(/'([\d.]+)'/.exec(row)![1]!));
}

function pkcs12(language: Language): string {
  const names = source('src/pkcs12/hashes.ts').matchAll(/: row\('([\w-]+)'/g);
  const hashes = [...names].map((m) => hashFacts(m[1] as Pkcs12HashName).title);
  const old = oidsOf('OLD_SCHEMES', (row) => !/\bnull, '(des|rc2)/.test(row));
  const writes = [...source('src/pkcs12/profiles.ts').matchAll(/^ {2}\| '([\w-]+)';?$/gm)].map((m) => m[1]!);
  const en = [
    ['part', 'algorithms'],
    ['encryption read: PBES2 with', oidsOf('CIPHERS').join(', ')],
    ['keys from passwords: PBES2 with', 'PBKDF2, scrypt'],
    ['older schemes read', old.join(', ')],
    ['hashes of PBKDF2 and MAC', hashes.join(', ')],
    ['MAC', 'PKCS#12 KDF (RFC 7292 B), PBMAC1 (RFC 9879)'],
    ['encryption written', writes.map((name) => `\`${name}\``).join(', ')],
  ];
  const zh = [
    '部分',
    '读取：PBES2 加密',
    'PBES2 密钥派生',
    '读取：旧方案',
    'PBKDF2 与 MAC 的散列',
    'MAC',
    '写入的加密',
  ];
  const head = language === 'en' ? en[0]! : [zh[0]!, '算法'];
  return table([head, ...en.slice(1).map(([part, value], i) => [language === 'en' ? part! : zh[i + 1]!, value!])]);
}

interface Size {
  readonly minified: number;
  readonly gzip: number;
  readonly onDemandGzip: number;
  readonly budget: number;
}

/** What each universal door weighs, bundled alone with all that it needs; the package check measures it and holds it to its budget. */
function sizes(language: Language): string {
  const measured = JSON.parse(source('test/package/sizes.json')) as Readonly<Record<string, Size>>;
  const kib = (bytes: number) => (bytes === 0 ? '–' : `${(bytes / 1024).toFixed(1)} KiB`);
  const head =
    language === 'en'
      ? ['import', 'minified', 'gzipped', 'its budget', 'more on demand']
      : ['导入', '压缩后', 'gzip 后', '上限', '按需另加'];
  const shown = Object.entries(measured).filter(([name]) => !name.startsWith('{'));
  const rows = shown.map(([name, { minified, gzip, budget, onDemandGzip }]) => [
    `\`${name}\``,
    ...[minified, gzip, budget, onDemandGzip].map(kib),
  ]);
  return table([head, ...rows]);
}

/** Titles of the runtimes that `npm run test:runtimes` knows, where the name alone does not tell. */
const RUNTIME_TITLES: Readonly<Record<string, string>> = { bun: 'Bun', deno: 'Deno', chromium: 'Chromium' };

function runtimes(language: Language): string {
  const head =
    language === 'en' ? ['runtime', 'tested with', 'what runs there'] : ['运行环境', '测试版本', '可用的部分'];
  const [all, universal] =
    language === 'en' ? ['everything', 'what is not marked (Node) above'] : ['全部', '上表中没有标注（Node）的部分'];
  const rows = Object.entries(RUNTIMES as Record<string, { version: string } | undefined>).map(([name, runtime]) => {
    const isNode = name.startsWith('node');
    const title = isNode ? `Node ${name.slice('node'.length)}` : RUNTIME_TITLES[name]!;
    return [title, runtime?.version ?? (language === 'en' ? "Debian's" : 'Debian 所带'), isNode ? all! : universal!];
  });
  return table([head, ...rows]);
}

interface Results {
  readonly cases: readonly {
    readonly id: string;
    readonly ours: number;
    readonly ratio: Readonly<Record<string, number>>;
  }[];
}

/** Rows of the benchmark table: what is done, and the case that does it. */
const BENCHMARKS: readonly (readonly [id: string, words: Words])[] = [
  ['kw-wrap-32', { en: 'wrap a 32-byte key (RFC 3394)', zh: '包裹一个 32 字节密钥（RFC 3394）' }],
  ['kw-unwrap-32', { en: 'unwrap it', zh: '解包' }],
  ['kw-wrap-1000x32', { en: 'wrap 1,000 keys at once', zh: '一次包裹 1,000 个密钥' }],
  ['cbc-decrypt-64', { en: 'AES-256-CBC, decrypt 64 bytes', zh: 'AES-256-CBC 解密 64 字节' }],
  ['cbc-decrypt-64k', { en: 'AES-256-CBC, decrypt 64 KiB', zh: 'AES-256-CBC 解密 64 KiB' }],
  ['sha256-64', { en: 'SHA-256 of 64 bytes', zh: '64 字节的 SHA-256' }],
  ['sha256-1m', { en: 'SHA-256 of 1 MiB', zh: '1 MiB 的 SHA-256' }],
  ['pbkdf2-sha256', { en: 'PBKDF2-HMAC-SHA-256, one key', zh: 'PBKDF2-HMAC-SHA-256，一个密钥' }],
  ['pbkdf2-sha256-4', { en: 'PBKDF2-HMAC-SHA-256, four keys', zh: 'PBKDF2-HMAC-SHA-256，四个密钥' }],
  ['p12-open-10000', { en: 'open a PKCS#12 file, 10,000 iterations', zh: '打开 PKCS#12 文件，10,000 次迭代' }],
  ['wallet-open-1000', { en: 'open a wallet of 1,000 master keys', zh: '打开含 1,000 个主密钥的钱包' }],
  ['wallet-rewrap-100k', { en: 'rewrap 100,000 data keys', zh: '重新包裹 100,000 个数据密钥' }],
  ['ttlv-decode-get-response', { en: 'decode a KMIP response', zh: '解码 KMIP 响应' }],
  ['ttlv-encode-get-request', { en: 'encode a KMIP request', zh: '编码 KMIP 请求' }],
  ['cold-start', { en: 'from process start to the first wrapped key', zh: '从进程启动到包裹第一个密钥' }],
];

const ratioText = (ratio: number): string =>
  ratio >= 10 ? ratio.toFixed(0) : ratio >= 1.95 ? ratio.toFixed(1) : ratio.toFixed(2);

function timeText(ns: number): string {
  const [value, unit] =
    ns < 1e3 ? [ns, 'ns'] : ns < 1e6 ? [ns / 1e3, 'µs'] : ns < 1e9 ? [ns / 1e6, 'ms'] : [ns / 1e9, 's'];
  return `${value < 100 ? value.toPrecision(2) : value.toFixed(0)} ${unit}`;
}

function benchmarks(language: Language): string {
  const { cases } = JSON.parse(source('bench/results.json')) as Results;
  const head =
    language === 'en' ? ['operation', 'keyward', 'times faster than'] : ['操作', 'keyward', '倍数（相对于）'];
  const rows = BENCHMARKS.map(([id, words]) => {
    const found = cases.find((c) => c.id === id);
    if (found === undefined) throw new Error(`bench/results.json has no ${id}`);
    const ratios = Object.entries(found.ratio).map(([peer, ratio]) => `${peer} ${ratioText(ratio)}`);
    return [words[language], timeText(found.ours), ratios.join(', ')];
  });
  return table([head, ...rows]);
}
