import { createHash } from 'node:crypto';
import type { CommonConfig } from './config.ts';
import { createIgnore } from './core/catalog.ts';
import type { Policy } from './core/model.ts';

/** What is decided on one machine and in the cloud alike, in core's words. */
export function commonPolicy(config: CommonConfig) {
  return {
    settleMs: config.settleMs,
    maxAtOnce: config.maxAtOnce,
    missingFilesGraceMs: config.missingFilesGraceMs,
    idleTeardownMs: config.idleTeardownMs,
    keepControlPlane: config.keepControlPlane,
    maxFarmMs: config.maxFarmMs,
    maxUnknownMs: config.maxUnknownMs,
    deadmanMs: config.deadmanMs,
    checkFirst: config.checkFirst,
    allowSceneScripts: config.allowSceneScripts,
    valueOfTimePerHour: config.valueOfTimePerHour,
    monthlyBudgetDollars: config.monthlyBudgetDollars,
    budgetStop: config.budgetStop,
    isIgnored: createIgnore(config.ignoreGlobs),
    parseTime: Date.parse,
    hash: (text) => createHash('sha256').update(text).digest('hex'),
  } satisfies Partial<Policy>;
}
