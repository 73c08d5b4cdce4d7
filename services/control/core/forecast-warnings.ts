/** First, so that the many warnings of frames cannot push it out. `text` goes on after the setting's name. */
export function withForecast(
  warnings: readonly string[],
  setting: ForecastSetting,
  text: string | null,
): readonly string[] {
  const others = warnings.filter((warning) => !isForecast(warning, setting));
  return text === null ? others : [`${setting}${text}.`, ...others];
}

/** An ended run has nothing before it. */
export function withoutForecasts(warnings: readonly string[]): readonly string[] {
  return warnings.filter((warning) => SETTINGS.every((setting) => !isForecast(warning, setting)));
}

/** `null` = nothing speaks against it, as far as is known. */
export function forecastFor(warnings: readonly string[], setting: ForecastSetting): string | null {
  return warnings.find((warning) => isForecast(warning, setting)) ?? null;
}

/** How sure it is that a deadline will not be kept, and the words for it. */
export const VERDICTS = {
  surely: 'cannot be kept',
  probably: 'will probably not be kept',
  even: 'may not be kept, the odds are even',
} as const;

/** Of the warning about a deadline; one that has passed was surely not kept. */
export function verdictOf(warning: string): keyof typeof VERDICTS {
  const says = (verdict: keyof typeof VERDICTS) => warning.startsWith(`finishBy: ${VERDICTS[verdict]}`);
  return says('even') ? 'even' : says('probably') ? 'probably' : 'surely';
}

type ForecastSetting = (typeof SETTINGS)[number];

const SETTINGS = ['maxDollars', 'finishBy'] as const;

function isForecast(warning: string, setting: ForecastSetting): boolean {
  return warning.startsWith(`${setting}: `) || warning.startsWith(`${setting} passed `);
}
