/** An emulator with one pair of API keys, for tests. */
import { type EmulatorOptions, type KmsEmulator, startKmsEmulator } from '../../../src/kms/emulator/index.ts';
import { TencentKms, type TencentKmsOptions, type TencentKmsSettings } from '../../../src/kms/index.ts';
import { Secret } from '../../../src/secret.ts';

export const SECRET_ID = 'AKIDkeywardTestsOnly00000000000000';
export const SECRET_KEY = 'keywardTestSecretKey+/==&#%00001';

/** Starts one; its credentials are wiped with it. */
export async function startEmulator(options: Partial<EmulatorOptions> = {}): Promise<KmsEmulator> {
  return await startKmsEmulator({
    credentials: [{ secretId: SECRET_ID, secretKey: Secret.fromText(SECRET_KEY) }],
    quotaPerSecond: 100_000,
    ...options,
  });
}

/** Settings of our client for an emulator. */
export function settingsOf(emulator: KmsEmulator, keyId: string): TencentKmsSettings {
  return { address: emulator.address, keyId, secretId: SECRET_ID, secretKey: SECRET_KEY };
}

/** Our client for an emulator; pauses between attempts are short. */
export function clientOf(emulator: KmsEmulator, keyId: string, options: TencentKmsOptions = {}): TencentKms {
  return new TencentKms(settingsOf(emulator, keyId), { random: () => -0.49, ...options });
}

/** The kms:// URL for an emulator, percent-encoded. */
export function urlOf(emulator: KmsEmulator, keyId: string, password: string, more = ''): string {
  const encode = (text: string): string => encodeURIComponent(text);
  return `kms://tencent/?password=${encode(password)}&keyId=${keyId}&secretId=${SECRET_ID}&secretKey=${encode(SECRET_KEY)}${more}#${emulator.address}`;
}
