import type { DriverFacts } from './content-facts.ts';
import { allOf, listFrom, type Scope } from './scope.ts';
import { isSimpleExpression } from './simple-expression.ts';

/** `ChannelDriver.type` */
const SCRIPTED = 1;
/** `Text.flags` */
const RUN_AT_LOAD = 1 << 4;

/** A text that Blender runs when it loads the file. */
export function runsAtLoad(scope: Scope): boolean {
  return scope.code === 'TX' && !scope.isLinked && ((scope.record.number('flags') ?? 0) & RUN_AT_LOAD) !== 0;
}

/** Drivers with an expression that belong to one data-block. */
export function driversOf(scope: Scope): readonly DriverFacts[] {
  return allOf(scope, 'ChannelDriver')
    .filter((driver) => driver.number('type') === SCRIPTED)
    .map((driver) => {
      const expression = driver.text('expression') ?? '';
      const variables = listFrom(scope, driver.pointer('variables.first'), 'DriverVar');
      const names = new Set(variables?.map((variable) => variable.text('name') ?? ''));
      return { owner: scope.name, expression, isSimple: isSimpleExpression(expression, names) };
    });
}
