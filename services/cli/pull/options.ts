import { parseArgs } from 'node:util';
import { optionMistake } from '../option-mistake.ts';
import { SERVICE_HELP, serviceOptions } from '../service/service-options.ts';

/** The text of `--help`; `command`: as it was typed. */
export function pullUsage(command: string): string {
  return `Usage: ${command} SHOT [options]

Fetches the frames of a shot that are proved to be whole, also while others are still being rendered. What is here already
is not fetched again; what breaks off goes on where it stopped.

  SHOT                as the page calls it: film/sh010
  --version vNNN      this version (default: the newest one)
  --to DIR            where to (default: a folder with the shot's name and version); what holds another shot or version is
                      left alone
  --watch             stay, and fetch each frame as it is done
${SERVICE_HELP}
Exit code: 0 all frames of the shot are here, 1 they are not (yet), 2 the command line is wrong.
`;
}

export interface PullOptions {
  readonly shot: string;
  /** The `NNN` of `vNNN`; `null` = the newest. */
  readonly version: number | null;
  readonly to: string | null;
  readonly watch: boolean;
  readonly url: string;
  readonly token: string | null;
}

/** The options; `help`; or what is wrong with them, as a sentence. */
export function parsePull(args: readonly string[], env: NodeJS.ProcessEnv): PullOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        version: { type: 'string' },
        to: { type: 'string' },
        watch: { type: 'boolean', default: false },
        url: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return 'help';
    const [shot, ...more] = positionals;
    if (shot === undefined) return 'name the shot to fetch, as the page calls it.';
    if (more.length > 0) return `one shot at a time: ${shot}, not also ${more.join(', ')}.`;
    const version = values.version === undefined ? null : /^v?(\d{1,6})$/.exec(values.version)?.[1];
    if (version === undefined) return `--version ${values.version} is none: write it like v002.`;
    return {
      ...{ shot: shot.replace(/^\/+|\.blend$/gi, ''), version: version === null ? null : Number(version) },
      ...{ to: values.to ?? null, watch: values.watch },
      ...serviceOptions(values.url, env),
    };
  } catch (error) {
    return optionMistake(error);
  }
}
