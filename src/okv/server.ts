/**
 * Servers as the configuration files write them: `host`, `host:port`, `[v6]:port`, a bare IPv6 address. Lists of Oracle Key
 * Vault clusters put further fields behind the port, with `:` or `/`. Layer: okv; pure.
 */
import { FormatError } from '../errors.ts';

/** One server. */
export interface OkvServer {
  /** Name or address; an IPv6 address without brackets. */
  readonly host: string;
  /** TCP port; 5,696 where none was named. */
  readonly port: number;
}

/** The registered port of KMIP. */
export const DEFAULT_KMIP_PORT = 5696;

/** A server that was read, or what is wrong with the text; `at` counts characters from its start. */
export type ServerReading =
  | { readonly server: OkvServer; readonly suffix: string }
  | { readonly fault: string; readonly at: number; readonly hint?: string };

/**
 * Parses one server.
 *
 * @throws {FormatError} ERR_OKV_SERVER; also for fields behind the port
 * @example
 * parseServer('[2001:db8::1]:5697'); // { host: '2001:db8::1', port: 5697 }
 * parseServer('kmip.example').port; // 5696
 */
export function parseServer(text: string): OkvServer {
  const trimmed = text.trim();
  const reading = readServer(trimmed);
  if ('server' in reading && reading.suffix === '') return reading.server;
  const { fault, at, hint } =
    'fault' in reading ? reading : { fault: 'something stands behind the port', at: trimmed.length, hint: undefined };
  throw new FormatError('ERR_OKV_SERVER', `server: ${fault}`, { offset: at }, hint === undefined ? {} : { hint });
}

/** Reads one server, trimmed; what stands behind the port is given back as it is. */
export function readServer(text: string): ServerReading {
  if (text.startsWith('[')) return readBracketed(text);
  if (isIpv6(text)) return { server: { host: text, port: DEFAULT_KMIP_PORT }, suffix: '' };
  const [, host = '', rest = ''] = /^([^:/]*)(.*)$/s.exec(text)!;
  if (!isHostName(host)) return hostFault(host);
  return readPort(host, rest, host.length);
}

function readBracketed(text: string): ServerReading {
  const end = text.indexOf(']');
  const host = text.slice(1, end < 0 ? text.length : end);
  if (end < 0) return { fault: 'the bracket of the address is not closed', at: 0 };
  if (!isIpv6(host)) return { fault: 'no IPv6 address stands in the brackets', at: 1 };
  return readPort(host, text.slice(end + 1), end + 1);
}

/** Reads `[":" port] suffix`. */
function readPort(host: string, rest: string, at: number): ServerReading {
  if (rest === '' || rest.startsWith('/')) return { server: { host, port: DEFAULT_KMIP_PORT }, suffix: rest };
  if (!rest.startsWith(':')) return { fault: 'this cannot stand behind the address', at };
  const end = rest.slice(1).search(/[:/]/) + 1;
  const digits = rest.slice(1, end === 0 ? undefined : end).trim();
  const suffix = end === 0 ? '' : rest.slice(end);
  if (digits === '' && suffix === '') return { fault: 'the port is missing behind the colon', at: at + 1 };
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port >= 1 && port <= 65535) return { server: { host, port }, suffix };
  const placeholder = /^[a-z_]+$/i.test(digits);
  return {
    fault: 'the port is no number from 1 to 65535',
    at: at + 1,
    ...(placeholder && { hint: 'put the port of your server in the place of the word' }),
  };
}

function hostFault(host: string): ServerReading {
  if (host === '') return { fault: 'the host is missing', at: 0 };
  const at = [...host].findIndex((c) => !/[\w.-]/.test(c));
  return { fault: 'this is no host name and no address', at: Math.max(at, 0) };
}

/** Letters of any script (an internationalised name), digits, `-`, `_` and dots between labels. */
function isHostName(host: string): boolean {
  return (
    host.length <= 255 &&
    /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_.])?$/u.test(host) &&
    !host.includes('..')
  );
}

/** Whether a text is an IPv6 address (RFC 4291, 2.2), with or without a zone (RFC 4007, 11). */
export function isIpv6(text: string): boolean {
  if (text.length > 128) return false;
  const [, address = '', zone] = /^([^%]*)(?:%(.*))?$/s.exec(text)!;
  if (zone !== undefined && !/^[\w.-]+$/.test(zone)) return false;
  const dotted = /^(.*:)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(address);
  if (dotted !== null && dotted[2]!.split('.').some((part) => Number(part) > 255)) return false;
  const plain = dotted === null ? address : `${dotted[1]}0:0`;
  const halves = plain.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length <= 7 : groups.length === 8;
}

/**
 * Formats a server as `host:port`, an IPv6 address in brackets.
 *
 * @example
 * formatServer({ host: '::1', port: 5696 }); // '[::1]:5696'
 */
export function formatServer({ host, port }: OkvServer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
