import type { RecordView } from './record.ts';
import { allOf, type Scope } from './scope.ts';

const MODE_RENDER = 1 << 1;

/** The object's modifiers of one kind that take part in a render. */
export function activeModifiers(scope: Scope, struct: string): readonly RecordView[] {
  return allOf(scope, struct).filter(isActive);
}

export function isActive(modifier: RecordView): boolean {
  return ((modifier.number('modifier.mode') ?? MODE_RENDER) & MODE_RENDER) !== 0;
}
