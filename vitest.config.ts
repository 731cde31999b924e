import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { VECTORS_URL, vectorsFolder, vectorsServer } from './test/support/vectors-server.ts';

/** Properties that run more often (npm run soak) may take longer. */
const patience = Math.max(1, Number(process.env.KEYWARD_RUNS ?? '1'));
/**
 * Limits against hanging, not measures of speed: the slowest test takes 20 seconds on a machine with nothing else to do, and may run on
 * one that has eight things to do.
 */
const limits = {
  testTimeout: 180_000 * patience,
  hookTimeout: 180_000,
  expect: { poll: { timeout: 55_000 } },
};

const chromium = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--no-first-run',
  ],
};

const config: ViteUserConfig = defineConfig({
  test: {
    slowTestThreshold: 5000,
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/**/*.test.ts'],
          maxWorkers: 2, // by itself vitest leaves one of two processors idle
          setupFiles: ['test/zeroize/setup.ts'],
          ...limits,
        },
      },
      {
        plugins: [vectorsServer()],
        define: {
          __KEYWARD_HAS_VECTORS__: JSON.stringify(existsSync(vectorsFolder())),
          __KEYWARD_VECTORS_URL__: JSON.stringify(VECTORS_URL),
          __KEYWARD_RUNS__: JSON.stringify(process.env.KEYWARD_RUNS ?? '1'),
        },
        test: {
          name: 'browser',
          include: [
            'test/{core,inspect,kmip,kms,okv,pkcs12,statement,ttlv,wallet,zeroize}/**/*.test.ts',
            'test/support/vectors.test.ts',
          ],
          setupFiles: ['test/zeroize/setup.ts'],
          exclude: ['test/**/*.node.test.ts', 'test/kmip/{client,server}/**', 'test/wallet/file/**'],
          ...limits,
          browser: {
            enabled: true,
            connectTimeout: 180_000,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: chromium }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});

export default config;
