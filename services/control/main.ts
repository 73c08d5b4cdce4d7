import { parseCommandLine, usage } from './command-line.ts';
import { ConfigError, parseConfig } from './config.ts';
import { createLog } from './logging.ts';

try {
  process.exitCode = await main();
} catch (error) {
  const words = error instanceof ConfigError ? error.message : `tablao: ${textOf(error)}`;
  process.stderr.write(`${words}\n`);
  process.exitCode = 1;
}
process.exit();

/** Only what the mode needs is loaded: a cold start of the cloud's service is waited for by its caller. */
async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  if (parseCommandLine(argv).help) {
    process.stdout.write(usage());
    return 0;
  }
  const config = parseConfig(process.env, argv);
  if (config.mode === 'local') return (await import('./run-local.ts')).runLocal(config);
  const { serveCloud } = await import('./serve-cloud.ts');
  return (await serveCloud(config, createLog(config, null))).stopped;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
