import type { Draft, Sight } from './draft.ts';
import { spentThisMonth } from './money.ts';
import type { Reason } from './run.ts';

export function isBudgetSpent(sight: Sight, draft: Draft): boolean {
  const { monthlyBudgetDollars } = sight.policy;
  return monthlyBudgetDollars !== null && spentThisMonth(sight, draft) >= monthlyBudgetDollars;
}

export function budgetReason(sight: Sight, draft: Draft): Reason {
  const spent = spentThisMonth(sight, draft).toFixed(2);
  return {
    code: 'budget',
    message: `This month's budget of $${sight.policy.monthlyBudgetDollars} is spent ($${spent}).`,
    action: 'Raise MONTHLY_BUDGET_DOLLARS, or wait for the next month: it goes on by itself.',
  };
}
