import { framesOf } from '../../control/core/frames.ts';
import { describeMissing } from '../../control/core/missing-text.ts';
import { plainText } from '../../control/core/plain-text.ts';
import { sizeText } from '../terminal-text.ts';
import type { SubmitPlan } from './plan.ts';

/** What would be rendered and sent, and what speaks against it, for people. */
export function planText({ shot, files, missing, warnings, scene, resolved }: SubmitPlan): string {
  const count = framesOf(resolved.frames.value).length;
  const percent = resolved.resolutionPercent.value / 100;
  const pixels = (full: number) => Math.trunc(full * percent);
  const samples = resolved.samples.value === null ? '' : `, ${resolved.samples.value} samples`;
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return [
    shot,
    `  ${count} frame${count === 1 ? '' : 's'} (${resolved.frames.value}), ${pixels(scene.resolutionX)} × ${pixels(scene.resolutionY)}, ${scene.engine}${samples}, ${resolved.format.value}`,
    `  ${files.length} file${files.length === 1 ? '' : 's'}, ${sizeText(bytes)}`,
    ...missing.map((one) => `  MISSING ${describeMissing(one)}`),
    ...warnings.map((warning) => `  ! ${warning}`),
    '',
  ]
    .map(plainText)
    .join('\n');
}
