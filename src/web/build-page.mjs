// npm run build:web: the page as one file, dist/inspector.html. Script and style stand in it, and a Content-Security-Policy that names
// their hashes and allows nothing else. Needs the modules (`npm run build`, or build.mjs --modules).
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = new URL('../../', import.meta.url);
const LIMIT_BYTES = 150 * 1024; // gzipped
const ZEROS = '0'.repeat(64);
const digest = (bytes, form) => createHash('sha256').update(bytes).digest(form);

/** What the pkcs12 room takes of the packages that it imports on demand: in one file, what is not named here falls away. */
const RARE = {
  '@noble/hashes/hmac.js': ['hmac'],
  '@noble/hashes/sha3.js': ['sha3_224', 'sha3_256', 'sha3_384', 'sha3_512'],
  '@noble/hashes/legacy.js': ['md5'],
  '@noble/hashes/scrypt.js': ['scryptAsync', 'scrypt'],
  '@noble/ciphers/aes.js': ['gcm'],
};

/** The page changes nothing: what makes files and wraps data keys stays out, and says so if it were ever called. */
const LEFT_OUT = {
  '/pkcs12/encode.ts': ['encodePfx', 'encodePfxSync', 'sealPfx', 'sealPfxSync'],
  '/wallet/rewrap.ts': ['rewrapAll'],
  '/wallet/data-key.ts': [
    'PURPOSE',
    'deriveContextKey',
    'deriveSubkey',
    'groupEnvelopes',
    'parseDataKeyEnvelope',
    'rewrapBatch',
    'rewrapPadded',
    'unwrapDataKey',
    'wrapDataKey',
  ],
};

/** The page's own ways: its core comes compressed, beside the script; what it does not use of others is left out. */
const pageParts = {
  name: 'page-parts',
  resolveId(specifier, importer) {
    return specifier in RARE && importer?.endsWith('/pkcs12/rare.ts') ? `\0${specifier}` : null;
  },
  load(id) {
    if (id.endsWith('/core-wasm.ts')) return "export const CORE_WASM_BASE64 = '', CORE_WASM_SHA256 = '';";
    const out = Object.entries(LEFT_OUT).find(([file]) => id.endsWith(file))?.[1];
    if (out !== undefined)
      return out.map((name) => `export function ${name}() { throw new Error('not in this page'); }`).join('\n');
    const names = RARE[id.slice(1)];
    return names === undefined ? null : `export { ${names.join(', ')} } from '${id.slice(1)}';`;
  },
};

/** Bundles everything into one script; no part is loaded on demand. */
async function bundle() {
  const build = await rolldown({
    input: fileURLToPath(new URL('src/web/main.tsx', root)),
    logLevel: 'warn',
    transform: { target: 'es2023' },
    plugins: [pageParts],
  });
  const { output } = await build.generate({ format: 'iife', minify: true, codeSplitting: false });
  const [chunk, ...others] = output;
  if (chunk.type !== 'chunk' || others.length > 0) throw new Error('the page must be one script');
  // In a script element, only this could end it.
  return chunk.code.trim().replaceAll('</script', '<\\/script');
}

function policyFor(script, style) {
  return [
    "default-src 'none'",
    `script-src 'sha256-${digest(script, 'base64')}' 'wasm-unsafe-eval'`,
    `style-src 'sha256-${digest(style, 'base64')}'`,
    "connect-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    "webrtc 'block'",
  ].join('; ');
}

const script = await bundle();
const style = readFileSync(new URL('src/web/style.css', root), 'utf8')
  .replace(/\/\*[\s\S]*?\*\//g, '')
  .replace(/\s+/g, ' ')
  .trim();
const core = readFileSync(new URL('dist/core.wasm', root));
const packed = deflateRawSync(core, { level: 9 }).toString('base64');
const template = readFileSync(new URL('src/web/index.html', root), 'utf8');
const head = `<meta http-equiv="Content-Security-Policy" content="${policyFor(script, style)}" />
    <meta name="keyward-page-sha256" content="${ZEROS}" />
    <style>${style}</style>`;
const page = template
  .replace('<meta charset="utf-8" />', () => `<meta charset="utf-8" />\n    ${head}`)
  .replace(
    /<script type="module"[^>]*><\/script>/,
    () => `<template id="core">${packed}</template>\n    <script>${script}</script>`,
  );
// The page's own hash: of the page with zeros in its place.
const bytes = Buffer.from(page.replace(ZEROS, digest(page, 'hex')));
mkdirSync(new URL('dist/', root), { recursive: true });
writeFileSync(new URL('dist/inspector.html', root), bytes);
const zipped = gzipSync(bytes, { level: 9 }).length;
console.log(`inspector.html: ${bytes.length} bytes, ${zipped} gzipped, sha256 ${digest(bytes, 'hex')}`);
if (zipped > LIMIT_BYTES) throw new Error(`larger than ${LIMIT_BYTES} bytes gzipped`);
