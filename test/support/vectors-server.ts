/** The Vite plugin that serves the vectors folder to tests in the browser, read-only. Used by vitest.config.ts. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vitest/config';

/** Where the test server serves the vectors. */
export const VECTORS_URL = '/@vectors/';

/** The vectors folder: `KEYWARD_VECTORS`, or `../shared/vectors` beside the project. */
export function vectorsFolder(): string {
  return resolve(process.env.KEYWARD_VECTORS || fileURLToPath(new URL('../../../shared/vectors', import.meta.url)));
}

/** Serves the vectors folder under `VECTORS_URL`. */
export function vectorsServer(): Plugin {
  const folder = vectorsFolder();
  return {
    name: 'keyward-vectors',
    configureServer(server) {
      server.middlewares.use(VECTORS_URL, (request, response) => {
        const path = resolve(
          folder,
          `.${decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)}`,
        );
        if (request.method === 'GET' && path.startsWith(folder + sep) && existsSync(path) && statSync(path).isFile()) {
          response.setHeader('content-type', 'application/octet-stream');
          createReadStream(path).pipe(response);
        } else {
          response.statusCode = 404;
          response.end();
        }
      });
    },
  };
}
