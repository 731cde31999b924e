/**
 * Statements without their secrets: for logs, history, prompts and errors. Works on any text, whether it parses or
 * not, and errs on the side of hiding. Layer: statement, pure.
 */

const REDACTED = "'[redacted]'";

/** After these words the next token is a password, whatever it looks like. */
const SECRET_TOKEN = /('(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|[^\s;'"]+)/.source;
const PASSWORD = /* @__PURE__ */ new RegExp(
  `(\\bIDENTIFIED\\s+BY\\s+(?!EXTERNAL\\s+STORE\\b)|\\bSECRET\\s+|\\bMIGRATE\\s+USING\\s+|\\bPASSWORD\\s*=\\s*)${SECRET_TOKEN}`,
  'gi',
);
/** ALTER KEYSTORE PASSWORD … SET newpassword. Runs after PASSWORD, which has hidden the old one. */
const NEW_PASSWORD = /* @__PURE__ */ new RegExp(
  `(\\bALTER\\s+KEYSTORE\\s+PASSWORD\\b[\\s\\S]*?\\sSET\\s+)${SECRET_TOKEN}`,
  'gi',
);
/** [SET|CREATE] KEY 'MKID:MK'. */
const MATERIAL = /(\b(?:SET|CREATE)\s+(?:ENCRYPTION\s+)?KEY\s+)((?:N|q)?'(?:[^']|'')*(?:'|$))/gi;
/** A function of the keyring, misspelt ones too. */
const KEYRING_CALL = /keyring_key_\w*/gi;
/** A token of MySQL's, as far as arguments are told apart by it: comment, string, one of `(),`, or one other character. */
const MYSQL_TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[xXnN]?'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|"(?:[^"\\]|""|\\[\s\S])*(?:"|$)|`[^`]*`?|[\s\S]/gy;
const BLANK_TOKEN = /^(?:\s|--|\/\*)/;
/** What may stand in the place of a key and is none: a length, NULL, a bind name. */
const NO_KEY = /^\s*(?:-?\d{1,10}|NULL|:[A-Za-z_]\w*)?\s*$/i;
/** A kms:// URL holds three secrets, wherever it stands: in quotes up to their end, else up to white space. */
const QUOTED_KMS_URL = /(['"])kms:\/\/(?:(?!\1)[\s\S])*/gi;
const KMS_URL = /kms:\/\/(?!\[redacted\])[^'"\s;]*/gi;
/** Anything that could be key material. */
const LONG_HEX = /\b[0-9a-f]{48,}\b/gi;

/**
 * Cuts every secret out of a statement's text: passwords after IDENTIFIED BY, SECRET and SET, key material of SET/CREATE
 * KEY, the value of keyring_key_store, kms:// URLs and long hex runs. Bind names stay.
 *
 * @example
 * redactStatement('… SET KEYSTORE OPEN IDENTIFIED BY admin123'); // "… SET KEYSTORE OPEN IDENTIFIED BY '[redacted]'"
 */
export function redactStatement(text: string): string {
  const keepBind = (_: string, before: string, token: string) =>
    before + (/^:[A-Za-z_]\w*$/.test(token) ? token : REDACTED);
  return redactStored(text)
    .replace(PASSWORD, keepBind)
    .replace(NEW_PASSWORD, keepBind)
    .replace(MATERIAL, (_, before: string) => before + REDACTED)
    .replace(QUOTED_KMS_URL, '$1kms://[redacted]')
    .replace(KMS_URL, 'kms://[redacted]')
    .replace(LONG_HEX, '[redacted]');
}

/** Hides what stands from the third argument on in calls of keyring functions; to the end of the text where a call has no end. */
function redactStored(text: string): string {
  let out = '';
  let from = 0;
  for (const call of text.matchAll(KEYRING_CALL)) {
    if (call.index < from) continue;
    const key = findKey(text, call.index + call[0].length);
    if (key === null || NO_KEY.test(text.slice(key.start, key.end))) continue;
    out += `${text.slice(from, key.start)} ${REDACTED}${key.end === text.length ? ')' : ''}`;
    from = key.end;
  }
  return out + text.slice(from);
}

/** Where a call's arguments from the third on stand; null where there is no call, or no third argument. */
function findKey(text: string, at: number): { readonly start: number; readonly end: number } | null {
  const token = new RegExp(MYSQL_TOKEN);
  token.lastIndex = at;
  let depth = 0;
  let commas = 0;
  let start = -1;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '(') depth++;
    else if (depth === 0) {
      if (BLANK_TOKEN.test(found)) continue;
      return null;
    } else if (found === ')' && --depth === 0) return start < 0 ? null : { start, end: match.index };
    else if (found === ',' && depth === 1 && ++commas === 2) start = token.lastIndex;
  }
  return start < 0 ? null : { start, end: text.length };
}
