import type { Pin, Reason, RunRecord, RunSettings } from './run.ts';
import type { SceneFacts } from './shot-facts.ts';

/** What a run needs to be admitted, or why it is not. */
export type Verdict =
  | {
      readonly kind: 'admit';
      readonly pins: readonly Pin[];
      readonly settings: RunSettings;
      readonly scene: SceneFacts;
      readonly blender: string;
      readonly pool: string;
      readonly warnings: readonly string[];
    }
  | {
      readonly kind: 'wait';
      readonly reason: Reason;
      readonly patch?: Partial<RunRecord>;
      readonly lookInMs?: number;
      /** Only because the inputs are not read yet. */
      readonly isReading?: boolean;
    }
  | { readonly kind: 'hold'; readonly reason: Reason }
  | { readonly kind: 'reject'; readonly reason: Reason; readonly patch?: Partial<RunRecord> };

export function wait(
  code: string,
  message: string,
  action: string | null,
): Extract<Verdict, { kind: 'wait' }> {
  return { kind: 'wait', reason: { code, message, action } };
}

export function reject(code: string, message: string, action: string): Verdict {
  return { kind: 'reject', reason: { code, message, action } };
}
