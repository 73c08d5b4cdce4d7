/**
 * What people and events ask for: create-only objects `state/commands/<id>.json`, consumed by the lease holder
 * (one writer for shared state). The id makes a repeat harmless.
 */
export type Command =
  /** Something was written into the scenes bucket: look at it. */
  | { readonly kind: 'uploaded'; readonly path: string; readonly generation: string | null }
  | { readonly kind: 'cancel'; readonly runId: string; readonly by: string | null }
  /** A new run of the same shot; `settings` as in `<shot>.render.json`, `frames` may be `failed` or an expression. */
  | {
      readonly kind: 'again';
      readonly runId: string;
      readonly by: string | null;
      readonly settings: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'release'; readonly runId: string; readonly by: string | null }
  | { readonly kind: 'allowScripts'; readonly runId: string; readonly by: string | null }
  /** Raises the farm and keeps it for `minutes` although nothing needs it. */
  | { readonly kind: 'wake'; readonly by: string | null; readonly minutes: number }
  /** Takes everything down now; runs that were rendering go back to `waiting: paused`. */
  | { readonly kind: 'teardown'; readonly by: string | null }
  /** Submits nothing new until `resume`; what renders goes on. */
  | { readonly kind: 'pause'; readonly by: string | null }
  | { readonly kind: 'resume'; readonly by: string | null };

/** What each kind must carry, beside the kind. */
const NEEDS: Readonly<Record<Command['kind'], 'path' | 'runId' | 'minutes' | null>> = {
  uploaded: 'path',
  cancel: 'runId',
  again: 'runId',
  release: 'runId',
  allowScripts: 'runId',
  wake: 'minutes',
  teardown: null,
  pause: null,
  resume: null,
};

/** Commands come from outside this process: what is none must not break a pass. */
export function isCommand(value: unknown): value is Command {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  if (typeof value.kind !== 'string' || !Object.hasOwn(NEEDS, value.kind)) return false;
  const need = NEEDS[value.kind as Command['kind']];
  const type = need === 'minutes' ? 'number' : 'string';
  return need === null || typeof (value as Record<string, unknown>)[need] === type;
}

/** Obeyed in one pass; thousands of uploads at once would outlast the lease. People's ids sort before those of uploads. */
export const COMMANDS_A_PASS = 500;

export interface CommandSeen {
  readonly id: string;
  readonly command: Command;
}
