/** The page's words, English and Chinese. Chinese falls back to nothing: the type demands every word. Layer: web. */

/** The words of one language. */
export interface Words {
  readonly title: string;
  readonly tagline: string;
  readonly drop: string;
  readonly dropMore: string;
  readonly choose: string;
  readonly paste: string;
  readonly pasted: string;
  readonly samples: string;
  readonly sampleOwn: string;
  readonly sampleOracle: string;
  readonly sampleJava: string;
  readonly sampleDamaged: string;
  readonly sampleMessage: string;
  readonly samplePassword: string;
  readonly close: string;
  readonly closeDialog: string;
  readonly lock: string;
  readonly unlock: string;
  readonly password: string;
  readonly openAutoLogin: string;
  readonly host: string;
  readonly user: string;
  readonly localHint: string;
  readonly cancel: string;
  readonly secondsLeft: (n: string) => string;
  readonly deriving: string;
  readonly wrongPassword: string;
  readonly cancelled: string;
  readonly tooLarge: string;
  readonly lockedIdle: string;
  readonly lockedHidden: string;
  readonly unknownFile: string;
  readonly overview: string;
  readonly keys: string;
  readonly contents: string;
  readonly check: string;
  readonly compare: string;
  readonly bytes: string;
  readonly message: string;
  readonly verified: string;
  readonly notProtected: string;
  readonly macMissing: string;
  readonly closedMac: string;
  readonly findings: (n: number) => string;
  readonly danger: string;
  readonly warning: string;
  readonly info: string;
  readonly structure: string;
  readonly safe: string;
  readonly inTheOpen: string;
  readonly closedSafe: string;
  readonly offset: string;
  readonly size: string;
  readonly iterations: string;
  readonly salt: string;
  readonly cost: string;
  readonly masterKeys: string;
  readonly keyringKeys: string;
  readonly noMasterKeys: string;
  readonly search: string;
  readonly state: string;
  readonly active: string;
  readonly previous: string;
  readonly created: string;
  readonly tag: string;
  readonly createdAt: string;
  readonly times: string;
  readonly originAlgorithm: string;
  readonly local: string;
  readonly imported: string;
  readonly backedUp: string;
  readonly yes: string;
  readonly no: string;
  readonly owner: string;
  readonly type: string;
  readonly length: string;
  readonly version: string;
  readonly value: string;
  readonly hold: string;
  readonly atProvider: string;
  readonly entries: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly valid: string;
  readonly expired: (n: string) => string;
  readonly expires: (n: string) => string;
  readonly notYet: (n: string) => string;
  readonly days: (n: number) => string;
  readonly key: string;
  readonly signature: string;
  readonly fingerprints: string;
  readonly critical: string;
  readonly opaque: string;
  readonly checkTitle: string;
  readonly checkHint: string;
  readonly present: string;
  readonly missing: string;
  readonly notAnId: string;
  readonly checkSummary: (found: number, all: number) => string;
  readonly compareTitle: string;
  readonly compareHint: string;
  readonly onlyHere: string;
  readonly onlyThere: string;
  readonly conflicting: string;
  readonly changed: string;
  readonly same: (n: number) => string;
  readonly tree: string;
  readonly hex: string;
  readonly header: string;
  readonly content: string;
  readonly copy: string;
  readonly copyPath: string;
  readonly copyHex: string;
  readonly copyBase64: string;
  readonly copied: string;
  readonly copyText: string;
  readonly copyXml: string;
  readonly copyJson: string;
  readonly redactedHint: string;
  readonly wasBer: string;
  readonly faultAt: (offset: number) => string;
  readonly reportJson: string;
  readonly reportText: string;
  readonly help: string;
  readonly helpLines: readonly (readonly [string, string])[];
  readonly trust: string;
  readonly trustIntro: string;
  readonly trustCsp: string;
  readonly trustPage: string;
  readonly trustWasm: string;
  readonly trustTry: string;
  readonly trustLimits: string;
  readonly statements: string;
  readonly servers: string;
  readonly theKeyIsShown: string;
  readonly layoutOf: string;
  readonly generation: string;
  readonly blocks: string;
}

