import type { SettingsSeen } from './catalog.ts';
import { readSettings, type SettingsFile } from './settings.ts';

/** The inputs that a settings file names, with size and checksum; `undefined` when it names none or reads badly. */
export function manifestIn(settings: SettingsSeen | undefined): SettingsFile['inputs'] {
  const read = readSettings(settings?.value ?? {}, 'render.json');
  return read.ok ? read.settings.inputs : undefined;
}
