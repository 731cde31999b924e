/** The door of the ttlv room. */
export { decodeGetResponse, encodeGetRequest, type GetResponse } from './get.ts';
