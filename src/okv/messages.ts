/**
 * What keyring_okv writes to MySQL's error log, word for word, with the numbers behind `MY-`. Source: `share/
 * messages_to_error_log.txt` of MySQL; the numbers are computed from its anchors. Layer: okv; pure.
 */

/** The messages by their symbols (`ER_KEYRING_OKV_…`), with their number and their text; `%s` stands for a value. */
export const OKV_MESSAGES = {
  INCORRECT_KEY_VAULT_CONFIGURED: [
    11376,
    'For keyring_okv to be initialized, please point keyring_okv_conf_dir variable to a directory with Oracle Key Vault configuration file and ssl materials',
  ],
  INIT_FAILED_DUE_TO_INCORRECT_CONF: [
    11377,
    'keyring_okv initialization failure. Please check that the keyring_okv_conf_dir points to a readable directory and that the directory contains Oracle Key Vault configuration file and ssl materials. Please also check that Oracle Key Vault is up and running.',
  ],
  INIT_FAILED_DUE_TO_INTERNAL_ERROR: [
    11378,
    'keyring_okv initialization failure due to internal exception inside the plugin',
  ],
  INVALID_KEY_TYPE: [11379, 'Invalid key type'],
  INVALID_KEY_LENGTH_FOR_CIPHER: [11380, 'Invalid key length for given block cipher'],
  FAILED_TO_GENERATE_KEY_DUE_TO_INTERNAL_ERROR: [
    11381,
    'Failed to generate a key due to internal exception inside keyring_okv plugin',
  ],
  FAILED_TO_FIND_SERVER_ENTRY: [11382, 'Could not find entry for server in configuration file %s'],
  FAILED_TO_FIND_STANDBY_SERVER_ENTRY: [11383, 'Could not find entry for standby server in configuration file %s'],
  FAILED_TO_PARSE_CONF_FILE: [11384, 'Could not parse the %s file provided'],
  FAILED_TO_LOAD_KEY_UID: [11385, "Could not load keys' uids from the OKV server"],
  FAILED_TO_INIT_SSL_LAYER: [11386, 'Could not initialize ssl layer'],
  FAILED_TO_INIT_CLIENT: [11387, 'Could not initialize OKV client'],
  CONNECTION_TO_SERVER_FAILED: [11388, 'Could not connect to the OKV server'],
  FAILED_TO_REMOVE_KEY: [11389, 'Could not remove the key'],
  FAILED_TO_ADD_ATTRIBUTE: [11390, 'Could not add attribute, attribute_name=%s attribute value=%s'],
  FAILED_TO_GENERATE_KEY: [11391, 'Could not generate the key.'],
  FAILED_TO_STORE_KEY: [11392, 'Could not store the key.'],
  FAILED_TO_ACTIVATE_KEYS: [11393, 'Could not activate the key.'],
  FAILED_TO_FETCH_KEY: [11394, 'Could not fetch generated key'],
  FAILED_TO_STORE_OR_GENERATE_KEY: [
    11395,
    'Could not store/generate the key - failed to set key attribute x-key-ready',
  ],
  FAILED_TO_RETRIEVE_KEY_SIGNATURE: [11396, 'Could not retrieve key signature from custom attributes'],
  FAILED_TO_RETRIEVE_KEY: [11397, 'Could not retrieve key from OKV'],
  FAILED_TO_LOAD_SSL_TRUST_STORE: [11398, 'Error loading trust store'],
  FAILED_TO_SET_CERTIFICATE_FILE: [11399, 'Error setting the certificate file.'],
  FAILED_TO_SET_KEY_FILE: [11400, 'Error setting the key file.'],
  KEY_MISMATCH: [11401, 'Private key does not match the certificate public key'],
  STANDBY_SERVER_COUNT_EXCEEDED: [13837, 'Number of STANDBY_SERVER values exceeded maximum limit of 64.'],
} as const;

/**
 * Makes a message's text, `%s` replaced in order.
 *
 * @example
 * okvMessage('FAILED_TO_PARSE_CONF_FILE', 'okvclient.ora'); // 'Could not parse the okvclient.ora file provided'
 */
export function okvMessage(symbol: keyof typeof OKV_MESSAGES, ...values: readonly string[]): string {
  let next = 0;
  return OKV_MESSAGES[symbol][1].replace(/%s/g, () => values[next++] ?? '');
}