const EN: Words = {
  title: 'keyward inspector',
  tagline: 'See what is in an ewallet.p12. Nothing leaves this page.',
  drop: 'Drop a file here',
  dropMore: 'a wallet, a keystore, a certificate, a KMIP message, an okvclient.ora, SQL',
  choose: 'Choose a file',
  paste: 'or paste hex, PEM, XML, JSON or SQL',
  pasted: 'pasted text',
  samples: 'Or look at a sample',
  sampleOwn: 'keyward wallet',
  sampleOracle: 'Oracle-style wallet',
  sampleJava: 'Java keystore',
  sampleDamaged: 'Damaged wallet',
  sampleMessage: 'KMIP message',
  samplePassword: 'password of this sample',
  close: 'Close file',
  closeDialog: 'Close',
  lock: 'Lock',
  unlock: 'Unlock',
  password: 'Password',
  openAutoLogin: 'Open: its password is in the file',
  host: 'Host name',
  user: 'User name',
  localHint: 'A local auto-login wallet opens with the host and the user that made it.',
  cancel: 'Cancel',
  secondsLeft: (n: string) => `about ${n} s left`,
  deriving: 'deriving keys',
  wrongPassword: 'That is not its password, or the file is damaged.',
  cancelled: 'Stopped.',
  tooLarge: 'Larger than 64 MiB: not a file that this page reads.',
  lockedIdle: 'Locked after five minutes without a key or a pointer.',
  lockedHidden: 'Locked: the page was out of sight for a minute.',
  unknownFile: 'Not a PKCS#12 file, nor anything else that is known here.',
  overview: 'Overview',
  keys: 'Keys',
  contents: 'Contents',
  check: 'Which database?',
  compare: 'Compare',
  bytes: 'Bytes',
  message: 'Message',
  verified: 'Integrity verified',
  notProtected: 'Not protected from change',
  macMissing: 'No MAC',
  closedMac: 'Protected by a MAC, not checked yet',
  findings: (n: number) => (n === 0 ? 'no weakness found' : n === 1 ? '1 finding' : `${n} findings`),
  danger: 'danger',
  warning: 'warning',
  info: 'note',
  structure: 'Structure',
  safe: 'Safe',
  inTheOpen: 'not encrypted',
  closedSafe: 'closed',
  offset: 'offset',
  size: 'bytes',
  iterations: 'iterations',
  salt: 'salt',
  cost: 'Opening costs',
  masterKeys: 'Master keys',
  keyringKeys: 'Keyring keys',
  noMasterKeys: 'There are no master keys in this file.',
  search: 'Search',
  state: 'State',
  active: 'active',
  previous: 'previous',
  created: 'created',
  tag: 'Tag',
  createdAt: 'Created',
  times: 'Created, activated',
  originAlgorithm: 'Origin, algorithm',
  local: 'local',
  imported: 'imported',
  backedUp: 'Backed up',
  yes: 'yes',
  no: 'no',
  owner: 'Owner',
  type: 'Type',
  length: 'Length',
  version: 'Version',
  value: 'Value',
  hold: 'Hold to show',
  atProvider: 'kept by a key service',
  entries: 'Entries',
  subject: 'Subject',
  issuer: 'Issuer',
  serial: 'Serial number',
  valid: 'Valid',
  expired: (n: string) => `expired ${n} ago`,
  expires: (n: string) => `expires in ${n}`,
  notYet: (n: string) => `valid in ${n}`,
  days: (n: number) => (n === 1 ? '1 day' : `${n} days`),
  key: 'Key',
  signature: 'Signature',
  fingerprints: 'Fingerprints',
  critical: 'critical',
  opaque: 'opaque',
  checkTitle: 'Does this wallet open that database?',
  checkHint:
    'Paste KEY_IDs or MKIDs, one a line: from V$ENCRYPTION_KEYS, V$ENCRYPTED_TABLESPACES, x$kcbtek, in base64 or in hex.',
  present: 'present',
  missing: 'missing',
  notAnId: 'not a key identifier',
  checkSummary: (found: number, all: number) =>
    found === all ? `All ${all} keys are in this wallet.` : `${found} of ${all} keys are in this wallet.`,
  compareTitle: 'Compare with another wallet',
  compareHint: 'Which master keys differ. The other file stays in this page, too.',
  onlyHere: 'only in this one',
  onlyThere: 'only in the other',
  conflicting: 'same identifier, another key',
  changed: 'same key, another tag or state',
  same: (n: number) => `${n} the same`,
  tree: 'Tree',
  hex: 'Hex',
  header: 'header',
  content: 'content',
  copy: 'Copy',
  copyPath: 'Copy path',
  copyHex: 'Copy hex',
  copyBase64: 'Copy base64',
  copied: 'copied',
  copyText: 'Copy text',
  copyXml: 'Copy XML',
  copyJson: 'Copy JSON',
  redactedHint: 'Key material is not shown.',
  wasBer: 'The file is BER; shown is its DER form.',
  faultAt: (offset: number) => `fault at offset ${offset}`,
  reportJson: 'Report as JSON',
  reportText: 'Report as text',
  help: 'Keys',
  helpLines: [
    ['o', 'choose a file'],
    ['1 … 6', 'the sections'],
    ['/', 'search'],
    ['l', 'lock'],
    ['Escape', 'cancel, close'],
    ['↑ ↓ ← →', 'move in the tree, open, close'],
    ['?', 'this list'],
  ],
  trust: 'How do I know?',
  trustIntro:
    'This page is one file. Its rules stand in its first lines, and the browser enforces them: it may load nothing and talk to nobody.',
  trustCsp: 'The rules in force (Content-Security-Policy)',
  trustPage: 'SHA-256 of this file, with zeros where this stands in it',
  trustWasm: 'SHA-256 of the WebAssembly core that runs here',
  trustTry:
    'Disconnect from the network and try: everything works. Or open the developer tools, network panel, and watch nothing happen.',
  trustLimits:
    'What a page cannot promise: that the browser, its extensions and the machine are sound. A policy cannot forbid a page to navigate; this page’s code contains no navigation.',
  statements: 'Statements',
  servers: 'Servers, in the order in which they are tried',
  theKeyIsShown: 'hidden again after 30 seconds',
  layoutOf: 'Layout',
  generation: 'generation',
  blocks: 'Blocks',
};

