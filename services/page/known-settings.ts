import type { RunSettings } from '../control/core/run.ts';
import { ORIGIN_TEXTS, valueText } from './setting-fields.ts';

/** Each resolved setting with its origin, as texts. */
export function knownSettings(
  settings: RunSettings | null,
): Readonly<Record<string, { readonly value: string; readonly from: string }>> {
  return Object.fromEntries(
    Object.entries(settings ?? {}).map(([key, { value, origin }]) => [
      key,
      { value: valueText(value), from: ORIGIN_TEXTS[origin] ?? origin },
    ]),
  );
}
