// What `npm test` shows while it runs: vitest's own lines, and what tests print (counts of vectors, say) without a heading each.
import { DefaultReporter } from 'vitest/node';

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class PlainReporter extends DefaultReporter {
  onUserConsoleLog(log) {
    this.log(log.content.trimEnd());
  }
}