const ZH: Words = {
  title: 'keyward 检视器',
  tagline: '查看 ewallet.p12 里有什么。任何内容都不会离开本页。',
  drop: '把文件拖到这里',
  dropMore: '钱包、密钥库、证书、KMIP 报文、okvclient.ora、SQL',
  choose: '选择文件',
  paste: '或粘贴十六进制、PEM、XML、JSON、SQL',
  pasted: '粘贴的文本',
  samples: '或者看一个示例',
  sampleOwn: 'keyward 钱包',
  sampleOracle: 'Oracle 风格钱包',
  sampleJava: 'Java 密钥库',
  sampleDamaged: '损坏的钱包',
  sampleMessage: 'KMIP 报文',
  samplePassword: '本示例的口令',
  close: '关闭文件',
  closeDialog: '关闭',
  lock: '锁定',
  unlock: '打开',
  password: '口令',
  openAutoLogin: '打开：口令就在文件里',
  host: '主机名',
  user: '用户名',
  localHint: '本地自动登录钱包需要创建它的主机名和用户名才能打开。',
  cancel: '取消',
  secondsLeft: (n) => `约剩 ${n} 秒`,
  deriving: '正在派生密钥',
  wrongPassword: '口令不对，或文件已损坏。',
  cancelled: '已停止。',
  tooLarge: '超过 64 MiB：本页不读取这样的文件。',
  lockedIdle: '五分钟没有操作，已锁定。',
  lockedHidden: '页面隐藏了一分钟，已锁定。',
  unknownFile: '不是 PKCS#12 文件，也不是这里认识的其他文件。',
  overview: '概览',
  keys: '密钥',
  contents: '内容',
  check: '能打开哪个库？',
  compare: '比较',
  bytes: '字节',
  message: '报文',
  verified: '完整性已验证',
  notProtected: '没有防篡改保护',
  macMissing: '没有 MAC',
  closedMac: '有 MAC 保护，尚未验证',
  findings: (n) => (n === 0 ? '未发现弱点' : `${n} 项发现`),
  danger: '危险',
  warning: '警告',
  info: '提示',
  structure: '结构',
  safe: '安全区',
  inTheOpen: '未加密',
  closedSafe: '未打开',
  offset: '偏移',
  size: '字节',
  iterations: '次迭代',
  salt: '盐',
  cost: '打开的代价',
  masterKeys: '主密钥',
  keyringKeys: '密钥环密钥',
  noMasterKeys: '这个文件里没有主密钥。',
  search: '搜索',
  state: '状态',
  active: '活动',
  previous: '曾用',
  created: '已创建',
  tag: '标签',
  createdAt: '创建时间',
  times: '创建与激活时间',
  originAlgorithm: '来源与算法',
  local: '本地',
  imported: '导入',
  backedUp: '已备份',
  yes: '是',
  no: '否',
  owner: '所有者',
  type: '类型',
  length: '长度',
  version: '版本',
  value: '值',
  hold: '按住显示',
  atProvider: '由密钥服务保管',
  entries: '条目',
  subject: '主体',
  issuer: '签发者',
  serial: '序列号',
  valid: '有效期',
  expired: (n) => `已过期 ${n}`,
  expires: (n) => `${n}后到期`,
  notYet: (n) => `${n}后生效`,
  days: (n) => `${n} 天`,
  key: '密钥',
  signature: '签名',
  fingerprints: '指纹',
  critical: '关键',
  opaque: '未知结构',
  checkTitle: '这个钱包能打开那个数据库吗？',
  checkHint:
    '每行粘贴一个 KEY_ID 或 MKID：来自 V$ENCRYPTION_KEYS、V$ENCRYPTED_TABLESPACES 或 x$kcbtek，base64 或十六进制均可。',
  present: '存在',
  missing: '缺失',
  notAnId: '不是密钥标识',
  checkSummary: (found, all) =>
    found === all ? `${all} 个密钥全部在此钱包中。` : `${all} 个密钥中有 ${found} 个在此钱包中。`,
  compareTitle: '与另一个钱包比较',
  compareHint: '哪些主密钥不同。另一个文件同样不会离开本页。',
  onlyHere: '仅在此钱包',
  onlyThere: '仅在另一个',
  conflicting: '标识相同，密钥不同',
  changed: '密钥相同，标签或状态不同',
  same: (n) => `${n} 个相同`,
  tree: '树',
  hex: '十六进制',
  header: '头部',
  content: '内容',
  copy: '复制',
  copyPath: '复制路径',
  copyHex: '复制十六进制',
  copyBase64: '复制 base64',
  copied: '已复制',
  copyText: '复制文本',
  copyXml: '复制 XML',
  copyJson: '复制 JSON',
  redactedHint: '不显示密钥内容。',
  wasBer: '文件是 BER 编码；此处显示其 DER 形式。',
  faultAt: (offset) => `偏移 ${offset} 处有错误`,
  reportJson: 'JSON 报告',
  reportText: '文本报告',
  help: '按键',
  helpLines: [
    ['o', '选择文件'],
    ['1 … 6', '各部分'],
    ['/', '搜索'],
    ['l', '锁定'],
    ['Escape', '取消、关闭'],
    ['↑ ↓ ← →', '在树中移动、展开、收起'],
    ['?', '本列表'],
  ],
  trust: '我如何确信？',
  trustIntro: '本页只有一个文件。规则写在最前面几行，由浏览器执行：它不能加载任何东西，也不能与任何人通信。',
  trustCsp: '生效的规则（Content-Security-Policy）',
  trustPage: '本文件的 SHA-256（此值所在处以零代替）',
  trustWasm: '正在运行的 WebAssembly 核心的 SHA-256',
  trustTry: '断开网络再试：一切照常。或者打开开发者工具的网络面板，看着什么都不发生。',
  trustLimits: '网页无法保证的是：浏览器、扩展和机器本身没有问题。策略无法禁止页面跳转；本页代码中没有跳转。',
  statements: '语句',
  servers: '服务器（按尝试的顺序）',
  theKeyIsShown: '30 秒后重新隐藏',
  layoutOf: '布局',
  generation: '代',
  blocks: '块',
};

