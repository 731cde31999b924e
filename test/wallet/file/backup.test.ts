import { describe, expect, it } from 'vitest';
import { formatBackupName, listBackups, parseBackupName, writeBackup } from '../../../src/wallet/file/backup.ts';
import { CrashFileSystem } from './crash-file-system.ts';

const TAKEN = new Date('2016-12-09T18:33:36.449Z');

describe('backup names', () => {
  it('are the sixteen digits the databases write, with and without an identifier', () => {
    expect(formatBackupName(TAKEN, null)).toBe('ewallet_2016120918333644.p12');
    expect(formatBackupName(TAKEN, 'before rotation')).toBe('ewallet_2016120918333644_before rotation.p12');
    expect(parseBackupName('ewallet_2016120918333644_钥匙_2.p12')).toEqual({
      name: 'ewallet_2016120918333644_钥匙_2.p12',
      taken: new Date('2016-12-09T18:33:36.440Z'),
      identifier: '钥匙_2',
    });
    for (const other of ['ewallet.p12', 'ewallet_2016.p12', 'cwallet.sso', 'ewallet_2016120918333644.p12.tmp']) {
      expect(parseBackupName(other)).toBeNull();
    }
  });

  it.each(['', '../x', 'a/b', 'a\\b', 'a\0', 'x\n', 'é'.repeat(120)])('refuse the identifier %j', (identifier) => {
    expect(() => formatBackupName(TAKEN, identifier)).toThrowError(
      expect.objectContaining({ code: 'ERR_BACKUP_IDENTIFIER' }),
    );
  });

  it('never collide: the second of one hundredth takes the next', async () => {
    const fs = new CrashFileSystem(new Map([['/w/', new Uint8Array()]]));
    const one = await writeBackup(fs, '/w', Uint8Array.of(1), TAKEN, null);
    const two = await writeBackup(fs, '/w', Uint8Array.of(2), TAKEN, null);
    expect([one, two]).toEqual(['/w/ewallet_2016120918333644.p12', '/w/ewallet_2016120918333645.p12']);
    expect((await listBackups(fs, '/w')).map((b) => b.name)).toEqual([
      'ewallet_2016120918333645.p12',
      'ewallet_2016120918333644.p12',
    ]);
  });
});
