// tablao COMMAND …: what people type. The package's bin (tablao.mjs) and the npm scripts start it.
import { closest } from 'fastest-levenshtein';
import { outliveReader } from './outlive-reader.ts';

const COMMANDS = {
  submit: async () => (await import('./submit/submit.ts')).submit,
  pull: async () => (await import('./pull/pull.ts')).pull,
} as const;

const USAGE = `Usage: tablao COMMAND [options]

  submit SHOT.blend   send a shot with all that it needs, and have it rendered
  pull SHOT           fetch the frames that are ready

tablao COMMAND --help tells more.
`;

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined || command === '--help' || command === '-h') {
    process.stdout.write(USAGE);
    return command === undefined ? 2 : 0;
  }
  if (!Object.hasOwn(COMMANDS, command)) {
    const near = closest(command, Object.keys(COMMANDS));
    process.stderr.write(
      `tablao: there is no command "${command}". Did you mean ${near}? See tablao --help.\n`,
    );
    return 2;
  }
  const run = await COMMANDS[command as keyof typeof COMMANDS]();
  return run(args, process.env);
}

outliveReader(process.stdout);
process.exitCode = await main(process.argv.slice(2));
