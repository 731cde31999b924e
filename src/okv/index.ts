/**
 * The configuration files around a KMIP keyring, parsed with the place of every fault: `okvclient.ora`, `component_keyring_kmip.cnf`
 * of Oracle and of Percona, `my.cnf`. Reads text, touches no file. Node and browsers.
 *
 * @module keyward/okv
 */
export {
  type KmipComponentConfig,
  type LocalKmipConfig,
  type OracleKmipConfig,
  type PerconaKmipConfig,
  parseKmipComponentConfig,
} from './component-config.ts';
export { OKV_MESSAGES, okvMessage } from './messages.ts';
export { type MyCnf, type MyCnfInclude, type MyCnfOption, parseMyCnf } from './my-cnf.ts';
export { formatOkvClient, type OkvClientConfig, type OkvEntry, parseOkvClient } from './okv-client.ts';
export type { ParseOptions, Remark, TextPlace } from './place.ts';
export { DEFAULT_KMIP_PORT, formatServer, type OkvServer, parseServer } from './server.ts';
