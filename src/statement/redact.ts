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
/** The third argument of keyring_key_store, whatever its form. */
const STORED =
  /(\bkeyring_key_store\s*\((?:[^'",)]|'(?:[^'\\]|''|\\[\s\S])*'|"(?:[^"\\]|""|\\[\s\S])*")*,(?:[^'",)]|'(?:[^'\\]|''|\\[\s\S])*'|"(?:[^"\\]|""|\\[\s\S])*")*,)[\s\S]*$/gi;
/** A kms:// URL holds three secrets, wherever it stands. */
const KMS_URL = /kms:\/\/[^'"\s;]*/gi;
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
  return text
    .replace(PASSWORD, keepBind)
    .replace(NEW_PASSWORD, keepBind)
    .replace(MATERIAL, (_, before: string) => before + REDACTED)
    .replace(STORED, (_, before: string) => `${before} ${REDACTED})`)
    .replace(KMS_URL, 'kms://[redacted]')
    .replace(LONG_HEX, '[redacted]');
}
