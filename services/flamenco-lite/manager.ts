// flamenco-lite's manager: `node manager.ts [-scripts DIR]`, in the folder that has flamenco-manager.yaml.
import { parseArgs } from 'node:util';
import { goFlags } from './go-flags.ts';
import { startManager } from './start-manager.ts';
import { speedFromEnv } from './timing.ts';
import { version } from './version.ts';

const { values } = parseArgs({
  args: goFlags(process.argv.slice(2)),
  options: {
    scripts: { type: 'string' },
    version: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    debug: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
});

if (values.version) {
  process.stdout.write(`${version.version}\n`);
  process.exit(0);
}

const say = (line: string) => {
  if (!values.quiet) process.stdout.write(`${line}\n`);
};
try {
  const manager = await startManager({
    folder: process.cwd(),
    scriptsFolder: values.scripts,
    speed: speedFromEnv(process.env),
    say,
  });
  say(`flamenco-lite manager is listening on ${manager.url}`);
  const stop = () => {
    void manager.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
