/**
 * The OASIS KMIP test cases as pairs of a request and the response that is to come, read from their XML. Some files are not well
 * formed as a whole, so the messages are cut out of the text. Line breaks inside of values, which the publication put there, become
 * one space.
 */

/** One request with its response, XML with `$PLACEHOLDERS`. */
export interface Exchange {
  readonly request: string;
  readonly response: string;
}

/** Cuts a file into exchanges. */
export function readExchanges(xml: string): Exchange[] {
  const messages = [...xml.matchAll(/<(Request|Response)Message>[\s\S]*?<\/\1Message>/g)].map(([text, kind]) => ({
    kind,
    text: text.replace(/value="([^"]*)"/g, (_, value: string) => `value="${value.replace(/\s+/g, ' ')}"`),
  }));
  const found: Exchange[] = [];
  for (let i = 0; i + 1 < messages.length; i += 2) {
    const [request, response] = [messages[i]!, messages[i + 1]!];
    if (request.kind !== 'Request' || response.kind !== 'Response') throw new Error('no pairs');
    found.push({ request: request.text, response: response.text });
  }
  return found;
}