/** What a finding means, in Chinese, by its stable name; English comes with the report. */
const FINDINGS_ZH: Readonly<Record<string, string>> = {
  'mac-missing': '任何人都可以改动文件而不被发现',
  'mac-hash': '该散列算法已不再用于其他用途；用于 HMAC 仍然可靠',
  'secret-in-the-open': '拿到文件的人无需口令就得到密钥',
  'certificate-in-the-open': '拿到文件的人可以看到它属于谁',
  'cipher-weak': '加密算法低于当今的要求',
  'salt-short': '短盐会在文件之间重复，一次计算对所有文件有效',
  'kdf-iterations': '每猜一次口令，攻击者只需付出这么一点代价',
  'kdf-cost': '每猜一次口令，攻击者只需付出这么一点代价',
  'password-empty': '拿到文件的人就能打开它',
  'auto-login': '口令就在文件里：拿到文件的人就得到密钥',
};

/** The languages. */
export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The words of a language. */
export function wordsOf(language: Language): Words {
  return language === 'zh' ? ZH : EN;
}

/** Why a finding matters, in a language. */
export function whyOf(language: Language, finding: { readonly id: string; readonly why: string }): string {
  return language === 'zh' ? (FINDINGS_ZH[finding.id] ?? finding.why) : finding.why;
}
