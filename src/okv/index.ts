/** The door of the okv room: the configuration files of keyring_okv and of the two KMIP components. */
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
